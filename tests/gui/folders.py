"""Sends everything that the program writes into a folder of the test's, before anything of the program is imported."""

from __future__ import annotations

import shutil
from pathlib import Path

from neural_simulator.base import paths

WRITTEN = {"CHECKPOINTS": "checkpoints", "RECORDINGS": "recordings", "CRASH_REPORTS": "crash_reports", "LOGS": "logs",
           "EXPORTS": "exports", "PROFILES": "profiles", "USER_MODELS": "user_models"}


def stand_in_jobs(folder: Path, scripts: set[str]) -> Path:
    """Return a folder with programs of these names that do next to nothing."""
    jobs = paths.ensure(folder / "jobs")
    for name in scripts:
        (jobs / name).write_text("print('progress 1/1')\nprint('done')\n")
    return jobs


def redirect(folder: Path) -> None:
    """Let the program's own folders lie in `folder`; the profiles are copied there."""
    shutil.copytree(paths.PROFILES, folder / WRITTEN["PROFILES"], dirs_exist_ok=True)
    for name, inside in WRITTEN.items():
        setattr(paths, name, paths.ensure(folder / inside))
