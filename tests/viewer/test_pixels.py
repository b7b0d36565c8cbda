"""What the pictures show, against colors and camera. They are drawn once, in a process without a display."""

import json

import numpy as np
import pytest

from neural_simulator.base.palette import EXCITATORY, INHIBITORY, population_color
from neural_simulator.viewer import colors
from neural_simulator.viewer.scene import DEPTH_FADE
from tests.viewer.samples import STEP, drawn, frame, network

CENTER = (100, 120)      # row, column of the middle of draw_samples.SIZE
AGES = (1, 15, 30, 45, 59, 60, 500)


@pytest.fixture(scope="module")
def shots(tmp_path_factory) -> dict[str, np.ndarray]:
    """All pictures of draw_samples.py by name."""
    return drawn("draw_samples.py", tmp_path_factory.mktemp("pixels"))


def middle(picture) -> np.ndarray:
    """Mean colour of the 2 x 2 pixels in the middle, 0..1."""
    row, column = CENTER
    return picture[row - 1:row + 1, column - 1:column + 1].mean(axis=(0, 1)) / 255.0


def lit(color, active=0.0) -> np.ndarray:
    """What shaders/neuron.frag makes of `color` in the middle of a sphere at the middle of the depth range."""
    fade = DEPTH_FADE * 0.5 * (1.0 - 0.7 * active)
    faded = np.asarray(color) * (1.0 - fade) + np.asarray(colors.BACKGROUND) * fade
    light = faded * (0.46 + 0.76 * 0.714) + 0.16 * (2 * 0.714 - 0.714) ** 16
    return np.clip(light * (1.0 - active) + faded * 1.1 * active, 0.0, 1.0)


def expected(mode, spiking, last_spike_step, v=-65.0) -> np.ndarray:
    """Colour of a single neuron of population 0 by colors.neuron_colors."""
    view = network(np.zeros((1, 3)))
    now = frame(view, [last_spike_step], v)
    return colors.neuron_colors(now, view.population_of, 1.0, mode, spiking, 60.0)[0]


def changed_pixels(a, b) -> np.ndarray:
    """(K, 2) row, column of the pixels that differ visibly."""
    return np.argwhere(np.abs(a.astype(int) - b.astype(int)).max(axis=2) > 6)


@pytest.mark.parametrize("mode", ["activity", "trait", "potential"])
@pytest.mark.parametrize("spiking", ["highlight", "none"])
def test_a_silent_neuron_has_the_colour_of_its_state(shots, mode, spiking):
    found = middle(shots[f"silent {mode} {spiking}"])
    assert found == pytest.approx(lit(expected(mode, spiking, -1, v=-50.0)), abs=0.025)


@pytest.mark.parametrize("mode", ["activity", "trait", "potential"])
def test_a_firing_neuron_is_brighter_than_a_silent_one(shots, mode):
    assert middle(shots[f"firing {mode} highlight"]).sum() > middle(shots[f"silent {mode} highlight"]).sum() + 0.5


@pytest.mark.parametrize("age", AGES)
def test_the_glow_fades_as_the_activity_does(shots, age):
    active = float(colors.activity(np.array([STEP - age]), STEP, 1.0, 60.0)[0])
    body = lit(expected("activity", "highlight", STEP - age), active)
    found = middle(shots[f"age {age}"])
    assert np.all(found > body - 0.03), "the glow adds light to the body, never takes any"
    if active < 0.1:
        assert found == pytest.approx(body, abs=0.03)


def test_a_glow_surrounds_a_firing_neuron_only_when_spikes_are_marked(shots):
    ring = (CENTER[0], CENTER[1] + 40)
    ground = np.round(np.array(colors.BACKGROUND) * 255)
    assert shots["firing activity highlight"][ring].sum() > ground.sum() + 20
    assert np.all(np.abs(shots["firing trait none"][ring] - ground) <= 2)
    assert np.all(np.abs(shots["silent activity highlight"][ring] - ground) <= 2)


