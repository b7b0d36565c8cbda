"""Cortical neuron with sodium, delayed-rectifier and M current (Pospischil et al. 2008, Biol Cybern 99:427).

    C dv/dt = g_Na m^3 h (E_Na - v) + g_K n^4 (E_K - v) + g_M p (E_K - v) + g_L (E_L - v) + I

Sodium and potassium rates: Traub and Miles 1991, Neuronal Networks of the Hippocampus, Cambridge University Press,
shifted by V_T, at 36 C with Q10 = 3. M current: Yamada, Koch and Adams 1989, at 36 C with Q10 = 2.3.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.exact import power
from ..kinetics import exp, exprel_inverse_of
from ..membrane import (
    DETECTION,
    area_param,
    capacitance_param,
    density,
    gate,
    membrane,
    membrane_step,
    potential,
    ratio_at_start,
    relax,
    scaled_step,
    start_param,
    temperature_param,
    totals,
    value_at_start,
)


def traub_rates(v, V_T):
    """alpha and beta of m, h and n in 1/ms.

    All but one of the exponentials are powers of q = exp(-u / 40), u = v - V_T; the factors are exp(13/4), exp(-8),
    exp(8), exp(3) and exp(1/4) / 2.
    """
    u = v - V_T
    q = exp(u * -0.025)
    q2 = q * q
    q4 = q2 * q2
    q8 = q4 * q4
    alpha_m = 1.28 * exprel_inverse_of((13.0 - u) * 0.25, 25.790339917193062 * (q8 * q2))
    beta_m = 1.4 * exprel_inverse_of((u - 40.0) * 0.2, 3.3546262790251185e-4 / q8)
    alpha_h = 0.128 * exp((17.0 - u) * 0.05555555555555556)
    beta_h = 4.0 / (1.0 + 2980.9579870417283 * q8)
    alpha_n = 0.16 * exprel_inverse_of((15.0 - u) * 0.2, 20.085536923187668 * q8)
    beta_n = 0.6420127083438707 * q
    return alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n


def m_current_rates(v):
    """Steady state of the M current's gate, and 1 / tau in units of 1 / tau_M."""
    s = exp((v + 35.0) * 0.05)
    square = s * s
    return square / (1.0 + square), 3.3 * s + 1.0 / s


def hodgkin_huxley_step(v, m, h, n, p, i_ext, g_syn, j_syn, dt_C, clock, clock_M, G_Na, G_K, G_M, G_L, E_Na, E_K, E_L,
                        V_T, V_spike):
    """One step of the staggered exponential scheme."""
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = traub_rates(v, V_T)
    p_inf, rate_p = m_current_rates(v)
    m = gate(m, alpha_m, beta_m, clock)
    h = gate(h, alpha_h, beta_h, clock)
    n = gate(n, alpha_n, beta_n, clock)
    p = relax(p, p_inf, rate_p * clock_M)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4 + G_M * p
    before = v
    v = membrane(v, na + k + G_L + g_syn, na * E_Na + k * E_K + G_L * E_L + i_ext + j_syn, dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, m, h, n, p, spiked


def m_current_clock(p: Mapping[str, float], dt: float) -> float:
    """dt in units of the M current's longest time constant."""
    return dt / p["tau_M"] * power(2.3, (p["T"] - 36.0) / 10.0)


TRAUB_PARAMS = (
    area_param(28_952.9),
    capacitance_param(),
    density("g_Na", 50.0, "Sodium"),
    density("g_K", 5.0, "Potassium"),
    density("g_M", 0.07, "M current", "Slow potassium current: adaptation."),
    density("g_L", 0.1, "Leak"),
    potential("E_Na", 50.0, "Sodium reversal"),
    potential("E_K", -100.0, "Potassium reversal"),
    potential("E_L", -70.0, "Leak reversal"),
    potential("V_T", -55.0, "Threshold shift", "Shifts the rates of sodium and potassium along the voltage axis."),
    Param("tau_M", "ms", 1000.0, 1.0, 1e5, "M time constant", "Its largest value, at 36 C."),
    temperature_param(),
    start_param(-70.0),
    DETECTION,
)
TRAUB_DERIVED = {
    **totals("g_Na", "g_K", "g_M", "g_L"),
    "dt_C": membrane_step,
    "clock": scaled_step(3.0, 36.0),
    "clock_M": m_current_clock,
    "m_0": ratio_at_start(traub_rates, 0, "v_0", "V_T"),
    "h_0": ratio_at_start(traub_rates, 1, "v_0", "V_T"),
    "n_0": ratio_at_start(traub_rates, 2, "v_0", "V_T"),
    "p_0": value_at_start(m_current_rates, 0, "v_0"),
}
TRAUB_STATES = (
    State("v", "mV", "membrane potential", initial="v_0"),
    State("m", "", "sodium activation", initial="m_0"),
    State("h", "", "sodium inactivation", initial="h_0"),
    State("n", "", "potassium activation", initial="n_0"),
    State("p", "", "M current activation", initial="p_0"),
)
POSPISCHIL = "Pospischil et al. 2008, Biol Cybern 99:427-441"

HODGKIN_HUXLEY = NeuronModel(
    key="HODGKIN_HUXLEY",
    label="Hodgkin-Huxley, cortical",
    states=TRAUB_STATES,
    params=TRAUB_PARAMS,
    step=hodgkin_huxley_step,
    presets=(
        Preset("RS", "Regular spiking pyramidal, layer 5", {}, f"{POSPISCHIL}, RS (96 um cylinder)"),
        Preset("FS", "Fast spiking interneuron",
               {"area": 14_102.6, "g_L": 0.15, "g_K": 10.0, "g_M": 0.0}, f"{POSPISCHIL}, FS (67 um cylinder)"),
        Preset("TRAUB", "Hippocampal pyramidal without M current",
               {"area": 20_000.0, "g_Na": 100.0, "g_K": 30.0, "g_M": 0.0, "g_L": 0.05, "E_K": -90.0, "E_L": -60.0,
                "V_T": -63.0, "v_0": -60.0},
               "Brette et al. 2007, J Comput Neurosci 23:349-398, benchmark 3; NEST 3, model hh_cond_exp_traub"),
    ),
    source="Traub and Miles 1991; " + POSPISCHIL,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived=TRAUB_DERIVED,
    default_dt_ms=0.05,
    max_dt_ms=0.1,
    default_presets=("RS", "FS"),
    network_defaults={"background_rate_Hz": 1000.0, "background_weight_nS": 3.0},
)
