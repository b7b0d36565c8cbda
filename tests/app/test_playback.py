"""Playback shows what the live run showed, wherever one jumps, and leaves the live simulation as it was."""

import gzip
import random

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app.frames import MAX_TAPE
from neural_simulator.app.observer import Observer
from neural_simulator.app.recorder import RunRecorder
from neural_simulator.app.replay import Replay
from neural_simulator.app.stage import Stage
from neural_simulator.app.worker import build_simulation
from neural_simulator.base.errors import Cancelled, FileFormatError
from neural_simulator.config import CoreSimConfig, CurrentNoise, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.recording_choice import RecordingChoice
from neural_simulator.files.recordings import Recording
from tests.activity import CPU
from tests.app.fakes import answers
from tests.app.golden_checkpoint import FOLDER
from tests.app.test_checkpoints import converse

CORE = CoreSimConfig(seed=3, num_neurons=200, connections_per_neuron=25, excitatory_weight_nS=1.2,
                     inhibitory_weight_nS=3.6)
FIRST, STOP = 40, 340
PROBES = (20, 60)                                      # those that the monitor traces of itself
CHANGES = {200: {"background_rate_Hz": 320.0}, 231: {"stimuli": [CurrentNoise(mean_pA=20.0, sigma_pA=30.0)]},
           300: {"stimuli": []}}
CHOICES = {
    "full": RecordingChoice(neurons="all"),
    "every fifth": RecordingChoice(neurons="all", interval_steps=5),
    "replay": RecordingChoice("replay", keyframe_steps=50),
    "traced": RecordingChoice(),                       # not all neurons: the rest is computed again
}


def silent(task, fraction):
    """Hear of progress and say nothing."""


def live_run(path, gpu, choice):
    """Record a run; return the simulation at its end, and the frames that the live windows would get at every step."""
    sim = Simulation(CORE, gpu)
    sim.step(FIRST)
    observer = Observer(sim, PROBES, 1)
    recorder = RunRecorder(path, CORE, sim, PROBES, choice, gpu)
    frames = {FIRST: observer.frame(0.0, 0.0)}
    for step in range(FIRST + 1, STOP + 1):
        if step in CHANGES:
            sim.set_live(**CHANGES[step])
            recorder.changed({name: sim.live[name] for name in CHANGES[step]})
        batch = sim.step(1)
        observer.saw(batch)
        recorder.saw(batch)
        frames[step] = observer.frame(0.0, 0.0)
    recorder.close()
    assert frames[STOP].total_spikes > 200
    return sim, frames


def assert_shown(frame, live):
    """The frame shows the state that the live frame showed."""
    assert (frame.step, frame.time_ms, frame.total_spikes) == (live.step, live.time_ms, live.total_spikes)
    assert np.array_equal(frame.v, live.v) and np.array_equal(frame.last_spike_step, live.last_spike_step)
    if live.step >= FIRST + 20:                        # the longest delay lies within the recording
        assert np.array_equal(frame.flying_steps, live.flying_steps)
        assert np.array_equal(frame.flying_ids, live.flying_ids)
    if live.step >= FIRST + 260:                       # and so does the window of the rates
        assert frame.rates_Hz == live.rates_Hz


@pytest.fixture(params=CHOICES)
def choice(request):
    return CHOICES[request.param]


