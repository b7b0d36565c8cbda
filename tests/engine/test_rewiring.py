"""Structural plasticity: the plain rule, columns that move with their synapse, bounds, and the same bits everywhere."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from neural_simulator.backend import cuda
from neural_simulator.backend.cpu_rewire import COUNTS
from neural_simulator.base.errors import ConfigurationError, StateError
from neural_simulator.config import CoreSimConfig, GPUConfig, structure_defaults
from neural_simulator.engine import cuda_engine
from neural_simulator.engine.layout import Layout
from neural_simulator.engine.memory import estimate_memory
from neural_simulator.engine.rewiring import SIZES_CHANGE, WEIGHT
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.snapshot import Snapshot
from neural_simulator.models.random import STREAM_GROWTH, STREAM_REMOVAL, philox, uniform
from neural_simulator.models.structures import STRUCTURES
from neural_simulator.models.wiring import ORDER, delay_steps, in_order, order_shift
from neural_simulator.network.network import Network
from neural_simulator.network.plan import make_plan
from neural_simulator.network.rewiring import Wiring, device_counts, device_words, play
from tests.activity import CPU, everything, same
from tests.backend import emulator
from tests.engine.test_learning import LEARNING, NET

MOST_IN, MOST_OUT = (COUNTS.index(name) for name in ("MOST_IN", "MOST_OUT"))
REWIRING = {"enable_structural_plasticity": True, "structural_interval_ms": 100.0, "structural_attempts": 3.0,
            "structural_elimination": 0.3, "structural_elimination_of_others": 0.01, "structural_growth": 1.1,
            "structural_source_growth": 1.2, "structural_weight_threshold": 1.0, "structural_length_um": 400.0}
CORES = {"STDP": LEARNING["STDP"].changed(**REWIRING), "reward": LEARNING["reward"].changed(**REWIRING),
         "release": LEARNING["release"].changed(**REWIRING)}


def triples(wiring: Wiring) -> np.ndarray:
    """(S, 3): source, delay, target."""
    return np.stack([wiring.sources, wiring.delays, wiring.targets], axis=1).astype(np.int64)


# ---- the rule
def plain_round(plan, number, positions, spikes, synapses, weights):
    """One round in plain Python: (source, delay, target, weight) of all synapses after it; weights in stored units."""
    rules = {(q.pre, q.post): q for q in plan.projections if "STRUCTURAL" in q.plasticity}
    of = [index for index, p in enumerate(plan.populations) for _ in range(p.size)]
    k0, k1 = plan.key_words
    after, rank = [], {}
    for (i, delay, j), weight in zip(synapses.tolist(), weights.tolist(), strict=True):
        rank[i] = rank.get(i, -1) + 1
        q = rules.get((of[i], of[j]))
        if q is not None:
            p = q.plasticity["STRUCTURAL"]
            word = philox(i, rank[i] >> 2, number, STREAM_REMOVAL, k0, k1)[rank[i] & 3]
            weak = weight < p["weight_threshold"] * q.weight / plan.scale_of(of[j])
            if uniform(word) < (p["elimination"] if weak else p["elimination_of_others"]):
                continue
        after.append((i, delay, j, weight))
    for row, q in enumerate(rules.values()):
        p, pre, post = q.plasticity["STRUCTURAL"], plan.populations[q.pre], plan.populations[q.post]
        pairs = pre.size * post.size * q.probability * kernel_mean(q, plan)
        most_in = int(np.ceil(p["growth"] * pairs / post.size))
        most_out = int(np.ceil(p["source_growth"] * pairs / pre.size))
        key = philox(row, ORDER, number, STREAM_GROWTH, k0, k1)
        for place in range(post.size):
            j = post.start + in_order(place, post.size, order_shift(post.size), *key)
            onto = sum(t == j and of[s] == q.pre for s, _, t, _ in after)
            attempts = int(max(0, most_in - onto) * p["attempts"] + uniform(
                philox(j, row << 16 | 0xFFFF, number, STREAM_GROWTH, k0, k1)[0]))
            for attempt in range(attempts):
                if sum(t == j and of[s] == q.pre for s, _, t, _ in after) >= most_in:
                    break
                words = philox(j, row << 16 | attempt, number, STREAM_GROWTH, k0, k1)
                i = pre.start + (words[0] * pre.size >> 32)
                d = float(np.linalg.norm(positions[i].astype(float) - positions[j]))
                full = p["full_activity_Hz"] * p["interval_ms"] / 1000.0
                active = min(1.0, spikes[i] / full) * min(1.0, spikes[j] / full)
                share = p["activity_share"]
                forms = np.exp(-0.5 * (d / p["length_um"]) ** 2) * (1.0 - share + share * active)
                twice = any(s == i and t == j for s, _, t, _ in after)
                out = sum(s == i and of[t] == q.post for s, _, t, _ in after)
                if (i != j or q.autapses) and uniform(words[1]) < forms and out < most_out and (
                        q.multapses or not twice):
                    delay = delay_steps(words[2], d, q.delay_ms, 1.0 / q.velocity_um_per_ms, q.delay_sd_ms,
                                        1.0 / plan.dt, plan.min_delay_steps, plan.max_delay_steps)
                    after.append((i, delay, j, p["new_weight"] * q.weight / plan.scale_of(q.post)))
    return sorted(after)


def kernel_mean(q, plan):
    from neural_simulator.network.projections import mean_of_kernel
    return mean_of_kernel(q, plan.populations)


@pytest.mark.parametrize("changes", [{}, {"allow_multapses": True, "allow_autapses": True, "delay_sd_ms": 0.5}])
def test_a_round_follows_the_plain_rule(changes):
    core = CoreSimConfig(seed=3, num_neurons=60, connections_per_neuron=9, num_traits=3, inhibitory_trait_indices=(2,),
                         **{**REWIRING, "structural_attempts": 6.0, "structural_growth": 1.3, **changes})
    plan = make_plan(core, 3)
    network = Network(plan)
    network.sort_rows()
    wiring, number = network.wiring(), 5
    rng = np.random.default_rng(1)
    spikes = rng.integers(0, 2, 60).astype(np.uint32)
    weights = (network.rows.words & np.uint32((1 << plan.weight_bits) - 1)).astype(np.float32)
    made = play(plan, plan.learning.structure, number, network.positions, spikes, wiring, {WEIGHT: weights}, WEIGHT)
    found = np.column_stack([triples(made.wiring), made.columns[WEIGHT]])
    expected = np.array(plain_round(plan, number, network.positions, spikes, triples(wiring), weights))
    assert made.formed > 20 and made.removed > 20
    assert made.wiring.num_synapses == wiring.num_synapses + made.formed - made.removed
    np.testing.assert_array_equal(found[:, :3], expected[:, :3])
    np.testing.assert_allclose(found[np.lexsort(found.T[::-1]), 3], expected[:, 3], rtol=1e-6)


def test_pruning_keeps_short_term_state_with_its_synapse():
    sim = Simulation(CORES["reward"].changed(structural_interval_ms=1e6), CPU)
    sim.step(150)
    rewiring, before = sim._engine.rewiring, sim.snapshot()
    old, after = sim.network.wiring(), rewiring.next(before, sim.network)
    size = old.num_synapses
    marked = {name: (1 + np.arange(size)).astype(np.float32) for name in (WEIGHT, "learning_eligibility")}
    moved = play(sim.plan, rewiring.structure, 0, sim.network.positions, before.spike_counts, old, {
        **marked, WEIGHT: before.further[WEIGHT]}, WEIGHT)
    came_from = moved.columns["learning_eligibility"].astype(np.int64) - 1            # -1: it has just formed
    stayed = came_from >= 0
    assert moved.removed > 300 and (~stayed).sum() == moved.formed > 300 and np.unique(came_from[stayed]).size == (
        size - moved.removed)
    assert np.array_equal(triples(moved.wiring)[stayed], triples(old)[came_from[stayed]])
    assert np.array_equal(moved.columns[WEIGHT][stayed], before.further[WEIGHT][came_from[stayed]])
    eligibility = before.further["learning_eligibility"]
    assert np.count_nonzero(eligibility) > 1000
    sim.restore(after)
    for name in ("learning_u", "learning_r", "learning_x"):             # the state of release is the source's
        assert np.array_equal(sim.snapshot().further[name], before.further[name])
    assert before.further["learning_u"].std() > 0.0
    assert np.array_equal(sim.network.wiring().targets, after.further["wiring_targets"])
    assert np.array_equal(sim.network.wiring().delays, after.further["wiring_delays"])


def test_no_neuron_ever_passes_its_bounds():
    core = CORES["STDP"].changed(structural_growth=1.2, structural_attempts=20.0, structural_length_um=2000.0,
                                 structural_activity_share=0.0)
    sim = Simulation(core, CPU)
    structure, of = sim.plan.learning.structure, sim.network.population_of

    def degrees() -> tuple[np.ndarray, np.ndarray]:
        wiring, count, n = sim.network.wiring(), len(sim.plan.populations), sim.plan.num_neurons
        into, out = np.zeros((count, n), int), np.zeros((count, n), int)
        np.add.at(into, (of[wiring.sources], wiring.targets), 1)
        np.add.at(out, (of[wiring.targets], wiring.sources), 1)
        return into, out

    begin, reached = degrees(), 0
    for _ in range(6):
        sim.step(100)
        into, out = degrees()
        for now, then, most, own, other in ((into, begin[0], MOST_IN, 1, 0), (out, begin[1], MOST_OUT, 0, 1)):
            for row in structure.counts:
                p = sim.plan.populations[row[own]]
                bound = np.maximum(then[row[other], p.start:p.stop], row[most])
                assert (now[row[other], p.start:p.stop] <= bound).all()
                reached += int((now[row[other], p.start:p.stop] == row[most]).sum())
        begin = tuple(np.minimum(a, b) for a, b in zip(begin, (into, out), strict=True))
    assert reached > 100 and sim.plasticity_events.removed > 1000
    assert sim.network.num_synapses <= 1.25 * sim.plan.expected_synapses <= 1.25 * sim.plan.most_synapses
    excitatory = np.array([p.excitatory for p in sim.plan.populations])
    unchanged = Simulation(core, CPU)
    kept = [triples(s.network.wiring())[~excitatory[of[s.network.wiring().sources]]] for s in (sim, unchanged)]
    assert np.array_equal(*kept), "synapses of a projection without structural plasticity stay"


@pytest.mark.parametrize("blocks", [1, 3])
def test_the_rows_of_a_device_hold_the_same_synapses_in_the_same_order(blocks):
    plan = make_plan(CORES["release"], 11)
    network = Network(plan)
    network.sort_rows()
    wiring, bits, n = network.wiring(), plan.weight_bits, plan.num_neurons
    weights = (network.rows.words & np.uint32((1 << bits) - 1)).astype(np.float32)
    counts = device_counts(wiring, blocks)
    lengths = counts.max(axis=0).astype(np.int64)
    row_start, delay_bits = np.cumsum(lengths) - lengths, 5 if blocks > 1 else 0
    words = np.full((blocks, lengths.sum()), 0xFFFFFFFF, np.uint32)
    device_words(plan, wiring, weights, row_start, delay_bits, words)
    assert (words == 0xFFFFFFFF).sum() == words.size - wiring.num_synapses
    apart = plan.learning.learns[network.population_of]
    for i in range(n):
        own = slice(wiring.starts[i], wiring.starts[i + 1])
        assert np.array_equal(counts[:, i], np.bincount(wiring.targets[own] % blocks, minlength=blocks))
        for block in range(blocks):
            chosen = wiring.targets[own] % blocks == block
            row = words[block, row_start[i]:row_start[i] + counts[block, i]]
            assert np.array_equal((row >> np.uint32(bits + delay_bits)) * blocks + block, wiring.targets[own][chosen])
            assert np.array_equal(row & np.uint32((1 << bits) - 1), weights[own][chosen] * (not apart[i]))
            if delay_bits:
                delays = (row >> np.uint32(bits)) & np.uint32(31)
                assert np.array_equal(delays + plan.min_delay_steps, wiring.delays[own][chosen])
    assert 0 < apart.sum() < n


@pytest.mark.parametrize("changes", [*({"neural_structure_profile": key} for key in STRUCTURES),
                                     {"enable_watts_strogatz": True}, {"connection_rule": "fixed_total"},
                                     {"connection_rule": "fixed_out_degree", "allow_multapses": True}], ids=str)
def test_every_wiring_can_be_rewired(changes):
    core = CoreSimConfig(**{**structure_defaults(changes.get("neural_structure_profile", "GENERIC_UNSTRUCTURED")),
                            "num_neurons": 900, **REWIRING, "structural_growth": 2.0, **changes})
    plan = make_plan(core, 2)
    network = Network(plan, 2)
    network.sort_rows()
    wiring, of = network.wiring(), network.population_of
    weights = np.zeros(wiring.num_synapses, np.float32)
    made = play(plan, plan.learning.structure, 1, network.positions, np.full(plan.num_neurons, 9, np.uint32), wiring,
                {WEIGHT: weights}, WEIGHT)
    made.wiring.check(plan)
    assert made.removed > 0 and made.formed > 0
    network.rewire(made.wiring)
    assert all(np.array_equal(a, b) for a, b in zip(network.wiring(), made.wiring, strict=True))
    born = made.columns[WEIGHT] > 0.0
    assert born.sum() == made.formed
    assert (plan.learning.structure.pair[of[made.wiring.sources[born]], of[made.wiring.targets[born]]] >= 0).all()


# ---- by distance and activity
def grown(length_um: float, share: float, silent: bool = True) -> tuple[Network, np.ndarray]:
    """The synapses that formed in one round of a network that loses none."""
    core = CoreSimConfig(seed=4, num_neurons=1500, connections_per_neuron=40, connection_length_um=1e9, num_traits=1,
                         inhibitory_trait_indices=(), enable_structural_plasticity=True, structural_growth=4.0,
                         structural_source_growth=4.0, structural_interval_ms=1000.0, structural_elimination=0.0,
                         structural_attempts=1.0, structural_elimination_of_others=0.0, structural_length_um=length_um,
                         structural_activity_share=share)
    plan = make_plan(core, 4)
    network = Network(plan)
    network.sort_rows()
    old = network.wiring()
    spikes = np.zeros(1500, np.uint32) if silent else np.random.default_rng(0).integers(0, 6, 1500).astype(np.uint32)
    made = play(plan, plan.learning.structure, 1, network.positions, spikes, old, {
                WEIGHT: np.zeros(old.num_synapses, np.float32)}, WEIGHT)
    assert made.removed == 0
    n = plan.num_neurons
    keys = [w.sources * n + w.targets for w in (old, made.wiring)]
    new = np.setdiff1d(keys[1], keys[0])
    assert new.size == made.formed
    return network, np.stack([new // n, new % n], axis=1)


def test_a_silent_network_forms_by_distance_alone():
    """Lengths of what formed against all pairs weighted with the Gaussian: chi-square of 20 bins, and its total."""
    network, pairs = grown(length_um=200.0, share=0.25)
    positions = network.positions.astype(float)
    d = np.linalg.norm(positions[pairs[:, 0]] - positions[pairs[:, 1]], axis=1)
    every = np.linalg.norm(positions[:, None] - positions[None], axis=2)[~np.eye(1500, dtype=bool)]
    chance = np.exp(-0.5 * (every / 200.0) ** 2)
    edges = np.quantile(d, np.linspace(0.0, 1.0, 21))
    edges[[0, -1]] = 0.0, every.max()
    expected = np.histogram(every, edges, weights=chance)[0]
    expected *= d.size / expected.sum()
    chi2 = ((np.histogram(d, edges)[0] - expected) ** 2 / expected).sum()
    assert d.size > 5000 and chi2 < 43.8                     # 19 degrees of freedom: p = 0.001
    vacancies = 160 * 1500 - network.num_synapses
    free = 1.0 - network.num_synapses / 1500**2          # attempts that meet a synapse come to nothing
    assert d.size == pytest.approx(0.75 * vacancies * chance.mean() * free, rel=0.03)


def test_active_neurons_form_more_and_without_activity_nothing_forms_that_needs_it():
    assert grown(1e6, share=1.0)[1].size == 0
    _, pairs = grown(1e6, share=1.0, silent=False)
    spikes = np.random.default_rng(0).integers(0, 6, 1500)
    for side in (0, 1):
        counts = np.bincount(spikes[pairs[:, side]], minlength=6) / np.bincount(spikes, minlength=6)
        assert counts[0] == 0
        np.testing.assert_allclose(counts / counts[5], np.arange(6) / 5.0, atol=0.06)


def test_the_number_of_synapses_settles_where_loss_and_growth_balance():
    """n p = (M - n (1 - p)) a q: of M places those that are vacant after the loss are tried a times each; q of the
    attempts meet no synapse."""
    p, a = 0.2, 0.3
    core = CoreSimConfig(seed=4, num_neurons=300, connections_per_neuron=20, connection_length_um=1e9, num_traits=1,
                         inhibitory_trait_indices=(), enable_structural_plasticity=True, structural_growth=1.5,
                         structural_weight_threshold=10.0, structural_elimination=p, structural_attempts=a,
                         structural_length_um=1e9, structural_activity_share=0.0)
    plan = make_plan(core, 4)
    network = Network(plan)
    wiring, sizes = network.wiring(), []
    for number in range(40):
        made = play(plan, plan.learning.structure, number, network.positions, np.zeros(300, np.uint32), wiring,
                    {WEIGHT: np.ones(wiring.num_synapses, np.float32)}, WEIGHT)
        wiring = made.wiring
        sizes.append(wiring.num_synapses)
    places = 300 * int(plan.learning.structure.counts[0, MOST_IN])
    tried = a * (1.0 - np.mean(sizes[20:]) * (1.0 - p) / 300**2)
    assert np.mean(sizes[20:]) == pytest.approx(places * tried / (p + tried * (1.0 - p)), rel=0.02)


def test_a_round_takes_the_memory_that_was_forecast():
    core = CORES["release"].changed(num_neurons=2000, connections_per_neuron=200, excitatory_weight_nS=0.2)
    sim = Simulation(core, CPU)
    sim.step(100)                                          # compiles, and from now on a state carries its synapses
    tracemalloc.start()
    sim.step(100)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sim.memory_bytes + peak == pytest.approx(estimate_memory(core), rel=0.2)


# ---- the same bits, however it is run
@pytest.mark.parametrize("name", CORES)
def test_a_network_that_rewires_is_the_same_however_it_is_run(name, backend):
    whole = Simulation(CORES[name], CPU)
    whole.step(450)
    formed, removed = whole.plasticity_events[2:]
    assert formed > 500 and removed > 500 and whole.spike_counts().sum() > 300
    for gpu, batches in ((backend, (1, 99, 350)), (GPUConfig(backend="cpu", num_threads=3), (130, 320))):
        other = Simulation(CORES[name], gpu)
        for count in batches:
            other.step(count)
        assert other.plasticity_events == whole.plasticity_events and same(everything(other), everything(whole))
        assert all(np.array_equal(a, b) for a, b in zip(other.network.csr(), whole.network.csr(), strict=True))


@pytest.mark.parametrize("threads", [1, 3])
def test_a_snapshot_between_rounds_continues_with_the_same_bits(threads):
    sim = Simulation(CORES["STDP"], CPU)
    sim.step(250)
    snapshot = sim.snapshot()
    sim.step(200)
    other = Simulation(CORES["STDP"], GPUConfig(backend="cpu", num_threads=threads))
    other.step(120)
    other.restore(Snapshot.of(snapshot.step, {path: values.copy() for path, values in snapshot.arrays().items()}))
    assert same(everything(other), snapshot.arrays())
    other.step(200)
    assert same(everything(other), everything(sim))
    sim.reset()
    fresh = Simulation(CORES["STDP"], CPU)
    assert same(everything(sim), everything(fresh)) and sim.plasticity_events == (0, 0, 0, 0)
    assert all(np.array_equal(a, b) for a, b in zip(sim.network.csr(), fresh.network.csr(), strict=True))


def follow(core: CoreSimConfig, kind: str, counts: tuple[int, int, int], monkeypatch) -> Simulation:
    """Run on the CPU and on a device of this layout, compare everything, and let states go over; return the first."""
    if kind == "global":
        monkeypatch.setattr(cuda_engine, "choose", lambda plan, device: Layout(
            "global", "for this test", 1, slots=plan.max_delay_steps + 2))
    host, device = Simulation(core, CPU), Simulation(core, GPUConfig(backend="cuda"))
    fresh, states = everything(device), {}
    assert same(fresh, everything(host)) and device._engine.layout.kind == kind
    for count in counts:
        for sim in (host, device):
            sim.step(count)
            states[sim, sim.step_index] = sim.snapshot()
        assert same(everything(device), everything(host)), count
    assert device.plasticity_events == host.plasticity_events
    for a, b in zip(device.network.csr(), host.network.csr(), strict=True):
        assert np.array_equal(a, b)
    for a, b in zip(device.network.synapses_of(7), host.network.synapses_of(7), strict=True):
        assert sorted(zip(*a, strict=True)) == sorted(zip(*b, strict=True))
    assert np.array_equal(device.network.in_degrees(), host.network.in_degrees())
    after, middle = everything(host), counts[0] + counts[1]
    for sim, other in ((host, device), (device, host)):                # a state goes over to the other one
        sim.restore(states[other, middle])
        sim.step(counts[2])
        assert same(everything(sim), after)
    device.go_back(middle)
    assert same(everything(device), states[host, middle].arrays())
    device.reset()
    assert same(everything(device), fresh)
    return host


@pytest.mark.parametrize("kind", ["partitioned", "global"])
@pytest.mark.parametrize("name", ["reward", "release"])
def test_both_layouts_of_a_device_rewire_as_the_cpu_does(name, kind, monkeypatch):
    if cuda.problem() is not None:
        pytest.skip(f"no CUDA: {cuda.problem()}")
    assert min(follow(CORES[name], kind, (130, 120, 200), monkeypatch).plasticity_events[2:]) > 300


@pytest.mark.parametrize("kind", [pytest.param("partitioned", marks=pytest.mark.slow), "global"])
def test_the_text_of_a_device_rewires_as_the_cpu_does_on_the_host_too(kind, monkeypatch):
    """Synapses that only come and go: their weights lie apart, but no rule changes them."""
    if emulator.COMPILER is None:
        pytest.skip("no g++")
    emulator.install(monkeypatch)
    core = CORES["release"].changed(structural_interval_ms=10.0)
    assert min(follow(core, kind, (13, 12, 10), monkeypatch).plasticity_events[2:]) > 100


def test_going_back_across_a_round_leads_to_what_was():
    sim = Simulation(CORES["release"], CPU)
    sim.step(150)
    before = everything(sim)
    sim.step(200)
    after = everything(sim)
    sim.go_back(150)
    assert same(everything(sim), before)
    sim.step(200)
    assert same(everything(sim), after)


def test_synapses_that_fit_no_network_are_refused():
    sim = Simulation(CORES["release"], CPU)
    sim.step(100)
    snapshot = sim.snapshot()
    for name, wrong in (("wiring_targets", lambda a: a + 300), ("wiring_delays", lambda a: a * 0),
                        ("wiring_degrees", lambda a: a[::-1]), (WEIGHT, lambda a: a[1:])):
        assert name in SIZES_CHANGE or name == WEIGHT
        further = {**snapshot.further, name: wrong(snapshot.further[name])}
        with pytest.raises(StateError, match="cannot be restored"):
            sim.restore(Snapshot(snapshot.step, snapshot.states, snapshot.last_spike, snapshot.pending,
                                 snapshot.spike_counts, further))
    sim.restore(snapshot)
    assert same(everything(sim), snapshot.arrays())


def test_rounds_are_a_phase_of_their_own():
    sim = Simulation(CORES["release"], GPUConfig(backend="cpu", enable_profiling=True, profiling_detailed=True))
    phases = sim.step(250).phase_seconds
    if phases is None:
        pytest.skip("this processor has no time counter")
    assert np.flatnonzero(phases[:, 3]).tolist() == [99, 199]


def test_unlike_intervals_are_refused():
    from dataclasses import replace

    from neural_simulator.models.structures import structure
    from neural_simulator.network.plan import assemble
    from neural_simulator.network.projections import kernel_mean as mean
    populations, declared = structure(NET.neural_structure_profile).build(NET, mean)
    excitatory = [k for k, q in enumerate(declared) if populations[q.pre].excitatory]

    def plan(**intervals: float):
        own = {excitatory[0]: {"STRUCTURAL": {"interval_ms": intervals["first"]}},
               excitatory[1]: {"STRUCTURAL": {"interval_ms": intervals["second"]}}}
        return assemble(NET, 1, populations, [replace(q, plasticity=own.get(k, {})) for k, q in enumerate(declared)])

    chosen = plan(first=100.0, second=100.0).learning.structure
    assert len(chosen.counts) == 2 and chosen.interval_steps == 100
    with pytest.raises(ConfigurationError, match="share one interval"):
        assert plan(first=100.0, second=200.0).learning
