"""The exporters. To add one: write its file and add its line here."""

from __future__ import annotations

from .exporter import Exporter
from .spikes_csv import SPIKES_CSV
from .spikes_npz import SPIKES_NPZ

__all__ = ["EXPORTERS", "Exporter"]

EXPORTERS: dict[str, Exporter] = {exporter.key: exporter for exporter in (SPIKES_CSV, SPIKES_NPZ)}
