"""One cell alone from the command line: which cell, which currents, and that the numbers told are the cell's own."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from neural_simulator.base import paths
from neural_simulator.base.errors import ConfigurationError
from neural_simulator.engine.single_cell import current_steps, respond, run_cell
from neural_simulator.tools import cell


def rows(said: str) -> list[list[str]]:
    """The cells of the printed table."""
    return [[each.strip() for each in line.strip("│").split("│")] for line in said.splitlines() if line.startswith("│")]


def test_the_table_tells_what_the_cell_does(tmp_path):
    out = Console(file=io.StringIO(), width=100)
    assert cell.run("TRAUB", ["0", "100:200:100"], None, 500.0, tmp_path / "a.png", out) == 0
    told = rows(out.file.getvalue())
    assert [row[0] for row in told] == ["0", "100", "200"]
    for row, current in zip(told, (0.0, 100.0, 200.0), strict=True):
        trace = run_cell("HODGKIN_HUXLEY", "TRAUB", current_steps(700.0, 0.05, (100.0, 600.0, current)))
        spikes = trace.spikes_ms[(trace.spikes_ms >= 100.0) & (trace.spikes_ms < 600.0)]
        assert int(row[1]) == spikes.size and float(row[2]) == pytest.approx(2.0 * spikes.size)
        if current:
            assert spikes.size > 8
            assert float(row[3]) == pytest.approx(spikes[0] - 100.0, abs=0.01)
            assert float(row[5]) == pytest.approx(np.diff(spikes)[-1], abs=0.01)
        assert float(row[7]) == pytest.approx(trace.v.max(), abs=0.06)
    assert "Brette et al. 2007" in out.file.getvalue() and (tmp_path / "a.png").stat().st_size > 10_000


def test_without_a_name_the_picture_lies_among_the_recordings(tmp_path, monkeypatch):
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path)
    cell.run("NEST", ["400"], duration_ms=100.0, out=Console(file=io.StringIO()))
    only, = tmp_path.iterdir()
    assert only.name.startswith("cell_LIF_NEST_") and only.suffix == ".png"


@pytest.mark.parametrize("preset, model, found", [
    ("RS", None, "IZHIKEVICH"), ("rs", "hodgkin_huxley", "HODGKIN_HUXLEY"), ("TRN", None, "HH_RETICULAR"),
    ("FS", "ADEX", "ADEX")])
def test_a_cell_is_found_by_its_name_and_where_needed_its_model(preset, model, found):
    owner, known = cell.find_cell(preset, model)
    assert owner.key == found and known.name.lower() == preset.lower()


@pytest.mark.parametrize("preset, model, said", [
    ("TRAUBE", None, "There is no cell 'TRAUBE'; the nearest is 'TRAUB'"),
    ("TRAUB", "LIF", "Leaky integrate-and-fire has no cell 'TRAUB'"),
    ("RS", "PERCEPTRON", "There is no neuron model 'PERCEPTRON'")])
def test_an_unknown_cell_is_one_sentence_with_those_there_are(preset, model, said):
    with pytest.raises(ConfigurationError, match="^" + said):
        cell.find_cell(preset, model)


@pytest.mark.parametrize("texts, expected", [
    (["100"], [100.0]), (["50", "-20"], [-20.0, 50.0]), (["0:0.3:0.1"], [0.0, 0.1, 0.2, 0.3]),
    (["0:100:50", "100", "30"], [0.0, 30.0, 50.0, 100.0]), (["0:99:50"], [0.0, 50.0])])
def test_currents_are_numbers_and_ranges(texts, expected):
    assert cell.read_currents(texts) == pytest.approx(expected)


@pytest.mark.parametrize("text, said", [
    ("a", "neither a number"), ("1:2", "neither a number"), ("nan", "leaves the range"), ("1e9", "leaves the range"),
    ("5:1:1", "must rise"), ("0:5:0", "must rise"), ("0:5:-1", "must rise"), ("0:1e5:1", "100,001 currents")])
def test_a_bad_current_is_one_sentence(text, said):
    with pytest.raises(ConfigurationError, match=said):
        cell.read_currents([text])


@pytest.mark.parametrize("duration_ms", [0.01, 2e6, float("nan")])
def test_an_impossible_duration_is_one_sentence(duration_ms):
    with pytest.raises(ConfigurationError, match="must lie between one step of 1 ms and"):
        cell.run("RS", ["100"], duration_ms=duration_ms)


def test_a_response_counts_only_the_spikes_during_the_current():
    response = respond("HH_THALAMIC_RELAY", "TC", -100.0, 500.0, rest_ms=200.0)
    assert response.trace.fired.sum() >= 3, "rebound spikes after the release"
    assert response.spikes_ms.size == 0 and response.rate_Hz == 0.0 and response.latency_ms is None
    assert response.steady_rate_Hz == 0.0


def test_a_picture_that_is_no_png_by_its_name_is_refused_before_anything_runs(tmp_path):
    with pytest.raises(ConfigurationError, match="end it in .png"):
        cell.run("RS", ["100"], picture=tmp_path / "a.xyz")


def test_a_spike_that_is_reset_inside_its_step_is_drawn_up_to_its_peak():
    trace = run_cell("IZHIKEVICH", "FS", current_steps(100.0, 1.0, (10.0, 90.0, 200.0)))
    t, v = cell.with_peaks(trace, {"v_peak": 25.0})
    assert trace.spikes_ms.size > 4 and trace.v.max() < 25.0
    assert v.size == trace.v.size + trace.spikes_ms.size and (np.diff(t) >= 0.0).all()
    peaks = np.flatnonzero(v == 25.0)
    np.testing.assert_array_equal(t[peaks], trace.spikes_ms)
    assert (v[peaks + 1] < -20.0).all()
