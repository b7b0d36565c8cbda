"""The panel with a simulation thread and no viewer: what the tests of the panel alone start.

`--break-at STEP` makes the simulation fail there, `--reports FOLDER` takes what is written; `--idle` builds nothing.
"""

import argparse
import queue
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

if "--reports" in sys.argv:      # nothing is written into the program's own folders
    from tests.gui.folders import redirect, stand_in_jobs
    redirect(Path(sys.argv[sys.argv.index("--reports") + 1]))

from neural_simulator.app import settings  # noqa: E402
from neural_simulator.app.desk import Desk  # noqa: E402
from neural_simulator.app.frames import Mailbox  # noqa: E402
from neural_simulator.app.jobs import JOBS, Runner  # noqa: E402
from neural_simulator.app.messages import Shutdown  # noqa: E402
from neural_simulator.app.worker import Worker, build_simulation  # noqa: E402
from neural_simulator.base import log  # noqa: E402
from neural_simulator.base.paths import PROFILES  # noqa: E402
from neural_simulator.files.profiles import DEFAULT_PROFILE, find_profile  # noqa: E402
from neural_simulator.gui.panel import Panel  # noqa: E402


def build_broken(break_at):
    """Return a builder of simulations that fail at a step."""
    def build(core, gpu, progress):
        sim = build_simulation(core, gpu, progress)
        step = sim.step

        def step_or_break(count):
            if sim.step_index + count > break_at:
                raise ZeroDivisionError("broken on purpose")
            return step(count)
        sim.step = step_or_break
        return sim
    return build


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--break-at", type=int)
    parser.add_argument("--reports", type=Path, required=True)
    parser.add_argument("--idle", action="store_true")
    args = parser.parse_args()
    store = log.install(log.LogStore())
    commands, events, mailbox = queue.Queue(), queue.Queue(), Mailbox()
    build = build_simulation if args.break_at is None else build_broken(args.break_at)
    worker = Worker(commands, events, mailbox, build=build, crash_folder=args.reports)
    desk = Desk(commands, events, mailbox, settings.load())
    desk.load_profile(find_profile(DEFAULT_PROFILE, PROFILES))
    panel = Panel(desk, store)
    panel._runner = Runner(stand_in_jobs(args.reports, {job.script for job in JOBS}))
    worker.start()
    panel.open()
    if not args.idle:
        desk.trigger("start")
    try:
        while panel.running() and not desk.leaving:
            began = time.perf_counter()
            desk.tick()
            panel.frame()
            panel.rest(1 / 60 - (time.perf_counter() - began))
    except KeyboardInterrupt:
        pass
    finally:
        desk.send(Shutdown())
        ended = worker.join(10.0)
        panel.close()
        desk.background.close()
        settings.save(desk.settings)
    print("clean" if ended else "the simulation thread did not end", flush=True)
    return 0 if ended else 1


if __name__ == "__main__":
    sys.exit(main())
