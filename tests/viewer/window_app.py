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

from neural_simulator.config import VisualizationConfig
from neural_simulator.viewer.offscreen import picture
from neural_simulator.viewer.window import Placement, Viewer, terminate
from tests.viewer.samples import STEP, cloud, frame


class App:
    """The viewer, what it shows, and what it asked for."""

    def __init__(self) -> None:
        self.actions: list[str] = []
        self.viewer = Viewer(self.act, Placement(640, 480, 20, 30))
        self.view = cloud(500)
        self.shown = frame(self.view, STEP - np.arange(500) % 90)
        self.viz = VisualizationConfig()
        self.pictures = 0
        self.running = True
        self.offscreen = 0.0

    def act(self, name: str) -> None:
        self.actions.append(name)
        if name == "reset_camera":
            self.viewer.reset_camera()

    def turn(self) -> None:
        self.pictures += self.viewer.frame(self.view, self.shown, self.viz, "Paused.")

    def answer(self, request: dict) -> dict:
        getattr(self, f"do_{request.pop('do')}")(**request)
        camera = self.viewer.camera
        size = glfw.get_framebuffer_size(self.viewer._window) if self.viewer.is_open else None
        return {"open": self.viewer.is_open, "actions": self.actions, "pictures": self.pictures, "size": size,
                "yaw": camera.yaw_deg, "pitch": camera.pitch_deg, "distance": camera.distance,
                "target": list(camera.target), "pose": list(camera.pose()), "offscreen": self.offscreen}

    def do_state(self) -> None:
        pass

    def do_open(self) -> None:
        self.viewer.open()

    def do_close(self) -> None:
        self.viewer.close()

    def do_resize(self, width: int, height: int) -> None:
        glfw.set_window_size(self.viewer._window, width, height)

    def do_step(self) -> None:
        self.shown = replace(self.shown, step=self.shown.step + 1)

    def do_shrink_to_nothing(self, nothing: bool) -> None:
        self.real_size = getattr(self, "real_size", glfw.get_framebuffer_size)
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
