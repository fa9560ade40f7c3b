import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnn
from cnn.figures import Mosaic, cells, colour_range
from cnn.figures.mosaic import as_maps, heatmap_size, maps_chart
from cnn.figures.tiling import fair_share, largest_in_blocks


def numbered(height: int, width: int, count: int) -> np.ndarray:
    """Maps in which every cell of channel c has the value c."""
    return np.broadcast_to(np.arange(count, dtype=np.float32), (height, width, count)).copy()


def test_sixty_four_channels_give_sixty_four_tiles_in_order():
    mosaic = Mosaic.of((11, 11, 64))
    z = mosaic.tile(numbered(11, 11, 64))
    corners = [
        z[row * mosaic.high, column * mosaic.wide]
        for row in range(mosaic.rows)
        for column in range(mosaic.columns)
        if row * mosaic.columns + column < 64
    ]
    assert corners == list(range(64))
    assert np.isfinite(z).sum() == 64 * 11 * 11


@given(height=st.integers(1, 9), width=st.integers(1, 9), count=st.integers(1, 40), data=st.data())
def test_a_click_finds_the_cell_that_is_painted_there(height, width, count, data):
    maps = np.arange(height * width * count, dtype=np.float32).reshape(height, width, count)
    mosaic = Mosaic.of(maps.shape)
    z = mosaic.tile(maps)
    y = data.draw(st.integers(0, z.shape[0] - 1))
    x = data.draw(st.integers(0, z.shape[1] - 1))
    place = mosaic.locate(x, y)
    if np.isnan(z[y, x]):
        assert place is None
    else:
        channel, row, column = place
        assert maps[row, column, channel] == z[y, x]
        assert mosaic.places()[y, x].tolist() == [channel, row, column]


def test_a_constant_map_is_drawn_constant_under_every_scale():
    maps = np.random.default_rng(0).random((4, 4, 3)).astype(np.float32)
    maps[..., 1] = 0.25
    for scale in ("channel", "layer", "network"):
        mosaic = Mosaic.of(maps.shape)
        shown = cells(maps, scale=scale, bound=2.0, lay=mosaic.tile)
        tile = shown.z[(mosaic.places()[..., 0] == 1) & np.isfinite(shown.z)]
        assert np.unique(tile).size == 1


def test_a_silent_channel_stays_zero_when_channels_have_their_own_range():
    maps = np.zeros((3, 3, 2), np.float32)
    maps[1, 1, 0] = 5
    shown = cells(maps, scale="channel")
    assert np.nanmax(shown.z) == 1
    assert not np.any(cells(maps[..., 1:], scale="channel").z)
    assert np.nanmax(shown.values) == 5


def test_colours_start_at_zero_or_are_symmetric_about_it():
    assert colour_range(np.array([0.5, 2.0], np.float32)) == (0, 2)
    assert colour_range(np.array([-1.0, 3.0], np.float32)) == (-3, 3)
    assert colour_range(np.zeros(4, np.float32)) == (0, 1)


def test_the_network_range_is_the_same_for_every_layer():
    positive = np.full((2, 2, 1), 0.5, np.float32)
    assert (
        cells(positive, scale="network", bound=8).low,
        cells(positive, scale="network", bound=8).high,
    ) == (0, 8)
    assert cells(-positive, scale="network", bound=8).low == -8


def test_non_square_maps_keep_their_height_and_width():
    maps = np.zeros((2, 5, 1), np.float32)
    maps[1, 4, 0] = 1
    assert np.argwhere(Mosaic.of(maps.shape).tile(maps) == 1).tolist() == [[1, 4]]


def test_feature_maps_are_one_heatmap_with_the_true_values(classifier, seven):
    maps = cnn.activations(classifier, seven)["conv2d"]
    figure = cnn.figures.feature_maps(maps, title="conv2d")
    (trace,) = figure.data
    assert trace.type == "heatmap"
    np.testing.assert_array_equal(trace.z, Mosaic.of(maps.shape).tile(maps))
    assert figure.layout.title.text == "conv2d"
    assert figure.layout.yaxis.autorange == "reversed"


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    block=st.integers(2, 10),
    seed=st.integers(0, 99),
)
def test_a_block_shows_its_number_farthest_from_zero(height, width, block, seed):
    maps = np.random.default_rng(seed).normal(size=(height, width, 2)).astype(np.float32)
    for (row, column, channel), shown in np.ndenumerate(largest_in_blocks(maps, block)):
        cells_of_block = maps[block * row :, block * column :, channel][:block, :block]
        assert shown == cells_of_block.flat[np.abs(cells_of_block).argmax()]


def test_a_number_that_is_none_is_not_lost_in_its_block():
    maps = np.ones((4, 4, 1), np.float32)
    maps[3, 0] = np.nan
    assert np.isnan(largest_in_blocks(maps, 2)[..., 0]).tolist() == [[False, False], [True, False]]


