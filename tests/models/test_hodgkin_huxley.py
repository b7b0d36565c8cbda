"""Cortical and squid cells against published and recomputed spike times (level 0 mV, interpolated)."""

import numpy as np
import pytest

from neural_simulator.base.errors import ConfigurationError
from neural_simulator.engine.single_cell import current_steps, run_cell

# Exact solutions (DOP853) of the cells of Pospischil et al. 2008; the published NEURON results differ by up to 0.3 ms.
RS_750 = np.array([320.553, 348.525, 387.966, 456.816, 592.418])


def spikes(key, preset, duration, pieces, dt=None):
    dt = dt or 0.05
    return run_cell(key, preset, current_steps(duration, dt, *pieces), dt).crossings_ms(0.0)


def test_regular_spiking_cell_fires_at_the_published_times():
    found = spikes("HODGKIN_HUXLEY", "RS", 750, [(300, 700, 750)])
    assert found.size == 5
    assert np.abs(found - RS_750).max() < 1.8              # at the default step; the last interval is 136 ms
    assert np.abs(found[:3] - RS_750[:3]).max() < 0.2


def test_the_scheme_is_of_second_order():
    errors = [np.abs(spikes("HODGKIN_HUXLEY", "RS", 650, [(300, 700, 750)], dt) - RS_750)[-1]
              for dt in (0.1, 0.05, 0.025)]
    assert errors[0] < 4.0 and errors[2] < 0.5
    assert errors[1] / errors[2] > 3.0


def test_fast_spiking_cell_fires_twenty_times_without_adaptation():
    found = spikes("HODGKIN_HUXLEY", "FS", 750, [(300, 710, 500)])
    assert found.size == 20
    assert abs(found[0] - 317.021) < 0.05
    assert np.abs(np.diff(found) - 20.1705).max() < 0.05


def test_traub_cell_has_the_intervals_of_nest():
    for current, interval in ((100, 31.65), (200, 21.76)):
        assert abs(np.diff(spikes("HODGKIN_HUXLEY", "TRAUB", 1000, [(0, 1000, current)]))[-1] - interval) < 0.1


def test_warmer_cells_have_faster_gates():
    widths = []
    for temperature in (30.0, 36.0):
        v = run_cell("HODGKIN_HUXLEY", "TRAUB", current_steps(200, 0.025, (0, 200, 500)), 0.025,
                     {"T": temperature}).v
        above = v > -20.0
        widths.append(above.sum() / np.count_nonzero(above[1:] & ~above[:-1]))
    assert 1.5 < widths[0] / widths[1] < 2.5                       # 3 ** 0.6 = 1.93


def test_synapses_act_through_the_membrane_area():
    """1 nS held open is the same conductance for a small and a large cell; the larger one moves less."""
    steps = 4000
    arrived = np.zeros((2, steps))
    arrived[0, 1000] = 1.0
    moves = []
    for area in (10_000.0, 20_000.0):
        v = run_cell("HODGKIN_HUXLEY", "RS", np.zeros(steps), 0.05, {"area": area}, arrived=arrived).v
        moves.append((v[1000:] - v[999]).max())
    assert 1.8 < moves[0] / moves[1] < 2.1
    # 5 ms of 1 nS with 70 mV driving force are 0.35 pC on 100 pF: 3.5 mV, less what leaks meanwhile
    assert 1.5 < moves[0] < 3.5


def test_a_step_of_one_millisecond_is_refused():
    with pytest.raises(ConfigurationError, match="needs at most"):
        run_cell("HODGKIN_HUXLEY", "RS", current_steps(10, 1.0), 1.0)
