"""The arithmetic of one number as figures."""

import numpy as np
import pytest

import cnn
from cnn.figures import (
    curve_chart,
    effective_chart,
    marked_chart,
    needs_room,
    terms_chart,
    window_chart,
)


def frame_of(chart):
    """The edges of the frame, left, right, top and bottom."""
    light, dark = chart.figure().layout.shapes
    assert (light.x0, light.x1, light.y0, light.y1) == (dark.x0, dark.x1, dark.y0, dark.y1)
    return light.x0, light.x1, light.y0, light.y1


def test_the_frame_is_around_the_cells_of_the_channel():
    maps = np.arange(5 * 6 * 3, dtype=np.float32).reshape(5, 6, 3)
    marked = np.array([[1, 2, 1], [3, 4, 1], [0, 0, 2]])
    chart = marked_chart(maps, marked, title="maps", channel=1)
    assert frame_of(chart) == (1.5, 4.5, 0.5, 3.5)
    np.testing.assert_array_equal(chart.traces[0]["z"], maps[..., 1])


def test_the_frame_of_a_unit_is_around_its_place_in_the_grid():
    values = np.arange(64, dtype=np.float32)
    chart = marked_chart(values, np.array([[39]]), title="units", channel=39)
    left, right, top, bottom = frame_of(chart)
    z = chart.traces[0]["z"]
    assert z[int(top + 0.5), int(left + 0.5)] == 39
    assert (right - left, bottom - top) == (1, 1)
    assert cnn.figures.unit_at(values, left + 0.5, top + 0.5) == 39


@pytest.mark.parametrize(
    ("shape", "place", "edges"),
    [((7, 3), (4, 1), (-0.5, 0.5, 3.5, 4.5)), ((2, 3, 4, 2), (1, 2, 3, 0), (2.5, 3.5, 4.5, 5.5))],
)
def test_rows_and_volumes_are_framed_where_they_are_drawn(shape, place, edges):
    values = np.arange(np.prod(shape), dtype=np.float32).reshape(shape)
    chart = marked_chart(values, np.array([place]), title="values", channel=place[-1])
    assert frame_of(chart) == edges
    left, _, top, _ = edges
    assert chart.traces[0]["z"][int(top + 0.5), int(left + 0.5)] == values[place]


def test_nothing_read_has_no_frame():
    chart = marked_chart(np.ones((3, 3, 1), np.float32), np.empty((0, 3), int), title="", channel=0)
    assert not chart.figure().layout.shapes


def test_the_frame_of_an_effective_field_is_around_the_theoretical_one():
    gradient, field = np.random.default_rng(1).random((7, 9), np.float32), np.zeros((7, 9), bool)
    field[2:5, 3:8] = True
    chart = effective_chart(gradient, field, title="gradient")
    assert frame_of(chart) == (2.5, 7.5, 1.5, 4.5)
    np.testing.assert_array_equal(chart.traces[0]["z"], gradient)


def test_a_window_has_its_numbers_in_it_and_nothing_outside_the_map():
    values, inside = np.arange(9.0).reshape(3, 3), np.ones((3, 3), bool)
    inside[0] = False
    figure = window_chart(values, inside, title="patch", marked=np.array([[2, 1]])).figure()
    (trace,) = figure.data
    assert trace.texttemplate
    assert np.isnan(trace.z[0]).all()
    np.testing.assert_array_equal(trace.z[1:], values[1:])
    assert figure.layout.shapes[0].y0 == 1.5


def test_a_large_window_is_not_written_full():
    (trace,) = window_chart(np.ones((12, 12)), np.ones((12, 12), bool), title="").figure().data
    assert not trace.texttemplate


@pytest.mark.parametrize(
    ("window", "wide", "written"),
    [
        ((3, 3), False, True),
        ((7, 1), False, True),
        ((1, 7), True, True),
        ((4, 4), True, True),
        ((9, 9), True, True),
        ((11, 11), True, True),
        ((12, 12), False, False),
    ],
)
def test_numbers_that_stand_side_by_side_need_room_while_they_are_written(window, wide, written):
    chart = window_chart(np.ones(window), np.ones(window, bool), title="")
    assert bool(chart.figure().data[0].texttemplate) == written
    assert needs_room(window) == wide


def test_bars_are_the_strongest_first_and_add_up():
    amounts = np.array([0.5, -2.0, 1.0])
    chart = terms_chart(amounts, [7, 8, 9], bias=0.25, title="sum", each="channel", chosen=9)
    (trace,) = chart.figure().data
    assert list(trace.x) == ["8", "9", "7", "bias"]
    np.testing.assert_allclose(trace.y, [-2, 1, 0.5, 0.25])
    assert trace.marker.color[1] != trace.marker.color[0]


def test_what_many_weak_terms_add_is_one_bar():
    amounts = np.linspace(1, 2, 100)
    (trace,) = terms_chart(amounts, range(100), bias=None, title="", each="input").figure().data
    assert len(trace.x) == 41
    assert trace.x[-1] == "others"
    assert trace.y.sum() == pytest.approx(amounts.sum(), rel=1e-6)


def test_the_curve_is_that_of_the_activation_and_the_point_stands_on_it(classifier, seven):
    unit = cnn.explain_unit(classifier, seven, layer="conv2d", row=4, column=5, channel=3)
    curve, point = curve_chart(unit.activation, title="relu").figure().data
    np.testing.assert_allclose(curve.y, np.maximum(curve.x, 0))
    np.testing.assert_allclose((point.x[0], point.y[0]), (unit.sum, unit.recomputed), rtol=1e-6)
    assert curve.x[0] <= point.x[0] <= curve.x[-1]
