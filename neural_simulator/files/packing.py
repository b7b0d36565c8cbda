"""Arrays as compressed bytes: bytes of equal weight side by side (shuffled), then deflate, on all cores."""

from __future__ import annotations

import json
import math
import os
import struct
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

LEVEL = 1                          # of deflate; higher ones take three times as long and gain 2 % on state arrays
PIECE_BYTES = 1 << 20              # compressed at once, by one core
GROWTH_LIMIT = 1032                # deflate cannot shrink data by more than this factor
MOST_ARRAYS = 1000


def deflate(piece: np.ndarray) -> bytes:
    """Compress a one-dimensional array."""
    return zlib.compress(piece.view(np.uint8).reshape(piece.size, -1).T.tobytes(), LEVEL)


def inflate(data: bytes, dtype: np.dtype, count: int) -> np.ndarray:
    """Return the `count` values that `deflate` compressed; ValueError where they are not that."""
    size = count * dtype.itemsize
    opened = zlib.decompressobj()
    try:
        raw = opened.decompress(data, size) if size else b""
    except zlib.error as error:
        raise ValueError(f"compressed data are broken ({error})") from error
    if len(raw) != size or size and not (opened.eof or not opened.decompress(opened.unconsumed_tail, 1)):
        raise ValueError("compressed data have another size than declared")
    return np.frombuffer(raw, np.uint8).reshape(dtype.itemsize, count).T.copy().view(dtype).ravel()


def in_parallel(function: Any, items: list, at_once: int = 32) -> Iterator[Any]:
    """Yield `function(item)` of every item in order, computed by all cores, with few results waiting in memory."""
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        for first in range(0, len(items), at_once):
            yield from pool.map(function, items[first:first + at_once])


def pack(arrays: Mapping[str, np.ndarray]) -> bytes:
    """Return arrays by name as bytes: length of a head, the head (JSON: name, type, shape, sizes of pieces), pieces."""
    head, pieces = [], []
    for name, values in arrays.items():
        flat = np.ascontiguousarray(values, values.dtype.newbyteorder("<")).ravel()
        length = max(1, PIECE_BYTES // flat.dtype.itemsize)
        own = [flat[start:start + length] for start in range(0, flat.size, length)]
        head.append([name, flat.dtype.str, list(values.shape), len(own)])
        pieces += own
    packed = list(in_parallel(deflate, pieces)) if len(pieces) > 4 else [deflate(piece) for piece in pieces]
    text = json.dumps({"arrays": head, "sizes": [len(data) for data in packed]}).encode()
    return b"".join([struct.pack("<Q", len(text)), text, *packed])


def unpack(data: bytes, names: Sequence[str] | None = None) -> dict[str, np.ndarray]:
    """Return the arrays that `pack` made bytes of, or those called `names`.

    ValueError for bytes that are not that, whoever wrote them.
    """
    arrays, sizes, at = _head(data)
    if sum(sizes) != len(data) - at:
        raise ValueError("packed arrays have another size than declared")
    if names is not None and (missing := set(names) - {name for name, *_ in arrays}):
        raise ValueError(f"packed arrays lack {min(missing)!r}")
    found, used = {}, 0
    for name, dtype, shape, count in arrays:
        own, used = sizes[used:used + count], used + count
        if names is None or name in names:
            found[name] = _joined(data[at:at + sum(own)], own, dtype, shape)
        at += sum(own)
    return found


def _joined(data: bytes, sizes: list[int], dtype: np.dtype, shape: tuple[int, ...]) -> np.ndarray:
    """Return the array whose pieces of these sizes lie one after the other in `data`."""
    values = np.empty(math.prod(shape), dtype)
    length = max(1, PIECE_BYTES // dtype.itemsize)
    if len(sizes) != -(-values.size // length):
        raise ValueError("packed arrays have another number of pieces than declared")
    at = 0
    for size, start in zip(sizes, range(0, values.size, length), strict=True):
        part = values[start:start + length]
        part[:] = inflate(data[at:at + size], dtype, part.size)
        at += size
    return values.reshape(shape)


def _head(data: bytes) -> tuple[list[tuple[str, np.dtype, tuple[int, ...], int]], list[int], int]:
    """Return name, type, shape and number of pieces of every array, the sizes of the pieces, and where they begin."""
    length, = struct.unpack_from("<Q", data) if len(data) >= 8 else (len(data),)
    if length > len(data) - 8:
        raise ValueError("packed arrays have no head")
    try:
        head = json.loads(data[8:8 + length])
        sizes = [_natural(size) for size in head["sizes"]]
        arrays = [(str(name), np.dtype(str(dtype)), tuple(_natural(n) for n in shape), _natural(count))
                  for name, dtype, shape, count in head["arrays"]]
    except (TypeError, KeyError, RecursionError, UnicodeDecodeError) as error:
        raise ValueError("packed arrays have a head that cannot be read") from error
    if len(arrays) > MOST_ARRAYS or sum(count for *_, count in arrays) != len(sizes):
        raise ValueError("packed arrays have another number of pieces than declared")
    bytes_declared = 0
    for _, dtype, shape, _ in arrays:
        if dtype.kind not in "fiu" or len(shape) > 8:
            raise ValueError(f"packed arrays have the type {dtype}")
        bytes_declared += math.prod(shape) * dtype.itemsize
    if bytes_declared > len(data) * GROWTH_LIMIT:
        raise ValueError("packed arrays are declared larger than their data")
    return arrays, sizes, 8 + length


def _natural(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError(f"{value!r} is no number of things")
    return value
