"""From a declaration to a form and back: no window needed."""

import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import (
    ConductanceNoise,
    CoreSimConfig,
    GPUConfig,
    PoissonStimulus,
    ProjectionRules,
    TraitCells,
    VisualizationConfig,
    describe,
    model_defaults,
    structure_defaults,
)
from neural_simulator.gui import fields as kinds
from neural_simulator.gui.fields import (
    cell_parameters,
    choices,
    explanation,
    fields_of,
    from_text,
    matters,
    refit,
    to_text,
    unread,
)
from neural_simulator.models.neurons import NEURON_MODELS
from neural_simulator.models.plasticity import PLASTICITY_RULES
from neural_simulator.models.structures import STRUCTURES
from neural_simulator.network.plan import make_plan

OWNERS = (CoreSimConfig, GPUConfig, VisualizationConfig)
EVERY = [(owner, field) for owner in OWNERS for field in fields_of(owner)]
IDS = [f"{owner.__name__}.{field.name}" for owner, field in EVERY]


def test_the_form_offers_every_field_that_is_not_hidden():
    for owner in OWNERS:
        offered = [field.name for field in fields_of(owner)]
        assert offered == [name for name in owner.model_fields if not describe(owner, name)["hidden"]] != []


@pytest.mark.parametrize(("owner", "field"), EVERY, ids=IDS)
def test_a_field_has_a_label_a_meaning_and_a_kind_that_fits_its_default(owner, field):
    assert field.label and field.meaning and field.accepts
    default = getattr(owner(), field.name)
    if field.kind == kinds.CHOICE:
        assert getattr(default, "value", default) in choices(owner(), field.name)
    else:
        assert isinstance(default, {kinds.NUMBER: int | float, kinds.SWITCH: bool, kinds.NUMBERS: tuple,
                                    kinds.PARAMETERS: dict, kinds.RULES: dict}[field.kind])


@pytest.mark.parametrize(("owner", "field"), EVERY, ids=IDS)
def test_what_a_form_writes_it_reads_back_unchanged(owner, field):
    default = getattr(owner(), field.name)
    if field.kind in (kinds.NUMBER, kinds.NUMBERS):
        assert from_text(to_text(default), field.whole, field.kind == kinds.NUMBERS) == default


@pytest.mark.parametrize(("owner", "field"), EVERY, ids=IDS)
def test_a_tooltip_says_what_is_accepted_and_when_it_takes_effect(owner, field):
    text = explanation(field, owner())
    assert field.accepts[1:] in text and ("Takes effect at once." in text) is field.live


def test_a_tooltip_names_the_source_of_what_is_chosen_and_of_rules_and_receptors():
    by_name = {field.name: field for field in fields_of(CoreSimConfig)}
    core = CoreSimConfig(**model_defaults("ADEX"))
    assert "Brette and Gerstner 2005" in explanation(by_name["neuron_model_type"], core)
    assert NEURON_MODELS["ADEX"].preset(core.excitatory_preset).source in explanation(
        by_name["excitatory_preset"], core)
    assert "Source: " in explanation(by_name["tau_nmda_ms"], core)
    for rule in PLASTICITY_RULES.values():
        assert rule.source in explanation(by_name[rule.switch], core)
        assert all("Source: " in explanation(by_name[name], core) for name in rule.fields.values())


@pytest.mark.parametrize(("text", "whole", "many", "value"), [
    ("1000", True, False, 1000), (" 1,000 ", True, False, 1000), ("1e3", True, False, 1000), ("-1", True, False, -1),
    ("9223372036854775807", True, False, 9223372036854775807),
    ("1.5", True, False, 1.5), ("many", True, False, "many"), ("", True, False, ""),
    ("0.5", False, False, 0.5), ("1 000.5", False, False, 1000.5), ("0,5", False, False, "0,5"),
    ("1e400", True, False, "1e400"),
    ("1, 4", False, True, (1, 4)), ("", False, True, ()), ("1, x", False, True, "1, x"),
])
def test_text_becomes_the_number_that_it_means_or_stays_text(text, whole, many, value):
    assert from_text(text, whole, many) == value


@pytest.mark.parametrize("text", ["nan", "inf", "x", "", "0,5"])
def test_no_text_that_is_no_number_gets_into_a_configuration(text):
    with pytest.raises(ConfigurationError) as refused:
        CoreSimConfig(dt_ms=from_text(text))
    assert refused.value.field == "dt_ms" and "between 0.001 and 5 ms" in str(refused.value)


def test_another_neuron_model_brings_its_own_cells():
    for key, model in NEURON_MODELS.items():
        core = CoreSimConfig(excitatory_parameters={"C": 90.0})
        fitted = refit(core.changed(neuron_model_type=key), "neuron_model_type")
        known = {preset.name for preset in model.presets}
        assert {fitted.excitatory_preset, fitted.inhibitory_preset} <= known
        assert fitted.excitatory_parameters == {}
        assert {param.name for param, _, _ in cell_parameters(fitted, "excitatory_parameters")} == {
            param.name for param in model.params}


def test_another_cell_type_drops_the_custom_values_of_the_old_one():
    core = CoreSimConfig(excitatory_preset="FS", excitatory_parameters={"C": 90.0}, inhibitory_parameters={"C": 30.0})
    fitted = refit(core, "excitatory_preset")
    assert fitted.excitatory_parameters == {} and fitted.inhibitory_parameters == {"C": 30.0}


