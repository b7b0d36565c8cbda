"""Traits whose neurons have a model of their own: a form for each."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...config import NeuronModel, TraitCells
from ...models.neurons import NEURON_MODELS
from ..form_list import FormList
from ..layout import Look, wrapped_tooltip


class Traits:
    """The list of traits with cells of their own, of the generic network in the form."""

    name, title, place = "traits", "Mixed Cells", "left"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._list = FormList(desk, look, "trait_cells", "trait", _called)

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        dpg.add_button(label="Add", tag="traits.add", callback=self._on_add)
        wrapped_tooltip("traits.add", "Give the neurons of one further trait a model of their own. Takes effect with "
                                      "Apply Changes & Reset Sim.", self._look)
        dpg.add_text("", tag="traits.hint", color=self._look.dim, wrap=0)
        self._list.build()

    def _on_add(self) -> None:
        core, taken = self._desk.view.draft_core, {each.trait for each in self._list.members}
        free = [trait for trait in range(core.num_traits) if trait not in taken]
        if not free:
            self._desk.notice(f"All {core.num_traits} traits have cells of their own; remove one, or raise the number "
                              "of traits.", bad=True)
            return
        others = [key for key in NEURON_MODELS if key != core.neuron_model_type.value]
        model = next((key for key in others if NEURON_MODELS[key].max_dt_ms >= core.dt_ms), others[0])
        self._list.add(TraitCells(trait=free[0], model=NeuronModel(model)))

    def refresh(self) -> None:
        """Show the traits of the form."""
        core = self._desk.view.draft_core
        generic = core.neural_structure_profile.startswith("GENERIC")
        told = ("Several models in one network: each trait may have its own. Weights that are left empty are those "
                "under which a network of that model is alive." if generic else
                "A brain structure has its own populations and cells; only the generic network has traits.")
        if dpg.get_value("traits.hint") != told:
            dpg.set_value("traits.hint", told)
        self._list.refresh()


def _called(cells: TraitCells) -> str:
    preset = f", {cells.preset}" if cells.preset else ""
    return f"Trait {cells.trait}: {NEURON_MODELS[cells.model.value].label}{preset}"
