"""Cells that differ: distributions, limits that keep a cell's type, and the same cells on every backend."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neural_simulator.base import exact
from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, model_defaults
from neural_simulator.engine.memory import estimate_plan
from neural_simulator.engine.simulation import Simulation
from neural_simulator.models.neurons import NEURON_MODELS
from neural_simulator.network.heterogeneity import limits, parameter_columns
from neural_simulator.network.plan import make_plan
from tests.activity import CPU, spikes_sha, state_sha


def normals(count):
    rng = np.random.default_rng(1)
    drawn: dict[int, np.ndarray] = {}
    return lambda stream: drawn.setdefault(stream, rng.standard_normal(count).astype(np.float32))


def columns_of(core) -> tuple:
    plan = make_plan(core, 1)
    return plan, parameter_columns(plan, normals(plan.num_neurons))


@pytest.mark.parametrize("law", ["normal", "lognormal"])
def test_a_varied_parameter_has_its_mean_and_deviation_around_each_preset(law):
    plan, columns = columns_of(CoreSimConfig(num_neurons=50_000, heterogeneity={"k": 0.2, "C": 0.1},
                                             heterogeneity_law=law))
    assert plan.cell(0).varied == ("C_inverse", "k")
    for p in plan.populations:
        C, k = 1.0 / columns[0, p.start:p.stop], columns[1, p.start:p.stop]
        assert k.mean() == pytest.approx(p.params["k"], rel=0.01)
        assert k.std() == pytest.approx(0.2 * p.params["k"], rel=0.03)
        assert C.std() == pytest.approx(0.1 * p.params["C"], rel=0.03)
        assert abs(np.corrcoef(C, k)[0, 1]) < 0.03
        skew = ((k - k.mean()) ** 3).mean() / k.std() ** 3
        assert (skew > 0.3) if law == "lognormal" else abs(skew) < 0.1


@pytest.mark.parametrize("key", NEURON_MODELS)
def test_cells_that_differ_keep_signs_ranges_and_the_order_of_thresholds(key):
    model = NEURON_MODELS[key]
    for preset in model.presets:
        values = model.values(preset.name)
        for param in model.params:
            low, high = limits(model, param.name, values)
            assert low <= values[param.name] <= high
            assert param.low <= low and high <= param.high
            if values[param.name] != 0.0:
                assert math.copysign(1, low if values[param.name] > 0 else high) == math.copysign(1, values[param.name])
        for chain in model.ordered:
            for below, above in zip(chain, chain[1:], strict=False):
                if values[below] < values[above]:
                    assert limits(model, below, values)[1] < limits(model, above, values)[0], (preset.name, below)


def test_extreme_draws_end_at_the_limits():
    core = CoreSimConfig(num_neurons=5000, num_traits=1, inhibitory_trait_indices=(),
                         heterogeneity={"v_t": 1.0, "b": 1.0})
    plan, columns = columns_of(core)
    v_t, b = (columns[plan.cell(0).varied.index(name)] for name in ("v_t", "b"))
    assert v_t.min() == pytest.approx(-40 - 0.45 * 20) and v_t.max() == pytest.approx(-40 + 0.45 * 75)   # -60, 35
    assert b.max() == pytest.approx(-0.2) and b.min() < -6.0


@pytest.mark.parametrize("key", NEURON_MODELS)
def test_derived_constants_follow_the_parameters_of_each_neuron(key):
    model = NEURON_MODELS[key]
    chosen = [p.name for p in model.params if model.values(model.presets[0].name)[p.name] != 0.0][:4]
    core = CoreSimConfig(num_neurons=6, connections_per_neuron=0, num_traits=1, inhibitory_trait_indices=(),
                         **model_defaults(key)).changed(heterogeneity=dict.fromkeys(chosen, 0.1))
    plan, columns = columns_of(core)
    p, cell = plan.populations[0], plan.cell(0)
    own = {name: columns[cell.varied.index(name)] for name in chosen if name in cell.varied}
    draw = normals(6)
    for n in (0, 5):
        params = dict(p.params)
        for place, param in enumerate(cell.model.params):
            if param.name in p.spread:
                z = float(np.clip(draw(256 + place)[n], -3, 3))
                value = p.params[param.name] + 0.1 * abs(p.params[param.name]) * z
                params[param.name] = float(np.clip(value, *limits(cell.model, param.name, p.params)))
                if param.name in own:
                    assert own[param.name][n] == pytest.approx(params[param.name], rel=1e-6)
        for name, rule in cell.model.derived.items():
            if name in cell.varied:
                assert columns[cell.varied.index(name), n] == pytest.approx(rule(params, plan.dt), rel=1e-6), name


def test_constants_of_arrays_are_those_of_numbers():
    x = np.concatenate([np.linspace(-40, 40, 2001), np.linspace(-0.6, 0.6, 500), [0.0, 1e-14]])
    for function, values in ((exact.exp, x), (exact.exprel_inverse, x), (exact.ln, np.exp(x))):
        expected = np.array([function(float(v)) for v in values])
        assert function(values) == pytest.approx(expected, rel=1e-14, abs=1e-15)
    assert exact.power(np.array([2.0, 3.0]), 0.5) == pytest.approx([2**0.5, 3**0.5], rel=1e-14)


@pytest.mark.parametrize("key", ["IZHIKEVICH", "ADEX", "HODGKIN_HUXLEY", "LIF"])
def test_cells_that_differ_are_the_same_on_every_backend(key, backend):
    core = CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=9, **model_defaults(key)).changed(
        cell_variation=0.2, heterogeneity_law="lognormal")
    sim, other = Simulation(core, backend), Simulation(core, CPU.changed(num_threads=3))
    batch = sim.run(250.0)
    assert batch.spike_ids.size > 100
    assert spikes_sha(batch) == spikes_sha(other.run(250.0))
    assert state_sha(sim) == state_sha(other)
    assert sim.fingerprint == other.fingerprint != Simulation(core.changed(cell_variation=0.1), CPU).fingerprint


def test_variation_spreads_the_rates_of_driven_cells():
    """Without noise and synapses, equal cells fire alike and different ones do not."""
    quiet = dict(num_neurons=300, connections_per_neuron=0, num_traits=1, inhibitory_trait_indices=(), seed=2,
                 background_rate_Hz=0.0, external_current_pA=100.0)
    counts = {}
    for cv in (0.0, 0.1):
        sim = Simulation(CoreSimConfig(cell_variation=cv, **quiet), CPU)
        sim.run(1000.0)
        counts[cv] = sim.spike_counts()
    assert np.ptp(counts[0.0]) == 0 and counts[0.0][0] > 5
    assert counts[0.1].std() > 0.5
    assert counts[0.1].mean() == pytest.approx(counts[0.0][0], rel=0.1)


def test_only_varied_parameters_take_memory_and_a_network_without_has_the_old_text():
    plain, varied = (make_plan(CoreSimConfig(heterogeneity=h), 1) for h in ({}, {"k": 0.1}))
    assert plain.cell(0).varied == () and varied.cell(0).varied == ("k",)
    assert estimate_plan(varied) - estimate_plan(plain) == 4 * 1000
    assert all(p.spread == {} for p in plain.populations)


@pytest.mark.parametrize(("heterogeneity", "said"), [({"K": 0.1}, "nearest is 'k'"), ({"k": 2.0}, "between 0 and 1"),
                                                     ({"k": -0.1}, "between 0 and 1")])
def test_bad_variation_is_refused(heterogeneity, said):
    with pytest.raises(ConfigurationError, match=said):
        make_plan(CoreSimConfig(heterogeneity=heterogeneity), 1)
