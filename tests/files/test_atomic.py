"""Replacing files whole."""

import os
import signal
import stat
import subprocess
import sys

import pytest

from neural_simulator.base.errors import FileFormatError
from neural_simulator.base.paths import ROOT
from neural_simulator.files.atomic import replacing, write_text


def test_a_file_is_replaced_whole_and_nothing_else_is_left(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    write_text(path, "new\nline")
    assert path.read_bytes() == b"new\nline"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_an_error_while_writing_leaves_the_old_file_and_no_other(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    with pytest.raises(ZeroDivisionError), replacing(path) as temporary:
        temporary.write_text("half")
        raise ZeroDivisionError
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


def test_a_missing_folder_is_one_sentence(tmp_path):
    path = tmp_path / "missing" / "a.txt"
    with pytest.raises(FileFormatError) as error:
        write_text(path, "text")
    assert str(error.value) == f"{path} cannot be written: no such file or directory."
    assert error.value.path == path


def test_a_path_below_a_file_is_one_sentence(tmp_path):
    (tmp_path / "a").write_text("I am a file")
    with pytest.raises(FileFormatError, match="cannot be written: not a directory"):
        write_text(tmp_path / "a" / "b.txt", "text")


def test_a_folder_in_the_place_of_the_file_is_one_sentence(tmp_path):
    (tmp_path / "a.txt").mkdir()
    with pytest.raises(FileFormatError, match="cannot be written"):
        write_text(tmp_path / "a.txt", "text")
    assert os.listdir(tmp_path) == ["a.txt"]


@pytest.mark.skipif(os.name != "posix", reason="modes and symbolic links are POSIX's")
def test_mode_and_symbolic_link_survive(tmp_path):
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old")
    real.chmod(0o640)
    link.symlink_to(real)
    write_text(link, "new")
    assert link.is_symlink() and real.read_text() == "new"
    assert stat.S_IMODE(real.stat().st_mode) == 0o640


FILL_THE_DISK = """
import resource, signal, sys
from neural_simulator.base.errors import FileFormatError
from neural_simulator.files.atomic import write_text
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
try:
    write_text(sys.argv[1], "x" * 100_000)
except FileFormatError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX's")
def test_a_disk_that_fills_up_leaves_the_old_file(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("old")
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path], cwd=ROOT, capture_output=True, text=True,
                          check=True)
    assert done.stdout == f"{path} cannot be written: file too large.\n"
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["a.txt"]


WRITE_FOR_EVER = """
import sys
from neural_simulator.files.atomic import write_text
for number in range(10**9):
    write_text(sys.argv[1], f"{number % 10}" * 200_000)
    if number == 3:
        print("ready", flush=True)
"""


@pytest.mark.skipif(os.name != "posix", reason="SIGKILL is POSIX's")
def test_a_kill_at_any_moment_leaves_the_old_file_or_the_new_one(tmp_path):
    path = tmp_path / "a.txt"
    for delay_s in (0.0, 0.003, 0.011, 0.02, 0.037):
        with subprocess.Popen([sys.executable, "-c", WRITE_FOR_EVER, path], cwd=ROOT, stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            with pytest.raises(subprocess.TimeoutExpired):
                writer.wait(delay_s or 0.0001)
            writer.send_signal(signal.SIGKILL)
        text = path.read_text()
        assert len(text) == 200_000 and len(set(text)) == 1
