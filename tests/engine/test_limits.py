"""What cannot be built or changed is refused in one sentence with its numbers, and nothing is left half done."""

from __future__ import annotations

import re
import tracemalloc

import numpy as np
import pytest

from neural_simulator.base.errors import Cancelled, ConfigurationError, MemoryForecastError
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.memory import check_fits, estimate_memory, estimate_plan
from neural_simulator.engine.simulation import Simulation
from neural_simulator.network.network import Network
from neural_simulator.network.plan import make_plan
from tests.activity import CPU, state_sha

SMALL = CoreSimConfig(seed=1, num_neurons=100, connections_per_neuron=10)


def test_an_impossible_size_is_refused_with_bytes_and_the_largest_that_fits():
    core = CoreSimConfig(num_neurons=16_000_000, connections_per_neuron=20_000)
    with pytest.raises(MemoryForecastError) as refused:
        Simulation(core, CPU)
    error = refused.value
    assert error.needed > 16e6 * 20e3 * 4 > error.available > 0
    assert 0 < error.largest < 16_000_000
    text = str(error)
    assert "16,000,000 neurons" in text and re.search(r"need [\d,.]+ GB", text) and f"{error.largest:,}" in text
    assert text.count(". ") == 0


def test_the_largest_network_named_in_a_refusal_would_fit():
    core = CoreSimConfig(num_neurons=1_000_000, connections_per_neuron=1000)
    available = 2 * 10**9
    with pytest.raises(MemoryForecastError) as refused:
        check_fits(make_plan(core, 0), available, 0.8)
    check_fits(make_plan(core.changed(num_neurons=refused.value.largest), 0), available, 0.8)
    with pytest.raises(MemoryForecastError):
        check_fits(make_plan(core.changed(num_neurons=2 * refused.value.largest), 0), available, 0.8)


@pytest.mark.parametrize("changes", [
    {}, {"num_neurons": 5000, "connections_per_neuron": 300}, {"num_neurons": 3000, "connections_per_neuron": 0},
    {"neuron_model_type": "LIF", "dt_ms": 0.1}])
def test_the_forecast_is_within_a_tenth_of_what_is_used(changes):
    core = CoreSimConfig(seed=1, **changes)
    sim = Simulation(core, CPU)
    assert sim.memory_bytes == pytest.approx(estimate_memory(core), rel=0.1)


@pytest.mark.parametrize("changes", [
    {}, {"connection_rule": "fixed_in_degree", "num_neurons": 3000, "connections_per_neuron": 100},
    {"enable_watts_strogatz": True, "dt_ms": 0.1}, {"connection_rule": "fixed_total", "connections_per_neuron": 10}])
def test_a_build_takes_little_more_memory_than_the_network(changes):
    plan = make_plan(CoreSimConfig(**changes), 1)
    Network(plan)                                      # compiles
    tracemalloc.start()
    network = Network(plan)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert network.memory_bytes < peak < 1.3 * network.memory_bytes + 100_000         # the latter for small objects


def test_every_thread_has_its_own_segments_and_the_forecast_knows():
    core = CoreSimConfig(seed=1, num_neurons=3000, connections_per_neuron=50, dt_ms=0.1)
    for threads in (1, 4):
        sim = Simulation(core, CPU.changed(num_threads=threads))
        assert sim.memory_bytes == pytest.approx(estimate_plan(sim.plan, threads=threads), rel=0.1)


def test_the_refusal_of_a_small_world_names_its_own_size():
    core = CoreSimConfig(num_neurons=1_000_000, enable_watts_strogatz=True, connectivity_k=2000)
    with pytest.raises(MemoryForecastError, match=r"2,000 connections each") as refused:
        check_fits(make_plan(core, 0), 10**9, 0.8)
    check_fits(make_plan(core.changed(num_neurons=refused.value.largest), 0), 10**9, 0.8)


def test_a_million_neurons_with_a_thousand_synapses_fit_in_16_gigabytes():
    core = CoreSimConfig(num_neurons=1_000_000, connections_per_neuron=1000, excitatory_weight_nS=0.06,
                         inhibitory_weight_nS=0.28)
    assert estimate_plan(make_plan(core, 0)) < 0.8 * 16e9


