"""What the network does now: numbers, raster, rates of the populations, potentials of chosen neurons."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...app.messages import SetProbes
from .. import views
from ..facts import Facts
from ..fields import from_text
from ..layout import Look, room_below, wrapped_tooltip
from ..plots import ChartView
from ..tapes import Tapes

WINDOWS = {"0.5 s": 500.0, "1 s": 1000.0, "2 s": 2000.0, "5 s": 5000.0}
NAMED_PROBES = 3              # more are told apart by the order of their dots alone


class Monitor:
    """Numbers on top, below them three plots over the same stretch of simulated time."""

    name, title, place = "monitor", "Activity", "right"

    def __init__(self, desk: Desk, look: Look, tapes: Tapes):
        self._desk = desk
        self._look = look
        self._tapes = tapes
        self._facts = Facts(look, tapes)
        self._view = ChartView(desk, look, "activity", views.ACTIVITY)
        self._named: tuple[int, ...] | None = None
        self._shown = -1                # number of what is drawn
        self._window_ms = 1000.0

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        self._facts.build()
        with dpg.group(horizontal=True, tag="monitor.choices"):
            dpg.add_text("Window", color=self._look.dim)
            dpg.add_combo(list(WINDOWS), default_value="1 s", tag="window", width=self._look.px(70),
                          callback=self._on_window)
            wrapped_tooltip("window", "Stretch of simulated time that the plots show.", self._look)
            dpg.add_text("Traced", color=self._look.dim)
            dpg.add_input_text(tag="probes", width=self._look.px(90), on_enter=True, callback=self._on_probes,
                               auto_select_all=True)
            wrapped_tooltip("probes", "Numbers of the neurons whose membrane potential is drawn, separated by "
                                      "commas; Enter applies them.", self._look)
            self._view.build_tools()
            dpg.add_group(tag="probe_names", horizontal=True)
        self._view.build()

    def _on_window(self, sender: int | str, choice: str) -> None:
        self._window_ms = WINDOWS[choice]
        self._shown = -1

    def _on_probes(self, sender: int | str, text: str) -> None:
        ids = from_text(text, whole=True, many=True)
        if isinstance(ids, tuple):
            self._desk.send(SetProbes(ids))
        else:
            self._desk.notice(f"Traced neurons are whole numbers separated by commas, not {text!r}.", bad=True)

    def refresh(self) -> None:
        """Draw what has come since."""
        view, tapes = self._desk.view, self._tapes
        self._view.fit(room_below("monitor.choices"))
        if tapes.network is not None:
            width = dpg.get_item_rect_size("right")[0] - self._look.px(32)
            self._facts.show(tapes.network, tapes.frame, width)
        if tapes.serial != self._shown:
            self._shown = tapes.serial
            self._view.show(views.activity(tapes, self._window_ms))
            self._show_probes(tapes.voltages.ids)
        if self._view.held or view.run != "running":
            self._view.let_go()

    def _show_probes(self, ids: tuple[int, ...]) -> None:
        """Name the traced neurons in their colours."""
        if ids == self._named or dpg.is_item_active("probes"):
            return
        self._named = ids
        dpg.set_value("probes", ", ".join(str(neuron) for neuron in ids))
        dpg.delete_item("probe_names", children_only=True, slot=1)
        for neuron, color in zip(ids, views.probe_colors(self._tapes), strict=True):
            dpg.add_text(f"\u25cf {neuron}" if len(ids) <= NAMED_PROBES else "\u25cf", parent="probe_names",
                         color=color)
