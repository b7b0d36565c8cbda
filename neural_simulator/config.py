"""The four configurations: what is simulated, how it is shown, how the device is used, what is running.

Each field is declared once, with label, unit, range, meaning and group; the control panel's form, the JSON
profiles, validation and the documentation are derived from these declarations. Models are frozen: a change
makes a new configuration (`config.changed(num_neurons=500)`), and nothing is applied when a value is bad.
"""

from __future__ import annotations

import difflib
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Literal, TypeVar, get_args

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SerializeAsAny,
    ValidationError,
    ValidationInfo,
    create_model,
    field_validator,
)

from .base import log, paths
from .base.declarations import Param, ReceptorModel
from .base.errors import ConfigurationError
from .models.neurons import NEURON_MODELS, load_models, neuron_model
from .models.plasticity import PLASTICITY_RULES, SWITCHES
from .models.receptors import AMPA, GABA_A, GABA_B, MAGNESIUM, NMDA, SETTINGS
from .models.stimuli import MAX_STIMULI
from .models.structures import structure

# Before any configuration is made: it may name a model that a user wrote.
for _problem in load_models(paths.USER_MODELS).values():
    log.get("config").warning("A neuron model is left out. %s", _problem)


class NeuronModel(str, Enum):
    """Names of the neuron models; the value is the key in `models.neurons.NEURON_MODELS`.

    `NeuronModel("MY_MODEL")` also gives the name of a model that a user wrote, once that is known.
    """

    IZHIKEVICH = "IZHIKEVICH"
    IZHIKEVICH_EXTENDED = "IZHIKEVICH_EXTENDED"
    IZHIKEVICH_2003 = "IZHIKEVICH_2003"
    HODGKIN_HUXLEY = "HODGKIN_HUXLEY"
    HODGKIN_HUXLEY_RK4 = "HODGKIN_HUXLEY_RK4"
    HH_CALCIUM = "HH_CALCIUM"
    HH_THALAMIC_RELAY = "HH_THALAMIC_RELAY"
    HH_RETICULAR = "HH_RETICULAR"
    HH_CA1 = "HH_CA1"
    HH_CA3 = "HH_CA3"
    HH_WANG_BUZSAKI = "HH_WANG_BUZSAKI"
    HH_STRIATAL = "HH_STRIATAL"
    HH_SUBTHALAMIC = "HH_SUBTHALAMIC"
    HH_PALLIDAL = "HH_PALLIDAL"
    HH_SQUID = "HH_SQUID"
    ADEX = "ADEX"
    LIF = "LIF"
    LIF_CURRENTS = "LIF_CURRENTS"
    LIF_DELTA = "LIF_DELTA"
    LIF_CONDUCTANCE = "LIF_CONDUCTANCE"

    @classmethod
    def _missing_(cls, value: object) -> NeuronModel | None:
        if value not in NEURON_MODELS:
            return None
        member = str.__new__(cls, value)
        member._name_ = member._value_ = str(value)
        return member


def setting(default: Any, label: str, meaning: str, *, unit: str = "", low: float | None = None,
            high: float | None = None, group: str = "General", live: bool = False, hidden: bool = False,
            source: str = "") -> Any:
    """Declare a field. `live`: may change while running; `hidden`: not in the form; `source`: of its default."""
    extra: dict[str, Any] = {"unit": unit, "group": group, "live": live, "hidden": hidden, "source": source}
    return Field(default, title=label, description=meaning, ge=low, le=high, json_schema_extra=extra)


def declared(param: Param, group: str, **more: Any) -> Any:
    """Declare a field that is the parameter of a model, declared there."""
    return setting(param.default, param.label, param.meaning, unit=param.unit, low=param.low, high=param.high,
                   group=group, **more)


def switch(key: str) -> Any:
    """Declare the field that switches a plasticity rule on."""
    rule = PLASTICITY_RULES[key]
    return setting(False, rule.label, rule.meaning, group=rule.label, source=rule.source)


def of_rule(key: str, name: str) -> Any:
    """Declare the field of a plasticity rule's parameter; one that can only be 0 or 1 becomes false or true."""
    rule = PLASTICITY_RULES[key]
    param = next(p for p in rule.params if p.name == name)
    if name in SWITCHES:
        return setting(bool(param.default), param.label, param.meaning, group=rule.label, source=rule.source)
    return declared(param, rule.label, source=rule.source)


def of_receptor(receptor: ReceptorModel, param: Param) -> Any:
    """Declare the field of a receptor's constant."""
    return declared(param, "Synapses", source=receptor.source)


LARGEST_REWARD = 1000.0

AnyConfig = TypeVar("AnyConfig", bound="Config")


class Config(BaseModel):
    """Common behaviour of all configurations: frozen, no unknown keys, one-sentence errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", validate_default=False, allow_inf_nan=False)

    def __init__(self, **values: Any):
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise explain(type(self), error) from None

    def changed(self: AnyConfig, **values: Any) -> AnyConfig:
        """Return a copy with `values` replaced, validated as a whole."""
        return type(self)(**{**self.model_dump(), **values})


def explain(owner: type[BaseModel], error: ValidationError) -> ConfigurationError:
    """Turn pydantic's first complaint into one sentence: what, where, the value with unit and range, what to do."""
    first = error.errors()[0]
    name = str(first["loc"][0]) if first["loc"] else ""
    value = first.get("input")
    where = owner.__name__
    if first["type"] == "extra_forbidden":
        near = difflib.get_close_matches(name, owner.model_fields, n=1, cutoff=0.0)
        return ConfigurationError(
            f"{where} has no field {name!r}; the nearest known field is {near[0]!r}.", name, value)
    if name not in owner.model_fields:
        return ConfigurationError(f"{where}: {first['msg'].removeprefix('Value error, ')}", name or None, value)
    info = owner.model_fields[name]
    unit = describe(owner, name)["unit"]
    shown = f"{value!r} {unit}".rstrip()
    called = f"{where}.{name} ({info.title})"
    if PARAMETER in name:                          # of the rules in a form, which nobody writes
        called = f"{info.title} of {PLASTICITY_RULES[name.partition(PARAMETER)[0]].label}"
    if first["type"] == "value_error":
        text = first["msg"].removeprefix("Value error, ")
        return ConfigurationError(f"{called} is {shown}: {text}", name, value)
    return ConfigurationError(f"{called} is {shown}, but must be {allowed(owner, name)}.",
                              name, value)


