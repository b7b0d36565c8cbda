"""Undo and redo of form and picture."""

import queue

import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app.desk import Desk
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.history import MOST_MOMENTS, History, Moment
from neural_simulator.config import CoreSimConfig, GPUConfig, VisualizationConfig
from neural_simulator.files.profiles import Profile
from tests.app.test_view_state import network_view

CORE, GPU, VISUAL = CoreSimConfig(), GPUConfig(), VisualizationConfig()


@pytest.fixture
def history():
    return History(Moment("Beginning", CORE, GPU, VISUAL))


def test_typing_one_number_is_one_moment(history):
    for typed in (5, 50, 500):
        history.note(CORE.changed(num_neurons=typed), GPU, VISUAL)
    assert [moment.label for moment in history.moments] == ["Beginning", "Neurons: 1000 \u2192 500"]
    history.seal()
    history.note(CORE.changed(num_neurons=7), GPU, VISUAL)
    assert history.now.label == "Neurons: 500 \u2192 7" and history.at == 2


def test_fields_changed_in_turn_are_moments_of_their_own(history):
    core = CORE.changed(num_neurons=500)
    history.note(core, GPU, VISUAL)
    history.note(core, GPU, VISUAL.changed(point_size=9.0))
    assert history.now.label == "Point size: 6 \u2192 9 px"
    assert history.go(1).core == core and history.now.visual == VISUAL


def test_lists_and_values_by_name_are_told_as_the_form_shows_them(history):
    for changes, told in (
            ({"inhibitory_trait_indices": (1, 4)}, "Inhibitory traits: 1 \u2192 1, 4"),
            ({"inhibitory_trait_indices": ()}, "Inhibitory traits: 1 \u2192 none"),
            ({"projection_learning": {"A -> B": {"STDP": {}}}}, "Learning by projection: A -> B"),
            ({"excitatory_parameters": {"C": 90.0}}, "Excitatory custom values: C default \u2192 90")):
        history.note(CORE.changed(**changes), GPU, VISUAL)
        assert history.now.label == told
        history.go(0)


def test_a_change_after_an_undo_drops_what_was_undone(history):
    for size in (500, 600):
        history.note(CORE.changed(num_neurons=size), GPU, VISUAL)
        history.seal()
    history.go(1)
    assert history.can_redo
    history.note(CORE.changed(seed=3), GPU, VISUAL)
    assert len(history.moments) == 3 and not history.can_redo


def test_the_list_does_not_grow_without_end(history):
    for size in range(1, MOST_MOMENTS + 50):
        history.note(CORE.changed(num_neurons=size), GPU, VISUAL)
        history.seal()
    assert len(history.moments) == MOST_MOMENTS and history.now.core.num_neurons == MOST_MOMENTS + 49


def test_nothing_changed_is_no_moment(history):
    history.note(CORE.changed(), GPU, VISUAL)
    assert len(history.moments) == 1


@pytest.fixture
def desk():
    desk = Desk(queue.Queue(), queue.Queue(), Mailbox())
    desk.show(Profile(CORE, VISUAL, GPU, "p"))
    while not desk._commands.empty():
        desk._commands.get()
    return desk


def test_undo_brings_back_the_form_and_live_fields_act_again(desk):
    for event in (msg.NetworkBuilt(network_view(core=CORE)), msg.Done(msg.ApplyConfig(CORE, GPU))):
        desk.tell(event)
    desk.draft(CORE.changed(background_rate_Hz=300.0), GPU, {})
    desk.commit()
    assert desk._commands.get_nowait() == msg.ChangeLive({"background_rate_Hz": 300.0})
    desk.tell(msg.Done(msg.ChangeLive({"background_rate_Hz": 300.0})))
    desk.trigger("undo")
    assert desk.view.draft_core == CORE and "Background rate" in desk.view.status
    sent = [desk._commands.get_nowait() for _ in range(desk._commands.qsize())]
    assert msg.ChangeLive({"background_rate_Hz": 200.0}) in sent
    desk.trigger("redo")
    assert desk.view.draft_core.background_rate_Hz == 300.0 and not desk.can("redo")


def test_undo_covers_the_picture(desk):
    desk.change_visual(point_size=11.0)
    assert not desk.unsaved, "how the network is looked at is no work to be lost"
    desk.trigger("undo")
    assert desk.view.visual == VISUAL


def test_unsaved_changes_are_asked_about_once(desk):
    asked = []
    desk.on("ask_to_leave", lambda: asked.append(True))
    desk.draft(CORE.changed(num_neurons=9), GPU, {})
    desk.trigger("exit")
    assert asked == [True] and not desk.leaving
    desk.trigger("exit")
    assert asked == [True] and desk.leaving


def test_without_changes_nothing_is_asked(desk):
    desk.on("ask_to_leave", pytest.fail)
    desk.trigger("exit")
    assert desk.leaving


def test_the_user_may_have_the_question_switched_off(desk):
    desk.on("ask_to_leave", pytest.fail)
    desk.change_settings(ask_before_leaving=False)
    desk.draft(CORE.changed(num_neurons=9), GPU, {})
    desk.trigger("exit")
    assert desk.leaving
