"""SimulationBridge: the scripting interface, thin over `engine.simulation.Simulation`.

    from neural_simulator import CoreSimConfig, GPUConfig, SimulationBridge

    sim = SimulationBridge(core_config=CoreSimConfig(num_neurons=10_000, seed=42))
    sim.initialize()
    batch = sim.run(1000.0)                     # ms; batch.spike_steps, batch.spike_ids
    sim.runtime_state.actual_seed_used          # the seed really used; -1 asks for a random one

`initialize`, `step` and `run` are the spellings to use. The others keep scripts alive that were written for the
program's predecessor; their arrays are NumPy arrays that also answer to CuPy's `.get()`.
It stands in this room because it joins the engine to files (recordings), which do not know each other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ..base.connectivity import Connectivity
from ..base.errors import ConfigurationError, SimulatorError
from ..config import CoreSimConfig, GPUConfig, RuntimeState, Stimulus, VisualizationConfig
from ..engine.batch import Batch
from ..engine.learning_view import LearningView
from ..engine.profiler import write_report
from ..engine.simulation import Simulation
from ..files.connectivity_figure import save_connectivity
from ..files.recording_choice import RecordingChoice
from . import checkpoints
from .recorder import RunRecorder

RATE_WINDOW_MS = 100.0          # over which the mean firing rate of a snapshot is smoothed
MAX_LISTED_SYNAPSES = 20_000


class HostArray(np.ndarray):
    """A NumPy array that scripts may also treat as a CuPy array: `.get()` returns it as a plain array."""

    def get(self) -> np.ndarray:
        """Return the plain array."""
        return np.asarray(self)


class Connections(NamedTuple):
    """The synapses as a sparse matrix with presynaptic rows; made of one copy of the network's synapses."""

    indptr: np.ndarray           # (N + 1,) int64
    indices: np.ndarray          # (S,) int32, targets
    data: np.ndarray             # (S,) float32, weights in the targets' unit (nS, or pA for current-based cells)
    delay_steps: np.ndarray      # (S,) int32

    @property
    def nnz(self) -> int:
        """Number of synapses."""
        return int(self.indices.size)

    @property
    def shape(self) -> tuple[int, int]:
        """(neurons, neurons)."""
        return self.indptr.size - 1, self.indptr.size - 1


