"""What learns in a network: the rules of every projection and population, and the numbers that kernels read."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

import numpy as np

from ..base.declarations import Population, Projection
from ..base.errors import ConfigurationError
from ..base.exact import exp
from ..config import CoreSimConfig
from ..models.plasticity import MOST_GAP, PLASTICITY_RULES, plasticity_rule
from ..models.plasticity.weight import Coefficients
from .projections import ARROW, called, heaviest
from .rewiring import Structure, make_structure

if TYPE_CHECKING:
    from .plan import Plan

FINE = 64                       # steps that the fine table of a decay covers; the coarse one counts in these
GONE = 16.0                     # time constants after which a trace is 0
BLOCK = 1024                    # steps that one prefix table of dopamine covers
BLOCKS = 4                      # such tables that are kept
COEFFICIENTS = ("a_post", "b_up", "b_down", "c_0", "c_1", "mu_plus", "mu_minus", "w_min", "w_max", "inverse_range",
                "gain_per_s")
_MOST_POST_TRACES = 3
_MOST_RATE_STEPS = 2_000_000    # of a time constant; far beyond, a float32 times its decay stays what it is


# ---- who learns how ---------------------------------------------------------------------------------------
def resolve(core: CoreSimConfig, populations: Sequence[Population], projections: Sequence[Projection]
            ) -> tuple[list[Population], list[Projection]]:
    """Populations and projections with all their rules and all parameter values of these, checked."""
    resolved = [replace(p, plasticity=_complete(core, p.name, p.excitatory, p.plasticity, True)) for p in populations]
    for p in resolved:
        _check_rate(core, p)
    _refuse_unmatched(core, populations, projections)
    connected = []
    for q in projections:
        rules = rules_of(core, populations, q)
        refuse_two_weight_rules(rules, called(q, populations))
        connected.append(replace(q, plasticity=rules))
    return resolved, connected


def _check_rate(core: CoreSimConfig, population: Population) -> None:
    tau = population.plasticity_rules.get("HOMEOSTASIS", {}).get("rate_tau_ms", 0.0)
    if tau > _MOST_RATE_STEPS * core.dt_ms:
        raise ConfigurationError(
            f"{population.name}: rate_tau_ms of homeostasis is {tau:,.0f} ms, but must be at most {_MOST_RATE_STEPS:,} "
            f"steps of {core.dt_ms:g} ms; lower it or raise dt_ms.", "homeostasis_rate_tau_ms", tau)


def rules_of(core: CoreSimConfig, populations: Sequence[Population], q: Projection) -> dict[str, dict[str, float]]:
    """The rules of one projection by key, with all parameter values."""
    pattern = pattern_for(core, populations, q)
    given = q.plasticity if pattern is None else core.projection_learning[pattern]
    return _complete(core, called(q, populations), populations[q.pre].excitatory, given, False)


def refuse_two_weight_rules(rules: Iterable[str], where: str) -> None:
    """Raise ConfigurationError where more than one of the rules (keys) changes weights."""
    of_weights = [rule for rule in map(plasticity_rule, rules) if rule.kind == "weight"]
    if len(of_weights) > 1:
        raise ConfigurationError(f"{where}: {' and '.join(rule.label for rule in of_weights)} would both change the "
                                 "same weights; switch one of them off.", of_weights[0].switch)


def pattern_for(core: CoreSimConfig, populations: Sequence[Population], q: Projection) -> str | None:
    """The pattern of `projection_learning` that counts for this projection; None where none matches."""
    counts = None
    for pattern in core.projection_learning:
        matching = matches(pattern, populations, q)
        if any(matching) and not all(matching):
            raise ConfigurationError(f"projection_learning: {pattern!r} chooses a part of the synapses that "
                                     f"{populations[q.pre].name} has in a small world; choose "
                                     f"'{pattern.partition(ARROW)[0]}{ARROW}*'.", "projection_learning", pattern)
        counts = pattern if any(matching) else counts
    return counts


def matches(pattern: str, populations: Sequence[Population], q: Projection) -> list[bool]:
    """Whether this pattern chooses the projection, for each population that it reaches."""
    pre, _, post = pattern.partition(ARROW)
    from_here = fnmatchcase(populations[q.pre].name, pre)
    return [from_here and fnmatchcase(populations[k].name, post) for k in q.posts]


def _refuse_unmatched(core: CoreSimConfig, populations: Sequence[Population],
                      projections: Sequence[Projection]) -> None:
    """Raise ConfigurationError for a pattern of the configuration that matches no projection."""
    for pattern in core.projection_learning:
        if not any(any(matches(pattern, populations, q)) for q in projections):
            there = [f"{populations[q.pre].name}{ARROW}{populations[k].name}" for q in projections for k in q.posts]
            names = ", ".join(there[:8]) + (", ..." if len(there) > 8 else "")
            raise ConfigurationError(f"projection_learning: {pattern!r} matches no projection; there are: "
                                     f"{names or 'none'}.", "projection_learning", pattern)


def _complete(core: CoreSimConfig, where: str, excitatory: bool, given: Any, of_neuron: bool
              ) -> dict[str, dict[str, float]]:
    """Rules by key with all values: those `given`, or those that the configuration switches on."""
    if given is None:
        given = {rule.key: {} for rule in PLASTICITY_RULES.values()
                 if (rule.kind == "neuron") is of_neuron and getattr(core, rule.switch)
                 and (rule.sources == "excitatory") is excitatory}
        if "REWARD_STDP" in given:
            given.pop("STDP", None)                    # reward gates that very rule
    rules = {}
    for key, values in given.items():
        rule = plasticity_rule(key)
        if (rule.kind == "neuron") is not of_neuron:
            raise ConfigurationError(f"{where}: {rule.label} is a rule of {'synapses' if of_neuron else 'neurons'}; "
                                     f"give it to a {'projection' if of_neuron else 'population'}.", "plasticity", key)
        configured = {p.name: float(getattr(core, rule.fields[p.name])) for p in rule.params}
        rules[key] = rule.values({**configured, **values}, where)
    return rules


def coefficients_of(q: Projection) -> Coefficients | None:
    """The weight rule of a projection in numbers, in the weight's own unit; None where weights stay."""
    for key, values in q.plasticity_rules.items():
        rule = PLASTICITY_RULES[key].coefficients              # weight rules have them, others none
        if rule is not None:
            return rule(values, q.weight)
    return None


