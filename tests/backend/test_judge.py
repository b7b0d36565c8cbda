"""The engines' float32 code against the judge: the same equations in plain Python, float64."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.declarations import Population
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.single_cell import run_cell
from neural_simulator.models import receptors
from neural_simulator.models.cell import compose
from neural_simulator.models.neurons import NEURON_MODELS

CORE = CoreSimConfig()
SETTINGS = {name: getattr(CORE, name) for name in receptors.SETTINGS}
CURRENTS_PA = (0.0, 50.0, 100.0, 200.0, 400.0, 800.0, 1600.0, 3200.0, 6400.0)
CASES = [(key, preset.name) for key, model in NEURON_MODELS.items() for preset in model.presets]


class Judge:
    """One cell stepped by Python in float64, with the parameters as the engines hold them (float32)."""

    def __init__(self, key: str, preset: str):
        self.cell = compose(key)
        self.dt = self.cell.model.dt_of(preset)
        population = Population("cell", 0, 1, key, preset, self.cell.model.values(preset), True, 0, (0,) * 3, (0,) * 3)
        values = self.cell.parameter_values(population, SETTINGS, self.dt)
        self.parameters = [float(np.float32(value)) for value in values]

    def step(self, states, arrived, current):
        """Return (states, spiked) one step later."""
        *after, spiked = self.cell.function(*map(float, states), *map(float, arrived), float(current),
                                            *self.parameters)
        return after, bool(spiked)


def stimulated(key: str, preset: str, steps: int):
    """A cell's trace under the weakest constant current that makes it fire often, and random synaptic input."""
    model = NEURON_MODELS[key]
    rng = np.random.default_rng(5)
    unit = 1.0 if model.port_unit == "nS" else 40.0
    arrived = (unit * (rng.random((len(model.ports), steps)) < 0.1 * model.dt_of(preset))).astype(np.float32)
    for amplitude in CURRENTS_PA:
        current = np.full(steps, amplitude, np.float32)
        trace = run_cell(key, preset, current, arrived=arrived)
        if trace.fired.sum() >= 4:
            return trace, arrived, current
    raise AssertionError(f"{key} {preset} does not fire")


def columns(trace, cell):
    return np.stack([trace.states[name] for name in cell.states], axis=1)


@pytest.mark.parametrize(("key", "preset"), CASES)
def test_each_step_of_a_firing_cell_is_the_judges_step_to_float32_accuracy(key, preset):
    judge = Judge(key, preset)
    steps = round(400.0 / judge.dt)
    trace, arrived, current = stimulated(key, preset, steps)
    states = columns(trace, judge.cell)
    scale = np.maximum(np.abs(states).max(axis=0), 1e-3)
    near = np.flatnonzero(trace.fired)
    chosen = np.unique(np.concatenate([np.linspace(0, steps - 2, 200).astype(int), near[:20], near[:20] - 1]))
    worst = np.zeros(len(judge.cell.states))
    for k in chosen[(chosen >= 0) & (chosen < steps - 1)]:
        expected, spiked = judge.step(states[k], arrived[:, k + 1], current[k + 1])
        assert spiked == trace.fired[k + 1]
        worst = np.maximum(worst, np.abs(states[k + 1] - expected) / scale)
    assert dict(zip(judge.cell.states, worst, strict=True)) == pytest.approx(
        dict.fromkeys(judge.cell.states, 0.0), abs=2e-5)


@pytest.mark.parametrize("key", NEURON_MODELS)
def test_a_spike_train_is_the_judges_within_half_a_millisecond_or_one_step(key):
    preset = NEURON_MODELS[key].presets[0].name
    judge = Judge(key, preset)
    steps = round(250.0 / judge.dt)
    trace, arrived, current = stimulated(key, preset, steps)
    state, fired = columns(trace, judge.cell)[0], [0] if trace.fired[0] else []
    for k in range(1, steps):
        state, spiked = judge.step(state, arrived[:, k], current[k])
        fired += [k] if spiked else []
    ours, judges = trace.spikes_ms, np.array(fired) * judge.dt
    count = min(len(ours), len(judges))
    assert count >= 2
    assert np.max(np.abs(ours[:count] - judges[:count])) <= max(0.5, judge.dt)
    assert np.all(np.concatenate([ours[count:], judges[count:]]) >= (steps - 1) * judge.dt - 0.5)
