"""The simulation thread: it owns the network, obeys commands, and paces the run.

One turn of the loop carries out at most one command and at most one batch of steps, so that a command waits for
no more than about 8 ms. Every command is answered by exactly one `Done` or `Failed`; the thread survives
whatever goes wrong in a command or in a step.
"""

from __future__ import annotations

import queue
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..base import log
from ..base.declarations import Population
from ..base.errors import Cancelled, ConfigurationError, MemoryForecastError, SimulatorError
from ..base.paths import CRASH_REPORTS
from ..base.units import in_bytes
from ..config import CoreSimConfig, GPUConfig, VisualizationConfig, describe
from ..files.recording_choice import RecordingChoice
from ..models.neurons import neuron_model
from . import messages as msg
from .actions import MAX_PROBES
from .crash import write_report
from .frames import Incoming, Inspection, Mailbox
from .observer import Observer, SynapseWatch, default_probes, view_of
from .pacing import SHORTEST_WAIT_S, BatchSizer, Pacer, SpeedMeter

FRAME_S = 1.0 / 60.0          # frames are not made more often than this
# Python lets a thread hold the interpreter for 5 ms, and a batch of steps then waits for the windows. Measured beside a
# network on a GPU: a millisecond of Python per picture, 60 a second, costs 9 % of the steps with 5 ms, 3 % with this.
SWITCH_S = 0.0001
LATE_FRAME_S = 0.25           # a frame this old is made although the one before has not been taken
STATES_EVERY_MS = 0.25        # simulated time between two looks at the states of an inspected neuron
PROGRESS_S = 0.05             # progress is not reported more often than this
DURING_PLAYBACK = (msg.Cancel, msg.SetSpeed, msg.SetFrameInterval, msg.Inspect, msg.SumWeights, msg.OpenPlayback,
                   msg.ClosePlayback, msg.SeekPlayback, msg.StepPlayback, msg.PlayPlayback, msg.LoopPlayback,
                   msg.Shutdown)
HIGHEST_SPEED = 1000.0

Build = Callable[[CoreSimConfig, GPUConfig, Callable[[str, float], None]], Any]
Record = Callable[[Path | None, CoreSimConfig, Any, tuple[int, ...], RecordingChoice, GPUConfig], Any]


def build_simulation(core: CoreSimConfig, gpu: GPUConfig, progress: Callable[[str, float], None]) -> Any:
    """Build the real engine; imported late, so that the windows open while its compiler is being loaded."""
    from ..engine.simulation import Simulation
    return Simulation(core, gpu, progress)


def record(path: Path | None, core: CoreSimConfig, sim: Any, traced: tuple[int, ...], choice: RecordingChoice,
           gpu: GPUConfig) -> Any:
    """Begin a recording of `sim`; imported late, because most runs are not recorded."""
    from .recorder import RunRecorder
    return RunRecorder(path, core, sim, traced, choice, gpu)


def parameters_of(population: Population) -> tuple[tuple[str, float, str], ...]:
    """Return (name, value, unit) of a population's cells."""
    model = neuron_model(population.model)
    values = {param.name: param.default for param in model.params} | dict(population.params)
    return tuple((param.name, values[param.name], param.unit) for param in model.params)


def _said(name: str, value: Any) -> str:
    """What a live change is called in the status bar."""
    title, unit = CoreSimConfig.model_fields[name].title, describe(CoreSimConfig, name)["unit"]
    if isinstance(value, (tuple, list)):
        return f"{title}: {len(value)}"
    if isinstance(value, dict):
        return f"{title}: {', '.join(f'{key} {number:g}' for key, number in value.items()) or 'as usual'}"
    return f"{title} is now {value:g} {unit}".rstrip()


def states_named(population: Population) -> tuple[str, ...]:
    """Return the names of the states of a population's cells."""
    return tuple(state.name for state in neuron_model(population.model).states)


