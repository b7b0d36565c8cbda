"""Hippocampal CA3 pyramidal cell of TWO compartments (Pinsky and Rinzel 1994, J Comput Neurosci 1:39).

    p C dv/dt       = p (I_Na + I_K + g_L (E_L - v)) + g_c (v_d - v) + I
    (1-p) C dv_d/dt = (1-p)(I_Ca + I_AHP + I_KC + g_L (E_L - v_d)) + g_c (v - v_d)

The soma (v) makes sodium spikes, the dendrite (v_d) calcium spikes; together they burst. Synapses and currents act
on the soma. Potentials are shifted so that the cell rests near -60 mV (V. Booth's pinrin.ode, which also warns that
the paper's figures used a sodium reversal 5 mV lower).
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ..kinetics import exp, exprel_inverse, exprel_slope
from ..membrane import DETECTION, area_param, bounded, capacitance_param, density, gate, potential, relax, total


def sodium_activation_ca3(v):
    """Steady state of m, and d ln(m) / dv."""
    y = (v + 46.9) * 0.25
    w = (v + 19.9) * -0.2
    rise = exprel_inverse(-y)
    fall = exprel_inverse(-w)
    m = 1.28 * rise / (1.28 * rise + 1.4 * fall)
    return m, (1.0 - m) * (0.25 * exprel_slope(y, rise) + 0.2 * exprel_slope(w, fall))


def somatic_rates(v):
    """alpha and beta of h and n in 1/ms."""
    alpha_h = 0.128 * exp((-43.0 - v) * 0.05555555555555556)
    beta_h = 4.0 / (1.0 + exp((-20.0 - v) * 0.2))
    alpha_n = 0.08 * exprel_inverse((v + 24.9) * -0.2)
    beta_n = 0.25 * exp(-1.0 - 0.025 * v)
    return alpha_h, beta_h, alpha_n, beta_n


def dendritic_rates(v_d):
    """alpha and beta of s and c in 1/ms."""
    alpha_s = 1.6 / (1.0 + exp((v_d - 5.0) * -0.072))
    beta_s = 0.1 * exprel_inverse((v_d + 8.9) * 0.2)
    falling = 2.0 * exp((-53.5 - v_d) * 0.037037037037037035)
    rising = exp((v_d + 50.0) * 0.09090909090909091 - (v_d + 53.5) * 0.037037037037037035) * 0.052700922266139656
    low = v_d <= -10.0
    alpha_c = rising if low else falling
    beta_c = falling - rising if low else 0.0
    return alpha_s, beta_s, alpha_c, beta_c


def coupled(v, v_d, g, g_d, j, j_d, slope, g_c, dt_C, dt_C_d):
    """v and v_d after a step of two membranes joined by g_c (nS), by the linearly implicit trapezoidal rule.

    `slope` is that of `curved_membrane`, for the soma.
    """
    across = g_c * (v_d - v)
    r = dt_C * (j - g * v + across)
    r_d = dt_C_d * (j_d - g_d * v_d - across)
    b = dt_C * g_c
    b_d = dt_C_d * g_c
    d = 1.0 + 0.5 * (dt_C * (g - slope) + b)
    d_d = 1.0 + 0.5 * (dt_C_d * g_d + b_d)
    scale = 1.0 / (d * d_d - 0.25 * b * b_d)
    return bounded(v + (r * d_d + 0.5 * b * r_d) * scale), bounded(v_d + (r_d * d + 0.5 * b_d * r) * scale)


def ca3_step(v, v_d, h, n, s, c, q, Ca, i_ext, g_syn, j_syn, dt, dt_C, dt_C_d, Ca_gain, G_Na, G_K, G_Ca, G_AHP, G_KC,
             G_L, G_L_d, G_c, E_Na, E_K, E_Ca, E_L, V_spike):
    """One staggered step: gates at half steps, both potentials together at whole steps."""
    alpha_h, beta_h, alpha_n, beta_n = somatic_rates(v)
    alpha_s, beta_s, alpha_c, beta_c = dendritic_rates(v_d)
    h = gate(h, alpha_h, beta_h, dt)
    n = gate(n, alpha_n, beta_n, dt)
    s_before = s
    s = gate(s, alpha_s, beta_s, dt)
    c = gate(c, alpha_c, beta_c, dt)
    opening = Ca * 2e-5
    q = gate(q, opening if opening < 0.01 else 0.01, 0.001, dt)
    s_mean = 0.5 * (s_before + s)
    Ca = relax(Ca, Ca_gain * (s_mean * s_mean) * (E_Ca - v_d), dt * 0.075)
    m, m_slope = sodium_activation_ca3(v)
    na = G_Na * (m * m * h)
    k = G_K * n
    ca = G_Ca * (s * s)
    part = Ca * 0.004
    k_d = G_AHP * q + G_KC * c * (part if part < 1.0 else 1.0)
    before = v
    v, v_d = coupled(v, v_d, na + k + G_L + g_syn, ca + k_d + G_L_d,
                     na * E_Na + k * E_K + G_L * E_L + i_ext + j_syn, ca * E_Ca + k_d * E_K + G_L_d * E_L,
                     2.0 * m_slope * na * (E_Na - v), G_c, dt_C, dt_C_d)
    spiked = before < V_spike and v >= V_spike
    return v, v_d, h, n, s, c, q, Ca, spiked


def _somatic(name: str):
    return lambda p, dt: p["p"] * total(name)(p, dt)


def _dendritic(name: str):
    return lambda p, dt: (1.0 - p["p"]) * total(name)(p, dt)


_SOURCE = "Pinsky and Rinzel 1994, J Comput Neurosci 1:39-60; OpenSourceBrain PinskyRinzelModel, pinrin.ode"

HH_CA3 = NeuronModel(
    key="HH_CA3",
    label="Hodgkin-Huxley, CA3 pyramidal (two compartments)",
    states=(
        State("v", "mV", "somatic potential", initial=-64.6),
        State("v_d", "mV", "dendritic potential", initial=-64.5),
        State("h", "", "sodium inactivation", initial=0.999),
        State("n", "", "potassium activation", initial=0.001),
        State("s", "", "calcium activation", initial=0.009),
        State("c", "", "C current activation", initial=0.007),
        State("q", "", "AHP activation", initial=0.001),
        State("Ca", "", "calcium, arbitrary units", initial=0.2),
    ),
    params=(
        area_param(10_000.0),
        capacitance_param(3.0),
        Param("p", "", 0.5, 0.01, 0.99, "Somatic share", "Share of the membrane that belongs to the soma."),
        density("g_c", 2.1, "Coupling", "Between soma and dendrite, per total area."),
        density("g_Na", 30.0, "Sodium"),
        density("g_K", 15.0, "Potassium"),
        density("g_Ca", 10.0, "Dendritic calcium"),
        density("g_AHP", 0.8, "Dendritic AHP"),
        density("g_KC", 15.0, "Dendritic C current"),
        density("g_L", 0.1, "Leak"),
        potential("E_Na", 60.0, "Sodium reversal"),
        potential("E_K", -75.0, "Potassium reversal"),
        potential("E_Ca", 80.0, "Calcium reversal"),
        potential("E_L", -60.0, "Leak reversal"),
        DETECTION,
    ),
    step=ca3_step,
    presets=(
        Preset("CA3", "CA3 pyramidal, bursting", {},
               f"{_SOURCE}; the source gives densities only, 10,000 um2 (300 pF) of membrane are chosen here"),
    ),
    source=_SOURCE,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        "dt_C": lambda p, dt: dt / (0.01 * p["C_m"] * p["area"] * p["p"]),
        "dt_C_d": lambda p, dt: dt / (0.01 * p["C_m"] * p["area"] * (1.0 - p["p"])),
        "Ca_gain": lambda p, dt: 0.13 / 0.075 * p["g_Ca"],
        "G_c": total("g_c"),
        "G_Na": _somatic("g_Na"),
        "G_K": _somatic("g_K"),
        "G_L": _somatic("g_L"),
        "G_L_d": _dendritic("g_L"),
        "G_Ca": _dendritic("g_Ca"),
        "G_AHP": _dendritic("g_AHP"),
        "G_KC": _dendritic("g_KC"),
    },
    default_dt_ms=0.02,
    max_dt_ms=0.05,
    network_defaults={"background_rate_Hz": 200.0, "background_weight_nS": 1.0, "excitatory_weight_nS": 0.1},
)
