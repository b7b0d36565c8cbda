"""The structures as a gallery: a picture in the populations' colours, and a claim of one line."""

from __future__ import annotations

import math
from functools import partial

import dearpygui.dearpygui as dpg
import numpy as np

from ..app.desk import Desk
from ..app.gallery import Card, cards
from . import theme
from .fields import refit
from .layout import Look, dialog

TAG = "dialog.gallery"
PICTURE = (250, 150)             # px at scale 1
PER_ROW = 3
TURN = math.radians(32.0)        # of the picture about the vertical, and its tilt
TILT = math.radians(18.0)


class Gallery:
    """A dialog that puts a structure into the form."""

    def __init__(self, desk: Desk, look: Look):
        self._desk = desk
        self._look = look
        desk.on("show_gallery", self._open)

    def _open(self) -> None:
        look, tallest = self._look, dpg.get_viewport_client_height() - 40
        size = look.px(PER_ROW * (PICTURE[0] + 18) + 44), min(look.px(720), tallest)
        with dialog(TAG, "Structures", *size, resizable=True):
            dpg.add_text("Drawing...", tag="gallery.wait", color=self._look.dim)
            dpg.add_group(tag="gallery.cards")
        self._desk.later("gallery", cards, self._show)

    def _show(self, made: tuple[Card, ...]) -> None:
        if not dpg.does_item_exist("gallery.cards"):
            return
        dpg.delete_item("gallery.wait")
        with dpg.table(header_row=False, parent="gallery.cards"):
            for _ in range(PER_ROW):
                dpg.add_table_column()
            for start in range(0, len(made), PER_ROW):
                with dpg.table_row():
                    for card in made[start:start + PER_ROW]:
                        self._show_card(card)

    def _show_card(self, card: Card) -> None:
        look, (width, height) = self._look, (self._look.px(side) for side in PICTURE)
        with dpg.group():
            with dpg.drawlist(width, height):
                dpg.draw_rectangle((0, 0), (width, height), fill=theme.PLOT_GROUND, color=look.colors.line, rounding=4)
                for x, y, index in placed(card, width, height):
                    dpg.draw_circle((x, y), 1.6 * look.scale, fill=theme.population_rgb(index), color=(0, 0, 0, 0))
            dpg.add_button(label=card.label, width=width, tag=f"gallery.{card.key}",
                           callback=partial(self._choose, card.key))
            look.use_font(f"gallery.{card.key}", "small")
            text = dpg.add_text(card.claim, wrap=width)
            look.use_font(text, "small")
            note = dpg.add_text(f"{card.num_neurons:,} neurons in {len(card.populations)} populations", color=look.dim)
            look.use_font(note, "small")

    def _choose(self, key: str) -> None:
        view = self._desk.view
        core = refit(view.draft_core.changed(neural_structure_profile=key), "neural_structure_profile")
        self._desk.draft(core, view.draft_gpu, {})
        self._desk.commit()
        dpg.delete_item(TAG)
        self._desk.notice("The structure is in the form; Apply Changes & Reset Sim builds it.")


def placed(card: Card, width: float, height: float) -> list[tuple[float, float, int]]:
    """Return (x, y, population) of every point in the picture, those behind first."""
    x, y, z = card.points.T
    across = x * math.cos(TURN) - y * math.sin(TURN)
    away = x * math.sin(TURN) + y * math.cos(TURN)
    up = z * math.cos(TILT) + away * math.sin(TILT)
    span = max(float(np.ptp(across)) / (0.86 * width), float(np.ptp(up)) / (0.84 * height), 1e-9)
    left = width / 2.0 + (across - (across.max() + across.min()) / 2.0) / span
    top = height / 2.0 - (up - (up.max() + up.min()) / 2.0) / span
    order = np.argsort(-away)
    return [(float(left[k]), float(top[k]), int(card.population_of[k])) for k in order]