class Worker:
    """The simulation thread and everything it owns. Other threads use `start`, `join` and the two queues."""

    def __init__(self, commands: queue.Queue[msg.Command], events: queue.Queue[msg.Event], mailbox: Mailbox, *,
                 build: Build = build_simulation, record: Record = record, crash_folder: Path = CRASH_REPORTS,
                 clock: Callable[[], float] = time.perf_counter):
        self._commands = commands
        self._events = events
        self._mailbox = mailbox
        self._create = build
        self._record = record
        self._crash_folder = crash_folder
        self._clock = clock
        self._log = log.get("app")
        self._backlog: deque[msg.Command] = deque()      # commands that arrived during a build
        self._over = False
        self._state = "empty"
        self._sim: Any = None
        self._core = CoreSimConfig()
        self._gpu = GPUConfig()
        self._observer: Observer | None = None
        self._recorder: Any = None
        self._stage: Any = None                          # the playback, with what it took
        self._live_view: Any = None                      # what the windows were told of the live network
        self._watch = SynapseWatch(clock)
        self._probes: tuple[int, ...] = ()               # chosen by the user; empty: the default ones
        self._speed = 1.0
        self._frame_steps = 17
        self._framed_s = self._batched_s = self._progressed_s = float("-inf")
        self._task = ""
        self._builds = 0
        self._pacer = Pacer(self._core.dt_ms, self._speed)
        self._sizer = BatchSizer()
        self._meter = SpeedMeter()
        self._thread = threading.Thread(target=self.run, name="simulation", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def join(self, timeout_s: float) -> bool:
        """Wait for the thread's end (after `Shutdown`) and return whether it came."""
        self._thread.join(timeout_s)
        return not self._thread.is_alive()

    @property
    def step(self) -> int:
        """The step that the network has reached, 0 where there is none; for whoever measures from another thread."""
        return 0 if self._sim is None else self._sim.step_index

    def run(self) -> None:
        """Obey and advance until `Shutdown`; this is the thread's whole life."""
        sys.setswitchinterval(SWITCH_S)
        while not self._over:
            try:
                self._turn()
            except Exception as error:      # the thread must outlive any error in a step
                self._crash(error)
        self._forget_network()

    def _turn(self) -> None:
        command = self._next_command()
        if command is not None:
            self._obey(command)
        if self._stage is not None:
            self._play_on()
        elif self._state == "running":
            self._advance()

    # ---- commands ---------------------------------------------------------------------------------------
    def _next_command(self) -> msg.Command | None:
        """Return the next command, waiting for it while there is nothing else to do."""
        if self._backlog:
            return self._backlog.popleft()
        playing = self._stage is not None and self._stage.player.speed != 0.0
        if self._state != "running" and not playing:
            return self._commands.get()
        wait_s = self._stage.player.wait_s() if playing else self._idle_s()
        try:
            return self._commands.get(timeout=wait_s) if wait_s > 0.0 else self._commands.get_nowait()
        except queue.Empty:
            return None

    def _idle_s(self) -> float:
        """Return how long a running simulation has nothing to do."""
        now = self._clock()
        self._pacer.tick(now)
        wait_s = self._pacer.wait_s()
        if self._pacer.due() < self._sizer.size():      # rather a few steps at once than each on its own
            wait_s = max(wait_s, self._batched_s + SHORTEST_WAIT_S - now)
        return 0.0 if self._speed == 0.0 else wait_s

    def _obey(self, command: msg.Command) -> None:
        step = self._sim.step_index if self._sim is not None else 0
        try:
            if self._stage is not None and not isinstance(command, DURING_PLAYBACK):
                raise SimulatorError("A recording is on show; leave the playback first.")
            text = HANDLERS[type(command)](self, command)
        except SimulatorError as error:
            self._emit(msg.Failed(command, str(error), getattr(error, "field", None)))
        except Exception as error:          # whatever a command meets, it is answered
            report = self._report(error, f"carrying out {type(command).__name__}")
            self._emit(msg.Failed(command, f"{type(command).__name__} met an unexpected error: "
                                           f"{error or type(error).__name__}. Details are in {report}."))
        else:
            self._emit(msg.Done(command, text, step))

    def _add_neuron_model(self, command: msg.AddNeuronModel) -> str:
        from .user_models import add_user_model  # loads the compiler
        model = add_user_model(command.text, command.keep)
        return f"The neuron model {model.label} ({model.key}) has passed and can be chosen."

    def _apply_config(self, command: msg.ApplyConfig) -> str:
        sim = self._build(command.core, command.gpu)
        self._install(sim, command.core, command.gpu)
        self._enter("stopped")
        self._publish()
        if command.start:
            self._run()
        network = sim.network
        return (f"Built {network.num_neurons:,} neurons and {network.num_synapses:,} synapses "
                f"in {sim.build_time_s:.1f} s ({sim.backend_name}, seed {sim.seed}).")

    def _build(self, core: CoreSimConfig, gpu: GPUConfig, before_forgetting: Callable[[], None] = lambda: None) -> Any:
        """Build beside the old network; where memory does not allow both, the old one makes room first.

        `before_forgetting` may raise while the old one is still there.
        """
        self._emit(msg.Progress("Preparing", 0.0))      # the engine and its compiler are loaded at the first build
        try:
            try:
                return self._create(core, gpu, self._progress)
            except MemoryForecastError as error:
                if self._sim is None or error.needed > error.available + self._sim.memory_bytes:
                    raise
            before_forgetting()
            self._forget_network()
            self._enter("empty")
            return self._create(core, gpu, self._progress)
        finally:
            self._pacer.restart(self._clock())

    def _install(self, sim: Any, core: CoreSimConfig, gpu: GPUConfig) -> None:
        """Put a new network in the place of the old one and show it to the windows."""
        self._forget_network()
        self._sim, self._core, self._gpu = sim, core, gpu
        self._builds += 1
        network = sim.network
        self._pacer = Pacer(sim.dt_ms, self._speed)
        self._sizer = BatchSizer()
        self._meter.restart()
        fitting = bool(self._probes) and max(self._probes) < network.num_neurons
        self._observer = Observer(sim, self._probes if fitting else default_probes(network.populations),
                                  self._builds)
        self._live_view = replace(view_of(sim, self._builds), core=core)
        self._watch.begin(network)
        self._emit(msg.NetworkBuilt(self._live_view))

    def _cancel(self, command: msg.Cancel) -> str:
        return ""       # a build that was under way has seen it already

    def _change_live(self, command: msg.ChangeLive) -> str:
        sim = self._network()
        for name in command.values:
            if name in CoreSimConfig.model_fields and not describe(CoreSimConfig, name)["live"]:
                raise ConfigurationError(f"{name} cannot change during a run; apply it with a reset.", name)
        core = self._core.changed(**command.values)
        engine_values = {name: value for name, value in command.values.items() if name != "total_simulation_time_ms"}
        if engine_values:
            sim.set_live(**engine_values)
            if self._recorder is not None:
                with self._recording_may_end():
                    self._recorder.changed({name: sim.live[name] for name in engine_values})
        self._core = core
        if self._state == "ended" and self._steps_left() > 0:
            self._enter("paused")
        return ", ".join(_said(name, value) for name, value in command.values.items()) + " (applied at once)."

    def _reward(self, command: msg.Reward) -> str:
        self._change_live(msg.ChangeLive({"rewards": self._network().rewards_with(command.amount)}))
        if self._state != "running":
            self._publish()
        return f"Reward of {command.amount:g} at {self._sim.time_ms:,.10g} ms."

    def _start(self, command: msg.Start) -> str:
        self._network()
        if self._state == "ended":
            self._rewind()
        self._run()
        return ""

    def _run(self) -> None:
        self._pacer.restart(self._clock())
        self._meter.restart()
        self._enter("running")

    def _pause(self, command: msg.Pause) -> str:
        self._network()
        if self._state == "running":
            self._enter("paused")
            self._publish()
        return ""

    def _stop(self, command: msg.Stop) -> str:
        self._network()
        self._close_recording()
        self._rewind()
        self._enter("stopped")
        self._publish()
        return ""

    def _step_once(self, command: msg.StepOnce) -> str:
        self._network()
        if self._state == "ended":
            raise SimulatorError("The run has reached its total time; stop it, or raise the total time, to go on.")
        if self._state != "paused":
            self._enter("paused")
        wanted = max(1, round(command.duration_ms / self._sim.dt_ms))
        while wanted > 0 and self._steps_left() > 0:
            wanted -= self._take(min(wanted, self._sizer.size(), self._steps_left(), self._finest()))
        self._publish()
        self._end_if_due()
        return f"Stepped to {self._sim.time_ms:g} ms."

    def _set_speed(self, command: msg.SetSpeed) -> str:
        if not 0.0 <= command.factor <= HIGHEST_SPEED:
            raise ConfigurationError(f"The speed is {command.factor:g}, but must be between 0 (as fast as possible) "
                                     f"and {HIGHEST_SPEED:g} times real time.", "speed", command.factor)
        self._speed = command.factor
        self._pacer.set_speed(command.factor, self._clock())
        self._meter.restart()
        return "Speed: as fast as possible." if command.factor == 0.0 else f"Speed: {command.factor:g} x real time."

    def _set_frame_interval(self, command: msg.SetFrameInterval) -> str:
        self._frame_steps = VisualizationConfig(update_interval_steps=command.steps).update_interval_steps
        return ""

    def _set_probes(self, command: msg.SetProbes) -> str:
        neurons = self._network().network.num_neurons
        if len(command.ids) > MAX_PROBES:
            raise SimulatorError(f"{len(command.ids)} neurons are chosen, but at most {MAX_PROBES} can be traced.")
        for number in command.ids:
            if not 0 <= number < neurons:
                raise SimulatorError(f"There is no neuron {number}; neurons are numbered 0 to {neurons - 1}.")
        self._probes = command.ids
        assert self._observer is not None
        self._observer.set_probes(command.ids)
        return ""

    def _inspect(self, command: msg.Inspect) -> str:
        network, number = self._network_on_show(), command.neuron
        if number is not None and not 0 <= number < network.num_neurons:
            raise SimulatorError(f"There is no neuron {number}; neurons are numbered 0 to {network.num_neurons - 1}.")
        self._emit(msg.Inspected(None if number is None else self._inspection(network, number)))
        if self._stage is not None:
            self._stage.player.inspected = number
            self._show()
            return ""
        assert self._observer is not None
        traced = number is not None and command.states
        self._observer.inspect(number, states_named(network.populations[network.population_of[number]]) if traced else
                               ())
        self._publish()
        return ""

    def _inspection(self, network: Any, number: int) -> Inspection:
        population = network.populations[network.population_of[number]]
        x, y, z = (float(value) for value in network.positions[number])
        return Inspection(number, self._builds, population, (x, y, z), parameters_of(population),
                          *network.synapses_of(number))

    def _tell_of_synapses(self, network: Any, inspected: int | None, still: bool) -> None:
        """Let the windows know where the synapses of the network on show have come and gone."""
        sample = self._watch.news(network, still)
        if sample is None:
            return
        self._emit(msg.SynapsesChanged(self._builds, network.num_synapses, sample))
        if self._stage is None:
            self._live_view = replace(self._live_view, num_synapses=network.num_synapses, synapse_sample=sample)
        if inspected is not None:
            self._emit(msg.Inspected(self._inspection(network, inspected)))

    def _network_on_show(self) -> Any:
        """The network that the windows show, live or recorded."""
        if self._stage is None:
            return self._network().network
        if self._stage.network is None:
            raise SimulatorError("The synapses of a recording are known only where its network is built; apply its "
                                 "configuration first.")
        return self._stage.network

    def _sum_weights(self, command: msg.SumWeights) -> str:
        self._emit(msg.WeightsSummed(Incoming(self._builds, self._network_on_show().incoming_weights())))
        return ""

    def _start_recording(self, command: msg.StartRecording) -> str:
        sim = self._network()
        if self._recorder is not None:
            raise SimulatorError("A recording is under way already; finish it first.")
        assert self._observer is not None
        self._recorder = self._record(command.path, self._core, sim, self._observer.probe_ids, command.choice,
                                      self._gpu)
        self._emit(msg.RecordingChanged(self._recorder.path))
        return f"Recording into {self._recorder.path.name}."

    def _stop_recording(self, command: msg.StopRecording) -> str:
        if self._recorder is None:
            raise SimulatorError("Nothing is being recorded.")
        path = self._recorder.path
        if problem := self._close_recording():
            raise SimulatorError(problem)
        return f"The recording {path.name} is complete."

    def _save_checkpoint(self, command: msg.SaveCheckpoint) -> str:
        sim = self._network()
        began = self._clock()
        try:
            path = self._checkpoints().save(sim, command.path, self._core, self._progress)
        finally:
            self._emit(msg.Progress("", 1.0))
            self._pacer.restart(self._clock())
        return (f"Saved the state at {sim.time_ms:,.10g} ms as {path.name} ({in_bytes(path.stat().st_size)}, "
                f"{self._clock() - began:.1f} s).")

    def _load_checkpoint(self, command: msg.LoadCheckpoint) -> str:
        checkpoints = self._checkpoints()
        with checkpoints.Checkpoint.open(command.path) as checkpoint:
            sim = self._build(checkpoints.to_build(checkpoint), command.gpu,
                              before_forgetting=lambda: checkpoints.verify(checkpoint))
            try:
                checkpoints.restore(sim, checkpoint)
            except BaseException:
                sim.close()
                raise
            core = checkpoints.in_force(checkpoint)
        self._install(sim, core, command.gpu)
        self._enter("paused")
        self._publish()
        self._end_if_due()
        return f"Loaded {command.path.name}: {sim.network.num_neurons:,} neurons at {sim.time_ms:,.10g} ms."

    def _go_back(self, command: msg.GoBack) -> str:
        sim = self._network()
        problem = self._close_recording()
        try:
            sim.go_back(round(command.time_ms / sim.dt_ms), self._progress)
        finally:
            self._emit(msg.Progress("", 1.0))
        assert self._observer is not None
        self._observer.restart()
        self._core = sim.core.changed(total_simulation_time_ms=self._core.total_simulation_time_ms, **sim.live)
        self._live_view = replace(self._live_view, core=self._core)
        self._pacer = Pacer(sim.dt_ms, self._speed)
        self._meter.restart()
        self._emit(msg.NetworkBuilt(self._live_view))
        self._enter("paused")
        self._publish()
        return problem or f"Back at {sim.time_ms:,.10g} ms."

    # ---- playback ---------------------------------------------------------------------------------------
    def _open_playback(self, command: msg.OpenPlayback) -> str:
        from .stage import Stage  # imported late, because most runs show no recording
        if self._recorder is not None:
            raise SimulatorError("A recording is under way; finish it first.")
        if self._state == "running":
            self._enter("paused")
        if self._stage is not None:
            self._leave_playback()
        try:
            stage = Stage(command.path, self._sim, self._create, command.gpu, self._progress, self._builds + 1)
        finally:
            self._emit(msg.Progress("", 1.0))
            self._pacer.restart(self._clock())
        self._stage = stage
        self._builds += 1
        if stage.network is not None:
            self._watch.begin(stage.network)
        self._emit(msg.NetworkBuilt(stage.view()))
        self._emit(msg.PlaybackChanged(stage.player.view()))
        self._show()
        return stage.told()

    def _close_playback(self, command: msg.ClosePlayback) -> str:
        self._playing()
        self._leave_playback()
        return ("The playback has ended." if self._sim is None else
                f"Back in the simulation, at {self._sim.time_ms:,.10g} ms.")

    def _leave_playback(self) -> None:
        """Show the live simulation again, as it was."""
        try:
            self._close_stage()
        finally:
            self._emit(msg.PlaybackChanged(None))
            self._show_live()

    def _show_live(self) -> None:
        if self._sim is None:
            self._enter("empty")
            return
        self._builds += 1                   # frames of the playback that are still under way belong to nobody
        assert self._observer is not None
        self._observer.renumber(self._builds)
        self._live_view = replace(self._live_view, core=self._core, build=self._builds)
        self._watch.begin(self._sim.network)
        self._emit(msg.NetworkBuilt(self._live_view))
        with suppress(SimulatorError):      # a device that failed under the playback shows nothing
            self._publish()

    def _close_stage(self) -> None:
        stage, self._stage = self._stage, None
        if stage is not None:
            stage.close()

    def _seek_playback(self, command: msg.SeekPlayback) -> str:
        self._playing().seek(command.step)
        self._show()
        return ""

    def _step_playback(self, command: msg.StepPlayback) -> str:
        player = self._playing()
        if player.speed != 0.0:
            player.play(0.0, self._clock())
            self._emit(msg.PlaybackChanged(player.view()))
        player.move(command.frames)
        self._show()
        return ""

    def _play_playback(self, command: msg.PlayPlayback) -> str:
        if not -HIGHEST_SPEED <= command.speed <= HIGHEST_SPEED:
            raise ConfigurationError(f"The speed is {command.speed:g}, but must be between {-HIGHEST_SPEED:g} (back) "
                                     f"and {HIGHEST_SPEED:g} times real time.", "speed", command.speed)
        player = self._playing()
        player.play(command.speed, self._clock())
        self._emit(msg.PlaybackChanged(player.view()))
        return ""

    def _loop_playback(self, command: msg.LoopPlayback) -> str:
        player = self._playing()
        player.loop = command.on
        self._emit(msg.PlaybackChanged(player.view()))
        return ""

    def _playing(self) -> Any:
        if self._stage is None:
            raise SimulatorError("There is no playback; open a recording first.")
        return self._stage.player

    def _play_on(self) -> None:
        """Show the next frame of a playback where it is due and the windows have taken the last one."""
        player = self._stage.player
        if player.speed == 0.0 or self._mailbox.waiting() and self._clock() - self._framed_s < LATE_FRAME_S:
            return
        problem = ""
        if player.tick(self._clock()):
            try:
                self._show()
            except SimulatorError as error:
                player.play(0.0, self._clock())
                problem = str(error)
        if player.speed == 0.0:
            self._emit(msg.PlaybackChanged(player.view(), problem))

    def _show(self) -> None:
        self._framed_s = self._clock()
        player, network = self._stage.player, self._stage.network
        self._mailbox.put(player.frame())
        if network is not None:
            self._tell_of_synapses(network, player.inspected, still=player.speed == 0.0)

    @staticmethod
    def _checkpoints() -> Any:
        """The module that joins simulations to files; imported late, because most runs write none."""
        from . import checkpoints
        return checkpoints

    def _shutdown(self, command: msg.Shutdown) -> str:
        self._over = True
        return ""

    # ---- running ----------------------------------------------------------------------------------------
    def _advance(self) -> None:
        """Take the steps that are due, at most one batch, and show them."""
        self._pacer.tick(self._clock())
        steps = min(self._pacer.due(), self._sizer.size(), self._steps_left(), self._finest())
        if steps > 0:
            self._pacer.took(self._take(steps))
            self._meter.mark(self._clock(), self._sim.time_ms)
            if self._frame_due():
                self._publish()
        self._end_if_due()

    def _take(self, steps: int) -> int:
        """Simulate `steps` at once, hand them to whoever looks, and return their number."""
        assert self._observer is not None
        began = self._clock()
        batch = self._sim.step(steps)
        self._batched_s = self._clock()
        self._sizer.took(steps, self._batched_s - began)
        batch = self._observer.saw(batch)
        if self._recorder is not None:
            with self._recording_may_end():
                self._recorder.saw(batch)
        return steps

    @contextmanager
    def _recording_may_end(self) -> Iterator[None]:
        """Give up a recording that cannot be written, and pause: what comes next shall not go by unrecorded."""
        try:
            yield
        except SimulatorError as error:
            self._close_recording(str(error))
            if self._state == "running":
                self._enter("paused")

    def _finest(self) -> int:
        """Return the longest batch after which a neuron's states are still followed closely enough, in steps."""
        if self._observer is None or not self._observer.state_names:
            return sys.maxsize
        return max(1, round(STATES_EVERY_MS / self._sim.dt_ms))

    def _steps_left(self) -> int:
        """Return the number of steps until the total time."""
        return max(0, round(self._core.total_simulation_time_ms / self._sim.dt_ms) - self._sim.step_index)

    def _end_if_due(self) -> None:
        if self._steps_left() == 0 and self._state != "ended":
            self._close_recording()
            self._enter("ended")
            self._publish()

    def _frame_due(self) -> bool:
        """True when the windows are ready for a picture and the chosen distance from the last one is reached."""
        assert self._observer is not None
        slowness = self._speed if 0.0 < self._speed < 1.0 else 1.0
        distance = self._sim.step_index - self._observer.framed_step
        age_s = self._clock() - self._framed_s
        ready = age_s >= LATE_FRAME_S or (age_s >= FRAME_S and not self._mailbox.waiting())
        return ready and distance >= round(self._frame_steps * slowness)

    def _publish(self) -> None:
        assert self._observer is not None
        if self._recorder is not None and self._state != "running":
            with self._recording_may_end():
                self._recorder.settle()
        self._framed_s = self._clock()
        speed = self._meter.speed() if self._state == "running" else 0.0
        self._mailbox.put(self._observer.frame(self._sizer.step_s, speed))
        self._tell_of_synapses(self._sim.network, self._observer.inspected, still=self._state != "running")

    # ---- helpers ----------------------------------------------------------------------------------------
    def _network(self) -> Any:
        """Return the simulation, or say that there is none."""
        if self._sim is None:
            raise SimulatorError("There is no network yet; build one with Apply Changes & Reset Sim.")
        return self._sim

    def _rewind(self) -> None:
        assert self._observer is not None
        self._sim.reset()
        self._observer.restart()
        self._pacer = Pacer(self._sim.dt_ms, self._speed)
        self._meter.restart()

    def _forget_network(self) -> None:
        with suppress(SimulatorError):      # a device that failed under a playback fails again
            self._close_stage()
        self._close_recording()
        if self._sim is not None:
            self._sim.close()
        self._sim = self._observer = None

    def _close_recording(self, problem: str = "") -> str:
        """Finish the recording, where there is one, and return why it could not be finished as it should, or ''."""
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            try:
                recorder.close()
            except SimulatorError as error:
                problem = problem or str(error)
            finally:
                self._emit(msg.RecordingChanged(None, problem))
        return problem

    def _enter(self, state: str) -> None:
        self._state = state
        self._emit(msg.RunStateChanged(state))

    def _emit(self, event: msg.Event) -> None:
        self._events.put(event)

    def _progress(self, task: str, fraction: float) -> None:
        """Pass on how far a build is; raise Cancelled when the user has given it up."""
        if self._given_up():
            raise Cancelled("Cancelled; what existed before is untouched.")
        now = self._clock()
        if fraction >= 1.0 or task != self._task or now - self._progressed_s >= PROGRESS_S:
            self._progressed_s, self._task = now, task
            self._emit(msg.Progress(task, fraction))

    def _given_up(self) -> bool:
        with suppress(queue.Empty):
            while True:
                self._backlog.append(self._commands.get_nowait())
        return any(isinstance(command, msg.Cancel | msg.Shutdown) for command in self._backlog)

    def _report(self, error: BaseException, doing: str) -> Path:
        self._log.error("Unexpected error while %s: %s", doing, error, exc_info=error)
        return write_report(self._crash_folder, error, doing, (self._core, self._gpu))

    def _crash(self, error: Exception) -> None:
        """Pause, keep the recording's data, leave a report, and tell the windows."""
        with suppress(Exception):
            self._close_recording()
        report = self._report(error, "simulating")
        if self._sim is not None:
            self._enter("paused")
        said = str(error) if isinstance(error, SimulatorError) else f"{type(error).__name__}: {error}"
        self._emit(msg.Crashed(f"The simulation met an error and is paused: {said} Details are in {report}.", report))


HANDLERS: dict[type[msg.Command], Callable[[Worker, Any], str]] = {
    msg.ApplyConfig: Worker._apply_config,
    msg.AddNeuronModel: Worker._add_neuron_model,
    msg.Cancel: Worker._cancel,
    msg.ChangeLive: Worker._change_live,
    msg.Start: Worker._start,
    msg.Pause: Worker._pause,
    msg.Stop: Worker._stop,
    msg.StepOnce: Worker._step_once,
    msg.Reward: Worker._reward,
    msg.SetSpeed: Worker._set_speed,
    msg.SetFrameInterval: Worker._set_frame_interval,
    msg.SetProbes: Worker._set_probes,
    msg.Inspect: Worker._inspect,
    msg.SumWeights: Worker._sum_weights,
    msg.StartRecording: Worker._start_recording,
    msg.StopRecording: Worker._stop_recording,
    msg.SaveCheckpoint: Worker._save_checkpoint,
    msg.LoadCheckpoint: Worker._load_checkpoint,
    msg.GoBack: Worker._go_back,
    msg.OpenPlayback: Worker._open_playback,
    msg.ClosePlayback: Worker._close_playback,
    msg.SeekPlayback: Worker._seek_playback,
    msg.StepPlayback: Worker._step_playback,
    msg.PlayPlayback: Worker._play_playback,
    msg.LoopPlayback: Worker._loop_playback,
    msg.Shutdown: Worker._shutdown,
}
