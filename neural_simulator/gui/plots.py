"""Draws charts (app.charts) in the panel: follows what is new, holds still when asked to, and exports what it shows."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import dearpygui.dearpygui as dpg
import numpy as np

from ..app import charts
from ..app.charts import Axes, Chart, Line
from ..app.desk import Desk
from . import theme
from .layout import Look, wrapped_tooltip

NOTHING: list[list[float]] = [[], []]
MARK_PX = 6.0
FREE_AFTER = 3


class ChartView:
    """Plots below each other in one part of the panel. Tags are '<name>.<chart>'; series are made as needed."""

    def __init__(self, desk: Desk, look: Look, name: str, axes: Sequence[Axes], linked: bool = True,
                 least_height: int = 300):
        self._desk = desk
        self._look = look
        self._name = name
        self._axes = tuple(axes)
        self._linked = linked
        self._least_height = least_height       # px at scale 1; a smaller place scrolls
        self._series: dict[str, list[tuple[str, int | str]]] = {each.key: [] for each in axes}  # (kind, item)
        self._themes = cache(_series_theme)
        self._charts: tuple[Chart, ...] = ()
        self._calm = 0                          # frames since the axes were set; then the user may drag and zoom

    # ---- building ---------------------------------------------------------------------------------------
    def build_tools(self) -> None:
        """Create the buttons that hold and export the plots, in DearPyGui's current row."""
        name, look = self._name, self._look
        dpg.add_checkbox(label="Hold", tag=f"{name}.hold")
        wrapped_tooltip(f"{name}.hold", "Let the plots stand still while the simulation goes on. Then, and while the "
                                        "run is paused, drag to move, scroll to zoom, drag with the right button to "
                                        "zoom into a box, and double-click to see all.", look)
        dpg.add_button(label="Export", tag=f"{name}.export")
        wrapped_tooltip(f"{name}.export", "Write what these plots show into a file.", look)
        with dpg.popup(f"{name}.export", mousebutton=dpg.mvMouseButton_Left, tag=f"{name}.formats"):
            for suffix, what in (("png", "Picture (PNG)"), ("svg", "Drawing (SVG)"), ("csv", "Table (CSV)")):
                dpg.add_selectable(label=what, tag=f"{name}.export.{suffix}", callback=partial(self._on_export, suffix))

    def build(self) -> None:
        """Create the plots under DearPyGui's current container."""
        if len(self._axes) == 1:
            self._build_plot(self._axes[0], True, height=-1, width=-1)
            return
        with dpg.subplots(len(self._axes), 1, row_ratios=[each.share for each in self._axes], width=-1, height=-1,
                          no_title=True, link_all_x=self._linked, no_menus=True, tag=f"{self._name}.plots"):
            for number, axes in enumerate(self._axes):
                self._build_plot(axes, not self._linked or number == len(self._axes) - 1)

    def _build_plot(self, axes: Axes, x_named: bool, **size: int) -> None:
        tag = f"{self._name}.{axes.key}"
        with dpg.plot(tag=tag, no_title=True, no_menus=True, **size):
            dpg.add_plot_axis(dpg.mvXAxis, tag=f"{tag}.x", no_tick_labels=not x_named,
                              label=axes.x_label if x_named else "")
            dpg.add_plot_axis(dpg.mvYAxis, tag=f"{tag}.y", label=axes.y_label)
        if axes.bare_y:
            dpg.configure_item(f"{tag}.y", no_tick_labels=True, no_tick_marks=True, no_gridlines=True)

    def fit(self, room: float) -> None:
        """Take all of `room` px of height, or the least height where that is less."""
        tag = f"{self._name}.plots" if len(self._axes) > 1 else f"{self._name}.{self._axes[0].key}"
        least = self._look.px(self._least_height)
        height = -1 if room >= least else least
        if dpg.get_item_height(tag) != height:
            dpg.configure_item(tag, height=height)

    # ---- showing ----------------------------------------------------------------------------------------
    @property
    def held(self) -> bool:
        """True where the user wants the plots to stand still."""
        return bool(dpg.get_value(f"{self._name}.hold"))

    def show(self, shown: Sequence[Chart]) -> None:
        """Draw these charts, unless they are held."""
        if self.held:
            self.let_go()
            return
        self._charts, self._calm = tuple(shown), 0
        for chart in shown:
            self._show_lines(chart)
            tag = f"{self._name}.{chart.axes.key}"
            for axis, limits, told in (("x", chart.x_limits, chart.axes.x_label),
                                       ("y", chart.y_limits, chart.axes.y_label)):
                if dpg.get_item_label(f"{tag}.{axis}") not in (None, "", told):
                    dpg.set_item_label(f"{tag}.{axis}", told)
                if limits is not None:
                    dpg.set_axis_limits(f"{tag}.{axis}", *limits)
                elif any(len(line.x) for line in chart.lines):
                    dpg.set_axis_limits(f"{tag}.{axis}", *_span([getattr(line, axis) for line in chart.lines]))

    def _show_lines(self, chart: Chart) -> None:
        key, made = chart.axes.key, self._series[chart.axes.key]
        parent = f"{self._name}.{key}.y"
        while len(made) > len(chart.lines):
            dpg.delete_item(made.pop()[1])
        for number, line in enumerate(chart.lines):
            if number < len(made) and made[number][0] != line.kind:
                for _, item in made[number:]:
                    dpg.delete_item(item)
                del made[number:]
            if number == len(made):
                made.append((line.kind, _new_series(line, parent)))
            item = made[number][1]
            dpg.set_value(item, [np.ascontiguousarray(line.x, float), np.ascontiguousarray(line.y, float)])
            if dpg.get_item_theme(item) != self._themes(line.kind, line.color):
                dpg.bind_item_theme(item, self._themes(line.kind, line.color))

    def let_go(self) -> None:
        """Let the user drag and zoom while nothing moves; to be called in every such frame."""
        self._calm += 1
        if self._calm != FREE_AFTER:        # limits act a frame later
            return
        for axes in self._axes:
            for axis in ("x", "y"):
                dpg.set_axis_limits_auto(f"{self._name}.{axes.key}.{axis}")

    # ---- exporting --------------------------------------------------------------------------------------
    def _on_export(self, suffix: str) -> None:
        dpg.configure_item(f"{self._name}.formats", show=False)
        shown = self._charts
        if not any(len(line.x) for chart in shown for line in chart.lines):
            self._desk.notice("There is nothing in these plots yet.", bad=True)
            return
        path = charts.new_file(self._name, suffix)
        self._desk.later(f"export {path}", partial(charts.write, shown, path),
                         lambda written: self._desk.notice(f"The plots are in {written}."))


def _new_series(line: Line, parent: str) -> int | str:
    if line.kind in ("points", "marks"):
        return dpg.add_scatter_series(*NOTHING, parent=parent)
    if line.kind == "stairs":
        return dpg.add_stair_series(*NOTHING, parent=parent)
    return dpg.add_line_series(*NOTHING, parent=parent)


def _series_theme(kind: str, color: theme.Color) -> int | str:
    if kind in ("points", "marks"):
        return theme.points_theme(color, 1.5 if kind == "points" else MARK_PX)
    return theme.line_theme(color)


def _span(values: list[np.ndarray]) -> tuple[float, float]:
    """Return the range of all values with a margin."""
    finite = [each[np.isfinite(each)] for each in values if len(each)]
    low = min((float(each.min()) for each in finite if len(each)), default=0.0)
    high = max((float(each.max()) for each in finite if len(each)), default=1.0)
    margin = 0.05 * (high - low) or 0.5
    return low - margin, high + margin


def rounded_up(value: float) -> float:
    """Return the next of 5, 10, 20, 50, 100, ... well above `value`, so that the axis rarely changes."""
    top = 5.0
    for factor in (2.0, 2.0, 2.5) * 6:
        if top >= value * 1.1:
            break
        top *= factor
    return top
