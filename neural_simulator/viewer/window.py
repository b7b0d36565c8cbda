"""The viewer's window. GLFW calls us back at awkward moments (on Windows even inside the panel's frame), so the
callbacks only note what happened; everything is done in `Viewer.frame`, on the main thread.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

if sys.platform.startswith("linux"):
    # The panel's library speaks X11 and GLX only; one process cannot mix, so the viewer does too (XWayland serves).
    os.environ.setdefault("PYOPENGL_PLATFORM", "glx")
    os.environ.setdefault("PYGLFW_LIBRARY_VARIANT", "x11")

import glfw
import numpy as np

from ..app.actions import action_for, chord
from ..app.frames import Frame, NetworkView
from ..base import log
from ..base.errors import BackendError, SimulatorError
from .camera import PRESETS, Camera
from .detail import PRESSED_LEVEL, Detail, highest, left_out, reduced
from .filters import toggled
from .gl import DrawingError, finish
from .hud import HudFacts
from .inspector import Trace
from .movie import Take
from .pacing import Pacer, allowance
from .picking import inside, pick
from .picture import rendered
from .renderer import Renderer
from .scene import Scene, Shown, bounds, up_axis

TITLE = "Neural Simulator: Network"
SMALLEST = (320, 240)
MODIFIER_KEYS = frozenset(range(glfw.KEY_LEFT_SHIFT, glfw.KEY_MENU + 1))
NAMED_KEYS = {glfw.KEY_ESCAPE: "Escape", glfw.KEY_SPACE: "Space", glfw.KEY_BACKSPACE: "Backspace",
              glfw.KEY_DELETE: "Delete",
              **{glfw.KEY_F1 + number: f"F{number + 1}" for number in range(12)}}
CLICK_PX = 3                           # a press that moves no farther is a click
LONGEST_TURN_S = 0.1                   # of the auto-rotation at once, however long a picture took
SLOW_STEPS_PER_S = 60.0                # below, what is in flight is shown between the steps
MOST_LOSSES, LOSSES_WITHIN_S = 3, 10.0     # contexts lost so often in such a time are not made anew
REPEATING = frozenset({"step"})        # actions that a held key repeats


@dataclass(frozen=True)
class Placement:
    """Where the window shall be (without x and y the system chooses) and its size at a screen scale of 1."""

    width: int = 960
    height: int = 720
    x: int | None = None
    y: int | None = None


@dataclass(frozen=True)
class Screen:
    """The usable part of the primary screen in px; `scale`: how much larger than usual its user wants things."""

    x: int
    y: int
    width: int
    height: int
    scale: float


class Viewer:
    """The network in 3D in a window of its own.

    `on_action` receives the names of actions (app.actions.ACTIONS) that the user asked for by key, `on_pick` the neuron
    that was clicked (None: beside all of them), `on_select` the neurons in a box that was drawn, `on_notice` a
    sentence on what went wrong, `on_view` values of the view that a click changes. All methods belong to the main
    thread.
    """

    def __init__(self, on_action: Callable[[str], None] = lambda name: None, placement: Placement = Placement(),
                 on_pick: Callable[[int | None], None] = lambda neuron: None,
                 on_select: Callable[[np.ndarray], None] = lambda neurons: None,
                 on_notice: Callable[[str], None] = lambda text: None,
                 on_view: Callable[..., None] = lambda **values: None):
        self.on_action, self.on_pick, self.on_select = on_action, on_pick, on_select
        self.on_notice, self.on_view = on_notice, on_view
        self.placement = placement
        self.camera = Camera()
        self.trace = Trace()
        self._window: Any = None                             # GLFW's handle
        self._renderer: Renderer | None = None
        self._events: deque[tuple] = deque()
        self._held: set[int] = set()                         # mouse buttons
        self._pressed: tuple[float, float] | None = None     # where the left button went down, until it drags
        self._corner: tuple[float, float] | None = None      # where the box of a selection begins
        self._cursor = (0.0, 0.0)                            # in screen coordinates of the window
        self._fitted: NetworkView | None = None
        self._shown: Shown | None = None                     # what the newest turn was asked to show
        self._arrived: tuple[float, Frame | None] = 0.0, None     # when the newest frame came, and which it is
        self._turned_at: float | None = None
        self._take: Take | None = None                       # the movie that is being made
        self._detail = Detail()
        self._lost_at: deque[float] = deque(maxlen=MOST_LOSSES)
        self._drawn: tuple | None = None                     # everything the newest picture depended on
        self._said_at_rest = False
        self._again = False                                  # a first picture of a new size may still be cut off
        self._pacer = Pacer()

    # ---- life -------------------------------------------------------------------------------------------
    @property
    def is_open(self) -> bool:
        return self._window is not None

    def open(self) -> None:
        """Show the window; does nothing when it is shown already. Raises BackendError where OpenGL 3.3 is missing."""
        if self._window is not None:
            glfw.focus_window(self._window)
            return
        place = self.placement
        self._window = create_window(place.width, place.height, TITLE)
        try:
            if place.x is not None and place.y is not None:
                glfw.set_window_pos(self._window, place.x, place.y)
            glfw.set_window_size_limits(self._window, *SMALLEST, glfw.DONT_CARE, glfw.DONT_CARE)
            glfw.make_context_current(self._window)
            glfw.swap_interval(0)          # the panel's vertical sync paces the loop; two would halve the pace
            self._renderer = Renderer()
        finally:
            if self._renderer is None:
                self.close()
        self._listen()
        self._drawn, self._pacer = None, Pacer()

    def close(self) -> None:
        """Destroy the window and free the device's memory; `open` may be called again. The camera stays."""
        if self._window is None:
            return
        self.end_film()
        window, self._window = self._window, None
        self.placement = _placement_of(window)
        glfw.make_context_current(window)
        if self._renderer is not None:
            with suppress(DrawingError):       # a lost context has nothing left to free
                self._renderer.close()
            self._renderer = None
        glfw.destroy_window(window)
        self._events.clear()
        self._release()

    # ---- pictures and movies ----------------------------------------------------------------------------
    def picture(self, transparent: bool = False) -> np.ndarray:
        """Return what is shown, at twice the window's resolution, (H, W, 3) uint8; `transparent`: with alpha.

        Raises BackendError where there is no window or nothing to show yet.
        """
        if self._window is None or self._renderer is None or self._shown is None:
            raise BackendError("There is no network window to take a picture of; open it first.")
        width, height = glfw.get_framebuffer_size(self._window)
        if min(width, height) <= 0:
            raise BackendError("The network window has no size to take a picture of; bring it back first.")
        glfw.make_context_current(self._window)
        scale = 2.0 * _content_scale(self._window)
        facts = None if transparent else HudFacts(hints=False, trace=self.trace)
        return rendered(self._renderer, (2 * width, 2 * height), self.camera, self._shown, facts,
                        transparent=transparent, pixel_scale=scale)

    @property
    def filming(self) -> Path | None:
        """The movie that is being made."""
        return self._take.movie.path if self._take is not None else None

    def film(self, path: Path) -> None:
        """Add every frame from now on to a new movie, which shows them at the pace at which they were simulated."""
        self.end_film()
        self._take = Take(path)

    def end_film(self) -> Path | None:
        """Finish the movie; returns its path, None where nothing was filmed."""
        take, self._take = self._take, None
        if take is None:
            return None
        take.movie.close()
        return take.movie.path if take.movie.count else None

    def _film_frame(self, shown: Shown, size: tuple[int, int], scale: float) -> None:
        """Append to the movie what `shown` looks like, as often as simulated time asks for."""
        take, renderer = self._take, self._renderer
        if take is None or renderer is None or not (copies := take.due(shown.frame)):
            return
        take.size = take.size or size
        pixels = rendered(renderer, take.size, self.camera, shown, HudFacts(hints=False, trace=self.trace),
                          pixel_scale=scale)
        try:
            for _ in range(copies):
                take.movie.add(pixels)
        except SimulatorError as error:
            self._take = None
            take.movie.discard()
            self.on_notice(f"{error} The movie is given up.")

    # ---- the camera -------------------------------------------------------------------------------------
    def reset_camera(self) -> None:
        """Show the whole network from the front again."""
        self.camera.reset(self._aspect())

    def look_from(self, preset: str) -> None:
        """See the whole network from a direction of camera.PRESETS."""
        self.camera.look(*PRESETS[preset], self._aspect())

    def _aspect(self) -> float:
        width, height = glfw.get_window_size(self._window) if self._window else (1, 1)
        return width / max(height, 1)

    # ---- one turn of the main loop ----------------------------------------------------------------------
    def frame(self, shown: Shown) -> bool:
        """Handle what the user did and draw if anything changed; returns True when a picture was drawn.

        Closing the window by its button ends in `is_open` being False after this call.
        """
        self._shown = shown
        self.trace.saw(shown.frame, shown.view.core.dt_ms if shown.view is not None else 1.0)
        if self._window is None:
            return False
        glfw.poll_events()
        self._handle_events()
        if self._window is not None and glfw.window_should_close(self._window):
            self.close()
        if self._window is None:
            return False
        size = glfw.get_framebuffer_size(self._window)
        if min(size) <= 0 or glfw.get_window_attrib(self._window, glfw.ICONIFIED):
            self._turned_at = None
            return False
        self._follow(shown, size)
        return self._draw_if_due(shown, size)

    def _follow(self, shown: Shown, size: tuple[int, int]) -> None:
        """Move the camera by itself: to a new network, along with the picked neuron, around the target.

        A rebuilt network of the same extent keeps the user's view.
        """
        view, viz = shown.view, shown.viz
        self.camera.set_fov(viz.field_of_view_deg)
        if view is not None and view is not self._fitted:
            known = (self.camera.radius, *self.camera.center) if self._fitted is not None else None
            probe = Camera(up=up_axis(view))
            probe.fit(*bounds(view.positions))
            if known is None or probe.up != self.camera.up or not _alike(known, (probe.radius, *probe.center)):
                self.camera.up = probe.up
                self.camera.fit(*bounds(view.positions), size[0] / size[1])
            self._fitted = view
        if viz.follow_picked and shown.inspection is not None:
            self.camera.target = np.array(shown.inspection.position)
        now = time.perf_counter()
        if viz.auto_rotate_deg_per_s and self._turned_at is not None and not self._held:
            self.camera.turn(viz.auto_rotate_deg_per_s * min(now - self._turned_at, LONGEST_TURN_S))
        self._turned_at = now

    def _draw_if_due(self, shown: Shown, size: tuple[int, int]) -> bool:
        now = time.perf_counter()
        pace = self._pacer.per_second(now)
        shown = replace(shown, fraction=self._fraction(shown.frame, now, shown))
        asked = (shown, size, self.camera.pose(), self._dragged_box())
        resized = self._drawn is not None and self._drawn[1] != size
        moved = (self._drawn is None or self._again or asked[1:] != self._drawn[1:]
                 or not shown.same_as(self._drawn[0]))
        at_rest = pace is None
        renderer = self._renderer
        if renderer is None or not (moved or at_rest != self._said_at_rest) or not self._pacer.may_draw(now):
            return False
        try:
            self._draw(renderer, shown, size, "at rest" if at_rest else f"{pace:.0f} per s")
        except DrawingError as error:
            self._recover(error)
            return False
        end = time.perf_counter()
        self._pacer.drew(now, end, moved, allowance(shown.racing, renderer.path))
        if shown.adaptive and shown.view is not None:
            counts = shown.view.num_neurons, shown.view.synapse_sample.size
            self._detail.drew(end, end - now, highest(shown.viz, *counts))
        self._drawn, self._said_at_rest, self._again = asked, at_rest, resized
        return True

    def _draw(self, renderer: Renderer, shown: Shown, size: tuple[int, int], pictures: str) -> None:
        """Draw one picture and wait for it, else its cost would be that of asking for it."""
        glfw.make_context_current(self._window)
        scale, level, view = _content_scale(self._window), self._level(shown), shown.view
        dropped = left_out(shown.viz, level, view.num_neurons, view.synapse_sample.size) if view is not None else ""
        less = replace(shown, viz=reduced(shown.viz, level))
        renderer.draw(size, self.camera, less, scale, lively=True)
        facts = HudFacts(pictures, renderer.path, dropped, lively=True, trace=self.trace, dragged=self._dragged_box())
        renderer.draw_hud(size, self.camera, less, facts, scale)
        glfw.swap_buffers(self._window)
        self._film_frame(shown, size, scale)
        finish()

    def _level(self, shown: Shown) -> int:
        """Return how much is left out (detail.LEVELS)."""
        if not shown.adaptive:
            return 0
        return max(self._detail.level, PRESSED_LEVEL if shown.pressed else 0)

    def _recover(self, error: Exception) -> None:
        """Make everything anew after the driver has lost it; give up where that happens again and again."""
        now = time.perf_counter()
        often = len(self._lost_at) == MOST_LOSSES and now - self._lost_at[0] < LOSSES_WITHIN_S
        self._lost_at.append(now)
        log.get("viewer").warning("Drawing failed: %s", error)
        self.close()
        if often:
            self.on_notice("The network window is closed, because the graphics driver fails again and again; View, "
                           "Show Network Window tries once more.")
            return
        try:
            self.open()
            self.on_notice("The graphics driver lost the picture; it was made anew.")
        except BackendError as problem:
            self.on_notice(f"The network window is closed: {problem}")

    def _fraction(self, frame: Frame | None, now: float, shown: Shown) -> float:
        """Return how much of the next step has passed: in slow motion, what is in flight glides from step to step."""
        if frame is not self._arrived[1]:
            self._arrived = now, frame
        if frame is None or shown.view is None or frame.speed <= 0.0:
            return 0.0
        steps_per_s = frame.speed * 1000.0 / shown.view.core.dt_ms
        return min((now - self._arrived[0]) * steps_per_s, 1.0) if steps_per_s < SLOW_STEPS_PER_S else 0.0

    # ---- what the user does -----------------------------------------------------------------------------
    def _listen(self) -> None:
        """Let GLFW append events to `_events`.

        The cursor is followed by its own events: asked for later, it may already be somewhere else.
        """
        self._cursor = glfw.get_cursor_pos(self._window)
        note, window = self._events.append, self._window
        glfw.set_key_callback(window, lambda _, *what: note(("key", *what)))
        glfw.set_mouse_button_callback(window, lambda _, *what: note(("button", *what)))
        glfw.set_cursor_pos_callback(window, lambda _, *where: note(("move", *where)))
        glfw.set_scroll_callback(window, lambda _, *by: note(("scroll", *by)))
        glfw.set_window_refresh_callback(window, lambda _: note(("refresh",)))
        glfw.set_window_focus_callback(window, lambda _, focused: note(("focus", focused)))

    def _handle_events(self) -> None:
        handlers: dict[str, Callable[..., None]] = {
            "key": self._on_key, "button": self._on_button, "move": self._on_move, "scroll": self._on_scroll,
            "refresh": self._on_refresh, "focus": self._on_focus}
        while self._events and self._window is not None:
            kind, *what = self._events.popleft()
            handlers[kind](*what)

    def _on_key(self, key: int, scancode: int, pressed: int, modifiers: int) -> None:
        if pressed == glfw.RELEASE or key in MODIFIER_KEYS:
            return
        action = action_for(key_chord(key, scancode, modifiers))
        if action is None or (pressed == glfw.REPEAT and action.name not in REPEATING):
            return
        self.on_action(action.name)

    def _on_button(self, button: int, pressed: int, modifiers: int) -> None:
        if pressed == glfw.PRESS:
            self._held.add(button)
            if button == glfw.MOUSE_BUTTON_LEFT and modifiers & glfw.MOD_SHIFT:
                self._corner = self._cursor
            elif button == glfw.MOUSE_BUTTON_LEFT:
                self._pressed = self._cursor
            return
        self._held.discard(button)
        if button == glfw.MOUSE_BUTTON_LEFT:
            self._select() if self._corner is not None else self._pick()
            self._pressed = self._corner = None

    def _on_move(self, x: float, y: float) -> None:
        height = glfw.get_window_size(self._window)[1]
        if self._pressed is not None and max(abs(x - self._pressed[0]), abs(y - self._pressed[1])) <= CLICK_PX:
            return                         # not yet a drag; when it becomes one, it counts from where it began
        dx, dy = x - self._cursor[0], y - self._cursor[1]
        self._cursor, self._pressed = (x, y), None
        if glfw.MOUSE_BUTTON_LEFT in self._held and self._corner is None:
            self.camera.orbit(dx, dy, height)
        elif glfw.MOUSE_BUTTON_RIGHT in self._held:
            self.camera.pan(dx, dy, height)

    def _on_scroll(self, dx: float, dy: float) -> None:
        self.camera.zoom(dy, self._cursor, *glfw.get_window_size(self._window))

    def _on_refresh(self) -> None:
        self._drawn = None

    def _on_focus(self, focused: int) -> None:
        self._release()

    def _release(self) -> None:
        self._held.clear()
        self._pressed = self._corner = None

    # ---- picking ----------------------------------------------------------------------------------------
    def _pick(self) -> None:
        """Pick the neuron that was clicked; a row of the legend hides what it stands for, or shows it again."""
        scene, shown, renderer = self._scene(), self._shown, self._renderer
        if self._pressed is None or scene is None or shown is None or renderer is None:
            return
        (x, y), size = self._in_pixels(self._pressed), glfw.get_framebuffer_size(self._window)
        if (members := renderer.populations_at(x, y)):
            self.on_view(**toggled(shown.viz, scene.populations, members))
            return
        self.on_pick(pick(scene, shown, self.camera, x, y, size, _content_scale(self._window)))

    def _select(self) -> None:
        """Select the neurons in the box that was drawn."""
        scene, shown, box = self._scene(), self._shown, self._dragged_box()
        if scene is not None and shown is not None and box is not None:
            self.on_select(inside(scene, shown, self.camera, box, glfw.get_framebuffer_size(self._window)))

    def _scene(self) -> Scene | None:
        network = self._renderer.network if self._renderer is not None else None
        return network.scene if network is not None and min(glfw.get_framebuffer_size(self._window)) > 0 else None

    def _dragged_box(self) -> tuple[float, float, float, float] | None:
        """Return left, top, right and bottom of the box that is being drawn, px."""
        if self._corner is None:
            return None
        (ax, ay), (bx, by) = self._in_pixels(self._corner), self._in_pixels(self._cursor)
        return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)

    def _in_pixels(self, at: tuple[float, float]) -> tuple[float, float]:
        """Turn screen coordinates of the window into pixels of the picture."""
        window, pixels = glfw.get_window_size(self._window), glfw.get_framebuffer_size(self._window)
        return at[0] * pixels[0] / max(window[0], 1), at[1] * pixels[1] / max(window[1], 1)


