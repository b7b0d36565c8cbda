"""The generic network: one population per trait, all in one cube, wired by distance alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Population, Projection
from ...base.errors import ConfigurationError
from ..neurons import cell_type, neuron_model
from .region import Structure

# The configuration's own cell types; a model that does not know them takes its own.
_UNNAMED = ("RS", "FS")


def build(core: Any, kernel_mean: Callable) -> tuple[list[Population], list[Projection]]:
    """Populations and projections of the generic network that `core` describes."""
    populations = [_population(core, trait) for trait in range(core.num_traits)]
    populations = [p for p in populations if p.size > 0]
    return populations, _projections(core, populations, kernel_mean)


def _population(core: Any, trait: int) -> Population:
    inhibitory = trait in core.inhibitory_trait_indices
    chosen = neuron_model(core.neuron_model_type.value)
    name, custom = ((core.inhibitory_preset, core.inhibitory_parameters) if inhibitory else
                      (core.excitatory_preset, core.excitatory_parameters))
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
        background_rate_Hz=core.background_rate_Hz, background_weight=core.background_weight_nS,
        current_pA=core.external_current_pA)


def _projections(core: Any, populations: list[Population], kernel_mean: Callable) -> list[Projection]:
    if core.connections_per_neuron == 0:
        return []
    if core.connections_per_neuron > core.num_neurons - 1:
        raise ConfigurationError(
            f"connections_per_neuron is {core.connections_per_neuron}, but a network of {core.num_neurons} neurons "
            f"has only {core.num_neurons - 1} other neurons to connect to; take fewer connections or more neurons.",
            "connections_per_neuron", core.connections_per_neuron)
    box = populations[0]
    mean = kernel_mean(box.low_um, box.high_um, box.low_um, box.high_um, core.connection_length_um)
    probability = core.connections_per_neuron / ((core.num_neurons - 1) * mean)
    projections = []
    for pre, source in enumerate(populations):
        weight = core.excitatory_weight_nS if source.excitatory else core.inhibitory_weight_nS
        receptors = _receptors(core, source.excitatory)
        projections += [
            Projection(pre, post, probability, weight, weight * core.weight_cv, core.connection_length_um,
                       core.synaptic_latency_ms, 0.0, core.conduction_velocity_um_per_ms, receptors=receptors)
            for post in range(len(populations))]
    return projections


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
           "connection_length_um", "conduction_velocity_um_per_ms", "synaptic_latency_ms", "excitatory_weight_nS",
           "inhibitory_weight_nS", "weight_cv", "nmda_share", "gaba_b_share", "background_rate_Hz",
           "background_weight_nS", "external_current_pA"),
)
