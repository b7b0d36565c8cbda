"""What a structure profile is, and the tools that build one: cell types, sizes at a scale, populations, projections.

A structure is written at its reference size (`sizes`). `num_neurons` chooses another: sizes shrink in proportion,
in-degrees stay (a cell keeps as many synapses as it has in the reference, several from one source where there are too
few sources), and the layers keep their thickness while the tissue becomes narrower, so that the density stays.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ...base.declarations import NeuronModel, Param, Population, Preset, Projection
from ...base.errors import ConfigurationError
from ...base.exact import exp, ln
from ..neurons import FORMER_NAMES, cell_type

Vector = tuple[float, float, float]
Built = tuple[list[Population], list[Projection]]


@dataclass(frozen=True)
class CellType:
    """A neuron model, a cell of it or of its family, and values that replace that cell's; `source` is theirs."""

    model: str
    preset: str
    values: Mapping[str, float] = field(default_factory=dict)
    source: str = ""

    @property
    def resolved(self) -> tuple[NeuronModel, Preset]:
        """The model that has the cell, and its preset there."""
        return cell_type(self.model, self.preset)

    def parameters(self, replaced: Mapping[str, float] | None = None) -> dict[str, float]:
        """All parameters by name."""
        model, preset = self.resolved
        return model.values(preset.name, {**self.values, **(replaced or {})})

    @property
    def capacitance_pF(self) -> float:
        """Membrane capacitance of the whole cell."""
        values = self.parameters()
        return 0.01 * values["C_m"] * values["area"] if "area" in values else values.get("C", 1.0)


@dataclass(frozen=True)
class Structure:
    """A brain region: `build(core, kernel_mean)` returns its populations and projections.

    `sizes`: the populations at the reference size, `smallest` the fewest neurons in all. `cells`: for each neuron
    model that the configuration may ask for, the cell type of every population; the first is the one that the region
    is published or tuned with, and a region without any takes every model. `fitting`: other cell types that the
    principal (the first) population may have with a model; `excitatory_preset` chooses among them. `drive`: factor of
    the background rate with a model that is not the region's own, found by measurement, and `input_scale`, by
    population, of all weights and currents into it, beyond the ratio of capacitances, where such cells need less or
    more to fire. `defaults`: configuration values by field under which the region shows its characteristic activity.
    `reads`: the configuration fields that change this region, besides those that change every network. `knobs`:
    numbers of its own, set through `structure_parameters`. `no_others`: why further neuron models are not offered.
    `rate_bands_Hz` by population and `max_synchrony` say what a living network of this region looks like to
    auto-tune, where its general bands are wrong (afferents fire as they are told), and `look_ms` how long one must
    look to see it. They are wide: what the tests of the region assert, times a few.
    """

    key: str
    label: str
    claim: str
    source: str
    build: Callable[[Any, Callable], Built]
    sizes: Mapping[str, int] = field(default_factory=dict)
    smallest: int = 1
    cells: Mapping[str, Mapping[str, CellType]] = field(default_factory=dict)
    fitting: Mapping[str, tuple[CellType, ...]] = field(default_factory=dict)
    drive: Mapping[str, float] = field(default_factory=dict)
    input_scale: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    knobs: tuple[Param, ...] = ()
    reads: tuple[str, ...] = ("num_neurons",)
    no_others: str = ""
    rate_bands_Hz: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    max_synchrony: float | None = None
    look_ms: float = 1000.0

    @property
    def principal(self) -> str:
        """The population whose cells may be exchanged."""
        return next(iter(self.sizes))

    def knob_values(self, given: Mapping[str, float]) -> dict[str, float]:
        """All knobs by name, with `given` in place of the defaults; ConfigurationError for one there is not."""
        known = {knob.name: knob for knob in self.knobs}
        for name in given:
            if name not in known:
                there = f"its values are: {', '.join(known)}" if known else "it has none"
                raise ConfigurationError(f"{self.label} has no value {name!r}; {there}.", "structure_parameters", name)
        return {name: knob.check(given.get(name, knob.default), self.label) for name, knob in known.items()}

    def principal_cells(self, model: str) -> tuple[CellType, ...]:
        """The cell types that the principal population may have with this neuron model, its own first."""
        return (self.cells[model][self.principal], *self.fitting.get(model, ()))

    def cell_types(self, model: str, preset: str = "") -> dict[str, CellType]:
        """The cell type of every population with a neuron model; `preset` may name another one for the principal."""
        if model not in self.cells:
            raise ConfigurationError(
                f"{self.label} is not available with neuron model {model}{self.no_others and f': {self.no_others}'}; "
                f"set neuron_model_type to one of: {', '.join(self.cells)}.", "neuron_model_type", model)
        wanted = FORMER_NAMES.get(preset, preset)
        chosen = next((cell for cell in self.principal_cells(model) if cell.preset == wanted), None)
        return {**self.cells[model], **({self.principal: chosen} if chosen else {})}

    def scaled_sizes(self, num_neurons: int) -> dict[str, int]:
        """The size of every population when there are `num_neurons` in all; none is empty."""
        if num_neurons < self.smallest:
            raise ConfigurationError(
                f"num_neurons is {num_neurons}, too few for the {len(self.sizes)} populations of {self.label}; take at "
                f"least {self.smallest}.", "num_neurons", num_neurons)
        full = sum(self.sizes.values())
        ends, total = [0], 0
        for size in self.sizes.values():
            total += size
            ends.append(round(total * num_neurons / full))
        return {name: b - a for name, a, b in zip(self.sizes, ends, ends[1:], strict=False)}


