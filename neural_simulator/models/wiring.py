"""How one synapse is drawn: scalar functions of random words, shared by all builders.

Every draw is a function of (seed, projection, owner, number of the draw), so that any part of a network can be built
anywhere, alone. The owner is the source where sources choose their targets (pairwise, fixed out-degree, one to one,
small world), the target where targets choose their sources (fixed in-degree), and the synapse itself where a total
is fixed.

Pairwise walks take the targets in blocks of `BLOCK` neurons. Without multapses they jump by geometric gaps (every
pair is an independent Bernoulli trial); with them they are a Poisson process along the targets. A candidate is then
accepted with its distance kernel's value. Choices without repetition take their candidates in a random order that
needs no memory (`in_order`).
"""

from __future__ import annotations

from collections.abc import Callable

from ..base.grammar import composed, f32, fmax, fmin, i32, mulhi, sqrt, u32
from .kinetics import exp, log
from .random import STREAM_CONNECT, STREAM_POSITION, normal, uniform

BLOCK = 4096
MAX_PROJECTIONS = 256
MAX_LAPS = 64              # how often a fixed degree asks all candidates before it gives up
TOTAL_SHARE = 32           # synapses of a fixed total that one thread of a device draws
ORDER = 0xFFFFFFFF         # number of the draw that keys an owner's random order; no synapse has it
KEY_STEP = 0x9E3779B9      # what the keys of a random order grow by after every four rounds

# How the builders walk a projection.
BERNOULLI, POISSON, OUT_DEGREE, IN_DEGREE, TOTAL, ONE_TO_ONE, RING = range(7)
PAIRWISE = (BERNOULLI, POISSON)      # the walks that builders keep apart from the others
# Laws of the weights: normal and clipped to one sign, or lognormal.
WEIGHT_LAWS = ("normal", "lognormal")
LOGNORMAL = 1

# The table of projections as builders read it: float32 columns, then int64 columns.
NUMBERS = ("INVERSE", "INVERSE_LENGTH", "WEIGHT", "WEIGHT_SD", "DELAY", "INVERSE_VELOCITY", "DELAY_SD", "REWIRING",
           "DENSITY", "SHRINK_X", "SHRINK_Y", "SHRINK_Z", "PERIOD_X", "PERIOD_Y", "PERIOD_Z")
COUNTS = ("WALK", "KERNEL", "WEIGHT_LAW", "NUMBER", "STRIDE", "STRIDE_BACK", "AUTAPSES", "MULTAPSES",
          "PRE_FIRST", "PRE_LAST", "POST_FIRST", "POST_LAST")


def constants() -> dict[str, int]:
    """The names that builders use: kinds of walks, columns of the table, streams, limits."""
    walks = {"BERNOULLI": BERNOULLI, "POISSON": POISSON, "OUT_DEGREE": OUT_DEGREE, "IN_DEGREE": IN_DEGREE,
             "TOTAL": TOTAL, "ONE_TO_ONE": ONE_TO_ONE, "RING": RING}
    columns = {name: k for names in (NUMBERS, COUNTS) for k, name in enumerate(names)}
    return {**walks, **columns, "WALK_BLOCK": BLOCK, "MAX_LAPS": MAX_LAPS, "TOTAL_SHARE": TOTAL_SHARE,
            "ORDER": ORDER, "KEY_STEP": KEY_STEP, "UNIFORM": UNIFORM,
            "STREAM_POSITION": STREAM_POSITION, "STREAM_CONNECT": STREAM_CONNECT}


# ---- distance
def wrapped(d, period):
    """A difference of coordinates, the short way round where space closes on itself (`period` um; 0: it is open)."""
    inverse = 1.0 / period if period > 0.0 else 0.0
    turns = (d * inverse + 12582912.0) - 12582912.0          # to the nearest whole number, by rounding at 2^23
    return d - turns * period


def length(dx, dy, dz):
    """Euclidean length."""
    return sqrt(dx * dx + dy * dy + dz * dz)


# ---- distance kernels: functions of r, the distance in units of the kernel's length
def everywhere(r):
    """1 at any distance."""
    return 1.0


def exponential(r):
    """exp(-r)."""
    return exp(-r)


def gaussian(r):
    """exp(-r^2 / 2): the length is the standard deviation."""
    return exp(-0.5 * (r * r))


def ball(r):
    """1 within the length, 0 beyond."""
    return 1.0 if r < 1.0 else 0.0


def medium_spiny(r):
    """Contacts of striatal cells onto medium spiny cells, relative to those at r = 0; r in um (length_um = 1).

    Humphries, Wood and Gurney 2010, PLoS Comput Biol 6:e1001011, equation 20 with table 4.
    """
    return exp(-2.15079 - 1.033 * (1.0 - exp(-0.042 * (r - 26.8))) * exp(0.0039 * r))


def fast_spiking(r):
    """Contacts between striatal fast-spiking interneurons, as `medium_spiny`; same source."""
    return exp(-1.97782 - 1.38 * (1.0 - exp(-0.057 * (r - 15.6))) * exp(0.0036 * r))


# To add a kernel: a function of r in the grammar, at most 1 and falling with r, and its line here.
KERNELS = {"uniform": everywhere, "exponential": exponential, "gaussian": gaussian, "ball": ball,
           "medium_spiny": medium_spiny, "fast_spiking": fast_spiking}
