"""CUDA writes into OpenGL's buffers: the state of the neurons never leaves the device.

CuPy has no binding for this part of the driver, so its library is called through ctypes
(CUDA Driver API, "Graphics Interoperability" and "OpenGL Interoperability").
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress
from typing import Any

from ..backend import cuda
from ..backend.device_array import DeviceArray
from ..base.errors import BackendError

_WRITE_DISCARD = 0x02             # CU_GRAPHICS_REGISTER_FLAGS_WRITE_DISCARD
_LIBRARY = {"win32": "nvcuda.dll"}
_POINTER = ctypes.c_void_p
_SIGNATURES: dict[str, list[Any]] = {
    "cuGraphicsGLRegisterBuffer": [ctypes.POINTER(_POINTER), ctypes.c_uint, ctypes.c_uint],
    "cuGraphicsUnregisterResource": [_POINTER],
    "cuGraphicsMapResources": [ctypes.c_uint, ctypes.POINTER(_POINTER), _POINTER],
    "cuGraphicsUnmapResources": [ctypes.c_uint, ctypes.POINTER(_POINTER), _POINTER],
    "cuGraphicsResourceGetMappedPointer_v2": [ctypes.POINTER(_POINTER), ctypes.POINTER(ctypes.c_size_t), _POINTER],
    "cuMemcpyDtoDAsync_v2": [_POINTER, _POINTER, ctypes.c_size_t, _POINTER],
    "cuGetErrorName": [ctypes.c_int, ctypes.POINTER(ctypes.c_char_p)],
}


class SharedBuffers:
    """OpenGL buffers that CUDA writes to; the OpenGL context must be current in every call.

    `names` are those of the buffers, whose storage must exist already and stay as it is until `close`. Raises
    BackendError where the two do not run on one device.
    """

    def __init__(self, names: tuple[int, ...]):
        self._driver = _load()
        xp = cuda.xp()
        with cuda.guarded("sharing memory with OpenGL"):
            xp.cuda.Device().use()
            xp.cuda.runtime.free(0)                       # makes the device's context that of this thread
            self._stream = xp.cuda.Stream(non_blocking=True)
            self._copied = xp.cuda.Event(disable_timing=True)
        self._held: tuple[DeviceArray | None, ...] = ()   # what is being copied: its memory must not be given back
        self._resources: list[Any] = []
        try:
            for name in names:
                resource = _POINTER()
                self._call("cuGraphicsGLRegisterBuffer", ctypes.byref(resource), name, _WRITE_DISCARD)
                self._resources.append(resource)
        except BackendError:
            self.close()
            raise

    def write(self, arrays: tuple[DeviceArray | None, ...]) -> None:
        """Copy one array into each buffer, inside the device; None leaves that buffer as it is.

        Returns at once: OpenGL's next commands wait for the copies on the device.
        """
        wanted = [(resource, array) for resource, array in zip(self._resources, arrays, strict=True)
                  if array is not None]
        if not wanted:
            return
        stream, handles = _POINTER(self._stream.ptr), (_POINTER * len(wanted))(*(r.value for r, _ in wanted))
        with cuda.guarded("sharing memory with OpenGL"):
            self._let_go()
            self._held = arrays
            for _, array in wanted:
                self._stream.wait_event(array.ready)
            self._call("cuGraphicsMapResources", len(wanted), handles, stream)
            try:
                for resource, array in wanted:
                    self._copy(resource, array, stream)
            finally:
                self._call("cuGraphicsUnmapResources", len(wanted), handles, stream)
            self._copied.record(self._stream)

    def _let_go(self) -> None:
        """Give back the arrays of the write before, which has ended long since."""
        if self._held:
            self._copied.synchronize()
            self._held = ()

    def _copy(self, resource: Any, array: DeviceArray, stream: Any) -> None:
        place, size = _POINTER(), ctypes.c_size_t()
        self._call("cuGraphicsResourceGetMappedPointer_v2", ctypes.byref(place), ctypes.byref(size), resource)
        if size.value < array.nbytes:
            raise BackendError(f"OpenGL's buffer has {size.value} bytes, but {array.nbytes} are to be written.")
        self._call("cuMemcpyDtoDAsync_v2", place, _POINTER(array.pointer), array.nbytes, stream)

    def _call(self, name: str, *arguments: Any) -> None:
        code = getattr(self._driver, name)(*arguments)
        if code:
            text = ctypes.c_char_p()
            self._driver.cuGetErrorName(code, ctypes.byref(text))
            raise BackendError(f"{name} reports {(text.value or b'error').decode()} ({code}).")

    def close(self) -> None:
        """Let CUDA forget the buffers; they belong to OpenGL alone again."""
        with suppress(BackendError), cuda.guarded("sharing memory with OpenGL"):
            self._stream.synchronize()
        self._held = ()
        resources, self._resources = self._resources, []
        for resource in resources:
            self._driver.cuGraphicsUnregisterResource(resource)


def _load() -> Any:
    """Return the driver's library. Raises BackendError where there is none."""
    name = _LIBRARY.get(sys.platform, "libcuda.so.1")
    try:
        driver = ctypes.WinDLL(name) if sys.platform == "win32" else ctypes.CDLL(name)  # type: ignore[attr-defined]
        for function, arguments in _SIGNATURES.items():
            getattr(driver, function).argtypes = arguments
    except (OSError, AttributeError) as error:
        raise BackendError(f"The CUDA driver cannot share memory with OpenGL: {error}.") from None
    return driver
