"""What was changed, step by step; a click goes back or forward to that moment."""

from __future__ import annotations

from functools import partial

import dearpygui.dearpygui as dpg

from ...app.actions import ACTIONS
from ...app.desk import Desk
from ..layout import Look, wrapped_tooltip


class HistoryList:
    """The moments of form and picture, newest on top; those that were undone are dim."""

    name, title, place = "history", "History", "bottom"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._shown: tuple[tuple[str, ...], int] | None = None

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        with dpg.group(horizontal=True):
            for name in ("undo", "redo"):
                tag = f"action.{name}"
                dpg.add_button(label=ACTIONS[name].label, tag=tag, callback=partial(self._desk.trigger, name))
                dpg.bind_item_theme(tag, self._look.plain_button)
                wrapped_tooltip(tag, f"{ACTIONS[name].help} Key: {' or '.join(ACTIONS[name].keys)}.", self._look)
            dpg.add_text("Click a moment to go there; what acts at once acts, the rest waits for Apply.",
                         color=self._look.dim)
        dpg.add_child_window(tag="history.list", border=False)
        dpg.bind_item_theme("history.list", self._look.dense)

    def refresh(self) -> None:
        """Show the moments there are."""
        view = self._desk.view
        if (view.history, view.history_at) == self._shown:
            return
        self._shown = (view.history, view.history_at)
        for name in ("undo", "redo"):
            dpg.configure_item(f"action.{name}", enabled=self._desk.can(name))
        dpg.delete_item("history.list", children_only=True, slot=1)
        for number, label in reversed(list(enumerate(view.history))):
            sign = "\u2192" if number == view.history_at else "  "
            undone = "   (undone)" if number > view.history_at else ""
            dpg.add_selectable(label=f"{sign} {number:>3}  {label}{undone}", parent="history.list",
                               tag=f"history.{number}", callback=partial(self._desk.go_to_moment, number))
