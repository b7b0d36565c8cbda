#!/usr/bin/env python3
"""Neural Simulator: build a spiking network, see it live in 3D while it runs, take the result away reproducibly.

This file is the whole plan of the program:

    arguments -> environment (.venv, made at the first start) -> desktop, or a run without windows

    main thread: panel and viewer, one loop      simulation thread
      desk  --- commands (queue) ----------------> worker: owns the network, builds and steps it
      desk  <-- events (queue) ------------------- done, failed, progress, state
      desk  <-- newest frame (mailbox) ----------- spikes, potentials, rates

The windows own no simulation state: they read the desk and send commands through it. The parts live in the package
`neural_simulator`; a script that loads this file by path under that name gets the package's public names.
"""

from __future__ import annotations

import argparse
import faulthandler
import importlib
import os
import queue
import signal
import sys
import time
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

ROOT = Path(__file__).resolve().parent
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))

if __name__ == "neural_simulator":
    # Loaded by path under the package's own name. Registered under it, this module would stand in the package's
    # place, and every import below would find this file again; so the package takes the name over.
    if getattr(sys.modules.get(__name__), "__file__", None) == __file__:
        del sys.modules[__name__]
    _package = importlib.import_module("neural_simulator")
    __path__ = _package.__path__
    __all__ = _package.__all__

    def __getattr__(name: str):
        return getattr(_package, name)

from neural_simulator.tools import environment  # noqa: E402 - only found with the lines above

if TYPE_CHECKING:
    from collections.abc import Callable

    from neural_simulator.app.desk import Desk
    from neural_simulator.app.messages import Command, Event
    from neural_simulator.app.settings import Settings
    from neural_simulator.app.worker import Worker
    from neural_simulator.files.profiles import Profile
    from neural_simulator.gui.panel import Panel
    from neural_simulator.viewer.scene import Shown
    from neural_simulator.viewer.window import Screen, Viewer

NAME = "neural-simulator.py"
BAD_ARGUMENT = 2             # exit codes
FAILED = 1
INTERRUPTED = 130
TURN_S = 1.0 / 60.0          # shortest turn of the main loop; a virtual screen has no vertical sync to pace it
PANEL_PX = (940, 960)        # at scale 1, where the screen is large enough
PATIENCE_S = 20.0            # for the end of the simulation thread


# ---- the plan -------------------------------------------------------------------------------------------
def main(arguments: list[str]) -> int:
    """Run the program and return its exit code. Whatever goes wrong ends in one sentence."""
    options = parse(arguments)      # before the set-up: --help and a mistyped option need nothing installed
    try:
        environment.ensure(Path(__file__).resolve(), arguments)
        return start(options)
    except environment.SetupError as error:
        return fail(str(error))
    except KeyboardInterrupt:
        return fail("Interrupted.", INTERRUPTED)


def start(options: argparse.Namespace) -> int:
    """Run what the arguments ask for; everything is installed now."""
    from neural_simulator.app.crash import write_report
    from neural_simulator.base.errors import SimulatorError
    from neural_simulator.base.paths import CRASH_REPORTS
    if options.cell is not None:
        return single_cell(options)
    if options.sweep is not None or options.auto_tune:
        return many_networks(options)
    try:
        profile = chosen_profile(options)
    except SimulatorError as error:
        return fail(str(error), BAD_ARGUMENT)
    try:
        return headless(profile, options) if options.headless else desktop_or_headless(profile, options)
    except SimulatorError as error:
        return fail(str(error))
    except Exception as error:
        report = write_report(CRASH_REPORTS, error, "running", (profile.core, profile.device))
        return fail(f"An unexpected error ended the program: {error or type(error).__name__}. Details are in {report}.")


def desktop_or_headless(profile: Profile, options: argparse.Namespace) -> int:
    """Open the windows where there is a display; elsewhere run without them, leaving a recording and a picture."""
    problem = environment.why_no_display()
    if problem:
        from neural_simulator.files.recordings import new_path
        environment.say(f"{problem}, so {profile.name} runs without windows; the recording and a picture are kept.")
        options.record = new_path()
        return headless(profile, options)
    missing = environment.missing_window_libraries()
    return fail(missing) if missing else desktop(profile, options)


