"""Further cells of the 2007 model and its state-dependent form, against exact solutions (DOP853 with events).

The regular and fast spiking cells of the book have tests of their own.
"""

import numpy as np
import pytest

from neural_simulator.engine.single_cell import current_steps, run_cell

PLAIN, EXTENDED = "IZHIKEVICH", "IZHIKEVICH_EXTENDED"


def spikes(key, preset, duration, *pieces, dt=0.1):
    """Spike times inside their steps: `carry` is the time from the spike to the end of its step."""
    trace = run_cell(key, preset, current_steps(duration, dt, *pieces), dt)
    steps = np.flatnonzero(trace.fired)
    return (steps + 1) * dt - trace.states["carry"][steps]


def constant(key, preset, duration, current, dt=0.1):
    return spikes(key, preset, duration, (0, duration, current), dt=dt)


@pytest.mark.parametrize("preset, duration, current, expected", [
    ("IB", 600, 290, []),
    ("IB", 600, 370, [36.112, 232.903, 464.648]),
    ("IB", 600, 500, [20.768, 36.907, 119.452, 214.805, 308.406, 402.127, 495.839, 589.551]),
    ("CH", 210, 200, [14.896, 19.166, 108.233, 113.395, 204.393, 209.555]),
    ("CH", 210, 300, [7.433, 10.326, 16.119, 67.075, 71.026, 119.419, 123.370, 171.763, 175.715]),
])
def test_cortical_cells_fire_at_the_exact_times(preset, duration, current, expected):
    found = constant(PLAIN, preset, duration, current)
    assert found.size == len(expected)
    assert np.abs(found - expected).max(initial=0.0) < 0.15


@pytest.mark.parametrize("preset, current, count, first, last_interval", [
    ("MSN", 300, 0, None, None), ("MSN", 350, 2, 647.7, None), ("MSN", 400, 7, 343.25, 100.05),
    ("MSN", 500, 16, 151.39, 54.24), ("MSN_HUMPHRIES", 300, 8, 388.10, 79.38),
    ("MSN_HUMPHRIES", 400, 23, 139.90, 38.73), ("CA3", 150, 7, 24.58, 159.8), ("CA3", 200, 14, 14.97, 80.7),
    ("CA3", 300, 30, 9.35, 17.7), ("DG", 150, 18, 27.30, 62.8), ("DG", 200, 52, 17.22, 19.7),
    ("DG", 300, 99, 10.92, 10.3)])
def test_striatal_and_hippocampal_cells_have_their_rates(preset, current, count, first, last_interval):
    check(constant(PLAIN, preset, 1000, current, dt=0.05), count, first, last_interval)


@pytest.mark.parametrize("preset, current, count, first, last_interval", [
    ("CA1_STRONG", 20, 4, None, None), ("CA1_STRONG", 50, 9, 21.03, 194.5), ("CA1_STRONG", 100, 17, 13.00, 100.1),
    ("CA1_STRONG", 200, 33, 8.26, 50.5), ("CA1_WEAK", 50, 0, None, None), ("CA1_WEAK", 100, 9, 52.06, 144.8),
    ("CA1_WEAK", 200, 22, 25.49, 55.3), ("PV", 129, 0, None, None), ("PV", 150, 24, 37.66, 40.33),
    ("PV", 200, 53, 16.54, 18.89), ("PV", 400, 134, 5.98, 7.47)])
def test_ca1_cells_have_their_rates(preset, current, count, first, last_interval):
    check(constant(EXTENDED, preset, 1000, current, dt=0.05), count, first, last_interval, slack=1)


def check(found, count, first, last_interval, slack=0):
    assert abs(found.size - count) <= slack
    if first is not None:
        assert abs(found[0] - first) < 0.1
    if last_interval is not None:
        assert abs(np.diff(found)[-1] / last_interval - 1.0) < 7e-3


@pytest.mark.parametrize("preset, duration, current, count, expected", [
    ("LTS", 320, 100, 1, [41.129]),
    ("LTS", 320, 125, 4, [27.625, 111.821, 204.783, 297.497]),
    ("LTS", 320, 200, 10, [16.453, 36.182, 63.300, 97.999, 134.338, 170.603, 206.874]),
    ("LTS", 320, 300, 22, [11.594, 23.221, 35.597, 48.620]),
    ("TC", 650, 50, 3, [132.509, 319.216, 515.270]),
    ("TC", 650, 100, 11, [44.654, 93.713, 147.210, 203.250, 260.598]),
    ("TC", 650, 150, 17, [30.476, 62.636, 97.167, 133.382]),
    ("RTN", 650, 50, 4, [38.129, 222.341, 413.634, 604.925]),
    ("RTN", 650, 70, 6, [24.377, 113.104, 223.082, 332.709]),
    ("RTN", 650, 110, 11, [15.357, 35.835, 94.318, 157.476]),
])
def test_state_dependent_cells_fire_at_the_exact_times(preset, duration, current, count, expected):
    found = constant(EXTENDED, preset, duration, current)
    assert found.size == count
    assert np.abs(found[:len(expected)] - expected).max() < 0.2


def test_thalamic_cells_rebound_with_a_burst_after_hyperpolarisation():
    relay = spikes(EXTENDED, "TC", 300, (0, 120, -1200))
    assert np.abs(relay - [162.221, 176.075, 196.974, 246.704]).max() < 0.2
    reticular = spikes(EXTENDED, "RTN", 300, (0, 120, -350), (120, 300, 30))
    assert np.abs(reticular - [132.331, 143.037, 171.066]).max() < 0.1
