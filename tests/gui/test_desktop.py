"""The whole program: panel and viewer beside each other, around one simulation."""

import time

import numpy as np
import pytest

from tests.gui.driver import ROOT, App, until

pytestmark = pytest.mark.gui
VIEWER = "Neural Simulator: Network"


@pytest.fixture(scope="module")
def started():
    """The programs that were started; what is left of them is ended after the tests."""
    apps = []
    yield apps
    for app in apps:
        app.kill()


@pytest.fixture
def desktop(screen, started):
    """The program; a new one only where the test before has ended it."""
    if not started or started[-1].process.poll() is not None:
        app = App(screen, ROOT / "neural-simulator.py")
        started.append(app)
        app.viewer = screen.window(VIEWER, app.process.pid)
        app.wait(lambda s: s["run"] == "running" and s["spikes"] > 0, "a living network without any click")
    return started[-1]


def lit(picture):
    """Return the share of pixels that are clearly brighter than the ground."""
    return float((picture.max(axis=2) > 60).mean())


def moves(app, window):
    """Return whether a window's picture changes."""
    before = app.screen.pixels(window).copy()

    def changed():
        time.sleep(0.1)
        return np.abs(app.screen.pixels(window).astype(int) - before).max(axis=2).mean() > 0.05
    return bool(until(changed, "a change of the picture", 20.0))


def test_both_windows_draw_their_own_picture_at_the_same_time(desktop):
    desktop.settle(20)
    panel, viewer = desktop.screen.pixels(desktop.panel), desktop.screen.pixels(desktop.viewer)
    assert (panel.max(axis=2) > 12).mean() > 0.9 and lit(panel) > 0.02
    assert 0.005 < lit(viewer) < 0.5
    assert moves(desktop, desktop.panel) and moves(desktop, desktop.viewer)


def test_the_panel_lives_on_without_the_viewer_and_opens_it_again(desktop):
    desktop.screen.ask_to_close(desktop.viewer)
    until(lambda: not desktop.screen.has_window(VIEWER, desktop.process.pid), "the viewer's end")
    desktop.settle(5)
    assert moves(desktop, desktop.panel)
    desktop.screen.focus(desktop.panel)
    desktop.choose("menu.View", "menu.show_viewer")
    desktop.viewer = desktop.screen.window(VIEWER, desktop.process.pid)
    assert moves(desktop, desktop.viewer) and moves(desktop, desktop.panel)


def test_keys_in_the_viewer_reach_simulation_and_panel(desktop):
    desktop.screen.focus(desktop.viewer)
    desktop.screen.key("p")
    held = desktop.wait(lambda s: s["run"] == "paused", "P pauses")["step"]
    desktop.screen.key("s")
    desktop.wait(lambda s: s["step"] == held + 1, "S steps by 1 ms")
    desktop.screen.key("n")
    desktop.wait(lambda s: not s["visual"]["show_synapses"], "N hides the synapses")
    desktop.screen.key("space")
    desktop.wait(lambda s: s["run"] == "running", "Space resumes")
    desktop.screen.key("Control_L", "l")
    until(lambda: desktop.exists("dialog.load"), "Ctrl+L opens the panel's dialog")
    desktop.screen.key("Escape")
    assert desktop.end()[0] == 0


def test_a_minimised_panel_does_not_hold_the_viewer(desktop):
    desktop.screen.minimise(desktop.panel)
    assert moves(desktop, desktop.viewer)
    step = desktop.state()["step"]
    desktop.wait(lambda s: s["step"] > step + 100, "the simulation going on")


def test_closing_the_panel_ends_everything_cleanly_even_while_it_is_minimised(desktop):
    desktop.screen.minimise(desktop.panel)
    desktop.screen.ask_to_close(desktop.panel)
    status, printed = desktop.end()
    assert (status, printed) == (0, "")
