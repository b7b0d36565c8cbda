"""Everything done since the network was built, as the Python script that does the same."""

from __future__ import annotations

from pathlib import Path

import dearpygui.dearpygui as dpg

from ...app.charts import new_file
from ...app.desk import Desk
from ..layout import Look, wrapped_tooltip


class ScriptText:
    """The script, to be read, copied or saved; running it gives the same spikes, bit for bit."""

    name, title, place = "script", "Python", "bottom"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._shown: object = None

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        with dpg.group(horizontal=True):
            dpg.add_button(label="Copy", tag="script.copy", callback=self._on_copy)
            wrapped_tooltip("script.copy", "Put the script into the clipboard.", self._look)
            dpg.add_button(label="Save", tag="script.save", callback=self._on_save)
            wrapped_tooltip("script.save", "Write the script into a file.", self._look)
            dpg.add_text("The same network, the same steps, the same spikes.", color=self._look.dim)
        dpg.add_input_text(tag="script.text", multiline=True, readonly=True, width=-1, height=-1)
        self._look.use_font("script.text", "mono")

    def _text(self) -> str:
        frame = self._desk.frame
        return self._desk.script.text(frame.step if frame is not None else 0)

    def _on_copy(self) -> None:
        dpg.set_clipboard_text(self._text())
        self._desk.notice("The script is in the clipboard.")

    def _on_save(self) -> None:
        path: Path = new_file("script", "py")
        text = self._text()
        self._desk.later("script", lambda: path.write_text(text, encoding="utf-8"),
                         lambda _: self._desk.notice(f"The script is in {path}."))

    def refresh(self) -> None:
        """Show the script up to now; while the run goes on, up to what was done last."""
        view, frame = self._desk.view, self._desk.frame
        step = frame.step if frame is not None and view.run != "running" else 0
        shown = (self._desk.script.version, step)
        if shown != self._shown:
            self._shown = shown
            dpg.set_value("script.text", self._desk.script.text(step))
