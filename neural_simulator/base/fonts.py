"""Where a typeface for the windows is found: DejaVu Sans, which every installation of matplotlib carries."""

from __future__ import annotations

import importlib.util
from pathlib import Path

SYSTEM_PLACES = (Path("/usr/share/fonts/truetype/dejavu"), Path("C:/Windows/Fonts"))


def sans() -> Path | None:
    """Return the file of DejaVu Sans, or None where there is none. matplotlib itself is not imported (it is slow)."""
    places = list(SYSTEM_PLACES)
    found = importlib.util.find_spec("matplotlib")
    if found is not None and found.origin is not None:
        places.insert(0, Path(found.origin).parent / "mpl-data" / "fonts" / "ttf")
    return next((place / "DejaVuSans.ttf" for place in places if (place / "DejaVuSans.ttf").is_file()), None)
