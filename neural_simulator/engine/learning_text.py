"""What the kernels of a network that learns are made of, and how much room they need: known before it is built."""

from __future__ import annotations

import numpy as np

from ..backend.cuda_learning import KEPT_SPIKES, LearningText, RuleText
from ..models.plasticity import history_steps, longest_gap, recent_spikes
from ..network.learning import COEFFICIENTS, FINE, Learning
from ..network.plan import Plan

QUEUE = 64                                 # synapses that a warp can put off: twice those that it passes at once
_MOST_WARPS = 32                           # of a block
_NO_RULE = RuleText([0.0] * len(COEFFICIENTS), (0, 0, -1, 0, 0, 0, 0), 0.0)      # where synapses only come and go
_LONGEST_WHOLE = 1024                      # steps up to which traces decay by one table
_COARSE_BYTES = 8192                       # up to so large, the coarse tables of decays are kept in shared memory


def learning_text(plan: Plan, kept_spikes: int = KEPT_SPIKES[0]) -> LearningText:
    """What the kernels of this network are made of, if so many of a neuron's spikes lie near."""
    learning = plan.learning
    assert learning is not None
    decays, coarse = learning.decays.coarse.shape
    lives = [learning.decays.lifetime(int(k)) for k in (*learning.x_decay, *learning.y_decay)]
    longest = max(lives, default=0)
    mixed = (learning.row_link < 0) & (learning.pair_link >= 0).any(axis=1)
    constants = {
        "WEIGHTS": int(learning.weights), "REWARDED": int(learning.rewarded), "XS": learning.x_decay.size,
        "YS": learning.y_decay.size, "RELEASES": learning.releases, "RECENT": recent_spikes(plan.max_delay_steps),
        "HISTORY_WORDS": history_steps(plan.max_delay_steps) // 32, "LONGEST_GAP": longest_gap(plan.max_delay_steps),
        "HORIZON": learning.horizon, "DECAYS": decays, "COARSE": coarse,
        "COARSE_SHARED": int(4 * decays * coarse <= _COARSE_BYTES),
        "WHOLE": longest + 1 if 0 < longest <= _LONGEST_WHOLE else 0, "COEFFICIENTS": len(COEFFICIENTS),
        "MIXED": int(mixed.any()), "QUEUE": QUEUE}
    tables = {
        "LEARNS": learning.learns.astype(np.int32), "ROW_LINK": learning.row_link, "PAIR_LINK": learning.pair_link,
        "LINK_RULE": learning.link_rule, "LINK_RELEASE": learning.link_release, "X_DECAY": learning.x_decay,
        "X_KEEP": learning.x_keep, "Y_DECAY": learning.y_decay, "Y_KEEP": learning.y_keep,
        "RELEASE_SET": learning.release_set, "RELEASE_VALUES": learning.release_values,
        "RELEASE_DECAY": learning.release_decay}
    rules = [_rule(learning, k) for k in range(len(learning.coefficients))]
    return LearningText(constants, tables, rules or [_NO_RULE], kept_spikes)


def _rule(learning: Learning, number: int) -> RuleText:
    kx, ky, e = (int(k) for k in learning.rule_traces[number])
    numbers = (kx, ky, e, int(learning.x_decay[kx]), int(learning.y_decay[ky]),
               int(learning.e_decay[e]) if e >= 0 else 0, learning.decays.lifetime(int(learning.x_decay[kx])))
    return RuleText(learning.coefficients[number].tolist(), numbers, float(learning.y_keep[ky]))


def near_bytes(plan: Plan, per_block: int, kept_spikes: int) -> int:
    """Shared memory that a block of so many neurons needs for learning."""
    if plan.learning is None:
        return 0
    text = learning_text(plan, kept_spikes)
    c = text.constants
    queues = _MOST_WARPS * 2 * QUEUE if c["WEIGHTS"] else 0
    tables = c["DECAYS"] * (FINE + c["COARSE_SHARED"] * c["COARSE"] + c["WHOLE"])
    return 4 * (text.near_rows * per_block + tables + queues)


def device_bytes(plan: Plan, neurons: int) -> tuple[float, int]:
    """Bytes for each word of a row whose weights change, and for all of so many neurons (padding included)."""
    learning = plan.learning
    if learning is None:
        return 0.0, 0
    text = learning_text(plan)
    c = text.constants
    per_neuron = 4 * text.near_rows + 64 * text.event_vectors          # events of four steps
    if learning.weights:
        per_neuron += 8 + 4 * c["RECENT"] * (1 + c["YS"]) + 4 * c["HISTORY_WORDS"]
    return 4.0 * (learning.weights + learning.rewarded), per_neuron * neurons
