"""Thin helpers over OpenGL 3.3 core: programs from files, buffers, vertex arrays, textures, framebuffers.

Each object holds one OpenGL name and must be made, used and closed with its context current.
"""

from __future__ import annotations

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from OpenGL import GL
from OpenGL.error import GLError

from ..base.errors import BackendError

DrawingError = GLError             # what PyOpenGL raises when the driver refuses or has lost the context
SHADERS = Path(__file__).with_name("shaders")
_STAGES = {".vert": GL.GL_VERTEX_SHADER, ".frag": GL.GL_FRAGMENT_SHADER}
_GL_TYPES = {"f4": GL.GL_FLOAT, "i4": GL.GL_INT, "u4": GL.GL_UNSIGNED_INT, "u1": GL.GL_UNSIGNED_BYTE}


def shader_source(name: str, joined: tuple[str, ...] = (), defines: tuple[str, ...] = ()) -> str:
    """Return the text of `shaders/name` with `defines` and the files `joined` inserted after its #version line."""
    version, rest = (SHADERS / name).read_text(encoding="utf-8").split("\n", 1)
    parts = [(SHADERS / extra).read_text(encoding="utf-8") for extra in joined]
    return "\n".join([version, *(f"#define {each}" for each in defines), *parts, "#line 2", rest])


class Program:
    """A linked shader program."""

    def __init__(self, vertex: str, fragment: str, joined: tuple[str, ...] = (), block: str | None = "Scene",
                 defines: tuple[str, ...] = ()):
        """Compile `vertex` (with the files `joined`) and `fragment`; bind uniform `block` to binding point 0."""
        common = joined[:1]                                # fragment shaders need the uniform block alone
        stages = [self._compile(vertex, joined, defines), self._compile(fragment, common, defines)]
        self.name = GL.glCreateProgram()
        for stage in stages:
            GL.glAttachShader(self.name, stage)
        GL.glLinkProgram(self.name)
        for stage in stages:
            GL.glDeleteShader(stage)
        if not GL.glGetProgramiv(self.name, GL.GL_LINK_STATUS):
            reason = _text(GL.glGetProgramInfoLog(self.name))
            raise BackendError(f"The shaders {vertex} and {fragment} do not link: {reason}")
        self._places: dict[str, int] = {}
        index = GL.glGetUniformBlockIndex(self.name, block) if block else GL.GL_INVALID_INDEX
        if index != GL.GL_INVALID_INDEX:
            GL.glUniformBlockBinding(self.name, index, 0)

    @staticmethod
    def _compile(name: str, joined: tuple[str, ...], defines: tuple[str, ...]) -> int:
        shader = GL.glCreateShader(_STAGES[Path(name).suffix])
        GL.glShaderSource(shader, shader_source(name, joined, defines))
        GL.glCompileShader(shader)
        if not GL.glGetShaderiv(shader, GL.GL_COMPILE_STATUS):
            raise BackendError(f"The shader {name} does not compile: {_text(GL.glGetShaderInfoLog(shader))}")
        return shader

    def use(self) -> None:
        GL.glUseProgram(self.name)

    def uniform(self, name: str) -> int:
        """Return the location of a uniform, -1 where the program has none of that name."""
        if name not in self._places:
            self._places[name] = GL.glGetUniformLocation(self.name, name)
        return self._places[name]

    def attribute(self, name: str) -> int:
        """Return the location of a vertex attribute, -1 where the program does not use it."""
        return GL.glGetAttribLocation(self.name, name)

    def close(self) -> None:
        GL.glDeleteProgram(self.name)


class Buffer:
    """A buffer object. `target` is the binding that `write` uses."""

    def __init__(self, target: int = GL.GL_ARRAY_BUFFER, usage: int = GL.GL_STATIC_DRAW):
        self.name, self.target, self.usage = GL.glGenBuffers(1), target, usage
        self.nbytes = 0

    def write(self, data: np.ndarray) -> None:
        """Replace the contents; the old storage is left to pictures that are still being drawn from it."""
        data = np.ascontiguousarray(data)
        GL.glBindBuffer(self.target, self.name)
        if self.usage != GL.GL_STATIC_DRAW or data.nbytes != self.nbytes:
            GL.glBufferData(self.target, data.nbytes, None, self.usage)
        if data.nbytes:
            GL.glBufferSubData(self.target, 0, data.nbytes, data)
        self.nbytes = data.nbytes

    def close(self) -> None:
        GL.glDeleteBuffers(1, [self.name])


class VertexArray:
    """Which buffer feeds which attribute of one program."""

    def __init__(self) -> None:
        self.name = GL.glGenVertexArrays(1)

    def bind(self) -> None:
        GL.glBindVertexArray(self.name)

    def attach(self, program: Program, buffer: Buffer, dtype: np.dtype | str, names: Mapping[str, str]) -> None:
        """Feed attributes from `buffer`, whose items are `dtype`.

        `names` maps an attribute to 'field' (passed as it is; integers stay integers) or 'field/norm' (integers
        become 0..1); the empty field is the whole item. Attributes that the program does not use are skipped.
        """
        dtype = np.dtype(dtype)
        fields: Any = dtype.fields
        self.bind()
        GL.glBindBuffer(GL.GL_ARRAY_BUFFER, buffer.name)
        for attribute, source in names.items():
            field, _, norm = source.partition("/")
            kind, offset = fields[field][:2] if field else (dtype, 0)
            location = program.attribute(attribute)
            if location >= 0:
                _attribute_pointer(location, kind, dtype.itemsize, offset, bool(norm))

    def close(self) -> None:
        GL.glDeleteVertexArrays(1, [self.name])


