"""Recordings `.simrec.h5`: all spikes of a run, the traces of chosen neurons, and what is needed to build it again.

A recording can be read while it is written, and after a kill it is readable up to the last flush (at most one second
before). Each flush adds one row to `commits`, with a checksum of the values that it vouches for; the reader believes
nothing beyond the last row that holds. docs/recordings.md has the layout.
"""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
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
COMMIT_COLUMNS = ("stop_step", "num_spikes", "spikes_crc32", "traces_crc32")


@dataclass(frozen=True)
class NetworkFacts:
    """What a recording keeps of the network that was built: `positions` is (N, 3) float32, um."""

    populations: tuple[Population, ...]
    positions: np.ndarray
    num_synapses: int
    backend: str = ""


def new_path(folder: Path | None = None, stem: str = "recording", now: datetime | None = None) -> Path:
    """Return an unused path such as `recording_2025-11-22_11-08-34.simrec.h5`; the folder is made if missing."""
    folder = paths.ensure(folder or paths.RECORDINGS)
    base = f"{stem}_{now or datetime.now():%Y-%m-%d_%H-%M-%S}"
    path, number = folder / f"{base}{RECORDING.suffix}", 2
    while path.exists():
        path, number = folder / f"{base}_{number}{RECORDING.suffix}", number + 1
    return path


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
        self.num_spikes = 0
        self.next_step = first_step
        self._pending: list[tuple[np.ndarray, np.ndarray, np.ndarray]] = []
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

    def flush(self) -> None:
        """Bring everything that was appended into the file, so that a kill cannot lose it."""
        self._flushed_at = self._clock()
        if self._committed_step == self.next_step or self._stream is None:
            return
        steps, ids, v = (np.concatenate(parts) for parts in zip(*self._pending, strict=True))
        trace_steps = np.arange(self.next_step - len(v), self.next_step, dtype=np.int64)
        rows = {"spikes/steps": steps, "spikes/ids": ids}
        if self.probes:
            rows |= {"traces/steps": trace_steps, "traces/v": v}
        with self._ending_on_error(self._stream):
            self._stream.extend(rows)
            self._stream.extend({"commits": _commit_row(
                self.next_step, self.num_spikes + steps.size, (steps, ids), (trace_steps, v))})
        self.num_spikes += steps.size
        self._committed_step = self.next_step
        self._pending.clear()

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
    stream.growing("spikes/steps", np.int64, (), SPIKES_PER_CHUNK)
    stream.growing("spikes/ids", np.int32, (), SPIKES_PER_CHUNK)
    if probes:
        rows = max(1, min(1024, TRACE_VALUES_PER_CHUNK // len(probes)))
        hdf5.put_array(stream.file, "traces/ids", np.array(probes, np.int32))
        stream.growing("traces/steps", np.int64, (), rows)
        hdf5.put_text(stream.growing("traces/v", np.float32, (len(probes),), rows), "unit", "mV")
    commits = stream.growing("commits", np.int64, (len(COMMIT_COLUMNS),), 64)
    hdf5.put_text(commits, "columns", " ".join(COMMIT_COLUMNS))


def _commit_row(stop_step: int, num_spikes: int, spikes: Sequence[np.ndarray], traces: Sequence[np.ndarray]
                ) -> np.ndarray:
    """Return the row (1, 4) int64 that vouches for one block of values."""
    return np.array([[stop_step, num_spikes, _checksum(stop_step, num_spikes, spikes),
                      _checksum(stop_step, num_spikes, traces)]], np.int64)


def _checksum(stop_step: int, num_spikes: int, block: Sequence[np.ndarray]) -> int:
    """Return the CRC-32 of a block's place in the recording and of its values, little-endian."""
    crc = zlib.crc32(np.array([stop_step, num_spikes], "<i8").data)
    for values in block:
        crc = zlib.crc32(np.ascontiguousarray(values, values.dtype.newbyteorder("<")).data, crc)
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
        return int(self._commits[-1, 1]) if len(self._commits) else 0

    @property
    def duration_ms(self) -> float:
        return self.num_steps * self.dt_ms

    def spikes(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps (S,) int64, ascending, and the neurons (S,) int32 of all spikes."""
        with hdf5.reading(self.path):
            steps, ids = self._spike_block(0, self.num_spikes)
            for block in range(len(self._commits)):
                start, stop = self._rows(block)[0]
                self._verify(block, 2, (steps[start:stop], ids[start:stop]))
            self._check_spikes(steps, ids)
        return steps, ids

    def traces(self) -> tuple[np.ndarray, np.ndarray]:
        """Return the steps (T,) int64 and membrane potentials (T, len(probes)) float32 in mV; T is 0 without probes."""
        with hdf5.reading(self.path):
            steps, v = self._trace_block(0, self.num_steps)
            for block in range(len(self._commits)):
                start, stop = self._rows(block)[1]
                self._verify(block, 3, (steps[start:stop], v[start:stop]))
        return steps, v

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
        previous = np.vstack([[self.first_step, 0, 0, 0], rows[:-1]])
        if (rows[:, 0] <= previous[:len(rows), 0]).any() or (rows[:, 1] < previous[:len(rows), 1]).any():
            raise ValueError("commits run backwards")
        self._commits = rows
        while not self.complete and len(self._commits) and not self._last_block_holds():
            self._commits = self._commits[:-1]
        return self._commits

    def _last_block_holds(self) -> bool:
        """Tell whether the newest block is in the file as its row says."""
        block = len(self._commits) - 1
        spike_rows, trace_rows = self._rows(block)
        try:
            self._verify(block, 2, self._spike_block(*spike_rows))
            self._verify(block, 3, self._trace_block(*trace_rows))
        except hdf5.DAMAGE:
            return False
        return True

    def _rows(self, block: int) -> tuple[tuple[int, int], tuple[int, int]]:
        """Return start and stop of the rows of spikes and of traces that belong to a block."""
        stop_step, stop_spike = self._commits[block, :2].tolist()
        start_step, start_spike = self._commits[block - 1, :2].tolist() if block else (self.first_step, 0)
        return (start_spike, stop_spike), (start_step - self.first_step, stop_step - self.first_step)

    def _spike_block(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        return self._read_rows("spikes/steps", "i8", (None,), start, stop), self._read_rows(
            "spikes/ids", "i4", (None,), start, stop)

    def _trace_block(self, start: int, stop: int) -> tuple[np.ndarray, np.ndarray]:
        if not self.probes:
            return np.empty(0, np.int64), np.empty((0, 0), np.float32)
        return self._read_rows("traces/steps", "i8", (None,), start, stop), self._read_rows(
            "traces/v", "f4", (None, len(self.probes)), start, stop)

    def _read_rows(self, path: str, dtype: str, shape: tuple[int | None, ...], start: int, stop: int) -> np.ndarray:
        source = hdf5.dataset(self._file, path, dtype, shape)
        if stop > source.shape[0]:
            raise ValueError(f"{path} holds {source.shape[0]} rows, but {stop} were written")
        return source[start:stop]

    def _verify(self, block: int, column: int, values: Sequence[np.ndarray]) -> None:
        stop_step, num_spikes = self._commits[block, :2].tolist()
        if _checksum(stop_step, num_spikes, values) != self._commits[block, column]:
            raise ValueError(f"the values before step {stop_step} do not match their checksum")


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


def _population(declared: dict[str, Any]) -> Population:
    """Return the population that was written as `declared`; JSON's lists become tuples again."""
    values: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value for name, value in declared.items()}
    population = Population(**values)
    for name, kind in (("name", str), ("start", int), ("stop", int), ("excitatory", bool)):
        if not isinstance(getattr(population, name), kind):
            raise ValueError(f"network/populations has a {name} that is no {kind.__name__}")
    return population
