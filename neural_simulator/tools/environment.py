"""The first start: make `.venv` beside the program, install what it needs, go on inside it.

Uses the standard library alone, and nothing of this package, so that it works before anything is installed and
when it is loaded by path. A later start only compares a small stamp file: no network, no pip, a few milliseconds.

The stamp is written last and says what was installed for what (requirement files, interpreter, driver). Without a
stamp, or with another one, the next start installs again: an interrupted set-up repairs itself.
"""

from __future__ import annotations

import contextlib
import csv
import ctypes
import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv"
STAMP = "neural_simulator_setup.json"
INSTALL_LOG = "install.log"
REQUIREMENTS = ("requirements.txt",)

OLDEST_PYTHON = (3, 10)
PIP_WITH_RAW_PROGRESS = (24, 1)

NO_VENV = "NEURAL_SIMULATOR_NO_VENV"        # set by the user: take the running interpreter as it is
RESTARTED = "_NEURAL_SIMULATOR_RESTARTED"   # set by us: this process was started inside `.venv`

CUPY_VERSIONS = ">=14,<15"
# [ctk] brings NVRTC and the CUDA libraries as wheels, so that no CUDA toolkit is needed.
CUPY = {12: f"cupy-cuda12x[ctk]{CUPY_VERSIONS}", 13: f"cupy-cuda13x[ctk]{CUPY_VERSIONS}"}
# Compiles kernels for every architecture without a device; the headers come with the runtime's wheel.
CUPY_WITHOUT_DRIVER = (f"cupy-cuda12x{CUPY_VERSIONS}", "nvidia-cuda-nvrtc-cu12>=12.9,<13",
                       "nvidia-cuda-runtime-cu12>=12.9,<13")
OLDEST_CAPABILITY_OF_CUDA_13 = (7, 5)       # NVRTC 13 no longer compiles for older devices

# Shared libraries without which the two windows do not open, and the Debian packages that bring them.
WINDOW_LIBRARIES = {"libGL.so.1": "libgl1", "libX11.so.6": "libx11-6"}


class SetupError(Exception):
    """The environment cannot be made; the text is one sentence for the user: what failed and how to go on."""


def say(text: str) -> None:
    """Tell the user what the set-up does; standard output is left to the program's results."""
    print(text, file=sys.stderr, flush=True)


# ---- the device -----------------------------------------------------------------------------------------
def driver_library() -> ctypes.CDLL | None:
    """Return NVIDIA's driver library, or None where there is none."""
    names = ["nvcuda.dll"] if os.name == "nt" else ["libcuda.so.1", "/usr/lib/wsl/lib/libcuda.so.1"]
    for name in names:
        with contextlib.suppress(OSError):
            return ctypes.CDLL(name)
    return None


def driver_cuda_version() -> int | None:
    """Return the newest CUDA version that the driver supports (12080 for 12.8), None without a driver."""
    library = driver_library()
    version = ctypes.c_int(0)
    if library is not None and library.cuDriverGetVersion(ctypes.byref(version)) == 0 and version.value > 0:
        return version.value
    return version_of_nvidia_smi()


def version_of_nvidia_smi() -> int | None:
    """Ask the driver's own tool where its library cannot be loaded."""
    if shutil.which("nvidia-smi") is None:
        return None
    try:
        shown = subprocess.run(["nvidia-smi"], capture_output=True, text=True, timeout=20, check=True).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"CUDA Version:\s*(\d+)\.(\d+)", shown)
    return int(found[1]) * 1000 + int(found[2]) * 10 if found else None


def oldest_compute_capability() -> tuple[int, int] | None:
    """Return the lowest compute capability of the devices present, None where the driver does not say."""
    library = driver_library()
    count = ctypes.c_int(0)
    if library is None or library.cuInit(0) != 0 or library.cuDeviceGetCount(ctypes.byref(count)) != 0:
        return None
    found = [compute_capability(library, ordinal) for ordinal in range(count.value)]
    return min((capability for capability in found if capability), default=None)


def compute_capability(library: ctypes.CDLL, ordinal: int) -> tuple[int, int] | None:
    """Return the compute capability of one device; attributes 75 and 76 are its major and minor number."""
    device, major, minor = ctypes.c_int(), ctypes.c_int(), ctypes.c_int()
    failed = (library.cuDeviceGet(ctypes.byref(device), ordinal)
              or library.cuDeviceGetAttribute(ctypes.byref(major), 75, device)
              or library.cuDeviceGetAttribute(ctypes.byref(minor), 76, device))
    return None if failed else (major.value, minor.value)


