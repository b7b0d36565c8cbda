"""Rows of float32 kept in the memory of what computes, and handed out one at a time."""

from __future__ import annotations

import numpy as np
import psutil

from . import cuda


def free_bytes(on_device: bool) -> int:
    """Memory that is free, on the device or on the host."""
    return cuda.free_bytes() if on_device else int(psutil.virtual_memory().available)


class FrameStore:
    """`rows` x `width` float32 values, on the CUDA device or on the host."""

    def __init__(self, rows: int, width: int, on_device: bool):
        self._xp = cuda.xp() if on_device else np
        self._values = self._xp.empty((rows, width), np.float32)

    def put(self, first: int, values: np.ndarray) -> None:
        """Store host rows from `first` on."""
        self._values[first:first + len(values)] = self._xp.asarray(values)

    def row(self, index: int) -> np.ndarray:
        """Return a copy of one row in host memory."""
        row = self._values[index]
        return row.copy() if self._xp is np else row.get()
