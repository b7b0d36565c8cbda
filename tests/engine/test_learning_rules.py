"""The learning kernels on prescribed spike trains against closed forms and a rule in plain Python."""

from __future__ import annotations

import math

import numpy as np
import pytest

from neural_simulator.config import CoreSimConfig
from neural_simulator.models.plasticity import PLASTICITY_RULES
from neural_simulator.models.plasticity.short_term import release
from neural_simulator.network.learning import coefficients_of
from tests.engine.scripted import Scripted, pair_rule, reward_rule

SMALL = CoreSimConfig(seed=5, num_neurons=24, connections_per_neuron=12, num_traits=3, inhibitory_trait_indices=(2,),
                      volume_edge_um=600.0, connection_length_um=1e6, conduction_velocity_um_per_ms=100.0)
RULES = {
    "additive": {"enable_stdp": True, "stdp_a_plus": 0.03, "stdp_a_minus": 0.035},
    "multiplicative": {"enable_stdp": True, "stdp_a_plus": 0.2, "stdp_a_minus": 0.2, "stdp_mu_plus": 1.0,
                       "stdp_mu_minus": 1.0},
    "power": {"enable_stdp": True, "stdp_a_plus": 0.1, "stdp_a_minus": 0.1, "stdp_mu_plus": 0.3, "stdp_mu_minus": 0.6,
              "stdp_min_weight": 0.2, "stdp_tau_plus_ms": 16.8, "stdp_tau_minus_ms": 33.7},
    "nearest": {"enable_stdp": True, "stdp_a_plus": 0.05, "stdp_a_minus": 0.05, "stdp_nearest": True},
    "van Rossum": {"enable_stdp": True, "stdp_a_plus": 0.02, "stdp_a_minus": 0.1, "stdp_mu_minus": 1.0},
    "Hebbian": {"enable_hebbian_learning": True, "hebbian_learning_rate": 0.05},
    "inhibitory": {"enable_inhibitory_stdp": True, "inhibitory_stdp_learning_rate": 0.1},
    "both": {"enable_stdp": True, "enable_inhibitory_stdp": True, "stdp_a_plus": 0.03, "stdp_a_minus": 0.035},
}


