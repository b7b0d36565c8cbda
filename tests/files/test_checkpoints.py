"""Checkpoint files: what is written is read; damage, foreign files and full disks get one sentence."""

import json
import os
import random
import signal
import subprocess
import sys
import threading

import h5py
import numpy as np
import pytest

from neural_simulator.base.errors import Cancelled, FileFormatError
from neural_simulator.base.paths import ROOT
from neural_simulator.config import CoreSimConfig
from neural_simulator.files.checkpoints import (
    CHECKPOINT,
    Checkpoint,
    Origin,
    list_checkpoints,
    new_path,
    write_checkpoint,
)
from neural_simulator.files.recordings import Recording
from tests.files.mutants import (
    ODD,
    assert_one_sentence,
    each_part_odd,
    in_a_read_only_folder,
    mutant,
    used_places,
)
from tests.files.samples import record

MUTANTS = 250
NEURONS = 5000
ORIGIN = Origin(CoreSimConfig(num_neurons=NEURONS, dt_ms=0.1, excitatory_parameters={"C": 90.0}), 2**62 + 5, "ab" * 16,
                {"background_rate_Hz": 650.0, "total_simulation_time_ms": 2000.0}, 123_456, "CPU, 1 thread")


def arrays(version: int = 0) -> dict[str, np.ndarray]:
    """A state with every kind of array that an engine may have."""
    dice = np.random.default_rng(version)
    return {"states/v": dice.normal(-60.0, 5.0, NEURONS).astype(np.float32),
            "states/u": dice.normal(0.0, 30.0, NEURONS).astype(np.float32),
            "last_spike": dice.integers(-2**30, 5000, NEURONS).astype(np.int32),
            "pending": dice.poisson(0.02, (7, 2, NEURONS)).astype(np.int32),
            "spike_counts": np.full(NEURONS, version, np.uint32),
            "further/weights": dice.integers(0, 65536, 700_001).astype(np.uint16),
            "further/events": np.array([version], np.int64),
            "further/nothing": np.zeros((0, 3), np.float64)}


def layout_of(state) -> dict:
    return {name: (values.dtype, values.shape) for name, values in state.items()}


LAYOUT = layout_of(arrays())


def write(path, version=0, **options):
    write_checkpoint(path, ORIGIN, 4711, arrays(version), **options)
    return path


def read(path) -> int:
    """Read everything, assert that it is a sample, and return its version."""
    with Checkpoint.open(path) as checkpoint:
        have = checkpoint.arrays(LAYOUT)
        version = int(have["spike_counts"][0])
        want = arrays(version)
        assert {name: values.dtype for name, values in have.items()} == {name: a.dtype for name, a in want.items()}
        assert [name for name in want if not np.array_equal(have[name], want[name])] == []
        assert (checkpoint.origin, checkpoint.step, checkpoint.time_ms) == (ORIGIN, 4711, 4711 * 0.1)
    return version


def test_what_is_written_is_read(tmp_path):
    path = write(tmp_path / "a.simstate.h5", 3)
    assert read(path) == 3
    assert path.stat().st_size < sum(a.nbytes for a in arrays().values()), "it is compressed"


def test_other_programs_read_it(tmp_path):
    with h5py.File(write(tmp_path / "a.simstate.h5")) as file:
        assert np.array_equal(file["state/pending"][...], arrays()["pending"])
        assert json.loads(file.attrs["core"])["num_neurons"] == NEURONS
        assert set(json.loads(file.attrs["versions"])) == {"python", "numpy", "h5py"}


def test_progress_reaches_the_end_and_giving_up_leaves_the_old_file(tmp_path):
    path, told = tmp_path / "a.simstate.h5", []
    write(path, 1, report=told.append)
    assert told == sorted(told) and len(told) > 10 and told[-1] == 1.0

    def give_up(fraction):
        if fraction > 0.5:
            raise Cancelled("enough")
    with pytest.raises(Cancelled):
        write(path, 2, report=give_up)
    assert read(path) == 1 and os.listdir(tmp_path) == ["a.simstate.h5"]


def test_new_names_are_unused_and_the_newest_file_comes_first(tmp_path):
    first = write(new_path(tmp_path))
    second = write(new_path(tmp_path))
    os.utime(first, ns=(1, 1))
    assert first != second and list_checkpoints(tmp_path) == (second, first)
    assert list_checkpoints(tmp_path / "missing") == ()


