"""How fast pictures are drawn here, and what they cost the simulation: `benchmark.py --viz`.

Pictures: a cube of neurons at about 5 Hz with 1,000 or 20,000 synapses, the spikes under way along them, glow and
display, drawn into an off-screen picture of 1280 x 720 pixels; each picture shows a new state, and its time ends when
the device has finished it. 'turning' moves the camera as well, so that the neurons are sorted anew.
Updates: the time in which a new state of all neurons reaches OpenGL.
Slowdown: steps per second of a simulation that runs as fast as it can, alone and with pictures drawn of it, in many
short turns whose order alternates: 60 a second at any price, and as many as the window allows itself. Said are the
share of steps that is missing, and its standard error from the pairs of turns.
"""

from __future__ import annotations

import argparse
import json
import math
import queue
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np

from ..app import messages as msg
from ..app.frames import Frame, Mailbox, NetworkView
from ..app.worker import Worker
from ..backend import cuda
from ..backend.device_array import DeviceArray
from ..base.declarations import Population
from ..base.errors import SimulatorError, command
from ..base.synapses import make
from ..base.system import system_info, tell_progress
from ..config import CoreSimConfig, GPUConfig, VisualizationConfig
from .hud import HudFacts
from .offscreen import OffscreenViewer
from .pacing import Pacer, allowance
from .scene import Shown

SIZE = (1280, 720)
# Numbers of neurons and of synapse lines.
SCENES = {False: ((10_000, 1000), (10_000, 20_000), (100_000, 20_000), (1_000_000, 20_000)),
          True: ((1000, 1000), (10_000, 1000))}
PICTURES = {False: 40, True: 10}
UPDATES = 30
MOST_LINES = 20_000
RATE_HZ, VELOCITY_UM_PER_MS, LATENCY_MS = 5.0, 300.0, 1.0
EDGE_UM = 1000.0
LONGEST_S = 4.0                         # of the pictures of one kind, where they are slow; at least three are drawn
# Length (s) and number of the stretches of a simulation with and without pictures: short, because its speed wanders,
# but longer than what a picture and the rest after it take.
STRETCHES = {"cuda": (0.25, 60), "cpu": (2.0, 6)}
QUICK_STRETCHES = 2
PACE_S = 1.0 / 60.0
WARM_UP = 4                             # pictures and updates that do not count
# What runs beside the pictures: the benchmark's Izhikevich networks of two sizes.
BESIDE = {"cpu": (10_000, 100), "cuda": (100_000, 1000)}

Tell = Callable[[str], None]


# ---- something to draw ----------------------------------------------------------------------------------
def cube(neurons: int, seed: int = 0) -> NetworkView:
    """A network to draw, without a simulation behind it."""
    rng = np.random.default_rng(seed)
    positions = ((rng.random((neurons, 3)) - 0.5) * EDGE_UM).astype(np.float32)
    border = round(0.8 * neurons)
    half = EDGE_UM / 2.0
    populations = tuple(
        Population(name=name, start=start, stop=stop, model="IZHIKEVICH", preset=preset, params={},
                   excitatory=excitatory, trait=trait, low_um=(-half,) * 3, high_um=(half,) * 3)
        for name, start, stop, preset, excitatory, trait in (
            ("Excitatory", 0, border, "RS", True, 0), ("Inhibitory", border, neurons, "FS", False, 1)))
    pre, post = rng.integers(0, neurons, (2, MOST_LINES))
    distance = np.linalg.norm(positions[pre] - positions[post], axis=1)
    delay = np.round(LATENCY_MS + distance / VELOCITY_UM_PER_MS).astype(int)
    sample = make(pre, post, rng.normal(1.0, 0.1, MOST_LINES), delay)
    return NetworkView(core=CoreSimConfig(num_neurons=neurons), seed=seed, backend="none", populations=populations,
                       population_of=(np.arange(neurons) >= border).astype(np.uint8), positions=positions,
                       synapse_sample=sample, num_synapses=neurons * 1000, memory_bytes=0, build_time_s=0.0,
                       max_delay_steps=int(delay.max()))


def states(view: NetworkView, count: int, on_device: bool, seed: int = 1) -> list[Frame]:
    """Return frames of different states, whose arrays lie in the device's memory with `on_device`."""
    return [_state(view, step, on_device, np.random.default_rng((seed, step))) for step in range(1000, 1000 + count)]


