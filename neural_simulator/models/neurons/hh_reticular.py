"""Thalamic reticular cell: long bursts of its own, slower T current.

    C dv/dt = I_Na + I_K + g_T m_T^2 h_T (E_Ca - v) + g_L (E_L - v) + I

T current: Q10 2.5 from 24 C for both gates (IT2.mod). Destexhe, Bal, McCormick and Sejnowski 1996, J Neurophysiol
76:2049 (ModelDB 3343, RE.tem). Its bursts of some thirty spikes are longer than those seen in vivo: the source chose
a strong T current. The isolated cell rests at -90 mV; depolarise it for an awake network.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import NeuronModel, Preset, State
from ..calcium import POOL_PARAMS, nernst, pool, pool_clock, pool_gain, reversal, steady_calcium
from ..exactly import exactly
from ..kinetics import boltzmann, exp
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
    total,
    totals,
    value_at_start,
)
from .hodgkin_huxley import traub_rates


def reticular_t_gates(v):
    """Steady state and 1 / tau (1/ms at 24 C) of m_T, then of h_T."""
    s = v + 2.0
    m_inf = boltzmann(s, -50.0, 7.4)
    tau_m = 3.0 + 1.0 / (exp((s + 25.0) * 0.1) + exp((s + 100.0) * -0.06666666666666667))
    h_inf = boltzmann(s, -78.0, -5.0)
    tau_h = 85.0 + 1.0 / (exp((s + 46.0) * 0.25) + exp((s + 405.0) * -0.02))
    return m_inf, 1.0 / tau_m, h_inf, 1.0 / tau_h


def reticular_step(v, m, h, n, m_T, h_T, Ca, i_ext, g_syn, j_syn, dt_C, clock, clock_T, clock_Ca, gain_Ca, nernst,
                   G_Na, G_K, G_T, G_L, E_Na, E_K, E_L, Ca_inf, V_T, V_spike):
    """One step of the staggered exponential scheme."""
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = traub_rates(v, V_T)
    m_T_inf, rate_m_T, h_T_inf, rate_h_T = reticular_t_gates(v)
    m = gate(m, alpha_m, beta_m, clock)
    h = gate(h, alpha_h, beta_h, clock)
    n = gate(n, alpha_n, beta_n, clock)
    m_T = relax(m_T, m_T_inf, rate_m_T * clock_T)
    h_T = relax(h_T, h_T_inf, rate_h_T * clock_T)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4
    low = G_T * (m_T * m_T * h_T)
    E_Ca = reversal(Ca, nernst)
    Ca = pool(Ca, low * (E_Ca - v), Ca_inf, gain_Ca, clock_Ca)
    before = v
    v = membrane(v, na + k + low + G_L + g_syn,
                 na * E_Na + k * E_K + low * E_Ca + G_L * E_L + i_ext + j_syn, dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, m, h, n, m_T, h_T, Ca, spiked


def calcium_at_start(p: Mapping[str, float], dt: float) -> float:
    """Calcium at rest at v_0."""
    m_inf, _, h_inf, _ = exactly(reticular_t_gates)(p["v_0"])
    return steady_calcium(p, total("g_T")(p, dt) * m_inf * m_inf * h_inf)


_SOURCE = "Destexhe et al. 1996, J Neurophysiol 76:2049-2070; ModelDB 3343"

HH_RETICULAR = NeuronModel(
    key="HH_RETICULAR",
    label="Hodgkin-Huxley, thalamic reticular",
    states=(
        State("v", "mV", "membrane potential", initial="v_0"),
        State("m", "", "sodium activation", initial="m_0"),
        State("h", "", "sodium inactivation", initial="h_0"),
        State("n", "", "potassium activation", initial="n_0"),
        State("m_T", "", "low-threshold activation", initial="m_T_0"),
        State("h_T", "", "low-threshold inactivation", initial="h_T_0"),
        State("Ca", "mM", "calcium", initial="Ca_0"),
    ),
    params=(
        area_param(14_263.46),
        capacitance_param(),
        density("g_Na", 200.0, "Sodium"),
        density("g_K", 20.0, "Potassium"),
        density("g_T", 3.0, "Low-threshold calcium"),
        density("g_L", 0.05, "Leak"),
        potential("E_Na", 50.0, "Sodium reversal"),
        potential("E_K", -100.0, "Potassium reversal"),
        potential("E_L", -90.0, "Leak reversal"),
        potential("V_T", -55.0, "Threshold shift"),
        *POOL_PARAMS,
        temperature_param(),
        start_param(-89.58),
        DETECTION,
    ),
    step=reticular_step,
    presets=(Preset("TRN", "Thalamic reticular, bursting", {}, f"{_SOURCE}, RE.tem"),),
    source=_SOURCE,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        **totals("g_Na", "g_K", "g_T", "g_L"),
        "dt_C": membrane_step,
        "clock": scaled_step(3.0, 36.0),
        "clock_T": scaled_step(2.5, 24.0),
        "clock_Ca": pool_clock,
        "gain_Ca": pool_gain,
        "nernst": nernst,
        "m_0": ratio_at_start(traub_rates, 0, "v_0", "V_T"),
        "h_0": ratio_at_start(traub_rates, 1, "v_0", "V_T"),
        "n_0": ratio_at_start(traub_rates, 2, "v_0", "V_T"),
        "m_T_0": value_at_start(reticular_t_gates, 0, "v_0"),
        "h_T_0": value_at_start(reticular_t_gates, 2, "v_0"),
        "Ca_0": calcium_at_start,
    },
    default_dt_ms=0.025,
    max_dt_ms=0.05,
    network_defaults={"background_rate_Hz": 400.0, "background_weight_nS": 1.0, "excitatory_weight_nS": 0.1},
)
