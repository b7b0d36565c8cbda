"""The simulation thread: obeys, paces, reports, survives. Time is the tests' own; no wall clock is involved."""

import queue

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.observer import default_probes
from neural_simulator.app.worker import HANDLERS, MAX_PROBES, Worker
from neural_simulator.base.errors import MemoryForecastError
from neural_simulator.config import CoreSimConfig, GPUConfig
from tests.app.fakes import FakeNetwork, FakeSimulation, answers, play

CORE = CoreSimConfig(num_neurons=10, seed=7)
BUILD, START = msg.ApplyConfig(CORE), msg.Start()


def begin(*commands):
    return [(0.0, BUILD), *commands]


def states(events):
    return [event.state for event in events if isinstance(event, msg.RunStateChanged)]


def test_every_command_has_a_handler():
    assert set(HANDLERS) == set(msg.Command.__subclasses__())


@pytest.mark.parametrize("commands", [
    begin((0.1, START), (0.2, msg.Pause()), (0.3, msg.StepOnce(5.0)), (0.4, msg.SetSpeed(2.0)), (0.5, msg.Stop()),
          (0.6, msg.SetProbes((1, 2))), (0.7, msg.ChangeLive({"external_current_pA": 5.0})), (0.8, msg.Cancel()),
          (0.9, msg.SetFrameInterval(3))),
    [(0.1, START), (0.2, msg.StepOnce()), (0.3, msg.StopRecording()), (0.4, msg.SetSpeed(-1.0))],
])
def test_each_command_gets_exactly_one_answer_in_order(commands):
    events, _, _ = play(commands, 1.0)
    assert [answer.command for answer in answers(events)] == [*(command for _, command in commands), msg.Shutdown()]


@pytest.mark.parametrize("speed", [0.01, 0.1, 1.0, 3.0])
@pytest.mark.parametrize("dt_ms", [1.0, 0.1])
def test_no_fraction_of_a_step_is_lost_at_any_speed(speed, dt_ms):
    core = CORE.changed(dt_ms=dt_ms)
    _, frames, (sim,) = play([(0.0, msg.ApplyConfig(core)), (0.0, msg.SetSpeed(speed)), (0.0, START)], 15.0)
    assert sim.step_index * dt_ms == pytest.approx(15_000.0 * speed, abs=max(2 * dt_ms, 8.0 * speed))
    assert frames[-1].speed == pytest.approx(speed, rel=0.15)


def test_a_run_too_slow_for_its_speed_reports_the_speed_it_reaches():
    _, frames, (sim,) = play(begin((0.0, START)), 10.0, step_s=4e-3)
    assert sim.step_index == pytest.approx(2500, rel=0.02)
    assert frames[-1].speed == pytest.approx(0.25, rel=0.1)
    assert frames[-1].real_time_factor == pytest.approx(4.0, rel=0.1)


def test_a_debt_from_a_slow_stretch_is_bounded():
    _, _, (sim,) = play(begin((0.0, START)), 10.0, step_s=lambda now: 4e-3 if now < 5.0 else 1e-5)
    assert 1250 + 5000 <= sim.step_index <= 1250 + 5000 + 200, "at most 0.1 s is made good, not 3.75 s"


def test_a_pause_makes_no_debt():
    _, _, (sim,) = play(begin((0.0, START), (5.0, msg.Pause()), (9.0, START)), 10.0)
    assert sim.step_index == pytest.approx(6000, abs=10)


def test_speed_zero_runs_as_fast_as_possible():
    commands = [(0.0, msg.ApplyConfig(CORE.changed(total_simulation_time_ms=1e9))), (0, msg.SetSpeed(0.0)), (0, START)]
    _, _, (sim,) = play(commands, 2.0, step_s=1e-5)
    assert sim.step_index == pytest.approx(200_000, rel=0.02)


def test_a_batch_lasts_at_most_eight_milliseconds():
    _, _, (sim,) = play(begin((0.0, msg.SetSpeed(0.0)), (0.0, START)), 3.0, step_s=3e-4)
    assert max(sim.batches) * 3e-4 <= 8e-3
    assert max(sim.batches) >= 10, "batches must grow beyond single steps"


def test_an_idle_running_simulation_does_not_spin():
    _, _, (sim,) = play(begin((0.0, START)), 10.0)
    assert len(sim.batches) <= 10.0 / 0.004 + 10


