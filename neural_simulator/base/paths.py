"""Where the program's own folders are: beside the script, never in the current directory."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "simulation_profiles"
CHECKPOINTS = ROOT / "simulation_checkpoints_h5"
RECORDINGS = ROOT / "simulation_recordings_h5"
PICTURES = ROOT / "pictures"
CRASH_REPORTS = ROOT / "crash_reports"
LOGS = ROOT / "logs"
USER_MODELS = ROOT / "user_models"
EXPORTS = ROOT / "exports"


def ensure(folder: Path) -> Path:
    """Create `folder` if it is missing and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def unused(folder: Path, stem: str, suffix: str, now: datetime | None = None) -> Path:
    """Return an unused path in `folder`, which is made if missing, named after the time of day."""
    base = f"{stem}_{now or datetime.now():%Y-%m-%d_%H-%M-%S}"
    path, number = ensure(folder) / f"{base}{suffix}", 2
    while path.exists():
        path, number = folder / f"{base}_{number}{suffix}", number + 1
    return path


def newest_first(folder: Path, suffix: str) -> tuple[Path, ...]:
    """Return the files in `folder` whose names end in `suffix`, the one that was written last first."""
    found = [path for path in folder.glob(f"*{suffix}") if path.is_file() and not path.name.startswith(".")]
    return tuple(sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name), reverse=True))
