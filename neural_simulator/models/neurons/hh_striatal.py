"""Striatal medium spiny neuron (Mahon, Deniau, Charpier and Delord 2000, Learn Mem 7:357; ModelDB 150621).

    C dv/dt = I_Na + I_K + I_Kir + I_KAf + I_KAs + I_Krp + I_NaP + I_NaS + g_L (E_L - v) + I

Potassium currents that inactivate over seconds hold it down and let it fire late, with shortening intervals.
Sodium activation and I_Kir are instantaneous. Rates at 37 C; Q10 2.5 from 22 C (I_NaS: 21 C), and a fixed factor 5
for sodium inactivation and the delayed rectifier.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Preset, State
from ..kinetics import boltzmann, exp, exprel_inverse, exprel_slope
from ..membrane import (
    DETECTION,
    Rule,
    area_param,
    capacitance_param,
    curved_membrane,
    density,
    gate,
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


def sodium_activation_msn(v):
    """Steady state of m, and d ln(m) / dv."""
    y = (v + 28.0) * 0.1
    alpha = exprel_inverse(-y)
    beta = 4.0 * exp((v + 53.0) * -0.05555555555555556)
    m = alpha / (alpha + beta)
    return m, (1.0 - m) * (0.1 * exprel_slope(y, alpha) + 0.05555555555555556)


def fast_rates(v):
    """alpha and beta of h and n in 1/ms, before the factor 5."""
    alpha_h = 0.07 * exp((v + 51.0) * -0.05)
    beta_h = 1.0 / (1.0 + exp((v + 21.0) * -0.1))
    alpha_n = 0.1 * exprel_inverse((v + 27.0) * -0.1)
    beta_n = 0.125 * exp((v + 37.0) * -0.0125)
    return alpha_h, beta_h, alpha_n, beta_n


def slow_targets(v):
    """Steady states of m_Af, h_Af, m_As, h_As, m_rp, h_rp, m_P and m_S."""
    m_Af = boltzmann(v, -33.1, 7.5)
    h_Af = boltzmann(v, -70.4, -7.6)
    m_As = boltzmann(v, -25.6, 13.3)
    h_As = boltzmann(v, -78.8, -10.4)
    m_rp = boltzmann(v, -13.4, 12.1)
    h_rp = boltzmann(v, -55.0, -19.0)
    m_P = boltzmann(v, -47.8, 3.1)
    m_S = boltzmann(v, -16.0, 9.4)
    return m_Af, h_Af, m_As, h_As, m_rp, h_rp, m_P, m_S


def bell_rate(v, centre, slope, tau):
    """1 / tau of a gate whose time constant is tau / (exp(x) + exp(-x)), x = (v - centre) / slope."""
    e = exp((v - centre) / slope)
    return (e + 1.0 / e) / tau


def inactivation_rate(v):
    """1 / tau (1/ms at 22 C) of h_As; h_rp is three times slower."""
    x = (v + 38.2) * 0.03571428571428571
    return 1.0 / (1790.0 + 2930.0 * x * exp(-x * x))


def striatal_step(v, h, n, m_Af, h_Af, m_As, h_As, m_rp, h_rp, m_P, m_S, i_ext, g_syn, j_syn, dt, dt_C, clock,
                  clock_S, G_Na, G_K, G_Kir, G_KAf, G_KAs, G_Krp, G_NaP, G_NaS, G_L, E_Na, E_K, E_L, E_KAf, E_KAs,
                  E_Krp, E_NaP, E_NaS, V_spike):
    """One step of the staggered exponential scheme."""
    alpha_h, beta_h, alpha_n, beta_n = fast_rates(v)
    m_Af_inf, h_Af_inf, m_As_inf, h_As_inf, m_rp_inf, h_rp_inf, m_P_inf, m_S_inf = slow_targets(v)
    slow = inactivation_rate(v) * clock
    h = gate(h, alpha_h, beta_h, 5.0 * dt)
    n = gate(n, alpha_n, beta_n, 5.0 * dt)
    m_Af = relax(m_Af, m_Af_inf, clock)
    h_Af = relax(h_Af, h_Af_inf, clock * 0.04)
    m_As = relax(m_As, m_As_inf, bell_rate(v, -37.4, 27.3, 131.4) * clock)
    h_As = relax(h_As, h_As_inf, slow)
    m_rp = relax(m_rp, m_rp_inf, bell_rate(v, -53.9, 26.5, 206.2) * clock)
    h_rp = relax(h_rp, h_rp_inf, slow * 0.3333333333333333)
    m_P = relax(m_P, m_P_inf, clock)
    m_S = relax(m_S, m_S_inf, bell_rate(v, -33.5, 26.3, 637.8) * clock_S)
    m, m_slope = sodium_activation_msn(v)
    x = boltzmann(v, -100.0, -10.0)
    na = G_Na * (m * m * m * h)
    kir = G_Kir * x
    k = G_K * n ** 4 + kir
    fast = G_KAf * m_Af * h_Af
    slowly = G_KAs * m_As * h_As
    persistent = G_Krp * m_rp * h_rp
    p = G_NaP * m_P
    s = G_NaS * m_S
    before = v
    v = curved_membrane(
        v, na + k + fast + slowly + persistent + p + s + G_L + g_syn,
        na * E_Na + k * E_K + fast * E_KAf + slowly * E_KAs + persistent * E_Krp + p * E_NaP + s * E_NaS
        + G_L * E_L + i_ext + j_syn,
        3.0 * m_slope * na * (E_Na - v) - 0.1 * (1.0 - x) * kir * (E_K - v), dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, h, n, m_Af, h_Af, m_As, h_As, m_rp, h_rp, m_P, m_S, spiked


def _slow(index: int) -> Rule:
    return value_at_start(slow_targets, index, "v_0")


_SOURCE = "Mahon et al. 2000, Learn Mem 7:357-368; ModelDB 150621"

HH_STRIATAL = NeuronModel(
    key="HH_STRIATAL",
    label="Hodgkin-Huxley, striatal medium spiny",
    states=(
        State("v", "mV", "membrane potential", initial="v_0"),
        State("h", "", "sodium inactivation", initial="h_0"),
        State("n", "", "potassium activation", initial="n_0"),
        State("m_Af", "", "fast A activation", initial="m_Af_0"),
        State("h_Af", "", "fast A inactivation", initial="h_Af_0"),
        State("m_As", "", "slow A activation", initial="m_As_0"),
        State("h_As", "", "slow A inactivation", initial="h_As_0"),
        State("m_rp", "", "persistent potassium activation", initial="m_rp_0"),
        State("h_rp", "", "persistent potassium inactivation", initial="h_rp_0"),
        State("m_P", "", "persistent sodium activation", initial="m_P_0"),
        State("m_S", "", "slow sodium activation", initial="m_S_0"),
    ),
    params=(
        area_param(10_000.0),
        capacitance_param(),
        density("g_Na", 35.0, "Sodium"),
        density("g_K", 6.0, "Potassium"),
        density("g_Kir", 0.15, "Inward rectifier"),
        density("g_KAf", 0.09, "Fast A current"),
        density("g_KAs", 0.32, "Slow A current"),
        density("g_Krp", 0.42, "Persistent potassium"),
        density("g_NaP", 0.02, "Persistent sodium"),
        density("g_NaS", 0.11, "Slow sodium"),
        density("g_L", 0.075, "Leak"),
        potential("E_Na", 55.0, "Sodium reversal"),
        potential("E_K", -90.0, "Potassium reversal"),
        potential("E_L", -75.0, "Leak reversal"),
        potential("E_KAf", -73.0, "Fast A reversal"),
        potential("E_KAs", -85.0, "Slow A reversal"),
        potential("E_Krp", -77.5, "Persistent potassium reversal"),
        potential("E_NaP", 45.0, "Persistent sodium reversal"),
        potential("E_NaS", 40.0, "Slow sodium reversal"),
        temperature_param(37.0),
        start_param(-77.421),
        DETECTION,
    ),
    step=striatal_step,
    presets=(
        Preset("MSN", "Striatal medium spiny neuron", {},
               f"{_SOURCE}; the source gives densities only, 100 pF of membrane is chosen here"),
    ),
    source=_SOURCE,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        **totals("g_Na", "g_K", "g_Kir", "g_KAf", "g_KAs", "g_Krp", "g_NaP", "g_NaS", "g_L"),
        "dt_C": membrane_step,
        "clock": scaled_step(2.5, 22.0),
        "clock_S": scaled_step(2.5, 21.0),
        "h_0": ratio_at_start(fast_rates, 0, "v_0"),
        "n_0": ratio_at_start(fast_rates, 1, "v_0"),
        "m_Af_0": _slow(0),
        "h_Af_0": _slow(1),
        "m_As_0": _slow(2),
        "h_As_0": _slow(3),
        "m_rp_0": _slow(4),
        "h_rp_0": _slow(5),
        "m_P_0": _slow(6),
        "m_S_0": _slow(7),
    },
    default_dt_ms=0.025,
    max_dt_ms=0.05,
    network_defaults={"background_rate_Hz": 500.0, "background_weight_nS": 1.0, "excitatory_weight_nS": 0.1},
)
