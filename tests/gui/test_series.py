"""What the monitor's plots show: pure arrays, no window needed."""

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app.frames import Frame, LearningView, NetworkView
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.learning_view import PlasticityEvents, ProjectionWeights
from neural_simulator.gui import views
from neural_simulator.gui.series import (
    KEPT_MS,
    RASTER_POINTS,
    RASTER_ROWS,
    TRACE_POINTS,
    Raster,
    Rates,
    Voltages,
    sample_rows,
    thinned,
)
from neural_simulator.gui.tapes import Tapes
from tests.app.fakes import FakeNetwork


def network(neurons=10, dt_ms=1.0):
    core, fake = CoreSimConfig(num_neurons=neurons, dt_ms=dt_ms), FakeNetwork(neurons)
    return NetworkView(core, 7, "fake", fake.populations, fake.population_of, fake.positions,
                       np.zeros((0, 2), np.int32), 0, 0, 0.0, 1)


def frame(step, steps=(), ids=(), rates=(1.0, 2.0), probes=(), v=None, dt_ms=1.0):
    trace = np.empty((0, len(probes)), np.float32) if v is None else np.asarray(v, np.float32)
    return Frame(step, step * dt_ms, np.zeros(10), np.zeros(10), np.asarray(steps, np.int64), np.asarray(ids, np.int32),
                 0, rates, 250.0, probes, np.arange(step - len(trace), step), trace, 1.0, 0.1)


@pytest.mark.parametrize("sizes", [(8, 2), (300,), (301,), (800_000, 200_000), (10_000, 1), (1,) * 400, (0, 5)])
def test_the_raster_shows_a_few_evenly_spaced_neurons_of_every_population(sizes):
    row_of = sample_rows(sizes)
    shown = row_of[row_of >= 0]
    assert np.array_equal(shown, np.arange(len(shown))), "rows follow the order of the neurons, without gaps"
    starts = np.cumsum((0, *sizes))
    for start, size in zip(starts, sizes, strict=False):
        part = row_of[start:start + size] >= 0
        assert part.any() or size == 0
    assert len(shown) == sum(sizes) if sum(sizes) <= RASTER_ROWS else len(shown) <= RASTER_ROWS + len(sizes)


def test_the_raster_keeps_spikes_by_population_in_seconds():
    raster = Raster(network(dt_ms=0.5))
    raster.saw(frame(100, [10, 20, 30], [0, 9, 1], dt_ms=0.5))
    (times, rows), (inhibitory_times, inhibitory_rows) = raster.points(0.0)
    assert times.tolist() == [0.005, 0.015] and rows.tolist() == [0.0, 1.0]
    assert inhibitory_times.tolist() == [0.01] and inhibitory_rows.tolist() == [9.0]
    assert [len(times) for times, _ in raster.points(6.0)] == [1, 1]


def test_the_raster_forgets_what_is_old_and_never_shows_too_much():
    raster = Raster(network())
    for step in range(1000, 20_001, 1000):
        raster.saw(frame(step, np.repeat(np.arange(step - 1000, step), 10), np.tile(np.arange(10), 1000)))
    points = raster.points(0.0)
    assert RASTER_POINTS / 2 < sum(len(times) for times, _ in points) <= RASTER_POINTS
    assert min(times.min() for times, _ in points) >= (20_000 - KEPT_MS) / 1000.0


def test_rates_are_kept_at_a_spacing_and_dropped_when_old():
    rates = Rates()
    for step in range(0, 10_001, 5):
        rates.saw(frame(step, rates=(float(step), 0.0)))
    times, lines = rates.lines(0.0)
    assert np.diff(times).min() >= Rates.SPACING_MS / 1000.0 * 0.999
    assert times[0] >= (10_000 - KEPT_MS - Rates.SPACING_MS) / 1000.0 and lines.shape == (len(times), 2)
    assert lines[-1, 0] == pytest.approx(times[-1] * 1000.0)
    assert rates.lines(20_000.0)[0].size == 0


def test_a_spike_of_a_traced_neuron_is_drawn_up_to_its_peak():
    voltages = Voltages((4,), {4: 35.0}, 1.0)
    voltages.saw(frame(5, [2, 3], [4, 7], probes=(4,), v=[[-60.0]] * 5))
    times, v = voltages.line(0, 0.0)
    assert times.tolist() == pytest.approx([0.0, 0.001, 0.002, 0.003, 0.004])
    assert v.tolist() == [-60.0, -60.0, 35.0, -60.0, -60.0]


def test_traces_of_other_probes_are_not_mixed_in():
    voltages = Voltages((4,), {}, 1.0)
    voltages.saw(frame(5, probes=(4, 5), v=[[-60.0, -50.0]] * 5))
    assert voltages.line(0, 0.0)[0].size == 0


@pytest.mark.parametrize("length", [0, 1, 2, TRACE_POINTS, TRACE_POINTS + 1, 50_001])
def test_thinning_keeps_extremes_order_and_the_newest_point(length):
    x = np.arange(length, dtype=float)
    y = np.random.default_rng(1).normal(size=length)
    thin_x, thin_y = thinned(x, y)
    assert len(thin_x) == len(thin_y) <= TRACE_POINTS + 200
    assert np.all(np.diff(thin_x) > 0) or length < 2
    if length:
        assert (thin_y.max(), thin_y.min()) == (y.max(), y.min())
        assert x[-1] - thin_x[-1] <= length / TRACE_POINTS * 2


def learned(mean, names=("A -> A", "A -> B")):
    counts = np.arange(4)
    return LearningView(PlasticityEvents(3, 2), tuple(
        ProjectionWeights(name, k, "nS", mean * (k + 1), counts, 2.0) for k, name in enumerate(names)), True, 0.5)


def test_mean_weights_are_kept_over_time_and_begin_anew_with_other_projections():
    tapes, view = Tapes(), network()
    tapes.take(view, None, False)
    assert [chart.lines for chart in views.learning(tapes)] == [(), ()]
    one, two = learned(0.5), learned(0.6)
    for step, told in ((1000, one), (1100, one), (2000, two)):
        tapes.take(view, replace(frame(step), learning=told), True)
    means, weights = views.learning(tapes)
    assert means.lines[1].x.tolist() == [1.0, 2.0] and means.lines[1].y.tolist() == [1.0, 1.2]
    assert means.axes.y_label == "Mean weight (nS)" and weights.axes.x_label == "Weight (nS)"
    assert weights.lines[0].x.tolist() == [0.0, 0.5, 1.0, 1.5, 2.0]
    assert weights.lines[0].y.tolist() == [0.0, 1.0, 2.0, 3.0, 0.0]
    tapes.take(view, replace(frame(3000), learning=learned(0.7, ("A -> A",))), True)
    assert [line.x.tolist() for line in views.learning(tapes)[0].lines] == [[3.0]]
    tapes.take(view, replace(frame(500), learning=one), True)         # the run began anew
    assert views.learning(tapes)[0].lines[0].x.tolist() == [0.5]
