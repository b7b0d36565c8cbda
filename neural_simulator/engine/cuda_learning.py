"""The state of what learns, for the CUDA engine: the counterpart of `CpuLearning`, with the same snapshots."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..backend import cuda
from ..backend.cuda_learning import KEPT_TRACES
from ..network.device_network import DeviceNetwork
from ..network.learning import BLOCK
from ..network.plan import Plan
from .cpu_learning import NEVER, bounds_of, refuse_overflow
from .dopamine import Dopamine
from .layout import Layout
from .learning_text import learning_text

_UNKNOWN = 2**31 - 2                    # in place of a step: newer than all, so that kernels look in the history


class CudaLearning:
    """Traces, events and weights of one network on the device; `pointers` is what the kernels take."""

    def __init__(self, plan: Plan, network: DeviceNetwork, layout: Layout, to_device: Any, to_natural: Any):
        """`to_device` and `to_natural` turn (N,) arrays into the layout's order and back."""
        assert plan.learning is not None
        self.plan, self.network, self.layout, self.learning = plan, network, layout, plan.learning
        self._to_device, self._to_natural = to_device, to_natural
        self.text = learning_text(plan, layout.kept_spikes)
        self.dopamine = Dopamine(self.learning, plan.dt)
        if self.learning.weights:
            refuse_overflow(plan, int(network.in_degrees().max()))
        xp = cuda.xp()
        self._size = to_device(np.zeros(plan.num_neurons, np.int32)).size
        self._index = to_natural(np.arange(self._size))                 # where every neuron lies
        decays = self.learning.decays
        whole = decays.whole(self.text.constants["WHOLE"]) if self.text.constants["WHOLE"] else np.zeros(1, np.float32)
        self._decays = [xp.asarray(t) for t in (decays.fine, decays.coarse, whole)]
        self._growth = xp.asarray(self.dopamine.growth.ravel() if self.learning.rewarded else np.zeros(1, np.float32))

    # ---- state
    def reset(self, step: int = 0) -> None:
        """The state at step 0; `step` is that of the state that will take its place."""
        xp, c, learning = cuda.xp(), self.text.constants, self.learning
        size = self._size
        self.dopamine.reset()
        self._near = xp.zeros((self.text.near_rows, size), xp.uint32)
        self._steps[:] = NEVER
        changing = size if learning.weights else 1
        if learning.weights:
            self._rows("seen")[:] = NEVER
            low, high = bounds_of(learning)
            self.network.learn(low, high, learning.learns)
        self._recent = xp.full((c["RECENT"], changing), NEVER, xp.int32)
        self._recent_y = xp.zeros((c["RECENT"], max(1, c["YS"]), changing), xp.float32)
        self._bits = xp.zeros((changing, c["HISTORY_WORDS"]), xp.uint32)
        learned = self.network.learned
        self._weight = learned.values if learned is not None else xp.zeros(1, xp.float32)
        self._eligibility = xp.zeros(self._weight.size if learning.rewarded else 1, xp.float32)
        events = 4 * size if self.layout.kind == "partitioned" else size
        # tags that no step soon to come has
        self._events = xp.full(4 * events * self.text.event_vectors, ((step + 2**22) << 9) & 0xFFFFFFFF, xp.uint32)
        self._changes = xp.zeros(2, xp.uint64)
        self._prefix = xp.zeros(max(1, self.dopamine.prefix.size), xp.float32)
        first, per_block = (learned.first_word, learned.per_block) if learned is not None else (0, 0)
        arrays = (*self._decays, self._prefix, self._growth, self._near, self._recent, self._recent_y, self._bits,
                  self._weight, self._eligibility)
        pointers = [*(a.data.ptr for a in arrays), first, per_block, self._events.data.ptr, self._changes.data.ptr]
        self.pointers = np.array(pointers, np.uint64).view(f"V{8 * len(pointers)}")         # one struct, by value

    def _rows(self, name: str) -> Any:
        """Some of the rows that lie near the neurons, by name (`LearningText.near`), in their own type."""
        xp, rows = cuda.xp(), self.text.near[name]
        kind = xp.int32 if name == "seen" else xp.uint32 if name in ("count", "word") else xp.float32
        return self._near[rows.start:rows.stop].view(kind)

    @property
    def _steps(self) -> Any:
        """Steps of the newest spikes, (kept / 4, neurons, 4) where weights change, else (1, neurons, 1)."""
        rows, together = self.text.near["steps"], self.text.defines()["IN_FOURS"]
        return self._near[rows.start:rows.stop].view(cuda.xp().int32).reshape(-1, self._size, together)

    def _set_steps(self, newest: np.ndarray) -> None:
        """Write the steps of the newest spikes, (some, N) int32; older ones than given are looked up where needed."""
        fours, _, together = self._steps.shape
        older = np.where(newest[-1:] == NEVER, NEVER, _UNKNOWN).repeat(fours * together, axis=0)
        known = np.concatenate([newest, older])[:fours * together].astype(np.int32)
        self._steps[:] = self._in_device_order(known).reshape(fours, together, -1).transpose(0, 2, 1)

    def prepare(self, step: int, count: int) -> int:
        """Do what is due before `step`; return how many of the next `count` steps one launch may take."""
        if self.learning.rewarded:
            count = min(count, BLOCK)
            self.dopamine.extend(step + count)
            self._prefix[:] = cuda.xp().asarray(self.dopamine.prefix.ravel())
        return count

    @property
    def events(self) -> tuple[int, int]:
        """Weights that rose and weights that fell since step 0."""
        rose, fell = self._changes.get()
        return int(rose), int(fell)

    @property
    def nbytes(self) -> int:
        """Bytes of the state on the device, without the weights, which are the network's."""
        return sum(int(a.nbytes) for a in (self._near, self._recent, self._recent_y, self._bits, self._eligibility,
                                           self._events, self._prefix))

    @property
    def snapshot_bytes(self) -> int:
        """Size of what a snapshot carries."""
        c, n = self.text.constants, self.plan.num_neurons
        per_synapse = 4 * (self.learning.weights + self.learning.rewarded)
        per_neuron = 4 * (1 + c["XS"] + 2 * c["RELEASES"])
        if self.learning.weights:
            per_neuron += 4 * (c["RECENT"] * (1 + c["YS"]) + c["HISTORY_WORDS"])
        return n * per_neuron + self.network.num_synapses * per_synapse

    # ---- snapshots
    def snapshot(self, last_spike: np.ndarray, spike_counts: np.ndarray) -> dict[str, np.ndarray]:
        """What a snapshot carries, by name: as `CpuLearning.snapshot`, equal to it bit for bit."""
        rows = {name: self._natural(self._rows(name)) for name in ("u", "r")}
        further = {"seen": last_spike, "x": np.zeros((0, last_spike.size), np.float32), **rows,
                   "changes": np.array(self.events, np.int64)}
        if self.learning.weights:
            c = self.text.constants
            places = self._recent_places(spike_counts)
            recent = np.take_along_axis(self._natural(self._recent), places, 0).T
            y = self._natural(self._recent_y.reshape(c["RECENT"] * c["YS"], -1)).reshape(c["RECENT"], c["YS"], -1)
            recent_y = np.stack([np.take_along_axis(y[:, k], places, 0).T for k in range(c["YS"])])
            order = self.network.canonical_order()
            further |= {"seen": self._natural(self._rows("seen"))[0], "x": self._natural(self._rows("x")),
                        "recent": recent, "recent_y": recent_y, "bits": self._bits.get()[self._index],
                        "weight": self.network.units_at(order).get()}
            if self.learning.rewarded:
                learned = self.network.learned
                assert learned is not None
                further |= {"eligibility": learned.read(self._eligibility, order).get(), **self.dopamine.arrays()}
        return {f"learning_{name}": np.array(values, order="C") for name, values in further.items()}

    def restore(self, step: int, further: Mapping[str, np.ndarray], last_spike: np.ndarray,
                spike_counts: np.ndarray) -> None:
        """Continue from what a snapshot carried; after `reset`."""
        xp, c = cuda.xp(), self.text.constants
        given = {name.removeprefix("learning_"): values for name, values in further.items()}
        for name in ("u", "r"):
            self._set(self._rows(name), given[name])
        self._changes[:] = xp.asarray(given["changes"].astype(np.uint64))
        self._set_steps(given["recent"].T if self.learning.weights else last_spike[None])
        if self.learning.weights:
            recent, recent_y = given["recent"].T, given["recent_y"].transpose(2, 0, 1)      # (R, N), (R, Y, N)
            self._set(self._rows("y"), recent_y[:KEPT_TRACES].reshape(-1, recent.shape[1]))
            self._set(self._rows("x"), given["x"])
            self._set(self._rows("seen"), given["seen"][None])
            self._set(self._rows("count"), spike_counts[None])
            self._set(self._rows("word"), given["bits"].T[(step >> 5) % c["HISTORY_WORDS"]][None])
            self._bits[xp.asarray(self._index)] = xp.asarray(given["bits"])
            back = self._recent_places(spike_counts)
            ring = np.empty_like(recent, order="C")
            np.put_along_axis(ring, back, recent, 0)
            self._set(self._recent, ring)
            rings = np.empty(recent_y.shape, np.float32)
            for k in range(c["YS"]):
                np.put_along_axis(rings[:, k], back, recent_y[:, k], 0)
            self._set(self._recent_y.reshape(c["RECENT"] * c["YS"], -1), rings.reshape(-1, recent.shape[1]))
            order, learned = self.network.canonical_order(), self.network.learned
            assert learned is not None
            learned.write(self._weight, order, given["weight"])
            if self.learning.rewarded:
                learned.write(self._eligibility, order, given["eligibility"])
                self.dopamine.restore(step, dict(given))

    def _recent_places(self, spike_counts: np.ndarray) -> np.ndarray:
        """Where in the ring the recent spikes of every neuron lie, from the newest on, (R, N)."""
        size = self.text.constants["RECENT"]
        return (spike_counts.astype(np.int64)[None] - 1 - np.arange(size)[:, None]) % size

    def _natural(self, rows: Any) -> np.ndarray:
        """Rows in device order as host rows of neurons."""
        host = rows.get()
        if not len(host):
            return np.zeros((0, self.plan.num_neurons), host.dtype)
        return np.stack([self._to_natural(row) for row in host])

    def _set(self, rows: Any, values: np.ndarray) -> None:
        """Write host rows of neurons into rows in device order."""
        if len(values):
            rows[:] = self._in_device_order(values)

    def _in_device_order(self, rows: np.ndarray) -> Any:
        """Host rows of neurons as rows on the device."""
        return cuda.xp().asarray(np.stack([self._to_device(row) for row in np.ascontiguousarray(rows)]))
