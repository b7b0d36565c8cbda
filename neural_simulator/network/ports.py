"""How spikes find their receptors: sources share ports, targets say what each port opens.

A neuron's spikes all arrive at one port of whatever cell they reach, so a synapse stores nothing about receptors.
Each target population has factors: a unit of weight arriving at port p adds factor[sink, p] to a sink (a receptor, or
an input of a model without receptors). Populations whose synapses open the same receptors of every target share a
port; where all targets take signed input, so do excitation and inhibition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..base.declarations import NeuronModel, Population, Projection
from ..base.errors import ConfigurationError
from ..config import Stimulus
from ..models.cell import Cell, compose, sinks, usual_sink
from ..models.neurons import neuron_model
from ..models.receptors import RECEPTORS, SETTINGS, rises
from .heterogeneity import varied

MAX_PORTS = 8
Mix = Mapping[str, float]                     # sink -> factor


@dataclass
class Port:
    """One port: what it opens in each target population."""

    mixes: dict[int, Mix] = field(default_factory=dict)

    def sign_for(self, wanted: Mapping[int, Mix]) -> int:
        """The sign with which sources that want these mixes can join; 0 where they cannot."""
        for sign in (1, -1):
            if all(self.mixes.get(post, _signed(mix, sign)) == _signed(mix, sign) for post, mix in wanted.items()):
                return sign
        return 0


@dataclass(frozen=True)
class Ports:
    """The ports of a network. `port_of` and `sign_of` by source population; `factors` by target population."""

    number: int
    port_of: tuple[int, ...]
    sign_of: tuple[int, ...]
    factors: tuple[Mapping[tuple[str, int], float], ...]        # (sink, port) -> factor

    @property
    def signed(self) -> bool:
        """True where some sources subtract."""
        return min(self.sign_of) < 0


def _signed(mix: Mix, sign: int) -> dict[str, float]:
    return {sink: sign * factor for sink, factor in mix.items()}


def mix_of(receptors: Mix | None, model: NeuronModel, excitatory: bool, where: str) -> dict[str, float]:
    """What a unit of weight feeds in a cell of `model`; ConfigurationError where the cell cannot have it."""
    if receptors is None:
        return dict([usual_sink(model, excitatory)])
    if not model.receptors:
        raise ConfigurationError(f"{where}: {model.label} has no receptors to choose from; leave receptors away.",
                                 "receptors", dict(receptors))
    sign = "exc" if excitatory else "inh"
    fitting = [key for key, r in RECEPTORS.items() if r.sign == sign]
    for key, factor in receptors.items():
        if key not in fitting:
            kind = "excitatory" if excitatory else "inhibitory"
            raise ConfigurationError(f"{where}: {kind} spikes cannot open {key!r}; choose among {', '.join(fitting)}.",
                                     "receptors", key)
        if not 0.0 < factor <= 1000.0:
            raise ConfigurationError(f"{where}: the share of {key} is {factor:g}, but must lie above 0 and at most at "
                                     "1000.", "receptors", factor)
    if not receptors:
        raise ConfigurationError(f"{where}: receptors is empty; name some, or leave it away.", "receptors")
    return {key: receptors[key] for key in fitting if key in receptors}


def assign(populations: Sequence[Population], projections: Sequence[Projection], scales: Sequence[float]) -> Ports:
    """Give every source population a port, excitatory ones first; `scales`: of each target's stored weights, relative
    to the network's."""
    wanted = _wanted(populations, projections)
    ports: list[Port] = [Port()]
    port_of, sign_of = [0] * len(populations), [1] * len(populations)
    for index in sorted(range(len(populations)), key=lambda i: not populations[i].excitatory):
        if not wanted[index]:
            continue
        fitting = [(k, port.sign_for(wanted[index])) for k, port in enumerate(ports)]
        fitting = [pair for pair in fitting if pair[1]] or [(len(ports), 1)]
        if fitting[0][0] == len(ports):
            ports.append(Port())
        port_of[index], sign_of[index] = fitting[0]
        port = ports[port_of[index]]
        port.mixes |= {post: _signed(mix, sign_of[index]) for post, mix in wanted[index].items()}
    if len(ports) > MAX_PORTS:
        raise ConfigurationError(f"The projections open receptors in {len(ports)} different ways, but at most "
                                 f"{MAX_PORTS} are possible; let more populations share their receptors.", "receptors")
    factors = tuple({(sink, k): factor * scale for k, port in enumerate(ports)
                     for sink, factor in port.mixes.get(post, {}).items()} for post, scale in enumerate(scales))
    return Ports(len(ports), tuple(port_of), tuple(sign_of), factors)


