"""Joins a running simulation to a recording file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..config import CoreSimConfig
from ..files.recordings import NetworkFacts, SpikeRecorder, new_path


class RunRecorder:
    """Records every batch of `sim` from its present step on into `path`, or into a new file of the usual folder.

    `probes` are the neurons that `sim` traces.
    """

    def __init__(self, path: Path | None, core: CoreSimConfig, sim: Any, probes: tuple[int, ...]):
        network = sim.network
        facts = NetworkFacts(tuple(network.populations), network.positions, network.num_synapses, sim.backend_name)
        self._sim = sim
        self.path = path or new_path()
        self._file = SpikeRecorder(self.path, core, sim.seed, facts, probes, first_step=sim.step_index,
                                   initial_state=sim.state)

    def saw(self, batch: Any) -> None:
        """Append the batch that the simulation has just finished."""
        first_step = self._sim.step_index - batch.num_steps
        self._file.append(batch.spike_steps, batch.spike_ids, first_step, batch.num_steps, batch.probe_v)

    def changed(self, values: Mapping[str, float]) -> None:
        """Note the fields of the configuration that were changed while running; they hold from the next step on."""
        self._file.change(values)

    def close(self) -> None:
        """Finish the file."""
        self._file.close()
