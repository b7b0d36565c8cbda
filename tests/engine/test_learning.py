"""Networks that learn: the same bits in every batch and thread count and through a snapshot."""

from __future__ import annotations

import re

import numpy as np
import pytest

from neural_simulator.backend.cpu_learning import add_equations, source
from neural_simulator.backend.emit import Library
from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.snapshot import Snapshot
from neural_simulator.models.neurons import NEURON_MODELS
from neural_simulator.models.plasticity import homeostasis
from neural_simulator.network.plan import make_plan
from tests.activity import CPU, everything, ids_of, rate_hz, result_of, same, spikes_sha

NET = CoreSimConfig(seed=11, num_neurons=300, connections_per_neuron=40, background_rate_Hz=400.0,
                    excitatory_weight_nS=1.2, inhibitory_weight_nS=4.0)
LIF = NET.changed(neuron_model_type="LIF", dt_ms=0.5, excitatory_weight_nS=30.0, inhibitory_weight_nS=100.0,
                  background_rate_Hz=1500.0, background_weight_nS=100.0, excitatory_preset="NEST",
                  inhibitory_preset="NEST")
EVERY = {"enable_short_term_plasticity": True, "enable_inhibitory_stdp": True}
# Few different steps to compile: homeostasis, which changes a cell's, comes with one of them alone.
LEARNING = {
    "release": NET.changed(enable_short_term_plasticity=True, stp_U=0.4),
    "STDP": NET.changed(enable_stdp=True, stdp_a_plus=0.02, stdp_a_minus=0.021, **EVERY),
    "Hebbian": NET.changed(enable_hebbian_learning=True, hebbian_learning_rate=0.02, **EVERY),
    "reward": NET.changed(enable_reward_modulation=True, reward_baseline=0.5, stdp_a_plus=0.05, **EVERY),
    "LIF": LIF.changed(enable_stdp=True, stdp_mu_plus=0.4, stdp_mu_minus=0.4, stdp_a_plus=0.02, stdp_a_minus=0.02,
                       enable_homeostasis=True, homeostasis_scaling_rate_per_s=0.5, **EVERY),
}


@pytest.mark.parametrize("name", LEARNING)
def test_a_network_that_learns_is_the_same_however_it_is_run(name):
    core, steps = LEARNING[name], 1300
    whole = Simulation(core, CPU)
    start = whole.network.csr()[2]
    spikes = spikes_sha(whole.step(steps))
    assert whole.spike_counts().sum() > 1000
    assert np.array_equal(start, whole.network.csr()[2]) is (name == "release")
    for gpu, batches in ((CPU, (1, 2, 3, 500, 794)), (GPUConfig(backend="cpu", num_threads=2), (steps,)),
                         (GPUConfig(backend="cpu", num_threads=3), (7, 1293))):
        other = Simulation(core, gpu)
        pieces = [other.step(count) for count in batches]
        assert sum(p.spike_ids.size for p in pieces) == whole.spike_counts().sum()
        assert same(everything(other), everything(whole))
    again = result_of(core, steps, CPU)
    assert again["spikes_sha"] == spikes


@pytest.mark.parametrize("name", LEARNING)
@pytest.mark.parametrize("threads", [1, 3])
def test_a_snapshot_of_a_network_that_learns_continues_with_the_same_bits(name, threads):
    core = LEARNING[name]
    sim = Simulation(core, CPU)
    sim.step(733)
    snapshot = sim.snapshot()
    sim.step(567)
    other = Simulation(core, GPUConfig(backend="cpu", num_threads=threads))
    other.step(50)
    other.restore(Snapshot.of(snapshot.step, {path: values.copy() for path, values in snapshot.arrays().items()}))
    assert same(everything(other), snapshot.arrays())
    other.step(567)
    assert same(everything(other), everything(sim))


def test_reset_begins_anew_with_the_first_weights():
    sim = Simulation(LEARNING["reward"], CPU)
    begin = everything(sim)
    sim.step(200)
    sim.reward(2.0)
    sim.step(200)
    assert not same(begin, everything(sim))
    sim.reset()
    assert same(begin, everything(sim))


