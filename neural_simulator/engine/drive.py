"""External input as the kernels read it: of each population, and of the stimuli that reach some neurons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..base.errors import ConfigurationError
from ..config import drive_scale_field
from ..models.neurons import neuron_model
from ..models.poisson import MAX_MEAN, thresholds
from ..models.population_drive import CURRENT, RATE, chosen
from ..models.stimuli import Shape
from ..models.structures import structure
from ..network.plan import Plan
from .stimuli import NONE, Stimulation, in_force, stimulation


@dataclass(frozen=True)
class Drive:
    """Arrays over the P populations."""

    currents: np.ndarray        # (P,) float32, pA
    weights: np.ndarray         # (P,) float32, port unit per background spike
    thresholds: np.ndarray      # (P, T) uint32, unused entries 0xFFFFFFFF
    numbers: np.ndarray         # (P,) int64, thresholds in use
    stimulation: Stimulation = field(default=NONE)
    rewards: Mapping[int, float] = field(default_factory=dict)     # by the step before which they are given

    @property
    def shape(self) -> Shape:
        """What kernels must be compiled for."""
        return self.stimulation.shape


def make_drive(plan: Plan, live: Mapping[str, Any], positions: np.ndarray | None = None) -> Drive:
    """The drive of `plan` with the live values that the user has set since (all fields of the group Drive).

    `positions` (N, 3) um are needed where a stimulus reaches a region of space.
    """
    _refuse_unread(plan, live)
    named = chosen(plan.populations, live.get("population_drive", plan.core.population_drive))
    currents, weights, tables = [], [], []
    unit = neuron_model(plan.core.neuron_model_type.value).port_unit
    for k, p in enumerate(plan.populations):
        own = neuron_model(p.model).port_unit != unit           # live weights and rates are in the network's unit
        name = drive_scale_field(p.model)
        scale = 1.0 if name is None else live.get(name, getattr(plan.core, name))
        usual = p.background_rate_Hz if own else live.get("background_rate_Hz", p.background_rate_Hz)
        rate = scale * named.get((k, RATE), usual)
        mean = rate * plan.dt / 1000.0
        if mean > MAX_MEAN:
            raise ConfigurationError(
                f"The background rate of {p.name} is {rate:g} Hz, {mean:g} spikes per step of {plan.dt:g} ms, but at "
                f"most {MAX_MEAN:g} per step are possible; lower the rate (and raise the weight) or dt_ms.",
                "background_rate_Hz", rate)
        currents.append(scale * named.get((k, CURRENT), live.get("external_current_pA", p.current_pA)))
        weights.append(p.background_weight if own else live.get("background_weight_nS", p.background_weight))
        tables.append(thresholds(mean))
    rewards: dict[int, float] = {}
    for time_ms, amount in live.get("rewards", plan.core.rewards):
        step = round(time_ms / plan.dt)
        rewards[step] = rewards.get(step, 0.0) + amount
    width = max(1, *(len(t) for t in tables))
    words = np.full((len(tables), width), 0xFFFFFFFF, np.uint32)
    for row, table in zip(words, tables, strict=True):
        row[:len(table)] = table
    return Drive(np.array(currents, np.float32), np.array(weights, np.float32), words,
                 np.array([len(t) for t in tables], np.int64), stimulation(plan, in_force(plan.core, live), positions),
                 rewards)


def _refuse_unread(plan: Plan, live: Mapping[str, Any]) -> None:
    """A structure's populations have drives of their own, which one value for all must not replace."""
    region = structure(plan.core.neural_structure_profile)
    for name in ("background_rate_Hz", "background_weight_nS", "external_current_pA"):
        if region.cells and name in live and name not in region.reads:
            raise ConfigurationError(
                f"{name} would make all populations of {region.label} alike, which have drives of their own; set "
                f"population_drive, such as {{'{region.principal} external_current_pA': 10.0}}.", name, live[name])