@pytest.mark.parametrize("change", [
    lambda layout: layout | {"states/w": layout["states/u"]},
    lambda layout: {name: layout[name] for name in layout if name != "further/weights"},
    lambda layout: layout | {"pending": (np.dtype(np.int32), (8, 2, NEURONS))},
    lambda layout: layout | {"states/v": (np.dtype(np.float64), (NEURONS,))},
])
def test_a_state_of_another_layout_is_refused(tmp_path, change):
    path = write(tmp_path / "a.simstate.h5")
    with Checkpoint.open(path) as checkpoint, pytest.raises(FileFormatError, match="is damaged: state/") as error:
        checkpoint.arrays(change(LAYOUT))
    assert_one_sentence(error.value, path)


def test_a_state_with_values_that_are_no_numbers_is_refused(tmp_path):
    state = arrays()
    state["states/v"][17] = np.nan
    write_checkpoint(tmp_path / "a.simstate.h5", ORIGIN, 1, state)
    with Checkpoint.open(tmp_path / "a.simstate.h5") as checkpoint, pytest.raises(FileFormatError, match="no numbers"):
        checkpoint.arrays(LAYOUT)


# ---- faults of the machine ------------------------------------------------------------------------------
SAVE_FOR_EVER = """
import itertools, sys
from tests.files.test_checkpoints import write
for version in itertools.count(1):
    write(sys.argv[1], version)
    print(version, flush=True)
"""


def kill_while_saving(path, delays_s) -> None:
    """Kill the writer again and again; each time the file is the newest finished one or the next."""
    for delay_s in delays_s:
        with subprocess.Popen([sys.executable, "-c", SAVE_FOR_EVER, path], cwd=ROOT, stdout=subprocess.PIPE) as writer:
            newest = int(writer.stdout.readline())
            timer = threading.Timer(delay_s, writer.send_signal, [signal.SIGKILL])
            timer.start()
            newest = int((writer.stdout.read().split() or [newest])[-1])
        assert read(path) in (newest, newest + 1)


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_kill_while_saving_leaves_the_old_checkpoint_or_the_new_one(tmp_path):
    dice = random.Random(1)
    kill_while_saving(tmp_path / "a.simstate.h5", [dice.uniform(0.0, 0.3) for _ in range(4)])


@pytest.mark.slow
@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
@pytest.mark.parametrize("part", range(5))
def test_a_hundred_kills_while_saving_leave_the_old_checkpoint_or_the_new_one(tmp_path, part):
    dice = random.Random(20 + part)
    kill_while_saving(tmp_path / "a.simstate.h5", [dice.uniform(0.0, 0.3) for _ in range(20)])


FILL_THE_DISK = """
import resource, signal, sys
from neural_simulator.base.errors import FileFormatError
from tests.files.test_checkpoints import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), int(sys.argv[2])))
try:
    write(sys.argv[1], 2)
except FileFormatError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX's")
@pytest.mark.parametrize("limit", [100, 20_000, 1_000_000])
def test_a_full_disk_is_told_and_leaves_the_old_checkpoint(tmp_path, limit):
    path = write(tmp_path / "a.simstate.h5", 1)
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path, str(limit)], cwd=ROOT, capture_output=True,
                          text=True, check=True)
    assert done.stdout == f"{path} cannot be written: file too large.\n"
    assert read(path) == 1 and os.listdir(tmp_path) == ["a.simstate.h5"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("no folder")
    for path in (tmp_path / "missing" / "a.simstate.h5", blocked / "a.simstate.h5"):
        with pytest.raises(FileFormatError, match="cannot be written: n") as error:
            write(path)
        assert_one_sentence(error.value, path)


@pytest.mark.skipif(os.name != "posix", reason="permissions are POSIX's")
def test_a_read_only_folder_is_told():
    said = in_a_read_only_folder("from tests.files.test_checkpoints import write as act", "a.simstate.h5")
    assert said == "cannot be written: permission denied."


def test_two_programs_that_save_into_one_file_leave_a_whole_one(tmp_path):
    path = tmp_path / "a.simstate.h5"
    programs = [SAVE_FOR_EVER.replace("itertools.count(1)", f"range({k}, {k + 9})") for k in (10, 20)]
    writers = [subprocess.Popen([sys.executable, "-c", program, path], cwd=ROOT, stdout=subprocess.PIPE)
               for program in programs]
    writers[0].stdout.readline()
    seen = {read(path) for _ in range(10)}
    assert [writer.wait() for writer in writers] == [0, 0]
    for writer in writers:
        writer.stdout.close()
    assert seen and read(path) in (18, 28)
    assert os.listdir(tmp_path) == ["a.simstate.h5"]


# ---- damage and hostility -------------------------------------------------------------------------------
def small(path) -> bytes:
    """A small checkpoint's bytes."""
    state = {name: values[..., :200] for name, values in arrays().items()}
    write_checkpoint(path, ORIGIN, 4711, state)
    return path.read_bytes()


