"""Maps of attribution over the picture that they are of."""

import numpy as np
import pytest

from cnn.colours import colour_range, difference_range
from cnn.figures.attribution import attribution_chart


@pytest.mark.parametrize(
    ("shape", "cells"),
    [((28, 28), (28, 28)), ((300, 300), (300, 300)), ((400, 500), (400 / 2, 500 / 2)),
     ((301, 801), (301 / 2, 801 / 2))],
)  # fmt: skip
def test_the_picture_is_as_large_as_the_map_over_it_whatever_its_blocks(shape, cells):
    plane = np.random.default_rng(0).random(shape, np.float32)
    picture = np.zeros((*shape, 3), np.uint8)
    chart = attribution_chart(
        plane, title="Saliency", limits=colour_range(plane), label="share", beneath=picture
    )
    (image,) = chart.layout["images"]
    assert (image["sizey"], image["sizex"]) == cells
    rows, columns = chart.traces[0]["z"].shape
    assert (rows, columns) == (np.ceil(image["sizey"]), np.ceil(image["sizex"]))


@pytest.mark.parametrize("beneath", [None, np.full((6, 7, 1), 90, np.uint8)], ids=["apart", "over"])
@pytest.mark.parametrize("range_of", [colour_range, difference_range])
def test_a_map_of_zeros_is_drawn_without_a_division_by_its_range(range_of, beneath):
    plane = np.zeros((6, 7), np.float32)
    chart = attribution_chart(
        plane, title="Grad-CAM", limits=range_of(plane), label="attribution", beneath=beneath
    )
    (trace,) = chart.figure().data
    np.testing.assert_array_equal(trace.z, plane)
    assert np.isfinite([trace.zmin, trace.zmax]).all()
    assert trace.zmin < trace.zmax
    assert "NaN" not in chart.figure().to_json()