def test_frames_come_at_most_sixty_times_a_second_and_not_closer_than_the_interval():
    _, frames, _ = play(begin((0.0, msg.SetFrameInterval(50)), (0.0, START)), 10.0)
    running = [frame.step for frame in frames[1:]]
    assert np.diff(running).min() >= 50
    assert len(running) > 100
    _, frames, _ = play(begin((0.0, msg.SetFrameInterval(1)), (0.0, START)), 10.0)
    assert 300 < len(frames) <= 605


def test_slow_motion_shows_every_step():
    _, frames, (sim,) = play(begin((0.0, msg.SetSpeed(0.01)), (0.0, START)), 10.0)
    assert len(frames) >= sim.step_index >= 99


def test_frames_hold_every_spike_and_every_trace_once():
    _, frames, (sim,) = play(begin((0.0, START), (3.0, msg.Pause())), 4.0)
    steps = np.concatenate([frame.spike_steps for frame in frames])
    assert sim.step_index > 2900
    assert np.array_equal(steps, np.arange(sim.step_index))
    assert np.array_equal(np.concatenate([frame.probe_steps for frame in frames]), steps)
    assert frames[-1].total_spikes == sim.step_index
    assert frames[-1].probe_v.shape[1] == len(frames[-1].probe_ids) == 2


def test_a_window_that_never_looks_gets_the_newest_frame_with_the_spikes_it_missed():
    mailbox = Mailbox()
    play(begin((0.0, START), (3.0, msg.Pause())), 4.0, mailbox=mailbox)
    frame = mailbox.take()
    assert np.array_equal(frame.spike_steps, np.arange(frame.step))
    assert frame.step > 2900


def test_rates_count_the_spikes_of_each_population():
    _, frames, _ = play(begin((0.0, START), (3.0, msg.Pause())), 4.0)
    assert frames[-1].rates_Hz == pytest.approx((100.0, 100.0), rel=0.05)   # every neuron fires each 10th step of 1 ms


def test_the_run_ends_by_itself_at_the_total_time():
    events, frames, (sim,) = play([(0.0, msg.ApplyConfig(CORE.changed(total_simulation_time_ms=500.0))), (0, START)], 5)
    assert sim.step_index == 500
    assert states(events) == ["stopped", "running", "ended"]
    assert frames[-1].step == 500


def test_a_build_can_start_its_run():
    events, _, (sim,) = play([(0.0, msg.ApplyConfig(CORE, start=True))], 1.0)
    assert states(events) == ["stopped", "running"] and sim.step_index > 900


def test_start_after_the_end_begins_anew():
    commands = [(0.0, msg.ApplyConfig(CORE.changed(total_simulation_time_ms=500.0))), (0, START), (2.0, START)]
    events, _, (sim,) = play(commands, 2.1)
    assert states(events) == ["stopped", "running", "ended", "running"]
    assert 90 <= sim.step_index <= 110


def test_a_longer_total_time_lets_an_ended_run_go_on():
    commands = [(0.0, msg.ApplyConfig(CORE.changed(total_simulation_time_ms=500.0))), (0, START),
                (2.0, msg.ChangeLive({"total_simulation_time_ms": 700.0})), (2.1, START)]
    events, _, (sim,) = play(commands, 5.0)
    assert states(events) == ["stopped", "running", "ended", "paused", "running", "ended"]
    assert sim.step_index == 700


def test_step_advances_the_asked_time_and_pauses_a_run():
    events, frames, (sim,) = play(begin((0.0, msg.StepOnce(1.0)), (1.0, msg.StepOnce(25.0))), 2.0)
    assert sim.step_index == 26 == frames[-1].step
    assert states(events) == ["stopped", "paused"]
    events, _, _ = play(begin((0.0, START), (1.0, msg.StepOnce(1.0))), 2.0)
    assert states(events)[-1] == "paused"


def test_a_step_shorter_than_dt_is_one_step():
    _, _, (sim,) = play([(0.0, msg.ApplyConfig(CORE.changed(dt_ms=2.0))), (0.0, msg.StepOnce(1.0))], 1.0)
    assert sim.step_index == 1


def test_stop_goes_back_to_time_zero():
    events, frames, (sim,) = play(begin((0.0, START), (1.0, msg.Stop())), 2.0)
    assert max(frame.step for frame in frames) > 900
    assert sim.step_index == 0 == frames[-1].step == frames[-1].total_spikes
    assert states(events)[-1] == "stopped"


