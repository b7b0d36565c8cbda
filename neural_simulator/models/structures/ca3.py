"""Hippocampal CA3: recurrent pyramidal cells that burst together, with a ripple in their basket cells.

Cells, connection probabilities (0.1 and 0.25), basket cell weights, kinetics and delays: Ecker et al. 2022, eLife
11:e71850 (KaliLab/ca3net, scripts/spw_network.py): a slice of 8,000 pyramidal and 150 basket cells, so 800 pyramidal
and 37.5 basket cells reach each cell. Here a quarter of the pyramidal cells and 100 basket cells keep these
in-degrees.

Changed here: the source learns its recurrent weights from sequences of place cells; here a place field is the cell's
place along the sheet, and the probability of a connection falls with distance as its learned weights do, to 1/e over
a twentieth of the sheet. So a sharp wave runs along the sheet. Tuned here, by measurement: the recurrent weight and the
mossy fibres' (which share the recurrent synapses' receptor); and, so that in a sharp wave pyramidal cells fire at about
4 Hz and basket cells at 65 Hz as in the source, the weights between them. With the published ones (0.85 nS to basket
cells, 0.65 nS back) this unlearned network finds its balance at 8 and 207 Hz; a weaker way there and a stronger way
back (0.51 and 1.95 nS) move it to the published rates, and with them the ripple and the effect of weaker recurrent
weights.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from .region import Built, CellType, Region, Structure, box, factor_knob

_PYRAMIDAL_RECEPTORS = {"tau_ampa_ms": 9.5, "tau_rise_ampa_ms": 1.3, "tau_gaba_a_ms": 3.3, "tau_rise_gaba_a_ms": 0.3,
                        "e_gaba_a_mV": -70.0}
_BASKET_RECEPTORS = {"tau_ampa_ms": 4.1, "tau_rise_ampa_ms": 1.0, "tau_gaba_a_ms": 1.2, "tau_rise_gaba_a_ms": 0.25,
                     "e_gaba_a_mV": -70.0}
_LENGTH = 0.05                       # of the sheet, over which connections become rare
_ALONG = (1.0, math.inf, math.inf)   # only the place along the sheet counts


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections: one bent sheet in which both kinds of cells are mixed."""
    region = Region(CA3, core)
    knobs = region.knobs
    length = region.narrowed(1200.0, 1)
    sheet, bend = box((length, 60.0, 100.0)), -0.35 * length
    region.populate("Pyramidal", *sheet, bend_um=bend, settings=_PYRAMIDAL_RECEPTORS, initial_v_sd_mV=3.0,
                    background_rate_Hz=knobs["mossy_rate_Hz"], background_weight=10.2)
    region.populate("PV basket", *sheet, False, bend_um=bend, settings=_BASKET_RECEPTORS, initial_v_sd_mV=3.0)
    mean = kernel_mean(*sheet, *sheet, _LENGTH * length, "exponential", _ALONG)
    region.project("Pyramidal", "Pyramidal", 800 / mean, 0.38 * knobs["recurrent_weight"], delay_ms=2.2,
                   length_um=_LENGTH * length, stretch=_ALONG)
    output = knobs["basket_output"]
    region.project("Pyramidal", "PV basket", 800, 0.51, delay_ms=0.9)
    region.project("PV basket", "Pyramidal", 37.5, 1.95 * output, delay_ms=1.1)
    region.project("PV basket", "PV basket", 37.5, 5.0 * output, delay_ms=0.6)
    return region.built


_PYRAMIDAL = CellType("ADEX", "TONIC", {
    "C": 180.1, "g_L": 4.315, "E_L": -75.19, "V_T": -24.43, "Delta_T": 4.23, "V_r": -29.74, "t_ref": 5.96, "a": -0.274,
    "b": 206.8, "tau_w": 84.9, "V_peak": -3.28}, "Ecker et al. 2022")
_BASKET = CellType("ADEX", "TONIC", {
    "C": 118.5, "g_L": 7.515, "E_L": -74.74, "V_T": -57.71, "Delta_T": 4.58, "V_r": -64.99, "t_ref": 1.16, "a": 3.056,
    "b": 0.916, "tau_w": 178.6, "V_peak": -34.81}, "Ecker et al. 2022")

CA3 = Structure(
    key="HIPPOCAMPUS_CA3_RECURRENT",
    label="Hippocampus CA3",
    claim="Recurrent pyramidal cells: silence, then sharp waves of some 100 ms that run along the sheet, with a ripple "
          "in the basket cells.",
    source="Ecker et al. 2022, eLife 11:e71850",
    build=build,
    sizes={"Pyramidal": 2000, "PV basket": 100},
    smallest=420,
    cells={
        "ADEX": {"Pyramidal": _PYRAMIDAL, "PV basket": _BASKET},
        "HODGKIN_HUXLEY": {"Pyramidal": CellType("HODGKIN_HUXLEY", "CA3"),
                           "PV basket": CellType("HODGKIN_HUXLEY", "FS_HIPPOCAMPAL")},
    },
    input_scale={"HODGKIN_HUXLEY": {"PV basket": 1.7}},
    defaults={"num_neurons": 2100, "dt_ms": 0.1},
    rate_bands_Hz={"Pyramidal": (0.05, 20.0), "PV basket": (1.0, 200.0)},
    max_synchrony=0.95,                  # sharp waves
    look_ms=2000.0,
    knobs=(
        Param("mossy_rate_Hz", "Hz", 15.0, 0.0, 500.0, "Mossy fibre spikes",
              "Rate of the independent Poisson input of every pyramidal cell."),
        factor_knob("recurrent_weight", "Recurrent weight",
                    "Factor of the pyramidal cells' weights onto each other; with 0.8 there are no sharp waves."),
        factor_knob("basket_output", "Basket cell output",
                    "Factor of the weights of all synapses that basket cells make; 0 removes inhibition."),
    ),
    reads=("num_neurons", "e_ampa_mV"),
)
