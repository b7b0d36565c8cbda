"""The parts of the control panel, in order. To add one: write its file and add its line here.

`place` is 'top', 'left', 'right', 'bottom' or 'status', one part in each. A part has `build()`, called once inside
its container, and `refresh()`, called in every frame.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ...app.desk import Desk
from ...base.log import LogStore
from ..layout import Look
from .controls import Controls
from .log import Log
from .monitor import Monitor
from .parameters import Parameters
from .status import Status


class Part(Protocol):
    """What a part of the panel can do."""

    name: str
    title: str
    place: str

    def build(self) -> None:
        """Create the items under DearPyGui's current container."""

    def refresh(self) -> None:
        """Bring the items up to date with the desk."""


@dataclass(frozen=True)
class Entry:
    """A line of the table: how a part is made; the View menu hides its place when it is `hideable`."""

    make: Callable[[Desk, Look, LogStore], Part]
    hideable: bool = True


PANELS: tuple[Entry, ...] = (
    Entry(lambda desk, look, store: Controls(desk, look), hideable=False),
    Entry(lambda desk, look, store: Parameters(desk, look)),
    Entry(lambda desk, look, store: Monitor(desk, look)),
    Entry(lambda desk, look, store: Log(desk, look, store)),
    Entry(lambda desk, look, store: Status(desk, look), hideable=False),
)
