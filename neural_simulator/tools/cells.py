"""Expected against obtained for every cell type: rates, latencies, intervals, bursts, potentials, with their sources.

    .venv/bin/python -m neural_simulator.tools.cells            writes docs/cells.md

Expectations named "exact" are exact solutions of the published equations (LSODA or DOP853 in float64, relative error
1e-8 or better, spikes at upward crossings of -20 or 0 mV), computed independently of this program; other words name a
published result. The cells run alone, in the engines' float32 code.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from ..base.errors import command
from ..base.paths import ROOT
from ..engine.single_cell import CellTrace, current_steps, run_cell
from ..files.atomic import write_text
from ..models.neurons import BUILT_IN, neuron_model
from .accuracy import placed_spikes

OUTPUT = ROOT / "docs" / "cells.md"
Piece = tuple[float, float, float]          # from ms, to ms, pA

EXACT = "exact"
NEURON = "NEURON run of the source (OpenSourceBrain)"
NEST = "NEST 3.10"
SCRIPT = "author's script figure1.m"


@dataclass(frozen=True)
class Protocol:
    """A cell under steps of current (pA); `dt_ms` None: the cell type's own step."""

    model: str
    preset: str
    duration_ms: float
    pieces: tuple[Piece, ...] = ()
    dt_ms: float | None = None
    level_mV: float = -20.0
    start: tuple[tuple[str, float], ...] = ()

    def told(self) -> str:
        """The currents in words."""
        steps = [f"{a:g} pA" if (b, e) == (0.0, self.duration_ms) else f"{a:g} pA from {b:g} to {e:g}"
                 for b, e, a in self.pieces]
        return f"{', '.join(steps) or 'no current'}; {self.duration_ms:g} ms"


@dataclass(frozen=True)
class Expectation:
    """One number that a cell must reach: |obtained - expected| <= tolerance."""

    protocol: Protocol
    quantity: str
    expected: float
    tolerance: float
    kind: str = EXACT
    after_ms: float = 0.0            # what the quantity looks at begins here


@lru_cache(maxsize=512)
def run(protocol: Protocol) -> tuple[CellTrace, np.ndarray]:
    """The trace of a protocol and its spike times (ms)."""
    model = neuron_model(protocol.model)
    dt = protocol.dt_ms or model.dt_of(protocol.preset)
    current = current_steps(protocol.duration_ms, dt, *protocol.pieces)
    trace = run_cell(protocol.model, protocol.preset, current, dt, start=dict(protocol.start))
    return trace, placed_spikes(protocol.model, protocol.preset, trace, current, protocol.level_mV)


def obtained(expectation: Expectation) -> float:
    """What the engine gives for an expectation; not a number where it has no such spike."""
    trace, spikes = run(expectation.protocol)
    begin = expectation.after_ms
    return QUANTITIES[expectation.quantity](trace, spikes[spikes >= begin] - begin, begin)


def _interval(index: int):
    return lambda trace, spikes, begin: float(np.diff(spikes)[index]) if spikes.size > abs(index) else float("nan")


def _spike(index: int):
    return lambda trace, spikes, begin: float(spikes[index]) if spikes.size > index else float("nan")


def _potential(pick):
    return lambda trace, spikes, begin: float(pick(trace.v[round(begin / trace.dt_ms):]))


def _rate(trace: CellTrace, spikes: np.ndarray, begin: float) -> float:
    return 1000.0 / float(np.diff(spikes).mean()) if spikes.size > 1 else 0.0


def _bursts(spikes: np.ndarray) -> list[np.ndarray]:
    """Spikes less than 100 ms apart, together."""
    return np.split(spikes, np.flatnonzero(np.diff(spikes) > 100.0) + 1)


