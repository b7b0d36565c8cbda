"""Joins a running simulation to a recording file."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ..base import log
from ..base.arrays import joined
from ..base.errors import BackendError, ConfigurationError, SimulatorError
from ..config import CoreSimConfig, GPUConfig
from ..files.recording_choice import KEYFRAME_EVERY_S, SPIKE_BYTES, RecordingChoice
from ..files.recording_writer import BackgroundWriter, Frames, RecordingWriter
from ..files.recordings import RecordingFacts, Traced, new_path
from .checkpoints import origin_of

MOST_SPIKES = 4_000_000            # that wait in memory while frames wait on a device
PIECE_BYTES = 4 << 20              # handed to the writer at once
SEND_EVERY_S = 0.05                # of wall time: so the writer's thread does not interrupt every batch
COST_LIMIT = 0.03                  # share of the computing time that keyframes may take
LEAST_SPIKES = 1_000_000           # between the states kept in a full recording, so that counts are found quickly
SPIKES_PER_STATE = 3.0             # bytes of spikes per byte of the kept state between them
_log = log.get("app")


class RunRecorder:
    """Records every batch of `sim` from its present step on into `path`, or into a new file of the usual folder.

    `core` is the configuration in force, `traced` are the neurons that the monitor traces. How it is written is the
    `recording_mode` of `gpu`:
    - 'streaming': by a thread of its own while the simulation runs, flushed every second;
    - 'gpu_buffered': the traces stay in the device's memory and are written at the end, or earlier when the room for
      them (`max_recording_memory_fraction` of what is free) is full. Where the CPU computes, or nothing is traced,
      there is nothing to keep on a device, and the recording is streamed;
    - 'disabled': refused with a sentence.
    """

    def __init__(self, path: Path | None, core: CoreSimConfig, sim: Any, traced: tuple[int, ...],
                 choice: RecordingChoice | None = None, gpu: GPUConfig | None = None):
        gpu = gpu or GPUConfig()
        if gpu.recording_mode == "disabled":
            raise SimulatorError("Recording is disabled (recording_mode in the device settings); choose gpu_buffered "
                                 "or streaming there.")
        self._sim = sim
        self._choice = choice or RecordingChoice()
        neurons = chosen_neurons(self._choice, traced, sim.network.num_neurons)
        what = Traced(neurons, self._choice.variables if neurons else (), self._choice.interval_steps)
        self._sampling = None
        if neurons:
            rows = max(1, round(core.total_simulation_time_ms / sim.dt_ms) // what.interval_steps)
            self._sampling = sim.sample(what.variables, neurons, what.interval_steps, rows,
                                        gpu.max_recording_memory_fraction)
        self._buffered = gpu.recording_mode == "gpu_buffered" and self._sampling is not None and not sim.on_host
        self._row_bytes = 8 + 4 * len(neurons) * len(what.variables)
        self._interval = what.interval_steps
        self.path = path or new_path()
        try:
            self._writer = BackgroundWriter(self._open(core, what))
        except BaseException:
            sim.end_sampling()
            raise
        self._spikes: list[tuple[np.ndarray, np.ndarray]] = []
        self._waiting_spikes = 0
        self._sent_step, self._sent_s = sim.step_index, time.monotonic()
        self._computed_s, self._spikes_since = 0.0, 0  # since the last keyframe
        self._keyframed_step = sim.step_index

    def _open(self, core: CoreSimConfig, what: Traced) -> RecordingWriter:
        network = self._sim.network
        facts = RecordingFacts(tuple(network.populations), network.positions, origin_of(self._sim, core))
        began = time.perf_counter()
        state = self._sim.snapshot()
        self._keyframe_s, self._state_bytes = time.perf_counter() - began, state.nbytes
        return RecordingWriter(self.path, facts, what, kind=self._choice.kind, first_step=state.step,
                               state=state.arrays())

    def saw(self, batch: Any) -> None:
        """Add the batch that the simulation has just finished; FileFormatError when it cannot be written any more."""
        self._spikes.append((batch.spike_steps, batch.spike_ids))
        self._waiting_spikes += len(batch.spike_ids)
        self._computed_s += batch.seconds
        self._spikes_since += len(batch.spike_ids)
        if self._is_due():
            self.settle()
        if self._keyframe_is_due():
            self._keep_state()

    def settle(self) -> None:
        """Hand over what waits, unless it is to wait on the device; for when nothing may follow for long."""
        if not self._buffered or self._overflows():
            self._send()

    def _is_due(self) -> bool:
        return self._overflows() if self._buffered else time.monotonic() - self._sent_s >= SEND_EVERY_S

    def _overflows(self) -> bool:
        spilled = self._sampling is not None and self._sampling.spilled
        return spilled or self._waiting_spikes > MOST_SPIKES

    def changed(self, values: Mapping[str, Any]) -> None:
        """Note the fields of the configuration that were changed while running; they hold from the next step on."""
        self._send()
        self._writer.do(lambda writer: writer.change(values))

    def close(self) -> None:
        """Write what still waits and finish the file; FileFormatError where that is not possible."""
        try:
            self._send()
        except BackendError as error:          # the device took its part with it; what was written stays
            _log.warning("%s", error)
        finally:
            self._sim.end_sampling()
            self._writer.close()

    # ---- keyframes
    def _keyframe_is_due(self) -> bool:
        if self._choice.kind == "full":
            return self._spikes_since >= max(LEAST_SPIKES, SPIKES_PER_STATE * self._state_bytes / SPIKE_BYTES)
        if self._choice.keyframe_steps:
            return self._sim.step_index - self._keyframed_step >= self._choice.keyframe_steps
        return self._computed_s >= max(KEYFRAME_EVERY_S, self._keyframe_s / COST_LIMIT)

    def _keep_state(self) -> None:
        self._send()
        began = time.perf_counter()
        state = self._sim.snapshot()
        self._keyframe_s = time.perf_counter() - began
        self._writer.do(lambda writer: writer.keyframe(state.arrays()), state.nbytes)
        self._computed_s, self._spikes_since, self._keyframed_step = 0.0, 0, state.step

    # ---- to the writer
    def _send(self) -> None:
        """Hand everything that waits to the writer, in pieces of whole steps."""
        stop, self._sent_s = self._sim.step_index, time.monotonic()
        if stop == self._sent_step:
            return
        frames = self._sampling.take() if self._sampling is not None else None
        steps, ids = (joined(parts) for parts in zip(*self._spikes, strict=True))
        self._spikes.clear()
        self._waiting_spikes = 0
        piece = max(1, PIECE_BYTES // self._row_bytes) * self._interval if frames is not None else stop
        for first in range(self._sent_step, stop, piece):
            self._hand_over(first, min(piece, stop - first), steps, ids, frames)
        self._sent_step = stop

    def _hand_over(self, first: int, count: int, steps: np.ndarray, ids: np.ndarray, frames: Frames | None) -> None:
        part = slice(*np.searchsorted(steps, (first, first + count)))
        if frames is not None:
            rows = slice(*np.searchsorted(frames[0], (first, first + count)))
            frames = frames[0][rows], {name: values[rows] for name, values in frames[1].items()}
        size = SPIKE_BYTES * (part.stop - part.start) + (self._row_bytes * len(frames[0]) if frames is not None else 0)
        self._writer.do(partial(RecordingWriter.append, spike_steps=steps[part], spike_ids=ids[part],
                                first_step=first, num_steps=count, frames=frames), int(size))


def chosen_neurons(choice: RecordingChoice, traced: tuple[int, ...], num_neurons: int) -> tuple[int, ...]:
    """Return the neurons whose variables are written; none in a replay recording."""
    if choice.interval_steps < 1:
        raise ConfigurationError("A recording needs at least one step between two samples.", "interval_steps",
                                 choice.interval_steps)
    if choice.kind == "replay":
        return ()
    if isinstance(choice.neurons, str):
        return tuple(range(num_neurons)) if choice.neurons == "all" else traced
    return tuple(sorted(set(choice.neurons)))
