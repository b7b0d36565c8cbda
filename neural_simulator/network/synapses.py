"""Some of a network's synapses as plain arrays, for whoever looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

CHUNK = 2**22             # words that are searched at once, so that a search needs little memory


class Synapses(NamedTuple):
    """One synapse per row."""

    pre: np.ndarray              # (M,) int32
    post: np.ndarray             # (M,) int32
    weight: np.ndarray           # (M,) float32, not negative, in the target's port unit (nS, or pA)
    delay_steps: np.ndarray      # (M,) int32

    @property
    def count(self) -> int:
        return int(self.pre.size)

    def first(self, count: int) -> Synapses:
        """Return the first `count` rows."""
        return Synapses(*(column[:count] for column in self))


def make(pre: np.ndarray, post: np.ndarray, weight: np.ndarray, delay_steps: np.ndarray) -> Synapses:
    """Return the columns in their types."""
    return Synapses(np.asarray(pre, np.int32), np.asarray(post, np.int32), np.asarray(weight, np.float32),
                    np.asarray(delay_steps, np.int32))


NONE = make(*np.zeros((4, 0)))


def spread(total: int, count: int) -> np.ndarray:
    """Return up to `count` of the places 0 .. total - 1, evenly spread, in an order of which every beginning is spread.

    The order is the same every time.
    """
    chosen = np.unique(np.linspace(0, total - 1, min(count, total)).astype(np.int64))
    return chosen[np.random.default_rng(0).permutation(chosen.size)]


def chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the range first .. last - 1 in pieces (begin, end)."""
    for begin in range(first, last, CHUNK):
        yield begin, min(begin + CHUNK, last)
