"""What the program remembers of its look: a bad file never hinders a start."""

import json

import pytest

from neural_simulator.app import settings
from neural_simulator.app.settings import MOST_RECENT, Settings


def test_settings_survive_a_restart(tmp_path):
    path = tmp_path / "settings.json"
    changed = Settings(theme="light", font_scale=1.3, panel_box=(800, 600, 5, 6), hidden_places=("bottom",),
                       recent={"profile": ("a", "b")})
    settings.save(changed, path)
    assert settings.load(path) == changed


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "[" * 100_000, '{"theme": NaN}'])
def test_a_broken_file_means_the_usual_settings(tmp_path, text):
    path = tmp_path / "settings.json"
    path.write_text(text)
    assert settings.load(path) == Settings()
    assert settings.load(tmp_path / "none.json") == Settings()


def test_one_bad_value_does_not_spoil_the_others(tmp_path, caplog):
    path = tmp_path / "settings.json"
    path.write_text(json.dumps({"theme": "pink", "font_scale": 1.5, "unknown": 1}))
    assert settings.load(path) == Settings(font_scale=1.5)
    assert "theme" in caplog.text and "unknown" in caplog.text


def test_a_folder_that_cannot_be_written_is_told_and_does_not_stop_the_end(tmp_path, caplog):
    settings.save(Settings(), tmp_path / "missing" / "settings.json")
    assert "not remembered" in caplog.text


def test_recent_files_are_newest_first_without_repetition_and_few():
    remembered = Settings()
    for name in [*"abcdefghijklmno", "c"]:
        remembered = remembered.with_recent("profile", name)
    assert remembered.recent["profile"][:3] == ("c", "o", "n")
    assert len(remembered.recent["profile"]) == MOST_RECENT == len(set(remembered.recent["profile"]))
