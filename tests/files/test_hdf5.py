"""HDF5 files: written whole, stamped, and refused in one sentence when they are not what they should be."""

import os
import subprocess
import sys

import h5py
import numpy as np
import pytest

from neural_simulator.base.errors import FileFormatError
from neural_simulator.base.paths import ROOT
from neural_simulator.base.version import VERSION
from neural_simulator.files import hdf5
from neural_simulator.files.recordings import Recording
from tests.files.samples import record

KIND = hdf5.FileKind("sample", 2, ".sample.h5")


def write(path, value=1.0, size=10):
    with hdf5.writing(path, KIND) as file:
        hdf5.put_array(file, "group/x", np.full(size, value), "mV")
    return path


def refusal(path) -> str:
    """Return the error of opening `path` as a sample, which must be one sentence."""
    with pytest.raises(FileFormatError) as error:
        hdf5.open_checked(path, KIND).close()
    text = str(error.value)
    assert text.startswith(str(path)) and text.endswith(".") and "\n" not in text
    return text.removeprefix(f"{path} ")


def test_a_file_is_stamped_and_read_back(tmp_path):
    with hdf5.open_checked(write(tmp_path / "a"), KIND) as file:
        assert file.complete
        assert (hdf5.array(file, "group/x", "f8", (10,)) == 1.0).all()
        assert hdf5.text_attribute(file["group/x"], "unit") == "mV"
        assert hdf5.text_attribute(file, "program_version") == VERSION
        assert hdf5.int_attribute(file, "format_version") == 2


def test_an_interrupted_write_leaves_the_old_file(tmp_path):
    path = write(tmp_path / "a", 1.0)
    with pytest.raises(ZeroDivisionError), hdf5.writing(path, KIND) as file:
        file["y"] = 5
        raise ZeroDivisionError
    with hdf5.open_checked(path, KIND) as file:
        assert list(file) == ["group"]
    assert os.listdir(tmp_path) == ["a"]


def test_a_missing_folder_is_one_sentence_on_writing(tmp_path):
    with pytest.raises(FileFormatError, match=r"cannot be written: .*no such file or directory"):
        write(tmp_path / "missing" / "a")


FILL_THE_DISK = """
import resource, signal, sys
from neural_simulator.base.errors import FileFormatError
from tests.files.test_hdf5 import write
import numpy as np
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
try:
    write(sys.argv[1], 1.0, 10**6)
except FileFormatError as error:
    print(error)
"""


@pytest.mark.skipif(os.name != "posix", reason="limits of file size are POSIX's")
def test_a_disk_that_fills_up_leaves_the_old_file_and_the_program_alive(tmp_path):
    path = write(tmp_path / "a")
    before = path.read_bytes()
    done = subprocess.run([sys.executable, "-c", FILL_THE_DISK, path], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, f"{path} cannot be written: file too large.\n")
    assert path.read_bytes() == before and os.listdir(tmp_path) == ["a"]


def test_what_is_no_hdf5_file_is_said(tmp_path):
    path = tmp_path / "a"
    assert refusal(path) == "cannot be read: no such file or directory."
    assert refusal(tmp_path) == "is not a file; choose a sample (*.sample.h5)."
    for content in (b"", b"text, long enough to be looked at, but certainly not HDF5"):
        path.write_bytes(content)
        assert refusal(path) == "is not an HDF5 file, so it holds no sample; choose a sample (*.sample.h5)."


def test_truncated_files_are_said_to_be(tmp_path):
    path = write(tmp_path / "a")
    whole = path.read_bytes()
    path.write_bytes(whole[:20])
    assert refusal(path) == "is truncated: only 20 bytes of it are there."
    path.write_bytes(whole[:300])
    assert refusal(path) == f"is truncated: 300 of its {len(whole):,} bytes are there."


def test_foreign_files_and_other_kinds_are_said_to_be(tmp_path):
    path = tmp_path / "a"
    for libver in ("earliest", "v110"):
        with h5py.File(path, "w", libver=libver) as file:
            file["x"] = np.zeros(100)
        assert refusal(path) == "is an HDF5 file of another program, not a sample of this one."
    path = record(tmp_path / "b")
    assert refusal(path) == "is not a sample; it says that it is a 'recording'."
    with pytest.raises(FileFormatError, match="is not a recording; it says that it is a 'sample'"):
        Recording.open(write(tmp_path / "c"))


def test_a_newer_file_is_said_to_be(tmp_path):
    path = tmp_path / "a"
    with hdf5.writing(path, hdf5.FileKind("sample", 3, ".sample.h5")):
        pass
    assert refusal(path) == (f"was written by program version {VERSION} in sample format 3, but this program "
                             f"({VERSION}) reads up to format 2; update the program.")


def test_older_formats_are_opened(tmp_path):
    path = tmp_path / "a"
    with hdf5.writing(path, hdf5.FileKind("sample", 1, ".sample.h5")):
        pass
    with hdf5.open_checked(path, KIND) as file:
        assert hdf5.int_attribute(file, "format_version") == 1


def test_a_flipped_bit_in_the_data_is_noticed(tmp_path):
    path = write(tmp_path / "a", 1.2345)
    content = bytearray(path.read_bytes())
    content[content.index(np.float64(1.2345).tobytes()) + 3] ^= 1
    path.write_bytes(content)
    with hdf5.open_checked(path, KIND) as file, pytest.raises(FileFormatError, match="is damaged"), hdf5.reading(path):
        hdf5.array(file, "group/x", "f8", (10,))


@pytest.mark.parametrize(("make", "part"), [
    (lambda file, _: file.__setitem__("x", h5py.SoftLink("/y")), "x is behind a link"),
    (lambda file, folder: file.__setitem__("x", h5py.ExternalLink(str(folder / "other"), "/x")), "x is behind a link"),
    (lambda file, folder: file.create_dataset("x", (10,), "f8", external=[(str(folder / "raw"), 0, 80)]),
     "x lies outside the file"),
    (lambda file, folder: file.create_virtual_dataset("x", virtual(folder)), "x lies outside the file"),
    (lambda file, _: file.create_dataset("x", (2**50,), "f8", chunks=(1024,)), "x is declared larger than the file"),
    (lambda file, _: file.create_dataset("x", (2**40,), "f8", chunks=(1024,), compression="gzip"),
     "x is declared larger than the file"),
    (lambda file, _: file.create_dataset("x", data=np.zeros(10, "f4")), "x has 10 values of type float32, which"),
    (lambda file, _: file.create_dataset("x", data=np.zeros((10, 1))), "x has 10 x 1 values of type float64, which"),
    (lambda file, _: file.create_dataset("x", data=h5py.Empty("f8")), "x has single values of type float64, which"),
    (lambda file, _: file.create_group("x"), "x is not a dataset"),
    (lambda file, _: None, "x is missing"),
])
def test_nothing_is_followed_or_believed_that_a_file_must_not_hold(tmp_path, make, part):
    with h5py.File(tmp_path / "other", "w") as other:
        other["x"] = np.zeros(10)
    (tmp_path / "raw").write_bytes(bytes(80))
    path = tmp_path / "a"
    with hdf5.writing(path, KIND) as file:
        make(file, tmp_path)
    with hdf5.open_checked(path, KIND) as file, pytest.raises(ValueError) as error:
        hdf5.array(file, "x", "f8", (None,))
    assert str(error.value).startswith(part)


def virtual(folder):
    layout = h5py.VirtualLayout((10,), "f8")
    layout[:] = h5py.VirtualSource(str(folder / "other"), "x", (10,))
    return layout
