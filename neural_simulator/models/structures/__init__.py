"""The structure profiles. To add one: write its file and add its line here."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ...base.declarations import Population, Projection
from ...base.errors import ConfigurationError
from . import generic, potjans_diesmann


@dataclass(frozen=True)
class Structure:
    """A brain region: `build(core, kernel_mean)` returns its populations and projections."""

    key: str
    label: str
    claim: str
    build: Callable[[Any, Callable], tuple[list[Population], list[Projection]]]


STRUCTURES: dict[str, Structure] = {s.key: s for s in (
    Structure("GENERIC_UNSTRUCTURED", "Generic unstructured network",
              "Traits of equal size in a cube, wired at random with a probability that falls with distance.",
              generic.build),
    Structure("POTJANS_DIESMANN_2014", "Cortical microcircuit (Potjans-Diesmann)",
              "The 77,169 neurons and 299 million synapses under 1 mm2 of cortex, at full scale or smaller.",
              potjans_diesmann.build),
)}


def structure(key: str) -> Structure:
    """Return the structure called `key`; ConfigurationError lists those there are."""
    try:
        return STRUCTURES[key]
    except KeyError:
        raise ConfigurationError(f"There is no structure profile {key!r}; choose one of: {', '.join(STRUCTURES)}.",
                                 "neural_structure_profile", key) from None
