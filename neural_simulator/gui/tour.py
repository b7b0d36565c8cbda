"""A short tour of the window at the first start: a few sentences beside what they speak of; Escape skips it."""

from __future__ import annotations

from dataclasses import dataclass

import dearpygui.dearpygui as dpg

from ..app.desk import Desk
from .layout import Look

TAG = "tour"
WIDTH = 330              # px at scale 1


@dataclass(frozen=True)
class Stop:
    """One bubble of the tour: the item that it stands beside, and what it says."""

    item: str
    title: str
    text: str


STOPS = (
    Stop("action.start", "A network is running",
         "Start, Pause, Stop and Step drive the simulation; Space pauses and goes on. Beside Apply stands what the "
         "network in the form will cost before it is built."),
    Stop("search", "Every parameter",
         "Search by any word. A dot marks what is not applied yet, a curved arrow brings a default back, and a value "
         "that is not possible is explained below its group. The drive acts at once."),
    Stop("action.show_gallery", "Brain structures",
         "The gallery puts a whole region into the form: its populations, cells and connections."),
    Stop("tab.monitor", "What the network does",
         "Spikes and rates in the colours that the network window uses. Hold the plots to look closer, export them as "
         "a picture or a table, or follow one neuron."),
    Stop("tab.log", "Nothing is lost",
         "The log can be searched; the history undoes any change; the Python tab holds the script that gives the very "
         "same spikes. F1 shows all keys."),
)


class Tour:
    """Shows the stops one after the other; the last one, or Escape, ends it for good."""

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        self._at = -1
        self._frames = 0
        desk.on("show_tour", self.begin)

    def begin(self) -> None:
        """Show the first stop."""
        self._go(0)

    def refresh(self) -> None:
        """Begin by itself where the settings ask for it, once the window stands."""
        self._frames += 1
        if self._frames == 3 and self._desk.settings.show_tour:
            self.begin()

    def end(self) -> bool:
        """Close the tour for good; return whether it was open."""
        if not dpg.does_item_exist(TAG):
            return False
        dpg.delete_item(TAG)
        self._desk.change_settings(show_tour=False)
        return True

    def _go(self, number: int) -> None:
        if dpg.does_item_exist(TAG):
            dpg.delete_item(TAG)
        if number == len(STOPS):
            self._desk.change_settings(show_tour=False)
            return
        self._at, stop = number, STOPS[number]
        with dpg.window(tag=TAG, no_title_bar=True, no_resize=True, no_collapse=True, no_saved_settings=True,
                        autosize=True, pos=self._beside(stop.item)):
            self._look.use_font(dpg.add_text(stop.title), "title")
            dpg.add_text(stop.text, wrap=self._look.px(WIDTH))
            with dpg.group(horizontal=True):
                dpg.add_text(f"{number + 1} of {len(STOPS)}", color=self._look.dim)
                dpg.add_button(label="Next" if number + 1 < len(STOPS) else "Done", tag="tour.next",
                               callback=lambda: self._go(self._at + 1))
                dpg.add_button(label="Skip", tag="tour.skip", callback=self.end)
        dpg.bind_item_theme("tour.next", self._look.accent_button)

    def _beside(self, item: str) -> tuple[int, int]:
        """Return where the bubble stands: below its item, inside the window."""
        state = dpg.get_item_state(item)
        x, y = state.get("rect_min", (0, 0))
        tall = state.get("rect_size", (0, 0))[1]
        room = dpg.get_viewport_client_width() - self._look.px(WIDTH + 40)
        lowest = dpg.get_viewport_client_height() - self._look.px(190)
        return round(max(8, min(x + self._look.px(16), room))), round(max(8, min(y + tall + 10, lowest)))
