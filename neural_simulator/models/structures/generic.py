"""The generic network: one population per trait, all in one cube, wired by distance, by degree or as a small world."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...base.declarations import Population, Projection
from ...base.errors import ConfigurationError
from ..neurons import cell_type, neuron_model
from .region import Structure

# The configuration's own cell types; a model that does not know them takes its own.
_UNNAMED = ("RS", "FS")
_BY_DISTANCE = ("pairwise", "fixed_in_degree", "fixed_out_degree")


def build(core: Any, kernel_mean: Callable) -> tuple[list[Population], list[Projection]]:
    """Populations and projections of the generic network that `core` describes."""
    for one in core.trait_cells:
        if one.trait >= core.num_traits:
            raise ConfigurationError(f"trait_cells names trait {one.trait}, but the network has traits 0 to "
                                     f"{core.num_traits - 1}; name one of them.", "trait_cells", one.trait)
    populations = [_population(core, trait) for trait in range(core.num_traits)]
    populations = [p for p in populations if p.size > 0]
    for name in ("nmda_share", "gaba_b_share"):
        if getattr(core, name) > 0.0 and not any(neuron_model(p.model).receptors for p in populations):
            raise ConfigurationError(
                f"{name} is {getattr(core, name):g}, but cells that take currents have no receptors; set it to 0, or "
                "choose a model with conductances.", name, getattr(core, name))
    return populations, _projections(core, populations, kernel_mean)


def _population(core: Any, trait: int) -> Population:
    inhibitory = trait in core.inhibitory_trait_indices
    own = _own_cells(core, trait)
    chosen = neuron_model((own.model if own else core.neuron_model_type).value)
    name, custom = ((core.inhibitory_preset, core.inhibitory_parameters) if inhibitory else
                    (core.excitatory_preset, core.excitatory_parameters))
    if own:
        name, custom = own.preset or chosen.default_preset(not inhibitory), own.parameters
    if name in _UNNAMED and not chosen.has_preset(name):
        name = chosen.default_preset(not inhibitory)
    model, preset = cell_type(chosen.key, name)
    half = core.volume_edge_um / 2.0
    n, k = core.num_neurons, core.num_traits
    return Population(
        name=f"{'Inhibitory' if inhibitory else 'Excitatory'} {trait} ({name})",
        start=trait * n // k, stop=(trait + 1) * n // k, model=model.key, preset=preset.name,
        params=model.values(preset.name, custom), excitatory=not inhibitory, trait=trait,
        low_um=(-half, -half, -half), high_um=(half, half, half),
        background_rate_Hz=_own_value(core, trait, "background_rate_Hz", "background_rate_Hz"),
        background_weight=_own_value(core, trait, "background_weight", "background_weight_nS"),
        current_pA=core.external_current_pA)


def _own_cells(core: Any, trait: int) -> Any:
    """The cells that a trait has of its own, or None."""
    return next((one for one in core.trait_cells if one.trait == trait), None)


def _own_value(core: Any, trait: int, name: str, field: str) -> float:
    """A weight or rate for the neurons of a trait, in the unit of their model; `field` is the configuration's."""
    own = _own_cells(core, trait)
    if own is None:
        return getattr(core, field)
    if getattr(own, name) is not None:
        return getattr(own, name)
    model = neuron_model(own.model.value)
    if model.port_unit == neuron_model(core.neuron_model_type.value).port_unit:
        return getattr(core, field)
    return model.network_defaults.get(field, type(core).model_fields[field].default)


def _projections(core: Any, populations: list[Population], kernel_mean: Callable) -> list[Projection]:
    if core.enable_watts_strogatz:
        return _small_world(core, populations)
    if core.connections_per_neuron == 0 and core.connection_rule != "all_to_all":
        return []
    others = core.num_neurons - (not core.allow_autapses)
    if core.connections_per_neuron > others and not core.allow_multapses and core.connection_rule != "all_to_all":
        raise ConfigurationError(
            f"connections_per_neuron is {core.connections_per_neuron}, but a network of {core.num_neurons} neurons "
            f"has only {others} {'' if core.allow_autapses else 'other '}neurons to connect to; take fewer "
            "connections, more neurons, or allow_multapses.", "connections_per_neuron", core.connections_per_neuron)
    kernel = core.connection_kernel if core.connection_rule in _BY_DISTANCE else "uniform"
    length = core.connection_length_um if kernel != "uniform" else math.inf
    common = {"rule": core.connection_rule, "length_um": length, "kernel": kernel, "autapses": core.allow_autapses,
              "multapses": core.allow_multapses and core.connection_rule != "all_to_all"}
    box = populations[0]
    mean = kernel_mean(box.low_um, box.high_um, box.low_um, box.high_um, length, kernel, (1.0, 1.0, 1.0), _period(core))
    probability = core.connections_per_neuron / (others * mean) if core.connection_rule == "pairwise" else 1.0
    numbers = _numbers(core, populations)
    return [Projection(pre, post, probability, number=numbers[pre][post], **common, **_synapses(core, source, target))
            for pre, source in enumerate(populations) for post, target in enumerate(populations)]


