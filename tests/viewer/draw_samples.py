"""Draws the pictures that test_pixels.py looks at, in a process of its own: `python draw_samples.py FILE.npz`.

PyOpenGL binds itself to one windowing system per process; here it is EGL, without any display.
"""

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from time import sleep
from types import SimpleNamespace

os.environ.pop("DISPLAY", None)
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np

from neural_simulator.app.frames import NEVER, Incoming, Inspection
from neural_simulator.backend.device_array import DeviceArray
from neural_simulator.base.errors import BackendError
from neural_simulator.base.synapses import NONE, Synapses
from neural_simulator.config import CoreSimConfig, GPUConfig, VisualizationConfig
from neural_simulator.viewer import measure
from neural_simulator.viewer.offscreen import OffscreenViewer, picture
from neural_simulator.viewer.picking import shown_neurons
from neural_simulator.viewer.scene import SORTED_UP_TO, Shown, build_scene
from tests.viewer.samples import STEP, cloud, frame, network

SIZE = (240, 200)
BIG = VisualizationConfig(point_size=40.0, inactive_opacity=1.0, show_synapses=False, show_outlines=False)
SMALL = BIG.changed(point_size=6.0)
BOX = [[-500, -500, -500], [500, 500, 500]]        # two far corners keep the box of the test networks the same
ONE = network([[0, 0, 0], *BOX], [0, 0, 1])
PLACES = network([[200, -100, 50], *BOX])
PAIR = network([[-300, 0, 0], [300, 0, 0], *BOX], synapses=[(0, 1)])
AGES = (1, 15, 30, 45, 59, 60, 500)


def draw(viewer, view, now, viz, width, height, hud=True, **how):
    """One picture of a network."""
    more = {name: how.pop(name) for name in ("inspection", "selection", "incoming", "fraction") if name in how}
    return viewer.render(Shown(view, now, viz, **more), width, height, hud=hud, **how)


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
            shots[f"silent {mode} {spiking}"] = draw(viewer, ONE, frame(ONE, v=-50.0), viz, *SIZE, hud=False)
            shots[f"firing {mode} {spiking}"] = draw(viewer, ONE, fired(ONE, 1), viz, *SIZE, hud=False)
    for age in AGES:
        shots[f"age {age}"] = draw(viewer, ONE, fired(ONE, age), BIG, *SIZE, hud=False)
    shots["no frame"] = draw(viewer, ONE, None, BIG, *SIZE, hud=False)
    others = {"other size": fired(cloud(7), 1), "other build": replace(fired(ONE, 1), build=ONE.build + 1)}
    for name, other in others.items():
        shots[f"frame of {name}"] = draw(viewer, ONE, other, BIG, *SIZE, hud=False)
    shots["faint"] = draw(viewer, ONE, frame(ONE), BIG.changed(inactive_opacity=0.2), *SIZE, hud=False)
    return shots


def places(viewer) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """One lit neuron under several poses of the camera: pictures, and where the camera says it is."""
    shots, said = {}, {}
    moves = {"home": lambda camera: None, "orbit": lambda camera: camera.orbit(40, 25, SIZE[1]),
             "pan": lambda camera: camera.pan(-30, 18, SIZE[1]), "zoom": lambda camera: camera.zoom(2, (90, 60), *SIZE)}
    for name, move in moves.items():
        draw(viewer, PLACES, None, SMALL, *SIZE, hud=False)       # the camera fits a new network
        viewer.camera.reset()
        move(viewer.camera)
        only = SMALL.changed(spiking_mode="only")
        shots[f"at {name}"] = draw(viewer, PLACES, fired(PLACES, 1), only, *SIZE, hud=False)
        shots[f"nothing at {name}"] = draw(viewer, PLACES, frame(PLACES), only, *SIZE, hud=False)
        said[f"pixel {name}"] = viewer.camera.project(PLACES.positions[:1], *SIZE)[0]
    viewer.camera.reset()
    return shots, said