@pytest.mark.parametrize("mode", ["activity", "trait", "potential"])
def test_only_spiking_hides_the_silent(shots, mode):
    assert middle(shots[f"silent {mode} only"]) == pytest.approx(np.array(colors.BACKGROUND), abs=0.01)
    assert middle(shots[f"firing {mode} only"]).sum() > 1.0


def test_unmarked_spikes_leave_the_trait_colour(shots):
    assert middle(shots["firing trait none"]) == pytest.approx(lit(population_color(0)), abs=0.025)
    assert np.array_equal(shots["firing trait none"], shots["silent trait none"])


def test_opacity_of_the_inactive_lets_the_ground_through(shots):
    silent = lit(expected("activity", "highlight", -1))
    mixed = 0.2 * silent + 0.8 * np.array(colors.BACKGROUND)
    assert middle(shots["faint"]) == pytest.approx(mixed, abs=0.025)


def test_before_the_first_frame_every_neuron_is_silent(shots):
    assert np.array_equal(shots["no frame"], shots["age 500"])


@pytest.mark.parametrize("other", ["other size", "other build"])
def test_a_frame_of_another_network_is_not_mixed_in(shots, other):
    assert np.array_equal(shots[f"frame of {other}"], shots["no frame"])


@pytest.mark.parametrize("pose", ["home", "orbit", "pan", "zoom"])
def test_a_neuron_stands_where_the_camera_says(shots, pose):
    rows, columns = changed_pixels(shots[f"at {pose}"], shots[f"nothing at {pose}"]).T
    assert rows.size > 10
    x, y, _ = shots[f"pixel {pose}"]
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((x, y), abs=0.6)


def test_moving_the_camera_moves_the_neuron_on_the_picture(shots):
    places = [tuple(shots[f"pixel {pose}"][:2]) for pose in ("home", "orbit", "pan", "zoom")]
    apart = [np.hypot(*np.subtract(a, b)) for i, a in enumerate(places) for b in places[:i]]
    assert min(apart) > 3


@pytest.mark.parametrize("nearer", [0, 1])
def test_the_nearer_neuron_covers_the_farther(shots, nearer):
    found = middle(shots[f"population {nearer} nearer"])
    other = population_color(1 - nearer)
    wanted = population_color(nearer)
    assert np.dot(found, wanted) / np.linalg.norm(wanted) > np.dot(found, other) / np.linalg.norm(other)
    assert np.argmax(found) == np.argmax(wanted)


def test_a_sphere_hides_lines_behind_it_and_not_those_before_it(shots):
    def crossing(name):
        changed = changed_pixels(shots[f"{name} True"], shots[f"{name} False"])
        assert len(changed) > 20, "the line shows somewhere"
        return np.any((np.abs(changed[:, 1] - CENTER[1]) < 8) & (np.abs(changed[:, 0] - CENTER[0]) < 12))
    assert crossing("line in front")
    assert not crossing("line behind")


def test_hiding_synapses_leaves_the_picture_of_a_network_without_any(shots):
    assert np.array_equal(shots["synapse hidden"], shots["synapse none"])
    assert len(changed_pixels(shots["synapse shown"], shots["synapse hidden"])) > 20
    assert np.array_equal(shots["synapse again"], shots["synapse shown"]), "it vanished and formed again"


@pytest.mark.parametrize(("name", "color"), [("shown", EXCITATORY), ("inhibiting", INHIBITORY)])
def test_lines_have_the_colour_of_their_sign(shots, name, color):
    rows, columns = changed_pixels(shots[f"synapse {name}"], shots["synapse none"]).T
    mean = (shots[f"synapse {name}"][rows, columns].astype(float) - shots["synapse none"][rows, columns]).mean(axis=0)
    assert np.argmax(mean) == np.argmax(color)


def test_a_line_lights_up_while_its_presynaptic_neuron_is_active(shots):
    rows, columns = changed_pixels(shots["synapse shown"], shots["synapse none"]).T
    half = columns < np.median(columns) + 1000
    assert shots["synapse lit"][rows[half], columns[half]].mean() > 1.4 * shots["synapse shown"][
        rows[half], columns[half]].mean()


