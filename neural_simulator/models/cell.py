"""Composes a neuron model and its receptors into one grammar function: the whole update of one neuron in one step.

    arrive    every receptor takes what arrived at the ports, each port with a factor of its own
    integrate the model's step, with the mean conductance of each receptor over the step
    decay     of the conductances
    adapt     with homeostasis: a threshold current is taken off the input, excitation is scaled, both follow the rate

Means and decays are exact, so the charge of every postsynaptic current is exact at any dt; magnesium's block of NMDA
receptors is taken at the potential at which the step begins. Only the receptors that a cell has are composed. The
composed text is Python: float64 Python runs it as the judge.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from ..base.declarations import NeuronModel, Population
from ..base.grammar import composed, fmax
from .neurons import neuron_model
from .plasticity import homeostasis
from .receptors import RECEPTORS, decay_conductance, magnesium_block, relay_conductance, step_constants
from .stimuli import Shape

# What feeds each sink of a cell: (port, its factor), the factor None where it is a parameter of the population.
Wiring = Mapping[str, tuple[tuple[int, float | None], ...]]


@dataclass(frozen=True)
class Cell:
    """One composed cell: `function(*states, *arrived, i_ext, *parameters) -> (*states, spiked)`.

    `states`: names of the model's states, then of its receptors' (`g_<receptor>` in nS, and `x_<receptor>` where it
    rises). `ports`: which of the network's ports the arguments `arrived` stand for, in order; background spikes come
    in at `background_port`. `parameters`: the names of the values that `parameter_values` computes per population.
    Receptors in `noisy` take a further conductance, arguments `noise_<receptor>` (nS) before `i_ext`. The k-th of
    `varied` is a parameter that every neuron has of its own, in row k of the network's columns.
    """

    key: str
    model: NeuronModel
    function: Any
    states: tuple[str, ...]
    ports: tuple[int, ...]
    background_port: int
    receptors: tuple[str, ...]
    rising: frozenset[str]
    parameters: tuple[str, ...]
    wiring: Wiring
    noisy: tuple[str, ...] = ()
    varied: tuple[str, ...] = ()

    @property
    def arrived(self) -> tuple[str, ...]:
        """Names of the arguments for what arrived."""
        return tuple(f"arrived_{port}" for port in self.ports)

    def named_values(self, population: Population, dt: float) -> dict[str, float]:
        """The model's parameters, derived constants and dt (ms) for one population, by name."""
        derived = {name: rule(population.params, dt) for name, rule in self.model.derived.items()}
        return {**population.params, **derived, "dt": dt}

    def parameter_values(self, population: Population, settings: Mapping[str, float], dt: float,
                         factors: Mapping[tuple[str, int], float] | None = None) -> list[float]:
        """The values of `parameters` for one population, in float64.

        `settings`: the configuration's receptor constants; `factors`: what a unit that arrives at a port adds to a
        sink, by (sink, port).
        """
        values = self.named_values(population, dt)
        settings = {**settings, **population.settings}
        for key in self.receptors:
            constants = step_constants(RECEPTORS[key], settings, dt, key in self.rising)
            values |= {f"{name}_{key}": value for name, value in constants.items()}
        if self.adapts:
            values |= homeostasis.step_values(population.plasticity_rules.get("HOMEOSTASIS", homeostasis.OFF), dt)
        values |= {_factor(sink, port): factor for (sink, port), factor in (factors or {}).items()}
        return [values.get(name, 0.0) if name.startswith("factor_") else values[name] for name in self.parameters]

    @property
    def adapts(self) -> bool:
        """Whether it has homeostasis."""
        return homeostasis.STATES[0].name in self.states

    def driven(self, ports: int, shape: Shape) -> Cell:
        """This cell with the inputs of `shape`: its aims are the ports from `ports` + 1 on."""
        aims = {ports + 1 + k: dict(aim) for k, aim in enumerate(shape.aims) if aim is not None}
        wiring = {sink: (*self.wiring.get(sink, ()), *((port, aim[sink]) for port, aim in aims.items() if sink in aim))
                  for sink in self.receptors or sinks(self.model)}
        noisy = tuple(r for r in shape.noisy if r in self.receptors)
        if not noisy and wiring == self.wiring:
            return self
        cell = compose(self.model.key, self.receptors, self.rising, wiring, self.background_port, self.key, noisy,
                       self.adapts)
        return replace(cell, varied=self.varied)


def sinks(model: NeuronModel) -> tuple[str, ...]:
    """What synapses of this model's cells can feed: receptors, or the model's own inputs."""
    return model.receptors or tuple(p if p.startswith("arrived") else f"arrived_{p}" for p in model.ports)


def usual_sink(model: NeuronModel, excitatory: bool) -> tuple[str, float]:
    """The sink of synapses that name no receptor, and their sign."""
    known = sinks(model)
    if len(known) == 1:
        return known[0], 1.0 if excitatory else -1.0
    return known[0 if excitatory else 1], 1.0


def _factor(sink: str, port: int) -> str:
    return f"factor_{sink}_{port}"