def test_a_reward_changes_weights_and_only_where_something_waits_for_it():
    core = NET.changed(enable_reward_modulation=True, stdp_a_plus=0.05)
    plain, rewarded = (Simulation(core, CPU) for _ in range(2))
    first = plain.network.csr()[2]
    for sim in (plain, rewarded):
        sim.step(300)
    assert np.array_equal(plain.network.csr()[2], first)
    rewarded.reward(3.0)
    for sim in (plain, rewarded):
        sim.step(300)
    assert np.abs(plain.network.csr()[2] - rewarded.network.csr()[2]).max() > 0.0
    with pytest.raises(ConfigurationError, match="switch reward-modulated STDP on"):
        Simulation(LEARNING["STDP"], CPU).reward(1.0)
    for wrong, name in (({"amount": "x"}, "amount"), ({"amount": float("nan")}, "amount"),
                        ({"delay_ms": None}, "delay_ms"), ({"delay_ms": float("inf")}, "delay_ms")):
        with pytest.raises(ConfigurationError, match=f"{name} must be a finite number"):
            rewarded.reward(**wrong)
    with pytest.raises(ConfigurationError, match="between -1000 and 1000"):
        rewarded.reward(1e6)


@pytest.mark.parametrize("dt", [0.5, 0.1])
def test_homeostasis_brings_every_model_to_the_rate_in_Hz_whatever_dt(dt):
    """Cells without synapses, driven far above the target: the threshold alone brings them down."""
    core = CoreSimConfig(seed=2, num_neurons=60, num_traits=3, inhibitory_trait_indices=(), connections_per_neuron=0,
                         dt_ms=dt, trait_cells=[{"trait": 1, "model": "ADEX"}, {"trait": 2, "model": "LIF"}],
                         background_rate_Hz=300.0, enable_homeostasis=True, homeostasis_target_rate_Hz=8.0,
                         homeostasis_rate_tau_ms=500.0, homeostasis_threshold_rate=40.0,
                         homeostasis_max_threshold_pA=2000.0)
    names = [p.name for p in make_plan(core, 2).populations]
    sim = Simulation(core.changed(population_drive={
        f"{name} external_current_pA": drive for name, drive in zip(names, (250.0, 900.0, 700.0), strict=True)}), CPU)
    rates = [np.bincount(sim.run(ms).spike_ids // 20, minlength=3) / (0.02 * ms) for ms in (200.0, 4000.0, 3000.0)]
    assert (rates[0] > 20.0).all()
    assert rates[2] == pytest.approx(np.full(3, 8.0), rel=0.1)


def test_a_rate_is_not_measured_over_more_steps_than_its_numbers_can_count():
    slow = CoreSimConfig(enable_homeostasis=True, homeostasis_rate_tau_ms=1e6, dt_ms=0.1)
    with pytest.raises(ConfigurationError, match="1,000,000 ms, but must be at most 2,000,000 steps of 0.1 ms; lower"):
        make_plan(slow, 1)
    longest = slow.changed(homeostasis_rate_tau_ms=200_000.0)
    decay = np.float32(homeostasis.step_values(make_plan(longest, 1).populations[0].plasticity["HOMEOSTASIS"],
                                               0.1)["homeo_decay"])
    rate = np.float32(7.3)
    for _ in range(200_000):
        rate *= decay
    assert rate == pytest.approx(7.3 * np.exp(-0.1), rel=0.01)


def test_scaling_alone_brings_the_rate_to_its_target():
    core = NET.changed(enable_homeostasis=True, homeostasis_threshold_rate=0.0, homeostasis_scaling_rate_per_s=2.0,
                       homeostasis_target_rate_Hz=4.0, homeostasis_rate_tau_ms=1000.0, homeostasis_max_scaling=20.0)
    sim = Simulation(core, CPU)
    sim.step(12_000)
    scale = sim.state["homeo_scale"][ids_of(sim, True)]
    assert np.abs(np.log(scale)).max() > 0.05
    assert rate_hz(sim, sim.step(4000), True) == pytest.approx(4.0, rel=0.15)
    assert (sim.state["homeo_theta"] == 0.0).all()


@pytest.mark.parametrize("model", NEURON_MODELS)
def test_the_equations_of_every_model_go_together_with_those_of_learning(model):
    """All of a network's functions are one text, in which no two may have one name."""
    plan = make_plan(CoreSimConfig(neuron_model_type=model, dt_ms=0.02, enable_stdp=True, enable_homeostasis=True), 1)
    library = Library()
    add_equations(library)
    for cell in plan.cells.values():
        library.add(cell.function)
    names = {function.name for function in library.functions}
    assert {"change_at_post", "homeostasis_step", "release"} < names
    # what the step's own text defines comes later, and would take the place of an equation
    assert not names & set(re.findall(r"^ *def (\w+)\(", source(True, True), re.MULTILINE))


def test_an_unlearning_network_keeps_its_bits():
    """Switches that are off change nothing, whatever their parameters say."""
    other = NET.changed(stdp_a_plus=0.5, stp_U=0.9, homeostasis_target_rate_Hz=50.0)
    assert result_of(NET, 300, CPU) == result_of(other, 300, CPU)


def test_rewards_are_given_again_when_the_run_is_computed_again():
    core = NET.changed(enable_reward_modulation=True, stdp_a_plus=0.05)
    sim, plain = Simulation(core, CPU), Simulation(core, CPU)
    sim.reward(4.0)
    sim.step(150)
    sim.reward(3.0)
    sim.reward(-1.0)
    sim.step(200)
    there = everything(sim)
    plain.step(350)
    assert not same(everything(plain), there)
    sim.step(100)
    sim.go_back(350)
    assert same(everything(sim), there)


def test_dopamine_that_has_faded_is_the_same_wherever_batches_end():
    core = NET.changed(num_neurons=100, connections_per_neuron=10, enable_reward_modulation=True,
                       reward_dopamine_tau_ms=1.0, rewards=((5.0, 1.0), (200.0, 2.0)))
    states = []
    for batches in ((300,), (150, 150), (40, 260)):
        sim = Simulation(core, CPU)
        for steps in batches:
            sim.step(steps)
        states.append(everything(sim))
    assert states[0]["further/learning_dopamine_sums"] > 0.0
    assert all(same(state, states[0]) for state in states[1:])


def test_bytes_of_synapses_hold_their_weights_where_these_can_change():
    static, learns = Simulation(NET, CPU), Simulation(NET.changed(enable_stdp=True), CPU)
    synapses = learns.network.num_synapses
    assert learns.network.memory_bytes - static.network.memory_bytes == 4 * synapses > 0
    assert learns.memory_bytes - static.memory_bytes > 4 * synapses


def test_two_rules_for_one_weight_are_refused():
    with pytest.raises(ConfigurationError, match="Hebbian learning and STDP would both .* switch one of them off"):
        make_plan(NET.changed(enable_hebbian_learning=True, enable_stdp=True), 1)


def test_projections_may_learn_each_by_its_own_rule():
    core = CoreSimConfig(num_traits=2, enable_hebbian_learning=True, projection_learning={
        "Exc* -> *": {"STDP": {"a_plus": 0.01}, "SHORT_TERM": {}}, "* -> Inh*": {},
        "Inh* -> Exc*": {"INHIBITORY_STDP": {}}})
    rules = {(q.pre, q.post): q.plasticity for q in make_plan(core, 1).projections}
    assert list(rules[0, 0]) == ["STDP", "SHORT_TERM"] and rules[0, 0]["STDP"]["a_plus"] == 0.01
    assert rules[0, 0]["STDP"]["a_minus"] == core.stdp_a_minus and rules[0, 1] == rules[1, 1] == {}
    assert list(rules[1, 0]) == ["INHIBITORY_STDP"]


@pytest.mark.parametrize("given, told", [
    ({"Exc* -> X": {}}, r"matches no projection; there are: Excitatory 0 \(RS\) -> Excitatory 0"),
    ({"Exc* -> *": {"STPD": {}}}, "choose one of: SHORT_TERM, HEBBIAN, STDP"),
    ({"* -> *": {"STDP": {"tau": 7.0}}}, "STDP has no parameter 'tau'; choose one of: a_plus, .*, tau_plus_ms"),
    ({"* -> *": {"STDP": {"a_plus": 7.0}}}, "Strengthening .* is 7, but must lie between 0 and 1"),
    ({"* -> *": {"HOMEOSTASIS": {}}}, "is a rule of neurons; give it to a population"),
    ({"* -> *": {"STDP": {}, "HEBBIAN": {}}}, "would both change the same weights")])
def test_rules_of_a_projection_that_do_not_fit_are_refused(given, told):
    with pytest.raises(ConfigurationError, match=told):
        make_plan(CoreSimConfig(num_traits=2, projection_learning=given), 1)


def test_a_small_world_is_chosen_as_a_whole():
    core = CoreSimConfig(num_traits=2, enable_watts_strogatz=True, projection_learning={"Exc* -> *": {"STDP": {}}})
    assert "STDP" in make_plan(core, 1).projections[0].plasticity
    with pytest.raises(ConfigurationError, match="a part of the synapses .* choose 'Exc\\* -> \\*'"):
        make_plan(core.changed(projection_learning={"Exc* -> Inh*": {"STDP": {}}}), 1)
