"""Recordings `.simrec.h5`: all spikes of a run, traces, and what is needed to compute every moment of it again.

A recording can be read while it is written, and after a kill it is readable up to the last flush (at most one second
before). Each flush adds one row to `commits`, with a checksum of the values that it vouches for; the reader believes
nothing beyond the last row that holds. docs/recordings.md has the layout; `recording_writer` writes.
"""

from __future__ import annotations

import json
import zlib
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import h5py
import numpy as np

from ..base import paths
from ..base.declarations import Population
from ..base.errors import FileFormatError
from . import hdf5, packing
from .checkpoints import LAST_STEP, Origin, is_live, read_core, read_origin

RECORDING = hdf5.FileKind("recording", 2, ".simrec.h5")
SERIES_OF_VERSION = {1: ("spikes", "traces", "changes"), 2: ("spikes", "traces", "changes", "keyframes")}
SERIES = SERIES_OF_VERSION[RECORDING.version]      # what grows with the run: datasets of equal length
# ... and their types. Traces have one more, <f4, per variable; rows with `stops` have bytes in `data`, up to there.
COLUMNS: dict[str, dict[str, str]] = {
    "spikes": {"steps": "<i8", "ids": "<i4"},
    "traces": {"steps": "<i8"},
    "changes": {"steps": "<i8", "fields": "S48", "stops": "<i8"},
    "keyframes": {"steps": "<i8", "stops": "<i8"},
}
CHANGES_OF_VERSION_1 = {"steps": "<i8", "fields": "S48", "values": "<f8"}
FEW = 32                                           # blocks that are read one by one and kept
KEPT_BYTES = 64 << 20                              # of blocks that were read and verified, kept for the next question
Kind = Literal["full", "replay"]


def commit_columns(series: Sequence[str]) -> tuple[str, ...]:
    """The columns of `commits` of a file with these series."""
    return ("stop_step", *(f"num_{name}" for name in series), *(f"{name}_crc32" for name in series))


@dataclass(frozen=True)
class RecordingFacts:
    """What a recording keeps of the network that was built: `positions` is (N, 3) float32, um."""

    populations: tuple[Population, ...]
    positions: np.ndarray
    origin: Origin


@dataclass(frozen=True)
class Traced:
    """Which variables of which neurons a recording holds, at every `interval_steps`-th step."""

    neurons: tuple[int, ...] = ()
    variables: tuple[str, ...] = ("v",)
    interval_steps: int = 1


@dataclass(frozen=True)
class Change:
    """From the start of `step` on, the configuration's `field` had `value`: a number, or what JSON can hold."""

    step: int
    field: str
    value: Any


def new_path(folder: Path | None = None, stem: str = "recording", now: datetime | None = None) -> Path:
    """Return an unused path such as `recording_2025-11-22_11-08-34.simrec.h5`; the folder is made if missing."""
    return paths.unused(folder or paths.RECORDINGS, stem, RECORDING.suffix, now)


def list_recordings(folder: Path | None = None) -> tuple[Path, ...]:
    """Return the recordings in `folder`, the one that was written last first."""
    return paths.newest_first(folder or paths.RECORDINGS, RECORDING.suffix)


def checksum(place: Sequence[int], columns: Iterable[np.ndarray]) -> int:
    """Return the CRC-32 of a block's place in the recording and of its values, little-endian."""
    crc = zlib.crc32(np.array(place, "<i8").tobytes())
    for values in columns:
        if values.size:
            little = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
            crc = zlib.crc32(little.view(np.uint8).reshape(-1).data, crc)
    return crc


def texts_of(populations: Sequence[Population]) -> np.ndarray:
    """Return each population's declaration as a JSON text, (P,) bytes."""
    return np.array([json.dumps(vars(population), default=dict).encode() for population in populations], "S")


