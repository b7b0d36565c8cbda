"""What is kept on the host so that the state of a failed device can be computed again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..network.network import Report
from .drive import Drive
from .snapshot import Snapshot

INTERVAL_S = 10.0                 # wall time between keyframes
_LARGEST_BYTES = 10**9            # of a keyframe; larger networks start again from their newest one or from step 0
_REPLAY_STEPS = 1000


class Keyframes:
    """The newest keyframe, the inputs changed since, and how far the run has come."""

    def __init__(self) -> None:
        self.begin(None, {})

    def begin(self, snapshot: Snapshot | None, live: Mapping[str, float]) -> None:
        """Start from `snapshot` (None: the initial state) with the live values in force."""
        self.newest = snapshot
        self.live_at_start = dict(live)
        self._changes: list[tuple[int, dict[str, float]]] = []
        self.step = snapshot.step if snapshot else 0
        self._taken = time.monotonic()

    def changed(self, step: int, live: Mapping[str, float]) -> None:
        """Note that the live values became `live` before step `step`."""
        self._changes.append((step, dict(live)))

    def reached(self, count: int) -> None:
        """Note that `count` more steps are done."""
        self.step += count

    def refresh(self, engine: Any) -> None:
        """Take a keyframe of a device's state where the newest one is old; between two batches."""
        if engine.on_host or time.monotonic() - self._taken < INTERVAL_S:
            return
        self._taken = time.monotonic()
        if engine.snapshot_bytes <= _LARGEST_BYTES:
            live = self._changes[-1][1] if self._changes else self.live_at_start
            self.begin(engine.snapshot(), live)

    def repeat(self, engine: Any, drive_of: Callable[[Mapping[str, float]], Drive],
               report: Report | None = None) -> None:
        """Run `engine`, which stands at the newest keyframe, to where the run had come, inputs included."""
        nothing = np.zeros(0, np.int64)
        first = engine.step_index
        for stop, live in [*self._changes, (self.step, None)]:
            while engine.step_index < stop:
                if report is not None:
                    report("Computing the state again", (engine.step_index - first) / (self.step - first))
                engine.run(min(_REPLAY_STEPS, stop - engine.step_index), nothing)
            if live is not None:
                engine.set_drive(drive_of(live))
