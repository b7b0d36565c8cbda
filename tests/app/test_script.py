"""What was done in the windows, as a script: it compiles, and running it gives the same bits."""

import queue

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.script import Script, literal
from neural_simulator.app.worker import Worker
from neural_simulator.config import CoreSimConfig, CurrentStimulus, GPUConfig, NeuronModel

CORE = CoreSimConfig(num_neurons=200, connections_per_neuron=20, external_current_pA=60.0)
GPU = GPUConfig(backend="cpu", num_threads=1)


def carried_out(*given):
    """Let a real simulation thread carry out commands; return the script of its events, and the last frame."""
    commands, events, mailbox = queue.Queue(), queue.Queue(), Mailbox()
    worker, script = Worker(commands, events, mailbox), Script()
    worker.start()
    for command in given:
        commands.put(command)
        event = None
        while not isinstance(event, msg.Done):
            event = events.get(timeout=60.0)
            assert not isinstance(event, msg.Failed), event
            script.saw(event)
    commands.put(msg.Shutdown())
    assert worker.join(10.0)
    return script, mailbox.take()


@pytest.mark.parametrize("given", [
    (msg.StepOnce(120.0),),
    (msg.StepOnce(50.0), msg.ChangeLive({"background_rate_Hz": 900.0}), msg.StepOnce(60.0)),
    (msg.StepOnce(50.0), msg.Stop(), msg.StepOnce(30.0), msg.ChangeLive({"external_current_pA": 120.0}),
     msg.StepOnce(40.0)),
    (msg.StepOnce(20.0), msg.ChangeLive({"stimuli": (CurrentStimulus(amplitude_pA=90.0, populations=("Exc*",)),)}),
     msg.StepOnce(60.0)),
    (msg.StepOnce(60.0), msg.ChangeLive({"background_rate_Hz": 900.0}), msg.StepOnce(60.0), msg.GoBack(40.0),
     msg.StepOnce(50.0)),
    (msg.StepOnce(60.0), msg.Reward(2.5), msg.StepOnce(80.0), msg.Stop(), msg.StepOnce(40.0), msg.Reward(-1.0),
     msg.StepOnce(60.0)),
])
def test_running_the_script_gives_the_same_bits(given):
    rewarded = any(isinstance(each, msg.Reward) for each in given)
    script, frame = carried_out(msg.ApplyConfig(CORE.changed(enable_reward_modulation=rewarded), GPU), *given)
    names = {}
    exec(compile(script.text(frame.step), "script", "exec"), names)
    sim = names["sim"].simulation
    if rewarded:
        assert frame.learning.events.strengthened == sim.learning_view().events.strengthened > 0
    assert frame.total_spikes > 20, "a silent network proves nothing"
    assert sim.step_index == frame.step and np.array_equal(sim.potential(), frame.v)
    assert np.array_equal(sim.last_spike_step(), frame.last_spike_step)


def test_a_drawn_seed_stands_in_the_script():
    script, _ = carried_out(msg.ApplyConfig(CORE, GPU))
    assert "seed=" in script.text(0) and "num_neurons=200" in script.text(0)
    assert "connections_per_neuron=100" not in script.text(0), "defaults are left out"


def test_before_anything_is_built_the_script_says_so():
    assert Script().text(0).startswith("#")


@pytest.mark.parametrize(("value", "text"), [
    (NeuronModel.ADEX, "'ADEX'"), (0.5, "0.5"), ((1, 2), "(1, 2)"), ({"C": 90.0}, "{'C': 90.0}")])
def test_values_are_python(value, text):
    assert literal(value) == text


def test_looking_at_a_neurons_states_changes_no_bit():
    _, plain = carried_out(msg.ApplyConfig(CORE.changed(seed=5), GPU), msg.StepOnce(80.0))
    _, looked = carried_out(msg.ApplyConfig(CORE.changed(seed=5), GPU), msg.Inspect(7, states=True),
                            msg.StepOnce(80.0))
    assert looked.states.shape == (80, len(looked.state_names)) and looked.state_names[0] == "v"
    assert np.array_equal(plain.v, looked.v) and plain.total_spikes == looked.total_spikes > 20
    assert looked.states[-1, 0] == looked.v[7]


def test_a_run_that_goes_on_from_a_checkpoint_is_told_from_there(tmp_path):
    path = tmp_path / "a.simstate.h5"
    script, frame = carried_out(msg.ApplyConfig(CORE, GPU), msg.StepOnce(70.0), msg.SaveCheckpoint(path),
                                msg.LoadCheckpoint(path, GPU), msg.StepOnce(30.0))
    names = {}
    exec(compile(script.text(frame.step), "script", "exec"), names)
    sim = names["sim"].simulation
    assert sim.step_index == frame.step == 100 and np.array_equal(sim.potential(), frame.v)
