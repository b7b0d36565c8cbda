"""Stimuli: a form for each, generated from its declaration; all of them act at once."""

from __future__ import annotations

from functools import partial
from typing import Any

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...config import STIMULI, Stimulus
from ..form_list import FormList
from ..layout import Look, wrapped_tooltip

KINDS = {"current": "Current", "current_noise": "Current noise", "conductance_noise": "Conductance noise",
         "poisson": "Poisson spikes", "spikes": "Spikes at given times"}
# What a new stimulus does, so that it can be seen at once.
BEGINNING: dict[str, dict[str, object]] = {
    "current": {"amplitude_pA": 100.0}, "current_noise": {"sigma_pA": 100.0},
    "conductance_noise": {"mean_nS": 2.0, "sigma_nS": 1.0}, "poisson": {"rate_Hz": 100.0, "weight_nS": 2.0},
    "spikes": {"weight_nS": 20.0}}
SKIPPED = ("kind",)                     # chosen when it is made
EVERYWHERE = "All neurons"


class Stimuli:
    """The list of stimuli of the network in the form."""

    name, title, place = "stimuli", "Stimuli", "left"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._list = FormList(desk, look, "stimuli", "stimulus", _called, self._build_aims, live=True, skip=SKIPPED)

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_combo(list(KINDS.values()), default_value=KINDS["current"], tag="stimuli.kind", width=look.px(180))
            wrapped_tooltip("stimuli.kind", "What a new stimulus does.", look)
            dpg.add_button(label="Add", tag="stimuli.add", callback=self._on_add)
            wrapped_tooltip("stimuli.add", "Add a stimulus; it begins now and acts at once.", look)
        dpg.add_text("Stimuli act at once, and are saved with the profile.", color=look.dim, wrap=0)
        self._list.build()

    def _build_aims(self, number: int) -> None:
        tag = f"stimulus.{number}"
        dpg.add_combo([], tag=f"{tag}:population", width=self._look.px(120),
                      callback=partial(self._on_population, number))
        wrapped_tooltip(f"{tag}:population", "Let it reach one population of the network, or all neurons; further "
                                             "populations, patterns such as L4*, and regions are fields below.",
                        self._look)
        dpg.add_button(label="Aim at Selection", tag=f"{tag}:aim", callback=partial(self._on_aim, number))
        wrapped_tooltip(f"{tag}:aim", "Let it reach the neurons that are selected in the network window, or the picked "
                                      "one.", self._look)

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_add(self) -> None:
        kind = next(key for key, label in KINDS.items() if label == dpg.get_value("stimuli.kind"))
        frame = self._desk.frame
        now_ms = 0.0 if frame is None else round(frame.time_ms, 3)
        more: dict[str, Any] = {"times_ms": (now_ms + 500.0, now_ms + 1000.0)} if kind == "spikes" else {
            "start_ms": now_ms}
        name = f"Stimulus {len(self._list.members) + 1}"
        self._list.add(STIMULI[kind](name=name, **{**BEGINNING[kind], **more}))

    def _on_aim(self, number: int) -> None:
        """Let it reach the neurons that are selected in the network window, or the picked one."""
        view = self._desk.view
        chosen = tuple(int(neuron) for neuron in view.selection)
        if not chosen and view.inspection is not None:
            chosen = (view.inspection.neuron,)
        if not chosen:
            self._desk.notice("No neurons are selected: drag with Shift in the network window, or pick one.", bad=True)
            return
        self._list.change(number, neurons=chosen)

    def _on_population(self, number: int, sender: int | str, name: str) -> None:
        """Let it reach the neurons of one population, or all neurons, wherever they are."""
        if name == EVERYWHERE:
            self._list.change(number, populations=(), neurons=(), sphere_um=None, box_um=None)
        else:
            self._list.change(number, populations=(name,))

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show the stimuli of the form, and whom each of them reaches."""
        self._list.refresh()
        network = self._desk.view.network
        names = [EVERYWHERE, *(population.name for population in (network.populations if network else ()))]
        for number, stimulus in enumerate(self._list.members):
            tag, aim = f"stimulus.{number}:population", _aim(stimulus)
            if dpg.get_item_configuration(tag)["items"] != names:
                dpg.configure_item(tag, items=names)
            if dpg.get_value(tag) != aim:
                dpg.set_value(tag, aim)


def _called(stimulus: Stimulus) -> str:
    off = "" if stimulus.enabled else "   off"
    return f"{stimulus.name or 'Stimulus'}: {KINDS[stimulus.kind].lower()}{off}"


def _aim(stimulus: Stimulus) -> str:
    """Whom a stimulus reaches, in a word or two."""
    if stimulus.neurons:
        return f"{len(stimulus.neurons):,} neurons"
    if stimulus.populations:
        return ", ".join(stimulus.populations)
    return "A region" if stimulus.sphere_um or stimulus.box_um else EVERYWHERE
