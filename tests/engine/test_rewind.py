"""Going back in a run: the same moments, bit for bit, and another future from there."""

import numpy as np
import pytest

from neural_simulator.base.errors import BackendError, Cancelled, ConfigurationError
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine import keyframes
from neural_simulator.engine.keyframes import Keyframes
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.snapshot import Snapshot
from tests.engine.test_snapshot import assert_equal

CORE = CoreSimConfig(seed=3, num_neurons=400, connections_per_neuron=50, excitatory_weight_nS=1.2,
                     inhibitory_weight_nS=3.6)


@pytest.fixture(params=[True, False], ids=["keyframes", "none"])
def sim(backend, request, monkeypatch):
    """A run of 300 steps whose drive changes at 100 and 220."""
    monkeypatch.setattr(keyframes, "INTERVAL_S", 0.0)
    monkeypatch.setattr(keyframes, "COST_LIMIT", 1e9)
    run = Simulation(CORE, backend if request.param else backend.changed(rewind_memory_MB=0.0))
    for change in ({"background_rate_Hz": 500.0}, {"external_current_pA": 20.0}):
        for _ in range(4):
            run.step(25)
        run.set_live(**change)
    run.step(100)
    assert (len(run._keyframes.steps) > 8) is request.param and run.spike_counts().sum() > 300
    return run


def at(step, gpu) -> Simulation:
    """The same run to `step`."""
    run = Simulation(CORE, gpu)
    for until, change in ((100, {"background_rate_Hz": 500.0}), (200, {"external_current_pA": 20.0})):
        run.step(min(until, step) - run.step_index)
        if step >= until:
            run.set_live(**change)
    run.step(step - run.step_index)
    return run


@pytest.mark.parametrize("step", [0, 1, 99, 100, 101, 212, 300])
def test_going_back_leads_to_what_was(sim, backend, step):
    future = sim.snapshot()
    sim.go_back(step)
    expected = at(step, backend)
    assert (sim.step_index, sim.time_ms) == (step, float(step)) and sim.live == expected.live
    assert_equal(sim.snapshot(), expected.snapshot())
    if step < 300:
        with pytest.raises(ConfigurationError, match="The run can go back to between 0 and"):
            sim.go_back(300)
    if step >= 200:                                     # no change was forgotten: the same future
        sim.step(300 - step)
        assert_equal(sim.snapshot(), future)


def test_a_branch_is_another_run_that_can_be_gone_back_in_as_well(sim, backend):
    sim.go_back(150)
    sim.set_live(background_rate_Hz=900.0)
    sim.step(80)
    branch = sim.snapshot()
    other = at(150, backend)
    other.set_live(background_rate_Hz=900.0)
    other.step(80)
    assert_equal(branch, other.snapshot())
    sim.step(70)
    sim.go_back(230)
    assert_equal(branch, sim.snapshot())
    sim.go_back(120)
    assert_equal(sim.snapshot(), at(120, backend).snapshot())


def test_giving_up_on_the_way_back_changes_nothing(sim):
    before = sim.snapshot()

    def give_up(task, fraction):
        raise Cancelled("enough")
    with pytest.raises(Cancelled):
        sim.go_back(137, give_up)
    assert_equal(before, sim.snapshot())
    sim.step(10)
    sim.go_back(300)
    assert_equal(before, sim.snapshot())


def test_a_run_from_a_snapshot_goes_back_to_its_beginning_and_no_farther(backend):
    sim = Simulation(CORE, backend)
    sim.step(60)
    middle = sim.snapshot()
    sim.restore(middle)
    sim.step(50)
    assert sim.first_step == 60
    with pytest.raises(ConfigurationError, match="between 60 and 110 ms, not to 59 ms"):
        sim.go_back(59)
    sim.go_back(60)
    assert_equal(middle, sim.snapshot())


def test_what_was_lent_comes_back_as_it_was(sim):
    before, steps = sim.snapshot(), sim._keyframes.steps
    live = sim.live
    loan = sim.lend()
    sim.reset()
    sim.step(30)
    sim.set_live(background_rate_Hz=1.0)
    sim.set_probes((1, 2))
    sim.take_back(loan)
    assert_equal(before, sim.snapshot())
    assert sim.live == live and sim._keyframes.steps == steps
    sim.step(20)
    after = sim.snapshot()
    sim.go_back(300)
    sim.step(20)
    assert_equal(after, sim.snapshot())


def test_what_was_lent_to_a_device_that_failed_goes_on_elsewhere(sim, monkeypatch):
    before = sim.snapshot()
    loan = sim.lend()
    sim.step(30)

    def gone(*_):
        raise BackendError("the device is gone")
    monkeypatch.setattr(sim._engine, "restore", gone)
    with pytest.raises(BackendError):
        sim.take_back(loan)
    with pytest.raises(BackendError, match="failed after step 300"):
        sim.step(1)
    sim.move_to("cpu")
    assert_equal(before, sim.snapshot())


# ---- which states are kept ------------------------------------------------------------------------------
def state(step: int) -> Snapshot:
    vector = np.zeros(25, np.float32)                   # 5 x 100 bytes
    return Snapshot(step, {"v": vector, "u": vector}, vector.view(np.int32), vector.view(np.int32),
                    vector.view(np.uint32))


def test_states_are_close_together_near_the_present_and_never_more_than_fit():
    kept = Keyframes(budget_bytes=10 * 500)
    for step in range(10, 10_001, 10):
        kept.step = step
        kept.keep(state(step))
        assert len(kept.steps) <= 11
    steps = np.array(kept.steps)
    assert steps[0] == 0 and steps[-1] == 10_000 and len(steps) == 11
    gaps = np.diff(steps)
    assert gaps[-1] <= 20 and gaps[:3].min() > 500 and gaps.max() < 6000
    ages = 10_000 - steps[1:-1]
    assert (gaps[1:] <= 2 * ages + 20).all()            # the way to any moment is in proportion to its age


def test_without_memory_only_the_beginning_is_kept():
    sim = Simulation(CORE, GPUConfig(backend="cpu", rewind_memory_MB=0.0))
    sim.step(10)
    sim.step(10)
    assert sim._keyframes.steps == (0,)


def test_a_state_is_kept_about_every_second(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(keyframes.time, "monotonic", lambda: now[0])
    sim = Simulation(CORE, GPUConfig(backend="cpu"))
    for _ in range(50):
        now[0] += 0.1
        sim.step(1)
    assert 4 <= len(sim._keyframes.steps) - 1 <= 5