UNIFORM = 0


def _compose_kernels() -> Callable:
    """Compose `kernel_value(kind, r)`: the kernel with number `kind` at r; 1 for the uniform one."""
    lines = ["def kernel_value(kind: i32, r):", "    value = 1.0"]
    for kind, name in enumerate(KERNELS):
        if kind != UNIFORM:
            lines += [f"    if kind == {kind}:", f"        value = {name}(r)"]
    text = "\n".join([*lines, "    return value", ""])
    return composed("kernel_value", text, {"i32": i32, **KERNELS})


kernel_value = _compose_kernels()


# ---- who
def bernoulli_gap(word: u32, inverse_log: f32):
    """Number of targets skipped before the next candidate; `inverse_log` is 1 / log(1 - p)."""
    return i32(fmin(log(uniform(word)) * inverse_log, 1.0e6))


def poisson_advance(word: u32, inverse_rate: f32):
    """Distance along the target axis to the next candidate, in targets; `inverse_rate` is 1 / (synapses per pair)."""
    return fmin(-log(uniform(word)) * inverse_rate, 1.0e6)


def taken_in_lap(word: u32, value, lap: i32):
    """1 where a candidate, taken with probability `value` in every lap, is taken in this one for the first time."""
    u = uniform(word)
    left = 1.0
    for _lap in range(lap):
        left = left * (1.0 - value)
    return i32(1) if u < left and u >= left * (1.0 - value) else i32(0)


def hashed(x: u32):
    """A hash of 32 bits ("lowbias32", from C. Wellons' search): each input bit flips each output bit half the time."""
    x = u32((x ^ (x >> 16)) * 0x7FEB352D)
    x = u32((x ^ (x >> 15)) * 0x846CA68B)
    return x ^ (x >> 16)


def stirred_half(changed: u32, by: u32, size: u32, key: u32):
    """One round of `stirred`: a hash of one half is added to the other, modulo its range `size`."""
    changed = changed + mulhi(hashed(by ^ key), size)
    return changed - size if changed >= size else changed


def stirred(left: u32, right: u32, rows: u32, columns: u32, k0: u32, k1: u32, k2: u32, k3: u32):
    """A keyed permutation of the pairs (left < rows, right < columns), as a new pair.

    An unbalanced Feistel network of eight rounds; each adds a hash of one half to the other, modulo its range
    (Black and Rogaway 2002, "Ciphers with arbitrary finite domains").
    """
    for _round in range(2):
        left = stirred_half(left, right, rows, k0)
        right = stirred_half(right, left, columns, k1)
        left = stirred_half(left, right, rows, k2)
        right = stirred_half(right, left, columns, k3)
        k0 = u32(k0 + KEY_STEP)
        k1 = u32(k1 + KEY_STEP)
        k2 = u32(k2 + KEY_STEP)
        k3 = u32(k3 + KEY_STEP)
    return left, right


def order_shift(count: u32):
    """Bits of the lower half of a place in an order of `count`: the halves are about equally large."""
    shift = u32(0)
    while count >> shift > u32(1) << shift:
        shift = shift + 1
    return shift


def stirred_once(place: u32, count: u32, shift: u32, k0: u32, k1: u32, k2: u32, k3: u32):
    """One permutation of the places below `count` rounded up to full rows; the result may lie beyond `count`."""
    columns = u32(1) << shift
    rows = ((count - 1) >> shift) + 1              # count + columns may take 33 bits
    left, right = stirred(place >> shift, place & (columns - 1), rows, columns, k0, k1, k2, k3)
    return (left << shift) + right


def in_order(place: u32, count: u32, shift: u32, k0: u32, k1: u32, k2: u32, k3: u32):
    """Who is at `place` of a random order of 0 .. count - 1; each of them at one place. `shift`: order_shift(count)."""
    chosen = stirred_once(place, count, shift, k0, k1, k2, k3)
    while chosen >= count:
        chosen = stirred_once(chosen, count, shift, k0, k1, k2, k3)
    return chosen


# ---- how late, how strong
def delay_steps(word: u32, d, delay, inverse_velocity, delay_sd, steps_per_ms, min_steps: i32,
                max_steps: i32):
    """Delay in whole steps, from `min_steps` to `max_steps`: delay + d / velocity + spread, rounded to the grid."""
    spread = delay_sd * normal(word) if delay_sd > 0.0 else 0.0
    steps = (delay + d * inverse_velocity + spread) * steps_per_ms + 0.5
    return i32(fmax(fmin(steps, f32(max_steps)), f32(min_steps)))


def weight_units(word: u32, law: i32, mean, sd, most):
    """A weight in units of the network's weight scale, 1 to `most` and rounded; 0 only where all are.

    `mean` and `sd` are the weight's own, in units, or those of its logarithm where it is lognormal.
    """
    spread = sd * normal(word) if sd > 0.0 else 0.0
    value = exp(mean + spread) if law == LOGNORMAL else mean + spread
    least = 1.0 if mean > 0.0 or law == LOGNORMAL else 0.0
    return i32(fmax(fmin(value + 0.5, most), least))


# What builders call, apart from random numbers.
BUILDERS_USE = (wrapped, length, kernel_value, bernoulli_gap, poisson_advance, taken_in_lap, stirred_half, stirred,
                order_shift, stirred_once, in_order, delay_steps, weight_units)
