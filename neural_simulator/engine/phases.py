"""The phases of a step, as data: profiler, documentation and tests read this list.

Stated once, here: step n covers [t_n, t_n + dt) with t_n = n dt, and a spike found in it carries the time stamp t_n.
The spike is known at the end of its step, so with a delay of d steps (at least one) it arrives at the start of step
n + 1 + d. This is Brian2's and NEST's timing of a delay of d steps, so published delays carry over unchanged; and as
nothing acts before n + 2, an engine may exchange the spikes of one step while it computes the next.
Rows of the connectivity are presynaptic.
"""

from __future__ import annotations

from typing import NamedTuple


class Phase(NamedTuple):
    """One phase: its name and what it does."""

    name: str
    meaning: str


PHASES: tuple[Phase, ...] = (
    Phase("deliver", "spikes arriving now are added, as integers, to their targets' accumulators"),
    Phase("integrate", "drive and synapses move every neuron through the step; spikes are found and reset"),
    Phase("send", "the spikes of this step enter the history from which later steps deliver"),
    Phase("rewire", "synapses vanish and form, at the end of every so many steps, where plasticity is structural"),
)
