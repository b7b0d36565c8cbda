"""The same network, built on the device: two passes over the same random walk, no edge list, no host copy."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..backend import cuda, cuda_source
from ..base.errors import BackendError, SimulatorError
from ..base.synapses import NONE, Synapses, make
from ..models.random import STREAM_INITIAL
from ..models.wiring import BLOCK, COUNTS, PAIRWISE, TOTAL, TOTAL_SHARE
from . import projections
from .network import Report, inhibitory_sources, initial_states, population_of, ports_of_sources
from .places import chunks, ranges, spread
from .plan import Plan
from .rewiring import Wiring, device_counts, device_words

MAX_ROW_UNITS = 63
ROW_BITS = 26                  # of a 32-bit row descriptor, for offset (units) and flags; the others hold the length


class RowsTooLong(SimulatorError):
    """Rows do not fit the partitioned layout's descriptors; the global layout takes them."""


@dataclass
class Learned:
    """The weights of a network that learns, stored units: of the rows from the first source that learns to the last.

    Those of a block lie together, at the places of their words less `first_word`.
    """

    values: Any                        # (blocks * per_block,) float32 on the device
    first_word: int
    per_block: int
    words_per_block: int

    def places(self, words: Any) -> tuple[Any, Any]:
        """Where these words have their weights, and which of them have one."""
        xp = cuda.xp()
        block, at = xp.divmod(words, max(1, self.words_per_block))
        at = at - self.first_word
        has = (at >= 0) & (at < self.per_block)
        return xp.where(has, block * self.per_block + at, 0), has

    def read(self, column: Any, words: Any) -> Any:
        """The values of these words in a column like `values`; 0 where they have none."""
        places, has = self.places(words)
        return cuda.xp().where(has, column[places], np.float32(0.0))

    def write(self, column: Any, words: Any, values: np.ndarray) -> None:
        """Set the values of these words in a column like `values`."""
        places, has = self.places(words)
        column[places[has]] = cuda.xp().asarray(values)[has]


