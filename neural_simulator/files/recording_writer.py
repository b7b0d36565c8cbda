"""Writes recordings `.simrec.h5` while the simulation runs; see `recordings` for what they are."""

from __future__ import annotations

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..base.arrays import joined
from ..base.errors import FileFormatError
from . import hdf5, packing
from .checkpoints import put_origin
from .recordings import (
    COLUMNS,
    RECORDING,
    SERIES,
    Change,
    Kind,
    RecordingFacts,
    Traced,
    checksum,
    commit_columns,
    texts_of,
)
from .stream import Stream

FLUSH_INTERVAL_S = 0.9             # so that, with what is on the way to here, at most a second is not in the file
FLUSH_BYTES = 4 << 20              # a flush verifies at most about this much, so that any moment is found quickly
SPIKES_PER_CHUNK = 16_384
TRACE_VALUES_PER_CHUNK = 65_536
CHANGES_PER_CHUNK = 64
DATA_PER_CHUNK = 1 << 16
Frames = tuple[np.ndarray, Mapping[str, np.ndarray]]        # steps (R,), values (R, neurons) by variable


class RecordingWriter:
    """Writes one recording.

    `path` must not exist yet. `traced` says of which neurons which variables are given; `first_step` is where the
    recording begins; `state` may hold the arrays of the whole state at the start of that step, by path, from which
    everything can be computed again. Raises FileFormatError when the file exists or cannot be written.
    """

    def __init__(self, path: Path | str, facts: RecordingFacts, traced: Traced | None = None, *, kind: Kind = "full",
                 first_step: int = 0, state: Mapping[str, np.ndarray] | None = None,
                 clock: Callable[[], float] = time.monotonic):
        self.path = Path(path)
        self.traced = traced or Traced()
        self.next_step = first_step
        self._spikes: list[tuple[np.ndarray, np.ndarray]] = []                  # what waits for the next flush
        self._frames: list[Frames] = []
        self._changes: list[Change] = []
        self._keyframes: list[tuple[int, bytes]] = []
        self._waiting_bytes = 0
        self._counts = dict.fromkeys(SERIES, 0)                                 # rows in the file
        self._data_bytes = {name: 0 for name, columns in COLUMNS.items() if "stops" in columns}
        self._clock = clock
        self._flushed_at = clock()
        self._committed_step = first_step
        arrays = {"network/positions": facts.positions, "network/populations": texts_of(facts.populations),
                  **{f"initial_state/{name.removeprefix('states/')}": values for name, values in (state or {}).items()
                     if name.startswith("states/")}}
        self._stream: Stream | None = _open_stream(self.path, sum(values.nbytes for values in arrays.values()))
        try:
            with hdf5.failing_as_sentence(self.path):
                _write_facts(self._stream.file, facts, kind, first_step, arrays)
                _make_growing(self._stream, self.traced)
                self._stream.begin()
        except BaseException:
            self._stream.discard()
            raise
        if state:
            self.keyframe(state)

    def append(self, spike_steps: np.ndarray, spike_ids: np.ndarray, first_step: int, num_steps: int,
               frames: Frames | None = None) -> None:
        """Add what happened in the steps `first_step` .. `first_step + num_steps - 1`, which follow the last ones.

        `spike_steps` (S,) ascending and `spike_ids` (S,) are the spikes; `frames` are the steps and values of the
        traces in them. The arrays are kept, so they must not change afterwards. Flushes when much waits or a second
        has passed since the last flush. Raises FileFormatError when the disk refuses: then the file is closed, and
        what was flushed before stays readable.
        """
        steps = np.asarray(spike_steps, np.int64)
        ids = np.asarray(spike_ids, np.int32)
        self._check_batch(steps, ids, first_step, num_steps)
        checked = self._checked(frames, first_step, num_steps) if self.traced.neurons and frames is not None else None
        self._spikes.append((steps, ids))
        self._waiting_bytes += steps.nbytes + ids.nbytes
        if checked is not None:
            self._frames.append(checked)
            self._waiting_bytes += sum(values.nbytes for values in self._frames[-1][1].values())
        self.next_step += num_steps
        self.flush_if_due()

    def change(self, values: Mapping[str, Any]) -> None:
        """Note that fields of the configuration have these values from the next step on; written with that step."""
        self._changes += [Change(self.next_step, name, value) for name, value in values.items()]

    def keyframe(self, state: Mapping[str, np.ndarray]) -> None:
        """Keep the arrays of the whole state, by path, at the start of the next step; written with that step."""
        data = packing.pack(state)
        self._keyframes.append((self.next_step, data))
        self._waiting_bytes += len(data)

    def flush_if_due(self) -> None:
        """Flush when much waits or a second has passed since the last flush."""
        if self._waiting_bytes >= FLUSH_BYTES or self._clock() - self._flushed_at >= FLUSH_INTERVAL_S:
            self.flush()

    def flush(self) -> None:
        """Bring everything that was appended into the file, so that a kill cannot lose it."""
        self._flushed_at = self._clock()
        if self._committed_step == self.next_step or self._stream is None:
            return
        blocks = self._blocks()
        counts = {name: self._counts[name] + len(columns["steps"]) for name, columns in blocks.items()}
        place = [self.next_step, *counts.values()]
        row = [*place, *(checksum(place, columns.values()) for columns in blocks.values())]
        with self._ending_on_error(self._stream):
            self._stream.extend({f"{name}/{column}": values for name, columns in blocks.items()
                                 for column, values in columns.items()})
            self._stream.extend({"commits": np.array([row], np.int64)})
        self._counts = counts
        for name in self._data_bytes:
            self._data_bytes[name] += len(blocks[name]["data"])
        self._committed_step = self.next_step
        self._forget()

    def _blocks(self) -> dict[str, dict[str, np.ndarray]]:
        """Return the rows that wait to be written, by series and column."""
        steps, ids = (joined(parts) for parts in zip(*self._spikes, strict=True))
        keyframes = [data for _, data in self._keyframes]
        changes = [json.dumps(change.value).encode() for change in self._changes]
        return {"spikes": {"steps": steps, "ids": ids}, "traces": self._trace_block(),
                "changes": {"steps": np.array([change.step for change in self._changes], np.int64),
                            "fields": np.array([change.field.encode() for change in self._changes], "S48"),
                            **self._with_data("changes", changes)},
                "keyframes": {"steps": np.array([step for step, _ in self._keyframes], np.int64),
                              **self._with_data("keyframes", keyframes)}}

    def _with_data(self, name: str, pieces: list[bytes]) -> dict[str, np.ndarray]:
        """The columns of rows that have bytes of their own."""
        return {"stops": self._data_bytes[name] + np.cumsum([len(data) for data in pieces], dtype=np.int64),
                "data": np.frombuffer(b"".join(pieces), np.uint8)}

    def _trace_block(self) -> dict[str, np.ndarray]:
        if not self._frames:
            empty = np.empty((0, len(self.traced.neurons)), np.float32)
            return {"steps": np.empty(0, np.int64), **dict.fromkeys(self._trace_names(), empty)}
        return {"steps": joined([steps for steps, _ in self._frames]),
                **{name: joined([values[name] for _, values in self._frames]) for name in self._trace_names()}}

    def _trace_names(self) -> tuple[str, ...]:
        return self.traced.variables if self.traced.neurons else ()

    def _forget(self) -> None:
        for waiting in (self._spikes, self._frames, self._changes, self._keyframes):
            waiting.clear()
        self._waiting_bytes = 0

    def close(self) -> None:
        """Flush and close the file; a second call does nothing."""
        self.flush()
        if self._stream is not None:
            stream, self._stream = self._stream, None
            with self._ending_on_error(stream):
                stream.close()

    def __enter__(self) -> RecordingWriter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _check_batch(self, steps: np.ndarray, ids: np.ndarray, first_step: int, num_steps: int) -> None:
        """Raise ValueError for a batch that does not continue the recording: a mistake of the caller."""
        if self._stream is None:
            raise ValueError(f"the recording {self.path} is closed")
        if first_step != self.next_step:
            raise ValueError(f"the recording stands at step {self.next_step}, so it cannot take step {first_step}")
        if steps.shape != ids.shape:
            raise ValueError(f"{steps.size} spike steps cannot belong to {ids.size} neurons")
        in_batch = steps.size == 0 or first_step <= steps[0] and steps[-1] < first_step + num_steps
        if not in_batch or (steps[1:] < steps[:-1]).any():
            raise ValueError(f"the spikes' steps do not ascend within {first_step}..{first_step + num_steps - 1}")

    def _checked(self, frames: Frames, first_step: int, num_steps: int) -> Frames:
        """Return the frames of a batch; ValueError where they are not those that it must have."""
        interval, neurons = self.traced.interval_steps, len(self.traced.neurons)
        wanted = np.arange(first_step + (-(first_step + 1)) % interval, first_step + num_steps, interval)
        steps = np.asarray(frames[0], np.int64)
        values = {name: np.asarray(frames[1][name], np.float32) for name in self.traced.variables}
        if not np.array_equal(steps, wanted) or any(v.shape != (len(steps), neurons) for v in values.values()):
            raise ValueError(f"{neurons} neurons over {num_steps} steps cannot give these traces")
        return steps, values

    @contextmanager
    def _ending_on_error(self, stream: Stream) -> Iterator[None]:
        """Close the file and raise FileFormatError when writing fails; what was committed stays."""
        try:
            yield
        except (OSError, RuntimeError) as error:
            self._forget()
            self._stream = None
            with suppress(OSError, RuntimeError):
                stream.close()
            raise FileFormatError(
                f"The recording {self.path} ends at step {self._committed_step}, because it cannot be written any "
                f"longer: {hdf5.hdf5_reason(error)}.", self.path) from error


