"""The panel end to end: a real window on a virtual screen, a real simulation, mouse, keys and pixels."""

import json
import time
from pathlib import Path

import numpy as np
import pytest

from neural_simulator.base.palette import population_color
from neural_simulator.gui import theme
from tests.gui.driver import until

pytestmark = pytest.mark.gui


def share(picture, color, tolerance=12):
    """Return the share of pixels that have about this colour."""
    return float((np.abs(picture.astype(int) - np.array(color)).max(axis=2) <= tolerance).mean())


def cut(panel, tag):
    """Return the picture of one item."""
    x, y, width, height = (int(value) for value in panel.ask("rect", tag))
    return panel.screen.pixels(panel.panel)[y:y + height, x:x + width]


def test_the_window_shows_the_living_network(panel):
    panel.wait(lambda s: s["step"] > 1200, "a second of activity")
    panel.settle()
    picture = panel.screen.pixels(panel.panel)
    assert (picture.max(axis=2) > 12).mean() > 0.9, "the panel must not be black"
    raster = cut(panel, "activity.raster")
    for index in (0, 1):        # an excitatory and the inhibitory population
        color = [round(255 * part) for part in population_color(index)]
        assert share(raster, color, 40) > 0.0005, f"population {index} shows no spikes"
    assert panel.ask("value", "number.neurons") == "1,000"
    assert float(panel.ask("value", "number.rate").split()[0]) > 0.5


def test_start_builds_what_the_form_shows_and_ctrl_c_ends_the_program_even_during_a_build(start):
    app = start("--idle")
    assert app.state()["run"] == "empty" and app.ask("enabled", "action.start")
    app.enter("core.num_neurons", "400")
    app.click("action.start")
    assert "probability" in app.wait(lambda s: s["bad"], "the refusal of too dense a network")["status"]
    app.enter("core.connections_per_neuron", "20")
    app.click("action.start")
    assert app.wait(lambda s: s["run"] == "running" and s["spikes"] > 0, "spikes")["num_neurons"] == 400
    app.enter("core.num_neurons", "20000")
    app.enter("core.connections_per_neuron", "1000")
    app.click("action.apply")
    app.wait(lambda s: s["building"], "the build")
    app.interrupt()
    assert app.end() == (0, "clean\n")


def test_the_mouse_beside_a_label_brings_up_no_tooltip_of_what_is_hidden(panel):
    panel.click("action.pause")
    panel.wait(lambda s: s["run"] == "paused", "the pause")
    panel.reveal("core.neural_structure_profile")
    panel.settle(5)

    def below(x, y, mouse):
        """What is shown where a tooltip of (x, y) would be, once the mouse has rested longer than a tooltip waits."""
        panel.screen.move(*mouse)
        time.sleep(0.8)
        panel.settle(5)
        left, top = panel.screen.origin(panel.panel)
        return panel.screen.pixels(panel.panel)[int(y - top):int(y - top) + 60, int(x - left) + 10:int(x - left) + 70]
    x, y = panel.middle("core.neural_structure_profile")
    beside = y - panel.ask("rect", "core.neural_structure_profile")[3]        # in the line above, which holds the label
    for at, told in ((y, True), (beside, False)):
        differ = not np.array_equal(below(x, at, (x, at)), below(x, at, (x, 4)))
        assert differ is told, "the input has a tooltip; the reset arrow is hidden, and so is its own"


def test_pause_holds_step_advances_stop_rewinds_and_start_runs(panel):
    panel.click("action.pause")
    held = panel.wait(lambda s: s["run"] == "paused", "the pause")["step"]
    panel.settle(5)
    assert panel.state()["step"] == held > 0
    panel.click("action.step")
    panel.wait(lambda s: s["step"] == held + 1, "one step of 1 ms")
    panel.click("action.stop")
    panel.wait(lambda s: s["run"] == "stopped" and s["step"] == 0, "the rewind")
    assert not panel.ask("enabled", "action.stop")
    panel.click("action.start")
    panel.wait(lambda s: s["run"] == "running" and s["spikes"] > 0, "the run")


