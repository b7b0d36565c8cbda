"""Hebbian learning: coincidence strengthens, in either order; every arrival weakens a little, used or not.

    a postsynaptic spike:   dw = eta (w_max - w) x
    an arriving spike:      dw = eta (w_max - w) y - eta rho (w - w_min)

x and y are nearest-neighbour traces (0 to 1, time constant tau). Depression is tied to presynaptic activity (Stent
1973, PNAS 70:997): a synapse that is used without its target firing weakens, a silent one keeps its weight. For
independent trains at rates r the weight settles where 2 r tau (w_max - w) = rho (w - w_min), to first order in r tau.
"""

from __future__ import annotations

from collections.abc import Mapping

from ...base.declarations import Param, PlasticityRule
from .stdp import MAX_WEIGHT, MIN_WEIGHT
from .weight import Coefficients

PARAMS = (
    Param("learning_rate", "", 0.0005, 0.0, 0.5, "Learning rate",
          "Share of the distance to the largest weight by which one coincidence strengthens."),
    Param("tau_ms", "ms", 20.0, 0.1, 1000.0, "Coincidence window", "Time constant with which a coincidence fades."),
    Param("depression", "", 0.2, 0.0, 10.0, "Depression",
          "Weakening by one arriving spike, relative to the learning rate."),
    MIN_WEIGHT,
    MAX_WEIGHT,
)


def coefficients(p: Mapping[str, float], weight: float) -> Coefficients:
    """The rule on a projection whose own mean weight is `weight`."""
    low, high = p["min_weight"] * weight, p["max_weight"] * weight
    rate = p["learning_rate"]
    return Coefficients(
        a_post=rate * (high - low), b_up=rate * (high - low), b_down=0.0, c_0=0.0, c_1=rate * p["depression"],
        mu_plus=1.0, mu_minus=0.0, w_min=low, w_max=high, tau_x_ms=p["tau_ms"], tau_y_ms=p["tau_ms"], nearest=True)


HEBBIAN = PlasticityRule(
    key="HEBBIAN",
    label="Hebbian learning",
    kind="weight",
    meaning="Excitatory synapses strengthen when both sides fire together, and weaken when they are used in vain.",
    sources="excitatory",
    switch="enable_hebbian_learning",
    params=PARAMS,
    fields={p.name: f"hebbian_{p.name}" for p in PARAMS},
    coefficients=coefficients,
    source="Hebb 1949, The Organization of Behavior; depression: Stent 1973, PNAS 70:997-1001",
)
