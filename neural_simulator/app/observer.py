"""Turns batches of steps into frames for the windows: spikes and traces since the last frame, rates, times."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import numpy as np

from ..base.declarations import Population
from ..base.synapses import Synapses
from ..engine.learning_view import LearningView
from ..models.neurons import neuron_model
from .frames import MAX_TAPE, NO_IDS, NO_STEPS, NO_TRACE, Frame, NetworkView

Looked = TypeVar("Looked")

RATE_WINDOW_MS = 250.0
BINS = 25
LEARNING_EVERY_S = 1.0          # between two summaries of what has been learned, at least
LEARNING_COST = 0.03            # share of the wall time that they may take
MEMORY_EVERY_S = 1.0
MOST_SYNAPSES = 200_000       # that the windows get to draw


def view_of(sim: Any, build: int) -> NetworkView:
    """Return what the windows see of a simulation's network; `build` is its number."""
    network = sim.network
    units = dict.fromkeys(neuron_model(population.model).port_unit for population in network.populations)
    return NetworkView(
        core=sim.core, seed=sim.seed, backend=sim.backend_name, populations=tuple(network.populations),
        population_of=network.population_of, positions=network.positions,
        synapse_sample=network.sample(MOST_SYNAPSES), num_synapses=network.num_synapses,
        memory_bytes=sim.memory_bytes, build_time_s=sim.build_time_s, build=build,
        max_delay_steps=network.max_delay_steps, weight_unit=" or ".join(units), variables=sim.variables,
        state_bytes=sim.state_bytes, first_step=sim.first_step, rewarded=sim.rewarded)


class Seldom:
    """The pace of a look that costs: about once a second, and at most `LEARNING_COST` of the wall time."""

    def __init__(self, clock: Callable[[], float]):
        self._clock = clock
        self._cost_s = 0.0
        self.reset()

    def reset(self) -> None:
        """Let the next look be due at once."""
        self._looked_s = float("-inf")

    def due(self, still: bool) -> bool:
        """Whether to look now; always where the picture stands still."""
        return still or self._clock() - self._looked_s >= max(LEARNING_EVERY_S, self._cost_s / LEARNING_COST)

    def look(self, do: Callable[[], Looked]) -> Looked:
        """Look, and note what it cost."""
        self._looked_s = self._clock()
        seen = do()
        self._cost_s = self._clock() - self._looked_s
        return seen


class SynapseWatch:
    """Notices that the synapses of the network on show have come and gone, about once a second."""

    def __init__(self, clock: Callable[[], float]):
        self._pace = Seldom(clock)
        self._version = 0

    def begin(self, network: Any) -> None:
        """Follow another network, whose present synapses are known."""
        self._version = network.version
        self._pace.reset()

    def news(self, network: Any, still: bool) -> Synapses | None:
        """Return a sample of the synapses where they have changed; at once where the picture stands still."""
        if network.version == self._version or not self._pace.due(still):
            return None
        self._version = network.version
        sample: Synapses = self._pace.look(lambda: network.sample(MOST_SYNAPSES))
        return sample


