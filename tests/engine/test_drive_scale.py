"""The drive scales: they multiply what comes from outside, into the cells of their own model only."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, drive_scale_field, structure_defaults
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


def test_one_population_of_a_structure_is_driven_apart_from_the_others_before_and_during_a_run(backend):
    core = CoreSimConfig(**{**structure_defaults("BASAL_GANGLIA_STN_GPE"), "seed": 8})
    driven = {"STN background_rate_Hz": 6000.0, "STN external_current_pA": 20.0}
    sim, before = Simulation(core, backend), Simulation(core.changed(population_drive=driven), backend)
    plain = sim.run(100.0)
    counts = [np.bincount(s.network.population_of[batch.spike_ids], minlength=3)
              for s, batch in ((sim, plain), (before, before.run(100.0)))]
    assert counts[1][0] > 2 * counts[0][0] > 20
    sim.reset()
    sim.set_live(population_drive=driven)
    assert np.array_equal(np.bincount(sim.network.population_of[sim.run(100.0).spike_ids], minlength=3), counts[1])
    sim.set_live(population_drive={})
    assert np.bincount(sim.network.population_of[sim.run(100.0).spike_ids], minlength=3)[0] < counts[1][0] / 2


def test_a_drive_for_all_or_for_nobody_is_refused_with_the_remedy():
    core = CoreSimConfig(**structure_defaults("BASAL_GANGLIA_STN_GPE"))
    plan = make_plan(core, 5)
    for live, words in (({"background_rate_Hz": 200.0}, ("all populations", "population_drive")),
                        ({"population_drive": {"SNr background_rate_Hz": 2.0}}, ("'SNr background_rate_Hz'", "GPe ")),
                        ({"population_drive": {"GPe background_rate_Hz": -2.0}}, ("-2 Hz", "between 0 and 200000 Hz"))):
        with pytest.raises(ConfigurationError) as refused:
            make_drive(plan, live)
        assert all(word in str(refused.value) for word in words), str(refused.value)