def test_the_display_writes_over_the_corners_and_leaves_the_middle(shots):
    changed = changed_pixels(shots["display"], shots["no display"])
    assert len(changed) > 1500
    in_middle = (np.abs(changed[:, 0] - 300) < 60) & (np.abs(changed[:, 1] - 450) < 150)
    assert not np.any(in_middle)


def test_without_a_network_one_sentence_is_shown(shots):
    assert (shots["no network"].max(axis=2) > 100).sum() > 50


@pytest.mark.parametrize("size", [(0, 100), (100, 0), (10**6, 10)])
def test_an_impossible_size_is_refused_in_one_sentence(shots, size):
    text = str(shots[f"refused {size}"])
    assert f"{size[0]} x {size[1]} pixels cannot be drawn" in text and "between 1 and" in text


def test_the_smallest_pictures_and_networks_can_be_drawn(shots):
    assert shots["one pixel"].shape == (1, 1, 3)
    assert shots["empty"].shape == (200, 300, 3)


def test_supersampling_keeps_what_is_shown(shots):
    assert shots["smooth"].shape == shots["plain"].shape
    assert shots["smooth"].mean() == pytest.approx(shots["plain"].mean(), rel=0.15)


def test_the_cap_on_neurons_leaves_fewer_of_them(shots):
    assert (shots["capped"].max(axis=2) > 60).sum() < 0.4 * (shots["plain"].max(axis=2) > 60).sum()


def test_a_second_context_in_the_process_draws_the_same(shots):
    assert shots["second context"].mean() == pytest.approx(shots["smooth"].mean(), rel=0.02)


@pytest.mark.parametrize("mode", ["type", "population"])
def test_groups_have_the_palette_s_colours(shots, mode):
    assert middle(shots[f"mode {mode}"]) == pytest.approx(lit(population_color(0)), abs=0.025)


@pytest.mark.parametrize(("mode", "position"), [("excitation", 1.0), ("inhibition", 0.0)])
def test_summed_weights_lie_on_their_ramp(shots, mode, position):
    color = colors.ramp(colors.WEIGHT_STOPS, np.array(position))
    assert middle(shots[f"mode {mode}"]) == pytest.approx(lit(color), abs=0.03)


FLIGHTS = ["1 0.0", "3 0.0", "3 0.5", "6 0.0"]


@pytest.mark.parametrize("when", FLIGHTS)
def test_a_pulse_is_where_its_delay_says(shots, when):
    with_pulse, without = (shots[f"pulse {when} {shown}"].astype(int) for shown in (True, False))
    light = (with_pulse - without).sum(axis=2)
    assert light.max() > 150
    rows, columns = np.nonzero(light > 0.5 * light.max())
    x, y, _ = shots[f"pulse at {when}"]
    assert (columns.mean() + 0.5, rows.mean() + 0.5) == pytest.approx((x, y), abs=1.0)


def test_pulses_move_on_from_time_to_time(shots):
    places = np.array([shots[f"pulse at {when}"][:2] for when in FLIGHTS])
    steps = np.hypot(*np.diff(places, axis=0).T)
    assert steps.min() > 3, "pixels"


@pytest.mark.parametrize("when", ["0 0.0", "7 0.0"])
def test_a_spike_that_has_not_left_or_has_arrived_is_not_under_way(shots, when):
    assert np.array_equal(shots[f"pulse {when} True"], shots[f"pulse {when} False"])


@pytest.mark.parametrize("name", ["population", "type", "activity", "silence", "region"])
def test_the_device_s_filters_leave_the_neurons_that_the_rules_leave(shots, name):
    def found(places, picture):
        columns, rows = places[:, 0].astype(int), places[:, 1].astype(int)
        return picture[rows, columns].max(axis=1) > 60
    everything, kept, left = shots["kept nothing"], shots[f"kept {name}"], shots[f"filter {name}"]
    assert 3 < len(kept) < len(everything) - 3
    assert np.all(found(kept, left))
    gone = np.array([place for place in everything if place.tolist() not in kept.tolist()])
    apart = np.array([np.hypot(*(kept[:, :2] - place[:2]).T).min() > 6 for place in gone])
    assert apart.sum() > 3 and found(gone[apart], shots["filter nothing"]).all()
    assert found(gone[apart], left).mean() < 0.35, "only lines cross where they were"