def test_a_value_out_of_range_is_marked_explained_and_cannot_be_applied(panel):
    plain = cut(panel, "core.num_neurons")
    panel.enter("core.num_neurons", "0")
    state = panel.wait(lambda s: s["errors"], "the error")
    assert "between 1 and" in state["errors"]["num_neurons"]
    panel.settle()
    assert share(cut(panel, "core.num_neurons"), theme.DARK.bad_field) > 0.4 > share(plain, theme.DARK.bad_field)
    assert not panel.ask("enabled", "action.apply")
    assert "1 not valid" in panel.ask("label", "core:Network")
    panel.enter("core.num_neurons", "many")
    panel.wait(lambda s: "many" in s["errors"].get("num_neurons", ""), "the error of a text")
    panel.enter("core.num_neurons", "1,000")
    panel.wait(lambda s: not s["errors"], "the correction")
    panel.settle()
    assert panel.ask("enabled", "action.apply") and share(cut(panel, "core.num_neurons"), theme.DARK.bad_field) == 0.0


def test_changes_wait_for_apply_and_are_marked_until_then(panel):
    panel.enter("core.num_neurons", "1500")
    panel.settle()
    assert panel.state()["num_neurons"] == 1000
    assert panel.ask("value", "profile_note") == "1 not applied"
    assert "1 changed" in panel.ask("label", "core:Network")
    panel.click("action.apply")
    panel.wait(lambda s: s["num_neurons"] == 1500 and s["run"] == "stopped" and s["step"] == 0, "the new network")
    panel.settle()
    assert panel.ask("value", "profile_note") == ""


def test_a_live_field_acts_at_once_and_says_so(panel):
    before = panel.state()
    panel.enter("core.background_rate_Hz", "800")
    state = panel.wait(lambda s: "applied at once" in s["status"], "the live change")
    assert "Background rate is now 800 Hz" in state["status"]
    assert state["run"] == "running" and state["step"] > before["step"]
    panel.settle()
    assert panel.ask("value", "profile_note") == ""


def test_a_reward_is_given_where_something_waits_for_it_and_what_is_learned_is_shown(panel):
    panel.click("tab.learning")
    panel.wait(lambda s: panel.ask("shown", "learning.note"), "the note that nothing learns")
    assert not panel.ask("enabled", "learning.reward") and panel.ask("value", "learning.strengthened") == "-"
    panel.click("core.enable_reward_modulation")
    panel.click("action.apply")
    panel.wait(lambda s: s["run"] == "stopped" and not s["building"] and s["step"] == 0, "the new network")
    panel.click("action.start")
    panel.wait(lambda s: s["step"] > 300 and panel.ask("enabled", "learning.reward"), "the button")
    shown = panel.state()["visual"]
    panel.enter("learning.amount", "c")
    panel.enter("learning.amount", "2.5")
    assert panel.state()["visual"] == shown, "what is typed into a number is no key of the viewer"
    panel.click("learning.reward")
    panel.wait(lambda s: "Reward of 2.5 at" in s["status"], "the reward")
    panel.wait(lambda s: panel.ask("value", "learning.strengthened") not in ("-", "0"), "weights that rise")
    assert panel.ask("value", "learning.formed") == "0" and "now" in panel.ask("value", "learning.dopamine")
    assert not panel.ask("shown", "learning.note")
    panel.click("tab.weights")
    panel.wait(lambda s: "see Learning" in panel.ask("value", "weights.note"), "where learned weights are shown")
    panel.click("tab.monitor")


def test_speed_follows_slider_and_buttons(panel):
    x, y, width, height = panel.ask("rect", "speed")
    left, top = panel.screen.origin(panel.panel)
    panel.click_at(left + x + width * 0.3, top + y + height / 2)
    assert panel.wait(lambda s: s["speed"] != 1.0, "a lower speed")["speed"] < 0.5
    panel.click("speed_max")
    panel.wait(lambda s: s["speed"] == 0.0, "no limit")
    panel.click("speed_real")
    panel.wait(lambda s: s["speed"] == 1.0, "real time")


def test_a_profile_goes_into_the_form_only_and_saving_writes_it(panel):
    panel.screen.key("Control_L", "l")
    panel.settle(4)
    panel.click("dialog.load.medium-10000x500")
    panel.wait(lambda s: s["profile"] == "medium-10000x500", "the profile")
    panel.settle()
    assert panel.ask("value", "core.num_neurons") == "10000"
    assert panel.state()["num_neurons"] == 1000
    panel.screen.key("Control_L", "s")
    panel.settle(4)
    panel.enter("dialog.save.name", "mine", finish=False)
    panel.click("dialog.save.ok")
    saved = Path(panel.wait(lambda s: s["profile"] == "mine", "the saved profile")["settings"]["last_profile"])
    assert saved.name == "mine.json" and json.loads(saved.read_text())["core"]["num_neurons"] == 10000


def test_f1_shows_the_keys_and_escape_closes_them(panel):
    panel.screen.key("F1")
    panel.settle(4)
    assert panel.ask("shown", "dialog.keys")
    panel.screen.key("Escape")
    panel.settle(4)
    assert not panel.exists("dialog.keys")