def choose_cupy(cuda_version: int | None, capability: tuple[int, int] | None) -> str | None:
    """Return the CuPy that fits the driver and the oldest device, None where there is none or it is too old."""
    if cuda_version is None or cuda_version < 12000:
        return None
    too_old = capability is not None and capability < OLDEST_CAPABILITY_OF_CUDA_13
    return CUPY[13] if cuda_version >= 13000 and not too_old else CUPY[12]


# ---- what is wanted, what is there ----------------------------------------------------------------------
@dataclass(frozen=True)
class Plan:
    """What `.venv` must hold: the requirement files, a CuPy for the driver, and a compiler even without one."""

    requirement_files: tuple[str, ...]
    cuda_version: int | None
    compile_without_driver: bool = False

    def stamp(self) -> dict[str, str]:
        """Return what the stamp of a finished set-up holds for this plan."""
        driver = "none" if self.cuda_version is None else str(self.cuda_version // 1000)
        wanted = {"interpreter": interpreter_of(VENV), "driver": driver, "cupy_versions": CUPY_VERSIONS}
        if self.compile_without_driver and self.cuda_version is None:
            wanted["compiler"] = " ".join(CUPY_WITHOUT_DRIVER)
        for name in self.requirement_files:
            wanted[name] = hashlib.sha256((ROOT / name).read_bytes()).hexdigest()
        return wanted

    def stamp_over(self, before: Mapping[str, str]) -> dict[str, str]:
        """Return the stamp after an addition to what `before` says: other requirement files stay in force."""
        kept = {key: value for key, value in before.items() if key != "compiler" or self.cuda_version is None}
        return {**kept, **self.stamp()}

    def cupy(self) -> tuple[str, ...]:
        """Return the CuPy requirements of this machine, asking the devices what they are."""
        chosen = choose_cupy(self.cuda_version, oldest_compute_capability() if self.cuda_version else None)
        if chosen is not None:
            return (chosen,)
        return CUPY_WITHOUT_DRIVER if self.compile_without_driver else ()


def python_of(venv: Path) -> Path:
    """Return the interpreter of a virtual environment."""
    return venv / "Scripts" / "python.exe" if os.name == "nt" else venv / "bin" / "python"


def interpreter_of(venv: Path) -> str:
    """Return the interpreter on which `venv` was built; it changes when the system's Python does."""
    if os.name != "nt":
        return os.path.realpath(python_of(venv))
    home = ""
    with contextlib.suppress(OSError):
        for line in (venv / "pyvenv.cfg").read_text(encoding="utf-8").splitlines():
            key, _, value = line.partition("=")
            home = value.strip() if key.strip() == "home" else home
    return home


def read_stamp() -> dict[str, str]:
    """Return the stamp of the last finished set-up, empty where there is none."""
    try:
        stamp = json.loads((VENV / STAMP).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(stamp: Mapping[str, str]) -> None:
    """Write the stamp in one go: it is there as a whole or not at all."""
    unfinished = VENV / (STAMP + ".tmp")
    unfinished.write_text(json.dumps(stamp, indent=2) + "\n", encoding="utf-8")
    os.replace(unfinished, VENV / STAMP)


def is_current(plan: Plan) -> bool:
    """True when `.venv` holds what `plan` wants. Files of other plans (the tests') may be stamped as well."""
    stamp = read_stamp()
    return python_of(VENV).exists() and all(stamp.get(key) == value for key, value in plan.stamp().items())


def is_inside(venv: Path) -> bool:
    """True when the running interpreter is that of `venv`."""
    return Path(sys.prefix).resolve() == venv.resolve()


def in_another_environment() -> bool:
    """True in an active virtual or Conda environment that is not ours."""
    active = sys.prefix != sys.base_prefix or os.environ.get("CONDA_PREFIX") == sys.prefix
    return active and not is_inside(VENV)


def missing_requirements(requirement_files: Iterable[str]) -> list[str]:
    """Return the requirements that the running interpreter does not meet, as they are written in the files."""
    lines = [line.split("#")[0].strip() for name in requirement_files
             for line in (ROOT / name).read_text(encoding="utf-8").splitlines()]
    return [line for line in lines if line and not is_met(line)]


def is_met(requirement: str) -> bool:
    """True when a distribution of that name and version is installed; knows `name>=1.2,<3` and `name==1.2.3`."""
    name, *_ = re.split(r"[<>=!~\[; ]", requirement, maxsplit=1)
    try:
        installed = release(importlib.metadata.version(name))
    except importlib.metadata.PackageNotFoundError:
        return False
    compare = {">=": lambda limit: installed >= limit, "<": lambda limit: installed < limit,
               "==": lambda limit: installed == limit}
    return all(compare[sign](release(text)) for sign, text in re.findall(r"(>=|==|<)\s*([\d.]+)", requirement))


def release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version without its trailing zeros: '2.10.0rc1' -> (2, 10)."""
    numbers = [int(part) for part in re.match(r"[\d.]*", version)[0].split(".") if part]  # type: ignore[index]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


# ---- making it ------------------------------------------------------------------------------------------
def ensure(script: Path, arguments: Sequence[str], requirement_files: tuple[str, ...] = REQUIREMENTS,
           compile_without_driver: bool = False) -> None:
    """Return when the running interpreter has everything; otherwise set up `.venv` and run `script` inside it.

    In the second case this does not return. Raises SetupError with the one sentence that the user needs.
    Within a test run the running interpreter is taken as it is: a test never changes the environment it runs in.
    """
    restarted = os.environ.pop(RESTARTED, None)
    if in_a_test_run() or (restarted and is_inside(VENV)):
        return
    if restarted:
        raise SetupError(f"{python_of(VENV)} does not run as the environment {VENV}; delete that folder and start "
                         "again.")
    if uses_running_interpreter(requirement_files):
        return
    plan = Plan(requirement_files, driver_cuda_version(), compile_without_driver)
    if not is_current(plan):
        set_up(plan)
    if not is_inside(VENV):
        restart_inside(script, arguments)


def in_a_test_run() -> bool:
    """True in pytest and in the processes that a test starts."""
    return "PYTEST_CURRENT_TEST" in os.environ


def uses_running_interpreter(requirement_files: Iterable[str]) -> bool:
    """True when the user chose the running interpreter, or when its active environment has all that is needed."""
    if os.environ.get(NO_VENV):
        missing = missing_requirements(requirement_files)
        if missing:
            raise SetupError(f"{NO_VENV} is set, but {sys.executable} lacks {', '.join(missing)}; install them "
                             f"there, or unset {NO_VENV}.")
        return True
    return in_another_environment() and not missing_requirements(requirement_files)


def set_up(plan: Plan) -> None:
    """Make `.venv` what `plan` says, one set-up at a time, and stamp it."""
    check_python()
    with only_one_set_up():
        if is_current(plan):    # another start has just done it
            return
        before = read_stamp()
        with contextlib.suppress(FileNotFoundError):
            (VENV / STAMP).unlink()
        say(reason_for_set_up(bool(before)))
        started = time.monotonic()
        made_anew = make_venv()
        complete = install(plan)
        if complete:
            write_stamp(plan.stamp() if made_anew else plan.stamp_over(before))
        say(f"Set-up finished in {time.monotonic() - started:.0f} s." if complete else "Going on without a GPU.")


def reason_for_set_up(was_finished: bool) -> str:
    if not VENV.exists():
        return f"First start: setting up {VENV}. This needs the network once."
    if was_finished:
        return f"The requirements, the driver or Python changed: updating {VENV}."
    return f"The last set-up was not finished: repairing {VENV}."


def check_python() -> None:
    """Raise SetupError when this Python is too old or lacks what makes virtual environments."""
    if sys.version_info[:2] < OLDEST_PYTHON:
        raise SetupError(f"Neural Simulator needs Python {OLDEST_PYTHON[0]}.{OLDEST_PYTHON[1]} or newer, and this is "
                         f"Python {sys.version_info[0]}.{sys.version_info[1]}; start it with a newer one.")
    if importlib.util.find_spec("venv") is None or importlib.util.find_spec("ensurepip") is None:
        package = f"python{sys.version_info[0]}.{sys.version_info[1]}-venv"
        raise SetupError("Python's venv module is not installed; " + how_to_install([package], "venv and ensurepip"))


def how_to_install(packages: Sequence[str], what: str) -> str:
    """Say in half a sentence how to get system packages on this machine."""
    if shutil.which("apt-get"):
        return f"install with: sudo apt install {' '.join(packages)}"
    return f"install the package of your system that brings {what}, then start again."


@contextlib.contextmanager
def only_one_set_up() -> Iterator[None]:
    """Hold a lock that ends with this process, so that two starts at once do not install into each other."""
    try:
        lock = open(ROOT / ".venv.lock", "a+b")     # noqa: SIM115 - closed by the `with` below
    except OSError as error:
        raise SetupError(f"{ROOT} cannot be written to ({error.strerror}); move the program to a folder of your own, "
                         f"or install requirements.txt yourself and set {NO_VENV}=1.") from None
    with lock:
        if not try_lock(lock.fileno()):
            say("Another start is setting up the environment; waiting for it.")
            while not try_lock(lock.fileno()):
                time.sleep(0.5)
        yield


def try_lock(descriptor: int) -> bool:
    """Take the lock on an open file, False when another process holds it."""
    try:
        if sys.platform == "win32":
            import msvcrt
            os.lseek(descriptor, 0, os.SEEK_SET)
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            import fcntl
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def make_venv() -> bool:
    """Make `.venv`, replacing one that is half-made or whose Python is gone; False when a good one is there."""
    if is_healthy(VENV):
        return False
    if VENV.exists() or VENV.is_symlink():
        remove(VENV)
    say("[1/3] Making the virtual environment")
    base = getattr(sys, "_base_executable", None) or sys.executable
    made = subprocess.run([base, "-m", "venv", str(VENV)], capture_output=True, text=True)
    if made.returncode != 0 or not is_healthy(VENV):
        raise SetupError(f"Making {VENV} failed: {last_line(made.stderr or made.stdout)}; mend that and start again.")
    return True


def is_healthy(venv: Path) -> bool:
    """True when the interpreter of `venv` runs and has pip."""
    if not (venv / "pyvenv.cfg").is_file():
        return False
    try:
        asked = subprocess.run([str(python_of(venv)), "-c", "import pip, pip._internal.cli.main"], capture_output=True)
    except OSError:
        return False
    return asked.returncode == 0


def remove(folder: Path) -> None:
    """Delete the unusable `.venv`, or say that the user must."""
    try:
        folder.unlink() if folder.is_symlink() else shutil.rmtree(folder)
    except OSError as error:
        raise SetupError(f"{folder} is unfinished and cannot be removed ({error.strerror}: {error.filename}); delete "
                         "that folder and start again.") from None


def install(plan: Plan) -> bool:
    """Install what `plan` wants. False when only CuPy failed: the program then goes on with the CPU."""
    forget_broken_packages()
    (VENV / INSTALL_LOG).write_text("", encoding="utf-8")
    files = [word for name in plan.requirement_files for word in ("-r", str(ROOT / name))]
    renew_pip()
    pip("[2/3] Installing " + " and ".join(plan.requirement_files), ["install", *files])
    cupy = plan.cupy()
    if not cupy:
        say("[3/3] " + why_no_cupy(plan.cuda_version))
        return True
    try:
        remove_other_cupy(cupy[0])
        # Together with the requirements, so that neither changes a version under the other.
        purpose = "the kernels' compiler" if plan.cuda_version is None else "the GPU"
        pip(f"[3/3] Installing {cupy[0]} for {purpose}", ["install", *files, *cupy])
    except SetupError as error:
        if plan.compile_without_driver:
            raise
        say(f"{error} The next start tries again.")
        return False
    return True


def why_no_cupy(cuda_version: int | None) -> str:
    if cuda_version is None:
        return "No NVIDIA driver found: networks run on the CPU"
    return (f"The NVIDIA driver supports CUDA {cuda_version // 1000}.{cuda_version % 1000 // 10} only; update it to "
            "version 525 or newer to use the GPU")


def renew_pip() -> None:
    """Replace a pip too old to report its progress; that it fails is no harm."""
    import ensurepip
    if release(ensurepip.version()) < PIP_WITH_RAW_PROGRESS and pip_version() < PIP_WITH_RAW_PROGRESS:
        with contextlib.suppress(SetupError):
            pip("[2/3] Renewing pip", ["install", "--retries", "1", "--upgrade", "pip"])


def pip_version() -> tuple[int, ...]:
    """Return the version of pip in `.venv`."""
    found = importlib.metadata.distributions(name="pip", path=[str(site_packages())])
    return max((release(distribution.version) for distribution in found), default=())


def site_packages() -> Path:
    """Return the folder of `.venv` that holds its packages."""
    if os.name == "nt":
        return VENV / "Lib" / "site-packages"
    return next(iter(sorted(VENV.glob("lib/python3*/site-packages"))), VENV / "lib")


def forget_broken_packages() -> None:
    """Drop the records of packages of which files are missing, so that pip installs them anew.

    An install that was killed between two files leaves a package that pip takes for whole.
    """
    for folder in site_packages().glob("~*"):       # pip's names for what it was about to replace
        shutil.rmtree(folder, ignore_errors=True)
    for record in site_packages().glob("*.dist-info"):
        if not is_whole(record):
            say(f"      {record.name.removesuffix('.dist-info')} is incomplete and will be installed again")
            shutil.rmtree(record, ignore_errors=True)


def is_whole(dist_info: Path) -> bool:
    """True when every file that the package's record names is there (compiled caches may be cleared)."""
    try:
        with open(dist_info / "RECORD", encoding="utf-8", newline="") as record:
            names = [row[0] for row in csv.reader(record) if row]
    except OSError:
        return False
    return bool(names) and all(name.endswith(".pyc") or (dist_info.parent / name).exists() for name in names)


def remove_other_cupy(chosen: str) -> None:
    """Uninstall a CuPy for another CUDA: all of them bring the same module."""
    others = [name for name in ("cupy-cuda12x", "cupy-cuda13x") if not chosen.startswith(name)]
    present = [name for name in others
               if list(site_packages().glob(f"{name.replace('-', '_')}-*.dist-info"))]
    if present:
        pip(f"[3/3] Removing {', '.join(present)}", ["uninstall", "--yes", *present])


# ---- pip, in few words ----------------------------------------------------------------------------------
def pip(step: str, arguments: Sequence[str]) -> None:
    """Run pip in `.venv`, show its progress as one line, keep its whole output in the install log.

    Raises SetupError when it fails, naming pip's own reason and a remedy.
    """
    say(step)
    command = [str(python_of(VENV)), "-m", "pip", arguments[0], "--no-input", "--disable-pip-version-check",
               *progress_option(arguments[0]), *arguments[1:]]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    lines: list[str] = []
    with open(VENV / INSTALL_LOG, "a", encoding="utf-8") as log:
        running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment,
                                   text=True, encoding="utf-8", errors="replace")
        assert running.stdout is not None
        display = ProgressLine()
        try:
            for line in running.stdout:
                lines.append(line.rstrip())
                log.write(line)
                display.show(lines[-1])
        except BaseException:
            running.terminate()
            running.wait()
            raise
        finally:
            display.end()
    if running.wait() != 0:
        raise SetupError(f"{step.partition('] ')[2]} failed: {reason_of(lines)} Everything that pip said is in "
                         f"{VENV / INSTALL_LOG}.")


def progress_option(verb: str) -> list[str]:
    if verb != "install":
        return []
    return ["--progress-bar", "raw" if pip_version() >= PIP_WITH_RAW_PROGRESS else "off"]


class ProgressLine:
    """Shows what pip does: on a terminal one line that rewrites itself, elsewhere a line per package."""

    def __init__(self, out: TextIO | None = None, clock: Callable[[], float] = time.monotonic):
        self.out = sys.stderr if out is None else out
        self.live = self.out.isatty()
        self.clock = clock
        self.doing = ""
        self.drawn_at = 0.0

    def show(self, line: str) -> None:
        """Take one line of pip's output."""
        progress = re.match(r"Progress (\d+) of (\d+)", line)
        if progress:
            if self.live and self.clock() - self.drawn_at > 0.1:
                self.draw(f"{self.doing}: {int(progress[1]) / 1e6:.1f} of {int(progress[2]) / 1e6:.1f} MB")
            return
        doing = in_few_words(line)
        if doing is None or doing == self.doing:
            return
        self.doing = doing
        if self.live:
            self.draw(doing)
        elif not doing.startswith("looking up"):
            print("      " + doing, file=self.out, flush=True)

    def draw(self, text: str) -> None:
        width = shutil.get_terminal_size().columns - 8
        print("\r      " + text[:width].ljust(width), end="", file=self.out, flush=True)
        self.drawn_at = self.clock()

    def end(self) -> None:
        """Clear the line."""
        if self.live and self.doing:
            self.draw("")
            print("\r", end="", file=self.out, flush=True)


def in_few_words(line: str) -> str | None:
    """Say what a line of pip's output means for the user, None when nothing."""
    words = line.split()
    if not words:
        return None
    if words[0] == "Collecting":
        return f"looking up {re.split(r'[<>=!~;]', words[1])[0]}"
    fetched = re.match(r"\s*(Downloading|Using cached) (?:\S*/)?([\w.]+?)-(\d[\w.]*)\S*\s*(\(.*\))?", line)
    if fetched and ".metadata" not in line:
        verb = "downloading" if fetched[1] == "Downloading" else "already downloaded:"
        return f"{verb} {fetched[2]} {fetched[3]} {fetched[4] or ''}".rstrip()
    if line.startswith("Installing collected packages:"):
        return "unpacking " + (words[3] if len(words) == 4 else f"{len(words) - 3} packages")
    if "Retrying" in line and "connection broken" in line:
        return "no answer from the package index, trying again"
    return None


REMEDIES = (
    (("No space left", "not enough space"), "Free some disk space and start again."),
    (("NewConnectionError", "NameResolutionError", "name resolution", "ConnectTimeout", "ProxyError", "Read timed out",
      "ConnectionReset", "SSLError", "connection broken"), "Check the network connection and start again."),
    (("Permission denied", "Access is denied", "Read-only file system"),
     "Close other programs that use the folder, or move the program to a folder of your own, and start again."),
    (("from versions:", "No matching distribution", "requires a different Python"),
     "This Python may be too new or too old for it: start with Python 3.11 to 3.13."),
)


def reason_of(lines: Sequence[str]) -> str:
    """Return pip's own complaint and what to do about it."""
    complaints = [line.partition("ERROR: ")[2] for line in lines if line.startswith("ERROR: ")]
    said = complaints[0] if complaints else last_line("\n".join(lines)) or "pip ended without a word"
    everything = "\n".join(lines)
    for signs, remedy in REMEDIES:
        if any(sign in everything for sign in signs):
            return f"{said.rstrip('.')}. {remedy}"
    return f"{said.rstrip('.')}. Start again to try once more."


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


# ---- going on inside it ---------------------------------------------------------------------------------
def restart_inside(script: Path, arguments: Sequence[str]) -> None:
    """Run `script` with the interpreter of `.venv` in place of this process; never returns."""
    os.environ[RESTARTED] = "1"
    replace_process([str(python_of(VENV)), str(script), *arguments])


def replace_process(command: Sequence[str]) -> None:
    """Go on as `command`: its exit code is ours, Ctrl+C reaches it; never returns."""
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execv(command[0], list(command))
    sys.exit(wait_for(subprocess.Popen(list(command))))


def wait_for(child: subprocess.Popen) -> int:
    """Wait for a child that receives Ctrl+C itself, and return its exit code."""
    while True:
        with contextlib.suppress(KeyboardInterrupt):
            return child.wait()


# ---- windows --------------------------------------------------------------------------------------------
def missing_window_libraries() -> str | None:
    """Return one sentence that names the system libraries which the windows lack, None when all are there."""
    if not sys.platform.startswith("linux"):
        return None
    missing = {name: package for name, package in WINDOW_LIBRARIES.items() if not can_load(name)}
    if not missing:
        return None
    names = ", ".join(missing)
    return f"The windows need {names}; " + how_to_install(list(missing.values()), names)


def can_load(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def why_no_display() -> str | None:
    """Return why no window can be opened, as the beginning of a sentence; None where one can."""
    if not sys.platform.startswith("linux"):
        return None
    name = os.environ.get("DISPLAY")
    if not name:
        needs_xwayland = " (a Wayland session needs XWayland)" if os.environ.get("WAYLAND_DISPLAY") else ""
        return "There is no display: DISPLAY is not set" + needs_xwayland
    if not can_load("libX11.so.6"):
        return None     # `missing_window_libraries` says so
    x11 = ctypes.CDLL("libX11.so.6")
    x11.XOpenDisplay.restype = ctypes.c_void_p
    x11.XCloseDisplay.argtypes = [ctypes.c_void_p]
    connection = x11.XOpenDisplay(None)
    if not connection:
        return f"The display {name} does not answer"
    x11.XCloseDisplay(connection)
    return None