@pytest.mark.parametrize("name", ["everything", "nowhere"])
def test_what_is_filtered_away_entirely_leaves_the_ground(shots, name):
    ground = np.round(np.array(colors.BACKGROUND) * 255)
    assert np.abs(shots[f"filter {name}"] - ground).max() <= 1


def test_lines_end_at_the_clip_plane(shots):
    changed = changed_pixels(shots["filter lines"], shots["filter nowhere"])
    whole = changed_pixels(shots["filter nothing"], shots["filter nowhere"])
    assert 100 < len(changed) < 0.7 * len(whole)


def test_a_ring_marks_a_selected_neuron(shots):
    changed = changed_pixels(shots["selected"], shots["unmarked"])
    x, y, _ = shots["picked places"][1]
    distance = np.hypot(changed[:, 1] + 0.5 - x, changed[:, 0] + 0.5 - y)
    assert len(changed) > 30 and distance.min() > 6 and distance.max() < 16


def test_a_picked_neuron_shows_all_its_synapses_and_the_spikes_along_them(shots):
    changed = changed_pixels(shots["picked"], shots["unmarked"])
    middle_of = {pair: shots["picked places"][list(pair), :2].mean(axis=0) for pair in ((0, 1), (0, 2), (1, 2))}

    def crossed(pair):
        return np.hypot(*(changed[:, ::-1] + 0.5 - middle_of[pair]).T).min() < 2
    assert crossed((0, 1)) and crossed((0, 2)) and not crossed((1, 2))
    start, end = shots["picked places"][2, :2], shots["picked places"][0, :2]
    x, y = start + 0.4 * (end - start)
    near = np.abs(shots["picked"].astype(int) - shots["unmarked"])[int(y) - 2:int(y) + 3, int(x) - 2:int(x) + 3]
    assert near.max() > 100, "the pulse of the spike that left 2 of 5 steps ago"


def test_without_a_background_only_what_is_drawn_covers(shots):
    alpha, opaque = shots["transparent"][..., 3], shots["unmarked"]
    ground = np.abs(opaque - np.round(np.array(colors.BACKGROUND) * 255)).max(axis=2) <= 1
    assert alpha[ground].max() <= 8 and alpha[~ground].mean() > 60 and alpha.max() >= 250
    over_ground = (shots["transparent"][..., :3] * (alpha[..., None] / 255.0)
                   + np.array(colors.BACKGROUND) * 255 * (1.0 - alpha[..., None] / 255.0))
    assert np.abs(over_ground - opaque).mean() < 1.0, "laid over the ground it is the usual picture"


def test_dithered_transparency_covers_its_share(shots):
    full, thin = (shots[f"crowd {opacity}"].astype(float).max(axis=2) for opacity in (1.0, 0.3))
    assert full.mean() > 60
    assert thin.mean() < full.mean(), "the farther ones, which are darker, show through"


def test_a_state_that_cannot_be_shared_is_copied_with_the_same_pixels(shots):
    assert str(shots["lent path"]) == "copied"
    assert np.array_equal(shots["lent"], shots["owned"]) and (shots["lent"].max(axis=2) > 60).sum() > 500


def test_many_neurons_are_sorted_anew_soon_after_the_view_has_turned(shots):
    assert not np.array_equal(shots["turned at first"], shots["turned exact"]), "drawn in the order of before"
    assert np.array_equal(shots["turned soon"], shots["turned exact"])


def test_the_benchmark_of_the_viewer_measures_pictures_and_what_they_cost_a_simulation(shots):
    row, full_pace, own_pace = json.loads(str(shots["measured"]))
    assert row["still_ms_p50"] > 0.0 and row["turning_ms_p50"] > 0.0 and row["update_copied_ms_p50"] > 0.0
    for each in (full_pace, own_pace):
        assert each["steps_per_s_alone"] > 0.0 and each["pictures_per_s"] > 0.0 and each["slowdown_error"] >= 0.0
        assert each["slowdown"] == pytest.approx(1.0 - each["steps_per_s_watched"] / each["steps_per_s_alone"])