def test_live_values_reach_the_engine_and_others_are_refused():
    events, _, (sim,) = play(begin((0, msg.ChangeLive({"external_current_pA": 5.0})),
                                   (0, msg.ChangeLive({"num_neurons": 5})),
                                   (0, msg.ChangeLive({"external_current_pA": 1e9})),
                                   (0, msg.ChangeLive({"nonsense": 1.0}))), 1.0)
    _, done, *refused, _ = answers(events)
    assert sim.live == {"external_current_pA": 5.0}
    assert "5 pA" in done.text
    assert [(type(answer), answer.field) for answer in refused] == [
        (msg.Failed, "num_neurons"), (msg.Failed, "external_current_pA"), (msg.Failed, "nonsense")]


def test_the_drive_of_single_populations_changes_while_running():
    name = "Excitatory 0 (RS) external_current_pA"
    events, _, (sim,) = play(begin((0, msg.ChangeLive({"population_drive": {name: 40.0}})),
                                   (0, msg.ChangeLive({"population_drive": {}}))), 1.0)
    _, set_, unset, *_ = answers(events)
    assert isinstance(set_, msg.Done) and f"{name} 40" in set_.text
    assert isinstance(unset, msg.Done) and "as usual" in unset.text and sim.live == {"population_drive": {}}


def test_bad_probes_are_refused_with_a_sentence():
    events, frames, _ = play(begin((0, msg.SetProbes((99,))), (0, msg.SetProbes(tuple(range(MAX_PROBES + 1)))),
                                   (0, msg.SetProbes((3,))), (0, msg.StepOnce())), 1.0)
    _, unknown, many, good, _, _ = answers(events)
    assert "no neuron 99" in unknown.message and "at most" in many.message
    assert isinstance(good, msg.Done) and frames[-1].probe_ids == (3,)


def test_default_probes_are_one_cell_of_each_sign():
    assert default_probes(FakeNetwork(10).populations) == (4, 9)
    assert default_probes(FakeNetwork(1).populations) == (0,)


def test_an_error_in_a_step_pauses_the_run_writes_a_report_and_the_thread_goes_on(tmp_path):
    events, _, sims = play(begin((0.0, START), (2.0, msg.SetSpeed(2.0)), (2.1, BUILD), (2.2, START)), 2.3,
                           fail_at=500, crash_folder=tmp_path)
    crash, = (event for event in events if isinstance(event, msg.Crashed))
    text = crash.report.read_text()
    assert "ZeroDivisionError: the fake broke on purpose" in text and '"num_neurons": 10' in text
    assert "the fake broke on purpose" in crash.message and str(crash.report) in crash.message
    assert states(events) == ["stopped", "running", "paused", "stopped", "running"]
    assert all(isinstance(answer, msg.Done) for answer in answers(events))
    assert sims[1].step_index > 50


def test_an_error_in_a_command_is_its_answer(tmp_path):
    def build(core, gpu, progress):
        raise RuntimeError("no luck")
    events, _, _ = play(begin((0.1, START)), 1.0, build=build, crash_folder=tmp_path)
    first, second, _ = answers(events)
    assert "no luck" in first.message and len(list(tmp_path.iterdir())) == 1
    assert "no network" in second.message


def slow_build(core, gpu, progress):
    for part in range(10):
        progress("Wiring", part / 10)
    progress("Wiring", 1.0)
    return FakeSimulation(core, lambda: 0.0)


class Busy:
    """A build during which commands arrive: the queue holds them all from the start."""

    def __init__(self, *commands):
        self.commands, self.events = queue.Queue(), queue.Queue()
        for command in (*commands, msg.Shutdown()):
            self.commands.put(command)
        Worker(self.commands, self.events, Mailbox(), build=slow_build).run()
        self.seen = list(self.events.queue)


def test_a_build_reports_progress_and_can_be_cancelled():
    clockless = play([(0.0, BUILD)], 1.0, build=slow_build)[0]
    assert any(isinstance(event, msg.Progress) and event.task == "Wiring" for event in clockless)
    seen = Busy(BUILD, msg.Cancel(), msg.SetSpeed(2.0)).seen
    build, cancel, speed, _ = answers(seen)
    assert isinstance(build, msg.Failed) and build.message.startswith("Cancelled")
    assert isinstance(cancel, msg.Done) and isinstance(speed, msg.Done)
    assert not any(isinstance(event, msg.NetworkBuilt) for event in seen)


