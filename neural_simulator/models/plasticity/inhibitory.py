"""Inhibitory spike-timing-dependent plasticity, which balances excitation and holds a target rate.

    a postsynaptic spike:   dw = eta x                an arriving spike:   dw = eta (y - alpha),   alpha = 2 rho_0 tau

Vogels, Sprekeler, Zenke, Clopath and Gerstner 2011, Science 334:1569 (eta here relative to the projection's weight).
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import Param, PlasticityRule
from .stdp import MIN_WEIGHT
from .weight import Coefficients

PARAMS = (
    Param("learning_rate", "", 0.005, 0.0, 1.0, "Learning rate",
          "Change by one pair at no distance, as a share of the projection's own weight."),
    Param("tau_ms", "ms", 20.0, 0.1, 1000.0, "Coincidence window", "Time constant with which a coincidence fades."),
    Param("target_rate_Hz", "Hz", 5.0, 0.01, 200.0, "Target rate", "Rate at which the targets settle."),
    MIN_WEIGHT,
    Param("max_weight", "", 10.0, 0.01, 1000.0, "Largest weight", "As a multiple of the projection's own weight."),
)


def coefficients(p: Mapping[str, float], weight: float) -> Coefficients:
    """The rule on a projection whose own mean weight is `weight`."""
    rate, alpha = p["learning_rate"] * weight, 2.0 * p["target_rate_Hz"] * p["tau_ms"] / 1000.0
    return Coefficients(
        a_post=rate, b_up=rate, b_down=0.0, c_0=rate * alpha, c_1=0.0, mu_plus=0.0, mu_minus=0.0,
        w_min=p["min_weight"] * weight, w_max=p["max_weight"] * weight, tau_x_ms=p["tau_ms"], tau_y_ms=p["tau_ms"],
        nearest=False)


INHIBITORY_STDP = PlasticityRule(
    key="INHIBITORY_STDP",
    label="Inhibitory STDP",
    kind="weight",
    meaning="Inhibitory synapses grow until their targets fire at the target rate.",
    sources="inhibitory",
    switch="enable_inhibitory_stdp",
    params=PARAMS,
    fields={p.name: f"inhibitory_stdp_{p.name}" for p in PARAMS},
    coefficients=coefficients,
    source="Vogels et al. 2011, Science 334:1569-1573",
)
