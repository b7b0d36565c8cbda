#!/usr/bin/env python3
"""The same networks on this program's CPU engine, Brian2 and NEST, in one run, as ratios.

    .venv/bin/python benchmarks/peers.py --peers-python PEERS/bin/python [--neurons 10000] [--connections 1000]

PEERS is an environment of its own, in which `pip install brian2 nest-simulator "numpy<2.3" "setuptools<80"` was done
(Brian2 also needs a C++ compiler). Every simulator gets the very same synapses, weights, delays and time step, one
thread, and the background as independent Poisson input of the same rate and weight; all are run in turn, `--repeats`
times, and the ratio is that of the medians. Rates stand beside the times: they agree, or the ratio means nothing.

What differs and is not hidden: this program integrates Izhikevich and AdEx cells with second-order schemes and finds
the spike inside the step; Brian2 gets two midpoint steps for Izhikevich cells (as this program takes two halves) and
forward Euler, its cheapest, for AdEx; NEST integrates AdEx with an adaptive
Runge-Kutta-Fehlberg solver in float64. The LIF cell is integrated exactly by all three.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from neural_simulator.base.system import system_info  # noqa: E402 - only found with the line above
from neural_simulator.config import GPUConfig  # noqa: E402
from neural_simulator.engine.simulation import Simulation  # noqa: E402
from neural_simulator.tools.benchmark import firing_network, one_delay  # noqa: E402

PEERS_OF = {"IZHIKEVICH": ("brian2",), "ADEX": ("brian2", "nest"), "LIF": ("brian2", "nest")}
ONE_THREAD = GPUConfig(backend="cpu", num_threads=1)
WARM_UP_MS = 200.0


def export(sim: Simulation, path: Path) -> None:
    """Write what a peer needs to build the same network."""
    indptr, targets, weights, delays = sim.network.csr()
    sources = np.repeat(np.arange(indptr.size - 1, dtype=np.int32), np.diff(indptr))
    plan = sim.plan
    first = plan.populations[0]
    per_neuron = {name: np.concatenate([np.full(p.size, p.params[name]) for p in plan.populations])
                  for name in first.params}
    np.savez(path, model=first.model, dt_ms=plan.dt, num_neurons=plan.num_neurons, sources=sources, targets=targets,
             weights=weights.astype(np.float64), delays_ms=delays * plan.dt,
             excitatory=np.concatenate([np.full(p.size, p.excitatory) for p in plan.populations]),
             rate_Hz=first.background_rate_Hz, background_weight=first.background_weight,
             **{f"p_{name}": values for name, values in per_neuron.items()}, **plan.settings)


def run_ours(sim: Simulation, duration_ms: float) -> dict[str, float]:
    """Advance by `duration_ms`; return seconds and rate."""
    steps = round(duration_ms / sim.dt_ms)
    before = int(sim.spike_counts().sum())
    began = time.perf_counter()
    sim.step(steps)
    seconds = time.perf_counter() - began
    return {"seconds": seconds, "rate_hz": (int(sim.spike_counts().sum()) - before) / sim.plan.num_neurons
            / duration_ms * 1000.0}


def run_peer(python: Path, peer: str, network: Path, duration_ms: float) -> dict[str, float]:
    """Run a peer in its own interpreter; its last line of output is the result."""
    ended = subprocess.run([str(python), str(HERE / f"peer_{peer}.py"), str(network), str(duration_ms),
                            str(WARM_UP_MS)], capture_output=True, text=True)
    if ended.returncode:
        raise SystemExit(f"{peer} failed: {ended.stderr.strip().splitlines()[-1]}")
    return json.loads(ended.stdout.strip().splitlines()[-1])


def compare(model: str, options: argparse.Namespace) -> list[dict[str, object]]:
    """One row per peer of `model`."""
    core = one_delay(firing_network(model, options.neurons, options.connections))
    sim = Simulation(core, ONE_THREAD)
    sim.step(round(WARM_UP_MS / sim.dt_ms))
    results: dict[str, list[dict[str, float]]] = {name: [] for name in ("ours", *PEERS_OF[model])}
    with tempfile.TemporaryDirectory() as folder:
        network = Path(folder) / "network.npz"
        export(sim, network)
        for _ in range(options.repeats):
            results["ours"].append(run_ours(sim, options.duration_ms))
            for peer in PEERS_OF[model]:
                results[peer].append(run_peer(options.peers_python, peer, network, options.duration_ms))
    middle = {name: {key: statistics.median(r[key] for r in rows) for key in ("seconds", "rate_hz")}
              for name, rows in results.items()}
    sim.close()
    return [{"model": model, "num_neurons": options.neurons, "connections_per_neuron": options.connections,
             "dt_ms": core.dt_ms, "peer": peer, "ratio": middle[peer]["seconds"] / middle["ours"]["seconds"],
             "seconds": middle["ours"]["seconds"], "peer_seconds": middle[peer]["seconds"],
             "rate_hz": middle["ours"]["rate_hz"], "peer_rate_hz": middle[peer]["rate_hz"],
             "duration_ms": options.duration_ms} for peer in PEERS_OF[model]]


def main() -> int:
    """Measure, print and write."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--peers-python", type=Path, required=True, help="interpreter that has brian2 and nest")
    parser.add_argument("--models", nargs="+", choices=sorted(PEERS_OF), default=list(PEERS_OF))
    parser.add_argument("--neurons", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=1000)
    parser.add_argument("--duration-ms", type=float, default=1000.0)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", type=Path, default=HERE / "peers.json")
    options = parser.parse_args()
    rows: list[dict[str, object]] = []
    for model in options.models:
        for row in compare(model, options):
            rows.append(row)
            print("{model:<12}{peer:<8} needs {ratio:6.2f} x our time ({peer_seconds:.2f} s against {seconds:.2f} s; "
                  "{peer_rate_hz:.2f} and {rate_hz:.2f} Hz)".format_map(row), flush=True)
    options.output.write_text(json.dumps({"system_info": system_info(), "results": rows}, indent=2) + "\n",
                              encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
