"""Neocortex, layer 2/3 of one barrel column: regular spiking pyramidal, fast spiking and other inhibitory cells.

Connection probabilities and unitary potentials (mean and median): Avermann, Tomm, Mateo, Gerstner and Petersen 2012,
J Neurophysiol 107:3116, table 2 (excitatory, fast spiking, non-fast-spiking GABAergic). Cell numbers, 1,700, 70 and
160 of a column, as in public model code that uses these data. Cells: Izhikevich 2007. Delays: excitatory 1.5 +- 0.75
ms, inhibitory 0.75 +- 0.375 ms, Potjans and Diesmann 2014, table 5.

Set here: a weight is the conductance that gives a passive cell its unitary potential (driving force 60 mV where the
synapse excites, 20 mV where it inhibits), halved, since at full strength the slice's synapses lock the column into
common bursts; AMPA 2 ms, GABA-A 10 ms; Poisson input of 3 mV, whose rate is tuned so that the pyramidal cells fire at
1 to 2 Hz. The slab is 300 um thick.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from .region import Built, CellType, Region, Structure, box, factor_knob, weight_for_psp

NAMES = ("Pyramidal", "Fast spiking", "Other inhibitory")
# [source][target]: probability, mean and median of the unitary potential in mV.
CONNECTED = {
    "Pyramidal": ((0.168, 0.37, 0.20), (0.575, 0.82, 0.68), (0.244, 0.39, 0.19)),
    "Fast spiking": ((0.600, 0.52, 0.29), (0.550, 0.56, 0.44), (0.241, 0.83, 0.60)),
    "Other inhibitory": ((0.465, 0.49, 0.30), (0.379, 0.37, 0.23), (0.381, 0.49, 0.15)),
}
_REST_NS = {"Pyramidal": 14.0, "Fast spiking": 15.0, "Other inhibitory": 22.0}       # k (v_t - v_r) + b of each cell
_TAU_MS, _DRIVING_MV = {True: 2.0, False: 10.0}, {True: 60.0, False: 20.0}
_DELAY_MS = {True: 1.5, False: 0.75}
_IN_VIVO = 0.5


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections of one column's layer 2/3, all cells mixed in one slab."""
    region = Region(CORTEX_L23, core)
    knobs = region.knobs
    edge = region.narrowed(260.0)

    def weight(psp_mV: float, post: str, excitatory: bool) -> float:
        cell = CORTEX_L23.cells["IZHIKEVICH"][post]
        return weight_for_psp(psp_mV, _DRIVING_MV[excitatory], _TAU_MS[excitatory], cell.capacitance_pF, _REST_NS[post])

    for name in NAMES:
        region.populate(name, *box((edge, 300.0, edge)), name == "Pyramidal", initial_v_sd_mV=4.0,
                        settings={"tau_ampa_ms": 2.0, "tau_gaba_a_ms": 10.0, "e_gaba_a_mV": -75.0},
                        background_rate_Hz=knobs["afferent_rate_Hz"], background_weight=weight(3.0, name, True))
    for pre, row in CONNECTED.items():
        excitatory = pre == "Pyramidal"
        output = knobs["fast_spiking_output"] if pre == "Fast spiking" else 1.0
        for post, (probability, mean, median) in zip(NAMES, row, strict=True):
            w = output * _IN_VIVO * weight(mean, post, excitatory)
            spread = ((mean / median) ** 2 - 1.0) ** 0.5                # of a lognormal law with this mean and median
            delay = _DELAY_MS[excitatory]
            region.project(pre, post, probability * CORTEX_L23.sizes[pre], w, weight_sd=spread * w,
                           weight_law="lognormal", delay_ms=delay, delay_sd_ms=delay / 2.0)
    return region.built


CORTEX_L23 = Structure(
    key="CORTEX_L23_RS_FS",
    label="Neocortex layer 2/3 (RS / FS)",
    claim="Pyramidal cells that fire seldom and irregularly, held by fast spiking cells that fire at every level of "
          "input many times as much.",
    source="Avermann et al. 2012, J Neurophysiol 107:3116; Izhikevich 2007",
    build=build,
    sizes={"Pyramidal": 1700, "Fast spiking": 70, "Other inhibitory": 160},
    smallest=200,
    cells={
        "IZHIKEVICH": {"Pyramidal": CellType("IZHIKEVICH", "RS"), "Fast spiking": CellType("IZHIKEVICH", "FS"),
                       "Other inhibitory": CellType("IZHIKEVICH", "LTS")},
        "HODGKIN_HUXLEY": {"Pyramidal": CellType("HODGKIN_HUXLEY", "RS"),
                           "Fast spiking": CellType("HODGKIN_HUXLEY", "FS"),
                           "Other inhibitory": CellType("HODGKIN_HUXLEY", "LTS")},
        "ADEX": {"Pyramidal": CellType("ADEX", "RS"), "Fast spiking": CellType("ADEX", "FS"),
                 "Other inhibitory": CellType("ADEX", "ADAPTING")},
    },
    fitting={"HODGKIN_HUXLEY": (CellType("HODGKIN_HUXLEY", "IB"),)},
    drive={"HODGKIN_HUXLEY": 5.0, "ADEX": 3.0},
    defaults={"num_neurons": 1930, "dt_ms": 0.25},
    rate_bands_Hz={"Pyramidal": (0.1, 10.0), "Fast spiking": (0.5, 60.0), "Other inhibitory": (0.1, 60.0)},
    knobs=(
        Param("afferent_rate_Hz", "Hz", 120.0, 0.0, 5000.0, "Afferent spikes",
              "Rate of the independent Poisson input (3 mV each) of every cell."),
        factor_knob("fast_spiking_output", "Fast spiking output",
                    "Factor of the weights of all synapses that fast spiking cells make; 0 silences them."),
    ),
    reads=("num_neurons", "excitatory_preset", "e_ampa_mV"),
)
