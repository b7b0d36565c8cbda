"""Colours, fonts and spacing of the panel, dark or light."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..base import fonts
from ..base.palette import population_color

Color = tuple[int, int, int]


@dataclass(frozen=True)
class Colors:
    """One look. Plots have the same dark ground in both, so that populations have the viewer's very colours."""

    ground: Color
    surface: Color
    popup: Color
    header: Color
    field: Color
    field_hover: Color
    line: Color
    text: Color
    dim: Color
    accent: Color
    accent_hover: Color
    start: Color                # the button that runs
    good: Color
    note: Color                 # changed since the last apply
    bad: Color
    bad_field: Color
    off: Color                  # a button that is disabled, and its text
    off_text: Color
    found: Color                # lines that a search found


DARK = Colors(
    ground=(18, 21, 28), surface=(26, 30, 39), popup=(32, 37, 48), header=(36, 43, 56), field=(38, 44, 57),
    field_hover=(50, 58, 75), line=(52, 60, 76), text=(226, 231, 240), dim=(139, 149, 168), accent=(52, 120, 170),
    accent_hover=(66, 143, 199), start=(0, 118, 86), good=(0, 158, 115), note=(240, 196, 84), bad=(236, 110, 66),
    bad_field=(92, 38, 26), off=(30, 35, 45), off_text=(96, 104, 120), found=(120, 210, 255))
LIGHT = Colors(
    ground=(236, 239, 244), surface=(250, 251, 253), popup=(255, 255, 255), header=(208, 217, 230),
    field=(217, 224, 234), field_hover=(200, 211, 226), line=(196, 204, 217), text=(28, 34, 46), dim=(92, 102, 120),
    accent=(44, 111, 168), accent_hover=(84, 148, 204), start=(0, 124, 90), good=(0, 124, 90), note=(150, 96, 0),
    bad=(190, 58, 16), bad_field=(255, 216, 200), off=(231, 234, 240), off_text=(158, 166, 180), found=(0, 92, 168))
THEMES: dict[str, Colors] = {"dark": DARK, "light": LIGHT}
PLOT_GROUND: Color = (14, 17, 23)
PLOT_LINE: Color = (70, 79, 98)
ON_ACCENT: Color = (255, 255, 255)          # text on coloured buttons, in both looks

FONT_PX = {"text": 14, "bold": 14, "mono": 13, "small": 12, "title": 17}

_FILES = {"text": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf", "mono": "DejaVuSansMono.ttf",
          "small": "DejaVuSans.ttf", "title": "DejaVuSans-Bold.ttf"}
_WINDOWS_FILES = {"text": "segoeui.ttf", "bold": "segoeuib.ttf", "mono": "consola.ttf", "small": "segoeui.ttf",
                  "title": "segoeuib.ttf"}


def find_font(kind: str) -> Path | None:
    """Return the font file of this kind, a key of FONT_PX, from matplotlib or the system, or None."""
    return fonts.find(_FILES[kind]) or (fonts.find(_WINDOWS_FILES[kind]) if sys.platform == "win32" else None)


def load_fonts(scale: float) -> dict[str, int | str]:
    """Register the fonts there are; a kind whose file is missing is left out and DearPyGui's own font serves."""
    loaded: dict[str, int | str] = {}
    with dpg.font_registry():
        for kind in _FILES:
            path = find_font(kind)
            if path is None:
                continue
            loaded[kind] = dpg.add_font(str(path), round(FONT_PX[kind] * scale))
    return loaded


def population_rgb(index: int) -> Color:
    """Return the colour of a population, the same as in the viewer, each part 0..255."""
    red, green, blue = (round(255 * part) for part in population_color(index))
    return red, green, blue


def paler(color: Color, times: int) -> Color:
    """Return `color` moved towards white, a step each time."""
    red, green, blue = (round(255 - (255 - part) * 0.55 ** times) for part in color)
    return red, green, blue