def largest_delivery(q: Projection, initial: float) -> float:
    """The most that one synapse of this projection can ever deliver (weight unit); `initial`: at time 0."""
    rule = coefficients_of(q)
    largest = initial if rule is None else max(initial, rule.w_max)
    rules = q.plasticity_rules
    if "STRUCTURAL" in rules:
        largest = max(largest, rules["STRUCTURAL"]["new_weight"] * q.weight)
    release = rules.get("SHORT_TERM")
    return largest / release["U"] if release and release["keep_weight"] > 0.5 else largest


# ---- the numbers that kernels read ----------------------------------------------------------------------------
@dataclass(frozen=True)
class Decays:
    """exp(-k dt / tau) for whole k, of several time constants: fine[i, k % 64] * coarse[i, k // 64], 0 in the end."""

    taus_ms: tuple[float, ...]
    fine: np.ndarray              # (D, 64) float32
    coarse: np.ndarray            # (D, C) float32; the last column is 0

    def whole(self, width: int) -> np.ndarray:
        """The first `width` values of every decay, (D, width) float32."""
        k = np.arange(width)
        last = self.coarse.shape[1] - 1
        return np.ascontiguousarray(self.coarse[:, np.minimum(k // FINE, last)] * self.fine[:, k % FINE])

    def lifetime(self, index: int) -> int:
        """Steps after which decay `index` is 0."""
        return FINE * int(np.count_nonzero(self.coarse[index]))


def make_decays(taus_ms: Iterable[float], dt: float) -> Decays:
    """Tables of these time constants; 0 ms means: gone at the next step."""
    taus = tuple(taus_ms)
    widths = [math.ceil(GONE * tau / (FINE * dt)) + 1 if tau > 0.0 else 1 for tau in taus]
    fine = np.zeros((len(taus), FINE), np.float32)
    coarse = np.zeros((len(taus), max(widths, default=1) + 1), np.float32)
    for i, (tau, width) in enumerate(zip(taus, widths, strict=True)):
        fine[i, 0] = coarse[i, 0] = 1.0
        if tau > 0.0:
            fine[i] = [exp(-k * dt / tau) for k in range(FINE)]
            coarse[i, :width] = [exp(-k * FINE * dt / tau) for k in range(width)]
    return Decays(taus, fine, coarse)


@dataclass(frozen=True)
class Learning:
    """Everything about learning that does not change while the network runs. A link is what one pair of populations
    uses: a weight rule and a release, both by number, -1 for none.

    Traces of arrivals are numbered 0 .. X - 1, of postsynaptic spikes 0 .. Y - 1, eligibilities 0 .. E - 1; each names
    its decay. Weights in stored units.
    """

    learns: np.ndarray            # (P,) bool: rows of these populations hold synapses that can change, come or go
    row_link: np.ndarray          # (P,) int32: the link of all synapses of the row, or -1 where they differ
    pair_link: np.ndarray         # (P, P) int32, presynaptic first
    link_rule: np.ndarray         # (L,) int32
    link_release: np.ndarray      # (L,) int32, number among the releases of the source
    coefficients: np.ndarray      # (R, len(COEFFICIENTS)) float32
    rule_traces: np.ndarray       # (R, 3) int32: numbers of x, y and eligibility (-1: none)
    x_decay: np.ndarray           # (X,) int32
    x_keep: np.ndarray            # (X,) float32: 1 all-to-all, 0 nearest neighbour
    y_decay: np.ndarray           # (Y,) int32
    y_keep: np.ndarray            # (Y,) float32
    e_decay: np.ndarray           # (E,) int32
    release_set: np.ndarray       # (P, K) int32: parameter set of each release of a source, -1 where it has fewer
    release_values: np.ndarray    # (Q, 2) float32: U, factor of u R
    release_decay: np.ndarray     # (Q, 2) int32: of facilitation, of depression
    decays: Decays
    horizon: int                  # steps after a spike of a source for which its row must be kept up to date
    largest_units: float          # most that one delivery can bring
    dopamine_tau_ms: float = 0.0
    baseline: float = 0.0
    structure: Structure | None = None      # None: no synapse comes or goes

    @property
    def weights(self) -> bool:
        """True where weights can change."""
        return bool(self.learns.any())

    @property
    def rewarded(self) -> bool:
        """True where a synapse waits for rewards."""
        return self.e_decay.size > 0

    @property
    def releases(self) -> int:
        """Largest number of different releases of one source."""
        return self.release_set.shape[1]


class _Numbers(dict):
    """Gives every new key the next number."""

    def __missing__(self, key: Any) -> int:
        self[key] = len(self)
        return self[key]


def make_learning(plan: Plan) -> Learning | None:
    """The tables of a plan; None where no synapse changes."""
    if not any(q.plasticity for q in plan.projections):
        return None
    taus, xs, ys, es, rules, releases, links = (_Numbers() for _ in range(7))
    count = len(plan.populations)
    own: list[_Numbers] = [_Numbers() for _ in range(count)]
    pair_link = np.full((count, count), -1, np.int32)
    for q in plan.projections:
        for post in q.posts:
            rule, release = _rule_key(plan, q, post, taus, xs, ys, es), _release_key(q, taus)
            link = links[(-1 if rule is None else rules[rule],
                          -1 if release is None else own[q.pre][releases[release]])]
            if pair_link[q.pre, post] not in (-1, link):
                raise ConfigurationError(
                    f"Two projections from {plan.populations[q.pre].name} to {plan.populations[post].name} learn by "
                    "different rules; give both the same.", "plasticity")
            pair_link[q.pre, post] = link
    if len(ys) > _MOST_POST_TRACES:
        raise ConfigurationError(
            f"A network can have {_MOST_POST_TRACES} different windows of postsynaptic spikes, not {len(ys)}; let "
            "projections share their time constants.", "plasticity")
    structure = make_structure(plan, _bounds(plan))
    if structure is not None and not rules:
        ys[(taus[0.0], 0.0)]                    # weights apart without a rule: kernels find a trace that nobody reads
    decays = make_decays(taus, plan.dt)
    rewards = {(r["dopamine_tau_ms"], r["baseline"]) for q in plan.projections
               if (r := q.plasticity_rules.get("REWARD_STDP"))}
    if len(rewards) > 1:
        raise ConfigurationError("All projections of a network share one dopamine: give them the same dopamine_tau_ms "
                                 "and baseline.", "plasticity")
    _check_eligibility(plan, es)
    width = max((len(numbers) for numbers in own), default=0)
    release_set = np.full((count, width), -1, np.int32)
    for p, numbers in enumerate(own):
        release_set[p, :len(numbers)] = list(numbers)
    learns = np.array([any((link >= 0) and list(links)[link][0] >= 0 for link in row) for row in pair_link])
    if structure is not None:
        learns |= (structure.pair >= 0).any(axis=1)
    life_x = max((decays.lifetime(tau) for tau, _ in xs), default=0)
    life_e = max((decays.lifetime(tau) for tau in es), default=0)
    tau, baseline = rewards.pop() if rewards else (0.0, 0.0)
    return Learning(
        learns=learns,
        row_link=np.array([_common(row) for row in pair_link], np.int32), pair_link=pair_link,
        link_rule=np.array([rule for rule, _ in links], np.int32),
        link_release=np.array([release for _, release in links], np.int32),
        coefficients=np.array([r[0] for r in rules], np.float32).reshape(-1, len(COEFFICIENTS)),
        rule_traces=np.array([r[1] for r in rules], np.int32).reshape(-1, 3),
        x_decay=np.array([t for t, _ in xs], np.int32), x_keep=np.array([k for _, k in xs], np.float32),
        y_decay=np.array([t for t, _ in ys], np.int32), y_keep=np.array([k for _, k in ys], np.float32),
        e_decay=np.array(list(es), np.int32), release_set=release_set,
        release_values=np.array([r[0] for r in releases], np.float32).reshape(-1, 2),
        release_decay=np.array([r[1] for r in releases], np.int32).reshape(-1, 2), decays=decays,
        horizon=life_x + life_e,
        largest_units=max(largest_delivery(q, heaviest(q)) / plan.scale_of(q.post) for q in plan.projections),
        dopamine_tau_ms=tau, baseline=baseline, structure=structure)


def _bounds(plan: Plan) -> dict[int, tuple[float, float]]:
    """Smallest and largest weight of the projections whose weights change, by number."""
    rules = {k: coefficients_of(q) for k, q in enumerate(plan.projections)}
    return {k: (rule.w_min, rule.w_max) for k, rule in rules.items() if rule is not None}


def _rule_key(plan: Plan, q: Projection, post: int, taus: _Numbers, xs: _Numbers, ys: _Numbers, es: _Numbers) -> Any:
    c = coefficients_of(q)
    if c is None:
        return None
    if c.w_max <= c.w_min:
        raise ConfigurationError(
            f"{called(q, plan.populations)}: the largest weight must exceed the smallest ({c.w_min:g}); raise "
            "max_weight.", "plasticity")
    keep = 0.0 if c.nearest else 1.0
    scale = 1.0 / plan.scale_of(post)
    values = (c.a_post * scale, c.b_up * scale, c.b_down * scale, c.c_0 * scale, c.c_1, c.mu_plus, c.mu_minus,
              c.w_min * scale, c.w_max * scale, plan.scale_of(post) / (c.w_max - c.w_min), c.gain_per_s)
    e = es[taus[c.eligibility_tau_ms]] if c.eligibility_tau_ms > 0.0 else -1
    return values, (xs[(taus[c.tau_x_ms], keep)], ys[(taus[c.tau_y_ms], keep)], e)


def _release_key(q: Projection, taus: _Numbers) -> Any:
    values = q.plasticity_rules.get("SHORT_TERM")
    if values is None:
        return None
    factor = 1.0 / values["U"] if values["keep_weight"] > 0.5 else 1.0
    return (values["U"], factor), (taus[values["tau_f_ms"]], taus[values["tau_d_ms"]])


def _check_eligibility(plan: Plan, es: _Numbers) -> None:
    for q in plan.projections:
        tau = q.plasticity_rules.get("REWARD_STDP", {}).get("eligibility_tau_ms", math.inf)
        if es and tau < 52.0 * plan.dt:
            raise ConfigurationError(
                f"eligibility_tau_ms is {tau:g} ms, but must be at least 52 steps of {plan.dt:g} ms; raise it or lower "
                "dt_ms.", "reward_eligibility_tau_ms", tau)


def _common(row: np.ndarray) -> int:
    """The one link of all projections of a source, or -1; pairs without a projection do not count."""
    used = set(row[row >= 0].tolist())
    return used.pop() if len(used) == 1 else -1


assert MOST_GAP + FINE <= BLOCK, "a stretch between two events must span at most two tables of dopamine"
