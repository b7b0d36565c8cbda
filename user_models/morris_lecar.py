"""Barnacle muscle fibre of Morris and Lecar (1981), in the form and with the numbers of Ermentrout and
Terman (2010).

    C dv/dt = g_Ca m_inf(v) (E_Ca - v) + g_K w (E_K - v) + g_L (E_L - v) + I
      dw/dt = phi (w_inf(v) - w) / tau_w(v)

This file is an example of a user's own model: see docs/user_models.md. It is read, checked and compiled, never run as
a program; remove or change it as you like.
"""


def activation(v, half, slope):
    return 0.5 * (1 + tanh((v - half) / slope))


def recovery_rate(v, V_3, V_4):
    """1 / tau_w = cosh((v - V_3) / (2 V_4))."""
    e = exp((v - V_3) / (2 * V_4))
    return 0.5 * (e + 1 / e)


def step(v, w, i_ext, g_syn, j_syn, dt, dt_C, g_Ca, g_K, g_L, E_Ca, E_K, E_L, V_1, V_2, V_3, V_4, phi, V_spike):
    """The gate half a step ahead of the potential, each by its exponential (see models/membrane.py)."""
    w = relax(w, activation(v, V_3, V_4), phi * dt * recovery_rate(v, V_3, V_4))
    m = activation(v, V_1, V_2)
    ca = g_Ca * m
    k = g_K * w
    before = v
    slope = ca * 2 * (1 - m) / V_2 * (E_Ca - v)          # m follows v at once
    v = curved_membrane(v, ca + k + g_L + g_syn, ca * E_Ca + k * E_K + g_L * E_L + i_ext + j_syn, slope, dt_C)
    spiked = before < V_spike and v >= V_spike
    return v, w, spiked


def step_over_capacitance(C, dt):
    return dt / C


def recovered(v_0, V_3, V_4):
    return activation(v_0, V_3, V_4)


MODEL = NeuronModel(
    key="MORRIS_LECAR",
    label="Morris-Lecar",
    states=(
        State("v", "mV", "membrane potential", initial="v_0"),
        State("w", "", "potassium activation", initial="w_0"),
    ),
    params=(
        Param("C", "pF", 20, 0.1, 10000, "Capacitance"),
        Param("g_Ca", "nS", 4.4, 0, 1000, "Calcium"),
        Param("g_K", "nS", 8, 0, 1000, "Potassium"),
        Param("g_L", "nS", 2, 0, 1000, "Leak"),
        Param("E_Ca", "mV", 120, 0, 200, "Calcium reversal"),
        Param("E_K", "mV", -84, -150, 0, "Potassium reversal"),
        Param("E_L", "mV", -60, -150, 0, "Leak reversal"),
        Param("V_1", "mV", -1.2, -100, 100, "Calcium half activation"),
        Param("V_2", "mV", 18, 1, 100, "Calcium slope"),
        Param("V_3", "mV", 2, -100, 100, "Potassium half activation"),
        Param("V_4", "mV", 30, 1, 100, "Potassium slope"),
        Param("phi", "1/ms", 0.04, 0.0001, 10, "Recovery speed"),
        Param("v_0", "mV", -60.9, -150, 50, "Initial potential"),
        Param("V_spike", "mV", 0, -50, 50, "Spike detection", "An upward crossing of this potential is a spike."),
    ),
    step=step,
    derived={"dt_C": step_over_capacitance, "w_0": recovered},
    presets=(
        Preset("HOPF", "Class 2: starts at a high rate", {},
               "Ermentrout and Terman 2010, Mathematical Foundations of Neuroscience, table 3.1 (Hopf)"),
        Preset("SNLC", "Class 1: starts at an arbitrarily low rate",
               {"g_Ca": 4, "V_3": 12, "V_4": 17.4, "phi": 0.067},
               "Ermentrout and Terman 2010, Mathematical Foundations of Neuroscience, table 3.1 (SNLC)"),
    ),
    source="Morris and Lecar 1981, Biophys J 35:193-213",
    default_dt_ms=0.1,
    max_dt_ms=0.5,
    default_presets=("SNLC", "SNLC"),
)
