"""What the colours of a picture mean, with the rates of what they stand for: the panel at the top right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..app.frames import Frame
from ..base.palette import EXCITATORY, INHIBITORY, RGB, population_color
from .canvas import Area, Canvas
from .colors import (
    ACTIVITY_STOPS,
    CATEGORY_MODES,
    DIM_TEXT,
    POTENTIAL_RANGE_MV,
    POTENTIAL_STOPS,
    TEXT,
    WEIGHT_STOPS,
    categories,
    weight_range,
)
from .filters import hidden_populations
from .scene import Scene, Shown, incoming_range

MOST_ROWS = 12
TITLES = {"type": "Cell types", "trait": "Traits", "population": "Populations"}
INPUTS = {"excitation": "excitatory input", "inhibition": "inhibitory input"}


@dataclass(frozen=True)
class Row:
    """One group of neurons."""

    name: str
    size: int
    rate_Hz: float | None
    color: RGB | None
    hidden: bool
    populations: tuple[int, ...]


@dataclass(frozen=True)
class Scale:
    """A ramp of colours with a word at its left end, middle and right end."""

    stops: tuple[str, ...]
    words: tuple[str, str, str]


def rows(scene: Scene, shown: Shown) -> list[Row]:
    """Return the groups that the colours name, or the populations where colours mean something else."""
    mode = shown.viz.color_mode if shown.viz.color_mode in CATEGORY_MODES else "population"
    groups = categories(scene.populations, mode)
    of = np.array(groups.of_population, int)
    sizes = np.array([population.size for population in scene.populations], float)
    rates, hidden = _rates(shown.frame, len(of)), hidden_populations(shown.viz, scene.populations)
    found = []
    for index, name in enumerate(groups.names):
        members = of == index
        size = sizes[members].sum()
        rate = None if rates is None else float(sizes[members] @ rates[members]) / max(size, 1.0)
        color = population_color(index) if shown.viz.color_mode in CATEGORY_MODES else None
        found.append(Row(name, int(size), rate, color, bool(hidden[members].all()),
                         tuple(int(k) for k in np.flatnonzero(members))))
    return found


def _rates(frame: Frame | None, populations: int) -> np.ndarray | None:
    known = frame is not None and len(frame.rates_Hz) == populations
    return np.array(frame.rates_Hz) if frame is not None and known else None


def neuron_scale(shown: Shown, unit: str) -> Scale | None:
    """Return the ramp of the neurons' colours, None where colours name groups."""
    mode = shown.viz.color_mode
    if mode == "activity":
        return Scale(ACTIVITY_STOPS, ("silent", "recently active", "firing"))
    if mode == "potential":
        return Scale(POTENTIAL_STOPS, (f"{POTENTIAL_RANGE_MV[0]:g} mV", "potential", f"{POTENTIAL_RANGE_MV[1]:g} mV"))
    if mode in INPUTS:
        low, high = incoming_range(shown.incoming, mode)
        known = shown.incoming is not None
        return Scale(WEIGHT_STOPS, (f"{low:.3g}" if known else "", INPUTS[mode] if known else "adding up weights …",
                                    f"{high:.3g} {unit}" if known else ""))
    return None


def synapse_scale(shown: Shown, unit: str) -> Scale | None:
    """Return the ramp of the lines' colours, None where they name groups."""
    if shown.viz.synapse_color != "weight" or shown.view is None:
        return None
    low, high = weight_range(shown.view.synapse_sample.weight)
    return Scale(WEIGHT_STOPS, (f"{low:.3g}", "weight of a synapse", f"{high:.3g} {unit}"))


def draw(canvas: Canvas, size: tuple[int, int], scene: Scene, shown: Shown, brief: bool = False) -> float:
    """Draw the legend, with `brief` only what colours mean; returns its lower edge, px."""
    scale, face = canvas.scale, canvas.atlas.faces["small"]
    unit = shown.view.weight_unit if shown.view is not None else ""
    numbers, lines = neuron_scale(shown, unit), synapse_scale(shown, unit)
    everything = [] if brief and numbers is not None else rows(scene, shown)
    with_lines = shown.viz.show_synapses and not brief
    listed, more = everything[:MOST_ROWS], max(len(everything) - MOST_ROWS, 0)
    names = max((face.line(row.name).width for row in listed), default=0.0) + 24 * scale
    width = max(names + 118 * scale, 230 * scale)
    by_line = 0.0 if not with_lines else 48 * scale if lines else 2 * canvas.row + 6 * scale
    height = 42 * scale + (len(listed) + bool(more)) * canvas.row + by_line + 22 * scale
    x, y = size[0] - width - 36 * scale, 12 * scale
    canvas.panel(x, y, width + 24 * scale, height)
    x, y = x + 12 * scale, y + 10 * scale
    _title(canvas, x, y, width, numbers, TITLES.get(shown.viz.color_mode, ""))
    y += 42 * scale
    for row in listed:
        _row(canvas, x, y, width, row)
        canvas.areas.append(Area(x - 12 * scale, y, x + width + 12 * scale, y + canvas.row, row.populations))
        y += canvas.row
    if more:
        canvas.text(x, y, f"… and {more} more", DIM_TEXT, "small")
        y += canvas.row
    if with_lines:
        _synapses(canvas, x, y + 6 * scale, width, shown, lines)
    return 12 * scale + height


def _title(canvas: Canvas, x: float, y: float, width: float, scale: Scale | None, title: str) -> None:
    if scale is None:
        canvas.text(x, y + 8 * canvas.scale, title, TEXT)
        return
    canvas.ramp(x, y + 2, width, 9 * canvas.scale, scale.stops)
    for word, align in zip(scale.words, (0.0, 0.5, 1.0), strict=True):
        canvas.text(x + align * width, y + 14 * canvas.scale, word, DIM_TEXT, "small", align)


def _row(canvas: Canvas, x: float, y: float, width: float, row: Row) -> None:
    """One group: colour, name, size, rate; a hidden one is dim."""
    scale, indent = canvas.scale, 0.0
    if row.color is not None:
        canvas.rectangle(x, y + 3 * scale, 11 * scale, 11 * scale, row.color, 0.25 if row.hidden else 1.0)
        indent = 24 * scale
    rate = "hidden" if row.hidden else "– Hz" if row.rate_Hz is None else f"{row.rate_Hz:.1f} Hz"
    color = DIM_TEXT if row.hidden else TEXT
    canvas.text(x + indent, y, row.name, color, "small")
    canvas.text(x + width - 62 * scale, y, f"{row.size:,}", DIM_TEXT, "small", align=1.0)
    canvas.text(x + width, y, rate, color, "small", align=1.0)


def _synapses(canvas: Canvas, x: float, y: float, width: float, shown: Shown, lines: Scale | None) -> None:
    scale, face = canvas.scale, canvas.atlas.faces["small"]
    if lines is not None:
        _title(canvas, x, y, width, lines, "")
        return
    if shown.viz.synapse_color == "population":
        canvas.text(x, y, "lines in the colour of the", DIM_TEXT, "small")
        canvas.text(x, y + canvas.row, "population they come from", DIM_TEXT, "small")
        return
    for text, color in (("excitatory synapse", EXCITATORY), ("inhibitory synapse", INHIBITORY)):
        middle = y + 0.5 * face.line_height
        canvas.line((x, middle), (x + 14 * scale, middle), 2 * scale, color)
        canvas.text(x + 24 * scale, y, text, DIM_TEXT, "small")
        y += canvas.row