class SimulationBridge:
    """One simulation, from its configuration to its results.

    `core_config`, `viz_config`, `runtime_state` and `gpu_config` default to their classes' defaults.
    `sim_core_ref` is accepted for older scripts, which pass None. Errors are `SimulatorError`s with one sentence.
    """

    def __init__(self, sim_core_ref: None = None, core_config: CoreSimConfig | None = None,
                 viz_config: VisualizationConfig | None = None, runtime_state: RuntimeState | None = None,
                 gpu_config: GPUConfig | None = None):
        if sim_core_ref is not None:
            raise ConfigurationError("sim_core_ref must be None; pass the configuration as core_config=.",
                                     "sim_core_ref", sim_core_ref)
        self.core_config = core_config or CoreSimConfig()
        self.viz_config = viz_config or VisualizationConfig()
        self.gpu_config = gpu_config or GPUConfig()
        self.runtime_state = runtime_state or RuntimeState()
        self._simulation: Simulation | None = None
        self._recorder: RunRecorder | None = None
        self._connections: Connections | None = None
        self._last_spikes = 0
        self._rate_Hz = 0.0

    # ---- building ---------------------------------------------------------------------------------------
    def initialize(self) -> None:
        """Build the network of `core_config` and put it at time 0.

        An earlier network stays until the new one is complete; where memory does not hold both, free it first with
        `clear_simulation_state_and_gpu_memory()`.
        """
        self._install(self.core_config, self.gpu_config)

    def _install(self, core: CoreSimConfig, gpu: GPUConfig) -> None:
        simulation = Simulation(core, gpu)
        self.clear_simulation_state_and_gpu_memory()
        self._simulation, self.core_config, self.gpu_config = simulation, core, gpu
        self._rewound()

    def _initialize_simulation_data(self, called_from_playback_init: bool = False) -> None:
        """The older spelling of `initialize()`; the argument has no meaning any more."""
        self.initialize()

    @property
    def is_initialized(self) -> bool:
        """True when there is a network."""
        return self._simulation is not None

    @property
    def simulation(self) -> Simulation:
        """The simulation underneath; SimulatorError before `initialize()`."""
        if self._simulation is None:
            raise SimulatorError("There is no network yet; call initialize() first.")
        return self._simulation

    def clear_simulation_state_and_gpu_memory(self) -> None:
        """Finish a recording and give up the network and its memory; `initialize()` builds it again."""
        self.stop_recording()
        if self._simulation is not None:
            self._simulation.close()
        self._simulation = self._connections = None
        self._rewound()

    def reset(self) -> None:
        """Back to time 0 of the same network."""
        self.stop_recording()
        self.simulation.reset()
        self._rewound()

    def _rewound(self) -> None:
        self._last_spikes, self._rate_Hz = 0, 0.0
        state = self.runtime_state
        state.is_running = state.is_paused = False
        state.actual_seed_used = -1 if self._simulation is None else self._simulation.seed
        state.current_time_step, state.current_time_ms = 0, 0.0

    # ---- running ----------------------------------------------------------------------------------------
    def step(self, count: int = 1) -> Batch:
        """Advance `count` steps; return their spikes (`spike_steps`, `spike_ids`) and traces."""
        batch = self.simulation.step(count)
        if self._recorder is not None:
            self._recorder.saw(replace(batch, spike_steps=batch.spike_steps.copy(), spike_ids=batch.spike_ids.copy()))
            self._recorder.settle()                 # nobody knows when a script goes on, and what it does to its batch
        self._moved(batch)
        return batch

    def run(self, duration_ms: float) -> Batch:
        """Advance by `duration_ms` (ms), rounded to whole steps."""
        return self.step(round(duration_ms / self.simulation.dt_ms))

    def set_stimuli(self, stimuli: Sequence[Stimulus | Mapping[str, Any]]) -> None:
        """Replace all stimuli from the next step on; see docs/stimuli.md. ConfigurationError changes nothing."""
        self.simulation.set_stimuli(stimuli)
        if self._recorder is not None:
            self._recorder.changed({"stimuli": self.simulation.live["stimuli"]})

    def _run_one_simulation_step(self) -> None:
        """The older spelling of `step(1)`; it moves `runtime_state`'s clock as well."""
        self.step(1)

    def _moved(self, batch: Batch) -> None:
        sim, state = self.simulation, self.runtime_state
        state.current_time_step, state.current_time_ms = sim.step_index, sim.time_ms
        if state.current_time_ms >= self.core_config.total_simulation_time_ms:
            state.is_running = False
        if batch.num_steps:
            duration_ms = batch.num_steps * sim.dt_ms
            mean_Hz = batch.spike_ids.size / sim.network.num_neurons / duration_ms * 1000.0
            kept = math.exp(-duration_ms / RATE_WINDOW_MS)
            self._rate_Hz = kept * self._rate_Hz + (1.0 - kept) * mean_Hz
            self._last_spikes = int((batch.spike_steps == sim.step_index - 1).sum())

    def start_simulation(self) -> None:
        """Mark the run as running, for scripts that step while `runtime_state.is_running`; builds where needed.

        The mark falls when `total_simulation_time_ms` is reached, and with `stop_simulation()`.
        """
        if not self.is_initialized:
            self.initialize()
        self.runtime_state.is_running, self.runtime_state.is_paused = True, False

    def stop_simulation(self) -> None:
        """Take back the mark of `start_simulation()`; the network keeps its state, `reset()` rewinds it."""
        self.runtime_state.is_running = self.runtime_state.is_paused = False

    def pause_simulation(self) -> None:
        """Mark a running run as paused."""
        self.runtime_state.is_paused = self.runtime_state.is_running

    def resume_simulation(self) -> None:
        """Take back the mark of `pause_simulation()`."""
        self.runtime_state.is_paused = False

    def reward(self, amount: float = 1.0, delay_ms: float = 0.0) -> None:
        """Give a reward of `amount` (negative: a punishment) in `delay_ms`, where STDP waits for rewards."""
        self.simulation.reward(amount, delay_ms)
        if self._recorder is not None:
            self._recorder.changed({"rewards": self.simulation.live["rewards"]})

    def learning_view(self) -> LearningView | None:
        """Counters, mean weight per projection and a histogram of the weights; None where nothing learns."""
        return self.simulation.learning_view()

    # ---- looking ----------------------------------------------------------------------------------------
    @property
    def cp_firing_states(self) -> HostArray | None:
        """Who fired in the newest step, (N,) bool; None without a network."""
        if self._simulation is None:
            return None
        return _shared(self._simulation.last_spike_step() == self._simulation.step_index - 1)

    @property
    def cp_membrane_potential_v(self) -> HostArray | None:
        """Membrane potentials, (N,) float32 mV; None without a network."""
        return None if self._simulation is None else _shared(self._simulation.potential())

    @property
    def cp_connections(self) -> Connections | None:
        """The synapses (`.data`, `.indices`, `.indptr`), rows presynaptic; None without a network."""
        learns = self._simulation is not None and self._simulation.plan.learning is not None
        if self._simulation is not None and (self._connections is None or learns):
            indptr, indices, weights, delays = self._simulation.network.csr()
            self._connections = Connections(_shared(indptr), _shared(indices), _shared(weights), _shared(delays))
        return self._connections

    def connectivity(self) -> Connectivity:
        """The facts of the wiring: degrees, weights, delays, clustering, E/I ratio; `.numbers()` lists the numbers."""
        return self.simulation.connectivity()

    def save_connectivity_figure(self, filepath: str | Path) -> None:
        """Write the facts of the wiring as a PNG; FileFormatError when it cannot be written."""
        save_connectivity(self.connectivity(), filepath)

    def get_latest_simulation_data_for_gui(self, force_fetch: bool = False) -> dict[str, Any]:
        """The present state as a dictionary of numbers and arrays; a new copy at every call."""
        sim = self.simulation
        network, populations = sim.network, sim.network.populations
        presets = list(dict.fromkeys(p.preset for p in populations))
        of = network.population_of
        synapses = network.sample_synapses(min(MAX_LISTED_SYNAPSES, self.viz_config.max_synapses_drawn))
        last_spike = sim.last_spike_step()
        age_ms = (sim.step_index - last_spike.astype(np.float64)) * sim.dt_ms
        return {
            "current_time_ms": sim.time_ms,
            "current_time_step": sim.step_index,
            "num_spikes_this_step": self._last_spikes,
            "network_avg_firing_rate_hz": self._rate_Hz,
            "total_plasticity_events": sum(sim.plasticity_events),
            "neuron_model_type_str": self.core_config.neuron_model_type.value,
            "num_neurons_snapshot": network.num_neurons,
            "neuron_types_list_for_viz": presets,
            "neuron_type_ids_cp": _shared(np.array([presets.index(p.preset) for p in populations], np.int32)[of]),
            "neuron_traits_cp": _shared(np.array([p.trait for p in populations], np.int32)[of]),
            "neuron_fired_status_cp": _shared(last_spike == sim.step_index - 1),
            "neuron_activity_timers_cp": _shared(np.maximum(
                0.0, self.viz_config.activity_decay_ms - age_ms).astype(np.float32)),     # ms of glow left
            "neuron_positions_3d_cp": _shared(network.positions.copy()),
            "synapse_info": [{"source_idx": pre, "target_idx": post} for pre, post in synapses.tolist()],
        }

    # ---- configuration ----------------------------------------------------------------------------------
    def get_current_simulation_configuration_dict(self) -> dict[str, dict[str, Any]]:
        """All configurations as nested dictionaries that JSON can hold."""
        parts = {"core_config": self.core_config, "viz_config": self.viz_config, "gpu_config": self.gpu_config,
                 "runtime_state": self.runtime_state}
        return {name: part.model_dump(mode="json") for name, part in parts.items()}

    def apply_simulation_configuration_core(self, full_config_dict: Mapping[str, Mapping[str, Any]],
                                            is_part_of_playback_setup: bool = False) -> bool:
        """Build the network that a nested dictionary describes, and return True.

        Parts that are missing keep their present values. Of `runtime_state` only the speed is taken over. Raises
        ConfigurationError for a bad value or key; then nothing is changed.
        """
        known = {"core_config", "viz_config", "gpu_config", "runtime_state"}
        if unknown := sorted(set(full_config_dict) - known):
            raise ConfigurationError(f"The configuration has no part {unknown[0]!r}; its parts are "
                                     f"{', '.join(sorted(known))}.", unknown[0])
        core = CoreSimConfig(**full_config_dict.get("core_config", self.core_config.model_dump()))
        viz = VisualizationConfig(**full_config_dict.get("viz_config", self.viz_config.model_dump()))
        gpu = GPUConfig(**full_config_dict.get("gpu_config", self.gpu_config.model_dump()))
        runtime = RuntimeState(**full_config_dict.get("runtime_state", self.runtime_state.model_dump()))
        self._install(core, gpu)
        self.viz_config = viz
        self.runtime_state.simulation_speed_factor = runtime.simulation_speed_factor
        return True

    # ---- checkpoints ------------------------------------------------------------------------------------
    def save_checkpoint(self, filepath: str | Path, gui_config_snapshot: None = None) -> bool:
        """Write the whole state into a file, replacing it atomically, and return True.

        FileFormatError when the disk refuses. The second argument has no meaning any more.
        """
        checkpoints.save(self.simulation, Path(filepath), self.core_config)
        return True

    def load_checkpoint(self, filepath: str | Path) -> bool:
        """Put the network and state of a checkpoint in the place of the present ones, and return True.

        Running on from it gives, bit for bit, what running on would have given when it was saved, on whatever
        backend `gpu_config` names. FileFormatError for a file that cannot be used; then nothing is changed.
        """
        sim, core = checkpoints.load(filepath, lambda core: Simulation(core, self.gpu_config))
        self.clear_simulation_state_and_gpu_memory()
        self._simulation, self.core_config = sim, core
        self._rewound()
        self.runtime_state.current_time_step, self.runtime_state.current_time_ms = sim.step_index, sim.time_ms
        return True

    # ---- recording --------------------------------------------------------------------------------------
    def start_recording_to_file(self, filepath: str | Path, choice: RecordingChoice | None = None) -> None:
        """Record all spikes, and what is chosen, from now on into a new file.

        The default keeps the spikes and the whole state at the beginning, from which `app.replay` computes
        everything else again. FileFormatError when the file exists or cannot be written.
        """
        if self._recorder is not None:
            raise SimulatorError("A recording is under way already; finish it with stop_recording() first.")
        self._recorder = RunRecorder(Path(filepath), self.core_config, self.simulation, (), choice, self.gpu_config)

    def stop_recording(self) -> None:
        """Finish the recording, where there is one."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()

    # ---- profiling --------------------------------------------------------------------------------------
    def get_profiling_stats(self) -> dict[str, Any]:
        """Mean, std, p50, p95, p99 (s) and count of `step_total` and, in detail, of each phase of a step.

        Without `enable_profiling`: `{"profiling_disabled": True}`.
        """
        profiler = self._simulation.profiler if self._simulation is not None else None
        return {"profiling_disabled": True} if profiler is None else profiler.statistics()

    def export_profiling_report(self, filepath: str | Path) -> bool:
        """Write the profiling statistics as JSON, and return True; SimulatorError when profiling is off."""
        sim = self.simulation
        if sim.profiler is None:
            raise SimulatorError("Profiling is off; build with GPUConfig(enable_profiling=True).")
        core, gpu = self.core_config, self.gpu_config
        config = {"neuron_model": core.neuron_model_type.value, "num_neurons": core.num_neurons,
                  "connections_per_neuron": core.connections_per_neuron, "dt_ms": core.dt_ms, "seed": sim.seed,
                  "profiling_window_size": gpu.profiling_window_size, "profiling_detailed": gpu.profiling_detailed}
        write_report(filepath, sim.profiler, config, sim.device_info)
        return True


def _shared(array: np.ndarray) -> HostArray:
    return array.view(HostArray)
