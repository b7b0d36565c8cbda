"""Layer 2/3 and layer 4 of the neocortex: sparse irregular firing, and what holds and what drives it."""

import numpy as np
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
    assert loose.rate_Hz("Pyramidal") > 1.7 * held.rate_Hz("Pyramidal")
    assert loose.rate_Hz("Fast spiking") > 4.0 * held.rate_Hz("Fast spiking")


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_layer_4_fires_irregularly_at_the_microcircuits_rates(seed):
    layer = observe(L4, seed, stimuli=())
    assert 2.0 < layer.rate_Hz("Excitatory") < 8.0 and 3.0 < layer.rate_Hz("Inhibitory") < 11.0
    assert layer.rate_Hz("Inhibitory") > layer.rate_Hz("Excitatory")
    assert 0.4 < layer.cv_isi("Excitatory") < 1.0
    assert layer.modulation("Excitatory") < 0.6


@pytest.mark.parametrize("model", ["ADEX", *(pytest.param(model, marks=pytest.mark.slow)        # these compile for long
                                             for model in ("IZHIKEVICH", "HODGKIN_HUXLEY"))])
def test_layer_4_lives_with_other_cells_too(model):
    layer = observe(L4, 1, 500.0, neuron_model_type=model, num_neurons=1415, stimuli=(), dt_ms=0.1)
    assert 1.0 < layer.rate_Hz("Excitatory") < 8.0 and 2.0 < layer.rate_Hz("Inhibitory") < 11.0
    assert layer.cv_isi("Inhibitory", 3) > 0.3 and layer.modulation("Excitatory") < 1.0


def test_the_thalamus_drives_layer_4_and_feed_forward_inhibition_limits_it():
    quiet = observe(L4, 1, 1000.0, {"thalamic_rate_Hz": 0.0}, stimuli=())
    driven = observe(L4, 1, 1000.0, {"thalamic_rate_Hz": 30.0}, stimuli=())
    unlimited = observe(L4, 1, 1000.0, {"thalamic_rate_Hz": 30.0, "thalamic_inhibition": 0.0},
                        stimuli=())
    assert driven.rate_Hz("Excitatory") > 1.3 * quiet.rate_Hz("Excitatory")
    assert unlimited.rate_Hz("Excitatory") > 1.1 * driven.rate_Hz("Excitatory")


def response(layer, name, bin_ms=2.5):
    """The mean rate around the thalamic pulses (of 10 ms, every 500 ms, the first 400 ms after the beginning)."""
    return layer.rate_over_time(name, bin_ms).reshape(-1, round(500.0 / bin_ms)).mean(axis=0)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_thalamic_pulse_makes_layer_4_fire_for_ten_milliseconds_and_then_less_than_before(seed):
    layer = observe(L4, seed, 5000.0)
    pulse = round(400.0 / 2.5)
    for name, factor in (("Excitatory", 2.5), ("Inhibitory", 2.0)):
        rate = response(layer, name)
        before = rate[40:pulse].mean()
        assert rate[pulse:pulse + 6].max() > factor * before, name
        assert rate[pulse + 8:pulse + 12].mean() < 1.05 * before, name
        assert abs(rate[pulse + 16:].mean() / before - 1.0) < 0.25, name
    first = [int(np.argmax(response(layer, name)[pulse:pulse + 8])) for name in ("Excitatory", "Inhibitory")]
    assert max(first) <= 4
