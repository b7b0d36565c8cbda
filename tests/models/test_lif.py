"""The leaky integrate-and-fire cell against closed forms: intervals, the first traces, postsynaptic potentials."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neural_simulator.engine.single_cell import run_cell


def constant(current_pA, duration_ms, dt_ms):
    return np.full(round(duration_ms / dt_ms), current_pA, np.float32)


def run(current_pA, duration_ms=500.0, dt_ms=0.01, **custom):
    return run_cell("LIF", "NEST", constant(current_pA, duration_ms, dt_ms), dt_ms, custom=custom)


# ISI = t_ref + tau ln(RI / (RI - 15 mV)) with R = 40 MOhm, tau = 10 ms, t_ref = 2 ms.
@pytest.mark.parametrize(("current_pA", "interval_ms"), [
    (380, 45.307333), (400, 29.725887), (450, 19.917595), (500, 15.862944), (600, 11.808293), (800, 8.325226),
    (1000, 6.700036)])
def test_intervals_are_the_closed_form_rounded_up_to_the_grid(current_pA, interval_ms):
    intervals = np.diff(run(current_pA, dt_ms=0.1).spikes_ms)
    assert intervals.size >= 9
    assert intervals == pytest.approx(np.full(intervals.size, math.ceil(interval_ms / 0.1) * 0.1), abs=1e-6)


# On a finer grid float32, which holds -55 mV to 4e-6, shifts flat crossings by a few steps.
@pytest.mark.parametrize(("current_pA", "interval_ms", "within_ms"), [
    (380, 45.307333, 0.08), (400, 29.725887, 0.02), (600, 11.808293, 0.02), (1000, 6.700036, 0.02)])
def test_intervals_on_a_grid_of_a_hundredth_of_a_millisecond(current_pA, interval_ms, within_ms):
    assert np.diff(run(current_pA).spikes_ms).mean() == pytest.approx(interval_ms, abs=within_ms)


def test_at_the_rheobase_it_is_silent():
    assert run(375.0).spikes_ms.size == 0
    assert run(376.0, 200.0, 0.1).spikes_ms[0] == pytest.approx(59.3 - 0.1, abs=0.3)   # NEST stamps the step's end


@pytest.mark.parametrize(("current_pA", "nest_ms"), [(400, (27.73, 57.46, 87.19)), (500, (13.87, 29.74, 45.61))])
def test_spike_times_are_nests_which_stamps_the_end_of_the_step(current_pA, nest_ms):
    spikes = run(current_pA, 100.0).spikes_ms[:3] + 0.01
    assert spikes == pytest.approx(nest_ms, abs=0.05)


def test_the_first_potentials_are_those_of_nests_own_test():
    trace = run(1000.0, 10.0, 0.1)
    assert trace.v[:5] == pytest.approx([-69.602, -69.2079, -68.8178, -68.4316, -68.0492], abs=1e-4)
    assert trace.v[46] == pytest.approx(-55.0001, abs=2e-4)
    assert np.flatnonzero(trace.fired)[0] == 47
    assert np.all(trace.v[47:67] == -70.0) and trace.v[68] > -70.0


def test_the_refractory_period_is_exact():
    trace = run(1200.0, 30.0, 0.1, t_ref=1.7)
    first = np.flatnonzero(trace.fired)[0]
    clamped = trace.v[first:] == np.float32(-70.0)
    assert np.argmin(clamped) == 18          # the step of the spike, then 17 clamped ones


@pytest.mark.parametrize(("custom", "weight_pA", "peak_mV", "peak_ms"), [
    ({"tau_syn": 0.5}, 87.808494, 0.150000, 1.576701),                   # Potjans and Diesmann 2014
    ({"tau_syn": 2.0}, 100.0, 0.53499224, 4.023595),
    ({"tau_m": 20.0, "tau_syn": 5.0, "C": 200.0}, 16.2, 0.25513401, 9.241962)])
def test_a_postsynaptic_potential_has_the_height_and_time_of_the_closed_form(custom, weight_pA, peak_mV, peak_ms):
    dt_ms, steps = 0.1, 300
    arrived = np.zeros((1, steps), np.float32)
    arrived[0, 10] = weight_pA
    trace = run_cell("LIF", "NEST", np.zeros(steps, np.float32), dt_ms, custom=custom, arrived=arrived)
    above = trace.v.astype(np.float64) + 70.0
    assert np.all(above[:10] == 0.0)
    # On the grid the top of the closed form lies at most half a step from a grid point; float32 holds 70 mV to 8e-6.
    assert above.max() == pytest.approx(peak_mV, rel=1e-3, abs=3e-5)
    assert (np.argmax(above) + 1 - 10) * dt_ms == pytest.approx(peak_ms, abs=0.1)


def test_equal_time_constants_are_the_limit_of_nearly_equal_ones():
    arrived = np.zeros((1, 400), np.float32)
    arrived[0, 0] = 1000.0
    quiet = np.zeros(400, np.float32)
    equal, nearly = (run_cell("LIF", "NEST", quiet, 0.1, custom={"tau_syn": tau}, arrived=arrived).v
                     for tau in (10.0, 10.001))
    assert equal.max() > -60.0
    assert equal == pytest.approx(nearly, abs=2e-3)


@pytest.mark.parametrize("dt_ms", [1.0, 0.1])
def test_subthreshold_integration_is_exact_at_any_step(dt_ms):
    trace = run(300.0, 50.0, dt_ms)
    t = (np.arange(trace.v.size) + 1) * dt_ms
    assert trace.v == pytest.approx(-70.0 + 12.0 * (1.0 - np.exp(-t / 10.0)), abs=3e-4)
    assert not trace.fired.any()


def test_inhibition_lowers_the_potential():
    arrived = np.zeros((1, 200), np.float32)
    arrived[0, 10] = -200.0
    v = run_cell("LIF", "NEST", np.zeros(200, np.float32), 0.1, arrived=arrived).v
    assert v.min() == pytest.approx(-70.0 - 2 * 0.53499224, abs=1e-3)


def test_a_resting_cell_stays_at_rest():
    v = run(0.0, 1000.0, 0.1).v
    assert np.all(v == np.float32(-70.0)) and math.isclose(v[-1], -70.0)
