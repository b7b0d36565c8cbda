"""What is to be drawn, as plain arrays: from a NetworkView, a Frame and the view settings. No OpenGL here.

A `Scene` is made once per network (and again when a cap on what is drawn changes); `scene_uniforms` is made for
every picture and holds all numbers that the shaders share.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..app.frames import Frame, NetworkView
from ..base.palette import EXCITATORY, INHIBITORY, RGB
from ..config import VisualizationConfig
from .camera import Camera
from .colors import BACKGROUND, COLOR_MODES, POTENTIAL_RANGE_MV, SPIKING_MODES

DEPTH_LEVELS = 65535          # neurons are drawn from back to front in this many slices
DEPTH_FADE = 0.5             # share of the background in the farthest neuron's colour

NEURON_VERTEX = np.dtype([("position", "<f4", 3), ("population", "<u4")])
LINE_VERTEX = np.dtype([("position", "<f4", 3), ("pre", "<i4"), ("color", "u1", 3), ("end", "u1")])

# The shaders' uniform block `Scene` (shaders/common.glsl) in std140 layout: rows of four 4-byte numbers.
UNIFORMS = np.dtype([
    ("view", "<f4", 16), ("projection", "<f4", 16), ("background", "<f4", 3), ("radius_um", "<f4"),
    ("viewport", "<f4", 2), ("focal_px", "<f4"), ("pixel_scale", "<f4"),
    ("step", "<i4"), ("dt_ms", "<f4"), ("decay_ms", "<f4"), ("inactive_opacity", "<f4"),
    ("color_mode", "<i4"), ("spiking_mode", "<i4"), ("synapse_alpha", "<f4"), ("depth_fade", "<f4"),
    ("potential_range", "<f4", 2), ("fade_range", "<f4", 2)])


@dataclass(frozen=True)
class Scene:
    """The part of the picture that stays while a network lives. Positions in um."""

    positions: np.ndarray        # (N, 3) float32
    population_of: np.ndarray    # (N,) uint8
    drawn: np.ndarray            # (D,) uint32: neurons that are drawn, ascending
    lines: np.ndarray            # (2 M,) LINE_VERTEX: pre and post end of each drawn synapse
    low: np.ndarray              # (3,) corner of the bounding box
    high: np.ndarray             # (3,) opposite corner
    dt_ms: float

    @property
    def num_lines(self) -> int:
        return self.lines.shape[0] // 2


def build_scene(view: NetworkView, viz: VisualizationConfig) -> Scene:
    """Return the arrays of `view`, capped as `viz` asks."""
    positions = np.ascontiguousarray(view.positions, np.float32)
    low, high = bounds(positions)
    return Scene(positions, np.ascontiguousarray(view.population_of, np.uint8),
                 drawn_neurons(view.num_neurons, viz.max_neurons_drawn),
                 synapse_lines(view, viz.max_synapses_drawn), low, high, view.core.dt_ms)


def bounds(positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and highest corner of the box around `positions` (N, 3); a unit box when there are none."""
    if positions.shape[0] == 0:
        return np.full(3, -0.5), np.full(3, 0.5)
    return positions.min(axis=0).astype(float), positions.max(axis=0).astype(float)


def drawn_neurons(count: int, cap: int) -> np.ndarray:
    """Return which of `count` neurons are drawn, ascending uint32: all, or a random `cap` of them.

    The choice is the same every time, and a larger cap only adds neurons, so nothing flickers.
    """
    if count <= cap:
        return np.arange(count, dtype=np.uint32)
    return np.sort(np.random.default_rng(0).permutation(count)[:cap]).astype(np.uint32)


def neuron_vertices(scene: Scene) -> np.ndarray:
    """Return what stays of every neuron, (N,) NEURON_VERTEX."""
    vertices = np.zeros(scene.positions.shape[0], NEURON_VERTEX)
    vertices["position"], vertices["population"] = scene.positions, scene.population_of
    return vertices


