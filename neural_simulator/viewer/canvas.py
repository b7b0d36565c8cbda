"""Coloured quads and text in pixels (origin top left): what is written over a picture. No OpenGL here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..base.palette import RGB
from .colors import BACKGROUND, TEXT, ramp
from .glyphs import SOLID, Atlas, Face

VERTEX = np.dtype([("position", "<f4", 2), ("texel", "<f4", 2), ("color", "u1", 4)])
PANEL_ALPHA = 0.62
RING_SIDES = 32
_MIDDLE = np.full((1, 4, 2), SOLID / 2.0, np.float32)      # of the fully covered block, for plain shapes
_CORNERS = np.array([0, 1, 2, 2, 1, 3])       # two triangles from the corners tl, tr, bl, br


@dataclass(frozen=True)
class Area:
    """A rectangle that can be clicked, px, and the populations that it stands for."""

    left: float
    top: float
    right: float
    bottom: float
    populations: tuple[int, ...]

    def holds(self, x: float, y: float) -> bool:
        return self.left <= x < self.right and self.top <= y < self.bottom


class Canvas:
    """Quads in drawing order, and what of them can be clicked; `scale` turns nominal pixels into real ones."""

    def __init__(self, atlas: Atlas, scale: float):
        self.atlas, self.scale = atlas, scale
        # Of each part: corners (Q, 4, 2) px, places in the atlas (Q, 4, 2), colours (Q, 4, 4).
        self._corners: list[np.ndarray] = []
        self._texel: list[np.ndarray] = []
        self._colors: list[np.ndarray] = []
        self.areas: list[Area] = []

    def vertices(self) -> np.ndarray:
        """Return everything drawn so far as triangles, (6 Q,) VERTEX."""
        if not self._corners:
            return np.zeros(0, VERTEX)
        corners = np.concatenate(self._corners)
        quads = np.zeros(corners.shape[:2], VERTEX)
        quads["position"], quads["texel"] = corners, np.concatenate(self._texel)
        quads["color"] = np.concatenate(self._colors)
        return quads[:, _CORNERS].reshape(-1)

    def rectangle(self, x: float, y: float, width: float, height: float, color: RGB, alpha: float = 1.0) -> None:
        """Fill a rectangle whose top left corner is (x, y)."""
        corners = np.array([[(x, y), (x + width, y), (x, y + height), (x + width, y + height)]], np.float32)
        self._quads(corners, _MIDDLE, _rgba(color, alpha))

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float, color: RGB,
             alpha: float = 1.0) -> None:
        """Draw a straight line `width` pixels wide."""
        (ax, ay), (bx, by) = start, end
        half = 0.5 * width / max(math.hypot(bx - ax, by - ay), 1e-6)
        x, y = (ay - by) * half, (bx - ax) * half
        corners = np.array([[(ax - x, ay - y), (bx - x, by - y), (ax + x, ay + y), (bx + x, by + y)]], np.float32)
        self._quads(corners, _MIDDLE, _rgba(color, alpha))

    def polyline(self, points: np.ndarray, width: float, color: RGB, alpha: float = 1.0) -> None:
        """Draw straight lines through `points` (K, 2), each `width` pixels wide."""
        if len(points) < 2:
            return
        a, b = points[:-1].astype(np.float32), points[1:].astype(np.float32)
        along = b - a
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
        side = np.stack([-along[:, 1], along[:, 0]], axis=1) * (0.5 * width / length)
        corners = np.stack([a - side, b - side, a + side, b + side], axis=1)
        self._quads(corners, np.repeat(_MIDDLE, len(corners), axis=0), _rgba(color, alpha))

    def frame(self, x: float, y: float, width: float, height: float, line: float, color: RGB) -> None:
        """Draw the edges of a rectangle."""
        corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)], np.float32)
        self.polyline(corners, line, color)

    def ring(self, x: float, y: float, radius: float, line: float, color: RGB) -> None:
        """Draw a circle around (x, y)."""
        angles = np.linspace(0.0, 2.0 * math.pi, RING_SIDES + 1)
        self.polyline(np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], axis=1), line, color)

    def text(self, x: float, y: float, text: str, color: RGB = TEXT, size: str = "normal", align: float = 0.0) -> None:
        """Write one line with its top at y; `align` 0, 0.5 or 1: x is its left end, middle or right end."""
        if text:
            line = self.atlas.faces[size].line(text)
            origin = (round(x - align * line.width), round(y))
            self._quads(line.corners + np.array(origin, np.float32), line.texel, _rgba(color, 1.0))

    @property
    def row(self) -> float:
        """Distance of two lines of text, px."""
        return self.atlas.faces["normal"].line_height + 2.0 * self.scale

    def panel(self, x: float, y: float, width: float, height: float) -> None:
        """Lay the dark ground that keeps text readable over the network."""
        self.rectangle(x, y, width, height, BACKGROUND, PANEL_ALPHA)

    def width_of(self, text: str, size: str = "normal") -> float:
        """Return how wide one line of text is, px."""
        return self.atlas.faces[size].line(text).width

    def ramp(self, x: float, y: float, width: float, height: float, stops: tuple[str, ...]) -> None:
        """Fill a rectangle with a ramp of colours."""
        colors = _ramp_colors(stops)
        edges = x + width * np.linspace(0.0, 1.0, len(colors) + 1, dtype=np.float32)
        left, right, top = edges[:-1], edges[1:], np.full(len(colors), y, np.float32)
        corners = np.stack([np.stack(pair, axis=1) for pair in (
            (left, top), (right, top), (left, top + height), (right, top + height))], axis=1)
        self._quads(corners, np.repeat(_MIDDLE, len(colors), axis=0), colors)

    def _quads(self, corners: np.ndarray, texel: np.ndarray, colors: np.ndarray) -> None:
        """Add quads: corners and texel (Q, 4, 2), colours (Q, 4, 4), or (1, 4, 4) for all of them."""
        self._corners.append(corners)
        self._texel.append(texel)
        self._colors.append(np.repeat(colors, len(corners), axis=0) if len(colors) == 1 else colors)


def wrapped(face: Face, words: list[str], width: float) -> list[str]:
    """Return `words` in lines of at most `width` pixels."""
    lines = [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and face.line(longer).width > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


@lru_cache(maxsize=256)
def _rgba(color: RGB, alpha: float) -> np.ndarray:
    """A colour at the four corners of a quad, (1, 4, 4) uint8."""
    return np.tile(np.round(np.array([*color, alpha]) * 255.0).astype(np.uint8), (1, 4, 1))


@lru_cache(maxsize=16)
def _ramp_colors(stops: tuple[str, ...]) -> np.ndarray:
    """The corners of the pieces of a ramp, (Q, 4, 4) uint8: their left sides and their right sides."""
    pieces = 4 * (len(stops) - 1)
    opaque = np.column_stack([ramp(stops, np.linspace(0.0, 1.0, pieces + 1)), np.ones(pieces + 1)])
    colors = np.round(opaque * 255.0).astype(np.uint8)
    return np.stack([colors[:-1], colors[1:], colors[:-1], colors[1:]], axis=1)
