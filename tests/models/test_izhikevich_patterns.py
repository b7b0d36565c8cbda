"""The twenty patterns of Izhikevich 2004 (figure 1), in the author's scheme, step and stimulus.

Spike times are those of the author's script. They are equal in float32 and float64 for all panels but H.
"""

import numpy as np
import pytest

from neural_simulator.engine.single_cell import run_cell

UNIT = 20.0          # pA per unit of current: the model's capacitance


def step_at(onset, value, before=0.0):
    return lambda t: value if t > onset else before


def pulses(value, width, *onsets, base=0.0):
    return lambda t: value if any(s < t < s + width for s in onsets) else base


def ramp_and_bump(t):
    if t < 200:
        return t / 25
    return (t - 300) / 12.5 * 4 if 300 <= t < 312.5 else 0.0


def dip(t):
    return 80.0 if t < 50 or t > 250 else 75.0


def bump_after_dip(t):
    return -6.0 if 70 < t < 75 else pulses(1.0, 5, 10, 80)(t)


# preset, step ms, duration ms, current(t) in the model's unit, spike times of the author's script
PANELS = {
    "A": ("TONIC_SPIKING", 0.25, 100, step_at(10, 14), [13, 17, 31.5, 59.25, 86.75]),
    "B": ("PHASIC_SPIKING", 0.25, 200, step_at(20, 0.5), [43.75]),
    "C": ("TONIC_BURSTING", 0.25, 220, step_at(22, 15), [25, 26.5, 28.25, 30, 32, 34, 36.25, 38.75, 41.75, 45.5]),
    "D": ("PHASIC_BURSTING", 0.2, 200, step_at(20, 0.6), [39, 42.8, 47, 51.8, 57.6, 67.2]),
    "E": ("MIXED_MODE", 0.25, 160, step_at(16, 10), [20, 22.75, 27.25, 67, 99.25, 131.5]),
    "F": ("ADAPTATION", 0.25, 85, step_at(8.5, 30), [10.25, 12.25, 15, 19.75, 42.5, 71.5]),
    "G": ("CLASS_1", 0.25, 300, lambda t: 0.075 * max(t - 30, 0.0),
          [84.5, 125, 155.75, 181, 203.5, 223.75, 242, 259.25, 275.5, 290.5]),
    "I": ("SPIKE_LATENCY", 0.2, 100, pulses(7.04, 3, 10), [26.6]),
    "J": ("SUBTHRESHOLD_OSCILLATION", 0.25, 200, pulses(2.0, 5, 20), [26.5]),
    "K": ("RESONATOR", 0.25, 400, pulses(0.65, 4, 40, 60, 280, 320), [338]),
    "L": ("INTEGRATOR", 0.25, 100, pulses(9.0, 2, 100 / 11, 100 / 11 + 5, 70, 80), [20]),
    "M": ("REBOUND_SPIKE", 0.2, 200, pulses(-15.0, 5, 20), [68]),
    "N": ("REBOUND_BURST", 0.2, 200, pulses(-15.0, 5, 20), [68, 71, 74.2, 77.8, 81.8, 86.4, 92.2]),
    "O": ("THRESHOLD_VARIABILITY", 0.25, 100, bump_after_dip, [93.25]),
    "P": ("BISTABILITY", 0.25, 300, pulses(1.24, 5, 37.5, 216, base=0.24), [45.25, 86, 126.5, 167.25, 208]),
    "Q": ("DAP", 0.1, 50, lambda t: 20.0 if abs(t - 10) < 1 else 0.0, [11.3]),
    "R": ("ACCOMMODATION", 0.5, 400, ramp_and_bump, [311.5]),
    "S": ("INHIBITION_INDUCED_SPIKING", 0.5, 350, dip, [94.5, 166, 236]),
    "T": ("INHIBITION_INDUCED_BURSTING", 0.5, 350, dip, [86.5, 88.5, 90.5, 93, 95.5, 98.5, 103, 191.5]),
}
COUNTS = {"C": 28, "T": 12}


def run_panel(preset, dt, duration, current):
    times = dt * np.arange(round(duration / dt) + 1)
    return run_cell("IZHIKEVICH_2003", preset, UNIT * np.array([current(t) for t in times]), dt)


@pytest.mark.parametrize("panel", PANELS)
def test_pattern_is_the_authors(panel):
    preset, dt, duration, current, expected = PANELS[panel]
    trace = run_panel(preset, dt, duration, current)
    found = trace.spikes_ms
    assert found.size == COUNTS.get(panel, len(expected))
    assert np.abs(found[:len(expected)] - expected).max() < 1e-6
    assert np.isfinite(trace.v).all()


def test_class_2_cell_starts_at_a_high_rate():
    """Panel H depends on rounding, which adds up over its fourteen spikes."""
    found = run_panel("CLASS_2", 0.25, 300, lambda t: -0.5 + 0.015 * max(t - 30, 0.0)).spikes_ms
    expected = [105.75, 126.5, 145.25, 162.25, 178, 192.75, 206.75, 220.5, 233.75, 246.5, 258.75, 271, 282, 293]
    assert found.size == 14
    assert np.abs(found - expected).max() <= 3.0
    assert np.abs(found - expected)[:6].max() < 1e-6


def test_subthreshold_oscillation_follows_its_spike():
    v = run_panel("SUBTHRESHOLD_OSCILLATION", 0.25, 200, pulses(2.0, 5, 20)).v[200:]
    turns = np.flatnonzero(np.diff(np.sign(np.diff(v))) != 0)
    assert turns.size >= 5 and np.ptp(v[:400]) > 0.2
