"""Profiles: what is written is read again, and whatever is wrong is one sentence."""

import json
import math
import os

import pytest

from neural_simulator.base.errors import ConfigurationError, FileFormatError, SimulatorError
from neural_simulator.base.paths import PROFILES
from neural_simulator.config import CoreSimConfig, GPUConfig, VisualizationConfig
from neural_simulator.files.profiles import (
    DEFAULT_PROFILE,
    SIZE_LIMIT,
    Profile,
    find_profile,
    list_profiles,
    load_profile,
    save_profile,
)

HEAD = {"format": "neural-simulator profile", "version": 1}
CHANGED = Profile(
    CoreSimConfig(num_neurons=77, seed=2**63 - 1, dt_ms=0.1, inhibitory_trait_indices=(0, 3),
                  excitatory_parameters={"C": 90.5}),
    VisualizationConfig(point_size=3.5, show_synapses=False, color_mode="trait"),
    GPUConfig(backend="cpu", num_threads=2), "changed", "Größe und Maß")


def written(tmp_path, document) -> str:
    path = tmp_path / "p.json"
    path.write_text(document if isinstance(document, str) else json.dumps(document), encoding="utf-8")
    return path


def sentence(tmp_path, document, kind=SimulatorError) -> str:
    """Return the error of loading `document`, which must be one sentence."""
    with pytest.raises(kind) as error:
        load_profile(written(tmp_path, document))
    text = str(error.value)
    assert text.endswith(".") and "\n" not in text and len(text) < 500
    return text


# ---- round trips ----------------------------------------------------------------------------------------
@pytest.mark.parametrize("keep_defaults", [True, False])
@pytest.mark.parametrize("profile", [Profile(name="changed"), CHANGED], ids=["defaults", "changed"])
def test_a_saved_profile_is_loaded_as_it_was(tmp_path, profile, keep_defaults):
    path = tmp_path / "changed.json"
    save_profile(profile, path, keep_defaults)
    assert load_profile(path) == profile


def test_kept_defaults_name_every_field_and_omitted_ones_none(tmp_path):
    path = tmp_path / "p.json"
    save_profile(Profile(), path)
    document = json.loads(path.read_text())
    assert set(document["core"]) == set(CoreSimConfig.model_fields)
    assert set(document["view"]) == set(VisualizationConfig.model_fields)
    assert set(document["device"]) == set(GPUConfig.model_fields)
    save_profile(Profile(core=CoreSimConfig(num_neurons=5)), path, keep_defaults=False)
    document = json.loads(path.read_text())
    assert (document["core"], document["view"], document["device"]) == ({"num_neurons": 5}, {}, {})


def test_sections_and_fields_that_are_left_out_have_their_defaults(tmp_path):
    path = written(tmp_path, {**HEAD, "core": {"num_neurons": 5}})
    assert load_profile(path) == Profile(core=CoreSimConfig(num_neurons=5), name="p")


def test_a_byte_order_mark_is_no_obstacle(tmp_path):
    path = tmp_path / "p.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(HEAD).encode())
    assert load_profile(path).core == CoreSimConfig()


