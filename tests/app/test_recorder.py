"""Recording a running simulation: what is chosen is in the file, in every mode; a failure ends it with a sentence."""

import gzip
import time

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app.bridge import SimulationBridge
from neural_simulator.app.recorder import RunRecorder
from neural_simulator.base.errors import BackendError, ConfigurationError, FileFormatError, SimulatorError
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine import sampling
from neural_simulator.engine.simulation import Simulation
from neural_simulator.engine.snapshot import Snapshot
from neural_simulator.files.recording_choice import RecordingChoice, forecast
from neural_simulator.files.recording_writer import BackgroundWriter, RecordingWriter
from neural_simulator.files.recordings import Change, Recording
from tests.activity import CPU
from tests.app.fakes import answers
from tests.app.golden_checkpoint import FOLDER
from tests.app.test_checkpoints import converse
from tests.files.samples import recorder

CORE = CoreSimConfig(seed=3, num_neurons=300, connections_per_neuron=30, excitatory_weight_nS=1.2,
                     inhibitory_weight_nS=3.6)
MODES = ("gpu_buffered", "streaming")


def recorded(path, gpu, choice, batches=(1, 30, 100, 69), live=()):
    """Record a run whose background changes before some batches; return the simulation at its end."""
    sim = Simulation(CORE, gpu)
    sim.step(50)
    recorder = RunRecorder(path, CORE, sim, (7, 250), choice, gpu)
    for number, steps in enumerate(batches):
        if number in live:
            sim.set_live(background_rate_Hz=400.0 + number)
            recorder.changed({"background_rate_Hz": 400.0 + number})
        recorder.saw(sim.step(steps))
    recorder.close()
    recorder.close()
    return sim


def watched(variable, ids, interval) -> np.ndarray:
    """Values by looking after every step."""
    sim, rows = Simulation(CORE, CPU), []
    sim.step(50)
    for _ in range(200):
        sim.step(1)
        if sim.step_index % interval == 0:
            rows.append(sim.state[variable][list(ids)])
    return np.stack(rows)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("choice, ids", [
    (RecordingChoice(), (7, 250)),
    (RecordingChoice(variables=("u", "v"), neurons=(9, 4, 9), interval_steps=10), (4, 9)),
    (RecordingChoice(neurons="all", interval_steps=20), tuple(range(300))),
])
def test_what_is_chosen_is_recorded_in_every_mode(tmp_path, backend, mode, choice, ids):
    path = tmp_path / "a.simrec.h5"
    recorded(path, backend.changed(recording_mode=mode), choice)
    with Recording.open(path) as recording:
        assert recording.complete and (recording.first_step, recording.stop_step) == (50, 250)
        assert recording.probes == ids and recording.num_spikes > 100
        for variable in choice.variables:
            steps, values = recording.trace(variable)
            interval = choice.interval_steps
            assert np.array_equal((steps + 1) % interval, np.zeros(len(steps)))
            assert np.array_equal(values, watched(variable, ids, interval))


def test_the_whole_state_is_kept_at_the_beginning_and_in_a_replay_recording_again_and_again(tmp_path, backend):
    path = tmp_path / "a.simrec.h5"
    sim = recorded(path, backend, RecordingChoice("replay", keyframe_steps=60))
    with Recording.open(path) as recording:
        assert recording.kind == "replay" and recording.probes == ()
        assert recording.keyframe_steps().tolist() == [50, 181, 250]     # a keyframe follows a batch
        again = Simulation(CORE, CPU)
        again.restore(Snapshot.of(181, recording.keyframe(1)))
        again.step(69)
        assert np.array_equal(again.potential(), sim.potential()) and recording.num_spikes > 100


def test_a_script_may_overwrite_the_batch_that_it_got(tmp_path):
    bridge = SimulationBridge(core_config=CORE, gpu_config=CPU)
    bridge.initialize()
    bridge.start_recording_to_file(tmp_path / "a.simrec.h5", RecordingChoice(neurons=(4,)))
    kept = []
    for _ in range(40):
        batch = bridge.step(5)
        kept.append(batch.spike_ids.copy())
        batch.spike_ids[:], batch.spike_steps[:] = -1, -1
    bridge.stop_recording()
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        assert np.array_equal(recording.spikes()[1], np.concatenate(kept)) and recording.num_spikes > 100


def test_changes_are_noted_at_their_step(tmp_path, backend):
    path = tmp_path / "a.simrec.h5"
    recorded(path, backend, RecordingChoice(), live=(1, 3))
    with Recording.open(path) as recording:
        assert [(change.step, change.value) for change in recording.changes()] == [(51, 401.0), (181, 403.0)]


