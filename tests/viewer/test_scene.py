"""What is drawn, as arrays."""

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer.camera import Camera
from neural_simulator.viewer.scene import (
    CROWDED,
    UNIFORMS,
    Shown,
    back_to_front,
    box_lines,
    build_scene,
    drawn_neurons,
    neuron_radius_um,
    scale_bar,
    scene_uniforms,
    spacing_um,
    synapse_lines,
    up_axis,
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


def test_lines_run_from_pre_to_post_and_know_sign_weight_and_populations():
    view = network([[0, 0, 0], [1, 2, 3], [4, 5, 6]], [0, 0, 1], [(0, 1), (2, 0)], weights=(1.0, 3.0))
    lines = synapse_lines(build_scene(view), view.synapse_sample, (0.0, 4.0))
    assert np.array_equal(lines["position"], view.positions[[0, 1, 2, 0]])
    assert np.array_equal(lines["pre"], [0, 0, 2, 2]) and np.array_equal(lines["end"], [0, 255, 0, 255])
    assert np.array_equal(lines["inhibitory"], [0, 0, 255, 255])
    assert lines["weight"] == pytest.approx([0.25, 0.25, 0.75, 0.75])
    assert np.array_equal(lines["populations"], [[0, 0], [0, 0], [1, 0], [1, 0]])


def test_a_larger_cap_keeps_the_lines_that_were_there():
    view = cloud(50, synapses=200)
    scene = build_scene(view)
    few, more = (synapse_lines(scene, view.synapse_sample.first(count), (0.0, 1.0)) for count in (50, 150))
    assert np.array_equal(more[:100], few) and len(more) == 300


def test_neurons_are_drawn_from_the_farthest_to_the_nearest():
    view = cloud(500)
    scene, camera, drawn = build_scene(view), fitted(view), drawn_neurons(500, 400)
    for yaw in (0.0, 77.0, -140.0):
        camera.yaw_deg = yaw
        order = back_to_front(scene, drawn, camera)
        assert np.array_equal(np.sort(order), drawn)
        depth = camera.project(view.positions[order], 100, 100)[:, 2]
        assert np.all(np.diff(depth) < 2 * 1000.0 / 65535 * 2), "to within the rounding of the depth"


def test_an_empty_network_has_a_scene():
    scene = build_scene(network(np.zeros((0, 3))))
    assert scene.num_neurons == 0 and np.all(scene.high > scene.low) and len(scene.outlines) == 1
    assert back_to_front(scene, drawn_neurons(0, 10), Camera()).size == 0


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
    shown = Shown(view, frame(view), VIZ.changed(color_mode="potential"))
    block = scene_uniforms(build_scene(view), shown, fitted(view), 640, 480, 2.0)
    assert block["step"] == STEP and block["dt_ms"] == 0.5 and block["color_mode"] == 2
    assert tuple(block["viewport"]) == (640, 480)


@pytest.mark.parametrize("size", [(1280, 720), (500, 900)])
def test_point_size_is_the_diameter_in_pixels_at_the_centre_of_the_first_view(size):
    scene, camera = build_scene(cloud(100)), fitted(cloud(100))
    camera.reset(size[0] / size[1])
    radius = neuron_radius_um(scene, 9.0, camera, *size)
    assert 2.0 * radius * camera.focal_px(size[1]) / camera.distance == pytest.approx(9.0)


def test_crowded_neurons_are_drawn_smaller_in_proportion():
    view = cloud(200_000)
    scene, camera = build_scene(view), fitted(view)
    usual, large = (neuron_radius_um(scene, size, camera, 1280, 720) for size in (6.0, 12.0))
    assert usual == pytest.approx(CROWDED * spacing_um(scene)) and large == pytest.approx(2 * usual)
    assert spacing_um(scene) == pytest.approx(1000.0 / 200_000 ** (1 / 3), rel=0.01)


def test_populations_in_one_space_share_an_outline_and_layers_have_their_own():
    rng = np.random.default_rng(1)
    layers = [rng.random((300, 3)) * (500, 500, 100) + (0, 0, 200 * layer) for layer in (0, 0, 1)]
    view = network(np.concatenate(layers), np.repeat([0, 1, 2], 300), excitatory=(True, False, True))
    named = tuple(replace(p, name=name) for p, name in zip(view.populations, ("L23 E", "L23 I", "L5 E"), strict=True))
    upper, lower = build_scene(replace(view, populations=named)).outlines
    assert upper.populations == (0, 1) and upper.label == "L23" and lower.label == "L5 E"
    assert np.all(upper.high <= (500, 500, 100)) and lower.low[2] >= 200


@pytest.mark.parametrize("axis", range(3))
def test_a_layered_network_stands_upright(axis):
    rng = np.random.default_rng(1)
    layers = [rng.random((300, 3)) * 100.0 + np.eye(3)[axis] * 150.0 * layer for layer in range(3)]
    view = network(np.concatenate(layers), np.repeat([0, 1, 2], 300), excitatory=(True, False, True))
    assert up_axis(view) == axis
    assert up_axis(cloud(500)) == 2


def test_two_showings_are_the_same_by_identity_of_what_is_large():
    view = cloud(20)
    shown = Shown(view, frame(view), VIZ)
    assert shown.same_as(replace(shown, viz=VIZ.changed()))
    for other in (replace(shown, frame=frame(view)), replace(shown, viz=VIZ.changed(point_size=3.0)),
                  replace(shown, notice="Paused."), replace(shown, selection=np.array([1]))):
        assert not shown.same_as(other)


@pytest.mark.parametrize("distance", [0.7, 33.0, 1234.0, 9e5])
def test_the_scale_bar_is_a_round_length_of_the_right_size(distance):
    camera = Camera(distance=distance)
    length_um, length_px = scale_bar(camera, 600, 150.0)
    assert 150.0 / 2.5 - 1e-6 <= length_px <= 150.0 * (1 + 1e-6)
    assert length_px == pytest.approx(length_um * camera.focal_px(600) / distance)
    assert float(f"{length_um:.3e}"[0]) in (1, 2, 5) and float(f"{length_um:.6e}".split("e")[0]) in (1, 2, 5)
