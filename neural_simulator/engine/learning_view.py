"""What a network has learned, in a few numbers, for whoever looks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from ..base.synapses import Synapses
from ..models.neurons import neuron_model
from ..network.plan import Plan

SAMPLE = 50_000               # synapses that means and histograms are taken from; all of them where there are fewer
BINS = 40


class PlasticityEvents(NamedTuple):
    """How often something was learned, since step 0."""

    strengthened: int = 0                 # changes that raised a weight
    weakened: int = 0                     # changes that lowered a weight
    formed: int = 0                       # synapses that grew
    removed: int = 0                      # synapses that vanished


class ProjectionWeights(NamedTuple):
    """The weights from one population to another, as of their synapses' last events."""

    name: str                             # 'pre -> post'
    pre: int                              # number of the presynaptic population
    unit: str                             # of its weights
    mean: float
    counts: np.ndarray                    # (BINS,) int64: histogram from 0 to `largest`
    largest: float


@dataclass(frozen=True)
class LearningView:
    """Counters since step 0, and the weights of every pair of populations whose weights can change."""

    events: PlasticityEvents
    projections: tuple[ProjectionWeights, ...]
    rewarded: bool                        # whether something waits for rewards
    dopamine: float                       # its level above the tonic one, in rewards


def view(plan: Plan, population_of: np.ndarray, sample: Synapses, events: PlasticityEvents,
         dopamine: float) -> LearningView:
    """Summarise a sample of the synapses of a network that learns."""
    learning = plan.learning
    assert learning is not None
    changing = changing_pairs(plan).ravel()
    pair = population_of[sample.pre].astype(np.int64) * len(plan.populations) + population_of[sample.post]
    used = np.flatnonzero(changing & (np.bincount(pair, minlength=changing.size) > 0))
    return LearningView(events, tuple(_weights(plan, int(k), sample.weight[pair == k]) for k in used),
                        learning.rewarded, dopamine)


def changing_pairs(plan: Plan) -> np.ndarray:
    """Whether weights from one population to another can change, (P, P) bool."""
    learning = plan.learning
    assert learning is not None
    changing = learning.pair_link >= 0
    changing[changing] = learning.link_rule[learning.pair_link[changing]] >= 0
    return changing


def _weights(plan: Plan, pair: int, weights: np.ndarray) -> ProjectionWeights:
    pre, post = (plan.populations[k] for k in divmod(pair, len(plan.populations)))
    largest = float(weights.max()) or 1.0
    counts, _ = np.histogram(weights, BINS, (0.0, largest))
    return ProjectionWeights(f"{pre.name} -> {post.name}", pair // len(plan.populations),
                             neuron_model(post.model).port_unit, float(weights.mean(dtype=np.float64)), counts, largest)