def test_traced_neurons_can_be_chosen_and_bad_ones_are_refused(panel):
    panel.enter("probes", "3, 5")
    panel.settle(5)
    panel.wait(lambda s: s["probes"] == [3, 5], "the probes")
    panel.enter("probes", "5000")
    panel.wait(lambda s: s["bad"] and "no neuron 5000" in s["status"], "the refusal")
    panel.enter("probes", "x")
    panel.wait(lambda s: s["bad"] and "whole numbers" in s["status"], "the refusal of a text")


def test_the_log_can_be_searched_filtered_and_cleared(panel):
    panel.click("log.clear")
    panel.click("action.pause")
    panel.wait(lambda s: s["run"] == "paused", "the pause")
    panel.enter("log.search", "PAUSED", finish=False)
    panel.settle(4)
    assert panel.ask("value", "log.count") == "1 of 1 found"
    panel.enter("log.search", "no such word", finish=False)
    panel.settle(4)
    assert panel.ask("value", "log.count") == "0 found"
    panel.click("log.clear")
    panel.settle(4)
    assert panel.state()["log_lines"] == 0


def test_panels_can_be_hidden_and_shown(panel):
    for shown in (False, True):
        panel.choose("menu.View", "view.bottom")
        assert panel.ask("shown", "bottom") is shown


def test_a_long_build_shows_progress_and_can_be_cancelled(panel):
    panel.enter("core.num_neurons", "20000")
    panel.enter("core.connections_per_neuron", "1000")
    panel.click("action.apply")
    panel.wait(lambda s: s["building"], "the progress bar")
    panel.settle(2)
    panel.click("action.cancel")
    state = panel.wait(lambda s: not s["building"], "the cancelled build")
    assert "Cancelled" in state["status"] and state["num_neurons"] == 1000
    panel.wait(lambda s: s["run"] == "running" and s["step"] > state["step"], "the old run going on")


def test_an_error_of_the_simulation_is_told_and_the_panel_lives_on_until_it_is_closed(start, tmp_path):
    app = start("--break-at", "300")
    state = app.wait(lambda s: s["bad"], "the message")
    assert "broken on purpose" in state["status"] and state["run"] == "paused"
    assert "ZeroDivisionError" in next(tmp_path.glob("crash_*.txt")).read_text()
    app.settle(4)
    assert app.ask("shown", "dialog.crash")
    app.screen.key("Escape")
    app.settle(4)
    app.click("action.stop")
    app.wait(lambda s: s["run"] == "stopped" and s["step"] == 0, "the rewind")
    app.screen.ask_to_close(app.panel)
    assert app.end() == (0, "clean\n")


def test_an_error_in_a_model_that_is_typed_is_marked_with_its_line(panel):
    panel.click("tab.models")
    until(lambda: "can be read" in panel.ask("value", "models.told"), "the check of what stands there")
    panel.click("models.text")
    panel.screen.key("Control_L", "End")
    panel.screen.type("x")
    until(lambda: "a bare expression is not allowed here" in panel.ask("value", "models.told"), "the error")
    assert panel.ask("value", "models.line").endswith("| x")
    panel.screen.key("BackSpace")
    until(lambda: "can be read" in panel.ask("value", "models.told"), "the check of the mended text")
    panel.click("tab.monitor")


def test_a_model_is_written_added_and_chosen(panel):
    panel.click("tab.models")
    until(lambda: "can be read" in panel.ask("value", "models.told"), "the check")
    panel.click("models.add")
    panel.wait(lambda s: "has passed" in s["status"], "the model")
    panel.click("models.use")
    panel.wait(lambda s: s["core"]["neuron_model_type"] == "MY_MODEL", "the model in the form")
    assert panel.ask("value", "core.neuron_model_type") == "My model"
    panel.click("tab.monitor")


def test_in_a_small_window_the_log_leaves_room_for_the_form(panel):
    def room():
        return panel.ask("pos", "bottom")[1] - panel.ask("pos", "left")[1]
    before, size = room(), panel.screen.size(panel.panel)
    try:
        panel.panel.configure(width=720, height=480)
        panel.screen.focus(panel.panel)
        until(lambda: panel.screen.size(panel.panel) == (720, 480) and room() < before, "the small window")
        panel.settle(5)
        assert room() > 0.4 * 480
    finally:
        panel.panel.configure(width=size[0], height=size[1])
        panel.screen.focus(panel.panel)
    until(lambda: room() == before, "the room as it was")
