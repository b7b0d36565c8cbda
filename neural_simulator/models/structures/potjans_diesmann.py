"""The cortical microcircuit of Potjans and Diesmann (2014, Cereb Cortex 24:785): 1 mm2 of early sensory cortex.

Numbers: INM-6/microcircuit-PD14-model, PyNEST/src/microcircuit/network_params.py and neuron/stimulus parameters
(population sizes, connection probabilities, external in-degrees, weights, delays, optimised initial potentials).
`num_neurons` chooses the scale: population sizes shrink, in-degrees stay, so rates stay close while correlations grow;
77,169 is full scale. Depths are schematic: layer thickness in proportion to the number of neurons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Population, Projection
from ...base.errors import ConfigurationError
from ...base.exact import ln
from ..neurons import neuron_model

NAMES = ("L2/3E", "L2/3I", "L4E", "L4I", "L5E", "L5I", "L6E", "L6I")
SIZES = (20683, 5834, 21915, 5479, 4850, 1065, 14395, 2948)
FULL_SCALE = sum(SIZES)
EXTERNAL_IN_DEGREE = (1600, 1500, 2100, 1900, 2000, 1900, 2900, 2100)
EXTERNAL_RATE_HZ = 8.0
WEIGHT_PA = 87.8085                      # a PSP of 0.15 mV
INHIBITION = 4.0                         # |g|
RELATIVE_SD = 0.1
DELAY_MS = (1.5, 0.75)                   # excitatory, inhibitory; standard deviation is half of it
INITIAL_V_MV = (-68.28, -63.16, -63.33, -63.45, -63.11, -61.66, -66.72, -61.43)
INITIAL_V_SD_MV = (5.36, 4.57, 4.74, 4.94, 4.94, 4.55, 5.46, 4.48)
# PROBABILITY[target][source]
PROBABILITY = (
    (0.1009, 0.1689, 0.0437, 0.0818, 0.0323, 0.0, 0.0076, 0.0),
    (0.1346, 0.1371, 0.0316, 0.0515, 0.0755, 0.0, 0.0042, 0.0),
    (0.0077, 0.0059, 0.0497, 0.135, 0.0067, 0.0003, 0.0453, 0.0),
    (0.0691, 0.0029, 0.0794, 0.1597, 0.0033, 0.0, 0.1057, 0.0),
    (0.1004, 0.0622, 0.0505, 0.0057, 0.0831, 0.3726, 0.0204, 0.0),
    (0.0548, 0.0269, 0.0257, 0.0022, 0.06, 0.3158, 0.0086, 0.0),
    (0.0156, 0.0066, 0.0211, 0.0166, 0.0572, 0.0197, 0.0396, 0.2252),
    (0.0364, 0.001, 0.0034, 0.0005, 0.0277, 0.008, 0.0658, 0.1443),
)
_SIDE_UM, _DEPTH_UM = 1000.0, 1500.0


def synapse_count(probability: float, n_pre: int, n_post: int) -> float:
    """Number of synapses, multapses included, that makes the probability of at least one per pair `probability`."""
    return ln(1.0 - probability) / ln(1.0 - 1.0 / (n_pre * n_post)) if probability > 0.0 else 0.0


def build(core: Any, kernel_mean: Callable) -> tuple[list[Population], list[Projection]]:
    """Populations and projections of the microcircuit at the scale that `core.num_neurons` asks for."""
    if core.neuron_model_type.value != "LIF":
        raise ConfigurationError(
            f"The Potjans-Diesmann microcircuit is a network of LIF neurons, not {core.neuron_model_type.value}; set "
            "neuron_model_type to LIF.", "neuron_model_type", core.neuron_model_type.value)
    sizes = scaled_sizes(core.num_neurons)
    return _populations(sizes), _projections(sizes)


def scaled_sizes(num_neurons: int) -> list[int]:
    """Population sizes at this scale; they add up to `num_neurons`."""
    ends, total = [0], 0
    for size in SIZES:
        total += size
        ends.append(round(total * num_neurons / FULL_SCALE))
    sizes = [b - a for a, b in zip(ends, ends[1:], strict=False)]
    if min(sizes) < 1:
        raise ConfigurationError(
            f"num_neurons is {num_neurons}, too few for all eight populations of the Potjans-Diesmann microcircuit; "
            f"take at least 100 (full scale: {FULL_SCALE:,}).", "num_neurons", num_neurons)
    return sizes


def _populations(sizes: list[int]) -> list[Population]:
    model = neuron_model("LIF")
    params = model.values("PD14")
    populations, start, top = [], 0, _DEPTH_UM / 2.0
    for index, name in enumerate(NAMES):
        layer = index // 2
        thickness = _DEPTH_UM * (SIZES[2 * layer] + SIZES[2 * layer + 1]) / FULL_SCALE
        half = _SIDE_UM / 2.0
        populations.append(Population(
            name=name, start=start, stop=start + sizes[index], model="LIF", preset="PD14", params=params,
            excitatory=index % 2 == 0, trait=index, low_um=(-half, top - thickness, -half), high_um=(half, top, half),
            background_rate_Hz=EXTERNAL_IN_DEGREE[index] * EXTERNAL_RATE_HZ, background_weight=WEIGHT_PA,
            initial_v_mV=INITIAL_V_MV[index], initial_v_sd_mV=INITIAL_V_SD_MV[index]))
        start += sizes[index]
        top -= thickness * (index % 2)
    return populations


def _projections(sizes: list[int]) -> list[Projection]:
    projections = []
    for post, row in enumerate(PROBABILITY):
        for pre, probability in enumerate(row):
            if probability == 0.0:
                continue
            in_degree = synapse_count(probability, SIZES[pre], SIZES[post]) / SIZES[post]
            inhibitory = pre % 2
            weight = WEIGHT_PA * (INHIBITION if inhibitory else 1.0)
            doubled = 2.0 if (pre, post) == (2, 0) else 1.0                  # L4E -> L2/3E
            delay = DELAY_MS[inhibitory]
            projections.append(Projection(
                pre, post, in_degree / sizes[pre], weight * doubled, weight * doubled * RELATIVE_SD,
                delay_ms=delay, delay_sd_ms=delay / 2.0, multapses=True))
    return projections
