"""Measures a built network: who is connected to whom, how strongly, how late, and what shape that has."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..base.connectivity import Connectivity
from ..models.neurons import neuron_model
from .device_network import DeviceNetwork
from .network import Network
from .places import ranges

SAMPLE = 200_000           # synapses whose weights and delays are looked at
ROWS_AT_ONCE = 4_000_000   # synapses that are fetched to estimate clustering and reciprocity
EXACT_NEURONS = 2_000      # up to so many the clustering is counted, not estimated
PATH_SYNAPSES = 2_000_000  # up to so many paths are followed
_PAIRS = 2_000             # pairs of targets, and synapses, that an estimate asks about
_PATH_SOURCES = 20


def connectivity_of(network: Network | DeviceNetwork) -> Connectivity:
    """Measure `network`. The same network gives the same facts but for the sample, which a device spreads otherwise."""
    populations = network.populations
    small = network.num_neurons <= EXACT_NEURONS
    csr = network.csr()[:2] if network.num_synapses <= PATH_SYNAPSES else None
    matrix = _matrix(*csr) if csr is not None and small else None
    has = _asker(network) if matrix is None else lambda pre, post: matrix[pre, post] > 0
    ends = _some_pairs(network, csr)
    return Connectivity(
        tuple(p.name for p in populations), tuple(p.size for p in populations),
        tuple(p.excitatory for p in populations), tuple(neuron_model(p.model).port_unit for p in populations),
        network.plan.dt, network.num_synapses, network.out_degrees(), network.in_degrees(), network.incoming_weights(),
        network.sample(SAMPLE), _reciprocity(ends, has),
        _exact_clustering(matrix) if matrix is not None else _clustering(network, has),
        None if csr is None else _path_length(*csr))


# ---- pairs
Ask = Callable[[np.ndarray, np.ndarray], np.ndarray]


def _asker(network: Network | DeviceNetwork) -> Ask:
    """Return a function that tells which of the pairs (pre, post) have a synapse."""
    def has(pre: np.ndarray, post: np.ndarray) -> np.ndarray:
        n = network.num_neurons
        rows = network.synapses_from(np.unique(pre))
        return np.isin(pre.astype(np.int64) * n + post, rows.pre.astype(np.int64) * n + rows.post)
    return has


def _some_pairs(network: Network | DeviceNetwork, csr: tuple[np.ndarray, np.ndarray] | None,
                ) -> tuple[np.ndarray, np.ndarray]:
    """The ends of all synapses of a small network, and of some of a large one."""
    if csr is not None and network.num_neurons <= EXACT_NEURONS:
        return np.repeat(np.arange(network.num_neurons), np.diff(csr[0])), csr[1]
    chosen = network.sample(_affordable(network))
    return chosen.pre, chosen.post


def _affordable(network: Network | DeviceNetwork) -> int:
    """How many rows may be fetched."""
    mean = network.num_synapses / max(1, network.num_neurons)
    return int(min(_PAIRS, max(10, ROWS_AT_ONCE // max(1.0, mean))))


def _reciprocity(ends: tuple[np.ndarray, np.ndarray], has: Ask) -> float:
    pre, post = ends
    other = pre != post
    return float(has(post[other], pre[other]).mean()) if other.any() else float("nan")


# ---- clustering
def _matrix(indptr: np.ndarray, targets: np.ndarray) -> np.ndarray:
    """1 where there is a synapse to another neuron, (N, N) float32."""
    n = indptr.size - 1
    matrix = np.zeros((n, n), np.float32)
    matrix[np.repeat(np.arange(n), np.diff(indptr)), targets] = 1.0
    np.fill_diagonal(matrix, 0.0)
    return matrix


def _exact_clustering(matrix: np.ndarray) -> float | None:
    degree = matrix.sum(axis=1, dtype=np.float64)
    able = degree >= 2.0
    closed = ((matrix @ matrix) * matrix).sum(axis=1, dtype=np.float64)
    return float((closed[able] / (degree[able] * (degree[able] - 1.0))).mean()) if able.any() else None


def _clustering(network: Network | DeviceNetwork, has: Ask) -> float | None:
    """Estimated from the same number of pairs of targets of each of some neurons."""
    rng = np.random.default_rng(0)
    able = np.flatnonzero(network.out_degrees() >= 2)
    rows = _affordable(network)
    chosen = able[np.unique(np.linspace(0, able.size - 1, min(able.size, max(1, rows // 10))).astype(np.int64))]
    if not chosen.size:
        return None
    first, second = [], []
    leaving = network.synapses_from(chosen)
    for neuron in chosen:
        targets = np.unique(leaving.post[leaving.pre == neuron])
        targets = targets[targets != neuron]
        if targets.size >= 2:
            a = rng.integers(targets.size, size=10)
            b = (a + rng.integers(1, targets.size, size=10)) % targets.size
            first.append(targets[a])
            second.append(targets[b])
    return float(has(np.concatenate(first), np.concatenate(second)).mean()) if first else None


# ---- paths
def _path_length(indptr: np.ndarray, targets: np.ndarray) -> float | None:
    """Mean length of the shortest ways from some neurons to all that they reach."""
    n, total, pairs = indptr.size - 1, 0, 0
    for source in np.unique(np.linspace(0, n - 1, min(n, _PATH_SOURCES)).astype(np.int64)):
        seen = np.zeros(n, bool)
        seen[source], front, steps = True, np.array([source]), 0
        while front.size:
            total, pairs, steps = total + steps * front.size, pairs + front.size, steps + 1
            reached = np.unique(targets[ranges(indptr[front], indptr[front + 1])])
            front = reached[~seen[reached]]
            seen[front] = True
        pairs -= 1                                           # from the source to itself
    return total / pairs if pairs else None

