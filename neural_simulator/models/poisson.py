"""Poisson counts by inversion: thresholds on a 32-bit random word."""

from __future__ import annotations

from ..base.exact import exp

MAX_MEAN = 64.0


def thresholds(mean: float) -> list[int]:
    """Word thresholds of a Poisson distribution: the count is how many of them a random word reaches.

    Entry n is floor(2^32 P(count <= n)); the tail beyond 2^-32 is cut off. `mean` up to 64.
    """
    if not 0.0 <= mean <= MAX_MEAN:
        raise ValueError(f"mean count {mean:g} per step is outside 0 to {MAX_MEAN:g}")
    words: list[int] = []
    probability, cumulated, count = exp(-mean), 0.0, 0
    while mean > 0.0:
        cumulated += probability
        word = int(cumulated * 2.0**32)
        if word >= 2**32 - 1 or count > 400:
            break
        words.append(word)
        count += 1
        probability *= mean / count
    return words