class BackgroundWriter:
    """Does what it is told with a `RecordingWriter` in a thread of its own, in order.

    What waits is bounded (`room_bytes`): then `do` waits for the disk. The writer is flushed every second, also while
    nothing comes. An error ends the writing and is raised by the next `do` and by `close`.
    """

    def __init__(self, writer: RecordingWriter, room_bytes: int = 256 << 20):
        self._writer = writer
        self._room_bytes = room_bytes
        self._waiting: queue.Queue[tuple[int, Callable[[RecordingWriter], None] | None]] = queue.Queue()
        self._bytes = 0
        self._space = threading.Condition()
        self._error: FileFormatError | None = None
        self._thread = threading.Thread(target=self._run, name="recording", daemon=True)
        self._thread.start()

    def do(self, job: Callable[[RecordingWriter], None], size: int = 0) -> None:
        """Have `job` done, which holds `size` bytes of data; FileFormatError when the writing has failed."""
        with self._space:
            self._space.wait_for(lambda: self._bytes == 0 or self._bytes + size <= self._room_bytes or self._error)
            self._bytes += size
        self._raise()
        self._waiting.put((size, job))

    def close(self) -> None:
        """Wait until everything is written and the file is closed."""
        if self._thread.is_alive():
            self._waiting.put((0, None))
            self._thread.join()
        self._raise()

    def _raise(self) -> None:
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        ended = False
        while not ended:
            try:
                size, job = self._waiting.get(timeout=FLUSH_INTERVAL_S)
            except queue.Empty:
                size, job = 0, RecordingWriter.flush
            ended = job is None
            try:
                if self._error is None:
                    (job or RecordingWriter.close)(self._writer)
            except FileFormatError as error:
                self._error = error
            with self._space:
                self._bytes -= size
                self._space.notify()


