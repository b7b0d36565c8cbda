"""Random numbers as a function of (seed, stream, index, step): nothing is stored, nothing depends on who asks first.

Philox 4x32-10 (Salmon et al. 2011, SC'11: "Parallel random numbers: as easy as 1, 2, 3"): four 32-bit words from a
128-bit counter and a 64-bit key. The key is the seed; the counter is (index, low, high, stream).
"""

from __future__ import annotations

from ..base.grammar import f32, i32, mulhi, u32
from .kinetics import normal_quantile

# One stream per purpose; whoever only looks (viewer, recorder) has one of its own.
STREAM_POSITION = 1
STREAM_CONNECT = 2
STREAM_SYNAPSE = 3
STREAM_INITIAL = 4
STREAM_BACKGROUND = 5
STREAM_KERNEL_MEAN = 6
STREAM_NOISE = 7
STREAM_HETEROGENEITY = 8
STREAM_REMOVAL = 9
STREAM_GROWTH = 10
STREAM_VIEW = 64
STREAM_STIMULUS = 128          # + place of the stimulus in its list
STREAM_STIMULUS_START = 192    # + place of the stimulus
STREAM_PARAMETER = 256         # + place of the parameter in its model


def philox(c0: u32, c1: u32, c2: u32, c3: u32, k0: u32, k1: u32):
    """Four random words for the counter (c0, c1, c2, c3) under the key (k0, k1)."""
    for _round in range(10):
        high0 = mulhi(c0, 0xD2511F53)
        low0 = u32(c0 * 0xD2511F53)
        high1 = mulhi(c2, 0xCD9E8D57)
        low1 = u32(c2 * 0xCD9E8D57)
        c0 = high1 ^ c1 ^ k0
        c1 = low1
        c2 = high0 ^ c3 ^ k1
        c3 = low0
        k0 = u32(k0 + 0x9E3779B9)
        k1 = u32(k1 + 0xBB67AE85)
    return c0, c1, c2, c3


def uniform(word: u32):
    """A random word as a float in (0, 1): the odd multiples of 2^-24, which float32 holds exactly; never 0 or 1."""
    return f32(i32(word >> 9)) * 1.1920928955078125e-7 + 5.9604644775390625e-8


def normal(word: u32):
    """A random word as a standard normal number."""
    return normal_quantile(uniform(word))
