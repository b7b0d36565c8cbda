"""Recordings: everything that was appended is read back, during the run and after it."""

import os
from datetime import datetime

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neural_simulator.base.errors import FileFormatError
from neural_simulator.base.version import VERSION
from neural_simulator.files.recording_writer import FLUSH_BYTES, FLUSH_INTERVAL_S, RecordingWriter
from neural_simulator.files.recordings import Recording, Traced, new_path
from tests.files.samples import (
    BATCH_STEPS,
    CORE,
    NEURONS,
    POPULATIONS,
    PROBES,
    add,
    batch,
    changes,
    expected,
    facts,
    record,
    recorder,
    state,
)


def assert_holds(recording, batches):
    """Assert that a recording holds exactly the first `batches` sample batches."""
    steps, ids, trace_steps, traces = expected(batches)
    assert steps.size > 0
    for have, want in zip((*recording.spikes(), *recording.traces()), (steps, ids, trace_steps, traces), strict=True):
        assert have.dtype == want.dtype
        assert_array_equal(have, want)
    assert recording.changes() == changes(batches)
    assert (recording.num_steps, recording.num_spikes) == (batches * BATCH_STEPS, steps.size)


def test_everything_appended_is_read_back(tmp_path):
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording:
        assert recording.complete
        assert_holds(recording, 5)


def test_what_builds_the_network_again_is_read_back(tmp_path):
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording:
        assert (recording.core, recording.seed, recording.dt_ms) == (CORE, 42, 0.1)
        assert recording.populations == POPULATIONS
        assert_array_equal(recording.positions, facts().positions)
        assert (recording.num_neurons, recording.num_synapses, recording.backend) == (NEURONS, 1234, "CPU, 1 thread")
        assert (recording.probes, recording.program_version) == (PROBES, VERSION)
        assert recording.duration_ms == pytest.approx(5.0)
        assert datetime.fromisoformat(recording.created).tzinfo is not None


def test_the_initial_state_and_a_later_beginning_are_kept(tmp_path):
    path, v = tmp_path / "a.simrec.h5", np.linspace(-70, -50, NEURONS).astype(np.float32)
    with recorder(path, first_step=10, state={"states/v": v, "states/u": 2 * v, "pending": v[:5]}) as file:
        file.append(*batch(1)[:4], (np.arange(10, 20), {"v": batch(1)[4]}))
    with Recording.open(path) as recording:
        assert recording.initial_names == ("u", "v")
        assert_array_equal(recording.initial("v"), v)
        assert_array_equal(recording.initial("u"), 2 * v)
        assert (recording.first_step, recording.stop_step, recording.num_steps) == (10, 20, 10)
        assert_array_equal(recording.traces()[0], np.arange(10, 20))
        with pytest.raises(FileFormatError, match="initial_state/w is missing"):
            recording.initial("w")


def test_without_probes_there_are_no_traces(tmp_path):
    with Recording.open(record(tmp_path / "a.simrec.h5", probes=())) as recording:
        assert recording.probes == () and recording.num_steps == 50
        assert recording.spikes()[0].size == 100
        assert [part.size for part in recording.traces()] == [0, 0]


def test_a_recording_of_nothing_is_readable(tmp_path):
    path = tmp_path / "a.simrec.h5"
    recorder(path).close()
    with Recording.open(path) as recording:
        assert (recording.num_steps, recording.num_spikes, recording.spikes()[0].size) == (0, 0, 0)
        assert recording.traces()[1].shape == (0, len(PROBES))


def test_silent_batches_count_as_recorded_time(tmp_path):
    path, none = tmp_path / "a.simrec.h5", np.empty(0, np.int64)
    with recorder(path, probes=()) as file:
        for first in range(0, 1000, 100):
            file.append(none, none, first, 100)
    with Recording.open(path) as recording:
        assert (recording.num_steps, recording.num_spikes) == (1000, 0)


