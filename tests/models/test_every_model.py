"""What holds for every neuron model: tables, both texts, initial states, the judge, and a living network."""

import numpy as np
import pytest

from neural_simulator.backend.emit import Library
from neural_simulator.base.declarations import Population
from neural_simulator.config import CoreSimConfig, GPUConfig, NeuronModel, model_defaults
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.single_cell import current_steps, run_cell
from neural_simulator.models.cell import compose
from neural_simulator.models.neurons import BUILT_IN, NEURON_MODELS
from neural_simulator.models.receptors import SETTINGS
from neural_simulator.network.plan import make_plan

KEYS = list(NEURON_MODELS)
PRESETS = [(key, preset.name) for key, model in NEURON_MODELS.items() for preset in model.presets]
FAST = ("IZHIKEVICH", "IZHIKEVICH_EXTENDED", "IZHIKEVICH_2003", "HODGKIN_HUXLEY", "ADEX", "LIF")


def test_the_configuration_offers_exactly_the_models_there_are():
    assert {member.value for member in NeuronModel} == set(BUILT_IN)


@pytest.mark.parametrize("key", KEYS)
def test_cell_has_a_text_for_the_device_too(key):
    cell = compose(key)
    library = Library()
    emitted = library.add(cell.function)
    assert f"cell_{key}" in emitted.cuda
    assert "double" not in library.cuda_source()


@pytest.mark.parametrize("key, preset", PRESETS)
def test_preset_lies_in_its_ranges_and_names_its_source(key, preset):
    model = NEURON_MODELS[key]
    values = model.values(preset)
    assert set(values) == {p.name for p in model.params}
    assert len(model.preset(preset).source) > 20
    dt = model.default_dt_ms
    for state in model.states:
        assert np.isfinite(model.initial_value(state, values, dt))
    for name, rule in model.derived.items():
        assert np.isfinite(rule(values, dt)), name


@pytest.mark.parametrize("key", KEYS)
def test_preset_names_are_unique_and_the_default_step_is_allowed(key):
    model = NEURON_MODELS[key]
    names = [preset.name for preset in model.presets]
    assert len(set(names)) == len(names)
    assert model.default_dt_ms <= model.max_dt_ms
    assert all(model.has_preset(model.default_preset(sign)) for sign in (True, False))


@pytest.mark.parametrize("key", KEYS)
def test_model_defaults_make_a_valid_configuration(key):
    plan = make_plan(CoreSimConfig(num_neurons=50, connections_per_neuron=5, **model_defaults(key)), 1)
    assert {p.model for p in plan.populations} == {key}


def judged(key, preset, current, dt):
    """The composed cell run by Python in float64: potentials (T,)."""
    cell = compose(key)
    population = Population("cell", 0, 1, key, preset, cell.model.values(preset), True, 0, (0, 0, 0), (0, 0, 0))
    core = CoreSimConfig()
    settings = {p.name: getattr(core, p.name) for p in SETTINGS.values()}
    parameters = cell.parameter_values(population, settings, dt)
    start = {s.name: cell.model.initial_value(s, population.params, dt) for s in cell.model.states}
    states = [start.get(name, 0.0) for name in cell.states]
    arrived = [0.0] * len(cell.ports)
    v = []
    for i in current.tolist():
        *states, _ = cell.function(*states, *arrived, i, *parameters)
        v.append(states[0])
    return np.array(v)


@pytest.mark.parametrize("key", KEYS)
def test_engine_follows_the_judge(key):
    """float32 stays within a hundredth of a millivolt of float64 for 20 ms of weak current."""
    model = NEURON_MODELS[key]
    current = current_steps(20.0, model.default_dt_ms, (5.0, 20.0, 20.0))
    preset = model.presets[0].name
    assert np.abs(run_cell(key, preset, current).v - judged(key, preset, current, model.default_dt_ms)).max() < 0.01


@pytest.mark.parametrize("key, preset", PRESETS)
def test_no_input_makes_a_state_infinite(key, preset):
    """The largest current that the configuration allows, either way, and a storm of synapses."""
    dt = NEURON_MODELS[key].max_dt_ms
    ports = len(compose(key).ports)
    steps = round(60.0 / dt)
    storms = np.zeros((ports, ports, steps))
    for port in range(ports):
        storms[port, port, steps // 10:steps // 2:5] = 1000.0
    quiet = np.zeros((ports, steps))
    cases = [(1e5, quiet), (-1e5, quiet), (2e4, quiet), (-2e4, quiet), *((0.0, storm) for storm in storms)]
    for current, arrived in cases:
        trace = run_cell(key, preset, current_steps(60.0, dt, (5.0, 40.0, current)), dt, arrived=arrived)
        assert all(np.isfinite(values).all() for values in trace.states.values()), current


def rates(key, duration_ms):
    """Mean rates (Hz) of excitatory and inhibitory neurons and the share of neurons that fired, 1,000 x 100."""
    core = CoreSimConfig(num_neurons=1000, connections_per_neuron=100, seed=3, **model_defaults(key))
    sim = Simulation(core, GPUConfig(backend="cpu", num_threads=1))
    batch = sim.run(duration_ms)
    excitatory = np.concatenate([np.full(p.size, p.excitatory) for p in sim.network.populations])
    sim.close()
    counts = np.bincount(batch.spike_ids, minlength=1000) * 1000.0 / duration_ms
    return counts[excitatory].mean(), counts[~excitatory].mean(), (counts > 0).mean()


def check_alive(key, duration_ms):
    excitatory, inhibitory, share = rates(key, duration_ms)
    assert 0.5 < excitatory < 40.0
    assert 0.5 < inhibitory < 60.0
    assert share > 0.5


@pytest.mark.parametrize("key", FAST)
def test_network_with_the_models_defaults_is_alive(key):
    check_alive(key, 500.0)


@pytest.mark.slow
@pytest.mark.parametrize("key", [key for key in KEYS if key not in FAST])
def test_network_of_a_rich_model_with_its_defaults_is_alive(key):
    check_alive(key, 1000.0)