QUANTITIES = {
    "spikes": lambda trace, spikes, begin: float(spikes.size),
    "first spike, ms": _spike(0), "second spike, ms": _spike(1), "third spike, ms": _spike(2),
    "fourth spike, ms": _spike(3), "fifth spike, ms": _spike(4), "seventh spike, ms": _spike(6),
    "last spike, ms": lambda trace, spikes, begin: float(spikes[-1]) if spikes.size else float("nan"),
    "first interval, ms": _interval(0), "second interval, ms": _interval(1), "last interval, ms": _interval(-1),
    "shortest interval, ms": lambda trace, spikes, begin: float(np.diff(spikes).min()) if spikes.size > 1 else np.nan,
    "CV of the intervals": lambda trace, spikes, begin: float(np.diff(spikes).std() / np.diff(spikes).mean()),
    "mean rate, Hz": _rate,
    "bursts": lambda trace, spikes, begin: float(len(_bursts(spikes))) if spikes.size else 0.0,
    "spikes of the first burst": lambda trace, spikes, begin: float(_bursts(spikes)[0].size),
    "burst period, ms": lambda trace, spikes, begin: float(np.diff([b[0] for b in _bursts(spikes)])[1:].mean()),
    "spikes per burst": lambda trace, spikes, begin: float(np.median([b.size for b in _bursts(spikes)[1:-1]])),
    "potential, mV": _potential(lambda v: v[0]),
    "lowest potential, mV": _potential(np.min),
    "last potential, mV": _potential(lambda v: v[-1]),
}


# ---- the expectations -----------------------------------------------------------------------------------
def _steady(model: str, preset: str, duration: float, current: float, dt: float | None = None,
            level: float = -20.0) -> Protocol:
    return Protocol(model, preset, duration, ((0.0, duration, current),) if current else (), dt, level)


def _train(protocol: Protocol, count: float, first: float | None = None, last: float | None = None,
           kind: str = EXACT, slack: float = 0.0, within: float = 0.2, share: float = 7e-3) -> list[Expectation]:
    """Number of spikes, and where told the first one (ms, to `within`) and the last interval (to `share`)."""
    found = [Expectation(protocol, "spikes", count, slack, kind)]
    if first is not None:
        found.append(Expectation(protocol, "first spike, ms", first, within, kind))
    if last is not None:
        found.append(Expectation(protocol, "last interval, ms", last, share * last, kind))
    return found


def _times(protocol: Protocol, times: Sequence[float], within: float, kind: str = EXACT,
           count: float | None = None, after: float = 0.0) -> list[Expectation]:
    """Number of spikes and the times of some of them."""
    found = [Expectation(protocol, "spikes", len(times) if count is None else count, 0.0, kind, after)]
    names = ("first", "second", "third", "fourth", "fifth")
    found += [Expectation(protocol, f"{name} spike, ms", time, within, kind, after)
              for name, time in zip(names, times, strict=False)]
    return found


def _izhikevich() -> list[Expectation]:
    key, fine = "IZHIKEVICH", 0.1
    rows: list[Expectation] = []
    for current, count in ((60, 2), (70, 3), (85, 5), (100, 7)):
        rows += _train(_steady(key, "RS", 520, current, fine), count, kind="forward Euler, 1 us")
    rows += _times(_steady(key, "RS", 520, 100), (48.18, 121.65, 197.77, 273.80, 349.84), 0.3, "forward Euler, 1 us", 7)
    rows += _times(_steady(key, "FS", 100, 73.2, fine), (18.99, 64.37), 0.3, "forward Euler, 1 us")
    for current, count in ((100, 5), (200, 8), (400, 16)):
        rows += _train(_steady(key, "FS", 100, current, fine), count, kind="forward Euler, 1 us")
    for current, count, begin in ((100, 22, 7.739), (200, 41, 3.399), (400, 77, 1.879)):          # at the default step
        rows += _train(_steady(key, "FS", 500, current), count, begin)
    rows += _train(_steady(key, "IB", 600, 290, fine), 0, kind="forward Euler, 1 us")
    rows += _times(_steady(key, "IB", 600, 370, fine), (36.11, 232.90, 464.65), 0.15)
    rows += _times(_steady(key, "IB", 600, 500, fine), (20.768, 36.907, 119.452, 214.805, 308.406), 0.15, count=8)
    rows += _times(_steady(key, "CH", 210, 200, fine), (14.896, 19.166, 108.233, 113.395, 204.393), 0.15, count=6)
    rows += _times(_steady(key, "CH", 210, 300, fine), (7.433, 10.326, 16.119, 67.075, 71.026), 0.15, count=9)
    for preset, current, count, first, last in (
            ("MSN", 300, 0, None, None), ("MSN", 350, 2, 647.7, None), ("MSN", 400, 7, 343.25, 100.05),
            ("MSN", 500, 16, 151.39, 54.24), ("MSN_HUMPHRIES", 300, 8, 388.10, 79.38),
            ("MSN_HUMPHRIES", 400, 23, 139.90, 38.73), ("CA3", 150, 7, 24.58, 159.8), ("CA3", 200, 14, 14.97, 80.7),
            ("CA3", 300, 30, 9.35, 17.7), ("DG", 150, 18, 27.30, 62.8), ("DG", 200, 52, 17.22, 19.7),
            ("DG", 300, 99, 10.92, 10.3)):
        rows += _train(_steady(key, preset, 1000, current, 0.05), count, first, last)
    return rows


