"""The same picture without a window: an RGB array, on machines with or without a display.

On Linux the context comes from EGL (the first graphics device that offers OpenGL 3.3, else Mesa's software
rasteriser); where PyOpenGL already speaks GLX in this process, on Windows, or where EGL fails, a hidden GLFW window
serves. PyOpenGL binds itself to one of the two for the life of the process, so the choice is made before importing it.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Any

import numpy as np

from ..app.frames import Frame, NetworkView, same_neurons
from ..base import log
from ..base.errors import BackendError
from ..config import VisualizationConfig
from .camera import Camera
from .hud import HudFacts
from .scene import Shown, bounds, up_axis

if TYPE_CHECKING:
    from .renderer import Renderer

# From the EGL registry: eglext.h of EGL 1.5.
_SURFACELESS_MESA, _PLATFORM_DEVICE = 0x31DD, 0x313F
_OPENGL_API, _EXTENSIONS, _NONE = 0x30A2, 0x3055, 0x3038
_SURFACE_TYPE, _PBUFFER_BIT, _RENDERABLE_TYPE, _OPENGL_BIT = 0x3033, 0x0001, 0x3040, 0x0008
_MAJOR, _MINOR, _PROFILE, _CORE = 0x3098, 0x30FB, 0x30FD, 0x0001
_MOST_DEVICES = 16
STILL = HudFacts(hints=False)


class EglContext:
    """An OpenGL 3.3 core context without any surface, made current. Raises BackendError where EGL offers none."""

    def __init__(self) -> None:
        try:
            self._egl = ctypes.CDLL("libEGL.so.1")
        except OSError:
            raise BackendError("libEGL.so.1 is missing; install the package libegl1.") from None
        _declare(self._egl)
        for display in self._displays():
            self._context = self._make_current(display)
            if self._context:
                self._display = display
                return
        raise BackendError("No graphics device offers OpenGL 3.3 through EGL; install the packages libegl-mesa0 and "
                           "libgl1-mesa-dri.")

    def _displays(self) -> Iterator[int]:
        """Yield one initialised EGL display per graphics device, then Mesa's surfaceless one."""
        get_display = self._function("eglGetPlatformDisplayEXT", ctypes.c_void_p, ctypes.c_uint, ctypes.c_void_p,
                                     ctypes.c_void_p)
        if get_display is None:
            return
        places = [(_PLATFORM_DEVICE, device) for device in self._devices()] + [(_SURFACELESS_MESA, None)]
        for platform, native in places:
            display = get_display(platform, native, None)
            if display and self._egl.eglInitialize(display, None, None):
                yield display

    def _devices(self) -> list[int]:
        query = self._function("eglQueryDevicesEXT", ctypes.c_uint, ctypes.c_int, ctypes.c_void_p, ctypes.c_void_p)
        if query is None:
            return []
        found, count = (ctypes.c_void_p * _MOST_DEVICES)(), ctypes.c_int()
        return [device for device in found[:count.value] if device] if query(
            _MOST_DEVICES, found, ctypes.byref(count)) else []

    def _function(self, name: str, result: Any, *arguments: Any) -> Any:
        address = self._egl.eglGetProcAddress(name.encode())
        return ctypes.CFUNCTYPE(result, *arguments)(address) if address else None

    def _make_current(self, display: int) -> int | None:
        """Return the context that is now current on `display`, or None."""
        egl, config, count = self._egl, ctypes.c_void_p(), ctypes.c_int()
        wanted = _integers(_SURFACE_TYPE, _PBUFFER_BIT, _RENDERABLE_TYPE, _OPENGL_BIT)
        if not (egl.eglBindAPI(_OPENGL_API)
                and egl.eglChooseConfig(display, wanted, ctypes.byref(config), 1, ctypes.byref(count))
                and count.value):
            return None
        context = egl.eglCreateContext(display, config, None, _integers(_MAJOR, 3, _MINOR, 3, _PROFILE, _CORE))
        if context and egl.eglMakeCurrent(display, None, None, context):
            return context
        return None

    def activate(self) -> None:
        self._egl.eglMakeCurrent(self._display, None, None, self._context)

    def close(self) -> None:
        self._egl.eglMakeCurrent(self._display, None, None, None)
        self._egl.eglDestroyContext(self._display, self._context)


