"""Cells that differ: parameters of single neurons, drawn around those of their population.

A drawn value keeps what makes the cell type: its sign, and at least a tenth of its size; the parameter's own range; and
the order of the model's thresholds (`NeuronModel.ordered`), each staying on its side of the midpoints between the
preset's values. Draws are cut off at three standard deviations. Initial states are those of the preset.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from ..base import exact
from ..base.declarations import NeuronModel, Population
from ..base.errors import ConfigurationError
from ..config import CoreSimConfig
from ..models.cell import Cell
from ..models.neurons import neuron_model
from ..models.random import STREAM_PARAMETER

SIZES = ("pF", "nS", "nS/mV", "uF/cm2", "mS/cm2")        # units of what `cell_variation` varies
CUT = 3.0                                                # standard deviations
_SIDE = 0.45                                             # share of the distance to a neighbouring threshold


def with_spread(core: CoreSimConfig, populations: Sequence[Population]) -> list[Population]:
    """The populations, with the coefficients of variation that the configuration adds to their own."""
    models = [neuron_model(p.model) for p in populations]
    known = {param.name for model in models for param in model.params}
    for name, cv in core.heterogeneity.items():
        if name not in known:
            lower = {word.lower(): word for word in sorted(known)}
            near = lower[difflib.get_close_matches(name.lower(), lower, n=1, cutoff=0.0)[0]]
            raise ConfigurationError(f"heterogeneity: no cell of this network has a parameter {name!r}; the nearest is "
                                     f"{near!r}.", "heterogeneity", name)
        if not 0.0 <= cv <= 1.0:
            raise ConfigurationError(f"heterogeneity: the variation of {name} is {cv:g}, but must lie between 0 and 1.",
                                     "heterogeneity", cv)
    result = []
    for p, model in zip(populations, models, strict=True):
        spread = {q.name: core.cell_variation for q in model.params if q.unit in SIZES}
        spread |= {**p.spread, **{q.name: core.heterogeneity[q.name] for q in model.params
                                  if q.name in core.heterogeneity}}
        spread = {name: cv for name, cv in spread.items() if cv > 0.0 and p.params[name] != 0.0}
        result.append(replace(p, spread=spread) if spread != dict(p.spread) else p)
    return result


class _Noting(dict):
    """Parameters that note which of them are read."""

    def __init__(self, values: Mapping[str, float]):
        super().__init__(values)
        self.read: set[str] = set()

    def __getitem__(self, name: str) -> float:
        self.read.add(name)
        return super().__getitem__(name)


def varied(cell: Cell, members: Sequence[Population], dt: float) -> tuple[str, ...]:
    """The cell's parameters that differ among the neurons of one of these populations, in the cell's order."""
    found: set[str] = set()
    for p in members:
        found |= set(p.spread)
        for name, rule in cell.model.derived.items():
            noting = _Noting(p.params)
            rule(noting, dt)
            if noting.read & set(p.spread):
                found.add(name)
    return tuple(name for name in cell.parameters if name in found)


def parameter_columns(plan: Any, normal_values: Callable[[int], np.ndarray]) -> np.ndarray:
    """Row k holds, for every neuron, the k-th of its cell's varied parameters: (rows, N) float32.

    `normal_values(stream)` returns a standard normal number of every neuron, the same on every backend.
    """
    rows = max(len(cell.varied) for cell in plan.cells.values())
    columns = np.zeros((rows, plan.num_neurons if rows else 0), np.float32)
    draws: dict[int, np.ndarray] = {}
    for index, p in enumerate(plan.populations):
        cell = plan.cell(index)
        if not cell.varied:
            continue
        own: dict[str, Any] = dict(p.params)
        for place, param in enumerate(cell.model.params):
            if param.name in p.spread:
                if place not in draws:
                    draws[place] = normal_values(STREAM_PARAMETER + place).astype(np.float64)
                own[param.name] = _draw(cell.model, param.name, p, draws[place][p.start:p.stop],
                                        plan.core.heterogeneity_law)
        for row, name in enumerate(cell.varied):
            columns[row, p.start:p.stop] = own[name] if name in own else _derived(cell.model, name, own, p, plan.dt)
    return columns


def _draw(model: NeuronModel, name: str, p: Population, z: np.ndarray, law: str) -> np.ndarray:
    """Values of a parameter for the neurons of a population, from standard normal numbers."""
    mean, cv = p.params[name], p.spread[name]
    z = np.clip(z, -CUT, CUT)
    if law == "lognormal":
        s = float(np.sqrt(exact.ln(1.0 + cv * cv)))
        values = mean * exact.exp(s * z - 0.5 * s * s)
    else:
        values = mean + cv * abs(mean) * z
    low, high = limits(model, name, p.params)
    return np.clip(values, low, high)


def limits(model: NeuronModel, name: str, params: Mapping[str, float]) -> tuple[float, float]:
    """Between what a drawn value must lie for its cell to remain what it is."""
    param = next(q for q in model.params if q.name == name)
    mean = params[name]
    low, high = param.low, param.high
    if mean > 0.0:
        low = max(low, 0.1 * mean)
    elif mean < 0.0:
        high = min(high, 0.1 * mean)
    for chain in model.ordered:
        for below, above in zip(chain, chain[1:], strict=False):
            gap = params[above] - params[below]
            if gap > 0.0 and name == below:
                high = min(high, mean + _SIDE * gap)
            elif gap > 0.0 and name == above:
                low = max(low, mean - _SIDE * gap)
    return low, high


def _derived(model: NeuronModel, name: str, own: Mapping[str, Any], p: Population, dt: float) -> Any:
    """A derived constant of every neuron: at once where its rule can, one by one where it decides by values."""
    rule = model.derived[name]
    try:
        return rule(own, dt)
    except (ValueError, TypeError):
        arrays = {key: value for key, value in own.items() if isinstance(value, np.ndarray)}
        return [rule({**own, **{key: float(value[k]) for key, value in arrays.items()}}, dt) for k in range(p.size)]