def _extended() -> list[Expectation]:
    key = "IZHIKEVICH_EXTENDED"
    rows: list[Expectation] = []
    for preset, duration, current, count, times in (
            ("LTS", 320, 100, 1, (41.129,)), ("LTS", 320, 125, 4, (27.625, 111.821, 204.783, 297.497)),
            ("LTS", 320, 200, 10, (16.453, 36.182, 63.300, 97.999)), ("TC", 650, 50, 3, (132.509, 319.216, 515.270)),
            ("TC", 650, 100, 11, (44.654, 93.713, 147.210, 203.250)),
            ("RTN", 650, 50, 4, (38.129, 222.341, 413.634, 604.925)),
            ("RTN", 650, 110, 11, (15.357, 35.835, 94.318, 157.476))):
        rows += _times(_steady(key, preset, duration, current, 0.1), times, 0.2, count=count)
    release = Protocol(key, "TC", 300, ((0, 120, -1200),), 0.1)
    rows += _times(release, (42.221, 56.075, 76.974, 126.704), 0.2, after=120.0)
    release = Protocol(key, "RTN", 300, ((0, 120, -350), (120, 300, 30)), 0.1)
    rows += _times(release, (12.331, 23.037, 51.066), 0.1, after=120.0)
    for preset, current, count, first, last in (
            ("CA1_STRONG", 20, 4, None, None), ("CA1_STRONG", 50, 9, 21.03, 194.5),
            ("CA1_STRONG", 100, 17, 13.00, 100.1), ("CA1_STRONG", 200, 33, 8.26, 50.5),
            ("CA1_WEAK", 50, 0, None, None), ("CA1_WEAK", 100, 9, 52.06, 144.8), ("CA1_WEAK", 200, 22, 25.49, 55.3),
            ("PV", 129, 0, None, None), ("PV", 150, 24, 37.66, 40.33), ("PV", 200, 53, 16.54, 18.89),
            ("PV", 400, 134, 5.98, 7.47)):
        rows += _train(_steady(key, preset, 1000, current, 0.05), count, first, last, slack=1)
    return rows


