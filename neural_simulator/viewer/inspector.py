"""The picked neuron: who it is, how it is connected, and its membrane potential live. A panel of the display."""

from __future__ import annotations

import numpy as np

from ..app.frames import Frame, Inspection
from ..base.palette import RGB, from_hex
from .canvas import Canvas
from .colors import DIM_TEXT, TEXT

WINDOW_MS = 400.0              # of the trace
MOST_PARAMETERS = 12
ROOM = 0.8                       # half the height of the trace's box, in spans of the trace: numbers stand beside it
WIDTH, TRACE_HEIGHT = 268.0, 84.0      # nominal pixels
TRACE: RGB = from_hex("#ffd25a")
FRAME: RGB = from_hex("#3a4358")


class Trace:
    """The newest part of the picked neuron's membrane potential, gathered from frames."""

    def __init__(self) -> None:
        self.neuron: int | None = None
        self.time_ms, self.v = np.zeros(0), np.zeros(0, np.float32)
        self._seen: Frame | None = None
        self._build = -1

    def saw(self, frame: Frame | None, dt_ms: float) -> None:
        """Take in what a frame brings; each frame counts once."""
        if frame is None or frame is self._seen:
            return
        went_back = self._seen is not None and frame.step < self._seen.step
        if frame.inspected != self.neuron or frame.build != self._build or went_back:
            self.time_ms, self.v = np.zeros(0), np.zeros(0, np.float32)
        self._seen, self.neuron, self._build = frame, frame.inspected, frame.build
        time_ms = np.concatenate([self.time_ms, frame.inspected_steps * dt_ms])
        first = np.searchsorted(time_ms, frame.time_ms - WINDOW_MS)
        self.time_ms, self.v = time_ms[first:], np.concatenate([self.v, frame.inspected_v])[first:]


def degree_texts(inspection: Inspection) -> tuple[str, str]:
    """Return the in-degree and the out-degree in words."""
    ending, leaving = inspection.ending, inspection.leaving
    sources, targets = np.unique(ending.pre).size, np.unique(leaving.post).size
    return (f"{ending.size:,} synapses from {sources:,} neurons",
            f"{leaving.size:,} synapses onto {targets:,} neurons")


def parameter_texts(inspection: Inspection) -> list[tuple[str, str]]:
    """Return (name, value with unit) of the cell's parameters, the last one telling how many are left out."""
    texts = [(name, f"{value:.4g} {unit}".rstrip()) for name, value, unit in inspection.parameters]
    if len(texts) > MOST_PARAMETERS:
        texts = [*texts[:MOST_PARAMETERS - 1], ("…", f"{len(texts) - MOST_PARAMETERS + 1} more")]
    return texts


def height_px(canvas: Canvas, inspection: Inspection) -> float:
    """Return how high the panel is."""
    rows = 4 + -(-len(parameter_texts(inspection)) // 2)
    return rows * canvas.row + (TRACE_HEIGHT + 44.0) * canvas.scale


def draw(canvas: Canvas, x: float, y: float, inspection: Inspection, trace: Trace,
         now_ms: float) -> None:
    """Draw the panel with its top left corner at (x, y)."""
    scale, population = canvas.scale, inspection.population
    width = WIDTH * scale
    canvas.panel(x, y, width, height_px(canvas, inspection))
    x, y, width = x + 12 * scale, y + 8 * scale, width - 24 * scale
    canvas.text(x, y, f"Neuron {inspection.neuron:,}", TEXT)
    canvas.text(x + width, y, population.name, DIM_TEXT, "small", align=1.0)
    y += canvas.row + 4 * scale
    into, out = degree_texts(inspection)
    at = " ".join(f"{value:.0f}" for value in inspection.position)
    for label, text in (("In", into), ("Out", out), ("At", f"{at} µm")):
        canvas.text(x, y, label, DIM_TEXT, "small")
        canvas.text(x + 36 * scale, y, text, TEXT, "small")
        y += canvas.row
    texts = parameter_texts(inspection)
    for index, (name, value) in enumerate(texts):
        left = x + (index % 2) * 0.5 * width
        canvas.text(left, y, name, DIM_TEXT, "small")
        canvas.text(left + 0.47 * width, y, value, TEXT, "small", align=1.0)
        if index % 2 or index == len(texts) - 1:
            y += canvas.row
    _trace(canvas, x, y + 8 * scale, width, TRACE_HEIGHT * scale, trace, now_ms)


def _trace(canvas: Canvas, x: float, y: float, width: float, height: float, trace: Trace, now_ms: float) -> None:
    """The newest WINDOW_MS of the potential, between its own extremes (at least 20 mV apart)."""
    canvas.frame(x, y, width, height, canvas.scale, FRAME)
    if trace.v.size == 0:
        canvas.text(x + 0.5 * width, y + 0.5 * height - 8 * canvas.scale, "run to see its potential", DIM_TEXT, "small",
                    align=0.5)
        return
    points, (low, high) = trace_points(trace, now_ms, width, height)
    canvas.polyline(points + np.array([x, y], np.float32), 1.4 * canvas.scale, TRACE)
    pad, bottom = 4 * canvas.scale, y + height - 17 * canvas.scale
    canvas.text(x + pad, y + 2 * canvas.scale, f"{high:.0f} mV", DIM_TEXT, "small")
    canvas.text(x + pad, bottom, f"{low:.0f} mV", DIM_TEXT, "small")
    canvas.text(x + width - pad, y + 2 * canvas.scale, f"now {trace.v[-1]:.1f} mV", TEXT, "small", align=1.0)


def trace_points(trace: Trace, now_ms: float, width: float, height: float) -> tuple[np.ndarray, tuple[float, float]]:
    """Return the trace as points (K, 2) in a box of `width` x `height` px, and the potentials at its edges, mV.

    Several samples of one pixel become their lowest and highest.
    """
    middle = 0.5 * (float(trace.v.min()) + float(trace.v.max()))
    half = max(ROOM * (float(trace.v.max()) - float(trace.v.min())), 10.0)
    low, high = middle - half, middle + half
    across = (trace.time_ms - (now_ms - WINDOW_MS)) / WINDOW_MS * width
    column = across.astype(int)
    first = np.flatnonzero(np.diff(column, prepend=column[0] - 1))
    if len(first) < 0.5 * len(column):
        v = np.stack([np.minimum.reduceat(trace.v, first), np.maximum.reduceat(trace.v, first)], axis=1).ravel()
        across = np.repeat(across[first], 2)
    else:
        v = trace.v
    return np.stack([np.clip(across, 0.0, width), (high - v) / (high - low) * height], axis=1), (low, high)
