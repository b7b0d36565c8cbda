"""Rules of single projections: what the panel's table shows, and what its form makes of them."""

import pytest

from neural_simulator.app.projection_rules import (
    ends,
    exists,
    from_form,
    inherited,
    learners,
    to_form,
    with_rules,
)
from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, structure_defaults
from neural_simulator.models.structures import STRUCTURES
from neural_simulator.network.plan import make_plan

CORE = CoreSimConfig(num_traits=2, enable_stdp=True)
EE, EI, IE = (f"{a} -> {b}" for a, b in (("Excitatory 0 (RS)", "Excitatory 0 (RS)"),
                                         ("Excitatory 0 (RS)", "Inhibitory 1 (FS)"),
                                         ("Inhibitory 1 (FS)", "Excitatory 0 (RS)")))


def found(core):
    return {each.name: each for each in learners(core)}


@pytest.mark.parametrize("given", [{}, {"Exc* -> *": {"SHORT_TERM": {"U": 0.3}}},
                                   {"* -> *": {}, EE: {"STDP": {"a_plus": 0.02}}}])
@pytest.mark.parametrize("key", STRUCTURES)
def test_the_table_tells_the_rules_that_the_network_is_built_with(key, given):
    core = CoreSimConfig(**structure_defaults(key)).changed(enable_stdp=True, num_traits=2)
    core = core.changed(projection_learning={name: rules for name, rules in given.items() if exists(core, name)})
    plan, told = make_plan(core, 1), found(core)
    for q in plan.projections:
        name = f"{plan.populations[q.pre].name} -> {plan.populations[q.post].name}"
        assert told[name].rules == q.plasticity and told[name].problem == ""
    assert [each.name for each in told.values() if each.own] == list(core.projection_learning)


def test_patterns_stand_first_and_projections_name_the_one_that_counts():
    told = found(CORE.changed(projection_learning={"Exc* -> *": {}, EE: {"HEBBIAN": {}}}))
    assert list(told)[0] == "Exc* -> *" and len(told) == 5
    assert told[EI].pattern == "Exc* -> *" and not told[EI].own and told[EI].rules == {}
    assert told[EE].own and list(told[EE].rules) == ["HEBBIAN"] and told[IE].pattern is None
    assert list(inherited(CORE, EE)) == ["STDP"]
    assert inherited(CORE.changed(projection_learning={"Exc* -> *": {}, EE: {"HEBBIAN": {}}}), EE) == {}


def test_what_cannot_be_is_told_with_the_projection_and_leaves_the_others_alone():
    told = found(CORE.changed(projection_learning={"X -> Y": {}, EE: {"STDP": {}, "HEBBIAN": {}},
                                                   EI: {"STDP": {"a_plus": 7.0}}}))
    assert "'X -> Y'" in told["X -> Y"].problem and "switch one of them off" in told[EE].problem
    assert "must lie between 0 and 1" in told[EI].problem and told[IE].problem == ""
    assert list(told[EE].rules) == ["STDP", "HEBBIAN"], "they are shown, so that one can be switched off"


def test_of_a_network_that_cannot_be_there_are_the_patterns_alone():
    core = CORE.changed(num_neurons=10, connections_per_neuron=50, projection_learning={EE: {"STDP": {}}})
    with pytest.raises(ConfigurationError):
        make_plan(core, 1)
    assert [(each.name, each.problem) for each in learners(core)] == [(EE, "")]
    assert ends(core) == {"All": "*"} and not exists(core, "* -> *")


def test_a_small_world_is_one_line_for_each_source():
    core = CORE.changed(enable_watts_strogatz=True)
    assert list(found(core)) == ["Excitatory 0 (RS) -> *", "Inhibitory 1 (FS) -> *"]
    assert not exists(core, EI) and exists(core, "* -> *")
    own = core.changed(projection_learning=with_rules(core, "Excitatory 0 (RS) -> *", {"HEBBIAN": {}}))
    assert list(make_plan(own, 1).projections[0].plasticity) == ["HEBBIAN"]


def test_a_pattern_does_not_hide_the_rules_of_single_projections():
    core = CORE.changed(projection_learning=with_rules(CORE, EE, {"HEBBIAN": {}}))
    core = core.changed(projection_learning=with_rules(core, "* -> *", {}))
    assert list(found(core)[EE].rules) == ["HEBBIAN"] and found(core)[EI].pattern == "* -> *"
    again = core.changed(projection_learning=with_rules(core, "* -> *", {"STDP": {}}))
    assert list(again.projection_learning) == ["* -> *", EE]
    assert with_rules(again, "* -> *", None) == {EE: {"HEBBIAN": {}}}


def test_populations_of_one_sign_have_a_pattern_where_their_names_allow_it():
    def parts(key, **more):
        core = CoreSimConfig(**structure_defaults(key)).changed(**more)
        return {label: part for label, part in ends(core).items() if label.startswith("All")}
    assert parts("POTJANS_DIESMANN_2014") == {"All": "*", "All excitatory": "*E", "All inhibitory": "*I"}
    assert parts("GENERIC_UNSTRUCTURED") == {"All": "*", "All excitatory": "Excitatory *"}
    assert parts("THALAMUS_TC_TRN") == {"All": "*"}


def test_what_a_form_shows_are_the_rules_again():
    rules = {"STDP": {"a_plus": 0.02, "nearest": 1.0}, "SHORT_TERM": {"U": 0.3}}
    shown = to_form(CORE, rules)
    assert shown.STDP and shown.STDP__nearest is True and shown.SHORT_TERM__U == 0.3 and not shown.HEBBIAN
    assert shown.STDP__a_minus == CORE.stdp_a_minus == shown.REWARD_STDP__a_minus
    assert from_form(CORE, shown) == rules
    assert from_form(CORE, shown.changed(STDP__a_plus=CORE.stdp_a_plus, SHORT_TERM=False)) == {"STDP": {"nearest": 1.0}}


def test_values_out_of_range_and_unknown_rules_of_a_profile_do_not_stop_the_form():
    shown = to_form(CORE, {"STDP": {"a_plus": 7.0}, "NO_RULE": {}})
    assert shown.STDP and shown.STDP__a_plus == CORE.stdp_a_plus
