"""The parts of the control panel, in order. To add one: write its file and add its line here.

`place` is 'top', 'timeline', 'left', 'right', 'bottom' or 'status'; several parts in one place are its tabs. A part has
`build()`, called once inside its container, and `refresh()`, called in every frame while it is in front.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from ...app.desk import Desk
from ...app.jobs import Runner
from ...base.log import LogStore
from ..layout import Look
from ..tapes import Tapes
from .controls import Controls
from .history import HistoryList
from .learning import Learning
from .log import Log
from .models import Models
from .monitor import Monitor
from .neuron import Neuron
from .parameters import Parameters
from .performance import Performance
from .resources import Resources
from .script import ScriptText
from .status import Status
from .stimuli import Stimuli
from .timeline import Timeline
from .traits import Traits
from .weights import Weights


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
class Kit:
    """What parts are made of."""

    desk: Desk
    look: Look
    store: LogStore
    tapes: Tapes
    runner: Runner


Make = Callable[[Kit], Part]

PANELS: tuple[Make, ...] = (
    lambda kit: Controls(kit.desk, kit.look),
    lambda kit: Timeline(kit.desk, kit.look),
    lambda kit: Parameters(kit.desk, kit.look),
    lambda kit: Stimuli(kit.desk, kit.look),
    lambda kit: Traits(kit.desk, kit.look),
    lambda kit: Monitor(kit.desk, kit.look, kit.tapes),
    lambda kit: Neuron(kit.desk, kit.look, kit.tapes),
    lambda kit: Weights(kit.desk, kit.look, kit.tapes),
    lambda kit: Learning(kit.desk, kit.look, kit.tapes),
    lambda kit: Resources(kit.desk, kit.look, kit.tapes),
    lambda kit: Performance(kit.desk, kit.look, kit.runner),
    lambda kit: Models(kit.desk, kit.look),
    lambda kit: Log(kit.desk, kit.look, kit.store),
    lambda kit: HistoryList(kit.desk, kit.look),
    lambda kit: ScriptText(kit.desk, kit.look),
    lambda kit: Status(kit.desk, kit.look),
)
