"""Stimuli as the kernels read them: who is reached, when, and with what numbers; one record a stimulus.

What changes with time follows from the step alone: the engines evaluate each record once a step, on the device, so a
batch needs no word from the host.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

import numpy as np

from ..base.errors import ConfigurationError
from ..base.exact import exp, sine
from ..config import (
    ConductanceNoise,
    CoreSimConfig,
    CurrentNoise,
    CurrentStimulus,
    PoissonStimulus,
    SpikeStimulus,
    Stimulus,
    read_stimuli,
)
from ..models.poisson import MAX_MEAN, thresholds
from ..models.receptors import RECEPTORS
from ..models.stimuli import KINDS, NOTHING, OWN_STREAM, RATE_BITS, SINE_BITS, Aim, Input, Shape, aim_of
from ..network.plan import Plan

# One stimulus; times in steps, `last` exclusive, `period` 0 where it is not repeated. `begin`:`end` is its part of the
# list of spikes. `turn` is the phase per step and `angle` the phase at the start, in 2^-32 of a cycle. a, b, c, d:
# current: value, amplitude of the sine; noise: mean, deviation, decay, spread; poisson, spikes: weight. `rates`: the
# first row of its tables of counts. `slot`: which of the noises it is.
RECORD = np.dtype([(name, np.int64) for name in ("first", "last", "period", "width", "begin", "end")]
                  + [(name, np.uint32) for name in ("turn", "angle")]
                  + [(name, np.float32) for name in "abcd"]
                  + [(name, np.int32) for name in ("rates", "stream", "kind", "target", "slot", "unused")])
_NEVER_ENDS = 2**62


@dataclass(frozen=True)
class Stimulation:
    """All stimuli of a network."""

    shape: Shape
    records: np.ndarray         # (S,) RECORD
    masks: np.ndarray           # (N,) uint32; bit k: stimulus k reaches the neuron
    words: np.ndarray           # (R, T) uint32, thresholds of Poisson counts, unused entries 0xFFFFFFFF
    numbers: np.ndarray         # (R,) int32, thresholds in use
    spikes: np.ndarray          # (M,) int64, steps of listed spikes


NONE = Stimulation(NOTHING, np.zeros(0, RECORD), np.zeros(0, np.uint32), np.zeros((0, 1), np.uint32),
                   np.zeros(0, np.int32), np.zeros(0, np.int64))


@cache
def sine_table() -> np.ndarray:
    """The sine of one cycle, (2^SINE_BITS,) float32; the same on every machine."""
    return np.array([sine(k / 2**SINE_BITS) for k in range(2**SINE_BITS)], np.float32)


def in_force(core: CoreSimConfig, live: Mapping[str, Any]) -> tuple[tuple[int, Stimulus], ...]:
    """The stimuli of a configuration with its live changes, each with the number of its random stream."""
    listed = tuple(enumerate(read_stimuli(live.get("stimuli", core.stimuli))))
    sigma = live.get("noise_sigma_pA", core.noise_sigma_pA)
    if sigma == 0.0:
        return listed
    own = CurrentNoise(sigma_pA=sigma, tau_ms=live.get("noise_tau_ms", core.noise_tau_ms))
    return *listed, (OWN_STREAM, own)


def stimulation(plan: Plan, stimuli: Sequence[tuple[int, Stimulus]], positions: np.ndarray | None) -> Stimulation:
    """Prepare these stimuli for `plan`; ConfigurationError where one cannot be."""
    if not stimuli:
        return NONE
    masks = np.zeros(plan.num_neurons, np.uint32)
    aims: list[Aim] = []
    noisy: list[str] = []
    inputs: list[Input] = []
    tables: list[list[int]] = []
    spikes: list[int] = []
    records = np.zeros(len(stimuli), RECORD)
    for k, (stream, one) in enumerate(stimuli):
        where = f"stimuli[{stream}]" + (f" ({one.name})" if one.name else "")
        reached = _reached(plan, one, positions, where)
        masks[reached] |= np.uint32(1 << k)
        _check_receptors(plan, one, reached, where)
        inputs.append(_input(one, stream, aims, noisy))
        records[k] = _record(plan.dt, one, where, tables, spikes)
        records[k]["kind"], records[k]["stream"] = KINDS.index(one.kind), stream
        records[k]["target"] = inputs[k].target
        records[k]["slot"] = sum(each.noise_state is not None for each in inputs[:k])
    width = max(1, *(len(t) for t in tables)) if tables else 1
    words = np.full((len(tables), width), 0xFFFFFFFF, np.uint32)
    for row, table in zip(words, tables, strict=True):
        row[:len(table)] = table
    return Stimulation(Shape(tuple(inputs), tuple(aims), tuple(noisy)), records, masks, words,
                       np.array([len(t) for t in tables], np.int32), np.array(spikes, np.int64))


# ---- whom it reaches -------------------------------------------------------------------------------------
def _reached(plan: Plan, one: Stimulus, positions: np.ndarray | None, where: str) -> np.ndarray:
    """Who is reached, (N,) bool."""
    chosen = np.ones(plan.num_neurons, bool)
    for pattern in one.populations:
        if not any(fnmatchcase(p.name, pattern) for p in plan.populations):
            known = ", ".join(p.name for p in plan.populations)
            raise ConfigurationError(f"{where}: no population is called {pattern!r}; there are: {known}.", "stimuli",
                                     pattern)
    for p in plan.populations:
        chosen[p.start:p.stop] = one.may_reach(p.name)
    if one.neurons:
        ids = np.array(one.neurons, np.int64)
        if ids.min() < 0 or ids.max() >= plan.num_neurons:
            bad = ids[(ids < 0) | (ids >= plan.num_neurons)][0]
            raise ConfigurationError(f"{where}: there is no neuron {bad}; neurons are numbered 0 to "
                                     f"{plan.num_neurons - 1}.", "stimuli", int(bad))
        chosen &= np.isin(np.arange(plan.num_neurons), ids)
    if one.sphere_um is not None or one.box_um is not None:
        assert positions is not None, "a region of space needs positions"
        at = positions.astype(np.float64)
        if one.sphere_um is not None:
            chosen &= ((at - np.array(one.sphere_um[:3])) ** 2).sum(axis=1) <= one.sphere_um[3] ** 2
        if one.box_um is not None:
            chosen &= ((at >= np.array(one.box_um[:3])) & (at <= np.array(one.box_um[3:]))).all(axis=1)
    return chosen


def _check_receptors(plan: Plan, one: Stimulus, reached: np.ndarray, where: str) -> None:
    """Every cell that is reached must have what the stimulus opens."""
    for key in one.opened:
        if key not in RECEPTORS:
            raise ConfigurationError(f"{where}: there is no receptor {key!r}; choose among {', '.join(RECEPTORS)}.",
                                     "stimuli", key)
    shares = getattr(one, "receptors", None)
    if shares is not None and not (shares and all(0.0 < share <= 1000.0 for share in shares.values())):
        raise ConfigurationError(f"{where}: receptors must name at least one, each with a share above 0 and at most "
                                 "at 1000; null stands for those of background spikes.", "stimuli", shares)
    for k, p in enumerate(plan.populations):
        if not reached[p.start:p.stop].any():
            continue
        for key in one.opened:
            if key not in plan.cell(k).receptors:
                raise ConfigurationError(
                    f"{where}: the cells of {p.name} have no {key} receptors; aim at other populations, or name the "
                    "stimulus in the configuration and build with Apply Changes & Reset Sim.", "stimuli", key)
        weight = getattr(one, "weight_nS", 0.0)
        if weight < 0.0 and plan.cell(k).receptors:
            raise ConfigurationError(f"{where}: the weight is {weight:g} nS, but a conductance cannot be negative "
                                     f"({p.name}); open GABA_A receptors to inhibit.", "stimuli", weight)


# ---- what it does ----------------------------------------------------------------------------------------
def _input(one: Stimulus, stream: int, aims: list[Aim], noisy: list[str]) -> Input:
    if isinstance(one, ConductanceNoise):
        return Input(one.kind, stream, _place(one.receptor, noisy))
    if isinstance(one, PoissonStimulus | SpikeStimulus):
        return Input(one.kind, stream, _place(aim_of(one.receptors), aims))
    return Input(one.kind, stream)


def _place(value: Any, values: list[Any]) -> int:
    """The place of `value` in `values`, where it is put if it is missing."""
    if value not in values:
        values.append(value)
    return values.index(value)


def _record(dt: float, one: Stimulus, where: str, tables: list[list[int]], spikes: list[int]) -> np.ndarray:
    record = np.zeros((), RECORD)
    record["first"] = round(one.start_ms / dt)
    record["last"] = _NEVER_ENDS if one.stop_ms is None else round(one.stop_ms / dt)
    record["last"] = record["last"] if one.enabled else record["first"]
    record["period"], record["width"] = round(one.period_ms / dt), round(one.width_ms / dt)
    if one.period_ms > 0.0 and not 1 <= record["width"] <= record["period"]:
        raise ConfigurationError(
            f"{where}: width_ms is {one.width_ms:g} ms, but must be at least a step of {dt:g} ms and at most the "
            f"period of {one.period_ms:g} ms.", "stimuli", one.width_ms)
    if isinstance(one, CurrentStimulus | PoissonStimulus):
        if one.frequency_Hz * dt > 500.0:
            raise ConfigurationError(f"{where}: frequency_Hz is {one.frequency_Hz:g} Hz, but steps of {dt:g} ms show "
                                     f"at most {500.0 / dt:g} Hz.", "stimuli", one.frequency_Hz)
        record["turn"] = round(one.frequency_Hz * dt / 1000.0 * 2**32) % 2**32
        record["angle"] = round(one.phase_deg / 360.0 * 2**32) % 2**32
    if isinstance(one, CurrentStimulus):
        # with a frequency of 0 the sine stands still at its phase
        still = 0.0 if record["turn"] else one.sine_pA * sine(one.phase_deg / 360.0)
        record["a"], record["b"] = one.amplitude_pA + still, one.sine_pA
    elif isinstance(one, CurrentNoise | ConductanceNoise):
        decay = exp(-dt / one.tau_ms)
        record["a"], record["b"] = ((one.mean_pA, one.sigma_pA) if isinstance(one, CurrentNoise) else
                                    (one.mean_nS, one.sigma_nS))
        record["c"], record["d"] = decay, np.sqrt(1.0 - decay * decay)
    elif isinstance(one, PoissonStimulus):
        record["a"], record["rates"] = one.weight_nS, len(tables)
        tables += _rate_tables(one, dt, where, bool(record["turn"]))
    elif isinstance(one, SpikeStimulus):
        record["a"], record["begin"] = one.weight_nS, len(spikes)
        spikes += [round(time / dt) for time in one.times_ms]
        record["end"] = len(spikes)
    return record


def _rate_tables(one: PoissonStimulus, dt: float, where: str, turns: bool) -> list[list[int]]:
    """Thresholds of the counts of a step: one table, or one for each phase of a modulated rate."""
    phases = [sine((k + 0.5) / 2**RATE_BITS) for k in range(2**RATE_BITS)] if turns else [
        sine(one.phase_deg / 360.0)]
    means = [one.rate_Hz * dt / 1000.0 * (1.0 + one.depth * phase) for phase in phases]
    if max(means) > MAX_MEAN:
        raise ConfigurationError(
            f"{where}: rate_Hz reaches {max(means):g} spikes per step of {dt:g} ms, but at most {MAX_MEAN:g} per step "
            "are possible; lower the rate and raise the weight.", "stimuli", one.rate_Hz)
    return [thresholds(mean) for mean in means]
