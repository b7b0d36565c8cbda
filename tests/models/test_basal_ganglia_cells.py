"""Striatal, subthalamic and pallidal cells against the recomputed results of their equations (level -20 mV).

100 pA are 1 uA/cm2 on the 10,000 um2 of these cells.
"""

import numpy as np

from neural_simulator.engine.single_cell import current_steps, run_cell


def run(key, preset, duration, *pieces, dt=0.05, start=None):
    return run_cell(key, preset, current_steps(duration, dt, *pieces), dt, start=start)


def settled_rate(trace, after):
    """Mean rate (Hz) of the spikes after `after` ms, 0 where there are less than two."""
    found = trace.crossings_ms(-20)
    found = found[found > after]
    return 1000.0 / np.mean(np.diff(found)) if found.size > 1 else 0.0


def test_medium_spiny_neuron_starts_in_its_resting_state():
    trace = run("HH_STRIATAL", "MSN", 2000)
    assert np.abs(trace.v + 77.421).max() < 0.005
    published = {"h": 0.9867107, "n": 0.01557799, "m_Af": 0.002706316, "h_Af": 0.715817, "m_As": 0.01991218,
                 "h_As": 0.4668977, "m_rp": 0.005011551, "h_rp": 0.7649566, "m_P": 7.083e-5, "m_S": 0.001450868}
    for name, value in published.items():
        assert abs(trace.states[name][0] / value - 1.0) < 1e-3, name


def test_intervals_of_the_medium_spiny_neuron_shorten():
    intervals = np.diff(run("HH_STRIATAL", "MSN", 1000, (0, 1000, 167)).crossings_ms(-20))
    assert np.abs(intervals[:4] - [72.5, 59.7, 53.1, 48.6]).max() < 0.6
    assert (np.diff(intervals) < 0).all()


def test_medium_spiny_neuron_has_its_rheobase():
    assert run("HH_STRIATAL", "MSN", 1000, (0, 1000, 132)).crossings_ms(-20).size == 0
    assert run("HH_STRIATAL", "MSN", 1000, (0, 1000, 134)).crossings_ms(-20).size >= 1


def test_subthalamic_cell_is_blocked_by_too_much_current():
    assert settled_rate(run("HH_SUBTHALAMIC", "STN", 3000, (0, 3000, 20_000)), 1000) == 0.0


def test_subthalamic_cell_rebounds_with_a_burst():
    settled = {"v": -56.85143, "h": 0.5601931, "n": 0.04062269, "r": 0.0096728, "Ca": 0.05067527}
    trace = run("HH_SUBTHALAMIC", "STN", 800, (0, 500, -3000), start=settled)
    assert abs(trace.v[round(500 / trace.dt_ms) - 1] + 72.6) < 0.1
    found = trace.crossings_ms(-20)
    found = found[found > 500] - 500
    assert np.abs(found - [1.0, 24.6, 41.9, 58.6, 77.0]).max() < 0.3


def test_pallidal_cell_without_input_bursts_in_episodes():
    found = run("HH_PALLIDAL", "GPE_EPISODIC", 8000, dt=0.025).crossings_ms(-20)
    intervals = np.diff(found[found > 3000])
    assert intervals.min() < 20.0 and intervals.max() > 300.0
