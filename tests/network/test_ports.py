"""Ports: sources that open the same receptors share one, and every pair of populations can have its own."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.declarations import Population, Projection
from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.cuda_engine import CudaEngine
from neural_simulator.engine.layout import Layout
from neural_simulator.engine.simulation import Simulation
from neural_simulator.models.neurons import neuron_model
from neural_simulator.models.structures import STRUCTURES, Structure
from neural_simulator.network.plan import make_plan
from tests.activity import spikes_sha, state_sha


@pytest.fixture
def planned(monkeypatch):
    """A configuration whose network has exactly these populations and projections."""
    def configure(populations, projections, **values):
        def build(core, kernel_mean):
            return populations, projections
        monkeypatch.setitem(STRUCTURES, "TEST", Structure("TEST", "test", "test", "none", build))
        return CoreSimConfig(neural_structure_profile="TEST", seed=5, **values)
    return configure


def population(index, excitatory, model="IZHIKEVICH", preset="RS", size=1, **more):
    return Population(f"P{index}", index * size, (index + 1) * size, model, preset, neuron_model(model).values(preset),
                      excitatory, index, (0.0, 0.0, 0.0), (10.0, 10.0, 10.0), **more)


def all_to_all(pre, post, weight, receptors=None):
    return Projection(pre, post, 1.0, weight, receptors=receptors)


def test_excitation_and_inhibition_take_two_ports_and_signed_input_one():
    plan = make_plan(CoreSimConfig(), 1)
    assert (plan.num_ports, plan.ports.signed, plan.flag_bits) == (2, False, 1)
    assert plan.ports.port_of == (0, 1, 0, 0, 0)
    signed = make_plan(CoreSimConfig(neuron_model_type="LIF", excitatory_preset="NEST", dt_ms=0.1), 1)
    assert (signed.num_ports, signed.ports.signed, signed.flag_bits) == (1, True, 1)
    assert signed.ports.sign_of == (1, -1, 1, 1, 1)


def test_sources_share_a_port_exactly_where_they_open_the_same_receptors_of_every_common_target(planned):
    mixed = {"AMPA": 1.0, "NMDA": 0.5}
    populations = [population(k, True) for k in range(4)]
    plan = make_plan(planned(populations, [
        all_to_all(0, 3, 1.0), all_to_all(1, 3, 2.0, mixed), all_to_all(2, 3, 3.0, {"AMPA": 1.0}),
        all_to_all(1, 0, 1.0), all_to_all(2, 1, 1.0, mixed)]), 1)
    assert plan.ports.port_of == (0, 1, 0, 0)
    assert plan.ports.factors[3] == {("AMPA", 0): 1.0, ("AMPA", 1): 1.0, ("NMDA", 1): 0.5}
    assert plan.cell(3).receptors == ("AMPA", "GABA_A", "NMDA")
    assert plan.cell(0).receptors == ("AMPA", "GABA_A")
    assert plan.cell(1).receptors == ("AMPA", "GABA_A", "NMDA")


def test_a_default_cell_is_composed_without_factors_or_further_states():
    cell = make_plan(CoreSimConfig(), 1).cell(0)
    assert cell.states == ("v", "u", "carry", "g_AMPA", "g_GABA_A")
    assert "factor" not in cell.function.source_text
    assert "x_" not in cell.function.source_text


@pytest.mark.parametrize(("pre_excites", "receptors", "said"), [
    (True, {"GABA_A": 1.0}, "cannot open 'GABA_A'"), (False, {"NMDA": 1.0}, "cannot open 'NMDA'"),
    (True, {"AMPA": 0.0}, "must lie above 0"), (True, {}, "is empty"), (True, {"XYZ": 1.0}, "cannot open 'XYZ'")])
def test_receptors_that_cannot_be_are_refused(planned, pre_excites, receptors, said):
    with pytest.raises(ConfigurationError, match=said):
        make_plan(planned([population(0, pre_excites), population(1, True)], [all_to_all(0, 1, 1.0, receptors)]), 1)


def test_a_population_has_its_own_receptor_constants(planned, backend):
    """Two targets of one source: the second's AMPA decays twice as slowly, from the same peak."""
    driver = population(0, True, current_pA=300.0)
    targets = [population(1, True), population(2, True, settings={"tau_ampa_ms": 10.0})]
    sim = Simulation(planned([driver, *targets], [all_to_all(0, 1, 0.05), all_to_all(0, 2, 0.05)]), backend)
    while not sim.state["g_AMPA"][1]:
        sim.step()
        assert sim.time_ms < 200.0
    g = sim.state["g_AMPA"]
    assert g[1] == pytest.approx(0.05 * np.exp(-1 / 5), rel=1e-3)
    assert g[2] == pytest.approx(0.05 * np.exp(-1 / 10), rel=1e-3)
    with pytest.raises(ConfigurationError, match="tau_ampa_ms"):
        make_plan(planned([population(0, True, settings={"tau_ampa_ms": -1.0})], []), 1)
    with pytest.raises(ConfigurationError, match="no receptor constant"):
        make_plan(planned([population(0, True, settings={"tau": 1.0})], []), 1)


