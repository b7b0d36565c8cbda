"""The program's one script: its arguments, its fallback without a display, its end, and its life as a module."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest

from neural_simulator.base import paths
from neural_simulator.base.errors import FileFormatError
from neural_simulator.config import CoreSimConfig
from neural_simulator.files.profiles import Profile, save_profile
from neural_simulator.tools import environment

ROOT = Path(__file__).resolve().parents[1]
SCRIPT = ROOT / "neural-simulator.py"
VIEWER_TITLE = "Neural Simulator: Network"
OPTIONS = ("--help", "--profile", "--seed", "--backend", "--headless", "--duration-ms", "--record", "--cell",
           "--current", "--model")


def start(*arguments: str, flags: tuple[str, ...] = ()) -> subprocess.CompletedProcess:
    """Run the script in a process of its own, without a display."""
    variables = {name: value for name, value in os.environ.items() if name not in {"DISPLAY", "WAYLAND_DISPLAY"}}
    return subprocess.run([sys.executable, *flags, str(SCRIPT), *arguments], capture_output=True, text=True,
                          env=variables, cwd=ROOT.parent)


@pytest.fixture
def launcher():
    """The script as a module under a name of no meaning."""
    spec = importlib.util.spec_from_file_location("launcher_under_test", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def tiny(tmp_path):
    """A profile that runs in no time."""
    path = tmp_path / "tiny.json"
    core = CoreSimConfig(num_neurons=100, connections_per_neuron=10, total_simulation_time_ms=300.0, seed=5)
    save_profile(Profile(core), path)
    return path


# ---- arguments ------------------------------------------------------------------------------------------
def test_help_needs_nothing_installed_and_lists_every_option():
    shown = start("--help", flags=("-S",))
    assert shown.returncode == 0
    assert [option for option in OPTIONS if option not in shown.stdout] == []


@pytest.mark.parametrize("arguments, said", [
    (["--fast"], "unrecognized arguments: --fast"),
    (["extra"], "unrecognized arguments: extra"),
    (["--head"], "unrecognized arguments: --head"),
    (["--seed", "many"], "invalid int value: 'many'"),
    (["--backend", "abacus"], "invalid choice: 'abacus'"),
    (["--duration-ms", "100"], "--duration-ms needs --headless"),
    (["--record", "a.simrec.h5"], "--record needs --headless"),
    (["--headless", "--duration-ms", "-5"], "--duration-ms is -5 ms, but must be above 0"),
    (["--headless", "--duration-ms", "nan"], "--duration-ms is nan ms, but must be above 0"),
    (["--headless", "--movie-ms", "soon"], "soon is no range of times; write its begin and end in ms"),
    (["--headless", "--movie-size", "big"], "big is no size; write width and height in pixels"),
    (["--headless", "--record", str(SCRIPT)], "exists already"),
    (["--headless", "--record", str(SCRIPT.parent / "nowhere" / "a.simrec.h5")], "nowhere for the recording"),
    (["--cell", "RS", "--current", "100"], "--cell needs --headless"),
    (["--headless", "--cell", "RS"], "--cell needs --current"),
    (["--headless", "--current", "100"], "--current needs --cell"),
    (["--headless", "--model", "ADEX"], "--model needs --cell"),
    (["--headless", "--cell", "RS", "--current", "100", "--seed", "3"], "leave --seed out"),
])
def test_a_bad_argument_is_one_sentence_and_exit_code_2(arguments, said):
    ended = start(*arguments, flags=("-S",))
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert len(ended.stderr.splitlines()) == 1 and said in ended.stderr


@pytest.mark.parametrize("arguments, said", [
    (["--profile", "smal-1000x100"], "the nearest known profile is 'small-1000x100'"),
    (["--headless", "--seed", "-2"], "CoreSimConfig.seed (Seed) is -2, but must be a whole number between -1 and"),
    (["--headless", "--cell", "RSS", "--current", "100"], "There is no cell 'RSS'; the nearest is 'RS'"),
    (["--headless", "--cell", "RS", "--current", "much"], "'much' is neither a number in pA nor a range from:to:step"),
])
def test_a_bad_value_is_one_sentence_and_exit_code_2(launcher, capsys, arguments, said):
    assert launcher.main(arguments) == 2
    complaint = capsys.readouterr().err
    assert said in complaint and len(complaint.splitlines()) == 1


def test_a_broken_profile_is_one_sentence_and_exit_code_2(launcher, capsys, tmp_path):
    document = {"format": "neural-simulator profile", "version": 1, "core": {"num_neuron": 5}}
    (tmp_path / "broken.json").write_text(json.dumps(document))
    assert launcher.main(["--headless", "--profile", str(tmp_path / "broken.json")]) == 2
    assert "core.num_neuron is unknown; the nearest known key is core.num_neurons" in capsys.readouterr().err


def test_seed_and_backend_replace_those_of_the_profile(launcher, tiny):
    options = launcher.parse(["--profile", str(tiny), "--seed", "99", "--backend", "cpu"])
    profile = launcher.chosen_profile(options)
    assert (profile.core.seed, profile.core.num_neurons, profile.device.backend) == (99, 100, "cpu")


# ---- without windows ------------------------------------------------------------------------------------
def test_a_headless_run_writes_what_it_was_asked_for(tmp_path, tiny):
    ended = start("--headless", "--profile", str(tiny), "--duration-ms", "200", "--seed", "3", "--backend", "cpu",
                  "--record", str(tmp_path / "run.simrec.h5"))
    assert ended.returncode == 0, ended.stderr
    assert "0.2 s in 200 steps of 1 ms" in ended.stdout and "seed 3" in ended.stdout
    assert (tmp_path / "run.simrec.h5").is_file() and (tmp_path / "run.png").is_file()


def test_a_single_cell_is_told_and_drawn(launcher, capsys, tmp_path):
    code = launcher.main(["--headless", "--cell", "RS", "--current", "0:200:100", "--duration-ms", "300", "--record",
                          str(tmp_path / "rs.png")])
    assert code == 0
    said = capsys.readouterr().out
    assert "Regular spiking cortical pyramidal (RS), Izhikevich 2007 (IZHIKEVICH)" in said
    assert (tmp_path / "rs.png").read_bytes().startswith(b"\x89PNG")


def test_without_a_display_the_default_profile_runs_headless(launcher, capsys, monkeypatch, tmp_path, tiny):
    monkeypatch.setattr(environment, "why_no_display", lambda: "There is no display: DISPLAY is not set")
    monkeypatch.setattr(paths, "RECORDINGS", tmp_path / "recordings")
    monkeypatch.setattr(launcher, "desktop", None)
    assert launcher.main(["--profile", str(tiny)]) == 0
    said = capsys.readouterr()
    assert "There is no display: DISPLAY is not set, so tiny runs without windows" in said.err
    assert "0.3 s in 300 steps" in said.out
    assert sorted(path.name.partition(".")[2] for path in (tmp_path / "recordings").iterdir()) == ["png", "simrec.h5"]


def test_missing_window_libraries_are_one_sentence(launcher, capsys, monkeypatch, tiny):
    monkeypatch.setattr(environment, "why_no_display", lambda: None)
    monkeypatch.setattr(environment, "missing_window_libraries", lambda: "The windows need libGL.so.1; install it.")
    assert launcher.main(["--profile", str(tiny)]) == 1
    assert capsys.readouterr().err == "The windows need libGL.so.1; install it.\n"


# ---- ends -----------------------------------------------------------------------------------------------
@pytest.mark.parametrize("error, code, said", [
    (KeyboardInterrupt(), 130, "Interrupted."),
    (FileFormatError("The disk is full."), 1, "The disk is full."),
    (ZeroDivisionError("zero"), 1, "An unexpected error ended the program: zero. Details are in "),
])
def test_every_end_is_explained(launcher, capsys, monkeypatch, tmp_path, tiny, error, code, said):
    def break_off(*_):
        raise error

    monkeypatch.setattr(launcher, "headless", break_off)
    monkeypatch.setattr(paths, "CRASH_REPORTS", tmp_path / "reports")
    assert launcher.main(["--headless", "--profile", str(tiny)]) == code
    complaint = capsys.readouterr().err
    assert complaint.startswith(said)
    reports = list(tmp_path.glob("reports/*.txt"))
    if isinstance(error, ZeroDivisionError):
        assert len(reports) == 1 and str(reports[0]) in complaint
        assert "ZeroDivisionError: zero" in reports[0].read_text() and '"num_neurons": 100' in reports[0].read_text()
    else:
        assert reports == []


def test_a_failed_set_up_is_one_sentence(launcher, capsys, monkeypatch):
    def fail(*_):
        raise environment.SetupError("Installing requirements.txt failed: no network.")

    monkeypatch.setattr(environment, "ensure", fail)
    assert launcher.main([]) == 1
    assert capsys.readouterr().err == "Installing requirements.txt failed: no network.\n"


@pytest.mark.parametrize("x, y, width, height, scale", [
    (0, 0, 1366, 768, 1.0), (0, 28, 1600, 872, 1.0), (0, 0, 1920, 1040, 1.0), (0, 0, 3840, 2100, 2.0),
    (1920, 0, 2560, 1400, 1.25)])
def test_both_windows_fit_on_the_screen_side_by_side(launcher, x, y, width, height, scale):
    (left, top), (panel_width, panel_height), (w, h, view_left, view_top) = launcher.side_by_side(
        x, y, width, height, scale)
    assert x <= left and left + panel_width < view_left
    assert view_left + w * scale <= x + width
    assert y < top == view_top and top + max(panel_height, h * scale) <= y + height + 1
    assert panel_width >= 720 * scale and w >= 320


# ---- as a module ----------------------------------------------------------------------------------------
LOAD = """
    import importlib.util, sys
    spec = importlib.util.spec_from_file_location("neural_simulator", {script!r})
    module = importlib.util.module_from_spec(spec)
    {register}
    spec.loader.exec_module(module)
    {then}
    print("fine")
