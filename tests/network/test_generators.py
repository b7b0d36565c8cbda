"""Every generator makes what it is declared to make: exact counts, and distributions by statistical tests."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from neural_simulator.backend import cpu_build
from neural_simulator.base.declarations import Projection
from neural_simulator.base.errors import ConfigurationError
from neural_simulator.models import wiring
from neural_simulator.network import projections
from neural_simulator.network.network import Network
from neural_simulator.network.projections import kernel_mean, ring_strides
from tests.activity import sha
from tests.network.wired import EDGE_UM, EVERY, lengths, planned, wired

LEAST_P = 1e-4


def is_uniform(counts: np.ndarray, expected: float) -> bool:
    """Chi-square test of counts that should all have the same expected value."""
    return stats.chisquare(counts, np.full(counts.size, expected)).pvalue > LEAST_P


def is_binomial(counts: np.ndarray, trials: int, p: float, rng: np.random.Generator) -> bool:
    """KS test of counts against a binomial law, made continuous by a random share of each step."""
    ranks = stats.binom.cdf(counts - 1, trials, p) + rng.random(counts.size) * stats.binom.pmf(counts, trials, p)
    return stats.kstest(ranks, "uniform").pvalue > LEAST_P


# ---- counts
@pytest.mark.parametrize("multapses", [False, True])
@pytest.mark.parametrize("length_um", [math.inf, 300.0])
def test_every_target_has_its_fixed_in_degree(multapses, length_um):
    net = wired((400, 300), Projection(0, 1, weight=1.0, rule="fixed_in_degree", number=50, multapses=multapses,
                                       length_um=length_um))
    assert np.all(net.in_degree[400:] == 50) and np.all(net.in_degree[:400] == 0)
    assert (net.matrix().max() > 1) == multapses
    if math.isinf(length_um):
        out = net.out_degree[:400]
        trials = 300 * (50 if multapses else 1)
        assert is_binomial(out, trials, 15000 / 400 / trials, np.random.default_rng(0))


@pytest.mark.parametrize("multapses", [False, True])
@pytest.mark.parametrize("length_um", [math.inf, 300.0])
def test_every_source_has_its_fixed_out_degree(multapses, length_um):
    net = wired((400, 300), Projection(0, 1, weight=1.0, rule="fixed_out_degree", number=60, multapses=multapses,
                                       length_um=length_um))
    assert np.all(net.out_degree[:400] == 60) and np.all(net.out_degree[400:] == 0)
    assert (net.matrix().max() > 1) == multapses
    if math.isinf(length_um):
        trials = 400 * (60 if multapses else 1)
        assert is_binomial(net.in_degree[400:], trials, 24000 / 300 / trials, np.random.default_rng(0))


@pytest.mark.parametrize("rule", ["fixed_in_degree", "fixed_out_degree"])
def test_all_possible_partners_can_be_asked_for(rule):
    net = wired((60,), Projection(0, 0, weight=1.0, rule=rule, number=59))
    assert np.array_equal(net.matrix(), 1 - np.eye(60, dtype=int))
    net = wired((60,), Projection(0, 0, weight=1.0, rule=rule, number=60, autapses=True))
    assert np.all(net.matrix() == 1)


@pytest.mark.parametrize("rule", ["fixed_in_degree", "fixed_out_degree"])
@pytest.mark.parametrize("number", [1, 3, 7, 19])
def test_partners_are_drawn_without_preference(rule, number):
    inward = rule == "fixed_in_degree"
    sizes = (20, 150) if inward else (150, 20)
    counts = sum(wired(sizes, Projection(0, 1, weight=1.0, rule=rule, number=number), seed=seed)
                 .matrix()[:sizes[0], sizes[0]:] for seed in range(20))
    assert counts.sum() == 20 * 150 * number
    # Each pair is connected in a binomial number of networks; of the 20 partners of one neuron, 19 are free.
    p = number / 20
    z = (counts - 20 * p) / math.sqrt(20 * p * (1 - p))
    assert abs(z).max() < 6.5
    assert LEAST_P < stats.chi2.sf((z**2).sum() * 19 / 20, 150 * 19) < 1.0 - LEAST_P


@pytest.mark.parametrize("inward", [True, False])
def test_what_counting_remembers_for_storing_changes_nothing(inward, monkeypatch):
    rule = "fixed_in_degree" if inward else "fixed_out_degree"
    # Short lengths: many laps, and gaps between partners too long for the memory of some neurons.
    declared = [Projection(0, 1, weight=1.0, weight_sd=0.3, rule=rule, number=number, length_um=length,
                           velocity_um_per_ms=300.0, multapses=multapses)
                for number, length, multapses in ((3, 120.0, False), (90, 200.0, False), (60, 150.0, True))]
    for projection in declared:
        plan = planned((400, 400), projection)
        remembered = Network(plan).fingerprint
        with monkeypatch.context() as patch:
            patch.setattr(projections, "memory_shape", lambda q, populations: (0, 0))
            assert Network(plan).fingerprint == remembered
        owners, row = projections.memory_shape(plan.projections[0], plan.populations)
        assert owners == 400 and row <= max(0.3 * 4 * projection.number, projection.number + 2)


def test_pairs_of_partners_are_drawn_without_preference():
    together = np.zeros((12, 12))
    for seed in range(20):
        chosen = wired((300, 12), Projection(0, 1, weight=1.0, rule="fixed_out_degree", number=4),
                       seed=seed).matrix()[:300, 300:]
        together += chosen.T @ chosen
    pairs = together[np.triu_indices(12, 1)]
    assert pairs.sum() == 6000 * 6
    assert is_uniform(pairs, 6000 * 6 / 66)


@pytest.mark.parametrize("multapses", [False, True])
def test_a_fixed_total_is_exact_and_spread_evenly_over_all_pairs(multapses):
    projection = Projection(0, 1, weight=1.0, rule="fixed_total", number=900, multapses=multapses)
    counts = np.zeros((60, 60))
    for seed in range(40):
        net = wired((60, 60), projection, seed=seed)
        assert net.post.size == 900
        assert (net.matrix().max() > 1) == multapses
        counts += net.matrix()[:60, 60:]
    expected, spread = 10.0, 1.0 if multapses else 1.0 - 900 / 3600
    chi2 = ((counts - expected)**2).sum() / (expected * spread)
    assert LEAST_P < stats.chi2.sf(chi2, 3599) < 1.0 - LEAST_P
    assert is_binomial(net.out_degree[:60], 900, 1 / 60, np.random.default_rng(0))


def test_a_fixed_total_of_all_pairs_is_all_pairs():
    net = wired((40,), Projection(0, 0, weight=1.0, rule="fixed_total", number=40 * 39))
    assert np.array_equal(net.matrix(), 1 - np.eye(40, dtype=int))


def test_one_to_one_and_all_to_all_connect_exactly_those():
    net = wired((50, 50), Projection(0, 1, weight=1.0, rule="one_to_one"),
                Projection(1, 1, weight=1.0, rule="all_to_all"), Projection(1, 0, weight=1.0, rule="all_to_all"))
    matrix = net.matrix()
    assert np.array_equal(matrix[:50, 50:], np.eye(50, dtype=int))
    assert np.array_equal(matrix[50:, 50:], 1 - np.eye(50, dtype=int))
    assert np.all(matrix[50:, :50] == 1) and np.all(matrix[:50, :50] == 0)


@pytest.mark.parametrize("rule", ["pairwise", "fixed_in_degree", "fixed_out_degree", "fixed_total", "all_to_all"])
def test_a_neuron_reaches_itself_only_where_autapses_are_allowed(rule):
    number = {"fixed_in_degree": 50, "fixed_out_degree": 50, "fixed_total": 5000}.get(rule, 0)
    for autapses in (False, True):
        net = wired((100,), Projection(0, 0, 0.5, 1.0, rule=rule, number=number, autapses=autapses))
        own = np.trace(net.matrix())
        assert (25 <= own <= 100) if autapses else own == 0


def test_pairwise_degrees_are_binomial_and_with_multapses_poisson():
    rng = np.random.default_rng(0)
    net = wired((500, 600), Projection(0, 1, 0.15, 1.0))
    assert is_binomial(net.out_degree[:500], 600, 0.15, rng) and is_binomial(net.in_degree[500:], 500, 0.15, rng)
    net = wired((500, 600), Projection(0, 1, 1.7, 1.0, multapses=True))
    counts = np.bincount(net.matrix()[:500, 500:].ravel(), minlength=12)
    expected = stats.poisson.pmf(np.arange(counts.size), 1.7) * 300_000
    few = expected < 10
    observed = np.append(counts[~few], counts[few].sum())
    law = np.append(expected[~few], 300_000 - expected[~few].sum())
    assert stats.chisquare(observed, law).pvalue > LEAST_P


# ---- distance
CASES = [("exponential", 150.0, lambda r: np.exp(-r)), ("gaussian", 200.0, lambda r: np.exp(-r * r / 2.0)),
         ("ball", 400.0, lambda r: (r < 1.0).astype(float)),
         ("medium_spiny", 1.0,
          lambda r: np.exp(-2.15079 - 1.033 * (1 - np.exp(-0.042 * (r - 26.8))) * np.exp(0.0039 * r)))]


@pytest.mark.parametrize("period_um", [0.0, EDGE_UM])
@pytest.mark.parametrize(("kernel", "length_um", "law"), CASES, ids=[case[0] for case in CASES])
def test_pairs_connect_with_the_kernels_probability_at_every_distance(kernel, length_um, law, period_um):
    net = wired((700, 800), Projection(0, 1, 0.6, 1.0, length_um=length_um, kernel=kernel, period_um=(period_um,) * 3))
    d = lengths(net.positions[None, 700:] - net.positions[:700, None], period_um)
    connected, p = net.matrix()[:700, 700:], 0.6 * law(d / length_um)
    assert connected.sum() > 300
    for low, high in zip(range(0, 1000, 100), range(100, 1100, 100), strict=True):
        inside = (d >= low) & (d < high)
        variance = (p[inside] * (1.0 - p[inside])).sum()
        assert abs(connected[inside].sum() - p[inside].sum()) <= 4.0 * math.sqrt(variance) + 1e-9, f"{low} um"


def test_an_axis_that_is_stretched_counts_less_and_one_stretched_without_end_not_at_all():
    net = wired((800, 800), Projection(0, 1, 0.8, 1.0, length_um=100.0, kernel="gaussian",
                                       stretch=(3.0, math.inf, 1.0)))
    difference = np.abs(net.positions[net.post] - net.positions[net.pre])
    assert stats.kstest(difference[:, 1] / EDGE_UM, stats.beta(1, 2).cdf).pvalue > LEAST_P      # as between any pair
    assert difference[:, 2].std() * 2.2 < difference[:, 0].std()


@pytest.mark.parametrize("rule", ["fixed_in_degree", "fixed_out_degree"])
@pytest.mark.parametrize("multapses", [False, True])
def test_fixed_degrees_take_partners_in_proportion_to_the_kernel(rule, multapses):
    # Few of many, in closed space, where every neuron sees the same surroundings.
    net = wired((3000, 300), Projection(*((0, 1) if rule == "fixed_in_degree" else (1, 0)), weight=1.0, rule=rule,
                                        number=40, length_um=200.0, kernel="gaussian", period_um=(EDGE_UM,) * 3,
                                        multapses=multapses))
    d = np.sort(net.distances(EDGE_UM))
    all_pairs = lengths(net.positions[3000:, None] - net.positions[None, :3000], EDGE_UM).ravel()
    order = np.argsort(all_pairs)
    law = np.cumsum(np.exp(-(all_pairs[order] / 200.0) ** 2 / 2.0))
    cdf = np.interp(d, all_pairs[order], law / law[-1])
    # 40 of about 375 within reach, without repetition: those far away are drawn a little more often
    allowed = 0.02 if multapses else 0.05
    assert abs(cdf - (np.arange(d.size) + 0.5) / d.size).max() < allowed


@pytest.mark.parametrize(("kernel", "length_um", "law"), CASES, ids=[case[0] for case in CASES])
@pytest.mark.parametrize("period_um", [0.0, 1000.0])
def test_the_mean_of_a_kernel_is_that_over_random_pairs(kernel, length_um, law, period_um):
    rng = np.random.default_rng(0)
    half = (500.0,) * 3
    difference = rng.uniform(-500, 500, (1_000_000, 3)) - rng.uniform(-500, 500, (1_000_000, 3))
    truth = law(lengths(difference, period_um) / length_um).mean()
    found = kernel_mean((-500.0,) * 3, half, (-500.0,) * 3, half, length_um, kernel, period_um=(period_um,) * 3)
    assert found == pytest.approx(truth, rel=0.012)


# ---- small worlds
def clustering(matrix: np.ndarray) -> float:
    """Share of pairs of targets of a neuron that are connected, mean over neurons."""
    a = (matrix > 0).astype(float)
    degree = a.sum(axis=1)
    return float(np.mean(np.einsum("ij,ij->i", a @ a, a) / (degree * (degree - 1.0))))


def path_length(matrix: np.ndarray, sources: int = 40) -> float:
    """Mean number of synapses on the shortest way from some neurons to all others."""
    a, total, pairs = matrix > 0, 0, 0
    for source in np.linspace(0, len(a) - 1, sources).astype(int):
        seen, front, steps = np.zeros(len(a), bool), np.zeros(len(a), bool), 0
        seen[source] = front[source] = True
        while front.any():
            total, pairs, steps = total + steps * front.sum(), pairs + front.sum(), steps + 1
            front = a[front].any(axis=0) & ~seen
            seen |= front
    return total / (pairs - sources)


# Path lengths of Watts-Strogatz graphs of 1,000 nodes with 10 neighbours, by networkx 3.6: there 5,000 edges
# lead both ways, here 10,000 synapses one way each, which makes less of a difference than the seed.
@pytest.mark.parametrize(("p", "l", "within"), [(0.0, 50.45, 1e-3), (0.01, 8.63, 0.15), (0.1, 4.42, 0.1),
                                                (0.5, 3.38, 0.03), (1.0, 3.27, 0.03)])
def test_small_worlds_have_the_clustering_and_path_length_of_watts_and_strogatz(p, l, within):
    net = wired((1000,), Projection(0, 0, weight=1.0, rule="small_world", number=10, rewiring=p))
    matrix = net.matrix()
    assert np.all(net.out_degree == 10) and matrix.max() == 1 and np.trace(matrix) == 0
    # Barrat and Weigt 2000: all three synapses of a triangle must have stayed; else a moved one closes it.
    stayed = (1.0 - p) ** 3
    assert clustering(matrix) == pytest.approx(2 / 3 * stayed + 10 * p / 999 * (1.0 - stayed), rel=0.03, abs=0.001)
    assert path_length(matrix) == pytest.approx(l, rel=within)
    moved = (np.minimum((net.post - net.pre) % 1000, (net.pre - net.post) % 1000) > 5).sum()
    near = 10 / 999                                     # share of moved synapses that come to lie near again, at most
    assert 10_000 * p * (1.0 - near) - 4 * math.sqrt(10_000 * p) <= moved <= 10_000 * p + 4 * math.sqrt(10_000 * p)


def test_moved_synapses_end_anywhere():
    net = wired((500,), Projection(0, 0, weight=1.0, rule="small_world", number=100, rewiring=1.0))
    offsets = np.bincount((net.post - net.pre) % 500, minlength=500)
    assert offsets[0] == 0 and is_uniform(offsets[1:], 50_000 / 499)


def test_a_ring_of_several_populations_mixes_them_evenly():
    net = wired((800, 200), Projection(0, 0, weight=1.0, rule="small_world", number=50, post_last=1),
                Projection(1, 0, weight=1.0, rule="small_world", number=50, post_last=1))
    assert np.all(net.out_degree == 50) and np.all(net.in_degree == 50)
    onto_second = np.bincount(net.pre[net.post >= 800], minlength=1000)
    assert abs(onto_second - 10.0).max() <= 3.0
    assert clustering(net.matrix()) == pytest.approx(0.75 * 48 / 49, rel=1e-3)


@pytest.mark.parametrize("count", [1, 2, 3, 10, 97, 1000, 1_000_000])
def test_the_strides_of_a_ring_undo_each_other(count):
    stride, back = ring_strides(count)
    assert all(place * stride % count * back % count == place for place in range(0, count, max(1, count // 100)))


# ---- weights and delays
@pytest.mark.parametrize("cv", [0.3, 1.0])
def test_lognormal_weights_have_the_declared_mean_spread_and_law(cv):
    net = wired((400, 400), Projection(0, 1, 0.5, 2.0, 2.0 * cv, weight_law="lognormal"))
    sigma = math.sqrt(math.log(1.0 + cv * cv))
    assert net.weight.mean() == pytest.approx(2.0, rel=5.0 * cv / math.sqrt(net.weight.size))
    assert net.weight.std() == pytest.approx(2.0 * cv, rel=0.06)
    z = (np.log(net.weight[:5000]) - math.log(2.0) + sigma**2 / 2.0) / sigma
    assert stats.kstest(z, "norm").pvalue > LEAST_P


def test_normal_weights_are_clipped_to_one_sign():
    net = wired((400, 400), Projection(0, 1, 0.5, 1.0, 1.0))
    assert net.weight.min() == net.plan.weight_scale
    assert (net.weight == net.weight.min()).mean() == pytest.approx(stats.norm.cdf(-1.0), abs=0.01)


@pytest.mark.parametrize("rule", ["pairwise", "fixed_in_degree", "fixed_out_degree", "fixed_total", "small_world"])
def test_delays_are_constant_distributed_or_from_distance(rule):
    pre, post = (0, 0) if rule == "small_world" else (0, 1)
    number = {"fixed_total": 20_000, "pairwise": 0}.get(rule, 40)
    common = {"rule": rule, "number": number, "weight": 1.0, "probability": 0.1}
    net = wired((500, 500), Projection(pre, post, delay_ms=1.5, **common))
    assert np.all(net.delay == 15)
    net = wired((500, 500), Projection(pre, post, delay_ms=3.0, delay_sd_ms=0.5, **common))
    assert net.delay.mean() == pytest.approx(30.0, abs=4 * 5 / math.sqrt(net.delay.size))
    assert net.delay.std() == pytest.approx(5.0, rel=0.03)
    for period in (0.0, EDGE_UM):
        net = wired((500, 500), Projection(pre, post, delay_ms=0.2, velocity_um_per_ms=100.0,
                                           period_um=(period,) * 3, **common))
        assert np.all(np.abs(net.delay - (2.0 + net.distances(period) / 10.0)) <= 0.5 + 1e-3)
        assert net.delay.max() <= net.plan.max_delay_steps


# ---- exactness
@pytest.mark.parametrize("name", EVERY)
def test_the_number_of_parts_and_the_order_of_threads_do_not_change_a_network(name):
    sizes, declared = EVERY[name]
    nets = [wired(sizes, *declared, parts=parts) for parts in (1, 1, 3)]
    assert nets[0].post.size > 250
    assert len({sha(*net.network.csr()) for net in nets}) == 1
    assert np.array_equal(nets[0].network.rows.words, nets[1].network.rows.words)
    assert sha(*wired(sizes, *declared, seed=2).network.csr()) != sha(*nets[0].network.csr())


@pytest.mark.parametrize("count", [1, 2, 3, 100, 1999, 2**31 + 11, 2**32 - 2**16, 2**32 - 4])
def test_batches_follow_the_random_order_that_the_equations_give(count):
    kernels, key = cpu_build.kernels(), (0x12345678, 0x9ABCDEF0, 5, 0xFFFFFFFF)
    shift = wiring.order_shift(count)
    room = kernels.scratch()
    found: list[int] = []
    for begin in range(0, min(count, 300), kernels.LANES):
        places = np.arange(begin, min(begin + kernels.LANES, count, 300), dtype=np.uint32)
        kernels.choose(places.size, places, count, tuple(np.uint32(k) for k in key), room[7])
        found += room[7][0][:places.size].tolist()
    assert found == [wiring.in_order(place, count, shift, *key) for place in range(len(found))]
    assert len(set(found)) == min(count, 300)
    beyond = [wiring.stirred_once(place, count, shift, *key) >= count for place in range(len(found))]
    assert any(beyond) or count not in (100, 1999)         # these fill no whole rows, so that some lanes go on


@pytest.mark.parametrize(("law", "even"), [("even", True), ("alike", False), ("two crowds", False), ("one far", False)])
def test_segments_are_sorted_however_their_words_lie(law, even):
    kernels, rng = cpu_build.kernels(), np.random.default_rng(3)
    lengths = np.array([0, 1, 2, 15, 16, 17, 300, 5000])
    segment = np.concatenate([[0], np.cumsum(lengths)])
    words = rng.integers(0, 2**32, segment[-1], dtype=np.uint32)
    if law == "alike":
        words[:] = 2**32 - 1
    elif law == "two crowds":
        words = np.where(words % 2, words >> 20, ~(words >> 20)).astype(np.uint32)
    elif law == "one far":
        words >>= 16
        words[segment[1:-1]] = 2**32 - 1
    expected = np.concatenate([np.sort(words[a:b]) for a, b in zip(segment, segment[1:], strict=False)])
    longest = words[-5000:].copy()
    sorted_at_once = kernels.sort_evenly(longest, np.zeros(10000, np.int32), np.zeros(5000, np.uint32))
    assert sorted_at_once == even and np.array_equal(longest, expected[-5000:]) == even | (law == "alike")
    kernels.sort(0, lengths.size, segment, words)
    assert np.array_equal(words, expected)


@pytest.mark.parametrize("name", EVERY)
def test_the_expected_number_of_synapses_is_found(name):
    sizes, declared = EVERY[name]
    plan = planned(sizes, *declared)
    assert wired(sizes, *declared).post.size == pytest.approx(plan.expected_synapses, rel=0.02)


@pytest.mark.parametrize("name", EVERY)
def test_the_device_builds_the_same_network(name):
    from neural_simulator.backend import cuda
    if cuda.problem():
        pytest.skip(f"no CUDA: {cuda.problem()}")
    from neural_simulator.network.device_network import DeviceNetwork
    sizes, declared = EVERY[name]
    plan = planned(sizes, *declared)
    expected = sha(*wired(sizes, *declared).network.csr())
    delay_bits = (plan.max_delay_steps - plan.min_delay_steps).bit_length()
    for blocks, bits in ((1, 0), (8, delay_bits)):
        network = DeviceNetwork(plan, blocks, bits, lambda task, fraction: None)
        assert sha(*network.csr()) == expected


# ---- refusals
@pytest.mark.parametrize(("values", "field", "words"), [
    ({"rule": "fixed_indegree"}, "rule", "choose one of: pairwise"),
    ({"kernel": "linear", "length_um": 5.0}, "kernel", "exponential, gaussian"),
    ({"weight_law": "gamma"}, "weight_law", "normal, lognormal"),
    ({"rule": "fixed_in_degree", "number": 31}, "number", "only 30 to choose from"),
    ({"rule": "fixed_out_degree", "number": 41}, "number", "only 40 to choose from"),
    ({"rule": "fixed_total", "number": 1201}, "number", "only 1,200 to choose from"),
    ({"rule": "fixed_total", "number": 100, "length_um": 100.0}, "length_um", "does not depend on distance"),
    ({"rule": "one_to_one"}, "rule", "equal size"),
    ({"rule": "small_world", "post": 0, "number": 7}, "number", "even number"),
    ({"rule": "small_world", "post": 0, "number": 30}, "number", "only 29"),
    ({"rule": "small_world", "number": 4}, "pre", "one of the ring's"),
    ({"rule": "small_world", "post": 0, "number": 4, "rewiring": 1.5}, "rewiring", "between 0 and 1"),
    ({"post_last": 1}, "post_last", "small world"),
    ({"rule": "all_to_all", "multapses": True}, "multapses", "leave it False"),
    ({"weight": -1.0}, "weight", "cannot be negative"),
    ({"weight": 0.0, "weight_law": "lognormal"}, "weight", "above 0"),
    ({"period_um": (900.0, 0.0, 0.0)}, "period_um", "1000.0"),
    ({"stretch": (0.0, 1.0, 1.0)}, "stretch", "above 0"),
    ({"number": -1}, "number", "whole number"),
])
def test_a_projection_that_cannot_be_built_is_refused_with_place_value_and_remedy(values, field, words):
    with pytest.raises(ConfigurationError) as refused:
        planned((30, 40), Projection(**{"pre": 0, "post": 1, "probability": 0.1, "weight": 1.0, **values}))
    assert refused.value.field == field and words in str(refused.value)


def test_a_degree_that_some_neurons_cannot_reach_is_refused_when_it_is_found():
    with pytest.raises(ConfigurationError, match="do not find the 60 partners within reach"):
        wired((200, 200), Projection(0, 1, weight=1.0, rule="fixed_in_degree", number=60, kernel="ball",
                                     length_um=200.0))
