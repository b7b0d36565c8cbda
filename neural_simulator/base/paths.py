"""Where the program's own folders are: beside the script, never in the current directory."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PROFILES = ROOT / "simulation_profiles"
CHECKPOINTS = ROOT / "simulation_checkpoints_h5"
RECORDINGS = ROOT / "simulation_recordings_h5"
CRASH_REPORTS = ROOT / "crash_reports"
LOGS = ROOT / "logs"


def ensure(folder: Path) -> Path:
    """Create `folder` if it is missing and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    return folder
