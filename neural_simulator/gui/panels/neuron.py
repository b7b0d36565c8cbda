"""One neuron in detail: what it is, its trace, and its way through the phase plane."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...app.frames import Inspection
from ...app.messages import Inspect
from .. import theme, views
from ..fields import from_text
from ..layout import Look, room_below, wrapped_tooltip
from ..plots import ChartView
from ..tapes import Tapes

FACT_COLUMNS = 3


class Neuron:
    """The neuron that was picked here or in the network window."""

    name, title, place = "neuron", "Neuron", "right"

    def __init__(self, desk: Desk, look: Look, tapes: Tapes):
        self._desk = desk
        self._look = look
        self._tapes = tapes
        self._view = ChartView(desk, look, "neuron", views.NEURON, linked=False)
        self._inspection: Inspection | None = None
        self._asked: tuple[int, int] | None = None      # (build, neuron) whose states were asked for
        self._state = ""
        self._shown: object = None

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_text("Neuron", color=look.dim)
            dpg.add_input_text(tag="neuron.number", width=look.px(80), on_enter=True, callback=self._on_number,
                               auto_select_all=True)
            wrapped_tooltip("neuron.number", "Number of the neuron to look at; Enter picks it. A click on a neuron in "
                                             "the network window does the same.", look)
            dpg.add_button(label="Let Go", tag="neuron.none", callback=lambda: self._desk.inspect(None))
            wrapped_tooltip("neuron.none", "Look at no neuron any more.", look)
            dpg.add_text("Against V", color=look.dim)
            dpg.add_combo([], tag="neuron.state", width=look.px(80), callback=self._on_state)
            wrapped_tooltip("neuron.state", "The state that the phase plane shows over the membrane potential.", look)
            self._view.build_tools()
        dpg.add_group(tag="neuron.facts")
        dpg.bind_item_theme("neuron.facts", look.dense)
        dpg.add_text("No neuron is picked: enter a number, or click one in the network window.", tag="neuron.hint",
                     color=look.dim)
        self._view.build()

    def _on_number(self, sender: int | str, text: str) -> None:
        number = from_text(text, whole=True)
        if isinstance(number, int):
            self._desk.send(Inspect(number, states=True))
        else:
            self._desk.notice(f"A neuron is named by its number, not {text!r}.", bad=True)

    def _on_state(self, sender: int | str, name: str) -> None:
        self._state, self._shown = name, None

    def refresh(self) -> None:
        """Draw what has come since; while this is in front, the picked neuron's states are followed."""
        view, tapes = self._desk.view, self._tapes
        picked = view.inspection
        if picked is not self._inspection:
            self._inspection = picked
            self._show_facts(picked)
        if picked is not None and not tapes.state_names and self._asked != (picked.build, picked.neuron):
            self._asked = (picked.build, picked.neuron)
            self._desk.send(Inspect(picked.neuron, states=True))
        self._offer_states()
        self._view.fit(room_below("neuron.hint" if picked is None else "neuron.facts"))
        if (tapes.serial, self._state) != self._shown:
            self._shown = (tapes.serial, self._state)
            self._view.show(views.neuron(tapes, self._state))
        if self._view.held or view.run != "running":
            self._view.let_go()

    def _offer_states(self) -> None:
        names = [name for name in self._tapes.state_names if name != "v"]
        if names != dpg.get_item_configuration("neuron.state")["items"]:
            dpg.configure_item("neuron.state", items=names)
            if names and self._state not in names:
                self._state = names[0]
            dpg.set_value("neuron.state", self._state if names else "")

    def _show_facts(self, picked: Inspection | None) -> None:
        """Show what is known of the neuron as a grid."""
        dpg.delete_item("neuron.facts", children_only=True, slot=1)
        dpg.configure_item("neuron.hint", show=picked is None)
        dpg.set_value("neuron.number", "" if picked is None else str(picked.neuron))
        if picked is None:
            return
        network = self._desk.view.network
        index = 0 if network is None else int(network.population_of[picked.neuron])
        x, y, z = picked.position
        with dpg.group(horizontal=True, parent="neuron.facts"):
            dpg.add_text("\u25cf", color=theme.population_rgb(index))
            self._look.use_font(dpg.add_text(picked.population.name), "bold")
            dpg.add_text(f"at ({x:.0f}, {y:.0f}, {z:.0f}) um; {picked.leaving.size:,} synapses out, "
                         f"{picked.ending.size:,} in", color=self._look.dim)
        facts = [f"{name} {value:g} {unit}".rstrip() for name, value, unit in picked.parameters]
        with dpg.table(header_row=False, parent="neuron.facts", policy=dpg.mvTable_SizingStretchSame):
            for _ in range(FACT_COLUMNS):
                dpg.add_table_column()
            for start in range(0, min(len(facts), 4 * FACT_COLUMNS), FACT_COLUMNS):
                with dpg.table_row():
                    for fact in facts[start:start + FACT_COLUMNS]:
                        self._look.use_font(dpg.add_text(fact), "small")
