"""One picture of a run: raster, population rates, voltage traces, and the network in space, for use without windows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.lines import Line2D
from matplotlib.ticker import MaxNLocator, StrMethodFormatter
from mpl_toolkits.mplot3d import Axes3D  # type: ignore[import-untyped]

from ..base.palette import population_color
from .atomic import replacing
from .recordings import Recording

SIZE_INCH = (13.0, 8.0)
DPI = 150
LONGEST_WINDOW_MS = 2000.0
RASTER_ROWS = 1000           # neurons in the raster; of more, an even sample
POINTS_3D = 4000             # neurons in the 3D view; of more, an even sample
MAX_TRACES = 4
BINS = 100                   # of the rates, at most
BRIGHTEST = 0.62             # relative luminance above which a colour is darkened, to be seen on white
GREY = "0.35"
LEFT = 0.07                  # of the figure's width: where the text and the time axes begin
TICKS: dict[str, Any] = {"labelsize": 8, "colors": GREY, "length": 3}
NOTE: dict[str, Any] = {"fontsize": 8, "color": GREY, "ha": "left", "va": "center"}


@dataclass(frozen=True)
class _Run:
    """What is drawn: the spikes within the window, by step and neuron, and how many each neuron fired in it."""

    recording: Recording
    start_step: int
    steps: np.ndarray            # (S,) int64
    ids: np.ndarray              # (S,) int32
    counts: np.ndarray           # (N,) int64
    mean_rates_Hz: np.ndarray    # (P,) over the whole recording
    colors: np.ndarray           # (P, 3) float 0..1
    population_of: np.ndarray    # (N,) int64

    @property
    def window_ms(self) -> tuple[float, float]:
        return self.start_step * self.recording.dt_ms, self.recording.stop_step * self.recording.dt_ms


def save_overview(recording: Recording, path: Path | str) -> None:
    """Write the overview of `recording` as a PNG, atomically; FileFormatError when it cannot be read or written."""
    figure = overview(recording)
    with replacing(path) as temporary:
        figure.savefig(temporary, format="png", dpi=DPI, metadata={"Title": f"Recording {recording.path.name}"})


def overview(recording: Recording) -> Figure:
    """Return the overview of `recording` as a figure of its own, which no window and no global state know."""
    run = _window(recording)
    figure = Figure(figsize=SIZE_INCH, facecolor="white")
    FigureCanvasAgg(figure)
    _draw_time_column(figure, run)
    _draw_space(figure, run)
    _draw_title(figure, run)
    return figure


def _window(recording: Recording) -> _Run:
    """Choose the newest part of the recording that is drawn, and count."""
    steps, ids = recording.spikes()
    start = max(recording.first_step, recording.stop_step - max(1, round(LONGEST_WINDOW_MS / recording.dt_ms)))
    sizes = np.array([population.size for population in recording.populations])
    population_of = np.repeat(np.arange(sizes.size), sizes)
    spikes = np.bincount(population_of[ids], minlength=sizes.size)
    seconds = max(recording.duration_ms, recording.dt_ms) / 1000.0
    drawn = slice(int(np.searchsorted(steps, start)), None)
    counts = np.bincount(ids[drawn], minlength=recording.num_neurons)
    colors = _on_white(np.array([population_color(index) for index in range(sizes.size)]))
    return _Run(recording, start, steps[drawn], ids[drawn], counts, spikes / np.maximum(sizes, 1) / seconds, colors,
                population_of)


def _on_white(rgb: np.ndarray) -> np.ndarray:
    """Return RGB colours (P, 3) 0..1 with the brightest ones darkened."""
    luminance = rgb @ (0.2126, 0.7152, 0.0722)
    return rgb * np.minimum(1.0, BRIGHTEST / np.maximum(luminance, 1e-6))[:, None]


# ---- time -----------------------------------------------------------------------------------------------
def _draw_time_column(figure: Figure, run: _Run) -> None:
    """Draw raster, rates and traces above each other with one time axis."""
    traces = run.recording.probes[:MAX_TRACES]
    heights = [3.2, 1.3] + [0.75] * len(traces)
    rows = GridSpec(len(heights), 1, figure, height_ratios=heights, hspace=0.16,
                    left=LEFT, right=0.555, bottom=0.075, top=0.865)
    axes = [figure.add_subplot(rows[0, 0])]
    axes += [figure.add_subplot(rows[row, 0], sharex=axes[0]) for row in range(1, len(heights))]
    _draw_raster(axes[0], run)
    _draw_rates(axes[1], run)
    _draw_traces(axes[2:], run)
    for axis in axes:
        _tidy(axis, last=axis is axes[-1])
    axes[-1].set_xlabel("time (ms)", fontsize=9)
    if run.window_ms[0] < run.window_ms[1]:
        axes[0].set_xlim(*run.window_ms)
    figure.align_ylabels(axes)


def _tidy(axis: Axes, last: bool) -> None:
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color(GREY)
    axis.tick_params(labelbottom=last, **TICKS)


def _draw_raster(axis: Axes, run: _Run) -> None:
    """Draw one dot per spike, a row per neuron, coloured by population."""
    number = run.recording.num_neurons
    shown = np.zeros(number, bool)
    shown[np.linspace(0, number - 1, min(number, RASTER_ROWS)).astype(int)] = True
    chosen = shown[run.ids]
    times, ids = run.steps[chosen] * run.recording.dt_ms, run.ids[chosen]
    size = float(np.clip(9.0 - 1.6 * np.log10(max(ids.size, 1)), 1.4, 6.0))
    look: dict[str, Any] = {"marker": ".", "markersize": size, "markeredgewidth": 0} if number > 100 else {
        "marker": "|", "markersize": max(2.0, 200.0 / number), "markeredgewidth": 1.0}
    for index, population in enumerate(run.recording.populations):
        part = (ids >= population.start) & (ids < population.stop)
        axis.plot(times[part], ids[part], linestyle="none", color=run.colors[index], **look)
    sampled = f" ({RASTER_ROWS:,} of {number:,})" if number > RASTER_ROWS else ""
    axis.set_ylabel(f"neuron{sampled}", fontsize=9)
    axis.set_ylim(-0.5, number - 0.5)
    axis.yaxis.set_major_locator(MaxNLocator(5, integer=True))
    axis.yaxis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))
    if not run.ids.size:
        axis.text(0.5, 0.5, "no spikes", transform=axis.transAxes, ha="center", va="center", color=GREY)


def _draw_rates(axis: Axes, run: _Run) -> None:
    """Draw the mean firing rate of each population over time."""
    recording = run.recording
    total = max(1, recording.stop_step - run.start_step)
    width = max(1, round(_nice(total * recording.dt_ms / BINS) / recording.dt_ms))    # steps per bin
    edges = run.start_step + width * np.arange(total // width + 1)                    # a rest of a bin is left out
    for index, population in enumerate(recording.populations):
        own = run.steps[(run.ids >= population.start) & (run.ids < population.stop)]
        counts = np.histogram(own, edges)[0] if edges.size > 1 else np.empty(0)
        rate = counts / (max(population.size, 1) * width * recording.dt_ms / 1000.0)
        axis.stairs(rate, edges * recording.dt_ms, color=run.colors[index], linewidth=0.9, baseline=None)
    axis.set_ylabel("rate (Hz)", fontsize=9)
    axis.text(1.01, 0.5, f"in bins of\n{width * recording.dt_ms:g} ms", transform=axis.transAxes, **NOTE)
    axis.set_ylim(bottom=0.0)
    axis.yaxis.set_major_locator(MaxNLocator(3))


def _nice(value: float) -> float:
    """Return the smallest of 1, 2, 5, 10, 20, ... x 10^k that is not below `value`."""
    power = 10.0 ** np.floor(np.log10(value))
    return float(next(power * step for step in (1.0, 2.0, 5.0, 10.0) if power * step >= value * 0.999))


def _draw_traces(axes: list[Axes], run: _Run) -> None:
    """Draw the membrane potential of some recorded neurons, and their spikes as ticks above."""
    if not axes:
        return
    steps, v = run.recording.traces()
    drawn = steps >= run.start_step
    for column, axis in enumerate(axes):
        neuron = run.recording.probes[column]
        population = int(run.population_of[neuron])
        axis.plot(steps[drawn] * run.recording.dt_ms, v[drawn, column], color=run.colors[population], linewidth=0.8)
        spikes = run.steps[run.ids == neuron] * run.recording.dt_ms
        axis.plot(spikes, np.full(spikes.size, 1.04), "|", transform=axis.get_xaxis_transform(), clip_on=False,
                  color=run.colors[population], markersize=6, markeredgewidth=1.0)
        name = run.recording.populations[population].name
        axis.set_ylabel("v (mV)", fontsize=9)
        axis.text(1.01, 0.5, f"neuron {neuron:,}\n{name}", transform=axis.transAxes, **NOTE)
        axis.yaxis.set_major_locator(MaxNLocator(3))


# ---- space ----------------------------------------------------------------------------------------------
def _draw_space(figure: Figure, run: _Run) -> None:
    """Draw the neurons in space, y upwards, coloured by population, larger and stronger the more they fired."""
    axis: Axes3D = figure.add_axes((0.6, 0.03, 0.4, 0.75), projection="3d")
    number = run.recording.num_neurons
    shown = np.linspace(0, number - 1, min(number, POINTS_3D)).astype(int)
    activity = _activity(run.counts)[shown]
    x, y, z = run.recording.positions[shown].T
    color = np.column_stack([run.colors[run.population_of[shown]], 0.2 + 0.75 * activity])
    scale = (2000.0 / max(shown.size, 200)) ** 0.5
    axis.scatter(z, x, y, c=color, s=scale * (6.0 + 45.0 * activity), linewidths=0, depthshade=False)
    _frame_space(axis)
    sampled = f", {POINTS_3D:,} of {number:,} neurons" if number > POINTS_3D else ""
    figure.text(0.65, 0.03, f"larger and stronger in colour: more spikes in the time drawn{sampled}", **NOTE)
    _draw_legend(figure, run)


def _activity(counts: np.ndarray) -> np.ndarray:
    """Return 0..1 per neuron: its spikes relative to the busiest twentieth of the neurons that fired, as a root."""
    fired = counts[counts > 0]
    top = float(np.percentile(fired, 95)) if fired.size else 1.0
    return np.sqrt(np.clip(counts / top, 0.0, 1.0))


def _frame_space(axis: Axes3D) -> None:
    """Give the 3D view true proportions, quiet walls and axes in micrometres."""
    extent = [max(high - low, 1.0) for low, high in (axis.get_xlim3d(), axis.get_ylim3d(), axis.get_zlim3d())]
    axis.set_box_aspect(extent, zoom=0.93)
    axis.view_init(elev=18.0, azim=-58.0)
    axis.patch.set_visible(False)
    for name, each in (("z", axis.xaxis), ("x", axis.yaxis), ("y", axis.zaxis)):
        each.set_pane_color((0.97, 0.97, 0.97, 1.0))
        each.line.set_color(GREY)
        each._axinfo["grid"].update(color=(0.88, 0.88, 0.88, 1.0), linewidth=0.6)
        each.set_major_locator(MaxNLocator(4))
        each.set_label_text(f"{name} (µm)", fontsize=9)
    axis.tick_params(labelsize=8, colors=GREY, pad=0)


def _draw_legend(figure: Figure, run: _Run) -> None:
    """List the populations with size and mean rate over the whole recording."""
    entries = []
    for index, population in enumerate(run.recording.populations):
        label = f"{population.name}: {population.size:,} neurons, {run.mean_rates_Hz[index]:.1f} Hz"
        entries.append(Line2D([], [], linestyle="", marker=".", markersize=10, color=run.colors[index], label=label))
    figure.legend(handles=entries, loc="upper left", bbox_to_anchor=(0.62, 0.88), fontsize=8, frameon=False,
                  handletextpad=0.2, labelcolor=GREY, borderpad=0.0, ncols=1 + (len(entries) > 6))


# ---- words ----------------------------------------------------------------------------------------------
def _draw_title(figure: Figure, run: _Run) -> None:
    """Write what was simulated, and which part of it is seen."""
    recording = run.recording
    seconds = max(recording.duration_ms, recording.dt_ms) / 1000.0
    rate = recording.num_spikes / recording.num_neurons / seconds
    begin, end = run.window_ms
    figure.text(LEFT, 0.955, f"{recording.num_neurons:,} neurons, {recording.num_synapses:,} synapses, "
                             f"mean rate {rate:.2f} Hz", fontsize=15, weight="bold", va="center")
    part = "" if run.start_step == recording.first_step else f"; drawn: {begin:,.0f} to {end:,.0f} ms"
    figure.text(LEFT, 0.915, f"{recording.core.neuron_model_type.value}, {recording.duration_ms:,.0f} ms in steps of "
                             f"{recording.dt_ms:g} ms, seed {recording.seed}, {recording.backend}{part}",
                fontsize=10, color=GREY, va="center")
