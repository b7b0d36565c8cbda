"""Learning as the windows see it: a reward as a command, counters and weights in the frames, both in recordings."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from neural_simulator.app import checkpoints
from neural_simulator.app import messages as msg
from neural_simulator.app.bridge import SimulationBridge
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.replay import Replay
from neural_simulator.app.worker import Worker
from neural_simulator.base.errors import ConfigurationError
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.recordings import Recording
from tests.activity import CPU

CORE = CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=1, enable_reward_modulation=True,
                     stdp_a_plus=0.1, stdp_a_minus=0.05, background_rate_Hz=400.0)


@pytest.fixture
def thread():
    """Send a command to a real simulation thread and get its answer; `.mailbox` holds the newest frame."""
    commands, events, mailbox = queue.Queue(), queue.Queue(), Mailbox()
    worker = Worker(commands, events, mailbox)
    worker.start()

    def ask(command):
        commands.put(command)
        while True:
            event = events.get(timeout=300.0)
            if isinstance(event, (msg.Done, msg.Failed)) and event.command is command:
                return event
    ask.mailbox = mailbox
    yield ask
    commands.put(msg.Shutdown())
    assert worker.join(30.0)


def test_a_reward_reaches_the_network_the_frames_and_the_recording(thread, tmp_path):
    path = tmp_path / "a.simrec.h5"
    assert isinstance(thread(msg.ApplyConfig(CORE, GPUConfig(backend="cpu"))), msg.Done)
    thread(msg.StartRecording(path))
    thread(msg.StepOnce(150.0))
    assert thread(msg.Reward(5.0)).text == "Reward of 5 at 150 ms."
    thread(msg.StepOnce(150.0))
    learned = thread.mailbox.take().learning
    thread(msg.StopRecording())
    assert "between -1000 and 1000" in thread(msg.Reward(1e9)).message
    assert learned.rewarded and learned.dopamine == pytest.approx(5.0 * np.exp(-150.0 / 200.0), rel=1e-3)
    assert len(learned.projections) == 4 * 5 and sum(int(p.counts.sum()) for p in learned.projections) > 3000
    assert all(0.0 < p.mean < p.largest and p.unit == "nS" for p in learned.projections)
    with Recording.open(path) as recording:
        change, = recording.changes()
        assert (change.step, change.field, change.value) == (150, "rewards", [[150.0, 5.0]])
    sim = Simulation(CORE, CPU)
    sim.step(150)
    sim.reward(5.0)
    sim.step(150)
    with Replay.open(path, CPU) as replay:
        assert np.array_equal(replay.at(300)["v"], sim.potential())
        assert not np.array_equal(replay.synapses_at(150)[2], sim.network.csr()[2])
        assert np.array_equal(replay.synapses_at(300)[2], sim.network.csr()[2])


def test_a_reward_is_refused_where_nothing_waits_for_it(thread):
    thread(msg.ApplyConfig(CORE.changed(enable_reward_modulation=False), GPUConfig(backend="cpu")))
    assert "switch reward-modulated STDP on" in thread(msg.Reward()).message


def test_the_bridge_counts_the_events_of_learning_and_gives_rewards():
    sim = SimulationBridge(core_config=CORE, gpu_config=CPU)
    sim.initialize()
    before = sim.cp_connections.data
    assert sim.get_latest_simulation_data_for_gui()["total_plasticity_events"] == 0
    sim.step(200)
    sim.reward(5.0)
    sim.step(200)
    learned = sim.learning_view()
    assert learned.events.strengthened > 100 and learned.events.weakened > 100
    assert sim.get_latest_simulation_data_for_gui()["total_plasticity_events"] == sum(learned.events)
    assert np.abs(sim.cp_connections.data - before).max() > 0.0
    with pytest.raises(ConfigurationError, match="rewards"):
        sim.reward(1e9)


def test_a_checkpoint_between_a_reward_and_the_next_step_goes_on_with_the_same_bits(tmp_path):
    sim = Simulation(CORE, CPU)
    sim.step(150)
    sim.reward(5.0)
    sim.reward(-1.0)
    assert sim.dopamine == 4.0 and sim.live["rewards"] == [[150.0, 5.0], [150.0, -1.0]]
    checkpoints.save(sim, tmp_path / "a.simstate.h5")
    sim.step(200)
    again, shown = checkpoints.load(tmp_path / "a.simstate.h5", lambda core: Simulation(core, CPU))
    assert shown.rewards == ()                          # they belong to the run
    again.step(200)
    a, b = sim.snapshot().arrays(), again.snapshot().arrays()
    assert a.keys() == b.keys() and all(np.array_equal(a[name], b[name]) for name in a)
    sim.reward(1.0)
    assert sim.live["rewards"] == [[350.0, 1.0]]        # the past ones are in the dopamine
    sim.reset()
    assert sim.dopamine == 0.0 and "rewards" not in sim.live
    planned = Simulation(CORE.changed(rewards=[[150.0, 4.0]]), CPU)
    planned.step(350)
    assert np.array_equal(planned.network.csr()[2], again.network.csr()[2])
