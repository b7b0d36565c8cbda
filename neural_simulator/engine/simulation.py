"""A simulation: one built network, its state, and time that only moves in whole steps."""

from __future__ import annotations

import hashlib
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext, suppress
from dataclasses import replace
from functools import cache
from numbers import Real
from typing import Any, NamedTuple

import numpy as np

from ..backend import cuda
from ..backend.device_array import DeviceArray
from ..base import log
from ..base.connectivity import Connectivity
from ..base.errors import BackendError, ConfigurationError
from ..base.synapses import NONE
from ..config import CoreSimConfig, GPUConfig, Stimulus, describe, read_stimuli
from ..models.plasticity import CONVENTION
from ..network.connectivity import connectivity_of
from ..network.network import Report
from ..network.plan import make_plan
from .batch import Batch
from .cpu_engine import CpuEngine, thread_count
from .cuda_engine import CudaEngine
from .drive import Drive, make_drive
from .judge import check_model
from .keyframes import Keyframes
from .learning_view import SAMPLE, LearningView, PlasticityEvents, view
from .memory import available_bytes, check_fits, used_share
from .profiler import Profiler
from .rewiring import SIZES_CHANGE
from .sampling import LEAST_ROWS, Sampling
from .snapshot import Snapshot

_log = log.get("engine")


@cache
def _say_why_cpu(reason: str) -> None:
    """Log each reason once, however many networks are built."""
    _log.info("Using the CPU: %s", reason)


