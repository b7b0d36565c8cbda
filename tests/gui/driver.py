"""Drives the real program on a virtual screen: starts it, moves the mouse, types, and looks at the pixels."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from Xlib import XK, X, Xutil, display
from Xlib.ext import xtest
from Xlib.protocol import event

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_S = 90.0            # a busy machine compiles slowly; nothing is ever waited for longer than needed
PANEL_TITLE = "Control Panel"
SHIFTED = '!"#$%&()*+:<>?@^_{|}~'


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(condition, what, patience_s=PATIENCE_S):
    """Return the first true value of `condition()`; fail naming `what` when it does not come."""
    end = time.monotonic() + patience_s
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"waited in vain for: {what}"
        time.sleep(0.02)


class Screen:
    """The X screen: windows, mouse, keys, pixels."""

    def __init__(self):
        self._display = display.Display()
        self._root = self._display.screen().root

    def close(self):
        self._display.close()

    def window(self, title, pid):
        """Return the window of process `pid` whose title contains `title`, waiting for it."""
        return until(lambda: self._find(self._root, title, pid), f"a window called {title}")

    def has_window(self, title, pid):
        return self._find(self._root, title, pid) is not None

    def _find(self, parent, title, pid):
        try:
            for window in parent.query_tree().children:
                name = window.get_wm_name()
                if isinstance(name, str) and title in name and self._pid(window) == pid:
                    return window
                inner = self._find(window, title, pid)
                if inner is not None:
                    return inner
        except Exception as error:      # a window may vanish while it is looked at
            if type(error).__name__ not in ("BadWindow", "BadDrawable"):
                raise
        return None

    def has_manager(self):
        atom = self._display.intern_atom("_NET_SUPPORTING_WM_CHECK")
        return self._root.get_full_property(atom, X.AnyPropertyType) is not None

    def _pid(self, window):
        answer = window.get_full_property(self._display.intern_atom("_NET_WM_PID"), X.AnyPropertyType)
        return int(answer.value[0]) if answer is not None else -1

    def origin(self, window):
        """Return where the window's inside begins on the screen."""
        at = window.translate_coords(self._root, 0, 0)
        return -at.x, -at.y

    def size(self, window):
        geometry = window.get_geometry()
        return geometry.width, geometry.height

    def focus(self, window):
        window.configure(stack_mode=X.Above)
        window.set_input_focus(X.RevertToParent, X.CurrentTime)
        self._display.sync()

    def move(self, x, y):
        xtest.fake_input(self._display, X.MotionNotify, x=int(x), y=int(y))
        self._display.sync()

    def button(self, down, number=1):
        xtest.fake_input(self._display, X.ButtonPress if down else X.ButtonRelease, number)
        self._display.sync()

    def key(self, *names):
        """Press the keys in this order and release them in the opposite one; names as in X, e.g. 'Control_L', 's'."""
        codes = [self._display.keysym_to_keycode(XK.string_to_keysym(name)) for name in names]
        for code in codes:
            xtest.fake_input(self._display, X.KeyPress, code)
            self._display.sync()
            time.sleep(0.03)
        for code in reversed(codes):
            xtest.fake_input(self._display, X.KeyRelease, code)
            self._display.sync()
            time.sleep(0.03)

    def type(self, text):
        names = {"-": "minus", ".": "period", ",": "comma", " ": "space", "_": "underscore", "/": "slash"}
        for letter in text:
            name = names.get(letter, letter)
            self.key(*(["Shift_L"] if letter.isupper() or letter in SHIFTED else []), name)

    def pixels(self, window):
        """Return the window's picture, (height, width, 3) uint8."""
        self._display.sync()
        width, height = self.size(window)
        x, y = self.origin(window)
        raw = self._root.get_image(x, y, width, height, X.ZPixmap, 0xFFFFFFFF)
        return np.frombuffer(raw.data, np.uint8).reshape(height, width, 4)[:, :, 2::-1]

    def minimise(self, window):
        """Ask the window manager to iconify the window."""
        change = event.ClientMessage(window=window, client_type=self._display.intern_atom("WM_CHANGE_STATE"),
                                     data=(32, [Xutil.IconicState, 0, 0, 0, 0]))
        self._root.send_event(change, X.SubstructureRedirectMask | X.SubstructureNotifyMask)
        self._display.sync()

    def ask_to_close(self, window):
        """Send what a click on the title bar's cross sends."""
        protocols = self._display.intern_atom("WM_PROTOCOLS")
        delete = self._display.intern_atom("WM_DELETE_WINDOW")
        window.send_event(event.ClientMessage(window=window, client_type=protocols, data=(32, [delete, 0, 0, 0, 0])))
        self._display.sync()


