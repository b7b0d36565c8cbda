"""The benchmark: how fast a step is, on networks that fire.

Every network is the generic one: 4 of 5 populations excitatory, wired uniformly at random, delays from distance.
The rule that makes each size fire at a few Hz (`drive_of`, found by measurement): the summed conductance or current of
a neuron's synapses does not depend on their number (weight = constant / connections), and each neuron has its own
Poisson input. The rate that came out stands beside every time.

A row is measured after a warm-up, over stretches of a fixed number of steps. Steps run in batches of some
milliseconds; p50 and p95 are percentiles of the batches' means, and every time is the median over the stretches.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..base.declarations import NeuronModel
from ..base.errors import ConfigurationError, FileFormatError, MemoryForecastError, command
from ..base.paths import ROOT, ensure
from ..base.system import system_info, tell_progress
from ..config import CoreSimConfig, GPUConfig, model_defaults
from ..engine.simulation import Simulation
from ..files.profiles import find_profile, load_profile
from ..models.neurons import NEURON_MODELS, neuron_model
from ..models.structures import structure
from .tasks import run_all

BENCHMARK_VERSION = "1.0"
OUTPUT = ROOT / "benchmarks" / "benchmark_results.json"
SEED = 42
WARM_UP_MS = 300.0
REPEATS = 3                                     # stretches
MOST_STEPS = {False: 5000, True: 1000}          # of a stretch, by `quick`; fewer where there are many neurons,
DEVICE_FACTOR = 60                              # more on a device, whose steps take microseconds
BATCH_S = 0.02                                  # a batch lasts about this long (starting one takes a device 60 us),
BATCHES = 20                                    # but a stretch has at least so many
TOLERANCE = 0.15                                # a step this much slower than the baseline is a regression
SIZES = {False: ((1000, 10_000, 50_000), (100, 500, 1000)), True: ((1000, 10_000), (100, 500))}
OTHER_SIZES = (10_000, 100_000)                 # of the models that are no yardstick, with 100 connections
LARGE_SIZE = 100_000                            # added to the full sweep on a CUDA device,
LARGEST_SIZE = 1_000_000                        # this with 1,000 connections,
MICROCIRCUIT = "microcircuit-77169"             # and this profile
UNIFORM_UM = 1e9                                # connection length at which distance does not matter
AT_ONCE_UM_PER_MS = 1e6                         # conduction velocity at which all delays are the synaptic latency
DENSE = 300                                     # connections per neuron
LEARNING_SIZES = ((10_000, 500), (100_000, 1000))
LEARNING_BACKGROUND_HZ = 150.0                  # at which the Izhikevich networks of these sizes fire at about 5 Hz
LEARNING: dict[str, dict[str, bool]] = {        # what learns, beside the same network that does not
    "static": {},
    "release": {"enable_short_term_plasticity": True},
    "stdp": {"enable_stdp": True},
    "hebbian-release": {"enable_hebbian_learning": True, "enable_short_term_plasticity": True},
    "reward": {"enable_reward_modulation": True},
}


@dataclass(frozen=True)
class Drive:
    """What makes a model's networks fire at a few Hz; weights in the model's port unit (nS or pA).

    `excitatory` and `inhibitory` are weight x connections per neuron; `cells` names the excitatory and the
    inhibitory preset; networks of `DENSE` connections or more fire alike with `dense_background_rate_Hz`.
    """

    excitatory: float
    inhibitory: float
    background_rate_Hz: float
    background_weight: float
    cells: tuple[str, str] = ("RS", "FS")
    dense_background_rate_Hz: float | None = None


CONNECTIONS = 100                # at which the models' own network defaults were found


def default_drive(model: NeuronModel) -> Drive:
    """The drive that a model's own network defaults stand for."""
    given = model_defaults(model.key)
    return Drive(given["excitatory_weight_nS"] * CONNECTIONS, given["inhibitory_weight_nS"] * CONNECTIONS,
                 given["background_rate_Hz"], given["background_weight_nS"],
                 (given["excitatory_preset"], given["inhibitory_preset"]))


