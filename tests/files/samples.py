"""Small recordings with known content."""

from __future__ import annotations

import numpy as np

from neural_simulator.base.declarations import Population
from neural_simulator.config import CoreSimConfig
from neural_simulator.files.checkpoints import Origin
from neural_simulator.files.recording_writer import RecordingWriter
from neural_simulator.files.recordings import Change, RecordingFacts, Traced

NEURONS = 100
BATCH_STEPS = 10
PROBES = (3, 85)
EDGES = {"low_um": (-50.0, -50.0, -50.0), "high_um": (50.0, 50.0, 50.0)}
POPULATIONS = (
    Population("Erregend, \"E\"", 0, 80, "IZHIKEVICH", "RS", {"C": 100.0, "k": 0.7}, True, 0, **EDGES),
    Population("I", 80, NEURONS, "IZHIKEVICH", "FS", {}, False, 1, **EDGES, background_rate_Hz=400.0,
               initial_v_mV=-55.0),
)
CORE = CoreSimConfig(num_neurons=NEURONS, dt_ms=0.1, inhibitory_trait_indices=(1, 3), excitatory_parameters={"C": 90.0})


def facts() -> RecordingFacts:
    """Positions that differ from each other, and two populations."""
    positions = np.arange(NEURONS * 3, dtype=np.float32).reshape(-1, 3) - 150.0
    return RecordingFacts(POPULATIONS, positions, Origin(CORE, 42, "cd" * 16, {}, 1234, "CPU, 1 thread"))


def batch(number: int) -> tuple[np.ndarray, np.ndarray, int, int, np.ndarray]:
    """Return the arguments of `append` for batch `number`: 20 spikes and 10 rows of traces, always the same."""
    random = np.random.default_rng(number)
    first = number * BATCH_STEPS
    steps = np.sort(random.integers(first, first + BATCH_STEPS, 20))
    traces = random.normal(-60.0, 5.0, (BATCH_STEPS, len(PROBES))).astype(np.float32)
    return steps, random.integers(0, NEURONS, 20).astype(np.int32), first, BATCH_STEPS, traces


def add(file: RecordingWriter, number: int) -> None:
    """Append batch `number`, before whose beginning the background's rate was changed and the whole state kept."""
    steps, ids, first, count, traces = batch(number)
    file.change({"background_rate_Hz": 10.5 * number})
    if number:
        file.keyframe(state(number))
    file.append(steps, ids, first, count, (np.arange(first, first + count), {"v": traces}))


def state(number: int) -> dict[str, np.ndarray]:
    """The whole state before batch `number`."""
    return {"states/v": np.full(NEURONS, number, np.float32), "pending": np.arange(number % 7, dtype=np.int32),
            "further/weights": np.random.default_rng(number).random((number % 5, 3))}


def changes(batches: int) -> tuple[Change, ...]:
    """Return the changes before the first `batches` batches."""
    return tuple(Change(number * BATCH_STEPS, "background_rate_Hz", 10.5 * number) for number in range(batches))


def recorder(path, probes=PROBES, **options) -> RecordingWriter:
    """Begin a recording of the sample network with seed 42."""
    return RecordingWriter(path, facts(), Traced(probes), **{"state": state(0), **options})


def record(path, batches=5, probes=PROBES):
    """Write a complete recording of `batches` batches, one commit each, and return its path."""
    with recorder(path, probes) as file:
        for number in range(batches):
            add(file, number)
            file.flush()
    return path


def expected(batches: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return spike steps, spike ids, trace steps and traces of the first `batches` batches."""
    parts = [batch(number) for number in range(batches)]
    steps, ids, traces = (np.concatenate([part[column] for part in parts]) for column in (0, 1, 4))
    return steps, ids, np.arange(batches * BATCH_STEPS), traces
