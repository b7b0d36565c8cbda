"""The monitor's numbers: what the network does, and its populations with their rates, as a grid that fits the width."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from ..app.frames import Frame, NetworkView
from ..base.units import in_bytes
from . import theme
from .layout import Look, wrapped_tooltip
from .tapes import Tapes

NUMBER_WIDTH = 110            # px at scale 1 that a number and its name take
POPULATION_WIDTH = 172        # ... that a population's name and rate take


@dataclass(frozen=True)
class Fact:
    """A number to show: its tag, name, meaning, and how to read it."""

    tag: str
    label: str
    meaning: str
    read: Callable[[NetworkView, Frame], str]


def step_time(microseconds: float) -> str:
    """Return the wall time of a step with a fitting unit."""
    return f"{microseconds:.3g} us" if microseconds < 999.5 else f"{microseconds / 1000.0:.3g} ms"


def mean_rate_Hz(network: NetworkView, frame: Frame) -> float:
    """Return the spikes per neuron and second of the whole network."""
    sizes = [population.size for population in network.populations]
    return sum(size * rate for size, rate in zip(sizes, frame.rates_Hz, strict=True)) / max(1, sum(sizes))


FACTS = (
    Fact("time", "Simulated time", "Simulated time since the start of the run.",
         lambda network, frame: f"{frame.time_ms / 1000.0:,.3f} s"),
    Fact("rate", "Mean rate", "Spikes per neuron and second over the newest quarter of a second.",
         lambda network, frame: f"{mean_rate_Hz(network, frame):.2f} Hz"),
    Fact("spikes", "Spikes", "Spikes of all neurons since the start of the run.",
         lambda network, frame: f"{frame.total_spikes:,}"),
    Fact("step_time", "Step time", "Wall time that the computation of one step takes, recent mean.",
         lambda network, frame: step_time(frame.step_time_us)),
    Fact("rtf", "Real-time factor",
         "Wall time per simulated time of the computation alone; below 1 is faster than real time.",
         lambda network, frame: f"{frame.real_time_factor:.3g}"),
    Fact("neurons", "Neurons", "Number of neurons.", lambda network, frame: f"{network.num_neurons:,}"),
    Fact("synapses", "Synapses", "Number of synapses that were really made.",
         lambda network, frame: f"{network.num_synapses:,}"),
    Fact("memory", "Network memory", "Memory that the network takes.",
         lambda network, frame: in_bytes(network.memory_bytes)),
    Fact("seed", "Seed", "The seed really used; put it into the form to get this very network again.",
         lambda network, frame: str(network.seed)),
    Fact("backend", "Computed by", "The device that computes.", lambda network, frame: network.backend),
)
PROCESS = Fact("process", "Program memory", "Memory that the whole program takes.", lambda network, frame: "")


class Facts:
    """The numbers above the plots."""

    def __init__(self, look: Look, tapes: Tapes):
        self._look = look
        self._tapes = tapes
        self._shown: Frame | None = None
        self._columns = (0, 0)                      # of the numbers, of the populations
        self._network: NetworkView | None = None

    def build(self) -> None:
        """Create the places under DearPyGui's current container; `show` fills them."""
        dpg.add_group(tag="facts")
        dpg.bind_item_theme("facts", self._look.dense)
        dpg.add_group(tag="populations")

    def show(self, network: NetworkView, frame: Frame | None, width: float) -> None:
        """Show the numbers of `frame` in a grid that fits `width` px."""
        columns = (self._fitting(width, NUMBER_WIDTH), self._fitting(width, POPULATION_WIDTH))
        if columns != self._columns or network is not self._network:
            self._columns, self._network = columns, network
            self._grid("facts", columns[0], [self._cell(fact) for fact in (*FACTS, PROCESS)])
            self._grid("populations", columns[1],
                       [self._population(index, each.name) for index, each in enumerate(network.populations)])
            self._shown = None
        if frame is not None and frame is not self._shown:
            self._shown = frame
            self._write(network, frame)

    def _write(self, network: NetworkView, frame: Frame) -> None:
        for fact in FACTS:
            dpg.set_value(f"number.{fact.tag}", fact.read(network, frame))
        dpg.set_value("number.process", in_bytes(self._tapes.process_bytes()))
        for index, rate in enumerate(frame.rates_Hz):
            dpg.set_value(f"population.{index}", f"{rate:.1f} Hz")

    def _fitting(self, width: float, each: int) -> int:
        return max(1, min(5, int(width / self._look.px(each))))

    def _grid(self, parent: str, columns: int, cells: list[Callable[[], None]]) -> None:
        """Replace what is in `parent` by a grid of `cells`, each a function that creates its items."""
        dpg.delete_item(parent, children_only=True, slot=1)
        with dpg.table(header_row=False, parent=parent, policy=dpg.mvTable_SizingStretchSame):
            for _ in range(columns):
                dpg.add_table_column()
            for start in range(0, len(cells), columns):
                with dpg.table_row():
                    for cell in cells[start:start + columns]:
                        cell()

    def _cell(self, fact: Fact) -> Callable[[], None]:
        def create() -> None:
            with dpg.group():
                name = dpg.add_text(fact.label, color=self._look.dim)
                dpg.add_text("-", tag=f"number.{fact.tag}")
            self._look.use_font(name, "small")
            self._look.use_font(f"number.{fact.tag}", "bold")
            wrapped_tooltip(name, fact.meaning, self._look)
        return create

    def _population(self, index: int, name: str) -> Callable[[], None]:
        def create() -> None:
            with dpg.group(horizontal=True):
                dpg.add_text("\u25cf", color=theme.population_rgb(index))
                dpg.add_text(name, color=self._look.dim)
                dpg.add_text("", tag=f"population.{index}")
        return create
