"""Every parameter, from its declaration: the network, the picture and the program each on a tab; a search over all."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...app.settings import Settings
from ...app.view_state import changed_fields
from ...config import CoreSimConfig, GPUConfig, VisualizationConfig
from ..fields import fields_of, matters
from ..form import Form
from ..layout import Look, wrapped_tooltip
from ..rules_table import FIELD, RulesTable

RESET_LABELS = {"hh_external_drive_scale": "Reset HH Drive to Auto-Tuned",
                "adex_external_drive_scale": "Reset AdEx Drive to Auto-Tuned"}


class Parameters:
    """Changes of the network wait for Apply; live fields, and everything of picture and program, act at once."""

    name, title, place = "parameters", "Parameters", "left"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._shown: tuple[object, object] = (None, None)
        view = desk.view
        self._core: Form[CoreSimConfig] = Form(view.draft_core, "core", look, self._on_draft, self._on_committed)
        self._rules = RulesTable(look, lambda rules: self._core.put(FIELD, rules), self._on_committed)
        self._gpu: Form[GPUConfig] = Form(view.draft_gpu, "device", look, self._on_draft, self._on_committed,
                                          open_groups=0)
        self._visual: Form[VisualizationConfig] = Form(view.visual, "view", look, self._on_visual, self._on_committed)
        self._program: Form[Settings] = Form(desk.settings, "program", look, self._on_settings)

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        dpg.add_input_text(tag="search", hint="Search all parameters", width=-1, callback=self._on_search)
        wrapped_tooltip("search", "Words of a name, a meaning or a unit; only parameters that fit all of them are "
                                  "shown.", self._look)
        with dpg.tab_bar(tag="forms"):
            with dpg.tab(label="Network", tag="tab.network"), dpg.child_window(border=False, tag="form.network"):
                self._core.build()
                self._build_drive_resets()
                self._rules.build(f"core.{FIELD}")
                self._gpu.build()
            with dpg.tab(label="View", tag="tab.view"), dpg.child_window(border=False):
                self._visual.build()
            with dpg.tab(label="Program", tag="tab.program"), dpg.child_window(border=False):
                self._program.build()

    def _build_drive_resets(self) -> None:
        for name, label in RESET_LABELS.items():
            with dpg.group(parent="core:Drive"):               # hidden with its tooltip
                dpg.add_button(label=label, tag=f"reset.{name}", callback=self._desk.reset_drive)
                wrapped_tooltip(f"reset.{name}", "Take the value that auto-tune found for this model, structure and "
                                                 "cell type. Acts at once.", self._look)

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_search(self, sender: int | str, text: str) -> None:
        found = {"tab.network": self._core.search(text) + self._gpu.search(text),
                 "tab.view": self._visual.search(text), "tab.program": self._program.search(text)}
        front = dpg.get_item_alias(dpg.get_value("forms")) or "tab.network"
        if text.strip() and not found[front] and any(found.values()):
            dpg.set_value("forms", next(tab for tab, count in found.items() if count))

    def _on_draft(self) -> None:
        self._desk.draft(self._core.config, self._gpu.config,
                         {**self._core.errors, **self._rules.errors, **self._gpu.errors})

    def _on_committed(self, name: str) -> None:
        """An edit is finished: live fields act now."""
        self._desk.commit()

    def _on_visual(self) -> None:
        old, new = self._desk.view.visual, self._visual.config
        changes = {name: getattr(new, name) for name in type(new).model_fields
                   if getattr(new, name) != getattr(old, name)}
        if changes:
            self._desk.change_visual(**changes)

    def _on_settings(self) -> None:
        shown = {field.name: getattr(self._program.config, field.name) for field in fields_of(Settings)}
        self._desk.change_settings(**shown)

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show the draft with its marks, the settings of the picture and those of the program."""
        view, settings = self._desk.view, self._desk.settings
        if view is self._shown[0] and settings is self._shown[1]:
            return
        self._shown = (view, settings)
        changed = changed_fields(view) if view.core is not None else frozenset()
        self._core.show(view.draft_core, view.draft_errors, changed)
        self._rules.show(view.draft_core, any(key.startswith(f"{FIELD}.") for key in view.draft_errors))
        self._gpu.show(view.draft_gpu, view.draft_errors, changed)
        if view.visual != self._visual.config:
            self._visual.show(view.visual, {}, ())
        else:
            self._visual.show(self._visual.config, self._visual.errors, ())
        self._program.show(settings, self._program.errors, ())
        for name in RESET_LABELS:
            dpg.configure_item(dpg.get_item_parent(f"reset.{name}"), show=matters(view.draft_core, name))
