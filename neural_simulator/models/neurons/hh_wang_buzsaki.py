"""Fast-spiking hippocampal interneuron (Wang and Buzsaki 1996, J Neurosci 16:6402).

    C dv/dt = g_Na m_inf(v)^3 h (E_Na - v) + g_K n^4 (E_K - v) + g_L (E_L - v) + I

Sodium activation is instantaneous; phi speeds up both gates.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ..kinetics import exp, exprel_inverse, exprel_slope
from ..membrane import (
    DETECTION,
    area_param,
    capacitance_param,
    curved_membrane,
    density,
    gate,
    membrane_step,
    potential,
    ratio_at_start,
    start_param,
    totals,
)


def sodium_activation_fs(v):
    """Steady state of m, and d ln(m) / dv."""
    y = (v + 35.0) * 0.1
    alpha = exprel_inverse(-y)
    beta = 4.0 * exp((v + 60.0) * -0.05555555555555556)
    m = alpha / (alpha + beta)
    return m, (1.0 - m) * (0.1 * exprel_slope(y, alpha) + 0.05555555555555556)


def interneuron_rates(v):
    """alpha and beta of h and n in 1/ms, before phi."""
    alpha_h = 0.07 * exp((v + 58.0) * -0.05)
    beta_h = 1.0 / (1.0 + exp((v + 28.0) * -0.1))
    alpha_n = 0.1 * exprel_inverse((v + 34.0) * -0.1)
    beta_n = 0.125 * exp((v + 44.0) * -0.0125)
    return alpha_h, beta_h, alpha_n, beta_n


def wang_buzsaki_step(v, h, n, i_ext, g_syn, j_syn, dt_C, clock, G_Na, G_K, G_L, E_Na, E_K, E_L, V_spike):
    """One step of the staggered exponential scheme."""
    alpha_h, beta_h, alpha_n, beta_n = interneuron_rates(v)
    m, m_slope = sodium_activation_fs(v)
    h = gate(h, alpha_h, beta_h, clock)
    n = gate(n, alpha_n, beta_n, clock)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4
    before = v
    v = curved_membrane(v, na + k + G_L + g_syn, na * E_Na + k * E_K + G_L * E_L + i_ext + j_syn,
                        3.0 * m_slope * na * (E_Na - v), dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, h, n, spiked


_SOURCE = "Wang and Buzsaki 1996, J Neurosci 16:6402-6413"

HH_WANG_BUZSAKI = NeuronModel(
    key="HH_WANG_BUZSAKI",
    label="Hodgkin-Huxley, fast-spiking interneuron",
    states=(
        State("v", "mV", "membrane potential", initial="v_0"),
        State("h", "", "sodium inactivation", initial="h_0"),
        State("n", "", "potassium activation", initial="n_0"),
    ),
    params=(
        area_param(10_000.0),
        capacitance_param(),
        density("g_Na", 35.0, "Sodium"),
        density("g_K", 9.0, "Potassium"),
        density("g_L", 0.1, "Leak"),
        potential("E_Na", 55.0, "Sodium reversal"),
        potential("E_K", -90.0, "Potassium reversal"),
        potential("E_L", -65.0, "Leak reversal"),
        Param("phi", "", 5.0, 0.01, 100.0, "Gate speed", "Factor on the rates of both gates."),
        start_param(-64.018),
        DETECTION,
    ),
    step=wang_buzsaki_step,
    presets=(
        Preset("FS", "Fast spiking hippocampal interneuron", {},
               f"{_SOURCE}; 100 pF of membrane as in NESTML, wb_cond_exp"),
    ),
    source=_SOURCE,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        **totals("g_Na", "g_K", "g_L"),
        "dt_C": membrane_step,
        "clock": lambda p, dt: dt * p["phi"],
        "h_0": ratio_at_start(interneuron_rates, 0, "v_0"),
        "n_0": ratio_at_start(interneuron_rates, 1, "v_0"),
    },
    default_dt_ms=0.025,
    max_dt_ms=0.05,
    network_defaults={"background_rate_Hz": 200.0, "background_weight_nS": 0.5, "excitatory_weight_nS": 0.1},
)
