"""What is done to neurons selected in the viewer acts on them in the simulation; inspecting changes nothing."""

import queue
import time

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app import selection
from neural_simulator.app.desk import Desk
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.observer import Observer
from neural_simulator.app.worker import Worker
from neural_simulator.config import CoreSimConfig, CurrentStimulus, GPUConfig, VisualizationConfig
from neural_simulator.engine.simulation import Simulation

CORE = CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=4, connection_length_um=1e6,
                     background_rate_Hz=300.0, stimuli=[CurrentStimulus(name="mine", amplitude_pA=1.0)])
CPU, VIZ = GPUConfig(backend="cpu"), VisualizationConfig()
CHOSEN = np.arange(10, 40, dtype=np.int32)


class Room:
    """A desk and a simulation thread without windows."""

    def __init__(self):
        commands, events, mailbox = queue.Queue(), queue.Queue(), Mailbox()
        self.worker, self.desk = Worker(commands, events, mailbox), Desk(commands, events, mailbox)
        self.worker.start()
        self.spikes = []

    def until(self, condition, patience_s=120.0):
        end = time.monotonic() + patience_s
        while not condition():
            assert time.monotonic() < end, self.desk.view.status
            time.sleep(0.005)
            self.desk.tick()
            if self.desk.fresh:
                self.spikes.append(self.desk.frame.spike_ids)

    def step(self, ms):
        """Advance and return how many spikes each neuron fired meanwhile."""
        self.spikes.clear()
        target = self.desk.frame.time_ms + ms
        self.desk.send(msg.StepOnce(ms))
        self.until(lambda: self.desk.frame.time_ms >= target)
        return np.bincount(np.concatenate([np.zeros(0, int), *self.spikes]), minlength=200)

    def trigger(self, name):
        before = self.desk.view.core
        self.desk.trigger(name)
        self.until(lambda: self.desk.view.core is not before or self.desk.view.status_bad)
        assert not self.desk.view.status_bad, self.desk.view.status


@pytest.fixture
def room():
    room = Room()
    room.desk.send(msg.ApplyConfig(CORE, CPU))
    room.until(lambda: room.desk.view.core is not None and room.desk.frame is not None)
    yield room
    room.desk.send(msg.Shutdown())
    assert room.worker.join(20.0)


def test_selected_neurons_are_pushed_silenced_and_released(room):
    desk = room.desk
    assert not desk.can("push_selected") and not desk.can("release")
    desk.select(CHOSEN)
    quiet = room.step(50.0)
    room.trigger("push_selected")
    pushed = room.step(50.0)
    assert pushed[CHOSEN].sum() > 3 * quiet[CHOSEN].sum() + 20, "500 pA for 50 ms"
    room.trigger("silence_selected")
    room.step(5.0)
    silent = room.step(200.0)
    assert silent[CHOSEN].sum() == 0 and silent.sum() > 50
    assert [stimulus.name for stimulus in desk.view.core.stimuli] == ["mine", selection.PUSH, selection.SILENCE]
    room.trigger("release")
    assert [stimulus.name for stimulus in desk.view.core.stimuli] == ["mine"] and not desk.can("release")
    room.step(20.0)
    assert room.step(300.0)[CHOSEN].sum() > 5


def test_without_a_selection_the_picked_neuron_is_meant(room):
    room.desk.inspect(17)
    room.until(lambda: room.desk.view.inspection is not None)
    room.trigger("push_selected")
    assert room.desk.view.core.stimuli[-1].neurons == (17,)
    assert room.step(50.0)[17] >= 2


def test_silence_gathers_neurons_and_a_new_push_replaces_the_one_before():
    core = CORE.changed(stimuli=selection.silenced(CORE, (3, 1), 10.0, VIZ))
    core = core.changed(stimuli=selection.silenced(core, (2,), 20.0, VIZ))
    core = core.changed(stimuli=selection.pushed(core, (5,), 30.0, VIZ))
    core = core.changed(stimuli=selection.pushed(core, (6, 7), 90.0, VIZ.changed(push_ms=8.0)))
    mine, silence, push = core.stimuli
    assert silence.neurons == (1, 2, 3) and silence.amplitude_pA == -1000.0 and silence.stop_ms is None
    assert push.neurons == (6, 7) and (push.start_ms, push.stop_ms) == (90.0, 98.0)
    assert selection.released(core) == (mine,)


def test_an_inspected_neuron_is_told_in_full_and_traced(room):
    room.desk.inspect(23)
    room.until(lambda: room.desk.view.inspection is not None)
    found = room.desk.view.inspection
    assert found.neuron == 23 and found.leaving.size > 5 and set(found.leaving.pre) == {23}
    assert set(found.ending.post) == {23} and ("C", 100.0, "pF") in found.parameters
    room.step(30.0)
    assert room.desk.frame.inspected == 23 and room.desk.frame.inspected_v.size > 0
    room.desk.trigger("unpick")
    room.until(lambda: room.desk.view.inspection is None)


def test_summed_weights_come_when_colours_ask_for_them(room):
    assert room.desk.view.incoming is None
    room.desk.change_visual(color_mode="inhibition")
    room.until(lambda: room.desk.view.incoming is not None)
    assert room.desk.view.incoming.sums.shape == (2, 200) and room.desk.view.incoming.sums.mean() > 1


def test_inspecting_does_not_change_what_is_recorded():
    """Also where the inspected neuron is one of the probes."""
    for inspected in (5, 77):
        sim = Simulation(CORE, CPU)
        observer = Observer(sim, (3, 5), 1)
        observer.inspect(inspected)
        batch = observer.saw(sim.step(60))
        frame = observer.frame(1e-5, 1.0)
        plain = Simulation(CORE, CPU)
        plain.set_probes((3, 5, 77))
        expected = plain.step(60).probe_v
        assert np.array_equal(batch.probe_v, expected[:, :2]) and np.array_equal(frame.probe_v, expected[:, :2])
        assert np.array_equal(frame.inspected_v, expected[:, 1 if inspected == 5 else 2])
        sim.close()
        plain.close()
