"""Sizes and the small building blocks that every panel uses, so that things line up."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import dearpygui.dearpygui as dpg

from . import theme

TITLE = "Neural Simulator"
WINDOW = (980, 960)          # px at scale 1
SMALLEST = (720, 480)
LEFT_WIDTH = 400
LOG_HEIGHT = 142
LOG_SHARE = 0.2                # of a small window's height that the log takes, but no less than
SMALLEST_LOG = 104             # px: its controls and two lines
STATUS_HEIGHT = 32
TIP_WIDTH = 330
COLUMNS = (8, None, 104, 54, 16)        # mark, label, input, unit, reset; None takes what is left
WIDE_COLUMNS = (8, None, 18)            # mark, label above input, reset


@dataclass
class Look:
    """Scale, fonts, colours and themes, made once DearPyGui's context exists and anew when the user changes them."""

    scale: float = 1.0
    colors: theme.Colors = theme.DARK
    fonts: dict[str, int | str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        colors = self.colors
        self.text, self.dim, self.note, self.bad = colors.text, colors.dim, colors.note, colors.bad
        self.fonts = theme.load_fonts(self.scale)
        self.base = theme.base_theme(colors, self.scale)
        self.plain_button = theme.plain_button_theme(colors)
        self.good_button = theme.button_theme(colors.start, colors)
        self.accent_button = theme.button_theme(colors.accent, colors)
        self.flat_button = theme.flat_button_theme(colors)
        self.plain_field = theme.field_theme(colors.field, colors.field)
        self.bad_field = theme.field_theme(colors.bad_field, colors.bad)
        self.bad_text = theme.field_theme(colors.field, colors.bad)         # where all of it would be too much red
        self.dense = theme.dense_theme((self.px(4), self.px(1)))

    def px(self, size: float) -> int:
        """Return a size at scale 1 in this look's pixels."""
        return round(size * self.scale)

    def use_font(self, item: int | str, kind: str) -> None:
        """Give `item` the font of this kind, a key of theme.FONT_PX, where it was found."""
        if kind in self.fonts:
            dpg.bind_item_font(item, self.fonts[kind])


@contextmanager
def form_table(look: Look, wide: bool = False) -> Iterator[None]:
    """Open a table of form lines: mark, label, input, unit, reset. `wide`: long inputs without a unit."""
    with dpg.table(header_row=False, policy=dpg.mvTable_SizingFixedFit):
        for width in WIDE_COLUMNS if wide else COLUMNS:
            if width is None:
                dpg.add_table_column(width_stretch=True, init_width_or_weight=1.0)
            else:
                dpg.add_table_column(width_fixed=True, init_width_or_weight=look.px(width))
        yield


def wrapped_tooltip(item: int | str, text: str, look: Look) -> int | str:
    """Show `text` while the mouse rests on `item`; return the item that holds the text."""
    with dpg.tooltip(item, delay=0.4):
        return dpg.add_text(text, wrap=look.px(TIP_WIDTH))


@contextmanager
def dialog(tag: str, title: str, width: int, height: int, resizable: bool = False) -> Iterator[None]:
    """Open a window of this size, px, in the middle of the panel, replacing one of the same tag."""
    def closed() -> None:
        if dpg.does_item_exist(tag) and dpg.get_alias_id(tag) == number:     # told late: a new one may have its tag
            dpg.delete_item(tag)
    if dpg.does_item_exist(tag):
        dpg.delete_item(tag)
    with dpg.window(label=title, tag=tag, no_collapse=True, no_resize=not resizable, no_saved_settings=True, modal=True,
                    no_open_over_existing_popup=False, width=width, height=height, pos=centre(width, height),
                    on_close=closed):
        number = dpg.get_alias_id(tag)
        yield


def room_below(tag: str, inside: str = "right") -> float:
    """Return the height in px that is left in the child window `inside` below the item `tag`."""
    _, y = dpg.get_item_rect_min(tag)
    top = y + dpg.get_item_rect_size(tag)[1] + dpg.get_y_scroll(inside)
    return float(dpg.get_item_pos(inside)[1] + dpg.get_item_rect_size(inside)[1] - top)


def centre(width: int, height: int) -> tuple[int, int]:
    """Return where a window of this size stands in the upper middle of the panel."""
    return (max(0, (dpg.get_viewport_client_width() - width) // 2),
            max(0, (dpg.get_viewport_client_height() - height) // 3))
