"""Playback: a recording shown as the live run was shown, frame by frame, forward and back.

What is shown is what was simulated: potentials come from the recorded frames, or are computed again exactly where they
were not recorded; spikes, counts and rates come from the recorded spikes.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from ..backend import cuda
from ..backend.frame_store import FrameStore, free_bytes
from ..base import log
from ..files.recordings import Recording
from .frames import MAX_TAPE, NEVER, Frame, PlaybackView
from .observer import RATE_WINDOW_MS, Flight, RateMeter
from .replay import Replay

FRAME_S = 1.0 / 60.0
LOOK_BACK_MS = 5000.0             # spikes shown with a frame that does not follow the one before
LONGEST_TURN_S = 0.1              # wall time that a slow playback may be behind
CACHE_BYTES = 256 << 20           # potentials that were computed again, kept for going back
CACHED_SHARE, AUTO_SHARE = 0.8, 0.25      # of the free memory, that frames may take in 'gpu_cached' and in 'auto'
MOST_TRACES = 8
TRACE_BYTES = 4 << 20             # of recorded frames that are read for the traces of a few of their neurons
LONG_WAY, MOST_PASSED = 50_000, 32        # spikes after which a moment is remembered, and how many such moments
_log = log.get("app")


class Source(Protocol):
    """Where the potentials come from. `positions` are the steps at whose start there is a frame, ascending."""

    positions: np.ndarray

    def v(self, step: int, stride: int) -> np.ndarray:
        """The potentials (N,) float32 at the start of `step`; the steps before at this `stride` come next, if > 0."""

    def traces(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        """Steps (T,) and potentials (T, probes) at the end of the steps `first` .. `stop - 1`, as far as known."""


class RecordedFrames:
    """The potentials of all neurons, as they were recorded; `mode` is a playback mode of the device configuration."""

    def __init__(self, recording: Recording, mode: str, probes: tuple[int, ...]):
        self._recording = recording
        steps = np.empty(0, np.int64) if recording.num_steps == 0 else _trace_steps(recording)
        self.positions = np.concatenate([[recording.first_step], steps + 1])
        self._columns = np.searchsorted(recording.probes, probes)
        self._store = self._loaded(mode)

    @staticmethod
    def fits(recording: Recording) -> bool:
        """Whether the recording has all potentials, from its beginning on."""
        return ("v" in recording.traced.variables and recording.probes == tuple(range(recording.num_neurons))
                and "v" in recording.initial_names)

    def _loaded(self, mode: str) -> FrameStore | None:
        """Load all frames where the mode and the memory allow it."""
        rows, width = len(self.positions), self._recording.num_neurons
        on_device = cuda.problem() is None
        share = {"gpu_cached": CACHED_SHARE, "auto": AUTO_SHARE, "streaming": 0.0}[mode]
        if 4 * rows * width > share * free_bytes(on_device):
            if mode != "streaming":
                _log.info("The frames of %s do not fit into memory and are read when they are shown.",
                          self._recording.path.name)
            return None
        store = FrameStore(rows, width, on_device)
        store.put(0, self._recording.initial("v")[None])
        piece = max(1, (64 << 20) // (4 * width)) * self._recording.traced.interval_steps
        for first in range(self._recording.first_step, self._recording.stop_step, piece):
            steps, v = self._recording.trace("v", first, first + piece)
            if len(steps):
                store.put(int(np.searchsorted(self.positions, steps[0] + 1)), v)
        return store

    def v(self, step: int, stride: int) -> np.ndarray:
        if self._store is not None:
            return self._store.row(int(np.searchsorted(self.positions, step)))
        if step == self._recording.first_step:
            return self._recording.initial("v")
        return self._recording.trace("v", step - 1, step)[1][0]

    def traces(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        most = max(1, TRACE_BYTES // (4 * self._recording.num_neurons)) * self._recording.traced.interval_steps
        return self._recording.trace("v", max(first, stop - most), stop, self._columns)


class ReplayedFrames:
    """The potentials of all neurons, computed again by a simulation of the recorded network."""

    def __init__(self, replay: Replay, sim: Any, probes: tuple[int, ...]):
        recording = replay.recording
        self.positions = np.arange(recording.first_step, recording.stop_step + 1)
        self._replay, self._sim = replay, sim
        self._keyframes = recording.keyframe_steps()
        self._cache: OrderedDict[int, np.ndarray] = OrderedDict()
        self._most = max(2, CACHE_BYTES // (4 * recording.num_neurons))
        self._batches: list[Any] = []
        sim.set_probes(probes)
        self._probes = len(probes)

    def v(self, step: int, stride: int) -> np.ndarray:
        if step not in self._cache:
            if stride > 0 and step < self._sim.step_index:
                self._compute_before(step, stride)
            self._compute(step)
        self._cache.move_to_end(step)
        return self._cache[step]

    def _compute_before(self, step: int, stride: int) -> None:
        """Compute what comes next when going back: one way from the nearest kept state gives all of it."""
        kept = int(np.searchsorted(self._keyframes, step, side="right")) - 1
        begin = int(self._keyframes[kept]) if kept >= 0 else int(self.positions[0])
        count = min((step - begin) // stride, self._most // 2 - 1)
        for earlier in range(step - count * stride, step, stride):
            self._compute(earlier)

    def _compute(self, step: int) -> None:
        self._batches.clear()
        self._replay.go_to(step, self._batches.append)
        self._cache[step] = self._sim.potential()
        while len(self._cache) > self._most:
            self._cache.popitem(last=False)

    def traces(self, first: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        parts = [(np.arange(b.first_step, b.first_step + b.num_steps), b.probe_v) for b in self._batches]
        steps = np.concatenate([np.empty(0, np.int64), *(part[0] for part in parts)])
        v = np.concatenate([np.empty((0, self._probes), np.float32), *(part[1] for part in parts)])
        inside = (steps >= first) & (steps < stop)
        return steps[inside], v[inside]


class SpikeHistory:
    """Who had fired when, at any step of a recording, from its spikes and the states kept."""

    def __init__(self, recording: Recording):
        self._recording = recording
        self._keyframes = recording.keyframe_steps()
        self._passed: dict[int, tuple[np.ndarray, int]] = {}
        # The step at which the state stands, the newest spikes before it, (N,) int32 steps, and the number of spikes.
        self._step, self._last, self._total = self._start(len(self._keyframes[:1]) - 1, recording.first_step)
        self.initial = self._last                               # newest spikes before the beginning

    def at(self, step: int) -> tuple[np.ndarray, int]:
        """Return the step of every neuron's newest spike, (N,) int32, and the number of spikes, before `step`."""
        kept = int(np.searchsorted(self._keyframes, step, side="right")) - 1
        nearest = int(self._keyframes[kept]) if kept >= 0 else self._recording.first_step
        passed = max((known for known in self._passed if known <= step), default=-1)
        if passed > nearest and not passed <= self._step <= step:
            self._step, (self._last, self._total) = passed, self._passed[passed]
        elif not nearest <= self._step <= step:
            self._step, self._last, self._total = self._start(kept, nearest)
        steps, ids = self._recording.spikes(self._step, step)
        self._last = self._last.copy()                          # the one before may be on show
        self._last[ids] = steps                                 # ascending steps: the newest one stays
        self._total += len(ids)
        self._step = step
        if len(ids) > LONG_WAY:
            self._remember()
        return self._last, self._total

    def _remember(self) -> None:
        """Keep what took long to find, so that going back a little does not take as long again."""
        self._passed[self._step] = self._last, self._total
        while len(self._passed) > MOST_PASSED:
            del self._passed[next(iter(self._passed))]

    def _start(self, kept: int, step: int) -> tuple[int, np.ndarray, int]:
        if kept < 0:
            return step, np.full(self._recording.num_neurons, NEVER, np.int32), 0
        arrays = self._recording.keyframe(kept, ("last_spike", "spike_counts"))
        return step, arrays["last_spike"].astype(np.int32), int(arrays["spike_counts"].sum())


