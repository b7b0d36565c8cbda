"""CA1, CA3 and hippocampal interneurons against the recomputed results of their published equations (level -20 mV).

100 pA are 1 uA/cm2 on the 10,000 um2 of these cells.
"""

import numpy as np
import pytest

from neural_simulator.engine.single_cell import current_steps, run_cell


def run(key, preset, duration, *pieces, dt=0.025):
    return run_cell(key, preset, current_steps(duration, dt, *pieces), dt)


def bursts(times, gap):
    """Split spike times into groups that are more than `gap` ms apart; drop the first and last group."""
    return np.split(times, np.flatnonzero(np.diff(times) > gap) + 1)[1:-1]


def test_ca1_cell_starts_in_its_published_resting_state():
    trace = run("HH_CA1", "CA1", 500)
    assert np.abs(trace.v + 71.962).max() < 0.005
    published = {"h": 0.9791986, "n": 0.02421662, "b": 0.2075652, "z": 0.001368866, "r": 0.005507064,
                 "c": 0.002486044, "Ca": 7.871e-4}
    for name, value in published.items():
        assert abs(trace.states[name][0] / value - 1.0) < 1e-3, name


def test_ca1_cell_adapts():
    found = run("HH_CA1", "CA1", 1000, (0, 1000, 100)).crossings_ms(-20)
    assert abs(found[0] - 32.16) < 0.02
    assert np.abs(np.diff(found)[:4] - [28.21, 96.18, 99.85, 99.64]).max() < 0.6


def test_ca1_cell_has_its_rheobase_and_input_resistance():
    assert run("HH_CA1", "CA1", 1000, (0, 1000, 57)).crossings_ms(-20).size == 0
    assert run("HH_CA1", "CA1", 1000, (0, 1000, 58)).crossings_ms(-20).size >= 1
    assert abs(run("HH_CA1", "CA1", 500, (0, 500, -100)).v[-1] + 89.999) < 0.01


def test_ca1_cell_in_zero_calcium_rests_and_answers_a_pulse_with_a_burst():
    assert abs(run("HH_CA1", "CA1_ZERO_CA", 1000).v[-1] + 71.81327) < 0.002
    found = run("HH_CA1", "CA1_ZERO_CA", 200, (0, 3, 600), dt=0.01).crossings_ms(-20)
    assert found.size == 4
    assert np.abs(found - [4.30, 8.50, 12.96, 19.06]).max() < 0.5


@pytest.mark.parametrize("current, size, period", [(40, 5, 321.8), (60, 6, 208.7), (66.1914, 6, 190.1),
                                                   (100, 6, 138.4), (150, 7, 106.2)])
def test_ca1_cell_in_zero_calcium_bursts_periodically(current, size, period):
    found = run("HH_CA1", "CA1_ZERO_CA", 3000, (0, 3000, current)).crossings_ms(-20)
    groups = bursts(found[found > 1000], 40)
    assert {g.size for g in groups} == {size}
    assert abs(np.mean(np.diff([g[0] for g in groups])) / period - 1.0) < 0.02


def test_ca3_cell_bursts_at_the_reference_times():
    found = run("HH_CA3", "CA3", 1500, (0, 1500, 75), dt=0.02).crossings_ms(-20)[:10]
    expected = [24.08, 27.22, 103.11, 106.73, 447.39, 451.11, 942.39, 946.11, 1437.41, 1441.13]
    assert np.abs(found - expected).max() < 1.0


def test_dendrite_of_the_ca3_cell_makes_the_calcium_spike():
    trace = run("HH_CA3", "CA3", 1500, (0, 1500, 75), dt=0.02)
    assert trace.states["v_d"].max() > 0.0
    assert trace.states["Ca"].max() > 100.0


def test_fast_spiking_interneuron_rests_below_its_rheobase():
    trace = run("HH_WANG_BUZSAKI", "FS", 2000)
    assert np.abs(trace.v + 64.018).max() < 0.002
    assert run("HH_WANG_BUZSAKI", "FS", 2000, (0, 2000, 16)).crossings_ms(-20).size == 0
