"""Cerebellar cortex: who fires how much, and who restrains whom (rates in vitro of Geminiani et al. 2024)."""

import numpy as np
import pytest

from tests.phenomena.observed import observe

KEY = "CEREBELLAR_CORTEX_SIMPLE"
PUBLISHED_HZ = {"Granule": 3.4, "Golgi": 11.0, "Purkinje": 47.0, "Basket": 16.0, "Stellate": 13.0}


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_kind_fires_near_its_published_rate(seed):
    cortex = observe(KEY, seed)
    for name, expected in PUBLISHED_HZ.items():
        assert 0.5 * expected < cortex.rate_Hz(name) < 1.6 * expected, name
    assert cortex.rate_Hz("Purkinje") > 2.0 * cortex.rate_Hz("Basket")
    assert cortex.rate_Hz("Golgi") > 2.0 * cortex.rate_Hz("Granule")


def test_adaptive_exponential_cells_fire_near_the_published_rates_too():
    cortex = observe(KEY, 1, 600.0, neuron_model_type="ADEX", **{"excitatory_preset": "TONIC"})
    for name, expected in PUBLISHED_HZ.items():
        assert 0.5 * expected < cortex.rate_Hz(name) < 1.6 * expected, name


def test_purkinje_cells_fire_as_regularly_as_a_clock_and_granule_cells_do_not():
    cortex = observe(KEY)
    assert cortex.cv_isi("Purkinje") < 0.2 < 0.5 < cortex.cv_isi("Granule")


def test_there_are_hundreds_of_granule_cells_for_a_purkinje_cell():
    populations = observe(KEY).populations
    assert 300 < populations["Granule"].size / populations["Purkinje"].size < 600


def test_golgi_cells_hold_the_granule_cells_back_and_molecular_cells_the_purkinje_cells():
    whole = observe(KEY)
    assert observe(KEY, 1, 1000.0, {"golgi_output": 0.0}).rate_Hz("Granule") > 1.7 * whole.rate_Hz("Granule")
    assert observe(KEY, 1, 1000.0, {"molecular_output": 0.0}).rate_Hz("Purkinje") > 1.04 * whole.rate_Hz("Purkinje")


def test_busier_mossy_fibres_drive_granule_and_golgi_cells():
    driven, whole = observe(KEY, 1, 600.0, {"mossy_rate_Hz": 20.0}), observe(KEY)
    assert driven.rate_Hz("Granule") > 4.0 * whole.rate_Hz("Granule")
    assert driven.rate_Hz("Golgi") > 1.5 * whole.rate_Hz("Golgi")


def test_each_granule_cell_has_four_mossy_fibres():
    assert np.all(observe(KEY).in_degrees("Mossy fibres", "Granule") == 4)


def test_a_burst_of_mossy_fibres_excites_granule_and_golgi_cells_while_it_lasts():
    burst = {"kind": "poisson", "populations": ("Mossy fibres",), "rate_Hz": 150.0, "weight_nS": 1e4,
             "start_ms": 300.0, "period_ms": 300.0, "width_ms": 50.0}
    driven = observe(KEY, 1, 1500.0, stimuli=(burst,))
    for name in ("Granule", "Golgi"):
        rate = driven.rate_over_time(name).reshape(-1, 300).mean(axis=0)
        assert rate[:55].mean() > 1.8 * rate[100:].mean(), name
