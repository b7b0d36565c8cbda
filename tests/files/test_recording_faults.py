"""Recordings after a kill, on a full disk, damaged and hostile."""

import os
import random
import signal
import subprocess
import sys
import threading

import h5py
import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neural_simulator.base.errors import FileFormatError
from neural_simulator.base.paths import ROOT
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.recordings import Recording
from tests.files.mutants import (
    ODD,
    assert_one_sentence,
    each_part_odd,
    in_a_read_only_folder,
    mutant,
    used_places,
)
from tests.files.samples import BATCH_STEPS, CORE, add, batch, changes, expected, record, recorder, state

MUTANTS = 200


def read(path) -> int:
    """Read everything, assert that it is a beginning of the sample recording, and return its number of batches."""
    with Recording.open(path) as recording:
        parts = (*recording.spikes(), *recording.traces())
        assert recording.changes() == changes(recording.num_steps // BATCH_STEPS)
        batches = recording.num_steps // BATCH_STEPS
        steps = recording.keyframe_steps().tolist()
        assert steps == [number * BATCH_STEPS for number in range(batches)]
        for number in range(batches if batches < 20 else 0):
            have, want = recording.keyframe(number), state(number)
            assert have.keys() == want.keys() and all(np.array_equal(have[name], want[name]) for name in want)
        for have, want in zip(parts, expected(batches) if batches else [()] * 4, strict=True):
            assert_array_equal(have.ravel(), np.ravel(want))
        assert (recording.core, recording.seed) == (CORE, 42)
    return batches


def unclosed(folder) -> bytes:
    """Return a recording of two flushed batches as a kill leaves it."""
    path = folder / "unclosed.simrec.h5"
    with recorder(path) as file:
        for number in (0, 1):
            add(file, number)
            file.flush()
        content = path.read_bytes()
    path.unlink()
    return content


# ---- kill -----------------------------------------------------------------------------------------------
RECORD_FOR_EVER = """
import itertools, sys
from tests.files.samples import add, recorder
file = recorder(sys.argv[1])
for number in itertools.count():
    add(file, number)
    file.flush()
    print(number + 1, flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("lines", [1, 2, 30, 97])
def test_a_kill_while_recording_loses_nothing_that_was_flushed(tmp_path, lines):
    path = tmp_path / "a.simrec.h5"
    with subprocess.Popen([sys.executable, "-c", RECORD_FOR_EVER, path], cwd=ROOT, stdout=subprocess.PIPE) as writer:
        for _ in range(lines):
            flushed = int(writer.stdout.readline())
        writer.send_signal(signal.SIGKILL)
        rest = writer.stdout.read().split()
    batches = read(path)
    assert batches >= int(rest[-1] if rest else flushed) >= lines
    with Recording.open(path) as recording:
        assert not recording.complete


# A program that records a simulation as the desktop does, and says when it came to which step.
BATCH = 7           # steps
RECORD_A_RUN = """
import sys, time
from neural_simulator.app.recorder import RunRecorder
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.recording_choice import RecordingChoice
core = CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=5)
sim = Simulation(core, GPUConfig(backend="cpu"))
choice = RecordingChoice(sys.argv[2], neurons=tuple(range(0, 200, 3)))
recorder = RunRecorder(sys.argv[1], core, sim, (1, 2), choice, GPUConfig(backend="cpu", recording_mode="streaming"))
print(0, time.monotonic(), flush=True)
while True:
    recorder.saw(sim.step(int(sys.argv[3])))
    time.sleep(0.002)
    print(sim.step_index, time.monotonic(), flush=True)
