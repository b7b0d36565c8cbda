"""The head-up display as text and quads."""

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app.actions import ACTIONS
from neural_simulator.app.frames import LearningView
from neural_simulator.base.units import in_bytes
from neural_simulator.config import VisualizationConfig
from neural_simulator.engine.learning_view import PlasticityEvents
from neural_simulator.viewer import hud
from neural_simulator.viewer.camera import Camera
from neural_simulator.viewer.canvas import wrapped
from neural_simulator.viewer.colors import COLOR_MODES
from neural_simulator.viewer.glyphs import ATLAS_WIDTH, CHARACTERS, build_atlas
from neural_simulator.viewer.scene import Shown, build_scene
from tests.viewer.samples import cloud, frame

VIZ = VisualizationConfig()
ATLAS = build_atlas(1.0)
NOTHING, PACE = hud.HudFacts(), hud.HudFacts("42 per s")


def laid_out(view, size=(1000, 700), viz=VIZ, facts=NOTHING, scale=1.0, **more) -> np.ndarray:
    canvas = hud.Canvas(ATLAS if scale == 1.0 else build_atlas(scale), scale)
    shown = Shown(view, frame(view) if view is not None else None, viz, **more)
    scene = build_scene(view) if view is not None else None
    hud.mark(canvas, size, shown, scene, Camera())
    hud.lay_out(canvas, size, shown, scene, facts, (view.num_neurons if view else 0, 10, 3))
    return canvas.vertices()


def rows(view, viz=VIZ, facts=PACE, drawn=(100, 10, 3), **more) -> dict[str, str]:
    return dict(hud.number_rows(Shown(view, frame(view), viz, **more), facts, drawn))


def test_numbers_are_those_of_network_and_frame():
    shown = rows(cloud(100))
    assert shown["Rate"] == "6.4 Hz", "80 cells at 5 Hz and 20 at 12 Hz"
    assert shown["Spikes"] == "1,234" and shown["Neurons"] == "100"
    assert shown["Synapses"] == "200 (10 drawn)" and shown["Backend"] == "CPU, 1 thread"
    assert shown["Memory"] == in_bytes(cloud(100).memory_bytes) == "3.5 MB"
    assert shown["Pictures"] == "42 per s" and shown["Step"] == "120 µs"


@pytest.mark.parametrize(("value", "text"), [(900, "900 B"), (999_700, "1 MB"), (5_240_000, "5.24 MB"), (3e9, "3 GB")])
def test_memory_is_written_in_the_unit_that_fits(value, text):
    assert in_bytes(value) == text


def test_what_is_left_out_is_said():
    assert rows(cloud(100), drawn=(40, 10, 0))["Neurons"] == "100 (40 drawn)"
    assert rows(cloud(100), VIZ.changed(show_synapses=False))["Synapses"] == "200 (hidden)"
    assert rows(cloud(100), facts=hud.HudFacts(dropped="pulses"))["Left out"] == "pulses"
    filtered = rows(cloud(100), VIZ.changed(hidden_populations=(1,), clip_x_to=0.5, activity_from=0.25))["Shown"]
    assert filtered == "without P1, activity outside 0.25 to 1, a region"


def test_what_is_learned_is_counted():
    view = cloud(100)
    for events, text, rewarded in ((PlasticityEvents(1234, 56), "1,234 up, 56 down", False),
                                   (PlasticityEvents(1, 2, 3, 4), "1 up, 2 down, 3 new, 4 gone", True)):
        learned = LearningView(events, (), rewarded, 0.5)
        told = dict(hud.number_rows(Shown(view, replace(frame(view), learning=learned), VIZ), PACE, (100, 10, 3)))
        assert told["Learned"] == text and told.get("Dopamine") == ("0.5" if rewarded else None)
    assert not {"Learned", "Dopamine"} & set(rows(view))


def test_what_does_not_apply_takes_no_row():
    assert not {"Left out", "Shown", "Selected", "Pictures", "Speed"} & set(rows(cloud(100), facts=NOTHING))
    assert rows(cloud(100), selection=np.arange(7))["Selected"] == "7 neurons"
    assert rows(cloud(100))["Pulses"] == "3 under way" and "Pulses" not in rows(cloud(100), VIZ.changed(
        show_pulses=False))


@pytest.mark.parametrize(("value", "text"), [(0.0, "0 ms"), (1234.0, "1,234 ms"), (65_432.0, "65.43 s")])
def test_time_is_written_in_the_unit_that_fits(value, text):
    assert hud.time_text(value) == text