def default_probes(populations: tuple[Population, ...]) -> tuple[int, ...]:
    """Return the middle neuron of the first excitatory and of the first inhibitory population."""
    chosen = []
    for excitatory in (True, False):
        fitting = [p for p in populations if p.excitatory is excitatory and p.size > 0]
        chosen += [fitting[0].start + fitting[0].size // 2] if fitting else []
    return tuple(chosen)


class RateMeter:
    """Firing rate of every population over the newest `RATE_WINDOW_MS`, counted in bins of a few steps."""

    def __init__(self, population_of: np.ndarray, sizes: np.ndarray, dt_ms: float):
        self._population_of = population_of                                   # (N,) uint8
        self._sizes = sizes                                                   # (P,) neurons
        self._dt_ms = dt_ms
        self._bin_steps = max(1, round(RATE_WINDOW_MS / BINS / dt_ms))
        self._bins: deque[tuple[int, np.ndarray]] = deque()                   # (bin, (P,) spikes), ascending
        self._step = 0

    def saw(self, step: int, spike_steps: np.ndarray, spike_ids: np.ndarray) -> None:
        """Count the spikes of a batch that ends where `step` begins; `spike_steps` ascend."""
        self._step = step
        oldest = step // self._bin_steps - BINS + 1
        numbers = np.arange(oldest, step // self._bin_steps + 1)
        edges = np.searchsorted(spike_steps, np.append(numbers, numbers[-1] + 1) * self._bin_steps)
        populations = self._population_of[spike_ids[edges[0]:]]
        for number, first, last in zip(numbers, edges - edges[0], edges[1:] - edges[0], strict=False):
            if last > first:
                self._add(int(number), np.bincount(populations[first:last], minlength=len(self._sizes)))
        while self._bins and self._bins[0][0] < oldest:
            self._bins.popleft()

    def _add(self, number: int, counts: np.ndarray) -> None:
        if self._bins and self._bins[-1][0] == number:
            counts = counts + self._bins.pop()[1]
        self._bins.append((number, counts))

    def rates_Hz(self) -> tuple[float, ...]:
        """Return the rate of each population, over as much of the window as has been simulated."""
        first_bin = max(0, self._step // self._bin_steps - BINS + 1)
        seconds = (self._step - first_bin * self._bin_steps) * self._dt_ms / 1000.0
        if seconds <= 0.0:
            return (0.0,) * len(self._sizes)
        total = sum((counts for _, counts in self._bins), np.zeros(len(self._sizes)))
        return tuple(float(rate) for rate in total / (self._sizes * seconds))


class Tape:
    """Pairs of arrays in the order of time, until they are taken; beyond `MAX_TAPE` rows the oldest are lost."""

    def __init__(self, nothing: tuple[np.ndarray, np.ndarray]):
        self._nothing = nothing
        self._parts: deque[tuple[np.ndarray, np.ndarray]] = deque()
        self._rows = 0

    def append(self, first: np.ndarray, second: np.ndarray) -> None:
        self._parts.append((first, second))
        self._rows += len(first)
        while self._rows > MAX_TAPE and len(self._parts) > 1:
            self._rows -= len(self._parts.popleft()[0])

    def take(self) -> tuple[np.ndarray, np.ndarray]:
        """Return everything, joined, and forget it."""
        if not self._parts:
            return self._nothing
        too_many = max(0, self._rows - MAX_TAPE)
        self._parts[0] = self._parts[0][0][too_many:], self._parts[0][1][too_many:]
        firsts, seconds = zip(*self._parts, strict=True)
        self._parts.clear()
        self._rows = 0
        return (firsts[0], seconds[0]) if len(firsts) == 1 else (np.concatenate(firsts), np.concatenate(seconds))


class Flight:
    """The spikes that may still be under way.

    One of step n with the longest delay, `max_delay` steps, acts in step n + 1 + max_delay.
    """

    def __init__(self, max_delay: int):
        self._kept = max_delay + 1
        self.steps, self.ids = NO_STEPS, NO_IDS

    def begin(self, step: int, last_spike_step: np.ndarray) -> None:
        """Begin in the middle of a run, of which every neuron's newest spike is known."""
        ids = np.flatnonzero((last_spike_step >= max(0, step - self._kept)) & (last_spike_step < step))
        ids = ids[np.argsort(last_spike_step[ids], kind="stable")]
        self.steps, self.ids = last_spike_step[ids].astype(np.int64), ids.astype(np.int32)

    def saw(self, step: int, spike_steps: np.ndarray, spike_ids: np.ndarray) -> None:
        """Take in the spikes of a batch that ends where `step` begins."""
        old = np.searchsorted(self.steps, step - self._kept)
        new = np.searchsorted(spike_steps, step - self._kept)      # of a long batch, only its end is under way
        self.steps = np.concatenate([self.steps[old:], spike_steps[new:]])
        self.ids = np.concatenate([self.ids[old:], spike_ids[new:]])


class Observer:
    """Collects what a simulation does until the next frame is made; it changes nothing but the choice of probes.

    Besides the probes, which are recorded, one `inspected` neuron is traced for the viewer alone.
    """

    def __init__(self, sim: Any, probe_ids: tuple[int, ...], build: int):
        self._sim = sim
        self._build = build
        self._sizes = np.array([population.size for population in sim.network.populations], float)
        self._flight = Flight(sim.network.max_delay_steps)
        self._memory, self._memory_asked_s = 0.0, float("-inf")
        self._learned: LearningView | None = None
        self._learning_pace = Seldom(time.monotonic)
        self.inspected: int | None = None
        self.state_names: tuple[str, ...] = ()        # states of the inspected neuron that are traced
        self._states: list[tuple[float, ...]] = []
        self.set_probes(probe_ids)
        self.restart()

    def restart(self) -> None:
        """Begin at the simulation's present step as if nothing had been before."""
        sim = self._sim
        self._learning_pace.reset()
        self._rates = RateMeter(np.asarray(sim.network.population_of), self._sizes, sim.dt_ms)
        self._spikes = Tape((NO_STEPS, NO_IDS))
        self._flight.begin(sim.step_index, sim.last_spike_step())
        self._forget_traces()
        self.total_spikes = int(sim.spike_counts().sum())
        self.framed_step = sim.step_index

    def renumber(self, build: int) -> None:
        """The network goes by another number from now on."""
        self._build = build

    def set_probes(self, ids: tuple[int, ...]) -> None:
        """Trace these neurons from now on; traces of others are forgotten."""
        self.probe_ids = ids
        self._trace()

    def inspect(self, neuron: int | None, states: tuple[str, ...] = ()) -> None:
        """Trace this neuron for the windows from now on; `states`: those of it that are read after every batch."""
        self.inspected = neuron
        self.state_names = states if neuron is not None else ()
        self._trace()

    def _trace(self) -> None:
        traced = tuple(dict.fromkeys((*self.probe_ids, *(() if self.inspected is None else (self.inspected,)))))
        self._sim.set_probes(traced)
        self._column = traced.index(self.inspected) if self.inspected is not None else 0
        self._forget_traces()

    def _forget_traces(self) -> None:
        self._traces = Tape((NO_STEPS, np.empty((0, len(self.probe_ids)), np.float32)))
        self._inspected = Tape((NO_STEPS, NO_TRACE))
        self._states = []

    def saw(self, batch: Any) -> Any:
        """Take in what one batch of steps returned; return it with the traces of the probes alone."""
        end = self._sim.step_index
        self._rates.saw(end, batch.spike_steps, batch.spike_ids)
        self.total_spikes += len(batch.spike_ids)
        self._spikes.append(batch.spike_steps, batch.spike_ids)
        self._flight.saw(end, batch.spike_steps, batch.spike_ids)
        steps = np.arange(end - batch.num_steps, end)
        if self.inspected is not None:
            self._inspected.append(steps, batch.probe_v[:, self._column])
            batch = replace(batch, probe_v=batch.probe_v[:, :len(self.probe_ids)])
            if self.state_names:
                self._states.append(self._sim.states_of(self.inspected, self.state_names))
        self._traces.append(steps, batch.probe_v)
        return batch

    def frame(self, step_s: float, speed: float) -> Frame:
        """Return what has happened since the last frame; `step_s` is the wall time of one step."""
        sim = self._sim
        steps, ids = self._spikes.take()
        probe_steps, probe_v = self._traces.take()
        inspected_steps, inspected_v = self._inspected.take()
        self.framed_step = sim.step_index
        states, self._states = self._states[-MAX_TAPE:], []
        v, last_spike = sim.picture()
        return Frame(
            step=sim.step_index, time_ms=sim.time_ms, v=v, last_spike_step=last_spike,
            spike_steps=steps, spike_ids=ids, total_spikes=self.total_spikes, rates_Hz=self._rates.rates_Hz(),
            rate_window_ms=RATE_WINDOW_MS, probe_ids=self.probe_ids, probe_steps=probe_steps, probe_v=probe_v,
            step_time_us=step_s * 1e6, real_time_factor=step_s * 1000.0 / sim.dt_ms, speed=speed,
            build=self._build, memory_use=self._memory_use(), flying_steps=self._flight.steps,
            flying_ids=self._flight.ids, inspected=self.inspected,
            inspected_steps=inspected_steps, inspected_v=inspected_v,
            state_names=self.state_names, learning=self._learning(still=speed == 0.0),
            states=np.array(states, np.float32).reshape(len(states), len(self.state_names)))

    def _learning(self, still: bool) -> LearningView | None:
        """Return what has been learned, summed up about once a second, and whenever the run stands still."""
        if self._learning_pace.due(still):
            self._learned = self._learning_pace.look(self._sim.learning_view)
        return self._learned

    def _memory_use(self) -> float:
        """Return the share of memory in use, asked for once a second at most."""
        now = time.monotonic()
        if now - self._memory_asked_s >= MEMORY_EVERY_S:
            self._memory_asked_s, self._memory = now, self._sim.memory_use()
        return self._memory
