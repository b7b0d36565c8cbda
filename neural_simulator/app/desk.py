"""The windows' end of the conversation: sends commands, folds events into the view state, keeps the newest frame.

Main thread only. Panel and viewer share one desk and know nothing of each other.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import get_args

import numpy as np

from ..base import log
from ..base.errors import SimulatorError
from ..base.paths import CHECKPOINTS
from ..config import ColorMode, CoreSimConfig, GPUConfig, VisualizationConfig
from ..files.profiles import Profile, ProfileEntry, list_profiles, load_profile, save_profile
from . import messages as msg
from .actions import ACTIONS, Action
from .frames import NO_IDS, Frame, Mailbox, NetworkView
from .view_state import ViewState, apply

USUAL_ROTATION = 12.0         # deg/s: a turn in half a minute


class Desk:
    """What a window may ask for and look at. `leaving` turns true when the user wants to end the program."""

    def __init__(self, commands: queue.Queue[msg.Command], events: queue.Queue[msg.Event], mailbox: Mailbox):
        self._commands = commands
        self._events = events
        self._mailbox = mailbox
        self._doers: dict[str, Callable[[], None]] = {
            "exit": self.leave, "toggle_synapses": partial(self._toggle, "show_synapses"),
            "toggle_pulses": partial(self._toggle, "show_pulses"), "next_color": self._next_color,
            "follow_picked": partial(self._toggle, "follow_picked"), "auto_rotate": self._auto_rotate,
            "unpick": partial(self.inspect, None), "clear_selection": partial(self.select, NO_IDS),
            "save_checkpoint": self.save_checkpoint, "load_checkpoint": self.load_checkpoint}
        self._log = log.get("app")
        self.view = ViewState()
        self._newest: Frame | None = None
        self.frame: Frame | None = None      # the newest one of the network in `view`
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
        self._note(event)

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
            self.notice(f"{action.label.rstrip('.')} is not possible now ({self.view.run}).", bad=True)
        elif action.commands is not None:
            self.send(*action.commands(self.view))
        elif action.name in self._doers:
            self._doers[action.name]()
        else:
            self.notice(f"{action.label.rstrip('.')} needs the viewer window, which is closed.", bad=True)

    def notice(self, text: str, bad: bool = False) -> None:
        """Put a sentence into the status bar."""
        self.tell(msg.Notice(text, bad))

    def draft(self, core: CoreSimConfig, gpu: GPUConfig, errors: dict[str, str]) -> None:
        """The form now shows these values; nothing is applied."""
        self.tell(msg.DraftChanged(core, gpu, errors))

    def change_visual(self, **values: object) -> None:
        """Change how the network is shown, at once. A bad value is refused with ConfigurationError."""
        old, new = self.view.visual, self.view.visual.changed(**values)
        assert isinstance(new, VisualizationConfig)
        self.tell(msg.VisualChanged(new))
        if new.update_interval_steps != old.update_interval_steps:
            self.send(msg.SetFrameInterval(new.update_interval_steps))

    def show(self, profile: Profile) -> None:
        """Put a profile into the form; what concerns the view acts at once, the rest with the next apply."""
        self.draft(profile.core, profile.device, {})
        self.tell(msg.ProfileChanged(profile.name, profile.description))
        self.change_visual(**profile.view.model_dump())

    def load_profile(self, path: Path) -> bool:
        """Read a profile into the form; a file that cannot be read changes nothing and says so."""
        try:
            profile = load_profile(path)
        except SimulatorError as error:
            self.notice(str(error), bad=True)
            return False
        self.show(profile)
        self.notice(f"Profile {profile.name} is in the form; {ACTIONS['apply'].label} builds it.")
        return True

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
        elif isinstance(event, msg.RecordingChanged) and event.problem:
            self._log.error(event.problem)
        elif isinstance(event, msg.Crashed):
            self._log.error(event.message)
        elif isinstance(event, msg.RunStateChanged):
            self._log.info("State: %s.", event.state)