# The patterns whose stimulus is made of steps; the test of the patterns has all twenty, with ramps.
# preset, duration, pieces in the model's unit (20 pA), spikes, first spike
_PATTERNS: tuple[tuple[str, float, tuple[Piece, ...], int, float], ...] = (
    ("TONIC_SPIKING", 100, ((10.25, 100, 14),), 5, 13.0), ("PHASIC_SPIKING", 200, ((20.25, 200, 0.5),), 1, 43.75),
    ("TONIC_BURSTING", 220, ((22.25, 220, 15),), 28, 25.0), ("PHASIC_BURSTING", 200, ((20.2, 200, 0.6),), 6, 39.0),
    ("MIXED_MODE", 160, ((16.25, 160, 10),), 6, 20.0), ("ADAPTATION", 85, ((8.75, 85, 30),), 6, 10.25),
    ("SPIKE_LATENCY", 100, ((10.2, 13.0, 7.04),), 1, 26.6),
    ("SUBTHRESHOLD_OSCILLATION", 200, ((20.25, 25, 2),), 1, 26.5),
    ("RESONATOR", 400, ((40.25, 44, 0.65), (60.25, 64, 0.65), (280.25, 284, 0.65), (320.25, 324, 0.65)), 1, 338.0),
    ("INTEGRATOR", 100, ((9.25, 11.25, 9), (14.25, 16.25, 9), (70.25, 72, 9), (80.25, 82, 9)), 1, 20.0),
    ("REBOUND_SPIKE", 200, ((20.2, 25, -15),), 1, 68.0), ("REBOUND_BURST", 200, ((20.2, 25, -15),), 7, 68.0),
    ("THRESHOLD_VARIABILITY", 100, ((10.25, 15, 1), (70.25, 75, -6), (80.25, 85, 1)), 1, 93.25),
    ("BISTABILITY", 300, ((0, 300, 0.24), (37.75, 42.5, 1), (216.25, 221, 1)), 5, 45.25),
    ("DAP", 50, ((9.1, 11.0, 20),), 1, 11.3),
    ("INHIBITION_INDUCED_SPIKING", 350, ((0, 50, 80), (50, 250.5, 75), (250.5, 350, 80)), 3, 94.5),
    ("INHIBITION_INDUCED_BURSTING", 350, ((0, 50, 80), (50, 250.5, 75), (250.5, 350, 80)), 12, 86.5),
)


def _patterns() -> list[Expectation]:
    key = "IZHIKEVICH_2003"
    rows: list[Expectation] = []
    for preset, duration, pieces, count, first in _PATTERNS:
        dt = neuron_model(key).dt_of(preset)
        steps = tuple((begin, end, 20.0 * unit) for begin, end, unit in pieces)
        protocol = Protocol(key, preset, duration, steps)
        rows += _train(protocol, count, first + dt, kind=SCRIPT, within=1e-3)
    return rows


def _cortical() -> list[Expectation]:
    rows: list[Expectation] = []
    for key in ("HODGKIN_HUXLEY", "HODGKIN_HUXLEY_RK4"):
        near = 0.02 if key.endswith("RK4") else 0.2         # the last intervals are 69 and 136 ms long
        rs = Protocol(key, "RS", 750, ((300, 700, 750),), level_mV=0.0)
        rows += _times(rs, (20.553, 48.525, 87.966), near, count=5, after=300.0)
        rows.append(Expectation(rs, "fifth spike, ms", 292.418, 0.15 if near < 0.1 else 1.8, EXACT, 300.0))
        rows.append(Expectation(rs, "fourth spike, ms", 156.690, 0.2 if near < 0.1 else 1.0, NEURON, 300.0))
        fs = Protocol(key, "FS", 750, ((300, 710, 500),), level_mV=0.0)
        rows += _train(fs, 20, 317.021, 20.1705, within=0.05, share=2.5e-3)
        rows.append(Expectation(fs, "last spike, ms", 700.299, 1.0, NEURON))
        for current, count in ((0, 14), (50, 24), (100, 32), (150, 39), (200, 46), (300, 59), (500, 83), (1000, 133)):
            rows += _train(_steady(key, "TRAUB", 1000, current, level=0.0), count, kind=NEST)
    bursting = (617.724, 624.632, 631.103, 637.790, 644.916)
    ib = Protocol("HH_CALCIUM", "IB", 2600, ((500, 2500, 150),), level_mV=0.0)
    rows += _times(ib, bursting, 0.5, count=13)
    rows += [Expectation(ib, "spikes of the first burst", 8, 0), Expectation(ib, "last spike, ms", 2432.3, 2.5),
             Expectation(ib, "last spike, ms", 2432.7, 4.0, NEURON)]
    ibr = Protocol("HH_CALCIUM", "IBR", 2600, ((500, 2500, 150),), level_mV=0.0)
    rows += [Expectation(ibr, "spikes", 38, 0, NEURON), Expectation(ibr, "bursts", 4, 0, NEURON),
             Expectation(ibr, "spikes of the first burst", 28, 0, NEURON)]
    lts = Protocol("HH_CALCIUM", "LTS", 900, ((400, 800, 150),), level_mV=0.0)
    rows += _times(lts, (431.422, 445.188), 0.3, count=4)
    rows.append(Expectation(lts, "last spike, ms", 720.421, 2.5))
    for current, count in ((400, 1), (550, 1), (600, 2), (620, 3), (640, 54), (650, 55), (700, 59), (800, 63),
                           (1000, 69), (2000, 87)):
        rows += _train(_steady("HH_SQUID", "SQUID", 1000, current, level=0.0), count)
    for current, interval in ((650, 18.17), (1000, 14.64), (2000, 11.56)):
        rows.append(Expectation(_steady("HH_SQUID", "SQUID", 1000, current, level=0.0), "last interval, ms", interval,
                                0.05))
    return rows


