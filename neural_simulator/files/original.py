"""Profiles of the earlier program of this name: which of their values mean something here, and which do not.

Their layout (never versioned):

    {"simulation_configuration": {"core_config": {...}, "viz_config": {...}, "runtime_state": {...}},
     "gui_configuration": {"filter_settings": {...}, "opengl_visualization_settings": {...}}}

or, older, one flat `simulation_configuration`. A value is taken over where this program has a setting of the same
meaning and accepts it; the others are named. A key that neither program knows is an error with the nearest known one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..base.errors import ConfigurationError
from ..config import (
    CoreSimConfig,
    GPUConfig,
    VisualizationConfig,
    allowed,
    bounds,
    model_defaults,
    structure_defaults,
)
from ..models.neurons import cell_type, neuron_model
from ..models.structures import STRUCTURES
from .keys import refuse_unknown

MARK = "simulation_configuration"
MODELS = ("IZHIKEVICH", "HODGKIN_HUXLEY", "ADEX")

# ---- what the earlier program wrote, by place
_CORE = (
    "total_simulation_time_ms", "dt_ms", "num_neurons", "connections_per_neuron", "num_traits", "seed",
    "neuron_model_type", "default_neuron_type_izh", "default_neuron_type_hh", "neural_profile_name",
    "inhibitory_trait_indices", "hardware_performance_note", "izh_C_val", "izh_k_val", "izh_vr_val", "izh_vt_val",
    "izh_vpeak_val", "izh_a_val", "izh_b_val", "izh_c_val", "izh_d_val", "hh_C_m", "hh_g_Na_max", "hh_g_K_max",
    "hh_g_L", "hh_E_Na", "hh_E_K", "hh_E_L", "hh_v_rest_init", "hh_v_peak", "hh_m_init", "hh_h_init", "hh_n_init",
    "hh_temperature_celsius", "hh_q10_factor", "hh_g_M_max", "hh_g_CaT_max", "hh_E_CaT", "hh_g_h_max", "hh_E_h",
    "hh_g_NaP_max", "hh_m_current_tau_ms", "adex_C", "adex_g_L", "adex_E_L", "adex_V_T", "adex_Delta_T", "adex_a",
    "adex_tau_w", "adex_b", "adex_V_r", "adex_V_peak", "hh_external_drive_scale", "adex_external_drive_scale",
    "enable_parameter_heterogeneity", "heterogeneity_seed", "heterogeneity_distributions",
    "enable_conductance_noise", "conductance_noise_relative_std", "enable_ou_process", "ou_mean_current_pA",
    "ou_std_current_pA", "ou_tau_ms", "ou_seed", "refractory_period_steps", "syn_reversal_potential_e",
    "syn_reversal_potential_i", "syn_tau_g_e", "syn_tau_g_i", "propagation_strength",
    "inhibitory_propagation_strength", "max_synaptic_delay_ms", "enable_inhibitory_neurons",
    "inhibitory_trait_index", "enable_hebbian_learning", "hebbian_learning_rate", "hebbian_max_weight",
    "hebbian_weight_decay", "hebbian_min_weight", "enable_short_term_plasticity", "stp_U", "stp_tau_d",
    "stp_tau_f", "enable_homeostasis", "homeostasis_target_rate", "homeostasis_threshold_min",
    "homeostasis_threshold_max", "homeostasis_threshold_adapt_rate", "homeostasis_ema_alpha",
    "enable_watts_strogatz", "connectivity_k", "connectivity_p_rewire", "enable_stdp", "stdp_a_plus",
    "stdp_a_minus", "stdp_tau_plus_ms", "stdp_tau_minus_ms", "stdp_w_min", "stdp_w_max",
    "stdp_only_nearest_spike", "enable_reward_modulation", "reward_learning_rate", "reward_eligibility_tau_ms",
    "reward_baseline", "current_reward_signal", "enable_structural_plasticity", "struct_plast_formation_rate",
    "struct_plast_elimination_rate", "struct_plast_weight_threshold", "struct_plast_target_density",
    "struct_plast_distance_scale", "struct_plast_update_interval_steps", "struct_plast_distance_kernel",
)
_VIEW = (
    "volume_min_x", "volume_min_y", "volume_min_z", "volume_max_x", "volume_max_y", "volume_max_z",
    "camera_center_x", "camera_center_y", "camera_center_z", "camera_radius", "camera_azimuth_angle",
    "camera_elevation_angle", "camera_up_x", "camera_up_y", "camera_up_z", "camera_fov", "camera_near_clip",
    "camera_far_clip", "mouse_last_x", "mouse_last_y", "mouse_left_button_down", "mouse_right_button_down",
    "viz_update_interval_steps",
)
_RUNTIME = (
    "current_time_ms", "current_time_step", "is_running", "is_paused", "simulation_speed_factor",
    "neuron_positions_x", "neuron_positions_y", "neuron_types_list_for_viz", "max_delay_steps", "actual_seed_used",
)
_FILTER = (
    "spiking_mode", "type_filter_enabled", "selected_neuron_type", "min_abs_weight", "show_synapses_cb",
)
_OPENGL = (
    "WINDOW_WIDTH", "WINDOW_HEIGHT", "POINT_SIZE", "MAX_NEURONS_TO_RENDER", "MAX_CONNECTIONS_TO_RENDER",
    "INACTIVE_NEURON_OPACITY", "FIRING_NEURON_COLOR", "ACTIVITY_HIGHLIGHT_FRAMES", "FOOTER_HEIGHT_PIXELS",
    "SYNAPSE_ALPHA_MODIFIER", "SYNAPSE_BASE_COLOR", "CAMERA_PAN_SPEED_FACTOR", "CAMERA_ROTATE_SPEED_FACTOR",
    "CAMERA_ZOOM_SPEED_FACTOR", "ENABLE_SYNAPTIC_PULSES", "SYNAPTIC_PULSE_COLOR", "SYNAPTIC_PULSE_SIZE",
    "SYNAPTIC_PULSE_MAX_LIFETIME_FRAMES", "CAMERA_FOV_DPG_Snapshot",
)
# What these say is said by others, or is no setting.
_WITHOUT_MEANING = {*_RUNTIME, "hardware_performance_note", "mouse_last_x", "mouse_last_y", "mouse_left_button_down",
                    "mouse_right_button_down", "CAMERA_FOV_DPG_Snapshot", "inhibitory_trait_index",
                    "enable_inhibitory_neurons", "neuron_model_type", "neural_profile_name"}

# ---- where a value goes: name there -> name here
_CORE_NAMES = {"syn_reversal_potential_e": "e_ampa_mV", "syn_reversal_potential_i": "e_gaba_a_mV",
               "syn_tau_g_e": "tau_ampa_ms", "syn_tau_g_i": "tau_gaba_a_ms", "ou_tau_ms": "noise_tau_ms"}
_VIEW_NAMES = {"camera_fov": "field_of_view_deg", "viz_update_interval_steps": "update_interval_steps",
               "POINT_SIZE": "point_size", "MAX_NEURONS_TO_RENDER": "max_neurons_drawn",
               "MAX_CONNECTIONS_TO_RENDER": "max_synapses_drawn", "INACTIVE_NEURON_OPACITY": "inactive_opacity",
               "ENABLE_SYNAPTIC_PULSES": "show_pulses", "SYNAPTIC_PULSE_SIZE": "pulse_size",
               "show_synapses_cb": "show_synapses"}
_ADEX_NAMES = {f"adex_{name}" for name in ("C", "g_L", "E_L", "V_T", "Delta_T", "a", "tau_w", "b", "V_r", "V_peak")}
_ADEX_CELL = "BRETTE_GERSTNER"          # whose values the earlier program's single AdEx cell had
# Same name, other meaning: per step instead of per time, in units of their own, another rule, or without effect there.
_OTHER_MEANING = {name for name in _CORE if name.split("_")[0] in (
    "izh", "hebbian", "homeostasis", "stdp", "reward", "struct", "heterogeneity", "conductance", "propagation")
    } | {"enable_structural_plasticity"}


def is_original(document: Mapping[str, Any]) -> bool:
    """Whether a JSON object is a profile of the earlier program."""
    return MARK in document


def migrate(document: Mapping[str, Any]) -> tuple[CoreSimConfig, VisualizationConfig, GPUConfig, tuple[str, ...]]:
    """Return the configurations that a profile of the earlier program stands for, and sentences on what is different.

    ConfigurationError for a key that neither program knows, and for parts that are no objects.
    """
    parts = _parts(document)
    core_values, view_values = parts["core_config"], {**parts["viz_config"], **parts["opengl_visualization_settings"],
                                                      **parts["filter_settings"]}
    notes: list[str] = []
    core, used = _core(core_values, notes)
    view, used_view = _view(view_values, core.dt_ms, notes)
    left = [name for name in (*core_values, *view_values) if name not in {*used, *used_view, *_WITHOUT_MEANING}]
    if left:
        notes.append(f"This program has no setting of the same meaning for: {', '.join(left)}.")
    return core, view, GPUConfig(), tuple(notes)


def _parts(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parts of a profile by name, every key checked to be one that the earlier program wrote."""
    refuse_unknown(document, (MARK, "gui_configuration"), "")
    simulation = _object(document, MARK, "")
    gui = _object(document, "gui_configuration", "")
    places = {"core_config": _CORE, "viz_config": _VIEW, "runtime_state": _RUNTIME}
    if not set(simulation) & set(places):               # the older, flat layout
        refuse_unknown(simulation, [*_CORE, *_VIEW, *_RUNTIME], f"{MARK}.")
        nested = {name: {key: simulation[key] for key in simulation if key in keys} for name, keys in places.items()}
    else:
        refuse_unknown(simulation, places, f"{MARK}.")
        nested = {name: _object(simulation, name, f"{MARK}.") for name in places}
    further = {"filter_settings": _FILTER, "opengl_visualization_settings": _OPENGL}
    refuse_unknown(gui, further, "gui_configuration.")
    nested |= {name: _object(gui, name, "gui_configuration.") for name in further}
    for name, keys in {**places, **further}.items():
        refuse_unknown(nested[name], keys, f"{name}.")
    return nested