class Player:
    """Moves through a recording and makes frames of it."""

    def __init__(self, recording: Recording, source: Source, probes: tuple[int, ...], build: int,
                 max_delay_steps: int = 1):
        self._recording, self._source, self._probes, self._build = recording, source, probes, build
        self._max_delay_steps = max_delay_steps
        self.inspected: int | None = None                       # a neuron whose potential the viewer follows
        self._history = SpikeHistory(recording)
        self._sizes = np.array([population.size for population in recording.populations], float)
        self.population_of = np.repeat(np.arange(len(self._sizes), dtype=np.uint8), self._sizes.astype(int))
        self._index = 0                                         # of the position
        self._shown_step: int | None = None
        self._owed_ms = 0.0
        self._last_s = 0.0
        self.speed = 0.0
        self.loop = False

    # ---- where it stands
    @property
    def step(self) -> int:
        """The step at whose start the shown state is."""
        return int(self._source.positions[self._index])

    def view(self) -> PlaybackView:
        """What the windows show of the playback."""
        recording, positions = self._recording, self._source.positions
        return PlaybackView(recording.path, recording.kind, int(positions[0]), int(positions[-1]), recording.dt_ms,
                            int(positions[-1] - positions[-2]) if len(positions) > 1 else 1, self.speed, self.loop,
                            recording.complete)

    def seek(self, step: int) -> None:
        """Show the last frame at or before `step`, or the first one."""
        self._index = max(0, int(np.searchsorted(self._source.positions, step, side="right")) - 1)

    def move(self, frames: int) -> None:
        """Go on by so many frames, back if negative, as far as there are any."""
        self._index = min(max(0, self._index + frames), len(self._source.positions) - 1)

    def play(self, speed: float, now_s: float) -> None:
        """Go on by itself at `speed` times real time, back if negative; 0 holds."""
        if speed > 0.0 and self._index == len(self._source.positions) - 1:
            self._index = 0
        elif speed < 0.0 and self._index == 0:
            self._index = len(self._source.positions) - 1
        self.speed, self._owed_ms, self._last_s = speed, 0.0, now_s

    def tick(self, now_s: float) -> bool:
        """Let the wall clock advance to `now_s`; return whether another frame is to be shown."""
        if self.speed == 0.0:
            return False
        self._owed_ms += min(now_s - self._last_s, LONGEST_TURN_S) * 1000.0 * abs(self.speed)
        self._last_s = now_s
        before, forward = self._index, self.speed > 0.0
        target = self.step + (1 if forward else -1) * int(self._owed_ms / self._recording.dt_ms + 1e-9)
        positions = self._source.positions
        self._index = int(np.searchsorted(positions, target, side="right")) - 1 if forward else \
            int(np.searchsorted(positions, target))
        reached = positions[min(max(0, self._index), len(positions) - 1)]
        self._owed_ms -= abs(int(reached) - int(positions[before])) * self._recording.dt_ms
        self._turn_at_the_end(target)
        return self._index != before

    def _turn_at_the_end(self, target: int) -> None:
        """Begin anew at the other end, or hold, where the recording is over."""
        last = len(self._source.positions) - 1
        over = target > self._source.positions[-1] if self.speed > 0.0 else target < self._source.positions[0]
        if not over:
            self._index = min(max(0, self._index), last)
        elif self.loop and last > 0:
            self._index, self._owed_ms = (0 if self.speed > 0.0 else last), 0.0
        else:
            self._index, self.speed = (last if self.speed > 0.0 else 0), 0.0

    def wait_s(self) -> float:
        """Return the wall time until the next frame can be due."""
        if self.speed == 0.0:
            return FRAME_S
        one_ms = self.view().interval_steps * self._recording.dt_ms
        return max(FRAME_S, (one_ms - self._owed_ms) / (1000.0 * abs(self.speed)))

    # ---- what it shows
    def frame(self) -> Frame:
        """Return the frame of the present position."""
        step, before = self.step, self._shown_step
        stride = max(1, (before or 0) - step) if self.speed < 0.0 or before is not None and step < before else 0
        v = self._source.v(step, stride)
        last_spike, total = self._history.at(step)
        first = self._first_shown(step, before, total)
        steps, ids = self._recording.spikes(first, step)
        probe_steps, probe_v = self._source.traces(first, step)
        self._shown_step = step
        flight = self._flight(step)
        return Frame(
            step=step, time_ms=step * self._recording.dt_ms, v=v, last_spike_step=last_spike,
            spike_steps=steps[-MAX_TAPE:], spike_ids=ids[-MAX_TAPE:], total_spikes=total,
            rates_Hz=self._rates_Hz(step), rate_window_ms=RATE_WINDOW_MS, probe_ids=self._probes,
            probe_steps=probe_steps, probe_v=probe_v, step_time_us=0.0, real_time_factor=0.0, speed=self.speed,
            build=self._build, flying_steps=flight.steps, flying_ids=flight.ids, **self._followed(step, v))

    def _flight(self, step: int) -> Flight:
        """The spikes that may still be under way."""
        begin = self._recording.first_step
        flight = Flight(self._max_delay_steps)
        flight.begin(begin, self._history.initial)
        flight.saw(step, *self._recording.spikes(max(begin, step - self._max_delay_steps - 1), step))
        return flight

    def _followed(self, step: int, v: np.ndarray) -> dict[str, Any]:
        """The potential of the inspected neuron, one point per frame."""
        if self.inspected is None:
            return {}
        return {"inspected": self.inspected, "inspected_steps": np.array([step - 1], np.int64),
                "inspected_v": v[self.inspected:self.inspected + 1]}

    def _first_shown(self, step: int, before: int | None, total: int) -> int:
        """The first step whose spikes belong to the frame: since the one before, or of the newest time."""
        begin = self._recording.first_step
        per_step = total / max(1, step)
        longest = min(LOOK_BACK_MS / self._recording.dt_ms, MAX_TAPE / max(per_step, 1e-9))
        look_back = max(begin, step - int(longest))
        return max(look_back, before) if before is not None and before <= step else look_back

    def _rates_Hz(self, step: int) -> tuple[float, ...]:
        meter = RateMeter(self.population_of, self._sizes, self._recording.dt_ms)
        window = int(RATE_WINDOW_MS / self._recording.dt_ms) + 1
        meter.saw(step, *self._recording.spikes(max(self._recording.first_step, step - window), step))
        return meter.rates_Hz()


def _trace_steps(recording: Recording) -> np.ndarray:
    """The steps at whose end there are traces, without reading them."""
    interval = recording.traced.interval_steps
    return np.arange(recording.first_step + (-(recording.first_step + 1)) % interval, recording.stop_step, interval)


def probes_of(recording: Recording, usual: Callable[..., tuple[int, ...]]) -> tuple[int, ...]:
    """The neurons whose potentials the monitor shows: recorded ones, or the `usual` ones where all are known."""
    wanted = usual(recording.populations)
    if recording.kind == "replay" or set(wanted) <= set(recording.probes):
        return wanted
    return recording.probes[:MOST_TRACES]

