"""Some of a network's synapses as plain arrays, for whoever looks at them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Synapses(NamedTuple):
    """One synapse per row."""

    pre: np.ndarray              # (M,) int32
    post: np.ndarray             # (M,) int32
    weight: np.ndarray           # (M,) float32, not negative, in the target's port unit (nS, or pA)
    delay_steps: np.ndarray      # (M,) int32

    @property
    def size(self) -> int:
        return int(self.pre.size)

    def first(self, count: int) -> Synapses:
        """Return the first `count` rows."""
        return Synapses(*(column[:count] for column in self))


def make(pre: np.ndarray, post: np.ndarray, weight: np.ndarray, delay_steps: np.ndarray) -> Synapses:
    """Return the columns in their types."""
    return Synapses(np.asarray(pre, np.int32), np.asarray(post, np.int32), np.asarray(weight, np.float32),
                    np.asarray(delay_steps, np.int32))


def joined(*parts: Synapses) -> Synapses:
    """Return the rows of all parts."""
    return Synapses(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


NONE = make(*np.zeros((4, 0)))
