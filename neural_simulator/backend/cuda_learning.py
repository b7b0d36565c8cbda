"""The CUDA text of what a network that learns does besides the step: constants, equations and kernels/learning.cuh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .cpu_learning import add_equations
from .emit import Library


class RuleText(NamedTuple):
    """One weight rule: coefficients, the numbers kx, ky, e, dx, dy, de of its traces and decays, the lifetime of x in
    steps, and what y keeps."""

    coefficients: Sequence[float]
    numbers: Sequence[int]
    keep: float


@dataclass(frozen=True)
class LearningText:
    """What the kernels of a network that learns are made of; `constants` are those that learning.cuh expects."""

    constants: Mapping[str, int]
    tables: Mapping[str, np.ndarray]
    rules: Sequence[RuleText]

    def near_rows(self) -> int:
        """Numbers of each neuron that lie near (learning.cuh: NEAR_ROWS)."""
        c = self.constants
        if not c["WEIGHTS"]:
            return 1 + 2 * c["RELEASES"]
        return 8 + 2 * c["RELEASES"] + 3 + c["XS"] + 2 * c["YS"]

    def event_vectors(self) -> int:
        """Vectors of 16 bytes of an event (learning.cuh: EVENT_VECTORS)."""
        c = self.constants
        return (2 * c["WEIGHTS"] + c["XS"] + c["RELEASES"] + 2) // 3

    def add_equations(self, library: Library) -> None:
        """Emit the equations that the kernels call."""
        add_equations(library)

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
