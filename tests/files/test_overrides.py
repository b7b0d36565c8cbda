"""Tuned values on disk."""

from __future__ import annotations

import json

import pytest

from neural_simulator.base.errors import FileFormatError
from neural_simulator.config import CoreSimConfig, model_defaults
from neural_simulator.files.overrides import Tuned, combination, read_overrides, tuned_for, write_overrides

HH = "HODGKIN_HUXLEY|GENERIC_UNSTRUCTURED|RS"
ADEX = "ADEX|GENERIC_UNSTRUCTURED|NONE"
KNOWN = {HH: Tuned(1.5, metrics={"rate_hz": 4.0}, seed=7, num_neurons=1000, date="2026-01-31"),
         ADEX: Tuned(None, "no drive brings it alive", seed=8)}


def test_what_is_written_is_read_again(tmp_path):
    path = tmp_path / "tuned.json"
    write_overrides(KNOWN, path)
    assert read_overrides(path) == KNOWN
    written = json.loads(path.read_text())
    assert written["tuned_combinations"][HH]["core_overrides"] == {"hh_external_drive_scale": 1.5}
    assert written["tuned_combinations"][ADEX]["core_overrides"] == {}
    assert read_overrides(tmp_path / "missing.json") == {}


def test_the_order_of_tuning_does_not_show(tmp_path):
    write_overrides(KNOWN, tmp_path / "a.json")
    write_overrides(dict(reversed(KNOWN.items())), tmp_path / "b.json")
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()


def test_a_network_finds_its_own_combination():
    hodgkin_huxley = CoreSimConfig(**model_defaults("HODGKIN_HUXLEY"))
    assert combination(hodgkin_huxley) == HH
    assert tuned_for(hodgkin_huxley, KNOWN) == ("hh_external_drive_scale", KNOWN[HH])
    adex = CoreSimConfig(**model_defaults("ADEX"))
    assert tuned_for(adex, KNOWN) == ("adex_external_drive_scale", KNOWN[ADEX])
    assert tuned_for(CoreSimConfig(), KNOWN) is None


def holding(override: str) -> str:
    return '{"schema_version": 2, "tuned_combinations": {"' + HH + '": {"core_overrides": {' + override + "}}}}"


@pytest.mark.parametrize(("text", "words"), [
    ("{", "no file of tuned values"),
    ("[]", "no file of tuned values"),
    ('{"schema_version": 1, "tuned_combinations": {}}', "run auto-tune again"),
    (holding('"seed": 3'), "seed"),
    (holding('"hh_external_drive_scale": 99'), "between 0.1 and 8"),
    (holding('"hh_external_drive_scale": "x"'), "between 0.1 and 8"),
])
def test_a_file_that_is_none_gets_one_sentence(tmp_path, text, words):
    path = tmp_path / "tuned.json"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=words):
        read_overrides(path)
