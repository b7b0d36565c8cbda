"""Constants that every machine computes alike: exponentials from decimal arithmetic, not from the C library.

Of an array, each value is computed by series in plain float64 steps, which are alike everywhere too (to 1e-15).
"""

from __future__ import annotations

import math
from decimal import Context, Decimal
from typing import Any

import numpy as np

_CONTEXT = Context(prec=30)


def exp(x: Any) -> Any:
    """e to the x, rounded correctly to float64 on every machine."""
    if isinstance(x, np.ndarray):
        return _exp_array(x)
    return float(_CONTEXT.exp(Decimal(x)))


def ln(x: Any) -> Any:
    """Natural logarithm, rounded correctly to float64 on every machine."""
    if isinstance(x, np.ndarray):
        return _ln_array(x)
    return float(_CONTEXT.ln(Decimal(x)))


def exprel_inverse(x: Any) -> Any:
    """x / (e to the x - 1), and 1 at x = 0, rounded correctly to float64 on every machine."""
    if isinstance(x, np.ndarray):
        return _exprel_inverse_array(x)
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


def power(base: Any, exponent: Any) -> Any:
    """A positive base to any exponent, the same on every machine."""
    if isinstance(base, np.ndarray) or isinstance(exponent, np.ndarray):
        return _exp_array(exponent * ln(base))
    return float(_CONTEXT.power(Decimal(base), Decimal(exponent)))


def tanh(x: float) -> float:
    """Hyperbolic tangent, the same on every machine."""
    if abs(x) > 25.0:
        return 1.0 if x > 0.0 else -1.0
    square = _CONTEXT.exp(_CONTEXT.multiply(Decimal(2), Decimal(x)))
    return float(_CONTEXT.divide(_CONTEXT.subtract(square, Decimal(1)), _CONTEXT.add(square, Decimal(1))))


# ---- arrays ----------------------------------------------------------------------------------------------
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10       # their sum is ln 2


def _series(x: np.ndarray, coefficients: list[float]) -> np.ndarray:
    """A polynomial, highest power first, by Horner's rule."""
    total = np.full_like(x, coefficients[0])
    for coefficient in coefficients[1:]:
        total = total * x + coefficient
    return total


def _exp_array(x: np.ndarray) -> np.ndarray:
    x = np.clip(np.asarray(x, np.float64), -700.0, 700.0)
    n = np.rint(x * 1.4426950408889634)
    r = (x - n * _LN2_HIGH) - n * _LN2_LOW
    return np.ldexp(_series(r, [1.0 / math.factorial(k) for k in range(14, -1, -1)]), n.astype(np.int64))


def _ln_array(x: np.ndarray) -> np.ndarray:
    mantissa, exponent = np.frexp(np.asarray(x, np.float64))
    low = mantissa < 0.7071067811865476
    mantissa, exponent = np.where(low, 2.0 * mantissa, mantissa), exponent - low
    s = (mantissa - 1.0) / (mantissa + 1.0)
    tail = _series(s * s, [2.0 / (2 * k + 1) for k in range(12, -1, -1)])
    return exponent * _LN2_HIGH + (s * tail + exponent * _LN2_LOW)


def _exprel_inverse_array(x: np.ndarray) -> np.ndarray:
    near = np.abs(x) < 0.5
    series = 1.0 / _series(np.where(near, x, 0.0), [1.0 / math.factorial(k + 1) for k in range(16, -1, -1)])
    far = np.where(near, 1.0, x)
    return np.where(near, series, far / (_exp_array(far) - 1.0))