def _wanted(populations: Sequence[Population], projections: Sequence[Projection]) -> list[dict[int, Mix]]:
    """What each source population opens, by target population."""
    wanted: list[dict[int, Mix]] = [{} for _ in populations]
    for q in projections:
        for index in q.posts:
            pre, post = populations[q.pre], populations[index]
            where = f"{pre.name} -> {post.name}"
            mix = mix_of(q.receptors, neuron_model(post.model), pre.excitatory, where)
            if wanted[q.pre].setdefault(index, mix) != mix:
                raise ConfigurationError(f"{where}: two projections open different receptors; a neuron's spikes open "
                                         "the same ones at all its synapses onto a population.", "receptors")
    return wanted


# ---- cells -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Variant:
    """What tells the cells of one model apart: their receptors, which of them rise, and whether they adapt."""

    model: str
    receptors: tuple[str, ...]
    rising: frozenset[str]
    adapts: bool


def compose_cells(populations: Sequence[Population], ports: Ports, settings: Mapping[str, float],
                  stimuli: Sequence[Stimulus] = (), dt: float = 1.0,
                  ) -> tuple[dict[str, Cell], tuple[str, ...], tuple[Mapping[tuple[str, int], float], ...]]:
    """Return the cells by name, the name of each population's cell, and the factors of each population.

    Populations with the same receptors share a cell. Background spikes use the port that opens what they open, or one
    of their own (number `ports.number`), which no synapse uses. Cells get the receptors that `stimuli` open, too.
    """
    background = [_background(p) for p in populations]
    variants = [_variant(p, {sink for sink, _ in factors} | set(mix) | _opened(p, stimuli), settings)
                for p, factors, mix in zip(populations, ports.factors, background, strict=True)]
    all_factors: list[Mapping[tuple[str, int], float]] = list(ports.factors)
    cells: dict[str, Cell] = {}
    names = {}
    for variant in dict.fromkeys(variants):
        members = [i for i, v in enumerate(variants) if v == variant]
        name = variant.model if variant.model not in cells else f"{variant.model}_{len(cells) + 1}"
        port = _background_port(ports, [(ports.factors[i], background[i]) for i in members])
        if port == ports.number:
            for i in members:
                all_factors[i] = {**all_factors[i], **{(sink, port): f for sink, f in background[i].items()}}
        wiring = _wiring(variant, [all_factors[i] for i in members])
        cell = compose(variant.model, variant.receptors, variant.rising, wiring, port, name, adapts=variant.adapts)
        cells[name] = replace(cell, varied=varied(cell, [populations[i] for i in members], dt))
        names[variant] = name
    return cells, tuple(names[v] for v in variants), tuple(all_factors)


def _background(p: Population) -> dict[str, float]:
    return mix_of(p.background_receptors, neuron_model(p.model), True, f"{p.name}, background")


def _opened(p: Population, stimuli: Sequence[Stimulus]) -> set[str]:
    return {key for one in stimuli if one.may_reach(p.name) for key in one.opened}


def _variant(p: Population, fed: set[str], settings: Mapping[str, float]) -> Variant:
    model = neuron_model(p.model)
    _check_settings(p)
    adapts = "HOMEOSTASIS" in p.plasticity_rules
    if not model.receptors:
        return Variant(p.model, (), frozenset(), adapts)
    receptors = model.receptors + tuple(key for key in RECEPTORS if key in fed and key not in model.receptors)
    own = {**settings, **p.settings}
    return Variant(p.model, receptors, frozenset(r for r in receptors if rises(RECEPTORS[r], own)), adapts)


def _check_settings(p: Population) -> None:
    for name, value in p.settings.items():
        if name not in SETTINGS:
            raise ConfigurationError(f"{p.name}: there is no receptor constant {name!r}; there are: "
                                     f"{', '.join(SETTINGS)}.", name, value)
        SETTINGS[name].check(value, p.name)


def _background_port(ports: Ports, members: Sequence[tuple[Mapping[tuple[str, int], float], Mix]]) -> int:
    """The port that opens, in all these populations, exactly what their background spikes open."""
    for port in range(ports.number):
        if all({sink: f for (sink, k), f in factors.items() if k == port} == mix for factors, mix in members):
            return port
    return ports.number


def _wiring(variant: Variant, members: Sequence[Mapping[tuple[str, int], float]]) -> dict:
    """The feeds of each sink; a factor that all members share, if it is 1, needs no parameter."""
    inputs = variant.receptors or sinks(neuron_model(variant.model))
    wiring = {}
    for sink in inputs:
        feeding = sorted({port for factors in members for s, port in factors if s == sink})
        wiring[sink] = tuple((port, 1.0 if all(f.get((sink, port)) == 1.0 for f in members) else None)
                             for port in feeding)
    return wiring
