"""The first start: what is chosen, what is remembered, and what is said when something is missing or fails."""

from __future__ import annotations

import importlib.util
import io
import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from neural_simulator.tools import environment
from neural_simulator.tools.environment import CUPY, CUPY_WITHOUT_DRIVER, Plan, SetupError

posix_only = pytest.mark.skipif(os.name != "posix", reason="uses a shell script as a stand-in for an interpreter")
PROGRAM = ("requirements.txt",)
TESTS = ("requirements.txt", "requirements-test.txt")


class FakePip:
    """Records what was asked of pip; fails at the first call whose arguments contain `breaks_at`."""

    def __init__(self):
        self.calls: list[list[str]] = []
        self.breaks_at: str | None = None
        self.error: BaseException = KeyboardInterrupt()

    def __call__(self, step, arguments):
        self.calls.append(list(arguments))
        if self.breaks_at and any(self.breaks_at in word for word in arguments):
            raise self.error


@pytest.fixture
def pip(tmp_path, monkeypatch):
    """A program folder of its own, with a pip that only records and environments that are made in no time."""
    fake = FakePip()
    (tmp_path / "requirements.txt").write_text("numpy>=2.0\n")
    (tmp_path / "requirements-test.txt").write_text("pytest>=8\n")
    monkeypatch.setattr(environment, "ROOT", tmp_path)
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")
    monkeypatch.setattr(environment, "pip", fake)
    monkeypatch.setattr(environment, "renew_pip", lambda: None)
    monkeypatch.setattr(environment, "is_healthy", lambda venv: (venv / "whole").exists())
    monkeypatch.setattr(environment, "oldest_compute_capability", lambda: None)
    monkeypatch.setattr(environment.subprocess, "run", lambda command, **_: make_fake_venv(Path(command[-1])))
    monkeypatch.delenv(environment.NO_VENV, raising=False)
    return fake


def make_fake_venv(folder: Path) -> subprocess.CompletedProcess:
    python = environment.python_of(folder)
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (folder / "lib" / "python3.11" / "site-packages").mkdir(parents=True)
    (folder / "whole").touch()
    return subprocess.CompletedProcess([], 0, "", "")


# ---- the driver and its CuPy ----------------------------------------------------------------------------
@pytest.mark.parametrize("cuda_version, capability, chosen", [
    (None, None, None),
    (11080, (8, 0), None),
    (12000, (6, 0), CUPY[12]),
    (12080, (9, 0), CUPY[12]),
    (12090, None, CUPY[12]),
    (13000, (7, 5), CUPY[13]),
    (13010, (12, 0), CUPY[13]),
    (13000, None, CUPY[13]),
    (13000, (7, 0), CUPY[12]),
    (13000, (6, 1), CUPY[12]),
    (14000, (10, 0), CUPY[13]),
])
def test_cupy_follows_driver_and_oldest_device(cuda_version, capability, chosen):
    assert environment.choose_cupy(cuda_version, capability) == chosen


def test_every_cupy_is_pinned_and_brings_its_own_cuda_libraries():
    assert CUPY == {12: "cupy-cuda12x[ctk]>=14,<15", 13: "cupy-cuda13x[ctk]>=14,<15"}


class FakeDriver:
    """NVIDIA's driver library with devices of the given compute capabilities."""

    def __init__(self, version: int, capabilities: list[tuple[int, int]]):
        self.version, self.capabilities = version, capabilities

    def cuDriverGetVersion(self, out):
        out._obj.value = self.version
        return 0

    def cuInit(self, flags):
        return 0 if self.capabilities else 100

    def cuDeviceGetCount(self, out):
        out._obj.value = len(self.capabilities)
        return 0

    def cuDeviceGet(self, out, ordinal):
        out._obj.value = ordinal
        return 0

    def cuDeviceGetAttribute(self, out, attribute, device):
        out._obj.value = self.capabilities[device.value][{75: 0, 76: 1}[attribute]]
        return 0


