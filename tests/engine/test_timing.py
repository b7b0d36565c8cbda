"""When a spike arrives, where, and as what: two cells at a known distance, on every backend."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.phases import PHASES
from neural_simulator.engine.simulation import Simulation
from tests.activity import CPU


def pair(driver_excites: bool, **changes) -> CoreSimConfig:
    """Neuron 0 fires under the current; neuron 1, ten thousand times as large, only listens."""
    huge = {"C": 10_000.0, "k": 100.0, "v_r": -60.0, "v_t": 0.0}
    return CoreSimConfig(**{
        "num_neurons": 2, "connections_per_neuron": 1, "connection_length_um": 1e9, "num_traits": 2, "seed": 3,
        "inhibitory_trait_indices": (1,) if driver_excites else (0,), "background_rate_Hz": 0.0,
        "external_current_pA": 300.0, "weight_cv": 0.0,
        "excitatory_preset": "RS", "inhibitory_preset": "RS",
        "inhibitory_parameters" if driver_excites else "excitatory_parameters": huge, **changes})


def first_arrival(sim: Simulation) -> tuple[int, int, str]:
    """Return (step of the first spike, first step at whose end a conductance is there, its name)."""
    spiked = None
    for step in range(3000):
        batch = sim.step()
        if spiked is None and batch.spike_ids.size:
            assert batch.spike_ids.tolist() == [0]
            spiked = step
        arrived = [name for name in ("g_AMPA", "g_GABA_A") if sim.state[name][1] > 0.0]
        if arrived:
            assert spiked is not None and len(arrived) == 1
            return spiked, step, arrived[0]
    raise AssertionError("nothing arrived")


@pytest.mark.parametrize("latency_ms", [0.0, 1.0, 4.0, 20.0])
@pytest.mark.parametrize("dt_ms", [1.0, 0.25])
def test_a_spike_of_step_n_with_a_delay_of_d_steps_arrives_in_step_n_plus_1_plus_d(latency_ms, dt_ms, backend):
    sim = Simulation(pair(True, synaptic_latency_ms=latency_ms, dt_ms=dt_ms), backend)
    delay = int(sim.network.csr()[3][0])
    spiked, arrived, _ = first_arrival(sim)
    assert arrived == spiked + 1 + delay
    distance = np.linalg.norm(np.diff(sim.network.positions.astype(np.float64), axis=0))
    assert delay == max(1, round((latency_ms + distance / 300.0) / dt_ms))


@pytest.mark.parametrize(("excites", "receptor", "weight", "tau_ms"), [
    (True, "g_AMPA", "excitatory_weight_nS", "tau_ampa_ms"),
    (False, "g_GABA_A", "inhibitory_weight_nS", "tau_gaba_a_ms")])
def test_excitatory_spikes_open_ampa_and_inhibitory_ones_gaba_a_receptors(excites, receptor, weight, tau_ms, backend):
    core = pair(excites, excitatory_weight_nS=7.0, inhibitory_weight_nS=11.0)
    sim = Simulation(core, backend)
    _, _, name = first_arrival(sim)
    assert name == receptor
    after_a_step = getattr(core, weight) * np.exp(-core.dt_ms / getattr(core, tau_ms))
    assert sim.state[name][1] == pytest.approx(after_a_step, rel=1e-3)
    sim.step(3)
    assert sim.state[name][1] == pytest.approx(after_a_step * np.exp(-3.0 / getattr(core, tau_ms)), rel=1e-3)


def test_ampa_depolarises_and_gaba_a_holds_at_its_reversal_potential(backend):
    raised = Simulation(pair(True, excitatory_weight_nS=100.0, external_current_pA=500.0), backend)
    lowered = Simulation(pair(False, inhibitory_weight_nS=100.0, external_current_pA=500.0), backend)
    for sim in (raised, lowered):
        sim.set_probes([1])
    assert raised.step(300).probe_v.max() > -59.9
    v = lowered.step(300).probe_v
    assert -70.0 <= v.min() < -60.05


def test_the_membrane_sees_the_whole_charge_of_a_synapse_at_any_time_step():
    # A cell that hardly moves integrates the current: charge / C = w (E - V) tau / C.
    slow = {"C": 10_000.0, "k": 0.001, "v_r": -60.0, "v_t": 0.0, "a": 1e-5, "b": 0.0}
    steps = {}
    for dt_ms in (1.0, 0.1):
        core = pair(True, dt_ms=dt_ms, inhibitory_parameters=slow, external_current_pA=0.0, excitatory_weight_nS=10.0,
                    background_rate_Hz=0.0)
        sim = Simulation(core, CPU)
        sim.set_live(external_current_pA=300.0)
        while not sim.step().spike_ids.size:
            pass
        sim.set_live(external_current_pA=0.0)
        before = float(sim.state["v"][1])
        sim.run(100.0)
        steps[dt_ms] = float(sim.state["v"][1]) - before
    expected = 10.0 * (0.0 - -60.0) * 5.0 / 10_000.0
    assert steps[1.0] == pytest.approx(expected, rel=0.02)
    assert steps[0.1] == pytest.approx(steps[1.0], rel=0.01)


def test_spikes_come_in_order_of_time_then_neuron(backend):
    sim = Simulation(CoreSimConfig(seed=1), backend)
    for count in (1, 17, 500):
        batch = sim.step(count)
        key = batch.spike_steps * 1000 + batch.spike_ids
        assert np.all(np.diff(key) > 0)
        assert batch.num_steps == count and batch.first_step + count == sim.step_index
        assert batch.probe_v.shape == (count, 0)
    assert batch.spike_ids.size > 1000


def test_the_newest_spike_of_every_neuron_is_known(backend):
    sim = Simulation(CoreSimConfig(seed=1), backend)
    batch = sim.step(300)
    last = np.full(1000, -1)
    last[batch.spike_ids] = batch.spike_steps                     # later ones overwrite
    known = sim.last_spike_step()
    assert np.array_equal(known[last >= 0], last[last >= 0])
    assert np.all(known[last < 0] < -1_000_000) and (last < 0).any()


def test_no_steps_are_a_batch_too(backend):
    sim = Simulation(CoreSimConfig(seed=1, num_neurons=10, connections_per_neuron=0), backend)
    batch = sim.step(0)
    assert (batch.num_steps, batch.spike_ids.size, sim.step_index) == (0, 0, 0)
    with pytest.raises(ConfigurationError, match="must not be negative"):
        sim.step(-1)


def test_time_is_steps_times_dt_and_never_a_sum(backend):
    sim = Simulation(CoreSimConfig(seed=1, num_neurons=10, connections_per_neuron=0, dt_ms=0.1), backend)
    for _ in range(3):
        sim.step(7)
    assert sim.time_ms == 21 * 0.1 and sim.run(0.9).num_steps == 9


def test_the_phases_are_the_ones_the_profiler_times():
    assert [phase.name for phase in PHASES] == ["deliver", "integrate", "send", "rewire"]
