"""What the monitor's plots show, kept small: pure arrays, no window.

Each store keeps the newest stretch of simulated time and gives back no more points than a plot can show.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from ..app.frames import Frame, NetworkView

RASTER_ROWS = 300            # neurons shown
RASTER_POINTS = 6000         # spikes shown
TRACE_POINTS = 1500          # points of one voltage trace
KEPT_MS = 5000.0             # the longest window that can be chosen


def sample_rows(sizes: tuple[int, ...], rows: int = RASTER_ROWS) -> np.ndarray:
    """Return the raster row of every neuron, (N,) int32, -1 where it is not shown.

    Populations share the rows in proportion to their sizes, each getting at least one; within a population the
    shown neurons are evenly spaced. Row 0 is the first neuron of the first population.
    """
    total = sum(sizes)
    row_of = np.full(total, -1, np.int32)
    start = row = 0
    for size in sizes:
        shown = size if total <= rows else min(size, max(1, round(rows * size / total)))
        row_of[start + np.linspace(0, size, shown, endpoint=False).astype(int)] = np.arange(row, row + shown)
        start, row = start + size, row + shown
    return row_of


class Raster:
    """The newest spikes of the shown neurons."""

    def __init__(self, network: NetworkView):
        self.row_of = sample_rows(tuple(population.size for population in network.populations))
        self.rows = int(self.row_of.max()) + 1
        self._population_of = network.population_of
        self._dt_ms = network.core.dt_ms
        self.clear()

    def clear(self) -> None:
        """Forget all spikes."""
        self._times_ms = np.empty(0)
        self._rows = np.empty(0, np.int32)
        self._populations = np.empty(0, np.uint8)

    def saw(self, frame: Frame) -> None:
        """Add the spikes of a frame and drop what is older than `KEPT_MS`."""
        rows = self.row_of[frame.spike_ids]
        shown = rows >= 0
        self._times_ms = np.concatenate([self._times_ms, frame.spike_steps[shown] * self._dt_ms])
        self._rows = np.concatenate([self._rows, rows[shown]])
        self._populations = np.concatenate([self._populations, self._population_of[frame.spike_ids[shown]]])
        first = int(np.searchsorted(self._times_ms, frame.time_ms - KEPT_MS))
        self._keep(slice(first, None))

    def _keep(self, part: slice) -> None:
        self._times_ms, self._rows, self._populations = self._times_ms[part], self._rows[part], self._populations[part]

    def points(self, since_ms: float) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return (times in s, rows) of the spikes since `since_ms`, one pair per population number up to the last.

        Beyond `RASTER_POINTS` an even sample is returned.
        """
        first = int(np.searchsorted(self._times_ms, since_ms))
        every = max(1, -(-(len(self._times_ms) - first) // RASTER_POINTS))
        part = slice(first, None, every)
        seconds, rows, populations = self._times_ms[part] / 1000.0, self._rows[part], self._populations[part]
        count = int(self._population_of.max()) + 1
        return [(seconds[populations == number], rows[populations == number].astype(float)) for number in range(count)]


class Rates:
    """The firing rates of the populations, one point per frame."""

    SPACING_MS = 20.0

    def __init__(self) -> None:
        self._points: deque[tuple[float, tuple[float, ...]]] = deque()

    def clear(self) -> None:
        """Forget all points."""
        self._points.clear()

    def saw(self, frame: Frame) -> None:
        """Add a frame's rates unless the last point is too near, and drop what is older than `KEPT_MS`."""
        if frame.step == 0 or (self._points and frame.time_ms - self._points[-1][0] < self.SPACING_MS):
            return
        self._points.append((frame.time_ms, frame.rates_Hz))
        while self._points[0][0] < frame.time_ms - KEPT_MS:
            self._points.popleft()

    def lines(self, since_ms: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the times (T,) in s since `since_ms` and the rates (T, P) in Hz."""
        points = [point for point in self._points if point[0] >= since_ms]
        if not points:
            return np.empty(0), np.empty((0, 0))
        return np.array([time for time, _ in points]) / 1000.0, np.array([rates for _, rates in points])


class Scalars:
    """Numbers that every frame brings, by name, over simulated time."""

    MOST = 2000                 # points kept; then every second one goes

    def __init__(self, names: tuple[str, ...]):
        self.names = names
        self._points: list[tuple[float, tuple[float, ...]]] = []

    def clear(self) -> None:
        """Forget all points."""
        self._points.clear()

    def saw(self, time_ms: float, values: tuple[float, ...]) -> None:
        """Add a point; the older half is thinned out when there are too many."""
        self._points.append((time_ms, values))
        if len(self._points) > self.MOST:
            half = self.MOST // 2
            self._points = self._points[:half:2] + self._points[half:]

    def line(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return times in s and the values of one name."""
        column = self.names.index(name)
        times = np.array([time for time, _ in self._points]) / 1000.0
        return times, np.array([values[column] for _, values in self._points])


class Voltages:
    """The newest stretch of the probes' membrane potentials, with spikes drawn up to their peak.

    The simulation resets the potential in the step of a spike; drawing that step at the model's peak, as is usual,
    makes spikes visible. `peaks_mV` maps a probe to that peak; a probe without an entry is drawn as it is.
    """

    def __init__(self, ids: tuple[int, ...], peaks_mV: dict[int, float], dt_ms: float):
        self.ids = ids
        self._peaks_mV = peaks_mV
        self._dt_ms = dt_ms
        self._kept = max(2, int(KEPT_MS / dt_ms))
        self._steps = np.empty(0, np.int64)
        self._v = np.empty((0, len(ids)), np.float32)

    def saw(self, frame: Frame) -> None:
        """Add a frame's traces."""
        if frame.probe_ids != self.ids or len(frame.probe_steps) == 0:
            return
        v = frame.probe_v.copy()
        for column, neuron in enumerate(self.ids):
            if neuron in self._peaks_mV:
                spikes = np.isin(frame.probe_steps, frame.spike_steps[frame.spike_ids == neuron])
                v[spikes, column] = self._peaks_mV[neuron]
        self._steps = np.concatenate([self._steps, frame.probe_steps])[-self._kept:]
        self._v = np.concatenate([self._v, v])[-self._kept:]

    def line(self, column: int, since_ms: float) -> tuple[np.ndarray, np.ndarray]:
        """Return times in s and potentials in mV of one probe since `since_ms`, thinned to its extremes."""
        first = int(np.searchsorted(self._steps, since_ms / self._dt_ms))
        times = self._steps[first:] * (self._dt_ms / 1000.0)
        return thinned(times, self._v[first:, column])


def thinned(x: np.ndarray, y: np.ndarray, points: int = TRACE_POINTS) -> tuple[np.ndarray, np.ndarray]:
    """Return at most about `points` points of a line, keeping the lowest and the highest of every stretch."""
    stretch = -(-2 * len(x) // points)
    if stretch <= 2:
        return x, y
    whole = len(x) // stretch * stretch
    blocks = y[:whole].reshape(-1, stretch)
    extremes = np.sort(np.stack([blocks.argmin(1), blocks.argmax(1)], axis=1), axis=1)
    keep = (extremes + np.arange(0, whole, stretch)[:, None]).ravel()
    keep = np.concatenate([keep, np.arange(whole, len(x))])
    return x[keep], y[keep]
