"""Thalamus: spindles that come and go, and the slow rhythm without GABA-A (Destexhe et al. 1996)."""

import numpy as np
import pytest

from tests.phenomena.observed import observe

KEY = "THALAMUS_TC_TRN"
WINDOW_MS = 8000.0


def spindles(thalamus):
    """(start, stop) in ms of the stretches in which relay cells fire."""
    busy = thalamus.rate_over_time("TC", 250.0) > 0.3
    edges = np.flatnonzero(np.diff(np.concatenate([[0], busy, [0]]).astype(int)))
    return [(250.0 * a, 250.0 * b) for a, b in zip(edges[::2], edges[1::2], strict=True)]


def rhythm_Hz(thalamus, name, start, stop):
    """The strongest frequency of 2 to 20 Hz between two times."""
    rate = thalamus.rate_over_time(name, 5.0)[int(start / 5.0):int(stop / 5.0)]
    power = np.abs(np.fft.rfft((rate - rate.mean()) * np.hanning(rate.size), 4096)) ** 2
    frequency = np.fft.rfftfreq(4096, 0.005)
    inside = (frequency > 2.0) & (frequency < 20.0)
    return float(frequency[inside][np.argmax(power[inside])])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spindles_of_about_ten_hertz_last_some_seconds_and_end_by_themselves(seed):
    thalamus = observe(KEY, seed, WINDOW_MS)
    found = spindles(thalamus)
    whole = [(a, b) for a, b in found if b - a >= 1000.0]
    assert whole and max(b - a for a, b in found) <= 5500.0
    assert all(8.0 < rhythm_Hz(thalamus, name, a, b) < 14.0 for a, b in whole for name in ("TC", "TRN"))
    silent = 250.0 * np.sum(thalamus.rate_over_time("TC", 250.0) == 0.0)
    assert silent > 1500.0


def test_relay_cells_fire_less_than_reticular_cells_and_in_bursts():
    thalamus = observe(KEY, 1, WINDOW_MS)
    assert thalamus.rate_Hz("TRN") > 2.0 * thalamus.rate_Hz("TC") > 0.5
    times, ids = thalamus.spikes("TRN")
    order = np.lexsort((times, ids))
    intervals = np.diff(times[order])[np.diff(ids[order]) == 0]
    assert np.mean(intervals < 20.0) > 0.5


def test_without_gaba_a_the_rhythm_becomes_slow():
    blocked = observe(KEY, 1, 3000.0, {"gaba_a": 0.0})
    start, stop = max(spindles(blocked), key=lambda each: each[1] - each[0])
    assert stop - start >= 750.0
    assert rhythm_Hz(blocked, "TC", start, stop) < 5.5


def test_an_open_loop_makes_no_spindles():
    opened, closed = (observe(KEY, 1, WINDOW_MS, knobs) for knobs in ({"reticular_output": 0.0}, {}))
    assert opened.rate_Hz("TC") > 0.1
    assert opened.rate_over_time("TC", 50.0).max() < 0.6 * closed.rate_over_time("TC", 50.0).max()
