"""The windows' end of the conversation: sends commands, folds events into the view state, keeps the newest frame.

Main thread only. Panel and viewer share one desk and know nothing of each other.
"""

from __future__ import annotations

import logging
import queue
from collections.abc import Callable
from pathlib import Path

from ..base import log
from ..base.errors import SimulatorError
from ..base.paths import CHECKPOINTS
from ..config import CoreSimConfig, GPUConfig, VisualizationConfig
from ..files.profiles import Profile, ProfileEntry, list_profiles, load_profile, save_profile
from . import messages as msg
from .actions import ACTIONS, Action
from .frames import Frame, Mailbox
from .view_state import ViewState, apply


class Desk:
    """What a window may ask for and look at. `leaving` turns true when the user wants to end the program."""

    def __init__(self, commands: queue.Queue[msg.Command], events: queue.Queue[msg.Event], mailbox: Mailbox):
        self._commands = commands
        self._events = events
        self._mailbox = mailbox
        self._doers: dict[str, Callable[[], None]] = {
            "exit": self.leave, "toggle_synapses": self._toggle_synapses,
            "save_checkpoint": self.save_checkpoint, "load_checkpoint": self.load_checkpoint}
        self._log = log.get("app")
        self.view = ViewState()
        self._newest: Frame | None = None
        self.frame: Frame | None = None      # the newest one of the network in `view`
        self.fresh = False                   # True in the turn in which `frame` came
        self.leaving = False

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
            self.send(msg.LoadCheckpoint(chosen, self.view.draft_gpu, self.view.visual.max_synapses_drawn))

    def leave(self) -> None:
        """Ask the main loop to end the program."""
        self.leaving = True

    def _toggle_synapses(self) -> None:
        self.change_visual(show_synapses=not self.view.visual.show_synapses)

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
