"""A network before it is built: populations, projections, grid and weight scales, all of it small.

A plan is a pure function of the configuration, the same on every machine. Builders turn it into synapses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from ..base.declarations import Population, Projection
from ..base.errors import ConfigurationError
from ..config import CoreSimConfig
from ..models.cell import Cell
from ..models.neurons import neuron_model
from ..models.receptors import SETTINGS
from ..models.structures import structure
from . import projections
from .heterogeneity import with_spread
from .learning import Learning, largest_delivery, make_learning, resolve
from .ports import Ports, assign, compose_cells
from .rewiring import growth_of

MAX_DELAY_STEPS = 4096


@dataclass(frozen=True)
class Plan:
    """Everything that determines a network. `weight_scale` (port unit per stored unit) is a power of two."""

    core: CoreSimConfig
    seed: int
    populations: tuple[Population, ...]
    projections: tuple[Projection, ...]
    settings: dict[str, float]                    # receptor constants by name
    ports: Ports = field(repr=False)
    cells: dict[str, Cell] = field(repr=False)    # composed cells in use, by name
    cell_names: tuple[str, ...]                   # of each population's cell
    factors: tuple[Mapping[tuple[str, int], float], ...] = field(repr=False)      # of each population, see `ports`
    weight_scale: float = 1.0
    relative_scales: tuple[float, ...] = ()       # of the weights onto each population; powers of two
    min_delay_steps: int = 1
    max_delay_steps: int = 1

    @property
    def num_neurons(self) -> int:
        return self.populations[-1].stop

    @property
    def dt(self) -> float:
        return self.core.dt_ms

    @property
    def num_ports(self) -> int:
        return self.ports.number

    def cell(self, population: int) -> Cell:
        """The cell of a population."""
        return self.cells[self.cell_names[population]]

    def parameter_values(self, population: int) -> list[float]:
        """The values of the parameters of a population's cell, in float64."""
        return self.cell(population).parameter_values(self.populations[population], self.settings, self.dt,
                                                      self.factors[population])

    def scale_of(self, population: int) -> float:
        """Weight, in the port unit of a target population, that one stored unit stands for."""
        return self.weight_scale * self.relative_scales[population]

    def weights(self, targets: np.ndarray, units: np.ndarray) -> np.ndarray:
        """Stored units onto these targets as weights in the targets' port units, float32."""
        stops = np.array([p.stop for p in self.populations])
        return (units * self.weight_scales[np.searchsorted(stops, targets, side="right")]).astype(np.float32)

    @cached_property
    def learning(self) -> Learning | None:
        """What changes the synapses, as kernels read it; None where they stay as they are."""
        return make_learning(self)

    @property
    def rewires(self) -> bool:
        """True where synapses come and go."""
        return self.learning is not None and self.learning.structure is not None

    @property
    def flag_bits(self) -> int:
        """Bits that say at which port, with which sign, a row of synapses arrives, and last, whether it learns."""
        learns = self.learning is not None and self.learning.weights
        return (self.num_ports - 1).bit_length() + self.ports.signed + learns

    @property
    def weight_scales(self) -> np.ndarray:
        """`scale_of` of every population, (P,) float32."""
        return np.array([self.scale_of(k) for k in range(len(self.populations))], np.float32)

    @property
    def weight_bits(self) -> int:
        """Bits of a stored weight: a synapse is a 32-bit word; the weight gets what the target leaves, up to 16."""
        return weight_bits(self.num_neurons)

    @property
    def key_words(self) -> tuple[int, int]:
        """The seed as the two 32-bit words of the random key."""
        return self.seed & 0xFFFFFFFF, (self.seed >> 32) & 0xFFFFFFFF

    @property
    def expected_synapses(self) -> float:
        """Mean number of synapses of such a network."""
        return sum(projections.expected_synapses(q, self.populations) for q in self.projections)

    @property
    def most_synapses(self) -> float:
        """Mean number of synapses when structural plasticity has let all grow that can."""
        return sum(projections.expected_synapses(q, self.populations) * growth_of(q) for q in self.projections)


