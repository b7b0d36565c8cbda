"""A built network: positions and synapses, and what can be asked of them."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from ..backend import cpu_build
from ..base.errors import SimulatorError
from ..base.synapses import NONE, Synapses, make
from ..models.plasticity import homeostasis
from ..models.random import STREAM_INITIAL
from ..models.wiring import COUNTS, PAIRWISE
from . import projections
from .places import chunks, ranges, spread
from .plan import Plan
from .rewiring import Wiring, rows_of, wiring_of

Report = Callable[[str, float], None]


@dataclass(frozen=True)
class Rows:
    """Synapses as the CPU engine reads them; see `backend.cpu_build` for the layout."""

    part_start: np.ndarray        # (parts + 1,) int64, first neuron of each part
    segment: np.ndarray           # (parts * N * max_delay + 1,) int64, first word of each (part, source, delay)
    words: np.ndarray             # (S,) uint32
    max_delay: int


class Network:
    """Neurons in space and their synapses, built by the CPU.

    `positions` (N, 3) float32 um; `population_of` (N,) uint8; `rows` the synapses; `fingerprint` a 64-bit number
    that tells two networks apart: it depends on every synapse as it was built, and not on who built it.
    """

    def __init__(self, plan: Plan, parts: int = 1, report: Report | None = None):
        started = time.perf_counter()
        self.plan = plan
        self.num_neurons = plan.num_neurons
        self.populations = plan.populations
        self.max_delay_steps = plan.max_delay_steps
        self.population_of = population_of(plan)
        report = report or (lambda task, fraction: None)
        report("Compiling", 0.0)           # seconds on a machine's first build, nothing later
        self._kernels = cpu_build.kernels()
        self.positions = self._place()
        self.rows = self._build_rows(parts, report)
        self._refuse_overflow()
        self.fingerprint = self._fingerprint()
        self.learned: np.ndarray | None = None        # (S,) float32 stored units: the weights of a network that learns
        self.rewired = False                          # True once its synapses are no function of the seed any more
        self.version = 0                              # grows whenever its synapses change
        self.num_synapses_built = self.num_synapses   # the seed gives so many
        self.build_time_s = time.perf_counter() - started

    @property
    def num_synapses(self) -> int:
        return int(self.rows.segment[-1])

    @property
    def memory_bytes(self) -> int:
        """Bytes held by positions and synapses."""
        learned = self.learned.nbytes if self.learned is not None else 0
        return self.positions.nbytes + self.rows.segment.nbytes + self.rows.words.nbytes + learned

    def _place(self) -> np.ndarray:
        positions = np.zeros((self.num_neurons, 3), np.float32)
        k0, k1 = (np.uint32(w) for w in self.plan.key_words)
        for p in self.populations:
            self._kernels.place(p.start, p.stop, p.ellipsoid, np.array(p.low_um, np.float32),
                                np.array(p.high_um, np.float32), np.float32(p.bend_um), k0, k1, positions)
        return positions

    def _build_rows(self, parts: int, report: Report) -> Rows:
        plan, n = self.plan, self.num_neurons
        starts = np.array([k * n // parts for k in range(parts + 1)], np.int64)
        # Counts go to places[2:]; their sums, to places[1:], are where to write and end as the segments' ends, so that
        # places[:-1] is where segments start: no second copy is needed.
        places = np.zeros(parts * n * plan.max_delay_steps + 2, np.int64)
        memory = [np.zeros(projections.memory_shape(q, plan.populations), np.uint8) for q in plan.projections]
        self._walk(False, starts, places[2:], np.zeros(1, np.uint32), memory,
                   lambda f: report("Counting synapses", f))
        words = np.zeros(self._kernels.accumulate(places), np.uint32)
        self._walk(True, starts, places[1:], words, memory, lambda f: report("Building synapses", f))
        del memory
        rows = Rows(starts, places[:-1], words, plan.max_delay_steps)
        if any(projections.owned_by_others(q) for q in plan.projections):
            self._share(lambda piece: self._kernels.sort(*piece, rows.segment, words),
                        _pieces(0, rows.segment.size - 1, max(4096, n * plan.max_delay_steps // 64)), lambda done: None)
        return rows

    def _walk(self, store: bool, starts: np.ndarray, segment: np.ndarray, words: np.ndarray,
              memory: list[np.ndarray], report: Callable[[float], None]) -> None:
        """Run the walks of all projections on all cores.

        Those whose owners are sources first, by chunks of sources: each chunk owns its segments. Then those whose
        owners are targets or synapses, which share the segments. `memory` is what counting leaves to storing.
        """
        plan = self.plan
        numbers, counts = projections.table(plan.projections, plan.populations, plan.scale_of)
        k0, k1 = (np.uint32(w) for w in plan.key_words)
        grid = np.array([self.num_neurons, plan.min_delay_steps, plan.max_delay_steps, plan.weight_bits], np.int64)
        pairwise = np.isin(counts[:, COUNTS.index("WALK")], PAIRWISE)
        net = (starts, segment, words, np.float32(1.0 / plan.dt), grid)

        def work(piece: tuple[int, int, tuple[int, ...]]) -> None:
            first, last, chosen = piece
            for q in chosen:
                walk = self._kernels.walk_pairwise if pairwise[q] else self._kernels.walk_others
                start = projections.owners(plan.projections[q], plan.populations)[0]
                further = () if pairwise[q] else (memory[q][first - start:last - start],)
                lacking = walk(store, np.int64(q), np.int64(first), np.int64(last), numbers[q], counts[q],
                               self.positions, k0, k1, net, *further)
                if lacking:
                    raise projections.too_few(plan.projections[q], plan.populations, lacking)

        by_source, by_others = work_list(plan)
        for piece in by_source[:1] + by_others[:1]:        # compiles, before the threads start
            work((piece[0], piece[0], piece[2]))
        total = len(by_source) + len(by_others)
        self._share(work, by_source, lambda done: report(done / total))
        self._share(work, by_others, lambda done: report((len(by_source) + done) / total))

    @staticmethod
    def _share(work: Callable, pieces: Sequence, report: Callable[[int], None]) -> None:
        """Do `work` on every piece, on all cores; whatever `report` or a piece raises ends it."""
        threads = max(1, min(os.cpu_count() or 1, len(pieces)))
        with ThreadPoolExecutor(threads) as pool:
            try:
                for first in range(0, len(pieces), 16 * threads):        # what waits takes memory
                    for done, _ in enumerate(pool.map(work, pieces[first:first + 16 * threads]), first + 1):
                        report(done)
            except BaseException:
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _refuse_overflow(self) -> None:
        """The sum a neuron can receive in one step must fit 31 bits: integer sums never wrap."""
        rows, n = self.rows, self.num_neurons
        ports = ports_of_sources(self.plan)[0]
        for part in range(rows.part_start.size - 1):
            sums = np.zeros((self.plan.num_ports, int(rows.part_start[part + 1] - rows.part_start[part])), np.int64)
            self._kernels.sum_weights(part, rows.words, self.plan.weight_bits, rows.segment, n, rows.max_delay, ports,
                                      sums)
            if sums.size and int(sums.max()) >= 2**31:
                raise SimulatorError(
                    "The weights onto one neuron sum to more than its 32-bit accumulator can hold; take fewer "
                    "connections per neuron.")

    def _fingerprint(self) -> int:
        rows, n = self.rows, self.num_neurons
        chunk = max(1, -(-n // 64))

        def work(first: int) -> int:
            return int(self._kernels.fingerprint(first, min(first + chunk, n), rows.words, self.plan.weight_bits,
                                                 rows.segment, n, rows.max_delay, rows.part_start))
        with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
            return (work(0) + sum(pool.map(work, range(chunk, n, chunk)))) % 2**64      # the first one compiles

    def initial_states(self) -> dict[str, np.ndarray]:
        """State arrays (N,) float32 at time 0, by name."""
        k0, k1 = (np.uint32(w) for w in self.plan.key_words)

        def normal_values(first: int, last: int, mean: float, sd: float, out: np.ndarray) -> None:
            self._kernels.normal_values(first, last, np.float32(mean), np.float32(sd), np.uint32(STREAM_INITIAL),
                                        k0, k1, out)
        return initial_states(self.plan, normal_values)

    def normal_values(self, stream: int) -> np.ndarray:
        """A standard normal number of every neuron, (N,) float32, keyed by `stream`."""
        values = np.zeros(self.num_neurons, np.float32)
        k0, k1 = (np.uint32(w) for w in self.plan.key_words)
        self._kernels.normal_values(0, self.num_neurons, np.float32(0.0), np.float32(1.0), np.uint32(stream), k0, k1,
                                    values)
        return values

    def out_degrees(self) -> np.ndarray:
        """Outgoing synapses of every neuron, (N,) int64."""
        rows, n = self.rows, self.num_neurons
        ends = rows.segment[::rows.max_delay].reshape(-1)
        parts = rows.part_start.size - 1
        return np.diff(ends).reshape(parts, n).sum(axis=0)

    def in_degrees(self) -> np.ndarray:
        """Incoming synapses of every neuron, (N,) int64."""
        rows, n, counts = self.rows, self.num_neurons, np.zeros(self.num_neurons, np.int64)
        for part, (first, last) in enumerate(zip(rows.part_start, rows.part_start[1:], strict=False)):
            limits = (int(rows.segment[(part + k) * n * rows.max_delay]) for k in (0, 1))
            for begin, end in chunks(*limits):
                local = rows.words[begin:end] >> np.uint32(self.plan.weight_bits)
                counts[first:last] += np.bincount(local, minlength=int(last - first))
        return counts

    def csr(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Return (indptr (N+1,) int64, targets (S,) int32, weights (S,) float32, delays (S,) int32 steps).

        Rows are presynaptic; within a row synapses are sorted by target, then delay, then weight.
        """
        rows, n, total = self.rows, self.num_neurons, self.num_synapses
        parts = rows.part_start.size - 1
        lengths = self.out_degrees()
        if self.learned is not None:
            indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
            _, source, delays, targets = self.columns()
            order = np.lexsort((self.learned, delays, targets, source))
            weights = self.plan.weights(targets[order], self.learned[order])
            return indptr, targets[order].astype(np.int32), weights, delays[order].astype(np.int32)
        indptr = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        targets, units, delays = np.zeros(total, np.int32), np.zeros(total, np.int32), np.zeros(total, np.int32)
        self._kernels.decode(rows.words, self.plan.weight_bits, rows.segment, parts, n, rows.max_delay,
                             rows.part_start, indptr[:-1].copy(), targets, units, delays)
        order = np.lexsort((units, delays, targets, np.repeat(np.arange(n), lengths)))
        weights = self.plan.weights(targets[order], units[order])
        return indptr, targets[order], weights, delays[order]

    def sample_synapses(self, count: int) -> np.ndarray:
        """Return up to `count` (pre, post) pairs, (M, 2) int32: the same ones for the same network."""
        chosen = self.sample(count)
        return np.stack([chosen.pre, chosen.post], axis=1)

    # ---- for networks that learn
    def sort_rows(self) -> None:
        """Order every segment by target, then weight, so that the same synapse has the same place everywhere."""
        self._kernels.sort(0, self.rows.segment.size - 1, self.rows.segment, self.rows.words)

    def wiring(self) -> Wiring:
        """All synapses, in canonical order."""
        rows = self.rows
        return wiring_of(rows.segment, rows.words, self.plan.weight_bits, rows.part_start, rows.max_delay,
                         self.out_degrees())

    def rewire(self, wiring: Wiring | None, weights: np.ndarray | None = None) -> None:
        """Take these synapses; None: those that the seed gives. Their `weights` (stored units) are for `learned`."""
        parts = self.rows.part_start
        if wiring is not None:
            segment, words = rows_of(wiring, parts, self.rows.max_delay, self.plan.weight_bits,
                                     self._kernels.accumulate)
            self.rows = Rows(parts, segment, words, self.rows.max_delay)
        elif self.rewired:
            self.rows = self._build_rows(parts.size - 1, lambda task, fraction: None)
            self.sort_rows()
        self.version += wiring is not None or self.rewired
        self.rewired = wiring is not None

    def columns(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Part, source, delay (steps) and target of every word, in the order of the words."""
        rows = self.rows
        row, delay = np.divmod(np.repeat(np.arange(rows.segment.size - 1), np.diff(rows.segment)), rows.max_delay)
        part, source = np.divmod(row, self.num_neurons)
        target = rows.part_start[part] + (rows.words >> np.uint32(self.plan.weight_bits)).astype(np.int64)
        return part, source, delay + 1, target

    def populations_of_synapses(self) -> tuple[np.ndarray, np.ndarray]:
        """The pre- and the postsynaptic population of every word."""
        _, source, _, target = self.columns()
        return self.population_of[source], self.population_of[target]

    def canonical_order(self) -> np.ndarray | slice:
        """The places of all words in the order that every engine knows: by source, delay, target and initial weight."""
        rows, parts = self.rows, self.rows.part_start.size - 1
        if parts == 1:
            return slice(None)
        begins = rows.segment[:-1].reshape(parts, -1).T.ravel()          # segments by source, delay, part
        lengths = np.diff(rows.segment).reshape(parts, -1).T.ravel()
        ends = np.cumsum(lengths)
        return np.repeat(begins - (ends - lengths), lengths) + np.arange(self.num_synapses)

    # ---- for whoever looks
    def sample(self, count: int) -> Synapses:
        """Return up to `count` synapses, the same ones for the same network; every beginning is spread over all."""
        if self.num_synapses == 0 or count == 0:
            return NONE
        return self._at(spread(self.num_synapses, count))

    def synapses_of(self, neuron: int) -> tuple[Synapses, Synapses]:
        """Return all synapses that leave `neuron`, and all that end there. The latter takes a search of its part."""
        rows, n = self.rows, self.num_neurons
        part = int(np.searchsorted(rows.part_start, neuron, side="right")) - 1
        local = np.uint32(neuron - rows.part_start[part])
        first, last = (int(rows.segment[(part + k) * n * rows.max_delay]) for k in (0, 1))
        ending = [begin + np.flatnonzero(rows.words[begin:end] >> np.uint32(self.plan.weight_bits) == local)
                  for begin, end in chunks(first, last)]
        return self.synapses_from(np.array([neuron])), self._at(np.concatenate([np.zeros(0, np.int64), *ending]))

    def synapses_from(self, neurons: np.ndarray) -> Synapses:
        """Return all synapses that leave `neurons`."""
        rows, n = self.rows, self.num_neurons
        begins = (np.arange(rows.part_start.size - 1)[:, None] * n + np.asarray(neurons)).ravel() * rows.max_delay
        return self._at(ranges(rows.segment[begins], rows.segment[begins + rows.max_delay]))

    def _at(self, at: np.ndarray) -> Synapses:
        """Decode the words at `at`."""
        rows, words = self.rows, self.rows.words[at]
        row, delay = np.divmod(np.searchsorted(rows.segment, at, side="right") - 1, rows.max_delay)
        part, source = np.divmod(row, self.num_neurons)
        target = rows.part_start[part] + (words >> np.uint32(self.plan.weight_bits)).astype(np.int64)
        units = (self.learned[at] if self.learned is not None else
                 words & np.uint32((1 << self.plan.weight_bits) - 1))
        return make(source, target, self.plan.weights(target, units), delay + 1)

    def incoming_weights(self) -> np.ndarray:
        """Return the summed weights onto every neuron, (2, N) float32: from excitatory and inhibitory sources."""
        rows, pieces = self.rows, []
        inhibitory = inhibitory_sources(self.plan)
        if self.learned is not None:
            _, source, _, target = self.columns()
            sums = [np.bincount(target[kind], self.learned[kind], self.num_neurons)
                    for kind in (inhibitory[source] == 0, inhibitory[source] != 0)]
            return self.plan.weights(np.arange(self.num_neurons), np.stack(sums))
        for part, size in enumerate(np.diff(rows.part_start)):
            pieces.append(np.zeros((2, int(size)), np.int64))
            self._kernels.sum_weights(part, rows.words, self.plan.weight_bits, rows.segment, self.num_neurons,
                                      rows.max_delay, inhibitory, pieces[-1])
        return self.plan.weights(np.arange(self.num_neurons), np.concatenate(pieces, axis=1))


def initial_states(plan: Plan, normal_values: Callable[..., None]) -> dict[str, np.ndarray]:
    """State arrays (N,) float32 at time 0, by name; the union over the models in use.

    `normal_values(first, last, mean, sd, out)` writes keyed normal numbers, the same on every backend.
    """
    arrays: dict[str, np.ndarray] = {}
    for cell in plan.cells.values():
        for name in cell.states:
            arrays.setdefault(name, np.zeros(plan.num_neurons, np.float32))
    for index, p in enumerate(plan.populations):
        named = plan.cell(index).named_values(p, plan.dt)
        further = [s for s in homeostasis.STATES if s.name in plan.cell(index).states]
        for state in (*plan.cell(index).model.states, *further):
            value = named[state.initial] if isinstance(state.initial, str) else state.initial
            arrays[state.name][p.start:p.stop] = value
        mean = p.initial_v_mV if p.initial_v_mV is not None else float(arrays["v"][p.start])
        normal_values(p.start, p.stop, mean, p.initial_v_sd_mV, arrays["v"])
    return arrays


def population_of(plan: Plan) -> np.ndarray:
    """The population index of every neuron, (N,) uint8."""
    sizes = [p.size for p in plan.populations]
    return np.repeat(np.arange(len(sizes), dtype=np.uint8), sizes)


def inhibitory_sources(plan: Plan) -> np.ndarray:
    """1 for every neuron that inhibits its targets, (N,) uint8."""
    return np.repeat(np.array([not p.excitatory for p in plan.populations], np.uint8),
                     [p.size for p in plan.populations])


def ports_of_sources(plan: Plan) -> tuple[np.ndarray, np.ndarray]:
    """Port (N,) uint8 and sign (N,) int8 with which each neuron's spikes arrive at their targets."""
    sizes = [p.size for p in plan.populations]
    return (np.repeat(np.array(plan.ports.port_of, np.uint8), sizes),
            np.repeat(np.array(plan.ports.sign_of, np.int8), sizes))


def work_list(plan: Plan) -> tuple[list, list]:
    """Pieces of the walks: (first owner, one past the last, projections), owned by sources and by others."""
    by_source, by_others = [], []
    chunk = max(256, min(4096, plan.num_neurons // 64))
    for index, p in enumerate(plan.populations):
        own = tuple(k for k, q in enumerate(plan.projections)
                    if q.pre == index and not projections.owned_by_others(q))
        if own:
            by_source += [(*piece, own) for piece in _pieces(p.start, p.stop, chunk)]
    for k, q in enumerate(plan.projections):
        if projections.owned_by_others(q):
            first, last = projections.owners(q, plan.populations)
            by_others += [(*piece, (k,)) for piece in _pieces(first, last, max(256, (last - first) // 64))]
    return by_source, by_others


def _pieces(first: int, last: int, size: int) -> list[tuple[int, int]]:
    """The range first .. last - 1 in pieces of `size`."""
    return [(begin, min(begin + size, last)) for begin in range(first, last, size)]
