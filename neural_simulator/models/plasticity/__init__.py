"""The rules by which synapses and neurons change. To add one: write its file and add its line here.

A projection names its rules (`Projection.plasticity`: key -> parameter values); a switch of the configuration gives a
rule to every projection from excitatory (or inhibitory) neurons that names none of its own.

What happens when
    Axonal delay: a spike of step s reaches its synapses with the time stamp a = s + d, where d is the synapse's whole
    delay. A postsynaptic spike of step p acts at p; it travels back in no time. A pair is p - a steps apart, and
    where that is 0 the two spikes do not act on each other: p > a strengthens, p < a weakens (of the pair rule).
    When a spike arrives, its synapse first takes in, in the order of time, the postsynaptic spikes up to and including
    a, with the trace that earlier arrivals left; then it weakens by the trace of the postsynaptic spikes before a;
    then it releases with the new weight (update before release, as in NEST). Every change is followed by the bounds.

Lazy evaluation
    A weight is brought up to date when a spike passes its synapse, so all work is row deliveries, no reverse index
    exists, and a synapse costs its word and one float32 weight (8 bytes; 12 with eligibility). Postsynaptic spikes are
    remembered for `HISTORY` steps, one bit a step, and the newest `NEWEST` as numbers. A source that has been silent
    for `LONGEST_GAP` steps while its trace lives sends a silent event down its row, which takes in the history before
    it is overwritten. Looking at weights shows them as of the last event.

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

HISTORY = 1024                 # steps of postsynaptic spikes that are remembered, one bit each
NEWEST = 5                     # newest postsynaptic spikes that are remembered as numbers
LONGEST_GAP = 960              # steps between two events of a living row: HISTORY less what is being overwritten

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


def plasticity_rule(key: str) -> PlasticityRule:
    """Return the rule called `key`; ConfigurationError lists those there are."""
    try:
        return PLASTICITY_RULES[key]
    except KeyError:
        raise ConfigurationError(f"There is no plasticity rule {key!r}; choose one of: {', '.join(PLASTICITY_RULES)}.",
                                 "plasticity", key) from None
