"""The accuracy page: it covers every model, its numbers are those of the engines, and the claims made with it hold."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.models.neurons import BUILT_IN, NEURON_MODELS
from neural_simulator.tools import accuracy
from neural_simulator.tools.accuracy import CASES, Case, error_of, exact_spikes

TEXT = accuracy.OUTPUT.read_text(encoding="utf-8")


def told(case: Case, dt: float) -> list[str]:
    """The cells of the page's row for this case and step."""
    for line in TEXT.splitlines():
        cells = [cell.strip(" *") for cell in line.strip("|").split(" | ")]
        if cells[0] == f"{case.model} {case.preset}" and cells[1] == f"{case.current_pA:g}" and cells[3] == f"{dt:g}":
            return cells
    raise AssertionError(f"{case} at {dt:g} ms is not told")


def test_every_model_is_measured_or_named():
    assert accuracy.uncovered() == []
    for key in BUILT_IN:
        assert f"{key} " in TEXT or f"`{key}`" in TEXT
    for case in CASES:
        model = NEURON_MODELS[case.model]
        for dt in (model.default_dt_ms / 2.0, model.default_dt_ms, model.max_dt_ms):
            cells = told(case, dt)
            assert float(cells[7]) > 0.1 and float(cells[5]) >= 0.0


@pytest.mark.parametrize("case", [case for case in CASES if case.model in ("IZHIKEVICH", "ADEX", "LIF_CONDUCTANCE")],
                         ids=lambda case: f"{case.model} {case.preset}")
def test_the_errors_told_are_those_of_the_engine(case):
    dt = NEURON_MODELS[case.model].default_dt_ms
    error = error_of(accuracy.engine_spikes(case, dt), exact_spikes(case))
    cells = told(case, dt)
    assert error.spikes >= 4
    assert cells[4] == f"{error.spikes} ({error.exact})"
    assert float(cells[5]) == pytest.approx(error.mean_ms, rel=0.1, abs=1e-4)


def test_the_exact_solution_is_the_closed_form_where_there_is_one():
    spikes = exact_spikes(Case("LIF", "NEST", 500.0))
    assert spikes[0] == pytest.approx(13.862944, abs=1e-5)
    assert np.diff(spikes) == pytest.approx(15.862944, abs=1e-5)


def test_the_exact_solution_is_the_published_one():
    """Pospischil's fast spiking cell: DOP853 of independently written equations."""
    spikes = exact_spikes(Case("HODGKIN_HUXLEY", "FS", 500.0, 150.0))
    assert spikes[0] == pytest.approx(17.021, abs=2e-3)
    assert np.diff(spikes) == pytest.approx(np.full(spikes.size - 1, 20.1705), abs=2e-3)


def test_spikes_of_the_izhikevich_cell_are_placed_in_its_half_steps():
    case = Case("IZHIKEVICH", "RS", 100.0)
    exact = exact_spikes(case)
    assert exact == pytest.approx([48.18, 121.65, 197.77, 273.80, 349.84, 425.88], abs=0.05)     # forward Euler, 1 us
    errors = [error_of(accuracy.engine_spikes(case, dt), exact).mean_ms for dt in (1.0, 0.5, 0.25)]
    assert errors[0] > 3.0 * errors[1] > 6.0 * errors[2]         # second order


def test_own_schemes_are_better_than_euler_at_the_same_step():
    for case in accuracy.COMPARED:
        dt = NEURON_MODELS[case.model].default_dt_ms
        exact = exact_spikes(case)
        with accuracy.offered(accuracy.other_scheme(case.model, "Euler")) as key:
            euler = error_of(accuracy.engine_spikes(case, dt, key), exact)
        own = error_of(accuracy.engine_spikes(case, dt), exact)
        assert own.mean_ms < 0.25 * euler.mean_ms
        assert abs(own.spikes - own.exact) <= 0.1 * own.exact
    assert set(BUILT_IN) <= set(NEURON_MODELS) and not any("EULER" in key for key in NEURON_MODELS)