def headless(profile: Profile, options: argparse.Namespace) -> int:
    """Run without windows, with a progress bar and a summary."""
    from neural_simulator.tools import headless
    if options.movie is None:
        return headless.run(profile, options.duration_ms, options.record)
    from neural_simulator.viewer.filming import Film, Plan
    times, speed, size = options.movie_ms, options.movie_speed, options.movie_size
    film = Film(Plan(options.movie, *times, speed, size=size), profile.view)
    duration_ms = film.end_ms + profile.core.dt_ms if options.duration_ms is None else options.duration_ms
    return headless.run(profile, duration_ms, options.record, watcher=film)


def single_cell(options: argparse.Namespace) -> int:
    """Run one cell alone; print a table and leave a picture."""
    from neural_simulator.base.errors import ConfigurationError, SimulatorError
    from neural_simulator.tools import cell
    try:
        return cell.run(options.cell, options.current, options.model, options.duration_ms, options.record)
    except SimulatorError as error:
        return fail(str(error), BAD_ARGUMENT if isinstance(error, ConfigurationError) else FAILED)


def many_networks(options: argparse.Namespace) -> int:
    """Tune the drive of all networks, or run those of a sweep file."""
    from neural_simulator.base.errors import ConfigurationError, FileFormatError, SimulatorError
    from neural_simulator.tools import auto_tune, sweep
    try:
        return auto_tune.run(options) if options.auto_tune else sweep.run(options)
    except SimulatorError as error:
        return fail(str(error), BAD_ARGUMENT if isinstance(error, (ConfigurationError, FileFormatError)) else FAILED)


# ---- arguments ------------------------------------------------------------------------------------------
class OneSentence(argparse.ArgumentParser):
    """Says in one sentence what is wrong with the arguments."""

    def error(self, message: str) -> NoReturn:
        self.exit(BAD_ARGUMENT, f"{NAME}: {message} ({NAME} --help lists the options).\n")


def parse(arguments: list[str]) -> argparse.Namespace:
    """Return the options; ends the program after --help and after a bad argument."""
    parser = OneSentence(
        prog=NAME, allow_abbrev=False,
        description="Build a spiking neural network, see it live in 3D while it runs, and record it. Without options "
                    "the control panel and the viewer open.")
    parser.add_argument("--profile", metavar="P", help="profile to begin with: a name in simulation_profiles/ or a "
                                                       "file (default: small-1000x100)")
    parser.add_argument("--seed", type=int, metavar="S", help="seed of the network and its noise; the same seed gives "
                                                              "the same result, -1 draws one")
    parser.add_argument("--backend", choices=("auto", "cuda", "cpu"), help="what computes: the GPU, the CPU, or the "
                                                                           "GPU where there is one (auto)")
    parser.add_argument("--headless", action="store_true", help="run without windows and print a summary")
    parser.add_argument("--duration-ms", type=float, metavar="T", help="with --headless: simulated time (default: the "
                                                                       "profile's total time)")
    parser.add_argument("--record", type=Path, metavar="F", help="with --headless: record into this new file "
                                                                 "(*.simrec.h5) and draw an overview beside it")
    parser.add_argument("--movie", type=Path, metavar="F", help="with --headless: film the network in 3D into this "
                                                                "file (*.mp4 or *.gif)")
    parser.add_argument("--movie-ms", type=time_range, metavar="A:B", default=(0.0, 1000.0),
                        help="with --movie: simulated time to film, in ms (default: 0:1000)")
    parser.add_argument("--movie-speed", type=float, metavar="X", default=0.1,
                        help="with --movie: simulated time per movie time (default: 0.1, ten times slower than life)")
    parser.add_argument("--movie-size", type=picture_size, metavar="WxH", default=(1280, 720),
                        help="with --movie: size of the pictures in pixels (default: 1280x720)")
    parser.add_argument("--cell", metavar="PRESET", help="with --headless: run one cell of this type alone, print what "
                                                         "it does under each --current and draw it")
    parser.add_argument("--current", metavar="I", nargs="+", help="with --cell: currents in pA; a number or a range "
                                                                  "from:to:step (--current=-100:0:50 below 0)")
    parser.add_argument("--model", metavar="M", help="with --cell: the neuron model, where several have such a cell")
    parser.add_argument("--sweep", type=Path, metavar="FILE", help="run the networks of a sweep file (docs/sweeps.md)"
                                                                   ", leave a table and a picture")
    parser.add_argument("--auto-tune", action="store_true", help="find the external drive under which every network is "
                                                                 "alive; goes on where an earlier run stopped")
    parser.add_argument("--quick", action="store_true", help="with --auto-tune: a few networks only")
    parser.add_argument("--only", nargs="+", metavar="PATTERN", help="with --auto-tune: combinations by name, such as "
                                                                     "'ADEX|*'")
    parser.add_argument("--fresh", action="store_true", help="with --auto-tune: tune again what is tuned already")
    parser.add_argument("--output", type=Path, metavar="F", help="with --sweep: the table, *.csv or *.parquet; with "
                                                                 "--auto-tune: the file of tuned values")
    parser.add_argument("--jobs", type=int, metavar="N", help="with --sweep and --auto-tune: processes (default: one "
                                                              "per core)")
    parser.add_argument("--scheduler", metavar="ADDRESS", help="with --sweep and --auto-tune: the Dask cluster that "
                                                               "runs the networks")
    options = parser.parse_args(arguments)
    check_cell(parser, options)
    check_many(parser, options)
    for name in ("duration_ms", "record", "movie"):
        if getattr(options, name) is not None and not options.headless:
            parser.error(f"--{name.replace('_', '-')} needs --headless")
    if options.duration_ms is not None and not 0.0 < options.duration_ms <= 1e9:
        parser.error(f"--duration-ms is {options.duration_ms:g} ms, but must be above 0 and at most 1e9 ms")
    if options.record is not None and options.record.exists():
        parser.error(f"{options.record} exists already; choose another name for the recording")
    if options.record is not None and not options.record.absolute().parent.is_dir():
        parser.error(f"there is no folder {options.record.absolute().parent} for the recording; make it first")
    return options