def _thalamic() -> list[Expectation]:
    relay, reticular, fine = "HH_THALAMIC_RELAY", "HH_RETICULAR", 0.025
    rows = [Expectation(Protocol(relay, "TC", 500, dt_ms=fine), "last potential, mV", -66.411, 0.01)]
    for current, count, interval in ((400, 10, 104.5), (500, 20, 50.68), (600, 29, 34.85), (750, 41, 24.29),
                                     (1000, 60, 16.58), (1500, 94, 10.61), (2000, 124, 8.07)):
        rows += _train(_steady(relay, "TC", 1000, current, fine), count, last=interval, share=2e-3)
    rows += _train(_steady(relay, "TC", 1000, 350, fine), 0)
    sag = Protocol(relay, "TC", 1000, ((0, 500, -100),), fine)
    rows += [Expectation(sag, "lowest potential, mV", -90.836, 0.02)]
    rows += _times(sag, (18.19, 20.30, 22.75, 25.55, 28.81), 0.3, count=7, after=500.0)
    rows += [Expectation(sag, "seventh spike, ms", 39.06, 0.3, EXACT, 500.0)]
    delta = Protocol(relay, "TC_DELTA", 12_000, dt_ms=fine)
    rows += [Expectation(delta, "burst period, ms", 239.05, 0.8, EXACT, 10_000.0),
             Expectation(delta, "spikes per burst", 2, 0, EXACT, 10_000.0)]
    rows += [Expectation(Protocol(reticular, "TRN", 1000), "last potential, mV", -89.580, 0.01)]
    pulse = Protocol(reticular, "TRN", 300, ((0, 10, 300),))
    rows += _train(pulse, 31, 21.64, slack=1, within=0.05)
    rows += [Expectation(pulse, "first interval, ms", 2.08, 0.02),
             Expectation(pulse, "shortest interval, ms", 1.70, 0.02)]
    rows += _train(_steady(reticular, "TRN", 1000, 43), 0)
    for current, interval in ((200, 33.48), (300, 19.94), (400, 14.31), (500, 11.32), (700, 8.29), (1000, 6.28),
                              (1500, 4.83)):
        rows.append(Expectation(_steady(reticular, "TRN", 1000, current), "last interval, ms", interval,
                                3e-3 * interval))
    return rows