"""


def kill_while_streaming(path, kind, delays_s) -> None:
    """Kill a recording program at these times; all but the newest second is readable, and what was computed."""
    sim = Simulation(CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=5), GPUConfig(backend="cpu"))
    for delay_s in delays_s:
        path.unlink(missing_ok=True)
        with subprocess.Popen([sys.executable, "-c", RECORD_A_RUN, path, kind, str(BATCH)], cwd=ROOT,
                              stdout=subprocess.PIPE, text=True) as writer:
            writer.stdout.readline()
            timer = threading.Timer(delay_s, writer.send_signal, [signal.SIGKILL])
            timer.start()
            told = [line.split() for line in writer.stdout.read().splitlines() if len(line.split()) == 2]
        killed_s = float(told[-1][1]) if told else 0.0
        surely = max((int(step) for step, when in told if float(when) < killed_s - LOST_S), default=0)
        with Recording.open(path) as recording:
            steps, ids = recording.spikes()
            recording.traces()
            assert surely <= recording.stop_step, "more than a second is lost"
            assert recording.stop_step <= int(told[-1][0] if told else 0) + 2 * BATCH, "more than was computed"
            sim.reset()
            computed = sim.step(recording.stop_step)
            assert_array_equal(steps, computed.spike_steps)
            assert_array_equal(ids, computed.spike_ids)
            for number in range(len(recording.keyframe_steps())):
                recording.keyframe(number)
    assert surely > 50, "nothing was recorded"


LOST_S = 2.0        # one second, and one more for a machine that is busy with other things


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("kind", ["full", "replay"])
def test_a_kill_while_a_run_is_streamed_loses_a_second_at_most(tmp_path, kind):
    kill_while_streaming(tmp_path / "a.simrec.h5", kind, [0.7, 3.3])


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("kind", ["full", "replay"])
@pytest.mark.parametrize("part", range(5))
def test_a_hundred_kills_while_runs_are_streamed_lose_a_second_at_most(tmp_path, kind, part):
    dice = random.Random(f"{kind} {part}")
    delays_s = [*(dice.uniform(0.0, 3.0) for _ in range(9)), 3.5]
    kill_while_streaming(tmp_path / "a.simrec.h5", kind, delays_s)


def test_an_unclosed_recording_is_read_by_other_programs_in_single_writer_mode(tmp_path):
    path = tmp_path / "a.simrec.h5"
    path.write_bytes(unclosed(tmp_path))
    with h5py.File(path, "r", swmr=True) as file:
        assert_array_equal(file["spikes/ids"], expected(2)[1])


def test_a_block_that_had_not_arrived_is_left_out_of_an_unclosed_recording(tmp_path):
    path, content = tmp_path / "a.simrec.h5", bytearray(unclosed(tmp_path))
    path.write_bytes(content)
    assert read(path) == 2
    content[content.index(batch(1)[4].tobytes()) + 5] ^= 1
    path.write_bytes(content)
    assert read(path) == 1


def test_a_flipped_bit_in_a_complete_recording_is_noticed(tmp_path):
    path = record(tmp_path / "a.simrec.h5")
    content = bytearray(path.read_bytes())
    content[content.index(batch(1)[1].tobytes()) + 4] ^= 1
    path.write_bytes(content)
    with pytest.raises(FileFormatError, match="is damaged: the spikes before step 20 do not match their checksum"):
        read(path)


# ---- full disk ------------------------------------------------------------------------------------------
FILL_THE_DISK = """
import itertools, resource, signal, sys
from neural_simulator.base.errors import FileFormatError
from tests.files.samples import add, recorder
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
limit = int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
try:
    file = recorder(sys.argv[1])
    for number in itertools.count():
        add(file, number)
        file.flush()
        print(number + 1)
except FileFormatError as error:
    print(error)
