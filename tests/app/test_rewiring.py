"""Structural plasticity through files: checkpoints and recordings carry what the seed no longer gives."""

from __future__ import annotations

import queue
from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app import checkpoints
from neural_simulator.app import messages as msg
from neural_simulator.app.bridge import SimulationBridge
from neural_simulator.app.frames import Mailbox, same_neurons
from neural_simulator.app.recorder import RunRecorder
from neural_simulator.app.replay import Replay
from neural_simulator.app.view_state import ViewState, apply
from neural_simulator.app.worker import Worker
from neural_simulator.base.errors import FileFormatError
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.snapshot import Snapshot
from neural_simulator.files.checkpoints import Checkpoint, write_checkpoint
from neural_simulator.files.recording_choice import RecordingChoice
from tests.activity import CPU
from tests.app.test_learning import CORE

REWIRING = CORE.changed(enable_structural_plasticity=True, structural_interval_ms=100.0, structural_elimination=0.2,
                        structural_weight_threshold=1.0, structural_attempts=5.0, structural_length_um=500.0,
                        enable_short_term_plasticity=True)


def everything(sim: Simulation) -> dict[str, np.ndarray]:
    return sim.snapshot().arrays()


def same(a: dict[str, np.ndarray], b: dict[str, np.ndarray]) -> bool:
    return a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)


@pytest.mark.parametrize("before", [50, 250])
def test_a_checkpoint_before_or_after_a_round_goes_on_with_the_same_bits(before, tmp_path):
    sim = Simulation(REWIRING, CPU)
    sim.step(before)
    path = checkpoints.save(sim, tmp_path / "a.simstate.h5")
    formed = sim.plasticity_events.formed
    assert (formed > 100) is (before == 250)
    sim.step(200)
    again, _ = checkpoints.load(path, lambda core: Simulation(core, CPU))
    assert again.plasticity_events.formed == formed
    again.step(200)
    assert same(everything(again), everything(sim)) and sim.spike_counts().sum() > 300
    assert again.network.num_synapses == sim.network.num_synapses != Simulation(REWIRING, CPU).network.num_synapses
    with Checkpoint.open(path) as checkpoint:
        assert checkpoint.layout["further/wiring_targets"][1] == ((0,) if before == 50 else (
            checkpoint.origin.num_synapses,))


def test_a_checkpoint_whose_synapses_fit_no_network_is_refused(tmp_path):
    sim = Simulation(REWIRING, CPU)
    sim.step(100)
    state, origin = sim.snapshot(), checkpoints.origin_of(sim)
    arrays = {**state.arrays(), "further/wiring_targets": state.further["wiring_targets"][:-1]}
    write_checkpoint(tmp_path / "a.simstate.h5", origin, state.step, arrays)
    with pytest.raises(FileFormatError, match="a.simstate.h5 is damaged: The state's synapses do not belong"):
        checkpoints.load(tmp_path / "a.simstate.h5", lambda core: Simulation(core, CPU))


def test_a_recording_is_computed_again_across_rounds(tmp_path):
    sim = Simulation(REWIRING, CPU)
    sim.step(130)
    recorder = RunRecorder(tmp_path / "a.simrec.h5", REWIRING, sim, (), RecordingChoice(kind="replay",
                                                                                      keyframe_steps=100), CPU)
    known = {}
    for _ in range(4):
        recorder.saw(sim.step(60))
        known[sim.step_index] = sim.snapshot()
    recorder.close()
    with Replay.open(recorder.path, CPU) as replay:
        for step in (370, 190, 310, 250):                 # forward, back, with and without a kept state on the way
            assert np.array_equal(replay.at(step)["v"], known[step].states["v"])
            assert same(everything(replay._sim), known[step].arrays())
    assert isinstance(known[370], Snapshot) and known[370].further["wiring_changes"].min() > 100


def test_the_bridge_shows_the_synapses_that_there_are():
    bridge = SimulationBridge(core_config=REWIRING, gpu_config=CPU)
    bridge.initialize()
    before = bridge.cp_connections
    bridge.step(200)
    after, events = bridge.cp_connections, bridge.learning_view().events
    assert after.indices.size == before.indices.size + events.formed - events.removed
    assert bridge.connectivity().num_synapses == after.indices.size == after.indptr[-1]
    assert events.formed > 100 and bridge.get_latest_simulation_data_for_gui()["total_plasticity_events"] == sum(events)


def test_the_windows_are_told_of_synapses_that_came_and_went(tmp_path):
    commands, events, mailbox, seen = queue.Queue(), queue.Queue(), Mailbox(), []
    worker = Worker(commands, events, mailbox)
    worker.start()
    view = ViewState()
    for command in (msg.ApplyConfig(REWIRING, CPU), msg.Inspect(7), msg.StepOnce(150.0), msg.GoBack(50.0),
                    msg.StepOnce(150.0)):
        commands.put(command)
        while not (seen and isinstance(seen[-1], msg.Done) and seen[-1].command is command):
            seen.append(events.get(timeout=300.0))
            view = apply(view, seen[-1])
            assert not isinstance(seen[-1], msg.Failed), seen[-1].message
    commands.put(msg.Shutdown())
    assert worker.join(30.0)
    sim = Simulation(REWIRING, CPU)
    built = sim.network.num_synapses
    sim.step(200)
    changed = [event for event in seen if isinstance(event, msg.SynapsesChanged)]
    assert [event.num_synapses for event in changed[1:]] == [built, sim.network.num_synapses]
    assert changed[0].num_synapses not in (built, changed[2].num_synapses)
    assert view.network.num_synapses == view.network.synapse_sample.size == sim.network.num_synapses
    for shown, own in zip(view.inspection.leaving, sim.network.synapses_of(7)[0], strict=True):
        assert np.array_equal(shown, own)
    first = next(event.view for event in seen if isinstance(event, msg.NetworkBuilt))
    assert same_neurons(first, replace(first, num_synapses=0)) and not same_neurons(first, replace(first, build=9))
