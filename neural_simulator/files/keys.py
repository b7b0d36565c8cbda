"""Names in files: which are known, and which known one is nearest to one that is not."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import Any

from ..base.errors import ConfigurationError


def refuse_unknown(keys: Iterable[str], known: Iterable[str], where: str) -> None:
    """Raise ConfigurationError for the first of `keys` that is not `known`, naming the nearest known key."""
    known = list(known)
    for key in keys:
        if key not in known:
            raise ConfigurationError(
                f"{where}{shown(key)[1:-1]} is unknown; the nearest known key is {where}{nearest(key, known)}.", key)


def nearest(name: str, known: list[str]) -> str:
    """Return the member of `known` that resembles `name` most, whatever the case of its letters."""
    lower = {word.lower(): word for word in known}
    return lower[difflib.get_close_matches(name.lower()[:200], lower, n=1, cutoff=0.0)[0]]


def shown(value: Any) -> str:
    """Return a JSON value for a sentence, cut where it is long."""
    text = repr(value) if not isinstance(value, dict) else "an object"
    return text if len(text) <= 60 else text[:57] + "..."
