"""Replacing a file whole: whoever looks sees the old file or the new one, never a part of either."""

from __future__ import annotations

import errno
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from ..base.errors import FileFormatError

_ZEROS = 1 << 20                   # bytes written at once by `reserve`


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Yield a new path beside `path` to be written; on leaving without error it takes the place of `path`.

    The new content reaches the disk (fsync) before the rename. After an error, or a kill at any moment, `path`
    is what it was. A symbolic link keeps pointing to the file that is replaced. Raises FileFormatError when the
    folder is missing, full or read-only.
    """
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        yield temporary
        _settle(temporary, target)
    except OSError as error:
        raise FileFormatError(f"{path} cannot be written: {reason(error)}.", path) from error
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def write_text(path: Path | str, text: str) -> None:
    """Replace the file `path` by `text` in UTF-8, atomically; see `replacing`."""
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8", newline="\n")


def reserve(path: Path | str, size: int) -> None:
    """Extend the file `path` by zeros to at least `size` bytes, so that later writing within cannot fill the disk.

    Raises OSError, and gives back what it took, when there is no room.
    """
    with open(path, "rb+") as file:
        before = file.seek(0, os.SEEK_END)
        try:
            if size > before and not _allocated(file.fileno(), before, size - before):
                for start in range(before, size, _ZEROS):
                    file.write(bytes(min(_ZEROS, size - start)))
                file.flush()
        except OSError:
            os.truncate(path, before)
            raise


def _allocated(handle: int, start: int, count: int) -> bool:
    """Have the system extend a file by `count` zero bytes without writing them; False where it cannot."""
    if not hasattr(os, "posix_fallocate"):              # Windows, macOS
        return False
    try:
        os.posix_fallocate(handle, start, count)
    except OSError as error:
        if error.errno in (errno.EOPNOTSUPP, errno.EINVAL, errno.ENOSYS):
            return False                                # a file system that does not know how
        raise
    return True


def reason(error: OSError) -> str:
    """Return the operating system's reason in words, e.g. 'no space left on device'."""
    text = error.strerror or str(error)
    return text[:1].lower() + text[1:].rstrip(".")


def _settle(temporary: Path, target: Path) -> None:
    """Bring `temporary` to the disk and give it the name, and where it exists the mode, of `target`."""
    with open(temporary, "rb+") as file:
        os.fsync(file.fileno())
    if target.exists():
        shutil.copymode(target, temporary)
    os.replace(temporary, target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Bring the folder's own entries to the disk, where the system lets a folder be opened (not on Windows)."""
    if os.name != "posix":
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