def _numbers(core: Any, populations: list[Population]) -> list[list[int]]:
    """The `number` of the projection from each population to each: shares of what a neuron, or all of them, have."""
    k, n = core.connections_per_neuron, len(populations)
    partners = [[float(post.size - (pre is post and not core.allow_autapses)) for post in populations]
                for pre in populations]                        # of one neuron of `pre`
    if core.connection_rule == "fixed_out_degree":
        return [apportion(k, row) for row in partners]
    if core.connection_rule == "fixed_in_degree":
        columns = [apportion(k, row) for row in partners]      # partners are mutual
        return [[columns[post][pre] for post in range(n)] for pre in range(n)]
    if core.connection_rule == "fixed_total":
        flat = apportion(k * core.num_neurons, [populations[pre].size * p for pre in range(n) for p in partners[pre]])
        return [flat[pre * n:(pre + 1) * n] for pre in range(n)]
    return [[0] * n for _ in range(n)]


def apportion(total: int, shares: list[float]) -> list[int]:
    """Whole numbers in proportion to `shares` that add up to `total`; the largest remainders are rounded up."""
    whole = sum(shares)
    exact = [total * share / whole if whole else 0.0 for share in shares]
    counts = [int(value) for value in exact]
    order = sorted(range(len(shares)), key=lambda i: counts[i] - exact[i])
    for i in order[:total - sum(counts)] if whole else ():
        counts[i] += 1
    return counts


def _small_world(core: Any, populations: list[Population]) -> list[Projection]:
    """One ring of all neurons, its traits mixed evenly."""
    if core.connectivity_k > core.num_neurons - 1:
        raise ConfigurationError(
            f"connectivity_k is {core.connectivity_k}, but a ring of {core.num_neurons} neurons has only "
            f"{core.num_neurons - 1} others on it; take fewer neighbours or more neurons.", "connectivity_k",
            core.connectivity_k)
    if core.connectivity_k == 0:
        return []
    if core.trait_cells:
        raise ConfigurationError("A small world has the same synapses everywhere, so trait_cells cannot be used with "
                                 "it; choose another wiring.", "trait_cells")
    return [Projection(pre, 0, rule="small_world", number=core.connectivity_k, rewiring=core.connectivity_p_rewire,
                       post_last=len(populations) - 1, **_synapses(core, source, source))
            for pre, source in enumerate(populations)]


def _synapses(core: Any, source: Population, target: Population) -> dict[str, Any]:
    """How strong and how late the synapses of a population onto another one are."""
    kind = "excitatory" if source.excitatory else "inhibitory"
    weight = _own_value(core, target.trait, f"{kind}_weight", f"{kind}_weight_nS")
    law = core.weight_law if weight > 0.0 else "normal"
    return {"weight": weight, "weight_sd": weight * core.weight_cv, "weight_law": law,
            "delay_ms": core.synaptic_latency_ms, "delay_sd_ms": core.delay_sd_ms,
            "velocity_um_per_ms": core.conduction_velocity_um_per_ms, "period_um": _period(core),
            "receptors": _receptors(core, source.excitatory) if neuron_model(target.model).receptors else None}


def _period(core: Any) -> tuple[float, float, float]:
    return (core.volume_edge_um if core.periodic_volume else 0.0,) * 3


def _receptors(core: Any, excitatory: bool) -> dict[str, float] | None:
    """What the synapses of the generic network open; None: the usual receptor alone."""
    usual, slow, share = (("AMPA", "NMDA", core.nmda_share) if excitatory else
                          ("GABA_A", "GABA_B", core.gaba_b_share))
    return {usual: 1.0, slow: share} if share > 0.0 else None


GENERIC = Structure(
    key="GENERIC_UNSTRUCTURED",
    label="Generic unstructured network",
    claim="Traits of equal size in a cube, wired at random with a probability that falls with distance.",
    source="tuned here",
    build=build,
    reads=("num_neurons", "connections_per_neuron", "num_traits", "inhibitory_trait_indices", "excitatory_preset",
           "inhibitory_preset", "excitatory_parameters", "inhibitory_parameters", "volume_edge_um",
           "connection_length_um", "connection_rule", "connection_kernel", "periodic_volume", "allow_autapses",
           "allow_multapses", "delay_sd_ms", "enable_watts_strogatz", "connectivity_k", "connectivity_p_rewire",
           "weight_law", "conduction_velocity_um_per_ms", "synaptic_latency_ms", "excitatory_weight_nS",
           "inhibitory_weight_nS", "weight_cv", "nmda_share", "trait_cells", "gaba_b_share", "background_rate_Hz",
           "background_weight_nS", "external_current_pA"),
)
