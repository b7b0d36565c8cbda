"""Spikes in flight: what is drawn is what the engine has in its delay ring."""

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app.observer import Flight, Observer
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.viewer.pulses import Wires, progress
from neural_simulator.viewer.scene import build_scene
from tests.viewer.samples import STEP, frame, network

CORE = CoreSimConfig(num_neurons=400, connections_per_neuron=40, seed=5, volume_edge_um=2500.0,
                     connection_length_um=1e9, background_rate_Hz=400.0)


def wires_of(view) -> Wires:
    return Wires(build_scene(view), view.synapse_sample, (0.0, 1.0))


def flying(view, spikes, step=STEP):
    """A frame at `step` with these (step, neuron) spikes under way."""
    spikes = np.array(spikes).reshape(-1, 2)
    return replace(frame(view, step=step), flying_steps=spikes[:, 0].astype(np.int64),
                   flying_ids=spikes[:, 1].astype(np.int32))


def test_a_pulse_is_under_way_from_the_end_of_its_spike_s_step_until_it_acts():
    view = network([[0, 0, 0], [10, 0, 0]], synapses=[(0, 1)], delays=4)
    wires = wires_of(view)
    covered = {}
    for step in range(STEP, STEP + 8):
        found = wires.in_flight(flying(view, [(STEP, 0)], step))
        covered[step - STEP] = progress(found, step).tolist()
    assert covered == {0: [], 1: [0.0], 2: [0.25], 3: [0.5], 4: [0.75], 5: [1.0], 6: [], 7: []}


def test_every_spike_travels_along_every_synapse_with_that_synapse_s_delay():
    view = network(np.eye(3) * 100, [0, 0, 1], [(0, 1), (2, 0), (0, 2), (1, 2)], delays=(2, 9, 4, 4))
    found = wires_of(view).in_flight(flying(view, [(STEP - 4, 0), (STEP - 1, 0), (STEP - 1, 2)]))
    ways = {(tuple(p["start"]), tuple(p["end"]), int(p["departure"]) - 1) for p in found}
    at = [tuple(row) for row in view.positions]
    assert ways == {(at[0], at[1], STEP - 1), (at[0], at[2], STEP - 1), (at[0], at[2], STEP - 4),
                    (at[2], at[0], STEP - 1)}
    assert sorted(found["inhibitory"]) == [0, 0, 0, 255]


@pytest.fixture(scope="module")
def running():
    """A network with delays of several steps, in the middle of a run, and what an observer saw of it."""
    sim = Simulation(CORE, GPUConfig(backend="cpu"))
    observer = Observer(sim, (), 1)
    for count in (50, 1, 7, 30, 2):
        observer.saw(sim.step(count))
    yield sim, observer.frame(1e-5, 1.0)
    sim.close()


def test_the_pulses_along_all_synapses_are_the_delay_ring(running):
    sim, now = running
    view = network(sim.network.positions, sim.network.population_of, excitatory=[
        p.excitatory for p in sim.network.populations])
    everything = sim.network.sample(10**9)
    view = replace(view, synapse_sample=everything)
    number = {tuple(place): k for k, place in enumerate(view.positions.tolist())}
    pulses = wires_of(view).in_flight(now)
    assert pulses.size > 300 and now.flying_ids.size > 20
    units = {(int(a), int(b)): 0.0 for a, b in zip(everything.pre, everything.post, strict=True)}
    for a, b, weight in zip(everything.pre, everything.post, everything.weight, strict=True):
        units[int(a), int(b)] = weight / sim.plan.scale_of(sim.network.population_of[b])
    expected = np.zeros_like(sim.snapshot().pending, dtype=float)
    for pulse in pulses:
        pre, post = number[tuple(pulse["start"].tolist())], number[tuple(pulse["end"].tolist())]
        left = int(pulse["delay"]) - (now.step - int(pulse["departure"]))
        port = sim.plan.ports.port_of[sim.network.population_of[pre]]
        expected[left, port, post] += units[pre, post]
    assert np.array_equal(np.round(expected).astype(int), sim.snapshot().pending)
    assert (expected.sum(axis=(1, 2)) > 0).sum() >= 4, "spikes act over several of the next steps"


def test_flight_begun_in_the_middle_of_a_run_knows_the_newest_spikes(running):
    sim, now = running
    flight = Flight(sim.network.max_delay_steps)
    flight.begin(sim.step_index, sim.last_spike_step())
    assert set(zip(flight.steps, flight.ids, strict=True)) <= set(zip(now.flying_steps, now.flying_ids, strict=True))
    assert np.unique(flight.ids).size == np.unique(now.flying_ids).size > 20
    assert np.all(np.diff(flight.steps) >= 0)


def test_only_spikes_that_can_still_be_under_way_are_kept(running):
    sim, now = running
    ages = now.step - now.flying_steps
    assert ages.min() >= 1 and ages.max() == sim.network.max_delay_steps + 1 > 5
