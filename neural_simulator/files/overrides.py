"""Tuned values: `simulation_profiles/auto_tuned_overrides.json`, written by auto-tune, read by the panel.

    {"format": "neural-simulator tuned drives", "schema_version": 2,
     "tuned_combinations": {"MODEL|PROFILE|PRESET_or_NONE": {
        "alive": true, "reason": "", "core_overrides": {"hh_external_drive_scale": 1.4}, "metrics": {...},
        "seed": 7, "num_neurons": 1000, "program_version": "0.1.0", "date": "2026-01-31"}}}

A combination that no drive brings alive has no overrides and says why. Nothing is ever applied from here but the
scale of the external drive.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..base import paths
from ..base.errors import ConfigurationError, FileFormatError
from ..base.version import VERSION
from ..config import CoreSimConfig, drive_scale_field
from .atomic import reason, write_text

OVERRIDES = paths.PROFILES / "auto_tuned_overrides.json"
FORMAT = "neural-simulator tuned drives"
SCHEMA_VERSION = 2
NO_PRESET = "NONE"
SIZE_LIMIT = 4 << 20           # bytes


@dataclass(frozen=True)
class Tuned:
    """What auto-tune found for one combination; `scale` is None where no drive brings its network alive."""

    scale: float | None
    reason: str = ""
    metrics: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0
    num_neurons: int = 0
    program_version: str = VERSION
    date: str = ""


def combination(core: CoreSimConfig) -> str:
    """The key under which the drive of this network is tuned: model, structure and, for Hodgkin-Huxley, preset."""
    model = core.neuron_model_type.value
    preset = NO_PRESET if model == "ADEX" else core.excitatory_preset
    return f"{model}|{core.neural_structure_profile}|{preset}"


def tuned_for(core: CoreSimConfig, known: Mapping[str, Tuned]) -> tuple[str, Tuned] | None:
    """The field that scales the drive of `core` and what is known of it; None where nothing is."""
    name = drive_scale_field(core.neuron_model_type.value)
    found = known.get(combination(core))
    return None if name is None or found is None else (name, found)


def write_overrides(known: Mapping[str, Tuned], path: Path = OVERRIDES) -> None:
    """Replace the file, atomically; combinations in the order of their keys."""
    entries = {key: _entry(key, known[key]) for key in sorted(known)}
    document = {"format": FORMAT, "schema_version": SCHEMA_VERSION, "tuned_combinations": entries}
    write_text(path, json.dumps(document, indent=1, allow_nan=False) + "\n")


def read_overrides(path: Path = OVERRIDES) -> dict[str, Tuned]:
    """Return what is known by combination; nothing where there is no file.

    Raises FileFormatError with one sentence where the file cannot be read or holds what no drive may be.
    """
    if not path.exists():
        return {}
    try:
        if path.stat().st_size > SIZE_LIMIT:
            raise FileFormatError(f"{path} is larger than {SIZE_LIMIT:,} bytes and is no file of tuned values.", path)
        document = json.loads(path.read_text(encoding="utf-8"))
        version = document["schema_version"]
        if version != SCHEMA_VERSION:
            raise FileFormatError(f"{path} has the layout {version!r} of tuned values, but this version of the program "
                                  f"reads {SCHEMA_VERSION}; run auto-tune again.", path)
        return {key: _tuned(key, entry) for key, entry in document["tuned_combinations"].items()}
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {reason(error)}.", path) from error
    except ConfigurationError as error:
        raise FileFormatError(f"{path}: {error}", path) from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        raise FileFormatError(f"{path} is no file of tuned values; delete it or run auto-tune again.", path) from None


def _entry(key: str, tuned: Tuned) -> dict[str, Any]:
    """The JSON of one combination."""
    name = drive_scale_field(key.split("|")[0])
    overrides = {name: tuned.scale} if tuned.scale is not None else {}
    return {"alive": tuned.scale is not None, "reason": tuned.reason, "core_overrides": overrides,
            "metrics": dict(tuned.metrics), "seed": tuned.seed, "num_neurons": tuned.num_neurons,
            "program_version": tuned.program_version, "date": tuned.date}


def _tuned(key: str, entry: Mapping[str, Any]) -> Tuned:
    """One combination from its JSON."""
    name = drive_scale_field(key.split("|")[0])
    overrides = entry["core_overrides"]
    if set(overrides) - {name}:
        raise ConfigurationError(f"{key} may override {f'{name} only' if name else 'nothing'}, not "
                                 f"{sorted(set(overrides) - {name})[0]!r}.")
    scale = None if name is None else overrides.get(name)
    if name is not None and scale is not None:
        CoreSimConfig(**{name: scale})                        # in its range, or one sentence
    return Tuned(None if scale is None else float(scale), str(entry.get("reason", "")), entry.get("metrics", {}),
                 int(entry.get("seed", 0)), int(entry.get("num_neurons", 0)), str(entry.get("program_version", "")),
                 str(entry.get("date", "")))
