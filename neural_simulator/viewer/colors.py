"""What a colour means: pure functions and tables that the shaders repeat and the tests check them against.

All colours are sRGB, 0..1. The shaders read the tables of `lookup_table()` from one texture, so that legend, picture
and test speak of the same numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..app.frames import Frame
from ..base.declarations import Population
from ..base.palette import RGB, from_hex, population_color

BACKGROUND: RGB = from_hex("#05070d")
TEXT: RGB = from_hex("#e6ebf5")
DIM_TEXT: RGB = from_hex("#8d97ab")

# Silent slate through ember and amber to nearly white: lightness grows with activity, so it reads without hue.
ACTIVITY_STOPS = ("#4f6490", "#8a5f8c", "#cc6038", "#f28d20", "#ffd25a", "#fff6d8")
# Membrane potential from low (indigo) to high (pale yellow), lightness monotone as well.
POTENTIAL_STOPS = ("#1f1a4d", "#2b3f8c", "#1f7597", "#2ba38b", "#84cf6a", "#f6ee8a")
POTENTIAL_RANGE_MV = (-80.0, -40.0)      # from about the K+ reversal to about the firing threshold
# Weights, from small (violet) through rose to large (pale sand).
WEIGHT_STOPS = ("#4a3f8a", "#77489b", "#ab5296", "#dc6c85", "#f59c74", "#ffe0a3")

LUT_WIDTH = 256
# Rows of the texture: three ramps, the colour of every population in the mode chosen, and that by population.
LUT_ACTIVITY, LUT_POTENTIAL, LUT_WEIGHT, LUT_CATEGORY, LUT_POPULATION = range(5)
CATEGORY_MODES = ("type", "trait", "population")           # colour modes that name each neuron's population a colour
WEIGHT_MODES = {"excitation": 0, "inhibition": 1}          # rows of the summed weights
COLOR_MODES = {"activity": 0, **dict.fromkeys(CATEGORY_MODES, 1), "potential": 2,
               **dict.fromkeys(WEIGHT_MODES, 3)}           # values of the shaders' u_color_mode
SPIKING_MODES = {"highlight": 0, "only": 1, "none": 2}     # values of the shaders' u_spiking_mode
SYNAPSE_COLORS = {"sign": 0, "weight": 1, "population": 2}     # values of the shaders' u_synapse_color


@dataclass(frozen=True)
class Categories:
    """How populations fall into named groups of one colour each."""

    names: tuple[str, ...]
    of_population: tuple[int, ...]       # group of every population


def categories(populations: Sequence[Population], mode: str) -> Categories:
    """Return the groups of `mode`: cell types, traits, or the populations themselves."""
    if mode == "type":
        keys = [population.preset for population in populations]
    elif mode == "trait":
        keys = [f"trait {population.trait}" for population in populations]
    else:
        return Categories(tuple(population.name for population in populations), tuple(range(len(populations))))
    names = tuple(dict.fromkeys(keys))
    return Categories(names, tuple(names.index(key) for key in keys))


def ramp(stops: tuple[str, ...], at: np.ndarray) -> np.ndarray:
    """Interpolate evenly spaced colour `stops` at positions `at` (0..1); returns (..., 3) float64."""
    table = np.array([from_hex(stop) for stop in stops])
    grid = np.linspace(0.0, 1.0, len(stops))
    return np.stack([np.interp(at, grid, table[:, channel]) for channel in range(3)], axis=-1)


def lookup_table(populations: Sequence[Population] = (), mode: str = "population") -> np.ndarray:
    """Return the texture of all colour tables, (5, 256, 3) uint8; see the LUT_ rows."""
    at = np.linspace(0.0, 1.0, LUT_WIDTH)
    colors = np.array([population_color(index) for index in range(LUT_WIDTH)])
    groups = np.arange(LUT_WIDTH)
    of_population = categories(populations, mode).of_population
    groups[:len(of_population)] = of_population
    ramps = [ramp(stops, at) for stops in (ACTIVITY_STOPS, POTENTIAL_STOPS, WEIGHT_STOPS)]
    return np.round(np.stack([*ramps, colors[groups], colors]) * 255.0).astype(np.uint8)


def activity(last_spike_step: np.ndarray, step: int, dt_ms: float, decay_ms: float) -> np.ndarray:
    """Return how active each neuron looks, 0 (silent) .. 1 (just fired).

    The glow falls as the square of the time left and is exactly 0 from `decay_ms` after the spike on.
    A neuron that never fired has a negative `last_spike_step`.
    """
    age_ms = (step - last_spike_step.astype(np.int64)) * dt_ms
    left = np.clip(1.0 - age_ms / decay_ms, 0.0, 1.0)
    return np.where(last_spike_step < 0, 0.0, left * left)


def position_in(values: np.ndarray, limits: tuple[float, float]) -> np.ndarray:
    """Return where values lie between two limits, 0..1."""
    low, high = limits
    return np.clip((values - low) / max(high - low, 1e-30), 0.0, 1.0)


def weight_range(values: np.ndarray) -> tuple[float, float]:
    """Return the limits between which the middle 98 of 100 `values` lie; of equal width where they are all alike."""
    if values.size == 0:
        return 0.0, 1.0
    low, high = (float(value) for value in np.percentile(values, (1.0, 99.0)))
    return (low, high) if high > low * 1.000001 else (0.0, max(high, 1e-30))


def neuron_colors(frame: Frame, population_of: np.ndarray, dt_ms: float, color_mode: str, spiking_mode: str,
                  decay_ms: float, populations: Sequence[Population] = (),
                  sums: np.ndarray | None = None) -> np.ndarray:
    """Return the unlit colour of every neuron, (N, 3) float64: what `shaders/neuron.vert` computes.

    `sums` (N,) are the summed weights that the colour modes of WEIGHT_MODES show.
    """
    table = lookup_table(populations, color_mode) / 255.0
    active = activity(np.asarray(frame.last_spike_step), frame.step, dt_ms, decay_ms)
    if color_mode == "activity":
        return table[LUT_ACTIVITY, _texel(active)]
    if color_mode == "potential":
        base = table[LUT_POTENTIAL, _texel(position_in(np.asarray(frame.v), POTENTIAL_RANGE_MV))]
    elif color_mode in WEIGHT_MODES:
        assert sums is not None
        base = table[LUT_WEIGHT, _texel(position_in(sums, weight_range(sums)))]
    else:
        base = table[LUT_CATEGORY, population_of]
    return base if spiking_mode == "none" else highlighted(base, active)


def highlighted(base: np.ndarray, active: np.ndarray) -> np.ndarray:
    """Return `base` (N, 3) drawn towards white by activity, and dimmed where silent so that spikes stand out."""
    lift = active[:, None]
    return base * (0.75 + 0.25 * lift) * (1.0 - 0.65 * lift) + 0.65 * lift


def _texel(position: np.ndarray) -> np.ndarray:
    """Column of the lookup table for positions 0..1."""
    return np.clip((position * (LUT_WIDTH - 1) + 0.5).astype(np.int64), 0, LUT_WIDTH - 1)
