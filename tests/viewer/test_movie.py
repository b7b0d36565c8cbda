"""Pictures and movies on disk."""

from dataclasses import replace

import imageio.v2 as imageio
import numpy as np
import pytest
from PIL import Image

from neural_simulator.base.errors import ConfigurationError, FileFormatError
from neural_simulator.config import CoreSimConfig, GPUConfig, VisualizationConfig
from neural_simulator.engine.simulation import Simulation
from neural_simulator.viewer import movie
from neural_simulator.viewer.camera import Camera
from neural_simulator.viewer.filming import Film, Plan
from neural_simulator.viewer.movie import LONGEST_STILL, Movie, Take, save_png
from tests.viewer.samples import cloud, frame


def grey(value, size=(48, 64)) -> np.ndarray:
    return np.full((*size, 3), value, np.uint8)


@pytest.mark.parametrize("suffix", [".mp4", ".gif"])
def test_a_movie_holds_its_pictures_in_order(tmp_path, suffix):
    film = Movie(tmp_path / f"m{suffix}", 25.0)
    for value in (10, 120, 240):
        film.add(grey(value))
    assert not film.path.exists(), "it bears its name when it is complete"
    film.close()
    found = [float(np.asarray(picture).mean()) for picture in imageio.get_reader(film.path)]
    assert found == pytest.approx([10, 120, 240], abs=6)
    assert list(tmp_path.iterdir()) == [film.path]


def test_odd_sides_lose_a_row_and_other_sizes_are_refused(tmp_path):
    film = Movie(tmp_path / "m.mp4", 25.0)
    film.add(grey(90, (49, 65)))
    with pytest.raises(FileFormatError, match="64 x 48"):
        film.add(grey(90, (60, 64)))
    film.close()
    assert np.asarray(imageio.get_reader(film.path).get_data(0)).shape == (48, 64, 3)


def test_a_movie_without_pictures_or_given_up_leaves_no_file(tmp_path):
    Movie(tmp_path / "none.mp4", 25.0).close()
    film = Movie(tmp_path / "given_up.mp4", 25.0)
    film.add(grey(5))
    film.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("name", "part"), [("m.avi", "must end in .mp4 or .gif"), ("no/m.mp4", "does not exist")])
def test_an_impossible_movie_is_one_sentence(tmp_path, name, part):
    with pytest.raises(FileFormatError, match=part):
        Movie(tmp_path / name, 25.0)


def test_a_picture_is_saved_with_its_transparency(tmp_path):
    pixels = np.dstack([grey(70), np.arange(48 * 64, dtype=np.uint8).reshape(48, 64)])
    save_png(pixels, tmp_path / "p.png")
    assert np.array_equal(np.asarray(Image.open(tmp_path / "p.png")), pixels)
    with pytest.raises(FileFormatError, match="cannot be written"):
        save_png(pixels, tmp_path / "no" / "p.png")


def test_new_names_do_not_collide(tmp_path, monkeypatch):
    monkeypatch.setattr(movie, "PICTURES", tmp_path)
    for _ in range(3):
        movie.new_path(".png").touch()
    assert len(list(tmp_path.iterdir())) == 3


def test_a_take_keeps_the_pace_of_simulated_time(tmp_path):
    take, view = Take(tmp_path / "m.mp4"), cloud(5)
    counts = []
    for step in (1000, 1000, 1010, 1017, 1034, 1234, 100, 134):
        due = take.due(replace(frame(view), step=step, time_ms=float(step)))
        take.movie.count += due
        counts.append(due)
    assert counts == [1, 0, 0, 0, 1, 6, 1, 1], "30 pictures per simulated second; a rewound run goes on in the movie"
    assert take.due(replace(frame(view), time_ms=1e9)) == LONGEST_STILL


class Canvas:
    """Stands in for the off-screen viewer: a picture whose grey is the step."""

    def __init__(self):
        self.camera, self.shown, self.closed = Camera(), [], False

    def render(self, shown, width, height, **how):
        self.shown.append(shown)
        return grey(shown.frame.step % 256, (height, width))

    def close(self):
        self.closed = True


def test_a_film_shows_the_run_at_even_distances_of_simulated_time(tmp_path):
    canvas = Canvas()
    core = CoreSimConfig(num_neurons=60, connections_per_neuron=5, seed=1, background_rate_Hz=900.0,
                         connection_length_um=1e6)
    sim = Simulation(core, GPUConfig(backend="cpu"))
    film = Film(Plan(tmp_path / "m.gif", 20.0, 60.0, 0.1, 30.0, (64, 48)), VisualizationConfig(), lambda: canvas)
    film.begin(sim)
    while (left := film.steps_left()) is not None:
        film.saw(sim.step(left))
    assert film.close() == tmp_path / "m.gif" and canvas.closed
    steps = [shown.frame.step for shown in canvas.shown]
    fractions = [shown.fraction for shown in canvas.shown]
    times = np.array(steps) + np.array(fractions)
    assert times == pytest.approx(20.0 + np.arange(13) * 100.0 / 30.0) and len(steps) == 13
    assert all(shown.frame.total_spikes > 0 for shown in canvas.shown[3:]) and canvas.shown[-1].frame.v.std() > 0.1
    sim.close()


@pytest.mark.parametrize("plan", [Plan(None, 5.0, 5.0), Plan(None, -1.0, 5.0), Plan(None, speed=0.0)])
def test_an_impossible_plan_is_refused(plan):
    with pytest.raises(ConfigurationError):
        plan.check()
