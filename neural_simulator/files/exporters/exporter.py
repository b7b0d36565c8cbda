"""What an exporter is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from ..recordings import Recording


@dataclass(frozen=True)
class Exporter:
    """Writes a recording in another program's format.

    `write(recording, path)` replaces `path` atomically and raises FileFormatError when the disk refuses. `label` is
    the menu entry, `suffix` the usual ending of the file.
    """

    key: str
    label: str
    suffix: str
    write: Callable[[Recording, Path], None]
