"""A smaller microcircuit keeps the full model's rates (Potjans and Diesmann 2014, full_mean_rates)."""

import numpy as np
import pytest

from neural_simulator.config import CoreSimConfig, structure_defaults
from neural_simulator.models.structures.potjans_diesmann import FULL_SCALE, NAMES, RATE_HZ
from neural_simulator.network.plan import make_plan
from tests.phenomena.observed import observe

KEY = "POTJANS_DIESMANN_2014"


@pytest.mark.parametrize(("neurons", "seed"), [(7717, 1), (3858, 1), (3858, 2), (3858, 3), (1544, 1)])
def test_a_smaller_microcircuit_fires_at_the_full_ones_rates(neurons, seed):
    column = observe(KEY, seed, 800.0, num_neurons=neurons)
    for name, expected in zip(NAMES, RATE_HZ, strict=True):
        assert 0.35 * expected < column.rate_Hz(name) < 1.6 * expected, name
    for layer in ("L2/3", "L4", "L5", "L6"):
        assert column.rate_Hz(f"{layer}I") > column.rate_Hz(f"{layer}E")
    assert max(column.rate_Hz("L2/3E"), column.rate_Hz("L6E")) < min(column.rate_Hz("L4E"), column.rate_Hz("L5E"))
    assert 0.4 < column.cv_isi("L4E") < 0.95


def test_without_the_current_that_makes_up_for_lost_synapses_the_rates_are_wrong():
    column = observe(KEY, 1, 800.0, {"compensation": 0.0}, num_neurons=3858)
    assert column.rate_Hz("L6E") > 3.0 and column.rate_Hz("L4E") < 1.5


def test_at_full_scale_nothing_is_compensated():
    plan = make_plan(CoreSimConfig(**{**structure_defaults(KEY), "num_neurons": FULL_SCALE}), 1)
    assert all(p.current_pA == 0.0 for p in plan.populations)
    assert plan.expected_synapses == pytest.approx(298.9e6, rel=0.01)
    assert plan.populations[0].background_weight == pytest.approx(87.8085)


@pytest.mark.parametrize(("scale", "share"), [(0.5, 0.5), (0.05, 0.1), (0.01, 0.1)])
def test_in_degrees_shrink_to_a_tenth_at_most(scale, share):
    small, full = (make_plan(CoreSimConfig(**{**structure_defaults(KEY), "num_neurons": n}), 1)
                   for n in (round(scale * FULL_SCALE), FULL_SCALE))
    degrees = [sum(plan.populations[q.pre].size * q.probability for q in plan.projections if q.post == 2)
               for plan in (small, full)]
    assert degrees[0] == pytest.approx(share * degrees[1], rel=0.01)
    weights = [next(q.weight for q in plan.projections) for plan in (small, full)]
    assert weights[0] == pytest.approx(weights[1] / np.sqrt(share), rel=0.01)
