"""What a declared projection means in numbers: checked, counted, and as the table that builders read."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache

import numpy as np

from ..base import exact
from ..base.declarations import Population, Projection
from ..base.errors import ConfigurationError
from ..models import wiring
from ..models.neurons import neuron_model

ARROW = " -> "               # between the names of two populations
RULES = ("pairwise", "fixed_in_degree", "fixed_out_degree", "fixed_total", "one_to_one", "all_to_all", "small_world")
KERNEL_RULES = ("pairwise", "fixed_in_degree", "fixed_out_degree")
_WALKS = {"fixed_in_degree": wiring.IN_DEGREE, "fixed_out_degree": wiring.OUT_DEGREE, "fixed_total": wiring.TOTAL,
          "one_to_one": wiring.ONE_TO_ONE, "all_to_all": wiring.BERNOULLI, "small_world": wiring.RING}
_SPREAD = 6.0               # standard deviations that a stored weight or delay covers
_LOGNORMAL_SPREAD = 5.0     # the same for the logarithm of a lognormal weight
_GOLDEN = 0.6180339887498949


# ---- who may be connected
def target_range(q: Projection, populations: Sequence[Population]) -> tuple[int, int]:
    """First target, and one past the last."""
    last = q.post if q.post_last is None else q.post_last
    return populations[q.post].start, populations[last].stop


def owned_by_others(q: Projection) -> bool:
    """Whether not sources draw the synapses, but targets or each synapse itself."""
    return q.rule in ("fixed_in_degree", "fixed_total")


def owners(q: Projection, populations: Sequence[Population]) -> tuple[int, int]:
    """First of those who draw the synapses, and one past the last."""
    if q.rule == "fixed_total":
        return 0, q.number
    drawing = populations[q.post if q.rule == "fixed_in_degree" else q.pre]
    return drawing.start, drawing.stop


def has_kernel(q: Projection) -> bool:
    """Whether the connection probability depends on distance."""
    return math.isfinite(q.length_um) and q.kernel != "uniform"


def memory_shape(q: Projection, populations: Sequence[Population]) -> tuple[int, int]:
    """Owners, and bytes of each, of what counting on the CPU leaves to storing: whom a kernel accepted, as gaps."""
    if q.rule not in ("fixed_in_degree", "fixed_out_degree") or not has_kernel(q):
        return 0, 0
    first, last = owners(q, populations)
    return last - first, q.number + q.number // 32 + 1


def _excludes_itself(q: Projection) -> bool:
    return q.pre == q.post and not q.autapses


def pairs(q: Projection, populations: Sequence[Population]) -> int:
    """Number of pairs of neurons that may be connected."""
    n = populations[q.pre].size
    return n * (populations[q.post].size - int(_excludes_itself(q)))


def called(q: Projection, populations: Sequence[Population]) -> str:
    """The projection by the names of its two populations, the first one that it reaches."""
    return f"{populations[q.pre].name}{ARROW}{populations[q.post].name}"


# ---- checks
def check(q: Projection, populations: Sequence[Population]) -> None:
    """Raise ConfigurationError where the projection cannot be built."""
    where = called(q, populations)
    for field, known in (("rule", RULES), ("kernel", tuple(wiring.KERNELS)), ("weight_law", wiring.WEIGHT_LAWS)):
        if getattr(q, field) not in known:
            raise ConfigurationError(f"{where}: {field} is {getattr(q, field)!r}; choose one of: {', '.join(known)}.",
                                     field, getattr(q, field))
    # All-to-all wiring with a kernel that is nearly flat asks for a little more than 1.
    if q.rule == "pairwise" and q.probability > 1.0 + 1e-5 and not q.multapses:
        raise ConfigurationError(
            f"connections_per_neuron asks for a connection probability of {q.probability:.3g} between "
            f"neighbours ({where}), but a probability cannot exceed 1; take fewer connections, more neurons or a "
            "longer connection_length_um.", "connections_per_neuron", q.probability)
    for field, wrong, remedy in _complaints(q, populations):
        if wrong:
            raise ConfigurationError(f"{where}: {field} is {getattr(q, field)}, but {remedy}.", field,
                                     getattr(q, field))


def _complaints(q: Projection, populations: Sequence[Population]) -> list[tuple[str, bool, str]]:
    """(field, whether it is wrong, what must be instead)."""
    pre, post = populations[q.pre], populations[q.post]
    first, last = target_range(q, populations)
    ring = [populations[k] for k in q.posts]
    own = int(_excludes_itself(q))
    most = {"fixed_in_degree": pre.size - own, "fixed_out_degree": post.size - own,
            "fixed_total": pairs(q, populations), "small_world": last - first - 1}.get(q.rule, 0)
    unlimited = q.multapses and most > 0
    return [
        ("weight", q.weight < 0.0, "a weight cannot be negative; who inhibits is a matter of the source"),
        ("weight_sd", q.weight_sd < 0.0, "a standard deviation cannot be negative"),
        ("weight", q.weight_law == "lognormal" and q.weight == 0.0, "a lognormal weight must be above 0"),
        ("delay_ms", q.delay_ms < 0.0, "a delay cannot be negative"),
        ("length_um", q.length_um <= 0.0, "it must be above 0 um, or inf for no dependence on distance"),
        ("length_um", has_kernel(q) and q.rule not in KERNEL_RULES,
         f"the rule {q.rule!r} does not depend on distance; leave it at inf or take one of: {', '.join(KERNEL_RULES)}"),
        ("stretch", min(q.stretch) <= 0.0, "each factor must be above 0"),
        ("number", q.number < 0 or int(q.number) != q.number, "it must be a whole number from 0 on"),
        ("number", q.rule in _WALKS and not unlimited and q.number > most,
         f"there are only {most:,} to choose from; take fewer, or allow multapses"),
        ("number", q.rule == "small_world" and q.number % 2 != 0, "a ring needs an even number of neighbours"),
        ("rewiring", not 0.0 <= q.rewiring <= 1.0, "a probability lies between 0 and 1"),
        ("post_last", q.post_last is not None and (q.rule != "small_world" or not q.post <= q.post_last),
         "only a small world spans several populations, the first of them being post"),
        ("post_last", len({neuron_model(p.model).port_unit for p in ring}) > 1,
         "the ring's populations must take weights in the same unit"),
        ("pre", q.rule == "small_world" and not first <= pre.start < last, "the source must be one of the ring's"),
        ("multapses", q.multapses and q.rule in ("small_world", "one_to_one", "all_to_all"),
         f"the rule {q.rule!r} knows none; leave it False"),
        ("rule", q.rule == "one_to_one" and (pre.size != post.size or own == 1),
         f"that takes two populations of equal size, or autapses, not {pre.size} and {post.size} neurons"),
        ("period_um", any(0.0 < period < size * (1.0 - 1e-9) for period, size in zip(
            q.period_um, _extent(pre, post), strict=True)),
         f"it must be 0 (open) or at least the size of the two populations' space, {_extent(pre, post)} um"),
    ]


def _extent(pre: Population, post: Population) -> tuple[float, ...]:
    low, high = np.minimum(pre.low_um, post.low_um), np.maximum(pre.high_um, post.high_um)
    return tuple(float(edge) for edge in high - low)


def too_few(q: Projection, populations: Sequence[Population], lacking: int) -> ConfigurationError:
    """The error of a fixed degree that some neurons cannot reach."""
    reach = f" within reach (kernel {q.kernel!r}, length_um {q.length_um:g} um)" if has_kernel(q) else ""
    return ConfigurationError(
        f"{called(q, populations)}: {lacking:,} or more neurons do not find the "
        f"{q.number:,} partners{reach} that the rule {q.rule!r} asks for; take fewer, a longer length_um or more "
        "neurons.", "number", q.number)


# ---- how many
def expected_synapses(q: Projection, populations: Sequence[Population]) -> float:
    """Mean number of synapses."""
    pre, post = populations[q.pre], populations[q.post]
    counts = {"fixed_in_degree": q.number * post.size, "fixed_out_degree": q.number * pre.size,
              "fixed_total": q.number, "one_to_one": pre.size, "all_to_all": pairs(q, populations),
              "small_world": q.number * pre.size}
    if q.rule != "pairwise":
        return float(counts[q.rule])
    return pre.size * post.size * q.probability * mean_of_kernel(q, populations)


def in_degree_bound(q: Projection, populations: Sequence[Population]) -> float:
    """An upper bound of the mean number of synapses that end at a target."""
    pre, post = populations[q.pre], populations[q.post]
    if q.rule == "pairwise":
        return pre.size * q.probability                           # kernel <= 1
    if q.rule == "small_world":
        return float(q.number)
    crowded = 8.0 if q.rule == "fixed_out_degree" and has_kernel(q) else 1.0     # towards the middle of a cube
    return crowded * expected_synapses(q, populations) / max(1, post.size)


def heaviest(q: Projection) -> float:
    """The largest weight that is stored unclipped."""
    if q.weight_law == "lognormal" and q.weight > 0.0:
        mean, sd = _logarithmic(q)
        return exact.exp(mean + _LOGNORMAL_SPREAD * sd)
    return q.weight + _SPREAD * q.weight_sd


def _logarithmic(q: Projection) -> tuple[float, float]:
    """Mean and standard deviation of a lognormal weight's logarithm."""
    variance = exact.ln(1.0 + (q.weight_sd / q.weight) ** 2)
    return exact.ln(q.weight) - 0.5 * variance, math.sqrt(variance)


