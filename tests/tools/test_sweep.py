"""Sweeps: points, table, picture, processes and a cluster; every way of running gives the same table."""

from __future__ import annotations

import argparse
import csv
import json
import os
import signal

import pytest

from neural_simulator.base.errors import BackendError, FileFormatError, SimulatorError
from neural_simulator.tools import sweep, tasks

SMALL = {"profile": "small-1000x100", "vary": {"excitatory_weight_nS": [0.2, 1.5], "inhibitory_weight_nS": [1.0, 4.0]},
         "seeds": [3], "settle_ms": 50, "measure_ms": 150}


def options(path, **values):
    given = {"sweep": path, "output": None, "backend": "cpu", "jobs": 1, "scheduler": None, **values}
    return argparse.Namespace(**given)


def written(folder, name="s.json", **changes):
    path = folder / name
    path.write_text(json.dumps({**SMALL, **changes}))
    return path


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def test_a_grid_has_a_row_per_combination_and_seed_and_a_picture(tmp_path):
    assert sweep.run(options(written(tmp_path, seeds=[3, 4]))) == 0
    rows = rows_of(tmp_path / "s.csv")
    assert len(rows) == 8 and {row["seed"] for row in rows} == {"3", "4"}
    weak = [float(r["rate_hz"]) for r in rows
            if r["excitatory_weight_nS"] == "0.2" and r["inhibitory_weight_nS"] == "4.0"]
    strong = [float(r["rate_hz"]) for r in rows
              if r["excitatory_weight_nS"] == "1.5" and r["inhibitory_weight_nS"] == "1.0"]
    assert min(strong) > max(weak) > 0.0, "the network answers to what is varied"
    assert (tmp_path / "s.png").stat().st_size > 10_000


def test_processes_give_the_same_table(tmp_path):
    path = written(tmp_path)
    sweep.run(options(path, output=tmp_path / "one.csv"))
    sweep.run(options(path, output=tmp_path / "two.csv", jobs=2))
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()


@pytest.mark.parametrize("method", ["random", "sobol"])
def test_drawn_points_lie_in_their_ranges_and_are_the_same_again(tmp_path, method):
    vary = {"excitatory_weight_nS": {"from": 0.1, "to": 10.0, "spacing": "log"},
            "background_rate_Hz": {"from": 100.0, "to": 300.0}, "num_neurons": [500, 600]}
    plan = sweep.read_sweep(written(tmp_path, vary=vary, method=method, samples=64))
    drawn = sweep.points(plan)
    assert drawn == sweep.points(plan) and len(drawn) == 64
    assert all(0.1 <= p["excitatory_weight_nS"] <= 10.0 and 100.0 <= p["background_rate_Hz"] <= 300.0 for p in drawn)
    assert 24 <= sum(p["excitatory_weight_nS"] < 1.0 for p in drawn) <= 40, "half of a logarithmic range"
    assert {p["num_neurons"] for p in drawn} == {500, 600}


@pytest.mark.parametrize(("changes", "words"), [
    ({"vary": {"no_such": [1]}}, "no_such"),
    ({"vary": {}}, "vary"),
    ({"vary": {"excitatory_weight_nS": {"from": 0.0, "to": 1.0, "spacing": "log"}}}, "above 0"),
    ({"method": "magic"}, "method"),
    ({"more": 1}, "more"),
])
def test_a_bad_sweep_is_one_sentence(tmp_path, changes, words):
    with pytest.raises(FileFormatError, match=words):
        sweep.read_sweep(written(tmp_path, **changes))


def test_a_value_out_of_range_is_found_before_anything_runs(tmp_path):
    with pytest.raises(SimulatorError, match="excitatory_weight_nS"):
        sweep.configurations(sweep.read_sweep(written(tmp_path, vary={"excitatory_weight_nS": [1.0, -3.0]})))


def test_a_cluster_that_does_not_answer_is_one_sentence(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr(tasks, "ANSWER_S", 0.5)
    with pytest.raises(BackendError, match="does not answer"):
        list(tasks.run_all(os.getpid, {"one": ()}, scheduler="tcp://127.0.0.1:1"))


def test_a_sweep_on_a_cluster_that_loses_a_worker_gives_the_same_table(tmp_path, monkeypatch):
    distributed = pytest.importorskip("distributed")
    path = written(tmp_path, seeds=[3, 4])
    sweep.run(options(path, output=tmp_path / "alone.csv"))
    lost: list[int] = []
    with distributed.LocalCluster(n_workers=3, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        with distributed.Client(cluster) as client:
            workers = list(client.run(os.getpid).values())
        row_of = sweep.row_of

        def row_of_then_kill(values, activity):
            if not lost:
                lost.append(workers[0])
                os.kill(workers[0], signal.SIGKILL)
            return row_of(values, activity)

        monkeypatch.setattr(sweep, "row_of", row_of_then_kill)
        assert sweep.run(options(path, output=tmp_path / "spread.csv", scheduler=cluster.scheduler_address)) == 0
    assert lost and len(set(workers)) == 3
    rows = rows_of(tmp_path / "spread.csv")
    assert len(rows) == 8 and all(float(row["rate_hz"]) > 0.0 for row in rows)
    assert (tmp_path / "spread.csv").read_bytes() == (tmp_path / "alone.csv").read_bytes()
