"""Auto-tune: the search, what counts as alive, resuming, and that the shipped values bring their networks alive."""

from __future__ import annotations

import argparse
import math
from io import StringIO

import pytest
from rich.console import Console

from neural_simulator.base.errors import SimulatorError
from neural_simulator.config import CoreSimConfig, drive_scale_field, model_defaults
from neural_simulator.files.overrides import read_overrides
from neural_simulator.tools import auto_tune
from neural_simulator.tools.auto_tune import Settings, Trial, judge, search, tune
from neural_simulator.tools.metrics import Activity, PopulationActivity

SHORT = Settings(settle_ms=100.0, measure_ms=300.0, backend="cpu")


def active(rate_hz: float, synchrony: float = 0.0, excitatory: bool = True) -> Activity:
    population = PopulationActivity(rate_hz, synchrony, excitatory)
    return Activity(rate_hz, 1.0, 1.0, synchrony, 1.0, 100.0, {"P": population})


# ---- what is alive
@pytest.mark.parametrize(("rate", "direction"), [(0.0, -1), (0.2, -1), (0.31, 0), (5.0, 0), (19.0, 0), (21.0, 1)])
def test_rates_outside_the_band_say_which_way_to_go(rate, direction):
    assert math.copysign(1, judge(CoreSimConfig(), 1.0, active(rate)).distance or 0.0) * bool(direction) == direction


def test_a_locked_population_is_not_alive_and_the_reason_names_it():
    trial = judge(CoreSimConfig(), 1.0, active(5.0, synchrony=0.6))
    assert trial.distance > 0.0 and "P is locked" in trial.reason
    assert "0.1 Hz" in judge(CoreSimConfig(), 1.0, active(0.1)).reason


# ---- the search
def threshold(scale_where_alive: float, width: float = 1.1):
    """Trials of a network that is alive only near one scale; counts them."""
    scales = []

    def trial(scale: float) -> Trial:
        scale = min(max(scale, 0.1), 8.0)
        scales.append(scale)
        ratio = scale / scale_where_alive
        return Trial(scale, active(1.0), 0.0 if 1 / width <= ratio <= width else math.log2(ratio), "off")

    return trial, scales


@pytest.mark.parametrize("where", [1.0, 0.12, 0.3, 1.7, 3.3, 7.9])
def test_the_search_finds_a_narrow_band_in_few_trials(where):
    trial, scales = threshold(where)
    assert search(trial, 0.1, 8.0).distance == 0.0
    assert len(scales) <= 10
    assert (len(scales) == 1) == (where == 1.0), "the published drive is kept where it is alive"


@pytest.mark.parametrize("where", [0.01, 100.0])
def test_a_band_beyond_the_range_ends_at_its_edge(where):
    trial, scales = threshold(where)
    best = search(trial, 0.1, 8.0)
    assert best.distance != 0.0 and best.scale == (0.1 if where < 1 else 8.0)
    assert len(scales) <= 6


# ---- real networks
def weakly_driven() -> CoreSimConfig:
    core = CoreSimConfig(**model_defaults("ADEX")).changed(num_neurons=200, connections_per_neuron=20, seed=5)
    return core.changed(background_rate_Hz=0.25 * core.background_rate_Hz, excitatory_weight_nS=0.1)


def test_a_silent_network_is_brought_alive_and_twice_the_same():
    core = weakly_driven()
    first = judge(core, 1.0, auto_tune.measure(core, auto_tune.GPUConfig(backend="cpu"), 100.0, 300.0))
    assert first.distance < 0.0, "it begins below its band"
    tuned = tune(core, SHORT)
    assert tuned.scale is not None and tuned.scale > 1.0
    assert 0.3 <= tuned.metrics["populations"]["Excitatory 0 (RS)"]["rate_hz"] <= 20.0
    assert tune(core, SHORT) == tuned


def test_a_network_that_cannot_live_says_why():
    tuned = tune(weakly_driven().changed(background_rate_Hz=0.0, external_current_pA=0.0), SHORT)
    assert tuned.scale is None and "fires at 0 Hz" in tuned.reason


# ---- the command
@pytest.fixture
def few(monkeypatch):
    """Three small combinations in place of all."""
    core = weakly_driven()
    networks = {f"ADEX|GENERIC_UNSTRUCTURED|{k}": core.changed(seed=k) for k in (1, 2, 3)}
    monkeypatch.setattr(auto_tune, "combinations", lambda quick=False: networks)