def test_the_driver_says_its_version_and_the_oldest_of_its_devices(monkeypatch):
    monkeypatch.setattr(environment, "driver_library", lambda: FakeDriver(13000, [(9, 0), (6, 1), (7, 5)]))
    assert environment.driver_cuda_version() == 13000
    assert environment.oldest_compute_capability() == (6, 1)


def test_a_driver_without_devices_does_not_say_their_capability(monkeypatch):
    monkeypatch.setattr(environment, "driver_library", lambda: FakeDriver(12040, []))
    assert environment.driver_cuda_version() == 12040
    assert environment.oldest_compute_capability() is None


def test_no_driver_is_no_version(monkeypatch):
    monkeypatch.setattr(environment, "driver_library", lambda: None)
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    assert environment.driver_cuda_version() is None
    assert environment.oldest_compute_capability() is None


def test_the_drivers_own_tool_is_asked_where_its_library_is_missing(monkeypatch):
    shown = "| NVIDIA-SMI 570.86.10    Driver Version: 570.86.10    CUDA Version: 12.8     |"
    monkeypatch.setattr(environment, "driver_library", lambda: None)
    monkeypatch.setattr(environment.shutil, "which", lambda name: "/usr/bin/nvidia-smi")
    monkeypatch.setattr(environment.subprocess, "run",
                        lambda *_, **__: subprocess.CompletedProcess([], 0, shown, ""))
    assert environment.driver_cuda_version() == 12080


# ---- the stamp ------------------------------------------------------------------------------------------
def test_a_finished_set_up_is_not_repeated(pip):
    plan = Plan(PROGRAM, None)
    assert not environment.is_current(plan)
    environment.set_up(plan)
    assert len(pip.calls) == 1
    assert environment.is_current(plan)
    environment.set_up(plan)
    assert len(pip.calls) == 1


def test_a_changed_requirement_file_is_installed_at_the_next_start(pip, capsys):
    environment.set_up(Plan(PROGRAM, None))
    (environment.ROOT / "requirements.txt").write_text("numpy>=2.1\n")
    assert not environment.is_current(Plan(PROGRAM, None))
    environment.set_up(Plan(PROGRAM, None))
    assert len(pip.calls) == 2
    assert "changed: updating" in capsys.readouterr().err


def test_a_new_driver_gets_its_cupy_at_the_next_start(pip):
    environment.set_up(Plan(PROGRAM, None))
    assert not environment.is_current(Plan(PROGRAM, 12080))
    environment.set_up(Plan(PROGRAM, 12080))
    assert pip.calls[-1][-1] == CUPY[12]
    assert environment.is_current(Plan(PROGRAM, 12090)), "a driver of the same generation needs nothing new"
    assert not environment.is_current(Plan(PROGRAM, 13000))


def test_another_python_under_the_same_environment_is_noticed(pip, tmp_path):
    environment.set_up(Plan(PROGRAM, None))
    python = environment.python_of(environment.VENV)
    python.unlink()
    (tmp_path / "python3.99").touch()
    python.symlink_to(tmp_path / "python3.99")
    assert not environment.is_current(Plan(PROGRAM, None))


def test_a_vanished_python_is_noticed(pip):
    environment.set_up(Plan(PROGRAM, None))
    environment.python_of(environment.VENV).unlink()
    assert not environment.is_current(Plan(PROGRAM, None))


def test_a_damaged_stamp_counts_as_none(pip):
    environment.set_up(Plan(PROGRAM, None))
    (environment.VENV / environment.STAMP).write_text("{ half a st")
    assert not environment.is_current(Plan(PROGRAM, None))
    (environment.VENV / environment.STAMP).write_text("[]")
    assert not environment.is_current(Plan(PROGRAM, None))


def test_program_and_tests_share_one_environment(pip):
    environment.set_up(Plan(TESTS, None, compile_without_driver=True))
    assert set(CUPY_WITHOUT_DRIVER) <= set(pip.calls[-1])
    assert environment.is_current(Plan(PROGRAM, None)), "the program needs nothing that the tests have not installed"
    (environment.ROOT / "requirements.txt").write_text("numpy>=2.1\n")
    environment.set_up(Plan(PROGRAM, None))
    assert environment.is_current(Plan(TESTS, None, compile_without_driver=True)), "the test tools are still there"


