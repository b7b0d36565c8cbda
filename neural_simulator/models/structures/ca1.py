"""Hippocampal CA1: pyramidal and parvalbumin basket cells that make theta by themselves.

Cells, numbers, connection probabilities, weights and kinetics: the minimal model of Ferguson, Chatzikalymniou and
Skinner 2017, eNeuro 4(4):ENEURO.0131-17.2017, as in FKSkinnerLab/CA1_Minimal_Model_Hetero,
Network_Sims/Brian2_PYR_PV_noisy_heterogenous.py: 10,000 strongly adapting pyramidal and 500 PV cells, weights 0.094,
3, 8.7 and 3 nS, excitatory reversal -15 mV, inhibitory -85 mV. Theta comes from the pyramidal cells' adaptation; the
basket cells make it: without them the cells burst together at 2 to 3 Hz.

Changed here: all pyramidal cells are alike; a synapse opens at once to the height that the source's kinetics
reaches in its 1 ms pulse and decays with the source's closing rate; the source's excitatory conductance noise
(0.6 nS, 2.7 ms) is Poisson input, whose rate is tuned here to theta of 6 to 10 Hz; delays of 1 ms are tuned here.
The sheet is 50 um thick (stratum pyramidale, Bezaire et al. 2016, eLife 5:e18566; ModelDB 187604, parameters.hoc).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from ...base.exact import exp
from .region import Built, CellType, Region, Structure, box, factor_knob

# (probability, nS, opening 1/ms, closing 1/ms) of each projection.
_SYNAPSES = {
    ("Pyramidal", "Pyramidal"): (0.01, 0.094, 2.0, 0.33333),
    ("Pyramidal", "PV"): (0.02, 3.0, 2.71, 0.483),
    ("PV", "Pyramidal"): (0.3, 8.7, 3.333, 0.286),
    ("PV", "PV"): (0.12, 3.0, 3.7, 0.56),
}
_DENSITY_PER_UM3 = 1.56e-3           # pyramidal cells: 311,500 in 4000 x 1000 x 50 um (Bezaire et al. 2016)


def peak(opening: float, closing: float) -> float:
    """Share of the receptors that is open at the end of a pulse of 1 ms."""
    total = opening + closing
    return opening / total * (1.0 - exp(-total))


def receptors(post: str) -> dict[str, float]:
    """The receptor constants of the synapses on a cell of `post`."""
    return {"tau_ampa_ms": 1.0 / _SYNAPSES["Pyramidal", post][3], "e_ampa_mV": -15.0,
            "tau_gaba_a_ms": 1.0 / _SYNAPSES["PV", post][3], "e_gaba_a_mV": -85.0}


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections: one curved sheet in which both kinds of cells are mixed."""
    region = Region(CA1, core)
    knobs = region.knobs
    side = region.narrowed((CA1.sizes["Pyramidal"] / (_DENSITY_PER_UM3 * 50.0)) ** 0.5)
    sheet = box((1.4 * side, 50.0, side / 1.4))
    region.populate("Pyramidal", *sheet, bend_um=-0.3 * side, settings=receptors("Pyramidal"), initial_v_sd_mV=3.0,
                    background_rate_Hz=knobs["afferent_rate_Hz"], background_weight=0.2)
    region.populate("PV", *sheet, False, bend_um=-0.3 * side, settings=receptors("PV"), initial_v_sd_mV=3.0)
    for (pre, post), (probability, weight, opening, closing) in _SYNAPSES.items():
        cut = knobs["pv_output"] if pre == "PV" else knobs["recurrent_excitation"] if pre == post else 1.0
        region.project(pre, post, probability * CA1.sizes[pre], cut * weight * peak(opening, closing), delay_ms=1.0)
    return region.built


_FERGUSON_PV = CellType("IZHIKEVICH", "PV", {"c": -67.0, "v_peak": -2.5},
                        "FKSkinnerLab/CA1_Minimal_Model_Hetero")

CA1 = Structure(
    key="HIPPOCAMPUS_CA1_RS_FS",
    label="Hippocampus CA1",
    claim="Adapting pyramidal cells and parvalbumin basket cells: theta of 6 to 10 Hz without any rhythmic input.",
    source="Ferguson, Chatzikalymniou and Skinner 2017, eNeuro 4(4)",
    build=build,
    sizes={"Pyramidal": 10_000, "PV": 500},
    smallest=210,
    cells={
        "IZHIKEVICH": {"Pyramidal": CellType("IZHIKEVICH", "CA1_STRONG"), "PV": _FERGUSON_PV},
        "HODGKIN_HUXLEY": {"Pyramidal": CellType("HODGKIN_HUXLEY", "CA1"),
                           "PV": CellType("HODGKIN_HUXLEY", "FS_HIPPOCAMPAL")},
        "ADEX": {"Pyramidal": CellType("ADEX", "ADAPTING"), "PV": CellType("ADEX", "FS")},
    },
    fitting={
        "IZHIKEVICH": (CellType("IZHIKEVICH", "CA1_WEAK"),),
        "HODGKIN_HUXLEY": (CellType("HODGKIN_HUXLEY", "CA1_ZERO_CA"),),
    },
    drive={"IZHIKEVICH": 6.0, "HODGKIN_HUXLEY": 15.0, "ADEX": 38.0},
    defaults={"num_neurons": 2100, "dt_ms": 0.1},
    rate_bands_Hz={"Pyramidal": (0.1, 20.0), "PV": (0.5, 80.0)},
    max_synchrony=0.95,                  # theta
    knobs=(
        Param("afferent_rate_Hz", "Hz", 250.0, 0.0, 10_000.0, "Afferent spikes",
              "Rate of the independent Poisson input (0.2 nS) of every pyramidal cell; theta becomes faster with it."),
        factor_knob("pv_output", "Basket cell output",
                    "Factor of the weights of all synapses that basket cells make; 0 removes inhibition."),
        factor_knob("recurrent_excitation", "Recurrent excitation",
                    "Factor of the pyramidal cells' weights onto each other."),
    ),
    reads=("num_neurons", "excitatory_preset"),
)
