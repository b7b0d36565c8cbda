"""Several models in one generic network, each with its own unit of weights."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, TraitCells
from neural_simulator.engine.simulation import Simulation
from neural_simulator.network.plan import make_plan
from tests.activity import CPU, spikes_sha, state_sha

CORE = CoreSimConfig(num_neurons=400, connections_per_neuron=40, dt_ms=0.1, seed=5, trait_cells=[
    {"trait": 1, "model": "ADEX"}, TraitCells(trait=3, model="LIF")])


def test_a_trait_has_the_model_weights_and_background_that_are_its_own():
    plan = make_plan(CORE, 1)
    assert [p.model for p in plan.populations] == ["IZHIKEVICH", "ADEX", "IZHIKEVICH", "LIF", "IZHIKEVICH"]
    assert plan.populations[1].preset == "FS" and plan.populations[1].background_weight == CORE.background_weight_nS
    assert plan.populations[3].background_weight == 100.0                    # pA: the LIF model's own default
    weights = {(q.pre, q.post): q.weight for q in plan.projections}
    assert weights[0, 1] == CORE.excitatory_weight_nS and weights[1, 0] == CORE.inhibitory_weight_nS
    assert (weights[0, 3], weights[1, 3]) == (20.0, 100.0)
    told = make_plan(CORE.changed(trait_cells=[TraitCells(trait=3, model="LIF", excitatory_weight=7.0,
                                                          background_rate_Hz=3.0, parameters={"C": 99.0})]), 1)
    assert {(q.pre, q.post): q.weight for q in told.projections}[0, 3] == 7.0
    assert told.populations[3].background_rate_Hz == 3.0 and told.populations[3].params["C"] == 99.0


def test_a_network_of_three_models_lives_and_is_equal_on_every_backend(backend):
    sim, other = Simulation(CORE, backend), Simulation(CORE, CPU.changed(num_threads=3))
    batch = sim.run(400.0)
    counts = np.bincount(batch.spike_ids // 80, minlength=5) / 80 / 0.4
    assert counts.min() > 0.5 and counts.max() < 100.0, counts
    assert spikes_sha(batch) == spikes_sha(other.run(400.0))
    assert state_sha(sim) == state_sha(other)


def test_a_live_background_weight_leaves_other_units_alone():
    sim = Simulation(CORE, CPU)
    sim.set_live(background_weight_nS=3.0)
    assert sim._engine._drive.weights.tolist() == [3.0, 3.0, 3.0, 100.0, 3.0]


@pytest.mark.parametrize(("changes", "said"), [
    ({"trait_cells": [{"trait": 7}]}, "names trait 7"),
    ({"trait_cells": [{"trait": 1}, {"trait": 1}]}, "twice"),
    ({"trait_cells": [{"trait": 1, "modell": "LIF"}]}, "nearest known field is 'model'"),
    ({"trait_cells": 3}, "must be a list"),
    ({"dt_ms": 1.0}, "Adaptive exponential"),
    ({"enable_watts_strogatz": True}, "small world"),
    ({"trait_cells": [], "neuron_model_type": "LIF", "nmda_share": 0.1}, "no receptors")])
def test_what_does_not_fit_together_is_refused(changes, said):
    with pytest.raises(ConfigurationError, match=said):
        make_plan(CORE.changed(**changes), 1)


def test_trait_cells_survive_json():
    again = CoreSimConfig(**CORE.model_dump(mode="json"))
    assert again == CORE and isinstance(again.trait_cells[0], TraitCells)