def delay_bounds_ms(q: Projection, populations: Sequence[Population]) -> tuple[float, float]:
    """Shortest and longest delay; the stored delays are clipped to them."""
    pre = populations[q.pre]
    boxes = [pre, *(populations[k] for k in q.posts)]
    low, high = np.min([p.low_um for p in boxes], axis=0), np.max([p.high_um for p in boxes], axis=0)
    way = [min(edge, period / 2.0) if period > 0.0 else edge for edge, period in zip(high - low, q.period_um,
                                                                                     strict=True)]
    span = math.dist((0.0, 0.0, 0.0), way) + abs(pre.bend_um) + max(abs(p.bend_um) for p in boxes[1:])
    spread = _SPREAD * q.delay_sd_ms
    return max(0.0, q.delay_ms - spread), q.delay_ms + span / q.velocity_um_per_ms + spread


# ---- the mean of a kernel
def mean_of_kernel(q: Projection, populations: Sequence[Population]) -> float:
    """Mean of the distance kernel over pairs of the projection's two boxes."""
    pre, post = populations[q.pre], populations[q.post]
    return kernel_mean(pre.low_um, pre.high_um, post.low_um, post.high_um, q.length_um, q.kernel, q.stretch,
                       q.period_um)


@lru_cache(maxsize=256)
def kernel_mean(low0: tuple, high0: tuple, low1: tuple, high1: tuple, length_um: float, kernel: str = "exponential",
                stretch: tuple = (1.0, 1.0, 1.0), period_um: tuple = (0.0, 0.0, 0.0)) -> float:
    """Mean of a kernel between uniform points of two boxes, to 0.5 % for lengths above an edge's 20th.

    Averaged over a grid of equally probable differences along each axis, in a fixed order and rounded to 9 digits,
    so that every machine agrees.
    """
    if math.isinf(length_um) or kernel == "uniform":
        return 1.0
    axes = []
    for *edges, factor, period in zip(low0, high0, low1, high1, stretch, period_um, strict=True):
        d = _differences(*edges)
        axes.append((d - np.rint(d / period) * period if period > 0.0 else d) / factor)
    x, y, z = axes
    r = np.sqrt(x[:, None, None] ** 2 + y[None, :, None] ** 2 + z[None, None, :] ** 2) / length_um
    if kernel == "exponential":
        return float(f"{np.exp(-r).mean():.9e}")
    counts, borders = np.histogram(r, 8192)
    centres = 0.5 * (borders[1:] + borders[:-1])
    values = [wiring.KERNELS[kernel](centre) for centre in centres.tolist()]
    return float(f"{np.dot(counts, values) / r.size:.9e}")


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


