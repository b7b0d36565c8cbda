"""Who chooses a model by its plain name finds the cell types of all its relatives."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, model_defaults
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.single_cell import respond
from neural_simulator.gui.fields import cell_parameters, choices, refit
from neural_simulator.models.neurons import FAMILIES, FORMER_NAMES, NEURON_MODELS, cell_type, cell_types
from tests.activity import CPU

# PRODUCT.md, section 3.
ASKED_FOR = ("RS", "FS", "TC", "TRN", "CA1", "CA3", "MSN", "STN_BURST", "GPE", "SQUID", "TRAUB")


def test_hodgkin_huxley_offers_every_cell_of_every_conductance_based_model():
    offered = {(model.key, preset.name) for model, preset in cell_types("HODGKIN_HUXLEY").values()}
    there_are = {(key, preset.name) for key, model in NEURON_MODELS.items()
                 if key.startswith("HH_") or key == "HODGKIN_HUXLEY" for preset in model.presets}
    assert offered == there_are
    assert set(ASKED_FOR) <= set(cell_types("HODGKIN_HUXLEY"))


def test_izhikevich_offers_the_cells_with_state_dependent_thresholds():
    offered = {(model.key, preset.name) for model, preset in cell_types("IZHIKEVICH").values()}
    assert {("IZHIKEVICH_EXTENDED", preset.name) for preset in NEURON_MODELS["IZHIKEVICH_EXTENDED"].presets} <= offered
    assert {"RS", "IB", "CH", "LTS", "FS", "TC", "RTN", "MSN"} <= set(cell_types("IZHIKEVICH"))


def test_family_names_do_not_hide_a_models_own():
    for key, family in FAMILIES.items():
        assert not {preset.name for preset in NEURON_MODELS[key].presets} & set(family)
        for name in family:
            assert cell_type(key, name)[1].name == family[name][1]


@pytest.mark.parametrize("former", FORMER_NAMES)
def test_names_of_the_original_program_still_mean_their_cells(former):
    key = "HODGKIN_HUXLEY" if former.startswith("HH_") else "IZHIKEVICH"
    assert cell_type(key, former) == cell_type(key, FORMER_NAMES[former])


def test_an_unknown_cell_is_refused_with_all_that_there_are():
    with pytest.raises(ConfigurationError, match="no preset 'PURKINJE'.*TRN.*SQUID"):
        cell_type("HODGKIN_HUXLEY", "PURKINJE")


def test_a_network_mixes_two_relatives():
    core = CoreSimConfig(**model_defaults("HODGKIN_HUXLEY")).changed(
        excitatory_preset="TC", inhibitory_preset="TRN", num_neurons=200, connections_per_neuron=40, seed=2,
        external_current_pA=600.0, inhibitory_weight_nS=0.05, connection_length_um=1e9)
    sim = Simulation(core, CPU)
    batch = sim.run(400.0)
    assert {p.model for p in sim.network.populations} == {"HH_THALAMIC_RELAY", "HH_RETICULAR"}
    fired = np.bincount(batch.spike_ids, minlength=200)
    for population in sim.network.populations:
        assert fired[population.start:population.stop].mean() > 1.0, population.name
    sim.close()


def test_the_form_offers_the_family_and_its_parameters():
    core = CoreSimConfig(**model_defaults("HODGKIN_HUXLEY"))
    assert set(ASKED_FOR) <= set(choices(core, "excitatory_preset"))
    relay = refit(core.changed(excitatory_preset="TC"), "excitatory_preset")
    assert "g_h" in {param.name for param, _, _ in cell_parameters(relay, "excitatory_parameters")}
    coarse = CoreSimConfig()
    assert refit(coarse.changed(inhibitory_preset="LTS"), "inhibitory_preset").dt_ms == 0.25
    assert refit(coarse, "inhibitory_preset").dt_ms == 1.0


def test_a_published_pattern_brings_its_own_time_step():
    for preset, dt_ms in (("DAP", 0.1), ("ACCOMMODATION", 0.5), ("TONIC_SPIKING", 0.25), ("RS", 0.25)):
        assert respond("IZHIKEVICH_2003", preset, 100.0, 50.0).trace.dt_ms == dt_ms
    core = CoreSimConfig(**model_defaults("IZHIKEVICH_2003"))
    assert refit(core.changed(excitatory_preset="DAP"), "excitatory_preset").dt_ms == 0.1
