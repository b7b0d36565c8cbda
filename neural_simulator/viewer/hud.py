"""The head-up display: numbers, legend, scale bar, axes and key hints, laid out as coloured quads. No OpenGL here.

`Canvas` collects shapes and text in pixels (origin top left); `lay_out` arranges everything for one picture.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from ..app.actions import ACTIONS
from ..app.frames import Frame, NetworkView
from ..base.palette import EXCITATORY, INHIBITORY, RGB, from_hex, population_color
from ..config import VisualizationConfig
from .camera import Camera
from .colors import ACTIVITY_STOPS, BACKGROUND, DIM_TEXT, POTENTIAL_RANGE_MV, POTENTIAL_STOPS, TEXT, ramp
from .glyphs import SOLID, Atlas, Face
from .scene import scale_bar

VERTEX = np.dtype([("position", "<f4", 2), ("texel", "<f4", 2), ("color", "u1", 4)])
PANEL_ALPHA = 0.62
NOTICE = from_hex("#ffd25a")
AXIS_COLORS: tuple[tuple[str, RGB], ...] = (
    ("x", from_hex("#e07a5f")), ("y", from_hex("#81b29a")), ("z", from_hex("#6d9dc5")))
MOST_POPULATIONS = 12
HINTED = ("pause", "step", "reset_camera", "toggle_synapses", "show_keys", "exit")
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

    def text(self, x: float, y: float, text: str, color: RGB = TEXT, size: str = "normal", align: float = 0.0) -> None:
        """Write one line with its top at y; `align` 0, 0.5 or 1: x is its left end, middle or right end."""
        if text:
            line = self.atlas.faces[size].line(text)
            origin = (round(x - align * line.width), round(y))
            self._quads(line.corners + np.array(origin, np.float32), line.texel, _rgba(color, 1.0))

    def _solid(self, corners: np.ndarray, colors: np.ndarray) -> None:
        """Add one plain quad: corners (4, 2) px, colors (4, 4) uint8."""
        middle = np.full((1, 4, 2), SOLID / 2.0, np.float32)
        self._quads(corners[None], middle, colors[None])

    def _quads(self, corners: np.ndarray, texel: np.ndarray, colors: np.ndarray) -> None:
        """Add quads: corners and texel (Q, 4, 2), colours broadcastable to (Q, 4, 4)."""
        quads = np.zeros(corners.shape[:2], VERTEX)
        quads["position"], quads["texel"], quads["color"] = corners, texel, colors
        self._parts.append(quads[:, _CORNERS].reshape(-1))


@dataclass(frozen=True)
class HudFacts:
    """What the display says besides network and frame."""

    pictures: str = ""             # their pace, e.g. '60 per s'; nothing on a still
    notice: str = ""               # e.g. 'Paused.'
    hints: bool = True             # key hints at the bottom


def lay_out(canvas: Canvas, size: tuple[int, int], view: NetworkView | None, frame: Frame | None,
            viz: VisualizationConfig, camera: Camera, facts: HudFacts, drawn: tuple[int, int]) -> None:
    """Arrange the whole display on a picture of `size` pixels; `drawn`: neurons and synapse lines shown."""
    width, height = size[0] / canvas.scale, size[1] / canvas.scale
    if view is None:
        _notice(canvas, facts.notice or "No network yet.", 0.5 * size[0], 0.5 * size[1], size[0], align=0.5)
        return
    if width < 260 or height < 180:
        return
    left, below = _numbers(canvas, view, frame, viz, facts, drawn)
    if facts.notice:
        _notice(canvas, facts.notice, 26 * canvas.scale, below + 12 * canvas.scale, 0.5 * size[0])
    if width * canvas.scale - left > 330 * canvas.scale and height > 300:
        _legend(canvas, size, view, frame, viz)
    _axes(canvas, size, camera)
    _scale_bar(canvas, size, camera)
    if facts.hints and width > 560 and height > 300:
        _hints(canvas, size)


# ---- the parts ------------------------------------------------------------------------------------------
def _numbers(canvas: Canvas, view: NetworkView, frame: Frame | None, viz: VisualizationConfig, facts: HudFacts,
             drawn: tuple[int, int]) -> tuple[float, float]:
    """Time and counts at the top left; returns the right and the bottom edge, px."""
    scale, normal = canvas.scale, canvas.atlas.faces["normal"]
    rows = number_rows(view, frame, viz, facts, drawn)
    label_width = max(normal.line(label).width for label, _ in rows) + 14 * scale
    width = max(label_width + max(normal.line(value).width for _, value in rows) + 28 * scale, 190 * scale)
    large = canvas.atlas.faces["large"].line_height
    height = large + len(rows) * _row(canvas) + 24 * scale
    _panel(canvas, 12 * scale, 12 * scale, width, height)
    x, y = 26 * scale, 20 * scale
    canvas.text(x, y, time_text(frame.time_ms if frame is not None else 0.0), size="large")
    y += large + 6 * scale
    for label, value in rows:
        canvas.text(x, y, label, DIM_TEXT)
        canvas.text(x + label_width, y, value)
        y += _row(canvas)
    return 12 * scale + width, 12 * scale + height


def _notice(canvas: Canvas, text: str, x: float, y: float, width: float, align: float = 0.0) -> None:
    """A sentence in lines of at most `width` px, the first one at y."""
    lines = wrapped(canvas.atlas.faces["normal"], text.split(), width - 40 * canvas.scale)
    widest = max(canvas.atlas.faces["normal"].line(line).width for line in lines)
    pad = 14 * canvas.scale
    _panel(canvas, x - align * widest - pad, y - 6 * canvas.scale, widest + 2 * pad,
           len(lines) * _row(canvas) + 12 * canvas.scale)
    for line in lines:
        canvas.text(x, y, line, NOTICE, align=align)
        y += _row(canvas)


def number_rows(view: NetworkView, frame: Frame | None, viz: VisualizationConfig, facts: HudFacts,
                drawn: tuple[int, int]) -> list[tuple[str, str]]:
    """Return the rows (label, value) of the number panel."""
    rate = mean_rate_Hz(view, frame)
    neurons = f"{view.num_neurons:,}" + (f" ({drawn[0]:,} drawn)" if drawn[0] < view.num_neurons else "")
    lines = f"{drawn[1]:,} drawn" if viz.show_synapses else "hidden"
    pace = [("Pictures", facts.pictures)] if facts.pictures else []
    return [
        ("Rate", f"{rate:.1f} Hz"),
        ("Spikes", f"{frame.total_spikes if frame is not None else 0:,}"),
        ("Neurons", neurons),
        ("Synapses", f"{view.num_synapses:,} ({lines})"),
        ("Step", f"{frame.step_time_us:,.0f} µs" if frame is not None and frame.step_time_us > 0 else "–"),
        *pace,
        ("Backend", view.backend),
        ("Memory", memory_text(view.memory_bytes)),
    ]


def _legend(canvas: Canvas, size: tuple[int, int], view: NetworkView, frame: Frame | None,
            viz: VisualizationConfig) -> None:
    """What the colours mean, and the populations with their rates, at the top right."""
    scale, face = canvas.scale, canvas.atlas.faces["small"]
    shown = view.populations[:MOST_POPULATIONS]
    rows = [(population.name, f"{population.size:,}", _rate(frame, index)) for index, population in enumerate(shown)]
    names = max(face.line(name).width for name, _, _ in rows) + 24 * scale
    width = names + 118 * scale
    more = len(view.populations) - len(shown)
    lines = len(rows) + bool(more) + 2 * viz.show_synapses
    height = 42 * scale + lines * _row(canvas) + 24 * scale
    x, y = size[0] - width - 36 * scale, 12 * scale
    _panel(canvas, x, y, width + 24 * scale, height)
    x, y = x + 12 * scale, y + 10 * scale
    _RAMPS[viz.color_mode](canvas, x, y, width)
    y += 42 * scale
    for index, (name, count, rate) in enumerate(rows):
        swatch = population_color(index) if viz.color_mode == "trait" else None
        _legend_row(canvas, x, y, width, (name, count, rate), swatch)
        y += _row(canvas)
    if more:
        canvas.text(x, y, f"… and {more} more", DIM_TEXT, "small")
        y += _row(canvas)
    if viz.show_synapses:
        y += 6 * scale
        for text, color in (("excitatory synapse", EXCITATORY), ("inhibitory synapse", INHIBITORY)):
            middle = y + 0.5 * face.line_height
            canvas.line((x, middle), (x + 14 * scale, middle), 2 * scale, color)
            canvas.text(x + 24 * scale, y, text, DIM_TEXT, "small")
            y += _row(canvas)


def _legend_row(canvas: Canvas, x: float, y: float, width: float, texts: tuple[str, str, str],
                swatch: RGB | None) -> None:
    """One population: colour, name, size, rate."""
    scale, indent = canvas.scale, 0.0
    if swatch is not None:
        canvas.rectangle(x, y + 3 * scale, 11 * scale, 11 * scale, swatch)
        indent = 24 * scale
    canvas.text(x + indent, y, texts[0], TEXT, "small")
    canvas.text(x + width - 62 * scale, y, texts[1], DIM_TEXT, "small", align=1.0)
    canvas.text(x + width, y, texts[2], TEXT, "small", align=1.0)


def _activity_ramp(canvas: Canvas, x: float, y: float, width: float) -> None:
    _ramp(canvas, x, y, width, ACTIVITY_STOPS, ("silent", "recently active", "firing"))


def _potential_ramp(canvas: Canvas, x: float, y: float, width: float) -> None:
    low, high = POTENTIAL_RANGE_MV
    _ramp(canvas, x, y, width, POTENTIAL_STOPS, (f"{low:g} mV", "potential", f"{high:g} mV"))


def _trait_title(canvas: Canvas, x: float, y: float, width: float) -> None:
    canvas.text(x, y + 8 * canvas.scale, "Populations", TEXT)


_RAMPS: dict[str, Callable[[Canvas, float, float, float], None]] = {
    "activity": _activity_ramp, "potential": _potential_ramp, "trait": _trait_title}


def _ramp(canvas: Canvas, x: float, y: float, width: float, stops: tuple[str, ...],
          names: tuple[str, str, str]) -> None:
    """A bar of colours with a word at its left end, middle and right end."""
    pieces = 4 * (len(stops) - 1)
    colors = ramp(stops, np.linspace(0.0, 1.0, pieces + 1))
    for piece in range(pieces):
        canvas.gradient(x + piece * width / pieces, y + 2, width / pieces, 9 * canvas.scale, tuple(colors[piece]),
                        tuple(colors[piece + 1]))
    for name, align in zip(names, (0.0, 0.5, 1.0), strict=True):
        canvas.text(x + align * width, y + 14 * canvas.scale, name, DIM_TEXT, "small", align)


def _axes(canvas: Canvas, size: tuple[int, int], camera: Camera) -> None:
    """The directions of x, y and z at the bottom left, the farthest drawn first."""
    scale = canvas.scale
    center = np.array([52.0 * scale, size[1] - 56.0 * scale])
    directions = camera.axes()                            # columns: where the world's axes point to
    for axis in np.argsort(directions[2]):
        name, color = AXIS_COLORS[axis]
        tip = directions[:2, axis] * (1.0, -1.0)
        end = center + tip * 28.0 * scale
        label = center + tip * 39.0 * scale
        canvas.line(tuple(center), tuple(end), 2.2 * scale, color)
        face = canvas.atlas.faces["small"]
        canvas.text(label[0], label[1] - 0.5 * face.line_height, name, color, "small", align=0.5)


def _scale_bar(canvas: Canvas, size: tuple[int, int], camera: Camera) -> None:
    """A bar of a round length at the bottom right; it holds at the depth of the camera's target."""
    scale = canvas.scale
    length_um, length_px = scale_bar(camera, size[1], min(0.22 * size[0], 190.0 * scale))
    right, y = size[0] - 28.0 * scale, size[1] - 30.0 * scale
    canvas.line((right - length_px, y), (right, y), 2.0 * scale, TEXT)
    for x in (right - length_px, right):
        canvas.line((x, y - 4.0 * scale), (x, y + 4.0 * scale), 2.0 * scale, TEXT)
    canvas.text(right - 0.5 * length_px, y - 24.0 * scale, length_text(length_um), TEXT, "small", align=0.5)


