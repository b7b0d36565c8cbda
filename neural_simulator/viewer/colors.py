"""What a colour means: pure functions and tables that the shaders repeat and the tests check them against.

All colours are sRGB, 0..1. The shaders read the tables of `lookup_table()` from one texture, so that legend, picture
and test speak of the same numbers.
"""

from __future__ import annotations

import numpy as np

from ..app.frames import Frame
from ..base.palette import RGB, from_hex, population_color

BACKGROUND: RGB = from_hex("#05070d")
TEXT: RGB = from_hex("#e6ebf5")
DIM_TEXT: RGB = from_hex("#8d97ab")

# Silent slate through ember and amber to nearly white: lightness grows with activity, so it reads without hue.
ACTIVITY_STOPS = ("#4f6490", "#8a5f8c", "#cc6038", "#f28d20", "#ffd25a", "#fff6d8")
# Membrane potential from low (indigo) to high (pale yellow), lightness monotone as well.
POTENTIAL_STOPS = ("#1f1a4d", "#2b3f8c", "#1f7597", "#2ba38b", "#84cf6a", "#f6ee8a")
POTENTIAL_RANGE_MV = (-80.0, -40.0)      # from about the K+ reversal to about the firing threshold

LUT_WIDTH = 256
LUT_ACTIVITY, LUT_POTENTIAL, LUT_POPULATION = 0, 1, 2      # rows of the texture
COLOR_MODES = {"activity": 0, "trait": 1, "potential": 2}  # values of the shaders' u_color_mode
SPIKING_MODES = {"highlight": 0, "only": 1, "none": 2}     # values of the shaders' u_spiking_mode


def ramp(stops: tuple[str, ...], at: np.ndarray) -> np.ndarray:
    """Interpolate evenly spaced colour `stops` at positions `at` (0..1); returns (..., 3) float64."""
    table = np.array([from_hex(stop) for stop in stops])
    grid = np.linspace(0.0, 1.0, len(stops))
    return np.stack([np.interp(at, grid, table[:, channel]) for channel in range(3)], axis=-1)


def lookup_table() -> np.ndarray:
    """Return the texture of all colour tables, (3, 256, 3) uint8; see the LUT_ rows."""
    at = np.linspace(0.0, 1.0, LUT_WIDTH)
    populations = np.array([population_color(index) for index in range(LUT_WIDTH)])
    rows = np.stack([ramp(ACTIVITY_STOPS, at), ramp(POTENTIAL_STOPS, at), populations])
    return np.round(rows * 255.0).astype(np.uint8)


def activity(last_spike_step: np.ndarray, step: int, dt_ms: float, decay_ms: float) -> np.ndarray:
    """Return how active each neuron looks, 0 (silent) .. 1 (just fired).

    The glow falls as the square of the time left and is exactly 0 from `decay_ms` after the spike on.
    A neuron that never fired has a negative `last_spike_step`.
    """
    age_ms = (step - last_spike_step.astype(np.int64)) * dt_ms
    left = np.clip(1.0 - age_ms / decay_ms, 0.0, 1.0)
    return np.where(last_spike_step < 0, 0.0, left * left)


def potential_position(v_mV: np.ndarray) -> np.ndarray:
    """Return where a membrane potential lies on the potential ramp, 0..1."""
    low, high = POTENTIAL_RANGE_MV
    return np.clip((v_mV - low) / (high - low), 0.0, 1.0)


def neuron_colors(frame: Frame, population_of: np.ndarray, dt_ms: float, color_mode: str, spiking_mode: str,
                  decay_ms: float) -> np.ndarray:
    """Return the unlit colour of every neuron, (N, 3) float64: what `shaders/neuron.vert` computes."""
    table = lookup_table() / 255.0
    active = activity(frame.last_spike_step, frame.step, dt_ms, decay_ms)
    if color_mode == "activity":
        return table[LUT_ACTIVITY, _texel(active)]
    if color_mode == "potential":
        base = table[LUT_POTENTIAL, _texel(potential_position(frame.v))]
    else:
        base = table[LUT_POPULATION, population_of]
    return base if spiking_mode == "none" else highlighted(base, active)


def highlighted(base: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Return `base` (N, 3) drawn towards white by activity, and dimmed where silent so that spikes stand out."""
    lift = active[:, None]
    return base * (0.75 + 0.25 * lift) * (1.0 - 0.65 * lift) + 0.65 * lift


def _texel(position: np.ndarray) -> np.ndarray:
    """Column of the lookup table for positions 0..1."""
    return np.clip((position * (LUT_WIDTH - 1) + 0.5).astype(np.int64), 0, LUT_WIDTH - 1)