def bounds(owner: type[BaseModel], name: str) -> tuple[float | None, float | None]:
    """Return the inclusive range of a field, None where it is open."""
    low = high = None
    for rule in owner.model_fields[name].metadata:
        low = getattr(rule, "ge", low)
        high = getattr(rule, "le", high)
    return low, high


def describe(owner: type[BaseModel], name: str) -> dict[str, Any]:
    """Return unit, group, live, hidden and source of a field."""
    extra = owner.model_fields[name].json_schema_extra
    defaults = {"unit": "", "group": "General", "live": False, "hidden": False, "source": ""}
    return {**defaults, **(extra if isinstance(extra, dict) else {})}


def allowed(owner: type[BaseModel], name: str) -> str:
    """Say in words what a field accepts, e.g. 'a whole number between 1 and 10'."""
    info = owner.model_fields[name]
    low, high = bounds(owner, name)
    unit = describe(owner, name)["unit"]
    if info.annotation is NeuronModel:
        return "one of " + ", ".join(NEURON_MODELS)
    if isinstance(info.annotation, type) and issubclass(info.annotation, Enum):
        return "one of " + ", ".join(member.value for member in info.annotation)
    choices = getattr(info.annotation, "__args__", None)
    if choices and all(isinstance(choice, str) for choice in choices):
        return "one of " + ", ".join(choices)
    words: dict[Any, str] = {
        int: "a whole number", float: "a number", bool: "true or false", str: "a text",
        tuple[int, ...]: "whole numbers separated by commas", dict[str, float]: "numbers by parameter name",
        dict[str, dict[str, dict[str, float]]]: "rules by 'pre -> post', each with numbers by parameter name",
        tuple[tuple[float, float], ...]: "pairs of numbers",
        tuple[str, ...]: "names separated by commas", tuple[float, ...]: "numbers separated by commas",
        tuple[float, float, float, float]: "4 numbers separated by commas",
        tuple[float, float, float, float, float, float]: "6 numbers separated by commas"}
    given = [each for each in get_args(info.annotation) if each is not type(None)]
    optional = type(None) in get_args(info.annotation)
    annotation = given[0] if optional and len(given) == 1 else info.annotation
    kind = words.get(annotation, f"of type {annotation}") + (" or nothing" if optional else "")
    if low is not None and high is not None:
        return f"{kind} between {low:,.12g} and {high:,.12g} {unit}".rstrip()
    return kind


PARAMETER = "__"


def _of_synapses() -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for key, rule in PLASTICITY_RULES.items():
        if rule.kind != "neuron":
            fields[key] = (bool, switch(key))
            fields |= {f"{key}{PARAMETER}{param.name}": (bool if param.name in SWITCHES else float,
                                                         of_rule(key, param.name)) for param in rule.params}
    return fields


# The rules of one projection as a form shows them: for each rule of synapses a switch, named by the rule's key, and its
# parameters, named KEY__parameter.
ProjectionRules: Any = create_model("ProjectionRules", __base__=Config, **_of_synapses())


ConnectionRule = Literal["pairwise", "fixed_in_degree", "fixed_out_degree", "fixed_total", "all_to_all"]
ConnectionKernel = Literal["uniform", "exponential", "gaussian", "ball"]
WeightLaw = Literal["normal", "lognormal"]
Backend = Literal["auto", "cuda", "cpu"]


