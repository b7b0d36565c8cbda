"""The benchmark: rows, files, comparison, and its command line."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from neural_simulator.base.errors import FileFormatError
from neural_simulator.base.paths import ROOT
from neural_simulator.config import GPUConfig
from neural_simulator.network.plan import make_plan
from neural_simulator.tools import benchmark, measure_files

CPU = GPUConfig(backend="cpu")
COLUMNS = {"name", "num_neurons", "connections_per_neuron", "model", "dt_ms", "rate_hz", "step_us_p50", "step_us_p95",
           "real_time_factor", "synaptic_events_per_s", "build_time_s", "device_memory_bytes", "bytes_per_synapse",
           "batch_start_us", "recording_ratio"}


def row(name="izhikevich-1000x100", p50=100.0, rate=8.0, synapses=1000):
    return {"name": name, "step_us_p50": p50, "rate_hz": rate, "num_synapses": synapses}


def results(*rows, backend="CPU, 1 thread"):
    return {"results": list(rows), "system_info": {"processor": "P", "backend": backend}}


@pytest.fixture(scope="module")
def measured():
    [case] = benchmark.sweep(["IZHIKEVICH"], [300], [50], CPU)
    return benchmark.measure(case, quick=True)


def test_a_row_has_the_agreed_columns_and_they_fit_together(measured):
    assert set(measured) >= COLUMNS
    assert measured["name"] == "izhikevich-300x50"
    assert 5.0 < measured["rate_hz"] < 13.0
    assert 0.0 < measured["step_us_p50"] <= measured["step_us_p95"]
    assert measured["real_time_factor"] == pytest.approx(measured["step_us_mean"] / 1000.0 / measured["dt_ms"])
    events_per_step = measured["synaptic_events_per_s"] * measured["step_us_mean"] * 1e-6
    expected = measured["rate_hz"] * measured["num_synapses"] * measured["dt_ms"] / 1000.0
    assert events_per_step == pytest.approx(expected, rel=0.5)        # times vary from stretch to stretch
    assert measured["bytes_per_synapse"] > 4.0
    assert measured["device_memory_bytes"] > measured["num_synapses"] * 4


def test_the_rate_of_a_row_does_not_depend_on_the_machines_speed(measured, monkeypatch):
    monkeypatch.setattr(benchmark, "BATCH_S", 1e-9)                   # other batches, as on another machine
    [case] = benchmark.sweep(["IZHIKEVICH"], [300], [50], CPU)
    again = benchmark.measure(case, quick=True)
    assert again["batch_steps"] != measured["batch_steps"]
    assert again["rate_hz"] == measured["rate_hz"]


def test_the_sweep_leaves_out_what_cannot_exist():
    names = [case.name for case in benchmark.sweep(["LIF"], [1000], [100, 500, 1000], CPU)]
    assert names == ["lif-1000x100", "lif-1000x500"]


def test_the_full_sweep_is_the_documented_one_and_larger_on_a_device():
    options = benchmark.parse([])
    on_cpu = {case.name for case in benchmark.cases_of(options, CPU, False)}
    documented = {f"{m.lower()}-{n}x{k}" for m in benchmark.DRIVES for n in (10_000, 50_000) for k in (100, 500, 1000)}
    assert documented <= on_cpu
    on_device = {case.name for case in benchmark.cases_of(options, CPU, True)}
    large = {f"{m.lower()}-100000x{k}" for m in benchmark.DRIVES for k in (100, 500, 1000)}
    learning = {f"learning-{n}x{k}-{name}" for n, k in benchmark.LEARNING_SIZES for name in benchmark.LEARNING}
    assert on_device - on_cpu == large | learning | {"izhikevich-1000000x1000", "microcircuit-77169"}


def test_networks_that_learn_are_measured_beside_the_same_that_does_not():
    cases = benchmark.cases_of(benchmark.parse(["--learning", "--quick"]), CPU, False)
    static, *others = (case.core for case in cases)
    assert make_plan(static, 1).learning is None
    for core in others:
        assert make_plan(core, 1).learning is not None
        off = {name: False for rules in benchmark.LEARNING.values() for name in rules}
        assert core.changed(**off) == static
    quick = [case.name for case in benchmark.cases_of(benchmark.parse(["--quick"]), CPU, True)]
    assert quick == [f"izhikevich-{n}x{k}" for n in (1000, 10_000) for k in (100, 500)]


def test_weights_scale_so_that_the_total_input_does_not_depend_on_the_number_of_synapses():
    few, many = (benchmark.firing_network("IZHIKEVICH", 10_000, k) for k in (100, 1000))
    for name in ("excitatory_weight_nS", "inhibitory_weight_nS"):
        assert 100 * getattr(few, name) == pytest.approx(1000 * getattr(many, name))


def test_a_stretch_is_a_property_of_the_network():
    assert [benchmark.stretch_steps(1000, quick, False) for quick in (True, False)] == [1000, 5000]
    assert [benchmark.stretch_steps(n, False, False) for n in (50_000, 4_000_000)] == [1000, 400]
    assert benchmark.stretch_steps(1000, False, True) == benchmark.DEVICE_FACTOR * 5000


def test_a_network_that_does_not_fit_becomes_a_row_with_its_reason():
    cases = benchmark.sweep(["IZHIKEVICH"], [16_000_000], [20_000], CPU)
    [skipped] = benchmark.measure_all(cases, quick=True)
    assert "GB of memory" in skipped["reason"]
    assert "skipped" in benchmark.line_of(skipped)
    assert benchmark.document([skipped], True, {"backend": "CPU"})["results"] == []


def test_a_profile_can_be_measured_under_its_name():
    [case] = benchmark.cases_of(benchmark.parse(["--profile", "small-1000x100"]), CPU, False)
    assert case.name == "small-1000x100" and case.core.seed == benchmark.SEED


def test_comparison_gives_the_ratio_of_each_row_and_names_regressions():
    before = results(row("a", 100.0), row("b", 100.0), row("c", 100.0))
    now = results(row("a", 90.0), row("b", 114.0), row("c", 116.0), row("new", 1.0))
    lines, slower = benchmark.compare(now, before, 0.15)
    assert slower == ["c"]
    assert [word in line for word, line in zip(("0.900", "1.140", "REGRESSION", "not in the baseline"), lines,
                                                strict=True)] == [True] * 4
    assert "REGRESSION" not in "".join(lines[:2])


def test_comparison_says_when_the_network_or_the_machine_is_another():
    lines, _ = benchmark.compare(results(row(rate=8.0), backend="CUDA, X"), results(row(rate=4.0)), 0.15)
    assert "compare machines" in lines[0] and "rate_hz was 4, is 8" in lines[1]


@pytest.mark.parametrize("content", [
    "", "{}", "[]", '{"results": []}', '{"results": 5, "system_info": {}}', '{"results": [{}], "system_info": {}}',
    '{"results": [{"name": "a", "step_us_p50": 0}], "system_info": {}}'])
def test_a_file_that_is_no_result_is_refused_in_one_sentence(tmp_path, content):
    path = tmp_path / "results.json"
    path.write_text(content)
    with pytest.raises(FileFormatError, match="is not a result file"):
        benchmark.read_results(path)


def test_the_command_measures_writes_and_compares(tmp_path, capsys):
    output = tmp_path / "deep" / "results.json"
    arguments = ["--quick", "--backend", "cpu", "--neurons", "200", "--connections", "20", "--output", str(output)]
    assert benchmark.main(arguments) == 0
    document = json.loads(output.read_text())
    assert document["benchmark_version"] == "1.0" and document["system_info"]["backend"] == "CPU, 1 thread"
    assert {"processor", "python", "numpy", "numba"} <= set(document["system_info"])
    [measured] = document["results"]
    assert measured["name"] == "izhikevich-200x20"
    printed = capsys.readouterr().out
    assert "izhikevich-200x20" in printed and "rate Hz" in printed

    for p50, code in ((measured["step_us_p50"] * 100, 0), (measured["step_us_p50"] / 100, 1)):
        baseline = tmp_path / "baseline.json"
        baseline.write_text(json.dumps({**document, "results": [{**measured, "step_us_p50": p50}]}))
        assert benchmark.main([*arguments, "--compare", str(baseline)]) == code
    assert "1 of 1 rows" in capsys.readouterr().out


def test_bad_arguments_are_one_sentence_and_exit_code_2(tmp_path, capsys):
    assert benchmark.main(["--compare", str(tmp_path / "missing.json")]) == 2
    assert benchmark.main(["--profile", "no-such-profile"]) == 2
    assert measure_files.main(["--connections", "-3"]) == 2
    errors = capsys.readouterr().err.splitlines()
    assert len(errors) == 3 and all(line.startswith("benchmark.py: ") for line in errors)
    with pytest.raises(SystemExit) as ended:
        benchmark.main(["--backend", "abacus"])
    assert ended.value.code == 2


def test_the_script_runs_from_another_directory(tmp_path):
    ran = subprocess.run([sys.executable, str(ROOT / "benchmark.py"), "--help"], cwd=tmp_path, capture_output=True,
                         text=True)
    assert ran.returncode == 0 and "--compare" in ran.stdout


def test_every_result_file_in_the_repository_can_be_read():
    others = ("files-", "model-costs-", "viewer-")          # numbers of other measurements
    found = [path for path in (ROOT / "benchmarks").glob("*.json") if not path.name.startswith(others)]
    assert len(found) >= 2
    for path in found:
        content = benchmark.read_results(path)
        assert all(set(row) >= COLUMNS for row in content["results"])


def test_a_profile_of_a_structure_is_measured(monkeypatch):
    monkeypatch.setattr(benchmark, "stretch_steps", lambda *_: 40)
    core = benchmark.profile_cases(["microcircuit-77169"], CPU)[0].core
    measured = benchmark.measure(benchmark.Case("small", core.changed(num_neurons=400), CPU), quick=True)
    assert measured["num_neurons"] == 400 and measured["rate_hz"] > 0.0