def _state(view: NetworkView, step: int, on_device: bool, rng: np.random.Generator) -> Frame:
    n = view.num_neurons
    last = (step - 1 - rng.exponential(1000.0 / RATE_HZ, n)).astype(np.int32)
    ids = np.flatnonzero(last >= step - 1 - view.max_delay_steps)
    ids = ids[np.argsort(last[ids], kind="stable")]
    v = rng.normal(-62.0, 5.0, n).astype(np.float32)
    arrays: list[Any] = [v, last]
    if on_device:
        ready = cuda.xp().cuda.Event(disable_timing=True)
        arrays = [DeviceArray(cuda.xp().asarray(array), ready) for array in arrays]
        ready.record()
    return Frame(step=step, time_ms=float(step), v=arrays[0], last_spike_step=arrays[1],
                 spike_steps=np.zeros(0, np.int64), spike_ids=np.zeros(0, np.int32), total_spikes=n,
                 rates_Hz=(RATE_HZ, RATE_HZ), rate_window_ms=250.0, probe_ids=(), probe_steps=np.zeros(0, np.int64),
                 probe_v=np.zeros((0, 0), np.float32), step_time_us=0.0, real_time_factor=0.0,
                 flying_steps=last[ids].astype(np.int64), flying_ids=ids.astype(np.int32))


def _fresh(array: Any) -> Any:
    """The same array, of which the host has no copy yet."""
    return DeviceArray(array.array, array.ready) if isinstance(array, DeviceArray) else array


# ---- measuring ------------------------------------------------------------------------------------------
class Easel:
    """An off-screen viewer with a picture that stays, so that only drawing is measured."""

    def __init__(self) -> None:
        self.viewer = OffscreenViewer()
        from .gl import Framebuffer, finish
        self._finish = finish
        self._target = Framebuffer(*SIZE)
        self.facts = HudFacts("60 per s", lively=True)

    def fit(self, view: NetworkView) -> None:
        """Let the camera see a network from the front."""
        from .scene import bounds
        self.viewer.camera.fit(*bounds(view.positions), SIZE[0] / SIZE[1])

    def draw(self, shown: Shown) -> float:
        """Draw one picture with its display; returns the seconds until the device has finished."""
        began = time.perf_counter()
        self._target.bind()
        self.viewer.renderer.draw(SIZE, self.viewer.camera, shown, lively=True)
        self.viewer.renderer.draw_hud(SIZE, self.viewer.camera, shown, self.facts)
        self._finish()
        return time.perf_counter() - began

    def update(self, frame: Frame, share: bool) -> float:
        """Bring a state to the device; returns the seconds until it is there."""
        network = self.viewer.renderer.network
        assert network is not None
        frame = replace(frame, v=_fresh(frame.v), last_spike_step=_fresh(frame.last_spike_step))
        began = time.perf_counter()
        network.state.send(frame, True, share)
        self._finish()
        return time.perf_counter() - began

    @property
    def path(self) -> str:
        """How the newest state came: 'shared' or 'copied'."""
        return self.viewer.renderer.path

    def close(self) -> None:
        self._target.close()
        self.viewer.close()


def pictures(easel: Easel, neurons: int, lines: int, count: int, on_device: bool) -> dict[str, Any]:
    """Measure the pictures and updates of one scene; times in ms."""
    view = cube(neurons)
    frames = states(view, 6, on_device)
    viz = VisualizationConfig(max_synapses_drawn=lines)
    easel.fit(view)
    row: dict[str, Any] = {"name": f"viz-{neurons}-{lines}", "num_neurons": neurons, "synapses_drawn": lines}
    for name, turn in (("still", 0.0), ("turning", 1.0)):
        times: list[float] = []
        for number in range(WARM_UP + count):
            easel.viewer.camera.turn(turn)
            times.append(easel.draw(Shown(view, frames[number % len(frames)], viz)))
            if number >= WARM_UP + 2 and sum(times) > LONGEST_S:
                break
        row |= _times(f"{name}_ms", times[WARM_UP:])
    row["pulses_drawn"], row["path"] = easel.viewer.renderer.drawn_pulses, easel.path
    for shared in (True, False) if on_device else (False,):
        times = [easel.update(frames[number % len(frames)], shared) for number in range(WARM_UP + UPDATES)]
        row |= _times(f"update_{easel.path}_ms", times[WARM_UP:])
    return row


