"""Striatum: spiny cells nearly silent under cortical drive, and what interneurons and dopamine do to them."""

import pytest

from tests.phenomena.observed import observe

KEY = "BASAL_GANGLIA_STRIATUM"
WINDOW_MS = 3000.0


def run(seed=1, **knobs):
    return observe(KEY, seed, WINDOW_MS, knobs)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_spiny_cells_fire_below_one_hertz_and_interneurons_at_some_twenty(seed):
    striatum = run(seed)
    for name in ("D1", "D2"):
        assert 0.02 < striatum.rate_Hz(name) < 1.0
    assert 10.0 < striatum.rate_Hz("FSI") < 40.0
    assert striatum.cv_isi("D2") > 0.5


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dopamine_turns_the_balance_from_d2_to_d1(seed):
    without, full = run(seed, dopamine=0.0), run(seed, dopamine=1.0)
    assert full.rate_Hz("D1") > 3.0 * without.rate_Hz("D1")
    assert full.rate_Hz("D2") < 0.6 * without.rate_Hz("D2")
    assert without.rate_Hz("D2") > without.rate_Hz("D1") and full.rate_Hz("D1") > full.rate_Hz("D2")


def test_spiny_cells_are_restrained_by_the_interneurons():
    whole, cut = run(), run(interneuron_output=0.0)
    assert cut.rate_Hz("D1") + cut.rate_Hz("D2") > 1.3 * (whole.rate_Hz("D1") + whole.rate_Hz("D2"))


def test_a_busier_cortex_drives_both_kinds():
    driven, whole = run(cortical_rate_Hz=4.0), run()
    for name in ("D1", "D2", "FSI"):
        assert driven.rate_Hz(name) > 1.3 * whole.rate_Hz(name)
