"""The parts of the control panel, in order. To add one: write its file and add its line here.

`place` is 'top', 'left', 'right', 'bottom' or 'status'; several parts in one place are its tabs. A part has `build()`,
called once inside its container, and `refresh()`, called in every frame while it is in front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ...app.desk import Desk
from ...base.log import LogStore
from ..layout import Look
from ..tapes import Tapes
from .controls import Controls
from .history import HistoryList
from .log import Log
from .monitor import Monitor
from .parameters import Parameters
from .resources import Resources
from .script import ScriptText
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


PLACES = {"left": "Parameters", "right": "Monitor", "bottom": "Log"}       # what the View menu hides and shows


@dataclass(frozen=True)
class Entry:
    """A line of the table: how a part is made."""

    make: Callable[[Desk, Look, LogStore, Tapes], Part]


PANELS: tuple[Entry, ...] = (
    Entry(lambda desk, look, store, tapes: Controls(desk, look)),
    Entry(lambda desk, look, store, tapes: Parameters(desk, look)),
    Entry(lambda desk, look, store, tapes: Monitor(desk, look, tapes)),
    Entry(lambda desk, look, store, tapes: Resources(desk, look, tapes)),
    Entry(lambda desk, look, store, tapes: Log(desk, look, store)),
    Entry(lambda desk, look, store, tapes: HistoryList(desk, look)),
    Entry(lambda desk, look, store, tapes: ScriptText(desk, look)),
    Entry(lambda desk, look, store, tapes: Status(desk, look)),
)
