"""The view state: a pure fold of events."""

import queue
from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app.actions import ACTIONS, action_for, chord, key_list, why_not
from neural_simulator.app.desk import Desk
from neural_simulator.app.frames import Frame, Mailbox, NetworkView
from neural_simulator.app.view_state import APPLIERS, ViewState, apply, changed_fields
from neural_simulator.config import CoreSimConfig, GPUConfig
from tests.app.fakes import FakeNetwork

CORE = CoreSimConfig(num_neurons=10)


def network_view(build=1, core=CORE):
    network = FakeNetwork(core.num_neurons)
    return NetworkView(core, 7, "fake", network.populations, network.population_of, network.positions,
                       np.zeros((0, 2), np.int32), 0, 0, 0.0, build)


def frame(step=0, build=1, spikes=()):
    empty = np.empty(0)
    return Frame(step, float(step), np.zeros(10), np.zeros(10), np.array(spikes, np.int64), np.array(spikes, np.int32),
                 len(spikes), (0.0, 0.0), 250.0, (), empty, np.empty((0, 0)), 1.0, 0.1, build=build)


def folded(*events, view=None):
    view = view or ViewState()
    for event in events:
        view = apply(view, event)
    return view


def built(*more):
    return folded(msg.NetworkBuilt(network_view()), msg.RunStateChanged("stopped"), msg.Done(msg.ApplyConfig(CORE)),
                  *more)


def test_every_event_is_applied():
    assert set(APPLIERS) == set(msg.Event.__subclasses__())


def test_progress_begins_and_ends():
    view = folded(msg.Progress("Wiring", 0.5))
    assert view.progress == ("Wiring", 0.5) and view.building
    assert not folded(msg.Progress("Wiring", 1.0), view=view).building
    assert not folded(msg.Failed(msg.ApplyConfig(CORE), "Cancelled."), view=view).building


def test_a_bad_field_found_by_the_build_is_marked_in_the_form():
    view = folded(msg.Failed(msg.ApplyConfig(CORE), "too many", "num_neurons"))
    assert view.draft_errors == {"num_neurons": "too many"} and view.status_bad


def test_only_what_differs_from_the_network_in_place_counts_as_changed():
    view = built(msg.DraftChanged(CORE, GPUConfig(), {}))
    assert changed_fields(view) == frozenset()
    view = apply(view, msg.DraftChanged(CORE.changed(num_neurons=20), GPUConfig(num_threads=1), {}))
    assert changed_fields(view) == {"num_neurons", "num_threads"}


def test_a_live_change_is_applied_and_so_not_marked_as_changed():
    view = built(msg.DraftChanged(CORE.changed(external_current_pA=5.0), GPUConfig(), {}),
                 msg.Done(msg.ChangeLive({"external_current_pA": 5.0}), "now 5 pA"))
    assert changed_fields(view) == frozenset() and view.status == "now 5 pA"


def test_a_crash_stays_visible_until_the_run_goes_on(tmp_path):
    view = built(msg.RunStateChanged("paused"), msg.Crashed("broke", tmp_path))
    assert view.crash.message == "broke" and view.status == "broke"
    assert folded(msg.RunStateChanged("running"), view=view).crash is None


@pytest.mark.parametrize(("events", "possible"), [
    ((), {"apply", "start", "pause"}),
    ((msg.RunStateChanged("running"),), {"apply", "pause", "step", "stop", "record"}),
    ((msg.RunStateChanged("paused"),), {"apply", "start", "pause", "step", "stop", "record"}),
    ((msg.RunStateChanged("ended"),), {"apply", "start", "pause", "stop"}),
    ((msg.Progress("Wiring", 0.5),), {"cancel"}),
])
def test_only_sensible_actions_are_possible(events, possible):
    view = folded(*events) if not events else built(*events)
    sending = {name for name, action in ACTIONS.items() if action.commands is not None}
    assert {name for name in sending if ACTIONS[name].possible(view)} == possible


