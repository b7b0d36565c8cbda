"""The simple model of Izhikevich (2007, Dynamical Systems in Neuroscience, MIT Press, chapter 8).

    C dv/dt = k (v - v_r)(v - v_t) - u + I          v >= v_peak:  v <- c,  u <- u + d
      du/dt = a (U(v) - u),   U(v) = b (v - v_r) + b_3 max(v - v_b, 0)^3

The cubic part of U is the fast-spiking interneuron's (section 8.2.6); it is zero for all other cells.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.grammar import fmax, fmin
from ..kinetics import flush


def recovery_target(v, v_r, b, b_3, v_b):
    """U(v) in pA: where the recovery current tends to."""
    above = fmax(v - v_b, 0.0)
    return b * (v - v_r) + b_3 * above * above * above


def peak_fraction(v_start, v_end, v_peak, v_middle):
    """Share of the step at which v reached v_peak.

    In the upstroke dv/dt grows as (v - v_middle)^2, so 1 / (v - v_middle) is linear in time; the lower bounds
    (5 and 6 mV) keep it finite for steps that began below the upstroke.
    """
    start = fmax(v_start - v_middle, 5.0)
    end = fmax(v_end - v_middle, 6.0)
    peak = v_peak - v_middle
    return fmin(end * (peak - start) / (peak * (end - start)), 1.0)


def upstroke_recovery(v, u, most, i_ext, C_inverse, k, v_r, v_t, v_peak, a, b, b_3, v_b):
    """What u (pA) gains while v rises from `v` to v_peak, which takes at most the time `most` (ms).

    By the midpoint rule with v as the independent variable: du/dv = C a (U - u) / (k (v - v_r)(v - v_t) - u + I) is
    nearly straight in the upstroke, where U grows by thousands of pA within a tenth of a step.
    """
    rise = fmax(v_peak - v, 0.0)
    middle = v_peak - 0.5 * rise
    speed = (k * (middle - v_r) * (middle - v_t) - u + i_ext) * C_inverse
    taken = rise / speed if speed * most > rise else most
    return taken * a * (recovery_target(middle, v_r, b, b_3, v_b) - u)


def izhikevich_2007_step(v, u, carry, i_ext, g_syn, j_syn, dt, C_inverse, k, v_r, v_t, v_peak, a, b, c, d, b_3, v_b):
    """One step, in two halves: a whole one of 1 ms is too coarse for the approach to the fast-spiking cell's upstroke.

    (It would fire in pairs; the default network's excitatory cells came out at a third of their true rate.)
    """
    h = 0.5 * dt
    usual = relaxation(g_syn, h, C_inverse)
    v, u, carry, first = izhikevich_2007_half(
        v, u, carry, i_ext, g_syn, j_syn, usual, h, C_inverse, k, v_r, v_t, v_peak, a, b, c, d, b_3, v_b)
    v, u, carry, second = izhikevich_2007_half(
        v, u, carry, i_ext, g_syn, j_syn, usual, h, C_inverse, k, v_r, v_t, v_peak, a, b, c, d, b_3, v_b)
    return v, flush(u), carry, first or second


def relaxation(g_syn, h, C_inverse):
    """(1 - exp(-z)) / g over half a step h, z = g h / 2 C, by its [0/2] Pade form: mV per pA of j - g v."""
    half = 0.5 * h * C_inverse
    z = g_syn * half
    return half / (1.0 + z * (0.5 + 0.0833333333 * z))


def izhikevich_2007_half(v, u, carry, i_ext, g_syn, j_syn, usual, dt, C_inverse, k, v_r, v_t, v_peak, a, b, c, d, b_3,
                         v_b):
    """One step of length `dt`: Strang splitting, second order; `usual` is the relaxation over `dt` alone.

    Half a step of synaptic relaxation (unconditionally stable), a Heun step of the cell, half a step of relaxation.
    The time between a spike and the end of its step is carried into the next one (`carry`, ms), so the spike times
    keep second order although they are stamped on the grid. A step in which the cell spikes ends for u at the peak.
    """
    h = dt + carry
    relax = usual if carry == 0.0 else relaxation(g_syn, h, C_inverse)
    v0 = v + (j_syn - g_syn * v) * relax
    f1 = (k * (v0 - v_r) * (v0 - v_t) - u + i_ext) * C_inverse
    s1 = a * (recovery_target(v0, v_r, b, b_3, v_b) - u)
    v1 = fmin(v0 + h * f1, v_peak)
    u1 = u + h * s1
    f2 = (k * (v1 - v_r) * (v1 - v_t) - u1 + i_ext) * C_inverse
    s2 = a * (recovery_target(v1, v_r, b, b_3, v_b) - u1)
    v2 = v0 + 0.5 * h * (f1 + f2)
    spiked = v2 >= v_peak
    share = peak_fraction(v0, v2, v_peak, 0.5 * (v_r + v_t)) if spiked else 1.0
    u = u + (upstroke_recovery(v0, u, h, i_ext, C_inverse, k, v_r, v_t, v_peak, a, b, b_3, v_b) + d if spiked
             else 0.5 * h * (s1 + s2))
    carry = h - share * h
    v = c if spiked else v2 + (j_syn - g_syn * v2) * relax
    return v, u, carry, spiked


_BOOK = "Izhikevich 2007, Dynamical Systems in Neuroscience, MIT Press"
_HUMMOS = "Hummos, Franklin and Nair 2014, Hippocampus 24:1430-1448; ModelDB 168314"

IZHIKEVICH_2007 = NeuronModel(
    key="IZHIKEVICH",
    label="Izhikevich 2007",
    states=(State("v", "mV", "membrane potential", initial="v_r"), State("u", "pA", "recovery current"),
            State("carry", "ms", "time carried over from the last in-step spike")),
    params=(
        Param("C", "pF", 100.0, 1.0, 10_000.0, "Capacitance"),
        Param("k", "nS/mV", 0.7, 0.001, 100.0, "Gain", "From rheobase and input resistance."),
        Param("v_r", "mV", -60.0, -120.0, 0.0, "Resting potential"),
        Param("v_t", "mV", -40.0, -119.0, 20.0, "Instantaneous threshold"),
        Param("v_peak", "mV", 35.0, -60.0, 100.0, "Spike peak", "The spike is cut off and reset here."),
        Param("a", "1/ms", 0.03, 1e-5, 10.0, "Recovery rate"),
        Param("b", "nS", -2.0, -100.0, 100.0, "Recovery slope", "Resonator where positive, amplifier where negative."),
        Param("c", "mV", -50.0, -120.0, 50.0, "Reset potential"),
        Param("d", "pA", 100.0, -10_000.0, 10_000.0, "Recovery jump", "Net outward current activated by a spike."),
        Param("b_3", "nS/mV2", 0.0, 0.0, 10.0, "Cubic recovery", "Cubic part of the recovery function."),
        Param("v_b", "mV", -55.0, -120.0, 20.0, "Cubic recovery onset"),
    ),
    step=izhikevich_2007_step,
    presets=(
        Preset("RS", "Regular spiking cortical pyramidal",
               {"C": 100, "k": 0.7, "v_r": -60, "v_t": -40, "v_peak": 35, "a": 0.03, "b": -2, "c": -50, "d": 100},
               f"{_BOOK}, figure 8.12, p. 283"),
        Preset("FS", "Fast spiking cortical interneuron",
               {"C": 20, "k": 1, "v_r": -55, "v_t": -40, "v_peak": 25, "a": 0.2, "b": 0, "c": -45, "d": 0,
                "b_3": 0.025, "v_b": -55},
               f"{_BOOK}, section 8.2.6 (FS, cubic recovery)"),
        Preset("IB", "Intrinsically bursting cortical pyramidal",
               {"C": 150, "k": 1.2, "v_r": -75, "v_t": -45, "v_peak": 50, "a": 0.01, "b": 5, "c": -56, "d": 130},
               f"{_BOOK}, figure 8.19"),
        Preset("CH", "Chattering cortical pyramidal",
               {"C": 50, "k": 1.5, "v_r": -60, "v_t": -40, "v_peak": 25, "a": 0.03, "b": 1, "c": -40, "d": 150},
               f"{_BOOK}, figure 8.23"),
        Preset("MSN", "Striatal medium spiny",
               {"C": 50, "k": 1, "v_r": -80, "v_t": -25, "v_peak": 40, "a": 0.01, "b": -20, "c": -55, "d": 150},
               f"{_BOOK}, chapter 8 (medium spiny projection neuron)"),
        Preset("MSN_HUMPHRIES", "Striatal medium spiny, without dopamine",
               {"C": 15.2, "k": 1, "v_r": -80, "v_t": -29.7, "v_peak": 40, "a": 0.01, "b": -20, "c": -55, "d": 91},
               "Humphries, Lepora, Wood and Gurney 2009, Front Comput Neurosci 3:26"),
        Preset("CA3", "Hippocampal CA3 pyramidal",
               {"C": 75.398, "k": 1.5, "v_r": -75, "v_t": -58, "v_peak": 29, "a": 0.01, "b": 2, "c": -63, "d": 60},
               _HUMMOS),
        Preset("DG", "Dentate granule",
               {"C": 75.398, "k": 1, "v_r": -73, "v_t": -53, "v_peak": 32, "a": 0.015, "b": 3, "c": -62, "d": 3},
               _HUMMOS),
    ),
    source=_BOOK + ", chapter 8",
    default_presets=("RS", "FS"),
    ordered=(("v_r", "v_t", "v_peak"), ("c", "v_peak")),
    derived={"C_inverse": lambda p, dt: 1.0 / p["C"]},
)
