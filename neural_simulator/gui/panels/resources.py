"""What the run costs: time of a step, speed reached, memory of program and device, since the run began."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from .. import views
from ..layout import Look, room_below
from ..plots import ChartView
from ..tapes import Tapes

EVERY = 10               # frames of the panel between two drawings; nothing here is hurried


class Resources:
    """Four plots over the whole run."""

    name, title, place = "resources", "Cost", "right"

    def __init__(self, desk: Desk, look: Look, tapes: Tapes):
        self._desk = desk
        self._look = look
        self._tapes = tapes
        self._view = ChartView(desk, look, "resources", views.RESOURCES)
        self._count = 0
        self._shown: object = None

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        with dpg.group(horizontal=True, tag="resources.choices"):
            self._view.build_tools()
            dpg.add_text("", tag="resources.note", color=self._look.dim)
        self._view.build()

    def refresh(self) -> None:
        """Draw what has come since."""
        tapes = self._tapes
        self._view.fit(room_below("resources.choices"))
        self._count += 1
        if self._count % EVERY == 1 and tapes.frame is not self._shown:
            self._shown = tapes.frame
            self._view.show(views.resources(tapes))
            if tapes.frame is not None:
                factor = tapes.frame.real_time_factor
                dpg.set_value("resources.note", f"a simulated second takes {factor:.3g} s of computing")
        if self._view.held or self._desk.view.run != "running":
            self._view.let_go()
