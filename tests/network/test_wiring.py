"""The network that was built is the one that was declared: who, how many, how strong, how late."""

from __future__ import annotations

import sys
from copy import copy
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy import stats

from neural_simulator.config import CoreSimConfig
from neural_simulator.network.network import Network
from neural_simulator.network.plan import make_plan
from tests.activity import sha

CORE = CoreSimConfig(num_neurons=2000, connections_per_neuron=100)
SEEDS = (1, 2)


class Wired:
    """A network as arrays over its synapses: pre, post, weight, delay (steps), distance (um)."""

    def __init__(self, core: CoreSimConfig, seed: int, parts: int = 1):
        self.core, self.plan = core, make_plan(core, seed)
        self.network = Network(self.plan, parts)
        self.indptr, self.post, self.weight, self.delay = self.network.csr()
        self.pre = np.repeat(np.arange(self.network.num_neurons), np.diff(self.indptr))
        self.positions = self.network.positions.astype(np.float64)
        self.distance = np.linalg.norm(self.positions[self.pre] - self.positions[self.post], axis=1)
        self.excitatory = np.array([p.excitatory for p in self.plan.populations])[self.network.population_of]


@cache
def wired(seed: int = 1, **changes) -> Wired:
    return Wired(CORE.changed(**changes), seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_pairs_connect_with_the_declared_probability_at_every_distance(seed):
    net = wired(seed)
    all_pairs = np.linalg.norm(net.positions[:, None, :] - net.positions[None, :, :], axis=2)
    np.fill_diagonal(all_pairs, np.inf)
    edges = np.array([0, 50, 100, 200, 300, 400, 600, 800, 1000, 1400])
    expected_of = net.plan.projections[0].probability * np.exp(-all_pairs / net.core.connection_length_um)
    for low, high in zip(edges[:-1], edges[1:], strict=True):
        inside = (all_pairs >= low) & (all_pairs < high)
        p = expected_of[inside]
        found = ((net.distance >= low) & (net.distance < high)).sum()
        assert abs(found - p.sum()) < 4.0 * np.sqrt((p * (1.0 - p)).sum()), f"{low} to {high} um"


@pytest.mark.parametrize("seed", SEEDS)
def test_a_neuron_has_as_many_synapses_on_average_as_declared(seed):
    net = wired(seed)
    assert net.network.num_synapses == net.post.size
    # The kernel's mean over the box is known to half a percent, and the positions vary.
    assert net.post.size / 2000 == pytest.approx(100.0, rel=0.03)


def test_without_a_distance_kernel_degrees_are_binomial():
    net = wired(3, connection_length_um=1e9, volume_edge_um=1.0)
    p = net.plan.projections[0].probability
    for degrees in (np.diff(net.indptr), np.bincount(net.post, minlength=2000)):
        assert degrees.mean() == pytest.approx(p * 1999, abs=4.0 * np.sqrt(1999 * p * (1 - p) / 2000))
        ranks = stats.binom.cdf(degrees, 1999, p) - stats.binom.pmf(degrees, 1999, p) / 2.0
        assert stats.kstest(ranks, "uniform").pvalue > 1e-4
    assert abs(np.corrcoef(np.diff(net.indptr), np.bincount(net.post, minlength=2000))[0, 1]) < 4.0 / np.sqrt(2000)


def test_there_are_no_autapses_and_no_multapses():
    for net in (wired(1), wired(3, connection_length_um=1e9, volume_edge_um=1.0)):
        assert not np.any(net.pre == net.post)
        assert np.unique(net.pre.astype(np.int64) * 2000 + net.post).size == net.post.size


def test_rows_are_sorted_and_complete():
    net = wired(1)
    assert net.indptr[0] == 0 and net.indptr[-1] == net.post.size
    assert np.all(np.diff(net.pre.astype(np.int64) * 2000 + net.post) > 0)
    assert net.post.min() >= 0 and net.post.max() < 2000


def test_excitatory_and_inhibitory_cells_reach_each_other():
    net = wired(1)
    inhibitory = ~net.excitatory
    assert inhibitory.mean() == pytest.approx(0.2)
    for pre in (net.excitatory, inhibitory):
        for post in (net.excitatory, inhibitory):
            found = (pre[net.pre] & post[net.post]).sum()
            assert found / (pre.sum() * post.sum()) == pytest.approx(100 / 1999, rel=0.05)


@pytest.mark.parametrize("dt_ms", [1.0, 0.1])
def test_a_delay_is_latency_plus_distance_over_velocity_rounded_to_the_grid(dt_ms):
    net = wired(1, dt_ms=dt_ms)
    core = net.core
    exact = (core.synaptic_latency_ms + net.distance / core.conduction_velocity_um_per_ms) / dt_ms
    assert np.all(np.abs(net.delay - np.maximum(exact, 1.0)) <= 0.5 + 1e-3)
    assert net.delay.min() >= 1 and net.delay.max() <= net.plan.max_delay_steps
    assert np.unique(net.delay).size >= 4


def test_a_delay_is_at_least_one_step():
    net = wired(1, synaptic_latency_ms=0.0, conduction_velocity_um_per_ms=1e6)
    assert np.all(net.delay == 1)


def test_weights_have_the_declared_mean_and_spread_and_one_sign():
    net = wired(1, weight_cv=0.3)
    kinds = (net.excitatory, net.core.excitatory_weight_nS), (~net.excitatory, net.core.inhibitory_weight_nS)
    for kind, mean in kinds:
        w = net.weight[kind[net.pre]]
        assert w.mean() == pytest.approx(mean, abs=4.0 * 0.3 * mean / np.sqrt(w.size) + net.plan.weight_scale)
        assert w.std() == pytest.approx(0.3 * mean, rel=0.02)
        assert w.min() > 0.0
        z = (w[:5000] - mean) / (0.3 * mean)
        assert stats.kstest(z, "norm").pvalue > 1e-4


def test_weights_do_not_depend_on_distance_or_delay():
    net = wired(1, weight_cv=0.3)
    w, d = net.weight[net.excitatory[net.pre]], net.distance[net.excitatory[net.pre]]
    assert abs(np.corrcoef(w, d)[0, 1]) < 4.0 / np.sqrt(w.size)


def test_without_variation_all_weights_of_a_kind_are_equal_to_the_grid():
    net = wired(1, weight_cv=0.0)
    excitatory = np.unique(net.weight[net.excitatory[net.pre]])
    assert excitatory.size == 1
    assert excitatory[0] == pytest.approx(net.core.excitatory_weight_nS, abs=net.plan.weight_scale)


def test_the_number_of_parts_does_not_change_the_network():
    core = CORE.changed(num_neurons=701, connections_per_neuron=60)
    results = [Wired(core, 5, parts) for parts in (1, 2, 3)]
    assert results[0].post.size > 30_000
    assert len({sha(*net.network.csr(), net.network.positions) for net in results}) == 1


def test_positions_fill_the_cube_evenly_and_differ_by_seed():
    first, second = wired(1), wired(2)
    half = CORE.volume_edge_um / 2.0
    for axis in range(3):
        assert stats.kstest((first.positions[:, axis] + half) / (2.0 * half), "uniform").pvalue > 1e-4
    assert not np.array_equal(first.positions, second.positions)
    assert sha(first.post) != sha(second.post)


def test_a_network_larger_than_one_block_of_the_walk_is_wired_across_blocks():
    core = CORE.changed(num_neurons=9000, connections_per_neuron=20, connection_length_um=1e9)
    net = Wired(core, 1)
    per_block = np.bincount(net.post // 4096, minlength=3) / np.array([4096, 4096, 808])
    assert per_block == pytest.approx([20.0] * 3, rel=0.03)


def test_sampled_synapses_exist_and_come_from_everywhere():
    net = wired(1)
    pairs = net.network.sample_synapses(500)
    assert pairs.shape == (500, 2)
    existing = set((net.pre.astype(np.int64) * 2000 + net.post).tolist())
    assert {int(a) * 2000 + int(b) for a, b in pairs} <= existing
    assert np.unique(pairs[:, 0]).size > 300
    assert np.array_equal(pairs, net.network.sample_synapses(500))
    assert net.network.sample_synapses(10**9).shape == (net.post.size, 2)


def test_a_network_without_synapses_and_a_single_neuron_are_networks():
    for core in (CORE.changed(num_neurons=10, connections_per_neuron=0),
                 CoreSimConfig(num_neurons=1, connections_per_neuron=0, num_traits=1, inhibitory_trait_indices=())):
        network = Network(make_plan(core, 1))
        assert network.num_synapses == 0 and network.csr()[0][-1] == 0
        assert network.sample_synapses(5).shape == (0, 2)


def test_everybody_can_connect_to_everybody():
    core = CoreSimConfig(num_neurons=50, connections_per_neuron=49, connection_length_um=1e9)
    net = Wired(core, 1)
    assert net.post.size == 50 * 49


@pytest.mark.skipif(sys.platform == "win32", reason="files with holes take their whole size there")
def test_synapses_beyond_two_to_the_31_are_written_and_read_where_they_belong(tmp_path):
    """The second pass of a small network, its segments as far out as those of a large one, in a file with a hole."""
    net = wired(1)
    network, rows = net.network, net.network.rows
    far = 2**31 + 2**30
    words = np.asarray(np.memmap(tmp_path / "words", np.uint32, "w+", shape=(far + rows.words.size,)))
    nothing = [np.zeros((0, 0), np.uint8)] * len(network.plan.projections)
    network._walk(True, rows.part_start, rows.segment[:-1] + far, words, nothing, lambda fraction: None)
    assert np.array_equal(words[far:], rows.words) and not words[:1000].any()
    there = copy(network)
    there.rows = replace(rows, segment=rows.segment + far, words=words)
    for neuron in (0, 1999):
        assert all(np.array_equal(a, b) for a, b in zip(there.synapses_from(np.array([neuron])),
                                                        network.synapses_from(np.array([neuron])), strict=True))
    assert np.array_equal(there.in_degrees(), network.in_degrees())


def test_a_build_reports_its_progress_and_can_be_cancelled():
    seen = []

    class GivenUp(Exception):
        pass

    def report(task, fraction):
        seen.append((task, fraction))
        if task == "Building synapses":
            raise GivenUp

    with pytest.raises(GivenUp):
        Network(make_plan(CORE, 1), 1, report)
    assert ("Counting synapses", 1.0) in seen
