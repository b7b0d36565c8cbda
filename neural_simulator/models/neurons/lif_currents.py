"""Leaky integrate-and-fire neuron with an excitatory and an inhibitory synaptic current, integrated exactly.

    C dv/dt = -C (v - E_L) / tau_m + i_exc - i_inh + I        di/dt = -i / tau, each with its own time constant
    v >= V_th:  v <- V_reset, held for t_ref

As `lif`, with two time constants of synapses: the cell of the current-based benchmark network of Vogels and Abbott
(2005, J Neurosci 25:10786) in Brette et al. 2007.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Param, Preset, State
from ...base.grammar import fmax
from ..kinetics import flush
from .lif import MEMBRANE_DERIVED, MEMBRANE_PARAMS, after_rest, decay_of, gain_of_synapse


def lif_currents_step(v, i_exc, i_inh, refractory, arrived_exc, arrived_inh, i_ext, E_L, V_th, V_reset, decay_v,
                      decay_exc, decay_inh, gain_exc, gain_inh, gain_dc, rest_v, rest_exc, rest_inh, rest_dc,
                      ref_steps):
    """One step of exact integration; `refractory` is the clamped time left, in steps."""
    exc = i_exc + arrived_exc
    inh = i_inh + arrived_inh
    whole = refractory <= 0.0
    moving = refractory < 1.0
    moved = (E_L + (v - E_L) * (decay_v if whole else rest_v) + exc * (gain_exc if whole else rest_exc)
             - inh * (gain_inh if whole else rest_inh) + i_ext * (gain_dc if whole else rest_dc))
    v1 = moved if moving else v
    spiked = moving and v1 >= V_th
    refractory = ref_steps if spiked else fmax(refractory - 1.0, 0.0)
    v = V_reset if spiked else v1
    i_exc = flush(exc * decay_exc)
    i_inh = flush(inh * decay_inh)
    return v, i_exc, i_inh, refractory, spiked


LIF_CURRENTS = NeuronModel(
    key="LIF_CURRENTS",
    label="Leaky integrate-and-fire, two synaptic currents",
    states=(
        State("v", "mV", "membrane potential", initial="E_L"),
        State("i_exc", "pA", "excitatory current"),
        State("i_inh", "pA", "inhibitory current, as a positive number"),
        State("refractory", "steps", "refractory steps left"),
    ),
    params=(
        *MEMBRANE_PARAMS,
        Param("tau_exc", "ms", 5.0, 0.05, 1000.0, "Excitatory time constant"),
        Param("tau_inh", "ms", 10.0, 0.05, 1000.0, "Inhibitory time constant"),
    ),
    step=lif_currents_step,
    presets=(
        Preset("CUBA", "Current-based benchmark cell",
               {"C": 200, "tau_m": 20, "E_L": -49, "V_th": -50, "V_reset": -60, "t_ref": 5},
               "Brette et al. 2007, J Comput Neurosci 23:349-398, benchmark 2 (CUBA)"),
        Preset("NEST", "iaf_psc_exp defaults",
               {"E_L": -70, "V_th": -55, "V_reset": -70, "tau_exc": 2.0, "tau_inh": 2.0},
               "NEST 3 documentation, model iaf_psc_exp"),
    ),
    source="Rotter and Diesmann 1999, Biological Cybernetics 81:381-402; Brette et al. 2007",
    receptors=(),
    ports=("exc", "inh"),
    port_unit="pA",
    ordered=(("E_L", "V_th"), ("V_reset", "V_th")),
    derived={
        **MEMBRANE_DERIVED,
        "decay_exc": decay_of("tau_exc"),
        "gain_exc": gain_of_synapse("tau_exc"),
        "rest_exc": after_rest("tau_exc"),
        "decay_inh": decay_of("tau_inh"),
        "gain_inh": gain_of_synapse("tau_inh"),
        "rest_inh": after_rest("tau_inh"),
    },
    default_dt_ms=0.1,
    max_dt_ms=1.0,
    default_presets=("NEST", "NEST"),
    network_defaults={"excitatory_weight_nS": 20.0, "inhibitory_weight_nS": 100.0,
                      "background_rate_Hz": 1500.0, "background_weight_nS": 100.0},
)
