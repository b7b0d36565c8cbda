"""The profiler: the newest durations, their statistics, and what they cost."""

from __future__ import annotations

import json
import platform

import numpy as np
import pytest

from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.batch import Batch
from neural_simulator.engine.phases import PHASES
from neural_simulator.engine.profiler import Profiler, Window, write_report
from neural_simulator.engine.simulation import Simulation

CORE = CoreSimConfig(seed=1, num_neurons=200, connections_per_neuron=20)
HAS_COUNTER = platform.machine().lower() in ("x86_64", "amd64")


def batch_of(steps, seconds, phases=None):
    nothing = np.zeros(0, np.int64)
    return Batch(0, steps, nothing, nothing.astype(np.int32), np.zeros((steps, 0), np.float32), seconds, phases)


def test_a_window_keeps_the_newest_durations_only():
    window = Window(4)
    window.add(np.array([9.0, 9.0, 1.0]))
    window.add(np.array([2.0, 3.0]))
    window.add(np.array([4.0]))
    assert window.statistics() == {"mean": 2.5, "std": pytest.approx(np.std([1, 2, 3, 4])), "p50": 2.5,
                                   "p95": pytest.approx(3.85), "p99": pytest.approx(3.97), "count": 4}


def test_more_durations_than_the_window_holds_leave_the_last_ones():
    window = Window(3)
    window.add(np.arange(10.0))
    assert window.statistics()["mean"] == 8.0 and window.statistics()["count"] == 3
    window.add(np.arange(100.0, 103.0))
    assert window.statistics()["mean"] == 101.0


def test_an_empty_window_has_zeros():
    assert Window(5).statistics() == {"mean": 0.0, "std": 0.0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "count": 0}


def test_each_step_of_a_batch_counts_with_the_batchs_mean():
    profiler = Profiler(100)
    profiler.saw(batch_of(4, 0.4))
    profiler.saw(batch_of(1, 0.6))
    profiler.saw(batch_of(0, 1.0))
    total = profiler.statistics()["step_total"]
    assert total["count"] == 5 and total["mean"] == pytest.approx(0.2) and total["p50"] == pytest.approx(0.1)
    assert set(profiler.statistics()) == {"step_total"}


def test_in_detail_the_step_is_the_sum_of_its_phases():
    profiler = Profiler(100, detailed=True)
    phases = np.array([[1.0, 2.0, 0.5, 0.0], [3.0, 2.0, 0.25, 0.25]])
    profiler.saw(batch_of(2, 50.0, phases))
    found = profiler.statistics()
    assert list(found) == ["step_total", *(phase.name for phase in PHASES)]
    assert found["step_total"]["mean"] == 4.5 and found["deliver"]["mean"] == 2.0 and found["send"]["count"] == 2


def test_without_profiling_nothing_is_measured(backend):
    sim = Simulation(CORE, backend)
    assert sim.step(10).phase_seconds is None and sim.profiler is None


def test_a_run_is_measured_step_by_step(backend):
    sim = Simulation(CORE, backend.changed(enable_profiling=True, profiling_window_size=50))
    batches = [sim.step(20) for _ in range(4)]
    total = sim.profiler.statistics()["step_total"]
    assert total["count"] == 50
    assert min(b.seconds for b in batches) / 20 <= total["mean"] <= max(b.seconds for b in batches) / 20


@pytest.mark.skipif(not HAS_COUNTER, reason="this processor's time counter cannot be read")
@pytest.mark.parametrize("threads", [1, 2])
def test_on_the_cpu_every_phase_is_timed_inside_the_batch(threads):
    gpu = GPUConfig(backend="cpu", num_threads=threads, enable_profiling=True, profiling_detailed=True)
    sim = Simulation(CORE.changed(num_neurons=2000, connections_per_neuron=100), gpu)
    sim.step(100)
    batch = sim.step(200)
    assert batch.phase_seconds.shape == (200, len(PHASES))
    assert np.all(batch.phase_seconds[:, :-1] > 0.0) and not batch.phase_seconds[:, -1].any()      # nothing is rewired
    assert batch.phase_seconds.sum() < 1.05 * batch.seconds          # the phases are parts of the batch
    found = sim.profiler.statistics()
    assert found["step_total"]["mean"] == pytest.approx(sum(found[phase.name]["mean"] for phase in PHASES))
    assert found["step_total"]["p50"] <= found["step_total"]["p95"] <= found["step_total"]["p99"]


def test_a_report_names_the_machine_the_versions_and_the_configuration(tmp_path):
    profiler = Profiler(10)
    profiler.saw(batch_of(2, 0.2))
    write_report(tmp_path / "report.json", profiler, {"num_neurons": 7}, {"backend": "abacus"})
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["unit"] == "s" and report["statistics"]["step_total"]["mean"] == pytest.approx(0.1)
    assert report["config"] == {"num_neurons": 7}
    system = report["system_info"]
    assert system["backend"] == "abacus" and system["numpy"] == np.__version__
    assert {"processor", "cores", "memory_bytes", "python", "numba", "neural_simulator"} <= set(system)
