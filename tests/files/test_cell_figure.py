"""The picture of a single cell holds what the cell did."""

from __future__ import annotations

import numpy as np
import pytest

from neural_simulator.base.errors import FileFormatError
from neural_simulator.files.cell_figure import MOST_TRACES, CurvePoint, Sheet, TracePlot, chosen, draw_sheet, save_sheet


def trace(current: float, steps: int = 500) -> TracePlot:
    time = np.arange(1, steps + 1) * 0.1
    v = -60.0 + current * np.sin(time)
    return TracePlot(current, 10.0, 40.0, time, v, np.array([12.5, 20.0]))


def sheet(count: int, steps: int = 500) -> Sheet:
    traces = [trace(float(k), steps) for k in range(count)]
    curve = [CurvePoint(each.current_pA, 2 * each.current_pA, each.current_pA) for each in traces]
    return Sheet("A cell", "A source", traces, curve)


def test_the_drawn_lines_are_the_traces_the_spikes_and_the_curve():
    figure = draw_sheet(sheet(3))
    *axes, curve = figure.axes
    for axis, each in zip(reversed(axes), sheet(3).traces, strict=True):
        assert np.array_equal(axis.lines[0].get_ydata(), each.v)
        assert np.array_equal(axis.lines[1].get_xdata(), each.spikes_ms)
        assert f"{each.current_pA:g} pA" in [text.get_text() for text in axis.texts]
    assert np.array_equal(curve.lines[0].get_ydata(), [0.0, 2.0, 4.0])
    assert np.array_equal(curve.lines[1].get_ydata(), [0.0, 1.0, 2.0])
    assert curve.get_xlabel() == "current (pA)" and curve.get_ylabel() == "rate (Hz)"


def test_one_current_has_no_curve():
    assert [axis.get_ylabel() for axis in draw_sheet(sheet(1)).axes] == ["v (mV)"]


def test_of_many_traces_an_even_choice_is_drawn_with_both_ends():
    traces = sheet(23).traces
    kept = [each.current_pA for each in chosen(traces)]
    assert len(kept) == MOST_TRACES and (kept[0], kept[-1]) == (0.0, 22.0)
    assert len(draw_sheet(sheet(23)).axes) == MOST_TRACES + 1


def test_a_long_trace_keeps_its_extremes():
    long = trace(5.0, 100_000)
    long.v[54_321] = 99.0
    line = draw_sheet(Sheet("A", "B", [long], [])).axes[0].lines[0]
    assert line.get_ydata().size < 20_000
    assert line.get_ydata().max() == 99.0 and line.get_ydata().min() == long.v.min()
    assert np.all(np.diff(line.get_xdata()) > 0.0)


def test_a_picture_that_cannot_be_written_is_one_sentence(tmp_path):
    with pytest.raises(FileFormatError, match="cannot be written"):
        save_sheet(sheet(1), tmp_path / "missing" / "a.png")