def time_range(text: str) -> tuple[float, float]:
    """Return A:B as two numbers."""
    first, _, last = text.partition(":")
    try:
        return float(first), float(last)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no range of times; write its begin and end in ms, such as "
                                         "200:400") from None


def picture_size(text: str) -> tuple[int, int]:
    """Return WxH as two whole numbers."""
    width, _, height = text.lower().partition("x")
    try:
        return int(width), int(height)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text} is no size; write width and height in pixels, such as "
                                         "1280x720") from None


def check_cell(parser: OneSentence, options: argparse.Namespace) -> None:
    """End the program where the arguments of a single cell do not fit together."""
    if options.cell is None:
        for name in ("current", "model"):
            if getattr(options, name) is not None:
                parser.error(f"--{name} needs --cell")
        return
    if not options.headless:
        parser.error("--cell needs --headless")
    if options.current is None:
        parser.error("--cell needs --current, in pA")
    for name in ("profile", "seed", "backend"):
        if getattr(options, name) is not None:
            parser.error(f"--cell runs one cell without a network; leave --{name} out")


def check_many(parser: OneSentence, options: argparse.Namespace) -> None:
    """End the program where the arguments of a sweep or of auto-tune do not fit together."""
    for name, partner in (("quick", "auto_tune"), ("only", "auto_tune"), ("fresh", "auto_tune"), ("output", "sweep"),
                          ("jobs", "sweep"), ("scheduler", "sweep")):
        if getattr(options, name) and not (options.auto_tune or (partner == "sweep" and options.sweep)):
            parser.error(f"--{name} needs --{partner.replace('_', '-')}")
    if (options.sweep or options.auto_tune) and (options.profile is not None or options.seed is not None):
        parser.error("profiles and seeds of a sweep are in its file, auto-tune has its own; leave --profile and --seed "
                     "out")
    if options.jobs is not None and options.jobs < 1:
        parser.error(f"--jobs is {options.jobs}, but must be at least 1")


def chosen_profile(options: argparse.Namespace) -> Profile:
    """Return the profile with the arguments' own values in it. SimulatorError says what is wrong with them."""
    from neural_simulator.files.profiles import DEFAULT_PROFILE
    return with_arguments(options.profile or DEFAULT_PROFILE, options)


def with_arguments(name: str, options: argparse.Namespace) -> Profile:
    """Return the profile of this name or file with the arguments' own values in it."""
    from dataclasses import replace

    from neural_simulator.files.profiles import find_profile, load_profile
    profile = load_profile(find_profile(name))
    if options.seed is not None:
        profile = replace(profile, core=profile.core.changed(seed=options.seed))
    if options.backend is not None:
        profile = replace(profile, device=profile.device.changed(backend=options.backend))
    return profile


