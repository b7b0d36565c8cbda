"""The drive scales: they multiply what comes from outside, into the cells of their own model only."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.config import CoreSimConfig, drive_scale_field
from neural_simulator.engine.drive import make_drive
from neural_simulator.engine.simulation import Simulation
from neural_simulator.models.neurons import NEURON_MODELS
from neural_simulator.network.plan import make_plan
from neural_simulator.tools.benchmark import firing_network
from tests.activity import CPU


@pytest.mark.parametrize(("model", "field"), [("HODGKIN_HUXLEY", "hh_external_drive_scale"),
                                              ("ADEX", "adex_external_drive_scale")])
def test_a_scale_multiplies_rate_and_current_and_may_change_while_running(model, field):
    core = firing_network(model, 200, 20, seed=5).changed(external_current_pA=10.0)
    doubled = make_drive(make_plan(core.changed(**{field: 2.0}), 5), {})
    twice_the_rate = make_drive(make_plan(core.changed(background_rate_Hz=2.0 * core.background_rate_Hz), 5), {})
    assert np.array_equal(doubled.thresholds, twice_the_rate.thresholds)
    assert np.all(doubled.currents == 20.0)
    sim = Simulation(core, CPU)
    sim.run(100.0)
    before = sim.run(300.0).spike_ids.size
    sim.set_live(**{field: 2.0})
    assert sim.run(300.0).spike_ids.size > 1.5 * before > 15


def test_a_scale_leaves_other_models_alone():
    core = CoreSimConfig(seed=1)
    scaled = core.changed(hh_external_drive_scale=3.0, adex_external_drive_scale=3.0)
    plain, same = (make_drive(make_plan(c, 1), {}) for c in (core, scaled))
    assert np.array_equal(plain.thresholds, same.thresholds) and np.array_equal(plain.currents, same.currents)


def test_every_conductance_based_model_has_its_scale():
    for key in NEURON_MODELS:
        expected = "hh_external_drive_scale" if key.startswith(("HH_", "HODGKIN")) else None
        assert drive_scale_field(key) == ("adex_external_drive_scale" if key == "ADEX" else expected)
