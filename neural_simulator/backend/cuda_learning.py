"""The CUDA text of what a network that learns does besides the step: constants, equations and kernels/learning.cuh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import NamedTuple

import numpy as np

KEPT_SPIKES = 16, 8                     # newest spikes whose steps lie near the neurons: where there is room, or else
KEPT_TRACES = 2                         # newest spikes whose traces lie there; learning.cuh counts on two
IN_FOURS = 4                            # steps that lie together where weights change


class RuleText(NamedTuple):
    """One weight rule: coefficients, the numbers kx, ky, e, dx, dy, de of its traces and decays, the lifetime of x in
    steps, and what y keeps."""

    coefficients: Sequence[float]
    numbers: Sequence[int]
    keep: float


@dataclass(frozen=True)
class LearningText:
    """What the kernels of a network that learns are made of; `constants` are its own, `defines` all of them."""

    constants: Mapping[str, int]
    tables: Mapping[str, np.ndarray]
    rules: Sequence[RuleText]
    kept_spikes: int = KEPT_SPIKES[0]

    @property
    def near(self) -> dict[str, range]:
        """The rows of numbers, one of each neuron, that lie near, by what they are.

        steps of the newest spikes; use and resources of releases; then, only where weights change: step of the newest
        event, spikes since step 0, bits of the present 32 steps, traces of spikes sent, and of the newest spikes (by
        spike, then trace).
        """
        c = self.constants
        weights = c["WEIGHTS"]
        counts = {"steps": self.kept_spikes if weights else 1, "u": c["RELEASES"], "r": c["RELEASES"], "seen": weights,
                  "count": weights, "word": weights, "x": weights * c["XS"], "y": weights * KEPT_TRACES * c["YS"]}
        ends = accumulate(counts.values())
        return {name: range(end - count, end) for (name, count), end in zip(counts.items(), ends, strict=True)}

    @property
    def near_rows(self) -> int:
        """How many rows lie near."""
        return self.near["y"].stop

    @property
    def event_vectors(self) -> int:
        """Vectors of 16 bytes of an event: three values each, and a tag."""
        c = self.constants
        return -(-(2 * c["WEIGHTS"] + c["XS"] + c["RELEASES"]) // 3)

    def defines(self) -> dict[str, int]:
        """The constants that learning.cuh and the steps expect."""
        near = {f"NEAR_{name.upper()}": rows.start for name, rows in self.near.items()}
        kept = len(self.near["steps"])
        return {**self.constants, **near, "NEAR_ROWS": self.near_rows, "KEPT_SPIKES": kept,
                "IN_FOURS": min(IN_FOURS, kept), "EVENT_VECTORS": self.event_vectors}

    def source(self, file: str) -> str:
        """The text, around that of learning.cuh."""
        tables = "".join(_table(name, values) for name, values in self.tables.items())
        return tables + file + (self._rules() if self.constants["WEIGHTS"] else "")

    def _rules(self) -> str:
        head = "__device__ __forceinline__ Rule rule_of(int number) {\n"
        if len(self.rules) == 1:
            rule = self.rules[0]
            values = ", ".join(_number(c) for c in rule.coefficients)
            return (f"{head}  return Rule{{{{{values}}}, {', '.join(str(n) for n in rule.numbers)}, "
                    f"{_number(rule.keep)}}};\n}}\n")
        width = len(self.rules[0].coefficients)
        tables = (_table("RULE_COEFFICIENTS", np.array([r.coefficients for r in self.rules], np.float32))
                  + _table("RULE_NUMBERS", np.array([r.numbers for r in self.rules], np.int32))
                  + _table("RULE_KEEP", np.array([r.keep for r in self.rules], np.float32)))
        return tables + (f"{head}  Rule rule;\n  const int* n = RULE_NUMBERS + 7 * number;\n  #pragma unroll\n"
                         f"  for (int k = 0; k < {width}; k++) rule.c[k] = RULE_COEFFICIENTS[{width} * number + k];\n"
                         "  rule.kx = n[0]; rule.ky = n[1]; rule.e = n[2]; rule.dx = n[3]; rule.dy = n[4]; "
                         "rule.de = n[5];\n  rule.life = n[6];\n  rule.keep = RULE_KEEP[number];\n  return rule;\n}\n")


def _table(name: str, values: np.ndarray) -> str:
    """An array in constant memory; at least one element."""
    flat = values.ravel() if values.size else np.zeros(1, values.dtype)
    floats = flat.dtype.kind == "f"
    texts = (_number(v) if floats else str(int(v)) for v in flat)
    return f"__constant__ {'float' if floats else 'int'} {name}[{flat.size}] = {{{', '.join(texts)}}};\n"


def _number(value: float) -> str:
    """A float32 as an exact constant."""
    return f"{float(np.float32(value)).hex()}f"
