"""Structural plasticity: weak synapses vanish, new ones grow between near neurons that are both active.

At every interval each synapse below the weight threshold is removed with the elimination probability, and every source
tries `candidates` random targets; a candidate becomes a synapse with probability exp(-d / length) a_pre a_post, where
a = min(1, rate since the last interval / full-activity rate), unless the pair is connected already or either side has
reached its largest number of synapses (that at time 0 times `growth`). Elimination of weak synapses and formation by
distance: Butz and van Ooyen 2013, PLoS Comput Biol 9:e1003259 (there with calcium in place of rates).
"""

from __future__ import annotations

from ...base.declarations import Param, PlasticityRule
from ...base.grammar import fmin, u32
from ..kinetics import exp
from ..random import uniform


def removed(word: u32, weight, threshold, probability):
    """Whether a synapse of this weight vanishes."""
    return weight < threshold and uniform(word) < probability


def formation(d, inverse_length, pre_count, post_count, inverse_full):
    """Probability that a candidate at distance d (um) becomes a synapse; counts of spikes since the last interval."""
    return exp(-d * inverse_length) * fmin(pre_count * inverse_full, 1.0) * fmin(post_count * inverse_full, 1.0)


PARAMS = (
    Param("interval_ms", "ms", 1000.0, 10.0, 1e6, "Interval", "Time between two rounds of removal and growth."),
    Param("weight_threshold", "", 0.1, 0.0, 10.0, "Weak below", "As a multiple of the projection's own weight."),
    Param("elimination", "", 0.5, 0.0, 1.0, "Elimination", "Probability that a weak synapse vanishes in one round."),
    Param("candidates", "", 1.0, 0.0, 100.0, "Candidates", "Targets that a source tries in one round."),
    Param("length_um", "um", 300.0, 1.0, 1e9, "Growth length", "Candidates at distance d grow with exp(-d / length)."),
    Param("full_activity_Hz", "Hz", 5.0, 0.01, 1000.0, "Full activity",
          "Rate from which a neuron grows at full speed."),
    Param("new_weight", "", 0.5, 0.0, 100.0, "New weight", "As a multiple of the projection's own weight."),
    Param("growth", "", 1.2, 1.0, 10.0, "Largest growth",
          "Largest number of synapses in and out of a neuron, as a multiple of that at time 0."),
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
    source="Butz and van Ooyen 2013, PLoS Computational Biology 9:e1003259 (form of the rule)",
)