def key_chord(key: int, scancode: int, modifiers: int) -> str:
    """Return a key press as app.actions spells it; letters are those of the user's keyboard layout."""
    name = NAMED_KEYS.get(key) or glfw.get_key_name(key, scancode) or ""
    return chord(name if len(name) > 1 else name.upper(), bool(modifiers & glfw.MOD_CONTROL),
                 bool(modifiers & glfw.MOD_SHIFT))


def create_window(width: int, height: int, title: str, visible: bool = True) -> Any:
    """Return a new GLFW window with an OpenGL 3.3 core context. Raises BackendError saying what is missing."""
    with _complaints() as complaints:
        _start(complaints)
        glfw.default_window_hints()
        for hint, value in ((glfw.CONTEXT_VERSION_MAJOR, 3), (glfw.CONTEXT_VERSION_MINOR, 3),
                            (glfw.OPENGL_PROFILE, glfw.OPENGL_CORE_PROFILE), (glfw.OPENGL_FORWARD_COMPAT, True),
                            (glfw.VISIBLE, visible),
                            (glfw.CONTEXT_ROBUSTNESS, glfw.LOSE_CONTEXT_ON_RESET), (glfw.SCALE_TO_MONITOR, True)):
            glfw.window_hint(hint, value)
        window = glfw.create_window(width, height, title, None, None)
        if not window:
            raise BackendError("The viewer needs OpenGL 3.3, which this display does not offer "
                               f"({_first(complaints, 'no reason given')}); update the graphics driver.")
        return window