def test_start_before_any_build_builds_what_the_form_shows():
    view = folded(msg.DraftChanged(CORE, GPUConfig(), {}))
    assert ACTIONS["start"].commands(view) == (msg.ApplyConfig(CORE, GPUConfig(), start=True),)
    assert ACTIONS["start"].commands(built()) == (msg.Start(),)


def test_no_key_stands_for_two_actions():
    keys = [key for action in ACTIONS.values() for key in action.keys]
    assert len(keys) == len(set(keys)) and len(key_list()) == sum(bool(action.keys) for action in ACTIONS.values())


def test_keys_find_their_actions():
    assert action_for(chord("S", ctrl=True)).name == "save_profile"
    assert action_for(chord("S")).name == "step"
    assert action_for(chord("S"), anywhere_only=True) is None
    assert action_for(chord("Space")).name == "pause"
    assert action_for("Q") is None


def make_desk():
    desk = Desk(queue.Queue(), queue.Queue(), Mailbox())
    return desk, desk._commands, desk._events, desk._mailbox


def test_the_desk_shows_no_frame_of_a_network_it_does_not_know_yet():
    desk, _, events, mailbox = make_desk()
    mailbox.put(frame(build=1))
    desk.tick()
    assert desk.frame is None
    events.put(msg.NetworkBuilt(network_view(build=1)))
    desk.tick()
    assert desk.frame.build == 1 and desk.fresh
    desk.tick()
    assert desk.frame.build == 1 and not desk.fresh
    events.put(msg.NetworkBuilt(network_view(build=2)))
    desk.tick()
    assert desk.frame is None


def test_an_unseen_frame_gives_its_spikes_to_the_next_of_the_same_run_only():
    mailbox = Mailbox()
    for each in (frame(1, spikes=(0,)), frame(3, spikes=(1, 2))):
        mailbox.put(each)
    assert mailbox.take().spike_steps.tolist() == [0, 1, 2]
    for each in (frame(3, spikes=(1, 2)), frame(3, build=2)):
        mailbox.put(each)
    assert mailbox.take().spike_steps.tolist() == []
    for each in (frame(3, spikes=(1, 2)), frame(1, spikes=(0,))):
        mailbox.put(each)
    assert mailbox.take().spike_steps.tolist() == [0]


def test_an_action_without_its_window_says_so():
    desk, commands, _, _ = make_desk()
    desk.trigger("reset_camera")
    assert desk.view.status_bad and "viewer" in desk.view.status and commands.empty()
    done = []
    desk.on("reset_camera", lambda: done.append(True))
    desk.trigger("reset_camera")
    assert done == [True]


def test_impossible_actions_send_nothing():
    desk, commands, _, _ = make_desk()
    desk.trigger("stop")
    assert commands.empty() and desk.view.status_bad


def test_a_changed_update_interval_is_told_to_the_simulation():
    desk, commands, _, _ = make_desk()
    desk.change_visual(point_size=9.0)
    assert desk.view.visual.point_size == 9.0 and commands.empty()
    desk.change_visual(update_interval_steps=5)
    assert commands.get_nowait() == msg.SetFrameInterval(5)


def test_exit_asks_the_main_loop_to_leave():
    desk, *_ = make_desk()
    desk.trigger("exit")
    assert desk.leaving


@pytest.mark.parametrize("name, missing", [("unpick", "click a neuron"), ("record_selected", "select neurons first"),
                                           ("push_selected", "click a neuron"), ("take_picture", "no network"),
                                           ("stop", "no network yet"), ("reward", "no network yet")])
def test_an_action_that_is_not_possible_says_what_is_missing(name, missing):
    desk, commands, *_ = make_desk()
    desk.trigger(name)
    assert missing in desk.view.status and desk.view.status_bad and commands.empty()


def test_a_reward_that_is_not_possible_says_whether_nothing_waits_for_it_or_the_run_is_over():
    action, static = ACTIONS["reward"], built()
    assert "switch Reward-modulated STDP on" in why_not(action, static) and not action.possible(static)
    waiting = replace(static, network=replace(static.network, rewarded=True))
    assert action.possible(waiting)
    ended = replace(waiting, run="ended")
    assert "the simulation is ended" in why_not(action, ended) and not action.possible(ended)
