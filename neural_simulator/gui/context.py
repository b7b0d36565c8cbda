"""Keeps DearPyGui's OpenGL context usable beside another OpenGL window of the same thread.

On Linux DearPyGui makes its context current once, when its window is shown, and then draws into whatever is
current; a second window would therefore black out the panel. The context is noted once and restored before every
frame. On Windows DearPyGui draws with Direct3D and nothing needs doing.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from typing import Any

import dearpygui._dearpygui as dearpygui_library


class PanelGL:
    """The panel's own OpenGL context on Linux; an empty guard elsewhere."""

    def __init__(self) -> None:
        self._linux = sys.platform.startswith("linux")
        self._saved: tuple[Any, Any, Any] | None = None
        self._wake: Callable[[], None] | None = None
        if self._linux:
            self._gl = _load_glx()
            self._wake = _load_wake()

    def capture(self) -> None:
        """Note the context; right after the window was shown, before anything else makes another one current."""
        if not self._linux:
            return
        gl = self._gl
        self._saved = (gl.glXGetCurrentDisplay(), gl.glXGetCurrentDrawable(), gl.glXGetCurrentContext())
        if not all(self._saved):
            raise RuntimeError("The control panel has no OpenGL context; install the system's OpenGL library (GLX).")

    def activate(self) -> None:
        """Make the panel's context current; before every frame, texture change, screenshot and the shutdown."""
        if self._saved is None:
            return
        if not self._gl.glXMakeCurrent(*self._saved):
            raise RuntimeError("The control panel lost its OpenGL context.")
        if self._wake is not None:
            self._wake()        # a minimised panel would otherwise wait for an event and freeze every window


def _load_glx() -> ctypes.CDLL:
    gl = ctypes.CDLL("libGL.so.1")
    pointer, number = ctypes.c_void_p, ctypes.c_ulong
    gl.glXGetCurrentDisplay.restype = gl.glXGetCurrentContext.restype = pointer
    gl.glXGetCurrentDrawable.restype = number
    gl.glXMakeCurrent.argtypes = [pointer, number, pointer]
    gl.glXMakeCurrent.restype = ctypes.c_int
    return gl


def _load_wake() -> Callable[[], None] | None:
    """Return GLFW's `glfwPostEmptyEvent` of DearPyGui's own copy, or None in a build that does not export it."""
    try:
        return ctypes.CDLL(dearpygui_library.__file__).glfwPostEmptyEvent
    except (OSError, AttributeError):
        return None
