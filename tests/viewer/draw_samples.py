"""Draws the pictures that test_pixels.py looks at, in a process of its own: `python draw_samples.py FILE.npz`.

PyOpenGL binds itself to one windowing system per process; here it is EGL, without any display.
"""

import os
import sys
from dataclasses import replace
from pathlib import Path

os.environ.pop("DISPLAY", None)
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from neural_simulator.app.frames import NEVER
from neural_simulator.base.errors import BackendError
from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer.offscreen import OffscreenViewer, picture
from tests.viewer.samples import STEP, cloud, frame, network

SIZE = (240, 200)
BIG = VisualizationConfig(point_size=40.0, inactive_opacity=1.0, show_synapses=False)
SMALL = BIG.changed(point_size=6.0)
BOX = [[-500, -500, -500], [500, 500, 500]]        # two far corners keep the box of the test networks the same
ONE = network([[0, 0, 0], *BOX], [0, 0, 1])
PLACES = network([[200, -100, 50], *BOX])
PAIR = network([[-300, 0, 0], [300, 0, 0], *BOX], synapses=[(0, 1)])
AGES = (1, 15, 30, 45, 59, 60, 500)


def fired(view, age_steps):
    """A frame in which neuron 0 fired `age_steps` ago and no other ever did."""
    last = np.full(view.num_neurons, NEVER, np.int32)
    last[0] = STEP - age_steps
    return frame(view, last)


def colours(viewer) -> dict[str, np.ndarray]:
    """Neuron 0 in the middle of the picture, in all modes and ages."""
    shots = {}
    for mode in ("activity", "trait", "potential"):
        for spiking in ("highlight", "only", "none"):
            viz = BIG.changed(color_mode=mode, spiking_mode=spiking)
            shots[f"silent {mode} {spiking}"] = viewer.render(ONE, frame(ONE, v=-50.0), viz, *SIZE, hud=False)
            shots[f"firing {mode} {spiking}"] = viewer.render(ONE, fired(ONE, 1), viz, *SIZE, hud=False)
    for age in AGES:
        shots[f"age {age}"] = viewer.render(ONE, fired(ONE, age), BIG, *SIZE, hud=False)
    shots["no frame"] = viewer.render(ONE, None, BIG, *SIZE, hud=False)
    others = {"other size": fired(cloud(7), 1), "other build": replace(fired(ONE, 1), build=ONE.build + 1)}
    for name, other in others.items():
        shots[f"frame of {name}"] = viewer.render(ONE, other, BIG, *SIZE, hud=False)
    shots["faint"] = viewer.render(ONE, frame(ONE), BIG.changed(inactive_opacity=0.2), *SIZE, hud=False)
    return shots


def places(viewer) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """One lit neuron under several poses of the camera: pictures, and where the camera says it is."""
    shots, said = {}, {}
    moves = {"home": lambda camera: None, "orbit": lambda camera: camera.orbit(40, 25, SIZE[1]),
             "pan": lambda camera: camera.pan(-30, 18, SIZE[1]), "zoom": lambda camera: camera.zoom(2, (90, 60), *SIZE)}
    for name, move in moves.items():
        viewer.render(PLACES, None, SMALL, *SIZE, hud=False)       # the camera fits a new network
        viewer.camera.reset()
        move(viewer.camera)
        only = SMALL.changed(spiking_mode="only")
        shots[f"at {name}"] = viewer.render(PLACES, fired(PLACES, 1), only, *SIZE, hud=False)
        shots[f"nothing at {name}"] = viewer.render(PLACES, frame(PLACES), only, *SIZE, hud=False)
        said[f"pixel {name}"] = viewer.camera.project(PLACES.positions[:1], *SIZE)[0]
    viewer.camera.reset()
    return shots, said