def _times(name: str, seconds: Sequence[float]) -> dict[str, float]:
    p50, p95 = np.percentile(np.array(seconds) * 1000.0, (50, 95))
    return {f"{name}_p50": float(p50), f"{name}_p95": float(p95)}


class Beside:
    """A simulation that runs in its own thread, as it does under the windows."""

    def __init__(self, core: CoreSimConfig, gpu: GPUConfig):
        self._commands: queue.Queue[msg.Command] = queue.Queue()
        self._events: queue.Queue[msg.Event] = queue.Queue()
        self.mailbox = Mailbox()
        self._worker = Worker(self._commands, self._events, self.mailbox)
        self._worker.start()
        self._commands.put(msg.ApplyConfig(core, gpu))
        self.view: NetworkView = self._wait(msg.NetworkBuilt).view
        self._commands.put(msg.SetSpeed(0.0))
        self._wait(msg.Done)

    def _wait(self, kind: type) -> Any:
        while True:
            event = self._events.get(timeout=600.0)
            if isinstance(event, msg.Failed):
                raise SimulatorError(event.message)
            if isinstance(event, kind):
                return event

    def start(self) -> None:
        self._commands.put(msg.Start())
        while self._wait(msg.RunStateChanged).state != "running":
            pass

    def watch(self, seconds: float, look: Callable[[Frame | None], None] | None) -> float:
        """Let it run for `seconds`, calling `look` with the newest frame at the display's pace; its steps per second.
        """
        before, began = self._worker.step, time.perf_counter()
        due = began
        while (now := time.perf_counter()) < began + seconds:
            if look is not None:
                look(self.mailbox.take())
            due = max(due + PACE_S, now)
            time.sleep(max(0.0, due - time.perf_counter()))
        return (self._worker.step - before) / (time.perf_counter() - began)

    def close(self) -> None:
        self._commands.put(msg.Shutdown())
        self._worker.join(20.0)


@contextmanager
def beside(core: CoreSimConfig, gpu: GPUConfig) -> Iterator[Beside]:
    simulation = Beside(core, gpu)
    try:
        yield simulation
    finally:
        simulation.close()


def slowdown(easel: Easel, core: CoreSimConfig, gpu: GPUConfig, stretch_s: float,
             turns: int) -> Iterator[dict[str, Any]]:
    """Measure what pictures cost a simulation: 60 a second at any price, and as many as the window allows itself."""
    with beside(core, gpu) as simulation:
        easel.fit(simulation.view)
        shown = Shown(simulation.view, None, VisualizationConfig(), share=gpu.enable_cuda_gl_interop, racing=True)
        simulation.start()
        for name, limited in (("60", False), ("window", True)):
            yield _beside(easel, simulation, shown, stretch_s, turns, name, limited)


def _beside(easel: Easel, simulation: Beside, shown: Shown, stretch_s: float, turns: int, name: str,
            limited: bool) -> dict[str, Any]:
    core, costs = simulation.view.core, list[float]()
    pacer = Pacer()

    def look(frame: Frame | None) -> None:
        nonlocal shown
        shown = replace(shown, frame=frame or shown.frame)
        began = time.perf_counter()
        if not limited or pacer.may_draw(began):
            costs.append(easel.draw(shown))
            pacer.drew(began, time.perf_counter(), allowed=allowance(True, easel.path))

    for each in (None, look):
        simulation.watch(stretch_s, each)
    costs.clear()
    pairs = []
    for turn in range(turns):
        order = (None, look) if turn % 2 else (look, None)
        speeds = {each: simulation.watch(stretch_s, each) for each in order}
        pairs.append((speeds[None], speeds[look]))
    alone, watched = np.array(pairs).T
    return {"name": f"beside-{core.num_neurons}x{core.connections_per_neuron}-{name}",
            "num_neurons": core.num_neurons, "backend": simulation.view.backend,
            "steps_per_s_alone": float(alone.mean()), "steps_per_s_watched": float(watched.mean()),
            "slowdown": float(1.0 - watched.mean() / alone.mean()),
            "slowdown_error": float(np.std(watched / alone, ddof=1) / math.sqrt(turns)),
            "pictures_per_s": len(costs) / (turns * stretch_s),
            "picture_ms_p50": statistics.median(costs) * 1000.0, "path": easel.path}


