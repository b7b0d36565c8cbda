"""STN-GPe: a stronger striatal inhibition of the GPe sets the loop beating in the beta band (Kumar et al. 2011)."""

import pytest

from tests.phenomena.observed import observe

KEY = "BASAL_GANGLIA_STN_GPE"
DEPLETED = {"striatal_events_Hz": 600.0}
BETA = (13.0, 30.0)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_healthy_loop_is_asynchronous_at_the_rates_of_the_rat(seed):
    loop = observe(KEY, seed)
    assert 2.0 < loop.rate_Hz("STN") < 15.0
    assert 20.0 < loop.rate_Hz("GPe") < 45.0
    assert loop.modulation("GPe") < 0.35


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_more_striatal_inhibition_sets_it_beating_in_the_beta_band(seed):
    loop, healthy = observe(KEY, seed, knobs=DEPLETED), observe(KEY, seed)
    for name in ("STN", "GPe"):
        assert BETA[0] < loop.peak_Hz(name, 5.0, 100.0) < BETA[1]
        assert loop.share_of_power(name, BETA, (5.0, 100.0)) > 0.6
    assert loop.modulation("GPe") > 0.6 and loop.modulation("GPe") > 2.0 * healthy.modulation("GPe")
    assert loop.rate_Hz("STN") > 2.0 * healthy.rate_Hz("STN")
    assert loop.rate_Hz("GPe") < 0.95 * healthy.rate_Hz("GPe")


def test_a_shorter_loop_beats_faster():
    slow, fast = (observe(KEY, knobs={**DEPLETED, "loop_delay_ms": delay}) for delay in (6.0, 3.0))
    assert fast.peak_Hz("GPe", 5.0, 100.0) > 1.15 * slow.peak_Hz("GPe", 5.0, 100.0)


def test_a_cut_loop_does_not_beat():
    cut = observe(KEY, knobs={**DEPLETED, "loop_weight": 0.0})
    assert cut.rate_Hz("GPe") > 5.0
    assert cut.share_of_power("GPe", BETA, (5.0, 100.0)) < 0.35
