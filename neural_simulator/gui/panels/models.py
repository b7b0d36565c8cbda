"""Neuron models that users write: a text of equations, checked while it is typed, compiled, and then chosen."""

from __future__ import annotations

import re
import time

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...app.messages import AddNeuronModel, Done
from ...base.errors import GrammarError
from ...models.neurons import NEURON_MODELS, USER_MODELS
from ...models.neurons.user import read_model
from ..fields import refit
from ..layout import Look, wrapped_tooltip

TEMPLATE = '''\
"""Quadratic integrate-and-fire, by Euler's scheme: a beginning to change."""


def step(v, i_ext, g_syn, j_syn, dt, C_inverse, k, v_r, v_t, v_peak, c):
    dv = k * (v - v_r) * (v - v_t) + i_ext + j_syn - g_syn * v
    v = fmin(fmax(v + dt * C_inverse * dv, -200), 100)
    spiked = v >= v_peak
    v = c if spiked else v
    return v, spiked


def inverse(C):
    return 1 / C


MODEL = NeuronModel(
    key="MY_MODEL",
    label="My model",
    source="where its equations come from",
    states=(State("v", "mV", "membrane potential", initial="v_r"),),
    params=(
        Param("C", "pF", 100, 1, 1000, "Capacitance"),
        Param("k", "nS/mV", 0.7, 0, 10, "Gain"),
        Param("v_r", "mV", -60, -100, 0, "Resting potential"),
        Param("v_t", "mV", -40, -100, 0, "Threshold"),
        Param("v_peak", "mV", 40, -50, 80, "Spike peak"),
        Param("c", "mV", -50, -100, 0, "Reset potential"),
    ),
    step=step,
    derived={"C_inverse": inverse},
    presets=(Preset("PLAIN", "Plain", {}, "chosen by me"),),
    default_dt_ms=0.25,
    max_dt_ms=0.5,
)
'''
NEW = "New model"
TITLE = "typed model"            # what error messages call the text
PAUSE_S = 0.4                    # without typing, before a text is checked
LINE = re.compile(r"line (\d+)")


class Models:
    """The text of a user's model, what is wrong with it and where, and the way into the form."""

    name, title, place = "models", "Models", "right"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._edited_s: float | None = None         # when the text was last changed, None: it has been checked
        self._sent: AddNeuronModel | None = None    # what the simulation's thread is working on
        self._told: object = None

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_combo([NEW], default_value=NEW, tag="models.which", width=look.px(170), callback=self._on_which)
            wrapped_tooltip("models.which", "Begin a new model, or go on with one of yours.", look)
            dpg.add_button(label="Check and Add", tag="models.add", callback=self._on_add)
            wrapped_tooltip("models.add", "Check the equations, compile them, try every preset under currents "
                                          "and synaptic input, and offer the model wherever models are chosen.", look)
            dpg.add_checkbox(label="Keep", default_value=True, tag="models.keep")
            wrapped_tooltip("models.keep", "Write it into the folder user_models, so that it is there at the next "
                                           "start; delete its file there to be rid of it.", look)
            dpg.add_button(label="Use in Form", tag="models.use", callback=self._on_use, enabled=False)
            wrapped_tooltip("models.use", "Choose this model for the network in the form; Apply Changes & Reset Sim "
                                          "builds it.", look)
        dpg.add_text("", tag="models.told", wrap=0)
        dpg.add_text("", tag="models.line", color=look.bad, show=False)
        look.use_font("models.line", "mono")
        dpg.add_input_text(tag="models.text", multiline=True, tab_input=True, width=-1, height=-1,
                           default_value=self._desk.model_text or TEMPLATE, callback=self._on_text)
        look.use_font("models.text", "mono")
        self._edited_s = 0.0

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_which(self, sender: int | str, key: str) -> None:
        entry = USER_MODELS.get(key)
        self._desk.model_text = entry.text if entry else TEMPLATE
        dpg.set_value("models.text", self._desk.model_text)
        self._edited_s = 0.0

    def _on_text(self) -> None:
        self._edited_s = time.perf_counter()
        self._desk.model_text = dpg.get_value("models.text")

    def _on_add(self) -> None:
        if self._check():
            self._sent = AddNeuronModel(dpg.get_value("models.text"), dpg.get_value("models.keep"))
            self._desk.send(self._sent)
            self._tell("The model is compiled and tried...")

    def _on_use(self) -> None:
        key, view = self._key(), self._desk.view
        if key not in USER_MODELS:
            return
        core = refit(view.draft_core.changed(neural_structure_profile="GENERIC_UNSTRUCTURED", neuron_model_type=key),
                     "neuron_model_type")
        self._desk.draft(core, view.draft_gpu, {})
        self._desk.notice(f"{NEURON_MODELS[key].label} is in the form; Apply Changes & Reset Sim builds it.")

    # ---- checking ---------------------------------------------------------------------------------------
    def _key(self) -> str:
        """The key that the text declares, '' where it declares none."""
        try:
            return read_model(dpg.get_value("models.text"), TITLE).key
        except GrammarError:
            return ""

    def _check(self) -> bool:
        """Read the text and tell what is wrong with it."""
        self._edited_s = None
        try:
            model = read_model(dpg.get_value("models.text"), TITLE)
        except GrammarError as error:
            self._tell(str(error), bad=True)
            return False
        entry = USER_MODELS.get(model.key)
        if entry is not None and entry.text == dpg.get_value("models.text"):
            self._tell(f"{model.label} ({model.key}) can be chosen.")
        else:
            self._tell(f"{model.label} ({model.key}): the text can be read; Check and Add compiles and tries it.")
        return True

    def _tell(self, sentence: str, bad: bool = False) -> None:
        """Show a sentence and, where it names a line, that line."""
        look = self._look
        dpg.set_value("models.told", sentence)
        dpg.configure_item("models.told", color=look.bad if bad else look.dim)
        dpg.bind_item_theme("models.text", look.bad_text if bad else look.plain_field)
        found, lines = LINE.search(sentence), dpg.get_value("models.text").splitlines()
        number = int(found[1]) if bad and found else 0
        inside = 1 <= number <= len(lines)
        dpg.set_value("models.line", f"{number:>4} | {lines[number - 1]}" if inside else "")
        dpg.configure_item("models.line", show=inside)

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Check what has been typed, and tell what has become of what was added."""
        if self._edited_s is not None and time.perf_counter() - self._edited_s >= PAUSE_S:
            self._check()
        told = self._desk.view.model_told
        if told is not self._told:
            self._told = told
            if told is not None and told.command is self._sent:
                self._sent = None
                if isinstance(told, Done):
                    self._tell(told.text)
                else:
                    self._tell(told.message, bad=True)
        names = [NEW, *USER_MODELS]
        if dpg.get_item_configuration("models.which")["items"] != names:
            dpg.configure_item("models.which", items=names)
        dpg.configure_item("models.add", enabled=self._sent is None)
        key = self._declared()
        if dpg.get_item_configuration("models.use")["enabled"] != (key in USER_MODELS):
            dpg.configure_item("models.use", enabled=key in USER_MODELS)

    def _declared(self) -> str:
        """The key in the text, without reading all of it."""
        found = re.search(r"""\bkey\s*=\s*["']([A-Z0-9_]+)["']""", dpg.get_value("models.text"))
        return found[1] if found else ""