def _object(owner: Mapping[str, Any], name: str, where: str) -> dict[str, Any]:
    value = owner.get(name, {})
    if not isinstance(value, dict):
        raise ConfigurationError(f"{where}{name} must be an object with fields.", name)
    return value


# ---- the network
def _core(values: Mapping[str, Any], notes: list[str]) -> tuple[CoreSimConfig, set[str]]:
    """Return the configuration of the network, and the names of the values that are in it."""
    model = str(values.get("neuron_model_type", "IZHIKEVICH")).rpartition(".")[2]
    if model not in MODELS:
        raise ConfigurationError(f"core_config.neuron_model_type is {model!r}, but must be one of {', '.join(MODELS)}.",
                                 "neuron_model_type", model)
    core = CoreSimConfig(**_beginning(values, model, notes))
    used = {"neuron_model_type"}
    for name, field, value in _carried(values, model):
        try:
            core = core.changed(**{field: _fitting(CoreSimConfig, field, value)})
        except ConfigurationError as error:
            notes.append(f"{name} is not taken over: {error}")
        used.add(name)
    if model == "ADEX" and (given := _ADEX_NAMES & values.keys()):
        custom = _adex(values)
        core = core.changed(excitatory_preset=_ADEX_CELL, inhibitory_preset=_ADEX_CELL, excitatory_parameters=custom,
                            inhibitory_parameters=custom)
        used |= given
    step = neuron_model(core.neuron_model_type.value).max_dt_ms
    if core.dt_ms > step:
        short = neuron_model(core.neuron_model_type.value).default_dt_ms
        notes.append(f"dt_ms is {short:g} ms in place of {core.dt_ms:g} ms, which is too long for these cells.")
        core = core.changed(dt_ms=short)
    return core, used


