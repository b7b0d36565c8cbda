"""Cerebellar cortex: mossy fibres, granule, Golgi and Purkinje cells, basket and stellate cells, in their layers.

Layers (granular 130 um, Purkinje 15 um, molecular 50 um with the basket and 100 um with the stellate cells, 300 x 200
um wide), densities and with them the numbers of cells, cell constants, time constants, reversal potentials, delays
and four mossy fibres per granule cell: De Schepper et al. 2022, Commun Biol 5:1240, and Geminiani et al. 2024, in
dbbs-lab/cerebellar-models, configurations/mouse/mouse_cerebellar_cortex.yaml and nest/basal_vitro.yaml. Mossy fibres
reach the cells without glomeruli in between.

Changed here: cells are leaky integrators, not E-GLIF; their currents, all in-degrees but the granule cells', and the
weights are tuned to the published rates (granule 3.4, Golgi 11, Purkinje 47, basket 16, stellate 13 Hz). With AdEx
cells the same constants hold; upstroke, adaptation and the factors of their input are set here, for the same rates.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from .region import AFFERENT, AFFERENT_WEIGHT_PA, Built, CellType, Region, Structure, box, factor_knob

# Name: lower and upper edge of its layer (um), AMPA and GABA-A decay (ms), current (pA).
_PLACED = {
    "Granule": (0.0, 130.0, 5.8, 13.6, -0.888),
    "Golgi": (0.0, 130.0, 0.5, 10.0, 30.0),
    "Purkinje": (130.0, 145.0, 1.1, 2.8, 450.0),
    "Basket": (145.0, 195.0, 0.64, 2.0, 20.0),
    "Stellate": (195.0, 295.0, 0.64, 2.0, 20.0),
}
# source, target: in-degree, weight (nS), delay (ms), and the knob that scales the weight.
_CONNECTED = (
    ("Mossy fibres", "Granule", 4, 0.88, 2.0, ""),
    ("Mossy fibres", "Golgi", 16, 0.24, 2.0, ""),
    ("Golgi", "Granule", 4, 0.24, 2.0, "golgi_output"),
    ("Granule", "Golgi", 50, 0.82, 2.0, ""),
    ("Granule", "Purkinje", 200, 0.3, 5.0, ""),
    ("Granule", "Basket", 160, 0.12, 5.0, ""),
    ("Granule", "Stellate", 160, 0.11, 5.0, ""),
    ("Basket", "Purkinje", 10, 3.0, 4.0, "molecular_output"),
    ("Stellate", "Purkinje", 20, 1.2, 5.0, "molecular_output"),
)


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections: layers upon each other, the mossy fibres in the lower half of the granular one."""
    region = Region(CEREBELLUM, core)
    x, z = region.narrowed(300.0), region.narrowed(200.0)
    places = {"Mossy fibres": box((x, 65.0, z), (0.0, -97.5, 0.0))}
    for name, (low, high, *_) in _PLACED.items():
        places[name] = box((x, high - low, z), (0.0, 0.5 * (low + high) - 130.0, 0.0))
    for name in CEREBELLUM.sizes:
        if name == "Mossy fibres":
            region.populate(name, *places[name], background_rate_Hz=region.knobs["mossy_rate_Hz"],
                            background_weight=AFFERENT_WEIGHT_PA)
            continue
        _, _, tau_e, tau_i, current = _PLACED[name]
        region.populate(name, *places[name], name == "Granule", current_pA=current, initial_v_sd_mV=5.0,
                        settings={"tau_ampa_ms": tau_e, "tau_gaba_a_ms": tau_i, "e_gaba_a_mV": -80.0})
    for pre, post, in_degree, weight, delay, knob in _CONNECTED:
        factor = region.knobs[knob] if knob else 1.0
        exactly = {"rule": "fixed_in_degree"} if post == "Granule" else {}         # its few dendrites
        region.project(pre, post, in_degree, factor * weight, delay_ms=delay, **exactly)
    return region.built


# Name: C (pF), tau_m (ms), E_L, V_th, V_reset (mV), t_ref (ms); nest/basal_vitro.yaml.
_MOLECULAR = (14.6, 9.125, -68.0, -53.0, -78.0, 1.59)
_CELLS = {"Granule": (7.0, 24.15, -62.0, -41.0, -70.0, 1.5), "Golgi": (145.0, 44.0, -62.0, -55.0, -75.0, 2.0),
          "Purkinje": (334.0, 47.0, -59.0, -43.0, -69.0, 0.5), "Basket": _MOLECULAR, "Stellate": _MOLECULAR}
# Name: what a spike adds to the adaptation current (pA) and its decay (ms), of AdEx cells; set here.
_ADAPTATION = {"Granule": (0.0, 50.0), "Golgi": (5.0, 100.0), "Purkinje": (20.0, 50.0), "Basket": (1.0, 50.0),
               "Stellate": (1.0, 50.0)}


def _integrator(name: str) -> CellType:
    C, tau_m, E_L, V_th, V_reset, t_ref = _CELLS[name]
    return CellType("LIF_CONDUCTANCE", "COBA", {"C": C, "g_L": C / tau_m, "E_L": E_L, "V_th": V_th, "V_reset": V_reset,
                                                "t_ref": t_ref}, "cerebellar-models, nest/basal_vitro.yaml")


def _adaptive(name: str) -> CellType:
    C, tau_m, E_L, V_th, V_reset, t_ref = _CELLS[name]
    b, tau_w = _ADAPTATION[name]
    return CellType("ADEX", "TONIC", {
        "C": C, "g_L": C / tau_m, "E_L": E_L, "V_T": V_th, "Delta_T": 1.0, "V_r": V_reset, "V_peak": V_th + 20.0,
        "t_ref": t_ref, "a": 0.0, "b": b, "tau_w": tau_w}, "cerebellar-models; upstroke and adaptation set here")

CEREBELLUM = Structure(
    key="CEREBELLAR_CORTEX_SIMPLE",
    label="Cerebellar cortex",
    claim="Hundreds of nearly silent granule cells for each Purkinje cell, which fires on its own as regularly as a "
          "clock; Golgi cells hold the granule cells back.",
    source="De Schepper et al. 2022, Commun Biol 5:1240; Geminiani et al. 2024",
    build=build,
    sizes={"Granule": 30_420, "Mossy fibres": 117, "Golgi": 70, "Purkinje": 70, "Basket": 150, "Stellate": 300},
    smallest=900,
    cells={
        "LIF_CONDUCTANCE": {"Mossy fibres": AFFERENT, **{name: _integrator(name) for name in _CELLS}},
        "ADEX": {"Mossy fibres": AFFERENT, **{name: _adaptive(name) for name in _CELLS}},
    },
    input_scale={"ADEX": {"Golgi": 1.1, "Purkinje": 1.15, "Basket": 1.1, "Stellate": 1.1}},
    no_others="no Hodgkin-Huxley or Izhikevich cells of the cerebellum are known here",
    defaults={"num_neurons": 4150, "dt_ms": 0.1},
    max_synchrony=0.7,                   # cells of the molecular layer share granule cells at this scale
    knobs=(
        Param("mossy_rate_Hz", "Hz", 4.0, 0.0, 500.0, "Mossy fibre rate", "Rate of each mossy fibre."),
        factor_knob("golgi_output", "Golgi output",
                    "Factor of the weights from Golgi to granule cells; 0 removes their inhibition."),
        factor_knob("molecular_output", "Molecular layer output",
                    "Factor of the weights from basket and stellate to Purkinje cells."),
    ),
    reads=("num_neurons", "e_ampa_mV"),
)
