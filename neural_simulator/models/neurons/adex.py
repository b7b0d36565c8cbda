"""Adaptive exponential integrate-and-fire neuron (Brette and Gerstner 2005, J Neurophysiol 94:3637).

    C dv/dt     = g_L (E_L - v) + g_L Delta_T exp((v - V_T) / Delta_T) - w + I
    tau_w dw/dt = a (v - E_L) - w                    v reaches V_peak:  v <- V_r, held for t_ref;  w <- w + b
"""

from __future__ import annotations

from ...base import exact
from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.grammar import fmax, fmin
from ..kinetics import exp, log


def relaxed(x):
    """1 - exp(-x) for small x >= 0, by its series; error x^4 / 24."""
    return x * (1.0 - x * (0.5 - x * 0.16666666666666666))


def adex_step(v, w, wait, i_ext, g_syn, j_syn, dt, C_inverse, g_L, E_L, V_T, Delta_T, slope_inverse, peak_inverse, a,
              rate_w, b, V_r, V_peak, t_ref):
    """One step: Strang splitting, second order, with the spike at its place inside the step.

    Half a step of leak and synapses (exact), the exponential upstroke alone (exact: exp(-v / Delta_T) falls linearly
    in time, by y in h) together with w, which sees its mean; half a step of leak and synapses. `wait` is the
    refractory time left (positive), or the time between an in-step spike and the end of its step, made up for in the
    next one (negative).
    """
    held = fmin(fmax(wait, 0.0), dt)
    h = fmax(dt - wait, 0.0)
    w_reset = a * (V_r - E_L)
    w = w + relaxed(held * rate_w) * (w_reset - w)
    g = g_L + g_syn
    current = g_L * E_L + j_syn + i_ext
    g_inverse = 1.0 / g
    decay = exp(-0.5 * h * g * C_inverse)
    rest = (current - w) * g_inverse
    x = fmin(rest + (v - rest) * decay, V_peak)
    rise = exp((x - V_T) * slope_inverse)
    y = h * g_L * C_inverse * rise
    y_peak = fmax(1.0 - rise * peak_inverse, 0.0)
    spiked = y >= y_peak
    part = fmin(y_peak / fmax(y, 1e-9), 1.0) if spiked else 1.0
    risen = fmin(y, y_peak)
    left = fmax(1.0 - risen, 1e-6)
    logarithm = log(left)
    up = fmin(x - Delta_T * logarithm, V_peak)
    mean = 0.5 * (x + up) if risen < 0.1 else x + Delta_T * (1.0 + left * logarithm / risen)
    moved = w + relaxed(part * h * rate_w) * (a * (mean - E_L) - w)
    rest = (current - moved) * g_inverse
    v = V_r if spiked else rest + (up - rest) * decay
    late = (1.0 - part) * h
    jumped = moved + b
    w = jumped + relaxed(fmin(late, t_ref) * rate_w) * (w_reset - jumped) if spiked else moved
    wait = t_ref - late if spiked else fmax(wait - dt, 0.0)
    return v, w, wait, spiked


_NAUD = "Naud et al. 2008, Biol Cybern 99:335-347, table 1, adapted to its figures by P. Mueller (Brian2 example)"
_ZERLAUT = "Zerlaut, Chemla, Chavane and Destexhe 2018, J Comput Neurosci 44:45-61 (code: yzerlaut/JCNS_2018)"


def _pattern(name: str, label: str, C: float, g_L: float, E_L: float, a: float, tau_w: float, b: float,
             V_r: float) -> Preset:
    values = {"C": C, "g_L": g_L, "E_L": E_L, "a": a, "tau_w": tau_w, "b": b, "V_r": V_r}
    return Preset(name, label, {**values, "V_T": -50.0, "Delta_T": 2.0, "V_peak": 0.0, "t_ref": 0.0}, _NAUD)


