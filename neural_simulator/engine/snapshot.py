"""The whole dynamic state of a network, the same whichever engine it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Snapshot:
    """The state at the start of step `step`; any engine of the same plan continues from it with the same bits.

    `pending[k]` is what will arrive at the start of step `step + k` from spikes that are already in flight.
    """

    step: int
    states: Mapping[str, np.ndarray]       # (N,) float32 by name
    last_spike: np.ndarray                 # (N,) int32
    pending: np.ndarray                    # (max_delay_steps + 1, ports, N) int32, stored weight units
