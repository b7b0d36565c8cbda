"""Jobs beside the simulation: real programs, their progress, their end."""

import sys
import time

import pytest

from neural_simulator.app.jobs import JOBS, Job, Runner
from neural_simulator.base.paths import ROOT


@pytest.fixture
def runner(tmp_path):
    made = Runner(tmp_path)
    yield made
    made.close()


def script(folder, text):
    (folder / "job.py").write_text(text)
    return Job("test", "Test Job", "", "job.py")


def until(condition):
    end = time.monotonic() + 30.0
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_every_job_is_a_program_that_exists():
    assert all((ROOT / job.script).is_file() and job.help for job in JOBS)
    assert len({job.key for job in JOBS}) == len(JOBS)


def test_lines_and_progress_are_read_as_they_come(runner, tmp_path):
    runner.start(script(tmp_path, "print('one')\nprint('progress 1/4')\nprint('\\x1b[1mtwo\\x1b[0m')"))
    until(lambda: not runner.running)
    assert list(runner.lines) == ["one", "two"] and runner.fraction == 0.25
    assert runner.ended == "Test Job is complete."


def test_a_failure_is_told(runner, tmp_path):
    runner.start(script(tmp_path, "raise SystemExit(3)"))
    until(lambda: not runner.running)
    assert "exit code 3" in runner.ended


def test_a_job_can_be_stopped_and_may_keep_what_it_has(runner, tmp_path):
    runner.start(script(tmp_path, "import time\ntry:\n    print('begun')\n    time.sleep(60)\n"
                                  "except KeyboardInterrupt:\n    print('kept')"))
    until(lambda: "begun" in runner.lines)
    runner.stop()
    until(lambda: not runner.running)
    assert runner.ended == "Test Job was stopped."
    assert sys.platform == "win32" or "kept" in runner.lines
