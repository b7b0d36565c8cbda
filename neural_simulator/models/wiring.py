"""How one synapse is drawn: scalar functions of random words, shared by all builders.

The targets of a source are walked in blocks of `BLOCK` neurons; each block restarts its own random sequence,
keyed by (source, draw, projection and block), so that any part of a network can be built anywhere, alone.
Without multapses the walk jumps by geometric gaps (every pair is an independent Bernoulli trial); with them it
is a Poisson process along the targets. A candidate is then accepted with its distance kernel's value.
"""

from __future__ import annotations

from ..base.grammar import f32, fmax, fmin, i32, sqrt, u32
from .kinetics import exp, log
from .random import normal, uniform

BLOCK = 4096
MAX_PROJECTIONS = 256


def bernoulli_gap(word: u32, inverse_log: f32):
    """Number of targets skipped before the next candidate; `inverse_log` is 1 / log(1 - p)."""
    return i32(fmin(log(uniform(word)) * inverse_log, 1.0e6))


def poisson_advance(word: u32, inverse_rate: f32):
    """Distance along the target axis to the next candidate, in targets; `inverse_rate` is 1 / (synapses per pair)."""
    return fmin(-log(uniform(word)) * inverse_rate, 1.0e6)


def distance(x0, y0, z0, x1, y1, z1):
    """Euclidean distance, um."""
    dx = x1 - x0
    dy = y1 - y0
    dz = z1 - z0
    return sqrt(dx * dx + dy * dy + dz * dz)


def accepted(word: u32, d, inverse_length):
    """True with probability exp(-d / length)."""
    return uniform(word) < exp(-d * inverse_length)


def delay_steps(word: u32, d, delay, inverse_velocity, delay_sd, steps_per_ms, min_steps: i32,
                max_steps: i32):
    """Delay in whole steps, from `min_steps` to `max_steps`: delay + d / velocity + spread, rounded to the grid."""
    spread = delay_sd * normal(word) if delay_sd > 0.0 else 0.0
    steps = (delay + d * inverse_velocity + spread) * steps_per_ms + 0.5
    return i32(fmax(fmin(steps, f32(max_steps)), f32(min_steps)))


def weight_units(word: u32, mean_units, sd_units, max_units):
    """A weight in units of the network's weight scale, 1 to `max_units`, normal and rounded; 0 only where all are."""
    spread = sd_units * normal(word) if sd_units > 0.0 else 0.0
    least = 1.0 if mean_units > 0.0 else 0.0
    return i32(fmax(fmin(mean_units + spread + 0.5, max_units), least))