@pytest.mark.parametrize("scale", ["channel", "layer", "network"])
def test_maps_that_no_screen_could_show_are_reduced_and_the_caption_says_so(scale):
    maps = np.random.default_rng(1).normal(size=(30, 41, 6)).astype(np.float32)
    chart = cnn.figures.maps_chart(maps, scale=scale, bound=9.0, most=2500)
    trace = chart.figure().data[0]
    sent = [numbers for numbers in (trace.z, trace.text) if numbers is not None]
    mosaic = Mosaic(**trace.meta["tiles"])
    assert sum(numbers.size for numbers in sent) <= 2500
    assert mosaic.block > 1 and f"{mosaic.block}×{mosaic.block} cells" in chart.caption.seen
    assert f"largest of {mosaic.block}×{mosaic.block}" in trace.hovertemplate
    true = trace.text if scale == "channel" else trace.z
    y, x = np.argwhere(np.isfinite(true))[-1]
    channel, row, column = mosaic.locate(x, y)
    assert trace.customdata[y, x].tolist() == [channel, row, column]
    inside = maps[row : row + mosaic.block, column : column + mosaic.block, channel]
    assert true[y, x] == inside.flat[np.abs(inside).argmax()]


@pytest.mark.parametrize("scale", ["channel", "layer", "network"])
@settings(deadline=None)
@given(
    shape=st.tuples(st.integers(9, 40), st.integers(9, 40), st.integers(1, 7)),
    most=st.integers(30, 900),
    ends=st.tuples(*[st.floats(0, 1)] * 4),
)
def test_what_is_enlarged_shows_the_same_cells_in_smaller_blocks(scale, shape, most, ends):
    maps = np.random.default_rng(3).normal(size=shape).astype(np.float32)
    chart = maps_chart(maps, scale=scale, bound=9.0, most=most)
    whole = Mosaic(**chart.figure().data[0].meta["tiles"])
    if whole.block == 1:
        assert chart.enlarged is None
        return
    (left, right), (top, bottom) = sorted(ends[:2]), sorted(ends[2:])
    high, wide = whole.shape
    window = (left * wide - 0.5, top * high - 0.5, right * wide - 0.5, bottom * high - 0.5)
    over = chart.enlarged(window)
    tiles, part, times = (
        Mosaic(**over["meta"]["tiles"]),
        over["meta"]["part"],
        over["meta"]["times"],
    )
    assert tiles.block == 1 and times == whole.block
    true = over["text"] if scale == "channel" else over["z"]
    assert true.shape == (part["rows"], part["columns"])
    last = (
        over["x0"] + over["dx"] * (part["columns"] - 0.5),
        over["y0"] + over["dy"] * (part["rows"] - 0.5),
    )
    assert over["x0"] - over["dx"] / 2 <= window[0] + 1e-6 and window[2] <= last[0] + 1e-6
    assert over["y0"] - over["dy"] / 2 <= window[1] + 1e-6 and window[3] <= last[1] + 1e-6
    for (y, x), value in np.ndenumerate(true):
        place = tiles.locate(part["left"] + x, part["top"] + y)
        if np.isnan(value):
            assert place is None
            continue
        channel, row, column = place
        assert value == maps[row, column, channel]
        block = whole.locate(over["x0"] + x * over["dx"], over["y0"] + y * over["dy"])
        assert block == (channel, row - row % times, column - column % times)


def test_a_large_window_is_enlarged_as_far_as_an_answer_may_go():
    maps = np.random.default_rng(0).normal(size=(600, 600, 8)).astype(np.float32)
    chart = maps_chart(maps)
    whole = Mosaic(**chart.figure().data[0].meta["tiles"])
    assert whole.block == 6
    high, wide = whole.shape
    assert chart.enlarged((-0.5, -0.5, wide - 0.5, high - 0.5)) is None
    half = chart.enlarged((-0.5, -0.5, wide / 2, high / 2))
    finer = Mosaic(**half["meta"]["tiles"])
    assert finer.block == 3 and "largest of 3×3" in half["hovertemplate"]
    y, x = np.argwhere(np.isfinite(half["z"]))[777]
    channel, row, column = finer.locate(x, y)
    inside = maps[row : row + 3, column : column + 3, channel]
    assert half["z"][y, x] == inside.flat[np.abs(inside).argmax()]
    assert chart.enlarged((-0.5, -0.5, wide / 6, high / 6))["meta"]["tiles"]["block"] == 1


