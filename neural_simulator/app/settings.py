"""What the windows remember from one start to the next: look, layout, files used lately.

They lie in `settings.json` beside the script. A missing, broken or partly wrong file never hinders a start: whatever
is no good value is the default again.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from ..base import log
from ..base.errors import ConfigurationError, SimulatorError
from ..base.paths import ROOT
from ..config import Config, setting
from ..files.atomic import write_text

VARIABLE = "NEURAL_SIMULATOR_SETTINGS"      # another file than the usual one
MOST_RECENT = 10
SIZE_LIMIT = 1 << 20                        # bytes

Box = tuple[int, int, int, int]             # width, height, x, y of a window


class Settings(Config):
    """How the program looks and what it remembers; no part of any simulation."""

    theme: Literal["dark", "light"] = setting(
        "dark", "Theme", "Colours of the control panel.", group="Look", live=True)
    font_scale: float = setting(
        1.0, "Font scale", "Size of text and controls of the panel; 1 fits a usual screen.", low=0.7, high=2.5,
        group="Look", live=True)
    open_last_profile: bool = setting(
        True, "Open last profile", "Begin with the profile that was in the form last; otherwise with the small "
        "example.", group="Program", live=True)
    ask_before_leaving: bool = setting(
        True, "Ask before leaving", "Ask once when the form holds changes that are in no profile.", group="Program",
        live=True)
    show_tour: bool = setting(
        True, "Show the tour", "Explain the window at the next start.", group="Program", live=True)

    panel_box: Box | None = setting(None, "Panel", "Place of the control panel, px.", hidden=True)
    viewer_box: Box | None = setting(None, "Viewer", "Place of the network window, px.", hidden=True)
    left_width: int = setting(0, "Form width", "px; 0 is the usual one.", low=0, high=4000, hidden=True)
    hidden_places: tuple[str, ...] = setting((), "Hidden parts", "Parts of the panel that are not shown.", hidden=True)
    last_profile: str = setting("", "Last profile", "File of the profile that was in the form last.", hidden=True)
    recent: dict[str, tuple[str, ...]] = setting({}, "Recent files", "Newest first, by kind.", hidden=True)

    def with_recent(self, kind: str, path: Path | str) -> Settings:
        """Return these settings with a file of one kind ('profile', 'checkpoint', ...) as the newest."""
        others = tuple(each for each in self.recent.get(kind, ()) if each != str(path))
        return self.changed(recent={**self.recent, kind: (str(path), *others)[:MOST_RECENT]})


def settings_path() -> Path:
    """Return the file that holds the settings."""
    return Path(os.environ.get(VARIABLE) or ROOT / "settings.json")


def load(path: Path | None = None) -> Settings:
    """Return the remembered settings; what cannot be used is told in the log and is the default."""
    path = path or settings_path()
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise ValueError("it is too large")
        document = json.loads(path.read_text(encoding="utf-8"))
        if not isinstance(document, dict):
            raise ValueError("it holds no object")
    except FileNotFoundError:
        return Settings()
    except (OSError, ValueError, RecursionError) as error:
        log.get("app").warning("The settings in %s cannot be used (%s); the usual ones are taken.", path, error)
        return Settings()
    return _usable(document, path)


def _usable(document: Mapping[str, Any], path: Path) -> Settings:
    """Return settings of all entries of `document` that are good, one by one."""
    settings = Settings()
    for name, value in document.items():
        try:
            settings = settings.changed(**{name: value})
        except ConfigurationError as error:
            log.get("app").warning("%s: %s The usual value is taken.", path, error)
    return settings


def save(settings: Settings, path: Path | None = None) -> None:
    """Write the settings; a folder that cannot be written is told in the log."""
    path = path or settings_path()
    try:
        write_text(path, json.dumps(settings.model_dump(mode="json"), indent=2, ensure_ascii=False) + "\n")
    except SimulatorError as error:
        log.get("app").warning("The settings are not remembered: %s", error)
