"""Inhibitory plasticity brings cells to one rate, however they are driven (Vogels et al. 2011, Science 334:1569).

Four groups of cells get excitatory input of different rates, and all of them the same 400 inhibitory inputs. Each
inhibitory synapse follows the rule of the paper: it grows where its spikes meet those of its target, and shrinks with
each of its own. Weak inhibition grows until every group fires at the target rate, 5 Hz.

    .venv/bin/python examples/inhibitory_balance.py
"""

from __future__ import annotations

import numpy as np
from common import argument_parser, cells, inputs, network, new_figure, save

from neural_simulator import GPUConfig
from neural_simulator.base.declarations import Projection

# Cell of the paper's network: 200 pF, 10 nS, rest -60, threshold -50, reset -60 mV, 5 ms; inhibition reverses at -80.
CELL = {"C": 200.0, "g_L": 10.0, "E_L": -60.0, "V_th": -50.0, "V_reset": -60.0, "t_ref": 5.0}
SYNAPSES = {"tau_ampa_ms": 5.0, "tau_gaba_a_ms": 10.0, "e_ampa_mV": 0.0, "e_gaba_a_mV": -80.0}
DRIVES_HZ = (15.0, 20.0, 25.0, 30.0)               # of each group's 40 excitatory inputs of 1 nS; found here
GROUP, EXCITATORY, INHIBITORY, STEP_MS, TARGET_HZ = 10, 40, 400, 0.5, 5.0


def run(seconds: float, seed: int, learning_rate: float = 0.1, pieces: int = 20, gpu: GPUConfig | None = None
        ) -> tuple[np.ndarray, np.ndarray]:
    """Rates (Hz) of the groups and their mean inhibitory weights (nS), (pieces, groups), over equal stretches."""
    rule = {"INHIBITORY_STDP": {"learning_rate": learning_rate, "target_rate_Hz": TARGET_HZ, "max_weight": 100.0}}
    count = len(DRIVES_HZ)
    excitation = [inputs(f"Excitatory inputs {k}", EXCITATORY, drive) for k, drive in enumerate(DRIVES_HZ)]
    groups = [cells(f"Group {k}", GROUP, "LIF_CONDUCTANCE", CELL, settings=SYNAPSES) for k in range(count)]
    common = {"rule": "all_to_all", "delay_ms": STEP_MS}
    sim = network("inhibitory balance",
                  (*excitation, *groups, inputs("Inhibitory inputs", INHIBITORY, 10.0, excitatory=False)),
                  [*(Projection(k, count + k, weight=1.0, **common) for k in range(count)),
                   *(Projection(2 * count, count + k, weight=0.025, plasticity=rule, **common) for k in range(count))],
                  gpu, dt_ms=STEP_MS, seed=seed)
    rates, weights = [], []
    edges = EXCITATORY * count + GROUP * np.arange(count + 1)
    inhibitory = np.arange(sim.core_config.num_neurons) >= edges[-1]
    for _ in range(pieces):
        fired = sim.run(1000.0 * seconds / pieces).spike_ids
        rates.append(np.histogram(fired[fired < edges[-1]], edges)[0] / (GROUP * seconds / pieces))
        wires = sim.cp_connections
        mine = np.repeat(inhibitory, np.diff(wires.indptr))
        weights.append([wires.data[mine & (wires.indices >= a) & (wires.indices < b)].mean()
                        for a, b in zip(edges, edges[1:], strict=False)])
    return np.array(rates), np.array(weights)


def main() -> None:
    """Run from the command line."""
    given = argument_parser(__doc__, "inhibitory_balance.png", seconds=60.0).parse_args()
    rates, weights = run(given.seconds, given.seed)
    for drive, begin, end, weight in zip(DRIVES_HZ, rates[0], rates[-5:].mean(axis=0), weights[-1], strict=True):
        print(f"Excitatory inputs of {drive:g} Hz: {begin:.1f} Hz at first, {end:.1f} Hz in the end, inhibition of "
              f"{weight:.2f} nS.")
    figure = new_figure(9.0, 3.5)
    left, right = figure.subplots(1, 2)
    times = (np.arange(len(rates)) + 0.5) * given.seconds / len(rates)
    for k, drive in enumerate(DRIVES_HZ):
        left.plot(times, rates[:, k], label=f"{drive:g} Hz")
        right.plot(times, weights[:, k])
    left.axhline(TARGET_HZ, color="black", linestyle=":")
    left.set(xlabel="Simulated time (s)", ylabel="Rate (Hz)", ylim=(0.0, None))
    left.legend(frameon=False, title="excitatory inputs")
    right.set(xlabel="Simulated time (s)", ylabel="Mean inhibitory weight (nS)", ylim=(0.0, None))
    save(figure, given.picture)


if __name__ == "__main__":
    main()
