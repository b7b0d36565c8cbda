"""The measures of activity against trains whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.config import CoreSimConfig
from neural_simulator.tools.metrics import isi_cv, measure, synchrony
from tests.activity import CPU

DURATION_MS = 100_000.0


def poisson(neurons: int, rate_hz: float, seed: int = 1) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    count = random.poisson(neurons * rate_hz * DURATION_MS / 1000.0)
    return random.uniform(0.0, DURATION_MS, count), random.integers(0, neurons, count)


def test_independent_neurons_are_not_synchronous_and_identical_ones_are_wholly():
    times, ids = poisson(50, 10.0)
    assert abs(synchrony(times, ids, 50, DURATION_MS)) < 0.01
    shared, _ = poisson(1, 10.0)
    assert synchrony(np.tile(shared, 50), np.repeat(np.arange(50), shared.size), 50, DURATION_MS) == pytest.approx(1.0)


@pytest.mark.parametrize("share", [0.1, 0.4])
def test_a_common_source_gives_the_correlation_that_it_must(share):
    common, _ = poisson(1, 10.0 * share, seed=3)
    own_times, own_ids = poisson(60, 10.0 * (1.0 - share), seed=4)
    times = np.concatenate([np.tile(common, 60), own_times])
    ids = np.concatenate([np.repeat(np.arange(60), common.size), own_ids])
    assert synchrony(times, ids, 60, DURATION_MS) == pytest.approx(share, abs=0.05)


def test_clocks_are_regular_and_poisson_trains_are_not():
    clock = np.arange(0.0, DURATION_MS, 100.0)
    assert isi_cv(clock, np.zeros(clock.size, int)) == pytest.approx(0.0, abs=1e-9)
    assert isi_cv(*poisson(100, 10.0)) == pytest.approx(1.0, abs=0.05)
    assert isi_cv(np.array([1.0, 2.0]), np.array([0, 0])) is None


def test_the_default_network_is_measured_as_it_is():
    found = measure(CoreSimConfig(seed=1), CPU, 300.0, 1000.0)
    assert 3.0 < found.rate_hz < 8.0 and found.active_fraction > 0.8
    assert 0.4 < found.isi_cv < 1.3
    assert 0.0 < found.synchrony < 0.1
    assert found.synapses_per_neuron == pytest.approx(100.0, rel=0.05)
    assert 0.1 < found.ei_ratio < 10.0
    inhibitory = [p for p in found.populations.values() if not p.excitatory]
    assert len(inhibitory) == 1 and inhibitory[0].rate_hz > found.rate_hz
    assert measure(CoreSimConfig(seed=1), CPU, 300.0, 1000.0) == found
