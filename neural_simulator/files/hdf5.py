"""HDF5 files of this program: stamped with format and version, written whole, read with suspicion.

Files are kept in the layout of HDF5 1.10, whose metadata carry checksums, so that damage is noticed, and which
every current HDF5 tool reads. The readers here take nothing for granted: they follow no link, believe no declared
size that the file cannot hold, and turn every complaint of the library into one sentence.
"""

from __future__ import annotations

import io
import math
import os
import re
import struct
import time
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, TypeVar

import h5py
import numpy as np

from ..base.errors import FileFormatError
from ..base.version import VERSION
from . import packing, superblock
from .atomic import reason, replacing

LIBRARY_VERSION = ("v110", "v110")
PROGRAM = "neural-simulator"
DEEPEST = 8                        # groups within groups; no file of this program comes near
MOST_DATASETS = 1000
TRIES, PATIENCE_S = 20, 0.01       # of reading a file that is being written
TEXT_LIMIT = 1 << 20               # bytes; no text that this program writes comes near
DAMAGE = (OSError, RuntimeError, KeyError, ValueError, TypeError, OverflowError, MemoryError)


@dataclass(frozen=True)
class FileKind:
    """A format of this program: `noun` names it in sentences, `version` is the newest that is read and written."""

    noun: str
    version: int
    suffix: str

    @property
    def format(self) -> str:
        return f"{PROGRAM} {self.noun}"


# ---- writing --------------------------------------------------------------------------------------------
class _Sink(io.FileIO):
    """A file open for writing that keeps its first error for later; the library may crash when a write fails."""

    def __init__(self, path: Path):
        super().__init__(path, "x+b")
        self.error: OSError | None = None

    def write(self, data) -> int:
        """Write all of `data`, or nothing more after the first error."""
        rest = memoryview(data).cast("B")
        size = len(rest)
        try:
            while len(rest) and self.error is None:
                rest = rest[super().write(rest):]
        except OSError as error:
            self.error = error
        return size

    def truncate(self, size=None) -> int:
        """Set the size of the file, or nothing after the first error."""
        try:
            return super().truncate(size) if self.error is None else 0
        except OSError as error:
            self.error = error
            return 0


@contextmanager
def writing(path: Path | str, kind: FileKind) -> Iterator[h5py.File]:
    """Yield a new stamped HDF5 file that replaces `path` when the block ends without error, else not at all."""
    with replacing(path) as temporary, _Sink(temporary) as sink:
        with h5py.File(sink, "w", libver=LIBRARY_VERSION) as file:
            stamp(file, kind)
            yield file
        if sink.error is not None:
            raise sink.error


def stamp(file: h5py.File, kind: FileKind) -> None:
    """Write what identifies a file: format, format version, program version and time of creation (UTC)."""
    put_text(file, "format", kind.format)
    file.attrs["format_version"] = np.int64(kind.version)
    put_text(file, "program_version", VERSION)
    put_text(file, "created", datetime.now(timezone.utc).isoformat(timespec="seconds"))


def put_text(owner: h5py.Group | h5py.Dataset, name: str, text: str) -> None:
    """Write an attribute as UTF-8 of fixed length, which unlike HDF5's variable strings lies under a checksum."""
    data = text.encode()
    owner.attrs.create(name, data, dtype=h5py.string_dtype("utf-8", max(1, len(data))))


def put_array(group: h5py.Group, name: str, values: np.ndarray, unit: str = "") -> None:
    """Write a whole array with a checksum on each chunk; `unit` becomes its attribute."""
    dataset = group.create_dataset(name, data=values, fletcher32=values.size > 0)
    if unit:
        put_text(dataset, "unit", unit)