"""


def until_the_disk_is_full(path, limit) -> list[str]:
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path, str(limit)], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    return done.stdout.splitlines()


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX's")
def test_a_full_disk_ends_the_recording_with_a_sentence_and_keeps_what_was_flushed(tmp_path):
    path = tmp_path / "a.simrec.h5"
    *flushed, sentence = until_the_disk_is_full(path, 1_800_000)
    steps = int(flushed[-1]) * BATCH_STEPS
    assert sentence == (f"The recording {path} ends at step {steps}, because it cannot be written any longer: "
                        "file too large.")
    assert read(path) == len(flushed) > 20
    with Recording.open(path) as recording:
        assert recording.complete


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX's")
def test_a_disk_too_full_for_the_beginning_leaves_no_file(tmp_path):
    path = tmp_path / "a.simrec.h5"
    assert until_the_disk_is_full(path, 1000) == [f"{path} cannot be written: file too large."]
    assert os.listdir(tmp_path) == []


# ---- others at the same file ----------------------------------------------------------------------------
def test_a_second_program_cannot_record_into_the_same_file(tmp_path):
    path = tmp_path / "a.simrec.h5"
    with recorder(path) as file:
        add(file, 0)
        said = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path, str(10**8)], cwd=ROOT, capture_output=True,
                              text=True, check=True).stdout
        add(file, 1)
    assert said == f"{path} exists already; choose another name for the recording.\n"
    assert read(path) == 2


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_read_only_folder_is_told():
    said = in_a_read_only_folder("from tests.files.samples import recorder as act", "a.simrec.h5")
    assert said == "cannot be written: permission denied."


# ---- damage ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize("mutants", [MUTANTS, pytest.param(4000, marks=pytest.mark.slow)])
def test_damaged_recordings_are_read_correctly_or_refused_in_one_sentence(tmp_path, mutants):
    dice, path = random.Random(mutants), tmp_path / "a.simrec.h5"
    originals = [record(path).read_bytes(), unclosed(tmp_path)]
    places = [used_places(content) for content in originals]
    refused = 0
    for _ in range(mutants):
        choice = dice.randrange(2)
        path.write_bytes(mutant(originals[choice], places[choice], dice))
        try:
            read(path)
        except FileFormatError as error:
            refused += 1
            assert_one_sentence(error, path)
    assert mutants * 0.8 < refused < mutants


def test_a_recording_cut_anywhere_is_said_to_be_truncated(tmp_path):
    path = record(tmp_path / "a.simrec.h5")
    content = path.read_bytes()
    for size in (8, 47, 48, 100, 5000, len(content) // 2, len(content) - 1):
        path.write_bytes(content[:size])
        with pytest.raises(FileFormatError, match="is truncated: "):
            read(path)


# ---- hostility ------------------------------------------------------------------------------------------
PARTS = ("network/positions", "network/populations", "spikes/steps", "spikes/ids", "traces/ids", "traces/steps",
         "traces/v", "changes/steps", "changes/fields", "changes/stops", "changes/data",
         "keyframes/steps", "keyframes/stops", "keyframes/data", "commits")
FACTS = ("format", "format_version", "program_version", "created", "core", "live", "fingerprint", "backend", "seed",
         "dt_ms", "first_step", "num_synapses", "kind", "variables", "interval_steps")
@pytest.mark.parametrize("odd", ODD)
def test_no_odd_content_of_any_part_does_more_than_raise_a_sentence(tmp_path, odd):
    content, path = record(tmp_path / "a.simrec.h5").read_bytes(), tmp_path / "b.simrec.h5"
    for part in each_part_odd(path, content, PARTS, FACTS, ODD[odd]):
        try:
            batches = read_shallow(path)
        except FileFormatError as error:
            assert_one_sentence(error, path)
        else:
            assert part not in PARTS or batches == 0, f"{part} was believed although it was {odd}"


def read_shallow(path) -> int:
    """Read everything without comparing it with the sample, and return the number of batches."""
    with Recording.open(path) as recording:
        recording.spikes()
        recording.traces()
        recording.changes()
        for number in range(len(recording.keyframe_steps())):
            recording.keyframe(number)
        return recording.num_steps // BATCH_STEPS


@pytest.mark.parametrize("part", PARTS)
def test_a_declared_size_beyond_the_file_takes_no_memory(tmp_path, part):
    path = record(tmp_path / "a.simrec.h5")
    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        dtype, row = file[part].dtype, file[part].shape[1:]
        del file[part]
        file.create_dataset(part, (2**40, *row), dtype, chunks=(1024, *row))
    with pytest.raises(FileFormatError, match="is declared larger than the file"):
        read(path)


# ---- read while written ---------------------------------------------------------------------------------
def test_a_recording_is_read_again_and_again_while_another_program_writes_it(tmp_path):
    path = tmp_path / "a.simrec.h5"
    program = RECORD_FOR_EVER.replace("    file.flush()", "    time.sleep(0.03)\n    file.flush()")
    with subprocess.Popen([sys.executable, "-c", "import time\n" + program, path], cwd=ROOT,
                          stdout=subprocess.PIPE) as writer:
        for _ in range(5):
            writer.stdout.readline()
        seen = [read(path) for _ in range(12)]
        writer.kill()
        writer.stdout.read()
    assert seen == sorted(seen) and seen[-1] > seen[0] >= 5
