"""Composes a neuron model and its receptors into one grammar function: the whole update of one neuron in one step.

    arrive    g <- g + arrived                       (what the synapses and the background delivered)
    integrate the model's step, with the mean conductance of each receptor over the step
    decay     g <- g exp(-dt / tau)

The mean of a decaying conductance over a step is g (1 - exp(-dt / tau)) tau / dt, so the charge of every
postsynaptic current is exact at any dt. The composed text is Python: float64 Python runs it as the judge.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ..base.declarations import NeuronModel, Population
from ..base.exact import exp
from .neurons import neuron_model
from .receptors import RECEPTORS, decay_conductance


@dataclass(frozen=True)
class Cell:
    """One composed cell: `function(*states, *arrived, i_ext, *parameters) -> (*states, spiked)`.

    `states`: names of the model's states, then one conductance (nS) per receptor. `parameters`: the names of
    the values that `parameter_values` computes per population.
    """

    model: NeuronModel
    function: Any
    states: tuple[str, ...]
    ports: tuple[str, ...]
    parameters: tuple[str, ...]

    def named_values(self, population: Population, dt: float) -> dict[str, float]:
        """The model's parameters, derived constants and dt (ms) for one population, by name."""
        derived = {name: rule(population.params, dt) for name, rule in self.model.derived.items()}
        return {**population.params, **derived, "dt": dt}

    def parameter_values(self, population: Population, settings: Mapping[str, float], dt: float) -> list[float]:
        """The values of `parameters` for one population, in float64."""
        values = self.named_values(population, dt)
        settings = {**settings, **population.settings}
        for key in self.model.receptors:
            receptor = RECEPTORS[key]
            tau = settings[receptor.tau_ms.name]
            decay = exp(-dt / tau)
            values[f"decay_{key}"] = decay
            values[f"mean_{key}"] = (1.0 - decay) * tau / dt
            values[f"reversal_{key}"] = settings[receptor.reversal_mV.name]
        return [values[name] for name in self.parameters]

    def port_of(self, excitatory: bool) -> tuple[int, int]:
        """Port and sign of the synapses that an excitatory or inhibitory population makes onto this cell."""
        if len(self.ports) == 1:
            return 0, 1 if excitatory else -1
        return (0 if excitatory else 1), 1


def compose(key: str) -> Cell:
    """Compose the cell of neuron model `key`."""
    model = neuron_model(key)
    wanted = list(inspect.signature(model.step).parameters)
    own_states = [s.name for s in model.states]
    states = own_states + [f"g_{r}" for r in model.receptors]
    arrived = [p if p.startswith("arrived") else f"arrived_{p}" for p in model.ports]
    supplied = {*own_states, *arrived, "i_ext", "g_syn", "j_syn"}
    parameters = [name for name in wanted if name not in supplied]
    for r in model.receptors:
        parameters += [f"decay_{r}", f"mean_{r}", f"reversal_{r}"]
    text = _source(model, states, arrived, wanted, parameters)
    scope = {"step": model.step, "decay_conductance": decay_conductance}
    exec(compile(text, f"<cell {key}>", "exec"), scope)              # our own generated text, no user input
    function = scope[f"cell_{key}"]
    function.source_text = text
    return Cell(model, function, tuple(states), tuple(model.ports), tuple(parameters))


def _source(model: NeuronModel, states: list[str], arrived: list[str], wanted: list[str],
            parameters: list[str]) -> str:
    lines = [f"def cell_{model.key}({', '.join([*states, *arrived, 'i_ext', *parameters])}):"]
    for r in model.receptors:
        lines.append(f"    g_{r} = g_{r} + arrived_{RECEPTORS[r].port}")
        lines.append(f"    mean_g_{r} = g_{r} * mean_{r}")
    if model.receptors:
        lines.append("    g_syn = " + " + ".join(f"mean_g_{r}" for r in model.receptors))
        lines.append("    j_syn = " + " + ".join(f"mean_g_{r} * reversal_{r}" for r in model.receptors))
    own = ", ".join(s.name for s in model.states)
    lines.append(f"    {own}, spiked = step({', '.join(wanted)})")
    for r in model.receptors:
        lines.append(f"    g_{r} = decay_conductance(g_{r}, decay_{r})")
    lines.append(f"    return {', '.join(states)}, spiked")
    return "\n".join(lines) + "\n"