def make_plan(core: CoreSimConfig, seed: int) -> Plan:
    """Plan the network of `core`; ConfigurationError when its parts do not fit together."""
    return assemble(core, seed, *structure(core.neural_structure_profile).build(core, projections.kernel_mean))


def assemble(core: CoreSimConfig, seed: int, populations: Sequence[Population], declared: Sequence[Projection]) -> Plan:
    """Plan the network of these populations and projections; `core` gives the grid and the receptors."""
    for projection in declared:
        projections.check(projection, populations)
    _check_dt(core, populations)
    populations, declared = resolve(core, populations, declared)
    populations = with_spread(core, populations)
    settings = {name: getattr(core, name) for name in SETTINGS}
    scale, relative = _weight_scales(populations, declared)
    ports = assign(populations, declared, relative)
    return Plan(core, seed, tuple(populations), tuple(declared), settings, ports,
                *compose_cells(populations, ports, settings, core.stimuli, core.dt_ms), scale, relative,
                *_delay_range(core, populations, declared))


def _check_dt(core: CoreSimConfig, populations: Sequence[Population]) -> None:
    for model in map(neuron_model, dict.fromkeys(p.model for p in populations)):
        if core.dt_ms > model.max_dt_ms:
            raise ConfigurationError(
                f"dt_ms is {core.dt_ms:g} ms, but {model.label} needs at most {model.max_dt_ms:g} ms "
                f"to be integrated correctly; choose {model.default_dt_ms:g} ms.", "dt_ms", core.dt_ms)


def weight_bits(num_neurons: int) -> int:
    """Bits of a stored weight in a network of this size."""
    return 32 - max(16, (num_neurons - 1).bit_length())


def _weight_scales(populations: Sequence[Population],
                   declared: Sequence[Projection]) -> tuple[float, tuple[float, ...]]:
    """The network's scale, and the scale of each target population relative to it: one for each unit of weights."""
    units = [neuron_model(p.model).port_unit for p in populations]
    scales = {unit: _weight_scale(populations, [q for q in declared if units[q.post] == unit])
              for unit in dict.fromkeys(units)}
    return scales[units[0]], tuple(scales[unit] / scales[units[0]] for unit in units)


def _weight_scale(populations: Sequence[Population], declared: Sequence[Projection]) -> float:
    """The smallest power of two at which every weight fits its bits and every possible sum fits 31 bits."""
    largest = max((projections.heaviest(q) for q in declared), default=0.0)
    if largest <= 0.0:
        return 1.0
    in_degree = [0.0] * len(populations)
    for q in declared:
        for post in q.posts:
            in_degree[post] += projections.in_degree_bound(q, populations) * growth_of(q)
    most = max(in_degree)
    stored = largest / (2**weight_bits(populations[-1].stop) - 1)
    delivered = max(largest_delivery(q, projections.heaviest(q)) for q in declared)
    summed = delivered / ((2**31 - 1) / (most + 6.0 * math.sqrt(most) + 16.0))
    mantissa, exponent = math.frexp(max(stored, summed))
    return 2.0 ** (exponent if mantissa > 0.5 else exponent - 1)


def _delay_range(core: CoreSimConfig, populations: Sequence[Population],
                 declared: Sequence[Projection]) -> tuple[int, int]:
    """Bounds of all delays in steps; the stored delays are clipped to them."""
    bounds = [projections.delay_bounds_ms(q, populations) for q in declared]
    shortest = [int(low / core.dt_ms + 0.49) for low, _ in bounds]
    longest = [1, *(int(high / core.dt_ms + 0.51) for _, high in bounds)]
    if max(longest) > MAX_DELAY_STEPS:
        raise ConfigurationError(
            f"The longest delay would be {max(longest)} steps of {core.dt_ms:g} ms, but at most {MAX_DELAY_STEPS} are "
            "possible; raise dt_ms or conduction_velocity_um_per_ms.", "dt_ms", core.dt_ms)
    return max(1, min(shortest, default=1)), max(longest)
