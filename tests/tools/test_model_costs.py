"""The table of step times: every model, and what the files hold."""

from __future__ import annotations

from neural_simulator.base.paths import ROOT
from neural_simulator.config import GPUConfig
from neural_simulator.models.neurons import BUILT_IN
from neural_simulator.tools import model_costs
from neural_simulator.tools.model_costs import PAGE, measure, table, with_table

FILES = sorted((ROOT / "benchmarks").glob("model-costs-*.json"))


def test_the_page_holds_the_table_of_the_files_with_every_model():
    page = PAGE.read_text(encoding="utf-8")
    lines = table(FILES)
    assert page == with_table(page, lines)
    told = {line.split("`")[1]: line.split("|")[4:-1] for line in lines if line.startswith("| `")}
    assert {*BUILT_IN, "MORRIS_LECAR"} == set(told)
    assert all(float(number.replace(",", "")) > 0.0 for row in told.values() for number in row)


def test_a_model_is_measured_while_it_fires(monkeypatch):
    monkeypatch.setitem(model_costs.LEAST_S, "cpu", 0.01)
    row = measure("IZHIKEVICH", 500, GPUConfig(backend="cpu", num_threads=1))
    assert row["step_us"] > 0.0 and 1.0 < row["rate_Hz"] < 100.0