def _hippocampal() -> list[Expectation]:
    rows = [Expectation(Protocol("HH_CA1", "CA1", 2000), "last potential, mV", -71.962, 0.01)]
    for current, count, interval in ((80, 7, 157.1), (90, 9, 121.9), (100, 11, 99.66), (150, 22, 48.84),
                                     (200, 35, 30.97), (300, 60, 17.74), (500, 107, 9.86)):
        rows += _train(_steady("HH_CA1", "CA1", 1000, current), count, last=interval, slack=1, share=4e-3)
    adapting = _steady("HH_CA1", "CA1", 1000, 100)
    rows += [Expectation(adapting, "first spike, ms", 32.16, 0.05),
             Expectation(adapting, "first interval, ms", 28.21, 0.5),
             Expectation(adapting, "second interval, ms", 96.18, 0.5)]
    rows += [Expectation(Protocol("HH_CA1", "CA1_ZERO_CA", 1000), "last potential, mV", -71.813, 0.01,
                         "initial values of zca.ode")]
    rows += _times(Protocol("HH_CA1", "CA1_ZERO_CA", 200, ((0, 3, 600),), 0.005), (4.30, 8.50, 12.96, 19.06), 0.15)
    periodic = _steady("HH_CA1", "CA1_ZERO_CA", 3000, 60)
    rows += [Expectation(periodic, "burst period, ms", 208.7, 3.0, EXACT, 1000.0),
             Expectation(periodic, "spikes per burst", 6, 0, EXACT, 1000.0)]
    for current, spikes, period in ((0, 2, 1318.0), (25, 2, 886.0), (50, 2, 653.0), (75, 2, 495.0), (100, 3, 347.7),
                                    (150, 5, 145.7)):
        protocol = _steady("HH_CA3", "CA3", 8000 if current < 50 else 6000, current)
        rows += [Expectation(protocol, "burst period, ms", period, 0.01 * period, EXACT, 2000.0),
                 Expectation(protocol, "spikes per burst", spikes, 0, EXACT, 2000.0)]
    rows += [Expectation(Protocol("HH_WANG_BUZSAKI", "FS", 2000), "last potential, mV", -64.018, 0.002)]
    for current, rate in ((20, 8.62), (30, 18.14), (50, 32.22), (100, 59.70), (200, 101.79), (300, 135.50),
                          (500, 189.63), (1000, 284.9), (2000, 407.1)):
        rows.append(Expectation(_steady("HH_WANG_BUZSAKI", "FS", 2000, current), "mean rate, Hz", rate, 4e-3 * rate,
                                EXACT, 1000.0))
    shallow = _steady("HH_WANG_BUZSAKI", "FS", 300, 100)
    rows.append(Expectation(shallow, "lowest potential, mV", -66.7, 0.1, EXACT, 20.0))
    return rows


_STN_AT_REST = (("v", -56.85143), ("h", 0.5601931), ("n", 0.04062269), ("r", 0.0096728), ("Ca", 0.05067527))


def _basal_ganglia() -> list[Expectation]:
    key = "HH_STRIATAL"
    rows = [Expectation(Protocol(key, "MSN", 2000), "last potential, mV", -77.421, 0.005)]
    for current, resistance in ((-200, 9.42), (-100, 11.27), (-50, 12.29), (50, 13.44)):
        rows.append(Expectation(_steady(key, "MSN", 500, current), "last potential, mV",
                                -77.42093 + resistance * current / 100.0, 0.0001 * abs(current)))
    for current, count, latency, interval in ((150, 14, 229.2, 47.6), (167, 24, 96.80, 28.7), (200, 44, 36.0, 16.2),
                                              (250, 71, 21.8, 10.5), (300, 94, 16.1, 8.2)):
        rows += _train(_steady(key, "MSN", 1000, current), count, latency, interval, slack=1, within=4e-3 * latency,
                       share=0.02)
    rows += _train(_steady(key, "MSN", 1000, 132), 0)
    twice = Protocol(key, "MSN", 600, ((0, 200, 167), (400, 600, 167)))
    rows += [Expectation(twice, "first spike, ms", 96.80, 0.1), Expectation(twice, "first spike, ms", 61.74, 0.1,
                                                                            EXACT, 400.0)]
    for preset, current, rate in (
            ("STN", 0, 2.69), ("STN", 500, 6.22), ("STN", 1000, 12.37), ("STN", 2000, 26.82), ("STN", 5000, 64.14),
            ("STN", 10_000, 127.4), ("STN_BURST", 0, 2.71), ("STN_BURST", 1500, 19.76), ("STN_BURST", 3000, 39.77)):
        rows.append(Expectation(_steady("HH_SUBTHALAMIC", preset, 9000, current), "mean rate, Hz", rate, 0.015 * rate,
                                EXACT, 6000.0))
    release = Protocol("HH_SUBTHALAMIC", "STN", 800, ((0, 500, -3000),), start=_STN_AT_REST)
    rows += _times(release, (1.0, 24.6, 41.9, 58.6, 77.0), 0.3, after=500.0)
    for preset, current, rate in (
            ("GPE", 0, 27.48), ("GPE", 100, 37.5), ("GPE", 200, 45.1), ("GPE", 500, 61.6), ("GPE", 1000, 79.7),
            ("GPE_EPISODIC", 100, 44.2), ("GPE_EPISODIC", 200, 56.3), ("GPE_EPISODIC", 500, 83.3)):
        rows.append(Expectation(_steady("HH_PALLIDAL", preset, 7000, current), "mean rate, Hz", rate, 0.015 * rate,
                                EXACT, 4000.0))
    return rows