def test_every_character_has_its_own_place_in_the_atlas():
    for face in ATLAS.faces.values():
        assert face.texel.shape == (len(CHARACTERS), 4)
        inked = [index for index, character in enumerate(CHARACTERS) if character != " "]
        for index in inked:
            left, top, right, bottom = face.texel[index].astype(int)
            assert 0 <= left < right <= ATLAS_WIDTH and bottom <= ATLAS.pixels.shape[0]
            assert ATLAS.pixels[top:bottom, left:right].max() > 100, CHARACTERS[index]


def test_text_is_as_wide_as_its_characters_and_starts_on_a_whole_pixel():
    canvas = hud.Canvas(ATLAS, 1.0)
    canvas.text(100.4, 50.3, "Hello")
    canvas.text(300.0, 50.0, "Hello", align=1.0)
    left, right = np.split(canvas.vertices()["position"], 2)
    width = ATLAS.faces["normal"].line("Hello").width
    assert np.all(left == np.round(left)) and 100 <= left[:, 0].min() < 103
    assert right[:, 0].max() <= 300 and np.allclose(right - left, right[0] - left[0])
    assert right[0, 0] - left[0, 0] == 300 - width - 100


def test_an_unknown_character_is_a_question_mark():
    face = ATLAS.faces["normal"]
    assert np.array_equal(face.line("\u4e2d").texel, face.line("?").texel)


@pytest.mark.parametrize("mode", COLOR_MODES)
@pytest.mark.parametrize("size", [(1280, 720), (400, 300), (261, 181)])
def test_everything_stays_on_the_picture(mode, size):
    vertices = laid_out(cloud(100), size, VIZ.changed(color_mode=mode))
    x, y = vertices["position"].T
    assert vertices.size > 0 and x.min() >= 0 and y.min() >= 0 and x.max() <= size[0]
    assert y.max() <= size[1] or size[1] < 250, "the number panel alone is taller than the smallest windows"


def test_a_tiny_window_has_no_display_and_a_missing_network_one_sentence():
    assert laid_out(cloud(10), (200, 100)).size == 0
    assert laid_out(None).size == 6 * (1 + len("No network yet.")), "a ground and one quad per character"


def test_a_long_notice_is_broken_between_words():
    face, text = ATLAS.faces["normal"], "The run reached its total time; Start begins anew."
    lines = wrapped(face, text.split(), 150.0)
    assert " ".join(lines) == text and len(lines) > 2
    assert all(face.line(line).width <= 150.0 for line in lines)
    assert wrapped(face, ["incomprehensibilities"], 10.0) == ["incomprehensibilities"]
    vertices = laid_out(cloud(100), (700, 500), notice=text * 3)
    assert vertices["position"][:, 0].max() <= 700


def test_the_display_grows_with_the_scale_of_the_screen():
    small, large = laid_out(cloud(100)), laid_out(cloud(100), (2000, 1400), scale=2.0)
    assert small.size == large.size
    assert np.ptp(large["position"][:60, 1]) == pytest.approx(2 * np.ptp(small["position"][:60, 1]), rel=0.1)


def test_many_populations_end_in_a_count():
    view = cloud(100)
    many = type(view)(**{**view.__dict__, "populations": view.populations * 10})
    few = type(view)(**{**view.__dict__, "populations": (view.populations * 6)})
    assert laid_out(many).size > laid_out(few).size


def test_each_row_of_the_legend_can_be_clicked():
    view, canvas = cloud(100), hud.Canvas(ATLAS, 1.0)
    hud.lay_out(canvas, (1000, 700), Shown(view, None, VIZ), build_scene(view), NOTHING, (100, 10, 3))
    first, second = canvas.areas
    assert (first.populations, second.populations) == ((0,), (1,)) and first.bottom == second.top
    assert second.holds(second.left + 1, second.top + 1) and not second.holds(first.left + 1, first.top + 1)


def test_every_hint_names_an_action_with_a_key():
    for name in (*hud.HINTED, *hud.SELECTION_HINTED):
        assert ACTIONS[name].keys and hud.HINT_WORDS[name]


def test_narrow_windows_get_fewer_hints():
    def lines(width):
        vertices = laid_out(cloud(100), (width, 700))
        ys = vertices["position"][:, 1]
        return np.ptp(ys[ys > 640])
    assert len(hud.hint_choices(0)[0]) > len(hud.hint_choices(0)[1]) > len(hud.hint_choices(0)[2])
    assert lines(700) <= lines(1400) + 20.0
    assert hud.hint_choices(12)[0][0] == "12 selected:" and "T stimulate" in hud.hint_choices(12)[0]


def test_a_low_picture_keeps_most_of_its_room_for_the_network():
    quiet = hud.HudFacts(hints=False)
    low, usual = (laid_out(cloud(100), (640, height), VIZ.changed(show_axes=False), quiet) for height in (360, 480))
    assert 0 < low["position"][:, 1].max() < 0.4 * 360
    assert low["position"][:, 1].max() < 0.7 * usual["position"][:, 1].max()
