"""A structure that has run for a while, and what can be asked of it: rates, rhythms, irregularity."""

from __future__ import annotations

import numpy as np

from neural_simulator.config import CoreSimConfig, structure_defaults
from neural_simulator.engine.simulation import Simulation
from neural_simulator.tools.metrics import isi_cvs
from tests.activity import CPU

SETTLED_MS = 300.0


class Observed:
    """The spikes of a structure after it has settled; populations by name."""

    def __init__(self, key: str, seed: int, duration_ms: float, knobs: dict[str, float], changes: dict):
        values = {**structure_defaults(key), **changes, "seed": seed, "structure_parameters": knobs}
        sim = Simulation(CoreSimConfig(**values), CPU)
        sim.run(SETTLED_MS)
        batch = sim.run(duration_ms)
        self.duration_ms, self.dt_ms = duration_ms, sim.dt_ms
        self.populations = {p.name: p for p in sim.network.populations}
        self.positions = sim.network.positions.copy()           # (N, 3) um
        self.times_ms = (batch.spike_steps - batch.first_step) * sim.dt_ms
        self.ids = batch.spike_ids
        self._csr = sim.network.csr()[:2]
        sim.close()

    def in_degrees(self, pre: str, post: str) -> np.ndarray:
        """Synapses from population `pre` on each neuron of `post`."""
        indptr, targets = self._csr
        a, b = self.populations[pre], self.populations[post]
        own = targets[indptr[a.start]:indptr[a.stop]]
        return np.bincount(own[(own >= b.start) & (own < b.stop)] - b.start, minlength=b.size)

    def spikes(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Times (ms) and neurons of one population's spikes."""
        p = self.populations[name]
        own = (self.ids >= p.start) & (self.ids < p.stop)
        return self.times_ms[own], self.ids[own]

    def rate_Hz(self, name: str) -> float:
        """Mean rate of one population."""
        return 1000.0 * self.spikes(name)[0].size / self.populations[name].size / self.duration_ms

    def rate_over_time(self, name: str, bin_ms: float = 1.0) -> np.ndarray:
        """Population rate (Hz) in bins."""
        edges = np.arange(0.0, self.duration_ms + 0.5 * bin_ms, bin_ms)
        counts = np.histogram(self.spikes(name)[0], edges)[0]
        return 1000.0 * counts / self.populations[name].size / bin_ms

    def spectrum(self, name: str, bin_ms: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
        """Frequencies (Hz) and power of the population rate, without its mean."""
        rate = self.rate_over_time(name, bin_ms)
        power = np.abs(np.fft.rfft((rate - rate.mean()) * np.hanning(rate.size))) ** 2
        return np.fft.rfftfreq(rate.size, bin_ms / 1000.0), power

    def peak_Hz(self, name: str, low: float, high: float) -> float:
        """The strongest frequency between `low` and `high`."""
        frequencies, power = self.spectrum(name)
        inside = (frequencies >= low) & (frequencies <= high)
        assert power[inside].max() > 0.0, f"{name} is silent"
        return float(frequencies[inside][np.argmax(power[inside])])

    def share_of_power(self, name: str, band: tuple[float, float], of: tuple[float, float]) -> float:
        """Power within a band divided by that within a wider one."""
        frequencies, power = self.spectrum(name)
        inside = [((frequencies >= low) & (frequencies <= high)) for low, high in (band, of)]
        return float(power[inside[0]].sum() / power[inside[1]].sum())

    def modulation(self, name: str, bin_ms: float = 5.0) -> float:
        """Standard deviation of the population rate divided by its mean."""
        rate = self.rate_over_time(name, bin_ms)
        return float(rate.std() / rate.mean())

    def cv_isi(self, name: str, least_spikes: int = 5) -> float:
        """Mean coefficient of variation of the inter-spike intervals of the neurons with enough spikes."""
        found = isi_cvs(*self.spikes(name), least_spikes)
        assert len(found) >= 5, f"too few neurons of {name} fire often enough"
        return float(np.mean(found))


_OBSERVED: dict[str, Observed] = {}


def observe(key: str, seed: int = 1, duration_ms: float = 1500.0, knobs: dict[str, float] | None = None,
            **changes) -> Observed:
    """Run a structure with its defaults but for `knobs` and `changes`; the same run is done once."""
    name = repr((key, seed, duration_ms, knobs, changes))
    if name not in _OBSERVED:
        _OBSERVED[name] = Observed(key, seed, duration_ms, knobs or {}, changes)
    return _OBSERVED[name]
