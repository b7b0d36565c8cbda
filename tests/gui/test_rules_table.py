"""Rules of single projections, given with mouse and keys in a real window."""

import pytest

from neural_simulator.gui import theme
from tests.gui.driver import until
from tests.gui.test_panel import cut, share

pytestmark = pytest.mark.gui
ROW = 2
CHOSEN = "Excitatory 0 (RS) -> Excitatory 2 (RS)"


@pytest.fixture
def table(panel):
    """The panel with the table of projections in sight, and none of them chosen."""
    panel.reveal("rules.origin")
    until(lambda: panel.exists("rules.24") and not panel.exists("rules.25"), "the projections")
    for number in range(25):
        if panel.ask("value", f"rules.{number}"):
            panel.press(f"rules.{number}")
    panel.reveal("rules.origin")
    panel.settle(5)
    return panel


def own(panel):
    return panel.state()["core"]["projection_learning"]


def test_one_projection_learns_once_its_rule_is_switched_on_and_applied(table):
    table.click(f"rules.{ROW}")
    table.click("rule.STDP")
    table.wait(lambda s: own(table) == {CHOSEN: {"STDP": {}}}, "the rule")
    assert "1 changed" in table.ask("label", "core:Learning by projection")
    assert table.exists(f"rules.{ROW}:remove") and not table.exists("rules.1:remove"), "it is seen which one it is"
    table.enter("rule.STDP__a_plus", "0.02")
    table.wait(lambda s: own(table) == {CHOSEN: {"STDP": {"a_plus": 0.02}}}, "its parameter")
    table.click("action.apply")
    table.wait(lambda s: s["run"] == "stopped" and not s["building"] and s["step"] == 0, "the new network")
    table.click("tab.learning")
    table.click("action.start")
    table.wait(lambda s: table.ask("value", "learning.strengthened") not in ("-", "0"), "weights that rise")
    table.click("tab.monitor")


def test_rules_are_removed_and_undo_brings_them_back(table):
    table.click(f"rules.{ROW}")
    table.click("rule.HEBBIAN")
    given = {CHOSEN: {"HEBBIAN": {}}}
    table.wait(lambda s: own(table) == given, "the rule")
    table.click(f"rules.{ROW}:remove")
    table.wait(lambda s: own(table) == {}, "the removal")
    until(lambda: table.ask("value", "rule.HEBBIAN") is False, "the form of what is left")
    table.screen.key("Control_L", "z")
    table.wait(lambda s: own(table) == given, "the undo")
    until(lambda: table.ask("value", "rule.HEBBIAN") is True and table.exists(f"rules.{ROW}:remove"), "the rules")
    table.screen.key("Control_L", "z")
    table.wait(lambda s: own(table) == {}, "the undo of the first change")


def test_all_projections_get_rules_in_common_and_single_ones_keep_theirs(table):
    table.click(f"rules.{ROW}")
    table.click("rule.HEBBIAN")
    table.wait(lambda s: own(table), "the rules of one")
    table.click("rules.add")
    table.wait(lambda s: list(own(table)) == ["* -> *", CHOSEN], "the pattern")
    until(lambda: table.ask("value", "rules.chosen") == "All \u2192 All", "its form")
    table.click("rule.SHORT_TERM")
    table.wait(lambda s: own(table) == {"* -> *": {"SHORT_TERM": {}}, CHOSEN: {"HEBBIAN": {}}}, "its rule")
    table.click("rules.0:remove")
    table.wait(lambda s: own(table) == {CHOSEN: {"HEBBIAN": {}}}, "the removal")
    until(lambda: not table.exists("rule.HEBBIAN"), "its form gone")


def test_a_value_out_of_range_is_told_beside_it_and_nothing_is_applied(table):
    table.click(f"rules.{ROW}")
    table.click("rule.STDP")
    table.wait(lambda s: own(table), "the rule")
    table.reveal("rule.STDP__tau_plus_ms")
    plain = cut(table, "rule.STDP__tau_plus_ms")
    table.enter("rule.STDP__tau_plus_ms", "0")
    state = table.wait(lambda s: s["errors"], "the error")
    told = state["errors"]["projection_learning.STDP__tau_plus_ms"]
    assert told == "Window before of STDP is 0.0 ms, but must be a number between 0.1 and 1,000 ms."
    assert own(table) == {CHOSEN: {"STDP": {}}} and not table.ask("enabled", "action.apply")
    assert share(cut(table, "rule.STDP__tau_plus_ms"), theme.DARK.bad_field) > 0.4 > share(plain, theme.DARK.bad_field)
    assert "1 not valid" in table.ask("label", "core:Learning by projection")
    table.click("rules.1")
    table.wait(lambda s: not s["errors"], "nothing is wrong with another one")


def test_two_rules_for_one_weight_are_told_in_a_sentence(table):
    table.click(f"rules.{ROW}")
    table.click("rule.STDP")
    table.click("rule.HEBBIAN")
    until(lambda: table.ask("shown", "rules.problem"), "the sentence")
    assert "would both change the same weights" in table.ask("value", "rules.problem")
    table.click("rule.STDP")
    until(lambda: not table.ask("shown", "rules.problem"), "the correction")


def choose(table, tag, number):
    """Choose an entry of a list of choices by a click."""
    table.click(tag)
    x, y = table.middle(tag)
    table.click_at(x, y + 22 + 20 * number)


def test_all_excitatory_sources_are_chosen_among_the_ends(table):
    choose(table, "rules.from", 1)
    until(lambda: table.ask("value", "rules.from") == "All excitatory", "the choice")
    table.click("rules.add")
    table.wait(lambda s: own(table) == {"Excitatory * -> *": {}}, "the pattern")
    table.click("rule.STDP")
    table.wait(lambda s: own(table) == {"Excitatory * -> *": {"STDP": {}}}, "its rule")
    table.click("rules.1")
    until(lambda: "of All excitatory \u2192 All;" in table.ask("value", "rules.origin"), "where they come from")
    assert table.ask("value", "rule.STDP") is True


def test_ends_between_which_there_is_nothing_are_refused_in_a_sentence(panel):
    panel.press("action.load_profile")
    panel.press("dialog.load.thalamus-spindles")
    panel.screen.key("Escape")
    panel.reveal("rules.origin")
    until(lambda: panel.exists("rules.2") and not panel.exists("rules.3"), "its projections")
    panel.reveal("rules.origin")
    panel.settle(5)
    for tag in ("rules.from", "rules.to"):
        choose(panel, tag, 1)
        until(lambda tag=tag: panel.ask("value", tag) == "TC", "the choice")
    panel.click("rules.add")
    panel.wait(lambda s: s["bad"] and "has no projections TC \u2192 TC" in s["status"], "the refusal")
    assert own(panel) == {}
