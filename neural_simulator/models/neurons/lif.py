"""Leaky integrate-and-fire neuron with one exponential synaptic current, integrated exactly.

    C dv/dt = -C (v - E_L) / tau_m + i_syn + I        di_syn/dt = -i_syn / tau_syn
    v >= V_th:  v <- V_reset, held for t_ref

Exact solution between grid points (Rotter and Diesmann 1999, Biol Cybern 81:381); arriving spikes add their
weight (pA) to i_syn, inhibitory ones negatively. A refractory period that is no multiple of the time step ends inside
a step; the rest of that step is integrated exactly too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.exact import exp
from ...base.grammar import fmax
from ..kinetics import flush


def lif_step(v, i_syn, refractory, arrived, i_ext, E_L, V_th, V_reset, decay_v, decay_i, gain_i, gain_dc, rest_v,
             rest_i, rest_dc, ref_steps):
    """One step of exact integration; `refractory` is the clamped time left, in steps."""
    i = i_syn + arrived
    whole = refractory <= 0.0
    moving = refractory < 1.0
    moved = (E_L + (v - E_L) * (decay_v if whole else rest_v) + i * (gain_i if whole else rest_i)
             + i_ext * (gain_dc if whole else rest_dc))
    v1 = moved if moving else v
    spiked = moving and v1 >= V_th
    refractory = ref_steps if spiked else fmax(refractory - 1.0, 0.0)
    v = V_reset if spiked else v1
    i_syn = flush(i * decay_i)
    return v, i_syn, refractory, spiked


# ---- derived constants, shared by all models of this kind
Values = Mapping[str, float]
Rule = Callable[[Values, float], float]


def ref_steps(p: Values, dt: float) -> float:
    """The refractory period in steps; a whole number where it is one but for rounding."""
    steps = p["t_ref"] / dt
    return float(round(steps)) if abs(steps - round(steps)) < 1e-6 else steps


def rest_ms(p: Values, dt: float) -> float:
    """What is left of the step in which the refractory period ends: all of it where it ends on the grid."""
    return dt * (1.0 - ref_steps(p, dt) % 1.0)


def leak(p: Values, ms: float) -> float:
    """Share of a deviation from rest that is left after `ms`."""
    return exp(-ms / p["tau_m"])


def gain_of_current(p: Values, ms: float) -> float:
    """mV per pA that a constant current adds within `ms`."""
    return p["tau_m"] / p["C"] * (1.0 - leak(p, ms))


def gain_of_synapse(tau: str) -> Rule:
    """mV per pA that a current decaying with the parameter `tau` adds within `ms`, from its value at their start."""

    def rule(p: Values, ms: float) -> float:
        tau_m, tau_s = p["tau_m"], p[tau]
        if abs(tau_m - tau_s) < 1e-6 * tau_m:
            return ms / p["C"] * leak(p, ms)
        return tau_m * tau_s / (p["C"] * (tau_m - tau_s)) * (leak(p, ms) - exp(-ms / tau_s))

    return rule


def decay_of(tau: str) -> Rule:
    """Share of a current that is left after `ms`."""
    return lambda p, ms: exp(-ms / p[tau])


def after_rest(tau: str) -> Rule:
    """`gain_of_synapse` over the end of the step in which the refractory period ends, from its start."""
    gain, decay = gain_of_synapse(tau), decay_of(tau)
    return lambda p, dt: decay(p, dt - rest_ms(p, dt)) * gain(p, rest_ms(p, dt))


MEMBRANE_DERIVED: dict[str, Rule] = {
    "decay_v": leak,
    "gain_dc": gain_of_current,
    "rest_v": lambda p, dt: leak(p, rest_ms(p, dt)),
    "rest_dc": lambda p, dt: gain_of_current(p, rest_ms(p, dt)),
    "ref_steps": ref_steps,
}
MEMBRANE_PARAMS = (
    Param("C", "pF", 250.0, 1.0, 10_000.0, "Capacitance"),
    Param("tau_m", "ms", 10.0, 0.1, 1000.0, "Membrane time constant"),
    Param("E_L", "mV", -65.0, -120.0, 0.0, "Resting potential"),
    Param("V_th", "mV", -50.0, -119.0, 50.0, "Threshold"),
    Param("V_reset", "mV", -65.0, -150.0, 20.0, "Reset potential"),
    Param("t_ref", "ms", 2.0, 0.0, 100.0, "Refractory period"),
)

LIF = NeuronModel(
    key="LIF",
    label="Leaky integrate-and-fire",
    states=(State("v", "mV", "membrane potential", initial="E_L"), State("i_syn", "pA", "synaptic current"),
            State("refractory", "steps", "refractory steps left")),
    params=(*MEMBRANE_PARAMS, Param("tau_syn", "ms", 0.5, 0.05, 1000.0, "Synaptic time constant")),
    step=lif_step,
    presets=(
        Preset("PD14", "Potjans-Diesmann 2014 cell", {}, "Potjans and Diesmann 2014, Cereb Cortex 24:785, table 5"),
        Preset("NEST", "iaf_psc_exp defaults", {"E_L": -70, "V_th": -55, "V_reset": -70, "tau_syn": 2.0},
               "NEST 3 documentation, model iaf_psc_exp"),
    ),
    source="Rotter and Diesmann 1999, Biological Cybernetics 81:381-402",
    receptors=(),
    ports=("arrived",),
    port_unit="pA",
    ordered=(("E_L", "V_th"), ("V_reset", "V_th")),
    derived={**MEMBRANE_DERIVED, "decay_i": decay_of("tau_syn"), "gain_i": gain_of_synapse("tau_syn"),
             "rest_i": after_rest("tau_syn")},
    default_dt_ms=0.1,
    max_dt_ms=1.0,
    default_presets=("NEST", "NEST"),
    # Found by measurement: 7 to 8 Hz, irregular (CV 0.65), at 100 connections per neuron.
    network_defaults={"dt_ms": 0.1, "excitatory_weight_nS": 20.0, "inhibitory_weight_nS": 100.0,
                      "background_rate_Hz": 1500.0, "background_weight_nS": 100.0},
)
