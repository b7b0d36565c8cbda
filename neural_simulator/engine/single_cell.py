"""A single cell under a current protocol, on the same code that networks run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import ModuleType

import numpy as np

from ..backend import cpu_cell
from ..base.declarations import Population
from ..base.errors import ConfigurationError
from ..config import CoreSimConfig
from ..models.cell import Cell, compose
from ..models.neurons import neuron_model
from ..models.receptors import SETTINGS


@dataclass(frozen=True)
class CellTrace:
    """What a cell did. Entry k of each array is the end of step k, at time (k + 1) dt."""

    dt_ms: float
    states: dict[str, np.ndarray]      # name -> (T,) float32
    fired: np.ndarray                  # (T,) bool

    @property
    def v(self) -> np.ndarray:
        """Membrane potential, (T,) mV."""
        return self.states["v"]

    @property
    def spikes_ms(self) -> np.ndarray:
        """Time stamps of the spikes: the starts of their steps."""
        return np.flatnonzero(self.fired) * self.dt_ms

    def crossings_ms(self, level: float) -> np.ndarray:
        """Times at which the potential crosses `level` (mV) upwards, interpolated within their steps."""
        v = self.v.astype(np.float64)
        k = np.flatnonzero((v[:-1] < level) & (v[1:] >= level))
        return (k + 1 + (level - v[k]) / (v[k + 1] - v[k])) * self.dt_ms


_compiled: dict[str, tuple[Cell, ModuleType]] = {}


def _compile(key: str) -> tuple[Cell, ModuleType]:
    """The composed cell of a model and its compiled loop; anew where a user has changed the model."""
    if key not in _compiled or _compiled[key][0].model is not neuron_model(key):
        cell = compose(key)
        _compiled[key] = cell, cpu_cell.kernel(cell)
    return _compiled[key]


def cell_setup(key: str, preset: str, dt_ms: float, custom: Mapping[str, float] | None = None,
               core: CoreSimConfig | None = None) -> tuple[Cell, Population, list[float]]:
    """The composed cell, a population of one, and the values of the cell's parameters, in float64."""
    cell, _ = _compile(key)
    population = Population("cell", 0, 1, key, preset, cell.model.values(preset, custom), True, 0, (0, 0, 0), (0, 0, 0))
    return cell, population, cell.parameter_values(population, _receptor_settings(core or CoreSimConfig()), dt_ms)


def current_steps(duration_ms: float, dt_ms: float, *pieces: tuple[float, float, float]) -> np.ndarray:
    """Current (T,) float32 pA from pieces (from ms, to ms, pA); overlapping pieces add up."""
    current = np.zeros(round(duration_ms / dt_ms), np.float32)
    for start, stop, amplitude in pieces:
        current[round(start / dt_ms):round(stop / dt_ms)] += amplitude
    return current


def run_cell(key: str, preset: str, current_pA: np.ndarray, dt_ms: float | None = None,
             custom: Mapping[str, float] | None = None, core: CoreSimConfig | None = None,
             start: Mapping[str, float] | None = None, arrived: np.ndarray | None = None) -> CellTrace:
    """Run the cell `preset` of model `key` for one step per entry of `current_pA`.

    `custom` replaces parameters, `start` initial states; `arrived` (ports, T) is what synapses deliver at the
    start of each step, in the model's port unit. Receptor constants are those of `core`.
    """
    model = neuron_model(key)
    dt = model.dt_of(preset) if dt_ms is None else dt_ms
    if dt > model.max_dt_ms:
        raise ConfigurationError(f"dt_ms is {dt:g} ms, but {model.label} needs at most {model.max_dt_ms:g} ms.",
                                 "dt_ms", dt)
    cell, population, parameters = cell_setup(key, preset, dt, custom, core)
    module = _compile(key)[1]
    steps = current_pA.size
    trace, fired = np.zeros((steps, len(cell.states)), np.float32), np.zeros(steps, np.bool_)
    if arrived is None:
        arrived = np.zeros((len(cell.ports), steps), np.float32)
    module.run(_start(cell, population, dt, start or {}), np.array(parameters, np.float32),
               current_pA.astype(np.float32), arrived.astype(np.float32), trace, fired)
    return CellTrace(dt, {name: trace[:, k] for k, name in enumerate(cell.states)}, fired)


def _receptor_settings(core: CoreSimConfig) -> dict[str, float]:
    return {name: getattr(core, name) for name in SETTINGS}


def _start(cell: Cell, population: Population, dt: float, given: Mapping[str, float]) -> np.ndarray:
    """Initial states (S,) float32; conductances start at 0."""
    values = {s.name: cell.model.initial_value(s, population.params, dt) for s in cell.model.states}
    values.update(given)
    return np.array([values.get(name, 0.0) for name in cell.states], np.float32)


# ---- responses to a step of current ---------------------------------------------------------------------
@dataclass(frozen=True)
class Response:
    """What a cell did under a constant current between `start_ms` and `stop_ms`."""

    current_pA: float
    start_ms: float
    stop_ms: float
    trace: CellTrace

    @property
    def spikes_ms(self) -> np.ndarray:
        """Time stamps of the spikes during the current."""
        spikes = self.trace.spikes_ms
        return spikes[(spikes >= self.start_ms - 1e-9) & (spikes < self.stop_ms - 1e-9)]

    @property
    def intervals_ms(self) -> np.ndarray:
        """Intervals between the spikes during the current."""
        return np.diff(self.spikes_ms)

    @property
    def rate_Hz(self) -> float:
        """Spikes per second of current."""
        return self.spikes_ms.size * 1000.0 / (self.stop_ms - self.start_ms)

    @property
    def steady_rate_Hz(self) -> float:
        """The rate that the last interval stands for; 0 with fewer than two spikes."""
        return 1000.0 / float(self.intervals_ms[-1]) if self.intervals_ms.size else 0.0

    @property
    def latency_ms(self) -> float | None:
        """From the start of the current to the first spike; None without spikes."""
        return float(self.spikes_ms[0]) - self.start_ms if self.spikes_ms.size else None


def respond(key: str, preset: str, current_pA: float, duration_ms: float, rest_ms: float = 100.0,
            dt_ms: float | None = None) -> Response:
    """Run the cell `preset` of model `key` at rest, then `duration_ms` with `current_pA`, then at rest again."""
    dt = neuron_model(key).dt_of(preset) if dt_ms is None else dt_ms
    start, stop = rest_ms, rest_ms + duration_ms
    current = current_steps(stop + rest_ms, dt, (start, stop, current_pA))
    return Response(current_pA, start, stop, run_cell(key, preset, current, dt))
