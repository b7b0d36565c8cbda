"""The simple model of Izhikevich (2003, IEEE Trans Neural Netw 14:1569), in its author's own first-order scheme.

    v' = 0.04 v^2 + q_1 v + q_0 - u + I / C          v > 30 mV:  v <- c,  u <- u + d
    u' = a (b (v - v_u) - e u)                       (q_1 = 5, q_0 = 140, v_u = 0, e = 1 but for three patterns)

The published patterns ("Which model to use for cortical spiking neurons?", Izhikevich 2004, IEEE Trans Neural Netw
15:1063) are statements about this scheme and the step of each panel (0.1 to 0.5 ms), not about the differential
equations: v moves first, u follows with the new v, and a spike overshoots. C turns currents and synapses in pA and nS
into the model's unit: 1 unit is C pA.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.grammar import fmax


def izhikevich_2003_step(v, u, i_ext, g_syn, j_syn, dt, a, b, c, d, q_1, q_0, v_u, e, C):
    """One step of the author's script: Euler, v before u."""
    current = (i_ext + j_syn - g_syn * v) / C
    v = fmax(v + dt * (0.04 * (v * v) + q_1 * v + q_0 - u + current), -500.0)      # else the scheme may run away
    u = u + dt * a * (b * (v - v_u) - e * u)
    spiked = v > 30.0
    v = c if spiked else v
    u = u + d if spiked else u
    return v, u, spiked


_PAPER = "Izhikevich 2003, IEEE Trans Neural Netw 14:1569-1572"
_PATTERNS = "Izhikevich 2004, IEEE Trans Neural Netw 15:1063-1070, figure 1 and its script figure1.m"


def _cell(name: str, label: str, source: str, a: float, b: float, c: float, d: float, v_0: float,
          dt: float | None = None, **others: float) -> Preset:
    values = {"a": a, "b": b, "c": c, "d": d, "v_0": v_0, "u_0": b * v_0, **others}
    return Preset(name, label, values, source, dt)


def _pattern(panel: str, name: str, label: str, dt: float, a: float, b: float, c: float, d: float, v_0: float,
             **others: float) -> Preset:
    return _cell(name, label, f"{_PATTERNS}, panel {panel}, step {dt:g} ms", a, b, c, d, v_0, dt, **others)


IZHIKEVICH_2003 = NeuronModel(
    key="IZHIKEVICH_2003",
    label="Izhikevich 2003",
    states=(State("v", "mV", "membrane potential", initial="v_0"), State("u", "mV/ms", "recovery", initial="u_0")),
    params=(
        Param("a", "1/ms", 0.02, -1.0, 10.0, "Recovery rate"),
        Param("b", "1/ms", 0.2, -10.0, 10.0, "Recovery slope"),
        Param("c", "mV", -65.0, -120.0, 30.0, "Reset potential"),
        Param("d", "mV/ms", 8.0, -100.0, 100.0, "Recovery jump"),
        Param("q_1", "1/ms", 5.0, -100.0, 100.0, "Linear coefficient"),
        Param("q_0", "mV/ms", 140.0, -1000.0, 1000.0, "Constant coefficient"),
        Param("v_u", "mV", 0.0, -120.0, 30.0, "Recovery offset"),
        Param("e", "", 1.0, 0.0, 10.0, "Recovery decay"),
        Param("v_0", "mV", -65.0, -120.0, 30.0, "Initial potential"),
        Param("u_0", "mV/ms", -13.0, -1000.0, 1000.0, "Initial recovery"),
        Param("C", "pF", 20.0, 1.0, 10_000.0, "Capacitance", "The model's unit of current, in pA; chosen here."),
    ),
    step=izhikevich_2003_step,
    presets=(
        _cell("RS", "Regular spiking", _PAPER, 0.02, 0.2, -65, 8, -63),
        _cell("FS", "Fast spiking", _PAPER, 0.1, 0.2, -65, 2, -70),
        _cell("IB", "Intrinsically bursting", _PAPER, 0.02, 0.2, -55, 4, -70),
        _cell("CH", "Chattering", _PAPER, 0.02, 0.2, -50, 2, -70),
        _cell("LTS", "Low-threshold spiking", _PAPER, 0.02, 0.25, -65, 2, -63),
        _cell("TC", "Thalamocortical", _PAPER, 0.02, 0.25, -65, 0.05, -63),
        _cell("RZ", "Resonator", _PAPER, 0.1, 0.26, -65, 2, -70),
        _pattern("A", "TONIC_SPIKING", "Tonic spiking", 0.25, 0.02, 0.2, -65, 6, -70),
        _pattern("B", "PHASIC_SPIKING", "Phasic spiking", 0.25, 0.02, 0.25, -65, 6, -64),
        _pattern("C", "TONIC_BURSTING", "Tonic bursting", 0.25, 0.02, 0.2, -50, 2, -70),
        _pattern("D", "PHASIC_BURSTING", "Phasic bursting", 0.2, 0.02, 0.25, -55, 0.05, -64),
        _pattern("E", "MIXED_MODE", "Mixed mode", 0.25, 0.02, 0.2, -55, 4, -70),
        _pattern("F", "ADAPTATION", "Spike frequency adaptation", 0.25, 0.01, 0.2, -65, 8, -70),
        _pattern("G", "CLASS_1", "Class 1 excitable", 0.25, 0.02, -0.1, -55, 6, -60, q_1=4.1, q_0=108.0),
        _pattern("H", "CLASS_2", "Class 2 excitable", 0.25, 0.2, 0.26, -65, 0, -64),
        _pattern("I", "SPIKE_LATENCY", "Spike latency", 0.2, 0.02, 0.2, -65, 6, -70),
        _pattern("J", "SUBTHRESHOLD_OSCILLATION", "Subthreshold oscillation", 0.25, 0.05, 0.26, -60, 0, -62),
        _pattern("K", "RESONATOR", "Resonator, doublets", 0.25, 0.1, 0.26, -60, -1, -62),
        _pattern("L", "INTEGRATOR", "Integrator", 0.25, 0.02, -0.1, -55, 6, -60, q_1=4.1, q_0=108.0),
        _pattern("M", "REBOUND_SPIKE", "Rebound spike", 0.2, 0.03, 0.25, -60, 4, -64),
        _pattern("N", "REBOUND_BURST", "Rebound burst", 0.2, 0.03, 0.25, -52, 0, -64),
        _pattern("O", "THRESHOLD_VARIABILITY", "Threshold variability", 0.25, 0.03, 0.25, -60, 4, -64),
        _pattern("P", "BISTABILITY", "Bistability (only at this step)", 0.25, 0.1, 0.26, -60, 0, -61),
        _pattern("Q", "DAP", "Depolarising afterpotential (only at this step)", 0.1, 1.0, 0.2, -60, -21, -70),
        _pattern("R", "ACCOMMODATION", "Accommodation", 0.5, 0.02, 1.0, -55, 4, -65, v_u=-65.0, e=0.0, u_0=-16.0),
        _pattern("S", "INHIBITION_INDUCED_SPIKING", "Inhibition-induced spiking (only at this step)", 0.5,
                 -0.02, -1.0, -60, 8, -63.8),
        _pattern("T", "INHIBITION_INDUCED_BURSTING", "Inhibition-induced bursting (only at this step)", 0.5,
                 -0.026, -1.0, -45, -2, -63.8),
    ),
    source=_PAPER,
    default_dt_ms=0.25,
    max_dt_ms=0.5,
    default_presets=("RS", "FS"),
)
