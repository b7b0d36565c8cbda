"""The state of what learns, for the CPU engine."""

from __future__ import annotations

import numpy as np

from ..backend.cpu_learning import SLICE, LearningArrays
from ..base.errors import SimulatorError
from ..models.plasticity import HISTORY, NEWEST
from ..network.learning import BLOCK
from ..network.network import Network
from ..network.plan import Plan
from .dopamine import Dopamine

NEVER = np.int32(-(2**30))


class CpuLearning:
    """Traces, events and weights of one network; `arrays` is what the kernels take."""

    def __init__(self, plan: Plan, network: Network):
        assert plan.learning is not None
        self.plan, self.network, self.learning = plan, network, plan.learning
        self.dopamine = Dopamine(self.learning, plan.dt)
        self._slots = plan.max_delay_steps + 4
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
        structure = self.learning.structure
        refuse_overflow(self.plan, most + (structure.most_in if structure is not None else 0))

    def reset(self) -> None:
        """The state at step 0."""
        self._begin(self._initial_weights() if self.learning.weights else np.zeros(1, np.float32))

    def _begin(self, weight: np.ndarray) -> None:
        """The state at step 0, with these weights (S,) float32."""
        learning, n, slots = self.learning, self.plan.num_neurons, self._slots
        parts = self.network.rows.part_start.size - 1
        xs, k = learning.x_decay.size, learning.releases
        changing = n if learning.weights else 1
        self.dopamine.reset()
        self.arrays = LearningArrays(
            self.network.population_of, learning.learns, learning.row_link, learning.pair_link, learning.link_rule,
            learning.link_release, learning.coefficients, learning.rule_traces, learning.x_decay, learning.x_keep,
            learning.y_decay, learning.y_keep, learning.e_decay, learning.release_set, learning.release_values,
            learning.release_decay, learning.decays.fine, learning.decays.coarse,
            x=np.zeros((xs, n), np.float32), u=np.zeros((k, n), np.float32), r=np.zeros((k, n), np.float32),
            seen=np.full(n, NEVER, np.int32),
            horizon=np.int64(learning.horizon), event_previous=np.zeros((slots, n), np.int32),
            event_seen=np.zeros((slots, n), np.int32), event_x=np.zeros((xs, slots, n), np.float32),
            event_release=np.zeros((k, slots, n), np.float32),
            older=np.full((changing, NEWEST - 1), NEVER, np.int32),
            y=np.zeros((learning.y_decay.size, n), np.float32),
            bits=np.zeros((changing, HISTORY // 32), np.uint32), weight=weight,
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
        pre, post = network.populations_of_synapses()
        return clipped(learning, units, pre, post)

    @property
    def nbytes(self) -> int:
        """Bytes of the state."""
        a = self.arrays
        return sum(v.nbytes for v in (a.x, a.u, a.r, a.seen, a.event_previous, a.event_seen, a.event_x, a.event_release,
                                      a.older, a.y, a.bits, a.weight, a.eligibility, a.prefix))

    # ---- snapshots
    def snapshot(self, step: int, ids: np.ndarray, id_counts: np.ndarray) -> dict[str, np.ndarray]:
        """What a snapshot carries, by name; synapses in the canonical order of `Network.canonical_order`."""
        a = self.arrays
        further = {"seen": a.seen, "x": a.x, "u": a.u, "r": a.r, "changes": a.changes.sum(axis=0)}
        further |= {name: values for name, values in self._events(step, ids, id_counts).items()}
        if self.learning.weights:
            order = self.network.canonical_order()
            further |= {"older": a.older, "y": a.y, "bits": a.bits, "weight": a.weight[order]}
            if self.learning.rewarded:
                further |= {"eligibility": a.eligibility[order], **self.dopamine.arrays()}
        return {f"learning_{name}": values.copy() for name, values in further.items()}

    def _events(self, step: int, ids: np.ndarray, id_counts: np.ndarray) -> dict[str, np.ndarray]:
        """The events that still have to arrive somewhere, by step and source."""
        a, starts = self.arrays, self.network.rows.part_start
        slots, places, steps = [], [], []
        for s in range(max(0, step - self.plan.max_delay_steps - 1), step):
            slot = s % ids.shape[0]
            at = np.concatenate([first + np.arange(count) for first, count in
                                 zip(starts, id_counts[slot], strict=False)]).astype(np.int64)
            slots.append(np.full(at.size, slot))
            places.append(at)
            steps.append(np.full(at.size, s))
        slot, place, when = (np.concatenate([np.zeros(0, np.int64), *p]).astype(np.int64)
                             for p in (slots, places, steps))
        order = np.lexsort((ids[slot, place], when))
        slot, place, when = slot[order], place[order], when[order]
        return {"event_step": when, "event_source": ids[slot, place], "event_previous": a.event_previous[slot, place],
                "event_seen": a.event_seen[slot, place], "event_x": a.event_x[:, slot, place],
                "event_release": a.event_release[:, slot, place]}

    def restore(self, step: int, further: dict[str, np.ndarray], ids: np.ndarray, id_counts: np.ndarray) -> None:
        """Continue from what a snapshot carried."""
        self._begin(np.zeros(self.network.num_synapses if self.learning.weights else 1, np.float32))
        given = {name.removeprefix("learning_"): values for name, values in further.items()}
        a = self.arrays
        for name in ("seen", "x", "u", "r"):
            getattr(a, name)[:] = given[name]
        a.changes[0] = given["changes"]
        if self.learning.weights:
            order = self.network.canonical_order()
            a.older[:], a.y[:], a.bits[:] = given["older"], given["y"], given["bits"]
            a.weight[order] = given["weight"]
            if self.learning.rewarded:
                a.eligibility[order] = given["eligibility"]
                self.dopamine.restore(step, given)
                self.arrays = a._replace(prefix=self.dopamine.prefix)
        self._put_events(given, ids, id_counts)

    def _put_events(self, given: dict[str, np.ndarray], ids: np.ndarray, id_counts: np.ndarray) -> None:
        a, starts = self.arrays, self.network.rows.part_start
        neurons = np.where(given["event_source"] >= 0, given["event_source"], -1 - given["event_source"])
        if (neurons >= self.plan.num_neurons).any() or (given["event_step"] < 0).any():
            raise SimulatorError("The state's spikes under way do not belong to this network; it cannot be restored.")
        for k, (step, source) in enumerate(zip(given["event_step"], given["event_source"], strict=True)):
            slot, neuron = int(step) % ids.shape[0], source if source >= 0 else -1 - source
            part = int(np.searchsorted(starts, neuron, side="right")) - 1
            q = starts[part] + id_counts[slot, part]
            id_counts[slot, part] += 1
            ids[slot, q] = source
            a.event_previous[slot, q], a.event_seen[slot, q] = given["event_previous"][k], given["event_seen"][k]
            a.event_x[:, slot, q], a.event_release[:, slot, q] = given["event_x"][:, k], given["event_release"][:, k]


def clipped(learning, units, pre, post):
    """Weights within the bounds of their rules; `pre` and `post` are the populations of each synapse."""
    rule = learning.link_rule[learning.pair_link[pre, post]]
    low, high = (np.append(learning.coefficients[:, k], value).astype(np.float32)
                 for k, value in ((7, -np.inf), (8, np.inf)))
    return np.minimum(np.maximum(units, low[rule]), high[rule])


def refuse_overflow(plan: Plan, in_degree: int) -> None:
    """Raise SimulatorError where so many synapses at their strongest could overflow the sum of one step."""
    assert plan.learning is not None
    if in_degree * (plan.learning.largest_units + 1.0) >= 2**31:
        raise SimulatorError(
            "The weights onto one neuron can grow to more than its 32-bit accumulator can hold; take fewer connections "
            "per neuron or a smaller largest weight.")
