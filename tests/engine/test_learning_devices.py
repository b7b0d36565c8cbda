"""Networks that learn on a device: the bits of the CPU, in both layouts and through a snapshot in either direction."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.backend import cuda
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine import cuda_engine
from neural_simulator.engine.layout import Layout
from neural_simulator.engine.simulation import Simulation
from tests.activity import CPU, everything, same
from tests.backend import emulator
from tests.engine.test_learning import EVERY, LEARNING, NET

CUDA = GPUConfig(backend="cuda")
NETWORKS = {
    **LEARNING,
    # rows that learn, and among them rows that do not
    "one rule": NET.changed(enable_stdp=True, stdp_a_plus=0.02, enable_short_term_plasticity=True),
    # rows that learn behind rows that do not
    "inhibitory": NET.changed(enable_inhibitory_stdp=True, inhibitory_stdp_learning_rate=0.05),
    # rules that differ within a row
    "mixed": CoreSimConfig(seed=3, num_neurons=600, neural_structure_profile="CORTEX_L23_RS_FS", dt_ms=0.5,
                           enable_hebbian_learning=True, hebbian_learning_rate=0.02, background_rate_Hz=900.0, **EVERY),
    "structure": NET.changed(enable_stdp=True, stdp_a_plus=0.02, enable_structural_plasticity=True,
                             structural_interval_ms=40.0),
    # many spikes that have not travelled back yet
    "delays": NET.changed(enable_stdp=True, stdp_a_plus=0.02, conduction_velocity_um_per_ms=12.0,
                          background_rate_Hz=600.0, **EVERY),
}


@pytest.fixture(params=["partitioned", "global"])
def layout(request, monkeypatch):
    """Each layout of a device in turn."""
    reason = cuda.problem()
    if reason is not None:
        pytest.skip(f"no CUDA: {reason}")
    if request.param == "global":
        monkeypatch.setattr(cuda_engine, "choose", one_block)
    return request.param


def one_block(plan, device) -> Layout:
    return Layout("global", "for this test", 1, slots=plan.max_delay_steps + 2)


def advance(pair: tuple[Simulation, Simulation], steps: int) -> int:
    """Advance both, whose spikes must be the same; return how many there were."""
    host, device = (sim.step(steps) for sim in pair)
    assert np.array_equal(host.spike_steps, device.spike_steps) and np.array_equal(host.spike_ids, device.spike_ids)
    return host.spike_ids.size


@pytest.mark.parametrize("name", NETWORKS)
def test_a_device_learns_with_the_bits_of_the_cpu(name, layout):
    core = NETWORKS[name]
    host, device = Simulation(core, CPU), Simulation(core, CUDA)
    assert device._engine.layout.kind == layout
    first = host.network.csr()[2]
    assert same(everything(host), everything(device))
    assert sum(advance((host, device), steps) for steps in (1, 1, 3, 60, 700)) > 300
    assert np.array_equal(first, device.network.csr()[2]) is (name == "release")
    assert same(everything(host), everything(device))
    assert host.plasticity_events == device.plasticity_events
    for a, b in zip(host.network.csr(), device.network.csr(), strict=True):
        assert np.array_equal(a, b)
    np.testing.assert_allclose(host.network.incoming_weights(), device.network.incoming_weights(), rtol=1e-6)
    crossed = Simulation(core, CUDA), Simulation(core, GPUConfig(backend="cpu", num_threads=2))
    for sim, source in zip(crossed, (host, device), strict=True):
        sim.restore(source.snapshot())
        assert same(everything(sim), everything(host))
    assert advance((host, crossed[0]), 500) == crossed[1].step(500).spike_ids.size
    assert all(same(everything(sim), everything(host)) for sim in crossed)


def check_on_the_host(name: str, kind: str, steps: int, monkeypatch) -> None:
    """Run the device's text on the host, which is slow, and compare."""
    if emulator.COMPILER is None:
        pytest.skip("no g++")
    emulator.install(monkeypatch)
    if kind == "global":
        monkeypatch.setattr(cuda_engine, "choose", one_block)
    host, device = Simulation(NETWORKS[name], CPU), Simulation(NETWORKS[name], CUDA)
    assert device._engine.layout.kind == kind
    first = host.network.csr()[2]
    assert sum(advance((host, device), count) for count in (1, 2, steps)) > 100
    assert same(everything(host), everything(device))
    assert np.array_equal(first, device.network.csr()[2]) is (name == "release")
    state = device.snapshot()
    for sim in (host, device):
        sim.restore(state)
    advance((host, device), 5)
    assert same(everything(host), everything(device))


@pytest.mark.parametrize("name, kind, steps", [("one rule", "global", 200), ("one rule", "partitioned", 40),
                                               ("inhibitory", "global", 200)])
def test_the_text_of_a_device_learns_with_the_bits_of_the_cpu_on_the_host_too(name, kind, steps, monkeypatch):
    check_on_the_host(name, kind, steps, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("kind, steps", [("global", 760), ("partitioned", 300)])
@pytest.mark.parametrize("name", NETWORKS)
def test_every_network_learns_with_the_same_bits_on_the_host(name, kind, steps, monkeypatch):
    check_on_the_host(name, kind, steps, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["Hebbian", "reward"])
def test_100_000_steps_of_every_rule_are_the_same(name, layout):
    """With a reward now and then, and a snapshot that crosses in the middle."""
    rewards = tuple((float(t), 1.0 if t % 14_000 else -0.5) for t in range(5000, 100_000, 7000))
    core = LEARNING[name].changed(num_neurons=120, connections_per_neuron=15, excitatory_weight_nS=2.0,
                                  rewards=rewards if name == "reward" else ())
    pair = Simulation(core, CPU), Simulation(core, CUDA)
    assert advance(pair, 50_000) > 10_000
    for sim, state in zip(pair, [sim.snapshot() for sim in reversed(pair)], strict=True):
        sim.restore(state)
    assert advance(pair, 50_000) > 10_000
    assert pair[0].plasticity_events.strengthened > 100_000 and pair[0].plasticity_events.weakened > 100_000
    assert same(*map(everything, pair))
