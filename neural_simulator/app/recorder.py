"""Joins a running simulation to a recording file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ..config import CoreSimConfig
from ..files.recordings import NetworkFacts, SpikeRecorder


class RunRecorder:
    """Records every batch of `sim` from its present step on. `probes` are the neurons that it traces."""

    def __init__(self, path: Path, core: CoreSimConfig, sim: Any, probes: tuple[int, ...]):
        network = sim.network
        facts = NetworkFacts(tuple(network.populations), network.positions, network.num_synapses, sim.backend_name)
        self._sim = sim
        self._file = SpikeRecorder(path, core, sim.seed, facts, probes, first_step=sim.step_index,
                                   initial_state=sim.state)

    def saw(self, batch: Any) -> None:
        """Append the batch that the simulation has just finished."""
        first_step = self._sim.step_index - batch.num_steps
        self._file.append(batch.spike_steps, batch.spike_ids, first_step, batch.num_steps, batch.probe_v)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
