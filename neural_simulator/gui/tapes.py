"""The newest stretch of everything that is plotted, filled whether or not a plot shows it now."""

from __future__ import annotations

import time

import psutil

from ..app.frames import Frame, NetworkView
from .series import Raster, Rates, Scalars, Voltages

MEMORY_EVERY_S = 0.5            # between two looks at the program's memory


class Tapes:
    """Takes in frames; plots read. `build` grows with every new network and every rewind."""

    def __init__(self) -> None:
        self.network: NetworkView | None = None
        self.frame: Frame | None = None
        self.generation = 0                        # grows when everything begins anew
        self.raster: Raster | None = None
        self.rates = Rates()
        self.voltages = Voltages((), {}, 1.0)
        self.resources = Scalars(("step_us", "speed", "process_bytes"))
        self._process = psutil.Process()
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
            self._begin(network)
        if network is None or frame is None or not fresh:
            return
        assert self.raster is not None
        if self.frame is not None and frame.step < self.frame.step:      # the run began anew
            self._begin(network)
            assert self.raster is not None
        self.frame = frame
        self._taken_s = time.perf_counter()
        if frame.probe_ids != self.voltages.ids:
            self._trace(network, frame.probe_ids)
        self.raster.saw(frame)
        self.rates.saw(frame)
        self.voltages.saw(frame)
        self.resources.saw(frame.time_ms, (frame.step_time_us, frame.speed, float(self.process_bytes())))

    def process_bytes(self) -> int:
        """Return the memory that the whole program takes, looked up now and then."""
        now = time.perf_counter()
        if now - self._memory_s >= MEMORY_EVERY_S:
            self._memory_s, self._memory_bytes = now, int(self._process.memory_info().rss)
        return self._memory_bytes

    def _begin(self, network: NetworkView | None) -> None:
        self.network, self.frame = network, None
        self.generation += 1
        self._taken_s = time.perf_counter()
        self.raster = Raster(network) if network is not None else None
        self.rates.clear()
        self.resources.clear()
        self.voltages = Voltages((), {}, 1.0)

    def _trace(self, network: NetworkView, ids: tuple[int, ...]) -> None:
        """Follow other probes; a spike is drawn up to the peak of its model."""
        peaks = {}
        for neuron in ids:
            params = network.populations[int(network.population_of[neuron])].params
            if "v_peak" in params:
                peaks[neuron] = params["v_peak"]
        self.voltages = Voltages(ids, peaks, network.core.dt_ms)
