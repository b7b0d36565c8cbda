"""The program's log: search, level filter, export, clear, auto-scroll."""

from __future__ import annotations

import logging
from datetime import datetime

import dearpygui.dearpygui as dpg

from ...app.desk import Desk
from ...base.log import LogStore
from ...base.paths import LOGS, ensure
from ..layout import Look, wrapped_tooltip

LEVELS = {"All": logging.DEBUG, "Information": logging.INFO, "Warnings": logging.WARNING, "Errors": logging.ERROR}
MOST_LINES = 400             # lines shown; the export holds everything that is kept


class Log:
    """The newest lines of the log that pass the filter."""

    name, title, place = "log", "Log", "bottom"

    def __init__(self, desk: Desk, look: Look, store: LogStore):
        self._desk = desk
        self._look = look
        self._store = store
        self._colors = {"WARNING": look.note, "ERROR": look.bad, "CRITICAL": look.bad}
        self._version = -1
        self._lines: list[int | str] = []
        self._texts: list[tuple[str, str]] = []      # (level, line) of every shown line
        self._hits: list[int] = []                   # shown lines that contain what is searched for
        self._current = -1
        self._scroll = 0                             # frames until the list is scrolled to its end

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        look = self._look
        with dpg.group(horizontal=True):
            dpg.add_input_text(hint="Search", tag="log.search", width=look.px(170), callback=self._on_search)
            dpg.add_button(label="Previous", tag="log.previous", callback=lambda: self._go(-1))
            dpg.add_button(label="Next", tag="log.next", callback=lambda: self._go(1))
            dpg.add_text("", tag="log.count", color=look.dim)
            dpg.add_combo(list(LEVELS), default_value="Information", tag="log.level", width=look.px(120),
                          callback=self._rebuild)
            wrapped_tooltip("log.level", "Show lines of this level and above.", look)
            dpg.add_checkbox(label="Auto-scroll", default_value=True, tag="log.follow")
            dpg.add_button(label="Copy", tag="log.copy", callback=self._on_copy)
            wrapped_tooltip("log.copy", "Put the lines shown into the clipboard.", look)
            dpg.add_button(label="Export", tag="log.export", callback=self._on_export)
            wrapped_tooltip("log.export", f"Write the whole log into a text file in {LOGS}.", look)
            dpg.add_button(label="Clear", tag="log.clear", callback=self._store.clear)
        with dpg.child_window(tag="log.list", border=False, horizontal_scrollbar=True):
            dpg.add_group(tag="log.lines")
        dpg.bind_item_theme("log.lines", look.dense)
        look.use_font("log.lines", "mono")

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_search(self) -> None:
        self._current = -1
        self._mark()
        self._go(-1)

    def _go(self, step: int) -> None:
        """Move to the next or the previous line found."""
        if not self._hits:
            return
        last = len(self._hits) - 1
        self._current = (last if step < 0 else 0) if self._current < 0 else (self._current + step) % (last + 1)
        self._mark()
        dpg.set_value("log.follow", False)
        height = dpg.get_y_scroll_max("log.list") / max(1, len(self._lines))
        dpg.set_y_scroll("log.list", max(0.0, self._hits[self._current] * height))

    def _on_copy(self) -> None:
        dpg.set_clipboard_text("\n".join(text for _, text in self._texts))
        self._desk.notice(f"{len(self._texts)} lines of the log are in the clipboard.")

    def _on_export(self) -> None:
        path = ensure(LOGS) / f"simulation_logs_{datetime.now():%Y-%m-%d_%H-%M-%S}.txt"
        try:
            path.write_text("\n".join(_line(record) for record in list(self._store.records)) + "\n", encoding="utf-8")
        except OSError as error:
            self._desk.notice(f"The log cannot be written to {path}: {error.strerror}.", bad=True)
        else:
            self._desk.notice(f"The log is in {path}.")

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Show lines that have come since."""
        if self._store.version != self._version:
            self._rebuild()
        if self._scroll:
            self._scroll -= 1
            if dpg.get_value("log.follow"):
                dpg.set_y_scroll("log.list", dpg.get_y_scroll_max("log.list"))

    def _rebuild(self) -> None:
        """Show the newest lines that pass the filter; only lines that are new become new items."""
        self._version = self._store.version
        floor = LEVELS[dpg.get_value("log.level")]
        passing = [(record[1], _line(record)) for record in list(self._store.records)
                   if logging.getLevelName(record[1]) >= floor][-MOST_LINES:]
        same = _overlap(self._texts, passing)
        for item in self._lines[:len(self._lines) - same]:
            dpg.delete_item(item)
        self._lines = self._lines[len(self._lines) - same:] if same else []
        self._lines += [dpg.add_text(text, parent="log.lines", color=self._colors.get(level, self._look.text))
                        for level, text in passing[same:]]
        self._texts = passing
        self._mark()
        self._scroll = 3        # the new lines' height is known a frame later

    def _mark(self) -> None:
        """Colour the lines found and say how many there are."""
        wanted = dpg.get_value("log.search").lower()
        self._hits = [number for number, (_, text) in enumerate(self._texts) if wanted and wanted in text.lower()]
        current = self._hits[self._current] if 0 <= self._current < len(self._hits) else -1
        found = set(self._hits)
        for number, (item, (level, text)) in enumerate(zip(self._lines, self._texts, strict=True)):
            color = self._look.colors.found if number in found else self._colors.get(level, self._look.text)
            dpg.configure_item(item, color=color)
            dpg.set_value(item, f"\u2192 {text}" if number == current else text)
        place = f"{self._current + 1} of " if current >= 0 else ""
        dpg.set_value("log.count", f"{place}{len(self._hits)} found" if wanted else "")


def _line(record: tuple[float, str, str]) -> str:
    created, level, text = record
    return f"{datetime.fromtimestamp(created):%H:%M:%S}  {level:<7}  {text}"


def _overlap(old: list[tuple[str, str]], new: list[tuple[str, str]]) -> int:
    """Return the largest k such that the last k of `old` are the first k of `new`."""
    for k in range(min(len(old), len(new)), 0, -1):
        if old[-k:] == new[:k]:
            return k
    return 0
