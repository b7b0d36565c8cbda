"""Receptors against closed forms: peak, shape and charge of a synaptic conductance, and magnesium's block."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.integrate import quad

from neural_simulator.base.declarations import Population
from neural_simulator.config import CoreSimConfig
from neural_simulator.models.cell import compose
from neural_simulator.models.neurons import neuron_model
from neural_simulator.models.receptors import RECEPTORS, SETTINGS, magnesium_block, rises, step_constants

CORE = CoreSimConfig()
DEFAULTS = {name: getattr(CORE, name) for name in SETTINGS}
# Jahr and Stevens' block at 1 mM, recomputed from NEURON's nmda.mod (ModelDB 18198).
BLOCK = {-80: .02442, -70: .04447, -65: .05967, -60: .07963, -40: .23016, -20: .50814, 0: .78118, 20: .92502,
         40: .97708}


def shape(t, tau, rise):
    """The conductance t ms after a spike of weight 1, by its definition."""
    if rise == 0.0:
        return math.exp(-t / tau)
    if rise == tau:
        return t / tau * math.exp(1.0 - t / tau)
    peak_at = tau * rise / (tau - rise) * math.log(tau / rise)
    difference = lambda s: math.exp(-s / tau) - math.exp(-s / rise)        # noqa: E731
    return difference(t) / difference(peak_at)


def course(receptor, dt, steps, **settings):
    """(conductance at the ends of the steps, its mean over each step) after one spike of weight 1."""
    values = {**DEFAULTS, **settings}
    rising = rises(receptor, values)
    c = step_constants(receptor, values, dt, rising)
    g, x, ends, means = (0.0, 1.0, [], []) if rising else (1.0, 0.0, [], [])
    for _ in range(steps):
        means.append(g * c["mean"] + (x * c["mean_x"] if rising else 0.0))
        g, x = g * c["decay"] + (x * c["gain"] if rising else 0.0), x * c.get("rise", 0.0)
        ends.append(g)
    return np.array(ends), np.array(means)


CASES = [("AMPA", 5.0, 0.0), ("AMPA", 2.4, 0.5), ("GABA_A", 7.0, 1.0), ("NMDA", 40.0, 4.0), ("GABA_B", 200.0, 60.0),
         ("GABA_B", 10.0, 9.9999), ("AMPA", 5.0, 5.0)]


@pytest.mark.parametrize("dt", [1.0, 0.1])
@pytest.mark.parametrize(("key", "tau", "rise"), CASES)
def test_conductance_and_its_mean_are_exact_at_any_step(key, tau, rise, dt):
    receptor = RECEPTORS[key]
    settings = {receptor.tau_ms.name: tau, receptor.rise_ms.name: rise}
    ends, means = course(receptor, dt, 50, **settings)
    assert ends == pytest.approx([shape((k + 1) * dt, tau, rise) for k in range(50)], rel=1e-7)
    expected = [quad(shape, k * dt, (k + 1) * dt, args=(tau, rise))[0] / dt for k in range(50)]
    assert means == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize(("key", "tau", "rise"), CASES)
def test_a_spike_peaks_at_its_weight_and_brings_the_whole_charge(key, tau, rise):
    receptor = RECEPTORS[key]
    ends, means = course(receptor, 0.05, round(40 * tau / 0.05),
                         **{receptor.tau_ms.name: tau, receptor.rise_ms.name: rise})
    assert max(1.0 if rise == 0.0 else 0.0, ends.max()) == pytest.approx(1.0, abs=2e-4)
    if 0.0 < rise < tau:
        assert (ends.argmax() + 1) * 0.05 == pytest.approx(tau * rise / (tau - rise) * math.log(tau / rise), abs=0.05)
    charge = quad(shape, 0.0, 40 * tau, args=(tau, rise), limit=400, epsabs=1e-10)[0]
    assert means.sum() * 0.05 == pytest.approx(charge, rel=1e-6)


@pytest.mark.parametrize(("v", "open_share"), BLOCK.items())
def test_magnesium_blocks_as_jahr_and_stevens_measured(v, open_share):
    magnesium = step_constants(RECEPTORS["NMDA"], DEFAULTS, 1.0, False)["magnesium"]
    assert magnesium_block(float(v), magnesium) == pytest.approx(open_share, abs=6e-6)


def test_the_composed_cell_sees_the_current_of_every_receptor():
    """An immense membrane integrates the currents: their charges, at the block of its potential."""
    receptors = ("AMPA", "GABA_A", "NMDA", "GABA_B")
    model = neuron_model("IZHIKEVICH")
    cell = compose("IZHIKEVICH", receptors, frozenset(("NMDA", "GABA_B")))
    values = {**model.values("RS"), "C": 1e9, "k": 1e-9, "b": 0.0, "v_r": -60.0}
    population = Population("one", 0, 1, "IZHIKEVICH", "RS", values, True, 0, (0,) * 3, (0,) * 3)
    parameters = cell.parameter_values(population, DEFAULTS, 0.5)
    for port, key in enumerate(receptors):
        states = [-60.0 if name == "v" else 0.0 for name in cell.states]
        for step in range(8000):
            arrived = [5.0 if step == 0 and k == port else 0.0 for k in range(4)]
            *states, spiked = cell.function(*states, *arrived, 0.0, *parameters)
            assert not spiked
        r = RECEPTORS[key]
        tau, rise = DEFAULTS[r.tau_ms.name], DEFAULTS[r.rise_ms.name]
        charge = 5.0 * quad(shape, 0.0, 4000.0, args=(tau, rise), limit=400)[0]
        block = magnesium_block(-60.0, 1.0 / 3.57) if r.blocked else 1.0
        expected = charge * block * (DEFAULTS[r.reversal_mV.name] + 60.0) / 1e9
        assert states[0] + 60.0 == pytest.approx(expected, rel=1e-4), key
