"""What the networks do: irregular firing at physiological rates, and what inhibition and recurrence are for."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from neural_simulator.config import CoreSimConfig, NeuronModel
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.profiles import find_profile, list_profiles, load_profile
from neural_simulator.tools.benchmark import DRIVES, firing_network
from tests.activity import CPU, busiest_bin_share, mean_isi_cv, rate_hz

SETTLED_MS = 300.0


@cache
def run(duration_ms: float = 2000.0, **changes):
    """A network of the given values after its first burst, and its batch."""
    sim = Simulation(CoreSimConfig(**{"seed": 1, **changes}), CPU)
    sim.run(SETTLED_MS)
    return sim, sim.run(duration_ms)


def rates(sim, batch):
    return rate_hz(sim, batch, True), rate_hz(sim, batch, False)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_default_network_fires_irregularly_at_a_few_hertz_and_more_in_its_inhibitory_cells(seed):
    sim, batch = run(seed=seed)
    excitatory, inhibitory = rates(sim, batch)
    assert 2.0 < excitatory < 6.0
    assert 8.0 < inhibitory < 20.0
    assert mean_isi_cv(sim, batch, True) > 0.5
    assert mean_isi_cv(sim, batch, False) > 0.5


def test_the_default_network_neither_falls_silent_nor_seizes():
    sim, batch = run()
    per_100_ms = np.bincount((batch.spike_steps - batch.first_step) // 100, minlength=20)
    assert per_100_ms.min() > 0.5 * per_100_ms.mean()
    assert busiest_bin_share(sim, batch) < 0.15
    assert np.unique(batch.spike_ids).size > 0.8 * sim.network.num_neurons


def test_without_inhibition_it_seizes():
    excitatory, inhibitory = rates(*run(500.0, inhibitory_weight_nS=0.0))
    assert excitatory > 50.0 and excitatory > 5.0 * rates(*run())[0]
    assert inhibitory > 3.0 * rates(*run())[1]


def test_without_recurrent_synapses_it_fires_several_times_as_much():
    alone = rates(*run(500.0, connections_per_neuron=0))
    connected = rates(*run())
    assert alone[0] > 2.0 * connected[0] and alone[1] > 2.0 * connected[1]


def test_without_recurrent_excitation_it_fires_less():
    connected = rates(*run())
    without = rates(*run(excitatory_weight_nS=0.0))
    assert without[1] < 0.9 * connected[1]


def test_without_background_it_is_silent_and_a_current_wakes_it():
    sim = Simulation(CoreSimConfig(seed=1, background_rate_Hz=0.0), CPU)
    assert sim.run(300.0).spike_ids.size == 0
    assert np.all(sim.state["g_AMPA"] == 0.0)
    sim.set_live(external_current_pA=150.0)
    assert sim.run(300.0).spike_ids.size > 300
    sim.set_live(external_current_pA=0.0)
    sim.run(200.0)
    assert sim.run(300.0).spike_ids.size == 0


def test_rates_do_not_depend_on_the_time_step():
    at_1_ms, at_quarter = (rates(*run(1000.0, dt_ms=dt)) for dt in (1.0, 0.25))
    assert at_1_ms[0] == pytest.approx(at_quarter[0], rel=0.2)
    assert at_1_ms[1] == pytest.approx(at_quarter[1], rel=0.1)


def test_fast_spiking_cells_do_not_fire_twice_within_two_milliseconds():
    sim, batch = run()
    order = np.lexsort((batch.spike_steps, batch.spike_ids))
    ids, steps = batch.spike_ids[order], batch.spike_steps[order]
    intervals = np.diff(steps)[np.diff(ids) == 0]
    assert intervals.size > 5000
    assert np.mean(intervals <= 2) < 0.01


def test_there_are_the_three_example_profiles():
    assert {"small-1000x100", "medium-10000x500", "large-50000x1000"} <= {entry.name for entry in list_profiles()}


# The large one at a tenth of its size, and evenly wired: its cells have as many synapses and the same input.
@pytest.mark.parametrize(("name", "changes"), [
    ("small-1000x100", {}), ("medium-10000x500", {}),
    ("large-50000x1000", {"num_neurons": 5000, "connection_length_um": 1e9})])
def test_an_example_profile_fires_irregularly_at_a_few_hertz(name, changes):
    core = load_profile(find_profile(name)).core
    sim = Simulation(core.changed(seed=1, **changes), CPU)
    sim.run(SETTLED_MS)
    batch = sim.run(1200.0)
    excitatory, inhibitory = rates(sim, batch)
    assert 2.0 < excitatory < 6.0
    assert 7.5 < inhibitory < 20.0
    assert mean_isi_cv(sim, batch, True, 7) > 0.4           # few intervals a cell bias the estimate downwards
    assert mean_isi_cv(sim, batch, False, 7) > 0.5
    assert busiest_bin_share(sim, batch) < 0.2


@pytest.mark.parametrize("model", DRIVES)
def test_the_benchmarks_networks_fire_at_about_eight_hertz(model):
    sim = Simulation(firing_network(model, 500, 100), CPU)
    sim.run(200.0)
    batch = sim.run(500.0)
    mean = batch.spike_ids.size / 500 / 0.5
    assert 5.0 < mean < 13.0
    assert busiest_bin_share(sim, batch) < 0.3


def test_every_model_that_a_user_chooses_by_its_plain_name_has_a_benchmark():
    assert set(DRIVES) >= {NeuronModel.IZHIKEVICH, NeuronModel.HODGKIN_HUXLEY, NeuronModel.ADEX, NeuronModel.LIF}


@pytest.mark.parametrize("factor", [20.0, 1000.0])
@pytest.mark.parametrize("model", ["IZHIKEVICH", "ADEX", "HODGKIN_HUXLEY"])
def test_even_absurdly_strong_synapses_leave_every_state_finite(model, factor):
    core = firing_network(model, 400, 100)
    strong = core.changed(excitatory_weight_nS=min(100.0, factor * core.excitatory_weight_nS),
                          inhibitory_weight_nS=min(1000.0, factor * core.inhibitory_weight_nS),
                          background_rate_Hz=1000.0)
    sim = Simulation(strong, CPU)
    batch = sim.run(200.0)
    assert batch.spike_ids.size > 20
    for name, values in sim.state.items():
        assert np.all(np.isfinite(values)), name
    v = sim.state["v"]
    assert v.min() >= -200.0 and v.max() <= 200.0


def test_inhibition_alone_of_twenty_times_the_strength_stays_finite():
    core = CoreSimConfig(seed=1)
    sim = Simulation(core.changed(inhibitory_weight_nS=20.0 * core.inhibitory_weight_nS), CPU)
    assert sim.run(500.0).spike_ids.size > 100
    assert all(np.all(np.isfinite(values)) for values in sim.state.values())
    assert sim.state["v"].min() >= -75.0


@pytest.mark.parametrize("model", DRIVES)
def test_a_network_that_has_been_quiet_for_long_holds_no_denormal_numbers(model):
    sim = Simulation(firing_network(model, 60, 30), CPU)
    assert sim.run(300.0).spike_ids.size > 0
    sim.set_live(background_rate_Hz=0.0)
    sim.run(20_000.0)
    assert sim.run(100.0).spike_ids.size == 0
    for name, values in sim.state.items():
        tiny = (values != 0.0) & (np.abs(values) < np.finfo(np.float32).tiny)
        assert not tiny.any(), name