def test_a_profile_that_cannot_be_saved_leaves_the_old_one(tmp_path, monkeypatch):
    path = tmp_path / "p.json"
    save_profile(CHANGED, path)
    before = path.read_bytes()

    def refuse(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", refuse)
    with pytest.raises(FileFormatError) as error:
        save_profile(Profile(), path)
    assert str(error.value) == f"{path} cannot be written: no space left on device."
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["p.json"]


# ---- the shipped examples -------------------------------------------------------------------------------
def test_the_shipped_profiles_load_and_say_what_they_are():
    entries = {entry.name: entry for entry in list_profiles()}
    assert {"small-1000x100", "medium-10000x500", "large-50000x1000"} <= set(entries)
    for name, neurons, connections in (("small-1000x100", 1000, 100), ("medium-10000x500", 10_000, 500),
                                       ("large-50000x1000", 50_000, 1000)):
        profile = load_profile(entries[name].path)
        assert (profile.core.num_neurons, profile.core.connections_per_neuron) == (neurons, connections)
        assert profile.description == entries[name].description != "" and "\n" not in profile.description


def test_the_default_profile_exists():
    assert find_profile(DEFAULT_PROFILE) == PROFILES / "small-1000x100.json"


# ---- finding --------------------------------------------------------------------------------------------
def test_a_profile_is_found_by_name_by_file_name_and_by_path(tmp_path):
    path = written(tmp_path, HEAD)
    assert find_profile("p", tmp_path) == find_profile("p.json", tmp_path) == find_profile(str(path)) == path


def test_an_unknown_profile_is_named_with_its_nearest_neighbour():
    with pytest.raises(FileFormatError, match="nearest known profile is 'medium-10000x500'"):
        find_profile("medium")


def test_the_list_names_broken_profiles_and_leaves_out_other_files(tmp_path):
    save_profile(CHANGED, tmp_path / "b.json")
    (tmp_path / "a.json").write_text("{")
    (tmp_path / "tuned.json").write_text('{"format": "neural-simulator tuning"}')
    (tmp_path / ".b.json.1234.tmp").write_text("left over")
    (tmp_path / "notes.txt").write_text("notes")
    broken, good = list_profiles(tmp_path)
    assert (broken.name, broken.description) == ("a", "") and "is not valid JSON" in broken.problem
    assert (good.name, good.description, good.problem) == ("b", "Größe und Maß", "")


# ---- unknown keys ---------------------------------------------------------------------------------------
@pytest.mark.parametrize(("document", "unknown", "nearest"), [
    ({"Core": {}}, "Core", "core"),
    ({"devise": {}}, "devise", "device"),
    ({"core": {"num_neuron": 5}}, "core.num_neuron", "core.num_neurons"),
    ({"core": {"NUM_NEURONS": 5}}, "core.NUM_NEURONS", "core.num_neurons"),
    ({"view": {"point_sise": 5}}, "view.point_sise", "view.point_size"),
    ({"device": {"backand": "cpu"}}, "device.backand", "device.backend"),
    ({"core": {"excitatory_parameters": {"v_peek": 5}}}, "core.excitatory_parameters.v_peek",
     "core.excitatory_parameters.v_peak"),
    ({"core": {"": 5}}, "core.", "core."),
])
def test_an_unknown_key_at_any_level_is_named_with_its_nearest_known_key(tmp_path, document, unknown, nearest):
    text = sentence(tmp_path, {**HEAD, **document}, ConfigurationError)
    assert text.startswith(f"p.json: {unknown} is unknown; the nearest known key is {nearest}")


def test_the_field_of_an_error_is_kept_for_the_form(tmp_path):
    with pytest.raises(ConfigurationError) as error:
        load_profile(written(tmp_path, {**HEAD, "core": {"dt_ms": 99.0}}))
    assert (error.value.field, error.value.value) == ("dt_ms", 99.0)


# ---- values ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("section", "values", "part"), [
    ("core", {"dt_ms": 99.0}, "dt_ms (Time step) is 99.0 ms, but must be a number between 0.001 and 5 ms"),
    ("core", {"num_neurons": "1000"}, "core.num_neurons (Neurons) is '1000', but must be a whole number"),
    ("core", {"num_neurons": True}, "core.num_neurons (Neurons) is True"),
    ("core", {"num_neurons": 2.5}, "num_neurons (Neurons) is 2.5"),
    ("core", {"num_neurons": None}, "core.num_neurons (Neurons) is None"),
    ("core", {"num_neurons": 10**60}, "num_neurons (Neurons)"),
    ("core", {"neuron_model_type": "IZHIKEWICH"}, "must be one of IZHIKEVICH"),
    ("core", {"inhibitory_trait_indices": ["1"]}, "core.inhibitory_trait_indices"),
    ("core", {"inhibitory_trait_indices": 1}, "inhibitory_trait_indices"),
    ("core", {"excitatory_parameters": {"C": "100"}}, "core.excitatory_parameters"),
    ("view", {"show_synapses": 1}, "view.show_synapses (Synapses) is 1, but must be true or false"),
    ("view", {"color_mode": "rainbow"}, "must be one of activity, type, trait"),
    ("device", {"backend": 3}, "backend (Backend) is 3, but must be one of auto, cuda, cpu"),
    ("core", [], "core is [], but must be an object"),
    ("view", None, "view is None, but must be an object"),
    ("description", 5, "description is 5, but must be a text"),
])
def test_a_bad_value_is_one_sentence_with_place_and_remedy(tmp_path, section, values, part):
    text = sentence(tmp_path, {**HEAD, section: values}, ConfigurationError)
    assert text.startswith("p.json: ") and part in text


# ---- files ----------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("document", "part"), [
    ("", "is not valid JSON: Expecting value in line 1, column 1"),
    ('{"format": ', "is not valid JSON"),
    ("[1, 2]", "is not a profile: it holds [1, 2] instead of an object"),
    ("{}", 'its "format" is missing'),
    ({"format": "something else", "version": 1}, "its \"format\" is 'something else'"),
    ({"format": HEAD["format"]}, 'has no valid "version"'),
    ({**HEAD, "version": "1"}, 'has no valid "version"'),
    ({**HEAD, "version": True}, 'has no valid "version"'),
    ({**HEAD, "version": 2}, "has profile version 2, but this program reads up to version 1; update the program"),
    ('{"format": "neural-simulator profile", "version": 1, "core": {"dt_ms": NaN}}', "NaN is not a number"),
    ('{"format": "neural-simulator profile", "version": 1, "version": 1}', "the key 'version' comes twice"),
    ("[" * 100_000, "it is nested too deeply"),
    ('{"a": ' * 100_000, "it is nested too deeply"),
    ('{"version": ' + "1" * 10_000 + "}", "is not a valid profile"),
    (" " * SIZE_LIMIT + "{}", "is larger than 33,554,432 bytes"),
])
def test_a_file_that_is_no_profile_is_one_sentence(tmp_path, document, part):
    assert part in sentence(tmp_path, document, FileFormatError)


def test_a_number_too_large_for_a_float_is_out_of_range(tmp_path):
    text = sentence(tmp_path, json.dumps({**HEAD, "core": {"dt_ms": math.pi}}).replace(str(math.pi), "1e999"))
    assert "dt_ms (Time step) is inf ms, but must be a number between" in text


def test_binary_data_missing_files_and_folders_are_one_sentence(tmp_path):
    path = tmp_path / "p.json"
    path.write_bytes(b"\xff\xfe\x00{")
    with pytest.raises(FileFormatError, match="is not text in UTF-8"):
        load_profile(path)
    with pytest.raises(FileFormatError, match="cannot be read: no such file or directory"):
        load_profile(tmp_path / "missing.json")
    with pytest.raises(FileFormatError, match="is not a file; choose a profile"):
        load_profile(tmp_path)
