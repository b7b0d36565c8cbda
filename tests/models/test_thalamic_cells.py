"""Thalamic relay and reticular cells against the recomputed results of their published equations (level -20 mV)."""

import numpy as np

from neural_simulator.engine.single_cell import current_steps, run_cell

RELAY, RETICULAR = "HH_THALAMIC_RELAY", "HH_RETICULAR"


def run(key, preset, duration, *pieces):
    dt = 0.025
    return run_cell(key, preset, current_steps(duration, dt, *pieces), dt)


def test_relay_cell_starts_in_its_resting_state():
    trace = run(RELAY, "TC", 500)
    assert np.abs(trace.v + 66.411).max() < 0.01
    for name, value in (("h_T", 0.0155624), ("Ca", 3.19576e-4), ("o_1", 0.1714777), ("o_2", 0.0111843),
                        ("p_1", 6.51938e-4)):
        assert abs(trace.states[name][0] / value - 1.0) < 2e-3, name


def test_relay_cell_does_not_burst_from_rest():
    found = run(RELAY, "TC", 150, (0, 150, 500)).crossings_ms(-20)
    assert np.abs(found - [22.15, 70.08, 121.25]).max() < 0.2


def test_relay_cell_has_its_rheobase():
    assert run(RELAY, "TC", 1000, (0, 1000, 350)).crossings_ms(-20).size == 0
    assert run(RELAY, "TC", 1000, (0, 1000, 355)).crossings_ms(-20).size >= 1


def test_reticular_cell_rests_at_its_published_potential():
    trace = run(RETICULAR, "TRN", 1000)
    assert np.abs(trace.v + 89.58).max() < 0.01
    assert abs(trace.states["Ca"][-1] / 2.454425e-4 - 1.0) < 1e-3


def test_reticular_cell_answers_a_pulse_with_an_accelerating_and_decelerating_burst():
    found = run(RETICULAR, "TRN", 300, (0, 10, 300)).crossings_ms(-20)
    assert 30 <= found.size <= 32                                    # 31 in the exact solution
    intervals = np.diff(found)
    assert abs(found[0] - 21.64) < 0.05
    assert abs(intervals[0] - 2.08) < 0.02 and abs(intervals.min() - 1.70) < 0.02
    assert 0 < intervals.argmin() < 15 and intervals[-1] > 8.0


def test_reticular_cell_has_its_burst_rheobase():
    assert run(RETICULAR, "TRN", 1000, (0, 1000, 43)).crossings_ms(-20).size == 0
    assert run(RETICULAR, "TRN", 1000, (0, 1000, 45)).crossings_ms(-20).size > 10


def test_reticular_cell_does_not_rebound():
    trace = run(RETICULAR, "TRN", 1000, (0, 500, -100))
    assert abs(trace.v[round(500 / trace.dt_ms) - 1] + 104.011) < 0.02
    assert trace.crossings_ms(-20).size == 0
