"""What is to be drawn, as plain arrays: from a NetworkView, a Frame and the view settings. No OpenGL here.

A `Scene` is made once per network; `scene_uniforms` is made for every picture and holds all numbers that the shaders
share.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..app.frames import NO_IDS, Frame, Incoming, Inspection, NetworkView
from ..base.declarations import Population
from ..base.palette import EXCITATORY, INHIBITORY
from ..base.synapses import Synapses
from ..config import VisualizationConfig
from .camera import Camera
from .colors import (
    BACKGROUND,
    COLOR_MODES,
    POTENTIAL_RANGE_MV,
    SPIKING_MODES,
    SYNAPSE_COLORS,
    WEIGHT_MODES,
    position_in,
    weight_range,
)
from .filters import clip_box, hidden_mask

DEPTH_LEVELS = 65535          # neurons are drawn from back to front in this many slices
DEPTH_FADE = 0.5             # share of the background in the farthest neuron's colour
SORTED_UP_TO = 200_000       # more neurons are drawn in any order, their transparency dithered
USUAL_POINT_PX = 6.0
CROWDED = 0.28               # largest radius of a neuron of usual size, in mean distances between neighbours
LAYERED = 1.0                # boxes whose centres are farther apart than they are thick are layers
FEWEST_OF_LAYER = 10         # neurons
SAME_BOX = 0.1              # boxes whose corners differ by less than this share of their size are one

NEURON_VERTEX = np.dtype([("position", "<f4", 3), ("population", "<u4")])
LINE_VERTEX = np.dtype([("position", "<f4", 3), ("pre", "<i4"), ("weight", "<f4"), ("populations", "u1", 2),
                        ("inhibitory", "u1"), ("end", "u1")])

# The shaders' uniform block `Scene` (shaders/common.glsl) in std140 layout: rows of four 4-byte numbers.
UNIFORMS = np.dtype([
    ("view", "<f4", 16), ("projection", "<f4", 16), ("background", "<f4", 3), ("radius_um", "<f4"),
    ("viewport", "<f4", 2), ("focal_px", "<f4"), ("pixel_scale", "<f4"),
    ("step", "<i4"), ("dt_ms", "<f4"), ("decay_ms", "<f4"), ("inactive_opacity", "<f4"),
    ("color_mode", "<i4"), ("spiking_mode", "<i4"), ("synapse_alpha", "<f4"), ("depth_fade", "<f4"),
    ("potential_range", "<f4", 2), ("fade_range", "<f4", 2), ("weight_range", "<f4", 2), ("activity_range", "<f4", 2),
    ("clip_low", "<f4", 3), ("fraction", "<f4"), ("clip_high", "<f4", 3), ("synapse_color", "<i4"),
    ("excitatory", "<f4", 3), ("pulse_px", "<f4"), ("inhibitory", "<f4", 3), ("dithered", "<i4"),
    ("hidden", "<u4", 8)])


@dataclass(frozen=True)
class Shown:
    """All that a picture depends on besides camera and size."""

    view: NetworkView | None
    frame: Frame | None
    viz: VisualizationConfig
    inspection: Inspection | None = None
    selection: np.ndarray = field(default_factory=lambda: NO_IDS)      # (K,) neurons
    incoming: Incoming | None = None
    notice: str = ""
    fraction: float = 0.0                 # part of a step that has passed since the frame, for what is in flight

    adaptive: bool = True                 # whether detail may be left out to keep the pace,
    pressed: bool = False                 # and has to be, because memory runs short
    share: bool = True                    # whether the neurons' state may stay on the device
    racing: bool = False                  # whether the simulation runs as fast as it can

    def same_as(self, other: Shown) -> bool:
        """Compare without looking into arrays: large objects by identity, the rest by value."""
        large = ("view", "frame", "inspection", "selection", "incoming")
        small = ("viz", "notice", "fraction", "adaptive", "pressed")
        return (all(getattr(self, name) is getattr(other, name) for name in large)
                and all(getattr(self, name) == getattr(other, name) for name in small))


@dataclass(frozen=True)
class Outline:
    """A box around one or several populations that fill the same space. Corners in um."""

    low: np.ndarray              # (3,)
    high: np.ndarray             # (3,)
    populations: tuple[int, ...]
    label: str


@dataclass(frozen=True, eq=False)
class Scene:
    """The part of the picture that stays while a network lives. Positions in um."""

    positions: np.ndarray        # (N, 3) float32
    population_of: np.ndarray    # (N,) uint8
    populations: tuple[Population, ...]
    low: np.ndarray              # (3,) corner of the bounding box
    high: np.ndarray             # (3,) opposite corner
    outlines: tuple[Outline, ...]
    dt_ms: float

    @property
    def num_neurons(self) -> int:
        return int(self.positions.shape[0])


def build_scene(view: NetworkView) -> Scene:
    """Return the arrays of `view`."""
    positions = np.ascontiguousarray(view.positions, np.float32)
    low, high = bounds(positions)
    return Scene(positions, np.ascontiguousarray(view.population_of, np.uint8), view.populations, low, high,
                 outlines(positions, view.populations), view.core.dt_ms)


def bounds(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest corner of the box around `positions` (N, 3); a unit box when there are none."""
    if positions.shape[0] == 0:
        return np.full(3, -0.5), np.full(3, 0.5)
    return positions.min(axis=0).astype(float), positions.max(axis=0).astype(float)


