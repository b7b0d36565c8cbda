"""Leaky integrate-and-fire neuron with synaptic conductances.

    C dv/dt = g_L (E_L - v) + j_syn - g_syn v + I          v >= V_th:  v <- V_reset, held for t_ref

Over a step the conductances have their mean, so the equation is linear and is solved exactly. A spike has its place
inside the step (by linear interpolation of the crossing); the refractory period counts from there, so that intervals
are not rounded to the grid. The cell of the conductance-based benchmark network in Brette et al. 2007.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.grammar import fmax, fmin
from ..kinetics import exp


def lif_conductance_step(v, wait, i_ext, g_syn, j_syn, dt, C_inverse, g_L, E_L, V_th, V_reset, t_ref):
    """One step; `wait` is the refractory time left, or, negative, the time since a spike that is still to be made up.

    (AdEx counts in the same way.)
    """
    h = fmax(dt - wait, 0.0)
    g = g_L + g_syn
    target = (g_L * E_L + j_syn + i_ext) / g
    moved = target + (v - target) * exp(-h * g * C_inverse)
    spiked = moved >= V_th
    rise = fmax(moved - v, 1e-6)
    part = fmin(fmax((V_th - v) / rise, 0.0), 1.0)
    late = (1.0 - part) * h
    v = V_reset if spiked else moved
    wait = t_ref - late if spiked else fmax(wait - dt, 0.0)
    return v, wait, spiked


LIF_CONDUCTANCE = NeuronModel(
    key="LIF_CONDUCTANCE",
    label="Leaky integrate-and-fire, conductances",
    states=(State("v", "mV", "membrane potential", initial="E_L"),
            State("wait", "ms", "refractory time left, or time carried over")),
    params=(
        Param("C", "pF", 200.0, 1.0, 10_000.0, "Capacitance"),
        Param("g_L", "nS", 10.0, 0.01, 1000.0, "Leak conductance"),
        Param("E_L", "mV", -60.0, -120.0, 0.0, "Resting potential"),
        Param("V_th", "mV", -50.0, -119.0, 50.0, "Threshold"),
        Param("V_reset", "mV", -60.0, -150.0, 20.0, "Reset potential"),
        Param("t_ref", "ms", 5.0, 0.0, 100.0, "Refractory period"),
    ),
    step=lif_conductance_step,
    presets=(
        Preset("COBA", "Conductance-based benchmark cell", {},
               "Brette et al. 2007, J Comput Neurosci 23:349-398, benchmark 1 (COBA)"),
        Preset("NEST", "iaf_cond_exp defaults",
               {"C": 250, "g_L": 16.6667, "E_L": -70, "V_th": -55, "V_reset": -60, "t_ref": 2},
               "NEST 3 documentation, model iaf_cond_exp"),
    ),
    source="Brette et al. 2007, J Comput Neurosci 23:349-398",
    ordered=(("E_L", "V_th"), ("V_reset", "V_th")),
    derived={"C_inverse": lambda p, dt: 1.0 / p["C"]},
    default_dt_ms=0.1,
    max_dt_ms=0.5,
    # Found by measurement: 10 Hz, irregular (CV 0.6).
    network_defaults={"background_rate_Hz": 300.0, "background_weight_nS": 1.5, "excitatory_weight_nS": 0.3},
)
