"""The generic network's own choice of generators: rules, kernels, small world, switches."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig
from neural_simulator.models.structures.generic import apportion
from neural_simulator.network.plan import make_plan
from tests.activity import result_of
from tests.network.wired import Wired

CORE = CoreSimConfig(num_neurons=603, connections_per_neuron=50, num_traits=4)


def built(**changes) -> Wired:
    return Wired(make_plan(CORE.changed(**changes), 3))


@pytest.mark.parametrize("multapses", [False, True])
def test_degrees_and_totals_are_exact_whatever_the_traits(multapses):
    for rule, degree in (("fixed_in_degree", "in_degree"), ("fixed_out_degree", "out_degree")):
        net = built(connection_rule=rule, allow_multapses=multapses)
        assert np.all(getattr(net, degree) == 50)
        assert net.in_degree.sum() == net.out_degree.sum() == 603 * 50
        assert (net.matrix().max() > 1) == multapses and np.trace(net.matrix()) == 0
    net = built(connection_rule="fixed_total", allow_multapses=multapses)
    assert net.post.size == 603 * 50 and np.unique(net.out_degree).size > 10


def test_all_to_all_is_everybody_with_everybody_else():
    matrix = built(connection_rule="all_to_all").matrix()
    assert np.array_equal(matrix, 1 - np.eye(603, dtype=int))
    assert np.all(built(connection_rule="all_to_all", allow_autapses=True).matrix() == 1)


def test_a_small_world_is_one_ring_with_all_traits_on_it():
    net = built(enable_watts_strogatz=True, connectivity_k=40, connectivity_p_rewire=0.0)
    assert np.all(net.out_degree == 40) and np.all(net.in_degree == 40)
    inhibitory = net.network.population_of == 1
    assert abs(np.bincount(net.post[inhibitory[net.pre]], minlength=603) - 10).max() <= 4
    # Neighbours share neighbours: far more than chance, 40 / 602.
    a = net.matrix()
    assert (a @ a * a).sum() / (603 * 40 * 39) == pytest.approx(0.75 * 38 / 39, rel=1e-3)
    random = built(enable_watts_strogatz=True, connectivity_k=40, connectivity_p_rewire=1.0).matrix()
    assert (random @ random * random).sum() / (603 * 40 * 39) == pytest.approx(40 / 602, rel=0.05)


def test_every_kernel_keeps_the_mean_number_of_connections_in_open_and_in_periodic_space():
    for kernel in ("uniform", "exponential", "gaussian", "ball"):
        for periodic in (False, True):
            net = built(connection_kernel=kernel, periodic_volume=periodic, num_neurons=2000, connections_per_neuron=40)
            assert net.out_degree.mean() == pytest.approx(40.0, rel=0.04), (kernel, periodic)
            if periodic:
                assert net.out_degree.std() < 9.0                 # nobody lies at a border
    assert built(connection_kernel="gaussian").distances().mean() < 0.7 * built(connection_kernel="uniform"
                                                                               ).distances().mean()


def test_delays_spread_and_weights_follow_the_chosen_law():
    net = built(delay_sd_ms=0.5, dt_ms=0.1, conduction_velocity_um_per_ms=1e6, synaptic_latency_ms=3.0,
                weight_law="lognormal", weight_cv=0.8)
    assert net.delay.std() == pytest.approx(5.0, rel=0.05)
    excitatory = net.weight[(net.network.population_of != 1)[net.pre]]
    assert excitatory.mean() == pytest.approx(0.6, rel=0.03) and excitatory.std() == pytest.approx(0.48, rel=0.1)
    assert np.median(excitatory) < 0.9 * excitatory.mean()


def test_shares_are_whole_add_up_and_lie_within_one_of_the_exact_ones():
    for total in (0, 1, 7, 100, 99_999):
        shares = [3.0, 1.0, 1.0, 0.0, 5.5]
        counts = apportion(total, shares)
        assert sum(counts) == total and counts[3] == 0
        assert all(abs(count - total * share / 10.5) < 1.0 for count, share in zip(counts, shares, strict=True))


@pytest.mark.parametrize(("changes", "field"), [
    ({"connectivity_k": 7}, "connectivity_k"), ({"connectivity_p_rewire": 1.5}, "connectivity_p_rewire"),
    ({"connection_rule": "one_to_two"}, "connection_rule"), ({"connection_kernel": "square"}, "connection_kernel")])
def test_values_that_no_generator_takes_are_refused(changes, field):
    with pytest.raises(ConfigurationError) as refused:
        CORE.changed(**changes)
    assert refused.value.field == field


@pytest.mark.parametrize(("changes", "field"), [
    ({"enable_watts_strogatz": True, "connectivity_k": 604}, "connectivity_k"),
    ({"connection_rule": "fixed_in_degree", "connections_per_neuron": 603}, "connections_per_neuron")])
def test_more_partners_than_there_are_neurons_are_refused(changes, field):
    with pytest.raises(ConfigurationError) as refused:
        make_plan(CORE.changed(**changes), 0)
    assert refused.value.field == field
    assert "602" in str(refused.value)


RULES = {"pairwise": {"connection_kernel": "gaussian", "periodic_volume": True, "weight_law": "lognormal"},
         "in-degree": {"connection_rule": "fixed_in_degree"},
         "out-degree": {"connection_rule": "fixed_out_degree", "allow_multapses": True, "delay_sd_ms": 1.0},
         "total": {"connection_rule": "fixed_total", "allow_autapses": True},
         "all to all": {"connection_rule": "all_to_all", "num_neurons": 150},
         "small world": {"enable_watts_strogatz": True, "connectivity_k": 50}}


@pytest.mark.parametrize("name", RULES)
def test_a_network_of_every_rule_is_alive_and_the_same_on_every_backend(name, backend):
    core = CORE.changed(seed=5, background_rate_Hz=400.0, **RULES[name])
    result = result_of(core, 400, backend)
    assert result["spikes"] > 150
    assert result == result_of(core, 400)
