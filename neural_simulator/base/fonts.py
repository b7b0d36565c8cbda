"""Where typefaces for the windows are found: DejaVu, which every installation of matplotlib carries."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SYSTEM_FOLDERS = (Path("/usr/share/fonts/truetype/dejavu"), Path("/usr/share/fonts/TTF"),
                  Path("/usr/share/fonts/dejavu"), Path("C:/Windows/Fonts"))


def find(file_name: str) -> Path | None:
    """Return the font file of this name, e.g. 'DejaVuSans.ttf', or None where there is none.

    matplotlib itself is not imported, because that takes long.
    """
    folders = list(SYSTEM_FOLDERS)
    matplotlib = importlib.util.find_spec("matplotlib")
    if matplotlib is not None and matplotlib.origin is not None:
        folders.insert(0, Path(matplotlib.origin).parent / "mpl-data" / "fonts" / "ttf")
    return next((folder / file_name for folder in folders if (folder / file_name).is_file()), None)
