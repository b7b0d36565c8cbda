"""A snapshot holds everything: whoever continues from it computes the same bits."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import BackendError, Cancelled
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.snapshot import Snapshot

CORE = CoreSimConfig(seed=3, num_neurons=400, connections_per_neuron=50, excitatory_weight_nS=1.2,
                     inhibitory_weight_nS=3.6)


def assert_equal(first, second):
    assert first.step == second.step
    one, two = first.arrays(), second.arrays()
    assert set(one) == set(two)
    assert [name for name in one if not np.array_equal(one[name], two[name])] == []


def test_going_on_from_a_snapshot_equals_having_gone_on(backend):
    sim = Simulation(CORE, backend)
    sim.step(301)
    middle = sim.snapshot()
    batch = sim.step(250)
    end = sim.snapshot()
    assert batch.spike_ids.size > 300
    assert np.abs(middle.pending).sum() > 0                     # spikes were in flight
    for gpu in (backend, GPUConfig(backend="cpu", num_threads=1), GPUConfig(backend="cpu", num_threads=3)):
        other = Simulation(CORE, gpu)
        other.restore(middle)
        again = other.step(2)
        assert_equal(sim_after(sim, middle, 2), other.snapshot())
        again = other.step(248)
        assert np.array_equal(again.spike_ids, batch.spike_ids[-again.spike_ids.size:])
        assert_equal(end, other.snapshot())


def test_a_snapshot_taken_apart_and_put_together_is_the_same():
    vector = np.arange(3, dtype=np.float32)
    whole = Snapshot(7, {"v": vector, "u": vector + 1}, vector.astype(np.int32), vector.reshape(1, 1, 3),
                     vector.astype(np.uint32), {"weights": np.ones(11, np.uint16)})
    arrays = whole.arrays()
    assert set(arrays) == {"states/v", "states/u", "last_spike", "pending", "spike_counts", "further/weights"}
    assert whole.nbytes == 5 * 12 + 22
    assert_equal(whole, Snapshot.of(7, arrays))
    assert Snapshot.of(7, arrays).further["weights"] is whole.further["weights"]


def sim_after(sim, snapshot, steps):
    sim.restore(snapshot)
    sim.step(steps)
    return sim.snapshot()


def test_moving_to_the_cpu_keeps_every_bit(backend):
    stayed, moved = Simulation(CORE, backend), Simulation(CORE, backend)
    for sim in (stayed, moved):
        sim.step(200)
        sim.set_live(background_rate_Hz=650.0)
        sim.step(111)
    moved.move_to("cpu")
    assert moved.backend_name.startswith("CPU")
    first, second = stayed.step(200), moved.step(200)
    assert first.spike_ids.size > 200
    assert np.array_equal(first.spike_ids, second.spike_ids)
    assert_equal(stayed.snapshot(), moved.snapshot())


@pytest.mark.parametrize("keyframe_at", [None, 150])
def test_the_state_of_a_failed_device_is_computed_again(backend, keyframe_at, monkeypatch):
    intact, failed = Simulation(CORE, backend), Simulation(CORE, backend)
    for sim in (intact, failed):
        sim.step(100)
        sim.set_live(background_rate_Hz=650.0, external_current_pA=5.0)
        sim.step(50)
        if keyframe_at == sim.step_index:
            sim._keyframes.keep(sim.snapshot())
        sim.step(30)
        sim.set_live(background_rate_Hz=500.0)
        sim.step(70)

    def gone():
        raise BackendError("the device is gone")
    monkeypatch.setattr(failed._engine, "snapshot", gone)
    failed.move_to("cpu")
    assert failed.step_index == 250
    assert_equal(intact.snapshot(), failed.snapshot())
    assert np.array_equal(intact.step(100).spike_ids, failed.step(100).spike_ids)


def fail_half_way(sim, monkeypatch):
    """Let the next batch do some of its steps and then fail."""
    run = sim._engine.run

    def broken(steps, probes, **options):
        run(steps // 2, probes, **options)
        raise BackendError("the device is gone")
    monkeypatch.setattr(sim._engine, "run", broken)


def test_a_batch_that_failed_half_way_counts_for_nothing_and_is_done_again_elsewhere(backend, monkeypatch):
    intact, failed = Simulation(CORE, backend), Simulation(CORE, backend)
    for sim in (intact, failed):
        sim.step(120)
    fail_half_way(failed, monkeypatch)
    for attempt in ("is gone", "failed after step 120"):
        with pytest.raises(BackendError, match=attempt):
            failed.step(40)
        assert (failed.step_index, failed.time_ms) == (120, 120.0)
    failed.move_to("cpu")
    first, second = intact.step(200), failed.step(200)
    assert first.spike_ids.size > 200
    assert np.array_equal(first.spike_ids, second.spike_ids) and np.array_equal(first.spike_steps, second.spike_steps)
    assert_equal(intact.snapshot(), failed.snapshot())


def test_a_move_can_be_cancelled_and_made_later(backend, monkeypatch):
    intact, failed = Simulation(CORE, backend), Simulation(CORE, backend)
    for sim in (intact, failed):
        sim.step(120)
    fail_half_way(failed, monkeypatch)
    with pytest.raises(BackendError):
        failed.step(40)

    def give_up(task, fraction):
        if task == "Computing the state again":
            raise Cancelled("enough")
    with pytest.raises(Cancelled):
        failed.move_to("cpu", give_up)
    assert failed.gpu == backend and failed.step_index == 120
    failed.move_to("cpu")
    assert_equal(intact.snapshot(), failed.snapshot())


def test_going_back_to_time_0_mends_a_failed_batch(backend, monkeypatch):
    sim, fresh = Simulation(CORE, backend), Simulation(CORE, backend)
    fail_half_way(sim, monkeypatch)
    with pytest.raises(BackendError):
        sim.step(40)
    monkeypatch.undo()
    sim.reset()
    expected = fresh.step(300).spike_ids
    assert expected.size > 200 and np.array_equal(sim.step(300).spike_ids, expected)


def test_the_use_of_memory_is_a_share(backend):
    use = Simulation(CORE, backend).memory_use()
    assert 0.0 < use < 1.0