def test_custom_values_stand_beside_the_presets_own():
    core = CoreSimConfig(excitatory_parameters={"C": 90.0})
    rows = {param.name: (preset, value) for param, preset, value in cell_parameters(core, "excitatory_parameters")}
    assert rows["C"] == (100.0, 90.0) and rows["v_peak"] == (35.0, 35.0)


def test_variation_is_offered_for_every_parameter_of_the_networks_cells():
    core = CoreSimConfig(heterogeneity={"v_t": 0.1}, trait_cells=[{"trait": 1, "model": "LIF"}])
    rows = {param.name: value for param, _, value in cell_parameters(core, "heterogeneity")}
    assert rows["v_t"] == 0.1 and rows["a"] == 0.0
    assert {param.name for key in ("IZHIKEVICH", "LIF") for param in NEURON_MODELS[key].params} == set(rows)
    assert refit(core.changed(neuron_model_type="ADEX", trait_cells=()), "neuron_model_type").heterogeneity == {}
    kept = refit(core.changed(excitatory_preset="CH"), "excitatory_preset")
    assert kept.heterogeneity == {"v_t": 0.1}


def test_a_trait_chooses_among_models_and_their_cells():
    cells = TraitCells(model="ADEX", preset="FS", parameters={"C": 210.0})
    assert choices(cells, "model") == tuple(NEURON_MODELS) and "FS" in choices(cells, "preset")
    rows = {param.name: (preset, value) for param, preset, value in cell_parameters(cells, "parameters")}
    assert rows["C"][1] == 210.0 != rows["C"][0]
    other = refit(cells.changed(model="LIF"), "model")
    assert (other.preset, other.parameters) == ("", {})
    assert {param.name for param, _, _ in cell_parameters(other, "parameters")} == {
        param.name for param in NEURON_MODELS["LIF"].params}


def test_a_stimulus_says_what_its_spikes_open():
    stimulus = PoissonStimulus(receptors={"AMPA": 1.0, "NMDA": 0.5})
    rows = {param.name: value for param, _, value in cell_parameters(stimulus, "receptors")}
    assert rows == {"AMPA": 1.0, "NMDA": 0.5, "GABA_A": 0.0, "GABA_B": 0.0}
    assert choices(ConductanceNoise(), "receptor") == tuple(rows)


def test_the_rules_of_a_projection_show_the_parameters_of_those_that_are_on():
    offered = [field.name for field in fields_of(ProjectionRules)]
    shown = [name for name in offered if matters(ProjectionRules(STDP=True), name)]
    switches = {rule.key for rule in PLASTICITY_RULES.values() if rule.kind != "neuron"}
    assert set(shown) == switches | {f"STDP__{param.name}" for param in PLASTICITY_RULES["STDP"].params}
    by_name = {field.name: field for field in fields_of(ProjectionRules)}
    text = explanation(by_name["STDP__tau_plus_ms"], ProjectionRules())
    assert "between 0.1 and 1,000 ms" in text and "Default: as for all projections." in text and "Source: Song" in text


def test_fields_that_a_structure_does_not_read_are_not_shown():
    for key, structure in STRUCTURES.items():
        core = CoreSimConfig(**structure_defaults(key))
        offered = {field.name for field in fields_of(CoreSimConfig)}
        assert all(matters(core, name) for name in set(structure.reads) & offered), key
        if structure.cells:
            assert not any(matters(core, name) for name in ("connection_rule", "excitatory_weight_nS",
                                                            "background_rate_Hz", "inhibitory_parameters")), key
            assert len(unread(core)) > 25 and matters(core, "structure_parameters")
    assert unread(CoreSimConfig()) == {"structure_parameters"}


def test_the_drive_of_every_population_is_offered_with_its_own_value():
    core = CoreSimConfig(**structure_defaults("BASAL_GANGLIA_STN_GPE")).changed(
        population_drive={"GPe external_current_pA": 7.0})
    rows = {param.name: (own, value) for param, own, value in cell_parameters(core, "population_drive")}
    assert rows["STN background_rate_Hz"] == (2500.0, 2500.0) and rows["GPe external_current_pA"] == (0.0, 7.0)
    assert len(rows) == 6
    generic = {param.name for param, _, _ in cell_parameters(CoreSimConfig(num_traits=2), "population_drive")}
    assert "Excitatory 0 (RS) background_rate_Hz" in generic and len(generic) == 4
    assert refit(core.changed(neural_structure_profile="POTJANS_DIESMANN_2014"),
                 "neural_structure_profile").population_drive == {}


def test_another_structure_drops_the_rules_of_projections_that_it_has_not():
    core = CoreSimConfig(projection_learning={"* -> *": {"STDP": {}}, "Inhibitory 1 (FS) -> *": {"INHIBITORY_STDP": {}},
                                              "Pyramidal -> Pyramidal": {"HEBBIAN": {}}})
    fitted = refit(core.changed(neural_structure_profile="HIPPOCAMPUS_CA3_RECURRENT"), "neural_structure_profile")
    assert list(fitted.projection_learning) == ["* -> *", "Pyramidal -> Pyramidal"]
    assert make_plan(fitted, 1).projections[0].plasticity_rules, "the rest is a network that can be built"