def _colors(pairs: dict[int, Color | tuple[int, int, int, int]]) -> None:
    for target, color in pairs.items():
        dpg.add_theme_color(target, color)


def base_theme(colors: Colors, scale: float) -> int | str:
    """Return the theme of the whole panel."""
    c = colors
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        _colors({
            # Clear: a software renderer, which blends every pixel of every background, takes half the time for a frame.
            dpg.mvThemeCol_ChildBg: (0, 0, 0, 0),
            dpg.mvThemeCol_WindowBg: c.ground, dpg.mvThemeCol_PopupBg: c.popup,
            dpg.mvThemeCol_MenuBarBg: c.ground, dpg.mvThemeCol_Border: c.line,
            dpg.mvThemeCol_BorderShadow: (0, 0, 0, 0), dpg.mvThemeCol_Text: c.text,
            dpg.mvThemeCol_TextDisabled: c.dim, dpg.mvThemeCol_FrameBg: c.field,
            dpg.mvThemeCol_FrameBgHovered: c.field_hover, dpg.mvThemeCol_FrameBgActive: c.field_hover,
            dpg.mvThemeCol_Button: c.field, dpg.mvThemeCol_ButtonHovered: c.field_hover,
            dpg.mvThemeCol_ButtonActive: c.accent_hover, dpg.mvThemeCol_Header: c.header,
            dpg.mvThemeCol_HeaderHovered: c.field_hover, dpg.mvThemeCol_HeaderActive: c.accent_hover,
            dpg.mvThemeCol_Tab: c.field, dpg.mvThemeCol_TabHovered: c.accent_hover,
            dpg.mvThemeCol_TabActive: c.accent_hover, dpg.mvThemeCol_CheckMark: c.accent,
            dpg.mvThemeCol_SliderGrab: c.accent_hover, dpg.mvThemeCol_SliderGrabActive: c.text,
            dpg.mvThemeCol_TitleBg: c.ground, dpg.mvThemeCol_TitleBgActive: c.accent_hover,
            dpg.mvThemeCol_ScrollbarBg: c.surface, dpg.mvThemeCol_ScrollbarGrab: c.line,
            dpg.mvThemeCol_PlotHistogram: c.accent_hover, dpg.mvThemeCol_Separator: c.line,
            dpg.mvThemeCol_TableHeaderBg: c.header, dpg.mvThemeCol_TableBorderLight: c.line,
            dpg.mvThemeCol_ModalWindowDimBg: (0, 0, 0, 110),
        })
        plots = dpg.mvThemeCat_Plots
        for target, color in ((dpg.mvPlotCol_PlotBg, PLOT_GROUND), (dpg.mvPlotCol_FrameBg, (0, 0, 0, 0)),
                              (dpg.mvPlotCol_PlotBorder, c.line), (dpg.mvPlotCol_AxisText, c.text),
                              (dpg.mvPlotCol_TitleText, c.text), (dpg.mvPlotCol_InlayText, c.text),
                              (dpg.mvPlotCol_AxisGrid, (*PLOT_LINE, 90)), (dpg.mvPlotCol_LegendBg, (*c.popup, 220)),
                              (dpg.mvPlotCol_LegendText, c.text)):
            dpg.add_theme_color(target, color, category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_PlotPadding, 4 * scale, 9 * scale, category=plots)
        for target, x, y in (
                (dpg.mvStyleVar_FramePadding, 6, 4), (dpg.mvStyleVar_ItemSpacing, 7, 6),
                (dpg.mvStyleVar_WindowPadding, 10, 8), (dpg.mvStyleVar_CellPadding, 4, 2),
                (dpg.mvStyleVar_ItemInnerSpacing, 3, 4)):
            dpg.add_theme_style(target, x * scale, y * scale)
        dpg.add_theme_style(dpg.mvStyleVar_IndentSpacing, 8 * scale)
        for target, size in ((dpg.mvStyleVar_FrameRounding, 4), (dpg.mvStyleVar_ChildRounding, 5),
                             (dpg.mvStyleVar_GrabRounding, 3), (dpg.mvStyleVar_WindowRounding, 5),
                             (dpg.mvStyleVar_PopupRounding, 4), (dpg.mvStyleVar_ScrollbarSize, 12)):
            dpg.add_theme_style(target, size * scale)
    return theme


