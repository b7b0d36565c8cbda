"""CA3: sharp waves, with a ripple in the basket cells (Ecker et al. 2022)."""

import numpy as np
import pytest

from tests.phenomena.observed import observe

KEY = "HIPPOCAMPUS_CA3_RECURRENT"
WINDOW_MS = 3000.0


def quiet_share(ca3):
    """Share of the time (bins of 20 ms) in which pyramidal cells fire below 1 Hz."""
    return float(np.mean(ca3.rate_over_time("Pyramidal", 20.0) < 1.0))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_silence_and_sharp_waves_take_turns(seed):
    ca3 = observe(KEY, seed, WINDOW_MS)
    rate = ca3.rate_over_time("Pyramidal", 20.0)
    assert 0.15 < quiet_share(ca3) < 0.9
    assert np.percentile(rate, 97) > 4.0
    active = np.flatnonzero(np.diff(np.concatenate([[0], rate > 2.0, [0]]).astype(int)))
    longest_ms = 20.0 * np.max(active[1::2] - active[::2])
    assert 100.0 <= longest_ms < 1500.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_in_a_sharp_wave_both_kinds_fire_at_the_published_rates_and_basket_cells_make_a_ripple(seed):
    ca3 = observe(KEY, seed, WINDOW_MS)
    wave = ca3.rate_over_time("Pyramidal", 20.0) > 2.0
    assert wave.mean() > 0.1
    assert 2.5 < ca3.rate_over_time("Pyramidal", 20.0)[wave].mean() < 6.0           # published: 3.5 Hz
    assert 40.0 < ca3.rate_over_time("PV basket", 20.0)[wave].mean() < 90.0         # published: 65 Hz
    assert 150.0 < ca3.peak_Hz("PV basket", 80.0, 450.0) < 220.0


def test_a_sharp_wave_runs_along_the_sheet():
    ca3 = observe(KEY, 1, WINDOW_MS)
    rate = ca3.rate_over_time("Pyramidal", 20.0)
    times, ids = ca3.spikes("Pyramidal")
    places = ca3.positions[ids, 0]
    waves = [(t, t + 60.0) for t in 20.0 * np.flatnonzero(rate > 5.0)]
    slopes = [abs(np.corrcoef(times[inside], places[inside])[0, 1]) for start, stop in waves
              for inside in [(times >= start) & (times < stop)] if inside.sum() > 50]
    assert len(slopes) > 5 and np.max(slopes) > 0.5


def test_weaker_recurrent_synapses_make_no_sharp_waves():
    ca3 = observe(KEY, 1, WINDOW_MS, {"recurrent_weight": 0.8})
    assert quiet_share(ca3) > 0.97 and ca3.rate_Hz("Pyramidal") > 0.02


def test_without_inhibition_it_seizes():
    ca3 = observe(KEY, 1, 300.0, {"basket_output": 0.0})           # the first wave does not end
    assert ca3.rate_Hz("Pyramidal") > 30.0
