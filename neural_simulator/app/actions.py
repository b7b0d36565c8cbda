"""What a user can do, once: name, label, key, help and what it sends. Panel and viewer share this table.

An action either sends commands to the simulation thread (`commands`) or is carried out by a window that
registered itself for it (`Desk.on`), such as resetting the camera.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .messages import (
    ApplyConfig,
    Cancel,
    ClosePlayback,
    Command,
    Pause,
    PlayPlayback,
    Reward,
    SetProbes,
    Start,
    StartRecording,
    StepOnce,
    StepPlayback,
    Stop,
    StopRecording,
)
from .selection import released
from .view_state import ViewState

MAX_PROBES = 8                # neurons that can be traced at once
SLOTS = {1: "F5", 2: "F6", 3: "F7", 4: "F8"}      # saved views and their keys


def _always(view: ViewState) -> bool:
    return True


@dataclass(frozen=True)
class Action:
    """One thing to do. `keys` are chords such as 'Ctrl+S'; `anywhere`: its keys also work in the panel."""

    name: str
    label: str
    help: str
    keys: tuple[str, ...] = ()
    anywhere: bool = False
    commands: Callable[[ViewState], tuple[Command, ...]] | None = None
    possible: Callable[[ViewState], bool] = _always


def apply_shown(view: ViewState, start: bool = False) -> tuple[Command, ...]:
    """Build what the form shows."""
    return (ApplyConfig(view.draft_core, view.draft_gpu, start),)


def start(view: ViewState) -> tuple[Command, ...]:
    """Run; where nothing is built yet, build what the form shows first."""
    return (Start(),) if view.network is not None else apply_shown(view, start=True)


def pause_or_resume(view: ViewState) -> tuple[Command, ...]:
    """Pause a running simulation, run any other; hold a playback, or play it."""
    if view.playback is not None:
        return (PlayPlayback(1.0 if view.playback.speed == 0.0 else 0.0),)
    return (Pause(),) if view.run == "running" else start(view)


def step(view: ViewState) -> tuple[Command, ...]:
    """Advance the simulation by 1 ms, or the playback by one frame."""
    return (StepPlayback(1),) if view.playback is not None else (StepOnce(1.0),)


def record_or_finish(view: ViewState) -> tuple[Command, ...]:
    """Begin a recording, or finish the one under way."""
    return (StopRecording(),) if view.recording is not None else (StartRecording(),)


def can_apply(view: ViewState) -> bool:
    return not view.building and not view.draft_errors and view.playback is None


def can_start(view: ViewState) -> bool:
    ready = view.network is not None or not view.draft_errors
    return not view.building and view.run != "running" and ready and view.playback is None


def can_pause_or_resume(view: ViewState) -> bool:
    return can_start(view) or (not view.building and (view.run == "running" or view.playback is not None))


def can_record(view: ViewState) -> bool:
    return view.network is not None and not view.building and view.run != "ended" and view.playback is None


def can_step(view: ViewState) -> bool:
    return can_record(view) or (not view.building and view.playback is not None)


def can_reward(view: ViewState) -> bool:
    """True where STDP waits for rewards."""
    return can_record(view) and view.network is not None and view.network.rewarded


def can_stop(view: ViewState) -> bool:
    return view.network is not None and not view.building and view.run != "stopped" and view.playback is None


def can_save(view: ViewState) -> bool:
    return view.network is not None and not view.building and view.playback is None


def can_load(view: ViewState) -> bool:
    return not view.building and view.playback is None


def has_network(view: ViewState) -> bool:
    return view.network is not None


def has_selection(view: ViewState) -> bool:
    return view.network is not None and view.selection.size > 0


def has_chosen(view: ViewState) -> bool:
    return has_selection(view) or has_picked(view)


def is_stimulating(view: ViewState) -> bool:
    """True while a stimulus of the viewer acts, or has acted, on the network in place."""
    return view.core is not None and released(view.core) != view.core.stimuli


def has_picked(view: ViewState) -> bool:
    return view.inspection is not None


def trace_selected(view: ViewState) -> tuple[Command, ...]:
    """Trace the selected neurons; of more than can be traced, some spread over all."""
    count = min(MAX_PROBES, view.selection.size)
    spread = np.linspace(0, view.selection.size - 1, count).astype(int)
    return (SetProbes(tuple(int(number) for number in view.selection[spread])),)


_ALL = (
    Action("apply", "Apply Changes & Reset Sim", "Build the network that the form describes and go back to time 0.",
           commands=apply_shown, possible=can_apply),
    Action("start", "Start", "Run the simulation from its present state.", commands=start, possible=can_start),
    Action("pause", "Pause", "Pause the run, or go on with it.", ("P", "Space"), commands=pause_or_resume,
           possible=can_pause_or_resume),
    Action("stop", "Stop", "End the run and go back to time 0 of the same network.",
           commands=lambda view: (Stop(),), possible=can_stop),
    Action("step", "Step", "Advance by 1 ms of simulated time.", ("S",),
           commands=step, possible=can_step),
    Action("reward", "Reward", "Give a reward: dopamine makes real what STDP has marked.", ("W",),
           commands=lambda view: (Reward(),), possible=can_reward),
    Action("record", "Record", "Record all spikes and traces into a file, or finish the recording.",
           commands=record_or_finish, possible=can_record),
    Action("open_playback", "Play Recording...", "Show a recording instead of the simulation, which waits.",
           possible=lambda view: can_load(view) and view.recording is None),
    Action("close_playback", "Leave Playback", "Go back to the simulation, as it was.",
           commands=lambda view: (ClosePlayback(),),
           possible=lambda view: not view.building and view.playback is not None),
    Action("cancel", "Cancel", "Give up what is under way; what existed before it stays.",
           commands=lambda view: (Cancel(),), possible=lambda view: view.building),
    Action("show_viewer", "Show Network Window", "Open the window with the network in 3D, or bring it to the front."),
    Action("reset_camera", "Reset Camera", "Show the whole network from the front again.", ("R",)),
    Action("toggle_synapses", "Show Synapses", "Draw the synapses as lines, or not.", ("N",)),
    Action("toggle_pulses", "Show Pulses", "Draw the spikes in flight along the synapses, or not.", ("U",)),
    Action("next_color", "Next Colours", "Colour the neurons by the next of their properties.", ("C",)),
    Action("follow_picked", "Follow Picked Neuron", "Keep the picked neuron in the middle of the view, or not.", ("F",),
           possible=has_picked),
    Action("auto_rotate", "Auto-Rotate", "Let the view turn by itself, or not.", ("A",)),
    Action("look_front", "View from the Front", "Look along the y axis.", ("1",)),
    Action("look_side", "View from the Side", "Look against the x axis.", ("2",)),
    Action("look_top", "View from the Top", "Look down the z axis.", ("3",)),
    Action("look_oblique", "Oblique View", "Look from the upper left, as at the start.", ("4",)),
    *(Action(f"recall_view_{slot}", f"Saved View {slot}", f"Go to the view that was saved as number {slot}.", (key,))
      for slot, key in SLOTS.items()),
    *(Action(f"save_view_{slot}", f"Save View {slot}", f"Save the present view as number {slot}.", (f"Shift+{key}",))
      for slot, key in SLOTS.items()),
    Action("take_picture", "Take Picture", "Save the picture as PNG.", ("F12",), possible=has_network),
    Action("take_clear_picture", "Take Picture without Background", "Save the picture as PNG with a transparent "
           "background.", ("Shift+F12",), possible=has_network),
    Action("film", "Film", "Film what is shown as MP4 at the pace of simulated time, or finish the movie.", ("F11",),
           possible=has_network),
    Action("unpick", "Unpick Neuron", "Close the picked neuron's panel.", ("Delete",), possible=has_picked),
    Action("record_selected", "Trace Selected Neurons", "Trace the potentials of the selected neurons, at most "
           f"{MAX_PROBES} of them.", ("O",), commands=trace_selected, possible=has_selection),
    Action("push_selected", "Stimulate Selected Neurons", "Push the selected neurons, or the picked one, with a "
           "current for a moment.", ("T",), possible=has_chosen),
    Action("silence_selected", "Silence Selected Neurons", "Keep the selected neurons, or the picked one, silent.",
           ("X",), possible=has_chosen),
    Action("release", "Release Neurons", "End what was done to neurons in the viewer.", ("Shift+X",),
           possible=is_stimulating),
    Action("clear_selection", "Clear Selection", "Select no neuron.", ("Backspace",), possible=has_selection),
    Action("show_gallery", "Structure Gallery...", "Choose a brain structure by its picture."),
    Action("save_profile", "Save Profile...", "Write the form's values into a profile.", ("Ctrl+S",), anywhere=True),
    Action("load_profile", "Load Profile...", "Read a profile into the form.", ("Ctrl+L",), anywhere=True),
    Action("save_checkpoint", "Save Checkpoint...", "Write the whole state of the simulation into a file.",
           ("Ctrl+Shift+S",), anywhere=True, possible=can_save),
    Action("load_checkpoint", "Load Checkpoint...", "Go on from a saved state, with the same bits.",
           ("Ctrl+Shift+L",), anywhere=True, possible=can_load),
    Action("undo", "Undo", "Take back the newest change of the form or of the picture.", ("Ctrl+Z",), anywhere=True,
           possible=lambda view: view.history_at > 0),
    Action("redo", "Redo", "Make an undone change again.", ("Ctrl+Y", "Ctrl+Shift+Z"), anywhere=True,
           possible=lambda view: view.history_at < len(view.history) - 1),
    Action("show_keys", "Keys", "Show this list of keys.", ("F1",), anywhere=True),
    Action("show_tour", "Tour", "Explain the parts of the control panel."),
    Action("exit", "Exit", "Leave the program.", ("Escape",)),
)

ACTIONS: dict[str, Action] = {action.name: action for action in _ALL}

# What is missing where an action is not possible, by the function that decides.
MISSING: dict[Callable[[ViewState], bool], str] = {
    has_picked: "click a neuron in the network window first",
    has_selection: "select neurons first, with Shift and drag in the network window",
    has_chosen: "click a neuron in the network window or select some first",
    is_stimulating: "no neuron is pushed or kept silent",
    can_reward: "nothing waits for rewards; switch Reward-modulated STDP on and build the network anew",
}


def why_not(action: Action, view: ViewState) -> str:
    """Return a sentence on why `action` is not possible now."""
    state = ("a network is being built" if view.building else "a recording is on show" if view.playback is not None
             else "there is no network yet" if view.network is None else f"the simulation is {view.run}")
    told = MISSING.get(action.possible, state)
    if action.possible is can_reward and (view.network is None or view.network.rewarded):
        told = state
    return f"{action.label.rstrip('.')} is not possible now: {told}."


def chord(key: str, ctrl: bool = False, shift: bool = False) -> str:
    """Return the spelling of a key press used in the table, e.g. 'Ctrl+Shift+S'."""
    return ("Ctrl+" if ctrl else "") + ("Shift+" if shift else "") + key


def action_for(pressed: str, anywhere_only: bool = False) -> Action | None:
    """Return the action that the chord `pressed` stands for, or None."""
    for action in _ALL:
        if pressed in action.keys and (action.anywhere or not anywhere_only):
            return action
    return None


def key_list() -> list[tuple[str, str]]:
    """Return (keys, help) of every action that has a key, in the order of the table."""
    return [(" or ".join(action.keys), action.help) for action in _ALL if action.keys]
