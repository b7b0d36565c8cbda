"""The real window on a virtual screen, driven by synthetic key presses and drags of the X server."""

import importlib.util
import json
import os
import queue
import subprocess
import sys
import time
from pathlib import Path

import imageio.v2 as imageio
import numpy as np
import pytest
from Xlib import XK, X
from Xlib.display import Display
from Xlib.error import XError
from Xlib.ext import xtest
from Xlib.protocol.event import ClientMessage

from neural_simulator.app.desk import Desk
from neural_simulator.app.frames import Mailbox
from neural_simulator.base.errors import BackendError
from neural_simulator.viewer.camera import HOME_PITCH_DEG, HOME_YAW_DEG, Camera
from neural_simulator.viewer.colors import BACKGROUND

pytestmark = pytest.mark.gui
LEFT, RIGHT, WHEEL_UP = 1, 3, 4
PATIENCE_S = 30.0


class Driver:
    """Talks to window_app.py and to the X server."""

    def __init__(self) -> None:
        self.app = subprocess.Popen([sys.executable, str(Path(__file__).with_name("window_app.py"))],
                                    stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.display = Display()
        self.window = None

    def ask(self, do: str = "state", **values) -> dict:
        assert self.app.stdin is not None and self.app.stdout is not None
        print(json.dumps({"do": do, **values}), file=self.app.stdin, flush=True)
        line = self.app.stdout.readline()
        assert line, "the program has ended"
        return json.loads(line)

    def until(self, condition) -> dict:
        """Return the first state that fulfils `condition`."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            state = self.ask()
            if condition(state):
                return state
            time.sleep(0.02)
        raise AssertionError(f"waited in vain; the state is {state}")

    def open(self) -> None:
        before = self.ask()["pictures"]
        self.ask("open")
        self.until(lambda state: state["pictures"] > before)
        self.window = self.find(self.display.screen().root)
        self.window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self.display.sync()

    def find(self, above):
        """Return the viewer's X window below `above`, or None."""
        for child in above.query_tree().children:
            try:
                if "Network" in (child.get_wm_name() or ""):
                    return child
            except (XError, TypeError):
                continue
            if found := self.find(child):
                return found
        return None

    def key(self, name: str, *held: str) -> None:
        time.sleep(0.01)        # GLFW takes two presses of a key in the same millisecond for one
        codes = [self.display.keysym_to_keycode(XK.string_to_keysym(each)) for each in (*held, name)]
        for code in codes:
            xtest.fake_input(self.display, X.KeyPress, code)
        for code in reversed(codes):
            xtest.fake_input(self.display, X.KeyRelease, code)
        self.display.sync()

    def move(self, x: int, y: int) -> None:
        place = self.window.translate_coords(self.display.screen().root, 0, 0)
        xtest.fake_input(self.display, X.MotionNotify, x=x - place.x, y=y - place.y)
        self.display.sync()

    def button(self, number: int, pressed: bool) -> None:
        xtest.fake_input(self.display, X.ButtonPress if pressed else X.ButtonRelease, number)
        self.display.sync()

    def drag(self, number: int, start: tuple[int, int], end: tuple[int, int]) -> None:
        self.move(*start)
        self.button(number, True)
        self.move((start[0] + end[0]) // 2, (start[1] + end[1]) // 2)
        self.move(*end)
        self.button(number, False)

    def pixels(self) -> np.ndarray:
        """What the screen shows of the window, (height, width, 3) uint8."""
        place = self.window.get_geometry()
        image = self.window.get_image(0, 0, place.width, place.height, X.ZPixmap, 0xFFFFFFFF)
        return np.frombuffer(image.data, np.uint8).reshape(place.height, place.width, 4)[:, :, 2::-1]

    def close(self) -> None:
        try:
            self.ask("quit")
            assert self.app.wait(PATIENCE_S) == 0
        finally:
            self.app.kill()
            self.display.close()


@pytest.fixture(scope="module")
def program():
    """One process for all tests, which begin with `begin`; a new one takes the place of one that has ended."""
    running: list[Driver] = []

    def given() -> Driver:
        if running and running[0].app.poll() is not None:
            running.pop().display.close()
        if not running:
            running.append(Driver())
        return running[0]
    yield given
    for driver in running:
        driver.close()


@pytest.fixture
def driver(program):
    if not os.environ.get("DISPLAY"):
        pytest.skip("there is no X server")
    driver = program()
    driver.ask("begin")
    return driver


def settled(driver) -> dict:
    """Return the state once the newest picture shows everything (pictures have stopped)."""
    state = driver.ask()
    while True:
        time.sleep(0.3)
        after = driver.ask()
        if after["pictures"] == state["pictures"]:
            return after
        state = after


def lively(picture) -> int:
    """Number of pixels much lighter than the ground."""
    return int((picture.astype(int).max(axis=2) > 255 * max(BACKGROUND) + 60).sum())


def test_the_window_shows_the_network(driver):
    driver.open()
    settled(driver)
    picture = driver.pixels()
    assert picture.shape == (480, 640, 3)
    assert lively(picture) > 2000
    assert picture[2, 320] == pytest.approx(np.array(BACKGROUND) * 255, abs=1)


def test_keys_ask_for_the_actions_of_the_table(driver):
    driver.open()
    for name in ("n", "p", "space", "s", "F1", "r", "Escape"):
        driver.key(name)
    for name in ("s", "l"):
        driver.key(name, "Control_L")
    driver.key("n", "Shift_L")           # stands for nothing
    driver.key("q")
    driver.key("n")
    state = driver.until(lambda state: len(state["actions"]) >= 10)
    assert state["actions"] == ["toggle_synapses", "pause", "pause", "step", "show_keys", "reset_camera", "exit",
                                "save_profile", "load_profile", "toggle_synapses"]


def test_a_left_drag_turns_the_network_by_what_the_camera_predicts(driver):
    driver.open()
    settled(driver)
    before = driver.pixels()
    driver.drag(LEFT, (200, 200), (260, 230))
    expected = Camera(HOME_YAW_DEG, HOME_PITCH_DEG)
    expected.orbit(60, 30, 480)
    state = driver.until(lambda state: state["yaw"] == pytest.approx(expected.yaw_deg))
    assert state["pitch"] == pytest.approx(expected.pitch_deg)
    settled(driver)
    assert (np.abs(driver.pixels().astype(int) - before).max(axis=2) > 30).sum() > 1000
    driver.move(300, 300)
    assert settled(driver)["yaw"] == pytest.approx(expected.yaw_deg), "a released button drags no more"


def test_a_right_drag_pans_the_wheel_zooms_and_r_returns(driver):
    driver.open()
    home = settled(driver)
    driver.drag(RIGHT, (200, 200), (230, 190))
    panned = driver.until(lambda state: state["target"] != home["target"])
    assert panned["yaw"] == home["yaw"] and panned["distance"] == home["distance"]
    driver.button(WHEEL_UP, True)
    driver.button(WHEEL_UP, False)
    driver.until(lambda state: state["distance"] < home["distance"])
    driver.key("r")
    returned = driver.until(lambda state: state["distance"] == pytest.approx(home["distance"]))
    assert returned["pose"] == pytest.approx(home["pose"])


def test_the_picture_follows_the_size_of_the_window(driver):
    driver.open()
    driver.ask("resize", width=900, height=600)
    driver.until(lambda state: state["size"] == [900, 600])
    settled(driver)
    picture = driver.pixels()
    assert picture.shape == (600, 900, 3)
    assert lively(picture[:, 640:]) > 300, "the legend is in the new part"


def test_a_window_of_no_size_is_left_alone_until_it_returns(driver):
    driver.open()
    settled(driver)
    driver.ask("shrink_to_nothing", nothing=True)
    before = driver.ask("step")["pictures"]
    assert settled(driver)["pictures"] == before
    driver.ask("shrink_to_nothing", nothing=False)
    driver.until(lambda state: state["pictures"] > before)


def test_nothing_is_drawn_while_nothing_changes(driver):
    driver.open()
    quiet = settled(driver)
    time.sleep(1.5)
    assert driver.ask()["pictures"] <= quiet["pictures"] + 1, "at most the picture that says 'at rest'"
    count = driver.ask()["pictures"]
    driver.ask("step")
    driver.until(lambda state: state["pictures"] > count)


def test_a_closed_window_can_be_opened_again_with_the_same_view(driver):
    driver.open()
    driver.drag(LEFT, (200, 200), (260, 230))
    driver.until(lambda state: state["yaw"] == pytest.approx(HOME_YAW_DEG - 27.5))
    for _ in range(2):
        assert driver.ask("close")["open"] is False
        driver.open()
        settled(driver)
        assert lively(driver.pixels()) > 2000
        assert driver.ask()["yaw"] == pytest.approx(HOME_YAW_DEG - 27.5)


def test_a_picture_can_be_drawn_beside_the_open_window(driver):
    driver.open()
    settled(driver)
    before = driver.pixels()
    assert driver.ask("picture")["offscreen"] > 0.01
    count = driver.ask("step")["pictures"]
    driver.until(lambda state: state["pictures"] > count)
    settled(driver)
    assert lively(driver.pixels()) == pytest.approx(lively(before), rel=0.1), "the window still draws into itself"


def test_the_window_closes_by_its_button(driver):
    driver.open()
    atom = driver.display.intern_atom
    message = ClientMessage(window=driver.window, client_type=atom("WM_PROTOCOLS"),
                            data=(32, [atom("WM_DELETE_WINDOW"), X.CurrentTime, 0, 0, 0]))
    driver.window.send_event(message)
    driver.display.sync()
    driver.until(lambda state: not state["open"])
    driver.open()
    assert driver.ask()["open"]


def test_a_rebuilt_network_keeps_the_view_and_a_larger_one_is_fitted(driver):
    driver.open()
    driver.drag(LEFT, (200, 200), (260, 230))
    turned = driver.until(lambda state: state["yaw"] == pytest.approx(HOME_YAW_DEG - 27.5))
    driver.ask("rebuild")
    time.sleep(0.1)
    assert driver.ask()["distance"] == turned["distance"]
    driver.ask("grow")
    grown = driver.until(lambda state: state["distance"] > 2 * turned["distance"])
    assert grown["yaw"] == pytest.approx(turned["yaw"])


def test_a_click_picks_the_neuron_under_the_cursor_or_hides_a_row_of_the_legend_and_turns_nothing(driver):
    driver.open()
    state = settled(driver)
    number, x, y = driver.ask("lone_neuron")["lone"]
    for place in ((x, y), (2, 240)):
        driver.move(*place)
        driver.button(LEFT, True)
        driver.button(LEFT, False)
    assert driver.until(lambda state: len(state["picks"]) == 2)["picks"] == [number, None]
    driver.drag(LEFT, (200, 200), (260, 230))
    turned = driver.until(lambda now: now["yaw"] != state["yaw"])
    assert len(turned["picks"]) == 2, "a drag picks nothing"
    for hidden in ([1], []):
        driver.move(*driver.ask("legend")["lone"])
        driver.button(LEFT, True)
        driver.button(LEFT, False)
        assert driver.until(lambda state, hidden=hidden: state["hidden"] == hidden)["picks"] == turned["picks"]


def test_a_box_drawn_with_shift_selects_what_lies_in_it(driver):
    driver.open()
    before = settled(driver)
    plain = driver.pixels()
    shift = driver.display.keysym_to_keycode(XK.string_to_keysym("Shift_L"))
    xtest.fake_input(driver.display, X.KeyPress, shift)
    driver.move(260, 180)
    driver.button(LEFT, True)
    driver.move(330, 200)
    driver.move(380, 300)
    settled(driver)
    assert (np.abs(driver.pixels()[200:280, 270:370].astype(int) - plain[200:280, 270:370]) > 4).mean() > 0.3
    driver.button(LEFT, False)
    xtest.fake_input(driver.display, X.KeyRelease, shift)
    driver.display.sync()
    state = driver.until(lambda state: state["selected"])
    expected = driver.ask("within", box=[260, 180, 380, 300])["inside"]
    assert state["selected"] == expected and 5 < len(expected) < 400
    assert state["yaw"] == before["yaw"] and state["picks"] == []


def test_the_view_turns_by_itself_and_follows_a_picked_neuron(driver):
    driver.open()
    home = settled(driver)
    driver.ask("show", auto_rotate_deg_per_s=60.0)
    driver.until(lambda state: abs(state["yaw"] - home["yaw"]) > 10.0)
    driver.ask("show", auto_rotate_deg_per_s=0.0, follow_picked=True)
    followed = driver.ask("inspect", neuron=17)["lone"]
    assert driver.until(lambda state: state["target"] != home["target"])["target"] == pytest.approx(followed)


def test_views_can_be_chosen_and_taken_again(driver):
    driver.open()
    home = settled(driver)
    assert driver.ask("look", preset="top")["pitch"] == 89.0
    front = driver.ask("look", preset="front")
    assert (front["yaw"], front["pitch"]) == (-90.0, 0.0)
    driver.button(WHEEL_UP, True)
    driver.button(WHEEL_UP, False)
    near = driver.until(lambda state: state["distance"] < home["distance"])
    pose = driver.ask("pose")["lone"]
    driver.key("r")
    driver.until(lambda state: state["distance"] == pytest.approx(home["distance"]))
    assert driver.ask("take", pose=pose)["pose"] == pytest.approx(near["pose"])


def test_pictures_of_the_window_have_twice_its_resolution(driver):
    driver.open()
    settled(driver)
    shape, light, _ = driver.ask("shoot", transparent=False)["lone"]
    assert shape == [960, 1280, 3] and light > 0.01
    shape, light, alpha = driver.ask("shoot", transparent=True)["lone"]
    assert shape == [960, 1280, 4] and light > 0.005 and alpha == 0
    assert lively(driver.pixels()) > 2000, "the window still shows its own picture"


def test_a_film_of_the_window_lasts_as_long_as_simulated_time(driver, tmp_path):
    driver.open()
    settled(driver)
    driver.ask("film", path=str(tmp_path / "m.mp4"))
    for _ in range(4):
        count = driver.ask("go_on", ms=100.0)["pictures"]
        driver.until(lambda state, count=count: state["pictures"] > count)
    assert driver.ask("end_film")["lone"] == [str(tmp_path / "m.mp4")]
    frames = [np.asarray(picture) for picture in imageio.get_reader(tmp_path / "m.mp4")]
    assert len(frames) == 10 and frames[0].shape == (480, 640, 3) and lively(frames[-1]) > 500


def test_a_lost_context_is_made_anew_and_one_lost_for_good_closes_the_window(driver):
    driver.open()
    settled(driver)
    before = driver.ask("lose", times=1)["pictures"]
    state = driver.until(lambda state: state["notices"] and state["pictures"] > before)
    assert state["open"] and "made anew" in state["notices"][0]
    driver.window = driver.find(driver.display.screen().root)
    settled(driver)
    assert lively(driver.pixels()) > 2000
    driver.ask("lose", times=99)
    state = driver.until(lambda state: not state["open"])
    assert "closed" in state["notices"][-1] and 3 <= len(state["notices"]) <= 6
    assert driver.ask("lose", times=0) and driver.ask("open")["open"], "it can be tried again"


def test_without_opengl_the_panel_is_told_why():
    spec = importlib.util.spec_from_file_location("launcher", Path(__file__).parents[2] / "neural-simulator.py")
    launcher = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(launcher)
    desk = Desk(queue.Queue(), queue.Queue(), Mailbox())

    class Nothing:
        def open(self):
            raise BackendError("The viewer needs OpenGL 3.3, which this display does not offer.")
    launcher.open_viewer(desk, Nothing())
    assert desk.view.status_bad and "OpenGL 3.3" in desk.view.status
