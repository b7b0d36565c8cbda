"""A run without windows: progress bar, recording, picture, and a summary of what happened."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np
import psutil
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..app.observer import default_probes
from ..app.pacing import BatchSizer
from ..app.recorder import RunRecorder
from ..base.errors import ConfigurationError
from ..engine.batch import Batch
from ..engine.simulation import Simulation
from ..files.profiles import Profile
from ..files.recordings import RECORDING, Recording

INTERRUPTED = 130        # exit code of a program that Ctrl+C ended


@dataclass
class Outcome:
    """What a run did: times in s, `spikes` counted per population."""

    spikes: np.ndarray                              # (P,) int64
    num_steps: int = 0
    computing_s: float = 0.0
    interrupted: bool = False
    files: list[Path] = field(default_factory=list)


class Watcher(Protocol):
    """Somebody who looks at a run at certain steps, such as a film."""

    def begin(self, sim: Simulation) -> None:
        """Get to know the simulation before its first step."""

    def steps_left(self) -> int | None:
        """How many steps may be taken before the next look; None: it does not matter any more."""

    def saw(self, batch: Batch) -> Batch:
        """Take in a batch; return it for whoever looks next."""

    def close(self) -> Path | None:
        """The run is over; returns the file that was written."""


def run(profile: Profile, duration_ms: float | None = None, record: Path | None = None,
        out: Console | None = None, watcher: Watcher | None = None) -> int:
    """Simulate `profile` for `duration_ms` (its own total time if None) and print a summary to `out`.

    With `record`, all spikes and the potential of one cell per kind go into that file and its overview into a PNG
    beside it; `watcher` looks on. Ctrl+C ends the run early: what was simulated is kept. Returns the exit code.
    """
    out = out or Console()
    duration_ms = profile.core.total_simulation_time_ms if duration_ms is None else duration_ms
    if duration_ms < profile.core.dt_ms:
        raise ConfigurationError(f"The duration is {duration_ms:g} ms, but one step is {profile.core.dt_ms:g} ms; "
                                 "choose at least one step.", "duration_ms", duration_ms)
    for note in profile.notes:
        out.print(f"{profile.name}: {note}", highlight=False, soft_wrap=True)
    with progress_bar() as progress:
        sim = build(profile, progress)
        try:
            outcome = simulate(sim, round(duration_ms / sim.dt_ms), record, progress, watcher)
            if record is not None:
                outcome.files.append(draw_overview(record, progress))
            print_summary(sim, outcome, out, progress)
        finally:
            sim.close()
    return INTERRUPTED if outcome.interrupted else 0


@contextmanager
def progress_bar() -> Iterator[Progress]:
    """Show progress on standard error, so that standard output holds the summary alone."""
    with Progress(TextColumn("{task.description:<24}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn(),
                  TextColumn("{task.fields[note]}"), console=Console(stderr=True)) as progress:
        yield progress


def build(profile: Profile, progress: Progress) -> Simulation:
    """Build the network, showing how far it is."""
    bar = progress.add_task("Building", total=1.0, note="")

    def report(task: str, fraction: float) -> None:
        progress.update(bar, description=task, completed=fraction)

    sim = Simulation(profile.core, profile.device, report)
    progress.update(bar, description="Built", completed=1.0,
                    note=f"{sim.network.num_neurons:,} neurons, {sim.network.num_synapses:,} synapses")
    return sim


def simulate(sim: Simulation, num_steps: int, record: Path | None, progress: Progress,
             watcher: Watcher | None = None) -> Outcome:
    """Take `num_steps` steps in batches, recording them, until done or asked to stop."""
    outcome = Outcome(np.zeros(len(sim.network.populations), np.int64))
    bar = progress.add_task("Simulating", total=num_steps, note="")
    sizer = BatchSizer()
    probes = default_probes(tuple(sim.network.populations))
    sim.set_probes(probes)
    if watcher is not None:
        watcher.begin(sim)
    recorder = None if record is None else RunRecorder(record, sim.core, sim, probes, gpu=sim.gpu)
    try:
        with stop_requests() as stopping:
            while outcome.num_steps < num_steps and not stopping:
                left = num_steps - outcome.num_steps
                due = watcher.steps_left() if watcher is not None else None
                batch = take(sim, min(sizer.size(), left, due or left), sizer, outcome)
                if watcher is not None:
                    batch = watcher.saw(batch)
                if recorder is not None:
                    recorder.saw(batch)
                progress.update(bar, completed=outcome.num_steps, note=f"{sim.time_ms:,.0f} ms")
            outcome.interrupted = bool(stopping)
    finally:
        filmed = watcher.close() if watcher is not None else None
        outcome.files += [filmed] if filmed is not None else []
        if recorder is not None:
            recorder.close()
            outcome.files.append(recorder.path)
    return outcome


def take(sim: Simulation, steps: int, sizer: BatchSizer, outcome: Outcome) -> Batch:
    """Take one batch of steps and count what it did."""
    began = time.perf_counter()
    batch = sim.step(steps)
    seconds = time.perf_counter() - began
    sizer.took(steps, seconds)
    outcome.num_steps += steps
    outcome.computing_s += seconds
    outcome.spikes += np.bincount(sim.network.population_of[batch.spike_ids], minlength=len(outcome.spikes))
    return batch


@contextmanager
def stop_requests() -> Iterator[list[int]]:
    """Collect Ctrl+C and termination requests in place of raising in the middle of a batch."""
    received: list[int] = []
    wanted = (signal.SIGINT, signal.SIGTERM)
    before = [signal.signal(number, lambda got, _: received.append(got)) for number in wanted]
    try:
        yield received
    finally:
        for number, handler in zip(wanted, before, strict=True):
            signal.signal(number, handler)


def draw_overview(record: Path, progress: Progress) -> Path:
    """Draw the overview of a finished recording beside it and return the picture's path."""
    from ..files.figure import save_overview  # loads matplotlib, which other runs do without
    bar = progress.add_task("Drawing the overview", total=1.0, note="")
    picture = picture_of(record)
    with Recording.open(record) as recording:
        save_overview(recording, picture)
    progress.update(bar, completed=1.0)
    return picture


