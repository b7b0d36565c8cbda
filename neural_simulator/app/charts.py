"""Charts as data: what a plot shows, and how it is written into a file as PNG, SVG or CSV."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from ..base.errors import FileFormatError
from ..base.paths import EXPORTS, ensure
from ..files.atomic import replacing

FORMATS = ("png", "svg", "csv")
SIZE_INCH = (10.0, 7.0)
DPI = 150
GROUND, INK = "#0e1117", "#d6dce6"      # as in the panel, so that populations have the viewer's very colours


@dataclass(frozen=True)
class Line:
    """Points of one colour. `kind` is 'line', 'points', 'stairs' or 'marks' (larger points)."""

    label: str
    x: np.ndarray
    y: np.ndarray
    color: tuple[int, int, int]
    kind: str = "line"

    def __post_init__(self) -> None:
        if len(self.x) != len(self.y):
            raise ValueError(f"{self.label}: {len(self.x)} x values but {len(self.y)} y values")


@dataclass(frozen=True)
class Axes:
    """What a chart is, whatever it shows: labels, share of the height, whether y has numbers."""

    key: str
    title: str
    x_label: str
    y_label: str
    share: float = 1.0
    bare_y: bool = False


@dataclass(frozen=True)
class Chart:
    """Lines in their axes; limits are (low, high), None where they follow the data."""

    axes: Axes
    lines: tuple[Line, ...]
    x_limits: tuple[float, float] | None = None
    y_limits: tuple[float, float] | None = None


def new_file(name: str, suffix: str, folder: Path = EXPORTS) -> Path:
    """Return a path that does not exist yet, named after the time."""
    stem = f"{name}_{datetime.now():%Y-%m-%d_%H-%M-%S}"
    paths = (ensure(folder) / f"{stem}{'' if number == 1 else f'_{number}'}.{suffix}" for number in range(1, 1000))
    return next(path for path in paths if not path.exists())


def write(charts: Sequence[Chart], path: Path) -> Path:
    """Write charts into `path`, in the format that its suffix names; FileFormatError when the disk refuses."""
    suffix = path.suffix.lstrip(".").lower()
    if suffix not in FORMATS:
        raise FileFormatError(f"{path.name} names no format; choose one of .{', .'.join(FORMATS)}.", path)
    with replacing(path) as temporary:
        if suffix == "csv":
            _write_table(charts, temporary)
        else:
            _write_picture(charts, temporary, suffix)
    return path


def _write_table(charts: Sequence[Chart], path: Path) -> None:
    """One line per point: chart, series, x, y; the heads name the axes."""
    with open(path, "w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("chart", "series", "x_label", "x", "y_label", "y"))
        for chart in charts:
            axes = chart.axes
            for line in chart.lines:
                table.writerows((axes.title, line.label, axes.x_label, repr(float(x)), axes.y_label, repr(float(y)))
                                for x, y in zip(line.x, line.y, strict=True))


def _write_picture(charts: Sequence[Chart], path: Path, suffix: str) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg  # late: takes long to load
    from matplotlib.figure import Figure
    figure = Figure(SIZE_INCH, dpi=DPI, facecolor=GROUND, layout="constrained")
    FigureCanvasAgg(figure)
    grid = figure.add_gridspec(len(charts), 1, height_ratios=[chart.axes.share for chart in charts])
    for number, chart in enumerate(charts):
        _draw(figure.add_subplot(grid[number]), chart)
    figure.savefig(path, format=suffix, facecolor=GROUND)


def _draw(axes, chart: Chart) -> None:
    axes.set_facecolor(GROUND)
    axes.tick_params(colors=INK, labelsize=8)
    for side in axes.spines.values():
        side.set_color("#465062")
    for line in chart.lines:
        color = tuple(part / 255.0 for part in line.color)
        if line.kind in ("points", "marks"):
            axes.plot(line.x, line.y, linestyle="none", marker=".", color=color, label=line.label,
                      markersize=2 if line.kind == "points" else 8, markeredgewidth=0)
        else:
            axes.plot(line.x, line.y, color=color, linewidth=1.0, label=line.label,
                      drawstyle="steps-post" if line.kind == "stairs" else "default")
    axes.set_title(chart.axes.title, fontsize=9, color=INK, loc="left")
    axes.set_xlabel(chart.axes.x_label, fontsize=8, color=INK)
    axes.set_ylabel(chart.axes.y_label, fontsize=8, color=INK)
    if chart.x_limits is not None:
        axes.set_xlim(*chart.x_limits)
    if chart.y_limits is not None:
        axes.set_ylim(*chart.y_limits)
    if 1 < len(chart.lines) <= 12 or (len(chart.lines) == 1 and chart.lines[0].label):
        axes.legend(fontsize=7, labelcolor=INK, facecolor=GROUND, edgecolor="#465062", loc="upper left",
                    bbox_to_anchor=(1.0, 1.0))