def _hints(canvas: Canvas, size: tuple[int, int]) -> None:
    """The most useful keys at the bottom, between axes and scale bar."""
    scale, face = canvas.scale, canvas.atlas.faces["small"]
    keys = [f"{' / '.join(_short(key) for key in ACTIONS[name].keys)} {HINT_WORDS[name]}" for name in HINTED]
    hints = ["drag rotate", "right drag pan", "wheel zoom", *keys]
    left, right = 100 * scale, size[0] - 230 * scale
    lines = wrapped(face, [*(f"{hint} ·" for hint in hints[:-1]), hints[-1]], right - left)
    step = face.line_height + 2 * scale
    widest = max(face.line(line).width for line in lines)
    x, y = 0.5 * (left + right), size[1] - 18 * scale - len(lines) * step
    _panel(canvas, x - 0.5 * widest - 8 * scale, y - 4 * scale, widest + 16 * scale, len(lines) * step + 8 * scale)
    for line in lines:
        canvas.text(x, y, line.removesuffix(" ·"), DIM_TEXT, "small", align=0.5)
        y += step


HINT_WORDS = {"pause": "pause", "step": "step 1 ms", "reset_camera": "reset view", "toggle_synapses": "synapses",
              "show_keys": "keys", "exit": "exit"}


# ---- words and small helpers ----------------------------------------------------------------------------
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