def depths(viewer) -> dict[str, np.ndarray]:
    """Two neurons of different populations on the line of sight, in both orders, and a line behind a neuron."""
    viewer.render(ONE, None, BIG, *SIZE, hud=False)
    viewer.camera.reset()
    toward = viewer.camera.axes()[2] * 200.0
    viz = BIG.changed(color_mode="trait", spiking_mode="none")
    shots = {}
    for name, sign in (("population 0 nearer", 1.0), ("population 1 nearer", -1.0)):
        view = network([sign * toward, *BOX, -sign * toward], [0, 0, 0, 1])
        viewer.render(view, None, viz, *SIZE, hud=False)
        viewer.camera.reset()
        shots[name] = viewer.render(view, frame(view), viz, *SIZE, hud=False)
    for name, shift in (("line behind", -toward), ("line in front", toward)):
        right = viewer.camera.axes()[0] * 300.0
        view = network([[0, 0, 0], shift - right, shift + right, *BOX], synapses=[(1, 2)])
        for shown in (False, True):
            bright = viz.changed(show_synapses=shown, synapse_alpha=1.0, point_size=16.0)
            shots[f"{name} {shown}"] = viewer.render(view, frame(view), bright, *SIZE, hud=False)
    return shots


def lines(viewer) -> dict[str, np.ndarray]:
    """One synapse between two small neurons."""
    shots = {}
    bare = replace(PAIR, synapse_sample=np.zeros((0, 2), np.int32))
    viz = SMALL.changed(point_size=1.0, synapse_alpha=0.4)
    for name, view, now in (("shown", PAIR, frame(PAIR)), ("lit", PAIR, fired(PAIR, 1)), ("none", bare, frame(bare))):
        shots[f"synapse {name}"] = viewer.render(view, now, viz.changed(show_synapses=True), *SIZE, hud=False)
    shots["synapse hidden"] = viewer.render(PAIR, frame(PAIR), viz, *SIZE, hud=False)
    inhibiting = network([[-300, 0, 0], [300, 0, 0], *BOX], [1, 1, 1, 1], [(0, 1)])
    shots["synapse inhibiting"] = viewer.render(inhibiting, frame(inhibiting), viz.changed(show_synapses=True), *SIZE,
                                                hud=False)
    return shots


def sizes(viewer) -> dict[str, np.ndarray]:
    """Odd sizes, the display, caps and supersampling."""
    view = cloud(300)
    now = frame(view, STEP - np.arange(300))
    shots = {"display": viewer.render(view, now, VisualizationConfig(), 900, 600),
             "no display": viewer.render(view, now, VisualizationConfig(), 900, 600, hud=False),
             "no network": viewer.render(None, None, VisualizationConfig(), 300, 200),
             "one pixel": viewer.render(view, now, VisualizationConfig(), 1, 1),
             "smooth": viewer.render(view, now, VisualizationConfig(), 300, 200, hud=False, supersample=2),
             "plain": viewer.render(view, now, VisualizationConfig(), 300, 200, hud=False),
             "capped": viewer.render(view, now, VisualizationConfig(max_neurons_drawn=10), 300, 200, hud=False),
             "empty": viewer.render(network(np.zeros((0, 3))), None, VisualizationConfig(), 300, 200)}
    for size in ((0, 100), (100, 0), (10**6, 10)):
        try:
            viewer.render(view, now, VisualizationConfig(), *size)
            raise AssertionError(f"a picture of {size} was drawn")
        except BackendError as error:
            shots[f"refused {size}"] = np.array(str(error))
    return shots


def main() -> None:
    with OffscreenViewer() as viewer:
        print(viewer.device_name())
        located, said = places(viewer)
        viewer.camera.reset()
        shots = {**colours(viewer), **located, **said, **depths(viewer), **lines(viewer), **sizes(viewer)}
    view = cloud(300)
    shots["second context"] = picture(view, frame(view, STEP - np.arange(300)), VisualizationConfig(), 300, 200,
                                      hud=False)
    np.savez(sys.argv[1], **shots)


if __name__ == "__main__":
    main()
