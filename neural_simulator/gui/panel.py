"""The control panel's window: made by `open`, drawn by `frame` once per turn of the main loop, ended by `close`.

Everything here runs on the main thread. The panel reads the desk and sends through it; it owns no simulation state.
"""

from __future__ import annotations

import inspect
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import dearpygui.dearpygui as dpg

from ..app.actions import ACTIONS, action_for, chord
from ..app.crash import write_report
from ..app.desk import Desk
from ..app.jobs import Runner
from ..app.settings import Settings
from ..base import log
from ..base.errors import SimulatorError
from ..base.log import LogStore
from ..base.paths import CRASH_REPORTS
from . import theme
from .context import PanelGL
from .control_port import ControlPort
from .dialogs import Dialogs
from .gallery import Gallery
from .layout import LEFT_WIDTH, LOG_HEIGHT, LOG_SHARE, SMALLEST, SMALLEST_LOG, STATUS_HEIGHT, TITLE, WINDOW, Look
from .panels import PANELS, PLACES, Kit, Part
from .tapes import Tapes
from .tour import Tour

FILE_ACTIONS = ("show_gallery", "load_profile", "save_profile", "load_checkpoint", "save_checkpoint", "exit")
EDIT_ACTIONS = ("undo", "redo")
RUN_ACTIONS = ("apply", "start", "pause", "stop", "step", "reward", "record", "open_playback", "close_playback")
VIEW_ACTIONS = ("show_viewer", "toggle_synapses", "reset_camera")
FONT_SCALES = (0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 1.75, 2.0)
KEYS = {getattr(dpg, f"mvKey_{name}"): name for name in (*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", "F1")}
KEYS[dpg.mvKey_Spacebar] = "Space"
CTRL = (dpg.mvKey_LControl, dpg.mvKey_RControl)
SHIFT = (dpg.mvKey_LShift, dpg.mvKey_RShift)
TYPED_INTO = tuple(f"mvAppItemType::mv{kind}" for kind in ("InputText", "InputFloat", "SliderFloat"))
RUNNING_S = 1.0 / 30.0          # between two pictures while only the network changes
AWAKE_S = 0.8                   # pictures go on for so long after the user did something: tooltips, fading, scrolling
WORKING_S = 0.5                 # between two pictures while a job runs beside the simulation
DROWSY_S = 2.0                  # between two pictures of a panel to which nothing happens,
DEAF_S = 1.0 / 20.0             # and where it cannot be told whether something does


class Panel:
    """The DearPyGui window. `size` and `position` in px, None for the usual ones; `scale` is the screen's own."""

    def __init__(self, desk: Desk, store: LogStore, *, position: tuple[int, int] = (0, 20),
                 size: tuple[int, int] | None = None, scale: float = 1.0):
        self._desk = desk
        self._store = store
        self._position = position
        self._size = size
        self._scale = scale
        self._gl = PanelGL()
        self._parts: list[Part] = []
        self._tapes = Tapes()
        self._runner = Runner()
        self._down: set[int] = set()        # keys that are down, in the order of events
        self._log = log.get("gui")
        self._drawn: tuple[object, object, int] = (None, None, -1)      # what the newest picture showed
        self._drawn_s = self._awake_until_s = 0.0
        self._looked = (desk.settings.theme, desk.settings.font_scale)

    # ---- life -------------------------------------------------------------------------------------------
    def open(self) -> None:
        """Create the window and show it."""
        dpg.create_context()
        dpg.configure_app(manual_callback_management=True)
        settings = self._desk.settings
        scale = self._scale * settings.font_scale
        width, height = self._size or (round(WINDOW[0] * scale), round(WINDOW[1] * scale))
        dpg.create_viewport(title=f"{TITLE} - Control Panel", width=width, height=height, x_pos=self._position[0],
                            y_pos=self._position[1], min_width=round(SMALLEST[0] * self._scale),
                            min_height=round(SMALLEST[1] * self._scale), clear_color=(18, 21, 28, 255),
                            disable_close=True)
        dpg.set_exit_callback(self._desk.ask_to_leave)      # the title bar's cross
        dpg.set_viewport_resize_callback(self._fit)
        dpg.setup_dearpygui()
        self._build()
        self._port = ControlPort(self._state, self._run_callback)
        dpg.show_viewport()
        self._gl.capture()

    def running(self) -> bool:
        """False once the window is gone."""
        return bool(dpg.is_dearpygui_running())

    def frame(self) -> None:
        """Show what the desk knows, draw where there is something new, and carry out what the user did."""
        desk = self._desk
        self._tapes.take(desk.view.network, desk.frame, desk.fresh)
        if self._port.serve():
            self._wake()
        if (desk.settings.theme, desk.settings.font_scale) != self._looked:
            self._rebuild()
        if self._gl.minimised():
            self._carry_out()           # the taskbar may close it
            return
        if not self._due(time.perf_counter()):
            return
        self._gl.activate()
        for part in self._parts:
            if self._is_front(part):
                part.refresh()
        self._dialogs.refresh()
        self._tour.refresh()
        dpg.render_dearpygui_frame()
        self._carry_out()

    def _carry_out(self) -> None:
        """Run the callbacks of what the user did."""
        for job in dpg.get_callback_queue() or []:
            self._wake()
            if job[0] is not None:
                self._run_callback(job[0], job[1:])

    def rest(self, seconds: float) -> None:
        """Sleep until the next turn of the main loop; shorter where the user does something."""
        if self._gl.wait(max(0.0, seconds)):
            self._wake()

    def close(self) -> None:
        """Destroy the window; after the simulation thread and the viewer have ended."""
        self._note_layout()
        self._port.close()
        self._runner.close()
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

    # ---- when to draw -----------------------------------------------------------------------------------
    def _wake(self) -> None:
        self._awake_until_s = time.perf_counter() + AWAKE_S

    def _due(self, now: float) -> bool:
        """A picture is due when the user does something or something else is to be shown than before."""
        desk = self._desk
        view, settings, lines = desk.view, desk.settings, self._store.version + self._runner.version
        waited = now - self._drawn_s
        new = view is not self._drawn[0] or settings is not self._drawn[1] or lines != self._drawn[2]
        resting = DEAF_S if not self._gl.hears else WORKING_S if self._runner.running else DROWSY_S
        due = (now < self._awake_until_s or new or waited >= resting
               or (waited >= RUNNING_S and self._tapes.newer(self._drawn_s)))
        if due:
            self._drawn, self._drawn_s = (view, settings, lines), now
        return due

    def _is_front(self, part: Part) -> bool:
        """True where the part is not hidden behind another tab."""
        if not dpg.does_item_exist(f"tabs.{part.place}"):
            return True
        front = dpg.get_value(f"tabs.{part.place}")
        return front == 0 or dpg.get_item_alias(front) == f"tab.{part.name}"

    # ---- building ---------------------------------------------------------------------------------------
    def _build(self) -> None:
        """Create everything inside the window, in the look that the settings ask for."""
        settings = self._desk.settings
        self._looked = (settings.theme, settings.font_scale)
        self._look = look = Look(self._scale * settings.font_scale, theme.THEMES[settings.theme])
        dpg.bind_theme(look.base)
        if "text" in look.fonts:
            dpg.bind_font(look.fonts["text"])
        dpg.set_viewport_clear_color([*look.colors.ground, 255])
        kit = Kit(self._desk, look, self._store, self._tapes, self._runner)
        self._parts = [make(kit) for make in PANELS]
        if not dpg.does_item_exist("main"):
            dpg.add_window(tag="main", no_scrollbar=True, no_scroll_with_mouse=True)
            dpg.set_primary_window("main", True)
        dpg.push_container_stack("main")
        self._build_inside(settings)
        dpg.pop_container_stack()
        for place in settings.hidden_places:
            if place in PLACES:
                dpg.configure_item(place, show=False)
                dpg.set_value(f"view.{place}", False)
        self._fit()
        with dpg.handler_registry(tag="keys"):
            dpg.add_key_press_handler(callback=self._on_key)
            dpg.add_key_release_handler(callback=lambda sender, key: self._down.discard(key))
        self._dialogs = Dialogs(self._desk, look)
        self._gallery = Gallery(self._desk, look)
        self._tour = Tour(self._desk, look)

    def _build_inside(self, settings: Settings) -> None:
        look = self._look
        self._build_menu()
        self._build_place("top")
        self._build_place("timeline")
        with dpg.group(horizontal=True):
            with dpg.child_window(tag="left", width=look.px(settings.left_width or LEFT_WIDTH), resizable_x=True):
                self._build_place("left")
            with dpg.child_window(tag="right", width=-1):
                self._build_place("right")
        with dpg.child_window(tag="bottom", height=look.px(LOG_HEIGHT)):
            self._build_place("bottom")
        self._build_place("status")

    def _rebuild(self) -> None:
        """Make everything anew in another look; what was plotted stays."""
        self._gl.activate()
        self._note_layout()
        dpg.delete_item("main", children_only=True)     # the window itself stays: without it DearPyGui crashes
        for item in dpg.get_windows():                  # dialogs and popups; the list also holds fonts and themes
            if dpg.get_item_type(item).endswith("mvWindowAppItem") and dpg.get_item_alias(item) != "main":
                dpg.delete_item(item)
        dpg.delete_item("keys")
        self._down.clear()
        self._build()
        self._wake()

    def _build_place(self, place: str) -> None:
        parts = [part for part in self._parts if part.place == place]
        if len(parts) == 1:
            parts[0].build()
            return
        with dpg.tab_bar(tag=f"tabs.{place}"):
            for part in parts:
                with dpg.tab(label=part.title, tag=f"tab.{part.name}"):
                    part.build()

    def _build_menu(self) -> None:
        with dpg.menu_bar():
            for title, names in (("File", FILE_ACTIONS), ("Edit", EDIT_ACTIONS), ("Simulation", RUN_ACTIONS)):
                with dpg.menu(label=title, tag=f"menu.{title}"):
                    self._build_items(names)
            with dpg.menu(label="View", tag="menu.View"):
                for place, title in PLACES.items():
                    dpg.add_menu_item(label=title, check=True, default_value=True, tag=f"view.{place}",
                                      callback=partial(self._on_view, place))
                dpg.add_separator()
                self._build_items(VIEW_ACTIONS)
                dpg.add_separator()
                dpg.add_menu_item(label="Light Theme", tag="menu.light", check=True, callback=self._on_theme,
                                  default_value=self._desk.settings.theme == "light")
                dpg.add_menu_item(label="Larger Text", tag="menu.larger", callback=partial(self._on_font, 1))
                dpg.add_menu_item(label="Smaller Text", tag="menu.smaller", callback=partial(self._on_font, -1))
                dpg.add_menu_item(label="Reset Layout", tag="menu.reset_layout", callback=self._on_reset_layout)
            with dpg.menu(label="Help", tag="menu.Help"):
                self._build_items(("show_keys", "show_tour"))

    def _build_items(self, names: tuple[str, ...]) -> None:
        for name in names:
            action = ACTIONS[name]
            dpg.add_menu_item(label=action.label, shortcut=" / ".join(action.keys), tag=f"menu.{name}",
                              callback=partial(self._desk.trigger, name))

    # ---- layout -----------------------------------------------------------------------------------------
    def _on_view(self, place: str) -> None:
        dpg.configure_item(place, show=dpg.get_value(f"view.{place}"))
        self._fit()

    def _on_theme(self) -> None:
        self._desk.change_settings(theme="light" if dpg.get_value("menu.light") else "dark")

    def _on_font(self, step: int) -> None:
        now = self._desk.settings.font_scale
        nearest = min(range(len(FONT_SCALES)), key=lambda number: abs(FONT_SCALES[number] - now))
        self._desk.change_settings(font_scale=FONT_SCALES[min(max(nearest + step, 0), len(FONT_SCALES) - 1)])

    def _on_reset_layout(self) -> None:
        for place in PLACES:
            dpg.set_value(f"view.{place}", True)
            dpg.configure_item(place, show=True)
        dpg.configure_item("left", width=self._look.px(LEFT_WIDTH))
        self._fit()

    def _fit(self) -> None:
        """Give the middle what the log and the status line leave; in a small window the log is smaller, too."""
        px = self._look.px
        log_height = round(min(px(LOG_HEIGHT), max(px(SMALLEST_LOG), LOG_SHARE * dpg.get_viewport_height())))
        dpg.configure_item("bottom", height=log_height)
        below = px(STATUS_HEIGHT) + (log_height + px(6) if dpg.get_item_configuration("bottom")["show"] else 0)
        for tag in ("left", "right"):
            dpg.configure_item(tag, height=-below)

    def _note_layout(self) -> None:
        """Let the settings remember where everything is."""
        hidden = tuple(place for place in PLACES if not dpg.get_item_configuration(place)["show"])
        width = dpg.get_item_rect_size("left")[0] / self._look.scale if "left" not in hidden else 0
        box = (dpg.get_viewport_width(), dpg.get_viewport_height(), *(round(at) for at in dpg.get_viewport_pos()))
        self._desk.change_settings(hidden_places=hidden, left_width=round(width), panel_box=box)

    # ---- keys -------------------------------------------------------------------------------------------
    def _on_key(self, sender: int | str, key: int) -> None:
        if key in self._down:       # held down
            return
        self._down.add(key)
        if key == dpg.mvKey_Escape and not self._tour.end():
            self._dialogs.close_front()
        if key not in KEYS:
            return
        typing = self._typing()
        pressed = chord(KEYS[key], any(each in self._down for each in CTRL), any(each in self._down for each in SHIFT))
        action = action_for(pressed, anywhere_only=typing or self._dialogs.is_open())
        if action is not None and not (typing and action.name in EDIT_ACTIONS):     # a text has its own undo
            self._desk.trigger(action)

    def _typing(self) -> bool:
        """True while the user is in a text field, or in a number's; Ctrl+click makes one of a slider."""
        return any(dpg.get_item_type(item) in TYPED_INTO and dpg.is_item_active(item) for item in dpg.get_all_items())

    # ---- for the tests ----------------------------------------------------------------------------------
    def _state(self) -> dict[str, Any]:
        view, frame = self._desk.view, self._desk.frame
        return {"run": view.run, "status": view.status, "bad": view.status_bad, "errors": dict(view.draft_errors),
                "profile": view.profile, "speed": view.speed, "building": view.building,
                "num_neurons": view.network.num_neurons if view.network else 0,
                "step": frame.step if frame else -1, "spikes": frame.total_spikes if frame else 0,
                "probes": frame.probe_ids if frame else (), "log_lines": len(self._store.records),
                "visual": view.visual.model_dump(), "frames": dpg.get_frame_count(),
                "core": view.draft_core.model_dump(mode="json"), "device": view.draft_gpu.model_dump(mode="json"),
                "settings": self._desk.settings.model_dump(mode="json"), "history_at": view.history_at,
                "history": view.history, "recording": str(view.recording or ""), "unsaved": self._desk.unsaved,
                "leaving": self._desk.leaving}
