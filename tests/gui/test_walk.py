"""Every control of the panel does something; random clicks and keys break nothing."""

import json
import random
import subprocess
import sys
import time

import numpy as np
import pytest

from neural_simulator.app.actions import ACTIONS
from neural_simulator.app.settings import Settings
from neural_simulator.config import CoreSimConfig, GPUConfig, ProjectionRules, VisualizationConfig
from neural_simulator.gui.fields import fields_of, matters
from neural_simulator.gui.theme import DARK
from tests.gui.driver import ROOT, until

pytestmark = pytest.mark.gui
KEYS = ["Escape", "Return", "Tab", "BackSpace", "space", "Left", "Right", "Up", "Down", "F1", "p", "s", "n", "r", "x"]
CHORDS = [("Control_L", key) for key in "zyslac"] + [("Control_L", "Shift_L", key) for key in "zsl"]


def test_every_control_has_an_effect(screen, tmp_path):
    ended = subprocess.run([sys.executable, ROOT / "tests" / "gui" / "walk_app.py", tmp_path], capture_output=True,
                           text=True, timeout=600, cwd="/")
    assert ended.returncode == 0, ended.stdout[-2000:] + ended.stderr[-4000:]
    told = json.loads(ended.stdout.splitlines()[-1])
    assert told["wrong"] == [] and told["idle"] == []
    used = set(told["used"])
    core = CoreSimConfig()
    for prefix, owner in (("core", core), ("device", GPUConfig()), ("view", VisualizationConfig()),
                          ("program", Settings())):
        fields = {f"{prefix}.{field.name}" for field in fields_of(type(owner))
                  if field.kind not in ("parameters", "rules") and matters(owner, field.name)}
        assert fields <= used, "every field of a configuration is reached"
    assert {f"rule.{field.name}" for field in fields_of(ProjectionRules)} <= used
    assert {f"menu.{name}" for name in ("undo", "save_profile", "show_gallery", "show_keys", "apply", "exit")} <= used
    assert len(used) > 250


@pytest.mark.parametrize("count", [150, pytest.param(1000, marks=pytest.mark.slow)])
def test_random_clicks_and_keys_break_nothing(start, tmp_path, count):
    app = start()
    app.wait(lambda s: s["run"] == "running" and s["spikes"] > 0, "the run")
    chance = random.Random(7)
    width, height = app.screen.size(app.panel)
    left, top = app.screen.origin(app.panel)
    for number in range(count):
        kind = chance.random()
        if kind < 0.6:
            app.screen.move(left + chance.randrange(4, width - 4), top + chance.randrange(4, height - 4))
            button = chance.choice((1, 1, 1, 1, 3, 4, 5))
            app.screen.button(True, button)
            time.sleep(0.02)
            app.screen.button(False, button)
        elif kind < 0.9:
            app.screen.key(chance.choice(KEYS))
        else:
            app.screen.key(*chance.choice(CHORDS))
        assert app.process.poll() is None, f"the program ended after {number} actions"
        if app.state()["leaving"]:
            pytest.fail("Nothing of this ends the program by itself.")
    reports = [path.read_text() for path in (tmp_path / "crash_reports").glob("crash_*.txt")]
    assert not reports, reports[0]
    frames = app.state()["frames"]
    until(lambda: app.state()["frames"] > frames + 3, "pictures after all that")


def test_the_panels_own_actions_all_stand_in_a_menu_or_have_a_key(panel):
    items = {tag for tag, _ in panel.ask("items")}
    unreached = [name for name, action in ACTIONS.items()
                 if not action.keys and not {f"menu.{name}", f"action.{name}"} & items]
    assert unreached == []


def test_undo_redo_history_and_script_follow_what_is_done(panel):
    panel.enter("core.num_neurons", "900")
    panel.screen.key("Control_L", "z")
    panel.wait(lambda s: s["core"]["num_neurons"] == 1000, "the undo")
    panel.screen.key("Control_L", "y")
    panel.wait(lambda s: s["core"]["num_neurons"] == 900, "the redo")
    panel.screen.key("Control_L", "z")
    panel.click("tab.script")
    panel.settle(5)
    assert "SimulationBridge(" in panel.ask("value", "script.text")
    panel.click("tab.log")


