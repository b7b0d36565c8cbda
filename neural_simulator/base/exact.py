"""Constants that every machine computes alike: exponentials from decimal arithmetic, not from the C library."""

from __future__ import annotations

from decimal import Context, Decimal

_CONTEXT = Context(prec=30)


def exp(x: float) -> float:
    """e to the x, rounded correctly to float64 on every machine."""
    return float(_CONTEXT.exp(Decimal(x)))


def ln(x: float) -> float:
    """Natural logarithm, rounded correctly to float64 on every machine."""
    return float(_CONTEXT.ln(Decimal(x)))
