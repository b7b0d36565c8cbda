"""The shipped profiles of brain structures are the structures' own defaults, but for what they are about."""

import pytest

from neural_simulator.config import CoreSimConfig, PoissonStimulus, structure_defaults
from neural_simulator.files.profiles import Profile, find_profile, list_profiles, load_profile, save_profile
from neural_simulator.models.structures import STRUCTURES

KNOBS = {"thalamus-without-gaba-a": {"gaba_a": 0.0}, "stn-gpe-parkinson": {"striatal_events_Hz": 600.0}}
SHIPPED = {entry.name: load_profile(entry.path).core for entry in list_profiles()}
REGIONAL = {name: core for name, core in SHIPPED.items()
            if STRUCTURES[core.neural_structure_profile].cells and name != "microcircuit-77169"}


def test_every_structure_has_a_profile():
    assert {core.neural_structure_profile for core in SHIPPED.values()} == set(STRUCTURES)


@pytest.mark.parametrize("name", REGIONAL)
def test_a_structures_profile_holds_its_defaults(name):
    core = REGIONAL[name]
    assert core == CoreSimConfig(**{**structure_defaults(core.neural_structure_profile),
                                    "structure_parameters": KNOBS.get(name, {})})


def test_a_profile_without_defaults_still_says_what_kind_of_stimulus_it_holds(tmp_path):
    core = CoreSimConfig(stimuli=(PoissonStimulus(rate_Hz=10.0),))
    profile = load_profile(find_profile("small-1000x100"))
    save_profile(Profile(core, profile.view, profile.device, ""), tmp_path / "own.json", keep_defaults=False)
    assert load_profile(tmp_path / "own.json").core == core
