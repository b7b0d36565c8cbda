"""The simple model of Izhikevich with state-dependent gain, recovery, peak and reset.

    C dv/dt = K(v) (v - v_r)(v - v_t) - u + I + I_0      K = k_low below v_t, k above
      du/dt = a (U(v) - u)                               U = b_low (v - v_s) below v_s, b (v - v_s) above
    v >= v_peak + s_peak u:  v <- c + s_c u,  u <- min(u + d, u_max)

Both pieces join continuously. Izhikevich 2007, Dynamical Systems in Neuroscience, MIT Press, chapter 8 (LTS, TC,
RTN cells); Ferguson, Huh, Amilhon, Williams and Skinner 2013 and 2014 (hippocampal CA1 cells).
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.grammar import fmax, fmin
from .izhikevich2007 import peak_fraction


def bent(x, below, above):
    """x times the factor of its side of 0."""
    return (above if x > 0.0 else below) * x


def izhikevich_extended_step(v, u, carry, i_ext, g_syn, j_syn, dt, C_inverse, k, k_low, v_r, v_t, v_peak, s_peak, a,
                             b, b_low, v_s, c, s_c, d, u_max, I_0):
    """One step as in `izhikevich2007`: synapses and cell split symmetrically, time after a spike carried over."""
    h = dt + carry
    half = 0.5 * h * C_inverse
    z = g_syn * half
    relax = half / (1.0 + z * (0.5 + 0.08333333333333333 * z))
    current = i_ext + I_0
    peak = v_peak + s_peak * u
    v0 = v + (j_syn - g_syn * v) * relax
    f1 = (bent(v0 - v_t, k_low, k) * (v0 - v_r) - u + current) * C_inverse
    s1 = a * (bent(v0 - v_s, b_low, b) - u)
    v1 = fmin(v0 + h * f1, peak)
    u1 = u + h * s1
    f2 = (bent(v1 - v_t, k_low, k) * (v1 - v_r) - u1 + current) * C_inverse
    s2 = a * (bent(v1 - v_s, b_low, b) - u1)
    v2 = v0 + 0.5 * h * (f1 + f2)
    spiked = v2 >= peak
    share = fmax(peak_fraction(v0, v2, peak, 0.5 * (v_r + v_t)), 0.0) if spiked else 1.0
    moved = u + share * 0.5 * h * (s1 + s2)
    u = fmin(moved + d, u_max) if spiked else moved
    carry = h - share * h
    v = c + s_c * moved if spiked else v2 + (j_syn - g_syn * v2) * relax
    return v, u, carry, spiked


_BOOK = "Izhikevich 2007, Dynamical Systems in Neuroscience, MIT Press"
_PYRAMIDAL = "Ferguson, Huh, Amilhon, Williams and Skinner 2014, Front Syst Neurosci; OpenSourceBrain FergusonEtAl2014"
_BASKET = "Ferguson, Huh, Amilhon, Williams and Skinner 2013, Front Comput Neurosci; OpenSourceBrain FergusonEtAl2013"

IZHIKEVICH_EXTENDED = NeuronModel(
    key="IZHIKEVICH_EXTENDED",
    label="Izhikevich, state-dependent",
    states=(
        State("v", "mV", "membrane potential", initial="v_r"),
        State("u", "pA", "recovery current"),
        State("carry", "ms", "time carried over from the last in-step spike"),
    ),
    params=(
        Param("C", "pF", 100.0, 1.0, 10_000.0, "Capacitance"),
        Param("k", "nS/mV", 1.0, 0.001, 100.0, "Gain above threshold"),
        Param("k_low", "nS/mV", 1.0, 0.001, 100.0, "Gain below threshold"),
        Param("v_r", "mV", -56.0, -120.0, 0.0, "Resting potential"),
        Param("v_t", "mV", -42.0, -119.0, 20.0, "Instantaneous threshold"),
        Param("v_peak", "mV", 40.0, -60.0, 100.0, "Spike peak at u = 0"),
        Param("s_peak", "mV/pA", 0.0, -1.0, 1.0, "Slope of the peak", "Change of the peak with u."),
        Param("a", "1/ms", 0.03, 1e-5, 10.0, "Recovery rate"),
        Param("b", "nS", 8.0, -100.0, 100.0, "Recovery slope above the switch"),
        Param("b_low", "nS", 8.0, -100.0, 100.0, "Recovery slope below the switch"),
        Param("v_s", "mV", -56.0, -120.0, 20.0, "Switch of the recovery slope"),
        Param("c", "mV", -53.0, -120.0, 50.0, "Reset potential at u = 0"),
        Param("s_c", "mV/pA", 0.0, -1.0, 1.0, "Slope of the reset", "Change of the reset potential with u."),
        Param("d", "pA", 20.0, -10_000.0, 10_000.0, "Recovery jump"),
        Param("u_max", "pA", 1e6, -1e6, 1e6, "Largest recovery current after a spike"),
        Param("I_0", "pA", 0.0, -10_000.0, 10_000.0, "Bias current"),
    ),
    step=izhikevich_extended_step,
    presets=(
        Preset("LTS", "Low-threshold spiking interneuron",
               {"C": 100, "k": 1, "k_low": 1, "v_r": -56, "v_t": -42, "v_peak": 40, "s_peak": -0.1, "a": 0.03, "b": 8,
                "b_low": 8, "v_s": -56, "c": -53, "s_c": 0.04, "d": 20, "u_max": 670}, f"{_BOOK}, figure 8.25"),
        Preset("TC", "Thalamocortical relay",
               {"C": 200, "k": 1.6, "k_low": 1.6, "v_r": -60, "v_t": -50, "v_peak": 35, "s_peak": 0.1, "a": 0.01,
                "b": 0, "b_low": 15, "v_s": -65, "c": -60, "s_c": -0.1, "d": 10}, f"{_BOOK}, figure 8.31"),
        Preset("RTN", "Thalamic reticular",
               {"C": 40, "k": 0.25, "k_low": 0.25, "v_r": -65, "v_t": -45, "v_peak": 0, "a": 0.015, "b": 2,
                "b_low": 10, "v_s": -65, "c": -55, "d": 50}, f"{_BOOK}, figure 8.32"),
        Preset("CA1_STRONG", "CA1 pyramidal, strongly adapting",
               {"C": 115, "k": 3.3, "k_low": 0.1, "v_r": -61.8, "v_t": -57, "v_peak": 22.6, "a": 0.0012, "b": 3,
                "b_low": 3, "v_s": -61.8, "c": -65.8, "d": 10}, _PYRAMIDAL),
        Preset("CA1_WEAK", "CA1 pyramidal, weakly adapting",
               {"C": 300, "k": 3.3, "k_low": 0.5, "v_r": -61.8, "v_t": -57, "v_peak": 22.6, "a": 0.001, "b": 3,
                "b_low": 3, "v_s": -61.8, "c": -65.8, "d": 5, "I_0": -45}, _PYRAMIDAL),
        Preset("PV", "CA1 parvalbumin basket cell",
               {"C": 90, "k": 14, "k_low": 1.7, "v_r": -60.6, "v_t": -43.1, "v_peak": 2.5, "a": 0.1, "b": -0.1,
                "b_low": -0.1, "v_s": -60.6, "c": -70, "d": 0.1}, _BASKET),
    ),
    source=_BOOK + ", chapter 8; Ferguson et al. 2013, 2014",
    ordered=(("v_r", "v_t", "v_peak"), ("c", "v_peak")),
    derived={"C_inverse": lambda p, dt: 1.0 / p["C"]},
    default_dt_ms=0.25,
    max_dt_ms=0.5,
    default_presets=("CA1_WEAK", "PV"),
    network_defaults={"background_rate_Hz": 400.0, "background_weight_nS": 1.0, "excitatory_weight_nS": 0.3},
)
