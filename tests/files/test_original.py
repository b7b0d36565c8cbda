"""Profiles of the earlier program: what means the same is taken over, the rest is named, nothing is guessed."""

import json
import math

import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.files import original
from neural_simulator.files.profiles import list_profiles, load_profile, save_profile
from neural_simulator.network.plan import make_plan


def profile(tmp_path, core=None, view=None, opengl=None, filters=None, runtime=None, flat=False):
    """Write a profile as the earlier program did, and load it."""
    core = {"num_neurons": 1000, "seed": -1, **(core or {})}
    simulation = {**core, **(view or {}), **(runtime or {})} if flat else {
        "core_config": core, "viz_config": view or {}, "runtime_state": runtime or {}}
    path = tmp_path / "old.json"
    path.write_text(json.dumps({
        "simulation_configuration": simulation,
        "gui_configuration": {"filter_settings": filters or {}, "opengl_visualization_settings": opengl or {}}}))
    return load_profile(path)


@pytest.mark.parametrize("flat", [True, False])
def test_what_means_the_same_is_taken_over(tmp_path, flat):
    loaded = profile(tmp_path, {
        "num_neurons": 700, "connections_per_neuron": 60, "num_traits": 4, "seed": 11, "dt_ms": 0.5,
        "total_simulation_time_ms": 5000, "inhibitory_trait_index": 2, "syn_reversal_potential_e": 5.0,
        "syn_tau_g_i": 12.0, "enable_watts_strogatz": True, "connectivity_k": 11, "connectivity_p_rewire": 0.2,
        "neuron_model_type": "IZHIKEVICH"}, {"camera_fov": 60.0, "viz_update_interval_steps": 5}, flat=flat)
    core = loaded.core
    assert (core.num_neurons, core.connections_per_neuron, core.num_traits, core.seed) == (700, 60, 4, 11)
    assert (core.dt_ms, core.total_simulation_time_ms, core.inhibitory_trait_indices) == (0.5, 5000.0, (2,))
    assert (core.e_ampa_mV, core.tau_gaba_a_ms, core.connectivity_k, core.connectivity_p_rewire) == (5.0, 12.0, 12, 0.2)
    assert core.enable_watts_strogatz and (loaded.view.field_of_view_deg, loaded.view.update_interval_steps) == (60, 5)
    assert loaded.device == GPUConfig() and loaded.notes == () and loaded.name == "old"
    make_plan(core, 11)


def test_the_view_of_the_two_windows_is_taken_over(tmp_path):
    loaded = profile(tmp_path, {"dt_ms": 0.5}, opengl={
        "POINT_SIZE": 3, "MAX_CONNECTIONS_TO_RENDER": 10_000_000, "ACTIVITY_HIGHLIGHT_FRAMES": 14,
        "ENABLE_SYNAPTIC_PULSES": False, "INACTIVE_NEURON_OPACITY": 0.25},
        filters={"spiking_mode": "Show Only Spiking", "show_synapses_cb": False})
    view = loaded.view
    assert (view.point_size, view.activity_decay_ms, view.inactive_opacity) == (3.0, 7.0, 0.25)
    assert view.spiking_mode == "only"
    assert not view.show_pulses and not view.show_synapses and view.max_synapses_drawn == 200_000
    assert loaded.notes == ()


def test_a_network_without_inhibition_stays_one(tmp_path):
    assert profile(tmp_path, {"enable_inhibitory_neurons": False}).core.inhibitory_trait_indices == ()
    assert profile(tmp_path, {"inhibitory_trait_indices": [1, 3]}).core.inhibitory_trait_indices == (1, 3)


def test_its_noise_has_the_strength_that_it_really_had(tmp_path):
    core = profile(tmp_path, {"enable_ou_process": True, "ou_std_current_pA": 100.0, "ou_tau_ms": 15.0}).core
    assert core.noise_sigma_pA == pytest.approx(100.0 / math.sqrt(2.0)) and core.noise_tau_ms == 15.0
    off = profile(tmp_path, {"enable_ou_process": False, "ou_std_current_pA": 100.0})
    assert off.core.noise_sigma_pA == 0.0 and "ou_std_current_pA" in off.notes[-1]


@pytest.mark.parametrize("preset, cell", [
    ("HH_L5_CORTICAL_PYRAMIDAL_RS", "RS"), ("HH_THALAMIC_RELAY_TBURST", "TC"), ("HH_GPE_PACEMAKER", "GPE"),
    ("HH_EXCITATORY_DEFAULT_LEGACY", "SQUID")])
def test_hodgkin_huxley_cells_are_found_and_get_a_time_step_that_they_can_bear(tmp_path, preset, cell):
    loaded = profile(tmp_path, {"neuron_model_type": "HODGKIN_HUXLEY", "default_neuron_type_hh": preset, "dt_ms": 1.0})
    assert loaded.core.excitatory_preset == cell and loaded.core.dt_ms <= 0.1
    assert any("dt_ms is" in note and "in place of 1 ms" in note for note in loaded.notes)
    make_plan(loaded.core, 1)


