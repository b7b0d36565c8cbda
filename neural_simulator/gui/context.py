"""Keeps DearPyGui's OpenGL context usable beside another OpenGL window of the same thread.

On Linux DearPyGui makes its context current once, when its window is shown, and then draws into whatever is
current; a second window would therefore black out the panel. The context is noted once and restored before every
frame. On Windows DearPyGui draws with Direct3D and nothing needs doing.
"""

from __future__ import annotations

import ctypes
import sys
import time
from typing import Any

import dearpygui._dearpygui as dearpygui_library

ICONIFIED = 0x00020002      # GLFW_ICONIFIED


class PanelGL:
    """The panel's own OpenGL context on Linux; an empty guard elsewhere."""

    def __init__(self) -> None:
        self._linux = sys.platform.startswith("linux")
        self._saved: tuple[Any, Any, Any] | None = None
        self._window: Any = None            # GLFW's handle of the panel, where its library tells it
        if self._linux:
            self._gl = _load_glx()
            self._glfw = _load_glfw()

    def capture(self) -> None:
        """Note the context; right after the window was shown, before anything else makes another one current."""
        if not self._linux:
            return
        gl = self._gl
        self._saved = (gl.glXGetCurrentDisplay(), gl.glXGetCurrentDrawable(), gl.glXGetCurrentContext())
        if not all(self._saved):
            raise RuntimeError("The control panel has no OpenGL context; install the system's OpenGL library (GLX).")
        if self._glfw is not None:
            self._window = self._glfw.glfwGetCurrentContext()

    def activate(self) -> None:
        """Make the panel's context current; before every frame, texture change, screenshot and the shutdown."""
        if self._saved is None:
            return
        if not self._gl.glXMakeCurrent(*self._saved):
            raise RuntimeError("The control panel lost its OpenGL context.")
        if self._glfw is not None:
            self._glfw.glfwPostEmptyEvent()     # a panel just minimised would wait for an event and freeze every window

    @property
    def hears(self) -> bool:
        """True where `wait` can tell whether the user did something."""
        return self._window is not None

    def minimised(self) -> bool:
        """True where the window is known to be minimised; then there is nothing to draw."""
        if self._glfw is None or self._window is None:
            return False
        return bool(self._glfw.glfwGetWindowAttrib(self._window, ICONIFIED))

    def wait(self, seconds: float) -> bool:
        """Sleep for `seconds`, or until something happens to the panel's window; return whether it did."""
        if self._glfw is None or self._window is None:
            time.sleep(max(0.0, seconds))
            return False
        began = time.perf_counter()
        if seconds > 0.0:
            self._glfw.glfwWaitEventsTimeout(seconds)
        else:
            self._glfw.glfwPollEvents()
        return time.perf_counter() - began < 0.9 * seconds


def _load_glx() -> ctypes.CDLL:
    gl = ctypes.CDLL("libGL.so.1")
    pointer, number = ctypes.c_void_p, ctypes.c_ulong
    gl.glXGetCurrentDisplay.restype = gl.glXGetCurrentContext.restype = pointer
    gl.glXGetCurrentDrawable.restype = number
    gl.glXMakeCurrent.argtypes = [pointer, number, pointer]
    gl.glXMakeCurrent.restype = ctypes.c_int
    return gl


def _load_glfw() -> ctypes.CDLL | None:
    """Return GLFW as DearPyGui carries it, or None in a build that does not export it."""
    try:
        glfw = ctypes.CDLL(dearpygui_library.__file__)
        glfw.glfwGetCurrentContext.restype = ctypes.c_void_p
        glfw.glfwGetWindowAttrib.argtypes = [ctypes.c_void_p, ctypes.c_int]
        glfw.glfwGetWindowAttrib.restype = ctypes.c_int
        glfw.glfwWaitEventsTimeout.argtypes = [ctypes.c_double]
        glfw.glfwWaitEventsTimeout.restype = glfw.glfwPollEvents.restype = glfw.glfwPostEmptyEvent.restype = None
    except (OSError, AttributeError):
        return None
    return glfw