def _adex() -> list[Expectation]:
    rows: list[Expectation] = []
    for preset, current, count, times, last in (
            ("TONIC", 500, 62, (14.223, 23.152, 32.242, 41.458), 9.585),
            ("ADAPTING", 500, 12, (14.904, 26.172, 40.548, 60.158, 89.581), 75.909),
            ("INITIAL_BURST", 400, 12, (5.464, 8.883, 16.202, 70.949, 135.068), 63.952),
            ("REGULAR_BURSTING", 210, 11, (16.158, 19.076, 24.198, 155.956, 161.310), 5.351),
            ("DELAYED_ACCELERATING", 300, 46, (33.574, 54.167, 73.247), 10.275),
            ("DELAYED_BURSTING", 110, 32, (57.180, 60.394, 64.703, 72.124, 128.981), 8.146),
            ("TRANSIENT", 180, 1, (30.290,), None)):
        protocol = _steady("ADEX", preset, 600, current)
        rows += _times(protocol, times, 0.01, count=count)
        rows += [] if last is None else [Expectation(protocol, "last interval, ms", last, 0.02)]
    irregular = _steady("ADEX", "IRREGULAR", 600, 160)
    rows += [Expectation(irregular, "spikes", 33, 5), Expectation(irregular, "CV of the intervals", 0.6, 0.3)]
    rows += _times(_steady("ADEX", "BRETTE_GERSTNER", 200, 1000), (11.792, 25.376, 41.196, 59.776, 81.644), 0.005,
                   count=8)
    return rows


def _lif() -> list[Expectation]:
    rows: list[Expectation] = []
    for key in ("LIF", "LIF_CURRENTS", "LIF_DELTA"):
        for current, interval in ((400, 29.725887), (500, 15.862944), (1000, 6.700036)):
            rows.append(Expectation(_steady(key, "NEST", 500, current), "last interval, ms", interval + 0.05, 0.051,
                                    "closed form, rounded up to the grid"))
        rows += _train(_steady(key, "NEST", 500, 375), 0, kind="closed form")
    # ISI = t_ref + tau ln((RI - V_reset) / (RI - V_th)), potentials from E_L
    rows += [Expectation(_steady("LIF", "PD14", 500, 500), "last interval, ms", 2.0 + 10.0 * np.log(4.0) + 0.05, 0.051,
                         "closed form, rounded up to the grid"),
             Expectation(_steady("LIF_DELTA", "BRUNEL", 1000, 300), "last interval, ms",
                         2.0 + 20.0 * np.log(14.0 / 4.0) + 0.05, 0.051, "closed form, rounded up to the grid"),
             Expectation(_steady("LIF_CURRENTS", "CUBA", 1000, 0), "last interval, ms",
                         5.0 + 20.0 * np.log(11.0) + 0.05, 0.051, "closed form, rounded up to the grid"),
             Expectation(_steady("LIF_CONDUCTANCE", "COBA", 1000, 250), "mean rate, Hz",
                         1000.0 / (5.0 + 20.0 * np.log(25.0 / 15.0)), 0.01, "closed form", 100.0),
             Expectation(_steady("LIF_CONDUCTANCE", "NEST", 1000, 500), "mean rate, Hz",
                         1000.0 / (2.0 + 15.0 * 250.0 / (15.0 * 16.6667) * np.log(19.99994 / 14.99994)), 0.05,
                         "closed form", 100.0)]
    return rows