class DeviceNetwork:
    """Neurons in space and their synapses on the device.

    With `blocks` > 1, the synapses onto neuron n lie in the store of block n % blocks, rows padded alike in every
    block; with `blocks` == 1 they are plain CSR. `words` (device, uint32), `row_start` (N,) or (N + 1,) uint64 words.
    `fingerprint` is as in `Network`; `learned` holds the weights of a network that learns.
    """

    learned: Learned | None = None
    order: Any = None

    def __init__(self, plan: Plan, blocks: int, delay_bits: int, report: Report, unit: int = 8):
        self.plan, self.blocks, self.delay_bits, self.unit = plan, blocks, delay_bits, unit
        self.num_neurons = plan.num_neurons
        self.populations = plan.populations
        self.max_delay_steps = plan.max_delay_steps
        self.population_of = population_of(plan)
        self.rewired, self.version = False, 0          # as in `Network`
        self._wiring: Wiring | None = None             # kept on the host once the seed does not give it any more
        started = time.perf_counter()
        constants = {"BLOCKS": blocks, "WEIGHT_BITS": plan.weight_bits, "DELAY_BITS": delay_bits,
                     "MIN_DELAY": plan.min_delay_steps, "MAX_DELAY": plan.max_delay_steps}
        self._module = cuda.compile_source(cuda_source.build_source(constants))
        self.positions_on_device = self._place()
        self.positions = self.positions_on_device.get()
        self._table = projections.table(plan.projections, plan.populations, plan.scale_of)
        self._build(report)
        self.num_synapses_built = self.num_synapses
        self.fingerprint = self._fingerprint()
        cuda.xp().cuda.Device().synchronize()
        report("Building synapses", 1.0)
        self.build_time_s = time.perf_counter() - started

    # ---- building
    def _build(self, report: Report) -> None:
        report("Counting synapses", 0.0)
        counts = self._count(report)
        self._arrange(counts)
        counts.fill(0)
        self._store(counts, report)

    def _launch(self, name: str, count: int, *arguments: Any) -> None:
        self._module.get_function(name)((-(-count // 256),), (256,), arguments)

    @property
    def _keys(self) -> tuple[np.uint32, np.uint32]:
        k0, k1 = self.plan.key_words
        return np.uint32(k0), np.uint32(k1)

    def _place(self) -> Any:
        xp = cuda.xp()
        positions = xp.zeros((self.num_neurons, 3), xp.float32)
        for p in self.populations:
            low, high = xp.asarray(p.low_um, xp.float32), xp.asarray(p.high_um, xp.float32)
            self._launch("place", p.size, np.int32(p.start), np.int32(p.stop), np.int32(p.ellipsoid), low, high,
                         np.float32(p.bend_um), *self._keys, positions)
        return positions

    def _walk(self, action: str, task: str, report: Report, share: float, *arguments: Any) -> None:
        """Launch the walks of all projections; `action`: count or store. Reports half of the build, from `share` on."""
        xp, plan = cuda.xp(), self.plan
        numbers, counts = (xp.asarray(a) for a in self._table)
        launches = list(self._launches())
        total, done = sum(launch[2] * len(launch[3]) for launch in launches), 0
        for kind, first, owners, tasks in launches:
            function = self._module.get_function(f"{action}_{kind}")
            on_device, threads = xp.asarray(np.array(tasks, np.int32)), owners * len(tasks)
            piece = max(2**18, -(-total // 16))             # short enough that a cancel is heard
            for begin in range(0, threads, piece):
                end = min(begin + piece, threads)
                function((-(-(end - begin) // 256),), (256,), (
                    np.uint64(begin), np.uint64(end), np.uint64(first), on_device, np.int32(len(tasks)), numbers,
                    counts, self.positions_on_device, *self._keys, np.float32(1.0 / plan.dt),
                    np.int32(self.num_neurons), *arguments))
                done += end - begin
                if total > piece:
                    xp.cuda.Device().synchronize()
                report(task, share + 0.5 * done / total)

    def _launches(self) -> Iterator[tuple[str, int, int, list[tuple[int, int]]]]:
        """Yield (kernel, first owner, owners, tasks): pairwise ones together, each other alone."""
        plan = self.plan
        walks = [int(row[COUNTS.index("WALK")]) for row in self._table[1]]
        for index, p in enumerate(self.populations):
            tasks = [(k, block) for k, q in enumerate(plan.projections) if q.pre == index and walks[k] in PAIRWISE
                     for block in range(-(-self.populations[q.post].size // BLOCK))]
            if tasks and p.size:
                yield "pairwise", p.start, p.size, tasks
        for k, q in enumerate(plan.projections):
            first, last = projections.owners(q, self.populations)
            owners = -(-last // TOTAL_SHARE) if walks[k] == TOTAL else last - first
            if walks[k] not in PAIRWISE and owners:
                yield "others", first, owners, [(k, 0)]

    def _count(self, report: Report) -> Any:
        xp, n, plan = cuda.xp(), self.num_neurons, self.plan
        counts = xp.zeros(self.blocks * n, xp.uint32)
        sums = xp.zeros(plan.num_ports * n, xp.uint64)
        lacking = xp.zeros(max(1, len(plan.projections)), xp.uint32)
        self._walk("count", "Counting synapses", report, 0.0, counts, sums, xp.asarray(ports_of_sources(plan)[0]),
                   lacking)
        for k in np.flatnonzero(lacking.get()):
            raise projections.too_few(plan.projections[k], plan.populations, int(lacking[k]))
        if n and int(sums.max()) >= 2**31:
            raise SimulatorError("The weights onto one neuron sum to more than its 32-bit accumulator can hold; take "
                                 "fewer connections per neuron.")
        return counts

    def _arrange(self, counts: Any) -> None:
        """Decide where every row starts, and allocate the words."""
        xp, n = cuda.xp(), self.num_neurons
        by_block = counts.reshape(self.blocks, n)
        self.out_degree = by_block.sum(axis=0, dtype=xp.uint32)
        self.num_synapses = int(self.out_degree.sum(dtype=xp.uint64))
        self.delays = None
        if self.blocks == 1:
            self.row_start = xp.zeros(n + 1, xp.uint64)
            self.row_start[1:] = xp.cumsum(self.out_degree, dtype=xp.uint64)
            self.words_per_block = self.num_synapses
            self.words = xp.zeros(max(1, self.num_synapses), xp.uint32)
            if self.plan.min_delay_steps != self.plan.max_delay_steps:
                self.delays = xp.zeros(max(1, self.num_synapses), xp.uint16)
            return
        units = (by_block.max(axis=0) + (self.unit - 1)) // self.unit
        self.order = self._order_of_rows()
        order = slice(None) if self.order is None else self.order
        ends = xp.cumsum(units[order], dtype=xp.uint64)
        total = int(ends[-1])
        if int(units.max()) > MAX_ROW_UNITS or total >= 1 << (ROW_BITS - self.plan.flag_bits):
            raise RowsTooLong("rows are too long for the partitioned layout")
        starts = xp.zeros(n, xp.uint64)
        starts[order] = ends - units[order]
        self.row_units = units.astype(xp.uint32)
        self.row_offset = starts.astype(xp.uint32)                 # units
        self.row_start = starts * self.unit                             # words
        self.words_per_block = total * self.unit
        self.padding = np.uint32((0xFFFFFFFF << self.plan.weight_bits) & 0xFFFFFFFF)
        self.words = xp.full(max(1, self.blocks * self.words_per_block), self.padding, xp.uint32)

    def _order_of_rows(self) -> Any:
        """The sources in the order of their rows, None: as numbered. Those that learn come first, so that their
        weights lie together."""
        learning = self.plan.learning
        if learning is None or learning.learns.all() or not learning.weights:
            return None
        return cuda.xp().asarray(np.argsort(~learning.learns[self.population_of], kind="stable"))

    def _store(self, cursors: Any, report: Report) -> None:
        delays = self.delays if self.delays is not None else np.uint64(0)
        self._walk("store", "Building synapses", report, 0.5, self.row_start, np.uint64(self.words_per_block),
                   cursors, self.words, delays)

    # ---- for networks that learn
    def learn(self, low: np.ndarray, high: np.ndarray, learns: np.ndarray) -> None:
        """Begin anew with the weights as built, within these bounds of every pair of populations, (P, P) float32.

        `learns` (P,) says which populations' rows hold synapses that can change.
        """
        xp = cuda.xp()
        chosen = np.flatnonzero(learns[self.population_of])
        starts, ends = self.row_start[:self.num_neurons][chosen], self._row_lengths[chosen]
        begin, end = int(starts.min()), int((starts + ends).max())
        if self.learned is None:
            self.learned = Learned(xp.zeros(max(1, self.blocks * (end - begin)), xp.float32), begin, end - begin,
                                   self.words_per_block)
        for p, one in zip(self.populations, learns, strict=True):
            if one or self.blocks == 1 and chosen[0] <= p.start < chosen[-1]:
                self._weights("first_weights", p.start, p.stop, np.uint64(begin), np.uint64(end - begin),
                              xp.asarray(self.population_of), xp.asarray(low), xp.asarray(high),
                              np.int32(len(self.populations)), self.learned.values)

    def wiring(self) -> Wiring:
        """All synapses, in canonical order, on the host."""
        if self._wiring is not None:
            return self._wiring
        synapses = self._at(self.canonical_order().get())
        return Wiring.of_degrees(self.out_degrees(), synapses.post.astype(np.uint32),
                                 synapses.delay_steps.astype(np.uint16))

    def rewire(self, wiring: Wiring | None, weights: np.ndarray | None = None) -> None:
        """Take these synapses and their `weights` (stored units); None: those that the seed gives. `learn` must follow.

        BackendError where their rows do not fit the layout.
        """
        if wiring is not None or self.rewired:
            self.version += 1
            self.learned = self._wiring = None
            self.rewired = wiring is not None
            if wiring is None:
                self._build(lambda task, fraction: None)
            else:
                assert weights is not None
                self._take(wiring, weights)

    def _take(self, wiring: Wiring, weights: np.ndarray) -> None:
        xp = cuda.xp()
        try:
            self._arrange(xp.asarray(device_counts(wiring, self.blocks)).ravel())
        except RowsTooLong as error:
            raise BackendError(f"After rewiring, {error} on the device; continue on the CPU.") from error
        padding = self.padding if self.blocks > 1 else np.uint32(0)
        words = np.full((self.blocks, self.words_per_block), padding, np.uint32)
        row_start = self.row_start.get()[:self.num_neurons].astype(np.int64)
        device_words(self.plan, wiring, weights, row_start, self.delay_bits, words)
        self.words[:words.size] = xp.asarray(words.ravel())
        if self.delays is not None:
            self.delays[:wiring.num_synapses] = xp.asarray(wiring.delays)
        self._wiring = wiring

    def canonical_order(self) -> Any:
        """The places of all synapses among the words, in the order of `Network.canonical_order`, on the device."""
        xp = cuda.xp()
        keys = xp.zeros(max(1, self.blocks * self.words_per_block), xp.uint64)
        delays = self.delays if self.delays is not None else np.uint64(0)
        self._weights("canonical_keys", 0, self.num_neurons, delays, np.uint64(self.max_delay_steps + 1),
                      np.uint64(self.num_neurons), keys)
        return xp.argsort(keys)[:self.num_synapses]

    def units_at(self, places: Any) -> Any:
        """The weights of the words at `places` as they are now, stored units, float32 on the device."""
        xp = cuda.xp()
        units = (self.words[places] & np.uint32((1 << self.plan.weight_bits) - 1)).astype(xp.float32)
        if self.learned is None:
            return units
        at, has = self.learned.places(places)
        return xp.where(has, self.learned.values[at], units)

    def _weights(self, name: str, first: int, last: int, *arguments: Any) -> None:
        """Launch a kernel of weights.cu, a warp per source."""
        module = cuda.compile_source(cuda_source.weights_source(
            {"BLOCKS": self.blocks, "WEIGHT_BITS": self.plan.weight_bits, "DELAY_BITS": self.delay_bits}))
        module.get_function(name)(
            (cuda.device().multiprocessors * 8,), (256,),
            (np.int32(first), np.int32(last), np.uint64(self.words_per_block), self.row_start, self._row_lengths,
             self.words, *arguments))

    @property
    def _row_lengths(self) -> Any:
        """Words of every row in one block, padding included, on the device."""
        return self.out_degree if self.blocks == 1 else self.row_units * np.uint32(self.unit)

    # ---- questions
    @property
    def memory_bytes(self) -> int:
        arrays = [self.positions_on_device, self.words, self.row_start, self.out_degree]
        arrays += [self.learned.values] if self.learned is not None else []
        arrays += [self.order] if self.order is not None else []
        arrays += [a for a in (self.delays, getattr(self, "row_units", None), getattr(self, "row_offset", None))
                   if a is not None]
        return sum(int(a.nbytes) for a in arrays)

    def out_degrees(self) -> np.ndarray:
        """Outgoing synapses of every neuron, (N,) int64."""
        return self.out_degree.get().astype(np.int64)

    def normal_values(self, stream: int) -> np.ndarray:
        """A standard normal number of every neuron, (N,) float32, keyed by `stream`."""
        values = cuda.xp().zeros(self.num_neurons, np.float32)
        self._launch("normal_values", self.num_neurons, np.int32(0), np.int32(self.num_neurons), np.float32(0.0),
                     np.float32(1.0), np.uint32(stream), *self._keys, values)
        return values.get()

    def in_degrees(self) -> np.ndarray:
        """Incoming synapses of every neuron, (N,) int64."""
        xp, shift = cuda.xp(), np.uint32(self.plan.weight_bits + self.delay_bits)
        counts = np.zeros(self.num_neurons, np.int64)
        for block in range(self.blocks):
            own = counts[block::self.blocks]
            on_device = xp.zeros(own.size + 1, xp.int64)          # the last one takes what is no synapse
            for begin, end in chunks(block * self.words_per_block, (block + 1) * self.words_per_block):
                words = self.words[begin:end]
                local = (words >> shift).astype(xp.int32)
                if self.blocks > 1:
                    local[words == self.padding] = own.size
                on_device += xp.bincount(local, minlength=own.size + 1)
            own[:] = on_device[:-1].get()
        return counts

    def initial_states(self) -> dict[str, np.ndarray]:
        """State arrays (N,) float32 at time 0, by name."""
        def normal_values(first: int, last: int, mean: float, sd: float, out: np.ndarray) -> None:
            values = cuda.xp().zeros(self.num_neurons, np.float32)
            self._launch("normal_values", last - first, np.int32(first), np.int32(last), np.float32(mean),
                         np.float32(sd), np.uint32(STREAM_INITIAL), *self._keys, values)
            out[first:last] = values[first:last].get()
        return initial_states(self.plan, normal_values)

    def csr(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (indptr, targets, weights, delays) as `Network.csr` does, equal to it bit for bit."""
        n, bits = self.num_neurons, self.plan.weight_bits
        words = self.words[:self.blocks * self.words_per_block].get().reshape(self.blocks, self.words_per_block)
        if self.blocks == 1:
            sources = np.repeat(np.arange(n), self.out_degree.get())
            blocks, at = np.zeros_like(sources), np.arange(self.num_synapses)
            delays = (self.delays.get().astype(np.int32) if self.delays is not None
                      else np.full(self.num_synapses, self.plan.min_delay_steps, np.int32))
        else:
            order = np.arange(n) if self.order is None else self.order.get()
            owner = np.repeat(order, self.row_units.get()[order].astype(np.int64) * self.unit)
            blocks, at = np.nonzero(words != self.padding)
            sources = owner[at]
            field = (words[blocks, at] >> np.uint32(bits)) & np.uint32((1 << self.delay_bits) - 1)
            delays = field.astype(np.int32) + self.plan.min_delay_steps
        chosen = words[blocks, at]
        targets = (chosen >> np.uint32(bits + self.delay_bits)).astype(np.int64) * self.blocks + blocks
        units = (chosen & np.uint32((1 << bits) - 1)).astype(np.int32)
        if self.learned is not None:
            units = self.units_at(cuda.xp().asarray(blocks * self.words_per_block + at)).get()
        order = np.lexsort((units, delays, targets, sources))
        indptr = np.concatenate([[0], np.cumsum(self.out_degree.get(), dtype=np.int64)])
        weights = self.plan.weights(targets[order], units[order])
        return indptr, targets[order].astype(np.int32), weights, delays[order]

    def sample_synapses(self, count: int) -> np.ndarray:
        """Return up to `count` (pre, post) pairs, (M, 2) int32: the same ones for the same network."""
        chosen = self.sample(count)
        return np.stack([chosen.pre, chosen.post], axis=1)

    # ---- for whoever looks
    def sample(self, count: int) -> Synapses:
        """Return up to `count` synapses, the same ones for the same network; every beginning is spread over all."""
        if self.num_synapses == 0 or count == 0:
            return NONE
        total = self.blocks * self.words_per_block
        wanted = count if self.blocks == 1 else int(count * 1.05 * total / self.num_synapses) + 8
        return self._at(spread(total, wanted)).first(count)

    def synapses_of(self, neuron: int) -> tuple[Synapses, Synapses]:
        """Return all synapses that leave `neuron`, and all that end there. The latter takes a search of its block."""
        block, local = neuron % self.blocks, np.uint32(neuron // self.blocks)
        shift, ending = np.uint32(self.plan.weight_bits + self.delay_bits), [np.zeros(0, np.int64)]
        for begin, end in chunks(block * self.words_per_block, (block + 1) * self.words_per_block):
            ending.append(begin + cuda.xp().flatnonzero(self.words[begin:end] >> shift == local).get())
        return self.synapses_from(np.array([neuron])), self._at(np.concatenate(ending))

    def synapses_from(self, neurons: np.ndarray) -> Synapses:
        """Return all synapses that leave `neurons`."""
        on_device = cuda.xp().asarray(neurons)
        begins = self.row_start[on_device].get().astype(np.int64)
        lengths = self._row_lengths[on_device].get()
        starts = (np.arange(self.blocks)[:, None] * self.words_per_block + begins).ravel()
        return self._at(ranges(starts, starts + np.tile(lengths.astype(np.int64), self.blocks)))

    def _at(self, places: np.ndarray) -> Synapses:
        """Decode the words at `places`; padding is left out."""
        bits, on_device = self.plan.weight_bits, cuda.xp().asarray(places)
        words = self.words[on_device].get()
        real = np.ones(places.size, bool) if self.blocks == 1 else words != self.padding
        block, at = np.divmod(places, max(1, self.words_per_block))
        source = self._sources_at(cuda.xp().asarray(at)).get()
        target = (words >> np.uint32(bits + self.delay_bits)).astype(np.int64) * self.blocks + block
        field = (words >> np.uint32(bits)) & np.uint32((1 << self.delay_bits) - 1)
        delay = (self.delays[on_device].get() if self.delays is not None
                 else field.astype(np.int32) + self.plan.min_delay_steps)
        units = self.units_at(on_device).get() if self.learned is not None else words & np.uint32((1 << bits) - 1)
        weight = self.plan.weights(target[real], units[real])
        return make(source[real], target[real], weight, delay[real])

    def incoming_weights(self) -> np.ndarray:
        """Return the summed weights onto every neuron, (2, N) float32: from excitatory and inhibitory sources."""
        xp = cuda.xp()
        if self.learned is not None:
            return self._learned_incoming()
        sums = xp.zeros((2, self.num_neurons), xp.uint64)
        self._look("sum_incoming", xp.asarray(inhibitory_sources(self.plan)), self.words, self._filler, sums)
        return self.plan.weights(np.arange(self.num_neurons), sums.get())

    def _sources_at(self, places: Any) -> Any:
        """The sources of the words at these places of a block, on the device."""
        starts = self.row_start[:self.num_neurons]
        if self.order is not None:
            starts = starts[self.order]
        found = cuda.xp().searchsorted(starts, places.astype(np.uint64), side="right") - 1
        return found if self.order is None else self.order[found]

    def _learned_incoming(self) -> np.ndarray:
        """`incoming_weights` of weights that have changed."""
        xp, n, inhibitory = cuda.xp(), self.num_neurons, cuda.xp().asarray(inhibitory_sources(self.plan))
        sums = np.zeros((2, n))
        for block in range(self.blocks):
            own = sums[:, block::self.blocks]
            of_block = xp.zeros((2, own.shape[1]))
            for begin, end in chunks(block * self.words_per_block, (block + 1) * self.words_per_block):
                at = xp.arange(begin, end)
                if self.blocks > 1:
                    at = at[self.words[begin:end] != self.padding]
                local = (self.words[at] >> np.uint32(self.plan.weight_bits + self.delay_bits)).astype(xp.int64)
                row = self._sources_at(at - block * self.words_per_block)
                units = self.units_at(at).astype(xp.float64)
                for kind in (0, 1):
                    of_kind = inhibitory[row] == kind
                    of_block[kind] += xp.bincount(local[of_kind], units[of_kind], own.shape[1])
            own[:] = of_block.get()
        return self.plan.weights(np.arange(n), sums)

    def _fingerprint(self) -> int:
        total = cuda.xp().zeros(1, np.uint64)
        delays = self.delays if self.delays is not None else np.uint64(0)
        self._look("fingerprint", self.words, self._filler, delays, np.uint32(self.plan.min_delay_steps), total)
        return int(total[0])

    @property
    def _filler(self) -> np.uint32:
        """The word that fills rows up; without meaning where rows have no padding."""
        return np.uint32(0 if self.blocks == 1 else self.padding)

    def _look(self, name: str, *arguments: Any) -> None:
        """Launch a kernel of look.cu, a warp per source."""
        module = cuda.compile_source(cuda_source.look_source(
            {"BLOCKS": self.blocks, "WEIGHT_BITS": self.plan.weight_bits, "DELAY_BITS": self.delay_bits}))
        module.get_function(name)(
            (cuda.device().multiprocessors * 8,), (256,),
            (np.int32(self.num_neurons), np.uint64(self.words_per_block), self.row_start, self._row_lengths,
             *arguments))
