"""The newest stretch of everything that is plotted, filled whether or not a plot shows it now."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import psutil

from ..app.frames import Frame, LearningView, NetworkView, same_neurons
from .series import Raster, Rates, Scalars, Voltages

STATES_KEPT = 1200             # points of the phase plane
MEMORY_EVERY_S = 0.5            # between two looks at the program's memory


class Tapes:
    """Takes in frames; plots read."""

    def __init__(self) -> None:
        self.network: NetworkView | None = None
        self.frame: Frame | None = None
        self.serial = 0                            # grows with everything taken in
        self.raster: Raster | None = None
        self.rates = Rates()
        self.voltages = Voltages((), {}, 1.0)
        self.picked: int | None = None             # the neuron whose trace and states follow
        self.picked_trace = Voltages((), {}, 1.0)
        self.state_names: tuple[str, ...] = ()
        self.states = np.empty((0, 0), np.float32)           # (K, S), the newest ones
        self.resources = Scalars(("step_us", "speed", "process_bytes", "memory_use"))
        self.means = Scalars(())                   # mean weight of every pair of populations that learns
        self._process = psutil.Process()
        self._learning: LearningView | None = None     # the newest of those kept
        self._memory_bytes = 0
        self._memory_s = self._taken_s = 0.0

    @property
    def now_ms(self) -> float:
        """Simulated time of the newest frame."""
        return 0.0 if self.frame is None else self.frame.time_ms

    def newer(self, than_s: float) -> bool:
        """True where something came after `than_s` (perf_counter)."""
        return self._taken_s > than_s

    def take(self, network: NetworkView | None, frame: Frame | None, fresh: bool) -> None:
        """Follow the desk; once per turn of the main loop."""
        if network is not self.network:
            if not same_neurons(self.network, network):
                self._begin(network)
            self.network = network                                       # the same neurons may have other synapses
        if network is None or frame is None or not fresh:
            return
        assert self.raster is not None
        if self.frame is not None and frame.step < self.frame.step:      # the run began anew
            self._begin(network)
            assert self.raster is not None
        self.frame = frame
        self.serial += 1
        self._taken_s = time.perf_counter()
        if frame.probe_ids != self.voltages.ids:
            self._trace(network, frame.probe_ids)
        self.raster.saw(frame)
        self.rates.saw(frame)
        self.voltages.saw(frame)
        self._follow_picked(network, frame)
        self._follow_means(frame)
        self.resources.saw(frame.time_ms, (frame.step_time_us, frame.speed, float(self.process_bytes()),
                                            frame.memory_use))

    def _follow_means(self, frame: Frame) -> None:
        """Keep the mean weights; where other populations learn than before, they begin anew."""
        if frame.learning is None or frame.learning is self._learning:
            return
        self._learning = frame.learning
        names = tuple(each.name for each in frame.learning.projections)
        if names != self.means.names:
            self.means = Scalars(names)
        self.means.saw(frame.time_ms, tuple(each.mean for each in frame.learning.projections))

    def _follow_picked(self, network: NetworkView, frame: Frame) -> None:
        """Keep the trace and the states of the picked neuron."""
        if (frame.inspected, frame.state_names) != (self.picked, self.state_names):
            self.picked, self.state_names = frame.inspected, frame.state_names
            self.states = np.empty((0, len(frame.state_names)), np.float32)
            ids = () if frame.inspected is None else (frame.inspected,)
            self.picked_trace = Voltages(ids, self._peaks(network, ids), network.core.dt_ms)
        if frame.inspected is not None:
            self.picked_trace.saw(replace(frame, probe_ids=(frame.inspected,), probe_steps=frame.inspected_steps,
                                          probe_v=frame.inspected_v[:, None]))
            if frame.states.shape[1:] == self.states.shape[1:]:
                self.states = np.concatenate([self.states, frame.states])[-STATES_KEPT:]

    def process_bytes(self) -> int:
        """Return the memory that the whole program takes, looked up now and then."""
        now = time.perf_counter()
        if now - self._memory_s >= MEMORY_EVERY_S:
            self._memory_s, self._memory_bytes = now, int(self._process.memory_info().rss)
        return self._memory_bytes

    def _begin(self, network: NetworkView | None) -> None:
        self.network, self.frame = network, None
        self.serial += 1
        self._taken_s = time.perf_counter()
        self.raster = Raster(network) if network is not None else None
        self.rates.clear()
        self.resources.clear()
        self.means.clear()
        self.voltages = self.picked_trace = Voltages((), {}, 1.0)
        self.picked, self.state_names = None, ()
        self.states = np.empty((0, 0), np.float32)

    def _trace(self, network: NetworkView, ids: tuple[int, ...]) -> None:
        """Follow other probes; a spike is drawn up to the peak of its model."""
        self.voltages = Voltages(ids, self._peaks(network, ids), network.core.dt_ms)

    @staticmethod
    def _peaks(network: NetworkView, ids: tuple[int, ...]) -> dict[int, float]:
        """Return up to where a spike of each neuron is drawn, where its model says so."""
        params = {neuron: network.populations[int(network.population_of[neuron])].params for neuron in ids}
        return {neuron: given["v_peak"] for neuron, given in params.items() if "v_peak" in given}
