"""Short-term plasticity of Tsodyks and Markram: the release of a synapse depends on the source's last spikes.

    release of the n-th spike: u_n R_n        u_{n+1} = U + u_n (1 - U) exp(-D / tau_f)
                                              R_{n+1} = 1 + (R_n - R_n u_n - 1) exp(-D / tau_d)      u_1 = U, R_1 = 1

D is the interval between the spikes. Use is updated before release, so the first spike releases U, not U + U (1 - U).
Tsodyks, Pawelzik and Markram 1998, Neural Comput 10:821.
"""

from __future__ import annotations

from ...base.declarations import Param, PlasticityRule


def release(u, r, kept_f, kept_d, U):
    """Use and resources at the next spike; `kept_*` = exp(-interval / tau)."""
    next_u = U + u * (1.0 - U) * kept_f
    next_r = 1.0 + (r - r * u - 1.0) * kept_d
    return next_u, next_r


def delivered(weight, efficacy):
    """What a spike delivers, in whole stored units, as a float."""
    return weight * efficacy + 0.5


PARAMS = (
    Param("U", "", 0.15, 0.01, 1.0, "Use", "Share of the resources that the first spike releases."),
    Param("tau_d_ms", "ms", 200.0, 0.0, 10_000.0, "Depression", "Time constant with which resources recover."),
    Param("tau_f_ms", "ms", 50.0, 0.0, 10_000.0, "Facilitation", "Time constant with which use falls back to U."),
    Param("keep_weight", "", 1.0, 0.0, 1.0, "Keep the weight of a rested synapse",
          "The first spike after a rest delivers the whole weight (release / U), so that a network stays alive; "
          "otherwise it delivers U of it, as published."),
)

SHORT_TERM = PlasticityRule(
    key="SHORT_TERM",
    label="Short-term plasticity",
    kind="release",
    meaning="Excitatory synapses tire and facilitate with the spikes of their source.",
    sources="excitatory",
    switch="enable_short_term_plasticity",
    params=PARAMS,
    fields={p.name: f"stp_{p.name}" for p in PARAMS},
    source="Tsodyks, Pawelzik and Markram 1998, Neural Computation 10:821-835",
)
