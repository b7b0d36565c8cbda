"""A main loop with nothing but the viewer, driven by JSON lines on stdin; used by test_window.py.

Each request is {"do": NAME, ...}; each answer is one JSON line on stdout.
"""

import json
import queue
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import glfw
import numpy as np

from neural_simulator.app.frames import NO_IDS, Inspection
from neural_simulator.base.synapses import NONE
from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer.gl import DrawingError
from neural_simulator.viewer.offscreen import picture
from neural_simulator.viewer.renderer import Renderer
from neural_simulator.viewer.scene import Shown
from neural_simulator.viewer.window import Placement, Viewer, terminate
from tests.viewer.samples import STEP, cloud, frame


class App:
    """The viewer, what it shows, and what it asked for."""

    def __init__(self) -> None:
        self.viewer = Viewer(self.act, Placement(640, 480, 20, 30), lambda neuron: self.picks.append(neuron),
                             self.select, lambda text: self.notices.append(text), self.do_show)
        self.running, self.drawing, self.real_size = True, Renderer.draw, glfw.get_framebuffer_size
        self.do_begin()

    def do_begin(self) -> None:
        """Be as at first, but for the process and an open window."""
        Renderer.draw, glfw.get_framebuffer_size = self.drawing, self.real_size
        self.actions: list[str] = []
        self.picks: list[int | None] = []
        self.notices: list[str] = []
        self.lone: list = []
        self.inside: list[int] = []
        self.selected, self.inspection = NO_IDS, None
        self.view = cloud(500)
        self.shown = frame(self.view, STEP - np.arange(500) % 90)
        self.viz = VisualizationConfig()
        self.pictures, self.offscreen, self.failing = 0, 0.0, 0
        viewer, was_open = self.viewer, self.viewer.is_open
        kept = viewer._window, viewer._renderer, viewer._events
        viewer.__init__(viewer.on_action, Placement(640, 480, 20, 30), viewer.on_pick, viewer.on_select,
                        viewer.on_notice, viewer.on_view)
        if was_open:
            viewer._window, viewer._renderer, viewer._events = kept
            glfw.set_window_size(viewer._window, 640, 480)

    def act(self, name: str) -> None:
        self.actions.append(name)
        if name == "reset_camera":
            self.viewer.reset_camera()

    def select(self, neurons) -> None:
        self.selected = neurons

    def everything(self) -> Shown:
        return Shown(self.view, self.shown, self.viz, self.inspection, self.selected,
                     notice="Paused.")

    def turn(self) -> None:
        self.pictures += self.viewer.frame(self.everything())

    def answer(self, request: dict) -> dict:
        getattr(self, f"do_{request.pop('do')}")(**request)
        camera = self.viewer.camera
        size = glfw.get_framebuffer_size(self.viewer._window) if self.viewer.is_open else None
        return {"open": self.viewer.is_open, "actions": self.actions, "picks": self.picks,
                "selected": [int(number) for number in self.selected], "pictures": self.pictures, "size": size,
                "yaw": camera.yaw_deg, "pitch": camera.pitch_deg, "distance": camera.distance,
                "target": list(camera.target), "pose": list(camera.pose()), "offscreen": self.offscreen,
                "lone": self.lone, "notices": self.notices, "inside": self.inside,
                "hidden": self.viz.hidden_populations}

    def do_state(self) -> None:
        pass

    def do_open(self) -> None:
        self.viewer.open()
        self.viewer._drawn = None

    def do_legend(self) -> None:
        """The answer's `lone`: the middle of the legend's second row."""
        area = self.viewer._renderer._display.areas[1]
        self.lone = [int(0.5 * (area.left + area.right)), int(0.5 * (area.top + area.bottom))]

    def do_close(self) -> None:
        self.viewer.close()

    def do_resize(self, width: int, height: int) -> None:
        glfw.set_window_size(self.viewer._window, width, height)

    def do_step(self) -> None:
        self.shown = replace(self.shown, step=self.shown.step + 1)

    def do_shrink_to_nothing(self, nothing: bool) -> None:
        glfw.get_framebuffer_size = (lambda window: (0, 0)) if nothing else self.real_size

    def do_rebuild(self) -> None:
        self.view = cloud(500, seed=1)

    def do_grow(self) -> None:
        self.view = cloud(500)
        self.view = replace(self.view, positions=self.view.positions * 3)

    def do_picture(self) -> None:
        """Draw beside the open window; the answer's `offscreen` is the share of pixels that are light."""
        shot = picture(self.view, self.shown, self.viz, 320, 240, hud=False, supersample=1)
        self.offscreen = float((shot.max(axis=2) > 70).mean())

    def places(self) -> np.ndarray:
        return self.viewer.camera.project(self.view.positions, *glfw.get_framebuffer_size(self.viewer._window))

    def do_lone_neuron(self) -> None:
        """The answer's `lone`: a neuron with no other near it on the picture, and its pixel."""
        places = self.places()
        for number, (x, y, _) in enumerate(places):
            if np.sort(np.hypot(places[:, 0] - x, places[:, 1] - y))[1] > 14 and 220 < x < 420 and y > 300:
                self.lone = [number, int(x), int(y)]

    def do_within(self, box: list[int]) -> None:
        x, y, _ = self.places().T
        self.inside = np.flatnonzero((x >= box[0]) & (y >= box[1]) & (x <= box[2]) & (y <= box[3])).tolist()

    def do_show(self, **values) -> None:
        self.viz = self.viz.changed(**values)

    def do_inspect(self, neuron: int) -> None:
        population = self.view.populations[int(self.view.population_of[neuron])]
        self.lone = [float(x) for x in self.view.positions[neuron]]
        self.inspection = Inspection(neuron, self.view.build, population, tuple(self.lone), (), NONE, NONE)

    def do_look(self, preset: str) -> None:
        self.viewer.look_from(preset)

    def do_pose(self) -> None:
        self.lone = list(self.viewer.camera.relative_pose())

    def do_take(self, pose: list[float]) -> None:
        self.viewer.camera.take_pose(tuple(pose))

    def do_shoot(self, transparent: bool) -> None:
        """The answer's `lone`: shape of a picture of the window, share of light pixels, lowest alpha."""
        shot = self.viewer.picture(transparent)
        self.lone = [list(shot.shape), float((shot[..., :3].max(axis=2) > 70).mean()), int(shot[..., -1].min())]

    def do_film(self, path: str) -> None:
        self.viewer.film(Path(path))

    def do_end_film(self) -> None:
        self.lone = [str(self.viewer.end_film())]

    def do_go_on(self, ms: float) -> None:
        later = self.shown.time_ms + ms
        self.shown = replace(self.shown, step=self.shown.step + round(ms), time_ms=later)

    def do_lose(self, times: int) -> None:
        """Let the driver fail at the next `times` pictures."""
        def draw(renderer, *arguments, **named) -> None:
            if self.failing > 0:
                self.failing -= 1
                raise DrawingError(0x0507, baseOperation=None)
            self.drawing(renderer, *arguments, **named)

        self.failing, Renderer.draw = times, draw
        self.do_step()

    def do_quit(self) -> None:
        self.running = False


def main() -> None:
    requests: queue.Queue[str] = queue.Queue()
    threading.Thread(target=lambda: [requests.put(line) for line in sys.stdin], daemon=True).start()
    app = App()
    while app.running:
        app.turn()
        while not requests.empty():
            print(json.dumps(app.answer(json.loads(requests.get()))), flush=True)
        time.sleep(0.005)
    app.viewer.close()
    terminate()


if __name__ == "__main__":
    main()