def test_the_tests_install_what_the_program_alone_did_not_need(pip):
    environment.set_up(Plan(PROGRAM, None))
    assert not environment.is_current(Plan(TESTS, None, compile_without_driver=True))


def test_an_environment_made_anew_remembers_nothing_of_the_old_one(pip):
    environment.set_up(Plan(TESTS, None, compile_without_driver=True))
    (environment.VENV / "whole").unlink()
    (environment.ROOT / "requirements.txt").write_text("numpy>=2.1\n")
    environment.set_up(Plan(PROGRAM, None))
    assert not environment.is_current(Plan(TESTS, None, compile_without_driver=True))


def test_a_compiler_without_driver_is_forgotten_when_a_driver_came(pip):
    environment.set_up(Plan(TESTS, None, compile_without_driver=True))
    environment.set_up(Plan(TESTS, 13000, compile_without_driver=True))
    environment.set_up(Plan(PROGRAM, None))
    assert not environment.is_current(Plan(TESTS, None, compile_without_driver=True))


# ---- interruptions and failures -------------------------------------------------------------------------
def test_an_interrupted_install_is_repaired_by_the_next_start(pip, capsys):
    pip.breaks_at = "-r"
    with pytest.raises(KeyboardInterrupt):
        environment.set_up(Plan(PROGRAM, None))
    assert not environment.is_current(Plan(PROGRAM, None))
    pip.breaks_at = None
    capsys.readouterr()
    environment.set_up(Plan(PROGRAM, None))
    assert "repairing" in capsys.readouterr().err
    assert environment.is_current(Plan(PROGRAM, None))


def test_an_interrupted_update_is_not_taken_for_finished(pip):
    environment.set_up(Plan(PROGRAM, None))
    pip.breaks_at = CUPY[12]
    with pytest.raises(KeyboardInterrupt):
        environment.set_up(Plan(PROGRAM, 12080))
    assert not environment.is_current(Plan(PROGRAM, None)), "CuPy may be half there, so the old stamp must be gone"


def test_a_half_made_environment_is_made_anew(pip):
    leftover = environment.VENV / "bin" / "leftover"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    environment.set_up(Plan(PROGRAM, None))
    assert not leftover.exists()
    assert environment.is_current(Plan(PROGRAM, None))


