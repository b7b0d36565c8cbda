"""The facts of a network's wiring, as arrays and numbers, for whoever shows them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .synapses import Synapses


@dataclass(frozen=True)
class Connectivity:
    """Degrees, weights, delays and structure of one network.

    What cannot be had of a large network in a moment is estimated from an even `sample` of its synapses; `None` is
    what was not looked for. Clustering: of all pairs of targets of a neuron, the share in which the first reaches the
    second. Path length: mean number of synapses on the shortest way between two neurons that have one.
    """

    populations: tuple[str, ...]
    sizes: tuple[int, ...]
    excitatory: tuple[bool, ...]
    units: tuple[str, ...]                  # of the weights onto each population, nS or pA
    dt_ms: float
    num_synapses: int
    out_degree: np.ndarray                  # (N,) int64
    in_degree: np.ndarray                   # (N,) int64
    incoming_weight: np.ndarray             # (2, N) float32, summed: from excitatory sources, from inhibitory ones
    sample: Synapses                        # some of the synapses, evenly spread; all where they are few
    reciprocity: float                      # share of synapses with another one the opposite way
    clustering: float | None
    path_length: float | None

    @property
    def num_neurons(self) -> int:
        return int(self.out_degree.size)

    @property
    def density(self) -> float:
        """Synapses per ordered pair of different neurons: the clustering and the reciprocity that chance gives."""
        return self.num_synapses / max(1, self.num_neurons * (self.num_neurons - 1))

    @property
    def population_of(self) -> np.ndarray:
        """The population of every neuron, (N,)."""
        return np.repeat(np.arange(len(self.sizes)), self.sizes)

    @property
    def from_excitatory(self) -> np.ndarray:
        """Whether the source of each synapse of the sample excites, (M,) bool."""
        return np.array(self.excitatory, bool)[self.population_of][self.sample.pre]

    @property
    def delays_ms(self) -> np.ndarray:
        """Delays of the sample, (M,) ms."""
        return self.sample.delay_steps * self.dt_ms

    @property
    def excitatory_share(self) -> float:
        """Share of all synapses that excite."""
        exciting = np.repeat(np.array(self.excitatory, bool), self.sizes)
        return float(self.out_degree[exciting].sum() / max(1, self.num_synapses))

    @property
    def e_i_ratio(self) -> float:
        """Summed excitatory weight onto the neurons divided by the inhibitory one; inf without inhibition."""
        exc, inh = (float(row.sum(dtype=np.float64)) for row in self.incoming_weight)
        return exc / inh if inh > 0.0 else float("inf") if exc > 0.0 else float("nan")

    def in_degrees_by_population(self) -> np.ndarray:
        """Mean number of synapses that a neuron of population b receives from population a, (P, P) [a, b]."""
        count, of = len(self.sizes), self.population_of
        pairs = of[self.sample.pre] * count + of[self.sample.post]
        share = np.bincount(pairs, minlength=count * count).reshape(count, count) / max(1, self.sample.size)
        return share * self.num_synapses / np.maximum(1, np.array(self.sizes))

    def numbers(self) -> dict[str, float]:
        """The facts that are single numbers, by name with unit; nan where there is none."""
        exc = self.from_excitatory
        numbers: dict[str, float] = {"neurons": self.num_neurons, "synapses": self.num_synapses,
                                     "density": self.density, "reciprocity": self.reciprocity,
                                     "excitatory_share": self.excitatory_share, "e_i_ratio": self.e_i_ratio}
        for name, values in (("out_degree", self.out_degree), ("in_degree", self.in_degree),
                             ("excitatory_weight", self.sample.weight[exc]),
                             ("inhibitory_weight", self.sample.weight[~exc]), ("delay_ms", self.delays_ms)):
            numbers |= _spread(name, values)
        numbers["clustering"] = float("nan") if self.clustering is None else self.clustering
        numbers["path_length"] = float("nan") if self.path_length is None else self.path_length
        return numbers


def _spread(name: str, values: np.ndarray) -> dict[str, float]:
    """Mean, standard deviation, least and largest value."""
    if not values.size:
        return {f"{name}_{what}": float("nan") for what in ("mean", "sd", "min", "max")}
    wide = values.astype(np.float64)
    return {f"{name}_mean": float(wide.mean()), f"{name}_sd": float(wide.std()),
            f"{name}_min": float(wide.min()), f"{name}_max": float(wide.max())}