class App:
    """A running program with its control port and its panel."""

    def __init__(self, screen, *command, env=None):
        self.screen = screen
        self._port = free_port()
        chosen = (env or {}).get("NEURAL_SIMULATOR_SETTINGS")                             # never the user's own
        self.settings = Path(chosen or Path(tempfile.mkdtemp(prefix="settings-")) / "settings.json")
        environment = {**os.environ, "NEURAL_SIMULATOR_TEST_PORT": str(self._port),
                       **(env or {}), "NEURAL_SIMULATOR_SETTINGS": str(self.settings)}
        if chosen is None:
            self.settings.write_text('{"show_tour": false}')
        self.process = subprocess.Popen([sys.executable, *map(str, command)], cwd="/", env=environment,
                                        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self._socket = None
        try:
            self._connect()
            self.panel = screen.window(PANEL_TITLE, self.process.pid)
            until(lambda: self.state()["frames"] > 5, "the panel's first frames")
            screen.focus(self.panel)
        except BaseException:
            self.process.kill()
            print(self.process.communicate()[0])
            raise

    def _connect(self):
        def attempt():
            assert self.process.poll() is None, self.process.communicate()[0]
            try:
                return socket.create_connection(("127.0.0.1", self._port), timeout=PATIENCE_S)
            except ConnectionRefusedError:
                return None
        self._socket = until(attempt, "the control port")
        self._lines = self._socket.makefile("r")

    def ask(self, what, tag=None, **more):
        named = {} if tag is None else {"tag": tag}
        self._socket.sendall((json.dumps({"ask": what, **named, **more}) + "\n").encode())
        answer = json.loads(self._lines.readline())
        assert "error" not in answer, answer
        return answer["answer"]

    def state(self):
        return self.ask("state")

    def exists(self, tag):
        return self.ask("exists", name=tag)

    def wait(self, condition, what):
        """Wait until the state fulfils `condition` and return it."""
        seen = []

        def check():
            seen[:] = [self.state()]
            return seen[0] if condition(seen[0]) else None
        try:
            return until(check, what)
        except AssertionError as error:
            raise AssertionError(f"{error}; the state is {seen}") from None

    def middle(self, tag):
        x, y, width, height = self.ask("rect", tag)
        left, top = self.screen.origin(self.panel)
        return left + x + width / 2, top + y + height / 2

    def settle(self, frames=3):
        """Let the panel draw some frames, so that it has taken in what was done before."""
        drawn = self.state()["frames"] + frames
        until(lambda: self.state()["frames"] >= drawn, "further frames")

    def reveal(self, tag):
        """Bring an item into sight."""
        for _ in range(8):
            if self.ask("reveal", tag):
                return
            self.settle(3)

    def click(self, tag):
        """Click an item once it is there and has stopped moving."""
        until(lambda: self.exists(tag), tag)
        self.reveal(tag)
        place = None
        while place != self.middle(tag):
            place = self.middle(tag)
            self.settle(2)
        self.click_at(*place)

    def press(self, tag):
        """Do what a click on a button does, without the mouse; for what only prepares a test."""
        until(lambda: self.exists(tag), tag)
        self.ask("press", tag)

    def click_at(self, x, y):
        self.screen.move(x, y)
        self.settle()
        self.screen.button(True)
        self.settle(2)
        self.screen.button(False)
        self.settle(2)

    def choose(self, menu, item):
        """Open a menu of the menu bar and click one of its items."""
        left, top = self.screen.origin(self.panel)
        x, y = self.ask("pos", menu)
        self.click_at(left + x + 8, top + y + 10)
        self.settle(3)
        down = self.ask("pos", item)[1]
        self.click_at(left + x + 30, top + y + 22 + down + 8)
        self.settle(3)

    def enter(self, tag, text, finish=True):
        """Replace an input's text; `finish` presses Enter."""
        self.click(tag)
        self.screen.key("Control_L", "a")
        self.screen.type(text)
        if finish:
            self.screen.key("Return")
        self.settle()

    def refresh(self):
        """Put the default profile into the form and into the simulation, and run it at real time."""
        self.screen.key("Escape")
        self.wait(lambda s: not s["building"], "what was being built")
        for tag in ("action.load_profile", "dialog.load.small-1000x100", "speed_real", "action.apply"):
            self.press(tag)
        self.wait(lambda s: s["run"] == "stopped" and not s["building"] and s["num_neurons"] == 1000, "the build")
        self.press("action.start")
        self.wait(lambda s: s["run"] == "running" and s["step"] > 50, "the run")

    def interrupt(self):
        self.process.send_signal(signal.SIGINT)

    def end(self):
        """Wait for the program's end and return (exit status, what it printed)."""
        printed, _ = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, printed

    def kill(self):
        if self._socket is not None:
            self._socket.close()
        if self.process.poll() is None:
            self.process.kill()
            print(self.process.communicate()[0])
