"""What the network does now: numbers, raster, rates of the populations, potentials of chosen neurons."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import dearpygui.dearpygui as dpg
import numpy as np
import psutil

from ...app.desk import Desk
from ...app.frames import Frame, NetworkView
from ...app.messages import SetProbes
from ...base.palette import population_color
from .. import theme
from ..fields import from_text
from ..layout import Look, wrapped_tooltip
from ..series import Raster, Rates, Voltages

WINDOWS = {"0.5 s": 500.0, "1 s": 1000.0, "2 s": 2000.0, "5 s": 5000.0}
NOTHING: list[list[float]] = [[], []]
POPULATION_WIDTH = 178        # px at scale 1 that a population's name and rate take
CALM_FRAMES = 5               # frames without news after which the plots may be dragged and zoomed
NAMED_PROBES = 3              # more are told apart by the order of their dots alone
MEMORY_EVERY = 30             # frames of the panel between two looks at the process's memory


def _color(index: int) -> theme.Color:
    """Return the colour of a population, the same as in the viewer."""
    red, green, blue = (round(255 * part) for part in population_color(index))
    return red, green, blue


def _paler(color: theme.Color, times: int) -> theme.Color:
    """Return `color` moved towards white, a step each time."""
    red, green, blue = (round(255 - (255 - part) * 0.55 ** times) for part in color)
    return red, green, blue


def _duration(ms: float) -> str:
    return f"{ms / 1000.0:,.3f} s"


def _bytes(count: float) -> str:
    for unit in ("B", "KB", "MB", "GB", "TB"):
        if count < 1000.0 or unit == "TB":
            return f"{count:.3g} {unit}"
        count /= 1000.0
    raise AssertionError


def _mean_rate(network: NetworkView, frame: Frame) -> float:
    sizes = [population.size for population in network.populations]
    return sum(size * rate for size, rate in zip(sizes, frame.rates_Hz, strict=True)) / max(1, sum(sizes))


def _step_time(microseconds: float) -> str:
    return f"{microseconds:.3g} us" if microseconds < 1000.0 else f"{microseconds / 1000.0:.3g} ms"


Reader = Callable[[NetworkView, Frame], str]
NUMBERS: tuple[tuple[str, str, str, Reader], ...] = (
    ("time", "Simulated time", "Simulated time since the start of the run.", lambda n, f: _duration(f.time_ms)),
    ("rate", "Mean rate", "Spikes per neuron and second over the newest quarter of a second.",
     lambda n, f: f"{_mean_rate(n, f):.2f} Hz"),
    ("spikes", "Spikes", "Spikes of all neurons since the start of the run.", lambda n, f: f"{f.total_spikes:,}"),
    ("step_time", "Step time", "Wall time that the computation of one step takes, recent mean.",
     lambda n, f: _step_time(f.step_time_us)),
    ("rtf", "Real-time factor", "Wall time per simulated time of the computation alone; below 1 is faster than life.",
     lambda n, f: f"{f.real_time_factor:.3g}"),
    ("neurons", "Neurons", "Number of neurons.", lambda n, f: f"{n.num_neurons:,}"),
    ("synapses", "Synapses", "Number of synapses that were really made.", lambda n, f: f"{n.num_synapses:,}"),
    ("memory", "Network memory", "Memory that the network takes.", lambda n, f: _bytes(n.memory_bytes)),
    ("seed", "Seed", "The seed really used; set it in the form to get this very network again.",
     lambda n, f: str(n.seed)),
    ("backend", "Computed by", "The device that computes.", lambda n, f: n.backend),
)


class Monitor:
    """Numbers on top, below them three plots over the same stretch of simulated time."""

    name, title, place = "monitor", "Monitor", "right"

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._network: NetworkView | None = None
        self._step = 0
        self._window_ms = 1000.0
        self._following = True
        self._calm = 0                  # frames of the panel since the newest frame of the network
        self._turn = 0
        self._columns = 0               # populations listed side by side
        self._spikes_theme = cache(theme.spikes_theme)
        self._line_theme = cache(theme.line_theme)
        self._rates = Rates()
        self._raster: Raster | None = None
        self._voltages = Voltages((), {}, 1.0)

    # ---- building ---------------------------------------------------------------------------------------
    def build(self) -> None:
        """Create the items under DearPyGui's current container."""
        self._build_numbers()
        dpg.add_group(tag="populations")
        with dpg.group(horizontal=True):
            dpg.add_text("Window", color=self._look.dim)
            dpg.add_combo(list(WINDOWS), default_value="1 s", tag="window", width=self._look.px(70),
                          callback=self._on_window)
            wrapped_tooltip("window", "Stretch of simulated time that the plots show. While the run is held, "
                                      "drag and scroll in a plot to look closer.", self._look)
            dpg.add_text("Traced", color=self._look.dim)
            dpg.add_input_text(tag="probes", width=self._look.px(120), on_enter=True, callback=self._on_probes,
                               auto_select_all=True)
            wrapped_tooltip("probes", "Numbers of the neurons whose membrane potential is drawn, separated by "
                                      "commas; Enter applies them.", self._look)
            dpg.add_group(tag="probe_names", horizontal=True)
        self._build_plots()

    def _build_numbers(self) -> None:
        with dpg.table(header_row=False, policy=dpg.mvTable_SizingStretchSame, tag="numbers"):
            for _ in range(4):
                dpg.add_table_column()
            entries = [*((tag, label, tip) for tag, label, tip, _ in NUMBERS),
                       ("process", "Program memory", "Memory that the whole program takes.")]
            for start in range(0, len(entries), 4):
                with dpg.table_row():
                    for tag, label, tip in entries[start:start + 4]:
                        self._build_number(tag, label, tip)
        dpg.bind_item_theme("numbers", theme.dense_theme((self._look.px(4), 0)))

    def _build_number(self, tag: str, label: str, tip: str) -> None:
        with dpg.group():
            name = dpg.add_text(label, color=self._look.dim)
            dpg.add_text("-", tag=f"number.{tag}")
        self._look.use_font(name, "small")
        self._look.use_font(f"number.{tag}", "bold")
        wrapped_tooltip(name, tip, self._look)

    def _build_plots(self) -> None:
        with dpg.subplots(3, 1, row_ratios=[0.46, 0.23, 0.31], width=-1, height=-1, no_title=True, link_all_x=True,
                          no_menus=True, tag="plots"):
            self._plot("raster", "Neuron", time_label=False)
            self._plot("rates", "Rate (Hz)", time_label=False)
            self._plot("voltage", "V (mV)", time_label=True)
        dpg.configure_item("raster.y", no_tick_labels=True, no_tick_marks=True, no_gridlines=True)

    def _plot(self, name: str, label: str, time_label: bool) -> None:
        with dpg.plot(tag=name, no_title=True, no_mouse_pos=True, no_menus=True):
            dpg.add_plot_axis(dpg.mvXAxis, tag=f"{name}.x", no_tick_labels=not time_label,
                              label="Simulated time (s)" if time_label else "")
            dpg.add_plot_axis(dpg.mvYAxis, tag=f"{name}.y", label=label)

    # ---- from the user ----------------------------------------------------------------------------------
    def _on_window(self, sender: int | str, choice: str) -> None:
        self._window_ms = WINDOWS[choice]
        self._calm = 0
        self._draw()

    def _on_probes(self, sender: int | str, text: str) -> None:
        ids = from_text(text, many=True)
        if isinstance(ids, tuple):
            self._desk.send(SetProbes(ids))
        else:
            self._desk.notice(f"Traced neurons are whole numbers separated by commas, not {text!r}.", bad=True)

    # ---- to the user ------------------------------------------------------------------------------------
    def refresh(self) -> None:
        """Take in a new network or frame and draw it."""
        view, frame = self._desk.view, self._desk.frame
        self._show_process_memory()
        if view.network is not self._network:
            self._show_network(view.network)
        elif view.network is not None and self._fitting_columns() != self._columns:
            self._show_populations(view.network)
        if frame is not None and self._desk.fresh:
            self._take(frame)
            self._calm = 0
        self._calm += 1
        if self._calm == CALM_FRAMES and view.run != "running":
            self._let_go()

    def _show_process_memory(self) -> None:
        if self._turn % MEMORY_EVERY == 0:
            dpg.set_value("number.process", _bytes(psutil.Process().memory_info().rss))
        self._turn += 1

    def _show_network(self, network: NetworkView | None) -> None:
        """Make one series per population for a new network."""
        self._network = network
        for name in ("raster.y", "rates.y", "voltage.y"):
            dpg.delete_item(name, children_only=True, slot=1)
        self._voltages = Voltages((), {}, 1.0)
        self._rates.clear()
        self._step = 0
        self._raster = Raster(network) if network is not None else None
        if network is None or self._raster is None:
            return
        for index, population in enumerate(network.populations):
            points = dpg.add_scatter_series(*NOTHING, parent="raster.y", tag=f"raster.{index}.{network.build}")
            dpg.bind_item_theme(points, self._spikes_theme(_color(index)))
            line = dpg.add_line_series(*NOTHING, parent="rates.y", label=population.name,
                                       tag=f"rates.{index}.{network.build}")
            dpg.bind_item_theme(line, self._line_theme(_color(index)))
        dpg.set_axis_limits("raster.y", -1.0, float(self._raster.rows))
        self._show_populations(network)

    def _show_populations(self, network: NetworkView) -> None:
        """List the populations with their colours and a place for their rates; it serves as the plots' legend."""
        dpg.delete_item("populations", children_only=True, slot=1)
        columns = self._columns = self._fitting_columns()
        with dpg.table(header_row=False, parent="populations", policy=dpg.mvTable_SizingStretchSame):
            for _ in range(columns):
                dpg.add_table_column()
            for start in range(0, len(network.populations), columns):
                with dpg.table_row():
                    for index in range(start, min(start + columns, len(network.populations))):
                        with dpg.group(horizontal=True):
                            dpg.add_text("\u25cf", color=_color(index))
                            dpg.add_text(network.populations[index].name, color=self._look.dim)
                            dpg.add_text("", tag=f"population.{index}")
        self._show_rates()

    def _fitting_columns(self) -> int:
        """Return how many populations fit side by side."""
        return max(1, min(5, int(dpg.get_item_rect_size("right")[0] / self._look.px(POPULATION_WIDTH))))

    def _show_rates(self) -> None:
        frame = self._desk.frame
        for index, rate in enumerate(frame.rates_Hz if frame is not None else ()):
            dpg.set_value(f"population.{index}", f"{rate:.1f} Hz")

    def _take(self, frame: Frame) -> None:
        network = self._network
        assert network is not None and self._raster is not None
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
        for tag, _, _, read in NUMBERS:
            dpg.set_value(f"number.{tag}", read(network, frame))
        self._show_rates()
        self._following = True
        self._draw()

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
            color = _paler(_color(index), populations[:column].count(index))
            line = dpg.add_line_series(*NOTHING, parent="voltage.y", tag=f"voltage.{column}.{network.build}")
            dpg.bind_item_theme(line, self._line_theme(color))
            name = f"\u25cf {neuron}" if len(ids) <= NAMED_PROBES else "\u25cf"
            dpg.add_text(name, parent="probe_names", color=color)
        self._voltages = Voltages(ids, peaks, network.core.dt_ms)
        if not dpg.is_item_focused("probes"):
            dpg.set_value("probes", ", ".join(str(neuron) for neuron in ids))

    def _draw(self) -> None:
        """Bring the plots up to the newest frame."""
        network = self._network
        if network is None or self._raster is None:
            return
        now_ms = self._step * network.core.dt_ms
        since_ms = now_ms - self._window_ms
        for name in ("raster", "rates", "voltage"):
            dpg.set_axis_limits(f"{name}.x", since_ms / 1000.0, now_ms / 1000.0)
        for index, (times, rows) in enumerate(self._raster.points(since_ms)):
            _set_series(f"raster.{index}.{network.build}", times, rows)
        times, rates = self._rates.lines(since_ms)
        for index in range(rates.shape[1]):
            _set_series(f"rates.{index}.{network.build}", times, rates[:, index])
        dpg.set_axis_limits("rates.y", 0.0, _rounded_up(float(rates.max(initial=0.0))))
        self._draw_voltages(network, since_ms)

    def _draw_voltages(self, network: NetworkView, since_ms: float) -> None:
        low, high = -80.0, 0.0
        for column in range(len(self._voltages.ids)):
            times, v = self._voltages.line(column, since_ms)
            _set_series(f"voltage.{column}.{network.build}", times, v)
            low, high = min(low, float(v.min(initial=low))), max(high, float(v.max(initial=high)))
        dpg.set_axis_limits("voltage.y", low - 5.0, high + 10.0)

    def _let_go(self) -> None:
        """Let the user drag and zoom in the plots while nothing moves."""
        self._following = False
        for name in ("raster", "rates", "voltage"):
            for axis in ("x", "y"):
                dpg.set_axis_limits_auto(f"{name}.{axis}")

    def state(self) -> dict[str, Any]:
        """Return what the plots hold, for the tests."""
        held = self._raster.points(0.0) if self._raster is not None else []
        return {"raster_points": sum(len(times) for times, _ in held), "following": self._following}


def _set_series(tag: str, x: np.ndarray, y: np.ndarray) -> None:
    """Give a series its points; DearPyGui checks neither lengths nor layout."""
    if len(x) != len(y):
        raise ValueError(f"{tag}: {len(x)} x values but {len(y)} y values")
    dpg.set_value(tag, [np.ascontiguousarray(x, float), np.ascontiguousarray(y, float)])


def _rounded_up(value: float) -> float:
    """Return the next of 5, 10, 20, 50, 100, ... above `value`, so that the axis rarely changes."""
    top = 5.0
    for factor in (2.0, 2.0, 2.5) * 6:
        if top >= value * 1.1:
            break
        top *= factor
    return top