def trains(kind: str, steps: int, neurons: int = 24) -> dict[int, list[int]]:
    """Spike trains: random ones, or ones made to hurt."""
    rng = np.random.default_rng(7)
    if kind == "random":
        return {n: sorted(rng.choice(steps, rng.integers(1, steps // 12), replace=False).tolist())
                for n in range(neurons)}
    return {n: [                                         # coincident, in bursts of every step, twice, or hardly ever
        list(range(3, steps, 7)), list(range(10, 60)), [5, 6, steps - 20], [1], list(range(0, steps, 2)), [],
        sorted({*range(20, 26), *range(300, 309), steps - 9}), [steps // 2]][n % 8] for n in range(neurons)}


def expected(s: Scripted, given: dict[int, list[int]], initial: np.ndarray, steps: int) -> tuple[np.ndarray, int, int]:
    """Weights by the plain rule, and the numbers of changes, after the spikes of all steps done."""
    pre, post, delay, _ = s.synapses()
    rules = {(q.pre, q.post): coefficients_of(q) for q in s.plan.projections}
    of, scale = s.network.population_of, s.plan.weight_scale
    weights, rose, fell = np.zeros(pre.size), 0, 0
    for k in range(pre.size):
        c = rules[(of[pre[k]], of[post[k]])]
        weights[k] = initial[k]
        if c is not None:
            back = [t + delay[k] for t in given[post[k]]]
            value, up, down = pair_rule(given[pre[k]], back, steps - 1, initial[k] * scale, c, s.plan.dt)
            weights[k] = value / scale
            rose, fell = rose + up, fell + down
    return weights, rose, fell


@pytest.mark.parametrize("kind", ["random", "adversarial"])
@pytest.mark.parametrize("rule", RULES)
def test_weights_follow_the_plain_rule(rule, kind):
    s = Scripted(SMALL.changed(**RULES[rule]))
    steps = 420
    given, initial = trains(kind, steps), s.synapses()[3].astype(np.float64)
    s.run(given, steps)
    weights, rose, fell = expected(s, given, initial, steps)
    assert np.abs(weights - initial).max() > 0.02 * initial.max(), "nothing learned"
    np.testing.assert_allclose(s.synapses()[3], weights, rtol=3e-5, atol=3e-5 * initial.max())
    if rule in ("additive", "nearest", "multiplicative") and kind == "random":
        counted = s.learning.arrays.changes.sum(axis=0)
        assert rose > 100 and fell > 100
        # one change counts all postsynaptic spikes that one arrival takes in
        assert fell - 5 <= counted[1] <= fell + 5 and counted[0] <= rose


@pytest.mark.parametrize("rule", ["additive", "nearest", "both"])
def test_long_silences_are_taken_in_before_the_history_is_overwritten(rule):
    s = Scripted(SMALL.changed(**RULES[rule]))
    steps = 5300
    given = {n: [3 + n, 900 + n, 4000 + n, steps - 100 + n] if n % 2 else list(range(5 + n, steps, 41))
             for n in range(24)}
    initial = s.synapses()[3].astype(np.float64)
    s.run(given, steps)
    weights, _, _ = expected(s, given, initial, steps)
    assert np.abs(weights - initial).max() > 0.01 * initial.max()
    np.testing.assert_allclose(s.synapses()[3], weights, rtol=5e-5, atol=5e-5 * initial.max())


@pytest.mark.parametrize("threads", [2, 3])
def test_the_number_of_threads_changes_no_weight(threads):
    results = []
    for count in (1, threads):
        s = Scripted(SMALL.changed(**RULES["both"], enable_short_term_plasticity=True), count)
        s.run(trains("random", 300), 300)
        order = s.network.canonical_order()
        results.append((s.synapses()[3][order], np.array(s.arrived), s.learning.arrays.changes.sum(axis=0)))
    for a, b in zip(*results, strict=True):
        assert np.array_equal(a, b)


REFERENCE = {"stdp_a_plus": 0.01, "stdp_a_minus": 0.0085, "stdp_tau_plus_ms": 16.8, "stdp_tau_minus_ms": 33.7,
             "stdp_min_weight": 0.0, "stdp_max_weight": 2.0, "enable_stdp": True}
PAIR = CoreSimConfig(seed=1, num_neurons=2, connections_per_neuron=1, num_traits=1, inhibitory_trait_indices=(),
                     connection_length_um=1e9, conduction_velocity_um_per_ms=1e6, weight_cv=0.0, **REFERENCE)


def one_synapse(core: CoreSimConfig, pre: list[int], post: list[int], steps: int) -> float:
    """The weight of the synapse 0 -> 1 as a share of the largest, after spikes that reach it at `pre` and `post`."""
    s = Scripted(core)
    sources, _, delays, weight = s.synapses()
    k = int(np.flatnonzero(sources == 0)[0])
    weight[k] = 0.5 * s.learning.learning.coefficients[0, 8]
    s.run({0: pre, 1: [p - int(delays[k]) for p in post]}, steps)
    return float(s.synapses()[3][k] / s.learning.learning.coefficients[0, 8])


@pytest.mark.parametrize("distance, change", [(1, .00942213), (5, .00742584), (10, .00551431), (20, .00304076),
                                              (50, .00050987), (-1, -.00825148), (-5, -.00732797), (-10, -.00631754),
                                              (-20, -.00469545), (-50, -.00192781), (0, 0.0)])
def test_one_pair_changes_the_weight_by_the_window(distance, change):
    """The late spike at 1000 takes in what came before; its own weakening is subtracted by a run without it."""
    pre, post = (60, 60 + distance)
    after = one_synapse(PAIR, [pre, 1000], [post], 1003)
    late = 0.0085 * math.exp(-(1000 - post) / 33.7)
    assert after - 0.5 + late == pytest.approx(change, abs=2e-7)


# 0.1 ms: NEST's stdp_synapse; 0: the sum over all pairs but the coincident ones, which do not act on each other
PUBLISHED = ((1, 5, 6, 7, 9, 11, 12, 13), (2, 3, 4, 8, 9, 10, 12))
ALL_PAIRS = 0.5 + sum(0.01 * math.exp((a - p) / 16.8) if p > a else -0.0085 * math.exp((p - a) / 33.7) if p < a else 0.0
                      for a in PUBLISHED[0] for p in PUBLISHED[1])


@pytest.mark.parametrize("back_ms, final", [(0.0, ALL_PAIRS), (0.1, .4558389945)])
def test_the_published_trains_end_at_the_published_weight(back_ms, final):
    """The time a spike takes back is the synapse's delay, one step here: these are the trains of NEST as they are."""
    core = PAIR.changed(dt_ms=0.1, synaptic_latency_ms=0.1)
    pre, post = PUBLISHED
    assert Scripted(core).synapses()[2].max() == 1
    shift = round(back_ms / 0.1)
    spikes = [10 * t + 100 + shift for t in post]
    end = one_synapse(core, [10 * t + 100 for t in pre], spikes, 300)
    assert end == pytest.approx(final, abs=3e-7)


@pytest.mark.parametrize("a_plus, a_minus, bound", [(0.9, 0.002, 8), (0.002, 0.9, 7)])
def test_a_silent_synapse_keeps_its_weight_and_bounds_hold_exactly(a_plus, a_minus, bound):
    s = Scripted(SMALL.changed(enable_stdp=True, stdp_a_plus=a_plus, stdp_a_minus=a_minus, stdp_max_weight=1.5,
                               stdp_min_weight=0.25, stdp_mu_plus=0.0))
    initial = s.synapses()[3].copy()
    given = trains("random", 300)
    for n in range(0, 24, 3):
        given[n] = []
    s.run(given, 300)
    pre, _, _, weight = s.synapses()
    assert np.array_equal(weight[pre % 3 == 0], initial[pre % 3 == 0])
    low, high = s.learning.learning.coefficients[0, 7:9]
    active = weight[(s.network.population_of[pre] < 2) & (pre % 3 > 0)]
    assert active.max() <= high and active.min() >= low > 0.0
    limit = s.learning.learning.coefficients[0, bound]
    near = np.abs(active - limit) < (0.01 * high if bound == 8 else 1e-9)
    assert near.sum() > 50


@pytest.mark.parametrize("tau_ms", [200.0, 1000.0])
def test_reward_turns_eligibility_into_weight(tau_ms):
    core = SMALL.changed(enable_reward_modulation=True, stdp_a_plus=0.02, stdp_a_minus=0.021, reward_baseline=0.02,
                         reward_eligibility_tau_ms=tau_ms, reward_learning_rate_per_s=20.0)
    s = Scripted(core)
    steps = 1500
    given, initial = trains("random", steps), s.synapses()[3].astype(np.float64)
    rewards = {200: 1.0, 700: -0.5, 1100: 2.0, 1101: 0.25}
    s.run(given, steps, rewards)
    dopamine, level = np.zeros(steps), 0.0
    for k in range(steps):
        level += rewards.get(k, 0.0)
        dopamine[k] = level + 0.02
        level *= math.exp(-1.0 / core.reward_dopamine_tau_ms)
    pre, post, delay, weight = s.synapses()
    of, scale = s.network.population_of, s.plan.weight_scale
    c = coefficients_of(next(q for q in s.plan.projections if q.pre == 0))
    for k in np.flatnonzero(of[pre] < 2)[::5]:
        back = [t + int(delay[k]) for t in given[post[k]]]
        final = reward_rule(given[pre[k]], back, steps - 1, initial[k] * scale, c, dopamine, 1.0) / scale
        assert weight[k] == pytest.approx(final, abs=2e-4 * initial.max()), k
    assert np.abs(weight - initial).max() > 0.02 * initial.max()


def test_without_reward_no_weight_changes_and_a_delayed_one_still_finds_its_synapses():
    core = PAIR.changed(enable_stdp=False, enable_reward_modulation=True, stdp_a_plus=0.05,
                        reward_learning_rate_per_s=2.0, reward_eligibility_tau_ms=1000.0, reward_dopamine_tau_ms=200.0)
    assert one_synapse(core, [60, 2900], [65], 2903) == 0.5
    for wait in (100, 1000, 2000):
        s = Scripted(core)
        sources, _, delays, weight = s.synapses()
        k, largest = int(np.flatnonzero(sources == 0)[0]), s.learning.learning.coefficients[0, 8]
        weight[k] = 0.5 * largest
        s.run({0: [60, 4500], 1: [65 - int(delays[k])]}, 4503, {65 + wait: 1.0})
        # eligibility 0.05 e^(-5/tau+), collected from the reward on with both decaying: rate 1/1000 + 1/200 per ms
        eligible = 0.05 * math.exp(-5.0 / 16.8) * math.exp(-wait / 1000.0)
        gained = 2.0 * eligible / (1.0 + 5.0)
        assert s.synapses()[3][k] / largest - 0.5 == pytest.approx(gained, rel=0.01)


# ---- release ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("U, tau_d, tau_f, rate, first, steady", [
    (.5, 800, 0, 5, (.5, .3053, .229483, .199961), (.5, .362266, .181133)),
    (.5, 800, 0, 20, (.5, .265147, .154835, .103020, .078683), (.5, .114252, .057126)),
    (.5, 800, 0, 100, (.5, .253106, .131192, .070992), (.5, .024540, .012270)),
    (.03, 130, 530, 20, (.03, .055327, .075736, .091777, .104279, .114060), (.255699, .647189, .165486)),
    (.03, 130, 530, 100, (.03, .056929, .079013, .095339, .105820, .111022, .111933, .109725),
     (.623308, .113697, .070868)),
    (.5, 200, 20, 20, (.5, .317830, .234201, .202640), (.521400, .352640, .183867))])
def test_release_follows_the_published_recursion(U, tau_d, tau_f, rate, first, steady):
    gap = 1000.0 / rate
    kept_f, kept_d = (math.exp(-gap / tau_f) if tau_f else 0.0), math.exp(-gap / tau_d)
    u, r = U, 1.0
    released = []
    for _ in range(600):
        released.append(u * r)
        u, r = release(u, r, kept_f, kept_d, U)
    np.testing.assert_allclose(released[:len(first)], first, atol=6e-6)
    assert (u, r, u * r) == pytest.approx(steady, abs=6e-6)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("U, tau_d, tau_f, released, steady", [
    (0.5, 800.0, 0.0, (.5, .265147, .154835, .103020, .078683), .057126),                      # depression
    (0.03, 130.0, 530.0, (.03, .055327, .075736, .091777, .104279, .114060), .165486)])        # facilitation
def test_a_synapse_delivers_its_weight_times_its_release(U, tau_d, tau_f, released, steady, keep):
    """At 20 Hz."""
    core = PAIR.changed(enable_stdp=False, enable_short_term_plasticity=True, stp_U=U, stp_tau_d_ms=tau_d,
                        stp_tau_f_ms=tau_f, stp_keep_weight=keep)
    s = Scripted(core)
    s.run({0: list(range(10, 5000, 50))}, 5060)
    got = np.array([a[0, 1] for a in s.arrived], float)
    got = got[got > 0]
    units = float(s.network.rows.words[0] & np.uint32((1 << s.plan.weight_bits) - 1)) * (1.0 / U if keep else 1.0)
    np.testing.assert_allclose(got[:len(released)], np.array(released) * units, atol=0.6 + 1e-5 * units)
    assert got[-1] == pytest.approx(steady * units, abs=0.6 + 1e-5 * units)


def test_release_and_learning_act_on_the_same_spike_in_that_order():
    """A weakened weight is what is released: update before release."""
    core = PAIR.changed(enable_short_term_plasticity=True, stp_U=0.5, stp_tau_d_ms=800.0, stp_tau_f_ms=0.0,
                        stp_keep_weight=False, stdp_a_minus=0.5)
    s = Scripted(core)
    delay = int(s.synapses()[2][0])
    s.run({0: [50], 1: [45 - delay]}, 60)
    k = int(np.flatnonzero(s.synapses()[0] == 0)[0])
    delivered = next(a[0, 1] for a in s.arrived if a[0, 1])
    weight = s.synapses()[3][k]
    assert weight < 0.75 * s.synapses()[3][1 - k]
    assert delivered == int(np.float32(weight) * np.float32(0.5) + np.float32(0.5))


def test_the_rules_of_weights_and_no_others_have_coefficients():
    assert {rule.kind for rule in PLASTICITY_RULES.values()} > {"weight"}
    assert all((rule.coefficients is not None) is (rule.kind == "weight") for rule in PLASTICITY_RULES.values())
