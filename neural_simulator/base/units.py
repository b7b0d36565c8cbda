"""Quantities in words, each with the unit that fits."""

from __future__ import annotations


def in_bytes(count: float) -> str:
    """Return a number of bytes with a fitting unit."""
    for unit in ("B", "KB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.3g} {unit}"
        count /= 1000.0
    return f"{count:.3g} TB"
