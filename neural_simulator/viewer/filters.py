"""Which neurons are drawn: by population, type, activity and region. The shaders decide; the same rules stand here
for whoever has to know without asking them (picking, tests).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..base.declarations import Population
from ..config import VisualizationConfig
from .colors import categories

MASK_WORDS = 8            # of 32 populations each
AXES = "xyz"


def hidden_populations(viz: VisualizationConfig, populations: Sequence[Population]) -> np.ndarray:
    """Return whether each population is hidden, by itself or by its cell type, (P,) bool."""
    types = categories(populations, "type").of_population
    return np.array([index in viz.hidden_populations or kind in viz.hidden_types
                     for index, kind in enumerate(types)], bool)


def toggled(viz: VisualizationConfig, populations: Sequence[Population], members: Sequence[int]) -> dict[str, object]:
    """Return the view's values after `members` were hidden, or shown where all of them are hidden."""
    hidden = hidden_populations(viz, populations)
    chosen = list(members)
    hidden[chosen] = not hidden[chosen].all()
    return {"hidden_populations": tuple(int(k) for k in np.flatnonzero(hidden)), "hidden_types": ()}


def hidden_mask(viz: VisualizationConfig, populations: Sequence[Population]) -> np.ndarray:
    """Return one bit per population, set where it is hidden, (8,) uint32."""
    bits = np.zeros(32 * MASK_WORDS, np.uint8)
    bits[:len(populations)] = hidden_populations(viz, populations)
    return np.packbits(bits, bitorder="little").view("<u4")


def clip_box(viz: VisualizationConfig, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the corners (um) of what is not cut away; where nothing is cut, they lie outside the network."""
    extent = np.maximum(high - low, 1e-6)
    begin, end = (np.array([getattr(viz, f"clip_{axis}_{word}") for axis in AXES]) for word in ("from", "to"))
    margin = extent + 1.0
    return (np.where(begin > 0.0, low + begin * extent, low - margin),
            np.where(end < 1.0, low + end * extent, high + margin))


def cuts(viz: VisualizationConfig) -> bool:
    """Return whether any region is cut away."""
    return any(getattr(viz, f"clip_{axis}_from") > 0.0 or getattr(viz, f"clip_{axis}_to") < 1.0 for axis in AXES)


def visible(positions: np.ndarray, population_of: np.ndarray, active: np.ndarray, viz: VisualizationConfig,
            populations: Sequence[Population], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Return which neurons are drawn, (N,) bool. `active` (N,) is colors.activity; `low`, `high` the network's box."""
    begin, end = clip_box(viz, low, high)
    inside = np.all((positions >= begin) & (positions <= end), axis=1)
    shown = ~hidden_populations(viz, populations)[population_of] if len(populations) else np.ones(len(positions), bool)
    wanted = (active >= viz.activity_from) & (active <= viz.activity_to)
    return inside & shown & wanted & ((active > 0.0) | (viz.spiking_mode != "only"))


def summary(viz: VisualizationConfig, populations: Sequence[Population]) -> str:
    """Return what is filtered away in words, '' where nothing is."""
    hidden = [populations[int(k)].name for k in np.flatnonzero(hidden_populations(viz, populations))]
    parts = []
    if hidden:
        parts.append(hidden[0] if len(hidden) == 1 else f"{len(hidden)} populations")
    if viz.activity_from > 0.0 or viz.activity_to < 1.0:
        parts.append(f"activity outside {viz.activity_from:g} to {viz.activity_to:g}")
    if cuts(viz):
        parts.append("a region")
    return "without " + ", ".join(parts) if parts else ""