def time_text(time_ms: float) -> str:
    """Return simulated time, in ms up to ten seconds and in s beyond."""
    return f"{time_ms:,.0f} ms" if time_ms < 10_000 else f"{time_ms / 1000.0:,.2f} s"


def memory_text(count: int) -> str:
    """Return a number of bytes in the unit that fits."""
    value = float(count)
    for unit in ("B", "KiB", "MiB"):
        if value < 1024.0:
            return f"{value:.0f} {unit}"
        value /= 1024.0
    return f"{value:.2f} GiB"


def length_text(length_um: float) -> str:
    """Return a length in um, or in mm from one millimetre on."""
    return f"{length_um / 1000.0:g} mm" if length_um >= 1000.0 else f"{length_um:g} µm"


def mean_rate_Hz(view: NetworkView, frame: Frame | None) -> float:
    """Return the rate of an average neuron over the frame's rate window."""
    if frame is None or view.num_neurons == 0:
        return 0.0
    sizes = [population.size for population in view.populations]
    return float(np.dot(sizes[:len(frame.rates_Hz)], frame.rates_Hz)) / view.num_neurons


def _rate(frame: Frame | None, index: int) -> str:
    return f"{frame.rates_Hz[index]:.1f} Hz" if frame is not None and index < len(frame.rates_Hz) else "– Hz"


def _short(key: str) -> str:
    return {"Escape": "Esc"}.get(key, key)


def _row(canvas: Canvas) -> float:
    """Distance of two lines of text, px."""
    return canvas.atlas.faces["normal"].line_height + 2.0 * canvas.scale


def _panel(canvas: Canvas, x: float, y: float, width: float, height: float) -> None:
    """The dark ground that keeps text readable over the network."""
    canvas.rectangle(x, y, width, height, BACKGROUND, PANEL_ALPHA)


@lru_cache(maxsize=256)
def _rgba(color: RGB, alpha: float) -> np.ndarray:
    return np.round(np.array([*color, alpha]) * 255.0).astype(np.uint8)
