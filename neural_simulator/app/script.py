"""What the user did, as the Python script that does the same: same network, same steps, same spikes bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from ..config import Config, CoreSimConfig, GPUConfig
from . import messages as msg

HEAD = ("from neural_simulator import CoreSimConfig, GPUConfig, SimulationBridge",)


class Script:
    """The lines since the newest network was built. `version` grows with every change."""

    def __init__(self) -> None:
        self.version = 0
        self._lines: list[str] = []
        self._step = 0                      # where the lines have come to
        self._seed = 0
        self._dt_ms = 1.0
        self._state = "empty"

    def saw(self, event: msg.Event) -> None:
        """Take in what was done."""
        if isinstance(event, msg.NetworkBuilt):
            self._seed, self._dt_ms = event.view.seed, event.view.core.dt_ms
        elif isinstance(event, msg.RunStateChanged):
            if (self._state, event.state) == ("ended", "running"):      # a run that is over begins anew
                self._rewind()
            self._state = event.state
        elif isinstance(event, msg.Done) and type(event.command) in WRITERS:
            WRITERS[type(event.command)](self, event)
            self.version += 1

    def text(self, step: int) -> str:
        """Return the script up to the beginning of step `step`."""
        if not self._lines:
            return "# Nothing has been built yet."
        return "\n".join([*HEAD, "", *self._lines, *self._moved(step)]) + "\n"

    def _built(self, event: msg.Done) -> None:
        command: Any = event.command
        core = command.core.changed(seed=self._seed)
        self._step = 0
        self._lines = ["sim = SimulationBridge(", f"    core_config={call(core)},",
                       f"    gpu_config={call(command.gpu)},", ")", "sim.initialize()"]

    def _live(self, event: msg.Done) -> None:
        command: Any = event.command
        values = {name: value for name, value in command.values.items() if name != "total_simulation_time_ms"}
        if values:
            self._go_to(event.step)
            told = ", ".join(f"{name}={literal(value)}" for name, value in values.items())
            self._lines.append(f"sim.simulation.set_live({told})")

    def _stopped(self, event: msg.Done) -> None:
        self._go_to(event.step)
        self._rewind()

    def _rewind(self) -> None:
        self._lines.append("sim.reset()")
        self._step = 0

    def _recording(self, event: msg.Done) -> None:
        command: Any = event.command
        self._go_to(event.step)
        name = command.path.name if command.path is not None else "recording.simrec.h5"
        self._lines.append(f"sim.start_recording_to_file({name!r})")

    def _recorded(self, event: msg.Done) -> None:
        self._go_to(event.step)
        self._lines.append("sim.stop_recording()")

    def _go_to(self, step: int) -> None:
        self._lines += self._moved(step)
        self._step = step

    def _moved(self, step: int) -> list[str]:
        """Return the line that advances to `step`, none where it is reached already."""
        if step <= self._step:
            return []
        return [f"sim.step({step - self._step})      # to {step * self._dt_ms:g} ms"]


WRITERS: Mapping[type[msg.Command], Callable[[Script, msg.Done], None]] = {
    msg.ApplyConfig: Script._built,
    msg.ChangeLive: Script._live,
    msg.Stop: Script._stopped,
    msg.StartRecording: Script._recording,
    msg.StopRecording: Script._recorded,
}


def call(config: CoreSimConfig | GPUConfig) -> str:
    """Return the call that makes `config`, with the fields that differ from their defaults, over several lines."""
    standard = type(config)()
    told = [f"{name}={literal(getattr(config, name))}" for name in type(config).model_fields
            if getattr(config, name) != getattr(standard, name)]
    if not told:
        return f"{type(config).__name__}()"
    inside = "".join(f"        {each},\n" for each in told)
    return f"{type(config).__name__}(\n{inside}    )"


def literal(value: Any) -> str:
    """Return a value as Python source; a configuration inside another one as its dictionary."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, Config):
        value = value.model_dump(mode="json")
    if isinstance(value, tuple) and any(isinstance(part, Config) for part in value):
        value = tuple(part.model_dump(mode="json") for part in value)
    return repr(value)