# The yardsticks, swept over all sizes; every other model has the drive of its own network defaults.
DRIVES: dict[str, Drive] = {
    "IZHIKEVICH": Drive(60.0, 250.0, 240.0, 2.5, dense_background_rate_Hz=190.0),
    "HODGKIN_HUXLEY": Drive(130.0, 480.0, 550.0, 5.0),
    "ADEX": Drive(70.0, 350.0, 300.0, 4.0),
    "LIF": Drive(2000.0, 10_000.0, 1500.0, 100.0, ("NEST", "NEST")),
}


def drive_of(key: str) -> Drive:
    """What makes the networks of one model fire."""
    return DRIVES.get(key) or default_drive(neuron_model(key))


@dataclass(frozen=True)
class Case:
    """One network to measure."""

    name: str
    core: CoreSimConfig
    gpu: GPUConfig


# ---- what is measured -----------------------------------------------------------------------------------
def firing_network(model: str, neurons: int, connections: int, seed: int = SEED) -> CoreSimConfig:
    """The benchmark's network of one model and size; ConfigurationError where the size is impossible."""
    drive = drive_of(model)
    return CoreSimConfig().changed(
        neuron_model_type=model, num_neurons=neurons, connections_per_neuron=connections, seed=seed,
        dt_ms=NEURON_MODELS[model].default_dt_ms, connection_length_um=UNIFORM_UM,
        excitatory_preset=drive.cells[0], inhibitory_preset=drive.cells[1],
        excitatory_weight_nS=drive.excitatory / connections, inhibitory_weight_nS=drive.inhibitory / connections,
        background_rate_Hz=drive.background_rate_Hz, background_weight_nS=drive.background_weight)


def sweep(models: Sequence[str], sizes: Sequence[int], connections: Sequence[int], gpu: GPUConfig) -> list[Case]:
    """All combinations, smaller networks first; those with as many connections as neurons do not exist.

    All synapses have one delay, 1 ms, as in the peers' benchmarks.
    """
    return [Case(f"{model.lower()}-{n}x{k}", one_delay(firing_network(model, n, k)), gpu)
            for model in models for n in sizes for k in connections if k < n]


def learning_cases(gpu: GPUConfig, quick: bool) -> list[Case]:
    """Networks at about 5 Hz whose excitatory synapses learn by one rule after the other.

    They keep no states for going back, which would be as large as the network.
    """
    gpu, cases = gpu.changed(rewind_memory_MB=0.0), []
    for neurons, connections in LEARNING_SIZES[:1] if quick else LEARNING_SIZES:
        core = one_delay(firing_network("IZHIKEVICH", neurons, connections)).changed(
            background_rate_Hz=LEARNING_BACKGROUND_HZ)
        cases += [Case(f"learning-{neurons}x{connections}-{name}", core.changed(**rules), gpu)
                  for name, rules in LEARNING.items()]
    return cases


def one_delay(core: CoreSimConfig) -> CoreSimConfig:
    """The same network with the synaptic latency as the delay of every synapse, and its background for its density."""
    drive = drive_of(core.neuron_model_type.value)
    dense = drive.dense_background_rate_Hz if core.connections_per_neuron >= DENSE else None
    return core.changed(conduction_velocity_um_per_ms=AT_ONCE_UM_PER_MS,
                        background_rate_Hz=dense or drive.background_rate_Hz)


