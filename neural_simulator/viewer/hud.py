"""The head-up display: numbers, legend, picked neuron, scale bar, axes and key hints, laid out as coloured quads.

`lay_out` arranges what is read and `mark` what moves with the camera, each on a `Canvas`. No OpenGL here.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from ..app.actions import ACTIONS
from ..app.frames import Frame, NetworkView
from ..base.palette import RGB, from_hex, population_color
from ..base.units import in_bytes
from . import filters, inspector, legend
from .camera import Camera
from .canvas import VERTEX, Canvas, wrapped
from .colors import DIM_TEXT, TEXT
from .scene import Scene, Shown, neuron_radius_um, scale_bar

__all__ = ["VERTEX", "Canvas"]
NOTICE = from_hex("#ffd25a")
AXIS_COLORS: tuple[tuple[str, RGB], ...] = (
    ("x", from_hex("#e07a5f")), ("y", from_hex("#81b29a")), ("z", from_hex("#6d9dc5")))
HINTED = ("pause", "step", "reset_camera", "next_color", "show_keys", "exit")
SELECTION_HINTED = ("push_selected", "silence_selected", "release", "record_selected", "clear_selection")
MOST_HINT_LINES = 2
LOW = 420                            # nominal pixels: less height has room for a few numbers only
IN_LOW_PICTURES = ("Rate", "Neurons", "Shown", "Selected", "Left out")
PICKED = from_hex("#ffd959")          # as shaders/neuron.frag
SELECTING: RGB = from_hex("#b3d9ff")


@dataclass(frozen=True)
class HudFacts:
    """What the display says besides network and frame."""

    pictures: str = ""             # their pace, e.g. '60 per s'; nothing on a still
    path: str = ""                 # how the neurons' state comes: 'shared' inside the device, or 'copied'
    dropped: str = ""              # what is left out to keep the pace, e.g. 'pulses'
    lively: bool = False           # numbers may be a few hundredths of a second old
    hints: bool = True             # key hints at the bottom
    trace: inspector.Trace = field(default_factory=inspector.Trace)
    dragged: tuple[float, float, float, float] | None = None      # corners of the box that is being drawn, px


def lay_out(canvas: Canvas, size: tuple[int, int], shown: Shown, scene: Scene | None, facts: HudFacts,
            drawn: tuple[int, int, int]) -> None:
    """Arrange what is read on a picture of `size` pixels; `drawn`: neurons, synapse lines and pulses shown."""
    if shown.view is None or scene is None:
        _notice(canvas, shown.notice or "No network yet.", 0.5 * size[0], 0.5 * size[1], size[0], align=0.5)
        return
    if not _roomy(canvas, size):
        return
    if shown.viz.show_display:
        _panels(canvas, size, shown, scene, facts, drawn)
    if shown.viz.show_display and facts.hints and _roomy(canvas, size, 560, 300):
        _hints(canvas, size, len(shown.selection))
    if facts.dragged is not None:
        left, top, right, bottom = facts.dragged
        canvas.rectangle(left, top, right - left, bottom - top, SELECTING, 0.10)
        canvas.frame(left, top, right - left, bottom - top, 1.5 * canvas.scale, SELECTING)


def mark(canvas: Canvas, size: tuple[int, int], shown: Shown, scene: Scene | None, camera: Camera) -> None:
    """Arrange what moves with the camera: axes, scale bar, names of the outlines, the ring around the picked neuron."""
    if shown.view is None or scene is None or not _roomy(canvas, size):
        return
    if shown.viz.show_axes:
        _axes(canvas, size, camera)
        _scale_bar(canvas, size, camera)
    if shown.viz.show_outlines:
        _labels(canvas, size, scene, camera)
    if shown.inspection is not None:
        _picked(canvas, size, shown, scene, camera)


def is_low(canvas: Canvas, size: tuple[int, int]) -> bool:
    """True where a picture is so low that only the most important is written over it."""
    return size[1] < LOW * canvas.scale


def _roomy(canvas: Canvas, size: tuple[int, int], width: int = 260, height: int = 180) -> bool:
    """True where the picture has at least so many nominal pixels."""
    return size[0] >= width * canvas.scale and size[1] >= height * canvas.scale


def _panels(canvas: Canvas, size: tuple[int, int], shown: Shown, scene: Scene, facts: HudFacts,
            drawn: tuple[int, int, int]) -> None:
    """Numbers and notice at the left, legend and picked neuron at the right."""
    scale = canvas.scale
    left, below = _numbers(canvas, size, shown, facts, drawn)
    if shown.notice:
        _notice(canvas, shown.notice, 26 * scale, below + 12 * scale, 0.5 * size[0])
    if size[0] - left <= 330 * scale or size[1] <= 300 * scale:
        return
    lower = legend.draw(canvas, size, scene, shown, brief=is_low(canvas, size))
    picked = shown.inspection
    if picked is not None and lower + inspector.height_px(canvas, picked) + 70 * scale < size[1]:
        now_ms = shown.frame.time_ms if shown.frame is not None else 0.0
        left = size[0] - (inspector.WIDTH + 12) * scale
        inspector.draw(canvas, left, lower + 10 * scale, picked, facts.trace, now_ms)


# ---- the parts ------------------------------------------------------------------------------------------
def _numbers(canvas: Canvas, size: tuple[int, int], shown: Shown, facts: HudFacts,
             drawn: tuple[int, int, int]) -> tuple[float, float]:
    """Time and counts at the top left; returns the right and the bottom edge, px."""
    scale, frame = canvas.scale, shown.frame
    rows = number_rows(shown, facts, drawn)
    if is_low(canvas, size):
        rows = [(label, value) for label, value in rows if label in IN_LOW_PICTURES]
    label_width = max(canvas.width_of(label) for label, _ in rows) + 14 * scale
    width = max(label_width + max(canvas.width_of(value) for _, value in rows) + 28 * scale, 190 * scale)
    large = canvas.atlas.faces["large"].line_height
    height = large + len(rows) * canvas.row + 24 * scale
    canvas.panel(12 * scale, 12 * scale, width, height)
    x, y = 26 * scale, 20 * scale
    canvas.text(x, y, time_text(frame.time_ms if frame is not None else 0.0), size="large")
    y += large + 6 * scale
    for label, value in rows:
        canvas.text(x, y, label, DIM_TEXT)
        canvas.text(x + label_width, y, value, NOTICE if label == "Left out" else TEXT)
        y += canvas.row
    return 12 * scale + width, 12 * scale + height


def _notice(canvas: Canvas, text: str, x: float, y: float, width: float, align: float = 0.0) -> None:
    """A sentence in lines of at most `width` px, the first one at y."""
    lines = wrapped(canvas.atlas.faces["normal"], text.split(), width - 40 * canvas.scale)
    widest = max(canvas.atlas.faces["normal"].line(line).width for line in lines)
    pad = 14 * canvas.scale
    canvas.panel(x - align * widest - pad, y - 6 * canvas.scale, widest + 2 * pad,
           len(lines) * canvas.row + 12 * canvas.scale)
    for line in lines:
        canvas.text(x, y, line, NOTICE, align=align)
        y += canvas.row


def number_rows(shown: Shown, facts: HudFacts, drawn: tuple[int, int, int]) -> list[tuple[str, str]]:
    """Return the rows (label, value) of the number panel."""
    view, frame, viz = shown.view, shown.frame, shown.viz
    assert view is not None
    neurons = f"{view.num_neurons:,}" + (f" ({drawn[0]:,} drawn)" if drawn[0] < view.num_neurons else "")
    lines = f"{drawn[1]:,} drawn" if viz.show_synapses else "hidden"
    filtered, chosen = filters.summary(viz, view.populations), len(shown.selection)
    rows = [
        ("Rate", f"{mean_rate_Hz(view, frame):.1f} Hz"),
        ("Spikes", f"{frame.total_spikes if frame is not None else 0:,}"),
        ("Neurons", neurons),
        ("Synapses", f"{view.num_synapses:,} ({lines})"),
        ("Pulses", f"{drawn[2]:,} under way" if viz.show_synapses and viz.show_pulses else ""),
        ("Shown", filtered),
        ("Selected", f"{chosen:,} neurons" if chosen else ""),
        ("Step", f"{frame.step_time_us:,.0f} µs" if frame is not None and frame.step_time_us > 0 else ""),
        ("Speed", f"{frame.speed:.2g} x real time" if frame is not None and frame.speed > 0 else ""),
        ("Learned", _learned(frame)),
        ("Dopamine", _dopamine(frame)),
        ("Pictures", facts.pictures),
        ("Left out", facts.dropped),
        ("Backend", view.backend + (", shared with OpenGL" if facts.path == "shared" else "")),
        ("Memory", in_bytes(view.memory_bytes)),
    ]
    return [(label, value) for label, value in rows if value]


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


def _labels(canvas: Canvas, size: tuple[int, int], scene: Scene, camera: Camera) -> None:
    """The name of every outline beside the middle of its leftmost upright edge; a single outline needs none."""
    if len(scene.outlines) < 2:
        return
    for box in scene.outlines:
        corners = np.array([[(box.low, box.high)[(k >> axis) & 1][axis] for axis in range(3)] for k in range(8)])
        places = camera.project(corners, *size)
        first = int(np.argmin(places[:, 0]))
        x, y, depth = 0.5 * (places[first] + places[first ^ (1 << camera.up)])
        if depth > 0.0 and box.label and 0 < y < size[1]:
            color = np.array(population_color(box.populations[0])) * 0.6 + 0.4
            canvas.text(min(x, float(places[first, 0])) - 8 * canvas.scale, y - 8 * canvas.scale, box.label,
                        (float(color[0]), float(color[1]), float(color[2])), "small", align=1.0)


def _picked(canvas: Canvas, size: tuple[int, int], shown: Shown, scene: Scene, camera: Camera) -> None:
    """A ring around the picked neuron, which may stand behind others."""
    assert shown.inspection is not None
    x, y, depth = camera.project(np.array([shown.inspection.position]), *size)[0]
    if depth > camera.depth_range()[0]:
        radius_um = neuron_radius_um(scene, shown.viz.point_size * canvas.scale, camera, *size, canvas.scale)
        radius_px = radius_um * camera.focal_px(size[1]) / depth
        canvas.ring(x, y, radius_px + 6.0 * canvas.scale, 1.5 * canvas.scale, PICKED)


def _hints(canvas: Canvas, size: tuple[int, int], selected: int) -> None:
    """The most useful keys at the bottom, between axes and scale bar."""
    scale, face = canvas.scale, canvas.atlas.faces["small"]
    left, right = 100 * scale, size[0] - 230 * scale
    lines: list[str] = []
    for hints in hint_choices(selected):
        lines = wrapped(face, [*(f"{hint} ·" for hint in hints[:-1]), hints[-1]], right - left)
        if len(lines) <= MOST_HINT_LINES:
            break
    step = face.line_height + 2 * scale
    widest = max(face.line(line).width for line in lines)
    x, y = 0.5 * (left + right), size[1] - 18 * scale - len(lines) * step
    canvas.panel(x - 0.5 * widest - 8 * scale, y - 4 * scale, widest + 16 * scale, len(lines) * step + 8 * scale)
    for line in lines:
        canvas.text(x, y, line.removesuffix(" ·").replace(": ·", ":"), SELECTING if selected else DIM_TEXT, "small",
                    align=0.5)
        y += step


def hint_choices(selected: int) -> list[list[str]]:
    """Return what the hints may say, the longest choice first; the last one is for narrow windows."""
    def keys(names: tuple[str, ...]) -> list[str]:
        return [f"{' / '.join(_short(key) for key in ACTIONS[name].keys)} {HINT_WORDS[name]}" for name in names]
    if selected:
        return [[f"{selected:,} selected:", *keys(SELECTION_HINTED)]]
    return [["drag rotate", "right drag pan", "wheel zoom", "click pick", "Shift+drag select", *keys(HINTED)],
            ["click pick", "Shift+drag select", *keys(("pause", "reset_camera", "show_keys", "exit"))],
            keys(("pause", "show_keys", "exit"))]


HINT_WORDS = {"pause": "pause", "step": "step 1 ms", "reset_camera": "reset view", "next_color": "colours",
              "show_keys": "keys", "exit": "exit", "record_selected": "trace", "push_selected": "stimulate",
              "silence_selected": "silence", "release": "release", "clear_selection": "clear"}


# ---- words and small helpers ----------------------------------------------------------------------------
def _dopamine(frame: Frame | None) -> str:
    """What is left of the rewards; nothing where nothing waits for them."""
    learned = None if frame is None else frame.learning
    return f"{learned.dopamine:.2g}" if learned is not None and learned.rewarded else ""


def _learned(frame: Frame | None) -> str:
    """How often weights rose and fell, and synapses came and went; nothing where nothing learns."""
    if frame is None or frame.learning is None:
        return ""
    events = frame.learning.events
    text = f"{events.strengthened:,} up, {events.weakened:,} down"
    return f"{text}, {events.formed:,} new, {events.removed:,} gone" if events.formed or events.removed else text


def time_text(time_ms: float) -> str:
    """Return simulated time, in ms up to ten seconds and in s beyond."""
    return f"{time_ms:,.0f} ms" if time_ms < 10_000 else f"{time_ms / 1000.0:,.2f} s"


def length_text(length_um: float) -> str:
    """Return a length in um, or in mm from one millimetre on."""
    return f"{length_um / 1000.0:g} mm" if length_um >= 1000.0 else f"{length_um:g} µm"


def mean_rate_Hz(view: NetworkView, frame: Frame | None) -> float:
    """Return the rate of an average neuron over the frame's rate window."""
    if frame is None or view.num_neurons == 0:
        return 0.0
    sizes = [population.size for population in view.populations]
    return float(np.dot(sizes[:len(frame.rates_Hz)], frame.rates_Hz)) / view.num_neurons


def _short(key: str) -> str:
    return {"Escape": "Esc"}.get(key, key)
