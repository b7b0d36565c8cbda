"""The elementary functions that all engines share, against float64: the largest errors are those stated."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.special import ndtri

from neural_simulator.backend.cpu_words import load
from neural_simulator.backend.emit import Library
from neural_simulator.models import kinetics

RNG = np.random.default_rng(1)


def engine(function):
    """The engines' form of `function` over an array of float32."""
    library = Library()
    name = library.add(function).name
    text = library.python_source() + f'''
@nb.njit(error_model="numpy", cache=True)
def over(x, out):
    for k in range(x.size):
        out[k] = {name}(x[k])
'''
    module = load(text, f"test_{name}")

    def over(values):
        x = np.asarray(values, np.float32)
        out = np.zeros(x.size, np.float32)
        module.over(x, out)
        return x.astype(np.float64), out.astype(np.float64)
    return over


def test_exp_is_within_1e_7_of_the_truth_everywhere():
    x, y = engine(kinetics.exp)(np.concatenate([RNG.uniform(-87, 88, 400_000), RNG.uniform(-1, 1, 100_000),
                                                [0.0, -0.0, 1e-30, -87.0, 88.0]]))
    assert np.max(np.abs(y / np.exp(x) - 1.0)) < 1e-7
    assert y[-5] == 1.0 and y[-4] == 1.0


def test_exp_is_clamped_instead_of_overflowing():
    _, y = engine(kinetics.exp)([-1e30, -100.0, 100.0, 1e30, -np.inf, np.inf])
    assert np.all(np.isfinite(y)) and np.all(y > 0.0)
    assert y[0] == y[1] == y[4] and y[2] == y[3] == y[5]


def test_log_is_within_1e_7_relative_or_6e_8_absolute():
    x, y = engine(kinetics.log)(np.concatenate([np.exp(RNG.uniform(-87, 88, 400_000)),
                                                RNG.uniform(0.5, 2.0, 200_000), [1.0, 2.0**-126, 3e38]]))
    truth = np.log(x)
    error = np.abs(y - truth)
    assert np.all((error < 1e-7 * np.abs(truth)) | (error < 6e-8))
    assert y[-3] == 0.0


def test_exprel_inverse_is_within_3e_7_also_where_its_two_forms_meet():
    x, y = engine(kinetics.exprel_inverse)(np.concatenate([
        RNG.uniform(-80, 80, 300_000), RNG.uniform(-0.6, 0.6, 200_000), np.linspace(0.4999, 0.5001, 2001),
        -np.linspace(0.4999, 0.5001, 2001), [0.0, 1e-20, -1e-20]]))
    with np.errstate(invalid="ignore"):
        truth = np.where(np.abs(x) < 1e-12, 1.0, x / np.expm1(x))
    assert np.max(np.abs(y / truth - 1.0)) < 3e-7
    assert y[-3] == 1.0


def test_normal_quantile_is_within_4e_7_on_every_scale():
    tails = 10.0 ** RNG.uniform(-7.5, -1, 100_000)
    p, y = engine(kinetics.normal_quantile)(np.concatenate([RNG.uniform(1e-6, 1 - 1e-6, 300_000), tails, [0.5]]))
    truth = ndtri(p)
    assert np.max(np.abs(y - truth) / np.maximum(1.0, np.abs(truth))) < 4e-7
    assert y[-1] == 0.0


def test_a_gate_is_half_open_at_its_half_point_and_monotonic():
    judged = np.array([kinetics.boltzmann(float(v), -40.0, 7.0) for v in np.linspace(-200.0, 100.0, 3001)])
    assert kinetics.boltzmann(-40.0, -40.0, 7.0) == 0.5
    assert np.all(np.diff(judged) > 0.0) and judged[0] > 0.0 and judged[-1] < 1.0


def test_decaying_values_are_flushed_before_they_become_denormal():
    _, y = engine(kinetics.flush)([1e-19, 1.1e-20, 0.9e-20, -0.9e-20, -1.0, 1e-40])
    assert list(y != 0.0) == [True, True, False, False, True, False]


@pytest.mark.parametrize(("function", "points"), [
    (kinetics.exp, (-50.0, -1.0, 0.0, 3.0)), (kinetics.log, (1e-20, 0.7, 1.0, 5e10)),
    (kinetics.exprel_inverse, (-20.0, -0.1, 0.0, 0.49, 0.51, 30.0)),
    (kinetics.normal_quantile, (1e-6, 0.3, 0.5, 0.99))])
def test_the_judge_and_the_engine_are_the_same_function(function, points):
    x, y = engine(function)(points)
    assert y == pytest.approx([function(float(p)) for p in x], rel=1e-6, abs=1e-7)


def test_the_judge_is_the_c_librarys_float64():
    assert kinetics.exp(1.0) == math.e and kinetics.log(math.e) == 1.0