def outlines(positions: np.ndarray, populations: Sequence[Population]) -> tuple[Outline, ...]:
    """Return the boxes around the populations; those that fill the same space share one."""
    found: list[tuple[np.ndarray, np.ndarray, list[int]]] = []
    for index, population in enumerate(populations):
        if population.size == 0:
            continue
        low, high = bounds(positions[population.start:population.stop])
        for known_low, known_high, members in found:
            room = SAME_BOX * (1.0 + 20.0 / population.size) * np.maximum(known_high - known_low, 1e-6)
            if np.all(np.abs(low - known_low) <= room) and np.all(np.abs(high - known_high) <= room):
                np.minimum(low, known_low, out=known_low)
                np.maximum(high, known_high, out=known_high)
                members.append(index)
                break
        else:
            found.append((low, high, [index]))
    if not found:
        return (Outline(*bounds(positions), (), ""),)
    return tuple(Outline(low, high, tuple(members), _common([populations[k].name for k in members]))
                 for low, high, members in found)


def up_axis(view: NetworkView) -> int:
    """Return the axis along which a layered network is stacked, z where it is not: it shall stand upright."""
    boxes = [box for box in outlines(np.asarray(view.positions, np.float32), view.populations)
             if sum(view.populations[k].size for k in box.populations) >= FEWEST_OF_LAYER]
    if len(boxes) < 2:
        return 2
    centers = np.array([box.low + box.high for box in boxes]) / 2.0
    thickness = np.array([box.high - box.low for box in boxes]).mean(axis=0)
    apart = np.ptp(centers, axis=0) / np.maximum(thickness, 1e-6)
    axis = int(np.argmax(apart))
    return axis if apart[axis] > LAYERED else 2


def _common(names: list[str]) -> str:
    """Return what the names begin with, without a broken word at its end."""
    return names[0] if len(names) == 1 else os.path.commonprefix(names).rstrip(" (-_/,")


def drawn_neurons(count: int, cap: int) -> np.ndarray:
    """Return which of `count` neurons are drawn, ascending uint32: all, or a random `cap` of them.

    The choice is the same every time, and a larger cap only adds neurons, so nothing flickers.
    """
    if count <= cap:
        return np.arange(count, dtype=np.uint32)
    return np.sort(np.random.default_rng(0).permutation(count)[:cap]).astype(np.uint32)


def neuron_vertices(scene: Scene) -> np.ndarray:
    """Return what stays of every neuron, (N,) NEURON_VERTEX."""
    vertices = np.zeros(scene.num_neurons, NEURON_VERTEX)
    vertices["position"], vertices["population"] = scene.positions, scene.population_of
    return vertices


def synapse_lines(scene: Scene, synapses: Synapses, weights: tuple[float, float]) -> np.ndarray:
    """Return the ends of lines along `synapses`, (2 M,) LINE_VERTEX; `weights` are the limits of the colour scale."""
    pairs = np.stack([synapses.pre, synapses.post], axis=1)
    lines = np.zeros(pairs.shape, LINE_VERTEX)
    lines["position"] = scene.positions[pairs]
    lines["pre"] = pairs[:, :1]
    lines["weight"] = position_in(synapses.weight, weights)[:, None]
    lines["populations"] = scene.population_of[pairs][:, None, :]
    lines["inhibitory"] = inhibiting(scene)[scene.population_of[synapses.pre]][:, None]
    lines["end"] = (0, 255)
    return lines.reshape(-1)


def inhibiting(scene: Scene) -> np.ndarray:
    """Return 255 for every population that inhibits, 0 for the others, (P,) uint8."""
    return np.array([0 if population.excitatory else 255 for population in scene.populations], np.uint8)


