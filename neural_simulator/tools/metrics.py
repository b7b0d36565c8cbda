"""What a network does, in numbers: rates, who fires at all, irregularity, synchrony, balance, connectivity.

| name | meaning |
|---|---|
| rate_hz | spikes per neuron and second; of each population, and of all neurons |
| active_fraction | share of the neurons that fired at least once |
| isi_cv | mean coefficient of variation of the intervals of all neurons with `LEAST_SPIKES`: 0 regular, 1 Poisson |
| synchrony | mean pairwise correlation of spike counts in bins of `BIN_MS`: 0 independent, 1 all together |
| ei_ratio | mean excitatory over mean inhibitory synaptic conductance of a neuron |
| synapses_per_neuron | mean out-degree |
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ..config import CoreSimConfig, GPUConfig
from ..engine.simulation import Simulation
from ..models.receptors import RECEPTORS

BIN_MS = 5.0
LEAST_SPIKES = 5
_SAMPLES = 10               # of the conductances, evenly over the measurement


@dataclass(frozen=True)
class PopulationActivity:
    """One population's share."""

    rate_hz: float
    synchrony: float
    excitatory: bool


@dataclass(frozen=True)
class Activity:
    """See the module. `isi_cv` and `ei_ratio` are None where they have no value: too few spikes, no conductances."""

    rate_hz: float
    active_fraction: float
    isi_cv: float | None
    synchrony: float
    ei_ratio: float | None
    synapses_per_neuron: float
    populations: dict[str, PopulationActivity]

    def rounded(self) -> dict[str, Any]:
        """As plain numbers with six significant digits, for files."""
        return _rounded(asdict(self))


def measure(core: CoreSimConfig, gpu: GPUConfig, settle_ms: float, measure_ms: float) -> Activity:
    """Build the network of `core`, pass its first `settle_ms`, and measure what it does in `measure_ms`."""
    sim = Simulation(core, gpu)
    try:
        sim.step(max(1, round(settle_ms / core.dt_ms)), record=False)
        pieces, ratios = [], []
        for _ in range(_SAMPLES):
            pieces.append(sim.step(max(1, round(measure_ms / _SAMPLES / core.dt_ms))))
            ratios.append(conductances(sim.state))
        first, steps = pieces[0].first_step, sum(p.num_steps for p in pieces)
        times = (np.concatenate([p.spike_steps for p in pieces]) - first) * core.dt_ms
        ids = np.concatenate([p.spike_ids for p in pieces])
        return activity(sim, times, ids, steps * core.dt_ms, np.array(ratios))
    finally:
        sim.close()


def activity(sim: Simulation, times: np.ndarray, ids: np.ndarray, duration_ms: float,
             sampled: np.ndarray) -> Activity:
    """The measures of spikes at `times` (ms, from 0) by neurons `ids`; `sampled` (samples, 2) are mean conductances."""
    n = sim.network.num_neurons
    populations = {}
    for p in sim.network.populations:
        chosen = (ids >= p.start) & (ids < p.stop)
        populations[p.name] = PopulationActivity(
            int(chosen.sum()) / p.size / duration_ms * 1000.0,
            synchrony(times[chosen], ids[chosen] - p.start, p.size, duration_ms), p.excitatory)
    excitatory, inhibitory = sampled.mean(axis=0) if sampled.size else (0.0, 0.0)
    return Activity(ids.size / n / duration_ms * 1000.0, np.unique(ids).size / n, isi_cv(times, ids),
                    synchrony(times, ids, n, duration_ms), float(excitatory / inhibitory) if inhibitory > 0.0 else None,
                    sim.network.num_synapses / n, populations)


def conductances(state: dict[str, np.ndarray]) -> tuple[float, float]:
    """Mean excitatory and inhibitory synaptic conductance over all neurons, nS, from the state arrays."""
    sums = {"exc": 0.0, "inh": 0.0}
    for key, receptor in RECEPTORS.items():
        if f"g_{key}" in state:
            sums[receptor.sign] += float(state[f"g_{key}"].mean())
    return sums["exc"], sums["inh"]


def isi_cv(times: np.ndarray, ids: np.ndarray) -> float | None:
    """Mean coefficient of variation of the inter-spike intervals."""
    found = isi_cvs(times, ids)
    return float(np.mean(found)) if found else None


def isi_cvs(times: np.ndarray, ids: np.ndarray, least_spikes: int = LEAST_SPIKES) -> list[float]:
    """The coefficient of variation of the intervals of every neuron with at least `least_spikes` spikes."""
    order = np.lexsort((times, ids))
    trains = np.split(times[order], np.flatnonzero(np.diff(ids[order])) + 1)
    intervals = [np.diff(train) for train in trains if train.size >= least_spikes]
    return [float(i.std() / i.mean()) for i in intervals]


def synchrony(times: np.ndarray, ids: np.ndarray, neurons: int, duration_ms: float) -> float:
    """Mean pairwise correlation of spike counts: pairs are weighted by their standard deviations.

    (variance of the sum - sum of the variances) / ((sum of the deviations)^2 - sum of the variances).
    """
    bins = max(2, int(duration_ms / BIN_MS))
    at = np.minimum((times / BIN_MS).astype(np.int64), bins - 1)
    cells, counts = np.unique(ids.astype(np.int64) * bins + at, return_counts=True)
    owner = cells // bins
    squares = np.bincount(owner, counts.astype(float) ** 2, neurons) / bins
    means = np.bincount(owner, counts, neurons) / bins
    variances = np.maximum(squares - means**2, 0.0)
    total = np.bincount(at, minlength=bins).var()
    alone, together = variances.sum(), np.sqrt(variances).sum() ** 2
    return float((total - alone) / (together - alone)) if together - alone > 1e-12 else 0.0


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(part) for key, part in value.items()}
    return float(f"{value:.6g}") if isinstance(value, float) else value
