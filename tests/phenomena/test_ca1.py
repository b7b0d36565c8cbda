"""CA1: theta without rhythmic input, paced by the basket cells (Ferguson et al. 2017; Bezaire et al. 2016)."""

import numpy as np
import pytest

from tests.phenomena.observed import observe

KEY = "HIPPOCAMPUS_CA1_RS_FS"
THETA = (5.0, 10.5)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ca1_makes_theta_by_itself(seed):
    ca1 = observe(KEY, seed)
    for name in ("Pyramidal", "PV"):
        assert THETA[0] < ca1.peak_Hz(name, 2.0, 20.0) < THETA[1]
        assert ca1.modulation(name) > 2.0
    assert ca1.share_of_power("Pyramidal", THETA, (2.0, 20.0)) > 0.4


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_few_pyramidal_cells_fire_in_a_theta_cycle_and_basket_cells_fire_several_times_as_much(seed):
    ca1 = observe(KEY, seed)
    assert 0.5 < ca1.rate_Hz("Pyramidal") < 2.5
    assert ca1.rate_Hz("PV") > 3.0 * ca1.rate_Hz("Pyramidal")


def test_basket_cells_follow_pyramidal_cells_within_five_milliseconds():
    ca1 = observe(KEY)
    pyramidal, basket = (ca1.rate_over_time(name) - ca1.rate_over_time(name).mean() for name in ("Pyramidal", "PV"))
    lags = range(-15, 16)
    overlap = [np.dot(pyramidal[20:-20], basket[20 + lag:basket.size - 20 + lag]) for lag in lags]
    assert 0 <= lags[int(np.argmax(overlap))] <= 5


def test_without_the_basket_cells_output_theta_gives_way_to_slow_common_bursts():
    cut = observe(KEY, knobs={"pv_output": 0.0})
    assert cut.peak_Hz("Pyramidal", 1.0, 20.0) < 4.5
    fullest = [ca1.rate_over_time("Pyramidal", 50.0).max() for ca1 in (cut, observe(KEY))]
    assert fullest[0] > 2.0 * fullest[1]


def test_more_afferent_spikes_make_theta_faster():
    assert observe(KEY, knobs={"afferent_rate_Hz": 1000.0}).peak_Hz("Pyramidal", 2.0, 20.0) > 1.25 * observe(
        KEY).peak_Hz("Pyramidal", 2.0, 20.0)