class Region:
    """Collects the populations and projections of one structure at the size that `core` asks for."""

    def __init__(self, structure: Structure, core: Any):
        self.core = core
        self.knobs = structure.knob_values(core.structure_parameters)
        self.sizes = structure.scaled_sizes(core.num_neurons)
        self.reference = structure.sizes
        self.scale = core.num_neurons / sum(structure.sizes.values())
        self.populations: list[Population] = []
        self.projections: list[Projection] = []
        self._native = next(iter(structure.cells.values()))
        self._cells = structure.cell_types(core.neuron_model_type.value, core.excitatory_preset)
        self._drive = structure.drive.get(core.neuron_model_type.value, 1.0)
        self._input_scale = structure.input_scale.get(core.neuron_model_type.value, {})
        self._index: dict[str, int] = {}

    @property
    def built(self) -> Built:
        return self.populations, self.projections

    def populate(self, name: str, low_um: Vector, high_um: Vector, excitatory: bool = True, *,
                 values: Mapping[str, float] | None = None, background_rate_Hz: float = 0.0,
                 background_weight: float = 0.0, current_pA: float = 0.0, **more: Any) -> None:
        """Add population `name`; `values`, weight and current are those of the native cell type."""
        cell = self._cells[name]
        model, preset = cell.resolved
        native = cell is self._native[name]
        drive, strength = 1.0 if native else self._drive, self.strength(name)
        start = self.populations[-1].stop if self.populations else 0
        self._index[name] = len(self.populations)
        self.populations.append(Population(
            name=name, start=start, stop=start + self.sizes[name], model=model.key, preset=preset.name,
            params=cell.parameters(values if native else None), excitatory=excitatory, trait=len(self.populations),
            low_um=low_um, high_um=high_um, background_rate_Hz=background_rate_Hz * drive,
            background_weight=background_weight * self.weight_factor(name, True), current_pA=current_pA * strength,
            **more))

    def project(self, pre: str, post: str, in_degree: float, weight: float, **more: Any) -> None:
        """Add a projection in which a cell of `post` has `in_degree` synapses from `pre` on average."""
        if in_degree <= 0.0 or weight <= 0.0:
            return
        factor = self.weight_factor(post, self.populations[self._index[pre]].excitatory)
        more = {**more, "weight_sd": factor * more.get("weight_sd", 0.0)}
        if more.get("rule") == "fixed_in_degree":
            self.projections.append(Projection(
                self._index[pre], self._index[post], weight=factor * weight, number=round(in_degree),
                multapses=in_degree > self.sizes[pre], **more))
            return
        probability = in_degree / self.sizes[pre]
        self.projections.append(Projection(
            self._index[pre], self._index[post], probability, factor * weight,
            multapses=more.pop("multapses", probability > 1.0), **more))

    def strength(self, post: str) -> float:
        """Factor of all currents into `post`: another cell type gets the same charge per capacitance, or its share."""
        native, cell = self._native[post], self._cells[post]
        return 1.0 if cell is native else (
            self._input_scale.get(post, 1.0) * cell.capacitance_pF / native.capacitance_pF)

    def takes_conductances(self, post: str) -> bool:
        """Whether cells of `post` have receptors though the native ones, whose weights are currents, have none."""
        return bool(self._cells[post].resolved[0].receptors) and not self._native[post].resolved[0].receptors

    def weight_factor(self, post: str, excitatory: bool) -> float:
        """Factor of all weights onto `post`; a current becomes the conductance that lets it flow at -60 mV."""
        return self.strength(post) / (DRIVING_MV[excitatory] if self.takes_conductances(post) else 1.0)

    def narrowed(self, edge_um: float, dimensions: int = 2) -> float:
        """An edge of the reference volume at this scale, when `dimensions` of its edges shrink alike."""
        return edge_um * self.scale ** (1.0 / dimensions)


def box(edges_um: Vector, centre_um: Vector = (0.0, 0.0, 0.0)) -> tuple[Vector, Vector]:
    """Low and high corner of a box."""
    (a, b, c), (x, y, z) = edges_um, centre_um
    return (x - a / 2.0, y - b / 2.0, z - c / 2.0), (x + a / 2.0, y + b / 2.0, z + c / 2.0)


# An axon that comes from elsewhere, with a place in space: it fires once for every spike of its Poisson input.
AFFERENT = CellType("LIF", "PD14", {"C": 1.0, "tau_m": 1.0, "tau_syn": 0.05, "t_ref": 1.0})
DRIVING_MV = {True: 60.0, False: 20.0}                   # of excitation and inhibition (reversal -80 mV) at -60 mV
AS_TOLD_HZ = (0.0, 1000.0)            # the rates of afferents
AFFERENT_WEIGHT_PA = 1e4             # one background spike takes it far above its threshold


def weight_for_psp(psp_mV: float, driving_mV: float, tau_syn_ms: float, C_pF: float, g_rest_nS: float) -> float:
    """The conductance (nS) whose exponential decay moves a passive cell at rest by `psp_mV` at its peak."""
    tau_m = C_pF / g_rest_nS
    time = ln(tau_m / tau_syn_ms) * tau_m * tau_syn_ms / (tau_m - tau_syn_ms)          # of the peak
    shape = tau_m * tau_syn_ms / (tau_m - tau_syn_ms) * (exp(-time / tau_m) - exp(-time / tau_syn_ms))
    return psp_mV * C_pF / (driving_mV * shape)


def factor_knob(name: str, label: str, meaning: str) -> Param:
    """A factor of some weights; 0 removes these synapses."""
    return Param(name, "", 1.0, 0.0, 5.0, label, meaning)
