"""The overview picture: drawn without a window, from what was recorded."""

import subprocess
import sys

import numpy as np
import pytest
from matplotlib.image import imread

from neural_simulator.base.errors import FileFormatError
from neural_simulator.base.palette import population_color
from neural_simulator.base.paths import ROOT
from neural_simulator.files.checkpoints import Origin
from neural_simulator.files.figure import DPI, RASTER_ROWS, SIZE_INCH, overview, save_overview
from neural_simulator.files.recording_writer import RecordingWriter
from neural_simulator.files.recordings import Recording, RecordingFacts
from tests.files.samples import BATCH_STEPS, CORE, POPULATIONS, PROBES, add, expected, record, recorder


@pytest.fixture
def figure(tmp_path):
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording:
        yield overview(recording)


def axes_by_label(figure) -> dict:
    return {axis.get_ylabel(): axis for axis in figure.axes}


def words(figure) -> str:
    return " ".join(text.get_text() for text in figure.texts)


def test_the_raster_holds_every_spike(figure):
    steps, ids, _, _ = expected(5)
    drawn = np.concatenate([line.get_xydata() for line in axes_by_label(figure)["neuron"].lines])
    want = np.column_stack([steps * CORE.dt_ms, ids])
    assert np.array_equal(sorted(map(tuple, drawn)), sorted(map(tuple, want)))


def test_the_rates_add_up_to_the_spikes(figure):
    steps, ids, _, _ = expected(5)
    for patch, population in zip(axes_by_label(figure)["rate (Hz)"].patches, POPULATIONS, strict=True):
        rate, edges, _ = patch.get_data()
        seconds = np.diff(edges) / 1000.0
        own = np.count_nonzero((ids >= population.start) & (ids < population.stop))
        assert own > 0 and np.sum(rate * seconds) * population.size == pytest.approx(own)


def test_the_traces_are_the_recorded_ones_with_their_neurons_spikes(figure):
    steps, ids, trace_steps, traces = expected(5)
    axes = [axis for axis in figure.axes if axis.get_ylabel() == "v (mV)"]
    assert len(axes) == len(PROBES)
    for column, axis in enumerate(axes):
        assert np.array_equal(axis.lines[0].get_xdata(), trace_steps * CORE.dt_ms)
        assert np.array_equal(axis.lines[0].get_ydata(), traces[:, column])
        assert np.array_equal(axis.lines[1].get_xdata(), steps[ids == PROBES[column]] * CORE.dt_ms)


def test_title_legend_and_axes_say_what_is_seen_with_units(figure):
    assert "100 neurons, 1,234 synapses, mean rate 200.00 Hz" in words(figure)
    assert "seed 42" in words(figure) and "CPU, 1 thread" in words(figure)
    entries = [text.get_text() for text in figure.legends[0].get_texts()]
    assert len(entries) == 2 and entries[1].startswith("I: 20 neurons, ") and entries[1].endswith(" Hz")
    space = next(axis for axis in figure.axes if axis.name == "3d")
    assert (space.get_xlabel(), space.get_ylabel(), space.get_zlabel()) == ("z (µm)", "x (µm)", "y (µm)")
    assert "time (ms)" in {axis.get_xlabel() for axis in figure.axes}


def test_the_busiest_neurons_are_the_largest_points_of_the_3d_view(figure):
    space = next(axis for axis in figure.axes if axis.name == "3d")
    sizes = space.collections[0]._sizes3d
    counts = np.bincount(expected(5)[1], minlength=100)
    assert len(sizes) == 100 and counts.max() > counts.min()
    assert sizes[counts == counts.max()].min() > sizes[counts == counts.min()].max()


def test_the_picture_is_saved_in_the_populations_colours(tmp_path):
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording:
        save_overview(recording, tmp_path / "a.png")
    pixels = imread(tmp_path / "a.png")[..., :3]
    assert pixels.shape[:2] == (SIZE_INCH[1] * DPI, SIZE_INCH[0] * DPI)
    for index in range(len(POPULATIONS)):
        assert (np.abs(pixels - population_color(index)).max(axis=2) < 0.05).sum() > 200
    assert 0.8 < (pixels > 0.95).all(axis=2).mean() < 0.99


def test_of_many_neurons_an_even_sample_is_drawn_and_said_to_be(tmp_path):
    path, neurons = tmp_path / "a.simrec.h5", 5 * RASTER_ROWS
    population = POPULATIONS[0]
    network = RecordingFacts((type(population)(**{**vars(population), "stop": neurons}),),
                             np.random.default_rng(1).normal(0, 100, (neurons, 3)), Origin(CORE, 1, ""))
    with RecordingWriter(path, network) as file:
        file.append(np.zeros(neurons), np.arange(neurons), 0, 30_000)
    with Recording.open(path) as recording:
        figure = overview(recording)
    raster = axes_by_label(figure)["neuron (1,000 of 5,000)"]
    assert not raster.lines[0].get_xdata().size            # the only spikes lie before the newest two seconds
    assert "drawn: 1,000 to 3,000 ms" in words(figure)


@pytest.mark.parametrize("batches", [0, 1])
def test_empty_and_very_short_recordings_are_drawn_too(tmp_path, batches):
    path = tmp_path / "a.simrec.h5"
    with recorder(path) as file:
        for number in range(batches):
            add(file, number)
    with Recording.open(path) as recording:
        save_overview(recording, tmp_path / "a.png")
        assert recording.num_steps == batches * BATCH_STEPS
    assert (tmp_path / "a.png").stat().st_size > 10_000


def test_a_picture_that_cannot_be_written_is_one_sentence(tmp_path):
    sentence = "cannot be written: no such file or directory"
    with Recording.open(record(tmp_path / "a.simrec.h5")) as recording, pytest.raises(FileFormatError, match=sentence):
        save_overview(recording, tmp_path / "missing" / "a.png")


def test_drawing_touches_no_global_state_of_the_plotting_library():
    code = "import sys, neural_simulator.files.figure; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0