def button_theme(color: Color, colors: Colors) -> int | str:
    """Return a theme for a button that stands out; a button that is disabled is dimmed."""
    red, green, blue = (min(255, part + 24) for part in color)
    with dpg.theme() as theme:
        with dpg.theme_component(dpg.mvButton):
            _colors({dpg.mvThemeCol_Button: color, dpg.mvThemeCol_ButtonHovered: (red, green, blue),
                     dpg.mvThemeCol_ButtonActive: color, dpg.mvThemeCol_Text: ON_ACCENT})
        _add_disabled_button(colors)
    return theme


def _add_disabled_button(colors: Colors) -> None:
    with dpg.theme_component(dpg.mvButton, enabled_state=False):
        flat = colors.off
        _colors({dpg.mvThemeCol_Button: flat, dpg.mvThemeCol_ButtonHovered: flat, dpg.mvThemeCol_ButtonActive: flat,
                 dpg.mvThemeCol_Text: colors.off_text})


def plain_button_theme(colors: Colors) -> int | str:
    """Return the theme of ordinary buttons, with a dimmed look while disabled."""
    with dpg.theme() as theme:
        _add_disabled_button(colors)
    return theme


def field_theme(background: Color, border: Color) -> int | str:
    """Return a theme that marks an input by its ground and border."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        _colors({dpg.mvThemeCol_FrameBg: background, dpg.mvThemeCol_FrameBgHovered: background,
                 dpg.mvThemeCol_FrameBgActive: background, dpg.mvThemeCol_Border: border})
        dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 1)
    return theme


def flat_button_theme(colors: Colors) -> int | str:
    """Return a theme for small buttons that show only their sign."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvButton):
        _colors({dpg.mvThemeCol_Button: (0, 0, 0, 0), dpg.mvThemeCol_Text: colors.dim})
        dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 3, 4)
    return theme


def spikes_theme(color: Color) -> int | str:
    """Return a theme for a raster: small squares, which a software renderer draws far faster than circles."""
    return points_theme(color, 1.5)


def points_theme(color: Color, size: float) -> int | str:
    """Return a theme for separate points of this size, px."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvScatterSeries):
        plots = dpg.mvThemeCat_Plots
        dpg.add_theme_color(dpg.mvPlotCol_MarkerFill, color, category=plots)
        dpg.add_theme_color(dpg.mvPlotCol_MarkerOutline, (0, 0, 0, 0), category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_Marker, dpg.mvPlotMarker_Square, category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_MarkerSize, size, category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_MarkerWeight, 0, category=plots)
    return theme


def dense_theme(spacing: tuple[int, int]) -> int | str:
    """Return a theme that sets items closer together, `spacing` px apart."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, *spacing)
        dpg.add_theme_style(dpg.mvStyleVar_FramePadding, *spacing)      # a line of text is as high as a frame
    return theme


def line_theme(color: Color, weight: float = 1.5) -> int | str:
    """Return a theme for a line of a plot, and for bars."""
    with dpg.theme() as theme:
        with dpg.theme_component(dpg.mvLineSeries):
            dpg.add_theme_color(dpg.mvPlotCol_Line, color, category=dpg.mvThemeCat_Plots)
            dpg.add_theme_style(dpg.mvPlotStyleVar_LineWeight, weight, category=dpg.mvThemeCat_Plots)
        with dpg.theme_component(dpg.mvStairSeries):
            dpg.add_theme_color(dpg.mvPlotCol_Line, color, category=dpg.mvThemeCat_Plots)
            dpg.add_theme_style(dpg.mvPlotStyleVar_LineWeight, weight, category=dpg.mvThemeCat_Plots)
    return theme
