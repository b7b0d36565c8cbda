"""The whole dynamic state of a network, the same whichever engine it came from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Snapshot:
    """The state at the start of step `step`; any engine of the same plan continues from it with the same bits.

    `pending[k]` is what will arrive at the start of step `step + k` from spikes that are already in flight.
    `further` is whatever else an engine must know to go on, by a name of its own: what learning has changed, for
    example. Its arrays may have any type and shape; checkpoints, recordings and keyframes carry them along.
    """

    step: int
    states: Mapping[str, np.ndarray]       # (N,) float32 by name
    last_spike: np.ndarray                 # (N,) int32
    pending: np.ndarray                    # (max_delay_steps + 1, ports, N) int32, stored weight units
    spike_counts: np.ndarray               # (N,) uint32, since step 0
    further: Mapping[str, np.ndarray] = field(default_factory=dict)

    def arrays(self) -> dict[str, np.ndarray]:
        """Every array by a path such as 'states/v' or 'further/weights': what a file keeps, besides `step`."""
        return {**{f"states/{name}": values for name, values in self.states.items()}, "last_spike": self.last_spike,
                "pending": self.pending, "spike_counts": self.spike_counts,
                **{f"further/{name}": values for name, values in self.further.items()}}

    @classmethod
    def of(cls, step: int, arrays: Mapping[str, np.ndarray]) -> Snapshot:
        """The snapshot whose `arrays()` these are."""
        def group(prefix: str) -> dict[str, np.ndarray]:
            return {path.removeprefix(prefix): values for path, values in arrays.items() if path.startswith(prefix)}
        return cls(step, group("states/"), arrays["last_spike"], arrays["pending"], arrays["spike_counts"],
                   group("further/"))

    @property
    def nbytes(self) -> int:
        """Bytes of all arrays."""
        return sum(values.nbytes for values in self.arrays().values())
