"""Small networks and frames made by hand, and pictures that scripts draw."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from neural_simulator.app.frames import NEVER, Frame, NetworkView
from neural_simulator.base.declarations import Population
from neural_simulator.base.synapses import make
from neural_simulator.config import CoreSimConfig

STEP = 1000


def network(positions, population_of=None, synapses=(), excitatory=(True, False), dt_ms=1.0, delays=5, weights=1.0,
            max_delay=20) -> NetworkView:
    """A network with neurons at `positions` and the given (pre, post) pairs; population 1 inhibits."""
    positions = np.asarray(positions, np.float32).reshape(-1, 3)
    count = positions.shape[0]
    population_of = np.zeros(count, np.uint8) if population_of is None else np.asarray(population_of, np.uint8)
    edges = np.searchsorted(population_of, np.arange(len(excitatory) + 1))
    populations = tuple(
        Population(name=f"P{index}", start=int(edges[index]), stop=int(edges[index + 1]), model="IZHIKEVICH",
                   preset="RS" if sign else "FS", params={}, excitatory=sign, trait=index, low_um=(-1.0, -1.0, -1.0),
                   high_um=(1.0, 1.0, 1.0))
        for index, sign in enumerate(excitatory))
    pairs = np.asarray(synapses, np.int32).reshape(-1, 2)
    sample = make(pairs[:, 0], pairs[:, 1], np.full(len(pairs), weights), np.full(len(pairs), delays))
    return NetworkView(core=CoreSimConfig(num_neurons=max(count, 1), dt_ms=dt_ms), seed=1, backend="CPU, 1 thread",
                       populations=populations, population_of=population_of, positions=positions,
                       synapse_sample=sample, num_synapses=len(pairs), memory_bytes=3_500_000, build_time_s=0.1,
                       max_delay_steps=max_delay)


def cloud(count, seed=0, synapses=200) -> NetworkView:
    """`count` neurons at random places of a 1 mm cube, the last fifth inhibitory."""
    rng = np.random.default_rng(seed)
    positions = (rng.random((count, 3)) - 0.5) * 1000.0
    return network(positions, np.arange(count) >= 0.8 * count, rng.integers(0, count, (synapses, 2)))


def frame(view, last_spike_step=None, v=-65.0, step=STEP, rates=(5.0, 12.0)) -> Frame:
    """A frame in which neurons fired last at `last_spike_step` (default: never)."""
    count = view.num_neurons
    last = np.full(count, NEVER, np.int32) if last_spike_step is None else np.asarray(last_spike_step, np.int32)
    return Frame(step=step, time_ms=step * view.core.dt_ms, v=np.full(count, v, np.float32), last_spike_step=last,
                 spike_steps=np.zeros(0, np.int64), spike_ids=np.zeros(0, np.int32), total_spikes=1234,
                 rates_Hz=rates, rate_window_ms=1000.0, probe_ids=(), probe_steps=np.zeros(0, np.int64),
                 probe_v=np.zeros((0, 0), np.float32), step_time_us=120.0, real_time_factor=0.3)


def drawn(script: str, folder: Path) -> dict[str, np.ndarray]:
    """All pictures of a script beside this file, by name; it draws them in a process without a display."""
    environment = {name: value for name, value in os.environ.items()
                   if name not in ("DISPLAY", "PYOPENGL_PLATFORM", "WAYLAND_DISPLAY")}
    file = folder / "shots.npz"
    run = subprocess.run([sys.executable, str(Path(__file__).with_name(script)), str(file)], env=environment,
                         capture_output=True, text=True, timeout=300)
    if run.returncode and "EGL" in run.stderr.splitlines()[-1]:
        pytest.skip(run.stderr.splitlines()[-1])
    assert run.returncode == 0, run.stderr
    with np.load(file) as arrays:
        return dict(arrays)
