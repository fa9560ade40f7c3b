import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cnn
from cnn.figures.matrices import blocks, matrix_chart
from cnn.figures.mosaic import MOST_NUMBERS


def drawn(shape, **more):
    values = np.random.default_rng(1).normal(size=shape).astype(np.float32)
    return values, matrix_chart(values, title="", rows="unit", columns="input", **more)


@given(st.integers(1, 30_000), st.integers(1, 30_000), st.integers(1, 100_000))
def test_blocks_make_at_most_so_many_of_a_matrix_and_leave_a_short_side_whole(rows, columns, most):
    down, across = blocks((rows, columns), most)
    assert -(-rows // down) * -(-columns // across) <= most
    if rows**2 <= most:
        assert down == 1
    if rows * columns <= most:
        assert (down, across) == (1, 1)


def test_a_matrix_that_a_screen_can_show_is_whole():
    values, chart = drawn((300, 300))
    np.testing.assert_array_equal(chart.traces[0]["z"], values)
    assert chart.enlarged is None and chart.caption.seen == ""


@pytest.mark.parametrize("shape", [(10, 25_088), (1200, 700), (40_000, 3)])
def test_a_larger_one_shows_the_number_of_each_block_that_is_farthest_from_zero(shape):
    values, chart = drawn(shape)
    trace = chart.figure().data[0]
    assert trace.z.size <= MOST_NUMBERS
    down, across = trace.dy, trace.dx
    assert f"among {down}×{across} cells" in chart.caption.seen
    y, x = trace.z.shape[0] // 2, trace.z.shape[1] - 1
    top, left = trace.y0 + y * down - (down - 1) / 2, trace.x0 + x * across - (across - 1) / 2
    inside = values[int(top) : int(top) + down, int(left) : int(left) + across]
    assert trace.z[y, x] == inside.flat[np.abs(inside).argmax()]
    assert trace.meta["whole"] == {"rows": shape[0], "columns": shape[1]}


@settings(deadline=None)
@given(ends=st.tuples(*[st.floats(-50, 1300)] * 4))
def test_what_is_enlarged_of_a_matrix_has_its_place_and_its_numbers(ends):
    values, chart = drawn((1200, 700))
    (left, right), (top, bottom) = sorted(ends[:2]), sorted(ends[2:])
    over = chart.enlarged((left, top, right, bottom))
    if over is None:
        assert (right - left) * (bottom - top) > MOST_NUMBERS
        return
    assert over["z"].size <= MOST_NUMBERS
    if (over["dy"], over["dx"]) == (1, 1):
        rows, columns = over["z"].shape
        y, x = int(over["y0"]), int(over["x0"])
        np.testing.assert_array_equal(over["z"], values[y : y + rows, x : x + columns])
        assert y - 0.5 <= max(0, top) and x - 0.5 <= max(0, left)


def test_the_largest_window_is_no_finer():
    _, chart = drawn((4000, 4000))
    assert chart.enlarged((-0.5, -0.5, 3999.5, 3999.5)) is None
    assert chart.enlarged((0, 0, 1999.5, 1999.5))["dx"] < chart.figure().data[0].dx


def test_weights_of_several_axes_that_are_no_kernel_are_said_by_their_largest():
    values = np.zeros((1, 3, 4), np.float32)
    values[0, 2, 1] = -2.5
    caption = cnn.captions.weight_matrix("embeddings", values)
    assert caption.seen.startswith("embeddings, 1×3×4: ")
    assert caption.notice == "The number largest in size is −2.5, at [0, 2, 1]."