# ---- the desktop ----------------------------------------------------------------------------------------
def desktop(profile: Profile, options: argparse.Namespace) -> int:
    """Open panel and viewer around a simulation thread, build the profile's network, and run until the user leaves."""
    faulthandler.enable()       # a crash inside a graphics driver leaves no other trace
    from neural_simulator.app import settings
    from neural_simulator.app.desk import Desk
    from neural_simulator.app.frames import Mailbox
    from neural_simulator.app.worker import Worker
    from neural_simulator.base import log
    from neural_simulator.gui.panel import Panel
    from neural_simulator.viewer.window import Placement, Viewer, primary_screen, terminate

    commands: queue.Queue[Command] = queue.Queue()
    events: queue.Queue[Event] = queue.Queue()
    mailbox = Mailbox()
    store = log.install(log.LogStore())
    worker = Worker(commands, events, mailbox)
    desk = Desk(commands, events, mailbox, settings.load())
    if options.profile is None:
        profile = last_profile(desk.settings, options) or profile
    screen = primary_screen()
    position, size, beside = side_by_side(screen.x, screen.y, screen.width, screen.height, screen.scale)
    position, size = remembered(desk.settings.panel_box, position, size, screen)
    viewer_at, viewer_size = remembered(desk.settings.viewer_box, beside[2:], beside[:2], screen)
    panel = Panel(desk, store, position=position, size=size, scale=screen.scale)
    viewer = Viewer(desk.trigger, Placement(*viewer_size, *viewer_at), desk.inspect, desk.select,
                    partial(desk.notice, bad=True), desk.change_visual)
    register_views(desk, viewer)
    register_pictures(desk, viewer)

    interrupted = leave_when_interrupted(desk)
    with ExitStack() as ending:     # from the last line up: simulation and recording first, the panel's context last
        ending.callback(lambda: settings.save(desk.settings))
        ending.callback(terminate)
        ending.callback(desk.background.close)
        panel.open()
        ending.callback(panel.close)
        open_viewer(desk, viewer)
        ending.callback(close_viewer, desk, viewer)
        worker.start()
        ending.callback(end_simulation, desk, worker)
        desk.show(profile)
        desk.trigger("start")       # nothing is built yet: builds the profile first
        main_loop(desk, panel, viewer)
    return fail("Ended by Ctrl+C or a request to terminate.", INTERRUPTED) if interrupted else 0


def side_by_side(x: int, y: int, width: int, height: int, scale: float) -> tuple[
        tuple[int, int], tuple[int, int], tuple[int, int, int, int]]:
    """Divide a screen: position and size of the panel, then width, height, x and y of the viewer beside it.

    All in px, but GLFW counts the viewer's size at scale 1. Positions are those of the windows without their frames.
    """
    gap = round(8 * scale)
    top = y + 4 * gap       # the title bar
    panel_width = round(min(PANEL_PX[0] * scale, 0.58 * width))
    panel_height = round(min(PANEL_PX[1] * scale, y + height - top - gap))
    left = x + panel_width + 2 * gap
    viewer = (round((x + width - gap - left) / scale), round(panel_height / scale), left, top)
    return (x, top), (panel_width, panel_height), viewer


def last_profile(settings: Settings, options: argparse.Namespace) -> Profile | None:
    """Return the profile that was in the form last, None where it is gone or broken or not wanted."""
    from neural_simulator.base.errors import SimulatorError
    if not settings.open_last_profile or not settings.last_profile:
        return None
    try:
        return with_arguments(settings.last_profile, options)
    except SimulatorError:
        return None


def remembered(box: tuple[int, int, int, int] | None, at: tuple[int, int], size: tuple[int, int], screen: Screen,
               ) -> tuple[tuple[int, int], tuple[int, int]]:
    """Return position and size of a window as they were left, or the usual ones where the screen is another."""
    if box is None:
        return at, size
    width, height, x, y = box
    inside = (screen.x <= x < screen.x + screen.width - 100 and screen.y <= y < screen.y + screen.height - 100
              and 200 <= width <= screen.width and 200 <= height <= screen.height)
    return ((x, y), (width, height)) if inside else (at, size)


def close_viewer(desk: Desk, viewer: Viewer) -> None:
    """Close the viewer and remember its place."""
    viewer.close()
    place = viewer.placement
    if place.x is not None and place.y is not None:
        desk.change_settings(viewer_box=(place.width, place.height, place.x, place.y))


