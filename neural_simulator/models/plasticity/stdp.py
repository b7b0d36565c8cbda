"""Pair-based spike-timing-dependent plasticity, all-to-all or nearest neighbour, additive to multiplicative.

Song, Miller and Abbott 2000, Nat Neurosci 3:919 (additive, A+ 0.005, A-/A+ 1.05, tau 20 ms); weight dependence of
Guetig et al. 2003, J Neurosci 23:3697.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import Param, PlasticityRule
from .weight import Coefficients

A_PLUS = Param("a_plus", "", 0.005, 0.0, 1.0, "Strengthening",
               "Change by one pair at no distance, as a share of the weight's range.")
A_MINUS = Param("a_minus", "", 0.00525, 0.0, 1.0, "Weakening",
                "Change by one pair at no distance, as a share of the weight's range.")
TAU_PLUS = Param("tau_plus_ms", "ms", 20.0, 0.1, 1000.0, "Window before",
                 "Time constant of the window in which the presynaptic spike comes first.")
TAU_MINUS = Param("tau_minus_ms", "ms", 20.0, 0.1, 1000.0, "Window after",
                  "Time constant of the window in which the postsynaptic spike comes first.")
MU_PLUS = Param("mu_plus", "", 0.0, 0.0, 1.0, "Soft upper bound",
                "0: additive, with hard bounds; 1: strengthening fades in proportion to the distance from the maximum.")
MU_MINUS = Param("mu_minus", "", 0.0, 0.0, 1.0, "Soft lower bound",
                 "0: additive, with hard bounds; 1: weakening fades in proportion to the distance from the minimum.")
MIN_WEIGHT = Param("min_weight", "", 0.0, 0.0, 100.0, "Smallest weight",
                   "As a multiple of the projection's own weight.")
MAX_WEIGHT = Param("max_weight", "", 2.0, 0.01, 100.0, "Largest weight",
                   "As a multiple of the projection's own weight.")
NEAREST = Param("nearest", "", 0.0, 0.0, 1.0, "Nearest neighbours only",
                "Each spike pairs with the nearest earlier one of the other side alone, not with all.")
PAIR = (A_PLUS, A_MINUS, TAU_PLUS, TAU_MINUS, MU_PLUS, MU_MINUS, MIN_WEIGHT, MAX_WEIGHT, NEAREST)


def coefficients(p: Mapping[str, float], weight: float) -> Coefficients:
    """The rule on a projection whose own mean weight is `weight`."""
    low, high = p["min_weight"] * weight, p["max_weight"] * weight
    return Coefficients(
        a_post=p["a_plus"] * (high - low), b_up=0.0, b_down=p["a_minus"] * (high - low), c_0=0.0, c_1=0.0,
        mu_plus=p["mu_plus"], mu_minus=p["mu_minus"], w_min=low, w_max=high, tau_x_ms=p["tau_plus_ms"],
        tau_y_ms=p["tau_minus_ms"], nearest=p["nearest"] > 0.5)


STDP = PlasticityRule(
    key="STDP",
    label="STDP",
    kind="weight",
    meaning="Excitatory synapses strengthen when their spikes arrive before the target fires, and weaken after it.",
    sources="excitatory",
    switch="enable_stdp",
    params=PAIR,
    fields={p.name: f"stdp_{p.name}" for p in PAIR},
    coefficients=coefficients,
    source="Song, Miller and Abbott 2000, Nature Neuroscience 3:919-926; Guetig et al. 2003, J Neurosci 23:3697-3714",
)
