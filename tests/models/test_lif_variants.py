"""The other leaky integrate-and-fire cells: two currents, delta synapses, conductances; refractory times."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neural_simulator.engine.single_cell import current_steps, run_cell

KEYS = ("LIF", "LIF_CURRENTS", "LIF_DELTA", "LIF_CONDUCTANCE")
NEST = {"C": 250.0, "E_L": -70.0, "V_th": -55.0, "V_reset": -70.0}


def custom(key, **values):
    """The membrane of NEST's iaf_psc_exp for every model: tau 10 ms, 40 MOhm."""
    membrane = {"g_L": 25.0} if key == "LIF_CONDUCTANCE" else {"tau_m": 10.0}
    return {**NEST, **membrane, **values}


def driven(key, current_pA, duration_ms, dt_ms, **values):
    return run_cell(key, "NEST", current_steps(duration_ms, dt_ms, (0, duration_ms, current_pA)), dt_ms,
                    custom=custom(key, **values))


def delivered(key, preset, steps, dt_ms, deliveries, **values):
    """A cell that gets {(port, step): weight}."""
    ports = 1 if key in ("LIF", "LIF_DELTA") else 2
    arrived = np.zeros((ports, steps), np.float32)
    for (port, step), weight in deliveries.items():
        arrived[port, step] = weight
    return run_cell(key, preset, np.zeros(steps, np.float32), dt_ms, custom=values, arrived=arrived)


@pytest.mark.parametrize("t_ref", [0.0, 2.0, 1.7])
@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize(("current_pA", "free_ms"), [(400, 27.725887), (600, 9.808293), (1000, 4.700036)])
def test_intervals_are_the_closed_form_to_a_step(key, t_ref, current_pA, free_ms):
    intervals = np.diff(driven(key, current_pA, 300.0, 0.1, t_ref=t_ref).spikes_ms)
    assert intervals.size >= 8
    late = intervals.mean() - (t_ref + free_ms)
    assert -0.01 < late < 0.1 + 0.01                    # a grid cell's spike waits for the end of its step


def test_spikes_of_the_conductance_cell_are_not_rounded_to_the_grid():
    intervals = np.diff(driven("LIF_CONDUCTANCE", 600, 2000.0, 0.1, t_ref=1.7).spikes_ms)
    assert intervals.mean() == pytest.approx(1.7 + 9.808293, abs=2e-3)
    assert set(np.round(intervals, 3)) == {11.5, 11.6}


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("dt_ms", [0.5, 0.25, 0.1])
def test_a_refractory_period_off_the_grid_ends_inside_a_step(key, dt_ms):
    """From the reset the potential rises along its exponential, which begins t_ref after the spike."""
    t_ref = 2.3
    trace = driven(key, 600, 40.0, dt_ms, t_ref=t_ref)
    spike = np.flatnonzero(trace.fired)[0]
    reset_ms = (spike + 1) * dt_ms
    if key == "LIF_CONDUCTANCE":
        reset_ms += trace.states["wait"][spike] - t_ref
    times = (np.arange(trace.v.size) + 1) * dt_ms - reset_ms - t_ref
    within = (times > 0.0) & (times < 8.0)
    exact = -70.0 + 24.0 * (1.0 - np.exp(-times[within] / 10.0))
    assert within.sum() > 10
    assert np.abs(trace.v[within] - exact).max() < 2e-4
    held = (times <= 1e-9) & (np.arange(trace.v.size) >= spike)
    assert np.all(trace.v[held] == np.float32(-70.0)) and held.sum() >= t_ref / dt_ms - 1


def test_refractory_times_on_the_grid_clamp_exactly_that_long():
    for key in KEYS[:3]:
        trace = driven(key, 1200, 30.0, 0.1, t_ref=1.7)
        first = np.flatnonzero(trace.fired)[0]
        assert np.argmin(trace.v[first:] == np.float32(-70.0)) == 18          # the step of the spike, then 17 clamped


def test_two_currents_of_one_time_constant_are_the_one_current_of_the_simple_model():
    deliveries = {(0, 10): 300.0, (0, 45): 250.0}
    one = delivered("LIF", "NEST", 200, 0.1, deliveries | {(0, 90): -150.0})
    two = delivered("LIF_CURRENTS", "NEST", 200, 0.1, deliveries | {(1, 90): 150.0})
    assert np.ptp(one.v) > 1.0
    assert np.abs(one.v - two.v).max() < 1e-4


def test_the_inhibitory_current_has_its_own_time_constant():
    """tau_m 20, tau_inh 10 ms, 200 pF: the trough of a PSP lies at ln(2) x 20 ms."""
    trace = delivered("LIF_CURRENTS", "CUBA", 1000, 0.1, {(1, 0): 100.0}, V_th=0.0)    # it fires by itself
    depth = -49.0 - trace.v
    assert (np.argmax(depth) + 1) * 0.1 == pytest.approx(20.0 * math.log(2.0), abs=0.1)
    assert depth.max() == pytest.approx(100.0 / 200.0 * 20.0 * 0.25, rel=1e-4)


def test_a_delta_synapse_moves_the_potential_by_its_weight():
    quiet = delivered("LIF_DELTA", "BRUNEL", 50, 0.1, {})
    assert np.all(quiet.v == 0.0)
    trace = delivered("LIF_DELTA", "BRUNEL", 50, 0.1, {(0, 20): 5.0, (0, 30): -2.0})
    decay = math.exp(-0.1 / 20.0)
    assert trace.v[20] == pytest.approx(5.0 * decay, abs=1e-5)
    assert trace.v[30] == pytest.approx((5.0 * decay**10 - 2.0) * decay, abs=1e-5)


def test_a_delta_synapse_that_reaches_the_threshold_fires_at_once():
    trace = delivered("LIF_DELTA", "BRUNEL", 60, 0.1, {(0, 20): 20.0})
    assert np.flatnonzero(trace.fired).tolist() == [20]
    assert np.all(trace.v[20:40] == 10.0) and trace.v[40] < 10.0      # held for 2 ms from the jump on


def test_a_delta_synapse_on_a_refractory_neuron_is_lost():
    plain = delivered("LIF_DELTA", "BRUNEL", 60, 0.1, {(0, 20): 25.0})
    more = delivered("LIF_DELTA", "BRUNEL", 60, 0.1, {(0, 20): 25.0, (0, 30): 8.0})
    assert plain.fired.sum() == more.fired.sum() == 1
    assert np.array_equal(plain.v, more.v)


def test_a_conductance_pulls_the_potential_to_its_reversal():
    """nS held open: the cell's own exponential towards the weighted mean of its reversal potentials."""
    steps, dt = 400, 0.1
    arrived = np.zeros((2, steps), np.float32)
    arrived[1] = 100.0
    trace = run_cell("LIF_CONDUCTANCE", "COBA", np.zeros(steps, np.float32), dt, arrived=arrived)
    assert trace.v[-1] == pytest.approx(-70.0, abs=0.05)
    assert trace.v.min() >= -70.0


def test_the_rate_of_the_benchmark_cell_is_its_closed_form():
    """COBA's cell under 250 pA: RI = 25 mV of 10 mV needed, tau 20 ms, 5 ms refractory."""
    trace = run_cell("LIF_CONDUCTANCE", "COBA", current_steps(1000.0, 0.1, (0, 1000, 250)), 0.1)
    assert np.diff(trace.spikes_ms).mean() == pytest.approx(5.0 + 20.0 * math.log(25.0 / 15.0), abs=2e-3)
