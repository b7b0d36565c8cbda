"""Auto-tune: finds the external drive under which a network is alive but not seizing.

For every combination of neuron model, structure profile and, for Hodgkin-Huxley, fitting preset the network with its
defaults is run under the drive scale 1, and where that is not alive, under scales that a bracketing search chooses: by
factors of 2 until the rates pass their bands, then by halving the bracket on a logarithmic axis.

A network is alive where every population's mean rate lies in its band and no population is locked (synchrony at most
`MAX_SYNCHRONY`). Rates rise with the drive, so the population that misses its band by the largest factor says which
way to go. Every combination has a seed of its own, made from its name: results do not depend on what else is tuned,
in which order, or by how many processes.
"""

from __future__ import annotations

import argparse
import fnmatch
import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from rich.console import Console

from ..base.errors import SimulatorError
from ..base.system import tell_progress
from ..config import Backend, CoreSimConfig, GPUConfig, bounds, drive_scale_field, structure_defaults
from ..files.overrides import OVERRIDES, Tuned, combination, read_overrides, write_overrides
from ..models.neurons import cell_type, cell_types
from ..models.structures import STRUCTURES
from ..models.structures.region import Structure
from .metrics import Activity, measure
from .tasks import counting_bar, run_all

# Bands of the mean rate, Hz. Excitatory: cells of the cortical microcircuit fire at 0.8 to 8.6 Hz (Potjans and
# Diesmann 2014, Cereb Cortex 24:785, figure 6), driven ones a few times as fast. Inhibitory: from there to the 15 to
# 60 Hz of parvalbumin cells in awake cortex.
EXCITATORY_HZ = (0.3, 20.0)
INHIBITORY_HZ = (0.5, 60.0)
MAX_SYNCHRONY = 0.3
HALVINGS = 5
SILENT_HZ = 0.01             # rates below count as this: a distance needs a logarithm
TUNED_MODELS = ("HODGKIN_HUXLEY", "ADEX")
QUICK = ("GENERIC_UNSTRUCTURED", "BASAL_GANGLIA_STN_GPE")          # structures of --quick, with their first preset


@dataclass(frozen=True)
class Settings:
    """How a combination is tried."""

    settle_ms: float = 300.0
    measure_ms: float | None = None          # as long as the structure asks for
    backend: Backend = "auto"


@dataclass(frozen=True)
class Trial:
    """One run: how far the worst population is from its band, as a logarithm (base 2) of the factor; 0: alive."""

    scale: float
    activity: Activity
    distance: float
    reason: str


# ---- one combination ------------------------------------------------------------------------------------
def band(structure: str, population: str, excitatory: bool) -> tuple[float, float]:
    """The rates between which a population counts as alive, Hz."""
    own = STRUCTURES[structure].rate_bands_Hz.get(population)
    return own or (EXCITATORY_HZ if excitatory else INHIBITORY_HZ)


def judge(core: CoreSimConfig, scale: float, activity: Activity) -> Trial:
    """Say whether the network is alive, and if not, what is wrong with which population."""
    worst, why = 0.0, ""
    limit = STRUCTURES[core.neural_structure_profile].max_synchrony or MAX_SYNCHRONY
    for name, population in activity.populations.items():
        low, high = band(core.neural_structure_profile, name, population.excitatory)
        rate = max(population.rate_hz, SILENT_HZ)
        miss = math.log2(rate / low) if rate < low else math.log2(rate / high) if rate > high else 0.0
        if abs(miss) > abs(worst):
            worst, why = miss, f"{name} fires at {population.rate_hz:.3g} Hz, but should at {low:g} to {high:g} Hz"
        elif worst == 0.0 and population.synchrony > limit:
            worst, why = 1e-3, f"{name} is locked: its synchrony is {population.synchrony:.2f}, above {limit:g}"
    return Trial(scale, activity, worst, why)


def tune(core: CoreSimConfig, settings: Settings) -> Tuned:
    """Search the drive scale of one network; a pure function of its arguments."""
    name = drive_scale_field(core.neuron_model_type.value)
    assert name is not None, "only models with a drive scale are tuned"
    low, high = (float(x or 0.0) for x in bounds(CoreSimConfig, name))
    gpu = GPUConfig(backend=settings.backend, num_threads=1)
    look_ms = STRUCTURES[core.neural_structure_profile].look_ms

    def trial(scale: float) -> Trial:
        scale = min(max(float(f"{scale:.3g}"), low), high)
        changed = core.changed(**{name: scale})
        return judge(changed, scale, measure(changed, gpu, settings.settle_ms, settings.measure_ms or look_ms))

    best = search(trial, low, high)
    alive = best.distance == 0.0
    return Tuned(best.scale if alive else None, "" if alive else f"{best.reason}, at the best scale {best.scale:g}",
                 best.activity.rounded(), core.seed, core.num_neurons)


