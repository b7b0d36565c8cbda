"""The virtual screen with a window manager, and the panel as a running program on it."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.gui.driver import App, Screen, until

PANEL_APP = Path(__file__).with_name("panel_app.py")


@pytest.fixture(scope="session")
def screen():
    """The screen of $DISPLAY, which pytest-xvfb provides, with openbox for focus, closing and minimising."""
    if not os.environ.get("DISPLAY"):
        pytest.skip("there is no X display; install xvfb and pytest-xvfb")
    if shutil.which("openbox") is None:
        pytest.skip("there is no window manager to test with; install openbox")
    manager = subprocess.Popen(["openbox"], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    screen = Screen()
    until(lambda: screen.has_manager() or manager.poll() is not None, "the window manager")
    yield screen
    screen.close()
    manager.terminate()
    manager.wait()


@pytest.fixture
def start(screen, tmp_path):
    """Start the panel with a simulation thread; what is left of it is ended after the test."""
    started = []

    def start_app(*arguments, env=None):
        if env and "NEURAL_SIMULATOR_SETTINGS" in env:
            env = {"NEURAL_SIMULATOR_SETTINGS": str(tmp_path / env["NEURAL_SIMULATOR_SETTINGS"])}
        started.append(App(screen, PANEL_APP, "--reports", tmp_path, *arguments, env=env))
        return started[-1]
    yield start_app
    for app in started:
        app.kill()


@pytest.fixture(scope="module")
def shared(screen, tmp_path_factory):
    """One running panel for all tests of a module that leave it usable."""
    app = App(screen, PANEL_APP, "--reports", tmp_path_factory.mktemp("reports"))
    app.wait(lambda s: s["run"] == "running", "the first run")
    yield app
    app.kill()


@pytest.fixture
def panel(shared):
    """The shared panel, running the default network from a fresh profile."""
    shared.screen.focus(shared.panel)
    shared.refresh()
    return shared
