"""Runs a network on the CPU: the state arrays and the threads around `backend.cpu`."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext

import numpy as np

from ..backend import cpu, cpu_learning
from ..models.random import STREAM_STIMULUS_START
from ..models.stimuli import is_noise
from ..network.heterogeneity import parameter_columns
from ..network.network import Network, Report, ports_of_sources
from ..network.plan import Plan
from .batch import Batch, Keep
from .cpu_learning import SLOTS, CpuLearning
from .drive import Drive
from .rewiring import Rewiring
from .snapshot import Snapshot
from .stimuli import sine_table

NEVER = np.int32(-(2**30))
_PARALLEL_FROM = 20_000          # neurons; below, one thread is faster than two that wait for each other
_SPIKE_BUFFER = 2**26            # spikes that one internal batch may hold at most


def thread_count(requested: int, num_neurons: int) -> int:
    """Number of threads to use: the user's choice, or all cores but one (the windows need it)."""
    if requested:
        return min(requested, num_neurons)
    return 1 if num_neurons < _PARALLEL_FROM else max(1, (os.cpu_count() or 2) - 1)


class CpuEngine:
    """State and stepping of one network on the CPU."""

    on_host = True

    def __init__(self, plan: Plan, threads: int, report: Report | None = None):
        self.plan = plan
        self.threads = thread_count(threads, plan.num_neurons)
        self.network = Network(plan, self.threads, report)
        self.name = f"CPU, {self.threads} thread{'s' if self.threads > 1 else ''}"
        self._cells = list(plan.cells.values())
        self._ports, self._signs = ports_of_sources(plan)
        self._prepare_tables()
        self._initial = self.network.initial_states()
        self.learning = CpuLearning(plan, self.network) if plan.learning is not None else None
        self.rewiring = Rewiring(plan) if plan.rewires else None
        self._columns = parameter_columns(plan, self.network.normal_values)
        self._compiled: tuple | None = None
        self._drive: Drive | None = None
        self._pool = ThreadPoolExecutor(self.threads) if self.threads > 1 else None
        self.reset()

    # ---- tables that never change
    def _prepare_tables(self) -> None:
        plan, starts = self.plan, self.network.rows.part_start
        keys = list(plan.cells)
        self._models = np.array([keys.index(name) for name in plan.cell_names], np.int64)
        width = max(len(cell.parameters) for cell in self._cells)
        self._parameters = np.zeros((len(plan.populations), width), np.float32)
        pieces = []
        for index, p in enumerate(plan.populations):
            values = plan.parameter_values(index)
            self._parameters[index, :len(values)] = values
            for part in range(self.threads):
                first, last = max(p.start, starts[part]), min(p.stop, starts[part + 1])
                if first < last:
                    pieces.append((part, first, last, index))
        self._pieces = np.array(pieces, np.int64)

    # ---- state
    def reset(self) -> None:
        """Back to the initial state and step 0."""
        if self.rewiring is not None:
            self.network.rewire(None)
            self.rewiring.reset()
        self._clear()
        if self.learning is not None:
            self.learning.reset()

    def _clear(self) -> None:
        """The initial state of the neurons, and nothing under way."""
        n, starts = self.plan.num_neurons, self.network.rows.part_start
        self.step_index = 0
        self.states = {name: array.copy() for name, array in self._initial.items()}
        self.last_spike = np.full(n, NEVER, np.int32)
        self.spike_counts = np.zeros(n, np.uint32)
        delays = self.plan.max_delay_steps
        slots, ring = (delays + 4, ()) if self.learning is None else (SLOTS, (delays + 1,))
        self._ids = np.zeros((slots, n), np.int32)
        self._id_counts = np.zeros((slots, self.threads), np.int64)
        self._counts = np.zeros((4, n), np.uint16)
        self._filled = np.full(self.threads, -1, np.int64)
        self._pending: list[np.ndarray] = []           # arrivals of the next steps from before a restore
        sizes = np.diff(starts)
        self._acc = [np.zeros((*ring, self.plan.num_ports, size), np.int32) for size in sizes]
        self._fired = [np.zeros((size + 7) // 8 * 8, np.uint8) for size in sizes]
        self._set_inputs()

    @property
    def snapshot_bytes(self) -> int:
        """Size of a snapshot."""
        arrivals = (self.plan.max_delay_steps + 1) * self.plan.num_ports
        learned = self.learning.nbytes if self.learning is not None else 0
        wiring = 6 * self.network.num_synapses if self.network.rewired else 0
        return 4 * self.plan.num_neurons * (arrivals + len(self.states) + 2) + learned + wiring

    @property
    def plasticity_events(self) -> tuple[int, int, int, int]:
        """Weights that rose, weights that fell, synapses that formed, synapses that vanished since step 0."""
        rose, fell = self.learning.arrays.changes.sum(axis=0) if self.learning is not None else (0, 0)
        return int(rose), int(fell), *(self.rewiring.changes if self.rewiring is not None else (0, 0))

    @property
    def dopamine(self) -> float:
        """Dopamine above its tonic level, in rewards."""
        return self.learning.dopamine.now if self.learning is not None else 0.0

    def snapshot(self) -> Snapshot:
        """Copy the whole dynamic state."""
        plan, rows = self.plan, self.network.rows
        pending = np.zeros((plan.max_delay_steps + 1, plan.num_ports, plan.num_neurons), np.int32)
        further = {}
        if self.learning is not None:                  # all that is in flight waits in the accumulators
            further = self.learning.snapshot(self.spike_counts)
            for part, acc in enumerate(self._acc):
                pending[:, :, rows.part_start[part]:rows.part_start[part + 1]] = acc[self._order_of_ring(acc)]
        if self.rewiring is not None:
            further |= self.rewiring.arrays(self.network)
        for part in range(self.threads if self.learning is None else 0):
            self._kernels.in_flight(np.int64(part), np.int64(self.step_index), rows.segment, rows.words,
                                    np.int64(plan.weight_bits), np.int64(rows.max_delay), np.int64(plan.num_neurons),
                                    rows.part_start, self._ports, self._signs, self._ids, self._id_counts, pending)
        for k, row in enumerate(self._pending):
            pending[k] += row
        return Snapshot(self.step_index, {name: a.copy() for name, a in self.states.items()}, self.last_spike.copy(),
                        pending, self.spike_counts.copy(), further)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from `snapshot`."""
        if self.rewiring is not None:
            self.rewiring.restore(self.network, snapshot.further)
        self._clear()
        self.step_index = snapshot.step
        names = [*self._initial, *filter(is_noise, snapshot.states)]
        self.states = {name: snapshot.states[name].copy() for name in names}
        self._set_inputs()
        self.last_spike = snapshot.last_spike.copy()
        self.spike_counts = snapshot.spike_counts.copy()
        if self.learning is None:
            self._pending = [row.copy() for row in snapshot.pending]
        else:
            self.learning.restore(snapshot.step, snapshot.further, self.spike_counts)
            starts = self.network.rows.part_start
            for part, acc in enumerate(self._acc):
                acc[self._order_of_ring(acc)] = snapshot.pending[:, :, starts[part]:starts[part + 1]]

    def _order_of_ring(self, acc: np.ndarray) -> np.ndarray:
        """The slots of a ring of accumulators, from that of the present step on."""
        return (self.step_index + np.arange(acc.shape[0])) % acc.shape[0]

    def potential(self) -> np.ndarray:
        """A copy of the membrane potentials, (N,) float32 mV."""
        return self.states["v"].copy()

    # ---- for samples: the arrays lie in host memory
    xp = np

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the state variables."""
        return tuple(self.states)

    def memory(self) -> AbstractContextManager:
        """Within this, arrays of `xp` may be made and used."""
        return nullcontext()

    def places(self, ids: np.ndarray) -> np.ndarray:
        """Where `gather` finds these neurons."""
        return ids

    def gather(self, names: Sequence[str], places: np.ndarray) -> np.ndarray:
        """The values of variables of some neurons, (variables, neurons) float32."""
        return np.stack([self.states[name][places] for name in names])

    @staticmethod
    def to_host(values: np.ndarray) -> np.ndarray:
        """A copy in host memory."""
        return values.copy()

    def picture(self) -> tuple[np.ndarray, np.ndarray]:
        """Copies of the potentials (mV) and of the steps of the newest spikes, (N,) each, for a picture."""
        return self.states["v"].copy(), self.last_spike.copy()

    def set_drive(self, drive: Drive) -> None:
        """Use `drive` from the next step on."""
        self._drive = drive
        self._filled[:] = -1
        if self.learning is not None:
            self.learning.dopamine.schedule(drive.rewards)
        compiled = bool(drive.shape.inputs), drive.shape.aims, drive.shape.noisy          # what the text depends on
        if compiled != self._compiled:
            slots = {name: k for k, name in enumerate(self._initial)}
            self._kernels = cpu.kernels(self._cells, slots, self.plan.num_ports, drive.shape, self._learning_text())
            self._compiled = compiled
        self._set_inputs()

    def _learning_text(self) -> str:
        learning = self.plan.learning
        return "" if learning is None else cpu_learning.source(learning.weights, learning.rewarded)

    def _set_inputs(self) -> None:
        """Keep the state of noises that go on, begin others, and make room for what stimuli do in a step."""
        if self._drive is None:
            return
        given = self._drive.stimulation
        kept = {name: self.states[name] for name in self._initial}
        noises = np.zeros((len(given.shape.noise_states), self.plan.num_neurons), np.float32)
        streams = {each.noise_state: each.stream for each in given.shape.inputs if each.noise_state is not None}
        for row, (name, stream) in zip(noises, streams.items(), strict=True):
            known = self.states.get(name)
            row[:] = self.network.normal_values(STREAM_STIMULUS_START + stream) if known is None else known
            kept[name] = row
        self.states = kept
        self._inputs: tuple = ()
        if given.shape.inputs:
            n, count = self.plan.num_neurons, given.records.size
            self._inputs = (
                given.records, given.masks, noises, (given.words, given.numbers, sine_table()), given.spikes,
                np.zeros((self.threads, count), np.float32), np.zeros((self.threads, count), np.int64),
                np.zeros(n, np.float32), np.zeros((len(given.shape.aims), n), np.float32),
                np.zeros((len(given.shape.noisy), n), np.float32))

    @property
    def memory_bytes(self) -> int:
        """Bytes of network and state."""
        arrays = [*self.states.values(), self.last_spike, self._ids, self._counts, *self._acc, *self._fired]
        learned = self.learning.nbytes if self.learning is not None else 0
        return self.network.memory_bytes + learned + sum(a.nbytes for a in arrays)

    # ---- stepping
    def run(self, steps: int, probes: np.ndarray, timed: bool = False, record: bool = True,
            keep: Keep | None = None) -> Batch:
        """Run `steps` steps; `probes` (P,) int64, each once, are neurons whose potential is returned.

        `timed` measures every phase of every step, where the processor has a time counter. Without `record` the
        spikes are counted but not returned. `keep` gets the first step and the traces (steps, P), and says what of
        them is returned.
        """
        if self.rewiring is None:
            return self.run_between_rounds(steps, probes, timed, record, keep)
        return self.rewiring.run(self, steps, probes=probes, timed=timed, record=record, keep=keep)

    def run_between_rounds(self, steps: int, probes: np.ndarray, timed: bool, record: bool, keep: Keep | None) -> Batch:
        """`run`, of steps of which none but the last is followed by a round of rewiring."""
        started = time.perf_counter()
        first = self.step_index
        limit = max(1, _SPIKE_BUFFER // self.plan.num_neurons)
        probe_v = np.zeros((steps, probes.size), np.float32)
        times = np.zeros((self.threads, steps if timed else 0, 4), np.uint64)
        pieces, done = [], 0
        while done < steps:
            count = min(steps - done, limit, 1 if self._pending else 2 if self._pool else steps)
            if self.learning is not None:
                count = self.learning.prepare(self.step_index, count)
            if self._pending:
                self._add_arrivals(self._pending.pop(0))
            now = slice(done, done + count)
            spikes = self._advance(count, probes, probe_v[now], times[:, now])
            if record:
                pieces.append(spikes)
            done += count
        if self.learning is not None:
            self._share(self._deliver)
        spike_steps = np.concatenate([p[0] for p in pieces]) if pieces else np.zeros(0, np.int64)
        spike_ids = np.concatenate([p[1] for p in pieces]) if pieces else np.zeros(0, np.int32)
        probe_v = probe_v if keep is None else keep(first, probe_v)
        seconds = time.perf_counter() - started
        return Batch(first, steps, spike_steps, spike_ids, probe_v, seconds,
                     _phase_seconds(times) if timed else None)

    def compile(self) -> None:
        """Compile the step now (seconds on a machine's first run of these models), not when the first one is due."""
        self._advance(0, np.zeros(0, np.int64), np.zeros((0, 0), np.float32), np.zeros((self.threads, 0, 4), np.uint64))
        if self.rewiring is not None:
            self.rewiring.compile(self.network)

    def _advance(self, count: int, probes: np.ndarray, probe_v: np.ndarray,
                 times: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Run `count` steps, at most two where several parts share the work (no spike acts sooner)."""
        parts = range(self.threads)
        sizes = np.diff(self.network.rows.part_start)
        outs = [np.empty(int(sizes[k]) * count, np.int32) for k in parts]
        out_counts = [np.zeros(count, np.int64) for k in parts]

        def work(part: int) -> None:
            self._kernels.run(*self._arguments(part, count), outs[part], out_counts[part], probes, probe_v,
                              times[part])

        self._share(work)
        self.step_index += count
        return _merge(self.step_index - count, count, outs, out_counts)

    def _share(self, work: Callable[[int], None]) -> None:
        """Do the work of every part."""
        if self._pool:
            list(self._pool.map(work, range(self.threads)))           # waits for all, and raises what one raised
        else:
            work(0)

    def _deliver(self, part: int) -> None:
        """Let all events of a network that learns act on one part, so that the state holds none."""
        assert self.learning is not None
        rows = self.network.rows
        self._kernels.deliver_learning(
            np.int64(part), np.int64(self.step_index), rows.segment, rows.words, np.int64(self.plan.weight_bits),
            np.int64(self.plan.num_neurons), rows.part_start, self._ports, self._signs, self._ids, self._id_counts,
            self._acc[part], self.last_spike, self.spike_counts, self.learning.arrays)

    def _add_arrivals(self, arrivals: np.ndarray) -> None:
        """Add (ports, N) to the accumulators that the next step reads."""
        starts = self.network.rows.part_start
        for part, acc in enumerate(self._acc):
            acc += arrivals[:, starts[part]:starts[part + 1]]

    def _arguments(self, part: int, count: int) -> tuple:
        rows, drive = self.network.rows, self._drive
        assert drive is not None, "a drive is set before the first step"
        k0, k1 = (np.uint32(w) for w in self.plan.key_words)
        return (np.int64(part), np.int64(self.step_index), np.int64(count), rows.segment, rows.words,
                np.int64(self.plan.weight_bits), np.int64(rows.max_delay), np.int64(self.plan.num_neurons),
                rows.part_start, self._ports, self._signs, self._ids, self._id_counts, self._pieces, self._models,
                self._parameters,
                np.float32(self.plan.weight_scale), drive.currents, drive.weights, drive.thresholds, drive.numbers,
                k0, k1, self._filled, self._counts, self._inputs, self._columns, self._acc[part], self._fired[part],
                tuple(self.states[name] for name in self._initial), self.last_spike, self.spike_counts,
                *(() if self.learning is None else (self.learning.arrays,)))

    def close(self) -> None:
        """Release the threads."""
        if self._pool:
            self._pool.shutdown(wait=False)


def _phase_seconds(times: np.ndarray) -> np.ndarray | None:
    """Durations (steps, phases) in s from counter readings (parts, steps, phases): those of the slowest part.

    The last phase, rewiring, is none of the step's own.
    """
    tick = cpu.tick_seconds()
    return None if tick is None else np.pad(np.diff(times, axis=2).max(axis=0) * tick, ((0, 0), (0, 1)))


def _merge(first: int, count: int, outs: list[np.ndarray], counts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Join the parts' spikes step by step; parts are ascending ranges of neurons, so ids stay ascending."""
    steps = np.arange(first, first + count)
    if len(outs) == 1:
        return np.repeat(steps, counts[0]), outs[0][:counts[0].sum()].copy()
    ends = [np.concatenate([[0], np.cumsum(c)]) for c in counts]
    ids = [out[end[k]:end[k + 1]] for k in range(count) for out, end in zip(outs, ends, strict=True)]
    return np.repeat(steps, np.sum(counts, axis=0)), np.concatenate(ids) if ids else np.zeros(0, np.int32)