def read_small(path) -> None:
    """Read everything of `small` and compare it."""
    with Checkpoint.open(path) as checkpoint:
        want = {name: values[..., :200] for name, values in arrays().items()}
        have = checkpoint.arrays(layout_of(want))
        assert (checkpoint.origin, checkpoint.step) == (ORIGIN, 4711)
        assert [name for name in want if not np.array_equal(have[name], want[name])] == []


@pytest.mark.parametrize("mutants", [MUTANTS, pytest.param(4000, marks=pytest.mark.slow)])
def test_damaged_checkpoints_are_read_correctly_or_refused_in_one_sentence(tmp_path, mutants):
    dice, path = random.Random(mutants), tmp_path / "a.simstate.h5"
    content = small(path)
    places, refused = used_places(content), 0
    for _ in range(mutants):
        path.write_bytes(mutant(content, places, dice))
        try:
            read_small(path)
        except FileFormatError as error:
            refused += 1
            assert_one_sentence(error, path)
    assert mutants * 0.8 < refused < mutants


PARTS = ("state/states/v", "state/pending", "state/last_spike", "state/further/weights")
FACTS = ("format", "format_version", "program_version", "created", "core", "live", "fingerprint", "backend", "seed",
         "num_synapses", "step")


@pytest.mark.parametrize("odd", ODD)
def test_no_odd_content_of_any_part_does_more_than_raise_a_sentence(tmp_path, odd):
    path = tmp_path / "a.simstate.h5"
    content = small(path)
    for part in each_part_odd(path, content, PARTS, FACTS, ODD[odd]):
        try:
            read_small(path)
        except FileFormatError as error:
            assert_one_sentence(error, path)
        except AssertionError:
            assert part in FACTS and "text" in odd, f"{part} was believed although it was {odd}"
        else:
            assert part in ("program_version", "created")      # texts without consequence


@pytest.mark.parametrize("part", PARTS)
def test_a_declared_size_beyond_the_file_takes_no_memory(tmp_path, part):
    path = tmp_path / "a.simstate.h5"
    small(path)
    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        dtype, rest = file[part].dtype, file[part].shape[1:]
        del file[part]
        file.create_dataset(part, (2**40, *rest), dtype, chunks=(1024, *rest))
    with Checkpoint.open(path) as checkpoint, pytest.raises(FileFormatError, match="state/"):
        checkpoint.arrays(checkpoint.layout)


def test_links_out_of_the_file_and_endless_nesting_are_refused(tmp_path):
    path, secret = tmp_path / "a.simstate.h5", tmp_path / "secret.h5"
    with h5py.File(secret, "w") as file:
        file["v"] = arrays()["states/v"][:200]
    content = small(path)

    def external(file):
        file["state/states/v"] = h5py.ExternalLink(str(secret), "v")

    def soft(file):
        file["state/states/v"] = h5py.SoftLink("/state/states/u")

    def raw(file):
        (tmp_path / "raw").write_bytes(bytes(800))
        file.create_dataset("state/states/v", (200,), "<f4", external=[(str(tmp_path / "raw"), 0, 800)])

    def virtual(file):
        layout = h5py.VirtualLayout((200,), "<f4")
        layout[:] = h5py.VirtualSource(str(secret), "v", (200,))
        file.create_virtual_dataset("state/states/v", layout)

    def loop(file):
        file["state/states/v"] = file["state"]

    def deep(file):
        file.create_group("state/states/v" + "/x" * 1000)

    for spoil in (external, soft, raw, virtual, loop, deep):
        path.write_bytes(content)
        with h5py.File(path, "r+", libver=("v110", "v110")) as file:
            del file["state/states/v"]
            spoil(file)
        with pytest.raises(FileFormatError, match="is damaged: ") as error:
            read_small(path)
        assert_one_sentence(error.value, path)


def test_a_newer_and_a_foreign_file_are_told_apart(tmp_path):
    path = write(tmp_path / "a.simstate.h5")
    with h5py.File(path, "r+", libver=("v110", "v110")) as file:
        file.attrs["format_version"] = np.int64(CHECKPOINT.version + 1)
    with pytest.raises(FileFormatError, match="update the program"):
        read(path)
    with pytest.raises(FileFormatError, match="is not a checkpoint; it says that it is a 'recording'"):
        Checkpoint.open(record(tmp_path / "b.simrec.h5"))
    with pytest.raises(FileFormatError, match="is not a recording; it says that it is a 'checkpoint'"):
        Recording.open(write(tmp_path / "c.simstate.h5"))
    (tmp_path / "d.simstate.h5").write_text("text")
    with pytest.raises(FileFormatError, match="is not an HDF5 file, so it holds no checkpoint"):
        Checkpoint.open(tmp_path / "d.simstate.h5")