@pytest.mark.parametrize(("changes", "words"), [
    ({"num_neurons": 0}, ("num_neurons", "between 1 and")), ({"dt_ms": 0.0}, ("0.0 ms", "between 0.001 and 5 ms")),
    ({"dt_ms": float("nan")}, ("dt_ms",)), ({"seed": -2}, ("seed",)), ({"weight_cv": -0.1}, ("weight_cv", "-0.1")),
    ({"num_neurons": 10.5}, ("num_neurons", "10.5", "whole number")), ({"num_neurons": "many"}, ("'many'",)),
    ({"neuron_model_type": "PERCEPTRON"}, ("IZHIKEVICH",)),
    ({"connections_per_neurons": 5}, ("connections_per_neuron'",)),
    ({"inhibitory_trait_indices": (-1,)}, ("-1",)), ({"stp_U": 0.0}, ("between 0.01 and 1",))])
def test_a_value_out_of_range_is_refused_with_its_unit_and_range(changes, words):
    with pytest.raises(ConfigurationError) as refused:
        CoreSimConfig(**changes)
    for word in words:
        assert word in str(refused.value)
    assert refused.value.field is not None


@pytest.mark.parametrize("changes", [
    {"dt_ms": 2.0}, {"connections_per_neuron": 100}, {"connections_per_neuron": 60}, {"background_rate_Hz": 150_000.0}])
def test_values_that_do_not_fit_together_are_refused_when_a_network_is_built(changes):
    with pytest.raises(ConfigurationError) as refused:
        Simulation(SMALL.changed(**changes), CPU)
    assert refused.value.field == next(iter(changes))


def test_a_bad_live_change_changes_nothing(backend):
    sim, twin = Simulation(SMALL, backend), Simulation(SMALL, backend)
    sim.step(10), twin.step(10)
    for values in ({"background_rate_Hz": -1.0}, {"background_rate_Hz": 150_000.0}, {"num_neurons": 5},
                   {"external_current_pA": 10.0, "background_weight_nS": 1e9}, {"tau_ampa_ms": 3.0}, {"nonsense": 1.0}):
        with pytest.raises(ConfigurationError):
            sim.set_live(**values)
    sim.step(50), twin.step(50)
    assert state_sha(sim) == state_sha(twin)


def test_probes_must_be_neurons(backend):
    sim = Simulation(SMALL, backend)
    sim.set_probes([5])
    for ids in ([-1], [100], [3, 1000]):
        with pytest.raises(ConfigurationError, match="between 0 and 99"):
            sim.set_probes(ids)
    assert sim.step(3).probe_v.shape == (3, 1)


def test_a_cancelled_build_ends_at_once_and_another_follows():
    def report(task, fraction):
        raise Cancelled("Cancelled.")

    core = CoreSimConfig(seed=1, num_neurons=3000, connections_per_neuron=100)
    with pytest.raises(Cancelled):
        Simulation(core, CPU, report)
    assert Simulation(SMALL, CPU).step(100).spike_ids.size > 0


def test_networks_of_every_small_size_run(backend):
    for neurons in (1, 2, 3, 7, 9, 64, 65):
        core = CoreSimConfig(seed=1, num_neurons=neurons, connections_per_neuron=neurons - 1,
                             connection_length_um=1e9, num_traits=min(5, neurons), inhibitory_trait_indices=(0,))
        sim = Simulation(core, backend)
        batch = sim.step(300)
        assert sim.network.num_synapses == neurons * (neurons - 1)
        assert batch.spike_ids.size > 0 and batch.spike_ids.max() < neurons
        assert all(np.all(np.isfinite(values)) for values in sim.state.values())


def test_more_traits_than_neurons_leave_some_without_a_population():
    sim = Simulation(CoreSimConfig(num_neurons=3, connections_per_neuron=0, num_traits=10), CPU)
    assert sum(p.size for p in sim.network.populations) == 3
    sim.step(10)


def test_building_and_forgetting_networks_does_not_pile_up_threads():
    import threading
    before = threading.active_count()
    for _ in range(20):
        sim = Simulation(SMALL, CPU.changed(num_threads=2))
        sim.step(4)
        sim.close()
    assert threading.active_count() <= before + 4
