"""The machine and the software that a measurement was made on."""

from __future__ import annotations

import importlib.metadata
import os
import platform
from pathlib import Path
from typing import Any

import psutil

from .version import VERSION

PACKAGES = ("numpy", "numba", "cupy-cuda12x", "cupy-cuda13x", "cupy")


PROGRESS = "NEURAL_SIMULATOR_PROGRESS"       # set by whoever wants to read how far a tool is


def tell_progress(done: int, total: int) -> None:
    """Print a line that the control panel reads, where it has asked for it."""
    if os.environ.get(PROGRESS):
        print(f"progress {done}/{total}", flush=True)


def processor_name() -> str:
    """Return the processor's name as the system gives it."""
    description = Path("/proc/cpuinfo")
    if description.is_file():
        for line in description.read_text(encoding="utf-8", errors="replace").splitlines():
            key, _, value = line.partition(":")
            if key.strip() == "model name":
                return value.strip()
    return platform.processor() or platform.machine()


def package_versions() -> dict[str, str]:
    """Return the versions of the packages that compute, without importing them; those not installed are left out."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def system_info() -> dict[str, Any]:
    """Return processor, cores in use, memory (bytes), system and versions: what belongs beside a measurement."""
    return {
        "processor": processor_name(),
        "cores": os.cpu_count() or 1,
        "memory_bytes": int(psutil.virtual_memory().total),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "neural_simulator": VERSION,
        **package_versions(),
    }