def box_lines(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the 12 edges of a box as (24, 3) float32 points, two per edge."""
    corners = np.array([[(low, high)[(i >> axis) & 1][axis] for axis in range(3)] for i in range(8)])
    edges = [(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1]
    return corners[np.array(edges).reshape(-1)].astype(np.float32)


def back_to_front(scene: Scene, drawn: np.ndarray, camera: Camera) -> np.ndarray:
    """Return the neurons `drawn` ordered from the farthest to the nearest, uint32.

    Depth is rounded to 16 bits, which lets NumPy sort in linear time.
    """
    backward = camera.axes()[2].astype(np.float32)
    nearness = scene.positions[drawn] @ backward
    reach = max(float(np.abs(nearness).max(initial=0.0)), 1e-12)
    levels = ((nearness / reach + 1.0) * (0.5 * DEPTH_LEVELS)).astype(np.uint16)
    return drawn[np.argsort(levels, kind="stable")]


def scene_uniforms(scene: Scene, shown: Shown, camera: Camera, width: int, height: int, pixel_scale: float,
                   dithered: bool = False) -> np.ndarray:
    """Return the uniform block of one picture, a () array of UNIFORMS. `pixel_scale`: pixels per nominal pixel."""
    block, viz, frame = np.zeros((), UNIFORMS), shown.viz, shown.frame
    to_center = float(camera.axes()[2] @ (camera.eye - camera.center))
    block["view"] = camera.view_matrix().T.reshape(-1)                      # OpenGL stores columns
    block["projection"] = camera.projection_matrix(width / height).T.reshape(-1)
    block["background"] = BACKGROUND
    block["radius_um"] = neuron_radius_um(scene, viz.point_size * pixel_scale, camera, width, height, pixel_scale)
    block["viewport"], block["focal_px"] = (width, height), camera.focal_px(height)
    block["pixel_scale"] = pixel_scale
    block["step"] = frame.step if frame is not None else 0
    block["dt_ms"], block["decay_ms"] = scene.dt_ms, viz.activity_decay_ms
    block["inactive_opacity"], block["synapse_alpha"] = viz.inactive_opacity, viz.synapse_alpha
    block["color_mode"], block["spiking_mode"] = COLOR_MODES[viz.color_mode], SPIKING_MODES[viz.spiking_mode]
    block["depth_fade"] = DEPTH_FADE
    block["fade_range"] = (to_center - camera.radius, to_center + camera.radius)
    block["potential_range"] = POTENTIAL_RANGE_MV
    block["weight_range"] = incoming_range(shown.incoming, viz.color_mode)
    block["activity_range"] = (viz.activity_from, viz.activity_to)
    block["clip_low"], block["clip_high"] = clip_box(viz, scene.low, scene.high)
    block["fraction"], block["dithered"] = shown.fraction, dithered
    block["synapse_color"] = SYNAPSE_COLORS[viz.synapse_color]
    block["excitatory"], block["inhibitory"] = EXCITATORY, INHIBITORY
    block["pulse_px"] = viz.pulse_size * pixel_scale
    block["hidden"] = hidden_mask(viz, scene.populations)
    return block


@lru_cache(maxsize=8)
def incoming_range(incoming: Incoming | None, color_mode: str) -> tuple[float, float]:
    """Return the limits of the colour scale for the neurons' summed weights."""
    row = WEIGHT_MODES.get(color_mode)
    return (0.0, 1.0) if row is None or incoming is None else weight_range(incoming.sums[row])


def neuron_radius_um(scene: Scene, diameter_px: float, camera: Camera, width: int, height: int,
                     pixel_scale: float = 1.0) -> float:
    """Return the radius in um of a neuron that measures `diameter_px` at the centre of the first view.

    In a crowded network all sizes shrink alike, so that one of usual size leaves room between neighbours.
    """
    um_per_px = camera.home_distance(width / height) / camera.focal_px(height)
    usual = 0.5 * USUAL_POINT_PX * pixel_scale * um_per_px
    return 0.5 * diameter_px * um_per_px * min(1.0, CROWDED * spacing_um(scene) / usual)


def spacing_um(scene: Scene) -> float:
    """Return the mean distance between neighbours: the edge of the cube that each neuron has for itself."""
    extent = np.maximum(scene.high - scene.low, 1e-3 * float((scene.high - scene.low).max()))
    return float(np.prod(extent) / max(scene.num_neurons, 1)) ** (1.0 / 3.0)


def scale_bar(camera: Camera, height: int, longest_px: float) -> tuple[float, float]:
    """Return (length um, length px) of the longest bar of 1, 2 or 5 times a power of ten within `longest_px`.

    It holds at the depth of the camera's target.
    """
    px_per_um = camera.focal_px(height) / camera.distance
    longest_um = longest_px / px_per_um
    decade = 10.0 ** math.floor(math.log10(longest_um))
    length = next(step * decade for step in (5.0, 2.0, 1.0) if step * decade <= longest_um * (1.0 + 1e-9))
    return length, length * px_per_um
