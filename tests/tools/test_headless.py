"""A run without windows: what it writes, what it prints, and what an interruption leaves."""

from __future__ import annotations

import io
import re
import signal
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from neural_simulator.base.errors import ConfigurationError, FileFormatError
from neural_simulator.config import CoreSimConfig, GPUConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.files.profiles import Profile
from neural_simulator.files.recordings import Recording
from neural_simulator.tools import headless

CORE = CoreSimConfig(num_neurons=200, connections_per_neuron=20, seed=7)
PROFILE = Profile(CORE, device=GPUConfig(backend="cpu"), name="tiny")


def run(**given) -> tuple[int, str]:
    """Run the tiny profile and return the exit code and what was printed."""
    out = Console(file=io.StringIO(), width=200)
    return headless.run(PROFILE, out=out, **given), out.file.getvalue()


def test_a_run_records_exactly_what_the_simulation_does(tmp_path):
    code, _ = run(duration_ms=500.0, record=tmp_path / "a.simrec.h5")
    sim = Simulation(CORE, GPUConfig(backend="cpu"))
    expected = sim.step(500)
    sim.close()
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        steps, ids = recording.spikes()
        probes, (trace_steps, v) = recording.probes, recording.traces()
    assert code == 0
    assert ids.size > 50
    assert np.array_equal(steps, expected.spike_steps) and np.array_equal(ids, expected.spike_ids)
    assert len(probes) == 2 and v.shape == (500, 2) and trace_steps[0] == 0
    assert np.ptp(v, axis=0).min() > 5.0, "both traced cells move"


def test_a_picture_lies_beside_the_recording(tmp_path):
    run(duration_ms=300.0, record=tmp_path / "a.simrec.h5")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "a.simrec.h5"]


@pytest.mark.parametrize("name, picture", [
    ("a.simrec.h5", "a.png"), ("b.h5", "b.png"), ("c", "c.png"), ("d.1.simrec.h5", "d.1.png")])
def test_the_picture_is_named_after_the_recording(tmp_path, name, picture):
    assert headless.picture_of(tmp_path / name) == tmp_path / picture


def test_the_summary_holds_rates_times_memory_and_files(tmp_path):
    _, said = run(duration_ms=400.0, record=tmp_path / "a.simrec.h5")
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        _, ids = recording.spikes()
        first = recording.populations[0]
    rate = np.count_nonzero(ids < first.stop) / (first.size * 0.4)
    line = next(line for line in said.splitlines() if first.name in line)
    assert f"{rate:.2f}" in line and rate > 0
    assert "0.4 s in 400 steps of 1 ms" in said
    assert f"Spikes         {ids.size:,}" in said
    assert "seed 7" in said and "real-time factor" in said and "MB network and state" in said
    assert str(tmp_path / "a.simrec.h5") in said and str(tmp_path / "a.png") in said


def test_the_summary_says_what_was_learned_where_something_can():
    core = CORE.changed(enable_stdp=True, enable_structural_plasticity=True, structural_interval_ms=50.0,
                        structural_weight_threshold=10.0, structural_elimination=0.1)
    out = Console(file=io.StringIO(), width=200)
    headless.run(replace(PROFILE, core=core), 300.0, out=out)
    number = r"([\d,]+)"
    told = re.search(f"Learned +weights rose {number} times and fell {number} times; {number} synapses formed, "
                     f"{number} vanished", out.file.getvalue())
    assert told and all(int(count.replace(",", "")) > 50 for count in told.groups())
    assert "Learned" not in run(duration_ms=20.0)[1]


def test_without_a_recording_nothing_is_written(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code, said = run(duration_ms=100.0)
    assert code == 0 and "Written" not in said
    assert list(tmp_path.iterdir()) == []


def test_the_profiles_own_total_time_is_the_default():
    short = replace(PROFILE, core=CORE.changed(total_simulation_time_ms=150.0))
    out = Console(file=io.StringIO(), width=200)
    headless.run(short, out=out)
    assert "0.15 s in 150 steps" in out.file.getvalue()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_keeps_what_was_simulated(tmp_path, monkeypatch, number):
    taken = []

    def take_then_stop(sim, steps, sizer, outcome, take=headless.take):
        taken.append(steps)
        if len(taken) == 5:
            signal.raise_signal(number)
        return take(sim, steps, sizer, outcome)

    monkeypatch.setattr(headless, "take", take_then_stop)
    before = signal.getsignal(number)
    code, said = run(duration_ms=1e6, record=tmp_path / "a.simrec.h5")
    assert code == headless.INTERRUPTED
    assert "(interrupted)" in said
    assert signal.getsignal(number) is before
    with Recording.open(tmp_path / "a.simrec.h5") as recording:
        assert recording.num_steps == sum(taken)
        assert recording.complete


def test_less_than_a_step_is_refused_before_anything_is_built(monkeypatch):
    monkeypatch.setattr(headless, "build", None)
    with pytest.raises(ConfigurationError, match="The duration is 0.5 ms, but one step is 1 ms"):
        run(duration_ms=0.5)


def test_an_existing_recording_is_not_overwritten(tmp_path):
    (tmp_path / "a.simrec.h5").write_text("precious")
    with pytest.raises(FileFormatError, match="exists already"):
        run(duration_ms=100.0, record=tmp_path / "a.simrec.h5")
    assert (tmp_path / "a.simrec.h5").read_text() == "precious"