def primary_screen() -> Screen:
    """Return the screen on which windows appear. Raises BackendError where there is none."""
    with _complaints() as complaints:
        _start(complaints)
        monitor = glfw.get_primary_monitor()
        if not monitor:
            raise BackendError(f"No screen was found: {_first(complaints, 'no reason given')}.")
        return Screen(*glfw.get_monitor_workarea(monitor), max(glfw.get_monitor_content_scale(monitor)))


def _start(complaints: list[str]) -> None:
    if not glfw.init():
        raise BackendError(f"No window can be opened: {_first(complaints, 'there is no display')}.")


@contextmanager
def _complaints() -> Iterator[list[str]]:
    """Collect what GLFW complains about; afterwards it goes to the log again."""
    complaints: list[str] = []
    glfw.set_error_callback(lambda code, text: complaints.append(_text(text)))
    try:
        yield complaints
    finally:
        glfw.set_error_callback(lambda code, text: log.get("viewer").warning("GLFW: %s", _text(text)))


def terminate() -> None:
    """Give back everything GLFW holds; call once, after the last window is closed."""
    glfw.terminate()


def _placement_of(window: Any) -> Placement:
    """Where `window` is; the size is that at scale 1, because a new window is enlarged by the screen's scale again."""
    across, down = glfw.get_window_content_scale(window)
    width, height = (round(side / scale) for side, scale in
                     zip(glfw.get_window_size(window), (across, down), strict=True))
    x, y = glfw.get_window_pos(window)
    return Placement(max(width, SMALLEST[0]), max(height, SMALLEST[1]), x, y)


def _content_scale(window: Any) -> float:
    """Pixels of the framebuffer per nominal pixel, in steps of an eighth so that text stays crisp."""
    return max(round(max(glfw.get_window_content_scale(window)) * 8.0) / 8.0, 0.5)


def _text(raw: bytes | str) -> str:
    return raw.decode(errors="replace") if isinstance(raw, bytes) else raw


def _first(texts: list[str], otherwise: str) -> str:
    return texts[0].rstrip(".") if texts else otherwise


def _alike(a: tuple[float, ...], b: tuple[float, ...]) -> bool:
    """True when sphere b (radius, centre) differs from a by less than a tenth of the radius."""
    return all(abs(x - y) < 0.1 * a[0] for x, y in zip(a, b, strict=True))
