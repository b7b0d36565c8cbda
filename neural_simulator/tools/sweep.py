"""Parameter sweeps: any configuration fields and seeds, as a table and a picture.

    {"profile": "small-1000x100",
     "vary": {"excitatory_weight_nS": {"from": 0.2, "to": 1.0, "count": 5},
              "background_rate_Hz": [100, 200, 400]},
     "method": "grid", "seeds": [1, 2, 3], "settle_ms": 300, "measure_ms": 1000}

`vary` takes lists, or ranges with "spacing" "linear" or "log". Methods: "grid" runs every combination; "random" and
"sobol" draw `samples` points from the ranges (Sobol: evenly, scrambled by the first seed). Every point is run with
every seed. The table has a row per run: the varied values, the seed, and the measures of `tools.metrics`.
"""

from __future__ import annotations

import argparse
import csv
import itertools
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator
from rich.console import Console
from scipy.stats import qmc

from ..base.errors import ConfigurationError, FileFormatError
from ..config import CoreSimConfig, GPUConfig
from ..files.atomic import reason, replacing
from ..files.profiles import find_profile, load_profile
from ..files.sweep_figure import draw_sweep
from .metrics import Activity, measure
from .tasks import counting_bar, run_all

MOST_RUNS = 100_000
MEASURES = ("rate_hz", "active_fraction", "isi_cv", "synchrony", "ei_ratio", "synapses_per_neuron")


class Range(BaseModel):
    """Values between two ends."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)
    low: float = Field(alias="from")
    high: float = Field(alias="to")
    count: int = Field(5, ge=2, le=10_000)
    spacing: Literal["linear", "log"] = "linear"

    def at(self, share: np.ndarray) -> np.ndarray:
        """The values at shares (0..1) of the way from one end to the other."""
        if self.spacing == "log":
            return np.exp(np.log(self.low) + share * (np.log(self.high) - np.log(self.low)))
        return self.low + share * (self.high - self.low)

    @field_validator("spacing")
    @classmethod
    def _logarithms_exist(cls, value: str, info: Any) -> str:
        if value == "log" and min(info.data.get("low", 1.0), info.data.get("high", 1.0)) <= 0.0:
            raise ValueError("logarithmic spacing needs both ends above 0")
        return value


class Sweep(BaseModel):
    """What a sweep file holds."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    profile: str = "small-1000x100"
    vary: dict[str, Range | list[Any]] = Field(min_length=1)
    method: Literal["grid", "random", "sobol"] = "grid"
    samples: int = Field(32, ge=1, le=MOST_RUNS)
    seeds: list[int] = Field(default=[1], min_length=1)
    settle_ms: float = Field(300.0, gt=0.0, le=1e6)
    measure_ms: float = Field(1000.0, gt=0.0, le=1e6)

    @field_validator("vary")
    @classmethod
    def _fields_exist(cls, value: dict[str, Any]) -> dict[str, Any]:
        for name in value:
            if name not in CoreSimConfig.model_fields or name == "seed":
                raise ValueError(f"{name!r} is no field of the configuration that can be varied")
        return value


