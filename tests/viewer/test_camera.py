"""The camera's mathematics against closed forms."""

import math

import numpy as np
import pytest

from neural_simulator.viewer.camera import DEGREES_PER_HEIGHT, PITCH_LIMIT_DEG, PRESETS, ZOOM_PER_NOTCH, Camera

SIZE = (800, 600)


@pytest.fixture
def camera() -> Camera:
    camera = Camera()
    camera.fit(np.array([-300.0, -200.0, -100.0]), np.array([500.0, 400.0, 300.0]))
    return camera


def through_matrices(camera, points, width, height) -> np.ndarray:
    """Pixels of `points` by way of the two matrices that the shaders use."""
    clip = np.column_stack([points, np.ones(len(points))]) @ (
        camera.projection_matrix(width / height) @ camera.view_matrix()).T
    ndc = clip[:, :3] / clip[:, 3:]
    return np.column_stack([(ndc[:, 0] + 1) * width / 2, (1 - ndc[:, 1]) * height / 2, ndc[:, 2]])


def test_the_axes_are_right_handed_and_of_unit_length(camera):
    axes = camera.axes()
    assert np.allclose(axes @ axes.T, np.eye(3))
    assert np.allclose(np.cross(axes[0], axes[1]), axes[2])
    assert axes[0, 2] == 0.0, "the horizon stays level"


def test_looking_along_y_puts_x_to_the_right_and_z_up():
    camera = Camera(yaw_deg=-90.0, pitch_deg=0.0)
    camera.fit(np.full(3, -1.0), np.full(3, 1.0))
    center, right, up, near = camera.project(np.array([[0, 0, 0], [0.5, 0, 0], [0, 0, 0.5], [0, -0.5, 0]]), *SIZE)
    assert center[:2] == pytest.approx((400, 300))
    assert right[0] > 400 and right[1] == pytest.approx(300)
    assert up[1] < 300 and up[0] == pytest.approx(400)
    assert near[2] == pytest.approx(center[2] - 0.5)


def test_a_length_at_the_target_spans_focal_length_over_distance(camera):
    camera.fov_deg = 90.0
    right = camera.axes()[0]
    a, b = camera.project(np.array([camera.target, camera.target + 10.0 * right]), *SIZE)
    assert b[0] - a[0] == pytest.approx(10.0 * 300.0 / camera.distance)


def test_project_agrees_with_the_matrices(camera):
    camera.yaw_deg, camera.pitch_deg = 33.0, -41.0
    camera.pan(60, -35, SIZE[1])
    points = np.random.default_rng(1).uniform(-100, 300, (50, 3))
    assert np.allclose(camera.project(points, *SIZE)[:, :2], through_matrices(camera, points, *SIZE)[:, :2])


def test_everything_fitted_lies_within_the_picture_and_the_depth_range(camera):
    corners = np.array([[x, y, z] for x in (-300, 500) for y in (-200, 400) for z in (-100, 300)], float)
    for yaw in range(-180, 180, 30):
        for pitch in (-80, 0, 55):
            camera.yaw_deg, camera.pitch_deg = yaw, pitch
            for size in (SIZE, (300, 900)):
                camera.distance = camera.home_distance(size[0] / size[1])
                pixels = through_matrices(camera, corners, *size)
                assert np.all((pixels[:, 0] > 0) & (pixels[:, 0] < size[0]))
                assert np.all((pixels[:, 1] > 0) & (pixels[:, 1] < size[1]))
                assert np.all(np.abs(pixels[:, 2]) < 1), "between the near and the far plane"


def test_panning_moves_the_target_plane_exactly_with_the_cursor(camera):
    before = camera.target.copy()
    camera.pan(37.0, -21.0, SIZE[1])
    moved = camera.project(before[None], *SIZE)[0]
    assert moved[:2] == pytest.approx((400 + 37, 300 - 21))


