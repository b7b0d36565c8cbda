"""Recordings `.simrec.h5`: all spikes of a run, the traces of chosen neurons, and what is needed to build it again.

A recording can be read while it is written, and after a kill it is readable up to the last flush (at most one second
before). Each flush adds one row to `commits`, with a checksum of the values that it vouches for; the reader believes
nothing beyond the last row that holds. docs/recordings.md has the layout.
"""

from __future__ import annotations

import json
import math
import time
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..base import paths
from ..base.declarations import Population
from ..base.errors import ConfigurationError, FileFormatError
from ..config import CoreSimConfig
from . import hdf5
from .stream import Stream

RECORDING = hdf5.FileKind("recording", 1, ".simrec.h5")
FLUSH_INTERVAL_S = 1.0
SPIKES_PER_CHUNK = 16_384
TRACE_VALUES_PER_CHUNK = 65_536
CHANGES_PER_CHUNK = 64
SERIES: dict[str, dict[str, str]] = {       # what grows with the run: datasets of equal length and their types
    "spikes": {"steps": "<i8", "ids": "<i4"},
    "traces": {"steps": "<i8", "v": "<f4"},
    "changes": {"steps": "<i8", "fields": "S48", "values": "<f8"},
}
COMMIT_COLUMNS = ("stop_step", *(f"num_{name}" for name in SERIES), *(f"{name}_crc32" for name in SERIES))


@dataclass(frozen=True)
class NetworkFacts:
    """What a recording keeps of the network that was built: `positions` is (N, 3) float32, um."""

    populations: tuple[Population, ...]
    positions: np.ndarray
    num_synapses: int
    backend: str = ""


@dataclass(frozen=True)
class Change:
    """From the start of `step` on, the configuration's `field` had `value`."""

    step: int
    field: str
    value: float


def new_path(folder: Path | None = None, stem: str = "recording", now: datetime | None = None) -> Path:
    """Return an unused path such as `recording_2025-11-22_11-08-34.simrec.h5`; the folder is made if missing."""
    return paths.unused(folder or paths.RECORDINGS, stem, RECORDING.suffix, now)


