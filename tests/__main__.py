"""`python3 tests [pytest arguments]`: make the environment and the test tools, then run pytest.

Test files are shared among a process per processor, at most `MOST_PROCESSES`; `-n 0` runs all in one.
On Debian and Ubuntu, as root, the virtual screen and the software renderer are installed too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_PROCESSES = 4
ALONE = ("-n", "--numprocesses", "--pdb", "-s", "--capture")     # arguments that say how, or need one process
sys.path[0] = str(ROOT)     # in place of this folder, whose rooms would hide packages of the same name

from neural_simulator.tools import environment  # noqa: E402 - only found with the line above

SCREEN_PACKAGES = (
    "xvfb", "openbox", "libgl1", "libglx-mesa0", "libgl1-mesa-dri", "libegl1", "libegl-mesa0", "libx11-6",
)


def main(arguments: list[str]) -> int:
    try:
        environment.ensure(Path(__file__).parent, arguments, ("requirements.txt", "requirements-test.txt"),
                           compile_without_driver=True)
        install_screen()
    except environment.SetupError as error:
        environment.say(str(error))
        return 1
    except KeyboardInterrupt:
        environment.say("Interrupted. The next start goes on from here.")
        return 130
    os.chdir(ROOT)
    environment.replace_process([sys.executable, "-m", "pytest", *processes(arguments), *arguments])
    raise AssertionError("unreachable: the process was replaced")


def processes(arguments: list[str]) -> list[str]:
    """Return the arguments that share the test files among processes; none where the caller has said otherwise."""
    if any(argument.startswith(ALONE) for argument in arguments):
        return []
    return ["-n", str(min(os.cpu_count() or 1, MOST_PROCESSES)), "--dist", "loadfile"]


def install_screen() -> None:
    """Install what is missing of the virtual screen; where that is not possible, say which tests suffer."""
    missing = missing_packages()
    if not missing:
        return
    if os.geteuid() != 0:
        environment.say("Tests with windows may be skipped or fail; for all of them run: "
                        f"sudo apt-get install {' '.join(missing)}")
        return
    environment.say(f"Installing system packages: {' '.join(missing)}")
    apt("update")
    apt("install", "--yes", "--no-install-recommends", *missing)


def missing_packages() -> list[str]:
    """Return the system packages that are not installed; none where there is no apt."""
    if not shutil.which("apt-get") or not shutil.which("dpkg-query"):
        if sys.platform.startswith("linux"):
            environment.say("This is no Debian or Ubuntu: tests with windows need Xvfb, openbox and Mesa, "
                            "installed by hand.")
        return []
    asked = subprocess.run(["dpkg-query", "--show", "--showformat", "${Package} ${db:Status-Status}\n",
                            *SCREEN_PACKAGES], capture_output=True, text=True)
    installed = {line.split()[0] for line in asked.stdout.splitlines() if line.endswith(" installed")}
    return [package for package in SCREEN_PACKAGES if package not in installed]


def apt(*arguments: str) -> None:
    """Run apt-get without questions; raises SetupError with its own complaint when it fails."""
    quiet = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    ended = subprocess.run(["apt-get", "--quiet", *arguments], env=quiet, stdin=subprocess.DEVNULL,
                           capture_output=True, text=True)
    if ended.returncode != 0:
        raise environment.SetupError(f"apt-get {arguments[0]} failed: {environment.last_line(ended.stderr)}; mend that "
                                     "and run the tests again.")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
