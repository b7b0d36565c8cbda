"""The top of the panel: which profile, and what the simulation does."""

from __future__ import annotations

import math
from functools import partial
from pathlib import Path

import dearpygui.dearpygui as dpg

from ...app.actions import ACTIONS
from ...app.desk import Desk
from ...app.forecast import Forecast, forecast, measured
from ...app.messages import SetSpeed
from ...app.view_state import changed_fields
from ...base.paths import PROFILES
from ...base.units import in_bytes
from ..layout import Look, wrapped_tooltip

SLOWEST, FASTEST = 0.01, 20.0
MOST_LETTERS = 58            # of a forecast
FORECAST_TIP = ("What the network in the form will take: memory, and wall time per simulated time. The time is an "
                "estimate from the network that runs now.")
BUTTONS = ("apply", "start", "pause", "stop", "step", "record")


class Controls:
    """Profile choice, the buttons of the run, the speed."""

    name, title, place = "controls", "Controls", "top"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._shown: object = None
        self._asked: tuple[object, object, object] = (None, None, None)

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_text("Profile")
            dpg.add_combo([], tag="profile", width=look.px(250), callback=self._on_profile)
            wrapped_tooltip("profile", "Put a saved profile into the form. Nothing is applied until "
                                       f"{ACTIONS['apply'].label}.", look)
            for name in ("load_profile", "save_profile", "show_gallery"):
                self._add_button(name)
            dpg.add_text("", tag="profile_note", color=look.dim)
        with dpg.group(horizontal=True):
            for name in BUTTONS:
                self._add_button(name)
            dpg.add_text("", tag="forecast", color=look.dim)
            self._forecast_tip = wrapped_tooltip("forecast", FORECAST_TIP, look)
        dpg.bind_item_theme("action.apply", look.accent_button)
        dpg.bind_item_theme("action.start", look.good_button)
        self._build_speed()

    def _add_button(self, name: str) -> None:
        action = ACTIONS[name]
        tag = f"action.{name}"
        dpg.add_button(label=action.label, tag=tag, callback=partial(self._desk.trigger, name))
        dpg.bind_item_theme(tag, self._look.plain_button)
        keys = f" Key: {' or '.join(action.keys)}" + ("." if action.anywhere else " (in the network window).")
        wrapped_tooltip(tag, action.help + (keys if action.keys else ""), self._look)

    def _build_speed(self) -> None:
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_text("Speed")
            dpg.add_slider_float(tag="speed", width=look.px(250), min_value=math.log10(SLOWEST),
                                 max_value=math.log10(FASTEST), format="", callback=self._on_speed)
            wrapped_tooltip("speed", f"Simulated time per wall time, {SLOWEST:g} to {FASTEST:g}; "
                                     "1 is real time. Takes effect at once.", look)
            dpg.add_button(label="1 \u00d7", tag="speed_real", callback=partial(self._send_speed, 1.0))
            wrapped_tooltip("speed_real", "Real time.", look)
            dpg.add_checkbox(label="as fast as possible", tag="speed_max", callback=self._on_unlimited)
            dpg.add_text("", tag="speed_text", color=look.dim)

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_profile(self, sender: int | str, name: str) -> None:
        self._desk.load_profile(PROFILES / f"{name}.json")

    def _on_speed(self, sender: int | str, exponent: float) -> None:
        self._send_speed(float(f"{10.0 ** exponent:.2g}"))

    def _on_unlimited(self, sender: int | str, on: bool) -> None:
        self._send_speed(0.0 if on else 10.0 ** dpg.get_value("speed"))

    def _send_speed(self, factor: float) -> None:
        self._desk.send(SetSpeed(factor))

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Bring buttons, marks and numbers up to date."""
        self._show_reached_speed()
        view = self._desk.view
        if view is self._shown:
            return
        self._shown = view
        self._ask_forecast()
        for name in BUTTONS:
            dpg.configure_item(f"action.{name}", enabled=self._desk.can(name))
        dpg.configure_item("action.record", label="Record" if view.recording is None else "Finish Recording")
        self._show_profile()
        if not dpg.is_item_active("speed") and view.speed > 0.0:
            dpg.set_value("speed", math.log10(view.speed))
        dpg.set_value("speed_max", view.speed == 0.0)

    def _ask_forecast(self) -> None:
        """Let the cost of the network in the form be reckoned, where it has changed."""
        desk, view = self._desk, self._desk.view
        asked = (view.draft_core, view.draft_gpu, view.network)
        if view.network is None or view.draft_errors or all(a is b for a, b in zip(asked, self._asked, strict=True)):
            return
        self._asked = asked
        known = measured(view.network, desk.frame, view.draft_gpu)
        desk.later("forecast", partial(forecast, view.draft_core, view.draft_gpu, known), self._show_forecast)

    def _show_forecast(self, told: Forecast) -> None:
        if told.problem:
            text = told.problem if len(told.problem) < MOST_LETTERS else told.problem[:MOST_LETTERS] + "\u2026"
        else:
            text = (f"{in_bytes(told.memory_bytes)} of {in_bytes(told.available_bytes)}, about "
                    f"{told.real_time_factor:.2g} s per simulated s")
        dpg.set_value("forecast", text)
        dpg.set_value(self._forecast_tip, told.problem or FORECAST_TIP)
        dpg.configure_item("forecast", color=self._look.bad if told.problem else self._look.dim)

    def _show_profile(self) -> None:
        view, look = self._desk.view, self._look
        dpg.configure_item("profile", items=profile_names(PROFILES))
        dpg.set_value("profile", view.profile)
        changes = len(changed_fields(view)) if view.core is not None else 0
        if view.draft_errors:
            text, color = f"{len(view.draft_errors)} not valid", look.bad
        elif changes:
            text, color = f"{changes} not applied", look.note
        else:
            text, color = "", look.dim
        dpg.set_value("profile_note", text)
        dpg.configure_item("profile_note", color=color)

    def _show_reached_speed(self) -> None:
        view, frame = self._desk.view, self._desk.frame
        text = "" if view.speed == 0.0 else f"{view.speed:.3g} \u00d7"
        if view.run == "running" and frame is not None and frame.speed > 0.0:
            text += f"   reached {frame.speed:.2g} \u00d7"
        if dpg.get_value("speed_text") != text:
            dpg.set_value("speed_text", text.strip())


def profile_names(folder: Path) -> list[str]:
    """Return the names of the profile files in `folder`, alphabetically."""
    return sorted(path.stem for path in folder.glob("*.json") if path.is_file())
