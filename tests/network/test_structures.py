"""What holds for every brain structure: who is there, where, how connected, and that it lives."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, structure_defaults
from neural_simulator.engine.simulation import Simulation
from neural_simulator.models.structures import STRUCTURES
from neural_simulator.network.network import Network
from neural_simulator.network.plan import make_plan
from neural_simulator.network.projections import expected_synapses
from tests.activity import CPU

REGIONS = [key for key, structure in STRUCTURES.items() if structure.cells]
VARIANTS = [(key, model) for key in REGIONS for model in STRUCTURES[key].cells]


def core_of(key: str, model: str | None = None, **changes) -> CoreSimConfig:
    return CoreSimConfig(**{**structure_defaults(key, model), "seed": 5, **changes})


@cache
def built(key: str) -> Network:
    return Network(make_plan(core_of(key), 5))


@pytest.mark.parametrize("key", REGIONS)
def test_a_structure_names_its_source_its_claim_and_cells_for_every_population(key):
    structure = STRUCTURES[key]
    assert structure.label and structure.claim.endswith(".") and re.search(r"\d{4}", structure.source)
    for cells in structure.cells.values():
        assert set(cells) == set(structure.sizes)
        for cell in cells.values():
            assert cell.parameters() and cell.capacitance_pF > 0.0
    for model, alternatives in structure.fitting.items():
        presets = [cell.preset for cell in structure.principal_cells(model)]
        assert len(alternatives) + 1 == len(set(presets))
    for knob in structure.knobs:
        assert knob.label and knob.meaning and knob.low <= knob.default <= knob.high


@pytest.mark.parametrize("key", REGIONS)
@pytest.mark.parametrize("which", ["smallest", "default"])
def test_sizes_add_up_in_proportion_and_no_population_is_empty(key, which):
    structure = STRUCTURES[key]
    count = structure.smallest if which == "smallest" else structure_defaults(key)["num_neurons"]
    plan = make_plan(core_of(key, num_neurons=count), 5)
    assert [p.name for p in plan.populations] == list(structure.sizes)
    assert plan.num_neurons == count and all(p.size > 0 for p in plan.populations)
    total = sum(structure.sizes.values())
    for p in plan.populations:
        assert abs(p.size - structure.sizes[p.name] * count / total) <= 1.0


@pytest.mark.parametrize("key", REGIONS)
def test_neurons_lie_in_their_populations_piece_of_space(key):
    network = built(key)
    for p in network.populations:
        x, y, z = network.positions[p.start:p.stop].astype(np.float64).T
        low, high = np.array(p.low_um), np.array(p.high_um)
        centre, half = 0.5 * (low + high), 0.5 * (high - low)
        flat = y - p.bend_um * ((x - centre[0]) / half[0]) ** 2
        shares = (np.stack([x, flat, z], 1) - centre) / half
        assert np.abs(shares).max() <= 1.0 + 1e-3, p.name
        if p.ellipsoid:
            radius = np.linalg.norm(shares, axis=1)
            assert radius.max() <= 1.0 + 1e-3
            if p.size > 80:                                       # uniform: an eighth lies within half the radius
                assert abs((radius < 0.5).mean() - 0.125) < 4.0 * np.sqrt(0.11 / p.size)


@pytest.mark.parametrize("key", REGIONS)
def test_mean_in_degrees_are_the_declared_ones(key):
    network = built(key)
    plan = network.plan
    indptr, targets, _, delays = network.csr()
    pre = network.population_of[np.repeat(np.arange(plan.num_neurons), np.diff(indptr))]
    post = network.population_of[targets]
    pairs = {}
    for q in plan.projections:
        expected = expected_synapses(q, plan.populations) / plan.populations[q.post].size
        pairs[q.pre, q.post] = pairs.get((q.pre, q.post), 0.0) + expected
    for (a, b), expected in pairs.items():
        found = ((pre == a) & (post == b)).sum() / plan.populations[b].size
        spread = np.sqrt(expected / plan.populations[b].size)
        own = expected / plan.populations[a].size if a == b else 0.0          # no cell synapses onto itself
        assert abs(found + own - expected) < 5.0 * spread + 0.01 * expected, (key, a, b)
    assert targets.size == sum(((pre == a) & (post == b)).sum() for a, b in pairs)
    assert delays.min() >= 1


@pytest.mark.parametrize("key", REGIONS)
def test_every_population_fires_at_the_default_and_at_the_smallest_size(key):
    for changes in ({}, {"num_neurons": STRUCTURES[key].smallest}):
        sim = Simulation(core_of(key, **changes), CPU)
        batch = sim.run(1500.0)
        counts = np.bincount(sim.network.population_of[batch.spike_ids], minlength=len(sim.network.populations))
        silent = [p.name for p, n in zip(sim.network.populations, counts, strict=True) if n == 0]
        assert not silent, changes
        rate = batch.spike_ids.size / sim.network.num_neurons / 1.5
        assert rate < 100.0
        assert all(np.all(np.isfinite(values)) for values in sim.state.values())
        sim.close()


# Those that are compiled alike, with and without afferents; every other mix of models compiles for 20 s and is slow.
_QUICK = tuple((key, "ADEX") for key in ("CORTEX_L23_RS_FS", "HIPPOCAMPUS_CA1_RS_FS", "CORTEX_L4_INPUT_LAYER",
                                         "CEREBELLAR_CORTEX_SIMPLE", "BASAL_GANGLIA_STN_GPE"))


@pytest.mark.parametrize(("key", "model"), [
    pytest.param(*each, marks=() if each in _QUICK else pytest.mark.slow) for each in VARIANTS])
def test_a_structure_lives_with_every_neuron_model_that_it_offers(key, model):
    structure = STRUCTURES[key]
    for cell in structure.principal_cells(model):
        small = max(structure.smallest, min(600, structure_defaults(key)["num_neurons"]))
        sim = Simulation(core_of(key, model, num_neurons=small, excitatory_preset=cell.preset), CPU)
        assert sim.network.populations[0].preset == cell.resolved[1].name
        batch = sim.run(600.0)
        counts = np.bincount(sim.network.population_of[batch.spike_ids], minlength=len(sim.network.populations))
        rate = batch.spike_ids.size / small / 0.6
        assert counts[0] > 0 and 0.1 < rate < 100.0
        assert all(np.all(np.isfinite(values)) for values in sim.state.values())
        sim.close()


@pytest.mark.parametrize("key", REGIONS)
def test_every_knob_changes_the_network(key):
    core = core_of(key)
    plan = make_plan(core, 5)
    for knob in STRUCTURES[key].knobs:
        other = knob.low if knob.default != knob.low else knob.high
        changed = make_plan(core.changed(structure_parameters={knob.name: other}), 5)
        assert (changed.populations, changed.projections) != (plan.populations, plan.projections), knob.name


@pytest.mark.parametrize("key", REGIONS)
def test_what_a_structure_is_said_to_read_changes_it_and_nothing_else_does(key):
    structure, core = STRUCTURES[key], core_of(key)
    plan = make_plan(core, 5)
    other = {"num_neurons": core.num_neurons * 2, "connections_per_neuron": 17, "num_traits": 3,
             "inhibitory_trait_indices": (0,), "inhibitory_preset": "FS", "volume_edge_um": 77.0,
             "connection_length_um": 7.0, "conduction_velocity_um_per_ms": 7.0, "synaptic_latency_ms": 7.0,
             "excitatory_weight_nS": 7.0, "inhibitory_weight_nS": 7.0, "weight_cv": 0.77,
             "background_rate_Hz": 77.0, "background_weight_nS": 7.0, "external_current_pA": 7.0,
             "tau_ampa_ms": 77.0, "tau_gaba_a_ms": 77.0, "e_ampa_mV": -7.0, "e_gaba_a_mV": -77.0,
             "tau_nmda_ms": 77.0, "tau_gaba_b_ms": 177.0, "magnesium_mM": 2.0}
    alternatives = structure.fitting.get(core.neuron_model_type.value, ())
    if alternatives:
        other["excitatory_preset"] = alternatives[0].preset
    for name, value in other.items():
        changed = make_plan(core.changed(**{name: value}), 5)
        same = _network(changed) == _network(plan)
        assert same is (name not in structure.reads), name


def _network(plan) -> tuple:
    """What of a plan acts: of the receptor constants those that its cells use."""
    return plan.populations, plan.projections, [plan.parameter_values(k) for k in range(len(plan.populations))]


def test_too_few_neurons_unknown_values_and_unfit_models_are_refused_with_the_remedy():
    key = "BASAL_GANGLIA_STN_GPE"
    for changes, words in (({"num_neurons": 10}, ("10", "at least 90")),
                           ({"structure_parameters": {"dopamin": 1.0}}, ("'dopamin'", "striatal_events_Hz")),
                           ({"structure_parameters": {"loop_delay_ms": 99.0}}, ("99 ms", "20 ms")),
                           ({"neuron_model_type": "HH_SQUID"}, ("HH_SQUID", "HODGKIN_HUXLEY"))):
        with pytest.raises(ConfigurationError) as refused:
            make_plan(core_of(key, **changes), 1)
        assert all(word in str(refused.value) for word in words)
    with pytest.raises(ConfigurationError, match="are those of leaky integrators.*one of: LIF"):
        make_plan(core_of("POTJANS_DIESMANN_2014", neuron_model_type="ADEX"), 1)


@pytest.mark.parametrize(("key", "model"), VARIANTS)
def test_weights_and_currents_onto_other_cells_are_scaled_alike(key, model):
    """Means and spreads of weights keep their ratio, and the sign of a current stays."""
    native, other = (make_plan(core_of(key, m), 5) for m in (next(iter(STRUCTURES[key].cells)), model))
    for a, b in zip(native.projections, other.projections, strict=True):
        assert b.weight > 0.0 and b.weight_sd / b.weight == pytest.approx(a.weight_sd / a.weight)
    assert all(a.current_pA * b.current_pA >= 0.0 for a, b in zip(native.populations, other.populations, strict=True))


def test_the_earlier_programs_names_are_still_valid():
    assert set(STRUCTURES) >= {
        "GENERIC_UNSTRUCTURED", "CORTEX_L23_RS_FS", "CORTEX_L4_INPUT_LAYER", "HIPPOCAMPUS_CA1_RS_FS",
        "HIPPOCAMPUS_CA3_RECURRENT", "CEREBELLAR_CORTEX_SIMPLE", "SPINAL_CORD_SEGMENT", "BASAL_GANGLIA_STRIATUM",
        "THALAMUS_TC_TRN", "BASAL_GANGLIA_STN_GPE", "POTJANS_DIESMANN_2014"}
