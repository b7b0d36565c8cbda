"""One picture of a network's wiring: degrees, weights, delays, who reaches whom, and the balance of its inputs."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.ticker import MaxNLocator, StrMethodFormatter

from ..base.connectivity import Connectivity
from ..base.palette import EXCITATORY, INHIBITORY, population_color
from .atomic import replacing
from .figure import DPI, GREY, LEFT, TICKS

SIZE_INCH = (13.0, 8.0)
BINS = 60
MOST_NUMBERED = 10           # populations up to which the matrix says its numbers


def save_connectivity(facts: Connectivity, path: Path | str) -> None:
    """Write the picture as a PNG, atomically; FileFormatError when it cannot be written."""
    figure = draw_connectivity(facts)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Title": "Connectivity"})


def draw_connectivity(facts: Connectivity) -> Figure:
    """Return the picture as a figure of its own."""
    figure = Figure(figsize=SIZE_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    figure.text(LEFT, 0.955, f"{facts.num_neurons:,} neurons, {facts.num_synapses:,} synapses", fontsize=15,
                weight="bold", va="center")
    figure.text(LEFT, 0.915, summary(facts), fontsize=10, color=GREY, va="center")
    grid = GridSpec(2, 3, figure, left=LEFT, right=0.975, bottom=0.08, top=0.85, wspace=0.3, hspace=0.38)
    axes = [figure.add_subplot(grid[row, column]) for row in range(2) for column in range(3)]
    _draw_degrees(axes[0], facts)
    _draw_degree_pairs(axes[1], facts)
    _draw_matrix(axes[2], facts)
    _draw_weights(axes[3], facts)
    _draw_delays(axes[4], facts)
    _draw_balance(axes[5], facts)
    return figure


def summary(facts: Connectivity) -> str:
    """The facts that are single numbers, in one line."""
    parts = [f"density {facts.density:.3g}", f"reciprocity {facts.reciprocity:.3g}"]
    if facts.clustering is not None:
        parts.append(f"clustering {facts.clustering:.3g}")
    if facts.path_length is not None:
        parts.append(f"path length {facts.path_length:.3g}")
    parts.append(f"{100.0 * facts.excitatory_share:.0f} % of the synapses excite")
    if math.isfinite(facts.e_i_ratio):
        parts.append(f"E/I weight {facts.e_i_ratio:.3g}")
    return "  ·  ".join(parts)


def _draw_degrees(axis: Axes, facts: Connectivity) -> None:
    edges = _edges(np.concatenate([facts.out_degree, facts.in_degree]), whole=True)
    for values, name, color in ((facts.out_degree, "out", population_color(2)),
                                (facts.in_degree, "in", population_color(4))):
        axis.stairs(np.histogram(values, edges)[0], edges, color=color, linewidth=1.4,
                    label=f"{name}: {_spread(values)}")
    _finish(axis, "Degrees", "synapses of a neuron", "neurons")


def _draw_degree_pairs(axis: Axes, facts: Connectivity) -> None:
    """Draw one point per neuron, an even choice of many: in-degree against out-degree."""
    shown = np.unique(np.linspace(0, facts.num_neurons - 1, min(facts.num_neurons, 4000)).astype(int))
    of = facts.population_of[shown]
    for index in np.unique(of):
        axis.plot(facts.in_degree[shown][of == index], facts.out_degree[shown][of == index], ".", markersize=3,
                  markeredgewidth=0, alpha=0.6, color=population_color(int(index)), rasterized=True)
    _finish(axis, "Degrees of each neuron", "in-degree", "out-degree", legend=False)


def _draw_matrix(axis: Axes, facts: Connectivity) -> None:
    """Draw how many synapses a neuron of each population receives from each."""
    matrix, count = facts.in_degrees_by_population(), len(facts.populations)
    axis.imshow(matrix, cmap="Blues", vmin=0.0, vmax=max(1e-9, float(matrix.max())), aspect="auto")
    if count <= MOST_NUMBERED:
        for pre, post in np.ndindex(count, count):
            dark = matrix[pre, post] > 0.6 * matrix.max()
            axis.text(post, pre, f"{matrix[pre, post]:.3g}", ha="center", va="center", fontsize=8,
                      color="white" if dark else "black")
    names = [name if len(name) <= 14 else name[:13].rstrip() + "…" for name in facts.populations]
    axis.set_xticks(range(count), names, rotation=30, ha="right")
    axis.set_yticks(range(count), names)
    axis.tick_params(**{**TICKS, "labelsize": 7})
    axis.set_title("Mean synapses from row onto column", fontsize=10, loc="left")


def _draw_weights(axis: Axes, facts: Connectivity) -> None:
    edges = _edges(facts.sample.weight)
    for chosen, name, color in ((facts.from_excitatory, "excitatory", EXCITATORY),
                                (~facts.from_excitatory, "inhibitory", INHIBITORY)):
        weights = facts.sample.weight[chosen]
        if weights.size:
            axis.stairs(np.histogram(weights, edges)[0] / weights.size, edges, color=color, linewidth=1.4,
                        label=f"{name}: {_spread(weights)}")
    unit = " or ".join(dict.fromkeys(facts.units))
    _finish(axis, "Weights", f"weight ({unit})", "share of the kind")


def _draw_delays(axis: Axes, facts: Connectivity) -> None:
    delays = facts.delays_ms
    steps = np.arange(facts.sample.delay_steps.min(initial=1), facts.sample.delay_steps.max(initial=1) + 2)
    edges = (steps[::max(1, steps.size // BINS)] - 0.5) * facts.dt_ms
    if edges.size < 2 or edges[-1] < delays.max(initial=0.0):
        edges = np.append(edges, edges[-1] + (edges[-1] - edges[-2] if edges.size > 1 else facts.dt_ms))
    if delays.size:
        axis.stairs(np.histogram(delays, edges)[0] / delays.size, edges, color=population_color(6), linewidth=1.4,
                    label=f"{_spread(delays)} ms")
    _finish(axis, "Delays", "delay (ms)", "share of the synapses")


def _draw_balance(axis: Axes, facts: Connectivity) -> None:
    edges = _edges(facts.incoming_weight.ravel())
    for row, name, color in ((0, "excitatory", EXCITATORY), (1, "inhibitory", INHIBITORY)):
        sums = facts.incoming_weight[row]
        if sums.any():
            axis.stairs(np.histogram(sums, edges)[0], edges, color=color, linewidth=1.4,
                        label=f"{name}: {_spread(sums)}")
    unit = " or ".join(dict.fromkeys(facts.units))
    _finish(axis, "Summed weights onto a neuron", f"sum ({unit})", "neurons")


def _spread(values: np.ndarray) -> str:
    """Mean and standard deviation in few digits."""
    wide = values.astype(np.float64)
    mean, sd = float(wide.mean()), float(wide.std())
    digits = ",.0f" if abs(mean) >= 1000.0 else ".3g"
    return f"{mean:{digits}} ± {sd if sd > 1e-6 * abs(mean) else 0.0:{digits}}"


def _edges(values: np.ndarray, whole: bool = False) -> np.ndarray:
    """Edges of up to `BINS` equal bins around all values, but for the largest 0.1 % where they lie far out."""
    if not values.size:
        return np.array([0.0, 1.0])
    low, high = float(values.min()), float(values.max())
    common = float(np.quantile(values, 0.999))
    high = common if high > 1.5 * common > 0.0 else high
    if whole:
        width = max(1.0, math.ceil((high - low + 1.0) / BINS))
        return np.arange(low - 0.5, high + width + 0.5, width)
    if high <= low:
        low, high = low - 0.05 * abs(low) - 1e-9, high + 0.05 * abs(high) + 1e-9
    return np.linspace(low, high, BINS + 1)


def _finish(axis: Axes, title: str, x: str, y: str, legend: bool = True) -> None:
    axis.set_title(title, fontsize=10, loc="left")
    axis.set_xlabel(x, fontsize=9)
    axis.set_ylabel(y, fontsize=9)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.tick_params(**TICKS)
    axis.xaxis.set_major_locator(MaxNLocator(5))
    axis.yaxis.set_major_locator(MaxNLocator(4))
    if axis.get_xlim()[1] >= 1000.0:
        axis.xaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if legend and axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=8, frameon=False, labelcolor=GREY)
