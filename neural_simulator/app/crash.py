"""The report that an unexpected error leaves behind, so that it can be understood later."""

from __future__ import annotations

import platform
import sys
import traceback
from datetime import datetime
from pathlib import Path

from ..base.paths import ensure
from ..config import Config


def write_report(folder: Path, error: BaseException, doing: str, configs: tuple[Config, ...]) -> Path:
    """Write time, place, traceback and configurations into a new file of `folder` and return its path."""
    moment = datetime.now()
    path = ensure(folder) / f"crash_{moment:%Y-%m-%d_%H-%M-%S_%f}.txt"
    parts = [
        f"Neural Simulator met an unexpected error while {doing}.",
        f"Time: {moment:%Y-%m-%d %H:%M:%S}\nPython: {sys.version}\nSystem: {platform.platform()}",
        "".join(traceback.format_exception(error)),
        *(f"{type(config).__name__}:\n{config.model_dump_json(indent=2)}" for config in configs),
    ]
    path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    return path
