"""Coloured quads and text in pixels (origin top left): what is written over a picture. No OpenGL here."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from ..base.palette import RGB
from .colors import BACKGROUND, TEXT, ramp
from .glyphs import SOLID, Atlas, Face

VERTEX = np.dtype([("position", "<f4", 2), ("texel", "<f4", 2), ("color", "u1", 4)])
PANEL_ALPHA = 0.62
_CORNERS = np.array([0, 1, 2, 2, 1, 3])       # two triangles from the corners tl, tr, bl, br


class Canvas:
    """Quads in drawing order; `scale` turns nominal pixels into real ones."""

    def __init__(self, atlas: Atlas, scale: float):
        self.atlas, self.scale = atlas, scale
        self._parts: list[np.ndarray] = []

    def vertices(self) -> np.ndarray:
        """Return everything drawn so far as triangles, (6 Q,) VERTEX."""
        return np.concatenate(self._parts) if self._parts else np.zeros(0, VERTEX)

    def rectangle(self, x: float, y: float, width: float, height: float, color: RGB, alpha: float = 1.0) -> None:
        """Fill a rectangle whose top left corner is (x, y)."""
        self.gradient(x, y, width, height, color, color, alpha)

    def gradient(self, x: float, y: float, width: float, height: float, left: RGB, right: RGB,
                 alpha: float = 1.0) -> None:
        """Fill a rectangle that changes from `left` to `right`."""
        corners = np.array([(x, y), (x + width, y), (x, y + height), (x + width, y + height)], np.float32)
        self._solid(corners, np.array([_rgba(left, alpha), _rgba(right, alpha)] * 2))

    def line(self, start: tuple[float, float], end: tuple[float, float], width: float, color: RGB,
             alpha: float = 1.0) -> None:
        """Draw a straight line `width` pixels wide."""
        a, b = np.array(start, np.float32), np.array(end, np.float32)
        along = b - a
        side = np.array([-along[1], along[0]], np.float32) * (0.5 * width / max(float(np.hypot(*along)), 1e-6))
        self._solid(np.stack([a - side, b - side, a + side, b + side]), np.tile(_rgba(color, alpha), (4, 1)))

    def polyline(self, points: np.ndarray, width: float, color: RGB, alpha: float = 1.0) -> None:
        """Draw straight lines through `points` (K, 2), each `width` pixels wide."""
        if len(points) < 2:
            return
        a, b = points[:-1].astype(np.float32), points[1:].astype(np.float32)
        along = b - a
        length = np.maximum(np.hypot(along[:, 0], along[:, 1]), 1e-6)[:, None]
        side = np.stack([-along[:, 1], along[:, 0]], axis=1) * (0.5 * width / length)
        corners = np.stack([a - side, b - side, a + side, b + side], axis=1)
        self._quads(corners, np.full((1, 4, 2), SOLID / 2.0, np.float32), _rgba(color, alpha))

    def frame(self, x: float, y: float, width: float, height: float, line: float, color: RGB) -> None:
        """Draw the edges of a rectangle."""
        corners = np.array([(x, y), (x + width, y), (x + width, y + height), (x, y + height), (x, y)], np.float32)
        self.polyline(corners, line, color)

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

    def _solid(self, corners: np.ndarray, colors: np.ndarray) -> None:
        """Add one plain quad: corners (4, 2) px, colors (4, 4) uint8."""
        middle = np.full((1, 4, 2), SOLID / 2.0, np.float32)
        self._quads(corners[None], middle, colors[None])

    def _quads(self, corners: np.ndarray, texel: np.ndarray, colors: np.ndarray) -> None:
        """Add quads: corners and texel (Q, 4, 2), colours broadcastable to (Q, 4, 4)."""
        quads = np.zeros(corners.shape[:2], VERTEX)
        quads["position"], quads["texel"], quads["color"] = corners, texel, colors
        self._parts.append(quads[:, _CORNERS].reshape(-1))


    def ramp(self, x: float, y: float, width: float, height: float, stops: tuple[str, ...]) -> None:
        """Fill a rectangle with a ramp of colours."""
        pieces = 4 * (len(stops) - 1)
        colors = ramp(stops, np.linspace(0.0, 1.0, pieces + 1))
        for piece in range(pieces):
            self.gradient(x + piece * width / pieces, y, width / pieces, height, tuple(colors[piece]),
                          tuple(colors[piece + 1]))


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
    return np.round(np.array([*color, alpha]) * 255.0).astype(np.uint8)
