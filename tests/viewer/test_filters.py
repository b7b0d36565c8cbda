"""Which neurons are drawn, and which one a click means."""

import numpy as np
import pytest

from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer import filters
from neural_simulator.viewer.camera import Camera
from neural_simulator.viewer.picking import inside, pick, shown_neurons
from neural_simulator.viewer.scene import Shown, build_scene, neuron_radius_um
from tests.viewer.samples import STEP, cloud, frame, network

VIZ = VisualizationConfig()
SIZE = (800, 600)
VIEW = cloud(300)
SCENE = build_scene(VIEW)


def fitted() -> Camera:
    camera = Camera()
    camera.fit(SCENE.low, SCENE.high, SIZE[0] / SIZE[1])
    return camera


def seen(now=None, **changes) -> np.ndarray:
    return shown_neurons(SCENE, Shown(VIEW, now, VIZ.changed(**changes)))[0]


def test_everything_is_shown_without_filters():
    assert np.array_equal(seen(), np.arange(300)) and filters.summary(VIZ, VIEW.populations) == ""


def test_hidden_populations_and_types_are_left_out():
    assert np.array_equal(seen(hidden_populations=(1,)), np.arange(240))
    assert np.array_equal(seen(hidden_types=(0,)), np.arange(240, 300))
    assert seen(hidden_populations=(0,), hidden_types=(1,)).size == 0
    assert seen(hidden_populations=(77,)).size == 300, "a population that does not exist hides nothing"


def test_a_click_on_a_group_hides_it_and_the_next_one_shows_it_again():
    hidden = VIZ.changed(**filters.toggled(VIZ, VIEW.populations, (1,)))
    assert np.array_equal(shown_neurons(SCENE, Shown(VIEW, None, hidden))[0], np.arange(240))
    assert VIZ.changed(**filters.toggled(hidden, VIEW.populations, (1,))) == VIZ
    by_type = VIZ.changed(hidden_types=(0,))
    assert filters.toggled(by_type, VIEW.populations, (0,))["hidden_populations"] == ()
    assert filters.toggled(by_type, VIEW.populations, (0, 1))["hidden_populations"] == (0, 1), "one of them was shown"


def test_the_mask_has_one_bit_per_population():
    populations = VIEW.populations * 100
    mask = filters.hidden_mask(VIZ.changed(hidden_populations=(0, 33, 199)), populations)
    bits = [k for k in range(256) if mask[k // 32] >> np.uint32(k % 32) & np.uint32(1)]
    assert bits == [0, 33, 199]


def test_activity_selects_by_the_age_of_the_newest_spike():
    now = frame(VIEW, STEP - np.arange(300))
    assert np.array_equal(seen(now, activity_from=0.25), np.arange(31)), "half of the fading time leaves a quarter"
    assert np.array_equal(seen(now, activity_to=0.0), np.arange(60, 300))
    assert np.array_equal(seen(now, spiking_mode="only"), np.arange(60))


@pytest.mark.parametrize("axis", range(3))
def test_clip_planes_cut_away_a_share_of_the_extent(axis):
    name, places = "xyz"[axis], VIEW.positions[:, axis]
    edge = places.min() + 0.25 * (places.max() - places.min())
    assert np.array_equal(seen(**{f"clip_{name}_from": 0.25}), np.flatnonzero(places >= edge))
    assert np.array_equal(seen(**{f"clip_{name}_to": 0.25}), np.flatnonzero(places <= edge))


def test_a_click_on_a_neuron_picks_it_and_one_on_nothing_picks_none():
    camera, shown = fitted(), Shown(VIEW, None, VIZ)
    places = camera.project(VIEW.positions, *SIZE)
    radius = neuron_radius_um(SCENE, VIZ.point_size, camera, *SIZE) * camera.focal_px(SIZE[1]) / places[:, 2]
    alone = 0
    for number in range(300):
        near = np.hypot(*(places[:, :2] - places[number, :2]).T) <= radius
        if near.sum() == 1:
            alone += 1
            assert pick(SCENE, shown, camera, *places[number, :2], SIZE) == number
        else:
            found = pick(SCENE, shown, camera, *places[number, :2], SIZE)
            assert near[found] and places[found, 2] == places[near, 2].min(), "the nearest one hides the others"
    assert 100 < alone < 300
    assert pick(SCENE, shown, camera, 1.0, 1.0, SIZE) is None


def test_a_click_close_beside_a_neuron_still_picks_it():
    view = network([[0, 0, 0], [500, 500, 500], [-500, -500, -500]])
    scene, camera = build_scene(view), Camera()
    camera.fit(scene.low, scene.high, SIZE[0] / SIZE[1])
    x, y, _ = camera.project(view.positions[:1], *SIZE)[0]
    assert pick(scene, Shown(view, None, VIZ), camera, x + 3.0 + 5.0, y, SIZE) == 0
    assert pick(scene, Shown(view, None, VIZ), camera, x + 3.0 + 12.0, y, SIZE) is None


def test_what_is_filtered_away_or_behind_the_eye_cannot_be_picked():
    camera = fitted()
    x, y, _ = camera.project(VIEW.positions[270:271], *SIZE)[0]
    assert pick(SCENE, Shown(VIEW, None, VIZ), camera, x, y, SIZE) is not None
    assert pick(SCENE, Shown(VIEW, None, VIZ.changed(hidden_populations=(0, 1))), camera, x, y, SIZE) is None
    camera.distance = -2.0 * camera.distance
    assert pick(SCENE, Shown(VIEW, None, VIZ), camera, 400, 300, SIZE) is None


def test_a_box_selects_the_neurons_whose_centres_lie_in_it():
    camera, shown = fitted(), Shown(VIEW, None, VIZ.changed(hidden_populations=(1,)))
    x, y, _ = camera.project(VIEW.positions, *SIZE).T
    chosen = inside(SCENE, shown, camera, (300.0, 200.0, 420.0, 330.0), SIZE)
    expected = (x >= 300) & (x <= 420) & (y >= 200) & (y <= 330) & (np.arange(300) < 240)
    assert np.array_equal(chosen, np.flatnonzero(expected)) and 5 < chosen.size < 240 and chosen.dtype == np.int32
