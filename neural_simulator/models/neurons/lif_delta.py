"""Leaky integrate-and-fire neuron whose synapses are instantaneous steps of the potential, integrated exactly.

    dv/dt = -(v - E_L) / tau_m + I / C          a spike arrives:  v <- v + weight (mV), inhibitory ones negatively
    v >= V_th:  v <- V_reset, held for t_ref

Spikes that arrive at a refractory neuron are lost. The potential is compared with the threshold right after its
jump, at the start of the step, and at the end of the step. Brunel 2000, J Comput Neurosci 8:183.
"""

from __future__ import annotations

from ...base.declarations import NeuronModel, Preset, State
from ...base.grammar import fmax
from .lif import MEMBRANE_DERIVED, MEMBRANE_PARAMS


def lif_delta_step(v, refractory, arrived, i_ext, E_L, V_th, V_reset, decay_v, gain_dc, rest_v, rest_dc, ref_steps):
    """One step of exact integration; `refractory` is the clamped time left, in steps."""
    whole = refractory <= 0.0
    moving = refractory < 1.0
    jumped = v + arrived if whole else v
    moved = E_L + (jumped - E_L) * (decay_v if whole else rest_v) + i_ext * (gain_dc if whole else rest_dc)
    at_once = whole and jumped >= V_th
    later = moving and moved >= V_th
    spiked = at_once or later
    left = fmax(ref_steps - 1.0, 0.0) if at_once else ref_steps
    refractory = left if spiked else fmax(refractory - 1.0, 0.0)
    kept = moved if moving else v
    v = V_reset if spiked else kept
    return v, refractory, spiked


LIF_DELTA = NeuronModel(
    key="LIF_DELTA",
    label="Leaky integrate-and-fire, delta synapses",
    states=(State("v", "mV", "membrane potential", initial="E_L"),
            State("refractory", "steps", "refractory steps left")),
    params=MEMBRANE_PARAMS,
    step=lif_delta_step,
    presets=(
        Preset("BRUNEL", "Cell of Brunel's sparse network",
               {"C": 250, "tau_m": 20, "E_L": 0, "V_th": 20, "V_reset": 10, "t_ref": 2},
               "Brunel 2000, J Comput Neurosci 8:183-208, section 2 (potentials from rest; C, which only turns "
               "currents into potentials, as in NEST 3)"),
        Preset("NEST", "iaf_psc_delta defaults", {"E_L": -70, "V_th": -55, "V_reset": -70},
               "NEST 3 documentation, model iaf_psc_delta"),
    ),
    source="Brunel 2000, J Comput Neurosci 8:183-208",
    receptors=(),
    ports=("arrived",),
    port_unit="mV",
    ordered=(("E_L", "V_th"), ("V_reset", "V_th")),
    derived=MEMBRANE_DERIVED,
    default_dt_ms=0.1,
    max_dt_ms=1.0,
    # Found by measurement: 7 Hz, irregular (CV 0.5).
    network_defaults={"excitatory_weight_nS": 0.2, "inhibitory_weight_nS": 1.0,
                      "background_rate_Hz": 1700.0, "background_weight_nS": 0.5},
)
