"""Assembles the CUDA text of a network's kernels: emitted equations, constants, and the hand-written kernel files.

Nothing here touches a device, so every kernel can be compiled on a machine without one.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..models import placing, random, stimuli, wiring
from ..models.cell import Cell
from ..models.stimuli import CONDUCTANCE_NOISE, CURRENT, CURRENT_NOISE, NOTHING, POISSON, RATE_BITS, SINE_BITS, Shape
from .cpu_learning import add_equations
from .cuda_learning import LearningText
from .emit import CUDA_WORDS, Library

OPTIONS = ("--std=c++17", "--fmad=false")
_FOLDER = Path(__file__).parent / "kernels"
_TYPES = "typedef unsigned int u32;\ntypedef unsigned long long u64;\n"


def kernel_file(name: str) -> str:
    """The text of a kernel file."""
    return (_FOLDER / name).read_text()


def _defines(constants: Mapping[str, int | str]) -> str:
    return "".join(f"#define {name} {value}\n" for name, value in constants.items())


def build_source(constants: Mapping[str, int]) -> str:
    """The text of the builders; `constants`: BLOCKS WEIGHT_BITS DELAY_BITS MIN_DELAY MAX_DELAY."""
    library = Library()
    for function in (random.philox, random.normal, *placing.BUILDERS_USE, *wiring.BUILDERS_USE):
        library.add(function)
    constants = {**wiring.constants(), "NUMBER_COLUMNS": len(wiring.NUMBERS), "COUNT_COLUMNS": len(wiring.COUNTS),
                 **constants}
    return _TYPES + CUDA_WORDS + _defines(constants) + library.cuda_source() + kernel_file("build.cu")


def weights_source(constants: Mapping[str, int]) -> str:
    """The text of what makes and arranges weights that change; `constants`: BLOCKS WEIGHT_BITS DELAY_BITS."""
    return _TYPES + _defines(constants) + kernel_file("weights.cu")


def look_source(constants: Mapping[str, int]) -> str:
    """The text of what looks at synapses; `constants`: BLOCKS WEIGHT_BITS DELAY_BITS."""
    return _TYPES + _defines(constants) + kernel_file("look.cu")


def step_source(kind: str, cells: Sequence[Cell], state_slots: Mapping[str, int], shared: Sequence[Mapping[str, float]],
                constants: Mapping[str, int], shape: Shape = NOTHING, learning: LearningText | None = None) -> str:
    """The text of the step kernels, `kind` 'partitioned' or 'global', for populations that use `cells`.

    `shape` is that of the stimuli; `state_slots` numbers the states of the cells and of the stimuli; `learning` is
    given for networks that learn.
    `shared[k]` holds the parameters of cell k that have one value in all its populations: they become literals.
    """
    library = Library()
    library.add(random.philox)
    cells = [cell.driven(constants["PORTS"], shape) for cell in cells]
    for cell in cells:
        library.add(cell.function)
    if shape.inputs:
        library.add(stimuli.advance_noise)
    varying = [[name for name in cell.parameters if name not in common and name not in cell.varied]
               for cell, common in zip(cells, shared, strict=True)]
    defined: dict[str, int | str] = {
        "STREAM_BACKGROUND": f"{random.STREAM_BACKGROUND}u", "STATES": len(state_slots),
        "STREAM_STIMULUS": f"{random.STREAM_STIMULUS}u", "STIMULI": len(shape.inputs),
        "COLUMNS": max(len(cell.varied) for cell in cells),
        "SINE_BITS": SINE_BITS, "RATE_BITS": RATE_BITS,
        "PARAMETERS": max(1, *(len(names) for names in varying)), "LEARNING": int(learning is not None), **constants}
    learns = ""
    if learning is not None:
        add_equations(library)
        defined |= learning.defines()
        learns = learning.source(kernel_file("learning.cuh"))
    return (_TYPES + CUDA_WORDS + _defines(defined) + library.cuda_source() + kernel_file("common.cuh") + learns
            + _drive_neuron(shape, state_slots) + _update_neuron(cells, state_slots, shared, varying,
                                                                constants["PORTS"], shape)
            + "".join(map(kernel_file, _step_files(kind, learning is not None))))


def _step_files(kind: str, learns: bool) -> list[str]:
    """The files of a step, in order."""
    rows = ["rows.cuh", *(["learning_rows.cuh"] if learns else [])] if kind == "partitioned" else []
    return [*rows, f"step_{kind}.cu"]


def _drive_neuron(shape: Shape, state_slots: Mapping[str, int]) -> str:
    """What the stimuli do to one neuron in a step; the order of additions is that of the CPU's text."""
    if not shape.inputs:
        return ""
    lines = ["struct Driven {", "  float current;", f"  float aimed[{max(1, len(shape.aims))}];",
             f"  float noise[{max(1, len(shape.noisy))}];", "};",
             "__device__ __forceinline__ void drive_neuron(Driven& driven, float (&s)[STATES], float current,",
             "    u32 mask, u32 n, long long t, u32 key0, u32 key1, const Tables& tables, const float* value,",
             "    const int* row) {",
             "  driven.current = current;",
             *(f"  driven.aimed[{k}] = 0.0f;" for k in range(len(shape.aims))),
             *(f"  driven.noise[{k}] = 0.0f;" for k in range(len(shape.noisy)))]
    for k, one in enumerate(shape.inputs):
        slot = f"s[{state_slots[one.noise_state]}]" if one.noise_state else ""
        lines.append(f"  if (mask & {1 << k}u) {{")
        if one.kind == CURRENT:
            lines.append(f"    if (row[{k}] >= 0) driven.current = driven.current + value[{k}];")
        elif one.kind in (CURRENT_NOISE, CONDUCTANCE_NOISE):
            to = "driven.current" if one.kind == CURRENT_NOISE else f"driven.noise[{one.target}]"
            lines += [f"    const Stimulus& one = tables.stimuli[{k}];",
                      f"    {slot} = advance_noise({slot}, one.c, one.d, word_of(n, t, one.stream, key0, key1));",
                      f"    if (row[{k}] >= 0) {to} = {to} + (value[{k}] + one.b * {slot});"]
        else:
            to = f"driven.aimed[{one.target}]"
            count = f"row[{k}]"
            if one.kind == POISSON:
                lines.append(f"    const Stimulus& one = tables.stimuli[{k}];")
                count = f"count_of_word(word_of(n, t, one.stream, key0, key1), tables, one.rates + row[{k}])"
            lines.append(f"    if (row[{k}] >= 0) {to} = {to} + (float){count} * value[{k}];")
        lines.append("  }")
    return "\n".join([*lines, "}", ""])