# ---- stimuli ---------------------------------------------------------------------------------------------
class Stimulus(Config):
    """What all stimuli have: a name, whom they reach, and when. The classes below say what they do.

    A neuron is reached where it fulfils all that is given of `populations`, `neurons`, `sphere_um` and `box_um`.
    """

    kind: str = setting("", "Kind", "What the stimulus does.")
    name: str = setting("", "Name", "What the stimulus is called, for the user alone.")
    enabled: bool = setting(True, "On", "Switched off, a stimulus does nothing, but keeps its place and its noise.")
    populations: tuple[str, ...] = setting(
        (), "Populations", "Names of populations, or patterns such as L4*; none: all populations.")
    neurons: tuple[int, ...] = setting((), "Neurons", "Numbers of single neurons; none: all neurons.")
    sphere_um: tuple[float, float, float, float] | None = setting(
        None, "Sphere", "Centre (x, y, z) and radius of the space that is reached.", unit="um")
    box_um: tuple[float, float, float, float, float, float] | None = setting(
        None, "Box", "Lowest x, y, z and highest x, y, z of the space that is reached.", unit="um")
    start_ms: float = setting(0.0, "Start", "It begins here.", unit="ms", low=0.0, high=1e9)
    stop_ms: float | None = setting(None, "Stop", "It ends here; null: never.", unit="ms", low=0.0, high=1e9)
    period_ms: float = setting(
        0.0, "Period", "From its start on, it is repeated with this period; 0: it is not.", unit="ms", low=0.0,
        high=1e9)
    width_ms: float = setting(
        0.0, "Width", "How long it lasts in each period.", unit="ms", low=0.0, high=1e9)

    @field_validator("stop_ms")
    @classmethod
    def _stops_after_it_starts(cls, value: float | None, info: ValidationInfo) -> float | None:
        start_ms = info.data.get("start_ms", 0.0)
        if value is not None and value < start_ms:
            raise ValueError(f"it would end before it starts at {start_ms:g} ms; choose a later end, or none.")
        return value

    @field_validator("sphere_um")
    @classmethod
    def _radius(cls, value: tuple[float, float, float, float] | None) -> tuple[float, float, float, float] | None:
        if value is not None and value[3] < 0.0:
            raise ValueError("the radius, its last number, is negative; choose one of at least 0 um.")
        return value

    @field_validator("box_um")
    @classmethod
    def _corners(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and any(high < low for low, high in zip(value[:3], value[3:], strict=True)):
            raise ValueError("its highest corner lies below its lowest; give the lowest x, y, z first.")
        return value

    def may_reach(self, population: str) -> bool:
        """Whether neurons of the population of this name can be among those that are reached."""
        return not self.populations or any(fnmatchcase(population, pattern) for pattern in self.populations)

    @property
    def opened(self) -> tuple[str, ...]:
        """The receptors that it names."""
        return ()


class _Sinusoidal(Stimulus):
    frequency_Hz: float = setting(
        0.0, "Frequency", "Of its sinusoidal modulation.", unit="Hz", low=0.0, high=10_000.0)
    phase_deg: float = setting(
        0.0, "Phase", "Of its sinusoidal modulation at the start; 0: it rises from its mean.", unit="deg", low=-360.0,
        high=360.0)


class _Aimed(Stimulus):
    weight_nS: float = setting(
        1.0, "Weight", "Peak conductance that each spike opens; in pA or mV for cells that take current or charge, "
        "where it may be negative.", unit="nS", low=-1e6, high=1e6)
    receptors: dict[str, float] | None = setting(
        None, "Receptors", "Receptors that each spike opens, each with its share of the weight; null: those that "
        "background spikes open.")

    @property
    def opened(self) -> tuple[str, ...]:
        """The receptors that it names."""
        return tuple(self.receptors or ())


class CurrentStimulus(_Sinusoidal):
    """A current: constant, a step, pulses, or a sine around its mean."""

    kind: Literal["current"] = setting("current", "Kind", "A current.")
    amplitude_pA: float = setting(0.0, "Amplitude", "The current.", unit="pA", low=-1e6, high=1e6)
    sine_pA: float = setting(
        0.0, "Sine", "Amplitude of a sine that is added to it.", unit="pA", low=-1e6, high=1e6)


class CurrentNoise(Stimulus):
    """An Ornstein-Uhlenbeck current, another one for every neuron; constant within a step."""

    kind: Literal["current_noise"] = setting("current_noise", "Kind", "A fluctuating current.")
    mean_pA: float = setting(0.0, "Mean", "Of the current.", unit="pA", low=-1e6, high=1e6)
    sigma_pA: float = setting(100.0, "Deviation", "Standard deviation of the current.", unit="pA", low=0.0, high=1e6)
    tau_ms: float = setting(5.0, "Correlation time", "Of the current.", unit="ms", low=0.01, high=1e5)


class ConductanceNoise(Stimulus):
    """A conductance that fluctuates as an Ornstein-Uhlenbeck process, another one for every neuron, and never negative.

    The point conductance of Destexhe, Rudolph, Fellous and Sejnowski 2001, Neuroscience 107:13-24.
    """

    kind: Literal["conductance_noise"] = setting("conductance_noise", "Kind", "A fluctuating conductance.")
    receptor: str = setting("AMPA", "Receptor", "The receptor whose reversal potential and block it has.")
    mean_nS: float = setting(0.0, "Mean", "Of the conductance.", unit="nS", low=0.0, high=1e6)
    sigma_nS: float = setting(1.0, "Deviation", "Standard deviation of the conductance.", unit="nS", low=0.0, high=1e6)
    tau_ms: float = setting(2.7, "Correlation time", "Of the conductance.", unit="ms", low=0.01, high=1e5)

    @property
    def opened(self) -> tuple[str, ...]:
        """The receptor whose conductance it is."""
        return (self.receptor,)


class PoissonStimulus(_Sinusoidal, _Aimed):
    """Poisson spikes, others for every neuron; their rate may follow a sine."""

    kind: Literal["poisson"] = setting("poisson", "Kind", "Random spikes.")
    rate_Hz: float = setting(0.0, "Rate", "Mean rate of the spikes.", unit="Hz", low=0.0, high=1e6)
    depth: float = setting(
        0.0, "Depth", "Amplitude of the rate's sinusoidal modulation, as a share of the rate.", low=0.0, high=1.0)


class SpikeStimulus(_Aimed):
    """Spikes at given times, the same for every neuron that is reached."""

    kind: Literal["spikes"] = setting("spikes", "Kind", "Spikes at given times.")
    times_ms: tuple[float, ...] = setting((), "Times", "When the spikes arrive, in ascending order.", unit="ms")

    @field_validator("times_ms")
    @classmethod
    def _ascending(cls, value: tuple[float, ...]) -> tuple[float, ...]:
        if any(b < a for a, b in zip(value, value[1:], strict=False)) or min(value, default=0.0) < 0.0:
            raise ValueError("times must ascend from 0; sort them.")
        if value and value[-1] > 1e9:
            raise ValueError("times must end at 1e9 ms at the latest.")
        return value


STIMULI: dict[str, type[Stimulus]] = {
    owner.model_fields["kind"].default: owner
    for owner in (CurrentStimulus, CurrentNoise, ConductanceNoise, PoissonStimulus, SpikeStimulus)}


def read_stimuli(values: Any) -> tuple[Stimulus, ...]:
    """Stimuli from stimuli or from what JSON holds of them; ConfigurationError says which one is bad, and how."""
    if not isinstance(values, list | tuple):
        raise ConfigurationError(f"stimuli is {values!r}, but must be a list of stimuli.", "stimuli", values)
    if len(values) > MAX_STIMULI:
        raise ConfigurationError(f"There are {len(values)} stimuli, but at most {MAX_STIMULI} are possible.", "stimuli")
    return tuple(_read_stimulus(k, one) for k, one in enumerate(values))


def _read_stimulus(place: int, value: Any) -> Stimulus:
    if type(value) in STIMULI.values():
        return value
    owner = STIMULI.get(value.get("kind", "")) if isinstance(value, dict) else None
    if owner is None:
        raise ConfigurationError(f"stimuli[{place}] must be an object whose kind is one of {', '.join(STIMULI)}.",
                                 "stimuli", value)
    try:
        return owner(**value)
    except ConfigurationError as error:
        raise ConfigurationError(f"stimuli[{place}]: {error}", "stimuli", value) from None


class TraitCells(Config):
    """The neurons of one trait of the generic network, where they have a model of their own.

    Weights onto them and their background are in the unit of their own model (nS, pA or mV, `port_unit`). Not given,
    they are those of the network where the units agree, and else those under which a network of that model is alive.
    """

    trait: int = setting(0, "Trait", "Which trait, counted from 0.", low=0, high=9)
    model: NeuronModel = setting(NeuronModel.IZHIKEVICH, "Neuron model", "Its neurons' equations.")
    preset: str = setting("", "Cells", "Their cell type; empty: the model's own.")
    parameters: dict[str, float] = setting({}, "Custom values", "Parameters that replace the preset's own, by name.")
    excitatory_weight: float | None = setting(
        None, "Excitatory weight", "Mean weight of a synapse of an excitatory neuron onto them.", low=0.0, high=1e6)
    inhibitory_weight: float | None = setting(
        None, "Inhibitory weight", "Mean weight of a synapse of an inhibitory neuron onto them.", low=0.0, high=1e6)
    background_rate_Hz: float | None = setting(
        None, "Background rate", "Rate of their Poisson input.", unit="Hz", low=0.0, high=200_000.0)
    background_weight: float | None = setting(
        None, "Background weight", "Weight of their background spikes.", low=0.0, high=1e6)


def _read_traits(values: Any) -> tuple[TraitCells, ...]:
    if not isinstance(values, list | tuple):
        raise ConfigurationError(f"trait_cells is {values!r}, but must be a list.", "trait_cells", values)
    try:
        traits = tuple(one if isinstance(one, TraitCells) else TraitCells(**one) for one in values)
    except TypeError:
        raise ConfigurationError("trait_cells must hold objects with fields such as trait and model.", "trait_cells",
                                 values) from None
    if len({one.trait for one in traits}) < len(traits):
        raise ConfigurationError("trait_cells names a trait twice; name each once.", "trait_cells", values)
    return traits


class CoreSimConfig(Config):
    """What is simulated. Defaults: 1,000 Izhikevich neurons, 80 % regular spiking, 20 % fast spiking."""

    neuron_model_type: NeuronModel = setting(
        NeuronModel.IZHIKEVICH, "Neuron model", "Equations of every neuron of the network.", group="Network")
    neural_structure_profile: str = setting(
        "GENERIC_UNSTRUCTURED", "Structure", "Brain region whose populations and wiring are built.", group="Network")
    structure_parameters: dict[str, float] = setting(
        {}, "Structure values", "Numbers of the structure's own that replace its defaults, by name.", group="Network")
    num_neurons: int = setting(
        1000, "Neurons", "Number of neurons.", low=1, high=16_000_000, group="Network")
    connections_per_neuron: int = setting(
        100, "Connections per neuron", "Mean number of outgoing synapses of a neuron.", low=0, high=20_000,
        group="Network")
    num_traits: int = setting(
        5, "Traits", "Number of populations of equal size; each neuron carries its population's label.",
        low=1, high=10, group="Network")
    inhibitory_trait_indices: tuple[int, ...] = setting(
        (1,), "Inhibitory traits", "Which traits (counted from 0) are inhibitory interneurons; all others excite.",
        group="Network")
    seed: int = setting(
        -1, "Seed", "Same seed, same result, bit for bit; -1 draws a new seed at every build.",
        low=-1, high=2**63 - 1, group="Network")
    dt_ms: float = setting(
        1.0, "Time step", "Length of one simulation step.", unit="ms", low=0.001, high=5.0, group="Network")
    total_simulation_time_ms: float = setting(
        60_000.0, "Total time", "The run stops by itself after this much simulated time.", unit="ms",
        low=1.0, high=1e9, group="Network", live=True)

    excitatory_preset: str = setting(
        "RS", "Excitatory cells", "Cell type of the excitatory populations.", group="Cells")
    inhibitory_preset: str = setting(
        "FS", "Inhibitory cells", "Cell type of the inhibitory populations.", group="Cells")
    excitatory_parameters: dict[str, float] = setting(
        {}, "Excitatory custom values", "Parameters that replace the preset's own, by name.", group="Cells")
    inhibitory_parameters: dict[str, float] = setting(
        {}, "Inhibitory custom values", "Parameters that replace the preset's own, by name.", group="Cells")

    cell_variation: float = setting(
        0.0, "Cell variation", "How much the capacitances and conductances of cells of one type differ: standard "
        "deviation divided by the mean.", low=0.0, high=0.5, group="Cells")
    heterogeneity_law: WeightLaw = setting(
        "normal", "Law of variation", "How the parameters of cells that differ are distributed.", group="Cells")
    heterogeneity: dict[str, float] = setting(
        {}, "Variation by parameter", "Standard deviation divided by the mean of single parameters, by name; instead "
        "of the cell variation.", group="Cells")
    trait_cells: tuple[TraitCells, ...] = setting(
        (), "Cells of traits", "Traits whose neurons have another model than the rest of the network.", group="Cells",
        hidden=True)

    volume_edge_um: float = setting(
        1000.0, "Volume edge", "Edge of the cube in which the neurons are placed at random.", unit="um",
        low=1.0, high=1e6, group="Connectivity")
    connection_length_um: float = setting(
        300.0, "Connection length", "Length of the distance kernel: two neurons at distance d connect with "
        "probability p0 exp(-d / length), with the standard kernel.", unit="um", low=1.0, high=1e9,
        group="Connectivity")
    connection_rule: ConnectionRule = setting(
        "pairwise", "Connection rule", "pairwise: each pair by chance; fixed_in_degree, fixed_out_degree: each neuron "
        "has exactly so many sources or targets; fixed_total: exactly so many synapses in all; all_to_all: every pair.",
        group="Connectivity")
    connection_kernel: ConnectionKernel = setting(
        "exponential", "Distance kernel", "How the probability falls with distance, where the rule depends on it.",
        group="Connectivity")
    periodic_volume: bool = setting(
        False, "Periodic volume", "Opposite faces of the volume touch, so that no neuron lies at a border.",
        group="Connectivity")
    allow_autapses: bool = setting(
        False, "Autapses", "A neuron may synapse onto itself.", group="Connectivity")
    allow_multapses: bool = setting(
        False, "Multapses", "A neuron may have several synapses onto the same target.", group="Connectivity")
    conduction_velocity_um_per_ms: float = setting(
        300.0, "Conduction velocity", "Speed of spikes along unmyelinated local axons.", unit="um/ms",
        low=1.0, high=1e6, group="Connectivity")
    synaptic_latency_ms: float = setting(
        1.0, "Synaptic latency", "Part of every delay that does not depend on distance.", unit="ms",
        low=0.0, high=100.0, group="Connectivity")
    delay_sd_ms: float = setting(
        0.0, "Delay spread", "Standard deviation of a normal spread of the delays.", unit="ms", low=0.0, high=100.0,
        group="Connectivity")
    enable_watts_strogatz: bool = setting(
        False, "Small world", "Watts-Strogatz wiring instead of the connection rule: neighbours on a ring, some of "
        "them replaced by neurons from anywhere.", group="Connectivity",
        source="Watts and Strogatz 1998, Nature 393:440")
    connectivity_k: int = setting(
        100, "Small world neighbours", "Neighbours on the ring that every neuron synapses onto (k), an even number.",
        low=0, high=20_000, group="Connectivity")
    connectivity_p_rewire: float = setting(
        0.1, "Small world rewiring", "Probability (p) with which a synapse leads anywhere instead of to a neighbour.",
        low=0.0, high=1.0, group="Connectivity")

    excitatory_weight_nS: float = setting(
        0.6, "Excitatory weight", "Mean peak conductance of one AMPA synapse.", unit="nS", low=0.0, high=100.0,
        group="Synapses")
    inhibitory_weight_nS: float = setting(
        2.8, "Inhibitory weight", "Mean peak conductance of one GABA-A synapse.", unit="nS", low=0.0, high=1000.0,
        group="Synapses")
    weight_cv: float = setting(
        0.1, "Weight variation", "Standard deviation of the weights divided by their mean.", low=0.0, high=1.0,
        group="Synapses")
    weight_law: WeightLaw = setting(
        "normal", "Weight distribution", "normal: clipped to one sign; lognormal: many weak and few strong synapses.",
        group="Synapses")
    nmda_share: float = setting(
        0.0, "NMDA share", "Peak NMDA conductance of an excitatory synapse divided by its AMPA conductance; 0: none.",
        low=0.0, high=100.0, group="Synapses")
    gaba_b_share: float = setting(
        0.0, "GABA-B share", "Peak GABA-B conductance of an inhibitory synapse divided by its GABA-A conductance; "
        "0: none.", low=0.0, high=100.0, group="Synapses")
    tau_ampa_ms: float = of_receptor(AMPA, AMPA.tau_ms)
    tau_rise_ampa_ms: float = of_receptor(AMPA, AMPA.rise_ms)
    e_ampa_mV: float = of_receptor(AMPA, AMPA.reversal_mV)
    tau_gaba_a_ms: float = of_receptor(GABA_A, GABA_A.tau_ms)
    tau_rise_gaba_a_ms: float = of_receptor(GABA_A, GABA_A.rise_ms)
    e_gaba_a_mV: float = of_receptor(GABA_A, GABA_A.reversal_mV)
    tau_nmda_ms: float = of_receptor(NMDA, NMDA.tau_ms)
    tau_rise_nmda_ms: float = of_receptor(NMDA, NMDA.rise_ms)
    e_nmda_mV: float = of_receptor(NMDA, NMDA.reversal_mV)
    magnesium_mM: float = of_receptor(NMDA, MAGNESIUM)
    tau_gaba_b_ms: float = of_receptor(GABA_B, GABA_B.tau_ms)
    tau_rise_gaba_b_ms: float = of_receptor(GABA_B, GABA_B.rise_ms)
    e_gaba_b_mV: float = of_receptor(GABA_B, GABA_B.reversal_mV)

    background_rate_Hz: float = setting(
        200.0, "Background rate", "Rate of the independent Poisson input that every neuron receives.", unit="Hz",
        low=0.0, high=200_000.0, group="Drive", live=True)
    background_weight_nS: float = setting(
        2.0, "Background weight", "AMPA conductance added by each background spike.", unit="nS", low=0.0,
        high=100.0, group="Drive", live=True)
    external_current_pA: float = setting(
        0.0, "Direct current", "Constant current into every neuron.", unit="pA", low=-100_000.0, high=100_000.0,
        group="Drive", live=True)

    population_drive: dict[str, float] = setting(
        {}, "Drive by population", "Background rates (Hz) and direct currents (pA) of single populations that replace "
        "their own, by name, such as 'STN background_rate_Hz' or 'GPe external_current_pA'.", group="Drive", live=True)

    hh_external_drive_scale: float = setting(
        1.0, "External Drive Scale (HH, auto-tuned)",
        "Multiplies the background rate and the direct current into Hodgkin-Huxley cells.", low=0.1, high=8.0,
        group="Drive", live=True)
    adex_external_drive_scale: float = setting(
        1.0, "External Drive Scale (AdEx, auto-tuned)",
        "Multiplies the background rate and the direct current into AdEx cells.", low=0.1, high=5.0,
        group="Drive", live=True)

    noise_sigma_pA: float = setting(
        0.0, "Noise current", "Standard deviation of an Ornstein-Uhlenbeck current of mean 0 into every neuron; 0: "
        "none.", unit="pA", low=0.0, high=1e5, group="Drive", live=True)
    noise_tau_ms: float = setting(
        5.0, "Noise time", "Correlation time of the noise current.", unit="ms", low=0.01, high=1e5, group="Drive",
        live=True)
    stimuli: tuple[SerializeAsAny[Stimulus], ...] = setting(
        (), "Stimuli", "Currents, noise and spikes that reach some of the neurons for some of the time.", group="Drive",
        live=True, hidden=True)
    rewards: tuple[tuple[float, float], ...] = setting(
        (), "Rewards", "Times (ms) and amounts of rewards: dopamine rises by the amount.", group="Drive", live=True,
        hidden=True)

    projection_learning: dict[str, dict[str, dict[str, float]]] = setting(
        {}, "Learning by projection", "Rules of single projections instead of those that are switched on, as "
        "'pre -> post' (with * for any text): rule: parameters that differ; the last that matches counts.",
        group="Learning by projection")

    enable_short_term_plasticity: bool = switch("SHORT_TERM")
    stp_U: float = of_rule("SHORT_TERM", "U")
    stp_tau_d_ms: float = of_rule("SHORT_TERM", "tau_d_ms")
    stp_tau_f_ms: float = of_rule("SHORT_TERM", "tau_f_ms")
    stp_keep_weight: bool = of_rule("SHORT_TERM", "keep_weight")

    enable_hebbian_learning: bool = switch("HEBBIAN")
    hebbian_learning_rate: float = of_rule("HEBBIAN", "learning_rate")
    hebbian_tau_ms: float = of_rule("HEBBIAN", "tau_ms")
    hebbian_depression: float = of_rule("HEBBIAN", "depression")
    hebbian_min_weight: float = of_rule("HEBBIAN", "min_weight")
    hebbian_max_weight: float = of_rule("HEBBIAN", "max_weight")

    enable_stdp: bool = switch("STDP")
    stdp_a_plus: float = of_rule("STDP", "a_plus")
    stdp_a_minus: float = of_rule("STDP", "a_minus")
    stdp_tau_plus_ms: float = of_rule("STDP", "tau_plus_ms")
    stdp_tau_minus_ms: float = of_rule("STDP", "tau_minus_ms")
    stdp_mu_plus: float = of_rule("STDP", "mu_plus")
    stdp_mu_minus: float = of_rule("STDP", "mu_minus")
    stdp_min_weight: float = of_rule("STDP", "min_weight")
    stdp_max_weight: float = of_rule("STDP", "max_weight")
    stdp_nearest: bool = of_rule("STDP", "nearest")

    enable_inhibitory_stdp: bool = switch("INHIBITORY_STDP")
    inhibitory_stdp_learning_rate: float = of_rule("INHIBITORY_STDP", "learning_rate")
    inhibitory_stdp_tau_ms: float = of_rule("INHIBITORY_STDP", "tau_ms")
    inhibitory_stdp_target_rate_Hz: float = of_rule("INHIBITORY_STDP", "target_rate_Hz")
    inhibitory_stdp_min_weight: float = of_rule("INHIBITORY_STDP", "min_weight")
    inhibitory_stdp_max_weight: float = of_rule("INHIBITORY_STDP", "max_weight")

    enable_reward_modulation: bool = switch("REWARD_STDP")
    reward_learning_rate_per_s: float = of_rule("REWARD_STDP", "learning_rate_per_s")
    reward_eligibility_tau_ms: float = of_rule("REWARD_STDP", "eligibility_tau_ms")
    reward_dopamine_tau_ms: float = of_rule("REWARD_STDP", "dopamine_tau_ms")
    reward_baseline: float = of_rule("REWARD_STDP", "baseline")

    enable_homeostasis: bool = switch("HOMEOSTASIS")
    homeostasis_target_rate_Hz: float = of_rule("HOMEOSTASIS", "target_rate_Hz")
    homeostasis_rate_tau_ms: float = of_rule("HOMEOSTASIS", "rate_tau_ms")
    homeostasis_threshold_rate: float = of_rule("HOMEOSTASIS", "threshold_rate")
    homeostasis_max_threshold_pA: float = of_rule("HOMEOSTASIS", "max_threshold_pA")
    homeostasis_scaling_rate_per_s: float = of_rule("HOMEOSTASIS", "scaling_rate_per_s")
    homeostasis_max_scaling: float = of_rule("HOMEOSTASIS", "max_scaling")

    enable_structural_plasticity: bool = switch("STRUCTURAL")
    structural_interval_ms: float = of_rule("STRUCTURAL", "interval_ms")
    structural_weight_threshold: float = of_rule("STRUCTURAL", "weight_threshold")
    structural_elimination: float = of_rule("STRUCTURAL", "elimination")
    structural_elimination_of_others: float = of_rule("STRUCTURAL", "elimination_of_others")
    structural_attempts: float = of_rule("STRUCTURAL", "attempts")
    structural_length_um: float = of_rule("STRUCTURAL", "length_um")
    structural_activity_share: float = of_rule("STRUCTURAL", "activity_share")
    structural_full_activity_Hz: float = of_rule("STRUCTURAL", "full_activity_Hz")
    structural_new_weight: float = of_rule("STRUCTURAL", "new_weight")
    structural_growth: float = of_rule("STRUCTURAL", "growth")
    structural_source_growth: float = of_rule("STRUCTURAL", "source_growth")

    @field_validator("trait_cells", mode="before")
    @classmethod
    def _read_trait_cells(cls, value: Any) -> tuple[TraitCells, ...]:
        return _read_traits(value)

    @field_validator("stimuli", mode="before")
    @classmethod
    def _read_stimuli(cls, value: Any) -> tuple[Stimulus, ...]:
        return read_stimuli(value)

    @field_validator("rewards")
    @classmethod
    def _rewards_within_reason(cls, value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        for time_ms, amount in value:
            if not (time_ms >= 0.0 and abs(amount) <= LARGEST_REWARD):
                raise ValueError(f"a reward of {amount:g} at {time_ms:g} ms; times count from 0 ms, amounts lie "
                                 f"between -{LARGEST_REWARD:g} and {LARGEST_REWARD:g}.")
        return value

    @field_validator("connectivity_k")
    @classmethod
    def _neighbours_on_both_sides(cls, value: int) -> int:
        if value % 2:
            raise ValueError("half of the neighbours sit on each side of the ring; choose an even number.")
        return value

    @field_validator("inhibitory_trait_indices")
    @classmethod
    def _traits_count_from_0(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value, default=0) < 0:
            raise ValueError("traits count from 0.")
        return value


# Which configuration value scales the external drive of a model's cells; by the beginning of the model's key.
_DRIVE_SCALES = {"HODGKIN_HUXLEY": "hh_external_drive_scale", "HH_": "hh_external_drive_scale",
                 "ADEX": "adex_external_drive_scale"}


def drive_scale_field(model: str) -> str | None:
    """The name of the field that scales the external drive of this neuron model's cells, None where none does."""
    return next((name for prefix, name in _DRIVE_SCALES.items() if model.startswith(prefix)), None)


_OF_THE_NETWORK = ("excitatory_weight_nS", "inhibitory_weight_nS", "background_rate_Hz", "background_weight_nS")


def model_defaults(key: str) -> dict[str, Any]:
    """The values of all fields that depend on the neuron model, under which its generic network is alive.

    For whoever chooses a model: `core.changed(**model_defaults("ADEX"))`.
    """
    model = neuron_model(key)
    standard = {name: CoreSimConfig.model_fields[name].default for name in _OF_THE_NETWORK}
    return {"neuron_model_type": NeuronModel(key), "dt_ms": model.default_dt_ms,
            "excitatory_preset": model.default_preset(True), "inhibitory_preset": model.default_preset(False),
            "excitatory_parameters": {}, "inhibitory_parameters": {}, "population_drive": {}, **standard,
            **model.network_defaults}


def structure_defaults(key: str, model: str | None = None) -> dict[str, Any]:
    """The values of all fields under which the structure `key` shows its characteristic activity.

    `model` is the neuron model of its cells; its own where none is given. For whoever chooses a structure:
    `core.changed(**structure_defaults("BASAL_GANGLIA_STN_GPE"))`.
    """
    chosen = structure(key)
    model = model or next(iter(chosen.cells), NeuronModel.IZHIKEVICH.value)
    values = model_defaults(model)
    if chosen.cells:
        unread = {name: CoreSimConfig.model_fields[name].default for name in (*_OF_THE_NETWORK, "inhibitory_preset")}
        values |= {**unread, "dt_ms": 5.0, "excitatory_preset": chosen.principal_cells(model)[0].preset}
    values |= {name: CoreSimConfig.model_fields[name].default for name in (*SETTINGS, "num_neurons")}
    values |= {"stimuli": (), **chosen.defaults, "neural_structure_profile": key, "structure_parameters": {}}
    if chosen.cells:
        values["dt_ms"] = min(values["dt_ms"], *(c.resolved[0].max_dt_ms for c in chosen.cell_types(model).values()))
    return values


SpikingMode = Literal["highlight", "only", "none"]
ColorMode = Literal["activity", "type", "trait", "population", "potential", "excitation", "inhibition"]
SynapseColor = Literal["sign", "weight", "population"]


class VisualizationConfig(Config):
    """How the network is shown in the viewer."""

    color_mode: ColorMode = setting(
        "activity", "Colour by", "What a neuron's colour means: activity, cell type, trait, population, membrane "
        "potential, or the summed weights of its excitatory or inhibitory inputs.", group="View", live=True)
    spiking_mode: SpikingMode = setting(
        "highlight", "Spiking neurons", "Highlight spiking neurons, show only those, or do not mark them.",
        group="View", live=True)
    point_size: float = setting(
        6.0, "Point size", "Diameter of a neuron at the centre of the view; smaller where neurons are crowded.",
        unit="px", low=1.0, high=40.0, group="View", live=True)
    inactive_opacity: float = setting(
        0.6, "Inactive opacity", "Opacity of neurons that have not fired recently.", low=0.02, high=1.0,
        group="View", live=True)
    activity_decay_ms: float = setting(
        60.0, "Activity fade", "Time in which the glow of a spike fades.", unit="ms", low=1.0, high=5000.0,
        group="View", live=True)
    max_neurons_drawn: int = setting(
        1_000_000, "Neurons drawn", "At most this many neurons are drawn.", low=1, high=16_000_000, group="View",
        live=True)
    update_interval_steps: int = setting(
        17, "Update interval", "Simulation steps between two pictures; 17 steps of 1 ms are 60 pictures a second.",
        unit="steps", low=1, high=10_000, group="View", live=True)
    field_of_view_deg: float = setting(
        45.0, "Field of view", "Vertical opening angle of the camera.", unit="deg", low=10.0, high=120.0,
        group="View", live=True)
    auto_rotate_deg_per_s: float = setting(
        0.0, "Auto-rotate", "Speed at which the view turns by itself; 0 stands still.", unit="deg/s", low=-180.0,
        high=180.0, group="View", live=True)
    follow_picked: bool = setting(
        False, "Follow picked neuron", "Keep the picked neuron in the middle of the view.", group="View", live=True)
    show_outlines: bool = setting(
        True, "Outlines", "Draw the boxes around populations or layers.", group="View", live=True)
    show_axes: bool = setting(True, "Axes and scale bar", "Draw the directions of space and a scale bar.",
                              group="View", live=True)
    show_display: bool = setting(
        True, "Display", "Write time, rate, counts and legend over the picture.", group="View", live=True)

    show_synapses: bool = setting(
        True, "Synapses", "Draw a sample of the synapses as lines, and all of a picked neuron's.",
        group="Synapses shown", live=True)
    synapse_color: SynapseColor = setting(
        "sign", "Synapse colour", "Colour lines by sign, by weight, or by the population they come from.",
        group="Synapses shown", live=True)
    synapse_alpha: float = setting(
        0.12, "Synapse opacity", "Opacity of the synapse lines.", low=0.0, high=1.0, group="Synapses shown", live=True)
    max_synapses_drawn: int = setting(
        1000, "Synapses drawn", "At most this many synapses are drawn; a larger number only adds lines.", low=0,
        high=200_000, group="Synapses shown", live=True)
    show_pulses: bool = setting(
        True, "Pulses", "Draw every spike in flight along the synapses that are drawn, moving with its true delay.",
        group="Synapses shown", live=True)
    pulse_size: float = setting(
        4.0, "Pulse size", "Diameter of a pulse.", unit="px", low=1.0, high=20.0, group="Synapses shown", live=True)

    hidden_populations: tuple[int, ...] = setting(
        (), "Hidden populations", "Populations that are not drawn, counted from 0 in the order of the legend, where a "
        "click does the same.",
        group="Filters", live=True)
    hidden_types: tuple[int, ...] = setting(
        (), "Hidden types", "Cell types that are not drawn, counted from 0 in the order of the legend by type.",
        group="Filters", live=True)
    activity_from: float = setting(
        0.0, "Activity from", "Neurons less active than this are not drawn; 1 is a neuron that just fired, 0 a silent "
        "one.", low=0.0, high=1.0, group="Filters", live=True)
    activity_to: float = setting(
        1.0, "Activity to", "Neurons more active than this are not drawn.", low=0.0, high=1.0, group="Filters",
        live=True)
    clip_x_from: float = setting(0.0, "Clip x from", "Cut away what lies below this share of the extent in x.",
                                 low=0.0, high=1.0, group="Filters", live=True)
    clip_x_to: float = setting(1.0, "Clip x to", "Cut away what lies above this share of the extent in x.",
                               low=0.0, high=1.0, group="Filters", live=True)
    clip_y_from: float = setting(0.0, "Clip y from", "Cut away what lies below this share of the extent in y.",
                                 low=0.0, high=1.0, group="Filters", live=True)
    clip_y_to: float = setting(1.0, "Clip y to", "Cut away what lies above this share of the extent in y.",
                               low=0.0, high=1.0, group="Filters", live=True)
    clip_z_from: float = setting(0.0, "Clip z from", "Cut away what lies below this share of the extent in z.",
                                 low=0.0, high=1.0, group="Filters", live=True)
    clip_z_to: float = setting(1.0, "Clip z to", "Cut away what lies above this share of the extent in z.",
                               low=0.0, high=1.0, group="Filters", live=True)

    push_pA: float = setting(
        500.0, "Push", "Current that pushes the neurons selected in the viewer.", unit="pA", low=-100_000.0,
        high=100_000.0, group="Selected neurons", live=True)
    push_ms: float = setting(
        50.0, "Push lasts", "Duration of a push.", unit="ms", low=0.001, high=60_000.0, group="Selected neurons",
        live=True)
    silencing_pA: float = setting(
        1000.0, "Silencing", "Inhibiting current that keeps neurons silent until they are released.", unit="pA",
        low=0.0, high=100_000.0, group="Selected neurons", live=True)

    saved_views: dict[str, tuple[float, ...]] = setting(
        {}, "Saved views", "Poses of the camera that were saved under a number: yaw and pitch (deg), distance and "
        "target (radii of the network).", group="View", hidden=True, live=True)

    @field_validator("hidden_populations", "hidden_types")
    @classmethod
    def _count_from_0(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value, default=0) < 0:
            raise ValueError("they count from 0.")
        return value


class GPUConfig(Config):
    """How the computing device is used."""

    backend: Backend = setting(
        "auto", "Backend", "auto takes a CUDA device where there is one, else the CPU.", group="Device")
    num_threads: int = setting(
        0, "CPU threads", "Threads of the CPU backend; 0 takes all cores but one. The result does not depend on it.",
        low=0, high=1024, group="Device")
    memory_pool_limit_fraction: float = setting(
        0.8, "Memory limit", "Share of the device's memory that a network may take.", low=0.05, high=1.0,
        group="Device")
    recording_mode: Literal["gpu_buffered", "streaming", "disabled"] = setting(
        "gpu_buffered", "Recording", "gpu_buffered keeps traces in the device's memory and writes them at the end; "
        "streaming writes while the simulation runs, as the CPU always does; disabled records nothing.",
        group="Recording")
    max_recording_memory_fraction: float = setting(
        0.6, "Recording memory", "Share of the device's free memory in which traces may wait to be written.",
        low=0.01, high=0.9, group="Recording")
    playback_mode: Literal["gpu_cached", "streaming", "auto"] = setting(
        "gpu_cached", "Playback", "gpu_cached loads what a recording shows into the memory of what computes; "
        "streaming reads it from the disk when it is shown; auto decides by the memory that is free.",
        group="Recording")
    enable_cuda_gl_interop: bool = setting(
        True, "Shared graphics memory", "Hand the neurons' state to the viewer inside the device's memory, where CUDA "
        "and OpenGL run on the same device; otherwise, or when that fails, it is copied through the host. The picture "
        "is the same.", group="Device")
    memory_pressure_threshold: float = setting(
        0.9, "Memory pressure", "Share of the memory in use from which less is drawn, where quality is adaptive.",
        low=0.05, high=1.0, group="Device")
    enable_adaptive_quality: bool = setting(
        True, "Adaptive quality", "Draw fewer synapses, pulses and neurons while pictures take too long or memory "
        "runs short, say so, and restore them.", group="Device")
    rewind_memory_MB: float = setting(
        1000.0, "Rewind memory", "Memory for states of the run, from which it can go back to any earlier moment and be "
        "continued on another device after a failure; with 0 both begin at the run's beginning.", unit="MB", low=0.0,
        high=1e6, group="Recording")
    enable_profiling: bool = setting(False, "Profiling", "Measure the time that steps take.", group="Device")
    profiling_detailed: bool = setting(
        False, "Profile phases", "Measure every phase of every step as well.", group="Device")
    profiling_window_size: int = setting(
        1000, "Profiling window", "Number of newest measurements kept.", unit="steps", low=1, high=1_000_000,
        group="Device")


class RuntimeState(Config):
    """What is running. Written by the simulation, never part of what is validated as input."""

    model_config = ConfigDict(frozen=False, extra="forbid")

    current_time_ms: float = 0.0
    current_time_step: int = 0
    is_running: bool = False
    is_paused: bool = False
    simulation_speed_factor: float = 1.0
    actual_seed_used: int = -1
