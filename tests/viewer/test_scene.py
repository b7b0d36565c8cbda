"""What is drawn, as arrays."""

import numpy as np
import pytest

from neural_simulator.base.palette import EXCITATORY, INHIBITORY
from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer.camera import Camera
from neural_simulator.viewer.scene import (
    UNIFORMS,
    back_to_front,
    box_lines,
    build_scene,
    drawn_neurons,
    neuron_radius_um,
    scale_bar,
    scene_uniforms,
    synapse_lines,
)
from tests.viewer.samples import STEP, cloud, frame, network

VIZ = VisualizationConfig()


def fitted(view) -> Camera:
    camera = Camera()
    camera.fit(view.positions.min(axis=0), view.positions.max(axis=0))
    return camera


def test_all_neurons_are_drawn_below_the_cap():
    assert np.array_equal(drawn_neurons(5, 5), np.arange(5))


def test_a_larger_cap_only_adds_neurons():
    few, more = drawn_neurons(1000, 100), drawn_neurons(1000, 300)
    assert len(few) == 100 and len(more) == 300 and np.all(np.diff(few.astype(int)) > 0)
    assert set(few) < set(more)


def test_lines_run_from_pre_to_post_in_the_colour_of_the_sign():
    view = network([[0, 0, 0], [1, 2, 3], [4, 5, 6]], [0, 0, 1], [(0, 1), (2, 0)])
    lines = synapse_lines(view, 10)
    assert np.array_equal(lines["position"], view.positions[[0, 1, 2, 0]])
    assert np.array_equal(lines["pre"], [0, 0, 2, 2]) and np.array_equal(lines["end"], [0, 255, 0, 255])
    assert lines["color"][:2] / 255.0 == pytest.approx(np.array([EXCITATORY] * 2), abs=0.01)
    assert lines["color"][2:] / 255.0 == pytest.approx(np.array([INHIBITORY] * 2), abs=0.01)


def test_a_larger_cap_keeps_the_lines_that_were_there():
    view = cloud(50, synapses=200)
    assert np.array_equal(synapse_lines(view, 150)[:100], synapse_lines(view, 50))
    assert build_scene(view, VIZ.changed(max_synapses_drawn=0)).num_lines == 0


def test_neurons_are_drawn_from_the_farthest_to_the_nearest():
    view = cloud(500)
    scene, camera = build_scene(view, VIZ), fitted(view)
    for yaw in (0.0, 77.0, -140.0):
        camera.yaw_deg = yaw
        order = back_to_front(scene, camera)
        assert np.array_equal(np.sort(order), scene.drawn)
        depth = camera.project(view.positions[order], 100, 100)[:, 2]
        assert np.all(np.diff(depth) < 2 * 1000.0 / 65535 * 2), "to within the rounding of the depth"


def test_an_empty_network_has_a_scene():
    scene = build_scene(network(np.zeros((0, 3))), VIZ)
    assert scene.drawn.size == 0 and np.all(scene.high > scene.low)
    assert back_to_front(scene, Camera()).size == 0


def test_the_outline_has_twelve_edges_of_the_box():
    points = box_lines(np.zeros(3), np.array([1.0, 2.0, 3.0])).reshape(12, 2, 3)
    lengths = np.linalg.norm(points[:, 1] - points[:, 0], axis=1)
    assert sorted(lengths) == [1.0] * 4 + [2.0] * 4 + [3.0] * 4
    assert len({tuple(point) for point in points.reshape(-1, 3)}) == 8


def test_the_uniform_block_is_laid_out_in_rows_of_sixteen_bytes():
    assert UNIFORMS.itemsize % 16 == 0
    for name in ("background", "viewport", "step", "color_mode", "potential_range"):
        assert UNIFORMS.fields[name][1] % 16 == 0, name


def test_uniforms_carry_the_state_of_the_frame():
    view = network([[0, 0, 0], [1, 1, 1]], dt_ms=0.5)
    block = scene_uniforms(build_scene(view, VIZ), frame(view), VIZ.changed(color_mode="potential"), fitted(view),
                           640, 480, 2.0)
    assert block["step"] == STEP and block["dt_ms"] == 0.5 and block["color_mode"] == 2
    assert tuple(block["viewport"]) == (640, 480)


@pytest.mark.parametrize("size", [(1280, 720), (500, 900)])
def test_point_size_is_the_diameter_in_pixels_at_the_centre_of_the_first_view(size):
    camera = fitted(cloud(100))
    camera.reset(size[0] / size[1])
    radius = neuron_radius_um(9.0, camera, *size)
    assert 2.0 * radius * camera.focal_px(size[1]) / camera.distance == pytest.approx(9.0)


@pytest.mark.parametrize("distance", [0.7, 33.0, 1234.0, 9e5])
def test_the_scale_bar_is_a_round_length_of_the_right_size(distance):
    camera = Camera(distance=distance)
    length_um, length_px = scale_bar(camera, 600, 150.0)
    assert 150.0 / 2.5 - 1e-6 <= length_px <= 150.0 * (1 + 1e-6)
    assert length_px == pytest.approx(length_um * camera.focal_px(600) / distance)
    assert float(f"{length_um:.3e}"[0]) in (1, 2, 5) and float(f"{length_um:.6e}".split("e")[0]) in (1, 2, 5)
