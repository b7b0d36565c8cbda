"""The viewer's window. GLFW calls us back at awkward moments (on Windows even inside the panel's frame), so the
callbacks only note what happened; everything is done in `Viewer.frame`, on the main thread.
"""

from __future__ import annotations

import os
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

if sys.platform.startswith("linux"):
    # The panel's library speaks X11 and GLX only; one process cannot mix, so the viewer does too (XWayland serves).
    os.environ.setdefault("PYOPENGL_PLATFORM", "glx")
    os.environ.setdefault("PYGLFW_LIBRARY_VARIANT", "x11")

import glfw

from ..app.actions import action_for, chord
from ..app.frames import Frame, NetworkView
from ..base import log
from ..base.errors import BackendError
from ..config import VisualizationConfig
from .camera import Camera
from .hud import HudFacts
from .pacing import Pacer
from .renderer import Renderer
from .scene import bounds

TITLE = "Neural Simulator: Network"
SMALLEST = (320, 240)
MODIFIER_KEYS = frozenset(range(glfw.KEY_LEFT_SHIFT, glfw.KEY_MENU + 1))
NAMED_KEYS = {glfw.KEY_ESCAPE: "Escape", glfw.KEY_SPACE: "Space",
              **{glfw.KEY_F1 + number: f"F{number + 1}" for number in range(12)}}
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

    `on_action` receives the names of actions (app.actions.ACTIONS) that the user asked for by key. All methods
    belong to the main thread.
    """

    def __init__(self, on_action: Callable[[str], None] = lambda name: None, placement: Placement = Placement()):
        self.on_action = on_action
        self.placement = placement
        self.camera = Camera()
        self._window: Any = None                             # GLFW's handle
        self._renderer: Renderer | None = None
        self._events: deque[tuple] = deque()
        self._held: set[int] = set()                         # mouse buttons
        self._cursor = (0.0, 0.0)                            # in screen coordinates of the window
        self._fitted: NetworkView | None = None
        self._drawn: tuple | None = None                     # everything the newest picture depended on
        self._said_at_rest = False
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
        window, self._window = self._window, None
        self.placement = _placement_of(window)
        glfw.make_context_current(window)
        if self._renderer is not None:
            self._renderer.close()
            self._renderer = None
        glfw.destroy_window(window)
        self._events.clear()
        self._held.clear()

    def reset_camera(self) -> None:
        """Show the whole network from the front again."""
        width, height = glfw.get_window_size(self._window) if self._window else (1, 1)
        self.camera.reset(width / max(height, 1))

    # ---- one turn of the main loop ----------------------------------------------------------------------
    def frame(self, view: NetworkView | None, frame: Frame | None, viz: VisualizationConfig, notice: str = "") -> bool:
        """Handle what the user did and draw if anything changed; returns True when a picture was drawn.

        `notice` is a sentence shown in the picture, e.g. 'Paused.'. Closing the window by its button ends in
        `is_open` being False after this call.
        """
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
            return False
        self._follow(view, viz, size)
        return self._draw_if_due(view, frame, viz, notice, size)

    def _follow(self, view: NetworkView | None, viz: VisualizationConfig, size: tuple[int, int]) -> None:
        """Fit the camera to a new network; a rebuilt one of the same extent keeps the user's view."""
        self.camera.set_fov(viz.field_of_view_deg)
        if view is None or view is self._fitted:
            return
        known = (self.camera.radius, *self.camera.center) if self._fitted is not None else None
        probe = Camera()
        probe.fit(*bounds(view.positions))
        if known is None or not _alike(known, (probe.radius, *probe.center)):
            self.camera.fit(*bounds(view.positions), size[0] / size[1])
        self._fitted = view

    def _draw_if_due(self, view: NetworkView | None, frame: Frame | None, viz: VisualizationConfig, notice: str,
                     size: tuple[int, int]) -> bool:
        now = time.perf_counter()
        pace = self._pacer.per_second(now)
        asked = (view, frame, viz, notice, size, self.camera.pose())
        moved = self._drawn is None or not _same(asked, self._drawn)
        at_rest = pace is None
        renderer = self._renderer
        if renderer is None or not (moved or at_rest != self._said_at_rest) or not self._pacer.may_draw(now):
            return False
        glfw.make_context_current(self._window)
        scale = _content_scale(self._window)
        pictures = "at rest" if at_rest else f"{pace:.0f} per s"
        renderer.show(view, viz)
        renderer.draw(size, self.camera, frame, viz, scale)
        renderer.draw_hud(size, self.camera, frame, viz, HudFacts(pictures, notice), scale)
        glfw.swap_buffers(self._window)
        self._pacer.drew(now, time.perf_counter(), moved)
        self._drawn, self._said_at_rest = asked, at_rest
        return True

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
        else:
            self._held.discard(button)

    def _on_move(self, x: float, y: float) -> None:
        height = glfw.get_window_size(self._window)[1]
        dx, dy = x - self._cursor[0], y - self._cursor[1]
        self._cursor = (x, y)
        if glfw.MOUSE_BUTTON_LEFT in self._held:
            self.camera.orbit(dx, dy, height)
        elif glfw.MOUSE_BUTTON_RIGHT in self._held:
            self.camera.pan(dx, dy, height)

    def _on_scroll(self, dx: float, dy: float) -> None:
        self.camera.zoom(dy, self._cursor, *glfw.get_window_size(self._window))

    def _on_refresh(self) -> None:
        self._drawn = None

    def _on_focus(self, focused: int) -> None:
        self._held.clear()


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
                            (glfw.VISIBLE, visible), (glfw.SCALE_TO_MONITOR, True)):
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


def _same(a: tuple, b: tuple) -> bool:
    """Compare without looking into arrays: large objects by identity, the rest by value."""
    return all(x is y for x, y in zip(a[:2], b[:2], strict=True)) and a[2:] == b[2:]
