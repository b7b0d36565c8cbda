"""Structural plasticity: weak synapses vanish, and neurons that lack synapses grow new ones to near, active partners.

In every round, at the end of a step,
    a synapse vanishes with probability p_weak where its weight lies below the threshold, and p_strong else;
    a target that has fewer synapses of the projection than its bound makes `attempts` attempts per vacancy. An attempt
    draws any source; the synapse forms with probability exp(-d^2 / 2 length^2) (1 - s + s a_pre a_post), where
    a = min(1, rate since the last round / full-activity rate), unless the source has reached its own bound or, where a
    projection has no multapses, reaches the target already.
The bounds are `growth` times the projection's mean number of synapses into a target, and `source_growth` times that
out of a source.

The form and the numbers are those of Bamford, Murray and Willshaw 2010, Neural Netw 23:517, as in Bogdan et al. 2018,
Front Neurosci 12:434 (lateral connections): each of 256 neurons x 32 places is visited at 10^4 / 8192 = 1.22 Hz; a
synapse below half the weight with which it begins vanishes with 0.0245 at a visit, others with 1.36e-4; a vacant place
is filled by a Gaussian of distance. Ours: a visit of all places at once, bounds on sources too, and the activity, with
the time over which and the rate from which it counts.

What a weight is at a round: what it is as of its last event, since weights are brought up to date when their source
fires (`models.plasticity`). A synapse that forms begins its life at its source's last event in the same way: it takes
part in the pairs after that. What has been sent to a synapse that vanishes still arrives.
"""

from __future__ import annotations

from ...base.declarations import Param, PlasticityRule
from ...base.grammar import fmin, u32
from ..kinetics import exp
from ..random import uniform


def vanishes(word: u32, weight, threshold, weak, strong):
    """Whether a synapse of this weight vanishes; `weak` and `strong` are probabilities."""
    return uniform(word) < (weak if weight < threshold else strong)


def formation(d, inverse_length, share, pre_spikes, post_spikes, inverse_full):
    """Probability that an attempt at distance d (um) becomes a synapse; spikes are those since the last round."""
    r = d * inverse_length
    active = fmin(pre_spikes * inverse_full, 1.0) * fmin(post_spikes * inverse_full, 1.0)
    return exp(-0.5 * (r * r)) * (1.0 - share + share * active)


PARAMS = (
    Param("interval_ms", "ms", 1000.0, 10.0, 1e6, "Interval", "Time between two rounds of removal and growth."),
    Param("weight_threshold", "", 0.5, 0.0, 10.0, "Weak below", "As a multiple of the projection's own weight."),
    Param("elimination", "", 0.03, 0.0, 1.0, "Elimination", "Probability that a weak synapse vanishes in a round."),
    Param("elimination_of_others", "", 0.00017, 0.0, 1.0, "Elimination of others",
          "Probability that a synapse that is not weak vanishes in a round."),
    Param("attempts", "", 1.22, 0.0, 100.0, "Attempts", "Attempts to form a synapse per vacancy and round."),
    Param("length_um", "um", 200.0, 1.0, 1e9, "Growth length",
          "Standard deviation of the Gaussian of distance with which attempts succeed."),
    Param("activity_share", "", 0.5, 0.0, 1.0, "Activity dependence",
          "Share of the growth that needs both sides to be active; the rest depends on distance alone."),
    Param("full_activity_Hz", "Hz", 5.0, 0.01, 1000.0, "Full activity",
          "Rate from which a neuron grows at full speed."),
    Param("new_weight", "", 1.0, 0.0, 100.0, "New weight",
          "Weight with which a synapse begins, as a multiple of the projection's own, within the bounds of its rule."),
    Param("growth", "", 1.0, 0.0, 10.0, "Largest number, targets",
          "Synapses up to which a target forms new ones, as a multiple of the mean into the projection's targets."),
    Param("source_growth", "", 2.0, 0.0, 10.0, "Largest number, sources",
          "Synapses up to which a source forms new ones, as a multiple of the mean out of the projection's sources."),
)

STRUCTURAL = PlasticityRule(
    key="STRUCTURAL",
    label="Structural plasticity",
    kind="structure",
    meaning="Weak excitatory synapses vanish; new ones grow between near, active neurons.",
    sources="excitatory",
    switch="enable_structural_plasticity",
    params=PARAMS,
    fields={p.name: f"structural_{p.name}" for p in PARAMS},
    source="Bamford, Murray and Willshaw 2010, Neural Networks 23:517-527; Bogdan et al. 2018, Front Neurosci 12:434; "
           "bounds on sources and activity: this program",
)
