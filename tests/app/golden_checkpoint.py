"""A checkpoint kept from an earlier version, and what must come of it.

`python3 -m tests.app.golden_checkpoint` in the program's folder writes it anew: only where a version builds another
network on purpose, so that the old file cannot be continued any more.
"""

from __future__ import annotations

import json
from pathlib import Path

from neural_simulator.app import checkpoints
from neural_simulator.config import CoreSimConfig
from neural_simulator.engine.simulation import Simulation
from tests.activity import CPU, spikes_sha, state_sha

FOLDER = Path(__file__).parents[1] / "files" / "golden"
EXPECTED = FOLDER / "checkpoint_v1.json"


def fingerprint_of_a_run(sim: Simulation) -> dict[str, object]:
    """Run on for 200 steps and say what happened."""
    batch = sim.step(200)
    return {"spikes": int(batch.spike_ids.size), "spikes_sha": spikes_sha(batch), "states_sha": state_sha(sim)}


if __name__ == "__main__":
    core = CoreSimConfig(num_neurons=150, connections_per_neuron=15, seed=20251122, neuron_model_type="LIF", dt_ms=0.5,
                         excitatory_weight_nS=20.0, inhibitory_weight_nS=100.0, background_rate_Hz=1500.0,
                         background_weight_nS=100.0)
    run = Simulation(core, CPU)
    run.step(200)
    run.set_live(background_rate_Hz=1600.0)
    run.step(100)
    checkpoints.save(run, FOLDER / "checkpoint_v1.simstate.h5")
    expected = fingerprint_of_a_run(run)
    EXPECTED.write_text(json.dumps(expected, indent=1) + "\n", encoding="utf-8")
    print(expected)