def main_loop(desk: Desk, panel: Panel, viewer: Viewer) -> None:
    """One turn: take in what happened, let the panel draw and act, let the viewer draw and act."""
    while panel.running() and not desk.leaving:
        began = time.perf_counter()
        desk.tick()
        panel.frame()
        was_open = viewer.is_open
        viewer.frame(shown(desk))
        if was_open and not viewer.is_open:
            desk.notice("The network window is closed; View, Show Network Window opens it again.")
        panel.rest(TURN_S - (time.perf_counter() - began))


def open_viewer(desk: Desk, viewer: Viewer) -> None:
    """Open the network window; where OpenGL is missing, the panel works on without it and says why."""
    from neural_simulator.base.errors import BackendError
    try:
        viewer.open()
    except BackendError as error:
        desk.notice(str(error), bad=True)


def register_views(desk: Desk, viewer: Viewer) -> None:
    """Let the viewer carry out the actions that concern its camera and its window."""
    from neural_simulator.app.actions import SLOTS

    def recall(slot: int) -> None:
        pose = desk.saved_view(slot)
        if pose is not None:
            viewer.camera.take_pose(pose)

    desk.on("reset_camera", viewer.reset_camera)
    desk.on("show_viewer", partial(open_viewer, desk, viewer))
    for preset in ("front", "side", "top", "oblique"):
        desk.on(f"look_{preset}", partial(viewer.look_from, preset))
    for slot in SLOTS:
        desk.on(f"recall_view_{slot}", partial(recall, slot))
        desk.on(f"save_view_{slot}", lambda slot=slot: desk.save_view(slot, viewer.camera.relative_pose()))


def register_pictures(desk: Desk, viewer: Viewer) -> None:
    """Let the viewer take pictures and movies."""
    from neural_simulator.base.errors import SimulatorError
    from neural_simulator.viewer.movie import new_path, save_png

    def take(transparent: bool) -> None:
        path = new_path(".png")
        save_png(viewer.picture(transparent), path)
        desk.notice(f"The picture is saved as {path}.")

    def film() -> None:
        if viewer.filming is None:
            viewer.film(new_path(".mp4"))
            desk.notice(f"Filming into {viewer.filming}; the same key finishes the movie.")
        else:
            path = viewer.end_film()
            desk.notice(f"The movie is saved as {path}." if path else "Nothing moved, so there is no movie.")

    def telling(do: Callable[[], None]) -> None:
        try:
            do()
        except SimulatorError as error:
            desk.notice(str(error), bad=True)

    desk.on("take_picture", partial(telling, partial(take, False)))
    desk.on("take_clear_picture", partial(telling, partial(take, True)))
    desk.on("film", partial(telling, film))


def shown(desk: Desk) -> Shown:
    """Return what the viewer is to show now."""
    from neural_simulator.viewer.scene import Shown
    view, gpu = desk.view, desk.view.gpu or desk.view.draft_gpu
    pressed = desk.frame is not None and desk.frame.memory_use > gpu.memory_pressure_threshold
    return Shown(view.network, desk.frame, view.visual, view.inspection, view.selection, view.incoming, notice(desk),
                 adaptive=gpu.enable_adaptive_quality, pressed=pressed, share=gpu.enable_cuda_gl_interop,
                 racing=view.run == "running" and view.speed == 0.0)


def notice(desk: Desk) -> str:
    """Return the sentence that the viewer shows over the picture: nothing while all goes well."""
    view = desk.view
    if view.progress is not None:
        task, fraction = view.progress
        return f"{task}: {fraction:.0%}"
    return "" if view.run == "running" and not view.status_bad else view.status


def end_simulation(desk: Desk, worker: Worker) -> None:
    """Let the simulation thread finish its batch and close its recording."""
    from neural_simulator.app.messages import Shutdown
    desk.send(Shutdown())
    if not worker.join(PATIENCE_S):
        environment.say(f"The simulation did not end within {PATIENCE_S:.0f} s and is left behind.")


def leave_when_interrupted(desk: Desk) -> list[int]:
    """Let Ctrl+C and termination requests end the main loop, not break it anywhere; the list tells that they came."""
    received: list[int] = []

    def leave(number: int, _: object) -> None:
        received.append(number)
        desk.leave()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, leave)
    return received


# ---- ending ---------------------------------------------------------------------------------------------
def fail(sentence: str, code: int = FAILED) -> int:
    """Say why the program ends. A console window that a double click opened on Windows stays until it is read."""
    environment.say(sentence)
    if os.name == "nt" and sys.stdin.isatty() and "PROMPT" not in os.environ:
        input("Press Enter to close this window.")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
