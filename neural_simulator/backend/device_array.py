"""An array that stays on the device until somebody wants it on the host."""

from __future__ import annotations

from typing import Any

import numpy as np

from . import cuda


class DeviceArray:
    """A contiguous array on the device. NumPy takes it for an array and then gets a copy, made once.

    `array` is CuPy's; `ready` is the event after which its contents are complete. Raises BackendError where the device
    cannot be read any more.
    """

    def __init__(self, array: Any, ready: Any):
        self.array, self.ready = array, ready
        self.shape, self.dtype, self.nbytes = tuple(array.shape), np.dtype(array.dtype), int(array.nbytes)
        self._host: np.ndarray | None = None

    @property
    def pointer(self) -> int:
        """Where it lies in the device's memory."""
        return int(self.array.data.ptr)

    def get(self) -> np.ndarray:
        """Return a copy in host memory."""
        if self._host is None:
            with cuda.guarded("copying the neurons' state"):
                self.ready.synchronize()
                self._host = self.array.get()
        return self._host

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        host = self.get()
        return host if dtype is None else host.astype(dtype, copy=False)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, item: Any) -> Any:
        return self.get()[item]
