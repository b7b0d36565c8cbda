"""The squid giant axon (Hodgkin and Huxley 1952, J Physiol 117:500), with the resting potential at -65 mV.

    C dv/dt = g_Na m^3 h (E_Na - v) + g_K n^4 (E_K - v) + g_L (E_L - v) + I

Rates at 6.3 C with Q10 = 3.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Preset, State
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
    scaled_step,
    start_param,
    temperature_param,
    totals,
)


def squid_rates(v):
    """alpha and beta of m, h and n in 1/ms; factors of the powers of exp(-(v + 65) / 80): exp(5/2), exp(3), e."""
    q = exp((v + 65.0) * -0.0125)
    q2 = q * q
    q4 = q2 * q2
    q8 = q4 * q4
    alpha_m = exprel_inverse_of((v + 40.0) * -0.1, 12.182493960703473 * q8)
    beta_m = 4.0 * exp((v + 65.0) * -0.05555555555555556)
    alpha_h = 0.07 * q4
    beta_h = 1.0 / (1.0 + 20.085536923187668 * q8)
    alpha_n = 0.1 * exprel_inverse_of((v + 55.0) * -0.1, 2.718281828459045 * q8)
    beta_n = 0.125 * q
    return alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n


def squid_step(v, m, h, n, i_ext, g_syn, j_syn, dt_C, clock, G_Na, G_K, G_L, E_Na, E_K, E_L, V_spike):
    """One step of the staggered exponential scheme."""
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = squid_rates(v)
    m = gate(m, alpha_m, beta_m, clock)
    h = gate(h, alpha_h, beta_h, clock)
    n = gate(n, alpha_n, beta_n, clock)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4
    before = v
    v = membrane(v, na + k + G_L + g_syn, na * E_Na + k * E_K + G_L * E_L + i_ext + j_syn, dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, m, h, n, spiked


HH_SQUID = NeuronModel(
    key="HH_SQUID",
    label="Hodgkin-Huxley, squid axon",
    states=(
        State("v", "mV", "membrane potential", initial="v_0"),
        State("m", "", "sodium activation", initial="m_0"),
        State("h", "", "sodium inactivation", initial="h_0"),
        State("n", "", "potassium activation", initial="n_0"),
    ),
    params=(
        area_param(10_000.0),
        capacitance_param(),
        density("g_Na", 120.0, "Sodium"),
        density("g_K", 36.0, "Potassium"),
        density("g_L", 0.3, "Leak"),
        potential("E_Na", 50.0, "Sodium reversal"),
        potential("E_K", -77.0, "Potassium reversal"),
        potential("E_L", -54.402, "Leak reversal"),
        temperature_param(6.3),
        start_param(-65.0),
        DETECTION,
    ),
    step=squid_step,
    presets=(
        Preset("SQUID", "Squid giant axon, 6.3 C, 100 pF of membrane", {},
               "Hodgkin and Huxley 1952, J Physiol 117:500-544; potentials as in NEST 3, model hh_psc_alpha"),
    ),
    source="Hodgkin and Huxley 1952, J Physiol 117:500-544",
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        **totals("g_Na", "g_K", "g_L"),
        "dt_C": membrane_step,
        "clock": scaled_step(3.0, 6.3),
        "m_0": ratio_at_start(squid_rates, 0, "v_0"),
        "h_0": ratio_at_start(squid_rates, 1, "v_0"),
        "n_0": ratio_at_start(squid_rates, 2, "v_0"),
    },
    default_dt_ms=0.05,
    max_dt_ms=0.1,
    network_defaults={"background_rate_Hz": 1000.0, "background_weight_nS": 1.0},
)
