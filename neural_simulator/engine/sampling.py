"""Values of chosen variables of chosen neurons, every few steps, kept where they are computed until somebody asks.

On a device they stay in its memory, in a buffer of fixed size that is emptied to the host before it overflows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ..base.arrays import joined
from ..base.errors import BackendError, ConfigurationError
from .batch import Batch, join

LEAST_ROWS = 16                    # that a device keeps before they come to the host
MOST_IN_KERNEL = 65_000            # neurons that the step kernels can trace by themselves
_LONGEST_IN_KERNEL = 8             # steps between samples; beyond, it is cheaper to stop the kernel and look


class Sampling:
    """Samples of `variables` of the neurons `ids` at the end of every step n with (n + 1) % `interval_steps` == 0.

    A device keeps `room_rows` rows of (variables x neurons) float32.
    """

    def __init__(self, engine: Any, variables: Sequence[str], ids: Sequence[int], interval_steps: int,
                 room_rows: int):
        self.variables, self.interval_steps = tuple(variables), interval_steps
        self.ids = np.asarray(ids, np.int64)
        self._check(engine)
        self._room_rows = room_rows
        self._in_kernel = (self.variables == ("v",) and self.ids.size <= MOST_IN_KERNEL
                           and interval_steps <= _LONGEST_IN_KERNEL)
        self._steps: list[np.ndarray] = []             # of all rows, in order
        self._host: list[np.ndarray] = []              # rows that have come to the host, in order
        self._buffer: Any = ()                         # (rows, width) float32 on the device, and how many are used
        self._filled = 0
        self._shown: np.ndarray | None = None          # for which the columns are known
        self.lost = False                              # True when rows went down with their device
        self._begin(engine)

    def _check(self, engine: Any) -> None:
        for name in self.variables:
            if name not in engine.state_names:
                raise ConfigurationError(f"The network has no variable {name!r}; it has "
                                         f"{', '.join(engine.state_names)}.", "variables", name)
        if not self.variables or self.ids.size == 0 or self.interval_steps < 1:
            raise ConfigurationError("A sample needs at least one variable, one neuron and one step.", "variables")
        if self.ids.min() < 0 or self.ids.max() >= engine.plan.num_neurons:
            raise ConfigurationError(f"There is no neuron {self.ids.max()}; neurons are numbered 0 to "
                                     f"{engine.plan.num_neurons - 1}.", "neurons")

    @property
    def width(self) -> int:
        """Values in a row."""
        return len(self.variables) * int(self.ids.size)

    @property
    def spilled(self) -> bool:
        """True when rows have come to the host, so that somebody should take them."""
        return bool(self._host)

    # ---- stepping
    def run(self, steps: int, shown: np.ndarray, timed: bool, record: bool) -> Batch:
        """Run the engine as `engine.run` does, for the traces `shown`, and take the samples that fall due."""
        if self._in_kernel:
            return self._run_traced(steps, shown, timed, record)
        batches: list[Batch] = []
        engine = self._engine
        while steps > 0 or not batches:
            count = min(steps, self.interval_steps - engine.step_index % self.interval_steps)
            batches.append(engine.run(count, shown, timed=timed, record=record))
            steps -= count
            if count and engine.step_index % self.interval_steps == 0:
                with engine.memory():
                    self._add(engine.step_index - 1, engine.gather(self.variables, self._places).reshape(1, -1))
        return join(batches)

    def _run_traced(self, steps: int, shown: np.ndarray, timed: bool, record: bool) -> Batch:
        """Let the step kernel trace the potentials; the rows are copied before they leave the device."""
        if self._shown is None or not np.array_equal(self._shown, shown):
            self._trace(shown)
        probes, own, others = self._probes, self._own, self._others

        def keep(first: int, trace: Any) -> np.ndarray:
            begin = -(first + 1) % self.interval_steps
            for row in range(begin, len(trace), max(1, self._piece * self.interval_steps)):
                part = trace[row:row + self._piece * self.interval_steps:self.interval_steps]
                self._add(first + row, part[:, own])
            return self._engine.to_host(trace[:, others])

        return self._engine.run(steps, probes, timed=timed, record=record, keep=keep)

    def _trace(self, shown: np.ndarray) -> None:
        """Note which neurons the kernel must trace, and which columns of that are ours and which are shown."""
        self._shown, self._probes = shown.copy(), np.union1d(self.ids, shown)
        with self._engine.memory():
            self._own, self._others = (self._engine.xp.asarray(np.searchsorted(self._probes, ids))
                                       for ids in (self.ids, shown))

    @property
    def _piece(self) -> int:
        """Rows that are added at once at most: what the device's buffer holds."""
        return len(self._buffer) or 1 << 20

    def _add(self, first: int, rows: Any) -> None:
        """Keep rows, the first of which belongs to step `first`."""
        if not len(rows):
            return
        self._steps.append(first + self.interval_steps * np.arange(len(rows)))
        if self._engine.on_host:
            self._host.append(rows)                    # a copy, because `own` chooses columns
            return
        if self._filled + len(rows) > len(self._buffer):
            self._spill()
        self._buffer[self._filled:self._filled + len(rows)] = rows
        self._filled += len(rows)

    def _spill(self) -> None:
        if self._filled:
            self._host.append(self._engine.to_host(self._buffer[:self._filled]))
            self._filled = 0

    # ---- asking
    def take(self) -> tuple[np.ndarray, dict[str, np.ndarray]]:
        """Return steps (R,) int64 and values (R, neurons) float32 by variable of everything kept, and forget it.

        BackendError when rows were lost with their device.
        """
        if self.lost:
            raise BackendError("The device failed, and with it went what had been recorded since the last flush.")
        with self._engine.memory():
            self._spill()
        rows = joined(self._host) if self._host else np.empty((0, self.width), np.float32)
        steps = joined(self._steps) if self._steps else np.empty(0, np.int64)
        self._host.clear()
        self._steps.clear()
        values = rows.reshape(len(rows), len(self.variables), self.ids.size)
        return steps, {name: values[:, k] for k, name in enumerate(self.variables)}

    def take_over(self, engine: Any, intact: bool) -> None:
        """Go on with another engine. What a device that is not `intact` any more still holds is lost."""
        if intact:
            with self._engine.memory():
                self._spill()
        else:
            self.lost = self.lost or bool(self._steps)
        self._begin(engine)

    def _begin(self, engine: Any) -> None:
        """Make the device's buffer."""
        self._engine, self._filled, self._shown = engine, 0, None
        with engine.memory():
            self._places = engine.places(self.ids)
            self._buffer = engine.xp.empty((0 if engine.on_host else self._room_rows, self.width), np.float32)
