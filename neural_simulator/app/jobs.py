"""Benchmarks and auto-tune from the panel: each runs as a program of its own, its lines are read as they come."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections import deque
from dataclasses import dataclass
from pathlib import Path

from ..base.paths import ROOT
from ..base.system import PROGRESS

MOST_LINES = 2000
PATIENCE_S = 15.0                # a stopped job may write what it has; then it is ended
COUNT = re.compile(r"progress (\d+)/(\d+)")
STYLE = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Job:
    """A program to run: `script` lies beside the package."""

    key: str
    label: str
    help: str
    script: str
    arguments: tuple[str, ...] = ()


JOBS: tuple[Job, ...] = (
    Job("benchmark_quick", "Quick Benchmark", "Step times of 1,000 and 10,000 Izhikevich neurons that fire.",
        "benchmark.py", ("--quick",)),
    Job("benchmark", "Benchmark", "Step times of every model and size; takes long.", "benchmark.py"),
    Job("viz_benchmark", "Viewer Benchmark", "Times of pictures of up to 1,000,000 neurons, and what they cost a "
        "simulation.", "benchmark.py", ("--viz",)),
    Job("auto_tune_quick", "Quick Auto-Tune", "Find the drive under which a few networks are alive.",
        "neural-simulator.py", ("--auto-tune", "--quick")),
    Job("auto_tune", "Auto-Tune", "Find the drive under which every network is alive; goes on where it was stopped.",
        "neural-simulator.py", ("--auto-tune",)),
)


class Runner:
    """Runs one job at a time. `version` grows with every line and at the end."""

    def __init__(self, root: Path = ROOT) -> None:
        self._root = root
        self._process: subprocess.Popen[str] | None = None
        self._reader: threading.Thread | None = None
        self._stopped = False
        self.job: Job | None = None          # the one that runs or ran last
        self.lines: deque[str] = deque(maxlen=MOST_LINES)
        self.fraction = 0.0
        self.version = 0
        self.ended = ""                      # a sentence once the job is over

    @property
    def running(self) -> bool:
        return self._process is not None

    def start(self, job: Job) -> None:
        """Start a job; only where none runs."""
        assert self._process is None
        self.job, self.fraction, self.ended, self._stopped = job, 0.0, "", False
        self.lines.clear()
        self.version += 1
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "100", PROGRESS: "1"}
        environment.pop("NEURAL_SIMULATOR_TEST_PORT", None)
        process = subprocess.Popen(
            [sys.executable, str(self._root / job.script), *job.arguments], cwd=self._root, env=environment, text=True,
            encoding="utf-8", errors="replace", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT)
        self._process = process
        self._reader = threading.Thread(target=self._read, args=(process,), name=f"job {job.key}", daemon=True)
        self._reader.start()

    def stop(self) -> None:
        """Ask the job to end; what it has done is kept where it keeps it."""
        process = self._process
        if process is None or self._stopped:
            return
        self._stopped = True
        process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
        late = threading.Timer(PATIENCE_S, process.kill)               # which does nothing once it has ended
        late.daemon = True
        late.start()

    def close(self) -> None:
        """End whatever runs, with the program."""
        process = self._process
        if process is not None:
            process.kill()
            process.wait()

    def _read(self, process: subprocess.Popen[str]) -> None:
        """Take in lines until the job is over."""
        assert process.stdout is not None and self.job is not None
        for raw in process.stdout:
            line = STYLE.sub("", raw).rstrip()
            count = COUNT.fullmatch(line)
            if count:
                self.fraction = int(count[1]) / max(1, int(count[2]))
            elif line:
                self.lines.append(line)
            self.version += 1
        code = process.wait()
        what = self.job.label
        self.ended = (f"{what} was stopped." if self._stopped else f"{what} is complete." if code == 0 else
                      f"{what} ended with exit code {code}; its last line says why.")
        self._process = None
        self.version += 1
