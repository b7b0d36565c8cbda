"""From the tapes to charts: pure functions, no window."""

from __future__ import annotations

import numpy as np

from ..app.charts import Axes, Chart, Line
from . import theme
from .plots import rounded_up
from .tapes import Tapes

TIME = "Simulated time (s)"
RASTER = Axes("raster", "Spikes", TIME, "Neuron", 0.46, bare_y=True)
RATES = Axes("rates", "Population rates", TIME, "Rate (Hz)", 0.23)
VOLTAGE = Axes("voltage", "Membrane potential", TIME, "V (mV)", 0.31)
ACTIVITY = (RASTER, RATES, VOLTAGE)

STEP_TIME = Axes("step_time", "Time of a step", TIME, "Step (us)")
SPEED = Axes("speed_reached", "Speed", TIME, "Speed (x real time)")
MEMORY = Axes("memory", "Memory", TIME, "Program (MB)")
RESOURCES = (STEP_TIME, SPEED, MEMORY)


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
    """Step time, speed and memory since the run began."""
    charts = []
    for axes, name, factor, color in ((STEP_TIME, "step_us", 1.0, 0), (SPEED, "speed", 1.0, 2),
                                      (MEMORY, "process_bytes", 1e-6, 5)):
        times, values = tapes.resources.line(name)
        limits = (float(times[0]), max(float(times[-1]), float(times[0]) + 0.1)) if len(times) else (0.0, 1.0)
        top = rounded_up(float(np.max(values * factor, initial=0.0)))
        charts.append(Chart(axes, (Line(axes.title, times, values * factor, theme.population_rgb(color)),), limits,
                            (0.0, top)))
    return tuple(charts)
