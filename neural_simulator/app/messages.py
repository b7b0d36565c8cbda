"""What passes between the windows and the simulation thread: commands down, events up.

All messages are frozen dataclasses. Every command is answered by exactly one `Done` or `Failed`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from ..base.synapses import Synapses
from ..config import CoreSimConfig, GPUConfig, VisualizationConfig
from ..files.recording_choice import RecordingChoice
from .frames import Incoming, Inspection, NetworkView, PlaybackView


# ---- commands: windows -> simulation thread -------------------------------------------------------------
@dataclass(frozen=True)
class Command:
    """Base of all commands."""


@dataclass(frozen=True)
class ApplyConfig(Command):
    """Build a new network from these configurations and reset the simulation to time 0; `start`: then run it."""

    core: CoreSimConfig
    gpu: GPUConfig = field(default_factory=GPUConfig)
    start: bool = False


@dataclass(frozen=True)
class AddNeuronModel(Command):
    """Check the neuron model that `text` declares, and offer it; with `keep`, write it among the user's models.

    After `Done`, `models.neurons.NEURON_MODELS` holds it. A running network goes on as it is.
    """

    text: str
    keep: bool = True


@dataclass(frozen=True)
class Cancel(Command):
    """Give up the build, or the loading or saving, that is under way; what existed before it stays."""


@dataclass(frozen=True)
class ChangeLive(Command):
    """Change fields that are declared `live`, by name, without a reset: numbers, or `stimuli` as a whole list."""

    values: Mapping[str, Any]


@dataclass(frozen=True)
class Start(Command):
    """Run from the present state, or resume when paused."""


@dataclass(frozen=True)
class Pause(Command):
    """Hold the run; `Start` resumes it."""


@dataclass(frozen=True)
class Stop(Command):
    """End the run and go back to the initial state of the network."""


@dataclass(frozen=True)
class StepOnce(Command):
    """Advance `duration_ms` (at least one step) while paused or stopped."""

    duration_ms: float = 1.0


@dataclass(frozen=True)
class Reward(Command):
    """Give a reward (negative: a punishment) before the next step, where STDP waits for rewards."""

    amount: float = 1.0


@dataclass(frozen=True)
class SetSpeed(Command):
    """Simulated time per wall time; 0 means as fast as possible."""

    factor: float


@dataclass(frozen=True)
class SetFrameInterval(Command):
    """Simulation steps between two frames at real time, at least 1; slow motion shortens it in proportion."""

    steps: int


@dataclass(frozen=True)
class SetProbes(Command):
    """Choose the neurons whose membrane potential is traced at every step."""

    ids: tuple[int, ...]


@dataclass(frozen=True)
class Inspect(Command):
    """Tell everything about one neuron (`Inspected`) and trace its potential in every frame; None: no longer.

    `states`: trace all of its states too, a few times per ms, which makes batches short.
    """

    neuron: int | None
    states: bool = False


@dataclass(frozen=True)
class SumWeights(Command):
    """Add up the weights of every neuron's inputs (`WeightsSummed`)."""


@dataclass(frozen=True)
class StartRecording(Command):
    """Record all spikes and what is chosen into a new file; without `path` one named after the time.

    How it is written is the `recording_mode` of the device configuration that the network was built with.
    `files.recording_choice.forecast` tells how large the file will be.
    """

    path: Path | None = None
    choice: RecordingChoice = field(default_factory=RecordingChoice)


@dataclass(frozen=True)
class StopRecording(Command):
    """Finish the recording and close its file."""


@dataclass(frozen=True)
class SaveCheckpoint(Command):
    """Write the whole state into `path`, replacing it at once; without `path` into a new file named after the time.

    Reports `Progress`; `Cancel` leaves what was there before.
    """

    path: Path | None = None


@dataclass(frozen=True)
class LoadCheckpoint(Command):
    """Build the network of the checkpoint `path`, bring it to its state, and hold it there (paused).

    `gpu` says what shall compute, whatever did when it was saved. Reports `Progress` and `NetworkBuilt`; the form's
    draft becomes the checkpoint's configuration. On failure or `Cancel` what existed before stays.
    """

    path: Path
    gpu: GPUConfig = field(default_factory=GPUConfig)


@dataclass(frozen=True)
class GoBack(Command):
    """Go back in the running simulation to an earlier moment and hold there; what came after is forgotten.

    A recording under way is finished first. `NetworkView.first_step` tells how far back it goes. Reports `Progress`;
    `Cancel` leaves everything as it was.
    """

    time_ms: float


