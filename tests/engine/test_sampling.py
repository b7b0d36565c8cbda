"""Samples: the values that a look at every step would have shown, whoever computes and however it is batched."""

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine import sampling
from neural_simulator.engine.simulation import Simulation

CORE = CoreSimConfig(seed=3, num_neurons=400, connections_per_neuron=50, excitatory_weight_nS=1.2,
                     inhibitory_weight_nS=3.6)
IDS = (399, 0, 7, 200)
BATCHES = (1, 2, 30, 5, 12)


def looked_at(variables, interval) -> dict[str, np.ndarray]:
    """The values by looking after every step, on the CPU."""
    sim, rows = Simulation(CORE, GPUConfig(backend="cpu")), {name: [] for name in variables}
    for step in range(sum(BATCHES)):
        sim.step(1)
        for name in variables if (step + 1) % interval == 0 else ():
            rows[name].append(sim.state[name][list(IDS)])
    return {name: np.stack(values) for name, values in rows.items()}


@pytest.mark.parametrize("variables, interval", [(("v",), 1), (("v",), 3), (("v",), 20), (("u", "v"), 1), (("u",), 7)])
def test_samples_are_what_a_look_shows(backend, variables, interval):
    sim = Simulation(CORE, backend)
    sim.set_probes((7, 5))                                     # traced for somebody else, one of them also sampled
    kept = sim.sample(variables, IDS, interval)
    batches = [sim.step(count) for count in BATCHES[:3]]
    first = kept.take()
    batches += [sim.step(count) for count in BATCHES[3:]]
    second = kept.take()
    steps = np.concatenate([first[0], second[0]])
    assert np.array_equal(steps, np.arange(interval - 1, sum(BATCHES), interval))
    want = looked_at(variables, interval)
    for name in variables:
        assert np.array_equal(np.concatenate([first[1][name], second[1][name]]), want[name]), name
    plain = Simulation(CORE, backend)
    plain.set_probes((7, 5))
    for batch, count in zip(batches, BATCHES, strict=True):
        other = plain.step(count)
        assert (batch.first_step, batch.num_steps) == (other.first_step, other.num_steps)
        assert np.array_equal(batch.probe_v, other.probe_v) and batch.probe_v.shape == (count, 2)
        assert np.array_equal(batch.spike_ids, other.spike_ids) and np.array_equal(batch.spike_steps, other.spike_steps)


def test_a_small_buffer_is_emptied_before_it_overflows(backend, monkeypatch):
    monkeypatch.setattr(sampling, "LEAST_ROWS", 4)
    monkeypatch.setattr("neural_simulator.engine.simulation.LEAST_ROWS", 4)
    sim = Simulation(CORE, backend)
    kept = sim.sample(("v",), IDS, rows=4)
    for count in BATCHES:
        sim.step(count)
    assert kept.spilled
    steps, values = kept.take()
    assert np.array_equal(steps, np.arange(sum(BATCHES))) and np.array_equal(values["v"], looked_at(("v",), 1)["v"])
    assert not kept.spilled and kept.take()[0].size == 0


def test_samples_go_on_where_the_simulation_moves(backend):
    sim = Simulation(CORE, backend)
    kept = sim.sample(("v", "u"), IDS, 2)
    sim.step(21)
    sim.move_to("cpu")
    sim.step(29)
    steps, values = kept.take()
    assert np.array_equal(steps, np.arange(1, 50, 2)) and np.array_equal(values["u"], looked_at(("v", "u"), 2)["u"])


def test_after_the_end_nothing_is_kept(backend):
    sim = Simulation(CORE, backend)
    kept = sim.sample(("v",), IDS)
    sim.step(3)
    sim.end_sampling()
    sim.step(3)
    assert kept.take()[0].tolist() == [0, 1, 2]


@pytest.mark.parametrize("variables, ids, interval", [(("x",), (1,), 1), (("v",), (400,), 1), (("v",), (-1,), 1),
                                                      ((), (1,), 1), (("v",), (), 1), (("v",), (1,), 0)])
def test_what_cannot_be_sampled_is_refused(variables, ids, interval):
    with pytest.raises(ConfigurationError):
        Simulation(CORE, GPUConfig(backend="cpu")).sample(variables, ids, interval)


def test_a_neuron_may_be_traced_twice_and_in_any_order(backend):
    sim, one = Simulation(CORE, backend), Simulation(CORE, backend)
    sim.set_probes((9, 3, 9))
    one.set_probes((3, 9))
    both, single = sim.step(60).probe_v, one.step(60).probe_v
    assert np.ptp(single, axis=0).min() > 5.0
    assert np.array_equal(both, single[:, [1, 0, 1]])
    sim.sample(("v",), (3, 4))
    one.sample(("v",), (9,))
    assert np.array_equal(sim.step(20).probe_v, one.step(20).probe_v[:, [1, 0, 1]])