def options(tmp_path, name="tuned.json", **values):
    given = {"quick": False, "only": None, "fresh": False, "jobs": 1, "scheduler": None, "backend": "cpu", **values}
    return argparse.Namespace(output=tmp_path / name, **given)


def run(given, text=None):
    return auto_tune.run(given, Console(file=text or StringIO()), SHORT)


def test_the_file_does_not_depend_on_the_number_of_processes_and_is_not_made_twice(few, tmp_path):
    assert run(options(tmp_path)) == 0
    run(options(tmp_path, "again.json", jobs=2))
    assert (tmp_path / "tuned.json").read_bytes() == (tmp_path / "again.json").read_bytes()
    text = StringIO()
    run(options(tmp_path), text)
    assert "3 of 3 combinations are tuned already" in text.getvalue()


def test_an_interrupted_run_keeps_what_is_done_and_goes_on(few, tmp_path, monkeypatch):
    done = []

    def interrupted(core, settings):
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(core.seed)
        return tune(core, settings)

    monkeypatch.setattr(auto_tune, "tune", interrupted)
    assert run(options(tmp_path)) == 130
    assert len(read_overrides(tmp_path / "tuned.json")) == 2
    monkeypatch.setattr(auto_tune, "tune", tune)
    assert run(options(tmp_path)) == 0
    assert len(read_overrides(tmp_path / "tuned.json")) == 3
    run(options(tmp_path, "whole.json"))
    assert (tmp_path / "tuned.json").read_bytes() == (tmp_path / "whole.json").read_bytes()


def test_a_pattern_chooses_combinations_and_a_wrong_one_is_one_sentence(few, tmp_path):
    run(options(tmp_path, only=["*|3"]))
    assert list(read_overrides(tmp_path / "tuned.json")) == ["ADEX|GENERIC_UNSTRUCTURED|3"]
    with pytest.raises(SimulatorError, match="matches no combination"):
        run(options(tmp_path, only=["nothing"]))


def test_every_combination_is_a_network_that_can_be_planned():
    from neural_simulator.network.plan import make_plan
    networks = auto_tune.combinations()
    assert len({core.seed for core in networks.values()}) == len(networks) > 20
    for core in networks.values():
        assert drive_scale_field(core.neuron_model_type.value)
        assert make_plan(core, core.seed).num_neurons == core.num_neurons


# ---- what is shipped
SHIPPED = read_overrides()


def test_the_shipped_file_knows_every_combination():
    networks = auto_tune.combinations()
    assert set(SHIPPED) == set(networks)
    for key, tuned in SHIPPED.items():
        assert tuned.seed == networks[key].seed and tuned.num_neurons == networks[key].num_neurons
        assert (tuned.scale is None) == bool(tuned.reason)
    assert sum(tuned.scale is not None for tuned in SHIPPED.values()) >= 20


@pytest.mark.parametrize("key", ["ADEX|GENERIC_UNSTRUCTURED|NONE", "ADEX|BASAL_GANGLIA_STN_GPE|NONE"])
def test_a_shipped_value_is_found_again(key):
    tuned = tune(auto_tune.combinations()[key], Settings(backend="cpu"))
    assert tuned.scale == SHIPPED[key].scale is not None
    assert tuned.metrics == SHIPPED[key].metrics


@pytest.mark.slow
@pytest.mark.phenomena
@pytest.mark.parametrize("key", [key for key, tuned in SHIPPED.items() if tuned.scale is not None])
def test_every_shipped_value_brings_its_network_alive(key):
    core = auto_tune.combinations()[key]
    core = core.changed(**{drive_scale_field(core.neuron_model_type.value): SHIPPED[key].scale})
    structure = auto_tune.STRUCTURES[core.neural_structure_profile]
    found = auto_tune.measure(core, auto_tune.GPUConfig(backend="cpu", num_threads=1), 300.0, structure.look_ms)
    assert judge(core, SHIPPED[key].scale, found).distance == 0.0


def test_tuning_one_combination_afresh_keeps_the_others(few, tmp_path):
    run(options(tmp_path))
    before = read_overrides(tmp_path / "tuned.json")
    text = StringIO()
    run(options(tmp_path, fresh=True, only=["*|3"]), text)
    assert "1 of 1 networks" in text.getvalue() and "already" not in text.getvalue()
    assert read_overrides(tmp_path / "tuned.json") == before
