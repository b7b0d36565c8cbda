"""Stimuli on their way through the program: commands, checkpoints, recordings, the scripting interface."""

from __future__ import annotations

import queue

import numpy as np

from neural_simulator import CoreSimConfig, CurrentNoise, CurrentStimulus, GPUConfig, SimulationBridge
from neural_simulator.app import checkpoints
from neural_simulator.app import messages as msg
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.worker import Worker
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.recordings import Recording
from tests.activity import CPU, spikes_sha, state_sha

CORE = CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=3,
                     stimuli=[CurrentNoise(sigma_pA=30.0), CurrentStimulus(amplitude_pA=50.0, populations=("Exc*",))])
LOUDER = (CurrentNoise(sigma_pA=60.0), CurrentStimulus(amplitude_pA=90.0), CurrentNoise(sigma_pA=5.0))


def test_a_checkpoint_carries_the_stimuli_and_the_state_of_their_noise(tmp_path, backend):
    sim = Simulation(CORE, backend)
    sim.step(60)
    sim.set_stimuli(LOUDER)
    sim.step(40)
    path = checkpoints.save(sim, tmp_path / "a.simstate.h5")
    expected = sim.step(150)
    assert expected.spike_ids.size > 100
    again, core = checkpoints.load(path, lambda core: Simulation(core, CPU))
    assert core.stimuli == LOUDER == again.stimuli
    assert spikes_sha(again.step(150)) == spikes_sha(expected)
    assert state_sha(again) == state_sha(sim)


def test_the_worker_changes_stimuli_also_during_a_recording(tmp_path):
    events = queue.Queue()
    worker = Worker(queue.Queue(), events, Mailbox(), crash_folder=tmp_path)
    asked = [msg.ApplyConfig(CORE, GPUConfig(backend="cpu")), msg.ChangeLive({"stimuli": LOUDER}), msg.StepOnce(50.0),
             msg.ChangeLive({"stimuli": [{"kind": "current", "neurons": [999]}]}),
             msg.StartRecording(tmp_path / "a.simrec.h5"), msg.ChangeLive({"stimuli": []}), msg.Shutdown()]
    for command in asked:
        worker._obey(command)
    worker._forget_network()
    answers = [event for event in events.queue if isinstance(event, msg.Done | msg.Failed)]
    assert [type(answer) for answer in answers] == [msg.Done] * 3 + [msg.Failed, msg.Done, msg.Done, msg.Done]
    assert "Stimuli: 3" in answers[1].text
    assert "no neuron 999" in answers[3].message and answers[3].field == "stimuli"


def test_a_script_sets_stimuli_from_objects_or_dictionaries(tmp_path):
    sims = []
    for given in (LOUDER, [one.model_dump(mode="json") for one in LOUDER]):
        sim = SimulationBridge(core_config=CORE, gpu_config=GPUConfig(backend="cpu"))
        sim.initialize()
        sim.set_stimuli(given)
        sims.append(sim.step(100))
    assert sims[0].spike_ids.size > 50
    assert np.array_equal(sims[0].spike_ids, sims[1].spike_ids)
    sim.start_recording_to_file(tmp_path / "a.simrec.h5")
    sim.set_stimuli([])
    sim.step(10)
    sim.stop_recording()
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        assert "stimuli" in [change.field for change in recording.changes()]