class Loan(NamedTuple):
    """What a simulation had when its engine was lent."""

    state: Snapshot
    live: dict[str, Any]
    keyframes: Keyframes
    probes: np.ndarray
    profiler: Profiler | None


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
        for cell in self.plan.cells.values():
            check_model(cell.model)
        self._engine = self._make_engine(report)
        self._live: dict[str, Any] = {}
        self._engine.set_drive(self._drive_of(self._live))
        if isinstance(self._engine, CpuEngine):
            if report is not None:
                report("Compiling", 0.5)
            self._engine.compile()
        self._probes = np.zeros(0, np.int64)
        self._keyframes = Keyframes(round(self.gpu.rewind_memory_MB * 1e6))
        self._sampling: Sampling | None = None
        self._intact = True         # False when a batch failed half-way on a device; the keyframes still know all
        self.profiler = (Profiler(self.gpu.profiling_window_size, self.gpu.profiling_detailed)
                         if self.gpu.enable_profiling else None)
        self.build_time_s = time.perf_counter() - started
        if core.rewards and not self.rewarded:
            _log.warning("Rewards are planned, but nothing waits for them; switch reward-modulated STDP on.")
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
                with cuda.guarded("building the network"):
                    check_fits(self.plan, cuda.free_bytes(), share, cuda.device())
                    cuda.limit_pool(share)
                    return CudaEngine(self.plan, report)
            _say_why_cpu(reason)
        threads = thread_count(self.gpu.num_threads, self.plan.num_neurons)
        check_fits(self.plan, available_bytes(), share, threads=threads)
        return CpuEngine(self.plan, threads, report)

    # ---- facts
    @property
    def network(self):
        """Positions, populations and synapses."""
        return self._engine.network

    @property
    def backend_name(self) -> str:
        return self._engine.name

    @property
    def device_info(self) -> dict[str, object]:
        """What computes, with its versions: what belongs beside a measurement."""
        return {"backend": self.backend_name, **({} if self.on_host else cuda.versions())}

    @property
    def on_host(self) -> bool:
        """True where the CPU computes, False where a device does."""
        return self._engine.on_host

    @property
    def dt_ms(self) -> float:
        return self.core.dt_ms

    @property
    def step_index(self) -> int:
        """Number of steps done; those of a batch that failed do not count."""
        return self._engine.step_index if self._intact else self._keyframes.step

    @property
    def time_ms(self) -> float:
        """Simulated time: steps x dt, never a running sum."""
        return self.step_index * self.core.dt_ms

    @property
    def memory_bytes(self) -> int:
        return self._engine.memory_bytes

    @property
    def live(self) -> dict[str, Any]:
        """The values that were changed while running and are in force, by field, as JSON has them."""
        return dict(self._live)

    @property
    def fingerprint(self) -> str:
        """32 hexadecimal digits that tell two networks apart: synapses as built, cell parameters, grid of weights.

        States may pass between networks of the same fingerprint, whatever computes them.
        """
        plan = self.plan
        digest = hashlib.sha256(f"{self.network.fingerprint} {plan.weight_scale!r} {plan.dt!r}".encode())
        digest.update(repr([dict(q.plasticity or {}) for q in plan.projections if q.plasticity]).encode())
        if plan.learning is not None:
            digest.update(CONVENTION.encode())
        for k, p in enumerate(plan.populations):
            values = np.array(plan.parameter_values(k), "<f4")
            digest.update(f"{p.start} {p.stop} {p.model} {plan.scale_of(k)!r}".encode() + values.tobytes())
            if p.spread:
                digest.update(f"{sorted(p.spread.items())} {plan.core.heterogeneity_law}".encode())
        return digest.hexdigest()[:32]

    def memory_use(self) -> float:
        """Share (0..1) of the memory of what computes, host or device, that is in use, by whomever."""
        if self._engine.on_host:
            return used_share()
        with self._guard("reading its memory"):
            return cuda.used_share()

    @property
    def state(self) -> dict[str, np.ndarray]:
        """Copies of the state arrays by name, (N,) float32."""
        with self._guard("copying the state"):
            return {name: array.copy() for name, array in self._engine.states.items()}

    def potential(self) -> np.ndarray:
        """A copy of the membrane potentials alone, (N,) float32 mV: what a picture needs of the state."""
        with self._guard("reading the membrane potentials"):
            return self._engine.potential()

    def picture(self) -> tuple[np.ndarray | DeviceArray, np.ndarray | DeviceArray]:
        """Copies of the potentials (N,) float32 mV and of the newest spikes' steps (N,) int32, where they are computed.

        Those on a device become NumPy arrays when they are looked at.
        """
        with self._guard("copying the state for a picture"):
            return self._engine.picture()

    def states_of(self, neuron: int, names: tuple[str, ...]) -> tuple[float, ...]:
        """The named states of one neuron, in their units."""
        engine = self._engine
        with self._guard("reading a neuron's state"), engine.memory():
            values = engine.to_host(engine.gather(names, engine.places(np.array([neuron]))))
        return tuple(float(value) for value in values[:, 0])

    def last_spike_step(self) -> np.ndarray:
        """The step of every neuron's newest spike, (N,) int32; very negative where there was none."""
        with self._guard("reading the newest spikes"):
            known = self._engine.last_spike
        return known.copy() if self._engine.on_host else known

    def spike_counts(self) -> np.ndarray:
        """Spikes of every neuron since step 0, (N,) uint32."""
        return self._engine.spike_counts.copy()

    def connectivity(self) -> Connectivity:
        """The facts of the network's wiring; takes up to a second for a large one."""
        with self._guard("looking at the synapses"):
            return connectivity_of(self.network)

    # ---- actions
    def step(self, count: int = 1, record: bool = True) -> Batch:
        """Advance `count` steps and return their spikes and traces.

        Without `record` a device need not send its spikes; `spike_counts` still counts them. Raises BackendError when
        the device fails; none of the steps counts then, and `move_to` goes on from where the last batch ended.
        """
        if count < 0:
            raise ConfigurationError(f"step({count}): the number of steps must not be negative.", "count", count)
        self._require_intact()
        detailed = self.profiler is not None and self.profiler.detailed
        with self._guard("copying the state"):
            self._keyframes.refresh(self._engine)
        try:
            with self._guard("stepping"):
                batch = self._run(int(count), detailed, record)
        except BackendError:
            self._intact = False
            raise
        self._keyframes.reached(count)
        if self.profiler is not None:
            self.profiler.saw(batch)
        return batch

    def _run(self, count: int, timed: bool, record: bool) -> Batch:
        probes, columns = np.unique(self._probes, return_inverse=True)      # the engines take each neuron once
        batch = (self._engine.run(count, probes, timed=timed, record=record) if self._sampling is None else
                 self._sampling.run(count, probes, timed, record))
        in_order = np.array_equal(probes, self._probes)
        return batch if in_order else replace(batch, probe_v=batch.probe_v[:, columns])

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

    def sample(self, variables: Sequence[str], ids: Sequence[int], interval_steps: int = 1,
               rows: int = 1 << 20, share: float = 0.1) -> Sampling:
        """Begin to keep values of these variables of these neurons; the returned object gives them out.

        One at a time: an earlier one ends. `rows` are expected; a device makes room for them, but for no more than
        this `share` of its free memory, and at least for `LEAST_ROWS`.
        """
        self._sampling = None
        with self._guard("making room for samples"):
            if not self.on_host:
                row_bytes = 4 * max(1, len(variables) * len(ids))
                rows = max(LEAST_ROWS, min(rows, int(cuda.free_bytes() * share) // row_bytes))
            self._sampling = Sampling(self._engine, variables, ids, interval_steps, rows)
        return self._sampling

    def end_sampling(self) -> None:
        """Keep no more values."""
        self._sampling = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The names of the state variables that every neuron may have."""
        return self._engine.state_names

    @property
    def state_bytes(self) -> int:
        """Size of a snapshot."""
        return self._engine.snapshot_bytes

    def set_live(self, **values: Any) -> None:
        """Change drive values while running: background_rate_Hz, external_current_pA, stimuli, ... (group Drive)."""
        checked = self.core.changed(**values)                      # validates ranges; raises before anything changes
        for name in values:
            if describe(CoreSimConfig, name)["group"] != "Drive":
                raise ConfigurationError(f"{name} cannot change while running; apply it with a reset.", name)
        live = {**self._live, **{name: checked.model_dump(mode="json")[name] for name in values}}
        with self._guard("changing the drive"):
            self._engine.set_drive(self._drive_of(live))
        self._live = live
        self._keyframes.changed(self.step_index, live)

    @property
    def stimuli(self) -> tuple[Stimulus, ...]:
        """The stimuli in force."""
        return read_stimuli(self._live.get("stimuli", self.core.stimuli))

    def set_stimuli(self, stimuli: Sequence[Stimulus | Mapping[str, Any]]) -> None:
        """Replace all stimuli from the next step on; a noise goes on where its place holds a noise still.

        Raises ConfigurationError, and changes nothing, where one does not fit the network.
        """
        self.set_live(stimuli=stimuli)

    def _drive_of(self, live: Mapping[str, Any]) -> Drive:
        return make_drive(self.plan, live, self.network.positions)

    def reward(self, amount: float = 1.0, delay_ms: float = 0.0) -> None:
        """Give a reward of `amount` (negative: a punishment) in `delay_ms`: dopamine rises by it before that step.

        It joins the live values (`rewards`), so recordings, checkpoints and runs computed again know of it.
        """
        self.set_live(rewards=self.rewards_with(amount, delay_ms))

    def rewards_with(self, amount: float, delay_ms: float = 0.0) -> list[list[float]]:
        """The value of `rewards` with one of `amount` in `delay_ms`; ConfigurationError where nothing waits for it.

        Those that are past go: dopamine holds them.
        """
        if not self.rewarded:
            raise ConfigurationError("Nothing waits for a reward here; switch reward-modulated STDP on and build anew.",
                                     "enable_reward_modulation", False)
        for name, value in (("amount", amount), ("delay_ms", delay_ms)):
            if not isinstance(value, Real) or not math.isfinite(value):
                raise ConfigurationError(f"A reward's {name} must be a finite number, not {value!r}.", name, value)
        if delay_ms < 0.0:
            raise ConfigurationError(f"The reward's delay is {delay_ms:g} ms, but must not be negative.", "delay_ms",
                                     delay_ms)
        given = self._live.get("rewards", self.core.rewards)
        return [*(list(one) for one in given if round(one[0] / self.dt_ms) >= self.step_index),
                [self.time_ms + delay_ms, float(amount)]]

    @property
    def rewarded(self) -> bool:
        """Whether some synapses wait for rewards."""
        return self.plan.learning is not None and self.plan.learning.rewarded

    @property
    def plasticity_events(self) -> PlasticityEvents:
        """How often a weight rose or fell, and a synapse grew or vanished, since step 0."""
        with self._guard("counting what was learned"):
            return PlasticityEvents(*self._engine.plasticity_events)

    @property
    def dopamine(self) -> float:
        """Dopamine above its tonic level, in rewards."""
        return self._engine.dopamine

    def learning_view(self) -> LearningView | None:
        """Counters and weights of a network that learns; None where no synapse changes."""
        learning = self.plan.learning
        if learning is None:
            return None
        with self._guard("reading the weights"):
            sample = self.network.sample(SAMPLE) if learning.weights else NONE
            return view(self.plan, self.network.population_of, sample, self.plasticity_events, self.dopamine)

    # ---- state as a whole
    def layout(self) -> dict[str, tuple[np.dtype, tuple[int | None, ...]]]:
        """Type and shape of every array of the network's snapshots, by path; None where synapses that come and go
        change the size."""
        growing = {f"further/{name}" for name in SIZES_CHANGE} if self.plan.rewires else set()
        return {path: (values.dtype, (None,) if path in growing else values.shape)
                for path, values in self.snapshot().arrays().items()}

    def snapshot(self) -> Snapshot:
        """Copy the whole dynamic state; any engine of the same plan continues from it with the same bits."""
        self._require_intact()
        with self._guard("copying the state"):
            return self._engine.snapshot()

    def restore(self, snapshot: Snapshot, live: Mapping[str, Any] | None = None) -> None:
        """Continue from `snapshot`, which must come from the same plan; the run begins there.

        `live` are the changed values in force; without it those that are in force now.
        """
        live = self._live if live is None else dict(live)
        with self._guard("restoring the state"):
            self._bring_to(self._engine, snapshot, live)
        self._begin(snapshot, live)

    @property
    def first_step(self) -> int:
        """The earliest step to which `go_back` leads: where the run began."""
        return self._keyframes.first_step

    def go_back(self, step: int, report: Report | None = None) -> None:
        """Back to the start of step `step` of this run, bit for bit; what came after is forgotten.

        `report` may raise `Cancelled`; then nothing is changed.
        """
        if not self.first_step <= step <= self.step_index:
            raise ConfigurationError(
                f"The run can go back to between {self.first_step * self.dt_ms:,.10g} and {self.time_ms:,.10g} ms, "
                f"not to {step * self.dt_ms:,.10g} ms.", "step", step)
        present = self.snapshot()
        try:
            with self._guard("going back"):
                self._keyframes.bring(self._engine, step, self._drive_of, report)
        except BaseException:
            with self._guard("going back"):
                self._bring_to(self._engine, present, self._live)
            raise
        self._live = self._keyframes.live_at(step)
        self._keyframes.forget_after(step)

    def lend(self) -> Loan:
        """Let somebody else use the engine; `take_back` makes it as if nothing had happened."""
        loan = Loan(self.snapshot(), self._live, self._keyframes, self._probes, self.profiler)
        self._keyframes, self.profiler = Keyframes(0), None
        self._keyframes.begin(loan.state, loan.live)
        return loan

    def take_back(self, loan: Loan) -> None:
        """Go on from where the engine was lent.

        Raises BackendError when the device has failed meanwhile; then `move_to` goes on from there.
        """
        self._live, self._keyframes, self.profiler = loan.live, loan.keyframes, loan.profiler
        self._probes, self._intact = loan.probes, False
        with self._guard("taking the state back"):
            self._bring_to(self._engine, loan.state, self._live)
        self._intact = True

    def move_to(self, backend: str, report: Report | None = None) -> None:
        """Go on with another backend, from the same state, bit for bit.

        Where the device has failed, its state is recomputed from the newest keyframe: a run is a function of its
        seed and its inputs, so nothing is lost but the time. `report` is as for a build. When the other backend
        cannot be had, an error says why and nothing is changed.
        """
        snapshot: Snapshot | None
        replay: Keyframes | None = None
        try:
            snapshot = self.snapshot()
        except BackendError as error:
            _log.warning("%s", error)
            snapshot, replay = None, self._keyframes
        previous, self.gpu = self.gpu, self.gpu.changed(backend=backend)
        try:
            engine = self._make_engine(report)
            with self._guard("taking over the state", engine):
                self._bring(engine, snapshot, replay, report)
        except BaseException:
            self.gpu = previous
            raise
        if self._sampling is not None:
            self._sampling.take_over(engine, intact=replay is None)
        failed, self._engine, self._intact = self._engine, engine, True
        self._release(failed)
        _log.info("Continuing on %s at step %d.", engine.name, engine.step_index)

    def _bring(self, engine: CpuEngine | CudaEngine, snapshot: Snapshot | None, replay: Keyframes | None,
               report: Report | None) -> None:
        """Bring a new engine to `snapshot`, or to where `replay` knows the run to have come."""
        if replay is not None:
            replay.bring(engine, replay.step, self._drive_of, report)
        elif snapshot is not None:
            self._bring_to(engine, snapshot, self._live)

    def _bring_to(self, engine: CpuEngine | CudaEngine, snapshot: Snapshot, live: Mapping[str, Any]) -> None:
        """Bring an engine to a state and its drive; the drive comes first, because stimuli have states of their own."""
        drive = self._drive_of(live)
        engine.set_drive(drive)
        engine.restore(snapshot)
        engine.set_drive(drive)

    def _guard(self, action: str, engine: CpuEngine | CudaEngine | None = None) -> AbstractContextManager:
        """Make one sentence of whatever the device reports during `action`."""
        return nullcontext() if (engine or self._engine).on_host else cuda.guarded(action)

    def _require_intact(self) -> None:
        if not self._intact:
            raise BackendError(f"The device failed after step {self.step_index:,}; continue on the CPU from there, or "
                               "go back to time 0.")

    def reset(self) -> None:
        """Back to the initial state of the same network; rewards that were given by hand are not given again."""
        live = {name: value for name, value in self._live.items() if name != "rewards"}
        with self._guard("resetting the state"):
            self._engine.reset()
            self._engine.set_drive(self._drive_of(live))
        self._begin(None, live)

    def _begin(self, snapshot: Snapshot | None, live: dict[str, Any]) -> None:
        self._live = live
        self._keyframes.begin(snapshot, live)
        self._intact = True

    def close(self) -> None:
        """Release threads and memory."""
        self._release(self._engine)

    def _release(self, engine: CpuEngine | CudaEngine) -> None:
        with suppress(BackendError), self._guard("giving its memory back", engine):      # a lost device cannot
            engine.close()
