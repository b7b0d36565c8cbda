"""Exports: what is written is what was recorded, read back by the programs it is meant for."""

import csv

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from neural_simulator.base.errors import FileFormatError
from neural_simulator.config import CoreSimConfig
from neural_simulator.files.exporters import EXPORTERS
from neural_simulator.files.recordings import Recording
from tests.files.samples import CORE, NEURONS, POPULATIONS, PROBES, expected, facts, record, recorder


def exported(key, tmp_path):
    """Export the sample recording and return the path."""
    path = tmp_path / f"a{EXPORTERS[key].suffix}"
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording:
        EXPORTERS[key].write(recording, path)
    return path


def test_csv_holds_every_spike_once_in_order(tmp_path):
    with open(exported("spikes_csv", tmp_path), encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    steps, ids, _, _ = expected(5)
    assert_array_equal([int(row["step"]) for row in rows], steps)
    assert_array_equal([int(row["neuron"]) for row in rows], ids)
    assert_array_equal([float(row["time_ms"]) for row in rows], steps * CORE.dt_ms)
    assert [row["population"] for row in rows] == [POPULATIONS[0 if neuron < 80 else 1].name for neuron in ids]
    assert {row["population"] for row in rows} == {"Erregend, \"E\"", "I"}


def test_npz_holds_spikes_traces_and_network_without_pickles(tmp_path):
    steps, ids, trace_steps, traces = expected(5)
    with np.load(exported("spikes_npz", tmp_path), allow_pickle=False) as data:
        for name, want in (("spike_steps", steps), ("spike_ids", ids), ("spike_times_ms", steps * CORE.dt_ms),
                           ("trace_steps", trace_steps), ("trace_v_mV", traces), ("trace_ids", PROBES),
                           ("positions_um", facts().positions), ("population_names", ["Erregend, \"E\"", "I"]),
                           ("population_starts", [0, 80]), ("population_stops", [80, NEURONS]),
                           ("population_excitatory", [True, False])):
            assert_array_equal(data[name], want)
        assert (int(data["seed"]), float(data["dt_ms"]), int(data["first_step"]), int(data["num_steps"])) == (
            42, CORE.dt_ms, 0, 50)
        assert CoreSimConfig.model_validate_json(str(data["core_json"])) == CORE


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_exporter_writes_a_recording_without_spikes(tmp_path, key):
    path = tmp_path / "silent.simrec.h5"
    recorder(path).close()
    with Recording.open(path) as recording:
        EXPORTERS[key].write(recording, tmp_path / "out")
    assert (tmp_path / "out").stat().st_size > 0


@pytest.mark.parametrize("key", EXPORTERS)
def test_every_exporter_says_in_one_sentence_that_it_cannot_write(tmp_path, key):
    sentence = "out cannot be written: no such file or directory"
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording, pytest.raises(FileFormatError, match=sentence):
        EXPORTERS[key].write(recording, tmp_path / "missing" / "out")


def test_the_table_is_keyed_by_its_members_own_keys_and_endings_differ():
    assert all(key == exporter.key for key, exporter in EXPORTERS.items())
    assert len({exporter.suffix for exporter in EXPORTERS.values()}) == len(EXPORTERS)
    assert len({exporter.label for exporter in EXPORTERS.values()}) == len(EXPORTERS)
