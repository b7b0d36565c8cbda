"""Colours that every window shares, distinguishable with any of the common forms of colour blindness.

Source of the qualitative colours: M. Okabe and K. Ito, "Color Universal Design" (2008), without black and ordered
so that the first pair (sky blue, vermilion) is the one told apart most easily on a dark ground. Two further colours
(lavender and sand, chosen here for their lightness) make ten, the largest number of traits.
"""

from __future__ import annotations

RGB = tuple[float, float, float]     # red, green, blue in sRGB, each 0..1


def from_hex(text: str) -> RGB:
    """Return the colour written as '#rrggbb'."""
    return (int(text[1:3], 16) / 255.0, int(text[3:5], 16) / 255.0, int(text[5:7], 16) / 255.0)


POPULATION_COLORS: tuple[tuple[str, RGB], ...] = (
    ("sky blue", from_hex("#56b4e9")),
    ("vermilion", from_hex("#d55e00")),
    ("bluish green", from_hex("#009e73")),
    ("yellow", from_hex("#f0e442")),
    ("reddish purple", from_hex("#cc79a7")),
    ("orange", from_hex("#e69f00")),
    ("blue", from_hex("#0072b2")),
    ("grey", from_hex("#999999")),
    ("lavender", from_hex("#b9a6f2")),
    ("sand", from_hex("#d8c8a0")),
)

EXCITATORY: RGB = from_hex("#56b4e9")      # lines and labels of excitatory synapses
INHIBITORY: RGB = from_hex("#d55e00")      # lines and labels of inhibitory synapses


def population_color(index: int) -> RGB:
    """Return the colour of population `index`; colours repeat after the tenth."""
    return POPULATION_COLORS[index % len(POPULATION_COLORS)][1]
