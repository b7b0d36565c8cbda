"""Which rules the projections of the network in the form learn by, and how they get rules of their own."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from ..base.declarations import Population, Projection
from ..base.errors import ConfigurationError
from ..config import PARAMETER, Config, CoreSimConfig, ProjectionRules
from ..models.plasticity import PLASTICITY_RULES
from ..models.structures import structure
from ..network.learning import matches, pattern_for, refuse_two_weight_rules, rules_of
from ..network.projections import ARROW as ARROW
from ..network.projections import called

Rules = Mapping[str, Mapping[str, float]]       # key of a rule -> values by parameter
OF_SYNAPSES = {key: rule for key, rule in PLASTICITY_RULES.items() if rule.kind != "neuron"}
SPECIAL = "*?["                                 # what makes a name of the configuration match several


@dataclass(frozen=True)
class Learner:
    """A projection of the network, or a pattern of `projection_learning`, and the rules that it learns by."""

    name: str                    # as `projection_learning` names it
    rules: Rules = field(default_factory=dict)
    pattern: str | None = None   # the one whose rules these are; None: those that are switched on for all
    problem: str = ""            # why there cannot be such rules

    @property
    def own(self) -> bool:
        """True where the configuration names its rules."""
        return self.pattern == self.name


def learners(core: CoreSimConfig) -> tuple[Learner, ...]:
    """Return the patterns of `core` that are no projection's name, and then all projections of its network."""
    populations, projections = _network(core)
    named = {_name(populations, q): q for q in projections}
    patterns = [_of_pattern(core, pattern, populations, projections) for pattern in core.projection_learning
                if pattern not in named]
    return (*patterns, *(_of_projection(core, name, populations, q) for name, q in named.items()))


def inherited(core: CoreSimConfig, name: str) -> Rules:
    """The rules that `name` would have without its own; for a pattern those of the first projection that it matches."""
    others = {pattern: given for pattern, given in core.projection_learning.items() if pattern != name}
    without = core.changed(projection_learning=others)
    populations, projections = _network(core)
    found = _matching(name, populations, projections)
    return _of_projection(without, name, populations, found[0]).rules if found else {}


def exists(core: CoreSimConfig, name: str) -> bool:
    """Whether this names a projection of the network in the form, or is a pattern that matches one."""
    return bool(_matching(name, *_network(core)))


def ends(core: CoreSimConfig) -> dict[str, str]:
    """What a projection may be said to begin or end with, and its part of a pattern: all, all of a sign, each one."""
    populations = _network(core)[0]
    signs = {f"All {word}": _pattern_of(populations, excitatory)
             for word, excitatory in (("excitatory", True), ("inhibitory", False))}
    return {"All": "*", **{label: pattern for label, pattern in signs.items() if pattern},
            **{each.name: each.name for each in populations}}


def _pattern_of(populations: Sequence[Population], excitatory: bool) -> str:
    """The pattern that the names of several populations of this sign, and of no other, match; '' if there is none."""
    names = [each.name for each in populations if each.excitatory is excitatory]
    others = [each.name for each in populations if each.excitatory is not excitatory]
    if len(names) < 2:
        return ""
    begin, end = os.path.commonprefix(names), os.path.commonprefix([name[::-1] for name in names])[::-1]
    fitting = [part for part in (f"{begin}*", f"*{end}") if not any(fnmatchcase(other, part) for other in others)]
    return fitting[0] if fitting else ""


def with_rules(core: CoreSimConfig, name: str, rules: Rules | None) -> dict[str, Rules]:
    """`projection_learning` with these rules of `name`, None for none of its own.

    The last pattern that matches counts, so that a new one is put before the single projections.
    """
    now: dict[str, Rules] = dict(core.projection_learning)
    if rules is None:
        return {pattern: given for pattern, given in now.items() if pattern != name}
    if name in now or not is_pattern(name):
        return {**now, name: rules}
    patterns = {pattern: given for pattern, given in now.items() if is_pattern(pattern)}
    return {**patterns, name: rules, **now}


def is_pattern(name: str) -> bool:
    """Whether this name may match several projections."""
    return any(sign in name for sign in SPECIAL)


# ---- between rules and what a form shows ---------------------------------------------------------------------------
def to_form(core: CoreSimConfig, rules: Rules) -> Config:
    """The rules as a form shows them; parameters that are not given are those of the configuration."""
    values: dict[str, object] = {}
    for key, rule in OF_SYNAPSES.items():
        given = rules.get(key, {})
        values[key] = key in rules
        for param in rule.params:
            usual = float(getattr(core, rule.fields[param.name]))
            value = float(given.get(param.name, usual))
            values[f"{key}{PARAMETER}{param.name}"] = value if param.low <= value <= param.high else usual
    shown: Config = ProjectionRules(**values)
    return shown


def from_form(core: CoreSimConfig, shown: Config) -> dict[str, dict[str, float]]:
    """The rules that are switched on in the form, with the parameters that differ from the configuration's."""
    return {key: {param.name: value for param in rule.params
                  if (value := float(getattr(shown, f"{key}{PARAMETER}{param.name}")))
                  != float(getattr(core, rule.fields[param.name]))}
            for key, rule in OF_SYNAPSES.items() if getattr(shown, key)}


# ---- from the network in the form ------------------------------------------------------------------------------------
def _network(core: CoreSimConfig) -> tuple[Sequence[Population], Sequence[Projection]]:
    """Populations and projections of the network that `core` describes; none where it cannot be built."""
    try:
        return structure(core.neural_structure_profile).build(core, lambda *space: 1.0)    # no matter how dense
    except ConfigurationError:
        return (), ()


def _matching(name: str, populations: Sequence[Population], projections: Sequence[Projection]) -> list[Projection]:
    return [q for q in projections if all(matches(name, populations, q))]


def _name(populations: Sequence[Population], q: Projection) -> str:
    return called(q, populations) if len(q.posts) == 1 else f"{populations[q.pre].name}{ARROW}*"


def _of_projection(core: CoreSimConfig, name: str, populations: Sequence[Population], q: Projection) -> Learner:
    rules, pattern = {}, None
    try:
        pattern = pattern_for(core, populations, q)
        rules = rules_of(core, populations, q)
        refuse_two_weight_rules(rules, name)
    except ConfigurationError as error:
        return Learner(name, rules, pattern, str(error))
    return Learner(name, rules, pattern)


def _of_pattern(core: CoreSimConfig, pattern: str, populations: Sequence[Population],
                projections: Sequence[Projection]) -> Learner:
    found = not populations or any(any(matches(pattern, populations, q)) for q in projections)
    problem = "" if found else f"No projection of this network is called {pattern!r}; remove its rules."
    return Learner(pattern, core.projection_learning[pattern], pattern, problem)