def test_orbiting_turns_in_proportion_to_the_drag_and_stops_at_the_poles(camera):
    yaw, pitch = camera.yaw_deg, camera.pitch_deg
    camera.orbit(60.0, 30.0, 600.0)
    assert camera.yaw_deg == pytest.approx(yaw - DEGREES_PER_HEIGHT / 10)
    assert camera.pitch_deg == pytest.approx(pitch + DEGREES_PER_HEIGHT / 20)
    camera.orbit(0.0, 1e5, 600.0)
    assert camera.pitch_deg == PITCH_LIMIT_DEG


def test_a_drag_to_the_right_carries_the_near_side_to_the_right(camera):
    near = camera.target + 0.5 * camera.radius * camera.axes()[2]
    before = camera.project(near[None], *SIZE)[0]
    camera.orbit(20.0, 20.0, SIZE[1])
    after = camera.project(near[None], *SIZE)[0]
    assert after[0] > before[0] and after[1] > before[1]


def test_zooming_keeps_the_point_under_the_cursor(camera):
    cursor = (620.0, 140.0)
    right, up, _ = camera.axes()
    per_px = camera.distance / camera.focal_px(SIZE[1])
    under = camera.target + right * (cursor[0] - 400) * per_px - up * (cursor[1] - 300) * per_px
    assert camera.project(under[None], *SIZE)[0, :2] == pytest.approx(cursor)
    distance = camera.distance
    camera.zoom(3.0, cursor, *SIZE)
    assert camera.distance == pytest.approx(distance * ZOOM_PER_NOTCH ** 3)
    assert camera.project(under[None], *SIZE)[0, :2] == pytest.approx(cursor)


def test_the_distance_stays_finite_however_far_the_wheel_turns(camera):
    camera.zoom(1e4, (0, 0), *SIZE)
    near = camera.depth_range()
    assert 0 < near[0] < near[1] and math.isfinite(camera.distance)
    camera.zoom(-1e4, (0, 0), *SIZE)
    assert camera.distance <= 50.0 * camera.radius


def test_reset_returns_to_the_first_view(camera):
    first = camera.pose()
    camera.orbit(120, -50, 600)
    camera.pan(10, 10, 600)
    camera.zoom(2, (3, 3), *SIZE)
    assert camera.pose() != first
    camera.reset()
    assert camera.pose() == pytest.approx(first)


def test_a_new_opening_angle_keeps_the_size_at_the_target(camera):
    point = (camera.target + 50.0 * camera.axes()[0])[None]
    before = camera.project(point, *SIZE)[0, 0]
    camera.set_fov(80.0)
    assert camera.project(point, *SIZE)[0, 0] == pytest.approx(before)


def test_a_single_neuron_can_be_fitted():
    camera = Camera()
    camera.fit(np.zeros(3), np.zeros(3))
    assert np.all(np.isfinite(through_matrices(camera, np.zeros((1, 3)), *SIZE)))


@pytest.mark.parametrize("up", [0, 1, 2])
def test_any_axis_can_point_upwards(up):
    camera = Camera(up=up)
    camera.fit(np.full(3, -1.0), np.full(3, 1.0))
    axes = camera.axes()
    assert np.allclose(axes @ axes.T, np.eye(3)) and np.allclose(np.cross(axes[0], axes[1]), axes[2])
    low, high = camera.project(np.array([np.eye(3)[up] * sign for sign in (-0.5, 0.5)]), *SIZE)
    assert high[1] < 300 < low[1] and high[0] == pytest.approx(400) == low[0]


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_show_the_whole_scene_from_their_direction(camera, preset):
    camera.zoom(5, (3, 3), *SIZE)
    camera.look(*PRESETS[preset])
    assert (camera.yaw_deg, camera.pitch_deg) == pytest.approx(PRESETS[preset])
    assert camera.distance == pytest.approx(camera.home_distance()) and np.allclose(camera.target, camera.center)


def test_a_saved_pose_shows_the_same_part_of_another_scene(camera):
    camera.orbit(70, 30, 600)
    camera.zoom(4, (300, 200), *SIZE)
    pose = camera.relative_pose()
    other = Camera()
    other.fit(np.zeros(3), np.array([8.0, 6.0, 4.0]))
    other.take_pose(pose)
    assert other.relative_pose() == pytest.approx(pose)
    assert other.distance / other.radius == pytest.approx(camera.distance / camera.radius)
