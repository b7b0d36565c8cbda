"""How long steps and their phases take: the newest durations of each, and what follows from them.

`step_total` is measured whenever profiling is on: steps run in batches, so each step counts with its batch's mean.
With `detailed`, the engine times every phase of every step (`PHASES`), and `step_total` is their sum.
"""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..base.system import system_info
from .batch import Batch
from .phases import PHASES

STEP_TOTAL = "step_total"
REPORT_VERSION = "1.0"


class Window:
    """The newest `size` durations, s."""

    def __init__(self, size: int):
        self._values = np.zeros(size)
        self._seen = 0

    def add(self, durations: np.ndarray) -> None:
        """Append durations (count,) s."""
        size = self._values.size
        self._seen += durations.size
        newest = durations[-size:]
        self._values[np.arange(self._seen - newest.size, self._seen) % size] = newest

    def statistics(self) -> dict[str, float]:
        """Mean, standard deviation and percentiles (s) and their count; zeros where nothing was measured."""
        values = self._values[:min(self._seen, self._values.size)]
        if values.size == 0:
            return {"mean": 0.0, "std": 0.0, "p50": 0.0, "p95": 0.0, "p99": 0.0, "count": 0}
        p50, p95, p99 = np.percentile(values, (50, 95, 99))
        return {"mean": float(values.mean()), "std": float(values.std()), "p50": float(p50), "p95": float(p95),
                "p99": float(p99), "count": int(values.size)}


class Profiler:
    """Collects durations of one simulation. `window` is the number of newest steps kept."""

    def __init__(self, window: int, detailed: bool = False):
        names = [STEP_TOTAL, *(phase.name for phase in PHASES if detailed)]
        self.detailed = detailed
        self._windows = {name: Window(window) for name in names}

    def saw(self, batch: Batch) -> None:
        """Take the durations of a batch of steps."""
        if batch.num_steps == 0:
            return
        phases = batch.phase_seconds
        if phases is None:
            self._windows[STEP_TOTAL].add(np.full(batch.num_steps, batch.seconds / batch.num_steps))
            return
        self._windows[STEP_TOTAL].add(phases.sum(axis=1))
        for phase, durations in zip(PHASES, phases.T, strict=True):
            self._windows[phase.name].add(durations)

    def statistics(self) -> dict[str, dict[str, float]]:
        """Per kind of measurement: mean, std, p50, p95, p99 in seconds, and count."""
        return {name: window.statistics() for name, window in self._windows.items()}


def write_report(path: str | Path, profiler: Profiler, config: dict[str, Any], device: dict[str, Any]) -> None:
    """Write the measurements as JSON, with the configuration and the machine that they belong to."""
    report = {
        "profiling_report_version": REPORT_VERSION,
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "config": config,
        "system_info": {**system_info(), **device},
        "unit": "s",
        "statistics": profiler.statistics(),
    }
    Path(path).write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")