def depths(viewer) -> dict[str, np.ndarray]:
    """Two neurons of different populations on the line of sight, in both orders, and a line behind a neuron."""
    draw(viewer, ONE, None, BIG, *SIZE, hud=False)
    viewer.camera.reset()
    toward = viewer.camera.axes()[2] * 200.0
    viz = BIG.changed(color_mode="trait", spiking_mode="none")
    shots = {}
    for name, sign in (("population 0 nearer", 1.0), ("population 1 nearer", -1.0)):
        view = network([sign * toward, *BOX, -sign * toward], [0, 0, 0, 1])
        draw(viewer, view, None, viz, *SIZE, hud=False)
        viewer.camera.reset()
        shots[name] = draw(viewer, view, frame(view), viz, *SIZE, hud=False)
    for name, shift in (("line behind", -toward), ("line in front", toward)):
        right = viewer.camera.axes()[0] * 300.0
        view = network([[0, 0, 0], shift - right, shift + right, *BOX], synapses=[(1, 2)])
        for shown in (False, True):
            bright = viz.changed(show_synapses=shown, synapse_alpha=1.0, point_size=16.0)
            shots[f"{name} {shown}"] = draw(viewer, view, frame(view), bright, *SIZE, hud=False)
    return shots


def lines(viewer) -> dict[str, np.ndarray]:
    """One synapse between two small neurons, which vanishes and forms again."""
    shots = {}
    bare = replace(PAIR, synapse_sample=NONE)
    viz = SMALL.changed(point_size=1.0, synapse_alpha=0.4)
    for name, view, now in (("shown", PAIR, frame(PAIR)), ("lit", PAIR, fired(PAIR, 1)), ("none", bare, frame(bare)),
                            ("again", PAIR, frame(PAIR))):
        shots[f"synapse {name}"] = draw(viewer, view, now, viz.changed(show_synapses=True), *SIZE, hud=False)
    shots["synapse hidden"] = draw(viewer, PAIR, frame(PAIR), viz, *SIZE, hud=False)
    inhibiting = network([[-300, 0, 0], [300, 0, 0], *BOX], [1, 1, 1, 1], [(0, 1)])
    shots["synapse inhibiting"] = draw(viewer, inhibiting, frame(inhibiting), viz.changed(show_synapses=True), *SIZE,
                                                hud=False)
    return shots


def modes(viewer) -> dict[str, np.ndarray]:
    """Neuron 0 coloured by its groups and by its summed weights."""
    shots = {}
    incoming = Incoming(ONE.build, np.array([[3.0, 1.0, 2.0], [1.0, 5.0, 9.0]], np.float32))
    for mode in ("type", "population", "excitation", "inhibition"):
        viz = BIG.changed(color_mode=mode, spiking_mode="none")
        shots[f"mode {mode}"] = draw(viewer, ONE, frame(ONE), viz, *SIZE, hud=False, incoming=incoming)
    return shots


def flights(viewer) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """A spike along the one synapse of PAIR, at several times: pictures, and where pulses.progress says it is."""
    shots, said = {}, {}
    viz = SMALL.changed(show_synapses=True, synapse_alpha=0.0, spiking_mode="none", max_synapses_drawn=10,
                        point_size=1.0)
    for age, fraction in ((0, 0.0), (1, 0.0), (3, 0.0), (3, 0.5), (6, 0.0), (7, 0.0)):
        now = replace(frame(PAIR), flying_steps=np.array([STEP - age]), flying_ids=np.array([0], np.int32))
        for shown in (True, False):
            shots[f"pulse {age} {fraction} {shown}"] = draw(viewer, PAIR, now, viz.changed(show_pulses=shown), *SIZE,
                                                            hud=False, fraction=fraction)
        covered = (age - 1 + fraction) / 5.0
        place = PAIR.positions[0] + covered * (PAIR.positions[1] - PAIR.positions[0])
        said[f"pulse at {age} {fraction}"] = viewer.camera.project(place[None], *SIZE)[0]
    return shots, said


