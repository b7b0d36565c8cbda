"""Windows that ask or tell something: profile files, the key list, an error of the simulation."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from functools import partial
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..app.actions import key_list
from ..app.desk import Desk
from ..base.paths import CHECKPOINTS, PROFILES, ensure
from ..base.units import in_bytes
from .layout import Look, dialog

SUFFIX = ".json"
STATE, RECORDING = ".simstate.h5", ".simrec.h5"
TAGS = ("dialog.load", "dialog.save", "dialog.keys", "dialog.crash", "dialog.leave",
        "dialog.load_checkpoint", "dialog.save_checkpoint", "dialog.recording", "dialog.gallery")


class Dialogs:
    """All dialogs of the panel; each is made when it is asked for and deleted when it is closed."""

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._crash: object = None
        desk.on("load_profile", self._ask_load)
        desk.on("save_profile", self._ask_save)
        desk.on("save_checkpoint", self._ask_save_checkpoint)
        desk.on("load_checkpoint", self._ask_load_checkpoint)
        desk.on("open_playback", self._ask_recording)
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
        known = [(entry.name, entry.path, entry.problem or entry.description, bool(entry.problem))
                 for entry in self._desk.profiles()]
        shown = {path for _, path, _, _ in known}
        known += [(Path(path).stem, Path(path), path, False) for path in self._desk.settings.recent.get("profile", ())
                  if Path(path) not in shown and Path(path).is_file()]
        self._ask_file("dialog.load", "Load Profile", known, "path of a .json file",
                       lambda text: self._load(profile_path(text)), self._load)

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

    # ---- checkpoints ------------------------------------------------------------------------------------
    def _ask_recording(self) -> None:
        known = [_with_age(path, RECORDING) for path in self._desk.recordings()]
        self._ask_file("dialog.recording", "Play Recording", known, f"path of a {RECORDING} file",
                       lambda text: self._play(Path(text.strip())), self._play)

    def _play(self, path: Path) -> None:
        dpg.delete_item("dialog.recording")
        self._desk.open_playback(path)

    def _ask_load_checkpoint(self) -> None:
        known = [_with_age(path, STATE) for path in self._desk.checkpoints()]
        self._ask_file("dialog.load_checkpoint", "Load Checkpoint", known, f"path of a {STATE} file",
                       lambda text: self._load_checkpoint(Path(text.strip())), self._load_checkpoint)

    def _load_checkpoint(self, path: Path) -> None:
        dpg.delete_item("dialog.load_checkpoint")
        self._desk.load_checkpoint(path)

    def _ask_save_checkpoint(self) -> None:
        look, frame = self._look, self._desk.frame
        at = f"_{frame.time_ms:.0f}ms" if frame is not None else ""
        proposed = f"{self._desk.view.profile or 'network'}{at}_{datetime.now():%Y-%m-%d_%H-%M-%S}"
        with self._window("dialog.save_checkpoint", "Save Checkpoint", 520, 140):
            with dpg.group(horizontal=True, xoffset=look.px(70)):
                dpg.add_text("Name")
                dpg.add_input_text(tag="dialog.save_checkpoint.name", default_value=proposed, width=-1, on_enter=True,
                                   callback=self._save_checkpoint)
            with dpg.group(horizontal=True):
                dpg.add_button(label="Save", tag="dialog.save_checkpoint.ok", callback=self._save_checkpoint)
                dpg.add_button(label="Cancel", callback=self.close_front)
        dpg.bind_item_theme("dialog.save_checkpoint.ok", look.accent_button)

    def _save_checkpoint(self) -> None:
        name = dpg.get_value("dialog.save_checkpoint.name").strip()
        if not name:
            self._desk.notice("The checkpoint needs a name.", bad=True)
            return
        dpg.delete_item("dialog.save_checkpoint")
        self._desk.save_checkpoint(ensure(CHECKPOINTS) / (name if name.endswith(STATE) else name + STATE))

    # ---- files ------------------------------------------------------------------------------------------
    def _ask_file(self, tag: str, title: str, known: list[tuple[str, Path, str, bool]], hint: str,
                  typed: Callable[[str], None], chosen: Callable[[Path], None]) -> None:
        """Offer files by name, with what is known of them (bad ones in the colour of errors), and a path to type."""
        look = self._look

        def take() -> None:
            typed(dpg.get_value(f"{tag}.path"))
        with self._window(tag, title, 640, 400):
            with dpg.child_window(height=-look.px(40)), dpg.table(
                    header_row=False, policy=dpg.mvTable_SizingFixedFit):
                dpg.add_table_column(width_fixed=True)                         # as wide as the longest name
                dpg.add_table_column(width_stretch=True, init_width_or_weight=1.0)
                for name, path, told, bad in known:
                    with dpg.table_row():
                        dpg.add_selectable(label=name, tag=f"{tag}.{name}", span_columns=True,
                                           callback=partial(chosen, path))
                        dpg.add_text(told, wrap=0, color=look.bad if bad else look.dim)
                if not known:
                    with dpg.table_row():
                        dpg.add_text("There is none yet.", color=look.dim)
            with dpg.group(horizontal=True):
                dpg.add_text("Other file")
                dpg.add_input_text(tag=f"{tag}.path", width=look.px(370), hint=hint, on_enter=True, callback=take)
                dpg.add_button(label="Load", tag=f"{tag}.ok", callback=take)
                dpg.add_button(label="Cancel", callback=self.close_front)

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
        tallest = dpg.get_viewport_client_height() / self._look.scale - 40
        with self._window("dialog.keys", "Keys", 700, min(110 + 26 * len(rows), tallest)):
            with dpg.table(header_row=False, policy=dpg.mvTable_SizingFixedFit):
                dpg.add_table_column(width_fixed=True, init_width_or_weight=self._look.px(170))
                dpg.add_table_column(width_stretch=True, init_width_or_weight=1.0)
                for keys, meaning in rows:
                    with dpg.table_row():
                        self._look.use_font(dpg.add_text(keys), "bold")
                        dpg.add_text(meaning, wrap=0)
            dpg.add_text("All keys work in both windows; in the panel those without Ctrl only while nothing is typed, "
                         "and Escape only closes dialogs.", color=self._look.dim, wrap=self._look.px(660))

    def _show_crash(self, message: str) -> None:
        with self._window("dialog.crash", "The simulation met an error", 560, 190):
            dpg.add_text(message, wrap=self._look.px(530))
            dpg.add_text("The state is kept. Start tries again; Apply builds a new network.", wrap=self._look.px(530),
                         color=self._look.dim)
            dpg.add_button(label="Close", callback=lambda: dpg.delete_item("dialog.crash"))

    def _window(self, tag: str, title: str, width: float, height: float) -> AbstractContextManager[None]:
        """Return a new window of this size at scale 1."""
        return dialog(tag, title, self._look.px(width), self._look.px(height))


def _with_age(path: Path, suffix: str) -> tuple[str, Path, str, bool]:
    """Return a line of a list of files: name, path, when it was written and its size."""
    facts = path.stat()
    told = f"{datetime.fromtimestamp(facts.st_mtime):%Y-%m-%d %H:%M}   {in_bytes(facts.st_size)}"
    return path.name.removesuffix(suffix), path, told, False


def profile_path(text: str) -> Path:
    """Return the file that a user means by a profile's name, or by a path."""
    name = text.strip() if text.strip().endswith(SUFFIX) else text.strip() + SUFFIX
    return PROFILES / name      # an absolute path stays itself
