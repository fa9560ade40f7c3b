"""A caption and its figure take their colours from one decision, whatever the numbers are."""

import numpy as np
import pytest

from cnn import captions, figures
from cnn.captions import legend
from cnn.captions.caption import NO_CAPTION
from cnn.colours import ColourRange, colour_range, difference_range, finite
from cnn.figures import Pair, style

ARRAYS = {
    "positive": np.linspace(0.1, 2, 9, dtype=np.float32),
    "signed": np.linspace(-1, 2, 9, dtype=np.float32),
    "negative": np.linspace(-2, -0.1, 9, dtype=np.float32),
    "equal": np.full(9, 0.5, np.float32),
    "equal below zero": np.full(9, -0.5, np.float32),
    "zero": np.zeros(9, np.float32),
}


def agrees(figure, told):
    """Whether the words are those of the colours in the figure."""
    z = np.asarray(figure.data[0].z)
    is_diverging = [list(stop) for stop in figure.data[0].colorscale] == style.DIVERGING
    is_constant = np.nanmin(z) == np.nanmax(z)
    words = {
        "one colour": is_constant,
        "red is positive": is_diverging and not is_constant,
        "dark is zero": not is_diverging and not is_constant,
    }
    return {word for word in words if word in told} == {word for word, on in words.items() if on}


@pytest.mark.parametrize("kind", ARRAYS)
def test_kernels(kind):
    tiles = ARRAYS[kind].reshape(3, 3, 1)
    assert agrees(figures.feature_maps(tiles), captions.kernel_tiles(tiles).seen)
    assert agrees(figures.feature_maps(tiles), captions.single_kernel(0, tiles[..., 0]).seen)


@pytest.mark.parametrize("kind", ARRAYS)
def test_dense_weights(kind):
    kernel = ARRAYS[kind].reshape(3, 3)
    figure = figures.matrix(kernel, title="", rows="unit", columns="input")
    assert agrees(figure, captions.dense_weights(kernel).seen)


@pytest.mark.parametrize("kind", ARRAYS)
def test_one_map_and_a_grid_of_units(kind):
    maps = ARRAYS[kind].reshape(3, 3, 1)
    assert agrees(figures.feature_maps(maps), captions.channel(0, maps[..., 0]).seen)
    units = ARRAYS[kind]
    assert agrees(figures.units(units, title=""), captions.grid(units).seen)


@pytest.mark.parametrize("other", ARRAYS)
@pytest.mark.parametrize("kind", ARRAYS)
def test_kernels_that_share_the_range_of_others(kind, other):
    first, last = (ARRAYS[one].reshape(3, 3, 1) for one in (kind, other))
    common = colour_range(first, last)
    figure = figures.feature_maps(first, limits=common)
    assert agrees(figure, captions.kernel_tiles(first, colours=common).seen)


@pytest.mark.parametrize("other", ARRAYS)
@pytest.mark.parametrize("kind", ARRAYS)
def test_a_pair_has_one_range_and_a_difference_about_zero(kind, other):
    pair = Pair(*(ARRAYS[one].reshape(3, 3, 1) for one in (kind, other)))
    none = NO_CAPTION
    left, right, difference = (
        ColourRange(chart.traces[0]["zmin"], chart.traces[0]["zmax"])
        for chart in pair.charts(("left", "right", "difference"), (none, none, none))
    )
    assert left == right == colour_range(pair.left, pair.right)
    assert difference == difference_range(pair.difference)
    assert difference.signed
    told = captions.change(pair.left, pair.right).seen
    assert ("Red" in told) == (np.ptp(pair.difference) > 0)


def test_one_number_has_one_colour():
    assert legend(colour_range(np.ones(1)), np.ones(1)) == "one colour, for it is 1"


def test_what_is_not_finite_has_no_part_in_the_range():
    assert colour_range(np.array([np.nan, 1, -np.inf])) == (0, 1)
    assert colour_range(np.zeros(0)) == (0, 1)
    assert difference_range(np.zeros(3)) == (-1, 1)


@pytest.mark.parametrize("broken", [np.nan, np.inf, -np.inf])
def test_what_is_finite_is_found_where_not_all_is(broken):
    values = np.array([[1, -2], [3, 4]], np.float32)
    assert finite(values) is values
    values[1, 0] = broken
    np.testing.assert_array_equal(finite(values), [1, -2, 4])
    assert finite(np.full(3, broken, np.float32)).size == 0
    assert finite(values[:0]).size == 0
