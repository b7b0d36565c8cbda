"""Recordings of real simulations: what they hold repeats the run, bit for bit."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neural_simulator.app.recorder import RunRecorder
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.recordings import Recording

CORE = CoreSimConfig(num_neurons=300, connections_per_neuron=30, seed=-1)
PROBES = (10, 250, 61)
BATCHES = (1, 37, 200, 5, 57)


@pytest.fixture
def sim(backend):
    simulation = Simulation(CORE, backend)
    simulation.set_probes(PROBES)
    yield simulation
    simulation.close()


def repeated(recording, backend) -> tuple:
    """Build the recorded network again, run it as recorded, and return its spikes and traces of the recorded time."""
    simulation = Simulation(recording.core.changed(seed=recording.seed), backend)
    simulation.set_probes(recording.probes)
    changes = {change.step: {change.field: change.value} for change in recording.changes()}
    parts = []
    for step in range(recording.stop_step):
        simulation.set_live(**changes.get(step, {}))
        parts.append(simulation.step(1))
    assert_array_equal(simulation.network.positions, recording.positions)
    assert tuple(simulation.network.populations) == recording.populations
    assert simulation.network.num_synapses == recording.num_synapses
    simulation.close()
    kept = parts[recording.first_step:]
    return tuple(np.concatenate([getattr(part, name) for part in kept]) for name in (
        "spike_steps", "spike_ids", "probe_v"))


def record(path, sim, changes=()):
    """Record the sample batches; `changes` are the rates of the background set before each batch but the first."""
    recorder = RunRecorder(path, CORE, sim, PROBES)
    for number, steps in enumerate(BATCHES):
        if 0 < number <= len(changes):
            values = {"background_rate_Hz": changes[number - 1]}
            sim.set_live(**values)
            recorder.changed(values)
        recorder.saw(sim.step(steps))
    recorder.close()


def assert_repeatable(path, backend):
    with Recording.open(path) as recording:
        have = (*recording.spikes(), recording.traces()[1])
        assert recording.probes == PROBES
        want = repeated(recording, backend)
    assert have[0].size > 100 and np.ptp(have[2]) > 10.0
    for mine, theirs in zip(have, want, strict=True):
        assert_array_equal(mine, theirs)


def test_a_recording_holds_what_builds_and_repeats_the_run(tmp_path, sim, backend):
    record(tmp_path / "a.simrec.h5", sim)
    assert_repeatable(tmp_path / "a.simrec.h5", backend)


def test_a_recording_that_begins_late_repeats_the_later_part(tmp_path, sim, backend):
    sim.step(123)
    state = sim.state
    record(tmp_path / "a.simrec.h5", sim)
    assert_repeatable(tmp_path / "a.simrec.h5", backend)
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        assert recording.first_step == 123
        assert set(recording.initial_names) == set(state)
        for name, values in state.items():
            assert_array_equal(recording.initial(name), values)


def test_changes_during_the_run_are_part_of_the_recording(tmp_path, sim, backend):
    record(tmp_path / "a.simrec.h5", sim, changes=(900.0, 0.0, 500.0))
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        assert [(change.step, change.value) for change in recording.changes()] == [(1, 900.0), (38, 0.0), (238, 500.0)]
    assert_repeatable(tmp_path / "a.simrec.h5", backend)
