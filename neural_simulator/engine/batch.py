"""What a batch of steps returns."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

Keep = Callable[[int, Any], np.ndarray]      # (first step, traces (steps, probes) where they were computed) -> returned


@dataclass(frozen=True)
class Batch:
    """The spikes and traces of `num_steps` steps from `first_step` on."""

    first_step: int
    num_steps: int
    spike_steps: np.ndarray      # (S,) int64, ascending
    spike_ids: np.ndarray        # (S,) int32, ascending within a step
    probe_v: np.ndarray          # (num_steps, probes) float32 mV, at the end of each step
    seconds: float               # wall time of the computation
    phase_seconds: np.ndarray | None = None      # (num_steps, phases) s, in the order of PHASES, where it was timed


def join(batches: Sequence[Batch]) -> Batch:
    """Return batches that follow each other as one."""
    if len(batches) == 1:
        return batches[0]
    phases = [batch.phase_seconds for batch in batches if batch.phase_seconds is not None]
    return Batch(batches[0].first_step, sum(batch.num_steps for batch in batches),
                 np.concatenate([batch.spike_steps for batch in batches]),
                 np.concatenate([batch.spike_ids for batch in batches]),
                 np.concatenate([batch.probe_v for batch in batches]), sum(batch.seconds for batch in batches),
                 np.concatenate(phases) if phases else None)
