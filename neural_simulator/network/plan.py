"""A network before it is built: populations, projections, grid and weight scales, all of it small.

A plan is a pure function of the configuration, the same on every machine. Builders turn it into synapses.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

import numpy as np

from ..base.declarations import Population, Projection
from ..base.errors import ConfigurationError
from ..base.exact import ln
from ..config import CoreSimConfig
from ..models.cell import Cell
from ..models.neurons import neuron_model
from ..models.receptors import SETTINGS
from ..models.structures import structure
from ..models.wiring import MAX_PROJECTIONS
from .ports import Ports, assign, compose_cells

MAX_DELAY_STEPS = 4096
_SPREAD = 6.0          # standard deviations that a stored weight or delay covers


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

    @property
    def flag_bits(self) -> int:
        """Bits that say at which port, and with which sign, a row of synapses arrives."""
        return (self.num_ports - 1).bit_length() + self.ports.signed

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
        sizes = [p.size for p in self.populations]
        return sum(sizes[q.pre] * sizes[q.post] * q.probability * self.kernel_mean(q) for q in self.projections)

    def kernel_mean(self, projection: Projection) -> float:
        """Mean of the distance kernel over pairs of the projection's two boxes."""
        pre, post = self.populations[projection.pre], self.populations[projection.post]
        return kernel_mean(pre.low_um, pre.high_um, post.low_um, post.high_um, projection.length_um)


@lru_cache(maxsize=256)
def kernel_mean(low0: tuple, high0: tuple, low1: tuple, high1: tuple, length_um: float) -> float:
    """Mean of exp(-d / length) between uniform points of two boxes, to 0.5 % for lengths above an edge's 20th.

    Averaged over a grid of equally probable differences along each axis, in a fixed order and rounded to 9 digits,
    so that every machine agrees.
    """
    if math.isinf(length_um):
        return 1.0
    x, y, z = (_differences(*edges) for edges in zip(low0, high0, low1, high1, strict=True))
    square = x[:, None, None] ** 2 + y[None, :, None] ** 2 + z[None, None, :] ** 2
    return float(f"{np.exp(-np.sqrt(square) / length_um).mean():.9e}")


def _differences(low0: float, high0: float, low1: float, high1: float, count: int = 64) -> np.ndarray:
    """Equally probable values of a - b, a uniform in low0..high0 and b in low1..high1: midpoints of quantiles.

    Their density is a trapezoid: two ramps as wide as the shorter interval around a plateau.
    """
    short, long = sorted((high0 - low0, high1 - low1))
    centre = 0.5 * (low0 + high0 - low1 - high1)
    p = (np.arange(count) + 0.5) / count
    ramp = short / (2.0 * long) if long > 0.0 else 0.5
    tail = np.minimum(p, 1.0 - p)
    depth = np.where(tail < ramp, 0.5 * (long + short) - np.sqrt(2.0 * tail * long * short), (0.5 - tail) * long)
    return centre + np.where(p < 0.5, -depth, depth)


def make_plan(core: CoreSimConfig, seed: int) -> Plan:
    """Plan the network of `core`; ConfigurationError when its parts do not fit together."""
    populations, projections = structure(core.neural_structure_profile).build(core, kernel_mean)
    for projection in projections:
        _check(projection, populations)
        _check_built(projection)
    _check_dt(core, populations)
    settings = {name: getattr(core, name) for name in SETTINGS}
    scale, relative = _weight_scales(populations, projections)
    ports = assign(populations, projections, relative)
    return Plan(core, seed, tuple(populations), tuple(projections), settings, ports,
                *compose_cells(populations, ports, settings), scale, relative,
                *_delay_range(core, populations, projections))


def _check(projection: Projection, populations: list[Population]) -> None:
    name = f"{populations[projection.pre].name} -> {populations[projection.post].name}"
    # All-to-all wiring with a kernel that is nearly flat asks for a little more than 1.
    if projection.probability > 1.0 + 1e-5 and not projection.multapses:
        raise ConfigurationError(
            f"connections_per_neuron asks for a connection probability of {projection.probability:.3g} between "
            f"neighbours ({name}), but a probability cannot exceed 1; take fewer connections, more neurons or a "
            "longer connection_length_um.", "connections_per_neuron", projection.probability)


_NOT_BUILT = Projection(0, 0)       # what builders know of a projection so far is all but these fields' other values
_FIELDS = ("autapses", "rule", "number", "rewiring", "post_last", "kernel", "stretch", "period_um", "weight_law")


