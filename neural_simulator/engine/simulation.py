"""A simulation: one built network, its state, and time that only moves in whole steps."""

from __future__ import annotations

import secrets
import time
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from functools import cache

import numpy as np

from ..backend import cuda
from ..base import log
from ..base.errors import BackendError, ConfigurationError
from ..config import CoreSimConfig, GPUConfig, describe
from ..network.network import Report
from ..network.plan import make_plan
from .batch import Batch
from .cpu_engine import CpuEngine
from .cuda_engine import CudaEngine
from .drive import make_drive
from .keyframes import Keyframes
from .memory import available_bytes, check_fits
from .profiler import Profiler
from .snapshot import Snapshot

_log = log.get("engine")


@cache
def _say_why_cpu(reason: str) -> None:
    """Log each reason once, however many networks are built."""
    _log.info("Using the CPU: %s", reason)


class Simulation:
    """Builds the network of `core` and steps it; same seed, same result, bit for bit.

    `report(task, fraction)` is called while building and may raise `Cancelled`. Raises ConfigurationError for
    values that do not fit together and MemoryForecastError when the network would not fit.
    """

    def __init__(self, core: CoreSimConfig, gpu: GPUConfig | None = None, report: Report | None = None):
        self.core = core
        self.gpu = gpu or GPUConfig()
        self.seed = core.seed if core.seed >= 0 else secrets.randbits(31)
        started = time.perf_counter()
        self.plan = make_plan(core, self.seed)
        self._engine = self._make_engine(report)
        self._live: dict[str, float] = {}
        self._engine.set_drive(make_drive(self.plan, self._live))
        if isinstance(self._engine, CpuEngine):
            if report is not None:
                report("Compiling", 0.5)
            self._engine.compile()
        self._probes = np.zeros(0, np.int64)
        self._keyframes = Keyframes()
        self.profiler = (Profiler(self.gpu.profiling_window_size, self.gpu.profiling_detailed)
                         if self.gpu.enable_profiling else None)
        self.build_time_s = time.perf_counter() - started
        _log.info("Built %d neurons and %d synapses in %.2f s on %s, seed %d.", self.plan.num_neurons,
                  self.network.num_synapses, self.build_time_s, self.backend_name, self.seed)

    def _make_engine(self, report: Report | None) -> CpuEngine | CudaEngine:
        """The engine that the device configuration asks for; 'auto' takes CUDA where it can be used."""
        if self.gpu.backend == "cuda":
            cuda.require()
        share = self.gpu.memory_pool_limit_fraction
        if self.gpu.backend != "cpu":
            reason = cuda.problem()
            if reason is None:
                check_fits(self.plan, cuda.free_bytes(), share, cuda.device())
                cuda.limit_pool(share)
                with cuda.guarded("building the network"):
                    return CudaEngine(self.plan, report)
            _say_why_cpu(reason)
        check_fits(self.plan, available_bytes(), share)
        return CpuEngine(self.plan, self.gpu.num_threads, report)

    # ---- facts
    @property
    def network(self):
        """Positions, populations and synapses."""
        return self._engine.network

    @property
    def backend_name(self) -> str:
        return self._engine.name

    @property
    def dt_ms(self) -> float:
        return self.core.dt_ms

    @property
    def step_index(self) -> int:
        """Number of steps done."""
        return self._engine.step_index

    @property
    def time_ms(self) -> float:
        """Simulated time: steps x dt, never a running sum."""
        return self._engine.step_index * self.core.dt_ms

    @property
    def memory_bytes(self) -> int:
        return self._engine.memory_bytes

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Copies of the state arrays by name, (N,) float32."""
        return {name: array.copy() for name, array in self._engine.states.items()}

    def potential(self) -> np.ndarray:
        """A copy of the membrane potentials alone, (N,) float32 mV: what a picture needs of the state."""
        with self._guard("reading the membrane potentials"):
            return self._engine.potential()

    def last_spike_step(self) -> np.ndarray:
        """The step of every neuron's newest spike, (N,) int32; very negative where there was none."""
        with self._guard("reading the newest spikes"):
            known = self._engine.last_spike
        return known.copy() if self._engine.on_host else known

    def spike_counts(self) -> np.ndarray:
        """Spikes of every neuron since step 0 or the last restore, (N,) uint32."""
        return self._engine.spike_counts.copy()

    # ---- actions
    def step(self, count: int = 1, record: bool = True) -> Batch:
        """Advance `count` steps and return their spikes and traces.

        Without `record` a device need not send its spikes; `spike_counts` still counts them.
        """
        if count < 0:
            raise ConfigurationError(f"step({count}): the number of steps must not be negative.", "count", count)
        detailed = self.profiler is not None and self.profiler.detailed
        with self._guard("stepping"):
            batch = self._engine.run(int(count), self._probes, timed=detailed, record=record)
        self._keyframes.reached(self._engine, count)
        if self.profiler is not None:
            self.profiler.saw(batch)
        return batch

    def run(self, duration_ms: float) -> Batch:
        """Advance by `duration_ms`, rounded to whole steps."""
        return self.step(round(duration_ms / self.core.dt_ms))

    def set_probes(self, ids: Sequence[int]) -> None:
        """Trace the membrane potential of these neurons at every step."""
        probes = np.asarray(ids, np.int64)
        if probes.size and not (probes.min() >= 0 and probes.max() < self.plan.num_neurons):
            raise ConfigurationError(
                f"set_probes: neuron ids must lie between 0 and {self.plan.num_neurons - 1}.", "probes", list(ids))
        self._probes = probes

    def set_live(self, **values: float) -> None:
        """Change drive values while running: background_rate_Hz, background_weight_nS, external_current_pA."""
        checked = self.core.changed(**values)                      # validates ranges; raises before anything changes
        for name in values:
            if describe(CoreSimConfig, name)["group"] != "Drive":
                raise ConfigurationError(f"{name} cannot change while running; apply it with a reset.", name)
        live = {**self._live, **{name: getattr(checked, name) for name in values}}
        self._engine.set_drive(make_drive(self.plan, live))
        self._live = live
        self._keyframes.changed(self.step_index, live)

    # ---- state as a whole
    def snapshot(self) -> Snapshot:
        """Copy the whole dynamic state; any engine of the same plan continues from it with the same bits."""
        with self._guard("copying the state"):
            return self._engine.snapshot()

    def restore(self, snapshot: Snapshot) -> None:
        """Continue from `snapshot`, which must come from the same plan."""
        with self._guard("restoring the state"):
            self._engine.restore(snapshot)
        self._engine.set_drive(make_drive(self.plan, self._live))
        self._keyframes.begin(snapshot, self._live)

    def move_to(self, backend: str, report: Report | None = None) -> None:
        """Go on with another backend, from the same state, bit for bit.

        Where the device has failed, its state is recomputed from the newest keyframe: a run is a function of its
        seed and its inputs, so nothing is lost but the time.
        """
        try:
            snapshot, replay = self.snapshot(), None
        except BackendError as error:
            _log.warning("%s", error)
            snapshot, replay = self._keyframes.newest, self._keyframes
        gpu = self.gpu.changed(backend=backend)
        previous, self.gpu = self.gpu, gpu
        try:
            engine = self._make_engine(report)
        except Exception:
            self.gpu = previous
            raise
        self._engine = engine
        live = self._live if replay is None else replay.live_at_start
        engine.set_drive(make_drive(self.plan, live))
        if snapshot is not None:
            engine.restore(snapshot)
            engine.set_drive(make_drive(self.plan, live))
        if replay is not None:
            replay.repeat(engine, lambda values: make_drive(self.plan, values))
        _log.info("Continuing on %s at step %d.", engine.name, engine.step_index)

    def _guard(self, action: str) -> AbstractContextManager:
        return cuda.guarded(action) if isinstance(self._engine, CudaEngine) else nullcontext()

    def reset(self) -> None:
        """Back to the initial state of the same network."""
        self._engine.reset()
        self._engine.set_drive(make_drive(self.plan, self._live))
        self._keyframes.begin(None, self._live)

    def close(self) -> None:
        """Release threads and memory."""
        self._engine.close()