def test_a_pair_of_populations_opens_its_own_receptors(planned, backend):
    """One driver, three targets: AMPA, a mix, and NMDA alone."""
    mix = {"AMPA": 0.5, "NMDA": 2.0}
    populations = [population(0, True, current_pA=300.0), *(population(k, True) for k in (1, 2, 3))]
    sim = Simulation(planned(populations, [
        all_to_all(0, 1, 0.1), all_to_all(0, 2, 0.1, mix), all_to_all(0, 3, 0.1, {"NMDA": 1.0})],
        tau_rise_nmda_ms=0.0), backend)
    while not sim.state["g_AMPA"][1]:
        sim.step()
    ampa, nmda = sim.state["g_AMPA"], sim.state["g_NMDA"]
    decayed = 0.1 * np.exp([-1 / 5, -1 / 40])
    assert ampa == pytest.approx([0.0, decayed[0], 0.5 * decayed[0], 0.0], rel=1e-3)
    assert nmda == pytest.approx([0.0, 0.0, 2.0 * decayed[1], decayed[1]], rel=1e-3)


def test_background_spikes_open_the_receptors_they_are_aimed_at(planned, backend):
    """The mean conductance of a Poisson input is rate x weight x charge of one spike."""
    aimed = {"AMPA": 0.25, "NMDA": 1.0}
    quiet = {"background_rate_Hz": 2000.0, "background_weight": 0.001}
    populations = [population(0, True, size=50, **quiet),
                   population(1, True, size=50, background_receptors=aimed, **quiet)]
    sim = Simulation(planned(populations, []), backend)
    sim.run(400.0)
    sums = {name: np.zeros(2) for name in ("g_AMPA", "g_NMDA")}
    for _ in range(100):
        sim.step(5)
        for name, total in sums.items():
            total += sim.state[name].reshape(2, 50).mean(axis=1)
    ampa, nmda = sums["g_AMPA"] / 100.0, sums["g_NMDA"] / 100.0
    # at the ends of steps of 1 ms: 2 spikes a step, the geometric series of the decay, which has acted once
    e = np.exp(-1 / 5)
    assert ampa == pytest.approx(np.array([1.0, 0.25]) * 0.002 * e / (1 - e), rel=0.03)
    d, r = 40.0, 4.0
    peak = d * r / (d - r) * np.log(d / r)
    charge = (d - r) / (np.exp(-peak / d) - np.exp(-peak / r))
    assert nmda == pytest.approx(np.array([0.0, 1.0]) * 0.002 * charge, rel=0.03)