class HiddenWindow:
    """An OpenGL 3.3 core context from an invisible GLFW window, made current. Raises BackendError."""

    def __init__(self) -> None:
        from .window import create_window
        self._window = create_window(16, 16, "", visible=False)
        self.activate()

    def activate(self) -> None:
        import glfw
        glfw.make_context_current(self._window)

    def close(self) -> None:
        import glfw
        glfw.destroy_window(self._window)


class OffscreenViewer:
    """Draws pictures of networks into arrays; a context manager."""

    def __init__(self) -> None:
        self._context = open_context()
        from .renderer import Renderer
        self.renderer: Renderer = Renderer()
        self.camera = Camera()
        self._fitted: NetworkView | None = None

    def render(self, shown: Shown, width: int = 1280, height: int = 720, *, hud: bool = True, supersample: int = 1,
               transparent: bool = False, facts: HudFacts = STILL) -> np.ndarray:
        """Return the picture, (height, width, 3) uint8; with `transparent` (height, width, 4) without the background.

        The camera fits every new network. `supersample` k draws k x k points per pixel, which smooths lines.
        Raises BackendError where the device cannot draw a picture of this size.
        """
        from .picture import rendered
        self._context.activate()
        if shown.view is not None and not same_neurons(self._fitted, shown.view):
            self.camera.up = up_axis(shown.view)
            self.camera.fit(*bounds(shown.view.positions), width / max(height, 1))
            self._fitted = shown.view
        self.camera.set_fov(shown.viz.field_of_view_deg)
        return rendered(self.renderer, (width, height), self.camera, shown, facts if hud else None, supersample,
                           transparent)

    def device_name(self) -> str:
        """Return the name of the graphics device that draws."""
        from .gl import device_name
        return device_name()

    def close(self) -> None:
        """Free the device's memory and the context."""
        self._context.activate()
        self.renderer.close()
        self._context.close()

    def __enter__(self) -> OffscreenViewer:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


def open_context() -> EglContext | HiddenWindow:
    """Return a current OpenGL 3.3 core context without a visible window. Raises BackendError where there is none."""
    settled = os.environ.get("PYOPENGL_PLATFORM") if "OpenGL" in sys.modules else None
    if sys.platform.startswith("linux") and settled in (None, "egl"):
        try:
            context = EglContext()
            os.environ["PYOPENGL_PLATFORM"] = "egl"
            return context
        except BackendError as error:
            if settled == "egl" or not os.environ.get("DISPLAY"):
                raise
            log.get("viewer").info("%s A hidden window is used instead.", error)
    return HiddenWindow()


def picture(view: NetworkView, frame: Frame | None, viz: VisualizationConfig, width: int = 1280, height: int = 720,
            *, hud: bool = True, supersample: int = 2) -> np.ndarray:
    """Return one picture of a network, (height, width, 3) uint8. Raises BackendError where nothing can draw."""
    with OffscreenViewer() as viewer:
        return viewer.render(Shown(view, frame, viz), width, height, hud=hud, supersample=supersample)


def _integers(*values: int) -> ctypes.Array:
    """Return an EGL attribute list."""
    return (ctypes.c_int * (len(values) + 1))(*values, _NONE)


def _declare(egl: ctypes.CDLL) -> None:
    """Give the functions of libEGL their types (pointers are wider than the default int)."""
    pointer, number = ctypes.c_void_p, ctypes.c_uint
    for name, result, arguments in (
            ("eglGetProcAddress", pointer, [ctypes.c_char_p]),
            ("eglInitialize", number, [pointer, pointer, pointer]),
            ("eglBindAPI", number, [number]),
            ("eglChooseConfig", number, [pointer, pointer, pointer, ctypes.c_int, pointer]),
            ("eglCreateContext", pointer, [pointer, pointer, pointer, pointer]),
            ("eglMakeCurrent", number, [pointer, pointer, pointer, pointer]),
            ("eglDestroyContext", number, [pointer, pointer])):
        function = getattr(egl, name)
        function.restype, function.argtypes = result, arguments
