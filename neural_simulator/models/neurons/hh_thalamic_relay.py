"""Thalamocortical relay cell: tonic when depolarised, bursts of the T current when released from hyperpolarisation.

    C dv/dt = I_Na + I_K + g_T s_inf(v)^2 h_T (E_Ca - v) + g_h (o_1 + r_inc o_2)(E_h - v)
              + g_KL (E_K - v) + g_L (E_L - v) + I

I_h opens with voltage (o_1) and is locked open by calcium-bound p_1 (o_2), which ends spindles.
Destexhe, Bal, McCormick and Sejnowski 1996, J Neurophysiol 76:2049 (ModelDB 3343).
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import NeuronModel, Param, Preset, State
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
from ..kinetics import boltzmann, exp
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
    share,
    start_param,
    temperature_param,
    total,
    totals,
    value_at_start,
)
from .hodgkin_huxley import traub_rates

K_1, CA_HALF = 4e-4, 0.002          # 1/ms, mM: calcium binding to the regulator p_1
K_3, P_HALF = 1e-3, 0.01            # 1/ms: the regulator locking channels open


def h_current_gate(v):
    """Steady state of I_h and 1 / tau in 1/ms, at 36 C."""
    h_inf = boltzmann(v, -75.0, -5.5)
    tau = 20.0 + 1000.0 / (exp((v + 71.5) * 0.07042253521126761) + exp((v + 89.0) * -0.08620689655172414))
    return h_inf, 1.0 / tau


def h_current(o_1, o_2, p_1, v, Ca, clock):
    """o_1, o_2 and p_1 after a step: closed <-> o_1 by voltage, o_1 <-> o_2 by p_1, p_1 by calcium."""
    h_inf, rate = h_current_gate(v)
    ratio = Ca * 500.0                                  # Ca / CA_HALF
    bound = K_1 * ratio ** 4
    p_1 = gate(p_1, bound, K_1, clock)
    lock = K_3 * 100.0 * p_1                            # K_3 p_1 / P_HALF
    z = (rate + lock) * clock
    opened = (rate * h_inf * (1.0 - o_2) + K_3 * o_2) * clock
    before = o_1
    o_1 = o_1 + (opened - z * o_1) * share(z)
    o_2 = relax(o_2, lock * 0.5 * (before + o_1) / K_3, K_3 * clock)
    return o_1, o_2, p_1


def thalamic_relay_step(v, m, h, n, h_T, Ca, o_1, o_2, p_1, i_ext, g_syn, j_syn, dt_C, clock, clock_T, clock_Ca,
                        gain_Ca, nernst, G_Na, G_K, G_T, G_h, G_KL, G_L, r_inc, E_Na, E_K, E_L, E_h, Ca_inf, V_T,
                        V_spike):
    """One step of the staggered exponential scheme."""
    alpha_m, beta_m, alpha_h, beta_h, alpha_n, beta_n = traub_rates(v, V_T)
    s_inf, h_T_inf, rate_T = t_current_gates(v)
    m = gate(m, alpha_m, beta_m, clock)
    h = gate(h, alpha_h, beta_h, clock)
    n = gate(n, alpha_n, beta_n, clock)
    h_T = relax(h_T, h_T_inf, rate_T * clock_T)
    o_1, o_2, p_1 = h_current(o_1, o_2, p_1, v, Ca, clock)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4 + G_KL
    low = G_T * (s_inf * s_inf * h_T)
    sag = G_h * (o_1 + r_inc * o_2)
    E_Ca = reversal(Ca, nernst)
    Ca = pool(Ca, low * (E_Ca - v), Ca_inf, gain_Ca, clock_Ca)
    before = v
    v = curved_membrane(v, na + k + low + sag + G_L + g_syn,
                        na * E_Na + k * E_K + low * E_Ca + sag * E_h + G_L * E_L + i_ext + j_syn,
                        0.3225806451612903 * (1.0 - s_inf) * low * (E_Ca - v), dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, m, h, n, h_T, Ca, o_1, o_2, p_1, spiked


def calcium_at_start(p: Mapping[str, float], dt: float) -> float:
    """Calcium at rest at v_0."""
    s_inf, h_inf, _ = exactly(t_current_gates)(p["v_0"])
    return steady_calcium(p, total("g_T")(p, dt) * s_inf * s_inf * h_inf)


def h_current_at_start(index: int) -> Rule:
    """Steady state at v_0 of o_1, o_2 or p_1 (index 0, 1, 2)."""

    def rule(p: Mapping[str, float], dt: float) -> float:
        h_inf, _ = exactly(h_current_gate)(p["v_0"])
        ratio = calcium_at_start(p, dt) / CA_HALF
        bound = ratio * ratio * ratio * ratio
        p_1 = bound / (1.0 + bound)
        o_1 = h_inf / (1.0 + h_inf * p_1 / P_HALF)
        return (o_1, o_1 * p_1 / P_HALF, p_1)[index]

    return rule


_SOURCE = "Destexhe et al. 1996, J Neurophysiol 76:2049-2070; ModelDB 3343"

HH_THALAMIC_RELAY = NeuronModel(
    key="HH_THALAMIC_RELAY",
    label="Hodgkin-Huxley, thalamic relay",
    states=(
        State("v", "mV", "membrane potential", initial="v_0"),
        State("m", "", "sodium activation", initial="m_0"),
        State("h", "", "sodium inactivation", initial="h_0"),
        State("n", "", "potassium activation", initial="n_0"),
        State("h_T", "", "low-threshold inactivation", initial="h_T_0"),
        State("Ca", "mM", "calcium", initial="Ca_0"),
        State("o_1", "", "I_h open", initial="o_1_0"),
        State("o_2", "", "I_h locked open", initial="o_2_0"),
        State("p_1", "", "I_h regulator with calcium bound", initial="p_1_0"),
    ),
    params=(
        area_param(28_952.9),
        capacitance_param(),
        density("g_Na", 90.0, "Sodium"),
        density("g_K", 10.0, "Potassium"),
        density("g_T", 2.0, "Low-threshold calcium"),
        density("g_h", 0.015, "I_h", "Hyperpolarisation-activated inward current."),
        Param("r_inc", "", 2.0, 0.0, 100.0, "I_h locked gain", "Conductance of locked channels relative to open ones."),
        density("g_KL", 0.0103616, "Potassium leak", "3 nS; sleep-promoting, lowered by arousal."),
        density("g_L", 0.01, "Leak"),
        potential("E_Na", 50.0, "Sodium reversal"),
        potential("E_K", -100.0, "Potassium reversal"),
        potential("E_L", -70.0, "Leak reversal"),
        potential("E_h", -40.0, "I_h reversal"),
        potential("V_T", -25.0, "Threshold shift"),
        *POOL_PARAMS,
        temperature_param(),
        start_param(-66.41),
        DETECTION,
    ),
    step=thalamic_relay_step,
    presets=(
        Preset("TC", "Thalamocortical relay, resting", {}, f"{_SOURCE}, Fspin.oc (resting cell)"),
        Preset("TC_DELTA", "Thalamocortical relay, delta oscillation",
               {"g_h": 0.01, "g_KL": 0.0172694, "r_inc": 1.0, "v_0": -70.0}, f"{_SOURCE}, Fdelta.oc"),
    ),
    source=_SOURCE,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        **totals("g_Na", "g_K", "g_T", "g_h", "g_KL", "g_L"),
        "dt_C": membrane_step,
        "clock": scaled_step(3.0, 36.0),
        "clock_T": scaled_step(3.0, 24.0),
        "clock_Ca": pool_clock,
        "gain_Ca": pool_gain,
        "nernst": nernst,
        "m_0": ratio_at_start(traub_rates, 0, "v_0", "V_T"),
        "h_0": ratio_at_start(traub_rates, 1, "v_0", "V_T"),
        "n_0": ratio_at_start(traub_rates, 2, "v_0", "V_T"),
        "h_T_0": value_at_start(t_current_gates, 1, "v_0"),
        "Ca_0": calcium_at_start,
        "o_1_0": h_current_at_start(0),
        "o_2_0": h_current_at_start(1),
        "p_1_0": h_current_at_start(2),
    },
    default_dt_ms=0.05,
    max_dt_ms=0.1,
    network_defaults={"background_rate_Hz": 1000.0, "background_weight_nS": 3.5},
)
