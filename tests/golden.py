"""Golden runs: fingerprints of what these networks must do, bit for bit, on every machine and backend.

`python3 -m tests.golden` in the program's folder writes them anew, after a change that is meant to change them;
`python3 -m tests.golden "uniform LIF_DELTA"` writes that one and keeps the others.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

from neural_simulator.config import CoreSimConfig, GPUConfig, structure_defaults
from neural_simulator.models.neurons import BUILT_IN, NEURON_MODELS
from neural_simulator.models.structures import STRUCTURES
from neural_simulator.tools.benchmark import firing_network
from tests.activity import CPU, result_of

FILE = Path(__file__).with_name("golden.json")
LEAST_STEPS = 10_000             # of every model


def small_structure(key: str) -> tuple[CoreSimConfig, int]:
    """A brain structure at a small size, and the steps in which it fires."""
    values = structure_defaults(key)
    size = max(STRUCTURES[key].smallest, min(values["num_neurons"], 800))
    core = CoreSimConfig(**{**values, "num_neurons": size, "seed": 8})
    return core, round((1500.0 if key == "THALAMUS_TC_TRN" else 200.0) / core.dt_ms)


# name -> (network, steps). Each model once in a uniform network, and the kinds of network that there are.
CASES: dict[str, tuple[CoreSimConfig, int]] = {
    **{f"uniform {key}": (firing_network(key, 500, 50, seed=7),
                          max(LEAST_STEPS, round(500.0 / NEURON_MODELS[key].default_dt_ms)))
       for key in (*BUILT_IN, "MORRIS_LECAR")},             # the shipped example of a user's model, too
    "default": (CoreSimConfig(seed=42), LEAST_STEPS),
    "fine grid": (CoreSimConfig(seed=3, dt_ms=0.1, num_neurons=400, connections_per_neuron=40,
                                excitatory_weight_nS=1.5, inhibitory_weight_nS=5.0), 3000),
    "all receptors": (CoreSimConfig(seed=4, num_neurons=400, connections_per_neuron=40, nmda_share=0.3,
                                    gaba_b_share=0.1, tau_rise_ampa_ms=0.5, tau_ampa_ms=2.4,
                                    excitatory_weight_nS=1.5, background_rate_Hz=400.0), 800),
    "all stimuli": (CoreSimConfig(seed=6, num_neurons=300, connections_per_neuron=30, noise_sigma_pA=10.0, stimuli=[
        {"kind": "current", "amplitude_pA": 40.0, "sine_pA": 40.0, "frequency_Hz": 8.0, "period_ms": 50.0,
         "width_ms": 30.0},
        {"kind": "current_noise", "sigma_pA": 40.0, "sphere_um": [0.0, 0.0, 0.0, 400.0]},
        {"kind": "conductance_noise", "receptor": "GABA_A", "mean_nS": 1.0, "sigma_nS": 0.5, "tau_ms": 10.5},
        {"kind": "poisson", "rate_Hz": 150.0, "depth": 0.8, "frequency_Hz": 10.0,
         "receptors": {"AMPA": 0.5, "NMDA": 0.25}},
        {"kind": "spikes", "times_ms": [30.0, 31.0, 90.0], "weight_nS": 8.0, "populations": ["Exc*"]}]), 800),
    "cells that differ": (CoreSimConfig(seed=12, num_neurons=300, connections_per_neuron=30, cell_variation=0.15,
                                        heterogeneity={"v_t": 0.05, "a": 0.3}, heterogeneity_law="lognormal"), 800),
    "several models": (CoreSimConfig(seed=5, num_neurons=300, connections_per_neuron=30, dt_ms=0.1, trait_cells=[
        {"trait": 1, "model": "ADEX"}, {"trait": 3, "model": "LIF"}]), 3000),
    **{key: small_structure(key) for key, structure in STRUCTURES.items() if structure.cells},
    "seed of 63 bits": (CoreSimConfig(seed=2**62 + 12345, num_neurons=300, connections_per_neuron=30,
                                      num_traits=3, inhibitory_trait_indices=(0,), weight_cv=0.5), 600),
}


def compute(name: str, gpu: GPUConfig = CPU) -> dict[str, object]:
    """Run one case."""
    core, steps = CASES[name]
    return result_of(core, steps, gpu)


def read() -> dict[str, dict[str, object]]:
    """The golden results by name."""
    return json.loads(FILE.read_text(encoding="utf-8"))


def write(names: list[str]) -> None:
    """Compute the named cases anew; those that are no longer in the table go."""
    kept = read() if FILE.exists() else {}
    results = {name: compute(name) if name in names else kept[name] for name in CASES}
    FILE.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write(sys.argv[1:] or list(CASES))
    print(f"Wrote {FILE}.")
