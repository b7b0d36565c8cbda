"""The rules by which synapses and neurons change. To add one: write its file and add its line here.

A projection names its rules (`Projection.plasticity`: key -> parameter values); a switch of the configuration gives a
rule to every projection from excitatory (or inhibitory) neurons that names none of its own.

What happens when
    Dendritic delay, as in NEST's stdp_synapse (Morrison, Aertsen and Diesmann 2007, Neural Comput 19:1437): the whole
    delay d of a synapse lies behind it. A presynaptic spike of step s reaches the synapse at s, and its effect the
    neuron at s + d; a postsynaptic spike of step p has travelled back to the synapse at p + d. A pair is p + d - s
    steps apart, and where that is 0 the two spikes do not act on each other: p + d > s strengthens, p + d < s weakens
    (of the pair rule). When a spike comes, its synapse first takes in, in the order of time, the postsynaptic spikes
    that have reached it (p + d <= s), with the trace that earlier spikes left; then it weakens by the trace of the
    postsynaptic spikes before; then it releases with the new weight (update before release, as in NEST). Every change
    is followed by the bounds. Dopamine is collected by the synapse's own time.

Why dendritic
    Everything that a spike must know of its targets is known when it is sent: p <= s - d. So its row is visited once,
    for all delays together, and what it delivers waits in the ring of accumulators as in a network that does not learn.
    No spike waits to act on a weight; that is what lets a device learn at the speed of its memory, and what makes the
    state the same on every engine.

Lazy evaluation
    A weight is brought up to date when a spike passes its synapse, so all work is row deliveries, no reverse index
    exists, and a synapse costs its word and one float32 weight (8 bytes; 12 with eligibility). A neuron's newest
    spikes are remembered with their trace (`recent_spikes`), which covers those that have not yet travelled back;
    older ones as one bit a step (`history_steps`). A source that has been silent for `longest_gap` steps while its
    trace lives sends a silent event down its row, which takes in the history before it is overwritten. Looking at
    weights shows them as of the last event.

Traces are kept per neuron at spikes and decay by whole steps: exp(-k dt / tau) is the product of two table entries,
computed once in exact arithmetic, and 0 beyond 16 tau. All-to-all pairing adds 1 at a spike; nearest-neighbour pairing
(symmetric: each spike with the nearest earlier one of the other side) sets the trace to 1.

Release (short-term plasticity) depends on the source's spikes alone, so it is kept per source, not per synapse, and
travels with the spike. Sums of deliveries are integers: the weight (float32, stored units) times the release is rounded
to a whole number of stored units. One synapse's updates follow each other in time; nothing else is shared, so neither
order nor device can change a bit.
"""

from __future__ import annotations

from ...base.declarations import PlasticityRule
from ...base.errors import ConfigurationError
from .hebbian import HEBBIAN
from .homeostasis import HOMEOSTASIS
from .inhibitory import INHIBITORY_STDP
from .reward import REWARD_STDP
from .short_term import SHORT_TERM
from .stdp import STDP
from .structural import STRUCTURAL

CONVENTION = "dendritic"       # part of a network's fingerprint: states do not pass between conventions
MOST_GAP = 960                 # steps between two events of a living row, at most

PLASTICITY_RULES: dict[str, PlasticityRule] = {rule.key: rule for rule in (
    SHORT_TERM,
    HEBBIAN,
    STDP,
    INHIBITORY_STDP,
    REWARD_STDP,
    HOMEOSTASIS,
    STRUCTURAL,
)}
SWITCHES = ("nearest", "keep_weight")          # parameters that are 0 or 1


def history_steps(max_delay: int) -> int:
    """Steps of spikes that are remembered, one bit each: a power of two."""
    return max(1024, 4 << max_delay.bit_length())


def longest_gap(max_delay: int) -> int:
    """Steps between two events of a living row: the history less what is being overwritten and what travels back."""
    return min(MOST_GAP, history_steps(max_delay) - 64 - max_delay)


def recent_spikes(max_delay: int) -> int:
    """Newest spikes of a neuron that are remembered with their trace, a power of two: one of each step that may not
    have travelled back yet, the step that an engine is ahead, and one that has."""
    return max(8, 1 << (max_delay + 1).bit_length())


def plasticity_rule(key: str) -> PlasticityRule:
    """Return the rule called `key`; ConfigurationError lists those there are."""
    try:
        return PLASTICITY_RULES[key]
    except KeyError:
        raise ConfigurationError(f"There is no plasticity rule {key!r}; choose one of: {', '.join(PLASTICITY_RULES)}.",
                                 "plasticity", key) from None