def search(trial, low: float, high: float) -> Trial:
    """The trial that is alive, or the one nearest to it; from scale 1 outwards, then inwards."""
    tried = [trial(1.0)]
    while tried[-1].distance and low < tried[-1].scale < high or len(tried) == 1 and tried[0].distance:
        scale = tried[-1].scale * (0.5 if tried[-1].distance > 0 else 2.0)
        tried.append(trial(scale))
        if tried[-1].distance * tried[-2].distance < 0.0:
            break
    if tried[-1].distance and len(tried) > 1 and tried[-1].distance * tried[-2].distance < 0.0:
        tried += _halved(trial, tried[-2], tried[-1])
    return min(tried, key=lambda t: abs(t.distance))


def _halved(trial, one: Trial, other: Trial) -> list[Trial]:
    tried: list[Trial] = []
    for _ in range(HALVINGS):
        middle = trial(math.sqrt(one.scale * other.scale))
        tried.append(middle)
        if not middle.distance:
            break
        one, other = (middle, other) if middle.distance * one.distance > 0 else (one, middle)
    return tried


# ---- all combinations -----------------------------------------------------------------------------------
def seed_of(name: str) -> int:
    """The seed of a combination: the first 31 bits of a hash of its name."""
    return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big") >> 1


def combinations(quick: bool = False) -> dict[str, CoreSimConfig]:
    """Every network that is tuned, by its key: with the values that choosing model, structure and preset gives it."""
    networks = {}
    for structure in STRUCTURES.values():
        for model in TUNED_MODELS:
            presets = fitting_presets(structure, model)
            if quick:
                presets = presets[:1] if structure.key in QUICK else []
            for preset in presets:
                core = network_of(structure, model, preset)
                networks[combination(core)] = core
    return {key: core.changed(seed=seed_of(key)) for key, core in networks.items()}


def fitting_presets(structure: Structure, model: str) -> list[str]:
    """The cell types that the principal population may have; a structure without cells of its own takes all.

    AdEx networks are tuned once for each structure.
    """
    if not structure.cells:
        names = list(cell_types(model))
    elif model in structure.cells:
        names = [cell.preset for cell in structure.principal_cells(model)]
    else:
        return []
    return names[:1] if model == "ADEX" else names


def network_of(structure: Structure, model: str, preset: str) -> CoreSimConfig:
    """The network that a user gets who chooses these."""
    core = CoreSimConfig(**structure_defaults(structure.key, model))
    if structure.cells:
        return core.changed(excitatory_preset=preset)
    return core.changed(excitatory_preset=preset, dt_ms=min(core.dt_ms, cell_type(model, preset)[0].default_dt_ms))


def chosen(networks: Mapping[str, CoreSimConfig], only: Sequence[str]) -> dict[str, CoreSimConfig]:
    """Those that match one of the patterns `only`, all where there is none; SimulatorError where one matches none."""
    for pattern in only:
        if not fnmatch.filter(networks, pattern):
            raise SimulatorError(f"--only {pattern!r} matches no combination; they are named MODEL|PROFILE|PRESET, for "
                                 f"example {next(iter(networks))!r}.")
    return {key: core for key, core in networks.items() if not only or any(fnmatch.fnmatch(key, p) for p in only)}


def run(options: argparse.Namespace, out: Console | None = None, settings: Settings | None = None) -> int:
    """Tune what is asked for and write the file after every combination; return the exit code."""
    out = out or Console()
    settings = replace(settings or Settings(), backend=options.backend or "auto")
    file = options.output or OVERRIDES
    whole = not options.only and not options.quick
    known = {} if options.fresh and whole else read_overrides(file)
    networks = chosen(combinations(options.quick), options.only or [])
    tasks = {key: (core, settings) for key, core in networks.items()
             if options.fresh or key not in known
             or (known[key].seed, known[key].num_neurons) != (core.seed, core.num_neurons)}
    done = len(networks) - len(tasks)
    if done:
        out.print(f"{done} of {len(networks)} combinations are tuned already; --fresh tunes them again.")
    jobs = options.jobs or os.cpu_count() or 1
    try:
        with counting_bar(out) as progress:
            bar = progress.add_task("Auto-tune", total=len(tasks))
            for key, tuned in run_all(tune, tasks, jobs, options.scheduler):
                known[key] = replace(tuned, date=date.today().isoformat())
                write_overrides(known, file)
                progress.console.print(line_of(key, tuned), soft_wrap=True)
                progress.advance(bar)
                done += 1
                tell_progress(done, len(networks))
    except KeyboardInterrupt:
        out.print(f"Interrupted; what is tuned is kept in {file}, the next run goes on from there.")
        return 130
    alive = sum(known[key].scale is not None for key in networks)
    out.print(f"{alive} of {len(networks)} networks are alive. Written to {file}.")
    return 0


def line_of(key: str, tuned: Tuned) -> str:
    """One combination as a line of the report."""
    rate = tuned.metrics["rate_hz"]
    if tuned.scale is None:
        return f"{key:<60} not alive: {tuned.reason}"
    return f"{key:<60} drive x {tuned.scale:<6g} {rate:6.2f} Hz, synchrony {tuned.metrics['synchrony']:.2f}"
