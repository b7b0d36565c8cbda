"""Checkpoints `.simstate.h5`: the whole state of a simulation, from which it goes on bit for bit.

A checkpoint holds what cannot be computed again: configuration, seed, the values changed while running, and every
array of the state. The synapses are a function of configuration and seed, or part of the state once they have been
rewired; a fingerprint tells whether the network that is built is the one that was saved. docs/checkpoints.md has the
layout.
"""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import h5py
import numpy as np

from ..base import paths
from ..base.errors import ConfigurationError, FileFormatError
from ..config import CoreSimConfig, describe
from . import hdf5

CHECKPOINT = hdf5.FileKind("checkpoint", 1, ".simstate.h5")
LAST_STEP = 2**31 - 1              # the engines note the steps of spikes in 32 bits
Layout = Mapping[str, tuple[np.dtype, tuple[int | None, ...]]]      # type and shape (None: any) of every array, by path


@dataclass(frozen=True)
class Origin:
    """Where a state comes from: what must be built again so that it can go on.

    `core` is the configuration that was built, `seed` the seed really used, `live` the fields that were changed while
    running, `fingerprint` tells two networks apart, `backend` is what computed.
    """

    core: CoreSimConfig
    seed: int
    fingerprint: str
    live: Mapping[str, Any] = field(default_factory=dict)
    num_synapses: int = 0
    backend: str = ""


def new_path(folder: Path | None = None, now: datetime | None = None) -> Path:
    """Return an unused path such as `checkpoint_2025-11-22_11-08-34.simstate.h5`; the folder is made if missing."""
    return paths.unused(folder or paths.CHECKPOINTS, "checkpoint", CHECKPOINT.suffix, now)


def list_checkpoints(folder: Path | None = None) -> tuple[Path, ...]:
    """Return the checkpoints in `folder`, the one that was written last first."""
    return paths.newest_first(folder or paths.CHECKPOINTS, CHECKPOINT.suffix)


# ---- writing --------------------------------------------------------------------------------------------
def write_checkpoint(path: Path | str, origin: Origin, step: int, arrays: Mapping[str, np.ndarray],
                     report: Callable[[float], None] | None = None) -> None:
    """Write the state `arrays`, by path, at the start of `step`, replacing `path` when all of it is on the disk.

    `report` is told the fraction written and may raise `Cancelled`; then, as after any error, `path` is what it was.
    Raises FileFormatError when the disk refuses.
    """
    total, done = max(1, sum(values.nbytes for values in arrays.values())), 0

    def tell(size: int) -> None:
        nonlocal done
        done += size
        if report is not None:
            report(min(1.0, done / total))

    with hdf5.writing(path, CHECKPOINT) as file:
        put_origin(file, origin)
        file.attrs["step"] = np.int64(step)
        hdf5.put_text(file, "versions", json.dumps({"python": platform.python_version(), "numpy": np.__version__,
                                                    "h5py": h5py.__version__}))
        state = file.create_group("state")
        for name, values in arrays.items():
            hdf5.put_packed(state, name, values, tell)


def put_origin(file: h5py.File, origin: Origin) -> None:
    """Write where a state comes from as attributes of the file."""
    hdf5.put_text(file, "core", origin.core.model_dump_json())
    hdf5.put_text(file, "live", json.dumps(dict(origin.live)))
    hdf5.put_text(file, "fingerprint", origin.fingerprint)
    hdf5.put_text(file, "backend", origin.backend)
    file.attrs["seed"] = np.int64(origin.seed)
    file.attrs["num_synapses"] = np.int64(origin.num_synapses)


# ---- reading --------------------------------------------------------------------------------------------
class Checkpoint(hdf5.Opened):
    """A checkpoint opened for reading; use `Checkpoint.open(path)`, best in a `with` block.

    `origin` says what to build, `step` where the state stands, `layout` which arrays it has. Every error is a
    FileFormatError.
    """

    def __init__(self, path: Path, file: hdf5.CheckedFile):
        super().__init__(path, file)
        with hdf5.reading(path):
            if not file.complete:
                raise ValueError("it was not closed by its writer")
            self.origin = read_origin(path, file)
            self.step = hdf5.int_attribute(file, "step")
            if not 0 <= self.step <= LAST_STEP:
                raise ValueError(f"it stands at step {self.step}")
            self.program_version = hdf5.text_attribute(file, "program_version")
            self.created = hdf5.text_attribute(file, "created")
            self.layout: Layout = hdf5.declared(file, "state")

    @classmethod
    def open(cls, path: Path | str) -> Checkpoint:
        """Open the checkpoint at `path`; FileFormatError says in one sentence what is wrong with it."""
        file = hdf5.open_checked(path, CHECKPOINT)
        try:
            return cls(Path(path), file)
        except BaseException:
            file.close()
            raise

    @property
    def time_ms(self) -> float:
        return self.step * self.origin.core.dt_ms

    def arrays(self, layout: Layout) -> dict[str, np.ndarray]:
        """Return the arrays of the state, which must have this layout: that of the network that will take them."""
        with hdf5.reading(self.path):
            for name in [*layout, *self.layout]:
                if name not in self.layout or name not in layout:
                    raise ValueError(f"state/{name} is {'missing' if name in layout else 'unknown'}")
            return {name: self._read(name, dtype, shape) for name, (dtype, shape) in layout.items()}

    def _read(self, name: str, dtype: np.dtype, shape: tuple[int | None, ...]) -> np.ndarray:
        values = hdf5.packed(self._file, f"state/{name}", dtype, shape)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ValueError(f"state/{name} holds values that are no numbers")
        return values


def read_origin(path: Path | str, file: h5py.File) -> Origin:
    """Return where a state comes from; FileFormatError when this program does not know its configuration."""
    core = read_core(path, file)
    live = json.loads(hdf5.text_attribute(file, "live"))
    if not isinstance(live, dict) or not all(is_live(name, value) for name, value in live.items()):
        raise ValueError("attribute 'live' holds something else than changed values")
    with _known(path):
        core.changed(**live)
    return Origin(core, hdf5.int_attribute(file, "seed"), hdf5.text_attribute(file, "fingerprint"), live,
                  hdf5.int_attribute(file, "num_synapses"), hdf5.text_attribute(file, "backend"))


def read_core(path: Path | str, file: h5py.File) -> CoreSimConfig:
    """Return the configuration in the attribute `core`; FileFormatError when this program does not know it."""
    values = json.loads(hdf5.text_attribute(file, "core"))
    if not isinstance(values, dict):
        raise ValueError("attribute 'core' holds no configuration")
    with _known(path):
        return CoreSimConfig(**values)


@contextmanager
def _known(path: Path | str) -> Iterator[None]:
    """Turn a configuration that this program does not know into a FileFormatError."""
    try:
        yield
    except ConfigurationError as error:
        raise FileFormatError(f"{path} holds a configuration that cannot be used: {error}", path) from error


def is_live(name: str, value: Any) -> bool:
    """Tell whether `name` is a field that may change while running, and `value` what such a field holds: a number,
    a list or numbers by name. The rest is checked with the configuration."""
    if name not in CoreSimConfig.model_fields or not describe(CoreSimConfig, name)["live"]:
        return False
    standard = CoreSimConfig.model_fields[name].default
    if isinstance(standard, tuple):
        return isinstance(value, list)
    if isinstance(standard, dict):
        return isinstance(value, dict) and all(map(_is_number, value.values()))
    return _is_number(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