def test_the_single_adex_cell_is_that_of_all_populations(tmp_path):
    loaded = profile(tmp_path, {"neuron_model_type": "ADEX", "adex_C": 281.0, "adex_a": 6.0, "dt_ms": 0.1})
    core = loaded.core
    assert core.excitatory_preset == core.inhibitory_preset == "BRETTE_GERSTNER"
    assert core.excitatory_parameters == core.inhibitory_parameters == {"a": 6.0} and loaded.notes == ()
    make_plan(core, 1)


def test_what_has_no_counterpart_is_named(tmp_path):
    loaded = profile(tmp_path, {"propagation_strength": 0.05, "izh_C_val": 100.0, "homeostasis_target_rate": 0.02,
                                "enable_structural_plasticity": True},
                     opengl={"FIRING_NEURON_COLOR": [1, 1, 0, 1]})
    assert loaded.notes == ("This program has no setting of the same meaning for: propagation_strength, izh_C_val, "
                            "homeostasis_target_rate, enable_structural_plasticity, FIRING_NEURON_COLOR.",)


def test_a_value_that_is_not_accepted_is_named_with_the_reason(tmp_path):
    loaded = profile(tmp_path, {"num_traits": 40, "connections_per_neuron": "many"})
    assert loaded.core.num_traits == 5 and loaded.core.connections_per_neuron == 100
    assert any("num_traits is not taken over: " in note and "between 1 and 10" in note for note in loaded.notes)
    assert any("connections_per_neuron is not taken over: 'many' is not a whole number" in n for n in loaded.notes)


def test_a_structure_that_is_not_there_is_named(tmp_path):
    known = profile(tmp_path, {"neural_profile_name": "HIPPOCAMPUS_CA1_RS_FS"})
    assert known.core.neural_structure_profile == "HIPPOCAMPUS_CA1_RS_FS"
    unknown = profile(tmp_path, {"neural_profile_name": "ATLANTIS"})
    assert unknown.core.neural_structure_profile == "GENERIC_UNSTRUCTURED"
    assert unknown.notes == ("This version has no structure 'ATLANTIS'; the generic network takes its place.",)


@pytest.mark.parametrize("spoiled, said", [
    ({"core": {"num_neuron": 5}}, "num_neuron is unknown; the nearest known key is core_config.num_neurons"),
    ({"view": {"camera_fow": 5}}, "nearest known key is viz_config.camera_fov"),
    ({"opengl": {"POINT_SIZES": 5}}, "nearest known key is opengl_visualization_settings.POINT_SIZE"),
    ({"core": {"neuron_model_type": "FITZHUGH"}}, "neuron_model_type is 'FITZHUGH', but must be one of IZHIKEVICH"),
])
def test_a_key_that_nobody_knows_is_an_error_with_the_nearest_one(tmp_path, spoiled, said):
    with pytest.raises(ConfigurationError, match=said):
        profile(tmp_path, **spoiled)


@pytest.mark.parametrize("document", [
    {"simulation_configuration": 5}, {"simulation_configuration": {"core_config": []}},
    {"simulation_configuration": {}, "gui_configuration": 5}, {"simulation_configuration": {}, "gui": {}},
    {"simulation_configuration": {"core_config": {"neuron_model_type": ["x"]}}},
    {"simulation_configuration": {"core_config": {"inhibitory_trait_index": "x"}}},
    {"simulation_configuration": {"core_config": {"connectivity_k": [1], "dt_ms": {}, "seed": None}}},
    {"simulation_configuration": {"core_config": {"neural_profile_name": {}, "default_neuron_type_hh": 5}}}])
def test_any_document_is_read_or_refused_in_a_sentence(tmp_path, document):
    path = tmp_path / "old.json"
    path.write_text(json.dumps(document))
    try:
        loaded = load_profile(path)
    except ConfigurationError as error:
        assert str(error).startswith("old.json: ") and str(error).endswith(".")
    else:
        assert loaded.notes or loaded.core == CoreSimConfig()


def test_it_is_listed_and_saved_in_the_layout_of_this_program(tmp_path):
    loaded = profile(tmp_path, {"num_neurons": 321}, runtime={"neuron_positions_x": [1.5] * 20_000})
    entry, = list_profiles(tmp_path)
    assert (entry.name, entry.problem) == ("old", "")
    save_profile(loaded, tmp_path / "new.json")
    again = load_profile(tmp_path / "new.json")
    assert again.core == loaded.core and again.notes == ()


def test_no_name_of_the_earlier_program_is_in_two_places():
    places = [original._CORE, original._VIEW, original._RUNTIME, original._FILTER, original._OPENGL]
    names = [name for place in places for name in place]
    assert len(names) == len(set(names)) and len(original._CORE) == 113
