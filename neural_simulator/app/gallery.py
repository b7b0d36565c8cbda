"""The structures as pictures: a few hundred points of each, where its populations lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ..base.errors import SimulatorError
from ..config import CoreSimConfig, structure_defaults
from ..models.structures import STRUCTURES

POINTS = 360


@dataclass(frozen=True, eq=False)
class Card:
    """One structure of the gallery."""

    key: str
    label: str
    claim: str
    populations: tuple[str, ...]
    num_neurons: int
    points: np.ndarray               # (M, 3) float, um, centred on 0
    population_of: np.ndarray        # (M,) int


def cards() -> tuple[Card, ...]:
    """Return a card for every structure; takes longer than a frame."""
    made = (_card(key) for key in STRUCTURES)
    return tuple(card for card in made if card is not None)


def _card(key: str) -> Card | None:
    from ..network.plan import make_plan
    structure = STRUCTURES[key]
    try:
        core = CoreSimConfig().changed(**structure_defaults(key))
        populations = make_plan(core, 1).populations
    except SimulatorError:
        return None
    shown = np.random.default_rng(1)
    total = sum(population.size for population in populations)
    points, numbers = [], []
    for number, population in enumerate(populations):
        count = max(6, round(POINTS * population.size / total))
        points.append(_places(population, shown, count))
        numbers.append(np.full(count, number))
    places = np.concatenate(points)
    return Card(key, structure.label, structure.claim, tuple(each.name for each in populations), total,
                places - (places.max(axis=0) + places.min(axis=0)) / 2.0, np.concatenate(numbers))


def _places(population, random: np.random.Generator, count: int) -> np.ndarray:
    """Return `count` places of a population, spread as its neurons are; see models.placing."""
    low, high = np.array(population.low_um), np.array(population.high_um)
    if population.ellipsoid:
        normal = random.normal(size=(count, 3))
        shares = normal / np.linalg.norm(normal, axis=1, keepdims=True) * random.random((count, 1)) ** (1.0 / 3.0)
    else:
        shares = random.uniform(-1.0, 1.0, (count, 3))
    places = 0.5 * (low + high) + 0.5 * shares * (high - low)
    places[:, 1] += population.bend_um * shares[:, 0] ** 2
    return places