def measure(case: Case, quick: bool) -> dict[str, Any]:
    """Build and run one network; return its row. Raises MemoryForecastError where it does not fit."""
    core = case.core
    _compile_for(case)
    sim = Simulation(core, case.gpu)
    try:
        steps = stretch_steps(core.num_neurons, quick, sim.backend_name.startswith("CUDA"))
        batch_steps = _warm_up(sim, steps // BATCHES)
        stretches = [_stretch(sim, steps, batch_steps) for _ in range(REPEATS)]
        middle = {key: statistics.median(s[key] for s in stretches) for key in ("mean", "p50", "p95")}
        seconds, simulated_ms = sum(s["seconds"] for s in stretches), REPEATS * steps * core.dt_ms
        return {
            "name": case.name,
            "model": core.neuron_model_type.value,
            "num_neurons": sim.network.num_neurons,
            "connections_per_neuron": core.connections_per_neuron,
            "num_synapses": sim.network.num_synapses,
            "dt_ms": core.dt_ms,
            "rate_hz": sum(s["spikes"] for s in stretches) / sim.network.num_neurons / simulated_ms * 1000.0,
            "step_us_mean": middle["mean"] * 1e6,
            "step_us_p50": middle["p50"] * 1e6,
            "step_us_p95": middle["p95"] * 1e6,
            "real_time_factor": middle["mean"] / core.dt_ms * 1000.0,
            "synaptic_events_per_s": sum(s["events"] for s in stretches) / seconds,
            "build_time_s": sim.build_time_s,
            "device_memory_bytes": sim.memory_bytes,
            "bytes_per_synapse": sim.network.memory_bytes / max(1, sim.network.num_synapses),
            "batch_steps": batch_steps,
            "batch_start_us": _start_of_a_batch(sim, middle["p50"]) * 1e6,
            "recording_ratio": _recording_ratio(sim, steps // REPEATS, batch_steps, middle["p50"]),
        }
    finally:
        sim.close()


def _compile_for(case: Case) -> None:
    """Let the compiler do its work, which would count as building time.

    A device's kernels are compiled for the very network; the CPU's serve all networks of one kind.
    """
    fewest = max(50, structure(case.core.neural_structure_profile).smallest)
    small = case.core.changed(num_neurons=min(fewest, case.core.num_neurons), connections_per_neuron=1)
    sim = Simulation(small, case.gpu)
    if sim.backend_name.startswith("CUDA"):
        sim.close()
        sim = Simulation(case.core, case.gpu)
    sim.step(4)
    sim.close()


def stretch_steps(neurons: int, quick: bool, on_device: bool) -> int:
    """Steps of one stretch: a property of network and backend, so that its spikes are the same on every machine."""
    return max(400, min(MOST_STEPS[quick], 50_000_000 // neurons)) * (DEVICE_FACTOR if on_device else 1)


def _warm_up(sim: Simulation, most: int) -> int:
    """Pass the first burst; return the number of steps that last about `BATCH_S`, at most `most`: a multiple of 4.

    (Background spikes are drawn for four steps at once.)
    """
    sim.step(1, record=False)
    steps = max(4, round(WARM_UP_MS / sim.dt_ms))
    began = time.perf_counter()
    sim.step(steps, record=False)
    step_s = (time.perf_counter() - began) / steps
    return 4 * max(1, min(round(BATCH_S / step_s), most) // 4)


def _stretch(sim: Simulation, steps: int, batch_steps: int) -> dict[str, float]:
    """Run `steps` in batches; return seconds, spikes, events, and mean, p50 and p95 of a step (s)."""
    per_step, seconds, before = [], 0.0, sim.spike_counts().astype(np.int64)
    for done in range(0, steps, batch_steps):
        count = min(batch_steps, steps - done)
        began = time.perf_counter()
        sim.step(count, record=False)               # returns when the device has finished
        duration = time.perf_counter() - began
        per_step.append(duration / count)
        seconds += duration
    counts = sim.spike_counts() - before
    spikes, events = int(counts.sum()), int(counts @ sim.network.out_degrees())
    p50, p95 = np.percentile(per_step, (50, 95))
    return {"seconds": seconds, "spikes": spikes, "events": events, "mean": seconds / steps, "p50": float(p50),
            "p95": float(p95)}


def _start_of_a_batch(sim: Simulation, step_s: float, tries: int = 50) -> float:
    """What a batch costs beyond its steps, s: the median over batches of one step."""
    durations = []
    for _ in range(tries):
        began = time.perf_counter()
        sim.step(1, record=False)
        durations.append(time.perf_counter() - began)
    return statistics.median(durations) - step_s


def _recording_ratio(sim: Simulation, steps: int, batch_steps: int, step_s: float) -> float:
    """How much longer a step takes when all spikes are returned, in order, to the host."""
    durations = []
    for done in range(0, steps, batch_steps):
        count = min(batch_steps, steps - done)
        began = time.perf_counter()
        sim.step(count)
        durations.append((time.perf_counter() - began) / count)
    return statistics.median(durations) / step_s


def measure_all(cases: Sequence[Case], quick: bool) -> Iterator[dict[str, Any]]:
    """Measure all as the tasks of a sweep, but one at a time: two at once would slow each other down."""
    for _, row in run_all(row_of, {case.name: (case, quick) for case in cases}, jobs=1):
        yield row


def row_of(case: Case, quick: bool) -> dict[str, Any]:
    """The row of one network; where it cannot be built, with its `reason` only."""
    try:
        return measure(case, quick)
    except (MemoryForecastError, ConfigurationError) as error:
        return {"name": case.name, "reason": str(error)}


# ---- results --------------------------------------------------------------------------------------------
def document(rows: Sequence[dict[str, Any]], quick: bool, device: dict[str, Any]) -> dict[str, Any]:
    """The result file's content."""
    return {
        "benchmark_version": BENCHMARK_VERSION,
        "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "quick": quick,
        "seed": SEED,
        "system_info": {**system_info(), **device},
        "results": [row for row in rows if "reason" not in row],
        "skipped": [row for row in rows if "reason" in row],
    }


def read_results(path: Path) -> dict[str, Any]:
    """Read a result file; FileFormatError with one sentence where it is none."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        valid = isinstance(content["system_info"], dict) and all(
            isinstance(row["name"], str) and row["step_us_p50"] > 0 for row in content["results"])
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {error.strerror}.", path) from None
    except (ValueError, KeyError, TypeError):
        valid = False
    if not valid:
        raise FileFormatError(f"{path} is not a result file of this benchmark.", path)
    return content


def compare(now: dict[str, Any], before: dict[str, Any], tolerance: float) -> tuple[list[str], list[str]]:
    """Compare two result documents; return lines to print, and the names of the rows that became slower.

    The ratio is step_us_p50 now / before; above 1 + `tolerance` a row counts as a regression.
    """
    lines, slower = [], []
    machines = [(d["system_info"].get("processor"), d["system_info"].get("backend")) for d in (now, before)]
    if machines[0] != machines[1]:
        lines.append(f"The baseline was measured on {machines[1][0]}, {machines[1][1]}: the ratios compare machines.")
    old_rows = {row["name"]: row for row in before["results"]}
    for row in now["results"]:
        old = old_rows.get(row["name"])
        if old is None:
            lines.append(f"{row['name']:<24} is not in the baseline")
            continue
        ratio = row["step_us_p50"] / old["step_us_p50"]
        regression = ratio > 1.0 + tolerance
        slower += [row["name"]] if regression else []
        lines.append(f"{row['name']:<24} {ratio:6.3f} x the baseline's step time"
                     + ("  REGRESSION" if regression else "") + _differences(row, old))
    return lines, slower


def _differences(row: dict[str, Any], old: dict[str, Any]) -> str:
    """Say what makes two rows no longer the same network."""
    changed = [key for key in ("rate_hz", "num_synapses") if abs(row[key] - old.get(key, row[key])) > 0.01 * row[key]]
    return "".join(f"  ({key} was {old[key]:g}, is {row[key]:g})" for key in changed)


HEADER = (f"{'network':<24}{'rate Hz':>8}{'step us':>10}{'p95':>10}{'x real time':>12}{'events/s':>10}{'build s':>9}"
          f"{'memory MB':>11}{'B/synapse':>10}")


def line_of(row: dict[str, Any]) -> str:
    """One row as a line of the table."""
    if "reason" in row:
        return f"{row['name']:<24}skipped: {row['reason']}"
    return (f"{row['name']:<24}{row['rate_hz']:8.2f}{row['step_us_p50']:10.2f}{row['step_us_p95']:10.2f}"
            f"{row['real_time_factor']:12.4f}{row['synaptic_events_per_s']:10.2e}{row['build_time_s']:9.2f}"
            f"{row['device_memory_bytes'] / 1e6:11.1f}{row['bytes_per_synapse']:10.2f}")


# ---- the command ----------------------------------------------------------------------------------------
def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line."""
    parser = argparse.ArgumentParser(prog="benchmark.py", description=(__doc__ or "").split("\n\n")[0],
                                     epilog="Exit code 1: slower than the baseline; 2: a bad argument.")
    parser.add_argument("--quick", action="store_true", help="1,000 and 10,000 neurons, Izhikevich only, shorter runs")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="result file (default: %(default)s)")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="print the ratio to an earlier result per row")
    parser.add_argument("--tolerance", type=float, default=TOLERANCE,
                        help="slowdown that still passes with --compare (default: %(default)s)")
    parser.add_argument("--backend", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument("--threads", type=int, default=0, help="threads of the CPU backend (0: all cores but one)")
    parser.add_argument("--models", nargs="+", metavar="MODEL", choices=sorted(NEURON_MODELS),
                        help="default: the yardsticks at all sizes, the others at two")
    parser.add_argument("--neurons", nargs="+", type=int, metavar="N")
    parser.add_argument("--connections", nargs="+", type=int, metavar="K")
    parser.add_argument("--profile", nargs="+", metavar="NAME", help="measure these profiles instead of the sweep")
    parser.add_argument("--learning", action="store_true", help="measure networks that learn instead of the sweep")
    parser.add_argument("--files", action="store_true",
                        help="measure recordings, checkpoints and playback instead; has options of its own")
    return parser.parse_args(arguments)


def cases_of(options: argparse.Namespace, gpu: GPUConfig, on_device: bool) -> list[Case]:
    """The networks that the command line asks for."""
    if options.profile:
        return profile_cases(options.profile, gpu)
    if options.learning:
        return learning_cases(gpu, options.quick)
    sizes, connections = SIZES[options.quick]
    if on_device and not options.quick:
        sizes = (*sizes, LARGE_SIZE)
    models = options.models or (["IZHIKEVICH"] if options.quick else list(DRIVES))
    cases = sweep(models, options.neurons or sizes, options.connections or connections, gpu)
    if not (options.quick or options.models):
        others = [key for key in NEURON_MODELS if key not in DRIVES]
        cases += sweep(others, options.neurons or OTHER_SIZES, options.connections or [CONNECTIONS], gpu)
    whole = on_device and not (options.quick or options.models or options.neurons or options.connections)
    if whole:
        cases += [*sweep(["IZHIKEVICH"], [LARGEST_SIZE], [1000], gpu), *profile_cases([MICROCIRCUIT], gpu),
                  *learning_cases(gpu, False)]
    return cases


def profile_cases(names: Sequence[str], gpu: GPUConfig) -> list[Case]:
    """The networks of these profiles, with the benchmark's seed where a profile leaves it open."""
    profiles = [load_profile(find_profile(name)) for name in names]
    return [Case(p.name, p.core if p.core.seed >= 0 else p.core.changed(seed=SEED), gpu) for p in profiles]


def device_info(gpu: GPUConfig) -> dict[str, Any]:
    """The device that a large network would run on, with its versions."""
    sim = Simulation(CoreSimConfig(num_neurons=2, connections_per_neuron=0, num_traits=1,
                                   inhibitory_trait_indices=()), gpu)
    try:
        return sim.device_info
    finally:
        sim.close()


def run(options: argparse.Namespace) -> int:
    """Measure, print, write and compare; return the exit code."""
    gpu = GPUConfig(backend=options.backend, num_threads=options.threads)
    baseline = read_results(options.compare) if options.compare else None
    device = device_info(gpu)
    backend = str(device["backend"])
    cases = cases_of(options, gpu, backend.startswith("CUDA"))
    print(f"Neural Simulator on {backend}\n{HEADER}", flush=True)
    rows = []
    for row in measure_all(cases, options.quick):
        rows.append(row)
        tell_progress(len(rows), len(cases))
        print(line_of(row), flush=True)
    results = document(rows, options.quick, device)
    ensure(options.output.absolute().parent)
    options.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"Written to {options.output}")
    if baseline is None:
        return 0
    lines, slower = compare(results, baseline, options.tolerance)
    print("\n".join(lines))
    print(f"{len(slower)} of {len(results['results'])} rows are more than {options.tolerance:.0%} slower."
          if slower else f"No row is more than {options.tolerance:.0%} slower.")
    return 1 if slower else 0


@command("benchmark.py")
def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark as a command; every error is one sentence."""
    return run(parse(sys.argv[1:] if arguments is None else arguments))
