"""Elementary functions that are equal, bit for bit, on every engine.

Each has two forms: the judge's (float64, Python's own `math`) and the engines' (float32 polynomials made of
correctly rounded operations only, exact range reduction). Largest errors of the engines' forms, tested against
float64: exp 1e-7 relative, log 1e-7 relative or 6e-8 absolute, exprel_inverse 3e-7 relative, tanh 2e-7 relative,
normal_quantile 4e-7; power 1e-7 times 1 + |y ln x|.
Polynomials: Cephes single precision library (Moshier 1989); normal quantile: AS 241, PPND7 (Wichura 1988,
Applied Statistics 37:477).
"""

from __future__ import annotations

import math
from statistics import NormalDist

from ..base.grammar import bits_from_float, engine_form, f32, fabs, float_from_bits, fmax, fmin, i32, sqrt


def exp_engine(x):
    """float32 exp; arguments below -87 and above 88 are clamped."""
    x = fmax(fmin(x, 88.0), -87.0)
    n = (x * 1.44269504 + 12582912.0) - 12582912.0          # nearest integer, by the float32 rounding at 2^23
    r = x - n * 0.693359375
    r = r - n * -2.12194440e-4
    p = 1.9875691500e-4
    p = p * r + 1.3981999507e-3
    p = p * r + 8.3334519073e-3
    p = p * r + 4.1665795894e-2
    p = p * r + 1.6666665459e-1
    p = p * r + 5.0000001201e-1
    p = p * (r * r) + r + 1.0
    return p * float_from_bits((i32(n) + 127) << 23)


@engine_form(exp_engine)
def exp(x):
    """e to the x."""
    return math.exp(min(x, 700.0))


def log_engine(x):
    """float32 natural logarithm of a normal positive number."""
    bits = bits_from_float(x)
    e = (bits - 0x3F3504F3) >> 23
    m = float_from_bits(bits - (e << 23)) - 1.0
    p = 7.0376836292e-2
    p = p * m - 1.1514610310e-1
    p = p * m + 1.1676998740e-1
    p = p * m - 1.2420140846e-1
    p = p * m + 1.4249322787e-1
    p = p * m - 1.6668057665e-1
    p = p * m + 2.0000714765e-1
    p = p * m - 2.4999993993e-1
    p = p * m + 3.3333331174e-1
    z = m * m
    n = f32(e)
    y = p * m * z + n * -2.12194440e-4 - 0.5 * z
    return m + y + n * 0.693359375


def exprel_inverse_engine(x):
    """float32 x / (exp(x) - 1), by its series near 0."""
    near = fabs(x) < 0.5
    y = 1.0 if near else x
    quotient = y / (exp(y) - 1.0)
    z = x * x
    series = 1.0 - 0.5 * x + z * (0.0833333333 - z * (0.00138888889 - z * 3.30687831e-5))
    return series if near else quotient


def exprel_inverse_of(x, e):
    """x / (e - 1) for e = exp(x) that is known already; by the series near 0."""
    near = fabs(x) < 0.5
    quotient = x / (2.0 if near else e - 1.0)
    z = x * x
    series = 1.0 - 0.5 * x + z * (0.08333333333333333 - z * (0.001388888888888889 - z * 3.306878306878307e-5))
    return series if near else quotient


def exprel_slope(y, a):
    """d ln(a) / dy of a = y / (1 - exp(-y)) = exprel_inverse(-y): how a rate of that form follows the potential."""
    near = fabs(y) < 0.5
    quotient = (1.0 + y - a) / (2.0 if near else y)
    series = 0.5 - y * (0.08333333333333333 - y * y * 0.001388888888888889)
    return series if near else quotient


@engine_form(log_engine)
def log(x):
    """Natural logarithm."""
    return math.log(x)


@engine_form(exprel_inverse_engine)
def exprel_inverse(x):
    """x / (exp(x) - 1), 1 at x = 0: the form in which rate functions such as a (V - V0) / (exp(...) - 1) are finite."""
    return x / math.expm1(x) if abs(x) > 1e-12 else 1.0


def tanh_engine(x):
    """float32 hyperbolic tangent; a polynomial near 0."""
    z = x * x
    p = -5.70498872745e-3
    p = p * z + 2.06390887954e-2
    p = p * z - 5.37397155531e-2
    p = p * z + 1.33314422036e-1
    p = p * z - 3.33332819422e-1
    near = p * z * x + x
    far = 1.0 - 2.0 / (exp(2.0 * fabs(x)) + 1.0)
    return near if fabs(x) < 0.625 else (-far if x < 0.0 else far)


@engine_form(tanh_engine)
def tanh(x):
    """Hyperbolic tangent."""
    return math.tanh(x)


def power_engine(x, y):
    """float32 power of a positive number, through its logarithm."""
    return exp(y * log(x))


@engine_form(power_engine)
def power(x, y):
    """A positive number x to any power y."""
    return math.pow(x, y)


def normal_quantile_engine(p):
    """float32 quantile of the standard normal distribution, 0 < p < 1 (AS 241, PPND7)."""
    q = p - 0.5
    if fabs(q) <= 0.425:
        r = 0.180625 - q * q
        top = ((59.109374720 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179
        bottom = ((67.187563600 * r + 78.757757664) * r + 17.895169469) * r + 1.0
        return q * top / bottom
    tail = p if q < 0.0 else 1.0 - p
    r = sqrt(-log(tail))
    if r <= 5.0:
        r = r - 1.6
        value = (((0.17023821103 * r + 1.3067284816) * r + 2.7568153900) * r + 1.4234372777) / (
            (0.12021132975 * r + 0.73700164250) * r + 1.0)
    else:
        r = r - 5.0
        value = (((0.017337203997 * r + 0.42868294337) * r + 3.0812263860) * r + 6.6579051150) / (
            (0.012258202635 * r + 0.24197894225) * r + 1.0)
    return -value if q < 0.0 else value


@engine_form(normal_quantile_engine)
def normal_quantile(p):
    """Quantile of the standard normal distribution."""
    return NormalDist().inv_cdf(p)


def boltzmann(v, half, slope):
    """1 / (1 + exp(-(v - half) / slope)): the steady state of a gate."""
    return 1.0 / (1.0 + exp((half - v) / slope))


def flush(x):
    """x, or 0 where |x| < 1e-20: decaying variables never become denormal, which would be slow on CPUs."""
    return 0.0 if fabs(x) < 1e-20 else x
