"""Homeostasis brings a disturbed network back to its rate, at whatever time step.

The threshold of each excitatory neuron follows its own rate until that is 5 Hz. Half-way, a current pushes every
neuron; the network fires more, and comes back. A second network scales its excitatory input instead (Turrigiano 2008,
Cell 135:422). Times and rates are in ms and Hz, so a finer time step changes nothing but the noise.

    .venv/bin/python examples/homeostasis.py
"""

from __future__ import annotations

import numpy as np
from common import argument_parser, new_figure, save

from neural_simulator import CoreSimConfig, GPUConfig, SimulationBridge

TARGET_HZ, PUSH_PA = 5.0, 40.0
BY = {"threshold": {"homeostasis_threshold_rate": 8.0},
      "scaling": {"homeostasis_threshold_rate": 0.0, "homeostasis_scaling_rate_per_s": 1.0,
                  "homeostasis_max_scaling": 20.0}}


def run(by: str, dt_ms: float, seconds: float, seed: int, pieces: int = 40, gpu: GPUConfig | None = None) -> np.ndarray:
    """The rate (Hz) of the excitatory neurons over equal stretches, (pieces,); the push begins in the middle."""
    core = CoreSimConfig(seed=seed, num_neurons=200, connections_per_neuron=20, dt_ms=dt_ms, enable_homeostasis=True,
                         homeostasis_target_rate_Hz=TARGET_HZ, homeostasis_rate_tau_ms=1000.0, **BY[by])
    sim = SimulationBridge(core_config=core, gpu_config=gpu or GPUConfig())
    sim.initialize()
    trait = np.arange(core.num_neurons) * core.num_traits // core.num_neurons
    excitatory = ~np.isin(trait, core.inhibitory_trait_indices)
    rates = []
    for piece in range(pieces):
        if piece == pieces // 2:
            sim.simulation.set_live(external_current_pA=PUSH_PA)
        fired = excitatory[sim.run(1000.0 * seconds / pieces).spike_ids].sum()
        rates.append(fired * pieces / (excitatory.sum() * seconds))
    return np.array(rates)


def main() -> None:
    """Run from the command line."""
    given = argument_parser(__doc__, "homeostasis.png", seconds=60.0).parse_args()
    figure = new_figure(9.0, 3.5)
    for axes, by in zip(figure.subplots(1, 2, sharey=True), BY, strict=True):
        for dt_ms, color in ((1.0, "#0072b2"), (0.5, "#d55e00"), (0.25, "#009e73")):
            rates = run(by, dt_ms, given.seconds, given.seed)
            half = rates.size // 2
            print(f"{by}, step {dt_ms:g} ms: {rates[half - half // 4:half].mean():.2f} Hz before the push, up to "
                  f"{rates[half:].max():.1f} Hz after it, {rates[-half // 4:].mean():.2f} Hz in the end.")
            axes.plot((np.arange(rates.size) + 0.5) * given.seconds / rates.size, rates, color=color,
                      label=f"step {dt_ms:g} ms")
        axes.axhline(TARGET_HZ, color="black", linestyle=":")
        axes.set(title=by, xlabel="Simulated time (s)", ylabel="Rate (Hz)", ylim=(0.0, None))
    axes.legend(frameon=False)
    save(figure, given.picture)


if __name__ == "__main__":
    main()
