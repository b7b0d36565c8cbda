"""Neocortex, layer 4, with its thalamic input: one layer of the Potjans-Diesmann microcircuit.

Numbers as in `potjans_diesmann` (Potjans and Diesmann 2014, Cereb Cortex 24:785), thalamic relay cells included: 902,
connected with probability 0.0983 to excitatory and 0.0619 to inhibitory cells (stimulus_params.py). What layer 4
receives from the other layers is replaced here by its mean: Poisson spikes at their rates in the full model where it
is excitatory, a direct current where it is inhibitory. The slab's thickness is schematic.

With conductance-based cells a weight is the conductance through which the published current flows at -60 mV, in
proportion to the cell's capacitance and to a factor (`input_scale`) that is tuned here, by measurement, so that the
layer fires irregularly at 2 to 8 Hz.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from . import potjans_diesmann as column
from .region import AFFERENT, AFFERENT_WEIGHT_PA, Built, CellType, Region, Structure, box, factor_knob

_LAYER = {"Excitatory": 2, "Inhibitory": 3}                      # their places among the microcircuit's populations
_THALAMIC = {"Excitatory": 0.0983, "Inhibitory": 0.0619}
_RELAY_CELLS = 902
_RECEPTORS = {"tau_ampa_ms": column.TAU_SYN_MS, "tau_gaba_a_ms": column.TAU_SYN_MS, "e_gaba_a_mV": -80.0}


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections: the layer as a slab, the thalamic sheet below it."""
    region = Region(CORTEX_L4, core)
    knobs = region.knobs
    share = column.in_degree_share(region.scale, 0.0)
    stronger, side = share ** -0.5, region.narrowed(1000.0)
    for name, index in _LAYER.items():
        events_Hz, current_pA = elsewhere(index)
        events_Hz += column.EXTERNAL_IN_DEGREE[index] * column.EXTERNAL_RATE_HZ
        region.populate(
            name, *box((side, 250.0, side)), name == "Excitatory", background_rate_Hz=share * events_Hz,
            background_weight=stronger * column.WEIGHT_PA,
            current_pA=column.lost_mean_pA(index, share) + current_pA * share ** 0.5,
            initial_v_mV=column.INITIAL_V_MV[index], initial_v_sd_mV=column.INITIAL_V_SD_MV[index],
            settings=_RECEPTORS if region.takes_conductances(name) else {})
    region.populate("Thalamus", *box((side, 40.0, side), (0.0, -300.0, 0.0)),
                    background_rate_Hz=knobs["thalamic_rate_Hz"], background_weight=AFFERENT_WEIGHT_PA)
    for post_name, post in _LAYER.items():
        for pre_name, pre in _LAYER.items():
            _project(region, pre_name, post_name, share * column.in_degree(pre, post),
                     stronger * column.weight_pA(pre, post), column.DELAY_MS[pre % 2])
        count = column.synapse_count(_THALAMIC[post_name], _RELAY_CELLS, column.SIZES[post])
        cut = knobs["thalamic_inhibition"] if post_name == "Inhibitory" else 1.0
        _project(region, "Thalamus", post_name, share * count / column.SIZES[post], cut * stronger * column.WEIGHT_PA,
                 column.DELAY_MS[0])
    return region.built


def _project(region: Region, pre: str, post: str, in_degree: float, weight: float, delay_ms: float) -> None:
    region.project(pre, post, in_degree, weight, weight_sd=column.RELATIVE_SD * weight, delay_ms=delay_ms,
                   delay_sd_ms=delay_ms / 2.0, multapses=True)


def elsewhere(post: int) -> tuple[float, float]:
    """What a cell gets from the other layers: excitatory spikes per second, and inhibitory mean current (pA)."""
    others = [pre for pre in range(len(column.NAMES)) if pre not in _LAYER.values()]
    excitatory = sum(column.in_degree(pre, post) * column.RATE_HZ[pre] for pre in others if pre % 2 == 0)
    inhibitory = sum(column.in_degree(pre, post) * column.RATE_HZ[pre] * column.weight_pA(pre, post)
                     for pre in others if pre % 2)
    return excitatory, -0.001 * column.TAU_SYN_MS * inhibitory


_CELL = CellType("LIF", "PD14")
_PULSES = {"kind": "poisson", "name": "Thalamic pulses", "populations": ("Thalamus",), "rate_Hz": 120.0,
           "weight_nS": AFFERENT_WEIGHT_PA, "start_ms": 700.0, "period_ms": 500.0, "width_ms": 10.0}

CORTEX_L4 = Structure(
    key="CORTEX_L4_INPUT_LAYER",
    label="Neocortex layer 4 with thalamic input",
    claim="The input layer of a cortical column, irregular at 3 to 6 Hz: a pulse from the thalamus makes it fire for "
          "10 ms, before inhibition ends the response.",
    source="Potjans and Diesmann 2014, Cereb Cortex 24:785",
    build=build,
    sizes={"Excitatory": 21_915, "Inhibitory": 5_479, "Thalamus": _RELAY_CELLS},
    smallest=290,
    cells={
        "LIF": {"Excitatory": _CELL, "Inhibitory": _CELL, "Thalamus": AFFERENT},
        **{model: {"Excitatory": CellType(model, "RS"), "Inhibitory": CellType(model, "FS"), "Thalamus": AFFERENT}
           for model in ("IZHIKEVICH", "HODGKIN_HUXLEY", "ADEX")},
    },
    drive={"IZHIKEVICH": 1.2},
    input_scale={"IZHIKEVICH": {"Excitatory": 0.8, "Inhibitory": 2.3},
                 "HODGKIN_HUXLEY": {"Excitatory": 2.2, "Inhibitory": 2.4},
                 "ADEX": {"Excitatory": 1.65, "Inhibitory": 1.2}},
    defaults={"num_neurons": 2830, "dt_ms": 0.1, "stimuli": (_PULSES,)},
    knobs=(
        Param("thalamic_rate_Hz", "Hz", 2.0, 0.0, 200.0, "Thalamic rate", "Rate of each thalamic axon."),
        factor_knob("thalamic_inhibition", "Feed-forward inhibition",
                    "Factor of the thalamic weights onto inhibitory cells; 0 cuts feed-forward inhibition."),
    ),
)
