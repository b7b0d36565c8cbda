"""Additive STDP lets fast inputs win: 50 inputs of 40 Hz against 50 of 5 Hz (scenario 3 of PyNN's system tests).

All weights begin the same way, spread over their whole range. After 10 s those of the fast inputs are the larger ones.

    .venv/bin/python examples/fast_inputs.py
"""

from __future__ import annotations

import numpy as np
from common import argument_parser, cells, inputs, network, new_figure, save
from scipy.stats import ttest_ind

from neural_simulator import GPUConfig
from neural_simulator.base.declarations import Projection

# Cell and rule of the scenario: 1 nF, 20 ms, so the leak is 50 nS; the largest weight is 0.05 of it.
CELL = {"C": 1000.0, "g_L": 50.0, "E_L": -70.0, "V_th": -54.0, "V_reset": -60.0, "t_ref": 0.1}
SYNAPSES = {"tau_ampa_ms": 5.0, "tau_gaba_a_ms": 5.0, "e_ampa_mV": 0.0, "e_gaba_a_mV": -70.0}
LARGEST_NS, STEP_MS, TARGETS = 2.5, 0.5, 10
STDP = {"a_plus": 0.01, "a_minus": 0.01, "max_weight": 2.0}
SLOW_HZ, FAST_HZ = 5.0, 40.0


def run(seconds: float, seed: int, gpu: GPUConfig | None = None) -> tuple[np.ndarray, np.ndarray, float]:
    """The weights of the slow and of the fast inputs, as shares of the largest, and the inputs' mean rate (Hz)."""
    start = 0.5 * LARGEST_NS
    common = {"rule": "all_to_all", "delay_ms": STEP_MS, "weight": start, "weight_sd": 0.5 * start,
              "plasticity": {"STDP": STDP}}
    # The last population never fires; with inhibitory synapses, the step is the very one that stdp_weights.py compiles.
    sim = network("fast inputs", (inputs("Slow inputs", 50, SLOW_HZ), inputs("Fast inputs", 50, FAST_HZ),
                                  cells("Targets", TARGETS, "LIF_CONDUCTANCE", CELL, settings=SYNAPSES),
                                  inputs("Silent", 1, 0.0, excitatory=False)),
                  (Projection(0, 2, **common), Projection(1, 2, **common), Projection(3, 2, weight=1.0)), gpu,
                  dt_ms=STEP_MS, seed=seed)
    fired = sim.run(1000.0 * seconds).spike_ids
    wires = sim.cp_connections
    pre = np.repeat(np.arange(101 + TARGETS), np.diff(wires.indptr))
    shares = wires.data / LARGEST_NS
    return shares[pre < 50], shares[(pre >= 50) & (pre < 100)], np.count_nonzero(fired < 100) / (100 * seconds)


def main() -> None:
    """Run from the command line."""
    given = argument_parser(__doc__, "fast_inputs.png", seconds=10.0).parse_args()
    slow, fast, rate = run(given.seconds, given.seed)
    print(f"Inputs of {rate:.1f} Hz on average: the slow ones end at {slow.mean():.3f} of the largest weight, the fast "
          f"ones at {fast.mean():.3f}; p = {ttest_ind(slow, fast).pvalue:.1g}.")
    figure = new_figure(6.0, 3.5)
    axes = figure.subplots()
    axes.hist([slow, fast], np.linspace(0.0, 1.0, 21), color=["#56b4e9", "#d55e00"],
              label=[f"{SLOW_HZ:g} Hz", f"{FAST_HZ:g} Hz"])
    axes.set(xlabel="Weight (share of the largest)", ylabel="Synapses")
    axes.legend(frameon=False)
    save(figure, given.picture)


if __name__ == "__main__":
    main()