def _beginning(values: Mapping[str, Any], model: str, notes: list[str]) -> dict[str, Any]:
    """The values from which the network of this model and brain region begins."""
    region = str(values.get("neural_profile_name", "GENERIC_UNSTRUCTURED"))
    if region in STRUCTURES and region != "GENERIC_UNSTRUCTURED":
        return structure_defaults(region, model if model in STRUCTURES[region].cells else None)
    if region != "GENERIC_UNSTRUCTURED":
        notes.append(f"This version has no structure {region!r}; the generic network takes its place.")
    return model_defaults(model)


def _carried(values: Mapping[str, Any], model: str) -> Iterable[tuple[str, str, Any]]:
    """Yield (name there, name here, value) of what means the same here, in an order in which each is accepted."""
    for name, value in values.items():
        field = _CORE_NAMES.get(name, name)
        if name == "default_neuron_type_hh":
            if model == "HODGKIN_HUXLEY" and values.get("neural_profile_name") in (None, "GENERIC_UNSTRUCTURED"):
                yield name, "excitatory_preset", cell_type(model, str(value))[1].name
        elif name == "connectivity_k":
            yield name, name, value + value % 2 if isinstance(value, int) else value
        elif name == "ou_std_current_pA" and values.get("enable_ou_process", True):
            # its noise had this value divided by sqrt(2) as its standard deviation
            yield name, "noise_sigma_pA", value / math.sqrt(2.0) if isinstance(value, (int, float)) else value
        elif field in CoreSimConfig.model_fields and name not in _OTHER_MEANING and name not in _WITHOUT_MEANING \
                and name != "inhibitory_trait_indices":
            yield name, field, value
    yield "inhibitory_trait_indices", "inhibitory_trait_indices", _inhibitory(values)