def test_units_that_no_screen_could_show_are_a_grid_in_blocks():
    values = np.random.default_rng(2).normal(size=150_007).astype(np.float32)
    chart = cnn.figures.units_chart(values, title="")
    trace = chart.figure().data[0]
    grid = Mosaic(**trace.meta["tiles"])
    assert trace.z.size <= 40_000 and trace.meta["units"] == 150_007
    assert f"among {grid.block}×{grid.block} cells" in chart.caption.seen
    shown = np.isfinite(trace.z)
    assert np.abs(trace.z[shown]).max() == np.abs(values).max()
    y, x = 40, 70
    (unit,) = trace.customdata[y, x]
    assert cnn.figures.unit_at(values, x, y) == unit
    across = grid.units_across
    inside = [values[unit + row * across :][: grid.block] for row in range(grid.block)]
    assert trace.z[y, x] == np.concatenate(inside)[np.abs(np.concatenate(inside)).argmax()]
    last = np.argwhere(shown)[-1]
    assert trace.customdata[tuple(last)][0] < 150_007
    down, right = (place // grid.block for place in divmod(150_006, across))
    over = chart.enlarged((right - 9.5, down - 9.5, right + 9.5, down + 0.5))
    assert over["meta"]["tiles"]["block"] == 1
    known = over["z"][np.isfinite(over["z"])]
    assert known[-1] == values[-1] and known.size > 100


def test_few_units_are_a_grid_of_cells():
    values = np.arange(10, dtype=np.float32)
    chart = cnn.figures.units_chart(values, title="")
    assert chart.enlarged is None and chart.caption.seen == ""
    z = chart.traces[0]["z"]
    np.testing.assert_array_equal(z[np.isfinite(z)], values)


def test_a_map_of_one_channel_is_whole_up_to_three_hundred_pixels():
    chart = cnn.figures.maps_chart(np.ones((300, 300, 1), np.float32), scale="layer")
    assert chart.traces[0]["z"].shape == (300, 300)
    assert chart.caption.seen == ""


@given(st.lists(st.integers(1, 900), min_size=1, max_size=9), st.integers(50, 2000))
def test_what_the_small_ones_leave_is_left_to_the_large_ones(sizes, total):
    most = fair_share(sizes, total)
    assert sum(min(size, most) for size in sizes) <= total
    assert most >= max(sizes) or sum(min(size, most + 1) for size in sizes) > total - len(sizes)


def test_values_of_other_ranks_become_maps():
    assert as_maps(np.zeros((7, 3), np.float32)).shape == (7, 1, 3)
    assert as_maps(np.zeros((2, 4, 5, 3), np.float32)).shape == (8, 5, 3)


@pytest.mark.parametrize("units", [1, 7, 10, 64, 1600])
def test_a_vector_is_laid_out_row_by_row(units):
    values = np.arange(units, dtype=np.float32)
    z = cnn.figures.units(values, title="").data[0].z
    assert z[np.isfinite(z)].tolist() == values.tolist()


@pytest.mark.parametrize("shape", [(28, 28), (144, 1), (600, 20), (3, 40), (1, 1)])
def test_a_figure_has_room_for_its_title_whatever_its_shape(shape):
    """In a box 200 pixels wide, of a window 900 pixels high."""
    width, height = map(pixels, heatmap_size(shape).values())
    assert 140 < width <= 200
    assert height > 60


def pixels(length: str) -> float:
    """What a length of CSS is in such a box."""
    for unit, factor in {"cqw": "* 2", "rem": "* 16", "vh": "* 9", "calc": ""}.items():
        length = length.replace(unit, factor)
    return eval(length, {"min": min, "max": max})


def test_a_cell_of_a_volume_is_named_by_its_slice_and_the_row_in_it():
    volume = np.arange(2 * 3 * 4 * 2, dtype=np.float32).reshape(2, 3, 4, 2)
    maps = cnn.figures.as_maps(volume)
    rows = cnn.figures.slice_rows_of(volume)
    trace = cnn.figures.feature_maps(maps, slice_rows=rows).data[0]
    assert "slice %{customdata[3]}, row %{customdata[1]}, column" in trace.hovertemplate
    for value, place in zip(trace.z.ravel(), trace.customdata.reshape(-1, 4), strict=True):
        if not np.isnan(value):
            channel, row, column, depth = place
            assert value == volume[depth, row, column, channel]
    assert cnn.figures.slice_rows_of(volume[0]) is None


def test_maps_of_one_cell_each_lie_side_by_side():
    maps = np.random.default_rng(0).random((7, 7, 2048), np.float32)
    mosaic = Mosaic.of(maps.shape, most=1)
    assert mosaic.block == 7 and np.prod(mosaic.shape) == 2048
    np.testing.assert_array_equal(mosaic.tile(maps).ravel(), maps.max((0, 1)))
    assert mosaic.locate(3, 1) == (mosaic.columns + 3, 0, 0)
    finer = mosaic.finer(maps.shape, 1)
    assert finer.locate(3 * 7 + 2, 7 + 4) == (mosaic.columns + 3, 4, 2)
    apart = Mosaic.of((1, 1, 16))
    assert (apart.high, apart.wide) == (2, 2)