EXPECTATIONS: tuple[Expectation, ...] = tuple([
    *_izhikevich(), *_extended(), *_patterns(), *_cortical(), *_thalamic(), *_hippocampal(), *_basal_ganglia(),
    *_adex(), *_lif()])

# Presets without an expectation of their own, and why.
ELSEWHERE: dict[tuple[str, str], str] = {
    **{("IZHIKEVICH_2003", name): "a class of the 2003 paper, which gives pictures only; the scheme is held to the "
       "author's by the patterns" for name in ("RS", "FS", "IB", "CH", "LTS", "TC", "RZ")},
    **{("IZHIKEVICH_2003", name): "its stimulus is a ramp: tests/models/test_izhikevich_patterns.py"
       for name in ("CLASS_1", "CLASS_2", "ACCOMMODATION")},
    **{("ADEX", name): "a cell of network studies without published single-cell results; the scheme is held to exact "
       "solutions by the other cells" for name in ("RS", "FS")},
}


# ---- the page -------------------------------------------------------------------------------------------
PAGE = """# Cells: expected against obtained

Written by `python -m neural_simulator.tools.cells`; `tests/phenomena/test_cells.py` asserts every row. Each cell type
runs alone, in the float32 code of the engines, at the step that is told. *Exact*: an exact solution of the published
equations (LSODA or DOP853 in float64, computed independently of this program; spikes are upward crossings of -20 mV, or
of 0 mV for the cortical cells); other words name a published result. Sources are those of the presets.

{tables}

## Presets without a row

{elsewhere}
"""


def page() -> str:
    """The whole page."""
    tables = []
    for key in BUILT_IN:
        rows = [each for each in EXPECTATIONS if each.protocol.model == key]
        tables.append(_table(key, rows))
    elsewhere = "\n".join(f"- `{key}` {preset}: {why}." for (key, preset), why in ELSEWHERE.items())
    return PAGE.format(tables="\n\n".join(tables), elsewhere=elsewhere)


def _table(key: str, rows: Sequence[Expectation]) -> str:
    model = neuron_model(key)
    lines = [f"## {model.label} (`{key}`)", ""]
    for preset in model.presets:
        lines.append(f"- {preset.name}: {preset.label}. {preset.source}.")
    lines += ["", "| cell | protocol | dt ms | quantity | expected | obtained | tolerance | expectation |",
              "|---|---|---|---|---|---|---|---|"]
    lines += [_line(row) for row in rows]
    return "\n".join(lines)


def _line(row: Expectation) -> str:
    protocol = row.protocol
    dt = protocol.dt_ms or neuron_model(protocol.model).dt_of(protocol.preset)
    quantity = row.quantity + (f" after {row.after_ms:g} ms" if row.after_ms else "")
    return (f"| {protocol.preset} | {protocol.told()} | {dt:g} | {quantity} | {row.expected:.6g} | {obtained(row):.6g} "
            f"| {row.tolerance:.2g} | {row.kind} |")


def uncovered() -> list[tuple[str, str]]:
    """Presets of built-in models that neither a row nor ELSEWHERE speaks of."""
    told = {(each.protocol.model, each.protocol.preset) for each in EXPECTATIONS} | set(ELSEWHERE)
    return [(key, preset.name) for key in BUILT_IN for preset in neuron_model(key).presets
            if (key, preset.name) not in told]


@command("cells")
def main(arguments: Sequence[str] | None = None) -> int:
    """Write the page; the exit code is 1 where an expectation is missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--output", type=Path, default=OUTPUT, help="default: %(default)s")
    options = parser.parse_args(sys.argv[1:] if arguments is None else arguments)
    write_text(options.output, page())
    missed = [row for row in EXPECTATIONS if not abs(obtained(row) - row.expected) <= row.tolerance]
    for row in missed:
        print(f"missed: {_line(row)}")
    print(f"Written to {options.output}: {len(EXPECTATIONS)} expectations, {len(missed)} missed.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
