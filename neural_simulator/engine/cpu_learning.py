"""The state of what learns, for the CPU engine."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from ..backend.cpu_learning import NEWEST, SLICE, LearningArrays
from ..base.errors import SimulatorError
from ..models.plasticity import history_steps, longest_gap, recent_spikes
from ..network.learning import BLOCK, COEFFICIENTS, Learning
from ..network.network import Network
from ..network.plan import Plan
from .dopamine import Dopamine

NEVER = np.int32(-(2**30))
SLOTS = 4                       # steps whose events are kept: two that act while two others are being sent


class CpuLearning:
    """Traces, events and weights of one network; `arrays` is what the kernels take."""

    def __init__(self, plan: Plan, network: Network):
        assert plan.learning is not None
        self.plan, self.network, self.learning = plan, network, plan.learning
        self.dopamine = Dopamine(self.learning, plan.dt)
        if self.learning.weights:
            network.sort_rows()
            self._refuse_overflow()

    def _refuse_overflow(self) -> None:
        """The sum a neuron can ever receive in one step must fit 31 bits."""
        rows = self.network.rows
        parts = rows.part_start.size - 1
        most = 0
        for part in range(parts):
            first, last = (int(rows.segment[(part + k) * self.plan.num_neurons * rows.max_delay]) for k in (0, 1))
            locals_ = rows.words[first:last] >> np.uint32(self.plan.weight_bits)
            most = max(most, int(np.bincount(locals_, minlength=1).max()))
        refuse_overflow(self.plan, most)

    def reset(self) -> None:
        """The state at step 0."""
        self._begin(self._initial_weights() if self.learning.weights else np.zeros(1, np.float32))

    def _begin(self, weight: np.ndarray) -> None:
        """The state at step 0, with these weights (S,) float32."""
        learning, n, max_delay = self.learning, self.plan.num_neurons, self.plan.max_delay_steps
        parts = self.network.rows.part_start.size - 1
        xs, ys, k = learning.x_decay.size, learning.y_decay.size, learning.releases
        changing = n if learning.weights else 1
        self.dopamine.reset()
        self.arrays = LearningArrays(
            self.network.population_of, learning.learns, learning.row_link, learning.pair_link, learning.link_rule,
            learning.link_release, learning.coefficients, learning.rule_traces, learning.x_decay, learning.x_keep,
            np.array([learning.decays.lifetime(k) for k in learning.x_decay], np.int64), learning.y_decay,
            learning.y_keep, learning.e_decay, learning.release_set, learning.release_values, learning.release_decay,
            learning.decays.fine, learning.decays.coarse,
            x=np.zeros((xs, n), np.float32), u=np.zeros((k, n), np.float32), r=np.zeros((k, n), np.float32),
            seen=np.full(n, NEVER, np.int32), horizon=np.int64(learning.horizon),
            longest_gap=np.int64(longest_gap(max_delay)), delivered=np.zeros(parts, np.int64),
            event_previous=np.zeros((SLOTS, n), np.int32), event_seen=np.zeros((SLOTS, n), np.int32),
            event_x=np.zeros((xs, SLOTS, n), np.float32), event_release=np.zeros((k, SLOTS, n), np.float32),
            y=np.zeros((ys, n), np.float32), older=np.full((changing, NEWEST - 1), NEVER, np.int32),
            recent=np.full((changing, recent_spikes(max_delay)), NEVER, np.int32),
            recent_y=np.zeros((ys, changing, recent_spikes(max_delay)), np.float32),
            bits=np.zeros((changing, history_steps(max_delay) // 32), np.uint32), weight=weight,
            eligibility=np.zeros(weight.size if learning.rewarded else 1, np.float32), prefix=self.dopamine.prefix,
            growth=self.dopamine.growth, places=np.zeros((parts, SLICE), np.uint32),
            traces=np.zeros((parts, SLICE), np.float32), news=np.zeros((parts, SLICE + 1), np.int64),
            changes=np.zeros((parts, 2), np.int64))
        self.network.learned = weight if learning.weights else None

    def prepare(self, step: int, count: int) -> int:
        """Do what is due before `step`; return how many of the next `count` steps may follow at once."""
        if self.learning.rewarded:
            count = min(count, BLOCK)
            self.dopamine.extend(step + count)
        return count

    def _initial_weights(self) -> np.ndarray:
        """The weights at time 0 (S,) float32, within the bounds of their rules."""
        learning, network = self.learning, self.network
        units = (network.rows.words & np.uint32((1 << self.plan.weight_bits) - 1)).astype(np.float32)
        if not learning.coefficients.size:
            return units
        pair = network.populations_of_synapses()
        low, high = bounds_of(learning)
        return np.minimum(np.maximum(units, low[pair]), high[pair])

    @property
    def nbytes(self) -> int:
        """Bytes of the state, without the weights, which are the network's."""
        a = self.arrays
        return sum(v.nbytes for v in (a.x, a.u, a.r, a.seen, a.event_previous, a.event_seen, a.event_x, a.event_release,
                                      a.y, a.older, a.recent, a.recent_y, a.bits, a.eligibility, a.prefix))

    # ---- snapshots
    def snapshot(self, spike_counts: np.ndarray) -> dict[str, np.ndarray]:
        """What a snapshot carries, by name; all events have acted. Synapses in the canonical order of
        `Network.canonical_order`, recent spikes from the newest on."""
        a = self.arrays
        further = {"seen": a.seen, "x": a.x, "u": a.u, "r": a.r, "changes": a.changes.sum(axis=0)}
        if self.learning.weights:
            order, (rows, places) = self.network.canonical_order(), self._recent_places(spike_counts)
            further |= {"recent": a.recent[rows, places], "recent_y": a.recent_y[:, rows, places], "bits": a.bits,
                        "weight": a.weight[order]}
            if self.learning.rewarded:
                further |= {"eligibility": a.eligibility[order], **self.dopamine.arrays()}
        return {f"learning_{name}": values.copy() for name, values in further.items()}

    def restore(self, step: int, further: Mapping[str, np.ndarray], spike_counts: np.ndarray) -> None:
        """Continue from what a snapshot carried."""
        self._begin(np.zeros(self.network.num_synapses if self.learning.weights else 1, np.float32))
        given = {name.removeprefix("learning_"): values for name, values in further.items()}
        a = self.arrays
        for name in ("seen", "x", "u", "r"):
            getattr(a, name)[:] = given[name]
        a.changes[0] = given["changes"]
        a.delivered[:] = step
        if self.learning.weights:
            order, (rows, places) = self.network.canonical_order(), self._recent_places(spike_counts)
            a.recent[rows, places], a.recent_y[:, rows, places] = given["recent"], given["recent_y"]
            a.y[:], a.bits[:] = given["recent_y"][:, :, 0], given["bits"]
            a.older[:] = given["recent"][:, 1:NEWEST]
            a.weight[order] = given["weight"]
            if self.learning.rewarded:
                a.eligibility[order] = given["eligibility"]
                self.dopamine.restore(step, given)
                self.arrays = a._replace(prefix=self.dopamine.prefix)

    def _recent_places(self, spike_counts: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Where the recent spikes of every neuron lie, from the newest on: an index of (N, R)."""
        size = self.arrays.recent.shape[1]
        newest = spike_counts.astype(np.int64)[:, None] - 1
        return np.arange(newest.size)[:, None], (newest - np.arange(size)) % size


def bounds_of(learning: Learning) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest weight of each pair of populations, (P, P) float32 stored units."""
    rule = np.where(learning.pair_link >= 0, learning.link_rule[learning.pair_link], -1)
    low, high = (np.append(learning.coefficients[:, COEFFICIENTS.index(name)], value).astype(np.float32)[rule]
                 for name, value in (("w_min", -np.inf), ("w_max", np.inf)))
    return low, high


def refuse_overflow(plan: Plan, in_degree: int) -> None:
    """Raise SimulatorError where so many synapses, and those that can form, could overflow the sum of one step."""
    assert plan.learning is not None
    structure = plan.learning.structure
    most = in_degree + (structure.most_in if structure is not None else 0)
    if most * (plan.learning.largest_units + 1.0) >= 2**31:
        raise SimulatorError(
            "The weights onto one neuron can grow to more than its 32-bit accumulator can hold; take fewer connections "
            "per neuron or a smaller largest weight.")