def _open_stream(path: Path, head_bytes: int) -> Stream:
    """Create the file `path`, which must not exist."""
    try:
        return Stream(path, head_bytes)
    except FileExistsError as error:
        raise FileFormatError(f"{path} exists already; choose another name for the recording.", path) from error
    except OSError as error:
        raise FileFormatError(f"{path} cannot be written: {hdf5.hdf5_reason(error)}.", path) from error


def _write_facts(file: h5py.File, facts: RecordingFacts, kind: Kind, first_step: int,
                 arrays: Mapping[str, np.ndarray]) -> None:
    """Write all that is known before the first step."""
    hdf5.stamp(file, RECORDING)
    put_origin(file, facts.origin)
    hdf5.put_text(file, "kind", kind)
    file.attrs["dt_ms"] = np.float64(facts.origin.core.dt_ms)
    file.attrs["first_step"] = np.int64(first_step)
    for path, values in arrays.items():
        text = values.dtype.kind == "S"
        hdf5.put_array(file, path, values if text else np.asarray(values, np.float32))
    hdf5.put_text(file["network/positions"], "unit", "um")


def _make_growing(stream: Stream, traced: Traced) -> None:
    """Create the empty datasets that grow with the run."""
    trace_rows = max(1, min(1024, TRACE_VALUES_PER_CHUNK // max(1, len(traced.neurons))))
    rows = {"spikes": SPIKES_PER_CHUNK, "traces": trace_rows, "changes": CHANGES_PER_CHUNK,
            "keyframes": CHANGES_PER_CHUNK}
    for name, columns in COLUMNS.items():
        for column, dtype in columns.items():
            if name != "traces" or traced.neurons:
                stream.growing(f"{name}/{column}", dtype, (), rows[name])
            if column == "stops":
                stream.growing(f"{name}/data", "u1", (), DATA_PER_CHUNK)
    if traced.neurons:
        for variable in traced.variables:
            dataset = stream.growing(f"traces/{variable}", "<f4", (len(traced.neurons),), trace_rows)
            if variable == "v":
                hdf5.put_text(dataset, "unit", "mV")
        hdf5.put_array(stream.file, "traces/ids", np.array(traced.neurons, np.int32))
        hdf5.put_text(stream.file, "variables", " ".join(traced.variables))
        stream.file.attrs["interval_steps"] = np.int64(traced.interval_steps)
    columns_of_commits = commit_columns(SERIES)
    commits = stream.growing("commits", "<i8", (len(columns_of_commits),), 64)
    hdf5.put_text(commits, "columns", " ".join(columns_of_commits))
