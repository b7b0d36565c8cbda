"""The structure profiles. To add one: write its file and add its line here."""

from __future__ import annotations

from ...base.errors import ConfigurationError
from . import (
    ca1,
    ca3,
    cerebellum,
    cortex_l4,
    cortex_l23,
    generic,
    potjans_diesmann,
    spinal,
    stn_gpe,
    striatum,
    thalamus,
)
from .region import Structure

STRUCTURES: dict[str, Structure] = {each.key: each for each in (
    generic.GENERIC,
    cortex_l23.CORTEX_L23,
    cortex_l4.CORTEX_L4,
    potjans_diesmann.MICROCIRCUIT,
    ca1.CA1,
    ca3.CA3,
    cerebellum.CEREBELLUM,
    spinal.SPINAL,
    striatum.STRIATUM,
    thalamus.THALAMUS,
    stn_gpe.STN_GPE,
)}


def structure(key: str) -> Structure:
    """Return the structure called `key`; ConfigurationError lists those there are."""
    try:
        return STRUCTURES[key]
    except KeyError:
        raise ConfigurationError(f"There is no structure profile {key!r}; choose one of: {', '.join(STRUCTURES)}.",
                                 "neural_structure_profile", key) from None
