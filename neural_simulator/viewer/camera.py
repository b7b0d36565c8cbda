"""The orbit camera: where the eye is, what it sees, and how a drag or a wheel notch moves it. Pure NumPy.

World: micrometres, z up unless `up` names another axis. The eye circles `target` at `distance`; yaw turns about the
vertical axis, pitch lifts the eye above the horizontal plane. Pixels: origin at the top left corner of the picture,
x right, y down, pixel centres at .5.
Every movement is exact and without inertia: a panned or zoomed point stays under the cursor.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

HOME_YAW_DEG = -52.0
HOME_PITCH_DEG = 22.0
PITCH_LIMIT_DEG = 89.0           # at the pole itself "up" would have no direction
DEGREES_PER_HEIGHT = 220.0       # rotation of a drag across the whole height of the window
ZOOM_PER_NOTCH = 0.88            # distance after one wheel notch / distance before
MOST_NOTCHES = 200.0             # of one event; keeps the power finite
FIT_MARGIN = 1.04                # room left around a fitted sphere
CLOSEST, FARTHEST = 1e-3, 50.0   # limits of the distance, in radii of the fitted sphere


_COLUMNS = ((2, 0, 1), (1, 2, 0), (0, 1, 2))      # of an orientation with z upwards, so that x, y or z points upwards
# Directions of view by name: yaw and pitch, deg. The front looks along +y, with x to the right and z up.
PRESETS = {"front": (-90.0, 0.0), "side": (0.0, 0.0), "top": (-90.0, 89.0),
           "oblique": (HOME_YAW_DEG, HOME_PITCH_DEG)}


@dataclass
class Camera:
    """A turntable camera. Lengths in um, angles in degrees; `radius` is that of the sphere it was fitted to."""

    yaw_deg: float = HOME_YAW_DEG
    pitch_deg: float = HOME_PITCH_DEG
    fov_deg: float = 45.0
    radius: float = 1.0
    center: np.ndarray = field(default_factory=lambda: np.zeros(3))       # of the fitted sphere
    target: np.ndarray = field(default_factory=lambda: np.zeros(3))
    distance: float = 3.0
    up: int = 2                      # the world's axis that points upwards on the picture

    # ---- what it sees ------------------------------------------------------------------------------------
    def axes(self) -> np.ndarray:
        """Return the rows right, up, backward (from target to eye) as unit vectors, (3, 3)."""
        yaw, pitch = math.radians(self.yaw_deg), math.radians(self.pitch_deg)
        sy, cy, sp, cp = math.sin(yaw), math.cos(yaw), math.sin(pitch), math.cos(pitch)
        rows = np.array([[-sy, cy, 0.0], [-cy * sp, -sy * sp, cp], [cy * cp, sy * cp, sp]])
        return rows[:, _COLUMNS[self.up]]

    @property
    def eye(self) -> np.ndarray:
        """Position of the eye, (3,) um."""
        return self.target + self.distance * self.axes()[2]

    def view_matrix(self) -> np.ndarray:
        """Return the (4, 4) matrix from world to eye coordinates (the eye looks along -z)."""
        matrix = np.eye(4)
        matrix[:3, :3] = self.axes()
        matrix[:3, 3] = -matrix[:3, :3] @ self.eye
        return matrix

    def depth_range(self) -> tuple[float, float]:
        """Return the distances of the near and far plane, um: just around the fitted sphere as seen from the eye."""
        to_center = float(self.axes()[2] @ (self.eye - self.center))
        far = max(to_center + 1.3 * self.radius, 1.3 * self.radius)
        near = max(to_center - 1.3 * self.radius, 0.02 * self.distance, 1e-4 * far)
        return min(near, 0.5 * far), far

    def projection_matrix(self, aspect: float) -> np.ndarray:
        """Return the (4, 4) OpenGL perspective matrix for width / height = `aspect`."""
        near, far = self.depth_range()
        scale = 1.0 / math.tan(math.radians(self.fov_deg) / 2.0)
        matrix = np.zeros((4, 4))
        matrix[0, 0], matrix[1, 1] = scale / aspect, scale
        matrix[2, 2], matrix[2, 3] = (far + near) / (near - far), 2.0 * far * near / (near - far)
        matrix[3, 2] = -1.0
        return matrix

    def focal_px(self, height: float) -> float:
        """Pixels that a length of 1 at a depth of 1 spans in a picture `height` pixels high."""
        return 0.5 * height / math.tan(math.radians(self.fov_deg) / 2.0)

    def project(self, points: np.ndarray, width: float, height: float) -> np.ndarray:
        """Return (N, 3): pixel x, pixel y and eye depth (um, positive in front of the eye) of world `points` (N, 3)."""
        local = (np.atleast_2d(points) - self.eye) @ self.axes().T
        depth = -local[:, 2]
        safe = np.where(np.abs(depth) < 1e-12, 1e-12, depth)
        focal = self.focal_px(height)
        return np.column_stack([0.5 * width + focal * local[:, 0] / safe, 0.5 * height - focal * local[:, 1] / safe,
                                depth])

    # ---- how it moves ------------------------------------------------------------------------------------
    def orbit(self, dx_px: float, dy_px: float, height: float) -> None:
        """Turn by a drag of (dx, dy) pixels: the scene follows the cursor."""
        per_px = DEGREES_PER_HEIGHT / max(height, 1.0)
        self.yaw_deg = (self.yaw_deg - dx_px * per_px + 180.0) % 360.0 - 180.0
        self.pitch_deg = float(np.clip(self.pitch_deg + dy_px * per_px, -PITCH_LIMIT_DEG, PITCH_LIMIT_DEG))

    def pan(self, dx_px: float, dy_px: float, height: float) -> None:
        """Shift so that points at the target's depth move by exactly (dx, dy) pixels."""
        um_per_px = self.distance / self.focal_px(max(height, 1.0))
        right, up, _ = self.axes()
        self.target = self.target - right * dx_px * um_per_px + up * dy_px * um_per_px

    def zoom(self, notches: float, cursor: tuple[float, float], width: float, height: float) -> None:
        """Move nearer (notches > 0) or away; the point under `cursor` at the target's depth stays where it is."""
        before = self.distance
        wanted = before * ZOOM_PER_NOTCH ** float(np.clip(notches, -MOST_NOTCHES, MOST_NOTCHES))
        self.distance = float(np.clip(wanted, CLOSEST * self.radius, FARTHEST * self.radius))
        right, up, _ = self.axes()
        um_per_px = (before - self.distance) / self.focal_px(max(height, 1.0))
        self.target = (self.target + right * (cursor[0] - 0.5 * width) * um_per_px
                       - up * (cursor[1] - 0.5 * height) * um_per_px)

    # ---- where it starts ---------------------------------------------------------------------------------
    def home_distance(self, aspect: float = 1.0) -> float:
        """Distance at which the fitted sphere fills a picture of width / height = `aspect`, um."""
        half = math.radians(self.fov_deg) / 2.0
        if aspect < 1.0:
            half = math.atan(math.tan(half) * max(aspect, 0.05))
        return FIT_MARGIN * self.radius / math.sin(half)

    def fit(self, low: np.ndarray, high: np.ndarray, aspect: float = 1.0) -> None:
        """Take the box `low` .. `high` (um) as the scene; the direction of view stays."""
        low, high = np.asarray(low, float), np.asarray(high, float)
        self.center = 0.5 * (low + high)
        self.radius = max(0.5 * float(np.linalg.norm(high - low)), 1e-3)
        self.target = self.center.copy()
        self.distance = self.home_distance(aspect)

    def reset(self, aspect: float = 1.0) -> None:
        """Return to the first view of the fitted scene."""
        self.yaw_deg, self.pitch_deg = HOME_YAW_DEG, HOME_PITCH_DEG
        self.target = self.center.copy()
        self.distance = self.home_distance(aspect)

    def look(self, yaw_deg: float, pitch_deg: float, aspect: float = 1.0) -> None:
        """See the whole fitted scene from this direction."""
        self.reset(aspect)
        self.yaw_deg = (yaw_deg + 180.0) % 360.0 - 180.0
        self.pitch_deg = float(np.clip(pitch_deg, -PITCH_LIMIT_DEG, PITCH_LIMIT_DEG))

    def turn(self, degrees: float) -> None:
        """Turn about the vertical axis through the target."""
        self.yaw_deg = (self.yaw_deg + degrees + 180.0) % 360.0 - 180.0

    def relative_pose(self) -> tuple[float, ...]:
        """Return yaw, pitch (deg), distance, target x, y, z (radii of the fitted scene): fits any scene."""
        return (self.yaw_deg, self.pitch_deg, self.distance / self.radius,
                *(float(x) for x in (self.target - self.center) / self.radius))

    def take_pose(self, pose: tuple[float, ...]) -> None:
        """Take a pose of `relative_pose`."""
        yaw, pitch, distance, *target = pose
        self.yaw_deg, self.pitch_deg = yaw, float(np.clip(pitch, -PITCH_LIMIT_DEG, PITCH_LIMIT_DEG))
        self.distance = float(np.clip(distance, CLOSEST, FARTHEST)) * self.radius
        self.target = self.center + np.array(target, float) * self.radius

    def set_fov(self, fov_deg: float) -> None:
        """Change the opening angle; things at the target keep their size."""
        if fov_deg != self.fov_deg:
            self.distance *= (math.tan(math.radians(self.fov_deg) / 2.0) / math.tan(math.radians(fov_deg) / 2.0))
            self.fov_deg = fov_deg

    def pose(self) -> tuple[float, ...]:
        """Everything the picture depends on, for comparison."""
        return (self.yaw_deg, self.pitch_deg, self.fov_deg, self.distance, self.radius, self.up, *self.target,
                *self.center)