def test_leaving_during_a_build_does_not_wait_for_it():
    build, shutdown = answers(Busy(BUILD).seen)
    assert isinstance(build, msg.Failed) and isinstance(shutdown, msg.Done)


def test_a_failed_build_leaves_the_old_network_running(tmp_path):
    def build(core, gpu, progress):
        if core.num_neurons == 99:
            raise MemoryForecastError("too big", needed=10**12, available=10**9, largest=10)
        return FakeSimulation(core, clock)
    clock = type("C", (), {"now": 0.0})()
    events, frames, _ = play(begin((0.0, START), (1.0, msg.ApplyConfig(CORE.changed(num_neurons=99)))), 2.0,
                             build=build, crash_folder=tmp_path)
    assert [type(answer).__name__ for answer in answers(events)] == ["Done", "Done", "Failed", "Done"]
    assert frames[-1].step > 1900 and frames[-1].v.shape == (10,)


def test_the_old_network_makes_room_where_both_do_not_fit():
    sims = []

    def build(core, gpu, progress):
        if sims and not sims[0].closed:
            raise MemoryForecastError("too big", needed=1500, available=1000, largest=10)
        sims.append(FakeSimulation(core, lambda: 0.0))
        return sims[-1]
    events, _, _ = play(begin((1.0, msg.ApplyConfig(CORE, GPUConfig()))), 2.0, build=build)
    assert len(sims) == 2 and states(events) == ["stopped", "empty", "stopped"]


class FakeRecording:
    def __init__(self, path, core, sim, traced, choice, gpu):
        self.path, self.sim, self.batches, self.closed, self.traced = path, sim, [], 0, traced
        FakeRecording.newest = self

    def saw(self, batch):
        assert not self.closed
        self.batches.append(batch)

    def close(self):
        self.closed += 1


@pytest.mark.parametrize("last", [msg.Stop(), msg.StopRecording(), BUILD, msg.Shutdown()])
def test_a_recording_gets_every_batch_and_is_closed_once_whatever_ends_it(last, tmp_path):
    path = tmp_path / "a.simrec.h5"
    events, _, sims = play(begin((0.0, START), (1.0, msg.StartRecording(path)), (2.0, msg.StartRecording(path)),
                                 (2.0, msg.SetProbes((1,))), (3.0, last)), 3.0, record=FakeRecording)
    recording = FakeRecording.newest
    assert recording.closed == 1
    assert sum(batch.num_steps for batch in recording.batches) == pytest.approx(2000, abs=10)
    assert [event.path for event in events if isinstance(event, msg.RecordingChanged)] == [path, None]
    refused = [answer for answer in answers(events) if isinstance(answer, msg.Failed)]
    assert [type(answer.command) for answer in refused][:1] == [msg.StartRecording]


def test_a_recording_survives_a_crash(tmp_path):
    play(begin((0.0, msg.StartRecording(tmp_path / "a")), (0.0, START)), 3.0, record=FakeRecording, fail_at=700,
         crash_folder=tmp_path)
    assert FakeRecording.newest.closed == 1 and len(FakeRecording.newest.batches) > 10


def test_the_states_of_an_inspected_neuron_come_with_the_frames_a_few_times_per_ms():
    core = CORE.changed(dt_ms=0.1)
    events, frames, (sim,) = play([(0.0, msg.ApplyConfig(core)), (0.0, msg.Inspect(3, states=True)), (0.1, START)], 1.0)
    assert not [event for event in events if isinstance(event, msg.Failed)]
    assert frames[-1].state_names[0] == "v" and "u" in frames[-1].state_names
    seen = np.concatenate([each.states for each in frames if each.state_names])
    steps = seen[:, frames[-1].state_names.index("u")]
    assert len(steps) > 1000 and np.diff(steps).min() > 0 and np.diff(steps).max() <= 2, "at least every 0.25 ms"
    events, frames, (sim,) = play([(0.0, BUILD), (0.0, msg.Inspect(3, states=True)), (0.2, msg.Inspect(None)),
                                   (0.3, START)], 1.0)
    assert frames[-1].state_names == () and max(sim.batches) > 1
