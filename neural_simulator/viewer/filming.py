"""A movie of a run without windows: pictures at even distances of simulated time, drawn beside the simulation."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..app.frames import Incoming
from ..app.observer import Observer, view_of
from ..base.errors import ConfigurationError
from ..config import VisualizationConfig
from .colors import WEIGHT_MODES
from .hud import HudFacts
from .movie import Movie
from .offscreen import OffscreenViewer
from .scene import Shown

FPS = 30.0
SPEED = 0.1                        # simulated time / movie time: ten times slower than life, so that pulses are seen
SIZE = (1280, 720)
RANGE_MS = (0.0, 1000.0)


@dataclass(frozen=True)
class Plan:
    """What to film: simulated time in ms, `speed` simulated time / movie time, `size` in pixels."""

    path: Path
    first_ms: float = RANGE_MS[0]
    last_ms: float = RANGE_MS[1]
    speed: float = SPEED
    fps: float = FPS
    size: tuple[int, int] = SIZE

    def times_ms(self) -> list[float]:
        """Return the simulated time of every picture."""
        between = 1000.0 * self.speed / self.fps
        return [self.first_ms + k * between for k in range(math.floor((self.last_ms - self.first_ms) / between) + 1)]

    def check(self) -> None:
        """Raise ConfigurationError where nothing could be filmed."""
        if not 0.0 <= self.first_ms < self.last_ms:
            raise ConfigurationError(f"The movie's time is {self.first_ms:g} to {self.last_ms:g} ms; it must begin at "
                                     "0 or later and end after it began.", "movie_ms")
        if not 1e-6 <= self.speed <= 1000.0:
            raise ConfigurationError(f"The movie's speed is {self.speed:g}, but must lie between 1e-6 and 1000 times "
                                     "real time.", "movie_speed", self.speed)


class Film:
    """Watches a simulation and films it. Raises BackendError where nothing can draw."""

    def __init__(self, plan: Plan, viz: VisualizationConfig, open_viewer: Callable[[], Any] = OffscreenViewer):
        plan.check()
        self._plan, self._viz = plan, viz
        self._movie = Movie(plan.path, plan.fps)
        self._viewer = open_viewer()
        self._times_ms = plan.times_ms()
        self._next = 0                               # picture

    @property
    def end_ms(self) -> float:
        """Simulated time of the last picture."""
        return self._times_ms[-1]

    def begin(self, sim: Any) -> None:
        """Get to know the simulation and take the pictures of its start."""
        self._sim = sim
        self._view = view_of(sim, 0)
        self._observer = Observer(sim, (), 0)
        self._incoming = (Incoming(0, sim.network.incoming_weights()) if self._viz.color_mode in WEIGHT_MODES else None)
        self._shoot()

    def steps_left(self) -> int | None:
        """Return how many steps the simulation may take before the next picture, None when there is none to come."""
        if self._next >= len(self._times_ms):
            return None
        return max(1, self._step_of(self._next) - self._sim.step_index)

    def saw(self, batch: Any) -> Any:
        """Take in a batch, and the pictures that are due."""
        batch = self._observer.saw(batch)
        self._shoot()
        return batch

    def _step_of(self, picture: int) -> int:
        """Return the newest step that has begun at the time of a picture."""
        return math.floor(self._times_ms[picture] / self._sim.dt_ms + 1e-9)

    def _shoot(self) -> None:
        while self._next < len(self._times_ms) and self._step_of(self._next) <= self._sim.step_index:
            time_ms = self._times_ms[self._next]
            fraction = max(0.0, time_ms / self._sim.dt_ms - self._sim.step_index)
            frame = self._observer.frame(0.0, 0.0)
            shown = Shown(self._view, frame, self._viz, incoming=self._incoming, fraction=min(fraction, 1.0))
            if self._viz.auto_rotate_deg_per_s and self._next:
                self._viewer.camera.turn(self._viz.auto_rotate_deg_per_s / self._plan.fps)
            self._movie.add(self._viewer.render(shown, *self._plan.size, supersample=2, facts=HudFacts(hints=False)))
            self._next += 1

    def close(self) -> Path | None:
        """Finish the movie and return its path, None where there was no picture."""
        self._viewer.close()
        self._movie.close()
        return self._plan.path if self._movie.count else None
