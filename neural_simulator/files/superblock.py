"""The first 48 bytes of an HDF5 file, and how to read a file whose writer has not closed it.

HDF5 marks a file that is being written, and the mark stays when the writer is killed. The library then reads it only
in its single-writer mode, which on damaged metadata tries again for ever longer times: a broken file would hang the
program. Here the mark is taken off in the bytes that the library gets to see, never on the disk.
Layout and checksum: HDF5 File Format Specification 3.0, II.A (superblock version 2 and 3); B. Jenkins, lookup3 (2006).
"""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from pathlib import Path

SIGNATURE = b"\x89HDF\r\n\x1a\n"
SIZE = 48
OPEN_FOR_WRITING = 0b101            # the flags "opened for writing" and "opened by a single writer"
_WORD = 0xFFFFFFFF


@dataclass(frozen=True)
class Superblock:
    """`end` is the size in bytes that the file should have, `closed` whether its writer has finished."""

    end: int
    closed: bool


def parse(head: bytes) -> Superblock | None:
    """Return what the first 48 bytes of an HDF5 file say; None for the older kinds, which carry no checksum.

    Raises ValueError when the bytes do not match their checksum.
    """
    if head[8] not in (2, 3) or head[9:11] != b"\x08\x08":
        return None
    if struct.unpack_from("<I", head, SIZE - 4)[0] != lookup3(head[:SIZE - 4]):
        raise ValueError("its first bytes do not match their checksum")
    return Superblock(struct.unpack_from("<Q", head, 28)[0], not head[11] & OPEN_FOR_WRITING)


class Unclosed(io.FileIO):
    """A file open for reading that looks as if its writer had closed it now."""

    def __init__(self, path: Path | str):
        super().__init__(path, "rb")
        head = bytearray(super().read(SIZE))
        head[11] &= ~OPEN_FOR_WRITING
        struct.pack_into("<Q", head, 28, self.seek(0, io.SEEK_END))
        struct.pack_into("<I", head, SIZE - 4, lookup3(bytes(head[:SIZE - 4])))
        self._head = bytes(head)

    def readinto(self, buffer) -> int:
        """Read into `buffer`; what belongs to the superblock comes from the altered one."""
        start = self.tell()
        count = super().readinto(buffer) or 0
        if start < SIZE:
            stop = min(SIZE, start + count)
            memoryview(buffer).cast("B")[:stop - start] = self._head[start:stop]
        return count


def lookup3(data: bytes) -> int:
    """Return Jenkins' 32-bit hash `hashlittle` with initial value 0."""
    a = b = c = (0xDEADBEEF + len(data)) & _WORD
    if not data:
        return c
    padded = data + bytes(-len(data) % 12)
    blocks = list(struct.iter_unpack("<3I", padded))
    for x, y, z in blocks[:-1]:
        a, b, c = _mix((a + x) & _WORD, (b + y) & _WORD, (c + z) & _WORD)
    x, y, z = blocks[-1]
    return _final((a + x) & _WORD, (b + y) & _WORD, (c + z) & _WORD)


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> (32 - bits)) & _WORD


def _mix(a: int, b: int, c: int) -> tuple[int, int, int]:
    for bits in (4, 6, 8, 16, 19, 4):
        a, b, c = b, (c + b) & _WORD, ((a - c) & _WORD) ^ _rotated(c, bits)
    return a, b, c


def _final(a: int, b: int, c: int) -> int:
    for bits in (14, 11, 25, 16, 4, 14, 24):
        a, b, c = b, ((c ^ b) - _rotated(b, bits)) & _WORD, a
    return b
