"""What a step costs with every neuron model, at 10,000 and 100,000 neurons: the table at the end of docs/models.md.

    .venv/bin/python -m neural_simulator.tools.model_costs --measure F [--backend cuda] [--models ...]
    .venv/bin/python -m neural_simulator.tools.model_costs F G ...          writes the table from such files

The networks are the benchmark's (they fire; 100 synapses a neuron, one delay of 1 ms); the CPU computes with one
thread. The fastest of some stretches counts, for other work on the machine can only slow them down.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..base.errors import command
from ..base.paths import ROOT
from ..base.system import system_info
from ..config import GPUConfig
from ..engine.simulation import Simulation
from ..files.atomic import write_text
from ..models.neurons import NEURON_MODELS
from .benchmark import firing_network, one_delay

PAGE = ROOT / "docs" / "models.md"
SIZES = (10_000, 100_000)
CONNECTIONS = 100
STRETCHES = 3
LEAST_S = {"cuda": 0.1, "cpu": 0.15}          # of a stretch
BEFORE_MS = {"cuda": 200.0, "cpu": 20.0}      # run first: past the beginning's burst, and caches filled
MOST_STEPS = 20_000
HEAD = "| model | step ms | rate Hz | CPU, 10,000 | CPU, 100,000 | GPU, 10,000 | GPU, 100,000 |"


def measure(key: str, neurons: int, gpu: GPUConfig) -> dict[str, Any]:
    """The time of one step (us) of a network of model `key`, and its rate."""
    core = one_delay(firing_network(key, neurons, CONNECTIONS))
    sim = Simulation(core, gpu)
    try:
        sim.step(round(BEFORE_MS[gpu.backend] / core.dt_ms), record=False)
        steps = max(64, min(MOST_STEPS, round(LEAST_S[gpu.backend] / _step_s(sim, 64))))
        before = int(sim.spike_counts().sum())
        fastest = min(_step_s(sim, steps) for _ in range(STRETCHES))
        spikes = int(sim.spike_counts().sum()) - before
        return {"model": key, "neurons": neurons, "backend": gpu.backend, "machine": machine_of(sim),
                "dt_ms": core.dt_ms, "step_us": fastest * 1e6,
                "rate_Hz": spikes / neurons / (STRETCHES * steps * core.dt_ms) * 1000.0}
    finally:
        sim.close()


def machine_of(sim: Simulation) -> str:
    """The name of what computes."""
    return str(system_info()["processor"]) if sim.on_host else sim.backend_name.removeprefix("CUDA").strip(" ,:()")


def _step_s(sim: Simulation, steps: int) -> float:
    began = time.perf_counter()
    sim.step(steps, record=False)
    return (time.perf_counter() - began) / steps


def measure_all(models: Sequence[str], gpu: GPUConfig, report: Callable[[str], None] = print) -> dict[str, Any]:
    """The content of a result file."""
    rows = []
    for key in models:
        for neurons in SIZES:
            rows.append(measure(key, neurons, gpu))
            report(f"{key} {neurons:,}: {rows[-1]['step_us']:.1f} us")
    return {"system_info": system_info(), "rows": rows}


def table(files: Sequence[Path]) -> list[str]:
    """The lines of the table, and the line below it that names the machines."""
    rows: dict[tuple[str, int, str], dict[str, Any]] = {}
    machines: dict[str, str] = {}
    for path in files:
        content = json.loads(path.read_text(encoding="utf-8"))
        machines |= {row["backend"]: row["machine"] for row in content["rows"]}
        rows |= {(row["model"], row["neurons"], row["backend"]): row for row in content["rows"]}
    lines = [HEAD, "|---|---|---|---|---|---|---|"]
    for key in NEURON_MODELS:
        found = [rows.get((key, neurons, backend)) for backend in ("cpu", "cuda") for neurons in SIZES]
        known = next((row for row in reversed(found) if row), None)
        if known:
            lines.append(f"| `{key}` | {known['dt_ms']:g} | {known['rate_Hz']:.1f} | "
                         + " | ".join(_told(row) for row in found) + " |")
    told = f"CPU: {machines.get('cpu', '-')}, one thread; GPU: {machines.get('cuda', '-')}."
    return [*lines, "", f"{told} `MORRIS_LECAR` is the example of a model of one's own."]


def _told(row: dict[str, Any] | None) -> str:
    return "" if row is None else f"{row['step_us']:,.0f}" if row["step_us"] >= 20.0 else f"{row['step_us']:.1f}"


def with_table(page: str, lines: Sequence[str]) -> str:
    """The page with `lines` in place of its table, which is its end."""
    return page[:page.index(HEAD)] + "\n".join(lines) + "\n"


@command("model_costs")
def main(arguments: Sequence[str] | None = None) -> int:
    """Measure into a file, or write the page from files."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("files", nargs="*", type=Path, help="result files; of rows of one network the last counts")
    parser.add_argument("--measure", type=Path, metavar="F", help="measure into this file")
    parser.add_argument("--backend", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--models", nargs="+", choices=list(NEURON_MODELS), default=list(NEURON_MODELS),
                        metavar="MODEL")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    if options.measure:
        gpu = GPUConfig(backend=options.backend, num_threads=1 if options.backend == "cpu" else 0)
        write_text(options.measure, json.dumps(measure_all(options.models, gpu), indent=1) + "\n")
    if options.files:
        write_text(PAGE, with_table(PAGE.read_text(encoding="utf-8"), table(options.files)))
    return 0


if __name__ == "__main__":
    sys.exit(main())