# ---- what builders read
def table(projections: Sequence[Projection], populations: Sequence[Population],
          scale_of: Callable[[int], float]) -> tuple[np.ndarray, np.ndarray]:
    """The projections as builders read them: (P, len(NUMBERS)) float32 and (P, len(COUNTS)) int64; see models.wiring.

    `scale_of(population)` is the weight of one stored unit.
    """
    if len(projections) > wiring.MAX_PROJECTIONS:
        raise ConfigurationError(f"A network can have {wiring.MAX_PROJECTIONS} projections, not {len(projections)}.")
    numbers = [_numbers(q, scale_of(q.post)) for q in projections]
    counts = [_counts(q, populations) for q in projections]
    return (np.array(numbers, np.float32).reshape(-1, len(wiring.NUMBERS)),
            np.array(counts, np.int64).reshape(-1, len(wiring.COUNTS)))


def _numbers(q: Projection, weight_scale: float) -> tuple[float, ...]:
    p = 1.0 if q.rule == "all_to_all" else q.probability
    if q.rule == "pairwise" and q.multapses:
        inverse = 1.0 / p if p > 0.0 else 1e30
    else:
        inverse = 0.0 if p >= 1.0 else 1.0 / exact.ln(1.0 - p) if p > 0.0 else -1e30
    weight, weight_sd = q.weight / weight_scale, q.weight_sd / weight_scale
    if q.weight_law == "lognormal":
        weight, weight_sd = _logarithmic(q)
        weight -= exact.ln(weight_scale)
    return (inverse, 1.0 / q.length_um, weight, weight_sd, q.delay_ms, 1.0 / q.velocity_um_per_ms, q.delay_sd_ms,
            q.rewiring, p, *(1.0 / factor for factor in q.stretch), *q.period_um)


def _counts(q: Projection, populations: Sequence[Population]) -> tuple[int, ...]:
    walk = _WALKS.get(q.rule, wiring.POISSON if q.multapses else wiring.BERNOULLI)
    kernel = list(wiring.KERNELS).index(q.kernel) if has_kernel(q) else wiring.UNIFORM
    first, last = target_range(q, populations)
    single = q.post_last in (None, q.post)
    stride, back = (1, 1) if single else ring_strides(last - first)
    return (walk, kernel, wiring.WEIGHT_LAWS.index(q.weight_law), q.number, stride, back,
            int(not _excludes_itself(q)), int(q.multapses), populations[q.pre].start, populations[q.pre].stop,
            first, last)


def ring_strides(count: int) -> tuple[int, int]:
    """A stride s and its inverse: neuron k * s mod count sits at place k of a ring that mixes all populations evenly.

    Multiples of the golden ratio spread more evenly than those of any other number, whatever the populations' sizes.
    """
    stride = max(1, round(count * _GOLDEN))
    while math.gcd(stride, count) != 1:
        stride += 1
    return stride % max(2, count), pow(stride, -1, count) if count > 1 else 0
