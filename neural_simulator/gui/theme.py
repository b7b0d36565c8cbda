"""Colours, fonts and spacing of the panel."""

from __future__ import annotations

import sys
from pathlib import Path

import dearpygui.dearpygui as dpg

from ..base import fonts
from ..base.palette import population_color

Color = tuple[int, int, int]

GROUND: Color = (18, 21, 28)
SURFACE: Color = (26, 30, 39)
FIELD: Color = (38, 44, 57)
FIELD_HOVER: Color = (50, 58, 75)
LINE: Color = (52, 60, 76)
TEXT: Color = (226, 231, 240)
DIM: Color = (139, 149, 168)
ACCENT: Color = (52, 120, 170)
ACCENT_HOVER: Color = (66, 143, 199)
GOOD: Color = (0, 158, 115)
NOTE: Color = (240, 196, 84)       # changed since the last apply
BAD: Color = (236, 110, 66)
BAD_FIELD: Color = (92, 38, 26)

FONT_PX = {"text": 14, "bold": 14, "mono": 13, "small": 12}

_FILES = {"text": "DejaVuSans.ttf", "bold": "DejaVuSans-Bold.ttf", "mono": "DejaVuSansMono.ttf",
          "small": "DejaVuSans.ttf"}
_WINDOWS_FILES = {"text": "segoeui.ttf", "bold": "segoeuib.ttf", "mono": "consola.ttf", "small": "segoeui.ttf"}


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


def base_theme(scale: float) -> int | str:
    """Return the theme of the whole panel."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        _colors({
            dpg.mvThemeCol_WindowBg: GROUND, dpg.mvThemeCol_ChildBg: SURFACE, dpg.mvThemeCol_PopupBg: (32, 37, 48),
            dpg.mvThemeCol_MenuBarBg: GROUND, dpg.mvThemeCol_Border: LINE, dpg.mvThemeCol_Text: TEXT,
            dpg.mvThemeCol_TextDisabled: DIM, dpg.mvThemeCol_FrameBg: FIELD, dpg.mvThemeCol_FrameBgHovered: FIELD_HOVER,
            dpg.mvThemeCol_FrameBgActive: FIELD_HOVER, dpg.mvThemeCol_Button: FIELD,
            dpg.mvThemeCol_ButtonHovered: ACCENT_HOVER, dpg.mvThemeCol_ButtonActive: ACCENT,
            dpg.mvThemeCol_Header: (36, 43, 56), dpg.mvThemeCol_HeaderHovered: FIELD_HOVER,
            dpg.mvThemeCol_HeaderActive: ACCENT, dpg.mvThemeCol_Tab: FIELD, dpg.mvThemeCol_TabHovered: ACCENT_HOVER,
            dpg.mvThemeCol_TabActive: ACCENT, dpg.mvThemeCol_CheckMark: ACCENT_HOVER,
            dpg.mvThemeCol_SliderGrab: ACCENT_HOVER, dpg.mvThemeCol_SliderGrabActive: TEXT,
            dpg.mvThemeCol_TitleBg: GROUND, dpg.mvThemeCol_TitleBgActive: ACCENT,
            dpg.mvThemeCol_ScrollbarBg: SURFACE, dpg.mvThemeCol_ScrollbarGrab: LINE,
            dpg.mvThemeCol_PlotHistogram: ACCENT_HOVER, dpg.mvThemeCol_Separator: LINE,
            dpg.mvThemeCol_ModalWindowDimBg: (0, 0, 0, 140),
        })
        dpg.add_theme_color(dpg.mvPlotCol_PlotBg, GROUND, category=dpg.mvThemeCat_Plots)
        dpg.add_theme_color(dpg.mvPlotCol_FrameBg, (0, 0, 0, 0), category=dpg.mvThemeCat_Plots)
        dpg.add_theme_color(dpg.mvPlotCol_PlotBorder, LINE, category=dpg.mvThemeCat_Plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_PlotPadding, 4 * scale, 7 * scale, category=dpg.mvThemeCat_Plots)
        for target, x, y in (
                (dpg.mvStyleVar_FramePadding, 7, 4), (dpg.mvStyleVar_ItemSpacing, 7, 6),
                (dpg.mvStyleVar_WindowPadding, 10, 8), (dpg.mvStyleVar_CellPadding, 4, 2)):
            dpg.add_theme_style(target, x * scale, y * scale)
        dpg.add_theme_style(dpg.mvStyleVar_IndentSpacing, 8 * scale)
        for target, size in ((dpg.mvStyleVar_FrameRounding, 4), (dpg.mvStyleVar_ChildRounding, 5),
                             (dpg.mvStyleVar_GrabRounding, 3), (dpg.mvStyleVar_WindowRounding, 5),
                             (dpg.mvStyleVar_PopupRounding, 4), (dpg.mvStyleVar_ScrollbarSize, 12)):
            dpg.add_theme_style(target, size * scale)
    return theme


def button_theme(color: Color) -> int | str:
    """Return a theme for a button that stands out; a button that is disabled is dimmed."""
    red, green, blue = (min(255, part + 24) for part in color)
    with dpg.theme() as theme:
        with dpg.theme_component(dpg.mvButton):
            _colors({dpg.mvThemeCol_Button: color, dpg.mvThemeCol_ButtonHovered: (red, green, blue),
                     dpg.mvThemeCol_ButtonActive: color})
        _add_disabled_button()
    return theme


def _add_disabled_button() -> None:
    with dpg.theme_component(dpg.mvButton, enabled_state=False):
        flat = (30, 35, 45)
        _colors({dpg.mvThemeCol_Button: flat, dpg.mvThemeCol_ButtonHovered: flat, dpg.mvThemeCol_ButtonActive: flat,
                 dpg.mvThemeCol_Text: (96, 104, 120)})


def plain_button_theme() -> int | str:
    """Return the theme of ordinary buttons, with a dimmed look while disabled."""
    with dpg.theme() as theme:
        _add_disabled_button()
    return theme


def field_theme(background: Color, border: Color) -> int | str:
    """Return a theme that marks an input by its ground and border."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        _colors({dpg.mvThemeCol_FrameBg: background, dpg.mvThemeCol_FrameBgHovered: background,
                 dpg.mvThemeCol_FrameBgActive: background, dpg.mvThemeCol_Border: border})
        dpg.add_theme_style(dpg.mvStyleVar_FrameBorderSize, 1)
    return theme


