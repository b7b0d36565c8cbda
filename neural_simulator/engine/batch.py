"""What a batch of steps returns."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


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
