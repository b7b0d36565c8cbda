"""Networks of two or three populations in a cube, wired as a test declares, as arrays over their synapses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from neural_simulator.base.declarations import Population, Projection
from neural_simulator.config import CoreSimConfig
from neural_simulator.network.network import Network
from neural_simulator.network.plan import Plan, assemble, make_plan

EDGE_UM = 1000.0


def populations(*sizes: int, edge_um: float = EDGE_UM) -> list[Population]:
    """Populations of these sizes, all in one cube, the first of them excitatory."""
    template = make_plan(CoreSimConfig(num_neurons=1, connections_per_neuron=0, num_traits=1,
                                       inhibitory_trait_indices=()), 0).populations[0]
    half, ends = edge_um / 2.0, np.cumsum([0, *sizes]).tolist()
    return [replace(template, name=f"P{k}", start=ends[k], stop=ends[k + 1], trait=k, excitatory=k == 0,
                    low_um=(-half,) * 3, high_um=(half,) * 3) for k in range(len(sizes))]


def planned(sizes: tuple[int, ...], *declared: Projection, seed: int = 1, dt_ms: float = 0.1,
            edge_um: float = EDGE_UM) -> Plan:
    """The plan of such a network."""
    return assemble(CoreSimConfig(dt_ms=dt_ms), seed, populations(*sizes, edge_um=edge_um), declared)


class Wired:
    """A built network: pre, post, weight, delay (steps) of every synapse, and positions (um)."""

    def __init__(self, plan: Plan, parts: int = 1):
        self.plan, self.network = plan, Network(plan, parts)
        self.indptr, self.post, self.weight, self.delay = self.network.csr()
        self.pre = np.repeat(np.arange(plan.num_neurons), np.diff(self.indptr))
        self.positions = self.network.positions.astype(np.float64)

    @property
    def in_degree(self) -> np.ndarray:
        return np.bincount(self.post, minlength=self.plan.num_neurons)

    @property
    def out_degree(self) -> np.ndarray:
        return np.diff(self.indptr)

    def matrix(self) -> np.ndarray:
        """Number of synapses of every pair, (N, N)."""
        n = self.plan.num_neurons
        return np.bincount(self.pre.astype(np.int64) * n + self.post, minlength=n * n).reshape(n, n)

    def distances(self, period_um: float = 0.0) -> np.ndarray:
        """Distance of every synapse's ends, um."""
        return lengths(self.positions[self.post] - self.positions[self.pre], period_um)


def lengths(difference: np.ndarray, period_um: float = 0.0) -> np.ndarray:
    """Lengths of differences (..., 3), the short way round where space closes on itself."""
    if period_um:
        difference = difference - np.rint(difference / period_um) * period_um
    return np.linalg.norm(difference, axis=-1)


def wired(sizes: tuple[int, ...], *declared: Projection, parts: int = 1, **options) -> Wired:
    """Build such a network on the CPU."""
    return Wired(planned(sizes, *declared, **options), parts)


# Every generator, with each of its switches: name -> (sizes, projections).
EVERY: dict[str, tuple[tuple[int, ...], tuple[Projection, ...]]] = {
    "pairwise": ((300, 400), (Projection(0, 1, 0.1, 1.0, 0.2), Projection(1, 1, 0.05, 1.0, autapses=True))),
    "pairwise with multapses": ((300, 400), (Projection(0, 1, 0.3, 1.0, multapses=True),
                                             Projection(0, 0, 2.5, 1.0, 0.1, 200.0, multapses=True))),
    "kernels": ((250, 250), (
        Projection(0, 1, 0.8, 1.0, 0.3, 200.0, kernel="gaussian", velocity_um_per_ms=200.0),
        Projection(1, 0, 0.5, 1.0, 0.3, 350.0, kernel="ball", delay_sd_ms=0.3),
        Projection(0, 0, 1.0, 1.0, 0.3, 1.0, kernel="medium_spiny", velocity_um_per_ms=300.0),
        Projection(1, 1, 0.6, 1.0, 0.3, 1.0, kernel="fast_spiking", velocity_um_per_ms=300.0))),
    "closed and stretched space": ((400, 100), (
        Projection(0, 0, 0.5, 1.0, 0.0, 150.0, period_um=(EDGE_UM,) * 3, velocity_um_per_ms=150.0),
        Projection(0, 1, 0.5, 1.0, 0.0, 100.0, stretch=(1.0, float("inf"), 3.0), kernel="gaussian"),
        Projection(1, 0, 0.5, 1.0, 0.0, 100.0, stretch=(2.0, 1.0, 1.0), period_um=(0.0, EDGE_UM, 0.0)))),
    "fixed in-degree": ((300, 200), (
        Projection(0, 1, weight=1.0, weight_sd=0.2, rule="fixed_in_degree", number=37),
        Projection(0, 0, weight=1.0, rule="fixed_in_degree", number=20, length_um=250.0, velocity_um_per_ms=300.0),
        Projection(1, 1, weight=1.0, rule="fixed_in_degree", number=50, multapses=True, autapses=True),
        Projection(1, 0, weight=1.0, rule="fixed_in_degree", number=30, multapses=True, length_um=150.0))),
    "fixed out-degree": ((300, 200), (
        Projection(0, 1, weight=1.0, weight_sd=0.2, rule="fixed_out_degree", number=37),
        Projection(0, 0, weight=1.0, rule="fixed_out_degree", number=180, length_um=250.0, velocity_um_per_ms=300.0),
        Projection(1, 1, weight=1.0, rule="fixed_out_degree", number=250, multapses=True),
        Projection(1, 0, weight=1.0, rule="fixed_out_degree", number=299, autapses=True))),
    "fixed total": ((300, 200), (
        Projection(0, 1, weight=1.0, weight_sd=0.2, rule="fixed_total", number=5000),
        Projection(0, 0, weight=1.0, rule="fixed_total", number=4321, multapses=True),
        Projection(1, 1, weight=1.0, rule="fixed_total", number=200 * 199),
        Projection(1, 0, weight=1.0, rule="fixed_total", number=3000, velocity_um_per_ms=300.0))),
    "one to one and all to all": ((150, 150), (
        Projection(0, 1, weight=1.0, rule="one_to_one", velocity_um_per_ms=300.0),
        Projection(1, 1, weight=1.0, weight_sd=0.4, rule="all_to_all"),
        Projection(1, 0, weight=1.0, rule="one_to_one", delay_sd_ms=0.2))),
    "small world": ((400, 100), (
        Projection(0, 0, weight=1.0, weight_sd=0.2, rule="small_world", number=20, rewiring=0.1, post_last=1),
        Projection(1, 0, weight=1.0, rule="small_world", number=20, rewiring=1.0, post_last=1,
                   velocity_um_per_ms=300.0))),
    "lognormal weights": ((200, 200), (
        Projection(0, 1, 0.3, 1.0, 1.0, weight_law="lognormal"),
        Projection(1, 0, weight=2.0, weight_sd=0.5, rule="fixed_total", number=9000, weight_law="lognormal"))),
}
