"""How the panel's sections look: against kept pictures, small and grey, with a tolerance for other fonts.

NEURAL_SIMULATOR_NEW_PICTURES=1 writes them anew; look at them before they are committed.
"""

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.gui.driver import App, until

pytestmark = [pytest.mark.gui, pytest.mark.slow]
FOLDER = Path(__file__).with_name("reference")
SHRUNK = 4                       # times; what is left is layout and colour, not glyphs
MEAN, SHARE_OFF, OFF = 5.0, 0.04, 40      # grey levels; share of pixels that may differ by more than OFF


@pytest.fixture(scope="module")
def idle(screen, tmp_path_factory):
    """The panel without a network: nothing in it moves."""
    from tests.gui.conftest import PANEL_APP
    app = App(screen, PANEL_APP, "--idle", "--reports", tmp_path_factory.mktemp("idle"))
    yield app
    app.kill()


def shot(app):
    """Return the panel's picture, small and grey, once it stands still; the mouse is out of the way."""
    left, top = app.screen.origin(app.panel)
    width, height = app.screen.size(app.panel)
    app.screen.move(left + width - 3, top + height - 3)
    last = [None]

    def still():
        app.settle(4)
        picture = app.screen.pixels(app.panel)
        same = last[0] is not None and np.abs(picture.astype(int) - last[0]).mean() < 0.05
        last[0] = picture.astype(int)
        return same
    until(still, "a picture that stands still")
    picture = Image.fromarray(last[0].astype(np.uint8)).convert("L")
    return picture.resize((picture.width // SHRUNK, picture.height // SHRUNK), Image.Resampling.BOX)


def check(app, name):
    picture, path = shot(app), FOLDER / f"{name}.png"
    if os.environ.get("NEURAL_SIMULATOR_NEW_PICTURES"):
        FOLDER.mkdir(exist_ok=True)
        picture.save(path)
    kept = Image.open(path)
    assert kept.size == picture.size, "the window has its usual size"
    off = np.abs(np.asarray(kept, int) - np.asarray(picture, int))
    told = f"{name}: {off.mean():.1f} grey levels off in the mean, {(off > OFF).mean():.1%} of the pixels beyond {OFF}"
    assert off.mean() < MEAN and (off > OFF).mean() < SHARE_OFF, told


def test_the_form_of_the_network(idle):
    check(idle, "network")


def test_the_forms_of_picture_and_program(idle):
    for tab in ("view", "program"):
        idle.click(f"tab.{tab}")
        check(idle, tab)
    idle.click("tab.network")


def test_an_error_is_marked(idle):
    idle.enter("core.num_neurons", "0")
    idle.click("tab.log")
    check(idle, "error")
    idle.enter("core.num_neurons", "1000")


def test_the_parts_of_the_monitor(idle):
    for tab in ("neuron", "weights", "learning", "resources", "performance", "models"):
        idle.click(f"tab.{tab}")
        check(idle, tab)
    idle.click("tab.monitor")


def test_stimuli(idle):
    idle.click("tab.stimuli")
    idle.click("stimuli.add")
    idle.settle(5)
    check(idle, "stimuli")
    idle.click("stimulus.0:remove")
    idle.click("tab.parameters")


def test_mixed_cells(idle):
    idle.click("tab.traits")
    idle.click("traits.add")
    idle.settle(5)
    check(idle, "traits")
    idle.click("trait.0:remove")
    idle.click("tab.parameters")


def test_the_light_theme(idle):
    idle.choose("menu.View", "menu.light")
    idle.wait(lambda s: s["settings"]["theme"] == "light", "the theme")
    check(idle, "light")
