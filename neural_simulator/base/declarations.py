"""How a family member declares itself: parameter, state variable, preset, neuron model, population, projection.

A parameter's name, unit, range, default and meaning stand here once; form, JSON, validation, kernel and
documentation are derived from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from .errors import ConfigurationError


@dataclass(frozen=True)
class Param:
    """A number that the user may set. `low` and `high` are inclusive, in `unit`."""

    name: str
    unit: str
    default: float
    low: float
    high: float
    label: str
    meaning: str = ""

    def check(self, value: float, where: str) -> float:
        """Return `value` as float, or raise ConfigurationError naming value, unit, range and remedy."""
        number = float(value)
        if not self.low <= number <= self.high:
            unit = f" {self.unit}" if self.unit else ""
            raise ConfigurationError(
                f"{where}: {self.label} ({self.name}) is {number:g}{unit}, but must lie between "
                f"{self.low:g} and {self.high:g}{unit}; choose a value in that range.", self.name, value)
        return number


@dataclass(frozen=True)
class State:
    """A variable of every neuron, stored as float32.

    `initial`, in `unit`, is a number or names a parameter or a derived constant.
    """

    name: str
    unit: str
    label: str
    initial: str | float = 0.0


@dataclass(frozen=True)
class Preset:
    """Published parameter values of one cell type; `dt_ms` where they are a statement about that time step."""

    name: str
    label: str
    values: Mapping[str, float]
    source: str
    dt_ms: float | None = None


@dataclass(frozen=True)
class NeuronModel:
    """A neuron model as a declaration; `step` is a plain scalar Python function in the grammar.

    `step` takes, by argument name, any of: the states, the parameters, the derived constants, `dt` (ms),
    `i_ext` (pA, everything that is a plain current), `g_syn` (nS, total synaptic conductance) and `j_syn`
    (pA, sum of conductance x reversal potential), so that the synaptic current is `j_syn - g_syn * v`;
    models with `receptors = ()` take what arrived this step instead, in `port_unit`: `arrived`, where inhibition
    comes negative, or `arrived_exc` and `arrived_inh`, as their `ports` say.
    It returns the states in order, then `spiked` (bool). `derived` maps a name to a function of
    (parameters, dt) that is evaluated once, in float64, when a network is built; it may use nothing that two
    machines compute differently (`base.exact`, `models.exactly`, never `math.exp`).

    `default_presets` are the excitatory and the inhibitory cell type of a network that names none (not given: the
    first preset). `network_defaults` are the configuration values, by field name, under which the generic network
    of this model (1,000 neurons, 100 connections each) is alive; they are found here, by measurement, and offered
    to who chooses the model. `ordered` are chains of parameters, each below the next, such as ("v_r", "v_t"): cells
    that differ keep this order.
    """

    key: str
    label: str
    states: tuple[State, ...]
    params: tuple[Param, ...]
    step: Callable
    presets: tuple[Preset, ...]
    source: str
    receptors: tuple[str, ...] = ("AMPA", "GABA_A")
    ports: tuple[str, ...] = ("exc", "inh")
    port_unit: str = "nS"
    derived: Mapping[str, Callable[[Mapping[str, float], float], float]] = field(default_factory=dict)
    default_dt_ms: float = 1.0
    max_dt_ms: float = 1.0
    default_presets: tuple[str, str] | None = None
    ordered: tuple[tuple[str, ...], ...] = ()
    network_defaults: Mapping[str, float] = field(default_factory=dict)

    def default_preset(self, excitatory: bool) -> str:
        """The cell type of an excitatory or inhibitory population that names none."""
        if self.default_presets is None:
            return self.presets[0].name
        return self.default_presets[0 if excitatory else 1]

    def dt_of(self, preset: str) -> float:
        """The time step (ms) at which the cell type `preset` is what its source describes."""
        return self.preset(preset).dt_ms or self.default_dt_ms

    def has_preset(self, name: str) -> bool:
        """Whether a preset is called `name`."""
        return any(preset.name == name for preset in self.presets)

    def initial_value(self, state: State, values: Mapping[str, float], dt: float) -> float:
        """The value of `state` at time 0 of a cell with the parameters `values`."""
        if not isinstance(state.initial, str):
            return state.initial
        rule = self.derived.get(state.initial)
        return values[state.initial] if rule is None else rule(values, dt)

    def preset(self, name: str) -> Preset:
        """Return the preset called `name`; ConfigurationError lists the known ones."""
        for preset in self.presets:
            if preset.name == name:
                return preset
        known = ", ".join(p.name for p in self.presets)
        raise ConfigurationError(f"{self.label} has no preset {name!r}; choose one of: {known}.", "preset", name)

    def values(self, preset: str, overrides: Mapping[str, float] | None = None) -> dict[str, float]:
        """Return all parameter values of `preset` with `overrides` applied, each checked against its range."""
        given = {**self.preset(preset).values, **(overrides or {})}
        unknown = set(given) - {p.name for p in self.params}
        if unknown:
            raise ConfigurationError(f"{self.label} has no parameter {sorted(unknown)[0]!r}.", sorted(unknown)[0])
        return {p.name: p.check(given.get(p.name, p.default), f"{self.label}, preset {preset}") for p in self.params}


@dataclass(frozen=True)
class ReceptorModel:
    """A receptor: its conductance rises and decays exponentially (rise 0: it jumps).

    `sign` is 'exc' or 'inh': which neurons may open it (Dale's law). `blocked`: by magnesium at rest.
    """

    key: str
    label: str
    sign: str
    tau_ms: Param
    rise_ms: Param
    reversal_mV: Param
    source: str
    blocked: bool = False

    @property
    def params(self) -> tuple[Param, ...]:
        return self.tau_ms, self.rise_ms, self.reversal_mV


@dataclass(frozen=True)
class PlasticityRule:
    """A rule by which synapses or neurons change.

    `kind`: 'weight' (long-term change of a weight; a projection has at most one of them), 'release' (short-term),
    'neuron' (of the projection's source population) or 'structure'. `switch` is the configuration field that gives the
    rule to all projections from `sources` ('excitatory' or 'inhibitory') neurons; `fields` names the configuration
    field of each parameter. `coefficients(values, weight)` turns a weight rule into the numbers of
    `models.plasticity.weight.Coefficients` for a projection of that mean weight.
    """

    key: str
    label: str
    kind: str
    meaning: str
    sources: str
    switch: str
    params: tuple[Param, ...]
    fields: Mapping[str, str]
    source: str
    coefficients: Callable[[Mapping[str, float], float], Any] | None = None

    def values(self, given: Mapping[str, float], where: str) -> dict[str, float]:
        """All parameter values with `given` applied, each checked against its range."""
        unknown = set(given) - {p.name for p in self.params}
        if unknown:
            known = ", ".join(p.name for p in self.params)
            raise ConfigurationError(f"{where}: {self.label} has no parameter {sorted(unknown)[0]!r}; choose one of: "
                                     f"{known}.", sorted(unknown)[0])
        return {p.name: p.check(given.get(p.name, p.default), f"{where}, {self.label}") for p in self.params}


@dataclass(frozen=True)
class Population:
    """Neurons `start` .. `stop - 1`: one model, one preset, one sign (Dale's law), one piece of space.

    They lie uniformly in the box from `low_um` to `high_um`, which is bent upwards (y) by `bend_um` at its two ends
    in x; or, with `ellipsoid`, in the ellipsoid that the box encloses. `settings` are receptor constants by name
    (`models.receptors.SETTINGS`, such as tau_gaba_a_ms) that replace the network's for the synapses onto these neurons.
    `background_weight` is in the model's port unit (nS or pA), and `background_receptors` says what a background spike
    opens, as `Projection.receptors` does. Initial potentials are normal with mean `initial_v_mV` (None: the model's own
    rest) and standard deviation `initial_v_sd_mV`. `plasticity` is as that of a projection, for rules of neurons.
    `spread` holds coefficients of variation of parameters among the neurons, by name.
    """

    name: str
    start: int
    stop: int
    model: str
    preset: str
    params: Mapping[str, float]
    excitatory: bool
    trait: int
    low_um: tuple[float, float, float]
    high_um: tuple[float, float, float]
    background_rate_Hz: float = 0.0
    background_weight: float = 0.0
    current_pA: float = 0.0
    initial_v_mV: float | None = None
    initial_v_sd_mV: float = 0.0
    settings: Mapping[str, float] = field(default_factory=dict)
    ellipsoid: bool = False
    bend_um: float = 0.0
    background_receptors: Mapping[str, float] | None = None
    plasticity: Mapping[str, Mapping[str, float]] | None = None
    spread: Mapping[str, float] = field(default_factory=dict)

    @property
    def size(self) -> int:
        return self.stop - self.start

    @property
    def plasticity_rules(self) -> Mapping[str, Mapping[str, float]]:
        """The rules of its neurons; none where nothing names them."""
        return self.plasticity or {}


@dataclass(frozen=True)
class Projection:
    """Connections from population `pre` to population `post` (indices into the population list).

    `rule` says who is connected:
    - "pairwise": every pair at distance d with probability `probability * kernel(d)`; with `multapses`, `probability`
      is the expected number of synapses per pair and may exceed 1.
    - "fixed_in_degree", "fixed_out_degree": every target has `number` sources, every source `number` targets.
    - "fixed_total": `number` synapses, each pair of neurons equally likely.
    - "one_to_one": neuron k of `pre` with neuron k of `post`; "all_to_all": every pair.
    - "small_world" (Watts and Strogatz 1998): the neurons of the populations `post` .. `post_last` sit on a ring,
      the populations mixed evenly; every source, one of them, reaches its `number` nearest neighbours, and each of
      these synapses is moved, with probability `rewiring`, to a target drawn from the whole ring.

    A neuron reaches itself only with `autapses`, the same target twice only with `multapses`. Where degrees are
    fixed, partners are drawn with probabilities in proportion to the kernel.

    `kernel` names a function of d / `length_um` (`models.wiring.KERNELS`), 1 everywhere where `length_um` is inf. For
    the kernel alone, differences along x, y and z are divided by `stretch` (inf: that axis does not count). Along an
    axis with `period_um` > 0 space closes on itself, for kernel and delay.

    Weights (port unit of the target) have mean `weight` and standard deviation `weight_sd` and keep one sign; their
    law is "normal" (clipped) or "lognormal". Delays are `delay_ms + d / velocity_um_per_ms` plus a normal spread, at
    least one step.
    `receptors` names what a spike opens, each with its peak conductance as a multiple of the synapse's weight, such
    as {"AMPA": 1.0, "NMDA": 0.4}; None: AMPA from excitatory, GABA-A from inhibitory neurons.
    `plasticity` names the rules of its synapses and the parameters that differ from the configuration's; None takes the
    rules that the configuration switches on.
    """

    pre: int
    post: int
    probability: float = 1.0
    weight: float = 0.0
    weight_sd: float = 0.0
    length_um: float = math.inf
    delay_ms: float = 1.0
    delay_sd_ms: float = 0.0
    velocity_um_per_ms: float = math.inf
    multapses: bool = False
    autapses: bool = False
    rule: str = "pairwise"
    number: int = 0
    rewiring: float = 0.0
    post_last: int | None = None
    kernel: str = "exponential"
    stretch: tuple[float, float, float] = (1.0, 1.0, 1.0)
    period_um: tuple[float, float, float] = (0.0, 0.0, 0.0)
    weight_law: str = "normal"
    receptors: Mapping[str, float] | None = None
    plasticity: Mapping[str, Mapping[str, float]] | None = None

    @property
    def posts(self) -> range:
        """Numbers of the postsynaptic populations."""
        return range(self.post, (self.post if self.post_last is None else self.post_last) + 1)

    @property
    def plasticity_rules(self) -> Mapping[str, Mapping[str, float]]:
        """The rules of its synapses; none where nothing names them."""
        return self.plasticity or {}
