"""Which neuron is under the cursor, and which ones lie in a box: the picture's own rules, by arithmetic."""

from __future__ import annotations

import numpy as np

from .camera import Camera
from .colors import activity
from .filters import visible
from .scene import Scene, Shown, drawn_neurons, neuron_radius_um

NEAR_MISS_PX = 6.0            # a click this far beside a neuron still picks it
FIRING_SWELL = 0.35           # shaders/neuron.vert: a firing neuron's radius grows by this share


def shown_neurons(scene: Scene, shown: Shown) -> tuple[np.ndarray, np.ndarray]:
    """Return the neurons that are drawn, ascending (K,) int64, and how active each of them is (K,)."""
    drawn = drawn_neurons(scene.num_neurons, shown.viz.max_neurons_drawn).astype(np.int64)
    frame = shown.frame
    active = (np.zeros(drawn.size) if frame is None else
              activity(np.asarray(frame.last_spike_step)[drawn], frame.step, scene.dt_ms, shown.viz.activity_decay_ms))
    seen = visible(scene.positions[drawn], scene.population_of[drawn], active, shown.viz, scene.populations, scene.low,
                   scene.high)
    return drawn[seen], active[seen]


def pick(scene: Scene, shown: Shown, camera: Camera, x: float, y: float, size: tuple[int, int],
         pixel_scale: float = 1.0) -> int | None:
    """Return the nearest neuron whose disc covers pixel (x, y), else the closest one beside it, else None."""
    neurons, active = shown_neurons(scene, shown)
    places = camera.project(scene.positions[neurons], *size)
    radius_um = neuron_radius_um(scene, shown.viz.point_size * pixel_scale, camera, *size, pixel_scale)
    marked = active if shown.viz.spiking_mode != "none" else np.zeros_like(active)
    near, _ = camera.depth_range()
    depth = np.maximum(places[:, 2], 1e-6)
    radius_px = np.maximum(radius_um * (1.0 + FIRING_SWELL * marked) * camera.focal_px(size[1]) / depth, 0.6)
    off = np.hypot(places[:, 0] - x, places[:, 1] - y)
    off[places[:, 2] < near] = np.inf
    covering = np.flatnonzero(off <= radius_px)
    if covering.size:
        return int(neurons[covering[np.argmin(depth[covering])]])
    beside = off - radius_px
    if beside.size and beside.min() <= NEAR_MISS_PX * pixel_scale:
        return int(neurons[np.argmin(beside)])
    return None


def inside(scene: Scene, shown: Shown, camera: Camera, box: tuple[float, float, float, float],
           size: tuple[int, int]) -> np.ndarray:
    """Return the drawn neurons whose centres lie in `box` (left, top, right, bottom px), ascending (K,) int32."""
    neurons, _ = shown_neurons(scene, shown)
    x, y, depth = camera.project(scene.positions[neurons], *size).T
    left, top, right, bottom = box
    chosen = (x >= left) & (x <= right) & (y >= top) & (y <= bottom) & (depth >= camera.depth_range()[0])
    return neurons[chosen].astype(np.int32)
