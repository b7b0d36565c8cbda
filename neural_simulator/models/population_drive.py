"""What comes from outside into single populations: which numbers may be set of each, by name, unit and range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..base.declarations import Param, Population
from ..base.errors import ConfigurationError

RATE, CURRENT = "background_rate_Hz", "external_current_pA"
Offered = tuple[int, str, Param, float]          # population, RATE or CURRENT, the number, the population's own value


def offered(populations: Sequence[Population]) -> tuple[Offered, ...]:
    """Every number that may be set; the rate only of populations whose background spikes have a weight."""
    return tuple(each for k, p in enumerate(populations) for each in (
        (k, RATE, Param(f"{p.name} {RATE}", "Hz", p.background_rate_Hz, 0.0, 200_000.0, f"{p.name} rate",
                        "Rate of the independent Poisson input of every neuron."), p.background_rate_Hz),
        (k, CURRENT, Param(f"{p.name} {CURRENT}", "pA", p.current_pA, -100_000.0, 100_000.0, f"{p.name} current",
                           "Constant current into every neuron."), p.current_pA))
        if each[1] == CURRENT or p.background_weight > 0.0)


def chosen(populations: Sequence[Population], given: Mapping[str, float]) -> dict[tuple[int, str], float]:
    """The values of `given` by population and number; ConfigurationError for a name that none has."""
    if not given:
        return {}
    known = {param.name: (k, number, param) for k, number, param, _ in offered(populations)}
    found = {}
    for name, value in given.items():
        if name not in known:
            raise ConfigurationError(f"population_drive has no {name!r} here; its values are: {', '.join(known)}.",
                                     "population_drive", name)
        k, number, param = known[name]
        found[k, number] = param.check(value, "population_drive")
    return found
