"""What is kept on the host of a run: states at some moments and all inputs since the beginning.

A run is a function of its seed and its inputs, so any moment of it can be computed again from the state before: to go
back in it, or because a device has failed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..network.network import Report
from .drive import Drive
from .snapshot import Snapshot

INTERVAL_S = 1.0                  # wall time between keyframes, at least
COST_LIMIT = 0.02                 # share of the wall time that keyframes may take
MOST = 500                        # keyframes kept
BUDGET_BYTES = 10**9
_REPLAY_STEPS = 1000
TASK = "Computing the state again"


class Keyframes:
    """The states kept of a run, ascending, the inputs changed since its beginning, and how far it has come.

    The first keyframe is the beginning, where None stands for the initial state. Of the others as many are kept as
    `budget_bytes` holds, close together near the present and farther apart before.
    """

    def __init__(self, budget_bytes: int = BUDGET_BYTES) -> None:
        self._budget_bytes = budget_bytes
        self.begin(None, {})

    def begin(self, snapshot: Snapshot | None, live: Mapping[str, Any]) -> None:
        """Start from `snapshot` (None: the initial state) with the live values in force."""
        self._kept: list[Snapshot | None] = [snapshot]
        self._changes: list[tuple[int, dict[str, Any]]] = [(self.first_step, dict(live))]
        self.step = self.first_step
        self._taken, self._cost_s = time.monotonic(), 0.0

    @property
    def first_step(self) -> int:
        """The step of the beginning."""
        return _step(self._kept[0])

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of all keyframes."""
        return tuple(_step(kept) for kept in self._kept)

    def changed(self, step: int, live: Mapping[str, Any]) -> None:
        """Note that the live values became `live` before step `step`."""
        self._changes.append((step, dict(live)))

    def reached(self, count: int) -> None:
        """Note that `count` more steps are done."""
        self.step += count

    def live_at(self, step: int) -> dict[str, Any]:
        """The live values in force in step `step`."""
        return dict([live for since, live in self._changes if since <= step][-1])

    # ---- keeping
    def refresh(self, engine: Any) -> None:
        """Keep the engine's state where the newest keyframe is old; between two batches."""
        if time.monotonic() - self._taken < max(INTERVAL_S, self._cost_s / COST_LIMIT) or engine.step_index == 0:
            return
        if engine.snapshot_bytes <= self._budget_bytes and self.steps[-1] < engine.step_index:
            began = time.monotonic()
            self.keep(engine.snapshot())
            self._cost_s = time.monotonic() - began
        self._taken = time.monotonic()

    def keep(self, snapshot: Snapshot) -> None:
        """Keep a state of the present, and give up older ones where they are too many."""
        self._kept.append(snapshot)
        while len(self._kept) > 2 and (len(self._kept) > MOST or self._bytes() > self._budget_bytes):
            del self._kept[self._least_missed()]

    def _bytes(self) -> int:
        return sum(kept.nbytes for kept in self._kept[1:] if kept is not None)

    def _least_missed(self) -> int:
        """The keyframe, neither first nor last, whose neighbours are nearest to each other as seen from now."""
        steps = self.steps
        gaps = [(steps[k + 1] - steps[k - 1]) / (self.step - steps[k] + 1) for k in range(1, len(steps) - 1)]
        return 1 + int(np.argmin(gaps))

    def forget_after(self, step: int) -> None:
        """The run goes on from the start of `step`: what came after has not been."""
        self._kept = [kept for kept in self._kept if _step(kept) <= step]
        self._changes = [(since, live) for since, live in self._changes if since <= step]
        self.step, self._taken = step, time.monotonic()

    # ---- computing again
    def bring(self, engine: Any, step: int, drive_of: Callable[[Mapping[str, Any]], Drive],
              report: Report | None = None) -> None:
        """Bring `engine` to the start of `step`, from the nearest keyframe before, inputs included."""
        before = [kept for kept in self._kept if _step(kept) <= step][-1]
        nothing, first = np.zeros(0, np.int64), _step(before)
        drive = drive_of(self.live_at(first))
        engine.set_drive(drive)                      # first: stimuli have states of their own
        engine.reset() if before is None else engine.restore(before)
        engine.set_drive(drive)
        later = [(since, live) for since, live in self._changes if first < since <= step]
        for stop, live in [*later, (step, self.live_at(step))]:
            while engine.step_index < stop:
                if report is not None:
                    report(TASK, (engine.step_index - first) / (step - first))
                engine.run(min(_REPLAY_STEPS, stop - engine.step_index), nothing)
            engine.set_drive(drive_of(live))
        if report is not None:
            report(TASK, 1.0)


def _step(snapshot: Snapshot | None) -> int:
    return 0 if snapshot is None else snapshot.step
