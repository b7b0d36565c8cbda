"""One cell alone under steps of current: a table of what it does, and a picture of traces and f-I curve."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from ..base.declarations import NeuronModel, Preset
from ..base.errors import ConfigurationError
from ..engine.judge import check_model
from ..engine.single_cell import CellTrace, Response, respond
from ..files.recordings import new_path
from ..models.neurons import NEURON_MODELS, cell_types, neuron_model
from .headless import picture_of

DURATION_MS = 1000.0
LONGEST_MS = 1e6                 # of one current, so that a trace fits into memory
MOST_CURRENTS = 200
MOST_PA = 1e5


def run(preset: str, currents: Sequence[str], model: str | None = None, duration_ms: float | None = None,
        picture: Path | None = None, out: Console | None = None) -> int:
    """Run the cell `preset` (of `model`, or of the first model that has it) under each current; print and draw.

    `currents` are numbers in pA, or ranges written 'from:to:step'. The picture goes into `picture`, by default into
    a new file among the recordings. Returns the exit code; ConfigurationError says what is wrong with an argument.
    """
    out = out or Console()
    if picture is not None and picture.suffix.lower() != ".png":
        raise ConfigurationError(f"The picture of a cell is a PNG, but its name is {picture.name!r}; end it in .png.",
                                 "record", picture)
    owner, cell = find_cell(preset, model)
    check_model(owner)
    amplitudes = read_currents(currents)
    duration_ms = _checked_duration(DURATION_MS if duration_ms is None else duration_ms, owner)
    responses = [respond(owner.key, cell.name, amplitude, duration_ms) for amplitude in amplitudes]
    out.print(table(responses))
    path = draw(owner, cell, responses, picture)
    for label, text in (("Cell", f"{cell.label} ({cell.name}), {owner.label} ({owner.key})"),
                        ("Source", cell.source),
                        ("Simulated", f"{duration_ms:g} ms of current after {responses[0].start_ms:g} ms of rest, in "
                                      f"steps of {responses[0].trace.dt_ms:g} ms"),
                        ("Written", str(path))):
        out.print(f"[bold]{label:<14}[/bold] {text}", highlight=False, soft_wrap=True)
    return 0


# ---- arguments ------------------------------------------------------------------------------------------
def find_cell(preset: str, model: str | None = None) -> tuple[NeuronModel, Preset]:
    """Return the preset called `preset`, in any case of letters, and its model, which may be a relative of `model`."""
    keys = list(NEURON_MODELS) if model is None else [neuron_model(model.upper()).key]
    names: dict[str, str] = {}
    for key in keys:
        for name, cell in cell_types(key).items():
            if name.lower() == preset.lower():
                return cell
            names.setdefault(name.lower(), name)
    near, known = names[difflib.get_close_matches(preset.lower(), names, n=1, cutoff=0.0)[0]], ", ".join(names.values())
    where = f"{neuron_model(keys[0]).label} has no cell" if model else "There is no cell"
    raise ConfigurationError(f"{where} {preset!r}; the nearest is {near!r}, and there are: {known}.",
                             "preset", preset)


def read_currents(texts: Sequence[str]) -> list[float]:
    """Return the currents (pA) that numbers and ranges 'from:to:step' mean, ascending, each once."""
    found: set[float] = set()
    for text in texts:
        found.update(_read_current(text))
    if len(found) > MOST_CURRENTS:
        raise ConfigurationError(f"{len(found)} currents are too many; ask for at most {MOST_CURRENTS}.", "current")
    return sorted(found)


def _read_current(text: str) -> list[float]:
    try:
        numbers = [float(part) for part in text.split(":")]
    except ValueError:
        numbers = []
    if len(numbers) not in (1, 3):
        raise ConfigurationError(f"The current {text!r} is neither a number in pA nor a range from:to:step.",
                                 "current", text)
    if not all(abs(number) <= MOST_PA for number in numbers):
        raise ConfigurationError(f"The current {text!r} leaves the range of -{MOST_PA:g} to {MOST_PA:g} pA.",
                                 "current", text)
    if len(numbers) == 1:
        return numbers
    first, last, step = numbers
    if step <= 0.0 or last < first:
        raise ConfigurationError(f"The range of currents {text!r} must rise from its first to its last number by a "
                                 "positive step.", "current", text)
    count = int((last - first) / step + 1e-9) + 1
    if count > MOST_CURRENTS:
        raise ConfigurationError(f"The range {text!r} has {count:,} currents; ask for at most {MOST_CURRENTS}.",
                                 "current", text)
    return [first + k * step for k in range(count)]


def _checked_duration(duration_ms: float, model: NeuronModel) -> float:
    if not model.default_dt_ms <= duration_ms <= LONGEST_MS:
        raise ConfigurationError(f"The duration is {duration_ms:g} ms, but must lie between one step of "
                                 f"{model.default_dt_ms:g} ms and {LONGEST_MS:g} ms.", "duration_ms", duration_ms)
    return duration_ms


# ---- what is shown --------------------------------------------------------------------------------------
def table(responses: Sequence[Response]) -> Table:
    """Return one row per current: spikes, rate, latency, intervals between spikes, range of the potential."""
    shown = Table()
    for heading in ("Current\npA", "Spikes", "Rate\nHz", "Latency\nms", "First\nISI ms", "Last\nISI ms", "v min\nmV",
                    "v max\nmV"):
        shown.add_column(heading, justify="right", no_wrap=True)
    for response in responses:
        intervals = response.intervals_ms
        first, last = (f"{intervals[k]:.2f}" if intervals.size else "-" for k in (0, -1))
        latency = "-" if response.latency_ms is None else f"{response.latency_ms:.2f}"
        v = response.trace.v
        shown.add_row(f"{response.current_pA:g}", str(response.spikes_ms.size), f"{response.rate_Hz:.1f}", latency,
                      first, last, f"{v.min():.1f}", f"{v.max():.1f}")
    return shown


def draw(model: NeuronModel, cell: Preset, responses: Sequence[Response], picture: Path | None) -> Path:
    """Draw the responses into `picture` (None: a new file among the recordings); return its path."""
    from ..files.cell_figure import CurvePoint, Sheet, TracePlot, save_sheet  # loads matplotlib
    traces = [TracePlot(r.current_pA, r.start_ms, r.stop_ms, *with_peaks(r.trace, model.values(cell.name)),
                        r.trace.spikes_ms) for r in responses]
    curve = [CurvePoint(r.current_pA, r.rate_Hz, r.steady_rate_Hz) for r in responses]
    path = picture or picture_of(new_path(stem=f"cell_{model.key}_{cell.name}"))
    save_sheet(Sheet(f"{cell.label}: {model.label}", cell.source, traces, curve), path)
    return path


def with_peaks(trace: CellTrace, values: Mapping[str, float]) -> tuple[np.ndarray, np.ndarray]:
    """Times (ms) and potentials (mV) of a trace; a spike that is cut off and reset inside its step shows its peak."""
    t, v = (np.arange(trace.v.size) + 1) * trace.dt_ms, trace.v
    if "v_peak" not in values:
        return t, v
    at = np.searchsorted(t, trace.spikes_ms, side="right")
    return np.insert(t, at, trace.spikes_ms), np.insert(v, at, values["v_peak"])
