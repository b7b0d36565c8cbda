"""Stimuli: a form for each, generated from its declaration; all of them act at once."""

from __future__ import annotations

from functools import partial

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...base.errors import ConfigurationError
from ...config import STIMULI, Stimulus
from ..form import Form
from ..layout import Look, wrapped_tooltip

KINDS = {"current": "Current", "current_noise": "Current noise", "conductance_noise": "Conductance noise",
         "poisson": "Poisson spikes", "spikes": "Spikes at given times"}
# What a new stimulus does, so that it can be seen at once.
BEGINNING: dict[str, dict[str, object]] = {
    "current": {"amplitude_pA": 100.0}, "current_noise": {"sigma_pA": 100.0},
    "conductance_noise": {"mean_nS": 2.0, "sigma_nS": 1.0}, "poisson": {"rate_Hz": 100.0, "weight_nS": 2.0},
    "spikes": {"weight_nS": 20.0}}
SKIPPED = ("kind", "receptors")         # chosen when it is made; by file alone


class Stimuli:
    """The list of stimuli of the network in the form."""

    name, title, place = "stimuli", "Stimuli", "left"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._forms: list[Form[Stimulus]] = []
        self._shown: object = None

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_combo(list(KINDS.values()), default_value=KINDS["current"], tag="stimuli.kind", width=look.px(180))
            wrapped_tooltip("stimuli.kind", "What a new stimulus does.", look)
            dpg.add_button(label="Add", tag="stimuli.add", callback=self._on_add)
            wrapped_tooltip("stimuli.add", "Add a stimulus; it begins now and acts at once.", look)
        dpg.add_text("Stimuli act at once, and are saved with the profile.", color=look.dim, wrap=0)
        dpg.add_child_window(tag="stimuli.list", border=False)

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_add(self) -> None:
        kind = next(key for key, label in KINDS.items() if label == dpg.get_value("stimuli.kind"))
        frame = self._desk.frame
        now_ms = 0.0 if frame is None else round(frame.time_ms, 3)
        more: dict[str, object] = {"times_ms": (now_ms + 500.0, now_ms + 1000.0)} if kind == "spikes" else {
            "start_ms": now_ms}
        name = f"Stimulus {len(self._now()) + 1}"
        self._take((*self._now(), STIMULI[kind](name=name, **{**BEGINNING[kind], **more})), act=True)

    def _on_remove(self, number: int) -> None:
        self._take(tuple(each for at, each in enumerate(self._now()) if at != number), act=True)

    def _on_aim(self, number: int) -> None:
        """Let it reach the neurons that are selected in the network window, or the picked one."""
        view = self._desk.view
        chosen = tuple(int(neuron) for neuron in view.selection)
        if not chosen and view.inspection is not None:
            chosen = (view.inspection.neuron,)
        if not chosen:
            self._desk.notice("No neurons are selected: drag with Shift in the network window, or pick one.", bad=True)
            return
        now = self._now()
        self._take((*now[:number], now[number].changed(neurons=chosen), *now[number + 1:]), act=True)

    def _on_edit(self, number: int) -> None:
        form, now = self._forms[number], self._now()
        form.show(form.config, form.errors, ())
        if form.config is not now[number]:
            self._take((*now[:number], form.config, *now[number + 1:]), act=False)

    def _now(self) -> tuple[Stimulus, ...]:
        return self._desk.view.draft_core.stimuli

    def _take(self, stimuli: tuple[Stimulus, ...], act: bool) -> None:
        view = self._desk.view
        try:
            core = view.draft_core.changed(stimuli=stimuli)
        except ConfigurationError as error:
            self._desk.notice(str(error), bad=True)
            return
        self._desk.draft(core, view.draft_gpu, dict(view.draft_errors))
        if act:
            self._desk.commit()

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show the stimuli of the form; another number or kind makes the forms anew."""
        stimuli = self._now()
        if stimuli is self._shown:
            return
        self._shown = stimuli
        if [type(form.config) for form in self._forms] != [type(each) for each in stimuli]:
            self._build_forms(stimuli)
        for number, (form, stimulus) in enumerate(zip(self._forms, stimuli, strict=True)):
            form.show(stimulus, form.errors if form.config is stimulus else {}, ())
            dpg.configure_item(f"stimulus.{number}", label=f"{_called(stimulus)}###stimulus.{number}")

    def _build_forms(self, stimuli: tuple[Stimulus, ...]) -> None:
        dpg.delete_item("stimuli.list", children_only=True, slot=1)
        self._forms = []
        for number, stimulus in enumerate(stimuli):
            form: Form[Stimulus] = Form(stimulus, f"stimulus.{number}", self._look, partial(self._on_edit, number),
                                        lambda name: self._desk.commit(), open_groups=1, skip=SKIPPED)
            self._forms.append(form)
            with dpg.collapsing_header(label=_called(stimulus), tag=f"stimulus.{number}", parent="stimuli.list",
                                       default_open=number == len(stimuli) - 1):
                with dpg.group(horizontal=True):
                    dpg.add_button(label="Aim at Selection", tag=f"stimulus.{number}:aim",
                                   callback=partial(self._on_aim, number))
                    wrapped_tooltip(f"stimulus.{number}:aim", "Let it reach the neurons that are selected in the "
                                                              "network window, or the picked one.", self._look)
                    dpg.add_button(label="Remove", tag=f"stimulus.{number}:remove",
                                   callback=partial(self._on_remove, number))
                form.build()


def _called(stimulus: Stimulus) -> str:
    off = "" if stimulus.enabled else "   off"
    return f"{stimulus.name or 'Stimulus'}: {KINDS[stimulus.kind].lower()}{off}"