def flat_button_theme() -> int | str:
    """Return a theme for small buttons that show only their sign."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvButton):
        _colors({dpg.mvThemeCol_Button: (0, 0, 0, 0), dpg.mvThemeCol_Text: DIM})
        dpg.add_theme_style(dpg.mvStyleVar_FramePadding, 3, 4)
    return theme


def spikes_theme(color: Color) -> int | str:
    """Return a theme for a raster: small squares, which a software renderer draws far faster than circles."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvScatterSeries):
        plots = dpg.mvThemeCat_Plots
        dpg.add_theme_color(dpg.mvPlotCol_MarkerFill, color, category=plots)
        dpg.add_theme_color(dpg.mvPlotCol_MarkerOutline, (0, 0, 0, 0), category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_Marker, dpg.mvPlotMarker_Square, category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_MarkerSize, 1.5, category=plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_MarkerWeight, 0, category=plots)
    return theme


def dense_theme(spacing: tuple[int, int]) -> int | str:
    """Return a theme that sets items closer together, `spacing` px apart."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvAll):
        dpg.add_theme_style(dpg.mvStyleVar_ItemSpacing, *spacing)
    return theme


def line_theme(color: Color) -> int | str:
    """Return a theme for a line of a plot."""
    with dpg.theme() as theme, dpg.theme_component(dpg.mvLineSeries):
        dpg.add_theme_color(dpg.mvPlotCol_Line, color, category=dpg.mvThemeCat_Plots)
        dpg.add_theme_style(dpg.mvPlotStyleVar_LineWeight, 1.5, category=dpg.mvThemeCat_Plots)
    return theme