def filtered(viewer) -> dict[str, np.ndarray]:
    """What filters leave of a small network, with synapses."""
    view = cloud(60, synapses=40)
    now = frame(view, STEP - 3 * np.arange(60))
    viz = SMALL.changed(show_synapses=True, synapse_alpha=0.5, spiking_mode="none", inactive_opacity=1.0,
                        color_mode="population")
    filters = {"nothing": {}, "population": {"hidden_populations": (1,)}, "type": {"hidden_types": (1,)},
               "everything": {"hidden_populations": (0, 1)}, "activity": {"activity_from": 0.24},
               "silence": {"activity_to": 0.0}, "region": {"clip_x_to": 0.5},
               "nowhere": {"clip_z_from": 1.0, "clip_x_to": 0.0}}
    shots = {f"filter {name}": draw(viewer, view, now, viz.changed(**values), *SIZE, hud=False)
             for name, values in filters.items()}
    shots["filter lines"] = draw(viewer, view, now, viz.changed(clip_x_to=0.5, point_size=1.0), *SIZE, hud=False)
    for name, values in filters.items():
        kept = shown_neurons(build_scene(view), Shown(view, now, viz.changed(**values)))[0]
        shots[f"kept {name}"] = viewer.camera.project(view.positions[kept], *SIZE)
    return shots


def marked(viewer) -> dict[str, np.ndarray]:
    """A selected neuron, a picked one with its synapses, and pictures without a background."""
    plain = SMALL.changed(point_size=16.0, max_synapses_drawn=0, show_synapses=True)
    view = network([[0, 0, 0], [300, 0, 0], [0, 300, 0], *BOX], synapses=[(0, 1), (2, 0), (1, 2)])
    sample = view.synapse_sample
    inspection = Inspection(0, view.build, view.populations[0], (0.0, 0.0, 0.0), (), sample.first(1),
                            Synapses(*(column[1:2] for column in sample)))
    now = replace(fired(view, 1), flying_steps=np.array([STEP - 3]), flying_ids=np.array([2], np.int32))
    return {"unmarked": draw(viewer, view, now, plain, *SIZE, hud=False),
            "selected": draw(viewer, view, now, plain, *SIZE, hud=False, selection=np.array([1])),
            "picked": draw(viewer, view, now, plain, *SIZE, hud=False, inspection=inspection),
            "picked places": viewer.camera.project(view.positions[:3], *SIZE),
            "transparent": draw(viewer, view, now, plain, *SIZE, hud=False, transparent=True)}


def crowds(viewer) -> dict[str, np.ndarray]:
    """More neurons than are sorted: transparency is dithered."""
    view = cloud(SORTED_UP_TO + 1, synapses=0)
    shots = {}
    for opacity in (1.0, 0.3):
        viz = SMALL.changed(inactive_opacity=opacity, spiking_mode="none", color_mode="population")
        shots[f"crowd {opacity}"] = draw(viewer, view, frame(view), viz, 120, 100, hud=False)
    return shots


def turning(viewer) -> dict[str, np.ndarray]:
    """Many neurons after the view has turned: sorted at once, and sorted beside the drawing."""
    from neural_simulator.viewer.gl import Framebuffer, read_pixels  # loads OpenGL, of the kind now chosen
    from neural_simulator.viewer.renderer import EXACT_UP_TO
    view = cloud(EXACT_UP_TO + 5000, synapses=0)
    shown = Shown(view, frame(view), SMALL.changed(spiking_mode="none", color_mode="population"))
    shots = {"turned exact": viewer.render(shown, *SIZE, hud=False)}
    viewer.camera.turn(90.0)
    shots["turned exact"] = viewer.render(shown, *SIZE, hud=False)
    viewer.camera.turn(-90.0)
    viewer.render(shown, *SIZE, hud=False)
    viewer.camera.turn(90.0)
    target = Framebuffer(*SIZE)
    for name in ("at first", "soon"):
        viewer.renderer.draw(SIZE, viewer.camera, shown, lively=True)
        shots[f"turned {name}"] = read_pixels(*SIZE)
        sleep(0.5)
    target.close()
    viewer.camera.reset()
    return shots


