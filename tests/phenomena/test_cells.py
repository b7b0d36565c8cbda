"""Every cell type does what its literature says: the rows of docs/cells.md, and that the page holds them."""

from __future__ import annotations

import re

import pytest

from neural_simulator.tools import cells
from neural_simulator.tools.cells import EXPECTATIONS, Expectation, obtained

pytestmark = pytest.mark.phenomena
TEXT = cells.OUTPUT.read_text(encoding="utf-8")
GROUPS = list(dict.fromkeys((row.protocol.model, row.protocol.preset) for row in EXPECTATIONS))


def rows_of(model: str, preset: str) -> list[Expectation]:
    return [row for row in EXPECTATIONS if (row.protocol.model, row.protocol.preset) == (model, preset)]


@pytest.mark.parametrize(("model", "preset"), GROUPS)
def test_a_cell_type_does_what_is_expected_of_it(model, preset):
    missed = [cells._line(row) for row in rows_of(model, preset)
              if not abs(obtained(row) - row.expected) <= row.tolerance]
    assert missed == []


def test_every_cell_type_has_a_row_or_a_reason():
    assert cells.uncovered() == []
    assert not {(row.protocol.model, row.protocol.preset) for row in EXPECTATIONS} & set(cells.ELSEWHERE)


def test_almost_every_cell_type_is_seen_firing():
    assert [group for group in GROUPS if not any(cells.run(row.protocol)[1].size > 0 for row in rows_of(*group))] == []


def test_the_page_has_every_row_with_the_numbers_that_are_obtained():
    told = [line for line in TEXT.splitlines() if re.match(r"\| [A-Z0-9_]+ \| ", line)]
    assert len(told) == len(EXPECTATIONS)
    for row in EXPECTATIONS[::7]:
        assert cells._line(row) in told
