"""The parts that all conductance-based models share."""

import math

import numpy as np
import pytest

from neural_simulator.base import exact
from neural_simulator.models import kinetics, membrane
from neural_simulator.models.exactly import exactly
from neural_simulator.models.neurons.hodgkin_huxley import traub_rates


@pytest.mark.parametrize("z", [1e-6, 0.01, 0.1, 0.5, 1.0])
def test_share_is_the_exponentials(z):
    assert abs(membrane.share(z) * z / -math.expm1(-z) - 1.0) < z**4 / 600 + 1e-12


def test_share_never_overshoots():
    """However stiff, a gate or potential does not pass its target."""
    z = np.geomspace(1e-6, 1e6, 400)
    passed = z * np.array([membrane.share(x) for x in z])
    assert passed.min() > 0.0 and passed.max() < 1.0


def test_gate_relaxes_to_its_steady_state():
    x = 0.1
    for _ in range(200):
        x = membrane.gate(x, 0.3, 0.7, 0.1)
    assert abs(x - 0.3) < 1e-8
    assert abs(membrane.gate(0.1, 0.3, 0.7, 0.1) - (0.3 - 0.2 * math.exp(-0.1))) < 1e-7


def test_membrane_follows_the_exponential_of_its_conductance():
    v = membrane.membrane(-70.0, 10.0, -500.0, 0.1 / 100.0)          # 10 nS towards -50 mV on 100 pF
    assert abs(v - (-50.0 - 20.0 * math.exp(-0.01))) < 1e-9


def test_curved_membrane_is_the_flat_one_without_slope():
    assert membrane.curved_membrane(-70.0, 10.0, -500.0, 0.0, 1e-3) == membrane.membrane(-70.0, 10.0, -500.0, 1e-3)


@pytest.mark.parametrize("v", [-100.0, -70.0, -42.0, -40.0, -38.0, -15.0, 0.0, 40.0])
def test_traub_rates_by_powers_are_the_published_ones(v):
    """At V_T = -55: alpha_m is singular at -42 mV, alpha_n at -40, beta_m at -15; the shared form is finite there."""
    u = v + 55.0

    def quotient(a, x, y):
        return a * x / math.expm1(x / y) if abs(x) > 1e-9 else a * y

    published = (quotient(0.32, 13 - u, 4), quotient(0.28, u - 40, 5), 0.128 * math.exp((17 - u) / 18),
                 4 / (1 + math.exp((40 - u) / 5)), quotient(0.032, 15 - u, 5), 0.5 * math.exp((10 - u) / 40))
    for found, expected in zip(traub_rates(v, -55.0), published, strict=True):
        assert abs(found / expected - 1.0) < 1e-8


def test_exprel_slope_is_the_derivative():
    for y in (-20.0, -3.0, -0.6, -0.4, 0.0, 1e-3, 0.4, 0.6, 3.0, 20.0):
        h = 1e-5
        numeric = (math.log(kinetics.exprel_inverse(-y - h)) - math.log(kinetics.exprel_inverse(-y + h))) / (2 * h)
        assert abs(kinetics.exprel_slope(y, kinetics.exprel_inverse(-y)) - numeric) < 1e-6


def test_constants_are_computed_without_the_c_library(monkeypatch):
    """`exactly` replaces exp in a function and in what it calls; the judge's own form is left alone."""
    judged = traub_rates(-60.0, -55.0)
    for found, expected in zip(exactly(traub_rates)(-60.0, -55.0), judged, strict=True):
        assert abs(found / expected - 1.0) < 1e-14
    monkeypatch.setattr(math, "exp", lambda x: math.nan)
    assert math.isfinite(sum(exactly(traub_rates)(-60.0, -55.0)))
    assert math.isnan(sum(traub_rates(-60.0, -55.0)))


def test_exact_powers_and_exponentials_are_correct_to_the_last_bits():
    assert abs(exact.power(3.0, 1.2) / 3.0**1.2 - 1.0) < 1e-15
    assert exact.exprel_inverse(0.0) == 1.0
    assert abs(exact.exprel_inverse(1e-6) - (1.0 - 5e-7 + 1e-12 / 12)) < 3e-16
