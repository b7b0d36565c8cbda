"""Where a neuron lies in its population's space: scalar functions of random words, shared by all builders."""

from __future__ import annotations

from ..base.grammar import sqrt, u32
from .kinetics import exp, log
from .random import normal, uniform


def along(word: u32, low, high):
    """A uniform number between `low` and `high`."""
    return low + uniform(word) * (high - low)


def bent(y, x, low, high, bend):
    """`y` raised by `bend` at the two ends of x, by nothing in its middle: a sheet becomes a trough."""
    share = (2.0 * x - low - high) / (high - low) if high > low else 0.0
    return y + bend * share * share


def in_ball(w0: u32, w1: u32, w2: u32, w3: u32):
    """A uniform point of the unit ball: the direction of three normal numbers, and the cubic root of a uniform one."""
    x = normal(w0)
    y = normal(w1)
    z = normal(w2)
    r = exp(log(uniform(w3)) * 0.3333333333333333) / sqrt(x * x + y * y + z * z)
    return x * r, y * r, z * r


def within(share, low, high):
    """The place between `low` and `high` that `share` (-1 .. 1) names."""
    return 0.5 * (low + high) + 0.5 * share * (high - low)


# What builders call, apart from random numbers.
BUILDERS_USE = (along, bent, in_ball, within)