@pytest.mark.parametrize("mode", ["gpu_cached", "streaming", "auto"])
@pytest.mark.parametrize("borrowed", [True, False], ids=["live network", "other network"])
def test_any_frame_shows_what_was_simulated(tmp_path, backend, choice, mode, borrowed):
    if choice.kind == "replay" and mode != "auto":
        pytest.skip("the mode is about recorded frames")
    path, dice = tmp_path / "a.simrec.h5", random.Random(4)
    sim, frames = live_run(path, backend, choice)
    live = sim if borrowed else None
    stage = Stage(path, live, build_simulation, backend.changed(playback_mode=mode), silent, 7)
    player = stage.player
    for _ in range(25):
        wanted = dice.choice([dice.randrange(FIRST, STOP + 1), player.step + 1, player.step - 1, FIRST, STOP])
        player.seek(wanted)
        step = player.step
        assert step == max(FIRST, min(STOP, wanted) // choice.interval_steps * choice.interval_steps)
        assert_shown(player.frame(), frames[step])
    stage.close()


def test_the_steps_of_a_playback_bring_every_spike_and_trace_once(tmp_path, choice):
    path = tmp_path / "a.simrec.h5"
    sim, frames = live_run(path, CPU, choice)
    stage = Stage(path, None, build_simulation, CPU, silent, 7)
    player, shown = stage.player, []
    player.seek(FIRST)
    player.frame()
    while player.step < STOP:
        player.move(1)
        shown.append(player.frame())
    for name in ("spike_steps", "spike_ids", "probe_steps", "probe_v"):
        have = np.concatenate([getattr(frame, name) for frame in shown])
        want = np.concatenate([getattr(frames[step], name) for step in range(FIRST + 1, STOP + 1)])
        if choice.interval_steps == 1 or name.startswith("spike"):
            assert np.array_equal(have, want), name
    assert shown[0].probe_ids == frames[STOP].probe_ids == PROBES
    stage.close()


def test_a_step_back_brings_the_time_before_it(tmp_path):
    path = tmp_path / "a.simrec.h5"
    _, frames = live_run(path, CPU, CHOICES["full"])
    stage = Stage(path, None, build_simulation, CPU, silent, 7)
    player = stage.player
    player.seek(300)
    player.frame()
    player.move(-1)
    frame = player.frame()
    spikes = np.concatenate([frames[step].spike_ids for step in range(FIRST + 1, 300)])
    assert np.array_equal(frame.spike_ids, spikes) and frame.step == 299 and frame.spike_ids.size < MAX_TAPE
    stage.close()


def test_playing_back_computes_a_stretch_once(tmp_path):
    path = tmp_path / "a.simrec.h5"
    _, frames = live_run(path, CPU, CHOICES["replay"])
    stage = Stage(path, None, build_simulation, CPU, silent, 7)
    player, steps, step = stage.player, [], stage._own.step
    stage._own.step = lambda count: steps.append(count) or step(count)
    player.seek(STOP)
    player.frame()
    for _ in range(150):
        player.move(-2)
        assert_shown(player.frame(), frames[player.step])
    assert player.step == FIRST and sum(steps) < 1000            # 300 steps, each once or twice, not 150 times
    stage.close()


# ---- the pace -------------------------------------------------------------------------------------------
@pytest.fixture
def player(tmp_path):
    live_run(tmp_path / "a.simrec.h5", CPU, CHOICES["full"])
    stage = Stage(tmp_path / "a.simrec.h5", None, build_simulation, CPU, silent, 7)
    yield stage.player
    stage.close()


def play(player, speed, seconds, every_s=0.02) -> list[int]:
    """Play for a while; return the steps shown."""
    player.play(speed, 100.0)
    shown = []
    for turn in range(1, round(seconds / every_s) + 1):
        if player.tick(100.0 + turn * every_s):
            shown.append(player.step)
    return shown


def test_it_plays_at_any_speed_forward_and_back(player):
    assert play(player, 1.0, 0.1) == [60, 80, 100, 120, 140]
    assert play(player, -0.5, 0.1) == [130, 120, 110, 100, 90]
    assert play(player, 0.01, 0.3)[-1] == 93 and player.wait_s() < 0.11       # 3 ms in 0.3 s: nothing is lost
    assert play(player, 0.0, 1.0) == [] and player.speed == 0.0


def test_it_holds_at_the_end_and_begins_anew_when_it_is_played_again(player):
    player.seek(STOP - 30)
    assert play(player, 1.0, 0.2) == [STOP - 10, STOP] and player.speed == 0.0
    assert play(player, 1.0, 0.02) == [FIRST + 20]
    assert play(player, -1.0, 0.1) == [FIRST] and player.speed == 0.0
    assert play(player, -1.0, 0.02) == [STOP - 20]


def test_in_a_loop_it_goes_on_at_the_other_end(player):
    player.loop = True
    player.seek(STOP - 30)
    assert play(player, 1.0, 0.1) == [STOP - 10, FIRST, FIRST + 20, FIRST + 40, FIRST + 60]
    assert play(player, -2.0, 0.06) == [FIRST + 20, STOP, STOP - 40] and player.speed == -2.0


# ---- through the worker ---------------------------------------------------------------------------------
RUN = (msg.ApplyConfig(CORE, CPU), msg.StepOnce(40.0))


@pytest.mark.parametrize("kind", ["full", "replay"])
def test_leaving_the_playback_leads_back_to_the_untouched_simulation(tmp_path, kind):
    path = tmp_path / "a.simrec.h5"
    change = msg.ChangeLive({"background_rate_Hz": 300.0})
    record = (msg.StartRecording(path, CHOICES[kind]), msg.StepOnce(100.0), change, msg.StepOnce(100.0),
              msg.StopRecording(), msg.StepOnce(17.0))
    show = (msg.OpenPlayback(path, CPU), msg.SeekPlayback(90), msg.StepPlayback(-3), msg.PlayPlayback(0.0),
            msg.LoopPlayback(True), msg.SeekPlayback(10**9), msg.ClosePlayback())
    events, mailbox, view = converse(*RUN, *record, *show, msg.StepOnce(20.0))
    assert [answer.message for answer in answers(events) if isinstance(answer, msg.Failed)] == []
    plain, plain_box, _ = converse(*RUN, *record, msg.StepOnce(20.0))
    one, two = mailbox.take(), plain_box.take()
    assert one.step == two.step == 277 and one.total_spikes == two.total_spikes > 50
    assert np.array_equal(one.v, two.v) and np.array_equal(one.last_spike_step, two.last_spike_step)
    assert view.playback is None and view.run == "paused" and one.build == view.network.build
    assert view.core == CORE.changed(background_rate_Hz=300.0)
    told = [event.playback for event in events if isinstance(event, msg.PlaybackChanged)]
    assert told[0].kind == kind and (told[0].first_step, told[0].stop_step) == (40, 240)
    assert told[-1] is None and told[-2].loop
    shown = [event.view for event in events if isinstance(event, msg.NetworkBuilt)]
    assert [network.build for network in shown] == [1, 2, 3]
    assert shown[1].synapse_sample.size > 500            # the same network is in place, so its synapses are known


def test_during_a_playback_the_live_simulation_cannot_be_touched(tmp_path):
    path = tmp_path / "a.simrec.h5"
    live_run(path, CPU, CHOICES["replay"])
    orders = (msg.Start(), msg.StepOnce(5.0), msg.Stop(), msg.ChangeLive({"background_rate_Hz": 1.0}),
              msg.SaveCheckpoint(tmp_path / "b"), msg.StartRecording(tmp_path / "c"), msg.ApplyConfig(CORE, CPU),
              msg.GoBack(1.0))
    events, mailbox, _ = converse(*RUN, msg.OpenPlayback(path, CPU), *orders, msg.ClosePlayback())
    failed = [answer for answer in answers(events) if isinstance(answer, msg.Failed)]
    assert [type(answer.command) for answer in failed] == [type(order) for order in orders]
    assert all("leave the playback first" in answer.message for answer in failed)
    assert mailbox.take().step == 40


def test_a_recording_is_played_without_any_network_in_place(tmp_path):
    path = tmp_path / "a.simrec.h5"
    _, frames = live_run(path, CPU, CHOICES["full"])
    events, mailbox, view = converse(msg.OpenPlayback(path, CPU), msg.SeekPlayback(123))
    assert_shown(mailbox.take(), frames[123])
    assert view.network.num_neurons == 200 and view.playback.stop_step == STOP
    events, _, view = converse(msg.OpenPlayback(path, CPU), msg.ClosePlayback())
    assert view.run == "empty" and view.network is None and view.playback is None


def test_a_neuron_of_a_recording_is_inspected_where_its_network_is_in_place(tmp_path):
    for name, choice in CHOICES.items():
        live_run(tmp_path / f"{name}.simrec.h5", CPU, choice)
    events, mailbox, _ = converse(msg.OpenPlayback(tmp_path / "replay.simrec.h5", CPU), msg.Inspect(5),
                                  msg.SumWeights(), msg.SeekPlayback(90))
    inspection, = (event.inspection for event in events if isinstance(event, msg.Inspected))
    assert inspection.leaving.size > 5 and inspection.build == 1
    frame = mailbox.take()
    assert frame.inspected == 5 and frame.inspected_steps[-1] == 89 and frame.inspected_v[-1] == frame.v[5]
    events, _, _ = converse(msg.OpenPlayback(tmp_path / "full.simrec.h5", CPU), msg.Inspect(5))
    assert "known only where its network is built" in answers(events)[1].message


def test_another_recording_takes_the_place_of_the_one_on_show(tmp_path):
    for name in ("a", "b"):
        live_run(tmp_path / f"{name}.simrec.h5", CPU, CHOICES["replay"])
    events, mailbox, view = converse(*RUN, msg.OpenPlayback(tmp_path / "a.simrec.h5", CPU), msg.SeekPlayback(77),
                                     msg.OpenPlayback(tmp_path / "b.simrec.h5", CPU), msg.ClosePlayback())
    assert not [answer for answer in answers(events) if isinstance(answer, msg.Failed)]
    assert mailbox.take().step == 40


def test_what_cannot_be_played_is_told_and_the_simulation_stays_on_show(tmp_path):
    (tmp_path / "bad.simrec.h5").write_text("nothing of the kind")
    events, mailbox, view = converse(*RUN, msg.OpenPlayback(tmp_path / "bad.simrec.h5", CPU), msg.SeekPlayback(3),
                                     msg.StartRecording(tmp_path / "a.simrec.h5"),
                                     msg.OpenPlayback(tmp_path / "a.simrec.h5", CPU), msg.StopRecording(),
                                     msg.StepOnce(1.0))
    said = answers(events)
    assert "is not an HDF5 file" in said[2].message and "no playback" in said[3].message
    assert "finish it first" in said[5].message
    assert view.playback is None and view.progress is None and mailbox.take().step == 41


def test_damage_that_is_met_on_the_way_holds_the_playback_with_a_sentence(tmp_path):
    path = tmp_path / "a.simrec.h5"
    live_run(path, CPU, CHOICES["full"])
    content = bytearray(path.read_bytes())
    with Recording.open(path) as recording:
        ids = recording.spikes()[1]
    content[content.index(ids.tobytes()) + 40] ^= 1
    path.write_bytes(content)
    events, mailbox, view = converse(*RUN, msg.OpenPlayback(path, CPU), msg.ClosePlayback(), msg.StepOnce(1.0))
    failed, = (answer for answer in answers(events) if isinstance(answer, msg.Failed))
    assert "do not match their checksum" in failed.message or "no playback" in failed.message
    assert mailbox.take().step == 41


def test_a_recording_of_format_1_is_played_from_time_0(tmp_path):
    path = tmp_path / "a.simrec.h5"
    path.write_bytes(gzip.decompress((FOLDER / "recording_v1.simrec.h5.gz").read_bytes()))
    with Recording.open(path) as recording:
        sim = Simulation(recording.core.changed(seed=recording.seed), CPU)
        same = np.array_equal(sim.step(100).spike_ids, recording.spikes(0, 100)[1])
    if not same:
        pytest.skip("this version builds another network from that configuration")
    _, mailbox, _ = converse(msg.OpenPlayback(path, CPU), msg.SeekPlayback(100))
    frame = mailbox.take()
    assert np.array_equal(frame.v, sim.potential()) and np.array_equal(frame.last_spike_step, sim.last_spike_step())


# ---- exact replay ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("recorded_by", ["backend", "CPU"])
def test_every_variable_of_every_neuron_at_every_step_is_computed_again(tmp_path, backend, recorded_by):
    path = tmp_path / "a.simrec.h5"
    recording, replaying = (backend, CPU) if recorded_by == "backend" else (CPU, backend)
    live_run(path, recording, CHOICES["replay"])
    with Replay.open(path, replaying) as replay:
        for step in (250, 41, 199, 200, 201, 230, 231, 290, 299, 300, FIRST, STOP):
            sim = Simulation(CORE, CPU)
            for changed, values in CHANGES.items():
                sim.step(min(changed - 1, step) - sim.step_index)
                if step > changed - 1:
                    sim.set_live(**values)
            sim.step(step - sim.step_index)
            state = replay.at(step)
            assert all(np.array_equal(state[name], values) for name, values in sim.state.items())
            assert (len(state) > 5) is (231 <= step < 300)                   # a noise has a state of its own
        steps, u = replay.values("u", (5, 3), 60, 75)
        assert np.array_equal(steps, np.arange(60, 75)) and u.shape == (15, 2)
        assert np.array_equal(u[-1], replay.at(75)["u"][[5, 3]])
        with pytest.raises(FileFormatError, match="covers the steps 40 to 340, not 341"):
            replay.at(341)


def test_a_replay_that_is_cancelled_gives_the_live_simulation_back(tmp_path):
    path = tmp_path / "a.simrec.h5"
    sim, _ = live_run(path, CPU, CHOICES["replay"])
    before = sim.potential()

    def give_up(task, fraction):
        raise Cancelled("enough")
    stage = Stage(path, sim, build_simulation, CPU, give_up, 7)
    stage.player.seek(70)
    with pytest.raises(Cancelled):
        stage.player.frame()
    stage.close()
    assert np.array_equal(sim.potential(), before) and sim.step_index == STOP


def test_a_recording_of_another_network_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "a.simrec.h5"
    live_run(path, CPU, CHOICES["replay"])
    monkeypatch.setattr(Simulation, "fingerprint", "0" * 32)
    with pytest.raises(FileFormatError, match="belongs to another network"):
        Replay.open(path, CPU)


# ---- going back in the live run -------------------------------------------------------------------------
def test_the_worker_goes_back_and_branches(tmp_path):
    core = CORE.changed(total_simulation_time_ms=100.0)
    events, mailbox, view = converse(
        msg.ApplyConfig(core, CPU), msg.StartRecording(tmp_path / "a.simrec.h5"), msg.StepOnce(60.0),
        msg.ChangeLive({"background_rate_Hz": 300.0}), msg.StepOnce(40.0), msg.GoBack(50.0), msg.StepOnce(10.0),
        msg.GoBack(70.0))
    said = answers(events)
    assert said[5].text == "Back at 50 ms." and "between 0 and 60 ms, not to 70 ms" in said[7].message
    sim = Simulation(core, CPU)
    sim.step(60)
    frame = mailbox.take()
    assert frame.step == 60 and np.array_equal(frame.v, sim.potential())
    assert frame.total_spikes == sim.spike_counts().sum() > 0
    assert view.core == core and view.run == "paused" and view.recording is None and view.progress is None
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        assert recording.complete and recording.stop_step == 100


def test_the_device_configuration_of_a_playback_is_not_that_of_the_simulation(tmp_path):
    live_run(tmp_path / "a.simrec.h5", CPU, CHOICES["replay"])
    other = GPUConfig(backend="cpu", num_threads=2)
    events, _, view = converse(*RUN, msg.OpenPlayback(tmp_path / "a.simrec.h5", other), msg.ClosePlayback())
    assert view.gpu == CPU
