"""Looking at synapses: the sample, those of one neuron, and the summed weights, against the whole matrix."""

import numpy as np
import pytest

from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.network.network import Network
from neural_simulator.network.plan import make_plan

CORE = CoreSimConfig(num_neurons=600, connections_per_neuron=40, seed=3, connection_length_um=400.0)


@pytest.fixture
def network(backend):
    sim = Simulation(CORE, backend)
    yield sim.network
    sim.close()


def table(pre, post, weight, delay) -> np.ndarray:
    """Rows of (pre, post, weight, delay) in a fixed order."""
    rows = np.stack([pre, post, weight.astype(np.float64), delay], axis=1)
    return rows[np.lexsort(rows.T[::-1])]


def whole(network) -> np.ndarray:
    indptr, post, weight, delay = network.csr()
    return table(np.repeat(np.arange(CORE.num_neurons), np.diff(indptr)), post, weight, delay)


def test_a_sample_of_everything_is_the_network(network):
    everything = whole(network)
    assert len(everything) > 20_000 and np.unique(everything[:, 3]).size > 2
    assert np.array_equal(table(*network.sample(10**9)), everything)


def test_a_sample_holds_synapses_of_the_network_and_begins_with_a_smaller_one_s_kind(network):
    existing = {tuple(row) for row in whole(network)}
    chosen = network.sample(1000)
    rows = table(*chosen)
    assert {tuple(row) for row in rows} <= existing and len({tuple(row) for row in rows}) == chosen.size > 900
    assert np.unique(chosen.first(200).pre // 60).size == 10, "the beginning is spread over the network"
    assert all(np.array_equal(a, b) for a, b in zip(chosen, network.sample(1000), strict=True))


@pytest.mark.parametrize("neuron", [0, 137, 599])
def test_the_synapses_of_a_neuron_are_its_row_and_its_column(network, neuron):
    everything = whole(network)
    leaving, ending = network.synapses_of(neuron)
    assert np.array_equal(table(*leaving), everything[everything[:, 0] == neuron])
    assert np.array_equal(table(*ending), everything[everything[:, 1] == neuron])
    assert leaving.size > 5 and ending.size > 5


def test_summed_weights_are_those_of_the_columns_by_the_sign_of_the_source(network):
    everything = whole(network)
    signs = np.repeat([p.excitatory for p in network.populations], [p.size for p in network.populations])
    for row, excitatory in enumerate((True, False)):
        of_sign = everything[signs[everything[:, 0].astype(int)] == excitatory]
        sums = np.bincount(of_sign[:, 1].astype(int), of_sign[:, 2], CORE.num_neurons)
        assert network.incoming_weights()[row] == pytest.approx(sums, rel=1e-5) and sums.min() > 0


def test_parts_of_a_network_on_several_threads_are_searched_alike():
    plan = make_plan(CORE, 3)
    one, three = Network(plan, 1), Network(plan, 3)
    for neuron in (0, 250, 599):
        for a, b in zip(one.synapses_of(neuron), three.synapses_of(neuron), strict=True):
            assert np.array_equal(table(*a), table(*b))
    assert np.array_equal(one.incoming_weights(), three.incoming_weights())


def test_a_network_without_synapses_has_none_to_show():
    network = Network(make_plan(CORE.changed(connections_per_neuron=0), 1))
    assert network.sample(10).size == 0 and network.incoming_weights().sum() == 0
    assert [part.size for part in network.synapses_of(5)] == [0, 0]


# ---- the fingerprint ------------------------------------------------------------------------------------
def mixed(z: np.ndarray) -> np.ndarray:
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def test_the_fingerprint_is_a_sum_over_all_synapses_whoever_built_them(network):
    indptr, post, weight, delay = network.csr()
    pre = np.repeat(np.arange(CORE.num_neurons), np.diff(indptr)).astype(np.uint64)
    units = np.rint(weight / network.plan.weight_scale).astype(np.uint64)
    assert units.size > 20_000
    each = mixed(mixed(pre << np.uint64(32) | post.astype(np.uint64))
                 + (delay.astype(np.uint64) << np.uint64(32) | units))
    assert network.fingerprint == int(each.sum(dtype=np.uint64))
    for threads in (1, 3):
        assert Network(network.plan, threads).fingerprint == network.fingerprint


@pytest.mark.parametrize("changes", [{"seed": 4}, {"excitatory_weight_nS": 0.601}, {"synaptic_latency_ms": 2.0},
                                     {"connections_per_neuron": 39}])
def test_another_network_has_another_fingerprint(changes):
    other = CORE.changed(**changes)
    assert Network(make_plan(CORE, 3)).fingerprint != Network(make_plan(other, other.seed)).fingerprint


def test_a_network_without_synapses_has_a_fingerprint_too(backend):
    sim = Simulation(CORE.changed(connections_per_neuron=0), backend)
    assert sim.network.num_synapses == 0 and sim.network.fingerprint == 0
