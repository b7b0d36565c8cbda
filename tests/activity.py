"""What tests ask of a simulation: fingerprints of its results, firing rates, irregularity."""

from __future__ import annotations

import hashlib

import numpy as np

from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.batch import Batch
from neural_simulator.engine.simulation import Simulation
from neural_simulator.tools.metrics import isi_cvs

CPU = GPUConfig(backend="cpu")


def sha(*arrays: np.ndarray) -> str:
    """A fingerprint of arrays: their types, shapes and bytes."""
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


def everything(sim: Simulation) -> dict[str, np.ndarray]:
    """All that a checkpoint would hold."""
    return sim.snapshot().arrays()


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    """Whether two states have the same arrays, bit for bit."""
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


def state_sha(sim: Simulation) -> str:
    """A fingerprint of all state variables of all neurons."""
    state = sim.state
    return sha(*(state[name] for name in sorted(state)))


def spikes_sha(batch: Batch) -> str:
    """A fingerprint of all spikes of a batch: when and who."""
    return sha(batch.spike_steps.astype(np.int64), batch.spike_ids.astype(np.int32))


def result_of(core: CoreSimConfig, steps: int, gpu: GPUConfig = CPU,
              batches: tuple[int, ...] = ()) -> dict[str, object]:
    """Run `steps` steps (in `batches`, if given, then the rest); return fingerprints and the number of spikes."""
    sim = Simulation(core, gpu)
    try:
        pieces = [sim.step(count) for count in batches]
        pieces.append(sim.step(steps - sum(batches)))
        steps_, ids = (np.concatenate([getattr(p, name) for p in pieces]) for name in ("spike_steps", "spike_ids"))
        return {"spikes": int(ids.size), "spikes_sha": sha(steps_.astype(np.int64), ids.astype(np.int32)),
                "states_sha": state_sha(sim), "synapses_sha": sha(*sim.network.csr())}
    finally:
        sim.close()


def ids_of(sim: Simulation, excitatory: bool) -> np.ndarray:
    """The neurons of all excitatory or all inhibitory populations."""
    ranges = [np.arange(p.start, p.stop) for p in sim.network.populations if p.excitatory is excitatory]
    return np.concatenate(ranges) if ranges else np.zeros(0, np.int64)


def rate_hz(sim: Simulation, batch: Batch, excitatory: bool) -> float:
    """Mean firing rate of one kind of neuron in a batch."""
    ids = ids_of(sim, excitatory)
    return np.isin(batch.spike_ids, ids).sum() / ids.size / (batch.num_steps * sim.dt_ms / 1000.0)


def mean_isi_cv(sim: Simulation, batch: Batch, excitatory: bool, least_spikes: int = 5) -> float:
    """Mean coefficient of variation of the inter-spike intervals of the neurons with enough spikes."""
    chosen = np.isin(batch.spike_ids, ids_of(sim, excitatory))
    found = isi_cvs(batch.spike_steps[chosen] * sim.dt_ms, batch.spike_ids[chosen], least_spikes)
    assert len(found) >= 20, "too few neurons with enough spikes to speak of irregularity"
    return float(np.mean(found))


def busiest_bin_share(sim: Simulation, batch: Batch, bin_ms: float = 5.0) -> float:
    """Largest share of all neurons' spikes within one bin: near 1 when the network seizes as a whole."""
    bins = ((batch.spike_steps - batch.first_step) * sim.dt_ms / bin_ms).astype(np.int64)
    return np.bincount(bins).max() / sim.network.num_neurons
