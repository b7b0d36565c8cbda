"""The picked neuron's panel: its texts and its trace."""

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app.frames import Inspection
from neural_simulator.base.synapses import make
from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer import hud, inspector
from neural_simulator.viewer.camera import Camera
from neural_simulator.viewer.canvas import RING_SIDES
from neural_simulator.viewer.glyphs import build_atlas
from neural_simulator.viewer.inspector import Trace
from neural_simulator.viewer.scene import Shown, bounds, build_scene
from tests.viewer.samples import cloud, frame

VIEW = cloud(50)


def picked(parameters=12) -> Inspection:
    ones = np.ones(3)
    return Inspection(7, 0, VIEW.populations[0], (1.0, 2.0, 3.0),
                      tuple((f"p{k}", 1.5 * k, "mV") for k in range(parameters)),
                      make(7 * ones, [1, 2, 2], ones, ones), make([4, 5, 6], 7 * ones, ones, ones))


def tracing(step, count, neuron=7, v=-60.0):
    return replace(frame(VIEW, step=step), inspected=neuron, inspected_steps=np.arange(step - count, step),
                   inspected_v=np.full(count, v, np.float32))


def test_degrees_count_synapses_and_partners():
    assert inspector.degree_texts(picked()) == ("3 synapses from 3 neurons", "3 synapses onto 2 neurons")


def test_more_parameters_than_fit_end_in_a_count():
    assert len(inspector.parameter_texts(picked(12))) == 12
    texts = inspector.parameter_texts(picked(20))
    assert len(texts) == 12 and texts[-1] == ("…", "9 more") and texts[2] == ("p2", "3 mV")


def test_a_trace_gathers_frames_once_and_forgets_what_is_old():
    trace, first = Trace(), tracing(300, 100)
    for now in (first, first, tracing(450, 150, v=-50.0), tracing(650, 200, v=-40.0)):
        trace.saw(now, 1.0)
    assert trace.time_ms.tolist() == list(range(250, 650)) and trace.v[0] == -60.0 and trace.v[-1] == -40.0


@pytest.mark.parametrize("other", [tracing(700, 10, neuron=8), replace(tracing(700, 10), build=3), tracing(100, 10)])
def test_a_trace_begins_anew_with_another_neuron_another_network_or_a_rewound_run(other):
    trace = Trace()
    trace.saw(tracing(650, 200), 1.0)
    trace.saw(other, 1.0)
    assert trace.time_ms.size == 10 and trace.neuron == other.inspected


def test_the_trace_is_drawn_at_its_place_in_time_and_keeps_the_spikes_of_crowded_pixels():
    trace = Trace()
    now = tracing(400, 400)
    spiking = now.inspected_v.copy()
    spiking[200] = 30.0
    trace.saw(replace(now, inspected_v=spiking), 1.0)
    points, (low, high) = inspector.trace_points(trace, 400.0, 100.0, 50.0)
    top = points[np.argmin(points[:, 1])]
    assert top[0] == pytest.approx(50.0, abs=1.0) and low < -60.0 and high > 30.0
    assert top[1] == pytest.approx((high - 30.0) / (high - low) * 50.0)
    assert len(points) == 200 and points[:, 0].max() <= 100.0


def test_the_panel_stands_on_the_picture_where_there_is_room():
    def size_of(height, inspection):
        canvas = hud.Canvas(build_atlas(1.0), 1.0)
        shown = Shown(VIEW, tracing(400, 100), hud_viz, inspection)
        hud.lay_out(canvas, (1000, height), shown, build_scene(VIEW), facts, (50, 10, 0))
        return canvas.vertices()
    hud_viz, facts = VisualizationConfig(), hud.HudFacts()
    facts.trace.saw(tracing(400, 100), 1.0)
    shown = size_of(700, picked())
    assert shown.size > size_of(700, None).size + 500
    assert shown["position"].min() >= 0 and shown["position"][:, 0].max() <= 1000
    assert size_of(400, picked()).size == size_of(400, None).size


def test_a_ring_on_top_of_everything_marks_the_picked_neuron():
    def marks(inspection):
        canvas, camera = hud.Canvas(build_atlas(1.0), 1.0), Camera()
        camera.fit(*bounds(VIEW.positions), 1.0)
        hud.mark(canvas, (600, 600), Shown(VIEW, None, VisualizationConfig(), inspection), build_scene(VIEW), camera)
        return canvas.vertices()["position"], camera.project(np.array([picked().position]), 600, 600)[0, :2]
    without, _ = marks(None)
    ring, middle = marks(picked())
    off = np.hypot(*(ring[len(without):] - middle).T)
    assert len(off) == 6 * RING_SIDES and off.min() > 6.0 and off.max() < 16.0
