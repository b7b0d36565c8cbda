"""Joins a simulation to checkpoint files, which do not know each other."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from ..base.errors import FileFormatError, StateError
from ..config import CoreSimConfig
from ..engine.snapshot import Snapshot
from ..files.checkpoints import CHECKPOINT, Checkpoint, Origin, new_path, write_checkpoint
from ..files.recordings import RECORDING

TASK = "Saving the checkpoint"
Report = Callable[[str, float], None]


def origin_of(sim: Any, core: CoreSimConfig | None = None) -> Origin:
    """Return what must be built so that the state of `sim` can go on.

    `core` is the configuration with its live changes; what it says of the run's length is kept, which the engine
    does not know.
    """
    built = sim.core if core is None else sim.core.changed(total_simulation_time_ms=core.total_simulation_time_ms)
    return Origin(built, sim.seed, sim.fingerprint, sim.live, sim.network.num_synapses, sim.backend_name)


def save(sim: Any, path: Path | None = None, core: CoreSimConfig | None = None, report: Report | None = None) -> Path:
    """Write the state of `sim` into `path`, or into a new file of the usual folder, and return where it is.

    `report` may raise `Cancelled`; then, as after any error, a file that was there is untouched.
    """
    path = path or new_path()
    if path.name.endswith(RECORDING.suffix):            # perhaps one that is being written
        raise FileFormatError(f"{path} is the name of a recording; name the checkpoint *{CHECKPOINT.suffix}.", path)
    snapshot = sim.snapshot()
    write_checkpoint(path, origin_of(sim, core), snapshot.step, snapshot.arrays(),
                     None if report is None else lambda fraction: report(TASK, fraction))
    return path


def to_build(checkpoint: Checkpoint) -> CoreSimConfig:
    """Return the configuration whose network the checkpoint's state belongs to, with the seed really used."""
    return checkpoint.origin.core.changed(seed=checkpoint.origin.seed)


def in_force(checkpoint: Checkpoint) -> CoreSimConfig:
    """Return `to_build` with the values that were changed while running: what the windows show.

    Rewards that were given by hand belong to the run, not to the network.
    """
    live = {name: value for name, value in checkpoint.origin.live.items() if name != "rewards"}
    return to_build(checkpoint).changed(**live)


def verify(checkpoint: Checkpoint) -> None:
    """Read everything once; FileFormatError where it is damaged."""
    checkpoint.arrays(checkpoint.layout)


def restore(sim: Any, checkpoint: Checkpoint) -> None:
    """Bring `sim`, a new network of `to_build(checkpoint)`, to the checkpoint's state.

    Raises FileFormatError, and leaves `sim` at time 0, where the network is another one or the file is damaged.
    """
    if sim.fingerprint != checkpoint.origin.fingerprint:
        raise FileFormatError(
            f"{checkpoint.path} belongs to another network than the one that this program builds from its "
            f"configuration; it was saved by program version {checkpoint.program_version[:40]}, which can go on "
            "from it.", checkpoint.path)
    if checkpoint.origin.live:
        sim.set_live(**checkpoint.origin.live)          # first: stimuli have states of their own
    try:
        sim.restore(Snapshot.of(checkpoint.step, checkpoint.arrays(sim.layout())))
    except StateError as error:
        raise FileFormatError(f"{checkpoint.path} is damaged: {error}", checkpoint.path) from error


def load(path: Path | str, build: Callable[[CoreSimConfig], Any]) -> tuple[Any, CoreSimConfig]:
    """Build the network of a checkpoint with `build`, bring it to the checkpoint's state, and return both.

    The second is the configuration in force. Raises FileFormatError for a file that cannot be used, and whatever
    `build` raises.
    """
    with Checkpoint.open(path) as checkpoint:
        sim = build(to_build(checkpoint))
        try:
            restore(sim, checkpoint)
        except BaseException:
            sim.close()
            raise
        return sim, in_force(checkpoint)
