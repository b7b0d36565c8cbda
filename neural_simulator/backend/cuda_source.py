"""Assembles the CUDA text of a network's kernels: emitted equations, constants, and the hand-written kernel files.

Nothing here touches a device, so every kernel can be compiled on a machine without one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..models import placing, random, wiring
from ..models.cell import Cell
from .emit import CUDA_WORDS, Library

OPTIONS = ("--std=c++17", "--fmad=false")
_FOLDER = Path(__file__).parent / "kernels"
_TYPES = "typedef unsigned int u32;\ntypedef unsigned long long u64;\n"


def _read(name: str) -> str:
    return (_FOLDER / name).read_text()


def _defines(constants: Mapping[str, int]) -> str:
    return "".join(f"#define {name} {value}\n" for name, value in constants.items())


def build_source(constants: Mapping[str, int]) -> str:
    """The text of the builders; `constants`: BLOCKS WEIGHT_BITS DELAY_BITS MIN_DELAY MAX_DELAY."""
    library = Library()
    for function in (random.philox, random.normal, *placing.BUILDERS_USE, *wiring.BUILDERS_USE):
        library.add(function)
    constants = {**wiring.constants(), "NUMBER_COLUMNS": len(wiring.NUMBERS), "COUNT_COLUMNS": len(wiring.COUNTS),
                 **constants}
    return _TYPES + CUDA_WORDS + _defines(constants) + library.cuda_source() + _read("build.cu")


def look_source(constants: Mapping[str, int]) -> str:
    """The text of what looks at synapses; `constants`: BLOCKS WEIGHT_BITS DELAY_BITS."""
    return _TYPES + _defines(constants) + _read("look.cu")


def step_source(kind: str, cells: Sequence[Cell], state_slots: Mapping[str, int], shared: Sequence[Mapping[str, float]],
                constants: Mapping[str, int]) -> str:
    """The text of the step kernels, `kind` 'partitioned' or 'global', for populations that use `cells`.

    `shared[k]` holds the parameters of cell k that have one value in all its populations: they become literals.
    """
    library = Library()
    library.add(random.philox)
    for cell in cells:
        library.add(cell.function)
    varying = [[name for name in cell.parameters if name not in common]
               for cell, common in zip(cells, shared, strict=True)]
    constants = {"STREAM_BACKGROUND": f"{random.STREAM_BACKGROUND}u", "STATES": len(state_slots),
                 "PARAMETERS": max(1, *(len(names) for names in varying)), **constants}
    return (_TYPES + CUDA_WORDS + _defines(constants) + library.cuda_source() + _read("common.cuh")
            + _update_neuron(cells, state_slots, shared, varying, constants["PORTS"]) + _read(f"step_{kind}.cu"))


def _update_neuron(cells: Sequence[Cell], state_slots: Mapping[str, int], shared: Sequence[Mapping[str, float]],
                   varying: Sequence[Sequence[str]], ports: int) -> str:
    """One neuron's step: picks the model, converts what arrived, calls the composed cell."""
    lines = ["__device__ __forceinline__ bool update_neuron(float (&s)[STATES], int model, const float* p,",
             "    float scale, float current, float weight, int count, const int (&arrived)[PORTS]) {",
             "  bool spiked = false;"]
    for index, cell in enumerate(cells):
        if len(cells) > 1:
            lines.append(f"  if (model == {index}) {{")
        arrived = []
        for port in cell.ports:
            terms = [f"(float)arrived[{port}] * scale"] if port < ports else []
            terms += ["(float)count * weight"] if port == cell.background_port else []
            arrived.append(" + ".join(terms))
        slots = [f"s[{state_slots[name]}]" for name in cell.states]
        values = [_literal(shared[index][name]) if name in shared[index] else f"p[{varying[index].index(name)}]"
                  for name in cell.parameters]
        lines.append(f"  cell_{cell.key}({', '.join([*slots, *arrived, 'current', *values, *slots, 'spiked'])});")
        if len(cells) > 1:
            lines.append("  }")
    return "\n".join([*lines, "  return spiked;", "}", ""])


def _literal(value: float) -> str:
    """A float32 as an exact CUDA constant."""
    bits = struct.unpack("<i", struct.pack("<f", value))[0]
    return f"__int_as_float({bits & 0xFFFFFFFF:#x})"
