"""Damaging files on purpose, always in the same ways: for the tests of whoever reads files."""

from __future__ import annotations

import os
import random
import struct
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import h5py
import numpy as np

from neural_simulator.base.errors import FileFormatError
from neural_simulator.base.paths import ROOT
from neural_simulator.files import superblock

ODD = {
    "nothing": None,
    "an empty array": np.zeros(0, np.int64),
    "negative numbers": np.full((5, 4), -1),
    "huge numbers": np.full((5, 4), 2**62),
    "huge neurons": np.full(100, 2**31 - 1, np.int32),
    "not numbers": np.full((100, 3), np.nan, np.float32),
    "a text": b"text",
    "a long text": np.bytes_(b"x" * 60_000),
    "many texts": np.array([b"{", b"[]", b'{"name": 5}', b'{"start": "a"}'], "S"),
    "a nested text": np.bytes_(b"[" * 50_000),
    "a scalar": np.float64(-np.inf),
    "an empty space": h5py.Empty("f8"),
}


def each_part_odd(path: Path, content: bytes, parts: Sequence[str], facts: Sequence[str],
                  value: object) -> Iterator[str]:
    """Write `content` into `path` again and again, each time with one dataset or attribute replaced by `value`.

    None removes it. Yields the name of the part that is odd now.
    """
    for part in (*parts, *facts):
        path.write_bytes(content)
        with h5py.File(path, "r+", libver=("v110", "v110")) as file:
            place = file if part in parts else file.attrs
            del place[part]
            if value is not None:
                place[part] = value
        yield part


def used_places(content: bytes) -> list[int]:
    """The places in a file that hold something."""
    return [index for index, value in enumerate(content) if value]


def mutant(content: bytes, used: list[int], dice: random.Random) -> bytes:
    """Return `content` truncated, with flipped bits, overwritten or shifted, at one of the places in `used`."""
    data, at = bytearray(content), dice.choice(used)
    match dice.randrange(5):
        case 0:
            del data[at:]
        case 1:
            for place in dice.sample(used, dice.choice((1, 1, 4, 30))):
                data[place] ^= 1 << dice.randrange(8)
        case 2:
            length = dice.choice((1, 2, 4, 8))
            data[at:at + length] = bytes([dice.choice((0, 0x7F, 0xFF))]) * length
        case 3:
            source, length = dice.choice(used), dice.randrange(1, 200)
            data[at:at + length] = data[source:source + length]
        case _:
            del data[at:at + dice.randrange(1, 64)]
    if dice.random() < 0.5 and len(data) >= superblock.SIZE:      # as an attacker would, mend the first checksum
        struct.pack_into("<I", data, superblock.SIZE - 4, superblock.lookup3(bytes(data[:superblock.SIZE - 4])))
    return bytes(data)


def assert_one_sentence(error: FileFormatError, path: object) -> None:
    """The whole message is one sentence that begins with the file's name."""
    said = str(error)
    assert said.startswith(f"{path} ") and said.endswith(".") and "\n" not in said, said


_ACT = """
import os, sys
{importing}
from neural_simulator.base.errors import FileFormatError
if os.geteuid() == 0:
    os.setuid(65534)            # the administrator may write everywhere
try:
    act(sys.argv[1])
except FileFormatError as error:
    print(error)
"""


def in_a_read_only_folder(importing: str, name: str) -> str:
    """Call `act(path)`, which `importing` imports, for a path in a read-only folder; return its complaint."""
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o555)
        path = os.path.join(folder, name)
        said = subprocess.run([sys.executable, "-c", _ACT.format(importing=importing), path], cwd=ROOT,
                              capture_output=True, text=True, check=True).stdout
        assert os.listdir(folder) == []
    return said.removeprefix(path).strip()
