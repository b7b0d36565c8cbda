"""What the network does now: numbers, raster, rates of the populations, potentials of chosen neurons."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...app.frames import NetworkView
from ...app.messages import SetProbes
from ..facts import Facts
from ..fields import from_text
from ..layout import Look, wrapped_tooltip
from ..plots import Plots

WINDOWS = {"0.5 s": 500.0, "1 s": 1000.0, "2 s": 2000.0, "5 s": 5000.0}
CALM_FRAMES = 5               # frames of the panel without news after which the plots may be dragged and zoomed


class Monitor:
    """Numbers on top, below them three plots over the same stretch of simulated time."""

    name, title, place = "monitor", "Monitor", "right"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._facts = Facts(look)
        self._plots = Plots(look)
        self._network: NetworkView | None = None
        self._probes: tuple[int, ...] = ()
        self._calm = 0                  # frames of the panel since the newest frame of the network

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        self._facts.build()
        with dpg.group(horizontal=True, tag="monitor.choices"):
            dpg.add_text("Window", color=self._look.dim)
            dpg.add_combo(list(WINDOWS), default_value="1 s", tag="window", width=self._look.px(70),
                          callback=self._on_window)
            wrapped_tooltip("window", "Stretch of simulated time that the plots show. While the run is held, "
                                      "drag and scroll in a plot to look closer.", self._look)
            dpg.add_text("Traced", color=self._look.dim)
            dpg.add_input_text(tag="probes", width=self._look.px(110), on_enter=True, callback=self._on_probes,
                               auto_select_all=True)
            wrapped_tooltip("probes", "Numbers of the neurons whose membrane potential is drawn, separated by "
                                      "commas; Enter applies them.", self._look)
            self._plots.build_names()
        self._plots.build()

    def _on_window(self, sender: int | str, choice: str) -> None:
        self._calm = 0
        self._plots.set_window(WINDOWS[choice])

    def _on_probes(self, sender: int | str, text: str) -> None:
        ids = from_text(text, many=True)
        if isinstance(ids, tuple):
            self._desk.send(SetProbes(ids))
        else:
            self._desk.notice(f"Traced neurons are whole numbers separated by commas, not {text!r}.", bad=True)

    def refresh(self) -> None:
        """Take in a new network or frame and draw it."""
        view, frame = self._desk.view, self._desk.frame
        if view.network is not self._network:
            self._network = view.network
            self._plots.show_network(view.network)
        self._plots.fit(self._room())
        if view.network is not None:
            width = dpg.get_item_rect_size("right")[0] - self._look.px(32)
            self._facts.show(view.network, frame, self._desk.fresh, width)
        if view.network is not None and frame is not None and self._desk.fresh:
            self._plots.take(view.network, frame)
            self._show_probes(frame.probe_ids)
            self._calm = 0
        self._calm += 1
        if self._calm == CALM_FRAMES and view.run != "running":
            self._plots.let_go()

    def _room(self) -> float:
        """Return the height in px that is left below the choices."""
        x, y = dpg.get_item_rect_min("monitor.choices")
        top = y + dpg.get_item_rect_size("monitor.choices")[1] + dpg.get_y_scroll("right")
        return float(dpg.get_item_pos("right")[1] + dpg.get_item_rect_size("right")[1] - top)

    def _show_probes(self, ids: tuple[int, ...]) -> None:
        if ids != self._probes and not dpg.is_item_active("probes"):
            self._probes = ids
            dpg.set_value("probes", ", ".join(str(neuron) for neuron in ids))