def handed_over(viewer) -> dict[str, np.ndarray]:
    """A state whose arrays lie on a device that cannot share them, and the same one on the host."""
    from neural_simulator.viewer import upload  # which loads OpenGL, after the viewer has chosen its kind
    view = cloud(300)
    now = frame(view, STEP - np.arange(300), v=-55.0)
    ready = SimpleNamespace(synchronize=lambda: None)

    def on_device(array):
        lent = DeviceArray(array, ready)
        lent._host = array
        return lent
    lent = replace(now, v=on_device(now.v), last_spike_step=on_device(now.last_spike_step))
    viz = SMALL.changed(color_mode="potential")

    def refused(names):
        raise BackendError("no sharing")
    upload.SharedBuffers = refused
    return {"lent": draw(viewer, view, lent, viz, *SIZE), "owned": draw(viewer, view, now, viz, *SIZE),
            "lent path": np.array(viewer.renderer.path)}


def sizes(viewer) -> dict[str, np.ndarray]:
    """Odd sizes, the display, caps and supersampling."""
    view = cloud(300)
    now = frame(view, STEP - np.arange(300))
    shots = {"display": draw(viewer, view, now, VisualizationConfig(), 900, 600),
             "no display": draw(viewer, view, now, VisualizationConfig(), 900, 600, hud=False),
             "no network": draw(viewer, None, None, VisualizationConfig(), 300, 200),
             "one pixel": draw(viewer, view, now, VisualizationConfig(), 1, 1),
             "smooth": draw(viewer, view, now, VisualizationConfig(), 300, 200, hud=False, supersample=2),
             "plain": draw(viewer, view, now, VisualizationConfig(), 300, 200, hud=False),
             "capped": draw(viewer, view, now, VisualizationConfig(max_neurons_drawn=10), 300, 200, hud=False),
             "empty": draw(viewer, network(np.zeros((0, 3))), None, VisualizationConfig(), 300, 200)}
    for size in ((0, 100), (100, 0), (10**6, 10)):
        try:
            draw(viewer, view, now, VisualizationConfig(), *size)
            raise AssertionError(f"a picture of {size} was drawn")
        except BackendError as error:
            shots[f"refused {size}"] = np.array(str(error))
    return shots


def measured() -> dict[str, np.ndarray]:
    """What the viewer's benchmark says of a little network."""
    easel = measure.Easel()
    row = measure.pictures(easel, 200, 100, 3, on_device=False)
    core = CoreSimConfig(num_neurons=500, connections_per_neuron=50, seed=1, background_rate_Hz=300.0,
                         total_simulation_time_ms=1e9)            # it must not end while it is watched
    beside = list(measure.slowdown(easel, core, GPUConfig(backend="cpu", num_threads=1), 0.1, 2))
    easel.close()
    return {"measured": np.array(json.dumps([row, *beside]))}


def main() -> None:
    with OffscreenViewer() as viewer:
        print(viewer.device_name())
        located, said = places(viewer)
        viewer.camera.reset()
        flown, at = flights(viewer)
        shots = {**colours(viewer), **located, **said, **depths(viewer), **lines(viewer), **sizes(viewer),
                 **modes(viewer), **flown, **at, **filtered(viewer), **marked(viewer), **crowds(viewer),
                 **turning(viewer), **handed_over(viewer)}
    view = cloud(300)
    shots["second context"] = picture(view, frame(view, STEP - np.arange(300)), VisualizationConfig(), 300, 200,
                                      hud=False)
    shots |= measured()
    np.savez(sys.argv[1], **shots)


if __name__ == "__main__":
    main()