ADEX = NeuronModel(
    key="ADEX",
    label="Adaptive exponential (AdEx)",
    states=(
        State("v", "mV", "membrane potential", initial="E_L"),
        State("w", "pA", "adaptation current"),
        State("wait", "ms", "refractory time left, or time carried over"),
    ),
    params=(
        Param("C", "pF", 200.0, 1.0, 10_000.0, "Capacitance"),
        Param("g_L", "nS", 10.0, 0.01, 1000.0, "Leak conductance"),
        Param("E_L", "mV", -65.0, -120.0, 0.0, "Resting potential"),
        Param("V_T", "mV", -50.0, -119.0, 20.0, "Exponential threshold"),
        Param("Delta_T", "mV", 2.0, 0.1, 20.0, "Upstroke sharpness"),
        Param("a", "nS", 4.0, -100.0, 100.0, "Subthreshold adaptation"),
        Param("tau_w", "ms", 500.0, 5.0, 1e5, "Adaptation time constant"),
        Param("b", "pA", 20.0, -1000.0, 10_000.0, "Spike adaptation", "Added to w by every spike."),
        Param("V_r", "mV", -65.0, -150.0, 0.0, "Reset potential"),
        Param("V_peak", "mV", 0.0, -60.0, 60.0, "Spike peak", "The spike is cut off and reset here."),
        Param("t_ref", "ms", 0.0, 0.0, 100.0, "Refractory period"),
    ),
    step=adex_step,
    presets=(
        Preset("RS", "Regular spiking, cortical network",
               {"Delta_T": 2.0, "a": 4.0, "b": 20.0, "V_peak": -40.0, "t_ref": 5.0}, _ZERLAUT),
        Preset("FS", "Fast spiking, cortical network",
               {"Delta_T": 0.5, "a": 0.0, "b": 0.0, "V_peak": -47.5, "t_ref": 5.0}, _ZERLAUT),
        Preset("BRETTE_GERSTNER", "Regular spiking, fitted to a detailed pyramidal cell",
               {"C": 281.0, "g_L": 30.0, "E_L": -70.6, "V_T": -50.4, "Delta_T": 2.0, "a": 4.0, "tau_w": 144.0,
                "b": 80.5, "V_r": -70.6, "V_peak": 0.0, "t_ref": 0.0},
               "Brette and Gerstner 2005, J Neurophysiol 94:3637-3642, table 1"),
        _pattern("TONIC", "Tonic spiking", 200.0, 10.0, -70.0, 2.0, 30.0, 0.0, -58.0),
        _pattern("ADAPTING", "Adaptation", 200.0, 12.0, -70.0, 2.0, 300.0, 60.0, -58.0),
        _pattern("INITIAL_BURST", "Initial burst", 130.0, 18.0, -58.0, 4.0, 150.0, 120.0, -50.0),
        _pattern("REGULAR_BURSTING", "Regular bursting", 200.0, 10.0, -58.0, 2.0, 120.0, 100.0, -46.0),
        _pattern("DELAYED_ACCELERATING", "Delayed accelerating", 200.0, 12.0, -70.0, -10.0, 300.0, 0.0, -58.0),
        _pattern("DELAYED_BURSTING", "Delayed regular bursting", 100.0, 10.0, -65.0, -10.0, 90.0, 30.0, -47.0),
        _pattern("TRANSIENT", "Transient spiking", 100.0, 10.0, -65.0, 10.0, 90.0, 100.0, -47.0),
        _pattern("IRREGULAR", "Irregular spiking", 100.0, 12.0, -60.0, -11.0, 130.0, 30.0, -48.0),
    ),
    source="Brette and Gerstner 2005, J Neurophysiol 94:3637-3642",
    ordered=(("E_L", "V_T", "V_peak"), ("V_r", "V_peak")),
    derived={
        "C_inverse": lambda p, dt: 1.0 / p["C"],
        "slope_inverse": lambda p, dt: 1.0 / p["Delta_T"],
        "peak_inverse": lambda p, dt: exact.exp((p["V_T"] - p["V_peak"]) / p["Delta_T"]),
        "rate_w": lambda p, dt: 1.0 / p["tau_w"],
    },
    default_dt_ms=0.1,
    max_dt_ms=0.5,
    default_presets=("RS", "FS"),
    network_defaults={"background_rate_Hz": 800.0, "background_weight_nS": 1.25},
)
