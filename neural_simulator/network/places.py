"""Where in the stored words of a network to look."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

CHUNK = 2**22             # words that are searched at once, so that a search needs little memory


def spread(total: int, count: int) -> np.ndarray:
    """Return up to `count` of the places 0 .. total - 1, evenly spread, in an order of which every beginning is spread.

    The order is the same every time.
    """
    chosen = np.unique(np.linspace(0, total - 1, min(count, total)).astype(np.int64))
    return chosen[np.random.default_rng(0).permutation(chosen.size)]


def ranges(begins: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """Return all places of the ranges begin .. end - 1, one range after the other."""
    lengths = ends - begins
    return np.repeat(begins - (np.cumsum(lengths) - lengths), lengths) + np.arange(lengths.sum())


def chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the range first .. last - 1 in pieces (begin, end)."""
    for begin in range(first, last, CHUNK):
        yield begin, min(begin + CHUNK, last)
