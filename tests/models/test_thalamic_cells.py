"""Thalamic relay and reticular cells against the recomputed results of their published equations (level -20 mV)."""

import numpy as np
import pytest

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


@pytest.mark.parametrize("current, count, interval", [
    (400, 10, 104.5), (500, 20, 50.68), (600, 29, 34.85), (750, 41, 24.29), (1000, 60, 16.58), (1500, 94, 10.61),
    (2000, 124, 8.07)])
def test_relay_cell_fires_tonically_when_depolarised(current, count, interval):
    found = run(RELAY, "TC", 1000, (0, 1000, current)).crossings_ms(-20)
    assert found.size == count
    assert abs(np.diff(found)[-1] / interval - 1.0) < 2e-3


def test_relay_cell_does_not_burst_from_rest():
    found = run(RELAY, "TC", 150, (0, 150, 500)).crossings_ms(-20)
    assert np.abs(found - [22.15, 70.08, 121.25]).max() < 0.2


def test_relay_cell_has_its_rheobase():
    assert run(RELAY, "TC", 1000, (0, 1000, 350)).crossings_ms(-20).size == 0
    assert run(RELAY, "TC", 1000, (0, 1000, 355)).crossings_ms(-20).size >= 1


def test_relay_cell_sags_and_rebounds_with_a_burst():
    trace = run(RELAY, "TC", 1000, (0, 500, -100))
    during = trace.v[:round(500 / trace.dt_ms)]
    assert abs(during.min() + 90.836) < 0.02
    assert abs(during[-1] + 82.018) < 0.02
    found = trace.crossings_ms(-20) - 500
    assert found.size == 7
    assert np.abs(found - [18.19, 20.30, 22.75, 25.55, 28.81, 32.92, 39.06]).max() < 0.3


def test_relay_cell_oscillates_in_the_delta_range():
    """Bursts of two spikes, 238.6 to 239.5 ms apart."""
    trace = run(RELAY, "TC_DELTA", 12_000)
    found = trace.crossings_ms(-20)
    found = found[found > 10_000]
    starts = found[1:][np.diff(found) > 100]
    assert starts.size >= 6
    assert found.size == 2 * (starts.size + (np.diff(found)[0] < 100))
    assert np.diff(starts).min() > 238.0 and np.diff(starts).max() < 240.0


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


@pytest.mark.parametrize("current, interval", [(200, 33.48), (300, 19.94), (400, 14.31), (500, 11.32), (700, 8.29),
                                               (1000, 6.28), (1500, 4.83)])
def test_reticular_cell_fires_tonically_after_its_burst(current, interval):
    found = run(RETICULAR, "TRN", 1000, (0, 1000, current)).crossings_ms(-20)
    assert abs(np.diff(found)[-1] / interval - 1.0) < 3e-3


def test_reticular_cell_does_not_rebound():
    trace = run(RETICULAR, "TRN", 1000, (0, 500, -100))
    assert abs(trace.v[round(500 / trace.dt_ms) - 1] + 104.011) < 0.02
    assert trace.crossings_ms(-20).size == 0
