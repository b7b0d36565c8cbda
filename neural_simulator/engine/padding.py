"""How long rows become when every block stores them at the same offset, padded alike.

A row's synapses are spread over the blocks that own their targets; the row takes, in every block, the words of the
block with most of them, rounded up to a multiple of the layout's unit.
"""

from __future__ import annotations

import math

from ..network.plan import Plan
from ..network.projections import expected_synapses, has_kernel
from ..network.rewiring import growth_of


def padded_words(plan: Plan, blocks: int, unit: int) -> float:
    """Expected words of all rows in one block."""
    return sum(p.size * _padded_row(plan, index, blocks, unit) for index, p in enumerate(plan.populations))


def _padded_row(plan: Plan, population: int, blocks: int, unit: int) -> float:
    """Expected words of a row; where distance matters, its out-degree varies with the neuron's place, by 25 %."""
    mean = sum(expected_synapses(q, plan.populations) * growth_of(q) / max(1, plan.populations[population].size)
               for q in plan.projections if q.pre == population) / blocks
    spread = 0.25 if any(has_kernel(q) for q in plan.projections) else 0.0
    return sum(largest_padded(mean * (1.0 + k * spread), blocks, unit) for k in (-1.22, 0.0, 1.22)) / 3.0


def largest_padded(mean: float, blocks: int, unit: int) -> float:
    """Expected value of the largest of `blocks` Poisson numbers of this mean, rounded up to a multiple of `unit`."""
    if mean <= 0.0:
        return 0.0
    probability, cumulated, expected, n = math.exp(-mean), 0.0, 0.0, 0
    while n < 80 + 10 * mean:
        cumulated = min(1.0, cumulated + probability)
        if n % unit == 0:
            expected += unit * (1.0 - cumulated**blocks)           # P(the largest exceeds n)
        n += 1
        probability *= mean / n
    return expected