def test_space_pauses_in_the_panel_but_not_while_something_is_typed(panel):
    panel.enter("search", "a b", finish=False)
    panel.settle()
    assert panel.ask("value", "search") == "a b" and panel.state()["run"] == "running"
    panel.enter("search", " ", finish=False)
    panel.click("tab.log")
    panel.screen.key("space")
    panel.wait(lambda s: s["run"] == "paused", "the pause")
    panel.screen.key("space")
    panel.wait(lambda s: s["run"] == "running", "the run")


def test_the_search_shows_what_fits_and_then_everything_again(panel):
    panel.enter("search", "velocity", finish=False)
    until(lambda: not panel.ask("shown", "core:Drive"), "the other groups hidden")
    assert panel.ask("shown", "core:Connectivity")
    panel.click("search")
    panel.screen.key("Control_L", "a")
    panel.screen.key("BackSpace")
    until(lambda: panel.ask("shown", "core:Drive"), "every group")


def test_a_checkpoint_is_saved_and_loaded_by_its_dialogs(panel):
    panel.screen.key("Control_L", "Shift_L", "s")
    until(lambda: panel.exists("dialog.save_checkpoint.name"), "the dialog")
    name = panel.ask("value", "dialog.save_checkpoint.name")
    assert name.startswith("small-1000x100_")
    panel.click("dialog.save_checkpoint.ok")
    panel.wait(lambda s: "Saved" in s["status"] or "saved" in s["status"], "the saved state")
    panel.screen.key("Control_L", "Shift_L", "l")
    until(lambda: panel.exists(f"dialog.load_checkpoint.{name}"), "the list")
    panel.settle(5)
    x, y, _, height = (round(value) for value in panel.ask("rect", f"dialog.load_checkpoint.{name}"))
    shown = panel.screen.pixels(panel.panel)[y:y + height, x:x + 500]
    wide = np.flatnonzero((np.abs(shown.astype(int) - DARK.text[:3]).max(axis=2) < 40).any(axis=0)).max()
    assert wide > 6.4 * len(name), "the name is not cut where it would differ from another one's"
    panel.click(f"dialog.load_checkpoint.{name}")
    panel.wait(lambda s: s["run"] == "paused", "the state")


def test_tour_theme_and_layout_are_remembered_and_leaving_with_changes_is_asked_about_once(start):
    app = start("--idle", env={"NEURAL_SIMULATOR_SETTINGS": "none-yet.json"})
    until(lambda: app.exists("tour.next"), "the tour at the first start")
    for tab in (None, None, "tab.monitor", "tab.log"):
        app.click("tour.next")
        if tab:
            x, y, _, _ = app.ask("rect", tab)
            left, top = app.ask("pos", "tour")
            assert x <= left <= x + 200 and abs(top - y) < 200, f"the bubble stands beside {tab}"
    app.screen.key("Escape")
    until(lambda: not app.exists("tour.next"), "its end")
    app.choose("menu.View", "view.bottom")
    app.choose("menu.View", "menu.light")
    app.wait(lambda s: s["settings"]["theme"] == "light", "the light theme")
    app.settle(5)
    assert app.screen.pixels(app.panel).mean() > 120, "the ground is light"
    app.enter("core.num_neurons", "500")
    app.screen.ask_to_close(app.panel)
    until(lambda: app.exists("dialog.leave.leave"), "the question")
    app.screen.move(*app.middle("dialog.leave.leave"))
    app.settle()
    app.screen.button(True)
    app.settle(2)
    app.screen.button(False)
    assert app.end() == (0, "clean\n")
    remembered = json.loads(app.settings.read_text())
    assert remembered["theme"] == "light" and remembered["hidden_places"] == ["bottom"]
    assert remembered["show_tour"] is False
    again = start("--idle", env={"NEURAL_SIMULATOR_SETTINGS": app.settings.name})
    again.settle(5)
    assert not again.exists("tour.next") and not again.ask("shown", "bottom")
    assert again.screen.pixels(again.panel).mean() > 120