@dataclass(frozen=True)
class OpenPlayback(Command):
    """Show a recording instead of the live simulation, which is paused and kept as it is.

    Answers with `NetworkBuilt` of the recorded network and `PlaybackChanged`; then frames come as from a live run.
    Where the recording has to be computed again, `gpu` says what shall compute, and `Progress` is reported.
    """

    path: Path
    gpu: GPUConfig = field(default_factory=GPUConfig)


@dataclass(frozen=True)
class ClosePlayback(Command):
    """Leave the playback: `PlaybackChanged(None)` and, where there is one, `NetworkBuilt` of the live network."""


@dataclass(frozen=True)
class SeekPlayback(Command):
    """Show the frame at `step`, or the last one before it."""

    step: int


@dataclass(frozen=True)
class StepPlayback(Command):
    """Hold, and go on by so many frames; back if negative."""

    frames: int = 1


@dataclass(frozen=True)
class PlayPlayback(Command):
    """Play at `speed` times real time, back if negative; 0 holds. At the end it holds, or begins anew in a loop."""

    speed: float


@dataclass(frozen=True)
class LoopPlayback(Command):
    """Begin anew at the end, or not."""

    on: bool


@dataclass(frozen=True)
class Shutdown(Command):
    """End the simulation thread."""


# ---- events: simulation thread -> windows ---------------------------------------------------------------
@dataclass(frozen=True)
class Event:
    """Base of all events."""


@dataclass(frozen=True)
class Done(Event):
    """`command` was carried out where step `step` begins; `text` is a sentence for the status bar."""

    command: Command
    text: str = ""
    step: int = 0


@dataclass(frozen=True)
class Failed(Event):
    """`command` was refused or failed; nothing was changed. `field` names a configuration field or is None."""

    command: Command
    message: str
    field: str | None = None


@dataclass(frozen=True)
class RunStateChanged(Event):
    """`state` is 'stopped', 'running', 'paused', 'ended', or 'empty' where there is no network."""

    state: str


@dataclass(frozen=True)
class NetworkBuilt(Event):
    """A new network is in place; `view` is what the windows need of it."""

    view: NetworkView


@dataclass(frozen=True)
class SynapsesChanged(Event):
    """Synapses have come and gone in network `build`: how many there are now, and the sample that windows draw."""

    build: int
    num_synapses: int
    sample: Synapses


@dataclass(frozen=True)
class Inspected(Event):
    """What is known of the neuron that was asked for; None where nothing is inspected any more."""

    inspection: Inspection | None


@dataclass(frozen=True)
class WeightsSummed(Event):
    """The summed weights that were asked for."""

    incoming: Incoming


@dataclass(frozen=True)
class Progress(Event):
    """`task` is `fraction` (0..1) complete; a fraction of 1 ends it."""

    task: str
    fraction: float


@dataclass(frozen=True)
class RecordingChanged(Event):
    """A recording began (`path`) or ended (`path` is None), by itself where a `problem` says why.

    A run whose recording ends by itself is paused, so that nothing goes by unrecorded.
    """

    path: Path | None
    problem: str = ""


@dataclass(frozen=True)
class PlaybackChanged(Event):
    """What the playback does now; None: there is none (any more). The position comes with the frames.

    A `problem` says why it holds although nobody wanted it to.
    """

    playback: PlaybackView | None
    problem: str = ""


@dataclass(frozen=True)
class Crashed(Event):
    """The simulation thread met an unexpected error; the run is paused and `report` was written."""

    message: str
    report: Path


# ---- events that the windows make themselves ------------------------------------------------------------
@dataclass(frozen=True)
class DraftChanged(Event):
    """The form shows other values: the last good ones, and for each bad field's name in `errors` its sentence."""

    core: CoreSimConfig
    gpu: GPUConfig
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class VisualChanged(Event):
    """The user changed how the network is shown."""

    visual: VisualizationConfig


@dataclass(frozen=True)
class ProfileChanged(Event):
    """A profile was loaded into the form or the form was saved into it; `name` is shown as its title."""

    name: str
    description: str = ""


@dataclass(frozen=True)
class SelectionChanged(Event):
    """The user selected these neurons in the viewer, (K,) int32 ascending; empty: none."""

    neurons: np.ndarray


@dataclass(frozen=True)
class HistoryChanged(Event):
    """What can be undone: a sentence for every moment of form and picture, and the number of the one in force."""

    labels: tuple[str, ...]
    at: int


@dataclass(frozen=True)
class Notice(Event):
    """A sentence for the status bar from the windows themselves; `bad` marks an error."""

    text: str
    bad: bool = False
