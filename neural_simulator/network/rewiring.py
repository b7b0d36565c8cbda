"""Structural plasticity: connectivity that is no function of the seed any more, and one round of its change.

The same function serves every engine: it takes synapses in the canonical order and gives them back in it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from types import ModuleType
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from ..backend import cpu_rewire
from ..base.declarations import Projection
from ..base.errors import ConfigurationError, StateError
from . import projections

if TYPE_CHECKING:
    from .plan import Plan


class Wiring(NamedTuple):
    """Synapses in canonical order: by source, delay and target; of the same ones the oldest first."""

    starts: np.ndarray            # (N + 1,) int64: where the synapses of each source begin
    targets: np.ndarray           # (S,) uint32
    delays: np.ndarray            # (S,) uint16 steps

    @classmethod
    def of_degrees(cls, out_degrees: np.ndarray, targets: np.ndarray, delays: np.ndarray) -> Wiring:
        """The synapses of sources that have so many."""
        return cls(np.concatenate([[0], np.cumsum(out_degrees, dtype=np.int64)]), targets, delays)

    @property
    def num_synapses(self) -> int:
        return int(self.targets.size)

    @property
    def sources(self) -> np.ndarray:
        """The source of every synapse, (S,) int64."""
        return np.repeat(np.arange(self.starts.size - 1), np.diff(self.starts))

    def check(self, plan: Plan) -> None:
        """Raise StateError where this cannot be the connectivity of a network of `plan`."""
        starts = self.starts
        good = (starts.size == plan.num_neurons + 1 and starts[0] == 0 and (np.diff(starts) >= 0).all()
                and starts[-1] == self.targets.size == self.delays.size
                and kernels().canonical(*self, np.int64(plan.num_neurons), np.int64(plan.max_delay_steps)))
        if not good:
            raise StateError("The state's synapses do not belong to this network; it cannot be restored.")


@dataclass(frozen=True)
class Structure:
    """What structural plasticity reads of a plan; see `backend.cpu_rewire` for the columns."""

    interval_steps: int
    pair: np.ndarray              # (P, P) int32: row of the tables, or -1
    numbers: np.ndarray           # (T, len(NUMBERS)) float32
    counts: np.ndarray            # (T, len(COUNTS)) int64

    @property
    def most_in(self) -> int:
        """The most synapses that can form onto a neuron beside those that it has."""
        posts, most = (self.counts[:, cpu_rewire.COUNTS.index(name)] for name in ("POST", "MOST_IN"))
        return int(np.bincount(posts, most).max())


def growth_of(q: Projection) -> float:
    """By which factor the mean number of synapses of a projection can grow; 1 where its synapses stay."""
    rules = q.plasticity_rules
    return max(1.0, rules["STRUCTURAL"]["growth"]) if "STRUCTURAL" in rules else 1.0


def make_structure(plan: Plan, bounds: Mapping[int, tuple[float, float]]) -> Structure | None:
    """The tables of a plan; None where no synapse comes or goes.

    `bounds`: smallest and largest weight of a projection, by its number.
    """
    chosen = [(k, q) for k, q in enumerate(plan.projections) if "STRUCTURAL" in q.plasticity_rules]
    if not chosen:
        return None
    intervals = {q.plasticity_rules["STRUCTURAL"]["interval_ms"] for _, q in chosen}
    if len(intervals) > 1:
        raise ConfigurationError("All projections of a network share one interval of structural plasticity, not "
                                 f"{' and '.join(f'{ms:g}' for ms in sorted(intervals))} ms; give them the same "
                                 "interval_ms.", "structural_interval_ms")
    steps = max(1, round(intervals.pop() / plan.dt))
    pair = np.full((len(plan.populations),) * 2, -1, np.int32)
    numbers: list[tuple[float, ...]] = []
    counts: list[tuple[int, ...]] = []
    for k, q in chosen:
        for post in q.posts:
            if pair[q.pre, post] >= 0:
                raise ConfigurationError(
                    f"Two projections from {plan.populations[q.pre].name} to {plan.populations[post].name} have "
                    "structural plasticity; give it to one of them.", "plasticity")
            pair[q.pre, post] = len(numbers)
            numbers.append(_numbers(plan, q, post, steps, bounds.get(k)))
            counts.append(_counts(plan, k, q, post))
    return Structure(steps, pair, np.array(numbers, np.float32), np.array(counts, np.int64))


def _numbers(plan: Plan, q: Projection, post: int, steps: int, bounds: tuple[float, float] | None
             ) -> tuple[float, ...]:
    p, scale = q.plasticity_rules["STRUCTURAL"], plan.scale_of(post)
    low, high = bounds or (0.0, math.inf)
    full = p["full_activity_Hz"] * steps * plan.dt / 1000.0                # spikes in an interval
    return (p["weight_threshold"] * q.weight / scale, p["elimination"], p["elimination_of_others"], p["attempts"],
            1.0 / p["length_um"], p["activity_share"], 1.0 / full,
            min(max(p["new_weight"] * q.weight, low), high) / scale)


def _counts(plan: Plan, number: int, q: Projection, post: int) -> tuple[int, ...]:
    pre, target = plan.populations[q.pre], plan.populations[post]
    first, last = projections.target_range(q, plan.populations)
    expected = projections.expected_synapses(q, plan.populations) * target.size / max(1, last - first)
    p = q.plasticity_rules["STRUCTURAL"]
    return (q.pre, post, target.start, target.stop, math.ceil(p["growth"] * expected / max(1, target.size)),
            math.ceil(p["source_growth"] * expected / max(1, pre.size)), number)


class Round(NamedTuple):
    """What a round made: the new connectivity, the new columns, and how many synapses came and went."""

    wiring: Wiring
    columns: dict[str, np.ndarray]
    formed: int
    removed: int


@cache
def kernels() -> ModuleType:
    """The compiled functions, compiled when a network first needs them."""
    return cpu_rewire.kernels()


def play(plan: Plan, structure: Structure, number: int, positions: np.ndarray, spikes: np.ndarray, wiring: Wiring,
         columns: Mapping[str, np.ndarray], weight: str) -> Round:
    """Play round `number`: let synapses vanish and form, and move every column (S,) float32 with its synapse.

    `spikes` (N,) uint32 are those since the last round; `weight` names the column of weights (stored units), which new
    synapses begin with a value of; all their other columns begin with 0.
    """
    k = kernels()
    n, count = plan.num_neurons, len(plan.populations)
    population_of = np.repeat(np.arange(count, dtype=np.uint8), [p.size for p in plan.populations])
    keys = [np.uint32(word) for word in plan.key_words]
    stays = np.empty(wiring.num_synapses, np.bool_)
    incoming, outgoing = np.zeros((count, n), np.int32), np.zeros((count, n), np.int32)
    grows = (structure.pair >= 0).any(axis=1)
    removed = k.decide(np.int64(number), wiring.starts, wiring.targets, columns[weight], population_of, grows,
                       structure.pair, structure.numbers, *keys, stays, incoming, outgoing)
    drawing, ways = projections.table(plan.projections, plan.populations, plan.scale_of)
    grid = np.array([1.0 / plan.dt, plan.min_delay_steps, plan.max_delay_steps])
    formed = k.form(np.int64(number), wiring.starts, wiring.targets, stays, positions, spikes, structure.numbers,
                    structure.counts, drawing, ways, *keys, grid, incoming, outgoing)
    formed = formed[np.lexsort((formed[:, 1], formed[:, 2], formed[:, 0]))]
    size = wiring.num_synapses - removed + len(formed)
    new = Wiring(np.empty(n + 1, np.int64), np.empty(size, np.uint32), np.empty(size, np.uint16))
    origin = np.empty(size, np.uint32 if wiring.num_synapses + len(formed) < 2**32 else np.int64)
    k.merge(*wiring, stays, formed, *new, origin)
    born = structure.numbers[formed[:, 3], cpu_rewire.NUMBERS.index("NEW_WEIGHT")]
    moved = {name: np.empty(size, np.float32) for name in columns}
    for name, values in columns.items():
        k.move(values, born if name == weight else np.zeros_like(born), origin, moved[name])
    return Round(new, moved, len(formed), int(removed))


def rows_of(wiring: Wiring, part_start: np.ndarray, max_delay: int, weight_bits: int, accumulate
            ) -> tuple[np.ndarray, np.ndarray]:
    """Segments and words of the CPU engine's rows; the words' weights are 0, since weights that change lie apart."""
    k, parts, n = kernels(), part_start.size - 1, wiring.starts.size - 1
    places = np.zeros(parts * n * max_delay + 2, np.int64)
    shared = (*wiring, np.int64(weight_bits), part_start, np.int64(max_delay))
    k.roll(False, *shared, places[2:], np.zeros(1, np.uint32))
    words = np.zeros(accumulate(places), np.uint32)
    k.roll(True, *shared, places[1:], words)
    return places[:-1], words


def device_counts(wiring: Wiring, blocks: int) -> np.ndarray:
    """Synapses of every source in every block of a device, (blocks, N) uint32."""
    counts = np.zeros((blocks, wiring.starts.size - 1), np.uint32)
    kernels().count_blocks(wiring.starts, wiring.targets, np.int64(blocks), counts)
    return counts


def device_words(plan: Plan, wiring: Wiring, weights: np.ndarray, row_start: np.ndarray, delay_bits: int,
                 words: np.ndarray) -> None:
    """Write the words (blocks, words of a block) uint32 of a device, whose rows begin at `row_start` (N,) int64.

    A word keeps its weight where its row's weights never change.
    """
    assert plan.learning is not None
    apart = np.repeat(plan.learning.learns, [p.size for p in plan.populations])
    kernels().pack(*wiring, weights, apart, np.int64(plan.min_delay_steps), np.int64(delay_bits),
                   np.int64(plan.weight_bits), row_start, words)


def wiring_of(segment: np.ndarray, words: np.ndarray, weight_bits: int, part_start: np.ndarray, max_delay: int,
              out_degrees: np.ndarray) -> Wiring:
    """The connectivity that rows of the CPU engine hold."""
    wiring = Wiring.of_degrees(out_degrees, np.empty(words.size, np.uint32), np.empty(words.size, np.uint16))
    kernels().unroll(segment, words, np.int64(weight_bits), part_start, np.int64(out_degrees.size), np.int64(max_delay),
                     wiring.targets, wiring.delays)
    return wiring
