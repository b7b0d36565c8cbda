"""What happens with and without a CUDA device, and when it is too small or fails."""

from __future__ import annotations

import logging
import sys
import types

import numpy as np
import pytest

from neural_simulator.backend import cuda
from neural_simulator.base.errors import BackendError, MemoryForecastError
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine import simulation
from neural_simulator.engine.memory import estimate_memory
from neural_simulator.engine.phases import PHASES
from neural_simulator.engine.simulation import Simulation

SMALL = CoreSimConfig(seed=1, num_neurons=200, connections_per_neuron=20)
ONE_DELAY = {"conduction_velocity_um_per_ms": 1e6}


@pytest.fixture
def fresh_problem():
    cuda.problem.cache_clear()
    simulation._say_why_cpu.cache_clear()
    yield
    cuda.problem.cache_clear()


@pytest.fixture
def device():
    reason = cuda.problem()
    if reason is not None:
        pytest.skip(f"no CUDA: {reason}")
    return cuda.device()


def fake_cupy(count=None, error=None):
    """A module that looks like CuPy to `cuda.problem`."""
    class CUDARuntimeError(RuntimeError):
        pass

    def get_device_count():
        if error:
            raise CUDARuntimeError(error)
        return count
    runtime = types.SimpleNamespace(CUDARuntimeError=CUDARuntimeError, getDeviceCount=get_device_count)

    def raw_module(**options):
        raise RuntimeError("nvrtc: error: invalid value for --gpu-architecture")
    return types.SimpleNamespace(cuda=types.SimpleNamespace(runtime=runtime), RawModule=raw_module)


@pytest.mark.parametrize(("module", "words"), [
    (None, "CuPy cannot be imported"),
    (fake_cupy(error="cudaErrorInsufficientDriver: CUDA driver version is insufficient"), "driver reports"),
    (fake_cupy(count=0), "finds no device"),
    (fake_cupy(count=1), "cannot compile for this device"),
])
def test_auto_says_why_and_takes_the_cpu(module, words, monkeypatch, fresh_problem, caplog):
    monkeypatch.setitem(sys.modules, "cupy", module)
    with caplog.at_level(logging.INFO, "neural_simulator.engine"):
        sim = Simulation(SMALL, GPUConfig(backend="auto"))
        Simulation(SMALL, GPUConfig(backend="auto"))
    assert sim.backend_name.startswith("CPU")
    assert words in caplog.text and caplog.text.count("Using the CPU") == 1, "each reason is said once"
    assert sim.step(500).spike_ids.size > 0
    with pytest.raises(BackendError, match=words):
        Simulation(SMALL, GPUConfig(backend="cuda"))


def test_a_network_beyond_the_devices_memory_is_refused_with_numbers(device):
    core = CoreSimConfig(num_neurons=16_000_000, connections_per_neuron=20_000, connection_length_um=1e9, **ONE_DELAY)
    with pytest.raises(MemoryForecastError) as caught:
        Simulation(core, GPUConfig(backend="cuda"))
    assert caught.value.needed > caught.value.available > 0
    assert 1000 < caught.value.largest < core.num_neurons
    assert f"{caught.value.largest:,}" in str(caught.value)


def test_the_memory_share_limits_what_a_network_may_take(device):
    core = CoreSimConfig(num_neurons=1_000_000, connections_per_neuron=1000, **ONE_DELAY)
    with pytest.raises(MemoryForecastError):
        Simulation(core, GPUConfig(backend="cuda", memory_pool_limit_fraction=0.05))


def test_the_memory_share_limits_what_is_allocated_on_the_device(device):
    pool = cuda.xp().get_default_memory_pool()
    sim = Simulation(SMALL, GPUConfig(backend="cuda", memory_pool_limit_fraction=0.05))
    try:
        with pytest.raises(BackendError, match="ran out of memory"), cuda.guarded("trying"):
            cuda.xp().zeros(int(0.06 * device.memory_bytes), np.uint8)
        assert sim.step(500).spike_ids.size > 0
    finally:
        cuda.limit_pool(1.0)
    before = sim.memory_use()
    held = cuda.xp().zeros(int(0.06 * device.memory_bytes), np.uint8)
    assert sim.memory_use() > before + 0.05
    del held
    assert sim.memory_use() < before + 0.01, "what the pool keeps unused is not in use"
    pool.free_all_blocks()


@pytest.mark.parametrize("values", [
    {"num_neurons": 10_000, "connections_per_neuron": 500, **ONE_DELAY},
    {"num_neurons": 50_000, "connections_per_neuron": 1000},
    {"num_neurons": 300_000, "connections_per_neuron": 200},
    {"num_neurons": 77_169, "neural_structure_profile": "POTJANS_DIESMANN_2014", "neuron_model_type": "LIF",
     "dt_ms": 0.1},
])
def test_the_memory_forecast_is_within_ten_percent(device, values):
    core = CoreSimConfig(seed=1, **values)
    sim = Simulation(core, GPUConfig(backend="cuda"))
    forecast = estimate_memory(core, device)
    assert abs(forecast / sim.memory_bytes - 1.0) < 0.1
    sim.close()


def test_an_allocation_that_fails_is_one_sentence(device):
    with pytest.raises(BackendError, match="ran out of memory while trying"), cuda.guarded("trying"):
        cuda.xp().zeros(2**50, np.uint8)


@pytest.mark.parametrize("delays", [{}, ONE_DELAY])
def test_phases_are_timed_on_every_backend_and_change_nothing(backend, delays):
    core = SMALL.changed(excitatory_weight_nS=2.0, **delays)
    plain = Simulation(core, backend)
    timed = Simulation(core, backend.changed(enable_profiling=True, profiling_detailed=True))
    first, second = plain.step(300), timed.step(300)
    assert first.spike_ids.size > 100
    assert np.array_equal(first.spike_ids, second.spike_ids)
    assert second.phase_seconds.shape == (300, len(PHASES))
    assert (second.phase_seconds >= 0).all()
    assert 0 < second.phase_seconds.sum() <= second.seconds * 1.01


def test_both_layouts_of_a_device_and_the_cpu_agree_bit_for_bit(device, monkeypatch):
    from neural_simulator.engine import cuda_engine
    from neural_simulator.engine.layout import Layout, choose
    core = CoreSimConfig(seed=9, num_neurons=3000, connections_per_neuron=100, excitatory_weight_nS=0.8)
    results = []
    for layout in ("cpu", "partitioned", "global"):
        if layout == "global":
            monkeypatch.setattr(cuda_engine, "choose", lambda plan, device: Layout(
                "global", "for this test", 1, slots=plan.max_delay_steps + 2))
        else:
            monkeypatch.setattr(cuda_engine, "choose", choose)
        sim = Simulation(core, GPUConfig(backend="cpu" if layout == "cpu" else "cuda"))
        sim.set_probes([0, 1500, 2999])
        batches = [sim.step(n) for n in (1, 5, 33, 461)]
        ids = np.concatenate([b.spike_ids for b in batches])
        traces = np.concatenate([b.probe_v for b in batches])
        results.append((ids, traces, *sim.state.values(), *sim.network.csr()))
    assert results[0][0].size > 1000
    for other in results[1:]:
        assert all(np.array_equal(a, b) for a, b in zip(results[0], other, strict=True))
