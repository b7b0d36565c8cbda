"""Homeostasis of every neuron model: a threshold that follows the rate, and scaling of the excitatory input.

    dr/dt = -r / tau + (a spike adds 1000 / tau Hz, tau in ms)         the neuron's own rate, Hz
    dtheta/dt = eta (r - r_0),   |theta| <= theta_max                  pA, subtracted from the input current
    ds/dt = sigma s (r_0 - r) / r_0,   1 / s_max <= s <= s_max         factor of all excitatory input

A threshold in pA works alike in every model: for a leaky neuron it is a shift of the threshold by theta / g_L. Synaptic
scaling: Turrigiano et al. 1998, Nature 391:892; multiplying the sum of a neuron's excitatory input, background
included, is multiplying each of its weights. (A model with one signed input scales all of it.) Everything decays and
grows per second, so nothing depends on dt.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import Param, PlasticityRule, State
from ...base.exact import exp
from ...base.grammar import flag, fmax, fmin
from ..kinetics import flush

STATES = (State("homeo_rate", "Hz", "own firing rate"), State("homeo_theta", "pA", "homeostatic threshold"),
          State("homeo_scale", "", "synaptic scaling", initial=1.0))


def homeostasis_step(rate, theta, scale, spiked: flag, rate_decay, rate_jump, target, theta_step, theta_max, scale_step,
                     scale_min, scale_max):
    """The three variables after one step."""
    rate = flush(rate * rate_decay) + (rate_jump if spiked else 0.0)
    error = rate - target
    theta = fmax(-theta_max, fmin(theta + theta_step * error, theta_max))
    scale = fmax(scale_min, fmin(scale - scale * scale_step * error, scale_max))
    return rate, theta, scale


def step_values(p: Mapping[str, float], dt: float) -> dict[str, float]:
    """The arguments of `homeostasis_step` by name, for a step of `dt` ms."""
    seconds = dt / 1000.0
    return {"homeo_decay": exp(-dt / p["rate_tau_ms"]), "homeo_jump": 1000.0 / p["rate_tau_ms"],
            "homeo_target": p["target_rate_Hz"], "homeo_theta_step": p["threshold_rate"] * seconds,
            "homeo_theta_max": p["max_threshold_pA"],
            "homeo_scale_step": p["scaling_rate_per_s"] * seconds / p["target_rate_Hz"],
            "homeo_scale_min": 1.0 / p["max_scaling"], "homeo_scale_max": p["max_scaling"]}


OFF = {"rate_tau_ms": 1000.0, "target_rate_Hz": 1.0, "threshold_rate": 0.0, "max_threshold_pA": 0.0,
       "scaling_rate_per_s": 0.0, "max_scaling": 1.0}

PARAMS = (
    Param("target_rate_Hz", "Hz", 5.0, 0.01, 200.0, "Target rate",
          "Rate that each excitatory neuron seeks (0.02 spikes per step of 1 ms are 20 Hz)."),
    Param("rate_tau_ms", "ms", 2000.0, 10.0, 1e6, "Rate memory", "Time over which a neuron measures its own rate."),
    Param("threshold_rate", "pA/(Hz s)", 1.0, 0.0, 1000.0, "Threshold speed",
          "How fast the threshold rises per Hz above the target."),
    Param("max_threshold_pA", "pA", 200.0, 0.0, 100_000.0, "Largest threshold",
          "The threshold stays within this of 0."),
    Param("scaling_rate_per_s", "1/s", 0.0, 0.0, 10.0, "Scaling speed",
          "How fast the excitatory input is scaled when the rate misses the target by the target."),
    Param("max_scaling", "", 5.0, 1.0, 100.0, "Largest scaling", "The scaling stays between this and its inverse."),
)

HOMEOSTASIS = PlasticityRule(
    key="HOMEOSTASIS",
    label="Homeostasis",
    kind="neuron",
    meaning="Excitatory neurons move their threshold and scale their input until they fire at the target rate.",
    sources="excitatory",
    switch="enable_homeostasis",
    params=PARAMS,
    fields={p.name: f"homeostasis_{p.name}" for p in PARAMS},
    source="Turrigiano et al. 1998, Nature 391:892-896; threshold in pA: this program",
)