def test_a_recording_is_readable_while_it_is_written(tmp_path):
    path = tmp_path / "a.simrec.h5"
    with recorder(path) as file:
        for number in range(3):
            add(file, number)
            file.flush()
            with Recording.open(path) as recording:
                assert not recording.complete
                assert_holds(recording, number + 1)


def test_a_flush_follows_when_a_second_has_passed(tmp_path):
    now, path = [0.0], tmp_path / "a.simrec.h5"
    with recorder(path, clock=lambda: now[0]) as file:
        seen = []
        for number in range(4):
            now[0] += 0.4 * FLUSH_INTERVAL_S
            add(file, number)
            with Recording.open(path) as recording:
                seen.append(recording.num_steps // BATCH_STEPS)
    assert seen == [0, 0, 3, 3]


def test_many_commits_and_many_chunks_are_read_back(tmp_path):
    path, random = tmp_path / "a.simrec.h5", np.random.default_rng(1)
    all_ids = []
    with recorder(path, probes=()) as file:
        for number in range(200):
            ids = random.integers(0, NEURONS, 1000)
            all_ids.append(ids)
            file.append(np.full(1000, number), ids, number, 1)
            file.flush()
    with Recording.open(path) as recording:
        steps, ids = recording.spikes()
    assert_array_equal(steps, np.repeat(np.arange(200), 1000))
    assert_array_equal(ids, np.concatenate(all_ids))


def test_other_programs_find_named_datasets_with_units(tmp_path):
    with h5py.File(record(tmp_path / "a.simrec.h5")) as file:
        steps, ids, _, traces = expected(5)
        assert_array_equal(file["spikes/steps"], steps)
        assert_array_equal(file["spikes/ids"], ids)
        assert_array_equal(file["traces/v"], traces)
        assert (file["traces/v"].attrs["unit"], file["network/positions"].attrs["unit"]) == (b"mV", b"um")
        assert file.attrs["format"] == b"neural-simulator recording"
        assert (file.attrs["seed"], file.attrs["dt_ms"]) == (42, 0.1)


# ---- parts of a recording -------------------------------------------------------------------------------
@pytest.mark.parametrize("flushes", [1, 5])
def test_any_stretch_is_read_by_itself(tmp_path, flushes):
    path = tmp_path / "a.simrec.h5"
    with recorder(path) as file:
        for number in range(5):
            add(file, number)
            if number % (6 - flushes) == 0:
                file.flush()
    steps, ids, _, traces = expected(5)
    with Recording.open(path) as recording:
        for first, stop in ((0, 50), (0, 1), (49, 50), (7, 31), (10, 20), (9, 21), (25, 25), (40, 99), (-5, 3)):
            inside = (steps >= first) & (steps < stop)
            have = recording.spikes(first, stop)
            assert_array_equal(have[0], steps[inside])
            assert_array_equal(have[1], ids[inside])
            have = recording.trace("v", first, stop)
            assert_array_equal(have[0], np.arange(max(0, first), min(50, stop)))
            assert_array_equal(have[1], traces[max(0, first):stop])


def test_the_kept_states_are_read_back_whatever_their_shape(tmp_path):
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording:
        assert recording.keyframe_steps().tolist() == [0, 10, 20, 30, 40]
        for number in (3, 0, 4, 2, 1):
            have = recording.keyframe(number)
            assert have.keys() == state(number).keys()
            for name, values in state(number).items():
                assert_array_equal(have[name], values)
                assert have[name].dtype == values.dtype


def test_several_variables_at_some_steps(tmp_path):
    path, none = tmp_path / "a.simrec.h5", np.empty(0, np.int64)
    values = {"v": np.arange(20, dtype=np.float32).reshape(10, 2), "u": np.ones((10, 2), np.float32)}
    with RecordingWriter(path, facts(), Traced((4, 90), ("v", "u"), 3)) as file:
        file.append(none, none, 0, 17, (np.arange(2, 17, 3), {name: rows[:5] for name, rows in values.items()}))
        file.append(none, none, 17, 13, (np.arange(17, 30, 3), {name: rows[5:] for name, rows in values.items()}))
    with Recording.open(path) as recording:
        assert recording.traced == Traced((4, 90), ("v", "u"), 3)
        for name, rows in values.items():
            steps, have = recording.trace(name)
            assert_array_equal(steps, np.arange(2, 30, 3))
            assert_array_equal(have, rows)
        assert recording.trace("u", 15, 18)[0].tolist() == [17]
        with pytest.raises(FileFormatError, match="holds no traces of 'w', but of v, u"):
            recording.trace("w")


def test_much_is_flushed_at_once(tmp_path):
    path, none = tmp_path / "a.simrec.h5", np.empty(0, np.int64)
    rows = FLUSH_BYTES // 4 // NEURONS // 3
    with RecordingWriter(path, facts(), Traced(tuple(range(NEURONS))), clock=lambda: 0.0) as file:
        for number in range(7):
            frames = np.arange(number * rows, (number + 1) * rows), {"v": np.full((rows, NEURONS), number, np.float32)}
            file.append(none, none, number * rows, rows, frames)
    with Recording.open(path) as recording:
        assert len(recording._commits) == 2
        assert_array_equal(recording.trace("v", 5 * rows, 5 * rows + 1)[1], np.full((1, NEURONS), 5.0))


# ---- mistakes of the caller -----------------------------------------------------------------------------
@pytest.mark.parametrize(("change", "part"), [
    ({"first_step": 10}, "stands at step 0"),
    ({"spike_ids": np.zeros(3, np.int32)}, "20 spike steps cannot belong to 3 neurons"),
    ({"frames": (np.arange(10), {"v": np.zeros((10, 1), np.float32)})}, "cannot give these traces"),
    ({"frames": (np.arange(9), {"v": np.zeros((9, 2), np.float32)})}, "cannot give these traces"),
    ({"frames": (np.arange(1, 11), {"v": np.zeros((10, 2), np.float32)})}, "cannot give these traces"),
    ({"spike_steps": np.full(20, 10)}, "do not ascend within 0..9"),
    ({"spike_steps": np.arange(20)[::-1] // 2}, "do not ascend within 0..9"),
])
def test_a_batch_that_does_not_continue_the_recording_is_refused_and_nothing_is_kept(tmp_path, change, part):
    path = tmp_path / "a.simrec.h5"
    names = ("spike_steps", "spike_ids", "first_step", "num_steps")
    with recorder(path) as file:
        with pytest.raises(ValueError, match=part):
            file.append(**{**dict(zip(names, batch(0)[:4], strict=True)), **change})
        add(file, 0)
    with Recording.open(path) as recording:
        assert_holds(recording, 1)
    with pytest.raises(ValueError, match="is closed"):
        add(file, 1)


# ---- names ----------------------------------------------------------------------------------------------
def test_an_existing_file_is_never_overwritten(tmp_path):
    path = tmp_path / "a.simrec.h5"
    path.write_text("precious")
    with pytest.raises(FileFormatError) as error:
        recorder(path)
    assert str(error.value) == f"{path} exists already; choose another name for the recording."
    assert path.read_text() == "precious"


def test_a_new_name_has_the_time_and_is_unused(tmp_path):
    now = datetime(2025, 11, 22, 11, 8, 34)
    first = new_path(tmp_path / "new", now=now)
    assert first == tmp_path / "new" / "recording_2025-11-22_11-08-34.simrec.h5"
    first.touch()
    second = new_path(tmp_path / "new", now=now)
    assert second.name == "recording_2025-11-22_11-08-34_2.simrec.h5"
    second.touch()
    assert new_path(tmp_path / "new", now=now).name == "recording_2025-11-22_11-08-34_3.simrec.h5"


def test_a_missing_folder_is_one_sentence_and_leaves_nothing(tmp_path):
    path = tmp_path / "missing" / "a.simrec.h5"
    with pytest.raises(FileFormatError, match="cannot be written: .*no such file"):
        recorder(path)
    assert os.listdir(tmp_path) == []
