"""Exact replay: any moment of a recording, computed again from the nearest kept state.

    from neural_simulator.app.replay import Replay

    with Replay.open("a.simrec.h5") as replay:
        replay.at(1234)["u"]                                  # a variable of all neurons at the start of step 1234
        steps, u = replay.values("u", (3, 7), 1000, 2000)     # of two neurons at the end of every step
        indptr, targets, weights, delays = replay.synapses_at(1234)
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..base.errors import FileFormatError
from ..config import CoreSimConfig, GPUConfig
from ..engine.simulation import Simulation
from ..engine.snapshot import Snapshot
from ..files.checkpoints import Layout
from ..files.recordings import Recording
from ..models.stimuli import is_noise

RESTORE_STEPS = 20                # so many steps are computed about as soon as a state is read and restored
PIECE_STEPS = 200                 # between two reports
TASK = "Computing the recording again"


def to_build(recording: Recording) -> CoreSimConfig:
    """Return the configuration whose network the recording's states belong to, with the seed really used."""
    return recording.origin.core.changed(seed=recording.seed)


class Replay:
    """Computes a recording again with `sim`, a simulation of its network, whose state it changes.

    Raises FileFormatError where `sim` has another network, or the recording has no state to begin from.
    """

    def __init__(self, recording: Recording, sim: Any, report: Callable[[str, float], None] | None = None,
                 own: bool = False):
        self.recording = recording
        self._sim = sim
        self._report = report
        self._own = own
        known = recording.origin.fingerprint
        if known and known != sim.fingerprint:
            raise FileFormatError(
                f"{recording.path} belongs to another network than the one that this program builds from its "
                f"configuration; it was written by program version {recording.program_version[:40]}, which can compute "
                "it again.", recording.path)
        self._keyframes = recording.keyframe_steps()
        if not self._keyframes.size and recording.first_step > 0:
            raise FileFormatError(f"{recording.path} does not hold the whole state of its beginning, so it cannot be "
                                  "computed again.", recording.path)
        self._changes = recording.changes()
        self._begun = False

    @classmethod
    def open(cls, path: Path | str, gpu: GPUConfig | None = None) -> Replay:
        """Open a recording and build its network; FileFormatError and the errors of a build say what is wrong."""
        recording = Recording.open(path)
        try:
            sim = Simulation(to_build(recording), gpu)
            try:
                return cls(recording, sim, own=True)
            except BaseException:
                sim.close()
                raise
        except BaseException:
            recording.close()
            raise

    def at(self, step: int) -> dict[str, np.ndarray]:
        """Return the state variables of all neurons, (N,) float32 by name, at the start of `step`."""
        self.go_to(step)
        return self._sim.state

    def synapses_at(self, step: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return all synapses at the start of `step` as `Network.csr` does: indptr, targets, weights, delays."""
        self.go_to(step)
        return self._sim.network.csr()

    def values(self, variable: str, neurons: Sequence[int], first: int, stop: int, interval_steps: int = 1
               ) -> tuple[np.ndarray, np.ndarray]:
        """Return steps (T,) and values (T, neurons) float32 at the end of the steps `first` .. `stop - 1`.

        Of these only the steps n with (n + 1) divisible by `interval_steps`, as in a recording.
        """
        self._check(stop)
        self.go_to(first)
        sampling = self._sim.sample((variable,), neurons, interval_steps, rows=max(1, stop - first))
        try:
            self.go_to(stop)
            steps, values = sampling.take()
        finally:
            self._sim.end_sampling()
        return steps, values[variable]

    def go_to(self, step: int, saw: Callable[[Any], None] | None = None) -> None:
        """Bring the simulation to the start of `step`; `saw` gets the batches that were computed on the way.

        The way is from where the simulation stands, or from the nearest kept state, whichever is shorter.
        """
        self._check(step)
        sim = self._sim
        kept = int(np.searchsorted(self._keyframes, step, side="right")) - 1
        nearest = int(self._keyframes[kept]) if kept >= 0 else 0
        if not self._begun or not nearest - RESTORE_STEPS <= sim.step_index <= step:
            self._restore(kept)
        began = sim.step_index
        while sim.step_index < step:
            live = self._live_at(sim.step_index)
            if live != sim.live:
                sim.set_live(**live)
            next_change = min((c.step for c in self._changes if c.step > sim.step_index), default=step)
            batch = sim.step(min(PIECE_STEPS, next_change - sim.step_index, step - sim.step_index))
            if saw is not None:
                saw(batch)
            if self._report is not None:
                self._report(TASK, (sim.step_index - began) / (step - began))

    def _restore(self, kept: int) -> None:
        if kept < 0:
            self._sim.reset()
            self._begun = True
            return
        arrays, step = self.recording.keyframe(kept), int(self._keyframes[kept])
        if not fits(arrays, self._sim.layout()):
            raise FileFormatError(f"{self.recording.path} is damaged: a kept state does not fit its network.",
                                  self.recording.path)
        self._sim.restore(Snapshot.of(step, arrays), self._live_at(step))
        self._begun = True

    def _live_at(self, step: int) -> dict[str, Any]:
        """The values in force in `step` that differ from the configuration that was built."""
        return {**self.recording.origin.live, **{c.field: c.value for c in self._changes if c.step <= step}}

    def _check(self, step: int) -> None:
        first, stop = self.recording.first_step, self.recording.stop_step
        if not first <= step <= stop:
            raise FileFormatError(f"{self.recording.path} covers the steps {first} to {stop}, not {step}.",
                                  self.recording.path)

    def close(self) -> None:
        """Give back what `open` took."""
        if self._own:
            self._sim.close()
            self.recording.close()

    def __enter__(self) -> Replay:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def fits(arrays: Mapping[str, np.ndarray], layout: Layout) -> bool:
    """Whether a state has the types and shapes of a network's own; noises come and go with their stimuli."""
    def fit(path: str, values: np.ndarray) -> bool:
        kind, shape = layout["states/v" if is_noise(path.removeprefix("states/")) else path]
        return values.dtype == kind and len(values.shape) == len(shape) and all(
            wanted in (None, size) for size, wanted in zip(values.shape, shape, strict=True))
    lasting = [{path for path in names if not is_noise(path.removeprefix("states/"))} for names in (arrays, layout)]
    return lasting[0] == lasting[1] and all(fit(path, values) for path, values in arrays.items())
