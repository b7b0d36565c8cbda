"""Spikes as a table of text: one line per spike, in the order of time."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from ..atomic import replacing
from ..recordings import Recording
from .exporter import Exporter

HEADER = "step,time_ms,neuron,population\n"
LINES_AT_ONCE = 100_000


def write(recording: Recording, path: Path) -> None:
    """Write step, time of the step's start (ms), neuron number and the neuron's population of every spike."""
    steps, ids = recording.spikes()
    stops = [population.stop for population in recording.populations]
    names = [_quoted(population.name) for population in recording.populations]
    with replacing(path) as temporary, open(temporary, "w", encoding="utf-8", newline="") as file:
        file.write(HEADER)
        for start in range(0, steps.size, LINES_AT_ONCE):
            part = slice(start, start + LINES_AT_ONCE)
            of = np.searchsorted(stops, ids[part], side="right")
            times = steps[part] * recording.dt_ms
            file.writelines(f"{step},{time!r},{neuron},{names[population]}\n" for step, time, neuron, population in zip(
                steps[part].tolist(), times.tolist(), ids[part].tolist(), of.tolist(), strict=True))


def _quoted(name: str) -> str:
    """Return a field of a CSV file (RFC 4180)."""
    return '"' + name.replace('"', '""') + '"' if any(sign in name for sign in ',"\r\n') else name


SPIKES_CSV = Exporter("spikes_csv", "Spikes as table (CSV)", ".csv", write)
