"""The control panel's window: made by `open`, drawn by `frame` once per turn of the main loop, ended by `close`.

Everything here runs on the main thread. The panel reads the desk and sends through it; it owns no simulation state.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import partial
from typing import Any

import dearpygui.dearpygui as dpg

from ..app.actions import ACTIONS, action_for, chord
from ..app.crash import write_report
from ..app.desk import Desk
from ..base import log
from ..base.errors import SimulatorError
from ..base.log import LogStore
from ..base.paths import CRASH_REPORTS
from .context import PanelGL
from .control_port import ControlPort
from .dialogs import Dialogs
from .layout import LEFT_WIDTH, LOG_HEIGHT, SMALLEST, STATUS_HEIGHT, TITLE, WINDOW, Look
from .panels import PANELS, Part

FILE_ACTIONS = ("load_profile", "save_profile", "load_checkpoint", "save_checkpoint", "exit")
RUN_ACTIONS = ("apply", "start", "pause", "stop", "step", "record")
VIEW_ACTIONS = ("show_viewer", "toggle_synapses", "reset_camera")
KEYS = {getattr(dpg, f"mvKey_{name}"): name for name in (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "F1")}
CTRL = (dpg.mvKey_LControl, dpg.mvKey_RControl)
SHIFT = (dpg.mvKey_LShift, dpg.mvKey_RShift)


class Panel:
    """The DearPyGui window. `size` and `position` in px, None for the usual ones; `scale` enlarges everything."""

    def __init__(self, desk: Desk, store: LogStore, *, position: tuple[int, int] = (0, 20),
                 size: tuple[int, int] | None = None, scale: float = 1.0):
        self._desk = desk
        self._store = store
        self._position = position
        self._size = size
        self._scale = scale
        self._gl = PanelGL()
        self._parts: dict[str, Part] = {}
        self._down: set[int] = set()        # keys that are down, in the order of events
        self._log = log.get("gui")

    # ---- life -------------------------------------------------------------------------------------------
    def open(self) -> None:
        """Create the window and show it."""
        dpg.create_context()
        dpg.configure_app(manual_callback_management=True)
        self._look = Look(self._scale)
        width, height = self._size or (self._look.px(WINDOW[0]), self._look.px(WINDOW[1]))
        dpg.create_viewport(title=f"{TITLE} - Control Panel", width=width, height=height, x_pos=self._position[0],
                            y_pos=self._position[1], min_width=self._look.px(SMALLEST[0]),
                            min_height=self._look.px(SMALLEST[1]), clear_color=(18, 21, 28, 255))
        dpg.setup_dearpygui()
        dpg.bind_theme(self._look.base)
        if "text" in self._look.fonts:
            dpg.bind_font(self._look.fonts["text"])
        self._build()
        self._dialogs = Dialogs(self._desk, self._look)
        self._port = ControlPort(self._state)
        dpg.show_viewport()
        self._gl.capture()

    def running(self) -> bool:
        """False once the user has closed the window."""
        return bool(dpg.is_dearpygui_running())

    def frame(self) -> None:
        """Show what the desk knows, draw one frame, and carry out what the user did in it."""
        self._gl.activate()
        for part in self._parts.values():
            part.refresh()
        self._dialogs.refresh()
        self._port.serve()
        dpg.render_dearpygui_frame()
        for job in dpg.get_callback_queue() or []:
            if job[0] is not None:
                self._run_callback(job[0], job[1:])

    def close(self) -> None:
        """Destroy the window; after the simulation thread and the viewer have ended."""
        self._port.close()
        self._gl.activate()
        dpg.destroy_context()

    def _run_callback(self, callback: Callable[..., Any], given: Any) -> None:
        """Run one callback; whatever it raises is told to the user, and the window lives on."""
        try:
            callback(*given[:len(inspect.signature(callback).parameters)])
        except SimulatorError as error:
            self._desk.notice(str(error), bad=True)
        except Exception as error:      # a defect behind one button must not end the program
            self._log.error("Unexpected error in the panel: %s", error, exc_info=error)
            view = self._desk.view
            report = write_report(CRASH_REPORTS, error, "using the panel", (view.draft_core, view.draft_gpu))
            self._desk.notice(f"The panel met an unexpected error: {error}. Details are in {report}.", bad=True)

    # ---- building ---------------------------------------------------------------------------------------
    def _build(self) -> None:
        made = [entry.make(self._desk, self._look, self._store) for entry in PANELS]
        self._parts = {part.name: part for part in made}
        look = self._look
        with dpg.window(tag="main", no_scrollbar=True, no_scroll_with_mouse=True):
            self._build_menu()
            self._build_place("top")
            with dpg.group(horizontal=True):
                with dpg.child_window(tag="left", width=look.px(LEFT_WIDTH), resizable_x=True):
                    self._build_place("left")
                with dpg.child_window(tag="right", width=-1):
                    self._build_place("right")
            with dpg.child_window(tag="bottom", height=look.px(LOG_HEIGHT)):
                self._build_place("bottom")
            self._build_place("status")
        dpg.set_primary_window("main", True)
        self._fit()
        with dpg.handler_registry():
            dpg.add_key_press_handler(callback=self._on_key)
            dpg.add_key_release_handler(callback=lambda sender, key: self._down.discard(key))

    def _build_place(self, place: str) -> None:
        for part in self._parts.values():
            if part.place == place:
                part.build()

    def _build_menu(self) -> None:
        with dpg.menu_bar():
            for title, names in (("File", FILE_ACTIONS), ("Simulation", RUN_ACTIONS)):
                with dpg.menu(label=title, tag=f"menu.{title}"):
                    self._build_items(names)
            with dpg.menu(label="View", tag="menu.View"):
                for entry, part in zip(PANELS, self._parts.values(), strict=True):
                    if entry.hideable:
                        dpg.add_menu_item(label=part.title, check=True, default_value=True, tag=f"view.{part.place}",
                                          callback=partial(self._on_view, part.place))
                dpg.add_separator()
                self._build_items(VIEW_ACTIONS)
            with dpg.menu(label="Help"):
                self._build_items(("show_keys",))

    def _build_items(self, names: tuple[str, ...]) -> None:
        for name in names:
            action = ACTIONS[name]
            dpg.add_menu_item(label=action.label, shortcut=" / ".join(action.keys), tag=f"menu.{name}",
                              callback=partial(self._desk.trigger, name))

    # ---- layout -----------------------------------------------------------------------------------------
    def _on_view(self, place: str) -> None:
        dpg.configure_item(place, show=dpg.get_value(f"view.{place}"))
        self._fit()

    def _fit(self) -> None:
        """Give the middle what the log and the status line leave."""
        log_height = LOG_HEIGHT + 6 if dpg.get_item_configuration("bottom")["show"] else 0
        for tag in ("left", "right"):
            dpg.configure_item(tag, height=-self._look.px(log_height + STATUS_HEIGHT))

    # ---- keys -------------------------------------------------------------------------------------------
    def _on_key(self, sender: int | str, key: int) -> None:
        if key in self._down:       # held down
            return
        self._down.add(key)
        if key == dpg.mvKey_Escape:
            self._dialogs.close_front()
        if key in KEYS:
            pressed = chord(KEYS[key], any(each in self._down for each in CTRL),
                            any(each in self._down for each in SHIFT))
            action = action_for(pressed, anywhere_only=True)
            if action is not None:
                self._desk.trigger(action)

    # ---- for the tests ----------------------------------------------------------------------------------
    def _state(self) -> dict[str, Any]:
        view, frame = self._desk.view, self._desk.frame
        return {"run": view.run, "status": view.status, "bad": view.status_bad, "errors": dict(view.draft_errors),
                "profile": view.profile, "speed": view.speed, "building": view.building,
                "num_neurons": view.network.num_neurons if view.network else 0,
                "step": frame.step if frame else -1, "spikes": frame.total_spikes if frame else 0,
                "probes": frame.probe_ids if frame else (), "log_lines": len(self._store.records),
                "visual": view.visual.model_dump(), "frames": dpg.get_frame_count()}