def mixed_network(planned):
    """Izhikevich, LIF and AdEx cells in one network, in nS and pA, with all receptors: five ports, some signed."""
    sizes = dict(size=60)
    populations = [
        population(0, True, background_rate_Hz=2000.0, background_weight=1.0, **sizes),
        population(1, False, background_rate_Hz=2000.0, background_weight=1.0, **sizes),
        population(2, True, "LIF", "NEST", background_rate_Hz=5000.0, background_weight=50.0, **sizes),
        population(3, False, "LIF", "NEST", background_rate_Hz=5000.0, background_weight=50.0, **sizes),
        population(4, True, "ADEX", "RS", background_rate_Hz=2000.0, background_weight=1.0,
                   settings={"tau_rise_gaba_a_ms": 1.0}, **sizes)]
    mixes = {(0, 4): {"AMPA": 1.0, "NMDA": 0.3}, (2, 4): {"AMPA": 1.0}, (1, 4): {"GABA_A": 1.0, "GABA_B": 0.2},
             (3, 0): {"GABA_B": 1.0}, (3, 4): {"GABA_A": 1.0}}
    projections = []
    for pre in range(5):
        for post in range(5):
            unit = 30.0 if post in (2, 3) else 0.2
            projections.append(Projection(pre, post, 0.1, unit, 0.1 * unit, delay_ms=1.5, delay_sd_ms=0.3,
                                          receptors=mixes.get((pre, post))))
    return planned(populations, projections, dt_ms=0.1)


def test_models_and_units_mix_in_one_network(planned, backend):
    core = mixed_network(planned)
    plan = make_plan(core, 5)
    assert plan.num_ports == 4
    assert plan.relative_scales[2] > 16.0
    sim = Simulation(core, backend)
    batch = sim.run(200.0)
    counts = np.bincount(batch.spike_ids // 60, minlength=5)
    assert counts.min() > 20
    indptr, targets, weights, _ = sim.network.csr()
    current = np.isin(targets // 60, (2, 3))
    assert weights[current].mean() == pytest.approx(30.0, rel=0.02)
    assert weights[~current].mean() == pytest.approx(0.2, rel=0.02)
    assert weights[~current].std() == pytest.approx(0.02, rel=0.05)
    assert indptr[-1] > 5000
    reference = Simulation(core, backend.changed(backend="cpu", num_threads=3))
    assert spikes_sha(batch) == spikes_sha(reference.run(200.0))
    assert state_sha(sim) == state_sha(reference)


def test_both_layouts_of_the_device_have_many_ports(planned, backend):
    if backend.backend == "cpu":
        pytest.skip("a matter of the device")
    core = mixed_network(planned)
    reference = Simulation(core, backend.changed(backend="cpu"))
    expected = spikes_sha(reference.run(100.0)), state_sha(reference)
    sim = Simulation(core, backend)
    assert sim._engine.layout.kind == "partitioned"
    assert (spikes_sha(sim.run(100.0)), state_sha(sim)) == expected
    plain = Layout("global", "asked for", 1, slots=sim.plan.max_delay_steps + 2)
    sim._engine = CudaEngine(sim.plan, layout=plain)
    sim.set_live()
    assert (spikes_sha(sim.run(100.0)), state_sha(sim)) == expected


def test_the_network_of_all_receptors_lives(backend):
    core = CoreSimConfig(seed=4, num_neurons=400, connections_per_neuron=40, nmda_share=0.3, gaba_b_share=0.1,
                         tau_rise_ampa_ms=0.5, tau_ampa_ms=2.4, excitatory_weight_nS=1.5, background_rate_Hz=400.0)
    sim = Simulation(core, backend)
    assert {"x_AMPA", "g_NMDA", "x_NMDA", "g_GABA_B", "x_GABA_B"} <= set(sim.state)
    assert sim.run(300.0).spike_ids.size > 300
    assert sim.state["g_NMDA"].mean() > 0.0 < sim.state["g_GABA_B"].mean()
