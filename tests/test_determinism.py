"""Same seed, same result, bit for bit: spikes, voltages, all states, connectivity and weights."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neural_simulator.app.bridge import SimulationBridge
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.models.neurons import BUILT_IN
from neural_simulator.models.structures import STRUCTURES
from neural_simulator.tools.benchmark import DRIVES, firing_network
from tests import golden
from tests.activity import CPU, result_of, spikes_sha, state_sha

ROOT = Path(__file__).resolve().parents[1]
SMALL = CoreSimConfig(seed=11, num_neurons=300, connections_per_neuron=40, excitatory_weight_nS=1.5,
                      inhibitory_weight_nS=5.0)
STEPS = 400


@pytest.mark.parametrize("name", golden.CASES)
def test_a_golden_run_gives_the_results_kept_in_the_repository(name, backend):
    result = golden.compute(name, backend)
    assert result["spikes"] > (100 if name in STRUCTURES else 500)
    assert result == golden.read()[name]


def test_every_model_and_structure_has_a_golden_run_and_none_is_left_over():
    assert {f"uniform {key}" for key in BUILT_IN} <= set(golden.CASES)
    assert {key for key, structure in STRUCTURES.items() if structure.cells} <= set(golden.CASES)
    assert set(golden.read()) == set(golden.CASES)


def test_the_same_seed_twice_gives_the_same_bytes_in_one_process(backend):
    first, second = (result_of(SMALL, STEPS, backend) for _ in range(2))
    assert first["spikes"] > 500
    assert first == second


def test_another_process_with_another_number_of_threads_gives_the_same_bytes():
    program = ("import json; from neural_simulator.config import CoreSimConfig, GPUConfig; "
               "from tests.activity import result_of; "
               f"core = CoreSimConfig(**json.loads('''{SMALL.model_dump_json()}''')); "
               f"print(json.dumps(result_of(core, {STEPS}, GPUConfig(backend='cpu', num_threads=2))))")
    printed = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    result = result_of(SMALL, STEPS)
    assert result["spikes"] > 500
    assert json.loads(printed.stdout) == result


@pytest.mark.parametrize("model", DRIVES)
def test_the_number_of_threads_does_not_change_a_bit(model):
    core = firing_network(model, 300, 40)
    steps = round(150.0 / core.dt_ms)
    one, two, three = (result_of(core, steps, GPUConfig(backend="cpu", num_threads=n)) for n in (1, 2, 3))
    assert one["spikes"] > 100
    assert one == two == three


@pytest.mark.parametrize("batches", [(1,) * 9, (3, 5, 7, 2), (4, 4), (133, 1, 66)])
@pytest.mark.parametrize("threads", [1, 2])
def test_a_split_run_equals_one_run_wherever_it_is_split(batches, threads):
    gpu = GPUConfig(backend="cpu", num_threads=threads)
    assert result_of(SMALL, STEPS, gpu, batches) == result_of(SMALL, STEPS, gpu)


def test_a_split_run_equals_one_run_on_every_backend(backend):
    assert result_of(SMALL, STEPS, backend, (1, 2, 3, 5, 97)) == result_of(SMALL, STEPS)


def test_traces_do_not_depend_on_the_batches(backend):
    whole, split = Simulation(SMALL, backend), Simulation(SMALL, backend)
    for sim in (whole, split):
        sim.set_probes((0, 150, 299))
    expected = whole.step(50).probe_v
    assert np.array_equal(np.concatenate([split.step(n).probe_v for n in (1, 6, 43)]), expected)
    assert np.unique(expected).size > 100
    assert np.array_equal(expected[-1], whole.potential()[[0, 150, 299]])


def test_a_reset_simulation_repeats_a_fresh_one(backend):
    sim = Simulation(SMALL, backend)
    fresh = spikes_sha(sim.step(STEPS)), state_sha(sim)
    sim.step(37)
    sim.reset()
    assert sim.step_index == 0 and sim.time_ms == 0.0
    again = sim.step(STEPS)
    assert again.spike_ids.size > 500
    assert (spikes_sha(again), state_sha(sim)) == fresh


def test_looking_does_not_change_what_is_looked_at(backend):
    plain, watched = Simulation(SMALL, backend), Simulation(SMALL, backend)
    plain.step(100)
    watched.set_probes(range(20))
    for _ in range(100):
        watched.step()
        watched.potential()[:] = 0.0
        watched.last_spike_step()[:] = 0
    watched.network.sample_synapses(100)
    assert state_sha(plain) == state_sha(watched)
    assert np.array_equal(plain.last_spike_step(), watched.last_spike_step())
    assert np.array_equal(plain.potential(), watched.state["v"])


def test_profiling_does_not_change_a_bit():
    timed = GPUConfig(backend="cpu", enable_profiling=True, profiling_detailed=True)
    assert result_of(SMALL, STEPS, timed) == result_of(SMALL, STEPS)


def test_a_drive_changed_and_changed_back_is_followed_from_the_very_next_step(backend):
    changed, plain = Simulation(SMALL, backend), Simulation(SMALL, backend)
    for sim in (changed, plain):
        sim.step(5)                                 # inside a block of four steps
    changed.set_live(external_current_pA=200.0)
    changed.set_live(external_current_pA=0.0)
    changed.step(20), plain.step(20)
    assert state_sha(changed) == state_sha(plain)
    changed.set_live(external_current_pA=200.0)
    changed.step(1), plain.step(1)
    assert state_sha(changed) != state_sha(plain)


def test_other_seeds_give_other_networks_and_other_spikes():
    results = [result_of(SMALL.changed(seed=seed), STEPS) for seed in (1, 2, 2 + 2**32)]
    for key in ("spikes_sha", "states_sha", "synapses_sha"):
        assert len({result[key] for result in results}) == 3


def test_an_explicit_seed_is_the_one_used_and_minus_one_draws_a_new_one_each_time():
    sim = SimulationBridge(core_config=SMALL.changed(seed=4711), gpu_config=CPU)
    sim.initialize()
    assert sim.runtime_state.actual_seed_used == 4711
    drawn = []
    for _ in range(2):
        sim = SimulationBridge(core_config=SMALL.changed(seed=-1), gpu_config=CPU)
        sim.initialize()
        drawn.append(sim.runtime_state.actual_seed_used)
    assert min(drawn) >= 0 and drawn[0] != drawn[1]


def test_the_seed_that_was_drawn_repeats_the_run():
    drawn = Simulation(SMALL.changed(seed=-1), CPU)
    again = Simulation(SMALL.changed(seed=drawn.seed), CPU)
    assert spikes_sha(drawn.step(STEPS)) == spikes_sha(again.step(STEPS))