# ---- writing --------------------------------------------------------------------------------------------
class SpikeRecorder:
    """Writes a recording while the simulation runs.

    `path` must not exist yet. `seed` is the seed really used; `probes` are the neurons whose membrane potential is
    given at every step; `first_step` is where the recording begins; `initial_state` may hold arrays (N,) float32 of
    the neurons' state at the start of that step. Raises FileFormatError when the file exists or cannot be written.
    """

    def __init__(self, path: Path | str, core: CoreSimConfig, seed: int, network_facts: NetworkFacts,
                 probes: Sequence[int] = (), *, first_step: int = 0,
                 initial_state: Mapping[str, np.ndarray] | None = None, clock: Callable[[], float] = time.monotonic):
        self.path = Path(path)
        self.probes = tuple(int(neuron) for neuron in probes)
        self.next_step = first_step
        self._pending: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []     # spike steps, ids, traces
        self._changes: list[Change] = []
        self._counts = dict.fromkeys(SERIES, 0)                                 # rows in the file
        self._clock = clock
        self._flushed_at = clock()
        self._committed_step = first_step
        arrays = {"network/positions": network_facts.positions,
                  "network/populations": _texts(network_facts.populations),
                  **{f"initial_state/{name}": values for name, values in (initial_state or {}).items()}}
        self._stream: Stream | None = _open_stream(self.path, sum(values.nbytes for values in arrays.values()))
        try:
            with hdf5.failing_as_sentence(self.path):
                _write_facts(self._stream.file, core, seed, network_facts, first_step, arrays)
                _make_growing(self._stream, self.probes)
                self._stream.begin()
        except BaseException:
            self._stream.discard()
            raise

    def append(self, batch_steps: np.ndarray, batch_ids: np.ndarray, first_step: int, num_steps: int,
               probe_v: np.ndarray | None = None) -> None:
        """Add what happened in the steps `first_step` .. `first_step + num_steps - 1`, which follow the last ones.

        `batch_steps` (S,) ascending and `batch_ids` (S,) are the spikes, `probe_v` (num_steps, probes) float32 mV.
        Flushes when a second has passed since the last flush. Raises FileFormatError when the disk refuses: then the
        file is closed, and what was flushed before stays readable.
        """
        steps = np.array(batch_steps, np.int64)
        ids = np.array(batch_ids, np.int32)
        v = np.array(probe_v, np.float32) if self.probes else np.empty((0, 0), np.float32)
        self._check_batch(steps, ids, v, first_step, num_steps)
        self._pending.append((steps, ids, v))
        self.next_step += num_steps
        if self._clock() - self._flushed_at >= FLUSH_INTERVAL_S:
            self.flush()

    def change(self, values: Mapping[str, float]) -> None:
        """Note that fields of the configuration have these values from the next step on; written with that step."""
        self._changes += [Change(self.next_step, name, float(value)) for name, value in values.items()]

    def flush(self) -> None:
        """Bring everything that was appended into the file, so that a kill cannot lose it."""
        self._flushed_at = self._clock()
        if self._committed_step == self.next_step or self._stream is None:
            return
        blocks = self._blocks()
        counts = {name: self._counts[name] + len(columns["steps"]) for name, columns in blocks.items()}
        with self._ending_on_error(self._stream):
            self._stream.extend({f"{name}/{column}": values for name, columns in blocks.items()
                                 for column, values in columns.items()})
            self._stream.extend({"commits": _commit_row(self.next_step, counts, blocks)})
        self._counts = counts
        self._committed_step = self.next_step
        self._pending.clear()
        self._changes.clear()

    def _blocks(self) -> dict[str, dict[str, np.ndarray]]:
        """Return the rows that wait to be written, by series and column."""
        steps, ids, v = (np.concatenate(parts) for parts in zip(*self._pending, strict=True))
        trace_steps = np.arange(self.next_step - len(v), self.next_step, dtype=np.int64)
        changes = {"steps": [change.step for change in self._changes],
                   "fields": [change.field.encode() for change in self._changes],
                   "values": [change.value for change in self._changes]}
        return {"spikes": {"steps": steps, "ids": ids}, "traces": {"steps": trace_steps, "v": v},
                "changes": {name: np.array(changes[name], dtype) for name, dtype in SERIES["changes"].items()}}

    def close(self) -> None:
        """Flush and close the file; a second call does nothing."""
        self.flush()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            with self._ending_on_error(stream):
                stream.close()

    def __enter__(self) -> SpikeRecorder:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_batch(self, steps: np.ndarray, ids: np.ndarray, v: np.ndarray, first_step: int, num_steps: int) -> None:
        """Raise ValueError for a batch that does not continue the recording: a mistake of the caller."""
        if self._stream is None:
            raise ValueError(f"the recording {self.path} is closed")
        if first_step != self.next_step:
            raise ValueError(f"the recording stands at step {self.next_step}, so it cannot take step {first_step}")
        if self.probes and v.shape != (num_steps, len(self.probes)):
            raise ValueError(f"{len(self.probes)} probes over {num_steps} steps cannot give traces {v.shape}")
        if steps.shape != ids.shape:
            raise ValueError(f"{steps.size} spike steps cannot belong to {ids.size} neurons")
        in_batch = steps.size == 0 or first_step <= steps[0] and steps[-1] < first_step + num_steps
        if not in_batch or (steps[1:] < steps[:-1]).any():
            raise ValueError(f"the spikes' steps do not ascend within {first_step}..{first_step + num_steps - 1}")

    @contextmanager
    def _ending_on_error(self, stream: Stream) -> Iterator[None]:
        """Close the file and raise FileFormatError when writing fails; what was committed stays."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            self._pending.clear()
            self._stream = None
            with suppress(OSError, RuntimeError):
                stream.close()
            raise FileFormatError(
                f"The recording {self.path} ends at step {self._committed_step}, because it cannot be written any "
                f"longer: {hdf5.hdf5_reason(error)}.", self.path) from error


def _open_stream(path: Path, head_bytes: int) -> Stream:
    """Create the file `path`, which must not exist."""
    try:
        return Stream(path, head_bytes)
    except FileExistsError as error:
        raise FileFormatError(f"{path} exists already; choose another name for the recording.", path) from error
    except OSError as error:
        raise FileFormatError(f"{path} cannot be written: {hdf5.hdf5_reason(error)}.", path) from error


def _write_facts(file: h5py.File, core: CoreSimConfig, seed: int, network: NetworkFacts, first_step: int,
                 arrays: Mapping[str, np.ndarray]) -> None:
    """Write all that is known before the first step."""
    hdf5.stamp(file, RECORDING)
    hdf5.put_text(file, "core", core.model_dump_json())
    hdf5.put_text(file, "backend", network.backend)
    file.attrs["seed"] = np.int64(seed)
    file.attrs["dt_ms"] = np.float64(core.dt_ms)
    file.attrs["first_step"] = np.int64(first_step)
    file.attrs["num_synapses"] = np.int64(network.num_synapses)
    for path, values in arrays.items():
        text = values.dtype.kind == "S"
        hdf5.put_array(file, path, values if text else np.asarray(values, np.float32))
    hdf5.put_text(file["network/positions"], "unit", "um")


def _make_growing(stream: Stream, probes: tuple[int, ...]) -> None:
    """Create the empty datasets that grow with the run."""
    trace_rows = max(1, min(1024, TRACE_VALUES_PER_CHUNK // max(1, len(probes))))
    rows_per_chunk = {"spikes": SPIKES_PER_CHUNK, "traces": trace_rows, "changes": CHANGES_PER_CHUNK}
    for name, columns in SERIES.items():
        for column, dtype in columns.items():
            row = (len(probes),) if column == "v" else ()
            if name != "traces" or probes:
                stream.growing(f"{name}/{column}", dtype, row, rows_per_chunk[name])
    if probes:
        hdf5.put_array(stream.file, "traces/ids", np.array(probes, np.int32))
        hdf5.put_text(stream.file["traces/v"], "unit", "mV")
    commits = stream.growing("commits", "<i8", (len(COMMIT_COLUMNS),), 64)
    hdf5.put_text(commits, "columns", " ".join(COMMIT_COLUMNS))


def _commit_row(stop_step: int, counts: Mapping[str, int], blocks: Mapping[str, Mapping[str, np.ndarray]]
                ) -> np.ndarray:
    """Return the row (1, columns) int64 that vouches for one block of each series."""
    place = [stop_step, *counts.values()]
    return np.array([[*place, *(_checksum(place, columns.values()) for columns in blocks.values())]], np.int64)


def _checksum(place: Sequence[int], columns: Iterable[np.ndarray]) -> int:
    """Return the CRC-32 of a block's place in the recording and of its values, little-endian."""
    crc = zlib.crc32(np.array(place, "<i8").tobytes())
    for values in columns:
        crc = zlib.crc32(np.asarray(values, values.dtype.newbyteorder("<")).tobytes(), crc)
    return crc