def _update_neuron(cells: Sequence[Cell], state_slots: Mapping[str, int], shared: Sequence[Mapping[str, float]],
                   varying: Sequence[Sequence[str]], ports: int, shape: Shape) -> str:
    """One neuron's step: picks the model, converts what arrived, calls the composed cell."""
    lines = ["__device__ __forceinline__ bool update_neuron(float (&s)[STATES], int model, const float* p,",
             "    float scale, float current, float weight, int count, const int (&arrived)[PORTS]"
             + (", const Driven& driven" if shape.inputs else "")
             + (", const float* column, u64 stride" if any(cell.varied for cell in cells) else "") + ") {",
             "  bool spiked = false;"]
    usual = shape.aims.index(None) if None in shape.aims else None          # it opens what background spikes open
    aimed = {ports + 1 + k: f"driven.aimed[{k}]" for k, aim in enumerate(shape.aims) if aim is not None}
    for index, cell in enumerate(cells):
        if len(cells) > 1:
            lines.append(f"  if (model == {index}) {{")
        arrived = []
        for port in cell.ports:
            terms = [f"(float)arrived[{port}] * scale"] if port < ports else []
            terms += ["(float)count * weight"] if port == cell.background_port else []
            terms += [f"driven.aimed[{usual}]"] if port == cell.background_port and usual is not None else []
            terms += [aimed[port]] if port in aimed else []
            arrived.append(" + ".join(terms))
        noises = [f"driven.noise[{shape.noisy.index(r)}]" for r in cell.noisy]
        current = "driven.current" if shape.inputs else "current"
        slots = [f"s[{state_slots[name]}]" for name in cell.states]
        values = [f"column[{cell.varied.index(name)} * stride]" if name in cell.varied else
                  _literal(shared[index][name]) if name in shared[index] else f"p[{varying[index].index(name)}]"
                  for name in cell.parameters]
        arguments = [*slots, *arrived, *noises, current, *values, *slots, "spiked"]
        lines.append(f"  cell_{cell.key}({', '.join(arguments)});")
        if len(cells) > 1:
            lines.append("  }")
    return "\n".join([*lines, "  return spiked;", "}", ""])


def _literal(value: float) -> str:
    """A float32 as an exact CUDA constant."""
    bits = struct.unpack("<i", struct.pack("<f", value))[0]
    return f"__int_as_float({bits & 0xFFFFFFFF:#x})"
