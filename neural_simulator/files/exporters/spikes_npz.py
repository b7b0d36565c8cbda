"""Spikes, traces and populations as NumPy arrays, for `numpy.load(path)`; nothing in it is pickled."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..atomic import replacing
from ..recordings import Recording
from .exporter import Exporter


def write(recording: Recording, path: Path) -> None:
    """Write the arrays named in docs/recordings.md, compressed."""
    steps, ids = recording.spikes()
    trace_steps, trace_v = recording.traces()
    populations = recording.populations
    with replacing(path) as temporary, open(temporary, "wb") as file:
        np.savez_compressed(
            file,
            spike_steps=steps,
            spike_times_ms=steps * recording.dt_ms,
            spike_ids=ids,
            trace_ids=np.array(recording.probes, np.int32),
            trace_steps=trace_steps,
            trace_v_mV=trace_v,
            positions_um=recording.positions,
            population_names=np.array([population.name for population in populations], np.str_),
            population_starts=np.array([population.start for population in populations], np.int64),
            population_stops=np.array([population.stop for population in populations], np.int64),
            population_excitatory=np.array([population.excitatory for population in populations], np.bool_),
            first_step=np.int64(recording.first_step),
            num_steps=np.int64(recording.num_steps),
            dt_ms=np.float64(recording.dt_ms),
            seed=np.int64(recording.seed),
            core_json=np.str_(recording.core.model_dump_json()),
        )


SPIKES_NPZ = Exporter("spikes_npz", "Spikes and traces for NumPy (NPZ)", ".npz", write)
