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
from neural_simulator.app.stage import Stage
from neural_simulator.app.view_state import ViewState, apply
from neural_simulator.app.worker import Worker, build_simulation
from neural_simulator.base.errors import FileFormatError
from neural_simulator.config import GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.snapshot import Snapshot
from neural_simulator.files.checkpoints import Checkpoint, write_checkpoint
from neural_simulator.files.recording_choice import RecordingChoice
from tests.activity import CPU, everything, same
from tests.app.test_learning import CORE
from tests.engine.test_learning import LEARNING

REWIRING = CORE.changed(enable_structural_plasticity=True, structural_interval_ms=100.0, structural_elimination=0.2,
                        structural_weight_threshold=1.0, structural_attempts=5.0, structural_length_um=500.0,
                        enable_short_term_plasticity=True)


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


@pytest.mark.parametrize("name", LEARNING)
def test_every_rule_goes_on_from_a_checkpoint_with_the_same_bits(name, tmp_path):
    core = LEARNING[name].changed(enable_structural_plasticity=True, structural_interval_ms=100.0)
    sim = Simulation(core, CPU)
    sim.run(160.0)
    if sim.rewarded:
        sim.reward(3.0, delay_ms=70.0)
    path = checkpoints.save(sim, tmp_path / "a.simstate.h5")
    sim.run(150.0)
    assert sim.spike_counts().sum() > 200 and sum(sim.plasticity_events) > 100
    bridge = SimulationBridge(core_config=REWIRING, gpu_config=GPUConfig(backend="cpu", num_threads=2))
    bridge.initialize()
    bridge.step(10)
    for _ in range(2):                                     # restored twice, into another configuration
        bridge.load_checkpoint(path)
        bridge.run(150.0)
        assert same(everything(bridge.simulation), everything(sim))


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


@pytest.mark.parametrize("choice", [RecordingChoice(neurons="all"), RecordingChoice("replay", keyframe_steps=70)],
                         ids=["full", "replay"])
def test_a_playback_across_rounds_and_rewards_shows_what_was_and_leaves_the_live_network_as_it_was(tmp_path, choice):
    sim, known = Simulation(REWIRING, CPU), {}
    sim.step(130)
    sim.reward(2.0)                                        # before the recording begins; the second one within
    recorder = RunRecorder(tmp_path / "a.simrec.h5", REWIRING, sim, (), choice, CPU)
    for number in range(12):
        if number == 6:
            sim.reward(-1.5, delay_ms=30.0)
            recorder.changed({"rewards": sim.live["rewards"]})
        recorder.saw(sim.step(20))
        known[sim.step_index] = sim.potential(), sim.spike_counts().sum()
    recorder.close()
    sim.step(60)                                           # across a round that was not recorded
    before, wiring, live = everything(sim), sim.network.csr(), dict(sim.live)
    stage = Stage(recorder.path, sim, build_simulation, CPU, lambda task, fraction: None, 7)
    for step in (370, 150, 330, 190, 250, 350):
        stage.player.seek(step)
        frame = stage.player.frame()
        assert frame.step == step and np.array_equal(frame.v, known[step][0])
        assert frame.total_spikes == known[step][1] > 50
    assert stage.computes is (choice.kind == "replay")
    stage.close()
    assert same(everything(sim), before) and sim.live == live and sim.step_index == 430
    assert all(np.array_equal(a, b) for a, b in zip(sim.network.csr(), wiring, strict=True))
    sim.step(100)
    went_on = everything(sim)
    for step in (300, 140):                                # back to between rewards and rounds, and before them
        sim.go_back(step)
        sim.step(10)
        assert np.array_equal(sim.potential(), known[step + 10][0])
    again = Simulation(REWIRING.changed(rewards=[[130.0, 2.0], [280.0, -1.5]]), CPU)
    again.step(530)
    assert same(everything(again), went_on)


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
