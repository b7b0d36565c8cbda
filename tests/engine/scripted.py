"""Prescribed spike trains through the CPU engine's learning kernels, and an independent rule in plain Python."""

from __future__ import annotations

import math

import numpy as np

from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation

CPU = GPUConfig(backend="cpu", num_threads=1)


class Scripted:
    """A network whose neurons fire when told; only deliveries, traces and weights are computed."""

    def __init__(self, core: CoreSimConfig, threads: int = 1):
        self.sim = Simulation(core, GPUConfig(backend="cpu", num_threads=threads))
        self.engine = self.sim._engine
        self.plan, self.network = self.sim.plan, self.sim.network
        self.learning = self.engine.learning
        self.arrived: list[np.ndarray] = []

    def step(self, firing: np.ndarray) -> None:
        """One step in which exactly the neurons `firing` fire."""
        e, rows, t = self.engine, self.network.rows, np.int64(self.engine.step_index)
        self.learning.prepare(int(t), 1)
        arrays = self.learning.arrays
        arrived = np.zeros((self.plan.num_ports, self.plan.num_neurons), np.int32)
        for part in range(e.threads):
            first, last = rows.part_start[part], rows.part_start[part + 1]
            row = e._acc[part][t % e._acc[part].shape[0]]
            arrived[:, first:last] = row
            row[:] = 0
            e._fired[part][:] = 0
            e._fired[part][firing[(firing >= first) & (firing < last)] - first] = 1
            e._kernels.send_learning(np.int64(part), t, rows.part_start, e._fired[part], e._ids, e._id_counts,
                                     e.last_spike, e.spike_counts, arrays)
        e.step_index += 1
        e._share(e._deliver)
        self.arrived.append(arrived)

    def run(self, trains: dict[int, list[int]], steps: int, rewards: dict[int, float] | None = None) -> None:
        """Run `steps` steps; neuron -> steps in which it fires; step -> reward just before it."""
        at: dict[int, list[int]] = {}
        for neuron, train in trains.items():
            for s in train:
                at.setdefault(s, []).append(neuron)
        self.learning.dopamine.schedule(rewards or {})
        for _ in range(steps):
            t = self.engine.step_index
            self.step(np.array(at.get(t, []), np.int64))

    def synapses(self):
        """Columns pre, post, delay (steps), weight (stored units), in the order of the kernels."""
        _, pre, delay, post = self.network.columns()
        return pre, post, delay, self.learning.arrays.weight


def power(share: float, mu: float) -> float:
    return 1.0 if mu == 0.0 else max(share, 0.0) ** mu


def pair_rule(pre: list[float], post: list[float], end: float, w: float, c, dt: float = 1.0) -> tuple[float, int, int]:
    """The weight rule `c` (Coefficients) on one synapse, event by event in the order of time, in float64.

    `pre` and `post` are when spikes reach the synapse, in steps; a coincident pair does not act. Returns the weight
    after the last presynaptic one up to `end`, and the number of strengthenings and weakenings up to there.
    """
    arrivals = sorted(a for a in pre if a <= end)
    rose = fell = 0
    if not arrivals:
        return w, rose, fell
    posts, at_arrival = set(post), set(arrivals)
    keep = 0.0 if c.nearest else 1.0
    x = y = 0.0                                       # just before each event
    last = 0.0
    for t in sorted(at_arrival | {p for p in posts if p <= arrivals[-1]}):
        x *= math.exp(-(t - last) * dt / c.tau_x_ms)
        y *= math.exp(-(t - last) * dt / c.tau_y_ms)
        last, x_before, y_before = t, x, y
        if t in posts:
            old = w
            w += c.a_post * power((c.w_max - w) / (c.w_max - c.w_min), c.mu_plus) * x_before
            w = min(max(w, c.w_min), c.w_max)
            rose += w > old
            y = keep * y + 1.0
        if t in at_arrival:
            old = w
            up = c.b_up * power((c.w_max - w) / (c.w_max - c.w_min), c.mu_plus)
            down = c.b_down * power((w - c.w_min) / (c.w_max - c.w_min), c.mu_minus)
            w += (up - down) * y_before - c.c_0 - c.c_1 * (w - c.w_min)
            w = min(max(w, c.w_min), c.w_max)
            fell += w < old
            x = keep * x + 1.0
    return w, rose, fell


def reward_rule(pre: list[int], post: list[int], end: int, w: float, c, dopamine: np.ndarray, dt: float) -> float:
    """Reward-modulated STDP on one synapse, step by step in float64; `dopamine[k]` is D + D_0 in step k.

    `pre` and `post` are when spikes reach the synapse. Returns the weight after the last of `pre` up to `end`.
    """
    arrivals = sorted(a for a in pre if a <= end)
    if not arrivals:
        return w
    eligible, x, y = 0.0, 0.0, 0.0
    kept = math.exp(-dt / c.eligibility_tau_ms)
    whole = (1.0 - kept) * c.eligibility_tau_ms / 1000.0
    for t in range(arrivals[-1] + 1):
        w = min(max(w, c.w_min), c.w_max)
        y_before = y
        if t in post:
            eligible += c.a_post * power((c.w_max - w) / (c.w_max - c.w_min), c.mu_plus) * x
            y = (0.0 if c.nearest else y) + 1.0
        if t in arrivals:
            eligible -= c.b_down * power((w - c.w_min) / (c.w_max - c.w_min), c.mu_minus) * y_before
            x = (0.0 if c.nearest else x) + 1.0
        if t < arrivals[-1]:
            w += c.gain_per_s * eligible * dopamine[t] * whole
        eligible *= kept
        x *= math.exp(-dt / c.tau_x_ms)
        y *= math.exp(-dt / c.tau_y_ms)
    return min(max(w, c.w_min), c.w_max)
