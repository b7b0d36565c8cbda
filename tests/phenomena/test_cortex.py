"""Layer 2/3 and layer 4 of the neocortex: sparse irregular firing, and what holds and what drives it."""

import pytest

from tests.phenomena.observed import observe

L23, L4 = "CORTEX_L23_RS_FS", "CORTEX_L4_INPUT_LAYER"


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_layer_2_3_fires_seldom_irregularly_and_more_in_its_fast_spiking_cells(seed):
    column = observe(L23, seed)
    assert 0.3 < column.rate_Hz("Pyramidal") < 2.5
    assert 2.0 * column.rate_Hz("Pyramidal") < column.rate_Hz("Fast spiking") < 20.0
    assert column.cv_isi("Fast spiking") > 0.5
    assert column.modulation("Pyramidal") < 0.7


@pytest.mark.parametrize("rate", [120.0, 240.0, 480.0])
def test_fast_spiking_cells_fire_more_than_pyramidal_cells_at_every_input(rate):
    column = observe(L23, 1, 800.0, {"afferent_rate_Hz": rate})
    assert column.rate_Hz("Fast spiking") > 1.5 * column.rate_Hz("Pyramidal") > 0.2


def test_layer_2_3_is_held_by_its_fast_spiking_cells():
    held, loose = observe(L23), observe(L23, 1, 800.0, {"fast_spiking_output": 0.0})
    assert loose.rate_Hz("Pyramidal") > 2.0 * held.rate_Hz("Pyramidal")
    assert loose.rate_Hz("Fast spiking") > 4.0 * held.rate_Hz("Fast spiking")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_layer_4_fires_irregularly_at_the_microcircuits_rates(seed):
    layer = observe(L4, seed)
    assert 2.0 < layer.rate_Hz("Excitatory") < 8.0 and 3.0 < layer.rate_Hz("Inhibitory") < 11.0
    assert layer.rate_Hz("Inhibitory") > layer.rate_Hz("Excitatory")
    assert 0.4 < layer.cv_isi("Excitatory") < 1.0
    assert layer.modulation("Excitatory") < 0.6


def test_the_thalamus_drives_layer_4_and_feed_forward_inhibition_limits_it():
    quiet = observe(L4, 1, 1000.0, {"thalamic_rate_Hz": 0.0})
    driven = observe(L4, 1, 1000.0, {"thalamic_rate_Hz": 30.0})
    unlimited = observe(L4, 1, 1000.0, {"thalamic_rate_Hz": 30.0, "thalamic_inhibition": 0.0})
    assert driven.rate_Hz("Excitatory") > 1.3 * quiet.rate_Hz("Excitatory")
    assert unlimited.rate_Hz("Excitatory") > 1.1 * driven.rate_Hz("Excitatory")
