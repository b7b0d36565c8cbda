"""The windows' end of the conversation: sends commands, folds events into the view state, keeps the newest frame.

Main thread only. Panel and viewer share one desk and know nothing of each other.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeVar, get_args

import numpy as np

from ..base import log
from ..base.errors import SimulatorError
from ..base.paths import CHECKPOINTS, RECORDINGS
from ..config import ColorMode, CoreSimConfig, GPUConfig, Stimulus, VisualizationConfig, describe, drive_scale_field
from ..files.overrides import read_overrides, tuned_for
from ..files.profiles import Profile, ProfileEntry, list_profiles, load_profile, save_profile
from . import messages as msg
from . import selection
from .actions import ACTIONS, Action, apply_shown, why_not
from .background import Background
from .frames import NO_IDS, Frame, Mailbox, NetworkView
from .history import History, Moment
from .script import Script
from .settings import Settings
from .view_state import ViewState, apply

USUAL_ROTATION = 12.0         # deg/s: a turn in half a minute
T = TypeVar("T")
Stimulation = Callable[[CoreSimConfig, tuple[int, ...], float, VisualizationConfig], tuple[Stimulus, ...]]


class Desk:
    """What a window may ask for and look at. `leaving` turns true when the user wants to end the program."""

    def __init__(self, commands: queue.Queue[msg.Command], events: queue.Queue[msg.Event], mailbox: Mailbox,
                 settings: Settings | None = None):
        self._commands = commands
        self._events = events
        self._mailbox = mailbox
        self._doers: dict[str, Callable[[], None]] = {
            "exit": self.ask_to_leave, "apply": self._apply, "undo": self._undo, "redo": self._redo,
            "toggle_synapses": partial(self._toggle, "show_synapses"),
            "toggle_pulses": partial(self._toggle, "show_pulses"), "next_color": self._next_color,
            "follow_picked": partial(self._toggle, "follow_picked"), "auto_rotate": self._auto_rotate,
            "unpick": partial(self.inspect, None), "clear_selection": partial(self.select, NO_IDS),
            "push_selected": partial(self._stimulate, selection.pushed),
            "silence_selected": partial(self._stimulate, selection.silenced), "release": self._release,
            "save_checkpoint": self.save_checkpoint, "load_checkpoint": self.load_checkpoint,
            "open_playback": self.open_playback}
        self._log = log.get("app")
        self.settings = settings or Settings()
        self.background = Background()
        self.script = Script()
        self.view = ViewState()
        self.history = History(Moment("Beginning", self.view.draft_core, self.view.draft_gpu, self.view.visual))
        self._tuned: tuple[str, float] = ("", 0.0)      # the drive scale that was taken from auto-tune last
        self._saved = self.history.now       # what the profile in the form holds
        self._asked_to_leave = False
        self._newest: Frame | None = None
        self.frame: Frame | None = None      # the newest one of the network in `view`
        self.model_text = ""                 # of the user's neuron model that is being written
        self.fresh = False                   # True in the turn in which `frame` came
        self.leaving = False
        self._weights_of: NetworkView | None = None      # the network whose weights were asked for

    def tick(self) -> None:
        """Take in everything that has arrived; once per turn of the main loop, before the windows draw."""
        while True:
            try:
                self.tell(self._events.get_nowait())
            except queue.Empty:
                break
        self._newest = self._mailbox.take() or self._newest
        network, newest, shown = self.view.network, self._newest, self.frame
        ready = network is not None and newest is not None and newest.build == network.build
        self.frame = newest if ready else None
        self.fresh = self.frame is not None and self.frame is not shown
        self.background.tick()
        self._ask_for_weights()

    def _ask_for_weights(self) -> None:
        """Let the weights be summed once for every network that is coloured by them."""
        network = self.view.network
        wanted = network is not None and self.view.visual.color_mode in ("excitation", "inhibition")
        if wanted and network is not self._weights_of:
            self._weights_of = network
            self.send(msg.SumWeights())

    def tell(self, event: msg.Event) -> None:
        """Fold one event into the view state and note it in the log."""
        self.view = apply(self.view, event)
        self.script.saw(event)
        self._note(event)

    def later(self, key: str, work: Callable[[], T], then: Callable[[T], None]) -> None:
        """Let `work()` run on another thread and hand its result to `then`; an error is told in the status bar.

        Of several calls with the same key only the newest counts.
        """
        self.background.do(key, work, then, lambda error: self.notice(str(error) or type(error).__name__, bad=True))

    def send(self, *commands: msg.Command) -> None:
        """Hand commands to the simulation thread, in order."""
        for command in commands:
            self._commands.put(command)

    def on(self, name: str, do: Callable[[], None]) -> None:
        """Register the window's function that carries out the action called `name`."""
        self._doers[name] = do

    def can(self, name: str) -> bool:
        """Return whether the action called `name` makes sense now."""
        return ACTIONS[name].possible(self.view)

    def trigger(self, action: Action | str) -> None:
        """Carry out an action, by its commands or by the window that registered for it."""
        action = ACTIONS[action] if isinstance(action, str) else action
        if not action.possible(self.view):
            self.notice(why_not(action, self.view), bad=True)
        elif action.name in self._doers:
            self._doers[action.name]()
        elif action.commands is not None:
            self.send(*action.commands(self.view))
        else:
            self.notice(f"{action.label.rstrip('.')} needs the viewer window, which is closed.", bad=True)

    def notice(self, text: str, bad: bool = False) -> None:
        """Put a sentence into the status bar."""
        self.tell(msg.Notice(text, bad))

    def draft(self, core: CoreSimConfig, gpu: GPUConfig, errors: dict[str, str]) -> None:
        """The form now shows these values; nothing is applied."""
        self.tell(msg.DraftChanged(core, gpu, errors))
        self._remember()

    def commit(self) -> None:
        """The user finished an edit: what comes next is undone apart from it, and live fields act at once."""
        self.history.seal()
        applied, draft = self.view.core, self.view.draft_core
        if applied is None:
            return
        alike = all(getattr(draft, name) == getattr(applied, name)            # else its drive is another network's
                    for name in ("neural_structure_profile", "neuron_model_type"))
        values = {name: getattr(draft, name) for name in CoreSimConfig.model_fields
                  if describe(CoreSimConfig, name)["live"] and getattr(draft, name) != getattr(applied, name)
                  and (alike or describe(CoreSimConfig, name)["group"] != "Drive")}
        if values:
            self.send(msg.ChangeLive(values))

    def change_visual(self, **values: object) -> None:
        """Change how the network is shown, at once. A bad value is refused with ConfigurationError."""
        old, new = self.view.visual, self.view.visual.changed(**values)
        assert isinstance(new, VisualizationConfig)
        self.tell(msg.VisualChanged(new))
        if new.update_interval_steps != old.update_interval_steps:
            self.send(msg.SetFrameInterval(new.update_interval_steps))
        self._remember()

    def show(self, profile: Profile) -> None:
        """Put a profile into the form; what concerns the view acts at once, the rest with the next apply."""
        self.tell(msg.DraftChanged(profile.core, profile.device, {}))
        self.tell(msg.ProfileChanged(profile.name, profile.description))
        self._show_visual(profile.view)
        self._remember(f"Profile {profile.name}")
        self._note_saved()

    def _show_visual(self, visual: VisualizationConfig) -> None:
        self.tell(msg.VisualChanged(visual))
        self.send(msg.SetFrameInterval(visual.update_interval_steps))

    # ---- undo -------------------------------------------------------------------------------------------
    def _remember(self, label: str = "") -> None:
        view = self.view
        self.history.note(view.draft_core, view.draft_gpu, view.visual, label)
        self._tell_history()

    def _tell_history(self) -> None:
        labels = tuple(moment.label for moment in self.history.moments)
        if (labels, self.history.at) != (self.view.history, self.view.history_at):
            self.tell(msg.HistoryChanged(labels, self.history.at))

    def go_to_moment(self, number: int) -> None:
        """Make form and picture show what they showed at that moment of the history; live fields act at once."""
        moment = self.history.go(number)
        self.tell(msg.DraftChanged(moment.core, moment.gpu, {}))
        self._show_visual(moment.visual)
        self._tell_history()
        self.commit()

    def _undo(self) -> None:
        undone = self.history.now.label
        self.go_to_moment(self.history.at - 1)
        self.notice(f"Undone: {undone}.")

    def _redo(self) -> None:
        self.go_to_moment(self.history.at + 1)
        self.notice(f"Done again: {self.history.now.label}.")

    # ---- the auto-tuned drive ---------------------------------------------------------------------------
    def tuned_drive(self) -> tuple[str, float] | None:
        """Return the field that scales the drive of the network in the form and its auto-tuned value, if there is one.

        Raises FileFormatError where the file of tuned values is broken.
        """
        found = tuned_for(self.view.draft_core, read_overrides())
        return None if found is None or found[1].scale is None else (found[0], found[1].scale)

    def reset_drive(self) -> None:
        """Give the drive its auto-tuned value, at once where a network of that model runs."""
        tuned = self.tuned_drive()
        if tuned is None:
            self.notice("There is no auto-tuned drive for this model, structure and cell type; run auto-tune.",
                        bad=True)
            return
        self._set_drive(*tuned)
        self.commit()
        self.notice(f"{CoreSimConfig.model_fields[tuned[0]].title} is back at its auto-tuned {tuned[1]:g}.")

    def _set_drive(self, name: str, scale: float) -> None:
        view = self.view
        self.draft(view.draft_core.changed(**{name: scale}), view.draft_gpu, dict(view.draft_errors))
        self._tuned = (name, scale)

    def _apply(self) -> None:
        """Build what the form shows, with the auto-tuned drive unless the user has set another one."""
        said = self._take_tuned_drive()
        self.send(*apply_shown(self.view))
        if said:
            self.notice(said)

    def _take_tuned_drive(self) -> str:
        """Put the auto-tuned drive into the form where the user has left it alone; say what was done."""
        core = self.view.draft_core
        if drive_scale_field(core.neuron_model_type.value) is None:
            return ""
        try:
            tuned = self.tuned_drive()
        except SimulatorError as error:
            return str(error)
        if tuned is None:
            return ""
        name, scale = tuned
        now, title = getattr(core, name), CoreSimConfig.model_fields[name].title
        if now == scale:
            return ""
        untouched = (CoreSimConfig.model_fields[name].default, self._tuned[1] if self._tuned[0] == name else None)
        if now not in untouched:
            return f"{title}: your {now:g} is kept; auto-tuned is {scale:g}."
        self._set_drive(name, scale)
        return f"{title} is {scale:g}, as auto-tuned for this network."

    # ---- profiles and settings --------------------------------------------------------------------------
    def change_settings(self, **values: object) -> None:
        """Change what the program remembers of its look. A bad value is refused with ConfigurationError."""
        self.settings = self.settings.changed(**values)

    def _note_saved(self) -> None:
        view = self.view
        self._saved = Moment("", view.draft_core, view.draft_gpu, view.visual)
        self._asked_to_leave = False

    @property
    def unsaved(self) -> bool:
        """True where the form describes a network that is in no profile; how it is looked at does not count."""
        return (self._saved.core, self._saved.gpu) != (self.view.draft_core, self.view.draft_gpu)

    def load_profile(self, path: Path) -> bool:
        """Read a profile into the form; a file that cannot be read changes nothing and says so."""
        try:
            profile = load_profile(path)
        except SimulatorError as error:
            self.notice(str(error), bad=True)
            return False
        self.show(profile)
        self._used_profile(path)
        for note in profile.notes:
            self._log.warning("%s: %s", profile.name, note)
        self.notice(f"Profile {profile.name} is in the form; {ACTIONS['apply'].label} builds it.")
        return True

    def _used_profile(self, path: Path) -> None:
        self.settings = self.settings.with_recent("profile", path).changed(last_profile=str(path))

    def profiles(self) -> tuple[ProfileEntry, ...]:
        """Return the profiles in their folder, broken ones with what is wrong with them."""
        return list_profiles()

    def save_profile(self, path: Path, description: str) -> bool:
        """Write the form's last good values as a profile."""
        view = self.view
        profile = Profile(view.draft_core, view.visual, view.draft_gpu, path.stem, description)
        try:
            save_profile(profile, path)
        except SimulatorError as error:
            self.notice(str(error), bad=True)
            return False
        self.tell(msg.ProfileChanged(profile.name, profile.description))
        self._note_saved()
        self._used_profile(path)
        self.notice(f"Saved as {path}.")
        return True

    def checkpoints(self) -> tuple[Path, ...]:
        """Return the checkpoints in their folder, the newest first."""
        from ..files.checkpoints import list_checkpoints  # HDF5 is loaded when it is needed
        return list_checkpoints()

    def save_checkpoint(self, path: Path | None = None) -> None:
        """Write the state into `path`, or into a new file named after the time; the status line tells the name."""
        self.send(msg.SaveCheckpoint(path))

    def load_checkpoint(self, path: Path | None = None) -> None:
        """Go on from the checkpoint `path`, or from the newest one in their folder."""
        chosen = path or next(iter(self.checkpoints()), None)
        if chosen is None:
            self.notice(f"There is no checkpoint in {CHECKPOINTS} yet.", bad=True)
        else:
            self.send(msg.LoadCheckpoint(chosen, self.view.draft_gpu))

    def inspect(self, neuron: int | None) -> None:
        """Pick a neuron: its facts come as `view.inspection`, its trace with every frame; None picks none."""
        if self.view.network is not None:
            self.send(msg.Inspect(neuron))

    def select(self, neurons: np.ndarray) -> None:
        """Take these neurons (ids, ascending) as the selection."""
        self.tell(msg.SelectionChanged(neurons))

    def _stimulate(self, stimuli: Stimulation) -> None:
        """Push or silence the selected neurons, or the picked one, from now on."""
        view = self.view
        neurons = selection.targets(view.selection, view.inspection.neuron if view.inspection is not None else None)
        if view.core is not None and neurons:
            now_ms = self.frame.time_ms if self.frame is not None else 0.0
            self.send(msg.ChangeLive({"stimuli": stimuli(view.core, neurons, now_ms, view.visual)}))

    def _release(self) -> None:
        if self.view.core is not None:
            self.send(msg.ChangeLive({"stimuli": selection.released(self.view.core)}))

    # ---- leaving ----------------------------------------------------------------------------------------
    def ask_to_leave(self) -> None:
        """Leave; where something is unsaved and a window has registered for it, ask once before."""
        ask = self._doers.get("ask_to_leave")
        if ask is None or self._asked_to_leave or not self.unsaved or not self.settings.ask_before_leaving:
            self.leave()
        else:
            self._asked_to_leave = True
            ask()

    def stay(self) -> None:
        """The user does not want to leave after all."""
        self._asked_to_leave = False

    def recordings(self) -> tuple[Path, ...]:
        """Return the recordings in their folder, the newest first."""
        from ..files.recordings import list_recordings  # HDF5 is loaded when it is needed
        return list_recordings()

    def open_playback(self, path: Path | None = None) -> None:
        """Show the recording `path`, or the newest one in their folder, instead of the live simulation."""
        chosen = path or next(iter(self.recordings()), None)
        if chosen is None:
            self.notice(f"There is no recording in {RECORDINGS} yet.", bad=True)
        else:
            self.send(msg.OpenPlayback(chosen, self.view.draft_gpu))

    def leave(self) -> None:
        """Ask the main loop to end the program."""
        self.leaving = True

    def _toggle(self, name: str) -> None:
        self.change_visual(**{name: not getattr(self.view.visual, name)})

    def _next_color(self) -> None:
        modes = get_args(ColorMode)
        self.change_visual(color_mode=modes[(modes.index(self.view.visual.color_mode) + 1) % len(modes)])

    def _auto_rotate(self) -> None:
        self.change_visual(auto_rotate_deg_per_s=0.0 if self.view.visual.auto_rotate_deg_per_s else USUAL_ROTATION)

    def save_view(self, slot: int, pose: tuple[float, ...]) -> None:
        """Keep a pose of the viewer's camera under a number; a profile saves it too."""
        self.change_visual(saved_views={**self.view.visual.saved_views, str(slot): pose})
        self.notice(f"This view is saved; {ACTIONS[f'recall_view_{slot}'].keys[0]} returns to it.")

    def saved_view(self, slot: int) -> tuple[float, ...] | None:
        """Return the pose that was saved under a number; says so where there is none."""
        pose = self.view.visual.saved_views.get(str(slot))
        if pose is None:
            key = ACTIONS[f"save_view_{slot}"].keys[0]
            self.notice(f"No view is saved as number {slot}; {key} saves one.", bad=True)
        return pose

    def _note(self, event: msg.Event) -> None:
        """Write what the user should be able to read again into the log."""
        if isinstance(event, msg.Notice):
            self._log.log(logging.WARNING if event.bad else logging.INFO, event.text)
        elif isinstance(event, msg.Done):
            if event.text and not isinstance(event.command, msg.ApplyConfig):     # the engine has told of its build
                self._log.info(event.text)
        elif isinstance(event, msg.Failed):
            self._log.warning(event.message)
        elif isinstance(event, msg.RecordingChanged | msg.PlaybackChanged) and event.problem:
            self._log.error(event.problem)
        elif isinstance(event, msg.Crashed):
            self._log.error(event.message)
        elif isinstance(event, msg.RunStateChanged):
            self._log.info("State: %s.", event.state)
