"""Channels as small pictures: what their bytes stand for, and how large maps become small."""

import numpy as np
import pytest

import cnn
from cnn.figures import style
from cnn.figures.thumbnails import (
    DIVERGING_COLOURS,
    SEQUENTIAL_COLOURS,
    Thumbnails,
    colour_table,
    representative,
)

SCALES = ("channel", "layer", "network")


def maps_of(rng, *, signed):
    drawn = rng.normal(size=(9, 7, 3)) * [1, 5, 0.1]
    return (drawn if signed else np.abs(drawn)).astype(np.float32)


def values_of(found):
    """Return the values (height, width, channels) that the bytes stand for."""
    high = np.abs(found.peaks) if found.high is None else found.high
    places = np.moveaxis(found.tiles.astype(np.float32), 0, -1)
    return high * (places / 127 - 1 if found.signed else places / 255)


@pytest.mark.parametrize(
    ("total", "first", "count"),
    [(1, [0], 1), (64, [0, 1, 2], 64), (65, [0, 2, 4], 33), (1600, [0, 25, 50], 64)],
)
def test_many_channels_are_represented_by_every_nth(total, first, count):
    shown = representative(total)
    assert shown[: len(first)] == first
    assert len(shown) == count
    assert shown[-1] < total


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize("scale", SCALES)
def test_bytes_stand_for_the_values(scale, signed):
    maps = maps_of(np.random.default_rng(1), signed=signed)
    found = Thumbnails.of(maps, [2, 0], scale=scale, bound=20.0)
    assert found.signed == signed
    own = np.abs(found.peaks) if found.high is None else found.high
    assert (np.abs(values_of(found) - maps[..., [2, 0]]) <= own / (254 if signed else 510)).all()


@pytest.mark.parametrize(("scale", "high"), [("channel", None), ("layer", 4.0), ("network", 20.0)])
def test_the_range_is_the_channels_the_layers_or_the_networks(scale, high):
    maps = np.array([[[1, -4]]], np.float32)
    found = Thumbnails.of(maps, [0, 1], scale=scale, bound=20.0)
    assert found.high == high
    assert found.peaks.tolist() == [1, -4]


@pytest.mark.parametrize("scale", SCALES)
def test_values_beyond_the_range_are_the_last_colour(scale):
    found = Thumbnails.of(np.array([[[-8, 8]]], np.float32), [0, 1], scale=scale, bound=2.0)
    assert found.tiles.ravel().tolist() == [0, 254]


@pytest.mark.parametrize("scale", SCALES)
def test_a_silent_map_is_all_zero(scale):
    maps = np.zeros((4, 4, 2), np.float32)
    maps[..., 1] = 3
    found = Thumbnails.of(maps, [0, 1], scale=scale)
    assert found.tiles[0].max() == 0
    assert found.tiles[1].min() == 255
    assert found.peaks.tolist() == [0, 3]


def test_zero_is_the_middle_of_signed_values():
    maps = np.array([[[-2], [0], [2]]], np.float32)
    assert Thumbnails.of(maps, [0], scale="layer").tiles.ravel().tolist() == [0, 127, 254]


def test_what_is_not_a_number_looks_like_zero_and_is_not_called_so():
    maps = np.array([[[np.nan], [1]]], np.float32)
    found = Thumbnails.of(maps, [0], scale="layer")
    assert found.tiles.ravel().tolist() == [0, 255]
    assert np.isnan(found.peaks).all()


def test_large_maps_are_means_of_blocks():
    maps = np.arange(70 * 40, dtype=np.float32).reshape(70, 40, 1)
    found = Thumbnails.of(maps, [0], scale="layer")
    assert found.tiles.shape == (1, 24, 20)
    assert found.tiles[0, 0, 0] == round(255 * maps[:3, :2].mean() / maps.max())
    assert found.tiles[0, -1, -1] == round(255 * maps[69:, 38:].mean() / maps.max())
    assert found.peaks[0] == maps.max()


@pytest.mark.parametrize("scale", ["channel", "layer"])
@pytest.mark.parametrize("signed", [False, True])
def test_colours_have_the_range_of_the_figures(scale, signed):
    maps = maps_of(np.random.default_rng(2), signed=signed)
    found = Thumbnails.of(maps, [0, 1, 2], scale=scale)
    cells = cnn.figures.cells(maps, scale=scale)
    assert found.signed == cells.signed
    assert (found.high or 1.0) == pytest.approx(cells.high)


def test_a_table_of_colours_runs_from_the_lowest_to_the_highest():
    table = colour_table(style.DIVERGING, DIVERGING_COLOURS)
    assert (table.dtype, table.shape) == (np.uint8, (DIVERGING_COLOURS, 3))
    (low, middle, high) = table[[0, DIVERGING_COLOURS // 2, -1]].astype(int)
    assert low[2] > low[0]
    assert middle.min() > 240
    assert high[0] > high[2]
    assert len(np.unique(colour_table(style.SEQUENTIAL, SEQUENTIAL_COLOURS), axis=0)) > 200
