"""Charts in files: every format, with the very numbers."""

import csv
import queue
import threading
import time

import numpy as np
import pytest
from PIL import Image

from neural_simulator.app.background import Background
from neural_simulator.app.charts import FORMATS, Axes, Chart, Line, new_file, write
from neural_simulator.base.errors import FileFormatError

X = np.linspace(0.0, 1.0, 50)
CHARTS = (Chart(Axes("a", "Spikes", "Time (s)", "Neuron"), (Line("E", X, X * 3.0, (86, 180, 233), "points"),)),
          Chart(Axes("b", "Rates", "Time (s)", "Rate (Hz)"), (Line("E", X, X, (86, 180, 233)),
                                                              Line("I", X, 1.0 - X, (213, 94, 0), "stairs")),
                (0.0, 1.0), (0.0, 2.0)))


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_can_be_written(tmp_path, suffix):
    assert write(CHARTS, tmp_path / f"c.{suffix}").stat().st_size > 500


def test_the_picture_shows_the_lines_in_their_colours(tmp_path):
    picture = np.asarray(Image.open(write(CHARTS, tmp_path / "c.png")).convert("RGB")).astype(int)
    for color in ((86, 180, 233), (213, 94, 0)):
        assert (np.abs(picture - color).max(axis=2) < 30).sum() > 50


def test_the_table_has_every_point_exactly(tmp_path):
    with open(write(CHARTS, tmp_path / "c.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 150
    assert [float(row["y"]) for row in rows if row["series"] == "I"] == (1.0 - X).tolist()
    assert {row["y_label"] for row in rows if row["chart"] == "Rates"} == {"Rate (Hz)"}


def test_an_unknown_format_is_one_sentence(tmp_path):
    with pytest.raises(FileFormatError, match="choose one of .png, .svg, .csv"):
        write(CHARTS, tmp_path / "c.bmp")


def test_names_are_new(tmp_path):
    first = new_file("activity", "png", tmp_path)
    first.write_text("")
    assert new_file("activity", "png", tmp_path) != first


def test_x_and_y_must_have_the_same_length():
    with pytest.raises(ValueError, match="50 x values but 3 y values"):
        Line("E", X, np.zeros(3), (0, 0, 0))


def settled(background):
    end = time.monotonic() + 10.0
    while not background.tick():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_of_background_work_only_the_newest_counts():
    background, got, gate = Background(), [], threading.Event()
    background.do("a", gate.wait, got.append, got.append)
    for number in range(5):
        background.do("b", lambda number=number: number, got.append, got.append)
    assert background.busy("b")
    gate.set()
    settled(background)
    background.close()
    background.tick()
    assert got == [True, 4] and not background.busy("b")


def test_an_error_of_background_work_comes_to_the_main_thread():
    background, errors = Background(), queue.Queue()
    background.do("a", lambda: 1 / 0, pytest.fail, lambda error: errors.put((error, threading.current_thread())))
    settled(background)
    background.close()
    error, thread = errors.get_nowait()
    assert isinstance(error, ZeroDivisionError) and thread is threading.current_thread()
