"""What colours mean."""

from dataclasses import replace

import numpy as np
import pytest

from neural_simulator.app.frames import NEVER
from neural_simulator.base.palette import POPULATION_COLORS
from neural_simulator.viewer import colors
from tests.viewer.samples import STEP, frame, network


def luminance(rgb) -> np.ndarray:
    """Relative luminance (CIE Y of sRGB primaries; IEC 61966-2-1)."""
    linear = np.where(np.asarray(rgb) <= 0.04045, np.asarray(rgb) / 12.92, ((np.asarray(rgb) + 0.055) / 1.055) ** 2.4)
    return linear @ (0.2126, 0.7152, 0.0722)


def test_activity_falls_from_one_to_exactly_zero_at_the_end_of_the_fade():
    last = np.array([STEP, STEP - 15, STEP - 30, STEP - 60, STEP - 61, NEVER])
    shown = colors.activity(last, STEP, 1.0, 60.0)
    assert shown == pytest.approx([1.0, 0.5625, 0.25, 0.0, 0.0, 0.0])


def test_activity_counts_time_and_not_steps():
    assert colors.activity(np.array([STEP - 300]), STEP, 0.1, 60.0) == pytest.approx([0.25])


def test_a_neuron_that_never_fired_is_silent_at_any_time():
    assert colors.activity(np.array([NEVER]), 2**31 - 1, 0.1, 5000.0) == [0.0]


@pytest.mark.parametrize("stops", [colors.ACTIVITY_STOPS, colors.POTENTIAL_STOPS, colors.WEIGHT_STOPS])
def test_ramps_grow_lighter_all_the_way_so_that_they_read_without_hue(stops):
    assert np.all(np.diff(luminance(colors.ramp(stops, np.linspace(0, 1, 50)))) > 0)


def test_the_lookup_table_holds_the_ramps_and_the_palette():
    table = colors.lookup_table()
    assert table.shape == (5, 256, 3)
    assert table[colors.LUT_POPULATION, 1] == pytest.approx(np.array(POPULATION_COLORS[1][1]) * 255, abs=0.51)
    assert np.array_equal(table[colors.LUT_POPULATION, 10], table[colors.LUT_POPULATION, 0]), "colours repeat"


def test_population_colors_differ_in_lightness_or_hue_from_each_other_and_from_the_ground():
    found = np.array([rgb for _, rgb in POPULATION_COLORS])
    apart = np.linalg.norm(found[:, None] - found[None], axis=2) + 10 * np.eye(len(found))
    assert apart.min() > 0.2
    assert luminance(found).min() > 10 * luminance(colors.BACKGROUND)


@pytest.mark.parametrize("mode", ["activity", "trait", "potential"])
def test_a_firing_neuron_is_lighter_than_a_silent_one_in_every_colour_mode(mode):
    view = network(np.zeros((2, 3)))
    shown = colors.neuron_colors(frame(view, [STEP - 1, NEVER]), view.population_of, 1.0, mode, "highlight", 60.0)
    assert luminance(shown[0]) > luminance(shown[1]) + 0.1


def test_unmarked_trait_colours_do_not_depend_on_spikes():
    view = network(np.zeros((2, 3)), [0, 1])
    shown = colors.neuron_colors(frame(view, [STEP - 1, NEVER]), view.population_of, 1.0, "trait", "none", 60.0)
    assert shown == pytest.approx(colors.lookup_table()[colors.LUT_POPULATION, :2] / 255.0)


def test_groups_are_types_traits_or_populations():
    first, second, third = (replace(p, name=name, preset=preset, trait=trait) for p, name, preset, trait in zip(
        network(np.zeros((2, 3)), [0, 1]).populations * 2, "ABC", ("RS", "FS", "RS"), (4, 4, 2), strict=False))
    populations = (first, second, third)
    assert colors.categories(populations, "type") == colors.Categories(("RS", "FS"), (0, 1, 0))
    assert colors.categories(populations, "trait") == colors.Categories(("trait 4", "trait 2"), (0, 0, 1))
    assert colors.categories(populations, "population").names == ("A", "B", "C")
    table = colors.lookup_table(populations, "type")[colors.LUT_CATEGORY]
    assert np.array_equal(table[0], table[2]) and not np.array_equal(table[0], table[1])


def test_the_scale_of_weights_leaves_out_the_rarest():
    values = np.concatenate([np.linspace(2.0, 3.0, 1000), [99.0, 0.0]])
    low, high = colors.weight_range(values)
    assert 2.0 < low < 2.05 and 2.95 < high < 3.05
    assert colors.weight_range(np.full(5, 0.7)) == pytest.approx((0.0, 0.7)), "equal weights are at the upper end"
    assert colors.weight_range(np.zeros(0)) == (0.0, 1.0)
