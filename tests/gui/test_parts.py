"""The table of the panel's parts, and the fonts."""

from pathlib import Path

import pytest

from neural_simulator.app.desk import Desk
from neural_simulator.app.jobs import Runner
from neural_simulator.base.paths import PROFILES
from neural_simulator.gui import panels, theme
from neural_simulator.gui.dialogs import profile_path
from neural_simulator.gui.panels.models import TEMPLATE
from neural_simulator.gui.tapes import Tapes
from neural_simulator.models.neurons.user import read_model

FOLDER = Path(panels.__file__).parent


def test_every_file_of_the_folder_is_in_the_table():
    used = {module.stem for module in FOLDER.glob("*.py")} - {"__init__"}
    desk = Desk(None, None, None)
    made = [make(panels.Kit(desk, FakeLook(), None, Tapes(), Runner())) for make in panels.PANELS]
    assert {part.name for part in made} == used
    assert {part.place for part in made} == {"top", "timeline", "status", *panels.PLACES}
    assert all(part.title and callable(part.build) and callable(part.refresh) for part in made)


def test_the_model_that_one_begins_with_is_a_model():
    assert read_model(TEMPLATE).key == "MY_MODEL"


class FakeLook:
    """Stands in for what needs a window; parts look at the rest of it only when they are built."""

    note = bad = theme.DARK.bad


@pytest.mark.parametrize("kind", list(theme.FONT_PX))
def test_a_font_is_found_without_the_systems_help(kind):
    assert "matplotlib" in str(theme.find_font(kind))


def test_a_profile_is_named_or_given_by_its_path(tmp_path):
    assert profile_path(" mine ") == PROFILES / "mine.json"
    assert profile_path("mine.json") == PROFILES / "mine.json"
    assert profile_path(str(tmp_path / "a.b")) == tmp_path / "a.b.json"
