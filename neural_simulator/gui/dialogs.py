"""Windows that ask or tell something: profile files, the key list, an error of the simulation."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Any

import dearpygui.dearpygui as dpg

from ..app.actions import key_list
from ..app.desk import Desk
from ..base.paths import PROFILES
from .layout import Look, centre

SUFFIX = ".json"
TAGS = ("dialog.load", "dialog.save", "dialog.keys", "dialog.crash", "dialog.leave")


class Dialogs:
    """All dialogs of the panel; each is made when it is asked for and deleted when it is closed."""

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._crash: object = None
        desk.on("load_profile", self._ask_load)
        desk.on("save_profile", self._ask_save)
        desk.on("show_keys", self._show_keys)
        desk.on("ask_to_leave", self._ask_leave)

    def refresh(self) -> None:
        """Tell of an error of the simulation once."""
        crash = self._desk.view.crash
        if crash is not self._crash:
            self._crash = crash
            if crash is not None:
                self._show_crash(crash.message)

    def is_open(self) -> bool:
        """True while a dialog waits for the user."""
        return any(dpg.does_item_exist(tag) for tag in TAGS)

    def close_front(self) -> None:
        """Close the dialog that was opened last."""
        for tag in reversed(TAGS):
            if dpg.does_item_exist(tag):
                dpg.delete_item(tag)
                if tag == "dialog.leave":
                    self._desk.stay()
                return

    # ---- profiles ---------------------------------------------------------------------------------------
    def _ask_load(self) -> None:
        look = self._look
        with self._window("dialog.load", "Load Profile", 600, 400):
            with dpg.child_window(height=-look.px(40)), dpg.table(header_row=False):
                dpg.add_table_column(width_fixed=True, init_width_or_weight=look.px(190))
                dpg.add_table_column(width_stretch=True, init_width_or_weight=1.0)
                for entry in self._desk.profiles():
                    with dpg.table_row():
                        dpg.add_selectable(label=entry.name, tag=f"dialog.load.{entry.name}", span_columns=True,
                                           callback=partial(self._load, entry.path))
                        dpg.add_text(entry.problem or entry.description, wrap=0,
                                     color=look.bad if entry.problem else look.dim)
            with dpg.group(horizontal=True):
                dpg.add_text("Other file")
                dpg.add_input_text(tag="dialog.load.path", width=look.px(330), hint="path of a .json file",
                                   on_enter=True, callback=self._load_typed)
                dpg.add_button(label="Load", callback=self._load_typed)
                dpg.add_button(label="Cancel", callback=self.close_front)

    def _load_typed(self) -> None:
        self._load(profile_path(dpg.get_value("dialog.load.path")))

    def _load(self, path: Path) -> None:
        if self._desk.load_profile(path):
            dpg.delete_item("dialog.load")

    def _ask_save(self) -> None:
        look, view = self._look, self._desk.view
        with self._window("dialog.save", "Save Profile", 480, 190):
            for label, tag, value in (("Name", "dialog.save.name", view.profile),
                                      ("Description", "dialog.save.description", view.profile_description)):
                with dpg.group(horizontal=True, xoffset=look.px(100)):
                    dpg.add_text(label)
                    dpg.add_input_text(tag=tag, default_value=value, width=-1, callback=self._note_replacing)
            dpg.add_text("", tag="dialog.save.note", color=look.note)
            with dpg.group(horizontal=True):
                dpg.add_button(label="Save", tag="dialog.save.ok", callback=self._save)
                dpg.add_button(label="Cancel", callback=self.close_front)
        dpg.bind_item_theme("dialog.save.ok", look.accent_button)
        self._note_replacing()

    def _note_replacing(self) -> None:
        """Say so when saving would replace a profile, or why it is not possible."""
        name = dpg.get_value("dialog.save.name").strip()
        exists = bool(name) and profile_path(name).exists()
        dpg.set_value("dialog.save.note", "Replaces the profile of this name." if exists else "" if name else
                      "A name is needed.")
        dpg.configure_item("dialog.save.ok", enabled=bool(name))

    def _save(self) -> None:
        path = profile_path(dpg.get_value("dialog.save.name").strip())
        if self._desk.save_profile(path, dpg.get_value("dialog.save.description").strip()):
            dpg.delete_item("dialog.save")

    # ---- leaving ----------------------------------------------------------------------------------------
    def _ask_leave(self) -> None:
        with self._window("dialog.leave", "Changes are in no profile", 470, 130):
            dpg.add_text("The form or the picture was changed since the profile was loaded or saved.",
                         wrap=self._look.px(440))
            with dpg.group(horizontal=True):
                dpg.add_button(label="Save Profile...", tag="dialog.leave.save", callback=self._save_first)
                dpg.add_button(label="Leave", tag="dialog.leave.leave", callback=self._desk.leave)
                dpg.add_button(label="Stay", tag="dialog.leave.stay", callback=self.close_front)
        dpg.bind_item_theme("dialog.leave.save", self._look.accent_button)

    def _save_first(self) -> None:
        self.close_front()
        self._ask_save()

    # ---- telling ----------------------------------------------------------------------------------------
    def _show_keys(self) -> None:
        rows = key_list()
        with self._window("dialog.keys", "Keys", 540, 84 + 25 * (len(rows) + 1)):
            with dpg.table(header_row=False, policy=dpg.mvTable_SizingFixedFit):
                dpg.add_table_column(width_fixed=True, init_width_or_weight=self._look.px(130))
                dpg.add_table_column(width_stretch=True)
                for keys, meaning in rows:
                    with dpg.table_row():
                        self._look.use_font(dpg.add_text(keys), "bold")
                        dpg.add_text(meaning)
            dpg.add_text("All keys work in both windows; in the panel those without Ctrl only while nothing is typed, "
                         "and Escape only closes dialogs.", color=self._look.dim, wrap=self._look.px(500))

    def _show_crash(self, message: str) -> None:
        with self._window("dialog.crash", "The simulation met an error", 560, 190):
            dpg.add_text(message, wrap=self._look.px(530))
            dpg.add_text("The state is kept. Start tries again; Apply builds a new network.", wrap=self._look.px(530),
                         color=self._look.dim)
            dpg.add_button(label="Close", callback=lambda: dpg.delete_item("dialog.crash"))

    def _window(self, tag: str, title: str, width: int, height: int) -> Any:
        """Return a new window of this size in the middle of the panel, replacing one of the same tag."""
        if dpg.does_item_exist(tag):
            dpg.delete_item(tag)
        size = self._look.px(width), self._look.px(height)
        return dpg.window(label=title, tag=tag, no_collapse=True, no_resize=True, no_saved_settings=True, modal=True,
                          width=size[0], height=size[1], pos=centre(*size), on_close=lambda: dpg.delete_item(tag))


def profile_path(text: str) -> Path:
    """Return the file that a user means by a profile's name, or by a path."""
    name = text.strip() if text.strip().endswith(SUFFIX) else text.strip() + SUFFIX
    return PROFILES / name      # an absolute path stays itself
