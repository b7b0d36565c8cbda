"""What the windows see of a network: `NetworkView` once per build, `Frame` at the display's pace."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from ..backend.device_array import DeviceArray
from ..base.declarations import Population
from ..base.synapses import Synapses
from ..config import CoreSimConfig
from ..engine.learning_view import LearningView as LearningView  # for the windows, which know no engine

MAX_TAPE = 200_000          # newest spikes kept for windows that do not keep up
NEVER = np.int32(-(2**30))  # last_spike_step of a neuron that has not fired


NO_STATES = np.empty((0, 0), np.float32)
NO_STEPS, NO_IDS, NO_TRACE = np.empty(0, np.int64), np.empty(0, np.int32), np.empty(0, np.float32)


@dataclass(frozen=True, eq=False)
class NetworkView:
    """The part of a network that does not change from step to step."""

    core: CoreSimConfig
    seed: int
    backend: str                       # e.g. "CPU, 1 thread"
    populations: tuple[Population, ...]
    population_of: np.ndarray          # (N,) uint8
    positions: np.ndarray              # (N, 3) float32, um, centred on 0
    synapse_sample: Synapses           # a stable sample, spread over the network; so is every beginning of it
    num_synapses: int
    memory_bytes: int
    build_time_s: float
    build: int = 0                     # number of the network; its frames carry the same
    max_delay_steps: int = 1
    weight_unit: str = "nS"
    variables: tuple[str, ...] = ("v",)     # what can be recorded of a neuron
    state_bytes: int = 0               # size of the whole state, for forecasts of recordings
    rewarded: bool = False             # whether something waits for rewards
    first_step: int = 0                # the earliest step of this run that one can go back to

    @property
    def num_neurons(self) -> int:
        return int(self.positions.shape[0])


def same_neurons(a: NetworkView | None, b: NetworkView | None) -> bool:
    """Whether both are of one network, of which at most the synapses differ."""
    return a is not None and b is not None and a.build == b.build and a.positions is b.positions


@dataclass(frozen=True, eq=False)
class Frame:
    """The state of the network at the start of step `step`, and the spikes since the frame before."""

    step: int
    time_ms: float
    v: np.ndarray | DeviceArray                 # (N,) float32, mV
    last_spike_step: np.ndarray | DeviceArray   # (N,) int32, NEVER where there was none
    spike_steps: np.ndarray            # (S,) int64, ascending
    spike_ids: np.ndarray              # (S,) int32
    total_spikes: int                  # since time 0
    rates_Hz: tuple[float, ...]        # per population, over the newest `rate_window_ms`
    rate_window_ms: float
    probe_ids: tuple[int, ...]
    probe_steps: np.ndarray            # (T,) int64
    probe_v: np.ndarray                # (T, len(probe_ids)) float32, mV
    step_time_us: float                # wall time of one step, recent mean
    real_time_factor: float            # wall time / simulated time of the computation alone
    speed: float = 0.0                 # simulated time / wall time reached recently, waiting included; 0: not running
    build: int = 0                     # number of the network that it belongs to
    memory_use: float = 0.0            # share of the memory of what computes that is in use, by whomever
    # All spikes that may still be under way: those of the newest max_delay_steps + 1 steps.
    flying_steps: np.ndarray = field(default_factory=lambda: NO_STEPS)         # (F,) int64, ascending
    flying_ids: np.ndarray = field(default_factory=lambda: NO_IDS)             # (F,) int32
    inspected: int | None = None                                               # neuron whose trace follows
    inspected_steps: np.ndarray = field(default_factory=lambda: NO_STEPS)      # (T,) int64, since the frame before
    inspected_v: np.ndarray = field(default_factory=lambda: NO_TRACE)          # (T,) float32, mV
    state_names: tuple[str, ...] = ()                                          # of the inspected neuron, if asked for
    states: np.ndarray = field(default_factory=lambda: NO_STATES)              # (K, S) float32, since the frame before
    learning: LearningView | None = None       # what has been learned, about once a second; None where nothing learns


@dataclass(frozen=True, eq=False)
class Incoming:
    """The summed weights of every neuron's excitatory and of its inhibitory inputs."""

    build: int                         # number of the network
    sums: np.ndarray                   # (2, N) float32, in the neurons' port unit


@dataclass(frozen=True, eq=False)
class Inspection:
    """What is known of one neuron that the user picked."""

    neuron: int
    build: int                         # number of its network
    population: Population
    position: tuple[float, float, float]       # um
    parameters: tuple[tuple[str, float, str], ...]       # name, value, unit
    leaving: Synapses                  # all of them
    ending: Synapses


@dataclass(frozen=True)
class PlaybackView:
    """The recording on show. The position is the newest `Frame.step`, between `first_step` and `stop_step`."""

    path: Path
    kind: str                          # 'full' or 'replay'
    first_step: int
    stop_step: int
    dt_ms: float
    interval_steps: int = 1            # steps from one frame to the next
    speed: float = 0.0                 # simulated time / wall time; negative: backward; 0: held
    loop: bool = False                 # begins anew at its end
    complete: bool = True              # False while the file is being written, and after its writer was killed


def _follows(old: Frame, new: Frame) -> bool:
    """True where `new` continues the run of `old`."""
    return old.build == new.build and old.step <= new.step


def _joined(old: Frame, new: Frame) -> Frame:
    """`new`, with the spikes and traces of the unseen `old` before its own."""
    same_probes, same_neuron = old.probe_ids == new.probe_ids, old.inspected == new.inspected
    return replace(
        new,
        spike_steps=np.concatenate([old.spike_steps, new.spike_steps])[-MAX_TAPE:],
        spike_ids=np.concatenate([old.spike_ids, new.spike_ids])[-MAX_TAPE:],
        probe_steps=np.concatenate([old.probe_steps, new.probe_steps])[-MAX_TAPE:] if same_probes else new.probe_steps,
        probe_v=np.concatenate([old.probe_v, new.probe_v])[-MAX_TAPE:] if same_probes else new.probe_v,
        inspected_steps=(np.concatenate([old.inspected_steps, new.inspected_steps])[-MAX_TAPE:] if same_neuron
                         else new.inspected_steps),
        states=(np.concatenate([old.states, new.states])[-MAX_TAPE:]
                if same_neuron and old.state_names == new.state_names else new.states),
        inspected_v=(np.concatenate([old.inspected_v, new.inspected_v])[-MAX_TAPE:] if same_neuron
                     else new.inspected_v),
    )


class Mailbox:
    """One place, newest frame wins, so that a slow window never delays the simulation; spikes are not lost."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._frame: Frame | None = None

    def put(self, frame: Frame) -> None:
        with self._lock:
            unseen = self._frame
            self._frame = _joined(unseen, frame) if unseen is not None and _follows(unseen, frame) else frame

    def take(self) -> Frame | None:
        """Return the newest frame, or None when it has been taken already."""
        with self._lock:
            frame, self._frame = self._frame, None
            return frame

    def waiting(self) -> bool:
        """True while a frame has not been taken."""
        return self._frame is not None
