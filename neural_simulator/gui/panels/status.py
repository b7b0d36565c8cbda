"""The bottom line: what the simulation does, the newest sentence, and the progress of long work with its Cancel."""

from __future__ import annotations

from functools import partial

import dearpygui.dearpygui as dpg

from ...app.actions import ACTIONS
from ...app.desk import Desk
from ..layout import Look, wrapped_tooltip
from ..theme import Color


class Status:
    """A dot and a word for the state, a sentence, and the progress bar while there is something to wait for."""

    name, title, place = "status", "Status", "status"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._shown: object = None

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_text("\u25cf", tag="status.dot")
            dpg.add_text("", tag="status.state")
            look.use_font("status.state", "bold")
            with dpg.group(horizontal=True, tag="status.work", show=False):
                dpg.add_progress_bar(tag="status.progress", width=look.px(260), overlay="")
                dpg.add_button(label=ACTIONS["cancel"].label, tag="action.cancel",
                               callback=partial(self._desk.trigger, "cancel"))
            dpg.add_text("", tag="status.recording", color=look.bad, show=False)
            dpg.add_text("", tag="status.text")
            with dpg.tooltip("status.text", delay=0.4):
                dpg.add_text("", tag="status.tip", wrap=look.px(500))
        wrapped_tooltip("action.cancel", ACTIONS["cancel"].help, look)

    def _state_color(self) -> Color:
        view, colors = self._desk.view, self._look.colors
        if view.crash:
            return colors.bad
        if view.building or view.run in ("paused", "ended"):
            return colors.note
        return colors.good if view.run == "running" else colors.dim

    def refresh(self) -> None:
        """Bring the line up to date."""
        view = self._desk.view
        if view is self._shown:
            return
        self._shown = view
        dpg.configure_item("status.dot", color=self._state_color())
        dpg.set_value("status.state", "building" if view.building else view.run)
        dpg.configure_item("status.work", show=view.building)
        if view.progress is not None:
            task, fraction = view.progress
            dpg.set_value("status.progress", fraction)
            dpg.configure_item("status.progress", overlay=f"{task}  {fraction:.0%}")
        dpg.configure_item("status.recording", show=view.recording is not None)
        dpg.set_value("status.recording", "recording")
        dpg.set_value("status.text", view.status)
        dpg.set_value("status.tip", view.status)
        dpg.configure_item("status.text", color=self._look.bad if view.status_bad else self._look.dim,
                           show=not view.building)
