"""From the tapes to charts: pure functions, no window."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from ..app.charts import Axes, Chart, Line
from ..base.declarations import Population
from ..models.neurons import NEURON_MODELS
from . import theme
from .plots import rounded_up
from .tapes import Tapes

NOW: theme.Color = (255, 255, 255)
TIME = "Simulated time (s)"
RASTER = Axes("raster", "Spikes", TIME, "Neuron", 0.46, bare_y=True)
RATES = Axes("rates", "Population rates", TIME, "Rate (Hz)", 0.23)
VOLTAGE = Axes("voltage", "Membrane potential", TIME, "V (mV)", 0.31)
ACTIVITY = (RASTER, RATES, VOLTAGE)

STEP_TIME = Axes("step_time", "Time of a step", TIME, "Step (us)")
SPEED = Axes("speed_reached", "Speed", TIME, "Speed (x real time)")
MEMORY = Axes("memory", "Memory", TIME, "Program (MB)")
IN_USE = Axes("memory_use", "Memory of what computes", TIME, "In use (%)")       # of the GPU where one computes
RESOURCES = (STEP_TIME, SPEED, MEMORY, IN_USE)

PICKED = Axes("picked", "Membrane potential of the picked neuron", TIME, "V (mV)", 0.4)
PHASE = Axes("phase", "Phase plane of the picked neuron", "V (mV)", "State", 0.6)
NEURON = (PICKED, PHASE)

WEIGHT = Axes("weight", "Weights", "Weight", "Synapses of the sample")
DELAY = Axes("delay", "Delays", "Delay (ms)", "Synapses of the sample")
WEIGHTS = (WEIGHT, DELAY)
BINS = 60

MEANS = Axes("means", "Mean weights", TIME, "Mean weight", 0.5)
LEARNED = Axes("learned", "Weights that can change", "Weight", "Synapses of a sample", 0.5)
LEARNING = (MEANS, LEARNED)


def activity(tapes: Tapes, window_ms: float) -> tuple[Chart, ...]:
    """Raster, rates and potentials over the newest stretch of `window_ms`."""
    network, raster = tapes.network, tapes.raster
    if network is None or raster is None:
        return tuple(Chart(axes, ()) for axes in ACTIVITY)
    since_ms = tapes.now_ms - window_ms
    limits = (since_ms / 1000.0, tapes.now_ms / 1000.0)
    names = [population.name for population in network.populations]
    spikes = tuple(Line(names[index], times, rows, theme.population_rgb(index), "points")
                   for index, (times, rows) in enumerate(raster.points(since_ms)))
    times, rates = tapes.rates.lines(since_ms)
    means = tuple(Line(names[index], times, rates[:, index], theme.population_rgb(index))
                  for index in range(rates.shape[1]))
    return (Chart(RASTER, spikes, limits, (-1.0, float(raster.rows))),
            Chart(RATES, means, limits, (0.0, rounded_up(float(rates.max(initial=0.0))))),
            _voltages(tapes, since_ms, limits))


def _voltages(tapes: Tapes, since_ms: float, limits: tuple[float, float]) -> Chart:
    voltages, low, high, lines = tapes.voltages, -80.0, 0.0, []
    for column, (neuron, color) in enumerate(zip(voltages.ids, probe_colors(tapes), strict=True)):
        times, v = voltages.line(column, since_ms)
        lines.append(Line(f"neuron {neuron}", times, v, color))
        low, high = min(low, float(v.min(initial=low))), max(high, float(v.max(initial=high)))
    return Chart(VOLTAGE, tuple(lines), limits, (low - 5.0, high + 10.0))


def probe_colors(tapes: Tapes) -> list[theme.Color]:
    """Return each traced neuron's colour: its population's; further ones of a population are paler."""
    network = tapes.network
    if network is None:
        return []
    populations = [int(network.population_of[neuron]) for neuron in tapes.voltages.ids]
    return [theme.paler(theme.population_rgb(index), populations[:column].count(index))
            for column, index in enumerate(populations)]


def resources(tapes: Tapes) -> tuple[Chart, ...]:
    """Step time, speed, memory of the program and of what computes, since the run began."""
    charts = []
    for axes, name, factor, color in ((STEP_TIME, "step_us", 1.0, 0), (SPEED, "speed", 1.0, 2),
                                      (MEMORY, "process_bytes", 1e-6, 5), (IN_USE, "memory_use", 100.0, 1)):
        times, values = tapes.resources.line(name)
        limits = (float(times[0]), max(float(times[-1]), float(times[0]) + 0.1)) if len(times) else (0.0, 1.0)
        top = 100.0 if axes is IN_USE else rounded_up(float(np.max(values * factor, initial=0.0)))
        charts.append(Chart(axes, (Line(axes.title, times, values * factor, theme.population_rgb(color)),), limits,
                            (0.0, top)))
    return tuple(charts)


def neuron(tapes: Tapes, state: str, window_ms: float = 1000.0) -> tuple[Chart, ...]:
    """Trace of the picked neuron, and its potential against another of its states; the newest point is marked."""
    network = tapes.network
    if network is None or tapes.picked is None:
        return Chart(PICKED, ()), Chart(PHASE, ())
    index = int(network.population_of[tapes.picked])
    color = theme.population_rgb(index)
    since_ms = tapes.now_ms - window_ms
    times, v = tapes.picked_trace.line(0, since_ms)
    trace = Line(f"neuron {tapes.picked}", times, v, color)
    limits = (since_ms / 1000.0, tapes.now_ms / 1000.0)
    lines: tuple[Line, ...] = ()
    if {"v", state} <= set(tapes.state_names) and len(tapes.states):
        x, y = (tapes.states[:, tapes.state_names.index(name)].astype(float) for name in ("v", state))
        lines = (Line(f"V, {state}", x, y, color), Line("now", x[-1:], y[-1:], NOW, "marks"))
    units = {each.name: each.unit for each in NEURON_MODELS[network.populations[index].model].states}
    axes = replace(PHASE, y_label=f"{state} ({units[state]})" if units.get(state) else state or PHASE.y_label)
    return Chart(PICKED, (trace,), limits), Chart(axes, lines)


def weights(tapes: Tapes) -> tuple[Chart, ...]:
    """How weights and delays of the sampled synapses are distributed, by presynaptic population."""
    network = tapes.network
    if network is None:
        return tuple(Chart(axes, ()) for axes in WEIGHTS)
    sample = network.synapse_sample
    of = network.population_of[sample.pre]
    axes = replace(WEIGHT, x_label=f"Weight ({network.weight_unit})")
    return (Chart(axes, _histograms(network.populations, of, sample.weight.astype(float))),
            Chart(DELAY, _histograms(network.populations, of, sample.delay_steps * network.core.dt_ms)))


def _histograms(populations: tuple[Population, ...], of: np.ndarray, values: np.ndarray) -> tuple[Line, ...]:
    """One outline per population, over the same bins."""
    if not len(values):
        return ()
    edges = np.histogram_bin_edges(values, BINS)
    lines = []
    for index, population in enumerate(populations):
        mine = values[of == index]
        if len(mine):
            counts = np.histogram(mine, edges)[0].astype(float)
            lines.append(Line(population.name, edges, np.append(counts, 0.0), theme.population_rgb(index), "stairs"))
    return tuple(lines)


def learning(tapes: Tapes) -> tuple[Chart, ...]:
    """Mean weight over time and histogram of the weights, one line per pair of populations that learns."""
    learned = None if tapes.frame is None else tapes.frame.learning
    if learned is None or not learned.projections:
        return tuple(Chart(axes, ()) for axes in LEARNING)
    unit = " or ".join(dict.fromkeys(each.unit for each in learned.projections))
    means, histograms = [], []
    for each in learned.projections:
        color = theme.population_rgb(each.pre)
        means.append(Line(each.name, *tapes.means.line(each.name), color))
        edges = np.linspace(0.0, each.largest, each.counts.size + 1)
        histograms.append(Line(each.name, edges, np.append(each.counts.astype(float), 0.0), color, "stairs"))
    return (Chart(replace(MEANS, y_label=f"Mean weight ({unit})"), tuple(means)),
            Chart(replace(LEARNED, x_label=f"Weight ({unit})"), tuple(histograms)))
