"""Runs a network on a CUDA device: many steps a launch, no host round trip inside a batch."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from ..backend import cuda, cuda_source
from ..backend.device_array import DeviceArray
from ..base import log
from ..base.arrays import joined
from ..models.random import STREAM_STIMULUS_START
from ..models.stimuli import NOTHING, Shape, is_noise
from ..network.device_network import DeviceNetwork, RowsTooLong
from ..network.heterogeneity import parameter_columns
from ..network.network import Report, ports_of_sources
from ..network.plan import Plan
from .batch import Batch, Keep
from .cuda_learning import CudaLearning
from .drive import Drive
from .layout import TYPICAL_RATE_HZ, Layout, choose
from .rewiring import Rewiring
from .snapshot import Snapshot
from .stimuli import sine_table

NEVER = np.int32(-(2**30))
_log = log.get("engine")
_RECORD_ENTRIES = 2**26          # spikes that one launch may record at most
_MAX_LAUNCH_STEPS = 60_000       # a recorded step takes 16 bits
_NO_PROBE = 0xFFFF
_MOST_RESIDENT = 2               # neurons a thread can keep in registers
_GRAPH_STEPS = 16                # steps of the global layout that are launched at once,
_GRAPHS = 16                     # at most so often before spikes and traces are read;
_GLOBAL_ENTRIES = 2**24          # spikes for which there is room then, or for all that one graph could bring


class _GlobalBuffers(NamedTuple):
    """What a graph of the global layout writes to; fixed, because a graph cannot change its arguments."""

    probes: int
    steps: int                   # that fit, a multiple of _GRAPH_STEPS
    entries: Any                 # (N * steps,) uint64: step << 32 | neuron
    trace: Any                   # (steps, probes) float32
    probe_of: Any                # (N,) uint16


class CudaEngine:
    """State and stepping of one network on the device; the interface of `CpuEngine`."""

    on_host = False

    def __init__(self, plan: Plan, report: Report | None = None, layout: Layout | None = None,
                 constants: dict[str, int] | None = None):
        """`layout` and `constants` (of the step kernel) override what would be chosen, for measurements."""
        cuda.require()
        self.constants = constants or {}
        report = report or (lambda task, fraction: None)
        self.plan = plan
        self.layout = layout or choose(plan, cuda.device())
        try:
            self.network = DeviceNetwork(plan, self.layout.blocks, self.layout.delay_bits, report, self.layout.unit)
        except RowsTooLong as error:
            self.layout = Layout("global", str(error), 1, slots=plan.max_delay_steps + 2)
            self.network = DeviceNetwork(plan, 1, 0, report)
        self.name = f"CUDA, {cuda.device().name}"
        _log.info("Layout: %s on %d blocks (%s), %.1f bytes per synapse.", self.layout.kind, self.layout.blocks,
                  self.layout.reason, self.bytes_per_synapse)
        self.learning = (CudaLearning(plan, self.network, self.layout, self._to_device_order, self._to_natural_order)
                         if plan.learning is not None else None)
        self.rewiring = Rewiring(plan) if plan.rewires else None
        self._stream = cuda.xp().cuda.Stream(non_blocking=True)
        self._traced: tuple[np.ndarray, Any] | None = None           # probes, and where their traces go
        self._cells = list(plan.cells.values())
        self._initial = self.network.initial_states()
        self._slots = {name: k for k, name in enumerate(self._initial)}
        self._thresholds, self._rate_width, self._timed, self._shape = 0, 0, False, NOTHING
        with self._stream:
            self._prepare()
            self.reset()
        if self.rewiring is not None:
            self.rewiring.compile(self.network)

    # ---- tables that never change
    @property
    def bytes_per_synapse(self) -> float:
        """Bytes of synapse storage per synapse, padding included."""
        network = self.network
        stored = network.words.nbytes + (network.delays.nbytes if network.delays is not None else 0)
        stored += network.learned.values.nbytes if network.learned is not None else 0
        return stored / max(1, self.network.num_synapses)

    def _prepare(self) -> None:
        xp, plan, n = cuda.xp(), self.plan, self.plan.num_neurons
        keys = list(plan.cells)
        models = [keys.index(name) for name in plan.cell_names]
        self._shared, parameters = split_parameters(plan)
        self._parameters = xp.asarray(parameters)
        columns = parameter_columns(plan, self.network.normal_values)
        self._columns = (xp.asarray(np.stack([self._to_device_order(row) for row in columns])) if len(columns)
                         else xp.zeros(1, xp.float32))
        self._models = xp.asarray(np.array(models, np.int32))
        self._starts = xp.asarray(np.array([p.start for p in plan.populations] + [n], np.int32))
        ports, signs = ports_of_sources(plan)
        self._ports, self._signs = xp.asarray(ports), xp.asarray(signs)
        self._row_flags = ports.astype(np.uint32) | (signs < 0).astype(np.uint32) << np.uint32(
            (plan.num_ports - 1).bit_length())
        if plan.learning is not None and plan.learning.weights:
            learns = plan.learning.learns[self.network.population_of]
            self._row_flags |= learns.astype(np.uint32) << np.uint32(plan.flag_bits - 1)
        self._describe_rows()

    def _describe_rows(self) -> None:
        """Say where every row lies, how long it is, and at which port it arrives: what a spike's packet carries."""
        self._degrees_cache: np.ndarray | None = None
        if self.layout.kind == "partitioned":
            network = self.network
            rows = ((network.row_offset.get() << np.uint32(6 + self.plan.flag_bits))
                    | (self._row_flags << np.uint32(6)) | network.row_units.get())
            self._rows = cuda.xp().asarray(self._to_device_order(rows))

    def _compile(self, thresholds: int) -> None:
        """Compile the step for up to `thresholds` background thresholds."""
        layout, network = self.layout, self.network
        row_words = (0.0, 0.0)
        if layout.kind == "partitioned":
            units, unit = network.row_units, layout.unit
            row_words = float(units.mean()) * unit, float(cuda.xp().percentile(units, 98)) * unit
        constant_delay = self.plan.min_delay_steps if network.delays is None else 0
        constants = step_constants(self.plan, layout, thresholds, row_words, constant_delay)
        constants |= {"TIMED": int(self._timed), "RATE_WIDTH": self._rate_width, **self.constants}
        source = cuda_source.step_source(layout.kind, self._cells, self._slots, self._shared, constants, self._shape,
                                         self.learning.text if self.learning is not None else None)
        module = cuda.compile_source(source, cooperative=layout.kind == "partitioned")
        if layout.kind == "partitioned":
            self._kernel = cuda.kernel(module, "step_partitioned", layout.shared_bytes)
            self._key_kernels = [cuda.kernel(module, name) for name in ("spike_keys", "long_spike_keys")]
        else:
            self._kernels = [cuda.kernel(module, name) for name in ("integrate_global", "deliver_global", "advance")]
            self._begin_global = cuda.kernel(module, "begin")
            self._graph: Any = None
            self._warm = False
        self._thresholds = thresholds

    # ---- order: the partitioned layout keeps neuron n at (n % blocks) * per_block + n // blocks
    def _to_device_order(self, values: np.ndarray) -> np.ndarray:
        if self.layout.kind != "partitioned":
            return values
        padded = np.zeros(self.layout.blocks * self.layout.per_block, values.dtype)
        padded[:values.size] = values
        return np.ascontiguousarray(padded.reshape(self.layout.per_block, self.layout.blocks).T).ravel()

    def _to_natural_order(self, values: np.ndarray) -> np.ndarray:
        if self.layout.kind != "partitioned":
            return values
        return values.reshape(self.layout.blocks, self.layout.per_block).T.ravel()[:self.plan.num_neurons].copy()

    # ---- state
    def reset(self) -> None:
        """Back to the initial state and step 0."""
        if self.rewiring is not None:
            with self._stream:
                self.rewiring.reset()
                if self.network.rewired:
                    self.network.rewire(None)
                    self._describe_rows()
        self._clear(0)

    def _clear(self, step: int) -> None:
        """The initial state of neurons and weights; `step` is that of the state that will take its place."""
        xp, plan, layout = cuda.xp(), self.plan, self.layout
        with self._stream:
            self.step_index = step
            stored = [self._to_device_order(a) for a in self._initial.values()]
            self._states = xp.asarray(np.stack(stored))                     # (states, neurons in device order)
            self._slots = {name: k for k, name in enumerate(self._initial)}
            self._keep_noises(self._shape)
            size = stored[0].size
            if self.learning is not None:
                self.learning.reset(step)
            self._last_spike = xp.full(size, NEVER, xp.int32)
            self._spike_count = xp.zeros(size, xp.uint32)
            if layout.kind == "partitioned":
                width = plan.num_ports * layout.per_block
                self._ring = xp.zeros(layout.blocks * layout.slots * width, xp.int32)
                ring = 4 * layout.blocks * layout.packets                   # PACKET_RING
                unexpected = ((step + 0x8000) & 0xFFFF) << 16               # a tag that no step to come soon waits for
                self._packets = xp.full(ring * layout.inboxes * 4, unexpected, xp.uint32)
                self._spilled = xp.zeros(4 * layout.blocks * layout.per_block, xp.uint32)
                resident = layout.neurons_per_thread <= _MOST_RESIDENT
                self._background = xp.zeros(1 if resident else size, xp.uint32)
                self._totals = xp.zeros(layout.blocks, xp.uint32)
            else:
                self._ring = xp.zeros(layout.slots * plan.num_ports * size, xp.int32)
                self._list = xp.zeros(2 * size, xp.uint32)
                self._clock = xp.zeros(4, xp.int64)        # step | origin | listed, listed | recorded, recording
                self._buffers: _GlobalBuffers | None = None
                self._graph = None

    @property
    def snapshot_bytes(self) -> int:
        """Size of a snapshot on the host."""
        arrivals = (self.plan.max_delay_steps + 1) * self.plan.num_ports
        learned = self.learning.snapshot_bytes if self.learning is not None else 0
        wiring = 6 * self.network.num_synapses if self.network.rewired else 0
        return 4 * self.plan.num_neurons * (arrivals + len(self._slots) + 2) + learned + wiring

    @property
    def plasticity_events(self) -> tuple[int, int, int, int]:
        """Weights that rose, weights that fell, synapses that formed, synapses that vanished since step 0."""
        if self.learning is None:
            return 0, 0, 0, 0
        with self._stream:
            return *self.learning.events, *(self.rewiring.changes if self.rewiring is not None else (0, 0))

    @property
    def dopamine(self) -> float:
        """Dopamine above its tonic level, in rewards."""
        return self.learning.dopamine.now if self.learning is not None else 0.0

    def snapshot(self) -> Snapshot:
        """Copy the whole dynamic state to the host."""
        with self._stream:
            slots = self._ring_by_slot().get()
        order = (self.step_index + np.arange(self.plan.max_delay_steps + 1)) % self.layout.slots
        pending = np.stack([[self._to_natural_order(port) for port in slots[k]] for k in order])
        last_spike, counts, further = self.last_spike, self.spike_counts, {}
        if self.learning is not None:
            with self._stream:
                further = self.learning.snapshot(last_spike, counts)
                if self.rewiring is not None:
                    further |= self.rewiring.arrays(self.network)
        return Snapshot(self.step_index, self.states, last_spike, pending, counts, further)

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from `snapshot`."""
        if self.rewiring is not None:
            with self._stream:
                self.rewiring.restore(self.network, snapshot.further)
                self._describe_rows()
        self._clear(snapshot.step)
        xp = cuda.xp()
        with self._stream:
            names = [*self._initial, *filter(is_noise, snapshot.states)]
            self._states = xp.asarray(np.stack([self._to_device_order(snapshot.states[name]) for name in names]))
            self._slots = {name: k for k, name in enumerate(names)}
            self._keep_noises(self._shape)
            self._last_spike[:] = xp.asarray(self._to_device_order(snapshot.last_spike))
            self._spike_count[:] = xp.asarray(self._to_device_order(snapshot.spike_counts))
            slots = np.zeros((self.layout.slots, self.plan.num_ports, self._padded), np.int32)
            for k, row in enumerate(snapshot.pending):
                slots[(snapshot.step + k) % self.layout.slots] = [self._to_device_order(port) for port in row]
            self._set_ring(xp.asarray(slots))
            if self.learning is not None:
                self.learning.restore(snapshot.step, snapshot.further, snapshot.last_spike, snapshot.spike_counts)
            if self.layout.kind == "global":
                self._clock[0] = snapshot.step

    def _set_ring(self, slots: Any) -> None:
        """Write the ring of accumulators from (slots, ports, neurons in device order)."""
        layout, ports = self.layout, self.plan.num_ports
        if layout.kind == "partitioned":
            slots = slots.reshape(layout.slots, ports, layout.blocks, layout.per_block).transpose(2, 0, 1, 3)
        self._ring[:] = slots.ravel()

    def _ring_by_slot(self) -> Any:
        """The ring of accumulators as (slots, ports, neurons in device order)."""
        layout, ports = self.layout, self.plan.num_ports
        if layout.kind == "global":
            return self._ring.reshape(layout.slots, ports, self._padded)
        by_block = self._ring.reshape(layout.blocks, layout.slots, ports, layout.per_block)
        return by_block.transpose(1, 2, 0, 3).reshape(layout.slots, ports, self._padded)

    # ---- for samples: the arrays lie on the device
    @property
    def xp(self) -> Any:
        return cuda.xp()

    @property
    def state_names(self) -> tuple[str, ...]:
        """The names of the state variables."""
        return tuple(self._slots)

    def memory(self) -> Any:
        """Within this, arrays of `xp` may be made and used, in the order of the steps."""
        return self._stream

    def places(self, ids: np.ndarray) -> Any:
        """Where `gather` finds these neurons."""
        if self.layout.kind == "partitioned":
            ids = ids % self.layout.blocks * self.layout.per_block + ids // self.layout.blocks
        return cuda.xp().asarray(ids)

    def gather(self, names: Sequence[str], places: Any) -> Any:
        """The values of variables of some neurons, (variables, neurons) float32, on the device."""
        xp = cuda.xp()
        return xp.stack([xp.take(self._states[self._slots[name]], places) for name in names])

    @staticmethod
    def to_host(values: Any) -> np.ndarray:
        """A copy in host memory."""
        return values.get()

    def set_drive(self, drive: Drive) -> None:
        """Use `drive` from the next step on."""
        xp = cuda.xp()
        if self.learning is not None:
            self.learning.dopamine.schedule(drive.rewards)
        with self._stream:
            self._keep_noises(drive.shape)
            width = max(self._thresholds, _room(drive.thresholds.shape[1]))
            rates = max(self._rate_width, _room(drive.stimulation.words.shape[1]))
            if (width, rates, drive.shape) != (self._thresholds, self._rate_width, self._shape):
                self._shape, self._rate_width = drive.shape, rates
                self._compile(width)
            words = np.full((drive.thresholds.shape[0], self._thresholds), 0xFFFFFFFF, np.uint32)
            words[:, :drive.thresholds.shape[1]] = drive.thresholds
            self._tables = [self._parameters, xp.asarray(drive.currents), xp.asarray(drive.weights),
                            xp.asarray(words), xp.asarray(drive.numbers.astype(np.int32)), self._starts, self._models,
                            self._columns, *self._stimulus_tables(drive)]
            self._drive = xp.asarray(np.array([a.data.ptr for a in self._tables], np.uint64))
            self._graph = None

    def _keep_noises(self, shape: Shape) -> None:
        """Arrange the state arrays: noises that go on keep their state, others begin or end."""
        xp, known = cuda.xp(), dict(self._slots)
        names = [*self._initial, *shape.noise_states]
        if names == list(known):
            return
        streams = {one.noise_state: one.stream for one in shape.inputs}
        rows = [self._states[known[name]] if name in known else xp.asarray(self._to_device_order(
            self.network.normal_values(STREAM_STIMULUS_START + streams[name]))) for name in names]
        self._states = xp.stack(rows)
        self._slots = {name: k for k, name in enumerate(names)}

    def _stimulus_tables(self, drive: Drive) -> list[Any]:
        """The stimuli on the device, in the order of the kernels' `Tables`."""
        given, xp = drive.stimulation, cuda.xp()
        if not given.shape.inputs:
            return []
        rates = np.full((max(1, len(given.words)), self._rate_width), 0xFFFFFFFF, np.uint32)
        rates[:len(given.words), :given.words.shape[1]] = given.words
        numbers = np.append(given.numbers, np.int32(0))
        spikes = np.append(given.spikes, np.int64(-1))          # never empty
        return [xp.asarray(given.records.view(np.uint8)), xp.asarray(self._to_device_order(given.masks)),
                xp.asarray(rates), xp.asarray(numbers), xp.asarray(spikes), xp.asarray(sine_table())]

    @property
    def states(self) -> dict[str, np.ndarray]:
        """Host copies of the state arrays by name, (N,) float32."""
        with self._stream:
            return {name: self._to_natural_order(self._states[k].get()) for name, k in self._slots.items()}

    def potential(self) -> np.ndarray:
        """A host copy of the membrane potentials, (N,) float32 mV; no other state leaves the device."""
        with self._stream:
            return self._to_natural_order(self._states[self._slots["v"]].get())

    @property
    def last_spike(self) -> np.ndarray:
        """The step of every neuron's newest spike, (N,) int32."""
        with self._stream:
            return self._to_natural_order(self._last_spike.get())

    def picture(self) -> tuple[DeviceArray, DeviceArray]:
        """Potentials (mV) and steps of the newest spikes, (N,) each, copied on the device for a picture."""
        xp = cuda.xp()
        with self._stream:
            copies = [xp.array(self._to_natural_order(values), copy=self.layout.kind != "partitioned")
                      for values in (self._states[self._slots["v"]], self._last_spike)]
            ready = xp.cuda.Event(disable_timing=True)
            ready.record()
        return DeviceArray(copies[0], ready), DeviceArray(copies[1], ready)

    @property
    def spike_counts(self) -> np.ndarray:
        """Spikes of every neuron since step 0, (N,) uint32."""
        with self._stream:
            return self._to_natural_order(self._spike_count.get())

    @property
    def memory_bytes(self) -> int:
        """Bytes of network and state on the device."""
        arrays = [self._states, self._last_spike, self._spike_count, self._ring]
        arrays += [self._packets, self._spilled, self._rows] if self.layout.kind == "partitioned" else [self._list]
        learned = self.learning.nbytes if self.learning is not None else 0
        return self.network.memory_bytes + learned + sum(int(a.nbytes) for a in arrays)

    # ---- stepping
    def run(self, steps: int, probes: np.ndarray, timed: bool = False, record: bool = True,
            keep: Keep | None = None) -> Batch:
        """Run `steps` steps; with `record` the spikes are returned, without it only the traces of `probes`.

        `probes` names each neuron once. `keep` gets the first step and the traces on the device, and says what of
        them is returned.
        """
        if self.rewiring is None:
            return self.run_between_rounds(steps, probes, timed, record, keep)
        return self.rewiring.run(self, steps, probes=probes, timed=timed, record=record, keep=keep)

    def run_between_rounds(self, steps: int, probes: np.ndarray, timed: bool, record: bool, keep: Keep | None) -> Batch:
        """`run`, of steps of which none but the last is followed by a round of rewiring."""
        started = time.perf_counter()
        first = self.step_index
        limit = _MAX_LAUNCH_STEPS if not record else max(1, min(_MAX_LAUNCH_STEPS, _RECORD_ENTRIES // self._padded))
        launch = self._launch_partitioned if self.layout.kind == "partitioned" else self._launch_global
        self._time_phases(timed)
        self._keep: Keep = keep or (lambda first, trace: trace.get())
        results = [(*_no_spikes(0), np.zeros((0, probes.size), np.float32))] if steps == 0 else []
        with self._stream:
            probe_of = self._probe_table(probes)
            while self.step_index < first + steps:
                count = min(first + steps - self.step_index, limit)
                if self.learning is not None:
                    count = self.learning.prepare(self.step_index, count)
                results.append(launch(count, probe_of, probes.size, record))
            self._stream.synchronize()
        counts, spike_ids, probe_v = map(joined, zip(*results, strict=True))
        spike_steps = np.repeat(np.arange(first, first + steps), counts)
        seconds = time.perf_counter() - started
        phases = None
        if timed and self._phase_seconds:                            # the last phase, rewiring, is none of a step's own
            phases = np.pad(np.concatenate(self._phase_seconds), ((0, 0), (0, 1)))
        return Batch(first, steps, spike_steps, spike_ids, probe_v, seconds, phases)

    def _time_phases(self, timed: bool) -> None:
        """Choose between the kernel that measures its phases and the one that does not."""
        self._phase_seconds: list[np.ndarray] = []
        if timed != self._timed:
            self._timed = timed
            self._compile(self._thresholds)

    @property
    def _padded(self) -> int:
        return int(self._last_spike.size)

    @property
    def _degrees(self) -> np.ndarray:
        """Out-degree of every neuron, on the host."""
        if self._degrees_cache is None:
            self._degrees_cache = self.network.out_degree.get()
        return self._degrees_cache

    def _probe_table(self, probes: np.ndarray) -> Any:
        """Where each neuron's trace goes: an index in device order, or 0xFFFF."""
        if not probes.size:
            return np.uint64(0)
        if self._traced is None or not np.array_equal(self._traced[0], probes):
            table = np.full(self.plan.num_neurons, _NO_PROBE, np.uint16)
            table[probes] = np.arange(probes.size)
            self._traced = probes.copy(), cuda.xp().asarray(self._to_device_order(table))
        return self._traced[1]

    def _launch_partitioned(self, count: int, probe_of: Any, probes: int, record: bool) -> tuple:
        xp, layout, network = cuda.xp(), self.layout, self.network
        capacity = layout.per_block * count if record else 1
        entries = xp.empty(layout.blocks * capacity, xp.uint32) if record else np.uint64(0)
        trace = xp.zeros((count, probes), xp.float32) if probes else np.uint64(0)
        cycles = xp.zeros((count, 3), xp.uint32) if self._timed else np.uint64(0)
        events = xp.cuda.Event(), xp.cuda.Event()
        k0, k1 = self.plan.key_words
        events[0].record()
        self._kernel(
            (layout.blocks,), (layout.threads,),
            (self._drive, np.float32(self.plan.weight_scale), np.uint32(k0), np.uint32(k1), self._rows,
             np.uint64(network.words_per_block), network.words, self._ring, self._states, self._packets,
             self._spilled, self._background, np.int64(self.step_index), np.int32(count),
             np.int32(self.plan.num_neurons), self._last_spike,
             self._spike_count, self._totals, entries, np.uint64(capacity), probe_of, np.int32(probes), trace,
             cycles, *self._learning_argument), shared_mem=layout.shared_bytes)
        events[1].record()
        if self._timed:
            events[1].synchronize()
            taken = cycles.get().astype(float)
            self._phase_seconds.append(taken * (_elapsed(xp, *events) / taken.sum()))
        first = self.step_index
        self.step_index += count
        spikes = self._read_partitioned(count, entries, capacity) if record else _no_spikes(count)
        return *spikes, self._keep(first, trace) if probes else np.zeros((count, 0), np.float32)

    @property
    def _learning_argument(self) -> tuple[Any, ...]:
        """The last argument of kernels that learn."""
        return () if self.learning is None else (self.learning.pointers,)

    def _read_partitioned(self, count: int, entries: Any, capacity: int) -> Spikes:
        """Sort the recorded spikes of `count` steps on the device and copy them to the host."""
        xp = cuda.xp()
        totals = self._totals.get()
        most = int(totals.max())
        if most == 0:
            return _no_spikes(count)
        bits = self.plan.num_neurons.bit_length()
        long = count << bits > 0xFFFFFFFF
        keys = xp.empty(self.layout.blocks * most, xp.uint64 if long else xp.uint32)
        self._key_kernels[long]((min(cuda.device().multiprocessors, -(-keys.size // 256)),), (256,),
                                (entries, np.uint64(capacity), self._totals, np.uint32(most), np.int32(bits), keys))
        return _sorted_spikes(xp, keys, bits, count)

    def _launch_global(self, count: int, probe_of: Any, probes: int, record: bool) -> tuple:
        """Run `count` steps; groups of `_GRAPH_STEPS` are one graph: the host launches once for many kernels."""
        xp = cuda.xp()
        if self._buffers is None or self._buffers.probes != probes:
            most = _GRAPH_STEPS * max(1, min(_GRAPHS, _GLOBAL_ENTRIES // (_GRAPH_STEPS * self.plan.num_neurons)))
            self._buffers = _GlobalBuffers(
                probes, most, xp.empty(self.plan.num_neurons * most, xp.uint64),
                xp.zeros((most, max(1, probes)), xp.float32), xp.zeros(max(1, self._padded), xp.uint16))
            self._graph = None
        if probes:
            self._buffers.probe_of[:] = probe_of
        first, pieces, traces = self.step_index, [], []
        while self.step_index < first + count:
            steps = min(self._buffers.steps, first + count - self.step_index)
            self._begin_global((1,), (1,), (self._clock, np.uint32(record)))
            if self._timed:
                self._step_timed(steps)
            else:
                self._step_global(steps)
            if record:
                keys = self._buffers.entries[:int(self._clock.view(xp.uint32)[6])]
                pieces.append(_sorted_spikes(xp, keys, 32, steps))
            if probes:
                traces.append(self._keep(self.step_index, self._buffers.trace[:steps]))
            self.step_index += steps
        spikes = map(joined, zip(*pieces, strict=True)) if pieces else _no_spikes(count)
        return *spikes, joined(traces) if traces else np.zeros((count, 0), np.float32)

    def _step_global(self, steps: int) -> None:
        """Queue `steps` steps, in graphs as far as that goes."""
        if not self._warm:                                       # kernels must be loaded before they are captured
            _enqueue(self._global_launches(), steps)
            self._warm = True
            return
        for _ in range(steps // _GRAPH_STEPS):
            self._launch_graph()
        _enqueue(self._global_launches(), steps % _GRAPH_STEPS)

    def _launch_graph(self) -> None:
        if self._graph is None:
            launches = self._global_launches()                   # may ask the device, which a capture must not
            self._stream.begin_capture()
            _enqueue(launches, _GRAPH_STEPS)
            self._graph = self._stream.end_capture()
        self._graph.launch(self._stream)

    def _step_timed(self, steps: int) -> None:
        """Run steps of the global layout one by one, with a time stamp of the device after every kernel."""
        xp = cuda.xp()
        stamps = [xp.cuda.Event()]
        stamps[0].record()
        for _ in range(steps):
            for launch in self._global_launches():
                launch()
                stamps.append(xp.cuda.Event())
                stamps[-1].record()
        stamps[-1].synchronize()
        taken = [_elapsed(xp, a, b) for a, b in zip(stamps, stamps[1:], strict=False)]
        integrate, deliver, send = np.array(taken).reshape(steps, 3).T
        self._phase_seconds.append(np.stack([deliver, integrate, send], axis=1))

    def _global_launches(self) -> list[Callable[[], None]]:
        """The kernels of one step, in order: integrate, deliver, advance."""
        network, n, buffers = self.network, self.plan.num_neurons, self._buffers
        assert buffers is not None
        k0, k1 = self.plan.key_words
        delays = network.delays if network.delays is not None else np.uint64(0)
        pieces = max(1, -(-int(self._degrees.max()) // 256))
        integrate = (self._drive, np.float32(self.plan.weight_scale), np.uint32(k0), np.uint32(k1), self._ring,
                     self._states, np.int32(n), self._list, self._clock, self._last_spike, self._spike_count,
                     buffers.entries, np.uint64(buffers.entries.size), buffers.probe_of, np.int32(buffers.probes),
                     buffers.trace, *self._learning_argument)
        deliver = (network.row_start, network.words, delays, self._ports, self._signs, self._ring, np.int32(n),
                   self._list, self._clock, np.uint32(pieces))
        if self.learning is not None:
            deliver += (self._drive, *self._learning_argument)
        grid = min(-(-n * 8 // 256), cuda.device().multiprocessors * 8)
        return [partial(self._kernels[0], (-(-n // 256),), (256,), integrate),
                partial(self._kernels[1], (grid,), (256,), deliver),
                partial(self._kernels[2], (1,), (1,), (self._clock,))]

    def close(self) -> None:
        """Give the device's memory back."""
        for name in ("network", "learning", "_states", "_ring", "_spilled", "_list", "_rows"):
            if hasattr(self, name):
                delattr(self, name)
        cuda.xp().get_default_memory_pool().free_all_blocks()


def _enqueue(launches: list[Callable[[], None]], steps: int) -> None:
    """Queue the kernels of a step so many times."""
    for _ in range(steps):
        for launch in launches:
            launch()


def step_constants(plan: Plan, layout: Layout, thresholds: int, row_words: tuple[float, float],
                   constant_delay: int) -> dict[str, int]:
    """The constants of the step kernel; `row_words`: mean and 98th percentile of a padded row's length in a block."""
    constants = {"PORTS": plan.num_ports, "PORT_BITS": (plan.num_ports - 1).bit_length(),
                 "SIGNED": int(plan.ports.signed), "WEIGHT_BITS": plan.weight_bits, "SLOTS": layout.slots,
                 "POPULATIONS": len(plan.populations), "THRESHOLDS": thresholds}
    if layout.kind == "global":
        return constants | {"CONSTANT_DELAY": constant_delay}
    typical, long = row_words
    lanes = 8 if typical <= 20 else 16 if typical <= 28 else 32
    # rows that a group of lanes has in flight: as many as a step of typical rate needs
    spikes = plan.num_neurons * TYPICAL_RATE_HZ * plan.dt / 1000.0
    ahead = max(1, min(4, round(spikes * lanes / layout.threads + 0.5)))
    return constants | {
        "BLOCKS": layout.blocks, "UNIT": layout.unit, "PER_BLOCK": layout.per_block, "THREADS": layout.threads,
        "NEURONS": layout.neurons_per_thread, "RESIDENT": int(layout.neurons_per_thread <= _MOST_RESIDENT),
        "DELAY_BITS": layout.delay_bits, "MIN_DELAY": plan.min_delay_steps, "PACKETS": layout.packets,
        "INBOXES": layout.inboxes, "LIST": layout.list_capacity, "OWN_LIST": layout.own_list, "LANES": lanes,
        "CHUNKS": max(1, min(4, math.ceil(long / lanes))), "AHEAD": ahead}


def split_parameters(plan: Plan) -> tuple[list[dict[str, float]], np.ndarray]:
    """Split the cells' parameters into those that all populations of a model share, and a table of the others.

    The table has no place for what neurons have of their own. Returns one dict per cell, and (populations, widest)
    float32 with the others in the cell's order.
    """
    rows = [np.array(plan.parameter_values(k), np.float32) for k in range(len(plan.populations))]
    shared = []
    for key, cell in plan.cells.items():
        table = np.stack([row for row, name in zip(rows, plan.cell_names, strict=True) if name == key])
        same = (table == table[0]).all(axis=0)
        shared.append({name: float(v) for name, v, one in zip(cell.parameters, table[0], same, strict=True) if one})
    keys = list(plan.cells)
    kept = [[v for name, v in zip(plan.cells[key].parameters, row, strict=True)
             if name not in shared[keys.index(key)] and name not in plan.cells[key].varied]
            for row, key in zip(rows, plan.cell_names, strict=True)]
    parameters = np.zeros((len(rows), max(1, *(len(row) for row in kept))), np.float32)
    for row, values in zip(parameters, kept, strict=True):
        row[:len(values)] = values
    return shared, parameters


def _room(count: int) -> int:
    """Thresholds to compile for, so that a slightly higher rate compiles nothing."""
    return 1 << max(4, int(np.ceil(np.log2(count))))


Spikes = tuple[np.ndarray, np.ndarray]      # how many there are of each step, (steps,) int64, and whose, (S,) int32


def _no_spikes(steps: int) -> Spikes:
    return np.zeros(steps, np.int64), np.zeros(0, np.int32)


def _elapsed(xp: Any, begin: Any, end: Any) -> float:
    """Seconds between two events of the device."""
    return float(xp.cuda.get_elapsed_time(begin, end)) * 1e-3


def _sorted_spikes(xp: Any, keys: Any, bits: int, steps: int) -> Spikes:
    """Sort the keys (step << `bits` | neuron) of `steps` steps on the device, and copy what they say to the host.

    Larger keys are left out.
    """
    keys.sort()
    ends = xp.searchsorted(keys, xp.arange(steps + 1, dtype=keys.dtype) << keys.dtype.type(bits)).get()
    ids = (keys[:int(ends[-1])] & keys.dtype.type((1 << bits) - 1)).astype(xp.int32).get()
    return np.diff(ends), ids