def read_sweep(path: Path) -> Sweep:
    """Read a sweep file; FileFormatError with one sentence where it is none."""
    try:
        return Sweep(**json.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise FileFormatError(f"{path} cannot be read: {reason(error)}.", path) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        text = first["msg"].removeprefix("Value error, ")
        raise FileFormatError(f"{path}: {where}: {text[:1].lower() + text[1:]}.", path) from None
    except (ValueError, TypeError):
        raise FileFormatError(f"{path} is no sweep: it is not a JSON object.", path) from None


def points(sweep: Sweep) -> list[dict[str, Any]]:
    """The values of the varied fields, point by point; the same for the same file."""
    names = list(sweep.vary)
    if sweep.method == "grid":
        axes = [v if isinstance(v, list) else _plain(v.at(np.linspace(0.0, 1.0, v.count)))
                for v in sweep.vary.values()]
        return [dict(zip(names, values, strict=True)) for values in itertools.product(*axes)]
    if sweep.method == "sobol":
        shares = qmc.Sobol(len(names), seed=sweep.seeds[0]).random(sweep.samples)
    else:
        shares = np.random.Generator(np.random.PCG64(sweep.seeds[0])).random((sweep.samples, len(names)))
    columns = [[v[int(s * len(v))] for s in column] if isinstance(v, list) else _plain(v.at(column))
               for v, column in zip(sweep.vary.values(), shares.T, strict=True)]
    return [dict(zip(names, values, strict=True)) for values in zip(*columns, strict=True)]


def configurations(sweep: Sweep) -> list[tuple[dict[str, Any], CoreSimConfig]]:
    """Every run: its varied values with the seed, and its configuration. Bad values are found before anything runs."""
    base = load_profile(find_profile(sweep.profile)).core
    whole = {name for name, field in CoreSimConfig.model_fields.items() if field.annotation is int}
    runs = []
    for point in points(sweep):
        point = {name: round(v) if name in whole and isinstance(v, float) else v for name, v in point.items()}
        runs += [({**point, "seed": seed}, base.changed(**point, seed=seed)) for seed in sweep.seeds]
    if len(runs) > MOST_RUNS:
        raise ConfigurationError(f"The sweep has {len(runs):,} runs, but at most {MOST_RUNS:,} are possible; take "
                                 "fewer values or seeds.", "vary", len(runs))
    return runs


def row_of(values: dict[str, Any], activity: Activity) -> dict[str, Any]:
    """One row of the table."""
    measures = activity.rounded()
    return {**values, **{name: measures[name] for name in MEASURES},
            **{f"rate_hz[{name}]": p["rate_hz"] for name, p in measures["populations"].items()}}


def write_table(rows: Sequence[dict[str, Any]], path: Path) -> None:
    """Write the rows as CSV or, by the file's ending, Parquet."""
    names = list(dict.fromkeys(name for row in rows for name in row))
    if path.suffix == ".parquet":
        try:
            import pyarrow
            from pyarrow import parquet
        except ImportError:
            raise FileFormatError("Parquet files need the package 'pyarrow' (`pip install pyarrow`); choose a name "
                                  "that ends in .csv instead.", path) from None
        with replacing(path) as temporary:
            parquet.write_table(pyarrow.table({name: [row.get(name) for row in rows] for name in names}), temporary)
        return
    with replacing(path) as temporary, open(temporary, "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names, restval="")
        writer.writeheader()
        writer.writerows(rows)


def run(options: argparse.Namespace, out: Console | None = None) -> int:
    """Run the sweep of `options.sweep`; write table and picture; return the exit code."""
    out = out or Console()
    sweep = read_sweep(options.sweep)
    runs = configurations(sweep)
    gpu = GPUConfig(backend=options.backend or "auto", num_threads=1)
    tasks = {str(k): (core, gpu, sweep.settle_ms, sweep.measure_ms) for k, (_, core) in enumerate(runs)}
    found: dict[int, dict[str, Any]] = {}
    table = options.output or options.sweep.with_suffix(".csv")
    interrupted = False
    try:
        with counting_bar(out) as progress:
            bar = progress.add_task("Sweep", total=len(tasks))
            for key, activity in run_all(measure, tasks, options.jobs or os.cpu_count() or 1, options.scheduler):
                found[int(key)] = row_of(runs[int(key)][0], activity)
                progress.advance(bar)
    except KeyboardInterrupt:
        interrupted = True
    rows = [found[k] for k in sorted(found)]
    if rows:
        write_table(rows, table)
        picture = draw_sweep(rows, list(sweep.vary), table.with_suffix(".png"))
        out.print(f"{len(rows)} of {len(runs)} runs. Written to {table} and {picture}.")
    return 130 if interrupted else 0


def _plain(values: np.ndarray) -> list[float]:
    return [float(f"{v:.6g}") for v in values]
