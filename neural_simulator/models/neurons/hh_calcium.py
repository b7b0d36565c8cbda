"""Cortical neurons with calcium currents: intrinsically bursting and low-threshold spiking.

The cell of `hodgkin_huxley` with two more inward currents (Pospischil et al. 2008, Biol Cybern 99:427):

    g_CaL q^2 r (E_CaL - v)         high threshold (Reuveni et al. 1993, J Neurosci 13:4609), rates at 36 C
    g_T s_inf(v)^2 h_T (E_Ca - v)   low threshold (Destexhe et al. 2001, Neurocomputing 38:555), Q10 3 from 24 C

E_Ca follows the calcium in a shell under the membrane.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import NeuronModel, Preset, State
from ..calcium import (
    POOL_PARAMS,
    nernst,
    pool,
    pool_clock,
    pool_gain,
    reversal,
    steady_calcium,
    t_current_gates,
)
from ..exactly import exactly
from ..kinetics import exp, exprel_inverse
from ..membrane import (
    curved_membrane,
    density,
    gate,
    potential,
    ratio_at_start,
    relax,
    scaled_step,
    total,
    totals,
    value_at_start,
)
from .hodgkin_huxley import (
    POSPISCHIL,
    TRAUB_DERIVED,
    TRAUB_PARAMS,
    TRAUB_STATES,
    m_current_rates,
    traub_rates,
)


def l_current_rates(v):
    """alpha and beta of q and r, the gates of the high-threshold calcium current, in 1/ms."""
    alpha_q = 0.209 * exprel_inverse((-27.0 - v) * 0.2631578947368421)
    beta_q = 0.94 * exp((-75.0 - v) * 0.058823529411764705)
    alpha_r = 0.000457 * exp((-13.0 - v) * 0.02)
    beta_r = 0.0065 / (1.0 + exp((-15.0 - v) * 0.03571428571428571))
    return alpha_q, beta_q, alpha_r, beta_r


def hh_calcium_step(v, m, h, n, p, q, r, h_T, Ca, i_ext, g_syn, j_syn, dt, dt_C, clock, clock_M, clock_T, clock_Ca,
                    gain_Ca, nernst, G_Na, G_K, G_M, G_L, G_CaL, G_T, E_Na, E_K, E_L, E_CaL, Ca_inf, V_T, V_spike):
    """One step of the staggered exponential scheme."""
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = traub_rates(v, V_T)
    alpha_q, beta_q, alpha_r, beta_r = l_current_rates(v)
    p_inf, rate_p = m_current_rates(v)
    s_inf, h_T_inf, rate_T = t_current_gates(v)
    m = gate(m, alpha_m, beta_m, clock)
    h = gate(h, alpha_h, beta_h, clock)
    n = gate(n, alpha_n, beta_n, clock)
    p = relax(p, p_inf, rate_p * clock_M)
    q = gate(q, alpha_q, beta_q, dt)
    r = gate(r, alpha_r, beta_r, dt)
    h_T = relax(h_T, h_T_inf, rate_T * clock_T)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4 + G_M * p
    high = G_CaL * (q * q * r)
    low = G_T * (s_inf * s_inf * h_T)
    E_Ca = reversal(Ca, nernst)
    Ca = pool(Ca, low * (E_Ca - v) + high * (E_CaL - v), Ca_inf, gain_Ca, clock_Ca)
    before = v
    v = curved_membrane(v, na + k + high + low + G_L + g_syn,
                        na * E_Na + k * E_K + high * E_CaL + low * E_Ca + G_L * E_L + i_ext + j_syn,
                        0.3225806451612903 * (1.0 - s_inf) * low * (E_Ca - v), dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, m, h, n, p, q, r, h_T, Ca, spiked


def calcium_at_start(p: Mapping[str, float], dt: float) -> float:
    """Calcium at rest at v_0, for the T current alone: the high-threshold current is closed there."""
    s_inf, h_inf, _ = exactly(t_current_gates)(p["v_0"])
    return steady_calcium(p, total("g_T")(p, dt) * s_inf * s_inf * h_inf)


_BURSTING = {"g_L": 0.01, "E_L": -85.0, "g_M": 0.03, "v_0": -84.0}

HH_CALCIUM = NeuronModel(
    key="HH_CALCIUM",
    label="Hodgkin-Huxley, cortical with calcium",
    states=(
        *TRAUB_STATES,
        State("q", "", "high-threshold activation", initial="q_0"),
        State("r", "", "high-threshold inactivation", initial="r_0"),
        State("h_T", "", "low-threshold inactivation", initial="h_T_0"),
        State("Ca", "mM", "calcium", initial="Ca_0"),
    ),
    params=(
        *TRAUB_PARAMS,
        density("g_CaL", 0.0, "High-threshold calcium"),
        potential("E_CaL", 120.25, "High-threshold reversal"),
        density("g_T", 0.0, "Low-threshold calcium"),
        *POOL_PARAMS,
    ),
    step=hh_calcium_step,
    presets=(
        Preset("IB", "Intrinsically bursting pyramidal", {**_BURSTING, "g_CaL": 0.17}, f"{POSPISCHIL}, IB"),
        Preset("IBR", "Repetitively bursting pyramidal", {**_BURSTING, "g_CaL": 0.22}, f"{POSPISCHIL}, IB repetitive"),
        Preset("LTS", "Low-threshold spiking pyramidal", {**_BURSTING, "g_T": 0.4}, f"{POSPISCHIL}, LTS"),
    ),
    source=POSPISCHIL,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        **TRAUB_DERIVED,
        **totals("g_CaL", "g_T"),
        "clock_T": scaled_step(3.0, 24.0),
        "clock_Ca": pool_clock,
        "gain_Ca": pool_gain,
        "nernst": nernst,
        "q_0": ratio_at_start(l_current_rates, 0, "v_0"),
        "r_0": ratio_at_start(l_current_rates, 1, "v_0"),
        "h_T_0": value_at_start(t_current_gates, 1, "v_0"),
        "Ca_0": calcium_at_start,
    },
    default_dt_ms=0.05,
    max_dt_ms=0.1,
    network_defaults={"background_rate_Hz": 450.0, "background_weight_nS": 1.0},
)
