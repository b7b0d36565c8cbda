"""The forecast beside Apply: the builder's own memory, a speed that agrees with what runs."""

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app.forecast import Measured, forecast, measured
from neural_simulator.app.gallery import cards
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.memory import estimate_memory
from neural_simulator.gui.gallery import placed
from neural_simulator.models.structures import STRUCTURES
from tests.app.test_view_state import frame, network_view

GPU = GPUConfig(backend="cpu")


def test_the_memory_is_the_builders_own_estimate():
    core = CoreSimConfig(num_neurons=5000, connections_per_neuron=200, seed=3)
    told = forecast(core, GPU, None)
    assert told.memory_bytes == estimate_memory(core) and told.guessed and not told.problem
    assert told.synapses == pytest.approx(1e6, rel=0.02) and told.real_time_factor > 0.0


def test_the_network_that_runs_is_forecast_as_fast_as_it_is():
    core = CoreSimConfig(num_neurons=1000, seed=3)
    view = replace(network_view(core=core), backend="CPU, 1 thread", num_synapses=100_000)
    seen = replace(frame(1000), total_spikes=5000, step_time_us=80.0)
    known = measured(view, seen, GPU)
    assert known.rate_Hz == pytest.approx(5.0)
    assert forecast(core, GPU, known).real_time_factor == pytest.approx(0.08, rel=0.03)
    assert forecast(core.changed(num_neurons=20_000), GPU, known).real_time_factor > 0.5


def test_before_a_run_nothing_is_measured():
    assert measured(None, None, GPU) is None and measured(network_view(), frame(0), GPU) is None


@pytest.mark.parametrize("changes", [{"num_neurons": 16_000_000, "connections_per_neuron": 20_000},
                                     {"num_neurons": 10}])
def test_what_cannot_be_built_is_told_with_its_reason(changes):
    told = forecast(CoreSimConfig(**changes), GPU, Measured(1000.0, 1.0, 5.0))
    assert told.problem.endswith(".") and told.memory_bytes == 0


def test_every_structure_has_a_card_with_points_of_every_population():
    made = {card.key: card for card in cards()}
    assert set(made) == set(STRUCTURES)
    for card in made.values():
        assert card.claim and set(card.population_of) == set(range(len(card.populations)))
        places = np.array([place[:2] for place in placed(card, 190.0, 130.0)])
        assert (places > 0).all() and (places < (190.0, 130.0)).all()
        assert np.ptp(places, axis=0).max() > 90.0, "the picture must not be a dot"
