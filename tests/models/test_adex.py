"""AdEx cells against exact solutions of their equations (DOP853 with events) and against NEST."""

import numpy as np

from neural_simulator.engine.single_cell import current_steps, run_cell

CURRENTS = {"TONIC": 500, "ADAPTING": 500, "INITIAL_BURST": 400, "REGULAR_BURSTING": 210, "DELAYED_ACCELERATING": 300,
            "DELAYED_BURSTING": 110, "TRANSIENT": 180, "IRREGULAR": 160}


def spikes(preset, current, duration=600.0, dt=0.1, custom=None):
    """Spike times inside their steps: `wait` holds the time from the spike to the end of its step, negative."""
    trace = run_cell("ADEX", preset, current_steps(duration, dt, (0, duration, current)), dt, custom)
    steps = np.flatnonzero(trace.fired)
    t_ref = (custom or {}).get("t_ref", 0.0)
    return (steps + 1) * dt + trace.states["wait"][steps] - t_ref


def pattern(preset, dt=0.1):
    return spikes(preset, CURRENTS[preset], dt=dt)


def test_irregular_cell_is_irregular():
    """Chaotic: no list of times, but a count and a variation of the intervals."""
    for dt in (0.1, 0.05):
        found = pattern("IRREGULAR", dt)
        intervals = np.diff(found)
        assert 28 <= found.size <= 38
        assert intervals.std() / intervals.mean() > 0.3


def test_spike_times_hardly_depend_on_the_step():
    """Second order with the spike at its place in the step: 0.5 ms is still accurate to a tenth of a step."""
    for preset in ("ADAPTING", "REGULAR_BURSTING", "INITIAL_BURST"):
        fine, coarse = pattern(preset, 0.05), pattern(preset, 0.5)
        assert fine.size == coarse.size
        assert np.abs(fine - coarse).mean() < 0.05


def test_published_cell_fires_as_in_nest():
    """NEST's aeif_cond_exp has the published values but resets to -60 mV."""
    found = spikes("BRETTE_GERSTNER", 1000, 185, custom={"V_r": -60.0})
    assert np.abs(found - [11.80, 21.42, 32.94, 47.06, 64.71, 86.89, 114.04, 145.27, 178.91]).max() < 0.02


def test_refractory_period_is_exact_in_time():
    custom = {"t_ref": 1.7}
    trace = run_cell("ADEX", "BRETTE_GERSTNER", current_steps(200, 0.1, (0, 200, 1200)), 0.1, custom)
    steps = np.flatnonzero(trace.fired)
    assert steps.size > 5
    for step in steps[:-1]:
        end = trace.states["wait"][step]                      # what remains at the end of the spike's step
        held = trace.v[step:step + 20] == np.float32(-70.6)
        assert held.sum() == 1 + int(np.floor(end / 0.1 + 1e-4))
    # an extra refractory period delays each interval by itself: leak and adaptation start from the same state
    free = spikes("BRETTE_GERSTNER", 1000, 100, custom={"a": 0.0, "b": 0.0})
    with_pause = spikes("BRETTE_GERSTNER", 1000, 100, custom={"a": 0.0, "b": 0.0, "t_ref": 1.7})
    assert np.abs(np.diff(with_pause) - np.diff(free)[0] - 1.7).max() < 2e-3


def test_leak_and_synapses_are_exact_at_any_step():
    """Far below threshold only the linear part acts, and the potential follows its exponential."""
    custom = {"a": 0.0, "b": 0.0, "E_L": -70.0, "V_r": -70.0}
    dt, steps = 0.5, 100
    v = run_cell("ADEX", "BRETTE_GERSTNER", np.full(steps, -300.0), dt, custom).v
    time = dt * np.arange(1, steps + 1)
    exact = -70.0 - 10.0 * (1.0 - np.exp(-time * 30.0 / 281.0))
    assert np.abs(v - exact).max() < 2e-4


def test_fast_spiking_cell_does_not_adapt_and_regular_spiking_cell_does():
    regular = np.diff(spikes("RS", 400, custom={"t_ref": 5.0}))
    fast = np.diff(spikes("FS", 400, custom={"t_ref": 5.0}))
    assert regular.size > 3 and fast.size > 5
    assert regular[-1] > 1.3 * regular[0]
    assert np.ptp(fast) < 1e-3
