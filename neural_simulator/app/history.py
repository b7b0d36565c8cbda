"""Undo and redo: the moments of the form and of the picture, each with a sentence of what was changed."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ..config import Config, CoreSimConfig, GPUConfig, VisualizationConfig, describe

MOST_MOMENTS = 200


@dataclass(frozen=True)
class Moment:
    """What form and picture showed, and how they came there."""

    label: str
    core: CoreSimConfig
    gpu: GPUConfig
    visual: VisualizationConfig

    @property
    def parts(self) -> tuple[Config, Config, Config]:
        return self.core, self.gpu, self.visual


class History:
    """A list of moments and which of them is in force.

    Changes of one field that follow each other are one moment until `seal` is called, so that typing a number or
    dragging a slider is undone at once.
    """

    def __init__(self, first: Moment):
        self.moments = [first]
        self.at = 0
        self._open: frozenset[str] = frozenset()      # fields of the newest moment, while it may still grow

    @property
    def now(self) -> Moment:
        return self.moments[self.at]

    @property
    def can_undo(self) -> bool:
        return self.at > 0

    @property
    def can_redo(self) -> bool:
        return self.at < len(self.moments) - 1

    def note(self, core: CoreSimConfig, gpu: GPUConfig, visual: VisualizationConfig, label: str = "") -> None:
        """Take in what form and picture show now; nothing where that is what they showed before."""
        after = Moment(label, core, gpu, visual)
        fields = changed_between(self.now, after)
        if not fields and not label:
            return
        grows = bool(self._open) and not label and fields <= self._open and not self.can_redo
        before = self.moments[self.at - 1] if grows else self.now
        if grows and not changed_between(before, after):        # the change was taken back by hand
            self.moments, self.at = self.moments[:-1], self.at - 1
            self.seal()
            return
        if not label:
            after = Moment(change_label(before, after), core, gpu, visual)
        self.moments = [*self.moments[:self.at + (0 if grows else 1)], after][-MOST_MOMENTS:]
        self.at = len(self.moments) - 1
        self._open = frozenset() if label else fields

    def seal(self) -> None:
        """What comes next is a moment of its own."""
        self._open = frozenset()

    def go(self, number: int) -> Moment:
        """Make moment `number` the one in force, and return it."""
        self.at = min(max(number, 0), len(self.moments) - 1)
        self.seal()
        return self.now


def changed_between(before: Moment, after: Moment) -> frozenset[str]:
    """Return the names of the fields that differ."""
    return frozenset(name for old, new in zip(before.parts, after.parts, strict=True) if old is not new
                     for name in type(old).model_fields if getattr(old, name) != getattr(new, name))


def change_label(before: Moment, after: Moment) -> str:
    """Say in a few words what is different: one field with its values, or how many fields."""
    changes = [(type(new), name, getattr(old, name), getattr(new, name))
               for old, new in zip(before.parts, after.parts, strict=True) if old is not new
               for name in type(old).model_fields if getattr(old, name) != getattr(new, name)]
    if not changes:
        return "No change"
    told = [f"{owner.model_fields[name].title}: {_told(old, new)} {describe(owner, name)['unit']}".rstrip()
            for owner, name, old, new in changes]
    return told[0] if len(told) == 1 else f"{told[0]} and {len(told) - 1} more"


def _told(old: Any, new: Any) -> str:
    """Both values; of what is held by name, the names that are concerned."""
    if isinstance(old, dict) and isinstance(new, dict):
        names = [name for name in {**old, **new} if old.get(name) != new.get(name)]
        if len(names) == 1 and not any(isinstance(each.get(names[0]), dict) for each in (old, new)):
            return f"{names[0]} {shown(old.get(names[0], 'default'))} \u2192 {shown(new.get(names[0], 'default'))}"
        return ", ".join(names)
    return f"{shown(old)} \u2192 {shown(new)}"


def shown(value: Any) -> str:
    """Return a value in few letters."""
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, tuple):
        text = ", ".join(shown(each) for each in value) or "none"
    else:
        text = f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 24 else text[:23] + "\u2026"
