"""The structure profiles. To add one: write its file and add its line here."""

from __future__ import annotations

from ...base.errors import ConfigurationError
from . import ca1, generic, potjans_diesmann, stn_gpe
from .region import Structure

STRUCTURES: dict[str, Structure] = {each.key: each for each in (
    generic.GENERIC,
    ca1.CA1,
    stn_gpe.STN_GPE,
    potjans_diesmann.MICROCIRCUIT,
)}


def structure(key: str) -> Structure:
    """Return the structure called `key`; ConfigurationError lists those there are."""
    try:
        return STRUCTURES[key]
    except KeyError:
        raise ConfigurationError(f"There is no structure profile {key!r}; choose one of: {', '.join(STRUCTURES)}.",
                                 "neural_structure_profile", key) from None
