"""Pictures on disk: PNG files, and movies as MP4 or GIF."""

from __future__ import annotations

import os
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from ..app.frames import Frame
from ..base.errors import FileFormatError
from ..base.paths import PICTURES, ensure

SUFFIXES = (".mp4", ".gif")
FPS = 30.0
LONGEST_STILL = 300            # pictures of a movie between two frames
QUALITY = 8                    # of MP4, as imageio-ffmpeg counts it: 0 worst, 10 best


def new_path(suffix: str) -> Path:
    """Return a name for a new picture or movie, after the time; the folder exists afterwards."""
    stem = datetime.now().strftime("%Y-%m-%d_%H-%M-%S")
    folder = ensure(PICTURES)
    taken = sum(1 for path in folder.glob(f"{stem}*{suffix}"))
    return folder / (f"{stem}-{taken + 1}{suffix}" if taken else f"{stem}{suffix}")


def save_png(pixels: np.ndarray, path: Path) -> None:
    """Write (H, W, 3 or 4) uint8 as a picture. Raises FileFormatError where that is impossible."""
    try:
        Image.fromarray(pixels).save(path, optimize=True)
    except OSError as error:
        raise FileFormatError(f"{path} cannot be written: {error.strerror or error}.", path) from error


class Movie:
    """A movie that is being written; it bears its name only once it is closed.

    `fps` pictures per second; all pictures have the size of the first one. MP4 needs even sides: an odd last row or
    column is left out. Raises FileFormatError where the file cannot be written.
    """

    def __init__(self, path: Path, fps: float):
        if path.suffix.lower() not in SUFFIXES:
            raise FileFormatError(f"{path} cannot be a movie; its name must end in {' or '.join(SUFFIXES)}.", path)
        if not path.parent.is_dir():
            raise FileFormatError(f"{path} cannot be written: the folder {path.parent} does not exist.", path)
        self.path, self.fps, self.count = path, fps, 0
        self._temporary = path.with_name(f".{path.stem}.part{path.suffix.lower()}")
        self._writer: Any = None
        self._size: tuple[int, int] | None = None

    def add(self, pixels: np.ndarray) -> None:
        """Append a picture, (H, W, 3) uint8."""
        even = self.path.suffix.lower() == ".mp4"
        height, width = (side - side % 2 if even else side for side in pixels.shape[:2])
        pixels = np.ascontiguousarray(pixels[:height, :width])
        if self._size is None:
            self._size = height, width
        if (height, width) != self._size:
            raise FileFormatError(f"{self.path} holds pictures of {self._size[1]} x {self._size[0]} pixels; one of "
                                  f"{width} x {height} does not fit in.", self.path)
        try:
            if self._writer is None:
                self._writer = _writer(self._temporary, self.fps)
            self._writer.append_data(pixels)
        except OSError as error:
            raise FileFormatError(f"{self.path} cannot be written: {error}.", self.path) from error
        self.count += 1

    def close(self) -> None:
        """Finish the file. Without a single picture there is none."""
        writer, self._writer = self._writer, None
        if writer is None:
            return
        try:
            writer.close()
            os.replace(self._temporary, self.path)
        except OSError as error:
            raise FileFormatError(f"{self.path} cannot be written: {error}.", self.path) from error

    def discard(self) -> None:
        """Give up what was written."""
        writer, self._writer = self._writer, None
        if writer is not None:
            writer.close()
        self._temporary.unlink(missing_ok=True)


class Take:
    """A movie of what a window shows, at the pace of simulated time, whatever the pace of its pictures."""

    def __init__(self, path: Path):
        self.movie = Movie(path, FPS)
        self.size: tuple[int, int] | None = None             # of the pictures, that of the first one
        self._newest: Frame | None = None
        self._zero = 0.0, 0                                  # time (ms) and number of the picture it is counted from

    def due(self, frame: Frame | None) -> int:
        """Return how many pictures of `frame` the movie needs now."""
        if frame is None or frame is self._newest:
            return 0
        went_back = self._newest is not None and frame.time_ms < self._newest.time_ms
        if self._newest is None or went_back:
            self._zero = frame.time_ms, self.movie.count
        self._newest = frame
        wanted = self._zero[1] + 1 + int((frame.time_ms - self._zero[0]) * FPS / 1000.0 + 1e-9)
        return min(wanted - self.movie.count, LONGEST_STILL)


def _writer(path: Path, fps: float) -> Any:
    """Return imageio's writer for a new file; it is loaded late, because few runs make movies."""
    import imageio.v2 as imageio
    if path.suffix == ".gif":
        return imageio.get_writer(path, mode="I", duration=1000.0 / fps, loop=0)
    return imageio.get_writer(path, fps=fps, codec="libx264", quality=QUALITY, pixelformat="yuv420p",
                              macro_block_size=2, ffmpeg_log_level="error")