def picture_of(record: Path) -> Path:
    """Return the path of the overview that belongs to a recording."""
    name = record.name.removesuffix(RECORDING.suffix)
    return record.with_name((name if name != record.name else record.stem) + ".png")


# ---- summary --------------------------------------------------------------------------------------------
def print_summary(sim: Simulation, outcome: Outcome, out: Console, progress: Progress) -> None:
    """Print rates, times, memory and files."""
    progress.stop()
    out.print(rates_table(sim, outcome))
    for label, text in facts(sim, outcome):
        out.print(f"[bold]{label:<14}[/bold] {text}", highlight=False, soft_wrap=True)


def rates_table(sim: Simulation, outcome: Outcome) -> Table:
    """Return the mean firing rate of every population over the run."""
    table = Table("Population", "Cells", "Kind")
    table.add_column("Neurons", justify="right")
    table.add_column("Rate (Hz)", justify="right")
    seconds = outcome.num_steps * sim.dt_ms / 1000.0
    for population, spikes in zip(sim.network.populations, outcome.spikes, strict=True):
        kind = "excitatory" if population.excitatory else "inhibitory"
        rate = spikes / (population.size * seconds) if population.size and seconds else 0.0
        table.add_row(population.name, population.preset, kind, f"{population.size:,}", f"{rate:.2f}")
    return table


def facts(sim: Simulation, outcome: Outcome) -> list[tuple[str, str]]:
    """Return the lines below the table, as (label, text)."""
    seconds = outcome.num_steps * sim.dt_ms / 1000.0
    factor = outcome.computing_s / seconds if seconds else 0.0
    process = psutil.Process().memory_info().rss
    lines = [
        ("Simulated", f"{seconds:g} s in {outcome.num_steps:,} steps of {sim.dt_ms:g} ms"
                      + (" (interrupted)" if outcome.interrupted else "")),
        ("Computed", f"in {outcome.computing_s:.2f} s on {sim.backend_name}: real-time factor {factor:.3g}"),
        ("Spikes", f"{int(outcome.spikes.sum()):,}"),
        *_learned(sim),
        ("Network", f"{sim.network.num_neurons:,} neurons, {sim.network.num_synapses:,} synapses, built in "
                    f"{sim.build_time_s:.2f} s; seed {sim.seed}"),
        ("Memory", f"{sim.memory_bytes / 1e6:,.1f} MB network and state, {process / 1e6:,.0f} MB process"),
    ]
    return lines + [("Written", str(path)) for path in outcome.files]


def _learned(sim: Simulation) -> list[tuple[str, str]]:
    """The line that says what changed, where weights can."""
    if sim.plan.learning is None or not sim.plan.learning.weights:
        return []
    events = sim.plasticity_events
    text = f"weights rose {events.strengthened:,} times and fell {events.weakened:,} times"
    if sim.plan.rewires:
        text += f"; {events.formed:,} synapses formed, {events.removed:,} vanished"
    return [("Learned", text)]
