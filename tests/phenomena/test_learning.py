"""The experiments of `examples/` that learn end where the published ones do."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from scipy.stats import ttest_ind

from neural_simulator.base.paths import ROOT
from neural_simulator.models.structures import STRUCTURES
from tests.activity import CPU

EXAMPLES = ROOT / "examples"


@pytest.fixture(autouse=True)
def examples(monkeypatch):
    """The scripts can be imported; the networks that they declare go again."""
    known = set(STRUCTURES)
    monkeypatch.syspath_prepend(str(EXAMPLES))
    yield
    for key in set(STRUCTURES) - known:
        del STRUCTURES[key]
    for name in {path.stem for path in EXAMPLES.glob("*.py")} & set(sys.modules):
        del sys.modules[name]


def test_additive_stdp_parts_the_weights_and_multiplicative_stdp_gathers_them():
    """Song, Miller and Abbott 2000: a peak at either end; van Rossum, Bi and Turrigiano 2000: one in between."""
    import stdp_weights
    weights, rate = stdp_weights.run("additive", 100.0, 1, 8.0, gpu=CPU)
    tenths = np.histogram(weights, 10, (0.0, 1.0))[0]
    assert rate > 1.0 and min(tenths[0], tenths[-1]) > 1.3 * tenths[3:7].mean()
    weights, rate = stdp_weights.run("multiplicative", 40.0, 1, 4.0, gpu=CPU)
    tenths = np.histogram(weights, 10, (0.0, 1.0))[0]
    peak = int(tenths.argmax())
    assert rate > 1.0 and 3 <= peak <= 6 and tenths[0] + tenths[-1] < 0.01 * weights.size
    assert (np.diff(tenths[:peak + 1]) >= 0).all() and (np.diff(tenths[peak:]) <= 0).all()


def test_fast_inputs_end_stronger_than_slow_ones():
    """Scenario 3 of PyNN's system tests."""
    import fast_inputs
    slow, fast, rate_hz = fast_inputs.run(10.0, 1, gpu=CPU)
    assert rate_hz == pytest.approx(22.5, abs=1.0)
    assert fast.mean() > slow.mean() + 0.02 and ttest_ind(slow, fast).pvalue < 0.01


def test_inhibitory_plasticity_brings_every_group_to_the_target_rate():
    """Vogels et al. 2011, figure 1: the rate goes to 5 Hz, whatever the excitation."""
    import inhibitory_balance
    rates, weights = inhibitory_balance.run(60.0, 1, learning_rate=0.3, pieces=15, gpu=CPU)
    assert (rates[0] > 8.0).all() and rates[0, -1] > 2.0 * rates[0, 0]
    assert rates[-5:].mean(axis=0) == pytest.approx(np.full(4, 5.0), rel=0.15)
    assert (np.diff(weights[-1]) > 0.03).all()


@pytest.mark.parametrize("by", ["threshold", "scaling"])
def test_homeostasis_undoes_a_push_at_every_time_step(by):
    import homeostasis
    for dt_ms in (1.0, 0.25):
        rates = homeostasis.run(by, dt_ms, 60.0, 1, gpu=CPU)
        assert rates[20] > 6.0
        for settled in (rates[12:20], rates[32:]):
            assert settled.mean() == pytest.approx(5.0, rel=0.05)


def test_rewiring_exchanges_inputs_that_fire_alone_for_concerted_ones():
    """Bamford, Murray and Willshaw 2010: the wiring takes over what STDP has chosen; alone it chooses nothing."""
    import rewiring
    learned, alone = (rewiring.run(60.0, 1, learns, CPU, pieces=3) for learns in (True, False))
    assert learned.concerted[-1] > 0.62 and (np.diff(learned.concerted) > 0.0).all()
    assert abs(alone.concerted - alone.concerted[0]).max() < 0.05 and alone.removed > 100
    for history in (learned, alone):
        assert (abs(history.synapses - 600) <= 30).all(), "every cell keeps its number of synapses"


def test_a_late_reward_finds_its_synapse():
    """Izhikevich 2007, figure 1, in short: a small network, rewards after 0.3 to 1 s."""
    import distal_reward
    history = distal_reward.run(distal_reward.network(4, distal_reward.SMALL), 300.0, (300.0, 1000.0), CPU)
    assert 10 < len(history.rewards_s) < 100
    assert history.weight[-1] > 1.6 > 1.0 > history.mean[-1]
    assert np.mean(history.weights >= history.weight[-1]) < 0.002


@pytest.mark.slow
def test_a_reward_after_seconds_makes_its_synapse_the_strongest():
    """Izhikevich 2007, figure 1, whole."""
    import distal_reward
    history = distal_reward.run(distal_reward.network(1, distal_reward.WHOLE), 3600.0, gpu=CPU)
    assert history.weight[-1] > max(2.0, history.largest[-1]) and history.mean[-1] < 1.0