def test_a_package_with_missing_files_is_installed_again(pip):
    site = environment.ROOT / ".venv" / "lib" / "python3.11" / "site-packages"
    make_fake_venv(environment.VENV)
    for name in ("whole_one", "torn_one", "unrecorded_one"):
        record = site / f"{name}-1.0.dist-info"
        record.mkdir()
        (record / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        if name != "unrecorded_one":
            (record / "RECORD").write_text(f"{name}.py,,\n__pycache__/{name}.pyc,,\n{record.name}/METADATA,,\n")
    (site / "whole_one.py").touch()
    (site / "~orn_one").mkdir()
    environment.set_up(Plan(PROGRAM, None))
    assert sorted(path.name for path in site.iterdir()) == ["whole_one-1.0.dist-info", "whole_one.py"]


def test_a_failed_cupy_leaves_the_program_on_the_cpu_and_is_tried_again(pip, capsys):
    pip.breaks_at = "cupy-cuda"
    pip.error = SetupError("Installing cupy failed: no space.")
    environment.set_up(Plan(PROGRAM, 12080))
    said = capsys.readouterr().err
    assert "Installing cupy failed: no space. The next start tries again." in said
    assert "Going on without a GPU." in said
    assert not environment.is_current(Plan(PROGRAM, 12080))


def test_tests_do_not_go_on_without_the_compiler_they_asked_for(pip):
    pip.breaks_at = "cupy-cuda"
    pip.error = SetupError("Installing cupy failed: no space.")
    with pytest.raises(SetupError):
        environment.set_up(Plan(TESTS, None, compile_without_driver=True))


def test_a_cupy_for_another_cuda_is_removed_first(pip):
    make_fake_venv(environment.VENV)
    record = environment.site_packages() / "cupy_cuda12x-14.2.0.dist-info"
    record.mkdir()
    (record / "RECORD").write_text(f"{record.name}/RECORD,,\n")
    environment.set_up(Plan(PROGRAM, 13000))
    assert ["uninstall", "--yes", "cupy-cuda12x"] in pip.calls


def test_an_old_driver_is_told_what_to_update(pip, capsys):
    environment.set_up(Plan(PROGRAM, 11040))
    assert "supports CUDA 11.4 only; update it to version 525 or newer" in capsys.readouterr().err


def test_missing_venv_module_names_the_package_to_install(pip, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(environment.shutil, "which", lambda name: "/usr/bin/apt-get")
    with pytest.raises(SetupError) as caught:
        environment.set_up(Plan(PROGRAM, None))
    package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
    assert str(caught.value) == f"Python's venv module is not installed; install with: sudo apt install {package}"


def test_missing_venv_module_is_named_where_there_is_no_apt(pip, monkeypatch):
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(environment.shutil, "which", lambda name: None)
    with pytest.raises(SetupError, match="the package of your system that brings venv and ensurepip"):
        environment.set_up(Plan(PROGRAM, None))


def test_an_old_python_is_refused(pip, monkeypatch):
    monkeypatch.setattr(environment.sys, "version_info", (3, 9, 2))
    with pytest.raises(SetupError, match=r"needs Python 3\.10 or newer, and this is Python 3\.9"):
        environment.set_up(Plan(PROGRAM, None))


@posix_only
@pytest.mark.skipif(os.name == "posix" and os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_cannot_be_written_is_named(pip, tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(SetupError, match="cannot be written to"):
        environment.set_up(Plan(PROGRAM, None))


@posix_only
def test_one_set_up_locks_out_another(tmp_path):
    with open(tmp_path / "lock", "a+b") as first, open(tmp_path / "lock", "a+b") as second:
        assert environment.try_lock(first.fileno())
        assert not environment.try_lock(second.fileno())
        first.close()
        assert environment.try_lock(second.fileno())


# ---- pip's words ----------------------------------------------------------------------------------------
PIP_FAILS = """\
    echo 'Collecting numpy>=2.0 (from -r requirements.txt (line 1))'
    echo 'ERROR: Could not find a version that satisfies the requirement numpy>=2.0 (from versions: none)' >&2
    echo 'ERROR: No matching distribution found for numpy>=2.0' >&2
    exit 1
"""
NO_NETWORK = ("    echo \"WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError('x')': "
              "/simple/numpy/\"\n" + PIP_FAILS)


@pytest.fixture
def venv_whose_pip(tmp_path, monkeypatch):
    """Make a `.venv` whose interpreter is a shell script that plays pip."""
    monkeypatch.setattr(environment, "VENV", tmp_path / ".venv")

    def make(script: str) -> None:
        python = environment.python_of(environment.VENV)
        python.parent.mkdir(parents=True)
        python.write_text("#!/bin/sh\n" + textwrap.dedent(script))
        python.chmod(0o755)

    return make


@posix_only
@pytest.mark.parametrize("script, remedy", [
    (PIP_FAILS, "start with Python 3.11 to 3.13"),
    (NO_NETWORK, "Check the network connection and start again."),
    ("echo 'ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device'; exit 1",
     "Free some disk space and start again."),
    ("echo 'something odd'; exit 3", "something odd. Start again to try once more."),
])
def test_a_failed_install_says_what_failed_and_how_to_go_on(venv_whose_pip, script, remedy):
    venv_whose_pip(script)
    with pytest.raises(SetupError) as caught:
        environment.pip("[2/3] Installing requirements.txt", ["install", "-r", "requirements.txt"])
    assert str(caught.value).startswith("Installing requirements.txt failed: ")
    assert remedy in str(caught.value)
    assert "Everything that pip said is in" in str(caught.value)
    assert (environment.VENV / environment.INSTALL_LOG).read_text().strip()


@posix_only
def test_an_install_says_each_thing_once(venv_whose_pip, capsys):
    venv_whose_pip("""\
        echo 'Collecting numpy>=2.0'
        echo '  Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl.metadata (6.6 kB)'
        echo 'Downloading numpy-2.4.6-cp311-cp311-manylinux_2_27_x86_64.whl (16.6 MB)'
        echo 'Progress 0 of 16600000'
        echo "WARNING: Retrying (Retry(total=4)) after connection broken by 'NewConnectionError': /simple/rich/"
        echo "WARNING: Retrying (Retry(total=3)) after connection broken by 'NewConnectionError': /simple/rich/"
        echo 'Installing collected packages: numpy, rich'
        echo 'Successfully installed numpy-2.4.6 rich-15.0.0'
    """)
    environment.pip("[2/3] Installing requirements.txt", ["install"])
    assert capsys.readouterr().err.splitlines() == [
        "[2/3] Installing requirements.txt", "      downloading numpy 2.4.6 (16.6 MB)",
        "      no answer from the package index, trying again", "      unpacking 2 packages"]


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_a_terminal_gets_one_line_that_counts_the_bytes():
    out = Terminal()
    times = iter(range(100))
    line = environment.ProgressLine(out, clock=lambda: float(next(times)))
    line.show("Downloading numba-0.68.1-cp311-cp311-manylinux_2_27_x86_64.whl (3.8 MB)")
    line.show("Progress 1900000 of 3800000")
    line.end()
    assert "\n" not in out.getvalue()
    assert "downloading numba 0.68.1 (3.8 MB): 1.9 of 3.8 MB" in out.getvalue()
    assert out.getvalue().endswith(" \r"), "the line is cleared at the end"


@pytest.mark.parametrize("requirement, met", [
    ("pytest>=1", True),
    ("pytest>=1,<1000", True),
    ("pytest>=1000", False),
    ("pytest<1", False),
    ("no-such-distribution-anywhere>=1", False),
])
def test_a_requirement_is_met_by_name_and_version(requirement, met):
    assert environment.is_met(requirement) is met


def test_versions_compare_by_numbers():
    assert environment.release("2.10.0") > environment.release("2.9.9")
    assert environment.release("14.0") == environment.release("14")
    assert environment.release("15.0.0rc1") == (15,)


def test_the_real_requirement_files_are_understood():
    assert environment.missing_requirements(PROGRAM) == []


# ---- starting inside ------------------------------------------------------------------------------------
@pytest.fixture
def outside_a_test(pip, monkeypatch):
    """Let `ensure` work as outside of pytest, in an interpreter that belongs to no environment, and see where
    it goes on."""
    started: list[list[str]] = []

    def replace_process(command):
        assert os.environ.pop(environment.RESTARTED) == "1", "the new process must know that it was started by us"
        started.append(list(command))

    monkeypatch.setattr(environment, "in_a_test_run", lambda: False)
    monkeypatch.setattr(environment.sys, "prefix", sys.base_prefix)
    monkeypatch.setattr(environment, "driver_cuda_version", lambda: None)
    monkeypatch.setattr(environment, "replace_process", replace_process)
    return started


def test_a_start_goes_on_inside_the_environment_with_its_arguments(outside_a_test):
    environment.ensure(Path("/here/neural-simulator.py"), ["--profile", "two words"])
    assert outside_a_test == [[str(environment.python_of(environment.VENV)), "/here/neural-simulator.py",
                               "--profile", "two words"]]


def test_a_later_start_asks_pip_nothing(outside_a_test, pip):
    environment.ensure(Path("s"), [])
    asked = len(pip.calls)
    environment.ensure(Path("s"), [])
    assert len(pip.calls) == asked
    assert len(outside_a_test) == 2


def test_inside_the_environment_a_start_goes_on_in_place(outside_a_test, monkeypatch):
    monkeypatch.setattr(environment.sys, "prefix", str(environment.VENV))
    environment.ensure(Path("s"), [])
    assert environment.is_current(Plan(PROGRAM, None))
    assert outside_a_test == []


def test_an_interpreter_that_is_not_in_its_environment_does_not_start_itself_for_ever(outside_a_test, monkeypatch):
    monkeypatch.setenv(environment.RESTARTED, "1")
    with pytest.raises(SetupError, match="delete that folder"):
        environment.ensure(Path("s"), [])
    assert outside_a_test == []


def test_a_test_run_never_changes_the_environment_it_runs_in(pip):
    environment.ensure(Path("s"), [])
    assert pip.calls == []
    assert not environment.VENV.exists()


def test_the_user_may_choose_the_running_interpreter(outside_a_test, pip, monkeypatch):
    (environment.ROOT / "requirements.txt").write_text("pytest>=1\n")
    monkeypatch.setenv(environment.NO_VENV, "1")
    environment.ensure(Path("s"), [])
    assert outside_a_test == [] and pip.calls == []


def test_a_chosen_interpreter_that_lacks_something_says_what(outside_a_test, monkeypatch):
    (environment.ROOT / "requirements.txt").write_text("pytest>=1\nno-such-distribution-anywhere>=2\n")
    monkeypatch.setenv(environment.NO_VENV, "1")
    with pytest.raises(SetupError, match="lacks no-such-distribution-anywhere>=2; install them there, or unset"):
        environment.ensure(Path("s"), [])


def test_an_active_environment_that_has_everything_is_used(outside_a_test, pip, monkeypatch, tmp_path):
    (environment.ROOT / "requirements.txt").write_text("pytest>=1\n")
    monkeypatch.setattr(environment.sys, "prefix", str(tmp_path / "another"))
    environment.ensure(Path("s"), [])
    assert outside_a_test == [] and pip.calls == []


def test_an_active_environment_that_lacks_something_is_left_alone(outside_a_test, pip, monkeypatch, tmp_path):
    (environment.ROOT / "requirements.txt").write_text("no-such-distribution-anywhere>=2\n")
    monkeypatch.setattr(environment.sys, "prefix", str(tmp_path / "another"))
    environment.ensure(Path("s"), [])
    assert len(outside_a_test) == 1 and len(pip.calls) == 1


def test_the_exit_code_is_passed_through():
    child = subprocess.run([sys.executable, "-c", textwrap.dedent(f"""
        import sys
        sys.path.insert(0, {str(Path(environment.__file__).parents[2])!r})
        from neural_simulator.tools.environment import replace_process
        replace_process([sys.executable, "-c", "raise SystemExit(7)"])
        """)])
    assert child.returncode == 7


def test_waiting_for_a_child_gives_its_exit_code():
    child = subprocess.Popen([sys.executable, "-c", "raise SystemExit(7)"])
    assert environment.wait_for(child) == 7


def test_the_module_works_when_loaded_by_path():
    spec = importlib.util.spec_from_file_location("first_start", environment.__file__)
    module = importlib.util.module_from_spec(spec)
    sys.modules["first_start"] = module     # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
        assert module.choose_cupy(13000, (7, 0)) == CUPY[12]
    finally:
        del sys.modules["first_start"]


# ---- windows --------------------------------------------------------------------------------------------
linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="speaks of X11")


@linux_only
def test_missing_libraries_are_named_with_their_packages(monkeypatch):
    monkeypatch.setattr(environment, "can_load", lambda name: name not in {"libGL.so.1", "libX11.so.6"})
    monkeypatch.setattr(environment.shutil, "which", lambda name: "/usr/bin/apt-get")
    assert environment.missing_window_libraries() == (
        "The windows need libGL.so.1, libX11.so.6; install with: sudo apt install libgl1 libx11-6")


@linux_only
def test_nothing_is_said_where_all_libraries_are_there(monkeypatch):
    monkeypatch.setattr(environment, "can_load", lambda name: True)
    assert environment.missing_window_libraries() is None


@linux_only
@pytest.mark.parametrize("variables, said", [
    ({}, "There is no display: DISPLAY is not set"),
    ({"WAYLAND_DISPLAY": "wayland-0"}, "There is no display: DISPLAY is not set (a Wayland session needs XWayland)"),
    ({"DISPLAY": ":987"}, "The display :987 does not answer"),
])
def test_a_missing_display_is_explained(monkeypatch, variables, said):
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert environment.why_no_display() == said
