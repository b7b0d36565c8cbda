"""The cortical microcircuit of Potjans and Diesmann (2014, Cereb Cortex 24:785): 1 mm2 of early sensory cortex.

Numbers: INM-6/microcircuit-PD14-model, PyNEST/src/microcircuit/network_params.py and neuron/stimulus parameters
(population sizes, connection probabilities, external in-degrees, weights, delays, optimised initial potentials).
`num_neurons` chooses the scale; 77,169 is full. A smaller model keeps a share of the in-degrees too, with weights and
a current that compensate: van Albada, Helias and Diesmann 2015, PLoS Comput Biol 11:e1004490; as in the file's helpers
(weights / sqrt(share), and the lost mean as a direct current, from the rates of the full model). Depths are schematic:
layer thickness in proportion to the number of neurons.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from ...base.exact import ln
from .region import Built, CellType, Region, Structure, box

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
TAU_SYN_MS = 0.5
RATE_HZ = (0.903, 2.965, 4.414, 5.876, 7.569, 8.633, 1.105, 7.829)      # of the full model, full_mean_rates
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


def in_degree(pre: int, post: int) -> float:
    """Mean number of synapses from population `pre` on a cell of population `post` of the full model."""
    return synapse_count(PROBABILITY[post][pre], SIZES[pre], SIZES[post]) / SIZES[post]


def weight_pA(pre: int, post: int) -> float:
    """Mean weight, without its sign, of a synapse in the full model; L4E -> L2/3E is twice as strong."""
    return WEIGHT_PA * (INHIBITION if pre % 2 else 1.0) * (2.0 if (pre, post) == (2, 0) else 1.0)


def in_degree_share(scale: float, chosen: float) -> float:
    """Share of the full in-degrees that a model of this scale has: `chosen`, or, where that is 0, scale but 0.1."""
    return chosen or min(1.0, max(scale, 0.1))


def lost_mean_pA(post: int, share: float) -> float:
    """The current that replaces what weights / sqrt(share) and in-degrees x share take from a cell's mean input."""
    mean = sum((-1.0 if pre % 2 else 1.0) * weight_pA(pre, post) * in_degree(pre, post) * rate
               for pre, rate in enumerate(RATE_HZ))
    mean += WEIGHT_PA * EXTERNAL_IN_DEGREE[post] * EXTERNAL_RATE_HZ
    return 0.001 * TAU_SYN_MS * (1.0 - share ** 0.5) * mean


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections of the microcircuit at the scale that `core.num_neurons` asks for."""
    region = Region(MICROCIRCUIT, core)
    share = in_degree_share(region.scale, region.knobs["in_degree_share"])
    stronger = share ** -0.5
    side, top = region.narrowed(_SIDE_UM), _DEPTH_UM / 2.0
    for index, name in enumerate(NAMES):
        layer = index // 2
        thickness = _DEPTH_UM * (SIZES[2 * layer] + SIZES[2 * layer + 1]) / FULL_SCALE
        region.populate(
            name, *box((side, thickness, side), (0.0, top - 0.5 * thickness, 0.0)), index % 2 == 0,
            background_rate_Hz=share * EXTERNAL_IN_DEGREE[index] * EXTERNAL_RATE_HZ,
            background_weight=stronger * WEIGHT_PA,
            current_pA=lost_mean_pA(index, share) * region.knobs["compensation"],
            initial_v_mV=INITIAL_V_MV[index], initial_v_sd_mV=INITIAL_V_SD_MV[index])
        top -= thickness * (index % 2)
    for post, post_name in enumerate(NAMES):
        for pre, pre_name in enumerate(NAMES):
            weight, delay = stronger * weight_pA(pre, post), DELAY_MS[pre % 2]
            region.project(pre_name, post_name, share * in_degree(pre, post), weight, weight_sd=RELATIVE_SD * weight,
                           delay_ms=delay, delay_sd_ms=delay / 2.0, multapses=True)
    return region.built


_CELL = CellType("LIF", "PD14")

MICROCIRCUIT = Structure(
    key="POTJANS_DIESMANN_2014",
    label="Cortical microcircuit (Potjans-Diesmann)",
    claim="The 77,169 neurons and 299 million synapses under 1 mm2 of cortex, at full scale or smaller.",
    build=build,
    source="Potjans and Diesmann 2014, Cereb Cortex 24:785",
    sizes=dict(zip(NAMES, SIZES, strict=True)),
    smallest=100,
    cells={"LIF": dict.fromkeys(NAMES, _CELL)},
    no_others="weights, drive and rates are those of leaky integrators with synaptic currents; layer 4 offers others",
    defaults={"num_neurons": 3858, "dt_ms": 0.1},
    knobs=(
        Param("in_degree_share", "", 0.0, 0.0, 1.0, "In-degree share",
              "Share of the full in-degrees; weights grow by its root. 0 chooses it: the scale, but at least 0.1."),
        Param("compensation", "", 1.0, 0.0, 1.0, "Compensation",
              "Share of the direct current that makes up for the lost in-degrees; without it rates are wrong."),
    ),
)
