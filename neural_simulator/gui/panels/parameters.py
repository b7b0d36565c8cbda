"""Every parameter, from its declaration: the network on one tab, the picture on another."""

from __future__ import annotations

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...app.messages import ChangeLive
from ...app.view_state import changed_fields
from ...config import CoreSimConfig, GPUConfig, VisualizationConfig, describe
from ..form import Form
from ..layout import Look


class Parameters:
    """Changes of the network wait for Apply; those declared live, and everything of the picture, act at once."""

    name, title, place = "parameters", "Parameters", "left"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._shown: object = None
        view = desk.view
        self._core: Form[CoreSimConfig] = Form(view.draft_core, "core", look, self._on_draft, self._on_committed)
        self._gpu: Form[GPUConfig] = Form(view.draft_gpu, "device", look, self._on_draft, open_groups=0)
        self._visual: Form[VisualizationConfig] = Form(view.visual, "view", look, self._on_visual)

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        with dpg.tab_bar():
            with dpg.tab(label="Network", tag="tab.network"), dpg.child_window(border=False):
                self._core.build()
                self._gpu.build()
            with dpg.tab(label="View", tag="tab.view"), dpg.child_window(border=False):
                self._visual.build()

    def _on_draft(self) -> None:
        self._desk.draft(self._core.config, self._gpu.config, {**self._core.errors, **self._gpu.errors})

    def _on_committed(self, name: str) -> None:
        """Send a live field to the running network, where it has one and the value is new."""
        view, value = self._desk.view, getattr(self._core.config, name)
        if view.core is not None and describe(CoreSimConfig, name)["live"] and value != getattr(view.core, name):
            self._desk.send(ChangeLive({name: value}))

    def _on_visual(self) -> None:
        old, new = self._desk.view.visual, self._visual.config
        changes = {name: getattr(new, name) for name in type(new).model_fields
                   if getattr(new, name) != getattr(old, name)}
        if changes:
            self._desk.change_visual(**changes)

    def refresh(self) -> None:
        """Show the draft with its marks, and the settings of the picture."""
        view = self._desk.view
        if view is self._shown:
            return
        self._shown = view
        changed = changed_fields(view) if view.core is not None else frozenset()
        self._core.show(view.draft_core, view.draft_errors, changed)
        self._gpu.show(view.draft_gpu, view.draft_errors, changed)
        if view.visual != self._visual.config:
            self._visual.show(view.visual, {}, ())
        else:
            self._visual.show(self._visual.config, self._visual.errors, ())
