"""Rewiring writes what STDP has learned into the wiring: cells exchange inputs that fire alone for concerted ones.

All inputs fire at about 20 Hz. Half of them share a half of their spikes, the others fire independently, and every
cell has synapses from a third of them. Additive STDP weakens the independent ones, weak synapses vanish, and new ones
form to any input. As Bamford, Murray and Willshaw (2010, Neural Networks 23:517) found, the choice that the weights
have made becomes one of the wiring. Without STDP there is no choice: synapses come and go, and nothing changes.

    .venv/bin/python examples/rewiring.py
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from common import AFFERENT_WEIGHT_PA, argument_parser, cells, inputs, network, new_figure, save
from fast_inputs import CELL, STEP_MS, SYNAPSES

from neural_simulator import GPUConfig
from neural_simulator.base.declarations import Projection
from neural_simulator.config import PoissonStimulus, SpikeStimulus

INPUTS, TARGETS, SHARE, HALF_HZ = 100, 20, 0.3, 10.0
WEIGHT_NS = 2.5                                        # tuned here: the cells fire at some 30 Hz in the beginning
STDP = {"a_plus": 0.01, "a_minus": 0.012, "max_weight": 2.0}
# A round every half second; weak synapses vanish at 0.1 per second, three times the published rate, to save time.
STRUCTURAL = {"interval_ms": 500.0, "elimination": 0.05, "elimination_of_others": 0.002, "length_um": 1e9,
              "activity_share": 0.0}


class History(NamedTuple):
    """What became of the synapses."""

    seconds: np.ndarray                 # (T,)
    concerted: np.ndarray               # (T,) share of the synapses that come from inputs which fire together
    synapses: np.ndarray                # (T,) their number
    formed: int
    removed: int


def run(seconds: float, seed: int, learns: bool = True, gpu: GPUConfig | None = None, pieces: int = 30) -> History:
    """Rewire for so long; without `learns` all weights stay as they are."""
    rng = np.random.default_rng(seed)
    shared = np.cumsum(rng.exponential(1000.0 / HALF_HZ, int(2.0 * seconds * HALF_HZ) + 100))
    half = INPUTS // 2
    stimuli = [PoissonStimulus(neurons=tuple(range(half)), rate_Hz=HALF_HZ, weight_nS=AFFERENT_WEIGHT_PA),
               SpikeStimulus(neurons=tuple(range(half, INPUTS)), times_ms=tuple(shared.tolist()),
                             weight_nS=AFFERENT_WEIGHT_PA)]
    rules = {"STRUCTURAL": STRUCTURAL, **({"STDP": STDP} if learns else {})}
    sim = network("rewiring", (inputs("Inputs", INPUTS, HALF_HZ),
                               cells("Targets", TARGETS, "LIF_CONDUCTANCE", CELL, settings=SYNAPSES)),
                  (Projection(0, 1, probability=SHARE, delay_ms=STEP_MS, weight=WEIGHT_NS, weight_sd=0.1 * WEIGHT_NS,
                              plasticity=rules),), gpu, dt_ms=STEP_MS, seed=seed, stimuli=stimuli)
    shares, sizes = [], []
    for piece in range(pieces + 1):
        if piece:
            sim.run(1000.0 * seconds / pieces)
        starts = sim.cp_connections.indptr
        sizes.append(starts[INPUTS])
        shares.append((starts[INPUTS] - starts[half]) / starts[INPUTS])
    events = sim.learning_view().events
    return History(np.linspace(0.0, seconds, pieces + 1), np.array(shares), np.array(sizes), events.formed,
                   events.removed)


def main() -> None:
    """Run from the command line."""
    given = argument_parser(__doc__, "rewiring.png", seconds=180.0).parse_args()
    figure = new_figure(6.0, 3.5)
    axes = figure.subplots()
    for learns, color, label in ((True, "#d55e00", "STDP and rewiring"), (False, "#777777", "rewiring alone")):
        history = run(given.seconds, given.seed, learns)
        print(f"{label}: {history.formed} synapses formed, {history.removed} vanished; the share of concerted inputs "
              f"went from {history.concerted[0]:.2f} to {history.concerted[-1]:.2f}, the number of synapses from "
              f"{history.synapses[0]} to {history.synapses[-1]}.")
        axes.plot(history.seconds, 100.0 * history.concerted, color=color, label=label)
    axes.set(xlabel="Time (s)", ylabel="Synapses from concerted inputs (%)", ylim=(0.0, 100.0))
    axes.legend(frameon=False, loc="lower right")
    save(figure, given.picture)


if __name__ == "__main__":
    main()
