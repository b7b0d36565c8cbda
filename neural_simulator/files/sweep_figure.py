"""A sweep as a picture: heat maps over the first two varied values, or curves over the only one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from .atomic import replacing

SHOWN = {"rate_hz": "rate (Hz)", "isi_cv": "CV of intervals", "synchrony": "synchrony",
         "active_fraction": "active share"}


def draw_sweep(rows: Sequence[Mapping[str, Any]], varied: Sequence[str], path: Path) -> Path:
    """Draw the measures of `rows` over the fields `varied` into a PNG; several rows of one point are averaged."""
    axes_names = [name for name in varied if all(isinstance(row[name], (int, float)) for row in rows)][:2]
    figure = Figure(figsize=(11, 8), layout="constrained")
    for place, (key, label) in enumerate(SHOWN.items()):
        axes = figure.add_subplot(2, 2, place + 1)
        values = np.array([np.nan if row[key] is None else row[key] for row in rows], float)
        if len(axes_names) == 2:
            _map(figure, axes, rows, axes_names, values, label)
        else:
            _curve(axes, rows, axes_names, values, label)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=130)
    return path


def _map(figure: Figure, axes: Any, rows: Sequence[Mapping[str, Any]], names: Sequence[str], values: np.ndarray,
         label: str) -> None:
    """Points of a grid fill a heat map; scattered ones stay points."""
    x, y = (np.array([row[name] for row in rows], float) for name in names)
    across, up = np.unique(x), np.unique(y)
    if across.size * up.size <= len(rows):
        shown = np.array([[_mean(values[(x == a) & (y == b)]) for a in across] for b in up])
        drawn = axes.pcolormesh(np.arange(across.size + 1), np.arange(up.size + 1), shown, cmap="viridis")
        axes.set_xticks(np.arange(across.size) + 0.5, [f"{a:g}" for a in across], rotation=45)
        axes.set_yticks(np.arange(up.size) + 0.5, [f"{b:g}" for b in up])
    else:
        drawn = axes.scatter(x, y, c=values, s=40, cmap="viridis")
    figure.colorbar(drawn, ax=axes, label=label)
    axes.set(xlabel=names[0], ylabel=names[1])


def _curve(axes: Any, rows: Sequence[Mapping[str, Any]], names: Sequence[str], values: np.ndarray, label: str) -> None:
    x = np.array([row[names[0]] for row in rows], float) if names else np.arange(len(rows), dtype=float)
    points = np.unique(x)
    axes.plot(x, values, ".", color="#999999", label="runs")
    axes.plot(points, [_mean(values[x == p]) for p in points], "-o", color="#0072B2", label="mean")
    axes.set(xlabel=names[0] if names else "run", ylabel=label)
    axes.legend(frameon=False)


def _mean(values: np.ndarray) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else float("nan")