def _check_built(projection: Projection) -> None:
    for name in _FIELDS:
        value = getattr(projection, name)
        if value != getattr(_NOT_BUILT, name):
            raise ConfigurationError(f"A projection's {name} cannot be {value!r} yet; leave its default.", name, value)


def _check_dt(core: CoreSimConfig, populations: list[Population]) -> None:
    for model in map(neuron_model, dict.fromkeys(p.model for p in populations)):
        if core.dt_ms > model.max_dt_ms:
            raise ConfigurationError(
                f"dt_ms is {core.dt_ms:g} ms, but {model.label} needs at most {model.max_dt_ms:g} ms "
                f"to be integrated correctly; choose {model.default_dt_ms:g} ms.", "dt_ms", core.dt_ms)


def weight_bits(num_neurons: int) -> int:
    """Bits of a stored weight in a network of this size."""
    return 32 - max(16, (num_neurons - 1).bit_length())


def _weight_scales(populations: list[Population], projections: list[Projection]) -> tuple[float, tuple[float, ...]]:
    """The network's scale, and the scale of each target population relative to it: one for each unit of weights."""
    units = [neuron_model(p.model).port_unit for p in populations]
    scales = {unit: _weight_scale(populations, [q for q in projections if units[q.post] == unit])
              for unit in dict.fromkeys(units)}
    return scales[units[0]], tuple(scales[unit] / scales[units[0]] for unit in units)


def _weight_scale(populations: list[Population], projections: list[Projection]) -> float:
    """The smallest power of two at which every weight fits its bits and every possible sum fits 31 bits."""
    largest = max((q.weight + _SPREAD * q.weight_sd for q in projections), default=0.0)
    if largest <= 0.0:
        return 1.0
    in_degree = [0.0] * len(populations)
    for q in projections:
        in_degree[q.post] += populations[q.pre].size * q.probability        # kernel <= 1: an upper bound of the mean
    most = max(in_degree)
    limit = min(2**weight_bits(populations[-1].stop) - 1, (2**31 - 1) / (most + 6.0 * math.sqrt(most) + 16.0))
    mantissa, exponent = math.frexp(largest / limit)
    return 2.0 ** (exponent if mantissa > 0.5 else exponent - 1)


def _delay_range(core: CoreSimConfig, populations: list[Population], projections: list[Projection]) -> tuple[int, int]:
    """Bounds of all delays in steps; the stored delays are clipped to them."""
    shortest, longest = [], [1]
    for q in projections:
        pre, post = populations[q.pre], populations[q.post]
        span = math.dist(np.minimum(pre.low_um, post.low_um), np.maximum(pre.high_um, post.high_um))
        span += abs(pre.bend_um) + abs(post.bend_um)
        spread = _SPREAD * q.delay_sd_ms
        shortest.append(int(max(0.0, q.delay_ms - spread) / core.dt_ms + 0.49))
        longest.append(int((q.delay_ms + span / q.velocity_um_per_ms + spread) / core.dt_ms + 0.51))
    if max(longest) > MAX_DELAY_STEPS:
        raise ConfigurationError(
            f"The longest delay would be {max(longest)} steps of {core.dt_ms:g} ms, but at most {MAX_DELAY_STEPS} are "
            "possible; raise dt_ms or conduction_velocity_um_per_ms.", "dt_ms", core.dt_ms)
    return max(1, min(shortest, default=1)), max(longest)


def projection_table(plan: Plan) -> np.ndarray:
    """The projections as builders read them: one float32 row each.

    Columns: 1 / log(1 - p) or 1 / rate, 1 / length (1/um), weight mean and SD (stored units), delay (ms),
    1 / velocity (ms/um), delay SD (ms), multapses (0 or 1).
    """
    if len(plan.projections) > MAX_PROJECTIONS:
        raise ConfigurationError(f"A network can have {MAX_PROJECTIONS} projections, not {len(plan.projections)}.")
    rows = []
    for q in plan.projections:
        p = q.probability
        inverse = 1.0 / p if q.multapses else (1.0 / ln(1.0 - p) if p < 1.0 else 0.0)
        scale = plan.scale_of(q.post)
        rows.append((inverse, 1.0 / q.length_um, q.weight / scale, q.weight_sd / scale, q.delay_ms,
                     1.0 / q.velocity_um_per_ms, q.delay_sd_ms, float(q.multapses)))
    return np.array(rows, dtype=np.float32).reshape(-1, 8)
