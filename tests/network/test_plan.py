"""What a configuration means before anything is built, and which configurations are refused."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig
from neural_simulator.models.neurons import NEURON_MODELS
from neural_simulator.network.network import Network
from neural_simulator.network.plan import make_plan, weight_bits
from neural_simulator.network.projections import kernel_mean


def test_traits_are_populations_of_equal_size_and_the_inhibitory_ones_are_fast_spiking():
    plan = make_plan(CoreSimConfig(num_neurons=1003, num_traits=5, inhibitory_trait_indices=(1, 3)), 0)
    assert [p.excitatory for p in plan.populations] == [True, False, True, False, True]
    assert [p.preset for p in plan.populations] == ["RS", "FS", "RS", "FS", "RS"]
    assert plan.populations[0].start == 0 and plan.num_neurons == 1003
    assert all(a.stop == b.start for a, b in zip(plan.populations, plan.populations[1:], strict=False))
    assert {p.size for p in plan.populations} <= {200, 201}


def test_an_inhibitory_trait_that_does_not_exist_leaves_the_network_excitatory():
    plan = make_plan(CoreSimConfig(num_traits=1, inhibitory_trait_indices=(1,)), 0)
    assert [p.excitatory for p in plan.populations] == [True]


def test_every_population_projects_to_every_population_with_its_own_weight():
    core = CoreSimConfig(num_traits=3, inhibitory_trait_indices=(2,), weight_cv=0.2)
    plan = make_plan(core, 0)
    assert {(q.pre, q.post) for q in plan.projections} == {(a, b) for a in range(3) for b in range(3)}
    for q in plan.projections:
        weight = core.inhibitory_weight_nS if q.pre == 2 else core.excitatory_weight_nS
        assert (q.weight, q.weight_sd) == (weight, pytest.approx(0.2 * weight))


@pytest.mark.parametrize("length_um", [100.0, 300.0, 2000.0])
def test_the_kernels_mean_over_a_box_is_within_half_a_percent(length_um):
    rng = np.random.default_rng(0)
    a, b = (rng.uniform(-500, 500, (2_000_000, 3)) for _ in range(2))
    truth = np.exp(-np.linalg.norm(a - b, axis=1) / length_um).mean()
    half = (500.0,) * 3
    found = kernel_mean((-500.0,) * 3, half, (-500.0,) * 3, half, length_um)
    assert found == pytest.approx(truth, rel=0.005)
    assert kernel_mean((-500.0,) * 3, half, (-500.0,) * 3, half, math.inf) == 1.0


def test_the_expected_number_of_synapses_is_the_declared_one():
    plan = make_plan(CoreSimConfig(num_neurons=5000, connections_per_neuron=200), 0)
    assert plan.expected_synapses == pytest.approx(5000 * 200, rel=1e-3)


@pytest.mark.parametrize("changes", [
    {}, {"excitatory_weight_nS": 1e-3, "inhibitory_weight_nS": 1e-3}, {"inhibitory_weight_nS": 1000.0},
    {"num_neurons": 5000, "connections_per_neuron": 4000, "connection_length_um": 1e9}, {"weight_cv": 1.0}])
def test_the_weight_scale_is_a_power_of_two_at_which_weights_and_sums_fit(changes):
    plan = make_plan(CoreSimConfig(**changes), 0)
    assert math.frexp(plan.weight_scale)[0] == 0.5
    heaviest = max(q.weight + 6.0 * q.weight_sd for q in plan.projections)
    in_degree = 1.3 * plan.core.connections_per_neuron + 30.0
    assert heaviest / plan.weight_scale <= 2**plan.weight_bits - 1
    assert in_degree * heaviest / plan.weight_scale < 2**31
    assert heaviest / plan.weight_scale > 1000.0            # and nothing is wasted


def test_a_synapse_leaves_the_bits_to_the_weight_that_its_target_does_not_need():
    assert [weight_bits(n) for n in (1, 1000, 65536, 65537, 1_000_000, 16_000_000)] == [16, 16, 16, 15, 12, 8]


def test_the_random_key_holds_all_bits_of_the_seed():
    assert make_plan(CoreSimConfig(), 2**40 + 5).key_words == (5, 256)
    assert make_plan(CoreSimConfig(), 2**63 - 1).key_words == (0xFFFFFFFF, 0x7FFFFFFF)


def test_a_plan_is_the_same_whatever_the_seed_but_for_the_seed():
    assert make_plan(CoreSimConfig(), 1).projections == make_plan(CoreSimConfig(), 2).projections


@pytest.mark.parametrize(("changes", "field", "words"), [
    ({"num_neurons": 100, "connections_per_neuron": 100}, "connections_per_neuron", ("100", "99 other neurons")),
    ({"num_neurons": 1000, "connections_per_neuron": 500}, "connections_per_neuron",
     ("probability of 3.2", "cannot exceed 1", "longer connection_length_um")),
    ({"dt_ms": 2.0}, "dt_ms", ("2 ms", "at most 1 ms", "choose 1 ms")),
    ({"neuron_model_type": "LIF", "dt_ms": 1.5}, "dt_ms", ("1.5 ms", "at most 1 ms", "choose 0.1 ms")),
    ({"dt_ms": 0.001, "conduction_velocity_um_per_ms": 100.0}, "dt_ms", ("delay", "4096", "raise dt_ms")),
    ({"neural_structure_profile": "ATLANTIS"}, "neural_structure_profile", ("'ATLANTIS'", "GENERIC_UNSTRUCTURED")),
    ({"excitatory_preset": "XY"}, "preset", ("no preset 'XY'", "RS")),
    ({"excitatory_parameters": {"Q": 1.0}}, "Q", ("no parameter 'Q'",)),
    ({"inhibitory_parameters": {"C": -5.0}}, "C", ("-5 pF", "between 1 and 10000 pF")),
])
def test_values_that_do_not_fit_together_are_refused_with_number_range_and_remedy(changes, field, words):
    with pytest.raises(ConfigurationError) as refused:
        make_plan(CoreSimConfig(**changes), 0)
    assert refused.value.field == field
    for word in words:
        assert word in str(refused.value)


def test_custom_parameters_replace_the_presets_own():
    plan = make_plan(CoreSimConfig(excitatory_parameters={"d": 60.0}), 0)
    assert plan.populations[0].params["d"] == 60.0 and plan.populations[0].params["C"] == 100.0


def test_neurons_start_at_rest():
    plan = make_plan(CoreSimConfig(num_neurons=100, connections_per_neuron=5), 0)
    states = Network(plan).initial_states()
    rest = NEURON_MODELS["IZHIKEVICH"].values("RS")["v_r"]
    assert np.all(states["v"][:20] == rest)
    assert set(states) == set(plan.cells["IZHIKEVICH"].states)
    assert all(a.shape == (100,) and a.dtype == np.float32 for a in states.values())