# ---- reading --------------------------------------------------------------------------------------------
class Recording(hdf5.Opened):
    """A recording opened for reading; use `Recording.open(path)`, best in a `with` block.

    `core` is the configuration in force at the beginning and `seed` the seed really used; `origin` says what to build
    to compute the run again. `complete` is False for a file that is being written or whose writer was killed. Spikes
    and traces cover the steps `first_step` .. `stop_step - 1`. Every error is a FileFormatError.
    """

    def __init__(self, path: Path, file: hdf5.CheckedFile):
        super().__init__(path, file)
        self.complete = file.complete
        self._blocks: OrderedDict[tuple[str, int], list[np.ndarray]] = OrderedDict()
        self._kept_bytes = 0                            # of these blocks
        self._verified: set[tuple[str, int]] = set()
        with hdf5.reading(path):
            self.version = hdf5.int_attribute(file, "format_version")
            self._series = SERIES_OF_VERSION[self.version]
            self.origin = read_origin(path, file) if self.version > 1 else _origin_of_version_1(path, file)
            self.seed = self.origin.seed
            self.core = self.origin.core.changed(**self.origin.live)
            self.kind: Kind = "replay" if self.version > 1 and hdf5.text_attribute(file, "kind") == "replay" else "full"
            self.dt_ms = hdf5.float_attribute(file, "dt_ms")
            self.first_step = hdf5.int_attribute(file, "first_step")
            if self.dt_ms <= 0.0 or not 0 <= self.first_step <= LAST_STEP:
                raise ValueError(f"it begins at step {self.first_step} of {self.dt_ms} ms")
            self.num_synapses, self.backend = self.origin.num_synapses, self.origin.backend
            self.program_version = hdf5.text_attribute(file, "program_version")
            self.created = hdf5.text_attribute(file, "created")
            self.positions = hdf5.array(file, "network/positions", "f4", (None, 3))
            if not np.isfinite(self.positions).all():
                raise ValueError("network/positions holds values that are no numbers")
            self.populations = _read_populations(file, len(self.positions))
            self.traced = self._read_traced()
            self._commits = self._read_commits()

    @classmethod
    def open(cls, path: Path | str) -> Recording:
        """Open the recording at `path`; FileFormatError says in one sentence what is wrong with it."""
        def once() -> Recording:
            file = hdf5.open_checked(path, RECORDING)
            try:
                return cls(Path(path), file)
            except BaseException:
                file.close()
                raise
        return hdf5.while_written(path, once)

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
        return int(self._stops("spikes")[-1])

    @property
    def duration_ms(self) -> float:
        return self.num_steps * self.dt_ms

    @property
    def probes(self) -> tuple[int, ...]:
        """The neurons whose traces were recorded."""
        return self.traced.neurons

    def spikes(self, first: int | None = None, stop: int | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps (S,) int64, ascending, and the neurons (S,) int32 of all spikes.

        Or of those in the steps `first` .. `stop - 1`, for which only a part of the file is read.
        """
        with hdf5.reading(self.path):
            steps, ids = self._between("spikes", first, stop)
            self._check_spikes(steps, ids)
        return steps, ids

    def traces(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps (T,) int64 and membrane potentials (T, len(probes)) float32 in mV; T is 0 without them."""
        if "v" not in self.traced.variables:
            return np.empty(0, np.int64), np.empty((0, len(self.probes)), np.float32)
        return self.trace("v")

    def trace(self, variable: str, first: int | None = None, stop: int | None = None,
              places: np.ndarray | None = None) -> tuple[np.ndarray, np.ndarray]:
        """Return steps (T,) int64 and values (T, len(probes)) float32 of a recorded variable, at the end of each step.

        Only those of the steps `first` .. `stop - 1`, and of the probes at these `places`, where these are given.
        """
        if variable not in self.traced.variables:
            raise FileFormatError(f"{self.path} holds no traces of {variable!r}, but of "
                                  f"{', '.join(self.traced.variables) or 'nothing'}.", self.path)
        with hdf5.reading(self.path):
            columns = self._between("traces", first, stop, places)
            self._check_traces(columns[0], first, stop)
        return columns[0], columns[1 + self.traced.variables.index(variable)]

    def changes(self) -> tuple[Change, ...]:
        """Return how the configuration was changed during the run, in the order of time."""
        with hdf5.reading(self.path):
            rows = np.diff(self._stops("changes"))
            changes = tuple(change for block in np.flatnonzero(rows).tolist() for change in self._changes_in(block))
            for change in changes:
                if not is_live(change.field, change.value):
                    raise ValueError(f"changes sets {change.field!r} to {str(change.value)[:40]}")
        return changes

    def _changes_in(self, block: int) -> list[Change]:
        """Return the changes of one block; their values are numbers in format 1, then JSON texts."""
        steps, names, *columns = self._block("changes", block)
        values = columns[0].tolist() if self.version == 1 else [
            json.loads(columns[1][start:stop].tobytes()) for start, stop in pairwise(self._edges("changes", block))]
        return [Change(step, name.decode(), value)
                for step, name, value in zip(steps.tolist(), names.tolist(), values, strict=True)]

    def _edges(self, name: str, block: int) -> list[int]:
        """Return where the bytes of the rows of a block begin within the block's, and where the last ones end."""
        first = int(self._stops(name)[block])
        begin = self._data_range(name, first, first)[0]
        return [0, *(self._block(name, block)[-2] - begin).tolist()]

    @property
    def initial_names(self) -> tuple[str, ...]:
        """The names of the state variables that were kept of the start."""
        with hdf5.reading(self.path):
            return hdf5.names(self._file, "initial_state")

    def initial(self, name: str) -> np.ndarray:
        """Return a state variable (N,) float32 at the start of step `first_step`."""
        with hdf5.reading(self.path):
            return hdf5.array(self._file, f"initial_state/{name}", "f4", (self.num_neurons,))

    def keyframe_steps(self) -> np.ndarray:
        """Return the steps (F,) int64 at whose start the whole state was kept, ascending."""
        if "keyframes" not in self._series:
            return np.empty(0, np.int64)
        with hdf5.reading(self.path):
            steps = self._read_some("keyframes/steps", "<i8", 0, int(self._stops("keyframes")[-1]))
            if steps.size and ((np.diff(steps) <= 0).any() or steps[0] < self.first_step or steps[-1] > self.stop_step):
                raise ValueError("keyframes/steps does not ascend within the recorded steps")
        return steps

    def keyframe(self, number: int, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
        """Return the arrays of the whole state, by path, at `keyframe_steps()[number]`, or those called `names`."""
        with hdf5.reading(self.path):
            stops = self._stops("keyframes")
            block = int(np.searchsorted(stops, number, side="right")) - 1
            edges, data = self._edges("keyframes", block), self._block("keyframes", block)[-1]
            place = number - int(stops[block])
            return packing.unpack(data[edges[place]:edges[place + 1]].tobytes(), names)

    def _check_spikes(self, steps: np.ndarray, ids: np.ndarray) -> None:
        """Raise ValueError for spikes of neurons or steps that the recording does not have."""
        if not steps.size:
            return
        if ids.min() < 0 or ids.max() >= self.num_neurons:
            raise ValueError("spikes/ids names neurons that do not exist")
        if (steps[1:] < steps[:-1]).any() or not self.first_step <= steps[0] <= steps[-1] < self.stop_step:
            raise ValueError("spikes/steps does not ascend within the recorded steps")

    def _check_traces(self, steps: np.ndarray, first: int | None, stop: int | None) -> None:
        """Raise ValueError unless `steps` are every `interval_steps`-th one between the two."""
        interval = self.traced.interval_steps
        start = self.first_step if first is None else max(first, self.first_step)
        end = self.stop_step if stop is None else min(stop, self.stop_step)
        wanted = np.arange(start + (-(start + 1)) % interval, end, interval) if self.probes else steps[:0]
        if not np.array_equal(steps, wanted):
            raise ValueError("traces/steps does not count the recorded steps")

    def _read_traced(self) -> Traced:
        if not hdf5.names(self._file, "traces"):
            return Traced((), ())
        ids = hdf5.array(self._file, "traces/ids", "i4", (None,))
        if ids.size and (ids.min() < 0 or ids.max() >= self.num_neurons):
            raise ValueError("traces/ids names neurons that do not exist")
        if self.version == 1:
            return Traced(tuple(ids.tolist()))
        variables = tuple(hdf5.text_attribute(self._file, "variables").split())
        if not variables or set(variables) & {"steps", "ids"} or len(set(variables)) != len(variables):
            raise ValueError("attribute 'variables' names no variables")
        interval = hdf5.int_attribute(self._file, "interval_steps")
        if not 1 <= interval <= LAST_STEP:
            raise ValueError(f"attribute 'interval_steps' is {interval}")
        return Traced(tuple(ids.tolist()), variables, interval)

    def _read_commits(self) -> np.ndarray:
        """Return the rows of `commits`; of a file that was not closed, only those whose values had arrived."""
        count = len(self._series)
        rows = hdf5.array(self._file, "commits", "i8", (None, 1 + 2 * count))
        counts = rows[:, :1 + count]
        before = np.vstack([[self.first_step] + [0] * count, counts[:-1]])[:len(rows)]
        if (counts < before).any() or (counts[:, 0] == before[:, 0]).any() or (counts > 2**62).any():
            raise ValueError("commits run backwards")
        self._commits = rows
        while not self.complete and len(self._commits) and not self._newest_block_holds():
            self._commits = self._commits[:-1]
        return self._commits

    def _newest_block_holds(self) -> bool:
        """Tell whether the newest block is in the file as its row says."""
        try:
            for name in self._series:
                self._block(name, len(self._commits) - 1)
        except hdf5.DAMAGE:
            return False
        return True

    def _between(self, name: str, first: int | None, stop: int | None, places: np.ndarray | None = None
                 ) -> list[np.ndarray]:
        """Return the rows of a series whose steps lie in `first` .. `stop - 1` (all of them), by column, verified.

        Of columns that are wide themselves, only these `places`.
        """
        ends = self._commits[:, 0]
        begin = 0 if first is None else int(np.searchsorted(ends, first, side="right"))
        end = len(ends) if stop is None else min(len(ends), int(np.searchsorted(ends, stop - 1, side="right")) + 1)
        if end <= begin:
            return self._read_rows(name, 0, 0)
        few = end <= begin + FEW                        # blocks: these are kept for the next question
        blocks = ([self._block(name, number) for number in range(begin, end)] if few else
                  [self._read_blocks(name, begin, end)])
        parts = [self._part(block, first, stop, places) for block in blocks]
        return parts[0] if len(parts) == 1 else [np.concatenate(pieces) for pieces in zip(*parts, strict=True)]

    @staticmethod
    def _part(columns: list[np.ndarray], first: int | None, stop: int | None, places: np.ndarray | None
              ) -> list[np.ndarray]:
        """Return the rows whose steps, the first column, lie in `first` .. `stop - 1`."""
        low = 0 if first is None else int(np.searchsorted(columns[0], first))
        high = len(columns[0]) if stop is None else int(np.searchsorted(columns[0], stop))
        return [values[low:high] if places is None or values.ndim == 1 else values[low:high, places]
                for values in columns]

    def _stops(self, name: str) -> np.ndarray:
        """Return the number of rows of a series before the first block and after each."""
        return np.concatenate([[0], self._commits[:, 1 + self._series.index(name)]])

    def _block(self, name: str, number: int) -> list[np.ndarray]:
        """Return the rows of one block of a series, by column; ValueError when they do not match their checksum."""
        if (name, number) in self._blocks:
            self._blocks.move_to_end((name, number))
            return self._blocks[name, number]
        stops = self._stops(name)
        columns = self._read_rows(name, int(stops[number]), int(stops[number + 1]))
        self._verify(name, number, columns)
        self._blocks[name, number] = columns
        self._kept_bytes += sum(values.nbytes for values in columns)
        while len(self._blocks) > 1 and self._kept_bytes > KEPT_BYTES:
            self._kept_bytes -= sum(values.nbytes for values in self._blocks.popitem(last=False)[1])
        return columns

    def _read_blocks(self, name: str, begin: int, end: int) -> list[np.ndarray]:
        """Return the rows of the blocks `begin` .. `end - 1` of a series, by column, verified."""
        stops = self._stops(name)
        columns = self._read_rows(name, int(stops[begin]), int(stops[end]))
        for number in range(begin, end):
            own = slice(stops[number] - stops[begin], stops[number + 1] - stops[begin])
            self._verify(name, number, [values[own] for values in columns])
        return columns

    def _read_rows(self, name: str, start: int, stop: int) -> list[np.ndarray]:
        """Return some rows of a series, by column; of keyframes also the bytes that belong to them."""
        if name == "traces" and not self.traced.variables:
            return [np.empty(0, np.int64), np.empty((0, 0), np.float32)]
        columns_of = CHANGES_OF_VERSION_1 if self.version == 1 and name == "changes" else COLUMNS[name]
        columns = [self._read_some(f"{name}/{column}", dtype, start, stop) for column, dtype in columns_of.items()]
        if name == "traces":
            columns += [self._read_some(f"traces/{variable}", "<f4", start, stop, (len(self.probes),))
                        for variable in self.traced.variables]
        if "stops" in columns_of:
            columns.append(self._read_some(f"{name}/data", "u1", *self._data_range(name, start, stop)))
        return columns

    def _read_some(self, path: str, dtype: str, start: int, stop: int, row: tuple[int, ...] = ()) -> np.ndarray:
        def once() -> np.ndarray:
            source = hdf5.dataset(self._file, path, dtype, (None, *row))
            if not 0 <= start <= stop <= source.shape[0]:
                raise ValueError(f"{path} holds {source.shape[0]} rows, but {stop} were written")
            return source[start:stop]
        return once() if self.complete else hdf5.while_written(self.path, once)

    def _data_range(self, name: str, start: int, stop: int) -> tuple[int, int]:
        """Return where the bytes of the rows `start` .. `stop - 1` of a series begin and end."""
        ends = hdf5.dataset(self._file, f"{name}/stops", "<i8", (None,))
        if not 0 <= start <= stop <= ends.shape[0]:
            raise ValueError(f"{name}/stops holds {ends.shape[0]} rows, but {stop} were written")
        first = int(ends[start - 1]) if start else 0
        return first, int(ends[stop - 1]) if stop > start else first

    def _verify(self, name: str, block: int, columns: Sequence[np.ndarray]) -> None:
        """Raise ValueError when the rows of a block do not match their checksum."""
        if (name, block) in self._verified:
            return
        row = self._commits[block].tolist()
        place, checksums = row[:1 + len(self._series)], row[1 + len(self._series):]
        if checksum(place, columns) != checksums[self._series.index(name)]:
            raise ValueError(f"the {name} before step {place[0]} do not match their checksum")
        self._verified.add((name, block))


def _origin_of_version_1(path: Path, file: h5py.File) -> Origin:
    """Return what format 1 tells of a run's origin: its configuration held the live changes before the beginning."""
    return Origin(read_core(path, file), hdf5.int_attribute(file, "seed"), "", {},
                  hdf5.int_attribute(file, "num_synapses"), hdf5.text_attribute(file, "backend"))


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
