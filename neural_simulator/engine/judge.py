"""The judge: a cell's equations run by plain Python in float64, against the float32 code of the engines."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..backend.emit import F32, FLAG, Library
from ..base.declarations import NeuronModel
from ..base.errors import GrammarError
from ..config import CoreSimConfig, model_defaults
from ..models.neurons import USER_MODELS
from .single_cell import CellTrace, cell_setup, run_cell

TOLERANCE = 1e-4                                            # of a step, relative to the largest value of each state
CURRENTS_PA = (0.0, 50.0, 200.0, 800.0, 3200.0, -500.0)
EXTREMES_PA = (1e5, -1e5)                                   # the largest that the configuration allows
DURATION_MS = 300.0
SAMPLES = 40                                                # steps of a run that are judged, besides those with spikes

_checked: dict[str, NeuronModel] = {}


@dataclass(frozen=True)
class Verdict:
    """How far one step of the engines may be from the judge's: relative error by state, and unequal spikes."""

    errors: dict[str, float]
    unequal_spikes: int
    judged: int


def judge(key: str, preset: str, trace: CellTrace, current: np.ndarray, arrived: np.ndarray,
          samples: int = SAMPLES) -> Verdict:
    """Step the judge once from each of some states of `trace` and compare with the engine's next state.

    Raises ArithmeticError or ValueError where plain Python cannot compute the step.
    """
    cell, _, parameters = cell_setup(key, preset, trace.dt_ms)
    given = [float(np.float32(value)) for value in parameters]
    states = np.stack([trace.states[name] for name in cell.states], axis=1)
    scale = np.maximum(np.abs(states).max(axis=0), 1e-3)
    spikes = np.flatnonzero(trace.fired)[:10]
    last = states.shape[0] - 2
    chosen = np.unique(np.concatenate([np.linspace(0, last, samples).astype(int), spikes, spikes - 1]))
    chosen = chosen[(chosen >= 0) & (chosen <= last)]
    worst, unequal = np.zeros(len(cell.states)), 0
    for k in chosen:
        *after, spiked = cell.function(*map(float, states[k]), *map(float, arrived[:, k + 1]), float(current[k + 1]),
                                       *given)
        if bool(spiked) != bool(trace.fired[k + 1]):
            unequal += 1                                    # within rounding of the threshold, either may be right
        else:
            worst = np.maximum(worst, np.abs(states[k + 1] - np.array(after, np.float64)) / scale)
    return Verdict(dict(zip(cell.states, worst.tolist(), strict=True)), unequal, chosen.size)


def check_model(model: NeuronModel) -> None:
    """Let a user's model pass or raise GrammarError: both texts, its numbers, and a dry run against the judge.

    Built-in models and those that have passed already cost nothing.
    """
    if model.key not in USER_MODELS or _checked.get(model.key) is model:
        return
    library = Library()
    emitted = library.add(model.step)
    wanted = (F32,) * len(model.states) + (FLAG,)
    if emitted.results != wanted:
        raise GrammarError(f"{model.key}: step must return {len(model.states)} numbers and then a comparison, "
                           f"but returns {', '.join(emitted.results)}.")
    CoreSimConfig(**model_defaults(model.key))
    for preset in model.presets:
        _dry_run(model, preset.name)
    _checked[model.key] = model


def _dry_run(model: NeuronModel, preset: str) -> None:
    """Run one cell under steps of current and random synapses; every step must be finite and the judge's own."""
    dt = model.dt_of(preset)
    steps = min(20_000, round(DURATION_MS / dt))
    cell, *_ = cell_setup(model.key, preset, dt)
    rng = np.random.default_rng(5)
    unit = 1.0 if model.port_unit == "nS" else 40.0 if model.port_unit == "pA" else 0.5
    arrived = (unit * (rng.random((len(cell.ports), steps)) < 0.1 * dt)).astype(np.float32)
    for amplitude in (*CURRENTS_PA, *EXTREMES_PA):
        current = np.full(steps, amplitude, np.float32)
        where = f"{model.key}, preset {preset}, {amplitude:g} pA"
        trace = run_cell(model.key, preset, current, dt, arrived=arrived)
        for name, values in trace.states.items():
            if not np.isfinite(values).all():
                at = int(np.argmin(np.isfinite(values)))
                raise GrammarError(f"{where}: {name} is no finite number after {at * dt:g} ms; bound it, or allow "
                                   "smaller time steps only.")
        if amplitude in CURRENTS_PA:
            _compare(where, model, preset, trace, current, arrived)


def _compare(where: str, model: NeuronModel, preset: str, trace: CellTrace, current: np.ndarray,
             arrived: np.ndarray) -> None:
    try:
        verdict = judge(model.key, preset, trace, current, arrived)
    except (ArithmeticError, ValueError) as error:
        raise GrammarError(f"{where}: the equations cannot be computed ({error}); keep divisors away from 0 and "
                           "arguments of log and power above it.") from None
    name, worst = max(verdict.errors.items(), key=lambda item: item[1])
    if not worst <= TOLERANCE or verdict.unequal_spikes > max(2, verdict.judged // 20):
        raise GrammarError(f"{where}: the compiled step differs from the same step in double precision by {worst:.1g} "
                           f"of {name}'s range ({verdict.unequal_spikes} unequal spikes), but at most {TOLERANCE:g} is "
                           "allowed; differences of nearly equal large numbers lose precision.")