def synapse_lines(view: NetworkView, cap: int) -> np.ndarray:
    """Return the vertices of the first `cap` sampled synapses, (2 M,) LINE_VERTEX; a larger cap only adds lines."""
    pairs = view.synapse_sample[:cap]
    lines = np.zeros((pairs.shape[0], 2), LINE_VERTEX)
    lines["position"] = view.positions[pairs]
    lines["pre"] = pairs[:, :1]
    lines["end"] = (0, 255)
    signs = np.array([population.excitatory for population in view.populations], bool)
    excitatory = signs[view.population_of[pairs[:, 0]]]
    lines["color"] = np.where(excitatory[:, None], _bytes(EXCITATORY), _bytes(INHIBITORY))[:, None, :]
    return lines.reshape(-1)


def box_lines(low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return the 12 edges of a box as (24, 3) float32 points, two per edge."""
    corners = np.array([[(low, high)[(i >> axis) & 1][axis] for axis in range(3)] for i in range(8)])
    edges = [(i, i | 1 << axis) for axis in range(3) for i in range(8) if not i >> axis & 1]
    return corners[np.array(edges).reshape(-1)].astype(np.float32)


def back_to_front(scene: Scene, camera: Camera) -> np.ndarray:
    """Return the drawn neurons ordered from the farthest to the nearest, (D,) uint32.

    Depth is rounded to 16 bits, which lets NumPy sort in linear time.
    """
    backward = camera.axes()[2].astype(np.float32)
    nearness = scene.positions[scene.drawn] @ backward
    reach = max(float(np.abs(nearness).max(initial=0.0)), 1e-12)
    levels = ((nearness / reach + 1.0) * (0.5 * DEPTH_LEVELS)).astype(np.uint16)
    return scene.drawn[np.argsort(levels, kind="stable")]


def scene_uniforms(scene: Scene, frame: Frame | None, viz: VisualizationConfig, camera: Camera, width: int,
                   height: int, pixel_scale: float) -> np.ndarray:
    """Return the uniform block of one picture, a () array of UNIFORMS. `pixel_scale`: pixels per nominal pixel."""
    block = np.zeros((), UNIFORMS)
    to_center = float(camera.axes()[2] @ (camera.eye - camera.center))
    focal_px = camera.focal_px(height)
    block["view"] = camera.view_matrix().T.reshape(-1)                      # OpenGL stores columns
    block["projection"] = camera.projection_matrix(width / height).T.reshape(-1)
    block["background"] = BACKGROUND
    block["radius_um"] = neuron_radius_um(viz.point_size * pixel_scale, camera, width, height)
    block["viewport"], block["focal_px"], block["pixel_scale"] = (width, height), focal_px, pixel_scale
    block["step"] = frame.step if frame is not None else 0
    block["dt_ms"], block["decay_ms"] = scene.dt_ms, viz.activity_decay_ms
    block["inactive_opacity"], block["synapse_alpha"] = viz.inactive_opacity, viz.synapse_alpha
    block["color_mode"], block["spiking_mode"] = COLOR_MODES[viz.color_mode], SPIKING_MODES[viz.spiking_mode]
    block["depth_fade"] = DEPTH_FADE
    block["fade_range"] = (to_center - camera.radius, to_center + camera.radius)
    block["potential_range"] = POTENTIAL_RANGE_MV
    return block


def neuron_radius_um(diameter_px: float, camera: Camera, width: int, height: int) -> float:
    """Return the radius in um of a neuron that measures `diameter_px` at the centre of the first view."""
    return 0.5 * diameter_px * camera.home_distance(width / height) / camera.focal_px(height)


def scale_bar(camera: Camera, height: int, longest_px: float) -> tuple[float, float]:
    """Return (length um, length px) of the longest bar of 1, 2 or 5 times a power of ten within `longest_px`.

    It holds at the depth of the camera's target.
    """
    px_per_um = camera.focal_px(height) / camera.distance
    longest_um = longest_px / px_per_um
    decade = 10.0 ** math.floor(math.log10(longest_um))
    length = next(step * decade for step in (5.0, 2.0, 1.0) if step * decade <= longest_um * (1.0 + 1e-9))
    return length, length * px_per_um


def _bytes(color: RGB) -> np.ndarray:
    """A colour as (3,) uint8."""
    return np.round(np.array(color) * 255.0).astype(np.uint8)
