"""The facts of a network's wiring are those of its synapses, on every backend."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neural_simulator.app.bridge import SimulationBridge
from neural_simulator.base.declarations import Projection
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.network import connectivity
from neural_simulator.network.connectivity import connectivity_of
from tests.network.wired import wired

CORE = CoreSimConfig(num_neurons=1200, connections_per_neuron=60, seed=4, weight_cv=0.3)


def test_degrees_matrix_and_balance_are_those_of_the_synapses(backend):
    sim = Simulation(CORE, backend)
    facts = sim.connectivity()
    indptr, targets, weights, delays = sim.network.csr()
    pre = np.repeat(np.arange(1200), np.diff(indptr))
    assert facts.num_synapses == targets.size == facts.sample.size > 60_000
    assert np.array_equal(facts.out_degree, np.diff(indptr))
    assert np.array_equal(facts.in_degree, np.bincount(targets, minlength=1200))
    of = facts.population_of
    matrix = np.zeros((5, 5))
    np.add.at(matrix, (of[pre], of[targets]), 1.0 / 240.0)
    assert facts.in_degrees_by_population() == pytest.approx(matrix, rel=1e-9)
    exciting = np.array(facts.excitatory)[of[pre]]
    assert facts.excitatory_share == pytest.approx(exciting.mean())
    assert facts.e_i_ratio == pytest.approx(weights[exciting].sum() / weights[~exciting].sum(), rel=1e-5)
    numbers = facts.numbers()
    assert numbers["delay_ms_mean"] == pytest.approx(delays.mean()) and numbers["delay_ms_max"] == delays.max()
    assert numbers["excitatory_weight_sd"] == pytest.approx(weights[exciting].std(), rel=1e-4)
    assert numbers["in_degree_max"] == np.bincount(targets).max()
    assert all(isinstance(value, (int, float)) for value in numbers.values())


def test_clustering_paths_and_reciprocity_are_counted_in_small_networks():
    net = wired((60,), Projection(0, 0, weight=1.0, rule="small_world", number=6, rewiring=0.2))
    a = (net.matrix() > 0).astype(int)
    facts = connectivity_of(net.network)
    closed = sum(a[j, k] for i in range(60) for j in np.flatnonzero(a[i]) for k in np.flatnonzero(a[i]) if j != k)
    assert facts.clustering == pytest.approx(closed / (60 * 30))
    assert facts.reciprocity == pytest.approx((a & a.T).sum() / a.sum())
    steps = np.where(np.eye(60, dtype=bool), 0.0, np.where(a > 0, 1.0, np.inf))
    for middle in range(60):
        steps = np.minimum(steps, steps[:, [middle]] + steps[[middle], :])
    sources = np.unique(np.linspace(0, 59, 20).astype(int))
    assert facts.path_length == pytest.approx(steps[sources].sum() / (20 * 59))


@pytest.mark.parametrize("rewiring", [0.0, 0.3])
def test_estimates_of_large_networks_agree_with_counts(rewiring, monkeypatch, backend):
    core = CoreSimConfig(num_neurons=1500, seed=2, enable_watts_strogatz=True, connectivity_k=40,
                         connectivity_p_rewire=rewiring)
    sim = Simulation(core, backend)
    exact = sim.connectivity()
    monkeypatch.setattr(connectivity, "EXACT_NEURONS", 0)
    monkeypatch.setattr(connectivity, "PATH_SYNAPSES", 0)
    estimate = sim.connectivity()
    assert estimate.path_length is None and exact.path_length > 1.5
    assert estimate.clustering == pytest.approx(exact.clustering, abs=0.045)
    assert estimate.reciprocity == pytest.approx(exact.reciprocity, abs=0.045)
    assert exact.clustering > 8 * exact.density


def test_synapses_from_some_neurons_are_their_rows(backend):
    sim = Simulation(CORE, backend)
    indptr, targets, weights, delays = sim.network.csr()
    some = sim.network.synapses_from(np.array([700, 3]))
    for neuron in (3, 700):
        own, row = some.pre == neuron, slice(indptr[neuron], indptr[neuron + 1])
        order = np.lexsort((some.weight[own], some.delay_steps[own], some.post[own]))
        assert np.array_equal(some.post[own][order], targets[row])
        assert np.array_equal(some.weight[own][order], weights[row])
        assert np.array_equal(some.delay_steps[own][order], delays[row])
    assert some.size == sum(indptr[n + 1] - indptr[n] for n in (3, 700))


def test_a_network_without_synapses_has_facts_too():
    facts = connectivity_of(Simulation(CORE.changed(connections_per_neuron=0), GPUConfig(backend="cpu")).network)
    assert facts.num_synapses == 0 and facts.clustering is None and facts.path_length is None
    numbers = facts.numbers()
    assert math.isnan(numbers["e_i_ratio"]) and math.isnan(numbers["delay_ms_mean"]) and numbers["density"] == 0.0
    assert facts.in_degrees_by_population().sum() == 0.0


def test_a_script_gets_the_facts_and_their_picture(tmp_path):
    sim = SimulationBridge(core_config=CORE, gpu_config=GPUConfig(backend="cpu"))
    sim.initialize()
    assert sim.connectivity().numbers()["out_degree_mean"] == pytest.approx(60.0, rel=0.05)
    sim.save_connectivity_figure(tmp_path / "wiring.png")
    assert (tmp_path / "wiring.png").read_bytes().startswith(b"\x89PNG")
