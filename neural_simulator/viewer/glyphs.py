"""A picture of all characters that the HUD writes, made once per window scale, and where each one stands in it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from ..base import fonts
from ..base.errors import BackendError

Font = ImageFont.FreeTypeFont
Place = tuple[Font, str, tuple[int, int]]                     # font, character, where to draw it

CHARACTERS = "".join(map(chr, range(32, 127))) + "µ·–×…→±²°"
UNKNOWN = "?"
SIZES_PX = {"small": 12.5, "normal": 14.0, "large": 25.0}     # height of the em at scale 1
ATLAS_WIDTH = 512
MOST_LINES = 512                                              # remembered lines of text per face
SOLID = 8                                                     # side of the fully covered block for plain shapes


@dataclass(frozen=True)
class Line:
    """One line of text: corners tl, tr, bl, br of its characters, relative to its start and in the atlas, pixels."""

    corners: np.ndarray     # (C, 4, 2) float32
    texel: np.ndarray       # (C, 4, 2) float32
    width: float


@dataclass(frozen=True)
class Face:
    """The characters of one size. Arrays are indexed by the position in CHARACTERS, values are pixels."""

    texel: np.ndarray       # (C, 4) float32: left, top, right, bottom in the atlas
    offset: np.ndarray      # (C, 2) float32: from the pen (on the top line) to the top left corner
    advance: np.ndarray     # (C,) float32
    line_height: int
    _known: dict[str, Line] = field(default_factory=dict, repr=False, compare=False)

    def line(self, text: str) -> Line:
        """Return `text` laid out; most words come again in every picture, so they are remembered."""
        if text not in self._known:
            if len(self._known) >= MOST_LINES:
                self._known.clear()
            self._known[text] = self._lay_out(text)
        return self._known[text]

    def _lay_out(self, text: str) -> Line:
        which = indices(text)
        pens = np.cumsum(self.advance[which]) - self.advance[which]
        texel = self.texel[which]
        low = self.offset[which] + np.column_stack([pens, np.zeros_like(pens)])
        corners = _box_corners(low, low + texel[:, 2:] - texel[:, :2])
        return Line(corners, _box_corners(texel[:, :2], texel[:, 2:]), float(self.advance[which].sum()))


@dataclass(frozen=True)
class Atlas:
    """`pixels` (H, W) uint8 is coverage; `faces` by name of SIZES_PX; the block at (0, 0) is fully covered."""

    pixels: np.ndarray
    faces: dict[str, Face]


_INDEX = {character: index for index, character in enumerate(CHARACTERS)}


def indices(text: str) -> np.ndarray:
    """Return the positions of the characters of `text` in CHARACTERS, (len(text),) int64."""
    unknown = _INDEX[UNKNOWN]
    return np.array([_INDEX.get(character, unknown) for character in text], np.int64)


def _box_corners(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the corners tl, tr, bl, br of boxes low (Q, 2) .. high (Q, 2) as (Q, 4, 2) float32."""
    across, down = np.column_stack([high[:, 0], low[:, 1]]), np.column_stack([low[:, 0], high[:, 1]])
    return np.stack([low, across, down, high], axis=1).astype(np.float32)


def build_atlas(scale: float) -> Atlas:
    """Draw all characters at `scale` pixels per nominal pixel."""
    file = fonts.find("DejaVuSans.ttf")
    places: list[Place] = []
    faces, shelf = {}, _Shelf()
    for name, size in SIZES_PX.items():
        pixels = max(round(size * scale), 6)
        font = ImageFont.truetype(str(file), pixels) if file else _default_font(pixels)
        faces[name] = _place(font, shelf, places)
    sheet = Image.new("L", (ATLAS_WIDTH, shelf.bottom + 1), 0)
    pen = ImageDraw.Draw(sheet)
    pen.rectangle((0, 0, SOLID - 1, SOLID - 1), fill=255)
    for font, character, at in places:
        pen.text(at, character, fill=255, font=font)
    return Atlas(np.asarray(sheet), faces)


def _default_font(pixels: int) -> Font:
    """Return the typeface that Pillow carries, for installations without DejaVu Sans."""
    font = ImageFont.load_default(pixels)
    if not isinstance(font, ImageFont.FreeTypeFont):
        raise BackendError("This Pillow cannot draw text; reinstall it with `pip install --force-reinstall pillow`.")
    return font


class _Shelf:
    """Gives out room on the sheet in rows."""

    def __init__(self) -> None:
        self.x, self.y, self.bottom = SOLID + 2, 0, SOLID + 2

    def take(self, width: int, height: int) -> tuple[int, int]:
        """Return the top left corner of a free place of that size."""
        if self.x + width > ATLAS_WIDTH:
            self.x, self.y = 0, self.bottom
        corner = self.x, self.y
        self.x += width + 1
        self.bottom = max(self.bottom, self.y + height + 1)
        return corner


def _place(font: Font, shelf: _Shelf, places: list[Place]) -> Face:
    """Give each character of `font` its place; add (font, character, where to draw it) to `places`."""
    texel, offset, advance = [], [], []
    for character in CHARACTERS:
        left, top, right, bottom = (int(edge) for edge in font.getbbox(character))
        x, y = shelf.take(right - left, bottom - top)
        places.append((font, character, (x - left, y - top)))
        texel.append((x, y, x + right - left, y + bottom - top))
        offset.append((left, top))
        advance.append(round(font.getlength(character)))
    ascent, descent = font.getmetrics()
    return Face(np.array(texel, np.float32), np.array(offset, np.float32), np.array(advance, np.float32),
                ascent + descent)
