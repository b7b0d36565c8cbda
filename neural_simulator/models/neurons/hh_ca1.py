"""Hippocampal CA1 pyramidal cell (Golomb, Yue and Yaari 2006, J Neurophysiol 96:1912; ModelDB 66268).

    C dv/dt = I_Na + I_NaP + I_K + I_A + I_M + I_Ca + I_C + I_sAHP + g_L (E_L - v) + I

Activations of I_Na, I_NaP and I_A are instantaneous. Calcium (arbitrary units, time constant 13 ms) opens I_C and
I_sAHP. The source's time constants are used as they stand, without temperature.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Preset, State
from ..kinetics import boltzmann
from ..membrane import (
    DETECTION,
    Rule,
    area_param,
    capacitance_param,
    curved_membrane,
    density,
    membrane_step,
    potential,
    relax,
    start_param,
    totals,
    value_at_start,
)

TAU_CA = 13.0            # ms
CA_GAIN = 0.13           # calcium per uA/cm2 and ms


def ca1_targets(v):
    """Steady states of h, n, b, z, r and c."""
    h = boltzmann(v, -45.0, -7.0)
    n = boltzmann(v, -35.0, 10.0)
    b = boltzmann(v, -80.0, -6.0)
    z = boltzmann(v, -39.0, 5.0)
    r = boltzmann(v, -20.0, 10.0)
    c = boltzmann(v, -30.0, 7.0)
    return h, n, b, z, r, c


def slow_ahp_target(Ca):
    """Steady state of q."""
    fourth = Ca ** 4
    return fourth / (fourth + 16.0)


def ca1_step(v, h, n, b, z, r, c, q, Ca, i_ext, g_syn, j_syn, dt, dt_C, Ca_gain, G_Na, G_NaP, G_K, G_A, G_M, G_Ca,
             G_C, G_sAHP, G_L, E_Na, E_K, E_Ca, E_L, V_NaP, V_spike):
    """One step of the staggered exponential scheme."""
    h_inf, n_inf, b_inf, z_inf, r_inf, c_inf = ca1_targets(v)
    h = relax(h, h_inf, dt / (0.1 + 0.75 * boltzmann(v, -40.5, -6.0)))
    n = relax(n, n_inf, dt / (0.1 + 0.5 * boltzmann(v, -27.0, -15.0)))
    b = relax(b, b_inf, dt * 0.06666666666666667)
    z = relax(z, z_inf, dt * 0.013333333333333334)
    r_before = r
    r = relax(r, r_inf, dt)
    c = relax(c, c_inf, dt * 0.5)
    q = relax(q, slow_ahp_target(Ca), dt * 0.0022222222222222222)
    r_mean = 0.5 * (r_before + r)
    Ca = relax(Ca, Ca_gain * (r_mean * r_mean) * (E_Ca - v), dt * 0.07692307692307693)
    m = boltzmann(v, -30.0, 9.5)
    a = boltzmann(v, -50.0, 20.0)
    x = boltzmann(v, V_NaP, 3.0)
    na = G_Na * (m * m * m * h)
    nap = G_NaP * x
    ka = G_A * (a * a * a * b)
    k = G_K * n ** 4 + ka + G_M * z + G_C * (Ca / (Ca + 6.0)) * c + G_sAHP * q
    ca = G_Ca * (r * r)
    slope = ((na * (1.0 - m) * 0.3157894736842105 + nap * (1.0 - x) * 0.3333333333333333) * (E_Na - v)
             + ka * (1.0 - a) * 0.15 * (E_K - v))
    before = v
    v = curved_membrane(v, na + nap + k + ca + G_L + g_syn,
                        (na + nap) * E_Na + k * E_K + ca * E_Ca + G_L * E_L + i_ext + j_syn, slope, dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, h, n, b, z, r, c, q, Ca, spiked


def ca1_calcium(v, g_Ca, E_Ca):
    """Steady calcium, and steady state of q, at v."""
    h, n, b, z, r, c = ca1_targets(v)
    Ca = CA_GAIN * TAU_CA * g_Ca * (r * r) * (E_Ca - v)
    return Ca, slow_ahp_target(Ca)


def _gate(index: int) -> Rule:
    return value_at_start(ca1_targets, index, "v_0")


_SOURCE = "Golomb, Yue and Yaari 2006, J Neurophysiol 96:1912-1926; ModelDB 66268"

HH_CA1 = NeuronModel(
    key="HH_CA1",
    label="Hodgkin-Huxley, CA1 pyramidal",
    states=(
        State("v", "mV", "membrane potential", initial="v_0"),
        State("h", "", "sodium inactivation", initial="h_0"),
        State("n", "", "potassium activation", initial="n_0"),
        State("b", "", "A current inactivation", initial="b_0"),
        State("z", "", "M current activation", initial="z_0"),
        State("r", "", "calcium activation", initial="r_0"),
        State("c", "", "C current activation", initial="c_0"),
        State("q", "", "slow AHP activation", initial="q_0"),
        State("Ca", "", "calcium, arbitrary units", initial="Ca_0"),
    ),
    params=(
        area_param(10_000.0),
        capacitance_param(),
        density("g_Na", 35.0, "Sodium"),
        density("g_NaP", 0.2, "Persistent sodium"),
        density("g_K", 6.0, "Potassium"),
        density("g_A", 1.4, "A current"),
        density("g_M", 1.0, "M current"),
        density("g_Ca", 0.08, "Calcium"),
        density("g_C", 10.0, "C current", "Potassium, opened by calcium and voltage."),
        density("g_sAHP", 5.0, "Slow AHP", "Potassium, opened by calcium: adaptation."),
        density("g_L", 0.05, "Leak"),
        potential("E_Na", 55.0, "Sodium reversal"),
        potential("E_K", -90.0, "Potassium reversal"),
        potential("E_Ca", 120.0, "Calcium reversal"),
        potential("E_L", -70.0, "Leak reversal"),
        potential("V_NaP", -41.0, "Persistent sodium half activation"),
        start_param(-71.962),
        DETECTION,
    ),
    step=ca1_step,
    presets=(
        Preset("CA1", "CA1 pyramidal, adapting", {},
               f"{_SOURCE}, nca.ode; the source gives densities only, 100 pF of membrane is chosen here"),
        Preset("CA1_ZERO_CA", "CA1 pyramidal in zero calcium, bursting",
               {"g_Ca": 0.0, "g_C": 0.0, "g_sAHP": 0.0, "g_NaP": 0.3, "V_NaP": -47.0, "v_0": -71.813},
               f"{_SOURCE}, zca.ode; the source gives densities only, 100 pF of membrane is chosen here"),
    ),
    source=_SOURCE,
    ordered=(("E_K", "E_L", "E_Na"),),
    derived={
        **totals("g_Na", "g_NaP", "g_K", "g_A", "g_M", "g_Ca", "g_C", "g_sAHP", "g_L"),
        "dt_C": membrane_step,
        "Ca_gain": lambda p, dt: CA_GAIN * TAU_CA * p["g_Ca"],
        "h_0": _gate(0),
        "n_0": _gate(1),
        "b_0": _gate(2),
        "z_0": _gate(3),
        "r_0": _gate(4),
        "c_0": _gate(5),
        "Ca_0": value_at_start(ca1_calcium, 0, "v_0", "g_Ca", "E_Ca"),
        "q_0": value_at_start(ca1_calcium, 1, "v_0", "g_Ca", "E_Ca"),
    },
    default_dt_ms=0.025,
    max_dt_ms=0.05,
    network_defaults={"background_rate_Hz": 400.0, "background_weight_nS": 1.0, "excitatory_weight_nS": 0.1},
)