def _attribute_pointer(location: int, kind: np.dtype, stride: int, offset: int, normalised: bool) -> None:
    """Describe one attribute of the bound vertex array and buffer."""
    base, count = kind.base, int(np.prod(kind.shape, dtype=int))
    gl_type = _GL_TYPES[base.str[1:]]
    GL.glEnableVertexAttribArray(location)
    if base.kind == "f" or normalised:
        GL.glVertexAttribPointer(location, count, gl_type, normalised, stride, ctypes.c_void_p(offset))
    else:
        GL.glVertexAttribIPointer(location, count, gl_type, stride, ctypes.c_void_p(offset))


class Texture:
    """A two-dimensional 8-bit texture: one channel (H, W) or three (H, W, 3)."""

    def __init__(self, pixels: np.ndarray):
        self.size = (pixels.shape[1], pixels.shape[0])
        self.name = GL.glGenTextures(1)
        stored, given = (GL.GL_R8, GL.GL_RED) if pixels.ndim == 2 else (GL.GL_RGB8, GL.GL_RGB)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.name)
        for side in (GL.GL_TEXTURE_MIN_FILTER, GL.GL_TEXTURE_MAG_FILTER):
            GL.glTexParameteri(GL.GL_TEXTURE_2D, side, GL.GL_NEAREST)
        GL.glPixelStorei(GL.GL_UNPACK_ALIGNMENT, 1)
        GL.glTexImage2D(GL.GL_TEXTURE_2D, 0, stored, *self.size, 0, given, GL.GL_UNSIGNED_BYTE,
                        np.ascontiguousarray(pixels, np.uint8))

    def bind(self, unit: int) -> None:
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(GL.GL_TEXTURE_2D, self.name)

    def close(self) -> None:
        GL.glDeleteTextures(1, [self.name])


class BufferTexture:
    """Lets shaders read the int32 items of a buffer by index."""

    def __init__(self, buffer: Buffer):
        self.name = GL.glGenTextures(1)
        GL.glBindTexture(GL.GL_TEXTURE_BUFFER, self.name)
        GL.glTexBuffer(GL.GL_TEXTURE_BUFFER, GL.GL_R32I, buffer.name)

    @staticmethod
    def largest() -> int:
        """Return how many items such a texture may have on this device."""
        return int(GL.glGetIntegerv(GL.GL_MAX_TEXTURE_BUFFER_SIZE))

    def bind(self, unit: int) -> None:
        GL.glActiveTexture(GL.GL_TEXTURE0 + unit)
        GL.glBindTexture(GL.GL_TEXTURE_BUFFER, self.name)

    def close(self) -> None:
        GL.glDeleteTextures(1, [self.name])


class Framebuffer:
    """A picture that is not on a screen: colour and depth of `width` x `height` pixels."""

    def __init__(self, width: int, height: int):
        self.size = (width, height)
        self.name = GL.glGenFramebuffers(1)
        self._before = int(GL.glGetIntegerv(GL.GL_DRAW_FRAMEBUFFER_BINDING))
        self._parts = GL.glGenRenderbuffers(2)
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.name)
        layout = ((GL.GL_RGBA8, GL.GL_COLOR_ATTACHMENT0), (GL.GL_DEPTH_COMPONENT24, GL.GL_DEPTH_ATTACHMENT))
        for part, (stored, place) in zip(self._parts, layout, strict=True):
            GL.glBindRenderbuffer(GL.GL_RENDERBUFFER, part)
            GL.glRenderbufferStorage(GL.GL_RENDERBUFFER, stored, width, height)
            GL.glFramebufferRenderbuffer(GL.GL_FRAMEBUFFER, place, GL.GL_RENDERBUFFER, part)
        if GL.glCheckFramebufferStatus(GL.GL_FRAMEBUFFER) != GL.GL_FRAMEBUFFER_COMPLETE:
            raise BackendError(f"This OpenGL cannot draw a picture of {width} x {height} pixels; choose a smaller one.")

    def bind(self) -> None:
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self.name)

    def close(self) -> None:
        """Free it and bind what was bound before."""
        GL.glBindFramebuffer(GL.GL_FRAMEBUFFER, self._before)
        GL.glDeleteRenderbuffers(2, self._parts)
        GL.glDeleteFramebuffers(1, [self.name])


def read_pixels(width: int, height: int, channels: int = 3) -> np.ndarray:
    """Return the bound framebuffer's colours, (height, width, channels) uint8, top row first; the fourth is alpha."""
    GL.glPixelStorei(GL.GL_PACK_ALIGNMENT, 1)
    data = GL.glReadPixels(0, 0, width, height, GL.GL_RGBA if channels == 4 else GL.GL_RGB, GL.GL_UNSIGNED_BYTE)
    return np.frombuffer(data, np.uint8).reshape(height, width, channels)[::-1].copy()


def finish() -> None:
    """Wait until everything that was asked for is drawn."""
    GL.glFinish()


def largest_picture() -> int:
    """Return the longest side that a picture may have on this device, pixels."""
    return int(min(GL.glGetIntegerv(GL.GL_MAX_RENDERBUFFER_SIZE), *GL.glGetIntegerv(GL.GL_MAX_VIEWPORT_DIMS)))


def device_name() -> str:
    """Return who draws, e.g. 'llvmpipe (LLVM 15.0.6, 256 bits)'."""
    return _text(GL.glGetString(GL.GL_RENDERER))


def _text(raw: bytes | str) -> str:
    return raw.decode(errors="replace").strip() if isinstance(raw, bytes) else str(raw).strip()
