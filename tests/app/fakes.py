"""A simulation, a clock and a command queue that tests can look through."""

from __future__ import annotations

import queue

import numpy as np
import pytest

from neural_simulator.app import messages as msg
from neural_simulator.app.frames import Mailbox
from neural_simulator.app.worker import Worker
from neural_simulator.base import synapses
from neural_simulator.base.declarations import Population
from neural_simulator.engine.batch import Batch
from neural_simulator.engine.snapshot import Snapshot


class Clock:
    """A clock that stands still unless it is moved."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


class FakeNetwork:
    """Two populations, 80 % excitatory, without any synapse."""

    def __init__(self, neurons):
        border = max(1, neurons * 4 // 5)
        self.num_neurons, self.num_synapses, self.max_delay_steps = neurons, 0, 3
        self.rewired, self.version = False, 0
        edge = {"low_um": (-50.0, -50.0, -50.0), "high_um": (50.0, 50.0, 50.0)}
        self.populations = (Population("E", 0, border, "IZHIKEVICH", "RS", {}, True, 0, **edge),
                            Population("I", border, neurons, "IZHIKEVICH", "FS", {}, False, 1, **edge))
        self.population_of = np.repeat(np.array([0, 1], np.uint8), [border, neurons - border])
        self.positions = np.zeros((neurons, 3), np.float32)

    def sample(self, count):
        return synapses.NONE

    def synapses_of(self, neuron):
        one = np.array([neuron])
        return synapses.make(one, one + 1, one * 0 + 0.5, one * 0 + 2), synapses.NONE

    def incoming_weights(self):
        return np.ones((2, self.num_neurons), np.float32)


class FakeSampling:
    """Zeros for every step."""

    spilled = False

    def __init__(self, neurons, interval_steps):
        self.neurons, self.interval_steps, self.steps = neurons, interval_steps, []

    def take(self):
        steps, self.steps = [step for step in self.steps if (step + 1) % self.interval_steps == 0], []
        return np.array(steps, np.int64), {"v": np.zeros((len(steps), self.neurons), np.float32)}


class FakeSimulation:
    """Neuron (step % N) fires in every step; a step costs `step_s` (or `step_s(now)`) and fails at `fail_at`."""

    def __init__(self, core, clock, step_s=1e-5, fail_at=None):
        self.core, self.clock, self.step_s, self.fail_at = core, clock, step_s, fail_at
        self.network = FakeNetwork(core.num_neurons)
        self.seed, self.backend_name, self.build_time_s, self.memory_bytes = 7, "fake", 0.0, 1000
        self.dt_ms, self.step_index, self.probes, self.live, self.closed = core.dt_ms, 0, (), {}, False
        self.batches, self.sampled = [], None

    @property
    def time_ms(self):
        return self.step_index * self.dt_ms

    @property
    def state(self):
        return {"v": np.full(self.network.num_neurons, -60.0, np.float32)}

    rewarded = False

    def learning_view(self):
        return None

    def memory_use(self):
        return 0.5

    def picture(self):
        return self.potential(), self.last_spike_step()

    def potential(self):
        return self.state["v"]

    def step(self, n):
        if self.fail_at is not None and self.step_index + n > self.fail_at:
            raise ZeroDivisionError("the fake broke on purpose")
        steps = np.arange(self.step_index, self.step_index + n)
        self.step_index += n
        seconds = n * (self.step_s(self.clock.now) if callable(self.step_s) else self.step_s)
        self.clock.now += seconds
        self.batches.append(n)
        if self.sampled is not None:
            self.sampled.steps += steps.tolist()
        return Batch(first_step=self.step_index - n, spike_steps=steps, num_steps=n, seconds=seconds,
                     spike_ids=(steps % self.network.num_neurons).astype(np.int32),
                     probe_v=np.zeros((n, len(self.probes)), np.float32))

    def states_of(self, neuron, names):
        return tuple(float(self.step_index) if name == "u" else -60.0 for name in names)

    def last_spike_step(self):
        return np.zeros(self.network.num_neurons, np.int32)

    def spike_counts(self):
        return np.full(1, self.step_index, np.uint32)        # one spike in every step

    on_host, fingerprint, variables, state_bytes, first_step = True, "0" * 32, ("v",), 1000, 0

    def snapshot(self):
        n = self.network.num_neurons
        return Snapshot(self.step_index, self.state, np.zeros(n, np.int32), np.zeros((2, 1, n), np.int32),
                        np.zeros(n, np.uint32))

    def sample(self, variables, ids, interval_steps, rows, share):
        self.sampled = FakeSampling(len(ids), interval_steps)
        return self.sampled

    def end_sampling(self):
        self.sampled = None

    def set_probes(self, ids):
        self.probes = ids

    def set_live(self, **values):
        self.live.update(values)

    def reset(self):
        self.step_index = 0

    def close(self):
        self.closed = True


class Script:
    """A command queue that delivers commands at wall times; waiting for one moves the clock. Ends with Shutdown."""

    def __init__(self, clock, commands, end_s):
        self._clock = clock
        self._left = [*commands, (end_s, msg.Shutdown())]
        self._asked = (0.0, 0)          # a time, and how often it was asked then

    def get(self, timeout=None):
        due_s, command = self._left[0]
        if timeout is not None and due_s > self._clock.now + timeout:
            self._clock.now += timeout
            raise queue.Empty
        self._clock.now = max(self._clock.now, due_s)
        self._left.pop(0)
        return command

    def get_nowait(self):
        asked_s, times = self._asked
        self._asked = (self._clock.now, times + 1 if asked_s == self._clock.now else 0)
        if times > 10_000:
            pytest.fail("the worker spins: it asks for commands again and again without waiting or working")
        return self.get(timeout=0.0)


class OneByOne:
    """A command queue in which the next command comes when the one before is done; at last comes Shutdown."""

    def __init__(self, commands):
        self._left = [*commands, msg.Shutdown()]

    def get(self, timeout=None):
        return self._left.pop(0)

    def get_nowait(self):
        raise queue.Empty


class Taker(Mailbox):
    """A mailbox whose frames are taken at once and kept."""

    def __init__(self):
        super().__init__()
        self.taken = []

    def put(self, frame):
        super().put(frame)
        self.taken.append(self.take())


def play(commands, end_s, *, mailbox=None, build=None, record=None, crash_folder=None, **fake):
    """Run a worker through (wall s, command) pairs until `end_s`; return (events, frames, simulations built)."""
    clock, sims = Clock(), []

    def build_fake(core, gpu, progress):
        sims.append(FakeSimulation(core, clock, **fake))
        return sims[-1]

    events, mailbox = queue.Queue(), mailbox or Taker()
    extra = {} if record is None else {"record": record}
    worker = Worker(Script(clock, commands, end_s), events, mailbox, build=build or build_fake, clock=clock,
                    crash_folder=crash_folder, **extra)
    worker.run()
    return list(events.queue), getattr(mailbox, "taken", []), sims


def answers(events):
    """Return the commands' answers in order."""
    return [event for event in events if isinstance(event, msg.Done | msg.Failed)]
