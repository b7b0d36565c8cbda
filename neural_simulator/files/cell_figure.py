"""One picture of a single cell: its potential under steps of current, and its f-I curve."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator

from ..base.palette import population_color
from .atomic import replacing
from .figure import DPI, GREY, LEFT, NOTE, TICKS

SIZE_INCH = (12.0, 6.5)
MOST_TRACES = 5              # of more, an even choice
DRAWN_POINTS = 4000          # of a trace; longer ones are drawn as the range within each of so many pieces
COLOR = population_color(6)


@dataclass(frozen=True)
class TracePlot:
    """One trace: current `start_ms` to `stop_ms`, potential `v` (T,) mV at `time_ms` (T,), and spikes."""

    current_pA: float
    start_ms: float
    stop_ms: float
    time_ms: np.ndarray
    v: np.ndarray
    spikes_ms: np.ndarray


@dataclass(frozen=True)
class CurvePoint:
    """One point of the f-I curve: spikes per second of current, and what the last interval stands for."""

    current_pA: float
    rate_Hz: float
    steady_rate_Hz: float


@dataclass(frozen=True)
class Sheet:
    """All that the picture shows."""

    title: str
    source: str
    traces: Sequence[TracePlot]
    curve: Sequence[CurvePoint]


def save_sheet(sheet: Sheet, path: Path | str) -> None:
    """Write the picture as a PNG, atomically; FileFormatError when it cannot be written."""
    figure = draw_sheet(sheet)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Title": sheet.title})


def draw_sheet(sheet: Sheet) -> Figure:
    """Return the picture as a figure of its own; the f-I curve has a place where there are two currents or more."""
    figure = Figure(figsize=SIZE_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(LEFT, 0.945, sheet.title, fontsize=15, weight="bold", va="center")
    figure.text(LEFT, 0.895, sheet.source, fontsize=10, color=GREY, va="center")
    curve = len(sheet.curve) > 1
    _draw_traces(figure, chosen(sheet.traces), 0.60 if curve else 0.88)
    if curve:
        _draw_curve(figure, sheet.curve)
    return figure


def chosen(traces: Sequence[TracePlot]) -> list[TracePlot]:
    """Return up to `MOST_TRACES` of the traces, the first and the last among them."""
    places = np.unique(np.linspace(0, len(traces) - 1, min(len(traces), MOST_TRACES)).round().astype(int))
    return [traces[place] for place in places]


def _draw_traces(figure: Figure, traces: list[TracePlot], right: float) -> None:
    rows = GridSpec(len(traces), 1, figure, hspace=0.22, left=LEFT, right=right, bottom=0.09, top=0.85)
    first: Axes | None = None
    for row, trace in enumerate(reversed(traces)):                   # the strongest current on top
        axis = figure.add_subplot(rows[row, 0], sharex=first, sharey=first)
        first = first or axis
        axis.axvspan(trace.start_ms, trace.stop_ms, color="0.94", linewidth=0)
        axis.plot(*_thinned(trace.time_ms, trace.v), color=COLOR, linewidth=0.8)
        axis.plot(trace.spikes_ms, np.full(trace.spikes_ms.size, 1.04), "|", transform=axis.get_xaxis_transform(),
                  clip_on=False, color=COLOR, markersize=6, markeredgewidth=1.0)
        axis.set_ylabel("v (mV)", fontsize=9)
        axis.text(1.01, 0.5, f"{trace.current_pA:g} pA", transform=axis.transAxes, **NOTE)
        axis.yaxis.set_major_locator(MaxNLocator(3))
        _tidy(axis)
        axis.tick_params(labelbottom=row == len(traces) - 1)
    axis.set_xlim(0.0, float(traces[0].time_ms[-1]))
    axis.set_xlabel("time (ms)", fontsize=9)


def _thinned(time_ms: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A trace in few points that looks the same: the first, lowest and highest potential of each piece."""
    size = max(1, -(-v.size // DRAWN_POINTS))
    if size == 1:
        return time_ms, v
    whole = v.size // size * size
    pieces = v[:whole].reshape(-1, size)
    ends = np.sort(np.stack([pieces.argmin(axis=1), pieces.argmax(axis=1)]), axis=0)
    at = np.unique((ends + np.arange(pieces.shape[0]) * size).ravel())
    at = np.append(at, np.arange(whole, v.size))
    return time_ms[at], v[at]


def _draw_curve(figure: Figure, curve: Sequence[CurvePoint]) -> None:
    axis = figure.add_axes((0.71, 0.09, 0.26, 0.76))
    current = [point.current_pA for point in curve]
    axis.plot(current, [point.rate_Hz for point in curve], ".-", color=COLOR, linewidth=1.2, label="mean")
    axis.plot(current, [point.steady_rate_Hz for point in curve], ".:", color=population_color(1), linewidth=1.2,
              label="1 / last interval")
    axis.set_xlabel("current (pA)", fontsize=9)
    axis.set_ylabel("rate (Hz)", fontsize=9)
    axis.set_ylim(bottom=0.0)
    axis.legend(fontsize=8, frameon=False, labelcolor=GREY)
    _tidy(axis)


def _tidy(axis: Axes) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.tick_params(**TICKS)
