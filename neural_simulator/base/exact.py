"""Constants that every machine computes alike: exponentials from decimal arithmetic, not from the C library."""

from __future__ import annotations

import math
from decimal import Context, Decimal

_CONTEXT = Context(prec=30)


def exp(x: float) -> float:
    """e to the x, rounded correctly to float64 on every machine."""
    return float(_CONTEXT.exp(Decimal(x)))


def ln(x: float) -> float:
    """Natural logarithm, rounded correctly to float64 on every machine."""
    return float(_CONTEXT.ln(Decimal(x)))


def exprel_inverse(x: float) -> float:
    """x / (e to the x - 1), and 1 at x = 0, rounded correctly to float64 on every machine."""
    if abs(x) < 1e-12:
        return 1.0
    return float(_CONTEXT.divide(Decimal(x), _CONTEXT.subtract(_CONTEXT.exp(Decimal(x)), Decimal(1))))


def sine(turns: float) -> float:
    """Sine of 2 pi `turns`, to 1e-15, the same on every machine: by its series, in plain float64 steps."""
    turns = turns - math.floor(turns)
    sign = 1.0 if turns <= 0.5 else -1.0
    half = turns if turns <= 0.5 else turns - 0.5
    x = 6.283185307179586 * min(half, 0.5 - half)
    term = total = x
    for k in range(1, 12):
        term = -term * x * x / (2 * k * (2 * k + 1))
        total = total + term
    return sign * total


def power(base: float, exponent: float) -> float:
    """A positive base to any exponent, the same on every machine."""
    return float(_CONTEXT.power(Decimal(base), Decimal(exponent)))


def tanh(x: float) -> float:
    """Hyperbolic tangent, the same on every machine."""
    if abs(x) > 25.0:
        return 1.0 if x > 0.0 else -1.0
    square = _CONTEXT.exp(_CONTEXT.multiply(Decimal(2), Decimal(x)))
    return float(_CONTEXT.divide(_CONTEXT.subtract(square, Decimal(1)), _CONTEXT.add(square, Decimal(1))))