def put_packed(group: h5py.Group, path: str, values: np.ndarray, tell: Callable[[int], None] = lambda size: None
               ) -> None:
    """Write a whole array compressed (bytes shuffled, deflate), with the CRC-32 of its content as an attribute.

    The chunks are compressed on all cores, which HDF5 itself cannot do. `tell` gets the bytes of each finished chunk.
    """
    values = np.ascontiguousarray(values, values.dtype.newbyteorder("<"))
    if values.size == 0:
        group.create_dataset(path, data=values).attrs["crc32"] = np.int64(0)
        return
    row = min(values.shape[-1], max(1, packing.PIECE_BYTES // values.dtype.itemsize))
    chunks = (*(1,) * (values.ndim - 1), row)
    dataset = group.create_dataset(path, values.shape, values.dtype, chunks=chunks, shuffle=True,
                                   compression="gzip", compression_opts=packing.LEVEL)
    rows = values.reshape(-1, values.shape[-1])
    places = [(index, start) for index in range(len(rows)) for start in range(0, rows.shape[1], row)]

    def packed_chunk(place: tuple[int, int]) -> bytes:
        index, start = place
        piece = np.zeros(row, values.dtype)
        piece[:min(row, rows.shape[1] - start)] = rows[index, start:start + row]
        return packing.deflate(piece)

    for (index, start), data in zip(places, packing.in_parallel(packed_chunk, places), strict=True):
        dataset.id.write_direct_chunk((*np.unravel_index(index, values.shape[:-1]), start), data)
        tell(row * values.dtype.itemsize)
    dataset.attrs["crc32"] = np.int64(zlib.crc32(values.data))


@contextmanager
def failing_as_sentence(path: Path | str) -> Iterator[None]:
    """Turn an error of the system or of the library while writing `path` into a FileFormatError."""
    try:
        yield
    except (OSError, RuntimeError) as error:
        raise FileFormatError(f"{path} cannot be written: {hdf5_reason(error)}.", path) from error


def hdf5_reason(error: BaseException) -> str:
    """Return the useful part of an HDF5 error, e.g. 'file too large' or 'truncated file: eof = 100'."""
    text = reason(error) if isinstance(error, OSError) else str(error.args[0]) if error.args else ""
    system = re.search(r"error message = '([^']+)'", text)
    inner = re.search(r"\((.*)\)\s*$", text, re.DOTALL)
    text = system.group(1) if system else inner.group(1) if inner else text
    text = " ".join(text.split()).rstrip(".")
    return (text[:1].lower() + text[1:])[:200] or type(error).__name__


# ---- reading --------------------------------------------------------------------------------------------
@contextmanager
def reading(path: Path | str) -> Iterator[None]:
    """Turn whatever goes wrong while reading `path` into a FileFormatError saying that it is damaged, and where."""
    try:
        yield
    except DAMAGE as error:
        raise FileFormatError(f"{path} is damaged: {hdf5_reason(error)}.", path) from error


class CheckedFile(h5py.File):
    """A file open for reading; `complete` is False while its writer writes and after its writer was killed."""

    def __init__(self, path: Path | str, complete: bool):
        self.complete = complete
        self._source = None if complete else superblock.Unclosed(path)
        if complete:
            super().__init__(path, "r", locking="best-effort")
        else:
            super().__init__(self._source, "r")

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        super().close()
        if self._source is not None:
            self._source.close()


AnyOpened = TypeVar("AnyOpened", bound="Opened")


class Opened:
    """A file opened for reading, best in a `with` block."""

    def __init__(self, path: Path, file: CheckedFile):
        self.path = path
        self._file = file

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        self._file.close()

    def __enter__(self: AnyOpened) -> AnyOpened:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def open_checked(path: Path | str, kind: FileKind) -> CheckedFile:
    """Open `path` for reading.

    Raises FileFormatError, in one sentence, for a file that is missing, unreadable, truncated, damaged, foreign, of
    another kind or newer than this program.
    """
    _check_is_hdf5(path, kind)
    with reading(path):
        file = CheckedFile(path, _is_complete(path, kind))
        try:
            _check_stamp(path, file, kind)
        except BaseException:
            file.close()
            raise
    return file


Read = TypeVar("Read")


def while_written(path: Path | str, read: Callable[[], Read]) -> Read:
    """Return `read()`; where it fails because its writer was at work at that moment, try again.

    A file that does not change is not read twice, so that a broken one is told at once.
    """
    for _ in range(TRIES):
        before = _moment(path)
        try:
            return read()
        except (FileFormatError, *DAMAGE):
            if before is None:
                raise
            time.sleep(PATIENCE_S)
            if _moment(path) == before:
                raise
    return read()


def _moment(path: Path | str) -> tuple[int, int] | None:
    """Size and time of change of a file that is open for writing, else None."""
    try:
        with open(path, "rb") as file:
            block = superblock.parse(file.read(superblock.SIZE))
        facts = os.stat(path)
    except (OSError, ValueError, IndexError, struct.error):
        return None
    return None if block is None or block.closed else (facts.st_size, facts.st_mtime_ns)


def _check_is_hdf5(path: Path | str, kind: FileKind) -> None:
    """Raise FileFormatError unless `path` is a file that begins as an HDF5 file does."""
    if os.path.exists(path) and not os.path.isfile(path):
        raise FileFormatError(f"{path} is not a file; choose a {kind.noun} (*{kind.suffix}).", path)
    try:
        with open(path, "rb") as file:
            head = file.read(superblock.SIZE)
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {reason(error)}.", path) from error
    if not head or head[:8] != superblock.SIGNATURE[:len(head)]:
        raise FileFormatError(
            f"{path} is not an HDF5 file, so it holds no {kind.noun}; choose a {kind.noun} (*{kind.suffix}).", path)


def _is_complete(path: Path | str, kind: FileKind) -> bool:
    """Tell whether the writer of a file has closed it.

    Raises FileFormatError when a part is missing since then, and for files without checksums, which are not ours.
    """
    with open(path, "rb") as file:
        head = file.read(superblock.SIZE)
    size = os.path.getsize(path)
    if len(head) < superblock.SIZE:
        raise FileFormatError(f"{path} is truncated: only {size} bytes of it are there.", path)
    block = superblock.parse(head)
    if block is None:
        raise _foreign(path, kind)
    if block.closed and size < block.end:
        raise FileFormatError(f"{path} is truncated: {size:,} of its {block.end:,} bytes are there.", path)
    return block.closed


def _foreign(path: Path | str, kind: FileKind) -> FileFormatError:
    return FileFormatError(f"{path} is an HDF5 file of another program, not a {kind.noun} of this one.", path)


def _check_stamp(path: Path | str, file: h5py.File, kind: FileKind) -> None:
    """Raise FileFormatError unless `file` is of `kind` and not newer than this program."""
    if "format" not in file.attrs:
        raise _foreign(path, kind)
    found = text_attribute(file, "format")
    if found != kind.format:
        noun = found.removeprefix(PROGRAM).strip()[:40]
        raise FileFormatError(f"{path} is not a {kind.noun}; it says that it is a {noun!r}.", path)
    version = int_attribute(file, "format_version")
    if version > kind.version:
        raise FileFormatError(
            f"{path} was written by program version {text_attribute(file, 'program_version')[:40]} in {kind.noun} "
            f"format {version}, but this program ({VERSION}) reads up to format {kind.version}; update the program.",
            path)
    if version < 1:
        raise ValueError(f"format version {version} does not exist")


def text_attribute(owner: h5py.Group | h5py.Dataset, name: str) -> str:
    """Return the attribute `name`, which must be a text of fixed length; ValueError says what it is instead."""
    value = _scalar_attribute(owner, name, "S")
    return bytes(value).decode().rstrip("\0")


def int_attribute(owner: h5py.Group | h5py.Dataset, name: str) -> int:
    """Return the attribute `name`, which must be one whole number."""
    return int(_scalar_attribute(owner, name, "iu"))


def float_attribute(owner: h5py.Group | h5py.Dataset, name: str) -> float:
    """Return the attribute `name`, which must be one finite number."""
    value = float(_scalar_attribute(owner, name, "f"))
    if not math.isfinite(value):
        raise ValueError(f"attribute {name!r} is {value}")
    return value


def _scalar_attribute(owner: h5py.Group | h5py.Dataset, name: str, kinds: str) -> Any:
    """Return an attribute after its declared shape, kind and size have been checked."""
    if name not in owner.attrs:
        raise ValueError(f"attribute {name!r} is missing")
    declared = owner.attrs.get_id(name)
    if declared.shape != () or declared.dtype.kind not in kinds or declared.dtype.itemsize > TEXT_LIMIT:
        raise ValueError(f"attribute {name!r} has the wrong type")
    return owner.attrs[name]


def dataset(file: h5py.File, path: str, dtype: np.dtype | str | None, shape: tuple[int | None, ...]) -> h5py.Dataset:
    """Return the dataset at `path`, of exactly `dtype` (None: any) and of `shape` (None: any length).

    Raises ValueError where it is missing, behind a link, stored outside the file, or declared larger than what
    the file can hold.
    """
    node = _follow(file, path)
    if not isinstance(node, h5py.Dataset):
        raise ValueError(f"{path} is not a dataset")
    if node.is_virtual or node.external:
        raise ValueError(f"{path} lies outside the file")
    fits = len(node.shape or ()) == len(shape) and all(
        want in (None, have) for want, have in zip(shape, node.shape or (), strict=True))
    if not fits or dtype is not None and node.dtype != np.dtype(dtype):
        lengths = " x ".join(str(length) for length in node.shape or ())
        raise ValueError(f"{path} has {lengths or 'single'} values of type {node.dtype}, which does not fit")
    _check_size(file, path, node)
    return node


def array(file: h5py.File, path: str, dtype: np.dtype | str | None, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return the whole content of a dataset that passes the checks of `dataset`."""
    return dataset(file, path, dtype, shape)[...]


def packed(file: h5py.File, path: str, dtype: np.dtype | str | None, shape: tuple[int | None, ...]) -> np.ndarray:
    """Return the content of a dataset that `put_packed` wrote and that passes the checks of `dataset`."""
    node = dataset(file, path, dtype, shape)
    values = np.ascontiguousarray(node[...])
    if zlib.crc32(values.data if values.size else b"") != int_attribute(node, "crc32"):
        raise ValueError(f"{path} does not match its checksum")
    return values


def declared(file: h5py.File, path: str = "") -> dict[str, tuple[np.dtype, tuple[int, ...]]]:
    """Return type and shape of every dataset below the group `path`, by its path from there; links are refused."""
    found: dict[str, tuple[np.dtype, tuple[int, ...]]] = {}
    for name in names(file, path):
        if len(found) > MOST_DATASETS:
            raise ValueError(f"{path} holds more than {MOST_DATASETS} datasets")
        node = _follow(file, f"{path}/{name}")
        if isinstance(node, h5py.Dataset):
            found[name] = node.dtype, node.shape or ()
        elif path.count("/") < DEEPEST:
            found |= {f"{name}/{inner}": what for inner, what in declared(file, f"{path}/{name}").items()}
        else:
            raise ValueError(f"{path} is nested too deeply")
    return found


def names(file: h5py.File, path: str) -> tuple[str, ...]:
    """Return the names in the group at `path`; an absent group is an empty one."""
    if path not in file:
        return ()
    group = _follow(file, path)
    if not isinstance(group, h5py.Group):
        raise ValueError(f"{path} is not a group")
    return tuple(group)


def _follow(file: h5py.File, path: str) -> h5py.Group | h5py.Dataset:
    """Return the object at `path`, refusing soft and external links on the way."""
    node: h5py.Group | h5py.Dataset = file
    for name in path.split("/"):
        link = node.get(name, getlink=True) if isinstance(node, h5py.Group) else None
        if not isinstance(link, h5py.HardLink):
            raise ValueError(f"{path} is {'missing' if link is None else 'behind a link'}")
        node = node[name]
    return node


def _check_size(file: h5py.File, path: str, node: h5py.Dataset) -> None:
    """Raise ValueError when the declared size of a dataset cannot lie in this file."""
    stored = min(node.id.get_storage_size(), file.id.get_filesize())
    plan = node.id.get_create_plist()
    filters = {plan.get_filter(index)[0] for index in range(plan.get_nfilters())}
    shrunk = filters - {h5py.h5z.FILTER_FLETCHER32, h5py.h5z.FILTER_SHUFFLE}
    if node.size * node.dtype.itemsize > stored * (packing.GROWTH_LIMIT if shrunk else 1):
        raise ValueError(f"{path} is declared larger than the file")
