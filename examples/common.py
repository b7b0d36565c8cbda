"""What the examples share: their command line, networks of one's own, inputs that fire at random, pictures."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from matplotlib.backends.backend_agg import FigureCanvasAgg  # noqa: E402
from matplotlib.figure import Figure  # noqa: E402

from neural_simulator import CoreSimConfig, GPUConfig, SimulationBridge  # noqa: E402
from neural_simulator.base.declarations import Population, Projection  # noqa: E402
from neural_simulator.models.neurons import neuron_model  # noqa: E402
from neural_simulator.models.structures import STRUCTURES  # noqa: E402
from neural_simulator.models.structures.region import AFFERENT, AFFERENT_WEIGHT_PA, Structure  # noqa: E402

CUBE = {"low_um": (-100.0,) * 3, "high_um": (100.0,) * 3}


def argument_parser(meaning: str, picture: str, seconds: float) -> argparse.ArgumentParser:
    """The options that all examples have."""
    parser = argparse.ArgumentParser(description=meaning, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=seconds, help=f"simulated time ({seconds:g})")
    parser.add_argument("--seed", type=int, default=1, help="same seed, same result (1)")
    parser.add_argument("--picture", default=picture, help=f"where the picture goes ({picture})")
    return parser


def inputs(name: str, size: int, rate_Hz: float, excitatory: bool = True) -> Population:
    """Neurons that fire as independent Poisson processes."""
    return Population(name, 0, size, AFFERENT.model, AFFERENT.preset, AFFERENT.parameters({"t_ref": 0.0}), excitatory,
                      0, **CUBE, background_rate_Hz=rate_Hz, background_weight=AFFERENT_WEIGHT_PA)


def cells(name: str, size: int, model: str, values: dict[str, float], **more: Any) -> Population:
    """Neurons of a model, with these values in place of its first preset's."""
    preset = neuron_model(model).presets[0].name
    return Population(name, 0, size, model, preset, neuron_model(model).values(preset, values), True, 0, **CUBE, **more)


def network(key: str, populations: Sequence[Population], projections: Sequence[Projection],
            gpu: GPUConfig | None = None, **config: Any) -> SimulationBridge:
    """Build the network of these populations, one after the other, and projections."""
    placed, start = [], 0
    for trait, population in enumerate(populations):
        placed.append(replace(population, start=start, stop=start + population.size, trait=trait))
        start += population.size
    STRUCTURES[key] = Structure(key, key, "", "", build=lambda core, kernel_mean: (placed, list(projections)))
    sim = SimulationBridge(core_config=CoreSimConfig(neural_structure_profile=key, num_neurons=start, **config),
                           gpu_config=gpu or GPUConfig())
    sim.initialize()
    return sim


def new_figure(width: float, height: float) -> Figure:
    """An empty picture of this size in inches."""
    figure = Figure((width, height), dpi=110, layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def save(figure: Figure, path: str) -> None:
    """Write a picture as PNG and say where."""
    figure.savefig(path)
    print(f"The picture is {path}.")
