"""Reward-modulated STDP: pairs leave an eligibility, and dopamine turns eligibility into a change of weight.

    dc/dt = -c / tau_c + (what pair STDP would add to the weight)      signed
    dw/dt = gain c (D + D_0)                                           dD/dt = -D / tau_D, a reward adds its amount to D

Izhikevich 2007, Cereb Cortex 17:2443. Between two spikes of a synapse c decays freely, so the change of weight is c
times the integral of exp(-t / tau_c) (D + D_0), a difference of two entries of a table that is common to all synapses.
Bounds act at the end of each such stretch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ...base.declarations import Param, PlasticityRule
from . import stdp
from .weight import Coefficients

OWN = (
    Param("learning_rate_per_s", "1/s", 1.0, 0.0, 1000.0, "Learning rate",
          "Change of weight per second of one unit of dopamine, as a multiple of the eligibility."),
    Param("eligibility_tau_ms", "ms", 1000.0, 100.0, 10_000.0, "Eligibility",
          "Time constant with which eligibility fades."),
    Param("dopamine_tau_ms", "ms", 200.0, 1.0, 10_000.0, "Dopamine", "Time constant with which a reward fades."),
    Param("baseline", "", 0.0, -10.0, 10.0, "Tonic dopamine", "Dopamine in the absence of rewards, in rewards."),
)


def coefficients(p: Mapping[str, float], weight: float) -> Coefficients:
    """The rule on a projection whose own mean weight is `weight`."""
    return replace(stdp.coefficients(p, weight), eligibility_tau_ms=p["eligibility_tau_ms"],
                   gain_per_s=p["learning_rate_per_s"])


REWARD_STDP = PlasticityRule(
    key="REWARD_STDP",
    label="Reward-modulated STDP",
    kind="weight",
    meaning="STDP marks synapses; a reward within seconds makes the change real. Window and bounds are those of STDP.",
    sources="excitatory",
    switch="enable_reward_modulation",
    params=(*stdp.PAIR, *OWN),
    fields={**{p.name: f"stdp_{p.name}" for p in stdp.PAIR}, **{p.name: f"reward_{p.name}" for p in OWN}},
    coefficients=coefficients,
    source="Izhikevich 2007, Cerebral Cortex 17:2443-2452",
)
