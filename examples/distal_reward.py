"""The distal reward problem (Izhikevich 2007, Cereb Cortex 17:2443, figure 1): which synapse earned the reward?

Whenever neuron n2 fires within 10 ms after neuron n1, a reward follows, 1 to 3 s later, when hundreds of other spikes
have come between. Reward-modulated STDP finds the synapse from n1 to n2 all the same, and makes it the strongest.

    .venv/bin/python examples/distal_reward.py            # an hour of a network of 1,000 neurons
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from common import argument_parser, new_figure, save

from neural_simulator import CoreSimConfig, GPUConfig, SimulationBridge

# The rule of the paper's program (daspnet.m): a pair marks a synapse with 0.1 or -0.15, where weights begin with 1 and
# end at 4; a reward is half a unit of dopamine. There, a weight takes 100 times its eligibility per second of one unit
# of dopamine, and there is a little dopamine always; here it learns more slowly and from rewards alone, so that chance
# has less to say.
RULE = {"enable_reward_modulation": True, "stdp_a_plus": 0.025, "stdp_a_minus": 0.0375, "stdp_max_weight": 4.0,
        "reward_learning_rate_per_s": 25.0, "reward_eligibility_tau_ms": 1000.0, "reward_dopamine_tau_ms": 200.0}
REWARD = 0.5
COINCIDENCE_MS = 10.0
WAIT_MS = (1000.0, 3000.0)
LOOK_MS = 10_000.0
PIECE_MS = 300.0                 # between two looks at the spikes; no more than the shortest wait
# Delays of one step, as in the paper. Drive and weights are found here: 1 to 3 Hz, so that few pairs meet by chance.
QUIET = {"conduction_velocity_um_per_ms": 1e6}
WHOLE = {"num_neurons": 1000, "connections_per_neuron": 100, "background_rate_Hz": 66.0, "excitatory_weight_nS": 0.15,
         "inhibitory_weight_nS": 0.4}
SMALL = {"num_neurons": 200, "connections_per_neuron": 20, "background_rate_Hz": 80.0,
         "excitatory_weight_nS": 0.45}
INHIBITORY = {"trait": 1, "model": "IZHIKEVICH", "preset": "FS", "background_rate_Hz": 25.0}


@dataclass
class History:
    """What happened, about every 10 s."""

    times_s: list[float] = field(default_factory=list)
    weight: list[float] = field(default_factory=list)            # of the rewarded synapse, as multiples of the mean
    mean: list[float] = field(default_factory=list)              # of all others from excitatory neurons
    largest: list[float] = field(default_factory=list)
    rewards_s: list[float] = field(default_factory=list)
    weights: np.ndarray = field(default_factory=lambda: np.empty(0))          # of all others in the end


def network(seed: int, size: dict[str, float]) -> CoreSimConfig:
    """The network of this size, `WHOLE` or `SMALL`."""
    return CoreSimConfig(seed=seed, trait_cells=[INHIBITORY], **RULE, **QUIET, **size)


def run(core: CoreSimConfig, seconds: float, wait_ms: tuple[float, float] = WAIT_MS, gpu: GPUConfig | None = None
        ) -> History:
    """Run the experiment, after a look of `LOOK_MS` at who fires.

    The synapse is the first one between two excitatory neurons that both fire at 2 Hz or more.
    """
    sim = SimulationBridge(core_config=core, gpu_config=gpu or GPUConfig())
    sim.initialize()
    excitatory = ~np.isin(np.arange(core.num_neurons) * core.num_traits // core.num_neurons,
                          core.inhibitory_trait_indices)
    wires = sim.cp_connections
    pre = np.repeat(np.arange(core.num_neurons), np.diff(wires.indptr))
    firing = excitatory & (np.bincount(sim.run(LOOK_MS).spike_ids, minlength=core.num_neurons) >= 0.002 * LOOK_MS)
    synapse = int(np.flatnonzero(firing[pre] & firing[wires.indices])[0])
    n1, n2 = int(pre[synapse]), int(wires.indices[synapse])
    others = excitatory[pre] & (np.arange(pre.size) != synapse)
    unit = float(wires.data[excitatory[pre]].mean())
    rng, history, last = np.random.default_rng(core.seed), History(), -1e9
    for piece in range(round(seconds * 1000.0 / PIECE_MS)):
        batch = sim.run(PIECE_MS)
        now_ms = LOOK_MS + (piece + 1) * PIECE_MS
        mine = np.isin(batch.spike_ids, (n1, n2))
        for step, neuron in zip(batch.spike_steps[mine], batch.spike_ids[mine], strict=True):
            if neuron == n1:
                last = step * core.dt_ms
            elif 0.0 < step * core.dt_ms - last <= COINCIDENCE_MS:
                due_ms = step * core.dt_ms + rng.uniform(*wait_ms)
                sim.reward(REWARD, delay_ms=round(due_ms / core.dt_ms) * core.dt_ms - now_ms)
                history.rewards_s.append(due_ms / 1000.0)
        if piece % 30 == 29:
            weights = sim.cp_connections.data / unit
            history.times_s.append(now_ms / 1000.0)
            history.weight.append(float(weights[synapse]))
            history.mean.append(float(weights[others].mean()))
            history.largest.append(float(weights[others].max()))
            history.weights = weights[others]
    return history


def draw(history: History, path: str) -> None:
    """Weight over time, and where it lies among all others in the end."""
    figure = new_figure(10.0, 4.0)
    left, right = figure.subplots(1, 2, width_ratios=(2, 1))
    left.plot(history.times_s, history.weight, color="#d55e00", label="the rewarded synapse")
    left.plot(history.times_s, history.largest, color="#56b4e9", linewidth=0.8, label="largest of all others")
    left.plot(history.times_s, history.mean, color="#0072b2", label="mean of all others")
    left.plot(history.rewards_s, np.full(len(history.rewards_s), -0.15), "|", color="#009e73", label="rewards")
    left.set(xlabel="Simulated time (s)", ylabel="Weight (multiples of the first mean)", ylim=(-0.3, 4.6))
    left.legend(frameon=False, loc="upper left", fontsize=8)
    right.hist(history.weights, np.linspace(0.0, 4.0, 41), color="#0072b2", log=True)
    right.axvline(history.weight[-1], color="#d55e00", linewidth=2.5)
    right.set(xlabel="Weight in the end", ylabel="Synapses")
    save(figure, path)


def main() -> None:
    """Run from the command line."""
    given = argument_parser(__doc__, "distal_reward.png", seconds=3600.0).parse_args()
    history = run(network(given.seed, WHOLE), given.seconds)
    print(f"After {len(history.rewards_s)} rewards the synapse is at {history.weight[-1]:.2f} of 4; the mean of all "
          f"others is {history.mean[-1]:.2f}, the largest of {history.weights.size:,} is {history.largest[-1]:.2f}.")
    draw(history, given.picture)


if __name__ == "__main__":
    main()
