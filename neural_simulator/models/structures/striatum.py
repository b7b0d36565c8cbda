"""Striatum: spiny projection neurons of both pathways, fast spiking interneurons, and the cortex that drives them.

Sizes (2,800 neurons: 2 % fast spiking, the rest in equal parts D1 and D2), in-degrees, MSN weights, decay times of
inhibition and delays: Lindahl and Hellgren Kotaleski 2016, eNeuro 3(6), in mickelindahl/bgmodel,
python/core/network/default_params.py; the interneurons' weight on MSN (3.75 nS), cortical weights, NMDA of 160 ms and
dopamine's factors: Fountas and Shanahan 2017, PLoS One 12:e0171109 (zfountas/basal-ganglia-model). Cells: Humphries,
Lepora, Wood and Gurney 2009, Front Comput Neurosci 3:26, and Humphries, Wood and Gurney 2010, PLoS Comput Biol
6:e1001011 (ModelDB 137502). Input: 250 afferents of 1.9 Hz for a MSN (Humphries et al. 2010), twice as many for an
interneuron (Lindahl: 950 spikes/s). Density: 84,900 MSN/mm3 (Humphries et al. 2010). Tuned here: the NMDA part of the
cortical synapses is as strong as the AMPA part (published: half), so that spiny cells fire at 0.1 to 0.3 Hz.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from .region import AFFERENT, AFFERENT_WEIGHT_PA, AS_TOLD_HZ, Built, CellType, Region, Structure, box, factor_knob

# source -> target: in-degree, nS.
_INSIDE = {
    ("D1", "D1"): (364, 0.6), ("D1", "D2"): (84, 1.5), ("D2", "D1"): (392, 1.8), ("D2", "D2"): (504, 1.4),
    ("FSI", "D1"): (16, 3.75), ("FSI", "D2"): (11, 3.75), ("FSI", "FSI"): (9, 1.1),
}
_DENSITY_PER_MM3 = 84_900.0


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections: a cube of striatum and a sheet of cortical axons above it."""
    region = Region(STRIATUM, core)
    knobs = region.knobs
    phi = knobs["dopamine"]
    spiny = STRIATUM.sizes["D1"] + STRIATUM.sizes["D2"]
    edge = region.narrowed(1000.0 * (spiny / _DENSITY_PER_MM3) ** (1.0 / 3.0), 3)
    place = box((edge, edge, edge))
    settings = {"tau_ampa_ms": 6.0, "tau_nmda_ms": 160.0, "tau_rise_nmda_ms": 0.0, "e_gaba_a_mV": -74.0}
    region.populate("D1", *place, False, settings={**settings, "tau_gaba_a_ms": 12.0}, initial_v_sd_mV=3.0,
                    values={"v_r": -80.0 * (1.0 + 0.0289 * phi), "d": 91.0 * (1.0 - 0.331 * phi)})
    region.populate("D2", *place, False, settings={**settings, "tau_gaba_a_ms": 12.0}, initial_v_sd_mV=3.0,
                    values={"k": 1.0 - 0.032 * phi})
    region.populate("FSI", *place, False, settings={**settings, "tau_gaba_a_ms": 6.0}, initial_v_sd_mV=3.0)
    region.populate("Cortex", *box((1.2 * edge, 0.1 * edge, 1.2 * edge), (0.0, 0.9 * edge, 0.0)),
                    background_rate_Hz=knobs["cortical_rate_Hz"], background_weight=AFFERENT_WEIGHT_PA)
    for (pre, post), (in_degree, weight) in _INSIDE.items():
        output = knobs["interneuron_output"] if pre == "FSI" else 1.0
        region.project(pre, post, in_degree, output * weight, delay_ms=1.7)
    drive = {"D1": (250, 0.6, {"AMPA": 1.0, "NMDA": 1.0 + 0.5 * phi}),
             "D2": (250, 0.6, {"AMPA": 1.0 - 0.3 * phi, "NMDA": 1.0}), "FSI": (500, 0.55, {"AMPA": 1.0})}
    for post, (in_degree, weight, receptors) in drive.items():
        region.project("Cortex", post, in_degree, weight, delay_ms=12.0, receptors=receptors)
    return region.built


_MSN = CellType("IZHIKEVICH", "MSN_HUMPHRIES")
_FSI = CellType("IZHIKEVICH", "FS", {"C": 80.0, "v_r": -70.0, "v_t": -50.0, "v_peak": 25.0, "c": -60.0, "b_3": 0.025,
                                     "v_b": -55.0}, "Fountas and Shanahan 2017, neuron_parameters.py")

STRIATUM = Structure(
    key="BASAL_GANGLIA_STRIATUM",
    label="Basal ganglia: striatum",
    claim="Spiny neurons nearly silent under cortical drive, restrained by fast spiking interneurons; dopamine favours "
          "the D1 over the D2 cells.",
    source="Humphries et al. 2009, 2010; Lindahl and Hellgren Kotaleski 2016",
    build=build,
    sizes={"D1": 1372, "D2": 1372, "FSI": 56, "Cortex": 1000},
    smallest=200,
    cells={
        "IZHIKEVICH": {"D1": _MSN, "D2": _MSN, "FSI": _FSI, "Cortex": AFFERENT},
        "HODGKIN_HUXLEY": {"D1": CellType("HODGKIN_HUXLEY", "MSN"), "D2": CellType("HODGKIN_HUXLEY", "MSN"),
                           "FSI": CellType("HODGKIN_HUXLEY", "FS_HIPPOCAMPAL"), "Cortex": AFFERENT},
        "ADEX": {"D1": CellType("ADEX", "DELAYED_ACCELERATING"), "D2": CellType("ADEX", "DELAYED_ACCELERATING"),
                 "FSI": CellType("ADEX", "FS"), "Cortex": AFFERENT},
    },
    defaults={"num_neurons": 3800, "dt_ms": 0.5},
    rate_bands_Hz={"D1": (0.02, 5.0), "D2": (0.02, 5.0), "FSI": (2.0, 60.0), "Cortex": AS_TOLD_HZ},
    knobs=(
        Param("dopamine", "", 0.3, 0.0, 1.0, "Dopamine",
              "Share of the dopamine receptors that is occupied: it excites D1 cells and dampens D2 cells."),
        Param("cortical_rate_Hz", "Hz", 1.9, 0.0, 100.0, "Cortical rate", "Rate of each cortical axon."),
        factor_knob("interneuron_output", "Interneuron output",
                    "Factor of the weights of all synapses that fast spiking interneurons make; 0 silences them."),
    ),
    reads=("num_neurons", "e_ampa_mV", "e_nmda_mV", "magnesium_mM"),
)