def compose(key: str, receptors: tuple[str, ...] | None = None, rising: frozenset[str] = frozenset(),
            wiring: Wiring | None = None, background_port: int = 0, name: str | None = None,
            noisy: tuple[str, ...] = (), adapts: bool = False) -> Cell:
    """Compose a cell of neuron model `key` with `receptors` (not given: the model's own, which do not rise).

    Without `wiring`, each sink has a port of its own. `name` tells several cells of one model apart. `adapts`: with
    homeostasis.
    """
    model = neuron_model(key)
    receptors = model.receptors if receptors is None else receptors
    inputs = receptors or sinks(model)
    wiring = {sink: ((port, 1.0),) for port, sink in enumerate(inputs)} if wiring is None else wiring
    ports = tuple(sorted({port for feeds in wiring.values() for port, _ in feeds} | {background_port}))
    name = name or key
    text, states, parameters = _source(model, name, receptors, rising, inputs, wiring, ports, noisy, adapts)
    scope = {"step": model.step, "decay_conductance": decay_conductance, "relay_conductance": relay_conductance,
             "magnesium_block": magnesium_block, "fmax": fmax, "homeostasis_step": homeostasis.homeostasis_step}
    function = composed(f"cell_{name}", text, scope)
    return Cell(name, model, function, tuple(states), ports, background_port, receptors, rising, tuple(parameters),
                wiring, noisy)


def _source(model: NeuronModel, name: str, receptors: tuple[str, ...], rising: frozenset[str],
            inputs: tuple[str, ...], wiring: Wiring, ports: tuple[int, ...],
            noisy: tuple[str, ...], adapts: bool) -> tuple[str, list[str], list[str]]:
    """The text of the composed function, its states and its parameters."""
    wanted = list(inspect.signature(model.step).parameters)
    own = [s.name for s in model.states]
    adapting = [s.name for s in homeostasis.STATES] if adapts else []
    states = own + [f"{kind}_{r}" for r in receptors for kind in ("g", "x") if kind == "g" or r in rising] + adapting
    supplied = {*own, *(() if receptors else inputs), "i_ext", "g_syn", "j_syn"}
    parameters = [p for p in wanted if p not in supplied]
    body: list[str] = ["i_ext = i_ext - homeo_theta"] if adapts else []
    for sink in inputs:
        terms = [_term(sink, port, factor, parameters) for port, factor in wiring.get(sink, ())]
        if adapts and terms and (sink == inputs[0] if not receptors else RECEPTORS[sink].sign == "exc"):
            terms = [f"({' + '.join(terms)}) * homeo_scale"]
        _arrive(sink, terms, receptors, rising, body)
    for r in receptors:
        _mean(r, r in rising, r in noisy, body)
        parameters += [f"decay_{r}", f"mean_{r}", f"reversal_{r}"]
        parameters += [f"{n}_{r}" for n in ("rise", "gain", "mean_x")] if r in rising else []
        parameters += [f"magnesium_{r}"] if RECEPTORS[r].blocked else []
    if receptors:
        body.append("g_syn = " + " + ".join(f"mean_g_{r}" for r in receptors))
        body.append("j_syn = " + " + ".join(f"mean_g_{r} * reversal_{r}" for r in receptors))
    body.append(f"{', '.join(own)}, spiked = step({', '.join(wanted)})")
    for r in receptors:
        if r in rising:
            body += [f"g_{r} = relay_conductance(g_{r}, x_{r}, decay_{r}, gain_{r})",
                     f"x_{r} = decay_conductance(x_{r}, rise_{r})"]
        else:
            body.append(f"g_{r} = decay_conductance(g_{r}, decay_{r})")
    if adapts:
        values = list(homeostasis.step_values(homeostasis.OFF, 1.0))
        parameters += values
        body.append(f"{', '.join(adapting)} = homeostasis_step({', '.join([*adapting, 'spiked', *values])})")
    arguments = [*states, *(f"arrived_{p}" for p in ports), *(f"noise_{r}" for r in noisy), "i_ext", *parameters]
    lines = [f"def cell_{name}({', '.join(arguments)}):", *body, f"return {', '.join(states)}, spiked"]
    return "\n    ".join(lines) + "\n", states, parameters


def _term(sink: str, port: int, factor: float | None, parameters: list[str]) -> str:
    if factor == 1.0:
        return f"arrived_{port}"
    if factor is None:
        parameters.append(_factor(sink, port))
    return f"arrived_{port} * {_factor(sink, port) if factor is None else repr(factor)}"


def _arrive(sink: str, terms: list[str], receptors: tuple[str, ...], rising: frozenset[str], body: list[str]) -> None:
    total = " + ".join(terms)
    if not receptors:
        body.append(f"{sink} = {total or '0.0'}")
    elif terms:
        state = f"x_{sink}" if sink in rising else f"g_{sink}"
        body.append(f"{state} = {state} + {total if len(terms) == 1 else f'({total})'}")


def _mean(r: str, rises: bool, noisy: bool, body: list[str]) -> None:
    mean = f"g_{r} * mean_{r} + x_{r} * mean_x_{r}" if rises else f"g_{r} * mean_{r}"
    if noisy:
        mean += f" + fmax(noise_{r}, 0.0)"
    if RECEPTORS[r].blocked:
        mean = f"({mean}) * magnesium_block(v, magnesium_{r})"
    body.append(f"mean_g_{r} = {mean}")
