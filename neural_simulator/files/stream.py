"""An HDF5 file that grows while others may read it, and that a kill or a full disk leaves readable.

The library's single-writer mode writes in an order in which the file is readable at any moment. A write that fails
is what it cannot stand: it may crash the process or leave a file that nobody can open. So the room for the next
rows is taken from the disk before the library is asked to write them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

import h5py
import numpy as np

from . import superblock
from .atomic import reserve
from .hdf5 import LIBRARY_VERSION

SLACK = 1 << 20         # bytes kept free in the file for the library's own tables


class Stream:
    """A new HDF5 file at `path`; `head_bytes` is an upper bound for what is written before `begin`.

    Raises FileExistsError when there is a file already, and OSError when the disk has no room; then no file is left.
    """

    def __init__(self, path: Path, head_bytes: int):
        self.path = path
        self._chunk_bytes: dict[str, int] = {}
        with open(path, "xb"):
            pass
        try:
            reserve(path, head_bytes + SLACK)
        except OSError:
            path.unlink()
            raise
        self.file = h5py.File(path, "w", libver=LIBRARY_VERSION, locking="best-effort")     # empties the file
        try:
            reserve(path, head_bytes + SLACK)
        except OSError:
            self.discard()
            raise

    def growing(self, path: str, dtype: str, row: tuple[int, ...], rows_per_chunk: int) -> h5py.Dataset:
        """Create an empty dataset of rows of shape `row` that can grow."""
        dataset = self.file.create_dataset(path, (0, *row), dtype, maxshape=(None, *row), chunks=(rows_per_chunk, *row))
        self._chunk_bytes[path] = dataset.dtype.itemsize * math.prod(dataset.chunks)
        return dataset

    def begin(self) -> None:
        """Let others read; from now on the file can only grow."""
        self.file.swmr_mode = True

    def extend(self, rows: Mapping[str, np.ndarray]) -> None:
        """Append rows to growing datasets, by path, and bring them into the file; OSError when the disk is full."""
        rows = {path: values for path, values in rows.items() if len(values)}
        chunks = sum(self._chunk_bytes[path] for path in rows)
        size = sum(values.nbytes for values in rows.values())
        reserve(self.path, self.file.id.get_filesize() + size + chunks + SLACK)
        for path, values in rows.items():
            dataset = self.file[path]       # not kept open: then others would see its length before its content
            old = dataset.shape[0]
            dataset.resize(old + len(values), axis=0)
            dataset[old:] = values
        self.file.flush()

    def close(self) -> None:
        """Close the file and give back the room that it did not need."""
        self.file.close()
        with open(self.path, "rb+") as file:
            block = superblock.parse(file.read(superblock.SIZE))
            if block is not None:
                file.truncate(block.end)

    def discard(self) -> None:
        """Close the file and remove it."""
        with suppress(OSError, RuntimeError):
            self.file.close()
        self.path.unlink(missing_ok=True)
