"""What the simulation thread writes into a recording."""

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.config import CoreSimConfig
from neural_simulator.files.recordings import Change, Recording
from tests.app.fakes import answers, play

CORE = CoreSimConfig(num_neurons=10, seed=7)


@pytest.fixture
def recorded(tmp_path):
    """Record a stretch of a run with a change in the middle; return the open recording and the answers."""
    path = tmp_path / "a.simrec.h5"
    events, _, _ = play([
        (0.0, msg.ApplyConfig(CORE)), (0.1, msg.Start()), (0.5, msg.StartRecording(path)),
        (1.0, msg.ChangeLive({"background_rate_Hz": 7.0, "total_simulation_time_ms": 5000.0})),
        (1.5, msg.StopRecording()), (1.6, msg.ChangeLive({"background_rate_Hz": 9.0}))], 2.0)
    with Recording.open(path) as recording:
        yield recording, answers(events)


def test_a_stretch_of_a_run_is_recorded_without_a_gap(recorded):
    recording, said = recorded
    assert all(isinstance(answer, msg.Done) for answer in said)
    assert recording.complete and recording.first_step > 0 and recording.num_steps > 500
    steps, ids = recording.spikes()
    assert np.array_equal(steps, np.arange(recording.first_step, recording.stop_step))
    assert np.array_equal(ids, steps % 10)
    assert np.array_equal(recording.traces()[0], steps)


def test_a_live_change_is_recorded_with_its_step_and_what_does_not_drive_the_cells_is_not(recorded):
    recording, _ = recorded
    change, = recording.changes()
    assert change == Change(change.step, "background_rate_Hz", 7.0)
    assert recording.first_step < change.step < recording.stop_step
