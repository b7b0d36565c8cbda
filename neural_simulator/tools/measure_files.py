"""Measures what files cost: `python3 benchmark.py --files`.

Streaming is a ratio of step rates, measured in turns with and without a recording, so that a busy machine slows both.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from ..app import checkpoints
from ..app.pacing import BatchSizer
from ..app.recorder import RunRecorder
from ..app.stage import Stage
from ..app.worker import build_simulation
from ..base.errors import command
from ..config import CoreSimConfig, GPUConfig
from ..engine.simulation import Simulation
from ..files.checkpoints import Checkpoint
from ..files.recording_choice import RecordingChoice
from .benchmark import firing_network

BARS = {"streaming": 1.10, "checkpoint_save_s": 10.0, "checkpoint_size": 1.2, "seek_full_ms": 100.0,
        "seek_replay_ms": 1000.0}
TRACED = 1000


def quiet(task: str, fraction: float) -> None:
    """Hear of progress and say nothing."""


def batch_steps(sim: Simulation) -> int:
    """Steps that a desktop would take at once."""
    sizer = BatchSizer()
    for _ in range(40):
        began, steps = time.perf_counter(), sizer.size()
        sim.step(steps)
        sizer.took(steps, time.perf_counter() - began)
    return sizer.size()


def stretch(sim: Simulation, batches: int, steps: int, saw: Callable[[Any], None] | None = None
            ) -> tuple[float, float]:
    """Return the wall time (s) of a step, and the processor time of this thread, which other programs do not slow."""
    began = time.perf_counter(), time.thread_time()
    for _ in range(batches):
        batch = sim.step(steps)
        if saw is not None:
            saw(batch)
    count = batches * steps
    return (time.perf_counter() - began[0]) / count, (time.thread_time() - began[1]) / count


def streaming(sim: Simulation, folder: Path, choice: RecordingChoice, mode: str, rounds: int, seconds: float
              ) -> dict[str, float]:
    """Return the step time with a recording as a multiple of that without, and the rates of stepping and writing."""
    steps = batch_steps(sim)
    plain_s, _ = stretch(sim, 3, steps)
    batches = max(2, round(seconds / (plain_s * steps)))
    ratios, thread_ratios, step_s, step_bytes = [], [], [], 0.0
    for number in range(rounds):
        before = stretch(sim, batches, steps)
        path = folder / f"{mode}{number}.simrec.h5"
        gpu = sim.gpu.changed(recording_mode=mode)
        recorder = RunRecorder(path, sim.core, sim, (), choice, gpu)
        stretch(sim, 2, steps, recorder.saw)
        during = stretch(sim, batches, steps, recorder.saw)
        recorder.close()
        after = stretch(sim, batches, steps)
        wall, thread = (2.0 * now / (one + two) for now, one, two in zip(during, before, after, strict=True))
        ratios.append(wall)
        thread_ratios.append(thread)
        step_s.append(during[0])
        step_bytes = path.stat().st_size / ((batches + 2) * steps)
        path.unlink()
    return {"ratio": statistics.median(ratios), "lowest": min(ratios), "highest": max(ratios),
            "thread_ratio": statistics.median(thread_ratios), "batch_steps": steps,
            "steps_per_s": 1.0 / statistics.median(step_s), "MB_per_s": 1e-6 * step_bytes / statistics.median(step_s)}


def checkpoint(sim: Simulation, folder: Path) -> dict[str, float]:
    """Return times and sizes of a checkpoint of the whole state."""
    path = folder / "a.simstate.h5"
    raw = sum(values.nbytes for values in sim.snapshot().arrays().values())
    began = time.perf_counter()
    checkpoints.save(sim, path)
    saved = time.perf_counter() - began
    with Checkpoint.open(path) as file:
        began = time.perf_counter()
        checkpoints.restore(sim, file)
        restored = time.perf_counter() - began
    return {"save_s": saved, "restore_s": restored, "size": path.stat().st_size / raw, "raw_bytes": raw,
            "network_bytes": sim.network.memory_bytes}


def seeking(sim: Simulation, folder: Path, choice: RecordingChoice, duration_ms: float, tries: int) -> dict[str, float]:
    """Record a stretch, then show frames of it at random; return the median and the longest time (ms) of one."""
    path = folder / f"seek_{choice.kind}.simrec.h5"
    steps = batch_steps(sim)
    first = sim.step_index
    recorder = RunRecorder(path, sim.core, sim, (), choice, sim.gpu)
    while (sim.step_index - first) * sim.dt_ms < duration_ms:
        recorder.saw(sim.step(steps))
    recorder.close()
    stage = Stage(path, sim, build_simulation, sim.gpu.changed(playback_mode="streaming"), quiet, 1)
    dice, taken, processor = random.Random(1), [], []
    view = stage.player.view()
    stage.player.frame()
    for _ in range(tries):
        stage.player.seek(dice.randrange(view.first_step, view.stop_step + 1))
        began, used = time.perf_counter(), time.thread_time()
        stage.player.frame()
        taken.append((time.perf_counter() - began) * 1000.0)
        processor.append((time.thread_time() - used) * 1000.0)
    keyframes = len(stage.recording.keyframe_steps())
    stage.close()
    return {"median_ms": statistics.median(taken), "longest_ms": max(taken),
            "processor_median_ms": statistics.median(processor), "processor_longest_ms": max(processor),
            "frames": view.stop_step - view.first_step, "keyframes": keyframes, "bytes": path.stat().st_size}


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="benchmark.py --files", description="Measure what files cost here.")
    parser.add_argument("--neurons", type=int, default=100_000, help="of the network that is streamed and saved")
    parser.add_argument("--connections", type=int, default=1000, help="per neuron of that network")
    parser.add_argument("--seek-neurons", type=int, default=10_000, help="of the network whose recordings are played")
    parser.add_argument("--seek-connections", type=int, default=500, help="per neuron of that network")
    parser.add_argument("--rounds", type=int, default=5, help="turns with and without a recording")
    parser.add_argument("--seconds", type=float, default=2.0, help="of computing in a turn")
    parser.add_argument("--backend", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument("--output", type=Path, help="JSON file for the numbers")
    return parser.parse_args(arguments)


def network(neurons: int, connections: int) -> CoreSimConfig:
    return firing_network("IZHIKEVICH", neurons, connections).changed(total_simulation_time_ms=1e6)


@command("benchmark.py")
def main(arguments: Sequence[str]) -> int:
    """Measure, print and perhaps keep the numbers; 1 where a bar is missed."""
    options = parse(arguments)
    gpu = GPUConfig(backend=options.backend)
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sim = Simulation(network(options.neurons, options.connections), gpu)
        found["backend"] = sim.backend_name
        found["network"] = f"{options.neurons} x {options.connections}"
        batch = sim.step(300)
        found["rate_Hz"] = batch.spike_ids.size / options.neurons / (300 * sim.dt_ms / 1000.0)
        choice = RecordingChoice(neurons=tuple(range(0, options.neurons, max(1, options.neurons // TRACED)))[:TRACED])
        for mode in ("streaming", "gpu_buffered"):
            found[mode] = streaming(sim, folder, choice, mode, options.rounds, options.seconds)
        found["replay_recording"] = streaming(sim, folder, RecordingChoice("replay"), "streaming", options.rounds,
                                              options.seconds)
        found["checkpoint"] = checkpoint(sim, folder)
        sim.close()
        sim = Simulation(network(options.seek_neurons, options.seek_connections), gpu)
        found["seek_network"] = f"{options.seek_neurons} x {options.seek_connections}"
        sim.step(300)
        found["seek_full"] = seeking(sim, folder, RecordingChoice(neurons="all", interval_steps=5), 5000.0, 60)
        found["seek_replay"] = seeking(sim, folder, RecordingChoice("replay"), 5000.0, 60)
        sim.close()
    missed = report(found)
    if options.output:
        options.output.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    return 1 if missed else 0


def report(found: dict[str, Any]) -> int:
    """Print the numbers beside their bars; return how many bars are missed."""
    data = f"{found['streaming']['MB_per_s']:,.0f} MB/s at {found['streaming']['steps_per_s']:,.0f} steps/s"
    bars = [("streaming", found["streaming"]["ratio"], BARS["streaming"], f"x step time, 1,000 v and spikes, {data}"),
            ("gpu_buffered", found["gpu_buffered"]["ratio"], BARS["streaming"], "x step time, the same"),
            ("replay", found["replay_recording"]["ratio"], BARS["streaming"], "x step time, spikes and states"),
            ("checkpoint", found["checkpoint"]["save_s"], BARS["checkpoint_save_s"], "s to save"),
            ("checkpoint", found["checkpoint"]["size"], BARS["checkpoint_size"], "x raw state"),
            ("seek, full", found["seek_full"]["longest_ms"], BARS["seek_full_ms"], "ms, the longest of 60"),
            ("seek, replay", found["seek_replay"]["longest_ms"], BARS["seek_replay_ms"], "ms, the longest of 60")]
    bars = bars[:3] + [(f"{name} (thread)", found[key]["thread_ratio"], BARS["streaming"], "x processor time of a step")
                       for name, key in (("streaming", "streaming"), ("replay", "replay_recording"))] + bars[3:] + [
        (f"seek, {kind} (thread)", found[f"seek_{kind}"]["processor_longest_ms"], BARS[f"seek_{kind}_ms"],
         "ms of processor time, the longest of 60") for kind in ("full", "replay")]
    print(f"{found['network']} at {found['rate_Hz']:.1f} Hz, seeks in {found['seek_network']}; {found['backend']}")
    for name, value, bar, meaning in bars:
        print(f"{name:<22}{value:>10.3f}   (bar {bar:g}){'' if value <= bar else '  MISSED'}   {meaning}")
    return sum(value > bar for _, value, bar, _ in bars)
