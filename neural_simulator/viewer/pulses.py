"""Spikes under way: which spikes are in flight along which of the synapses that are drawn, and how far they are.

A spike of step n leaves at the end of that step and acts, with a delay of d steps, in step n + 1 + d. At the start of
step s it has covered (s - n - 1) / d of its way: nothing right after the spike, everything when it is about to act.
"""

from __future__ import annotations

import numpy as np

from ..app.frames import Frame
from ..base.synapses import Synapses
from .colors import position_in
from .scene import Scene, inhibiting

PULSE = np.dtype([("start", "<f4", 3), ("end", "<f4", 3), ("departure", "<i4"), ("delay", "<f4"), ("weight", "<f4"),
                  ("populations", "u1", 2), ("inhibitory", "u1"), ("unused", "u1")])


class Wires:
    """Synapses ordered by their source, ready to find those along which a spike travels."""

    def __init__(self, scene: Scene, synapses: Synapses, weights: tuple[float, float]):
        order = np.argsort(synapses.pre, kind="stable")
        pre, post = synapses.pre[order], synapses.post[order]
        self._delay_steps = synapses.delay_steps[order]
        self._longest = int(self._delay_steps.max(initial=0))
        self._first = np.zeros(scene.num_neurons + 1, np.int64)
        np.cumsum(np.bincount(pre, minlength=scene.num_neurons), out=self._first[1:])
        self._has_any = np.diff(self._first) > 0                                  # (N,) bool
        self._table = np.zeros(pre.size, PULSE)
        self._table["start"], self._table["end"] = scene.positions[pre], scene.positions[post]
        self._table["delay"], self._table["weight"] = self._delay_steps, position_in(synapses.weight[order], weights)
        self._table["populations"] = np.stack([scene.population_of[pre], scene.population_of[post]], axis=1)
        self._table["inhibitory"] = inhibiting(scene)[scene.population_of[pre]]

    def in_flight(self, frame: Frame) -> np.ndarray:
        """Return every spike under way at the start of the frame's step, (F,) PULSE: one per spike and synapse."""
        recent = np.searchsorted(frame.flying_steps, frame.step - 1 - self._longest)
        steps, ids = frame.flying_steps[recent:], frame.flying_ids[recent:]
        seen = np.flatnonzero(self._has_any[ids])            # of a large network few neurons have a line
        steps, ids = steps[seen], ids[seen]
        counts = self._first[ids + 1] - self._first[ids]
        rows = np.repeat(self._first[ids] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        departures = np.repeat(steps, counts) + 1
        still = (frame.step - departures <= self._delay_steps[rows]) & (departures <= frame.step)
        found = self._table[rows[still]]
        found["departure"] = departures[still]
        return found


def progress(pulses: np.ndarray, step: int, fraction: float = 0.0) -> np.ndarray:
    """Return how much of its way each pulse has covered, 0..1 in flight: what `shaders/pulse.vert` computes."""
    return (step - pulses["departure"] + fraction) / pulses["delay"]