# ---- reading --------------------------------------------------------------------------------------------
class Recording:
    """A recording opened for reading; use `Recording.open(path)`, best in a `with` block.

    `core` is the configuration and `seed` the seed really used: `core.changed(seed=recording.seed)` builds the same
    network again. `complete` is False for a file that is being written or whose writer was killed. Spikes and
    traces cover the steps `first_step` .. `first_step + num_steps - 1`. Every error is a FileFormatError.
    """

    def __init__(self, path: Path, file: hdf5.CheckedFile):
        self.path = path
        self.complete = file.complete
        self._file = file
        with hdf5.reading(path):
            self.core = _read_core(path, file)
            self.seed = hdf5.int_attribute(file, "seed")
            self.dt_ms = hdf5.float_attribute(file, "dt_ms")
            self.first_step = hdf5.int_attribute(file, "first_step")
            if self.dt_ms <= 0.0 or self.first_step < 0:
                raise ValueError(f"it begins at step {self.first_step} of {self.dt_ms} ms")
            self.num_synapses = hdf5.int_attribute(file, "num_synapses")
            self.backend = hdf5.text_attribute(file, "backend")
            self.program_version = hdf5.text_attribute(file, "program_version")
            self.created = hdf5.text_attribute(file, "created")
            self.positions = hdf5.array(file, "network/positions", "f4", (None, 3))
            if not np.isfinite(self.positions).all():
                raise ValueError("network/positions holds values that are no numbers")
            self.populations = _read_populations(file, len(self.positions))
            self.probes = self._read_probes()
            self._commits = self._read_commits()

    @classmethod
    def open(cls, path: Path | str) -> Recording:
        """Open the recording at `path`; FileFormatError says in one sentence what is wrong with it."""
        file = hdf5.open_checked(path, RECORDING)
        try:
            return cls(Path(path), file)
        except BaseException:
            file.close()
            raise

    @property
    def num_neurons(self) -> int:
        return len(self.positions)

    @property
    def stop_step(self) -> int:
        return int(self._commits[-1, 0]) if len(self._commits) else self.first_step

    @property
    def num_steps(self) -> int:
        return self.stop_step - self.first_step

    @property
    def num_spikes(self) -> int:
        return self._stops("spikes")[-1]

    @property
    def duration_ms(self) -> float:
        return self.num_steps * self.dt_ms

    def spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps (S,) int64, ascending, and the neurons (S,) int32 of all spikes."""
        with hdf5.reading(self.path):
            steps, ids = self._verified("spikes")
            self._check_spikes(steps, ids)
        return steps, ids

    def traces(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps (T,) int64 and membrane potentials (T, len(probes)) float32 in mV; T is 0 without probes."""
        with hdf5.reading(self.path):
            steps, v = self._verified("traces")
            if self.probes and not (steps.size == self.num_steps and (np.diff(steps, prepend=self.first_step - 1) == 1
                                                                      ).all()):
                raise ValueError("traces/steps does not count the recorded steps")
        return steps, v

    def changes(self) -> tuple[Change, ...]:
        """Return how the configuration was changed during the run, in the order of time."""
        with hdf5.reading(self.path):
            columns = (values.tolist() for values in self._verified("changes"))
            changes = tuple(Change(step, name.decode(), value) for step, name, value in zip(*columns, strict=True))
            for change in changes:
                if change.field not in CoreSimConfig.model_fields or not math.isfinite(change.value):
                    raise ValueError(f"changes sets {change.field!r} to {change.value}")
        return changes

    @property
    def initial_names(self) -> tuple[str, ...]:
        """The names of the state variables that were kept of the start."""
        with hdf5.reading(self.path):
            return hdf5.names(self._file, "initial_state")

    def initial(self, name: str) -> np.ndarray:
        """Return a state variable (N,) float32 at the start of step `first_step`."""
        with hdf5.reading(self.path):
            return hdf5.array(self._file, f"initial_state/{name}", "f4", (self.num_neurons,))

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._file.close()

    def __enter__(self) -> Recording:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_spikes(self, steps: np.ndarray, ids: np.ndarray) -> None:
        """Raise ValueError for spikes of neurons or steps that the recording does not have."""
        if not steps.size:
            return
        if ids.min() < 0 or ids.max() >= self.num_neurons:
            raise ValueError("spikes/ids names neurons that do not exist")
        if (steps[1:] < steps[:-1]).any() or not self.first_step <= steps[0] <= steps[-1] < self.stop_step:
            raise ValueError("spikes/steps does not ascend within the recorded steps")

    def _read_probes(self) -> tuple[int, ...]:
        if not hdf5.names(self._file, "traces"):
            return ()
        ids = hdf5.array(self._file, "traces/ids", "i4", (None,))
        if ids.min() < 0 or ids.max() >= self.num_neurons:
            raise ValueError("traces/ids names neurons that do not exist")
        return tuple(ids.tolist())

    def _read_commits(self) -> np.ndarray:
        """Return the rows of `commits`; of a file that was not closed, only those whose values had arrived."""
        rows = hdf5.array(self._file, "commits", "i8", (None, len(COMMIT_COLUMNS)))
        counts = rows[:, :1 + len(SERIES)]
        before = np.vstack([[self.first_step] + [0] * len(SERIES), counts[:-1]])[:len(rows)]
        if (counts < before).any() or (counts[:, 0] == before[:, 0]).any():
            raise ValueError("commits run backwards")
        self._commits = rows
        while not self.complete and len(self._commits) and not self._newest_block_holds():
            self._commits = self._commits[:-1]
        return self._commits

    def _newest_block_holds(self) -> bool:
        """Tell whether the newest block is in the file as its row says."""
        newest = len(self._commits) - 1
        try:
            for name in SERIES:
                self._verify(name, newest, self._read_rows(name, *self._stops(name)[-2:]))
        except hdf5.DAMAGE:
            return False
        return True

    def _verified(self, name: str) -> list[np.ndarray]:
        """Return all rows of a series, by column; ValueError when a block does not match its checksum."""
        stops = self._stops(name)
        columns = self._read_rows(name, 0, stops[-1])
        for block, (start, stop) in enumerate(pairwise(stops)):
            self._verify(name, block, [values[start:stop] for values in columns])
        return columns

    def _stops(self, name: str) -> list[int]:
        """Return the number of rows of a series before the first block and after each."""
        return [0, *self._commits[:, 1 + list(SERIES).index(name)].tolist()]

    def _read_rows(self, name: str, start: int, stop: int) -> list[np.ndarray]:
        """Return some rows of a series, by column."""
        if name == "traces" and not self.probes:
            return [np.empty(0, np.int64), np.empty((0, 0), np.float32)]
        columns = []
        for column, dtype in SERIES[name].items():
            shape = (None, len(self.probes)) if column == "v" else (None,)
            source = hdf5.dataset(self._file, f"{name}/{column}", dtype, shape)
            if stop > source.shape[0]:
                raise ValueError(f"{name}/{column} holds {source.shape[0]} rows, but {stop} were written")
            columns.append(source[start:stop])
        return columns

    def _verify(self, name: str, block: int, columns: Sequence[np.ndarray]) -> None:
        """Raise ValueError when the rows of a block do not match their checksum."""
        row = self._commits[block].tolist()
        place, checksums = row[:1 + len(SERIES)], row[1 + len(SERIES):]
        if _checksum(place, columns) != checksums[list(SERIES).index(name)]:
            raise ValueError(f"the {name} before step {place[0]} do not match their checksum")