"""
REGISTER = 'sys.modules["neural_simulator"] = module'


def load(then: str, register: str, folder: Path) -> subprocess.CompletedProcess:
    """Load the script by path in a process of its own, in another folder, then do something with `module`."""
    text = textwrap.dedent(LOAD).format(script=str(SCRIPT), register=register, then=textwrap.dedent(then))
    return subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, cwd=folder)


@pytest.mark.parametrize("register", ["", REGISTER], ids=["unregistered", "registered"])
@pytest.mark.parametrize("then", [
    "assert module.CoreSimConfig(num_neurons=5).num_neurons == 5",
    "assert all(getattr(module, name) is not None for name in module.__all__)",
    "from neural_simulator import GPUConfig, SimulationBridge, CoreSimConfig\n"
    "assert CoreSimConfig is module.CoreSimConfig and SimulationBridge is module.SimulationBridge",
    "import neural_simulator.config\nassert neural_simulator.config.CoreSimConfig is module.CoreSimConfig",
    "from neural_simulator.engine.simulation import Simulation\nassert Simulation is module.Simulation",
    "assert module.__version__ and hasattr(module, 'main') and not hasattr(module, 'nothing_like_it')",
    "import pickle\nassert pickle.loads(pickle.dumps(module.NeuronModel.IZHIKEVICH)) is module.NeuronModel.IZHIKEVICH",
], ids=["attribute", "all names", "from import", "submodule", "deep import", "own names", "pickle"])
def test_loaded_by_path_the_script_is_the_package(then, register, tmp_path):
    ended = load(then, register, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "fine\n"), ended.stderr


@pytest.mark.parametrize("register", ["", REGISTER], ids=["unregistered", "registered"])
def test_loading_by_path_after_the_package_gives_the_same_classes(register, tmp_path):
    before = f"sys.path.insert(0, {str(ROOT)!r}); import neural_simulator.config as before; {register or 'pass'}"
    ended = load("assert module.CoreSimConfig is before.CoreSimConfig", before, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "fine\n"), ended.stderr


def test_loading_by_path_opens_and_installs_nothing(tmp_path):
    ended = load("assert not {'dearpygui', 'glfw', 'OpenGL', 'numba', 'cupy'} & set(sys.modules)", REGISTER, tmp_path)
    assert (ended.returncode, ended.stdout) == (0, "fine\n"), ended.stderr
    assert list(tmp_path.iterdir()) == []


# ---- with windows ---------------------------------------------------------------------------------------
@pytest.fixture
def program(tmp_path):
    """The program with a network of 100 neurons that runs for long, on the screen."""
    if environment.why_no_display():
        pytest.skip(f"{environment.why_no_display()}; windows need one")
    from tests.gui.driver import App, Screen  # speaks to the X server
    screen = Screen()
    path = tmp_path / "lively.json"
    save_profile(Profile(CoreSimConfig(num_neurons=100, connections_per_neuron=10, seed=5)), path)
    running = App(screen, SCRIPT, "--profile", path)
    yield running
    running.kill()
    screen.close()


@pytest.mark.gui
@pytest.mark.skipif(os.name != "posix", reason="sends signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_desktop_runs_the_profile_and_ends_cleanly_on_a_signal(program, number):
    state = program.wait(lambda state: state["spikes"] > 0, "spikes of the profile's network")
    assert state["num_neurons"] == 100 and not state["bad"]
    program.process.send_signal(number)
    assert program.end() == (130, "Ended by Ctrl+C or a request to terminate.\n")


@pytest.mark.gui
def test_closing_the_network_window_leaves_the_panel_and_closing_that_ends_the_program(program):
    screen = program.screen
    screen.ask_to_close(screen.window(VIEWER_TITLE, program.process.pid))
    program.wait(lambda state: "Show Network Window opens it again" in state["status"], "word of the closed window")
    assert not screen.has_window(VIEWER_TITLE, program.process.pid)
    screen.ask_to_close(program.panel)
    assert program.end() == (0, "")


@pytest.mark.gui
def test_escape_in_the_network_window_ends_the_program(program):
    program.wait(lambda state: state["spikes"] > 0, "spikes of the profile's network")
    program.screen.focus(program.screen.window(VIEWER_TITLE, program.process.pid))
    program.screen.key("Escape")
    assert program.end() == (0, "")


@pytest.mark.gui
def test_both_windows_show_the_living_network_at_once(program):
    """Two windows share one thread and its one OpenGL context at a time: a mix-up would blacken one of them."""
    from tests.gui.driver import until
    screen, viewer = program.screen, program.screen.window(VIEWER_TITLE, program.process.pid)
    program.wait(lambda state: state["step"] > 500, "half a second of the network's life")

    def glowing():
        red, _, blue = (screen.pixels(viewer)[:, :, channel].astype(int) for channel in range(3))
        return np.count_nonzero((red > 200) & (red - blue > 80)) > 30

    until(glowing, "neurons that glow after a spike")
    for _ in range(5):
        program.settle(10)
        panel = screen.pixels(program.panel)
        assert np.count_nonzero(panel.max(axis=2) > 120) > 0.01 * panel[:, :, 0].size, "the panel has no text"
        assert len(np.unique(panel.reshape(-1, 3), axis=0)) > 200, "the panel has no smooth letters and curves"
        assert np.count_nonzero(screen.pixels(viewer).max(axis=2) > 120) > 1000, "the viewer has no text or points"


@pytest.mark.gui
def test_the_viewer_turns_under_the_mouse_and_obeys_its_keys(program):
    from tests.gui.driver import until
    screen, viewer = program.screen, program.screen.window(VIEWER_TITLE, program.process.pid)
    program.wait(lambda state: state["spikes"] > 0, "spikes of the profile's network")
    screen.focus(viewer)
    screen.key("p")
    program.wait(lambda state: state["run"] == "paused", "the pause")

    def changed_from(picture):
        difference = np.abs(screen.pixels(viewer).astype(int) - picture).max(axis=2)
        return np.count_nonzero(difference > 30) / difference.size

    program.settle(60)      # the glow of the last spikes stands still, the HUD says "at rest"
    still = screen.pixels(viewer).astype(int)
    x, y = screen.origin(viewer)
    width, height = screen.size(viewer)
    screen.move(x + width / 2, y + height / 2)
    program.settle(5)
    assert changed_from(still) < 0.002
    screen.button(True)
    for way in range(0, 160, 20):
        screen.move(x + width / 2 + way, y + height / 2 + way / 2)
        program.settle(2)
    screen.button(False)
    until(lambda: changed_from(still) > 0.01, "the network turned by the mouse")
    screen.key("r")
    until(lambda: changed_from(still) < 0.002, "the first view again")
    screen.key("n")
    program.wait(lambda state: not state["visual"]["show_synapses"], "the synapses put away")
    step = program.state()["step"]
    screen.key("s")
    program.wait(lambda state: state["step"] == step + 1, "one step of 1 ms")
