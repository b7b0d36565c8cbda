"""What the user did, as the Python script that does the same: same network, same steps, same spikes bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any

from ..config import Config, CoreSimConfig, GPUConfig
from ..models.neurons import USER_MODELS
from . import messages as msg

RESET = "sim.reset()"
HEAD = ("from neural_simulator import CoreSimConfig, GPUConfig, SimulationBridge",)


class Script:
    """The acts since the newest network was built. `version` grows with every change."""

    def __init__(self) -> None:
        self.version = 0
        self._head: list[str] = []                      # what builds the network
        self._acts: list[tuple[int, str]] = []          # (step at which it was done, line)
        self._seed = 0
        self._dt_ms = 1.0
        self._first = 0                                 # step at which the network came
        self._state = "empty"

    def saw(self, event: msg.Event) -> None:
        """Take in what was done."""
        if isinstance(event, msg.NetworkBuilt):
            view = event.view
            self._seed, self._dt_ms, self._first = view.seed, view.core.dt_ms, view.first_step
        elif isinstance(event, msg.RunStateChanged):
            if (self._state, event.state) == ("ended", "running"):      # a run that is over begins anew
                self._acts.append((0, RESET))
            self._state = event.state
        elif isinstance(event, msg.Done) and type(event.command) in WRITERS:
            WRITERS[type(event.command)](self, event)
            self.version += 1

    def text(self, step: int) -> str:
        """Return the script up to the beginning of step `step`."""
        if not self._head:
            return "# Nothing has been built yet."
        lines, at = [], self._first
        for done_at, line in (*self._acts, (step, "")):
            if done_at > at:
                lines.append(f"sim.step({done_at - at})      # to {done_at * self._dt_ms:g} ms")
                at = done_at
            if line:
                lines.append(line)
            if line == RESET:
                at = 0
        return "\n".join([*HEAD, "", *self._head, *lines]) + "\n"

    def _built(self, event: msg.Done) -> None:
        command: Any = event.command
        core = command.core.changed(seed=self._seed)
        self._acts = []
        self._head = [*own_models(core), "sim = SimulationBridge(", f"    core_config={call(core)},",
                      f"    gpu_config={call(command.gpu)},", ")", "sim.initialize()"]

    def _loaded(self, event: msg.Done) -> None:
        command: Any = event.command
        self._acts = []
        self._head = ["sim = SimulationBridge(gpu_config=" + call(command.gpu) + ")",
                      f"sim.load_checkpoint({str(command.path)!r})"]

    def _live(self, event: msg.Done) -> None:
        command: Any = event.command
        values = dict(command.values)
        values.pop("total_simulation_time_ms", None)
        if "stimuli" in values:
            self._acts.append((event.step, f"sim.set_stimuli({list(_plain(values.pop('stimuli')))!r})"))
        if values:
            told = ", ".join(f"{name}={literal(value)}" for name, value in values.items())
            self._acts.append((event.step, f"sim.simulation.set_live({told})"))

    def _rewarded(self, event: msg.Done) -> None:
        command: Any = event.command
        self._acts.append((event.step, f"sim.reward({command.amount!r})"))

    def _went_back(self, event: msg.Done) -> None:
        command: Any = event.command
        while self._acts and self._acts[-1][0] * self._dt_ms > command.time_ms and self._acts[-1][1] != RESET:
            self._acts.pop()

    def _stopped(self, event: msg.Done) -> None:
        self._acts.append((event.step, RESET))

    def _recording(self, event: msg.Done) -> None:
        command: Any = event.command
        name = command.path.name if command.path is not None else "recording.simrec.h5"
        self._acts.append((event.step, f"sim.start_recording_to_file({name!r})"))

    def _recorded(self, event: msg.Done) -> None:
        self._acts.append((event.step, "sim.stop_recording()"))


WRITERS: Mapping[type[msg.Command], Callable[[Script, msg.Done], None]] = {
    msg.ApplyConfig: Script._built,
    msg.LoadCheckpoint: Script._loaded,
    msg.ChangeLive: Script._live,
    msg.Reward: Script._rewarded,
    msg.GoBack: Script._went_back,
    msg.Stop: Script._stopped,
    msg.StartRecording: Script._recording,
    msg.StopRecording: Script._recorded,
}


def own_models(core: CoreSimConfig) -> list[str]:
    """Return the lines that declare the user's models of this network, none where it has none."""
    used = dict.fromkeys((core.neuron_model_type.value, *(cells.model.value for cells in core.trait_cells)))
    lines = []
    for text in (USER_MODELS[key].text for key in used if key in USER_MODELS):
        told = "".join(f"    {line!r}\n" for line in text.splitlines(keepends=True))
        lines += ["from neural_simulator import add_user_model", f"add_user_model(\n{told}    , keep=False)"]
    return list(dict.fromkeys(lines))


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
    return repr(_plain(value))


def _plain(value: Any) -> Any:
    """Replace configurations in a tuple by dictionaries."""
    if isinstance(value, tuple):
        return tuple(part.model_dump(mode="json") if isinstance(part, Config) else part for part in value)
    return value
