"""Subthalamic and pallidal pacemakers (Terman, Rubin, Yew and Wilson 2002; Rubin and Terman 2004).

    C dv/dt = I_L + I_Na + I_K + I_T + I_Ca + I_AHP + I

Activations of sodium and calcium currents are instantaneous. The sources give currents per um2 with C = 1 pF/um2, a
hundred times a physiological density; only ratios to C matter, so the same numbers stand here with C = 1 uF/cm2.
Terman et al. 2002, J Neurosci 22:2963; Rubin and Terman 2004, J Comput Neurosci 16:211 (ModelDB 116867).
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ..kinetics import boltzmann
from ..membrane import (
    DETECTION,
    area_param,
    capacitance_param,
    curved_membrane,
    density,
    membrane_step,
    potential,
    relax,
    start_param,
    totals,
)


def rebound_gate(r, theta, sigma):
    """b(r), the availability of the subthalamic T current."""
    return boltzmann(r, theta, sigma) - boltzmann(0.0, theta, sigma)


def subthalamic_step(v, h, n, r, Ca, i_ext, g_syn, j_syn, dt, dt_C, z_Ca, k_Ca, G_L, G_Na, G_K, G_T, G_Ca, G_AHP,
                     Ca_scale, E_L, E_Na, E_K, E_Ca, tau_r, theta_b, sigma_b, phi_r, V_spike):
    """One step of the staggered exponential scheme."""
    h = relax(h, boltzmann(v, -39.0, -3.1), 0.75 * dt / (1.0 + 500.0 * boltzmann(v, -57.0, -3.0)))
    n = relax(n, boltzmann(v, -32.0, 8.0), 0.75 * dt / (1.0 + 100.0 * boltzmann(v, -80.0, -26.0)))
    r_before = r
    r = relax(r, boltzmann(v, -67.0, -2.0), phi_r * dt / (tau_r + 17.5 * boltzmann(v, 68.0, -2.2)))
    a = boltzmann(v, -63.0, 7.8)
    s = boltzmann(v, -39.0, 8.0)
    m = boltzmann(v, -30.0, 15.0)
    a3 = a * a * a
    b_middle = rebound_gate(0.5 * (r_before + r), theta_b, sigma_b)
    entry = (G_T * a3 * (b_middle * b_middle) + G_Ca * (s * s)) * (E_Ca - v)
    Ca = relax(Ca, entry * Ca_scale / k_Ca, z_Ca)
    b = rebound_gate(r, theta_b, sigma_b)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4 + G_AHP * (Ca / (Ca + 15.0))
    low = G_T * a3 * (b * b)
    high = G_Ca * (s * s)
    slope = (na * (1.0 - m) * 0.2 * (E_Na - v)
             + (low * (1.0 - a) * 0.38461538461538464 + high * (1.0 - s) * 0.25) * (E_Ca - v))
    before = v
    v = curved_membrane(v, na + k + low + high + G_L + g_syn,
                        na * E_Na + k * E_K + (low + high) * E_Ca + G_L * E_L + i_ext + j_syn, slope, dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, h, n, r, Ca, spiked


def pallidal_step(v, h, n, r, Ca, i_ext, g_syn, j_syn, dt, dt_C, z_Ca, k_Ca, G_L, G_Na, G_K, G_T, G_Ca, G_AHP,
                  Ca_scale, E_L, E_Na, E_K, E_Ca, phi_n, V_spike):
    """One step of the staggered exponential scheme."""
    tau = 0.05 + 0.27 * boltzmann(v, -40.0, -12.0)
    h = relax(h, boltzmann(v, -58.0, -12.0), 0.05 * dt / tau)
    n = relax(n, boltzmann(v, -50.0, 14.0), phi_n * dt / tau)
    r_before = r
    r = relax(r, boltzmann(v, -70.0, -2.0), dt * 0.03333333333333333)
    a = boltzmann(v, -57.0, 2.0)
    s = boltzmann(v, -35.0, 2.0)
    m = boltzmann(v, -37.0, 10.0)
    a3 = a * a * a
    entry = (G_T * a3 * (0.5 * (r_before + r)) + G_Ca * (s * s)) * (E_Ca - v)
    Ca = relax(Ca, entry * Ca_scale / k_Ca, z_Ca)
    na = G_Na * (m * m * m * h)
    k = G_K * n ** 4 + G_AHP * (Ca / (Ca + 30.0))
    low = G_T * a3 * r
    high = G_Ca * (s * s)
    slope = (na * (1.0 - m) * 0.3 * (E_Na - v)
             + (low * (1.0 - a) * 1.5 + high * (1.0 - s)) * (E_Ca - v))
    before = v
    v = curved_membrane(v, na + k + low + high + G_L + g_syn,
                        na * E_Na + k * E_K + (low + high) * E_Ca + G_L * E_L + i_ext + j_syn, slope, dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, h, n, r, Ca, spiked


def _states(v: str, Ca: float) -> tuple[State, ...]:
    return (
        State("v", "mV", "membrane potential", initial=v),
        State("h", "", "sodium inactivation", initial=0.5),
        State("n", "", "potassium activation", initial=0.2),
        State("r", "", "T current availability", initial=0.3),
        State("Ca", "", "calcium, arbitrary units", initial=Ca),
    )


_DERIVED = {
    **totals("g_L", "g_Na", "g_K", "g_T", "g_Ca", "g_AHP"),
    "dt_C": membrane_step,
    "z_Ca": lambda p, dt: dt * p["epsilon"] * p["k_Ca"],
    "Ca_scale": lambda p, dt: 100.0 / p["area"],
}
_AREA_CHOSEN = "the source gives densities only, 100 pF of membrane is chosen here"
_RUBIN = f"Rubin and Terman 2004, J Comput Neurosci 16:211-235, ModelDB 116867; {_AREA_CHOSEN}"
_TERMAN = f"Terman et al. 2002, J Neurosci 22:2963-2976, values from NESTML terub_stn and terub_gpe; {_AREA_CHOSEN}"

HH_SUBTHALAMIC = NeuronModel(
    key="HH_SUBTHALAMIC",
    label="Hodgkin-Huxley, subthalamic",
    states=_states("v_0", 0.2),
    params=(
        area_param(10_000.0),
        capacitance_param(),
        density("g_L", 2.25, "Leak"),
        density("g_Na", 37.5, "Sodium"),
        density("g_K", 45.0, "Potassium"),
        density("g_T", 0.5, "T current"),
        density("g_Ca", 0.5, "Calcium"),
        density("g_AHP", 9.0, "AHP"),
        potential("E_L", -60.0, "Leak reversal"),
        potential("E_Na", 55.0, "Sodium reversal"),
        potential("E_K", -80.0, "Potassium reversal"),
        potential("E_Ca", 140.0, "Calcium reversal"),
        Param("tau_r", "ms", 7.1, 0.1, 1000.0, "T recovery time"),
        Param("theta_b", "", 0.25, 0.0, 1.0, "T half availability"),
        Param("sigma_b", "", 0.07, 0.001, 1.0, "T availability slope"),
        Param("phi_r", "", 0.5, 0.01, 10.0, "T recovery speed"),
        Param("epsilon", "1/ms", 3.75e-5, 1e-7, 1.0, "Calcium rate"),
        Param("k_Ca", "", 22.5, 0.01, 1000.0, "Calcium removal"),
        start_param(-60.0),
        DETECTION,
    ),
    step=subthalamic_step,
    presets=(
        Preset("STN", "Subthalamic nucleus, pacemaker", {}, _RUBIN),
        Preset("STN_BURST", "Subthalamic nucleus, long rebound bursts",
               {"tau_r": 40.0, "theta_b": 0.4, "sigma_b": 0.1, "phi_r": 0.2}, _TERMAN),
    ),
    source="Rubin and Terman 2004, J Comput Neurosci 16:211-235",
    ordered=(("E_K", "E_L", "E_Na"),),
    derived=_DERIVED,
    default_dt_ms=0.05,
    max_dt_ms=0.1,
    network_defaults={"background_rate_Hz": 1000.0, "background_weight_nS": 3.0},
)

HH_PALLIDAL = NeuronModel(
    key="HH_PALLIDAL",
    label="Hodgkin-Huxley, pallidal (GPe)",
    states=_states("v_0", 0.1),
    params=(
        area_param(10_000.0),
        capacitance_param(),
        density("g_L", 0.1, "Leak"),
        density("g_Na", 120.0, "Sodium"),
        density("g_K", 30.0, "Potassium"),
        density("g_T", 0.5, "T current"),
        density("g_Ca", 0.15, "Calcium"),
        density("g_AHP", 30.0, "AHP"),
        potential("E_L", -55.0, "Leak reversal"),
        potential("E_Na", 55.0, "Sodium reversal"),
        potential("E_K", -80.0, "Potassium reversal"),
        potential("E_Ca", 120.0, "Calcium reversal"),
        Param("phi_n", "", 0.05, 0.001, 10.0, "Potassium speed"),
        Param("epsilon", "1/ms", 1e-4, 1e-7, 1.0, "Calcium rate"),
        Param("k_Ca", "", 20.0, 0.01, 1000.0, "Calcium removal"),
        start_param(-60.0),
        DETECTION,
    ),
    step=pallidal_step,
    presets=(
        Preset("GPE", "External pallidum, pacemaker", {}, _TERMAN),
        Preset("GPE_EPISODIC", "External pallidum, episodic bursts",
               {"g_Ca": 0.1, "k_Ca": 15.0, "phi_n": 0.1}, _RUBIN),
    ),
    source="Terman et al. 2002, J Neurosci 22:2963-2976",
    ordered=(("E_K", "E_L", "E_Na"),),
    derived=_DERIVED,
    default_dt_ms=0.025,
    max_dt_ms=0.05,
    network_defaults={"background_rate_Hz": 100.0, "background_weight_nS": 1.0, "excitatory_weight_nS": 0.1},
)
