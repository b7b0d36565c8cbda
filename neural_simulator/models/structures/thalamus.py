"""Thalamic relay cells and reticular nucleus: a loop of rebound bursts that makes spindles.

Cells, receptors and total conductances: Destexhe, Bal, McCormick and Sejnowski 1996, J Neurophysiol 76:2049 (ModelDB
3343, Fspin.oc), there two cells of either kind: relay cells with I_h 0.02 mS/cm2 and a potassium leak of 5 nS (those
that start the spindles); AMPA onto reticular cells 0.2 uS, GABA-A among them 0.2 uS and onto relay cells 0.02 uS, of
which a spike opens 12.8, 93.9 and 93.9 percent; decay 5.6 and 6.2 ms; reversal -80 (reticular) and -85 mV (relay).
The calcium-regulated I_h of the relay cells ends each spindle.

Changed here, by measurement: 50 cells of either kind with sixteen sources each, so AMPA is doubled, that they fire
together; the source's receptors saturate during a burst and these add up, so GABA-A is a fifth among reticular cells
and nine tenths onto relay cells; GABA-B, in the source a scheme that grows with the fourth power, is a slow
conductance (60 and 200 ms) of a twentieth of GABA-A's peak; a weak cortical Poisson input (100 Hz, 2 nS) onto the
relay cells starts the spindles. Shapes are schematic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...base.declarations import Param
from .region import Built, CellType, Region, Structure, box, factor_knob

_IN_DEGREE = 16
_AMPA_NS, _GABA_TRN_NS, _GABA_TC_NS = 2.0 * 200.0 * 0.128, 0.2 * 200.0 * 0.939, 0.9 * 20.0 * 0.939
_GABA_B = 0.05
_DECAY = {"tau_ampa_ms": 5.6, "tau_gaba_a_ms": 6.2}


def build(core: Any, kernel_mean: Callable) -> Built:
    """Populations and projections: the relay nucleus and the reticular shell above it."""
    region = Region(THALAMUS, core)
    knobs = region.knobs
    side = region.narrowed(400.0)
    region.populate("TC", *box((side, 250.0, side)), bend_um=-0.2 * side, initial_v_sd_mV=2.0,
                    settings={**_DECAY, "e_gaba_a_mV": -85.0, "e_gaba_b_mV": -95.0},
                    background_rate_Hz=knobs["cortical_rate_Hz"], background_weight=2.0)
    region.populate("TRN", *box((1.3 * side, 80.0, 1.1 * side), (0.0, 350.0, 0.0)), False, bend_um=-0.45 * side,
                    settings={**_DECAY, "e_gaba_a_mV": -80.0}, initial_v_sd_mV=2.0)
    fast, output = knobs["gaba_a"], knobs["reticular_output"]
    opened = {"GABA_A": fast, "GABA_B": _GABA_B} if fast else {"GABA_B": _GABA_B}
    region.project("TC", "TRN", _IN_DEGREE, _AMPA_NS / _IN_DEGREE, delay_ms=1.0)
    region.project("TRN", "TC", _IN_DEGREE, output * _GABA_TC_NS / _IN_DEGREE, delay_ms=1.0, receptors=opened)
    region.project("TRN", "TRN", _IN_DEGREE, fast * _GABA_TRN_NS / _IN_DEGREE, delay_ms=1.0)
    return region.built


_RELAY = CellType("HODGKIN_HUXLEY", "TC", {"g_h": 0.02, "g_KL": 0.0172694, "v_0": -70.0},
                  "Destexhe et al. 1996, Fspin.oc: the cell that starts the spindles")
_TRN = CellType("HODGKIN_HUXLEY", "TRN")
_ADEX = {"C": 200.0, "g_L": 10.0, "E_L": -60.0, "V_T": -50.0, "Delta_T": 2.5, "V_r": -60.0, "t_ref": 2.5,
         "tau_w": 600.0}
_DESTEXHE_2009 = "Destexhe 2009, J Comput Neurosci 27:493; a tuned here"

THALAMUS = Structure(
    key="THALAMUS_TC_TRN",
    label="Thalamus: relay and reticular nucleus",
    claim="Spindles: bursts at about 10 Hz for a few seconds, until a current of the relay cells ends them, then "
          "silence.",
    source="Destexhe et al. 1996, J Neurophysiol 76:2049",
    build=build,
    sizes={"TC": 50, "TRN": 50},
    smallest=40,
    cells={
        "HODGKIN_HUXLEY": {"TC": _RELAY, "TRN": _TRN},
        "ADEX": {"TC": CellType("ADEX", "TONIC", {**_ADEX, "a": 80.0, "b": 0.0}, _DESTEXHE_2009),
                 "TRN": CellType("ADEX", "TONIC", {**_ADEX, "a": 30.0, "b": 30.0}, _DESTEXHE_2009)},
    },
    fitting={"HODGKIN_HUXLEY": (CellType("HODGKIN_HUXLEY", "TC_DELTA"),)},
    drive={"ADEX": 12.0},
    defaults={"num_neurons": 100, "dt_ms": 0.05},
    rate_bands_Hz={"TC": (0.05, 40.0), "TRN": (0.1, 150.0)},
    max_synchrony=1.0,                   # spindles
    look_ms=6000.0,
    knobs=(
        Param("cortical_rate_Hz", "Hz", 100.0, 0.0, 5000.0, "Cortical spikes",
              "Rate of the independent Poisson input (2 nS) of every relay cell."),
        factor_knob("reticular_output", "Reticular output",
                    "Factor of the weights from the reticular to the relay cells; 0 opens the loop."),
        factor_knob("gaba_a", "GABA-A",
                    "Factor of all GABA-A conductances; 0, as bicuculline, leaves GABA-B and a rhythm of 4 to 5 Hz."),
    ),
    reads=("num_neurons", "excitatory_preset", "e_ampa_mV", "tau_gaba_b_ms", "tau_rise_gaba_b_ms"),
)