def test_disabled_records_nothing_and_says_so(tmp_path):
    with pytest.raises(SimulatorError, match="Recording is disabled"):
        recorded(tmp_path / "a.simrec.h5", CPU.changed(recording_mode="disabled"), RecordingChoice())
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("choice", [RecordingChoice(variables=("x",)), RecordingChoice(neurons=(300,)),
                                    RecordingChoice(interval_steps=0)])
def test_what_does_not_exist_cannot_be_recorded(tmp_path, choice):
    with pytest.raises(ConfigurationError):
        recorded(tmp_path / "a.simrec.h5", CPU, choice)
    assert list(tmp_path.iterdir()) == []


# ---- on a device, played by the CPU ---------------------------------------------------------------------
class AsDevice:
    """The CPU's engine, said to lie on a device."""

    def __init__(self, engine):
        self._engine, self.on_host = engine, False

    def __getattr__(self, name):
        return getattr(self._engine, name)


@pytest.mark.parametrize("variables, interval", [(("v",), 1), (("v",), 3), (("v", "u"), 2)])
def test_a_device_s_buffer_is_emptied_before_it_overflows(variables, interval):
    sim = Simulation(CORE, CPU)
    sim.step(50)
    kept = sampling.Sampling(AsDevice(sim._engine), variables, (4, 9), interval, 5)
    spilled = []
    for count in (3, 1, 60, 7, 129):
        kept.run(count, np.array([9, 8]), False, True)
        spilled.append(kept.spilled)
    assert spilled[0] is False and spilled[-1] is True
    steps, values = kept.take()
    assert np.array_equal(steps, np.arange(49 + interval, 250, interval) // interval * interval + interval - 1) \
        or np.array_equal((steps + 1) % interval, np.zeros(len(steps)))
    for name in variables:
        assert np.array_equal(values[name], watched(name, (4, 9), interval))


def test_what_a_lost_device_held_is_said_to_be_lost():
    sim, other = Simulation(CORE, CPU), Simulation(CORE, CPU)
    kept = sampling.Sampling(AsDevice(sim._engine), ("v",), (4, 9), 1, 100)
    kept.run(10, np.zeros(0, np.int64), False, True)
    kept.take_over(other._engine, intact=False)
    with pytest.raises(BackendError, match="went what had been recorded"):
        kept.take()


# ---- the thread that writes -----------------------------------------------------------------------------
def wait_for(condition) -> bool:
    end = time.monotonic() + 20.0
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


def test_a_paused_run_is_flushed_too(tmp_path):
    path, none = tmp_path / "a.simrec.h5", np.empty(0, np.int64)
    background = BackgroundWriter(recorder(path, probes=()))
    background.do(lambda writer: writer.append(none, none, 0, 17))

    def steps() -> int:
        with Recording.open(path) as recording:
            return recording.num_steps
    assert wait_for(lambda: steps() == 17)
    background.close()


def test_the_writer_s_error_reaches_the_simulation_and_ends_the_writing(tmp_path):
    background = BackgroundWriter(recorder(tmp_path / "a.simrec.h5", probes=()))

    def fail(writer):
        raise FileFormatError("the disk is full")
    background.do(fail)
    assert wait_for(lambda: background._error is not None)
    with pytest.raises(FileFormatError, match="the disk is full"):
        background.do(lambda writer: None)
    with pytest.raises(FileFormatError, match="the disk is full"):
        background.close()


def test_the_simulation_waits_for_a_slow_disk_when_too_much_is_under_way(tmp_path):
    background = BackgroundWriter(recorder(tmp_path / "a.simrec.h5", probes=()), room_bytes=1000)
    done = []
    background.do(lambda writer: (time.sleep(0.3), done.append(1)), 900)
    background.do(lambda writer: done.append(2), 900)
    assert done[:1] == [1]
    background.close()
    assert done == [1, 2]


# ---- through the worker ---------------------------------------------------------------------------------
def test_a_disk_that_refuses_ends_the_recording_with_a_sentence_and_pauses_the_run(tmp_path, monkeypatch):
    append = RecordingWriter.append

    def refuse(self, *args, **options):
        if self.next_step > 60:
            raise FileFormatError("The recording ends at step 60, because the disk is full.")
        append(self, *args, **options)
    monkeypatch.setattr(RecordingWriter, "append", refuse)
    core = CORE.changed(total_simulation_time_ms=500_000.0)
    events, _, view = converse(msg.ApplyConfig(core, CPU), msg.StartRecording(tmp_path / "a.simrec.h5"),
                               msg.StepOnce(50.0), msg.StepOnce(50.0), msg.StepOnce(5.0), msg.StepOnce(5.0),
                               msg.StopRecording())
    ended, = [event for event in events if isinstance(event, msg.RecordingChanged) and event.path is None]
    assert ended.problem == "The recording ends at step 60, because the disk is full."
    assert view.recording is None and view.run == "paused"
    said = answers(events)
    assert all(isinstance(answer, msg.Done) for answer in said[:6])


def test_a_change_that_a_recording_cannot_take_ends_it_and_is_made(tmp_path, monkeypatch):
    def refuse(self, values):
        raise FileFormatError("The disk is full.")
    monkeypatch.setattr(RunRecorder, "changed", refuse)
    events, _, view = converse(msg.ApplyConfig(CORE, CPU), msg.StartRecording(tmp_path / "a.simrec.h5"),
                               msg.StepOnce(20.0), msg.ChangeLive({"background_rate_Hz": 400.0}))
    ended, = [event for event in events if isinstance(event, msg.RecordingChanged) and event.path is None]
    assert ended.problem == "The disk is full." and view.recording is None
    assert isinstance(answers(events)[-1], msg.Done) and view.core.background_rate_Hz == 400.0


def test_the_worker_records_what_is_chosen(tmp_path):
    path = tmp_path / "a.simrec.h5"
    choice = RecordingChoice(neurons=(5,), variables=("u",), interval_steps=2)
    events, _, view = converse(msg.ApplyConfig(CORE, CPU), msg.StartRecording(path, choice), msg.StepOnce(20.0),
                               msg.SetProbes((1, 2)), msg.StepOnce(20.0), msg.StopRecording())
    assert all(isinstance(answer, msg.Done) for answer in answers(events))
    assert answers(events)[-2].text == "The recording a.simrec.h5 is complete."
    with Recording.open(path) as recording:
        assert recording.trace("u")[0].tolist() == list(range(1, 40, 2)) and recording.probes == (5,)


def test_a_recording_of_format_1_is_read(tmp_path):
    path = tmp_path / "a.simrec.h5"
    path.write_bytes(gzip.decompress((FOLDER / "recording_v1.simrec.h5.gz").read_bytes()))
    with Recording.open(path) as recording:
        assert (recording.version, recording.kind, recording.probes) == (1, "full", (3, 60))
        assert recording.changes() == (Change(200, "background_rate_Hz", 1600.0),)
        assert recording.traces()[1].shape == (350, 2) and recording.num_spikes > 200
        assert recording.keyframe_steps().size == 0
        sim = Simulation(recording.core.changed(seed=recording.seed), CPU)
        sim.set_probes((3, 60))
        first = sim.step(200)
        if np.array_equal(sim.network.positions, recording.positions):      # not where this version builds another one
            sim.set_live(background_rate_Hz=1600.0)
            second = sim.step(150)
            ids = np.concatenate([first.spike_ids, second.spike_ids])
            assert np.array_equal(recording.spikes()[1], ids)
            assert np.array_equal(recording.traces()[1][200:], second.probe_v)


# ---- how large it will be -------------------------------------------------------------------------------
def test_the_forecast_is_near_the_truth(tmp_path):
    sizes = {}
    for kind, choice in (("full", RecordingChoice(neurons="all", interval_steps=2)),
                         ("replay", RecordingChoice("replay", keyframe_steps=20, neurons="all", interval_steps=2))):
        path = tmp_path / f"{kind}.simrec.h5"
        sim = recorded(path, CPU, choice, batches=(10,) * 100)
        with Recording.open(path) as recording:
            rate_Hz = recording.num_spikes / CORE.num_neurons / 1.0
        told = forecast(choice, num_neurons=300, num_traced=2, dt_ms=1.0, duration_ms=1000.0, rate_Hz=rate_Hz,
                        state_bytes=sim.snapshot().nbytes, step_s=1e-4)
        sizes[kind] = path.stat().st_size
    assert 0.5 < told.full / sizes["full"] < 1.5
    assert 0.5 < told.replay / sizes["replay"] < 1.5


def test_the_forecast_counts_what_is_chosen():
    facts = dict(num_neurons=1000, num_traced=2, dt_ms=1.0, duration_ms=1000.0, rate_Hz=5.0, state_bytes=100_000,
                 step_s=1e-4)
    base = forecast(RecordingChoice(neurons=()), **facts).full
    assert forecast(RecordingChoice(neurons="all"), **facts).full - base == 1000 * (8 + 4000)
    assert forecast(RecordingChoice(neurons=(1, 2, 3), variables=("u", "v")), **facts).full - base == 1000 * (8 + 24)
    assert forecast(RecordingChoice(neurons="traced", interval_steps=10), **facts).full - base == 100 * (8 + 8)
    assert forecast(RecordingChoice("replay"), **facts | {"step_s": 0.0}).replay == base
