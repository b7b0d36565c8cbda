"""Where spike-timing-dependent plasticity leads the weights of 1,000 random inputs onto one neuron.

additive:        Song, Miller and Abbott 2000, Nat Neurosci 3:919: inputs compete; weights end near 0 or the largest.
multiplicative:  weakening in proportion to the weight (the rule of van Rossum, Bi and Turrigiano 2000, J Neurosci
                 20:8812): no competition; weights end around one value, where both sides are in balance.

    .venv/bin/python examples/stdp_weights.py
"""

from __future__ import annotations

import numpy as np
from common import argument_parser, cells, inputs, network, new_figure, save

from neural_simulator import GPUConfig
from neural_simulator.base.declarations import Projection

# The cell of Song, Miller and Abbott: tau 20 ms, rest -70, threshold -54, reset -60 mV, synapses of 5 ms; the largest
# weight is 0.015 and the inhibitory one 0.05 of the leak conductance, here 10 nS; 200 inhibitory inputs of 10 Hz.
CELL = {"C": 200.0, "g_L": 10.0, "E_L": -70.0, "V_th": -54.0, "V_reset": -60.0, "t_ref": 0.0}
SYNAPSES = {"tau_ampa_ms": 5.0, "tau_gaba_a_ms": 5.0, "e_ampa_mV": 0.0, "e_gaba_a_mV": -70.0}
LARGEST_NS, INHIBITORY_NS, STEP_MS = 0.15, 0.5, 0.5
START = 0.8                          # of the largest weight
A_PLUS = 0.005                       # a pair's strengthening, as a share of the largest weight
# Weakening: 1.05 times the strengthening (additive, as published), or as many times the weight's share of the largest
# that it is in balance with the strengthening at about half of the largest (multiplicative; found here).
SPEED = 2.0                          # times the published changes
RULES = {"additive": {"a_minus": 1.05 * A_PLUS, "mu_plus": 0.0, "mu_minus": 0.0},
         "multiplicative": {"a_minus": 2.1 * A_PLUS, "mu_plus": 0.0, "mu_minus": 1.0}}


def run(rule: str, seconds: float, seed: int, speed: float = SPEED, targets: int = 2, rate_Hz: float = 10.0,
        gpu: GPUConfig | None = None) -> tuple[np.ndarray, float]:
    """The weights of all inputs, as shares of the largest, and the targets' rate (Hz) in the last quarter.

    `speed` multiplies both sides of the rule, which does not move their balance.
    """
    learned = {"STDP": {**RULES[rule], "a_plus": A_PLUS * speed, "a_minus": RULES[rule]["a_minus"] * speed,
                        "max_weight": 1.0 / START}}
    start = START * LARGEST_NS
    common = {"rule": "all_to_all", "delay_ms": STEP_MS}
    sim = network(
        "stdp weights",
        (inputs("Excitatory inputs", 1000, rate_Hz), inputs("Inhibitory inputs", 200, 10.0, excitatory=False),
         cells("Targets", targets, "LIF_CONDUCTANCE", CELL, settings=SYNAPSES)),
        (Projection(0, 2, weight=start, weight_sd=0.1 * start, plasticity=learned, **common),
         Projection(1, 2, weight=INHIBITORY_NS, **common)), gpu, dt_ms=STEP_MS, seed=seed)
    sim.run(750.0 * seconds)
    fired = np.count_nonzero(sim.run(250.0 * seconds).spike_ids >= 1200)
    wires = sim.cp_connections
    pre = np.repeat(np.arange(1200 + targets), np.diff(wires.indptr))
    return wires.data[pre < 1000] / LARGEST_NS, fired / (0.25 * seconds * targets)


def main() -> None:
    """Run from the command line."""
    given = argument_parser(__doc__, "stdp_weights.png", seconds=1200.0).parse_args()
    figure = new_figure(9.0, 3.5)
    for axes, rule in zip(figure.subplots(1, 2), RULES, strict=True):
        weights, rate = run(rule, given.seconds, given.seed)
        ends = np.mean((weights < 0.2) | (weights > 0.8))
        print(f"{rule}: mean {weights.mean():.2f}, standard deviation {weights.std():.2f} of the largest weight; "
              f"{100.0 * ends:.0f} % lie in the outer fifths; the targets fire at {rate:.1f} Hz.")
        axes.hist(weights, np.linspace(0.0, 1.0, 41), color="#0072b2")
        axes.set(title=rule, xlabel="Weight (share of the largest)", ylabel="Synapses")
    save(figure, given.picture)


if __name__ == "__main__":
    main()