def network_beside(on_device: bool, quick: bool) -> CoreSimConfig:
    """The network that runs beside the pictures: uniform, firing at a few Hz (as tools.benchmark's)."""
    neurons, connections = BESIDE["cuda" if on_device and not quick else "cpu"]
    return CoreSimConfig(num_neurons=neurons, connections_per_neuron=connections, seed=42, connection_length_um=1e9,
                         excitatory_weight_nS=60.0 / connections, inhibitory_weight_nS=250.0 / connections,
                         background_rate_Hz=190.0 if connections >= 300 else 240.0, background_weight_nS=2.5,
                         total_simulation_time_ms=1e9)


def measure(quick: bool = False, neurons: Sequence[int] = (), gpu: GPUConfig | None = None,
            tell: Tell = lambda line: None) -> dict[str, Any]:
    """Measure everything and return the result document; `tell` gets each row in words."""
    gpu = gpu or GPUConfig()
    on_device = gpu.backend != "cpu" and cuda.problem() is None
    easel = Easel()
    scenes = [(count, MOST_LINES) for count in neurons] or SCENES[quick]
    rows: list[dict[str, Any]] = []

    def keep(row: dict[str, Any]) -> None:
        rows.append(row)
        tell_progress(len(rows), len(scenes) + 2)
        tell(lines_of(row))

    try:
        device = easel.viewer.device_name()
        tell(f"Pictures of {SIZE[0]} x {SIZE[1]} pixels on {device}")
        for count, lines in scenes:
            keep(pictures(easel, count, lines, PICTURES[quick], on_device))
        stretch_s, turns = STRETCHES["cuda" if on_device else "cpu"]
        turns = QUICK_STRETCHES if quick else turns
        for row in slowdown(easel, network_beside(on_device, quick), gpu, stretch_s, turns):
            keep(row)
    finally:
        easel.close()
    return {"viz_benchmark_version": "1.1", "timestamp": datetime.now(timezone.utc).isoformat(timespec="seconds"),
            "quick": quick, "size": SIZE, "graphics_device": device,
            "system_info": system_info(), "results": rows}


def lines_of(row: dict[str, Any]) -> str:
    """One row in words, in lines that fit into the control panel."""
    if "slowdown" in row:
        pace = "at its own pace" if row["name"].endswith("window") else "60 a second wanted"
        return (f"Beside {row['num_neurons']:,} neurons, {pace}:\n"
                f"  {row['pictures_per_s']:.0f} pictures/s of {row['picture_ms_p50']:.2f} ms ({row['path']}), "
                f"{row['slowdown']:.1%} slower (± {row['slowdown_error']:.1%})\n"
                f"  {row['steps_per_s_alone']:,.0f} steps/s alone, {row['steps_per_s_watched']:,.0f} watched")
    updates = ", ".join(f"{key.split('_')[1]} {row[key]:.3f} ms" for key in row if key.startswith("update")
                        and key.endswith("p50"))
    return (f"{row['num_neurons']:,} neurons, {row['synapses_drawn']:,} synapses, {row['pulses_drawn']:,} pulses:\n"
            f"  picture {row['still_ms_p50']:.2f} ms (p95 {row['still_ms_p95']:.2f}), turning "
            f"{row['turning_ms_p50']:.2f} ms (p95 {row['turning_ms_p95']:.2f})\n"
            f"  new state {updates}")


@command("benchmark.py")
def main(arguments: Sequence[str]) -> int:
    """Measure as a command."""
    parser = argparse.ArgumentParser(prog="benchmark.py --viz", description=(__doc__ or "").split("\n\n")[0])
    parser.add_argument("--quick", action="store_true", help="small networks, shorter runs")
    parser.add_argument("--neurons", nargs="+", type=int, metavar="N", default=())
    parser.add_argument("--backend", choices=("auto", "cuda", "cpu"), default="auto")
    parser.add_argument("--output", type=Path, metavar="F", help="write the results as JSON")
    options = parser.parse_args(arguments)
    results = measure(options.quick, options.neurons, GPUConfig(backend=options.backend),
                      lambda line: print(line, flush=True))
    if options.output is not None:
        options.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
        print(f"Written to {options.output}")
    return 0