def _read_core(path: Path, file: h5py.File) -> CoreSimConfig:
    """Return the configuration of a recording; FileFormatError when this program does not know it."""
    try:
        return CoreSimConfig(**json.loads(hdf5.text_attribute(file, "core")))
    except ConfigurationError as error:
        raise FileFormatError(f"{path} holds a configuration that cannot be used: {error}", path) from error


def _texts(populations: Sequence[Population]) -> np.ndarray:
    """Return each population's declaration as a JSON text, (P,) bytes."""
    return np.array([json.dumps(vars(population), default=dict).encode() for population in populations], "S")


def _read_populations(file: h5py.File, num_neurons: int) -> tuple[Population, ...]:
    """Return the populations of a recording, checked to cover its neurons without gap."""
    texts = hdf5.array(file, "network/populations", None, (None,))
    if texts.dtype.kind != "S":
        raise ValueError(f"network/populations has type {texts.dtype}")
    populations = tuple(_population(json.loads(text)) for text in texts.tolist())
    edges = [0, *(population.stop for population in populations)]
    if [population.start for population in populations] != edges[:-1] or edges != sorted(edges):
        raise ValueError("network/populations leaves a gap between its populations")
    if edges[-1] != num_neurons:
        raise ValueError(f"network/populations has {edges[-1]} neurons, but there are {num_neurons} positions")
    return populations


def _population(declared: Any) -> Population:
    """Return the population that was written as `declared`; JSON's lists become tuples again."""
    if not isinstance(declared, dict):
        raise ValueError("network/populations holds something else than populations")
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in declared.items()}
    population = Population(**values)
    for name, kind in (("name", str), ("start", int), ("stop", int), ("excitatory", bool)):
        if not isinstance(getattr(population, name), kind):
            raise ValueError(f"network/populations has a {name} that is no {kind.__name__}")
    return population
