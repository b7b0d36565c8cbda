"""The monitor's plots: raster, rates of the populations, and potentials of chosen neurons, over the same time."""

from __future__ import annotations

from functools import cache

import dearpygui.dearpygui as dpg
import numpy as np

from ..app.frames import Frame, NetworkView
from . import theme
from .layout import Look
from .series import Raster, Rates, Voltages

PLOTS = (("raster", "Neuron"), ("rates", "Rate (Hz)"), ("voltage", "V (mV)"))    # tag, label of the y axis
SHARES = (0.46, 0.23, 0.31)  # of the height
LEAST_HEIGHT = 300           # px at scale 1; a smaller panel scrolls
NAMED_PROBES = 3             # more are told apart by the order of their dots alone
NOTHING: list[list[float]] = [[], []]


class Plots:
    """Three plots that follow the newest frame, or may be dragged and zoomed once they are let go."""

    def __init__(self, look: Look):
        self._look = look
        self._network: NetworkView | None = None
        self._step = 0
        self._window_ms = 1000.0
        self._spikes_theme = cache(theme.spikes_theme)
        self._line_theme = cache(theme.line_theme)
        self._rates = Rates()
        self._raster: Raster | None = None
        self._voltages = Voltages((), {}, 1.0)

    # ---- building ---------------------------------------------------------------------------------------
    def build_names(self) -> None:
        """Create the place in which the traced neurons stand with their colours."""
        dpg.add_group(tag="probe_names", horizontal=True)

    def build(self) -> None:
        """Create the plots under DearPyGui's current container."""
        with dpg.subplots(len(PLOTS), 1, row_ratios=list(SHARES), width=-1, height=-1, no_title=True, link_all_x=True,
                          no_menus=True, tag="plots"):
            for name, label in PLOTS:
                last = name == PLOTS[-1][0]
                with dpg.plot(tag=name, no_title=True, no_mouse_pos=True, no_menus=True):
                    dpg.add_plot_axis(dpg.mvXAxis, tag=f"{name}.x", no_tick_labels=not last,
                                      label="Simulated time (s)" if last else "")
                    dpg.add_plot_axis(dpg.mvYAxis, tag=f"{name}.y", label=label)
        dpg.configure_item("raster.y", no_tick_labels=True, no_tick_marks=True, no_gridlines=True)

    def fit(self, room: float) -> None:
        """Take all of `room` px of height, or the least height where that is less."""
        height = -1 if room >= self._look.px(LEAST_HEIGHT) else self._look.px(LEAST_HEIGHT)
        if dpg.get_item_height("plots") != height:
            dpg.configure_item("plots", height=height)

    # ---- what is shown ----------------------------------------------------------------------------------
    def show_network(self, network: NetworkView | None) -> None:
        """Make one series per population for a new network; None empties the plots."""
        for name, _ in PLOTS:
            dpg.delete_item(f"{name}.y", children_only=True, slot=1)
        self._network = network
        self._step = 0
        self._rates.clear()
        self._voltages = Voltages((), {}, 1.0)
        if network is None:
            self._raster = None
            return
        self._raster = Raster(network)
        for index in range(len(network.populations)):
            color = theme.population_rgb(index)
            points = dpg.add_scatter_series(*NOTHING, parent="raster.y", tag=f"raster.{index}.{network.build}")
            dpg.bind_item_theme(points, self._spikes_theme(color))
            line = dpg.add_line_series(*NOTHING, parent="rates.y", tag=f"rates.{index}.{network.build}")
            dpg.bind_item_theme(line, self._line_theme(color))
        dpg.set_axis_limits("raster.y", -1.0, float(self._raster.rows))

    def _show_probes(self, network: NetworkView, ids: tuple[int, ...]) -> None:
        """Make one voltage line per probe, in its population's colour; further ones of a population are paler."""
        dpg.delete_item("voltage.y", children_only=True, slot=1)
        dpg.delete_item("probe_names", children_only=True, slot=1)
        populations = [int(network.population_of[neuron]) for neuron in ids]
        peaks = {}
        for column, (neuron, index) in enumerate(zip(ids, populations, strict=True)):
            params = network.populations[index].params
            if "v_peak" in params:
                peaks[neuron] = params["v_peak"]
            color = theme.paler(theme.population_rgb(index), populations[:column].count(index))
            line = dpg.add_line_series(*NOTHING, parent="voltage.y", tag=f"voltage.{column}.{network.build}")
            dpg.bind_item_theme(line, self._line_theme(color))
            name = f"\u25cf {neuron}" if len(ids) <= NAMED_PROBES else "\u25cf"
            dpg.add_text(name, parent="probe_names", color=color)
        self._voltages = Voltages(ids, peaks, network.core.dt_ms)

    def take(self, network: NetworkView, frame: Frame) -> None:
        """Take in a frame of the network that is shown, and draw it."""
        assert network is self._network and self._raster is not None
        if frame.step < self._step:      # the run began anew
            self._raster.clear()
            self._rates.clear()
            self._voltages = Voltages((), {}, 1.0)
        self._step = frame.step
        if frame.probe_ids != self._voltages.ids:
            self._show_probes(network, frame.probe_ids)
        self._raster.saw(frame)
        self._rates.saw(frame)
        self._voltages.saw(frame)
        self.draw()

    def set_window(self, window_ms: float) -> None:
        """Show another stretch of time."""
        self._window_ms = window_ms
        self.draw()

    # ---- drawing ----------------------------------------------------------------------------------------
    def draw(self) -> None:
        """Bring the plots up to the newest frame."""
        network = self._network
        if network is None or self._raster is None:
            return
        now_ms = self._step * network.core.dt_ms
        since_ms = now_ms - self._window_ms
        for name, _ in PLOTS:
            dpg.set_axis_limits(f"{name}.x", since_ms / 1000.0, now_ms / 1000.0)
        dpg.set_axis_limits("raster.y", -1.0, float(self._raster.rows))
        for index, (times, rows) in enumerate(self._raster.points(since_ms)):
            _set_series(f"raster.{index}.{network.build}", times, rows)
        self._draw_rates(network, since_ms)
        self._draw_voltages(network, since_ms)

    def _draw_rates(self, network: NetworkView, since_ms: float) -> None:
        times, rates = self._rates.lines(since_ms)
        for index in range(rates.shape[1]):
            _set_series(f"rates.{index}.{network.build}", times, rates[:, index])
        dpg.set_axis_limits("rates.y", 0.0, rounded_up(float(rates.max(initial=0.0))))

    def _draw_voltages(self, network: NetworkView, since_ms: float) -> None:
        low, high = -80.0, 0.0
        for column in range(len(self._voltages.ids)):
            times, v = self._voltages.line(column, since_ms)
            _set_series(f"voltage.{column}.{network.build}", times, v)
            low, high = min(low, float(v.min(initial=low))), max(high, float(v.max(initial=high)))
        dpg.set_axis_limits("voltage.y", low - 5.0, high + 10.0)

    def let_go(self) -> None:
        """Let the user drag and zoom while nothing moves."""
        for name, _ in PLOTS:
            for axis in ("x", "y"):
                dpg.set_axis_limits_auto(f"{name}.{axis}")


def _set_series(tag: str, x: np.ndarray, y: np.ndarray) -> None:
    """Give a series its points; DearPyGui checks neither lengths nor layout."""
    if len(x) != len(y):
        raise ValueError(f"{tag}: {len(x)} x values but {len(y)} y values")
    dpg.set_value(tag, [np.ascontiguousarray(x, float), np.ascontiguousarray(y, float)])


def rounded_up(value: float) -> float:
    """Return the next of 5, 10, 20, 50, 100, ... well above `value`, so that the axis rarely changes."""
    top = 5.0
    for factor in (2.0, 2.0, 2.5) * 6:
        if top >= value * 1.1:
            break
        top *= factor
    return top