def _inhibitory(values: Mapping[str, Any]) -> Any:
    if not values.get("enable_inhibitory_neurons", True):
        return ()
    several = values.get("inhibitory_trait_indices")
    return tuple(several) if isinstance(several, list) and several else (values.get("inhibitory_trait_index", 1),)


def _adex(values: Mapping[str, Any]) -> dict[str, float]:
    """The AdEx parameters that differ from those of the cell that they are about, where they are in range."""
    model = neuron_model("ADEX")
    own, custom = model.values(_ADEX_CELL), {}
    for param in model.params:
        value = values.get(f"adex_{param.name}", own[param.name])
        if isinstance(value, (int, float)) and value != own[param.name] and param.low <= value <= param.high:
            custom[param.name] = float(value)
    return custom


# ---- the view
_SPIKING_MODES = {"highlight": "highlight", "only": "only", "no ": "none", "none": "none"}


def _view(values: Mapping[str, Any], dt_ms: float, notes: list[str]) -> tuple[VisualizationConfig, set[str]]:
    """Return the configuration of the view, and the names of the values that are in it."""
    view, used = VisualizationConfig(), set()
    for name, value in values.items():
        field, value = _VIEW_NAMES.get(name, ""), value
        if name == "ACTIVITY_HIGHLIGHT_FRAMES" and isinstance(value, (int, float)):
            field, value = "activity_decay_ms", value * dt_ms          # it counted steps
        elif name == "spiking_mode":
            words = str(value).lower()
            field, value = name, next((mode for part, mode in _SPIKING_MODES.items() if part in words), value)
        if not field:
            continue
        try:
            view = view.changed(**{field: _fitting(VisualizationConfig, field, value)})
        except ConfigurationError as error:
            notes.append(f"{name} is not taken over: {error}")
        used.add(name)
    return view, used


def _fitting(owner: type[CoreSimConfig] | type[VisualizationConfig], field: str, value: Any) -> Any:
    """Return a value as this program writes it; ConfigurationError for one of another type. Limits of drawing give."""
    kind: Callable[[Any], Any] | None = {int: int, float: float}.get(owner.model_fields[field].annotation)  # type: ignore
    if kind is None:
        return tuple(value) if isinstance(value, list) else value
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigurationError(f"{value!r} is not {allowed(owner, field)}.", field, value)
    low, high = bounds(owner, field)
    if owner is VisualizationConfig and low is not None and high is not None:
        value = min(max(value, low), high)
    return kind(value)
