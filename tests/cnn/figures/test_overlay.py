from itertools import combinations

import numpy as np

import cnn
from cnn.figures import style


def test_each_class_has_a_band_of_colours_from_dark_to_bright():
    winners = np.array([[0, 1], [1, 1]])
    brightness = np.array([[0, 1], [0.5, 0]], np.float32)
    trace = cnn.figures.overlay_chart(winners, brightness, ("a", "b"), title="x").traces[0]
    np.testing.assert_array_equal(np.floor(trace["z"]), winners)
    assert trace["z"][0, 1] > trace["z"][1, 0] > trace["z"][1, 1]
    stops = trace["colorscale"]
    assert [position for position, _ in stops] == [0, 0.5, 0.5, 1]
    dark, light = (sum(style.rgb(colour)) for _, colour in stops[:2])
    assert dark < light


def test_the_numbers_of_the_colour_bar_are_left_out_but_keep_their_type():
    """plotly.js fails to draw a titled colour bar whose labels are switched off."""
    one = np.zeros((1, 1))
    drawn = cnn.figures.overlay_chart(one.astype(int), one, ("a", "b"), title="x").figure()
    bar = drawn.data[0].colorbar
    assert (bar.showticklabels, bar.tickmode, bar.tickvals) == (None, "array", ())


def test_of_many_classes_those_with_most_cells_have_a_colour_and_the_others_are_grey():
    winners = np.array([[*range(9), 8, 8, 3]])
    names = [f"class {i}" for i in range(12)]
    dark = np.zeros((1, 12), np.float32)
    trace = cnn.figures.overlay_chart(winners, dark, names, title="x").traces[0]
    label = trace["colorbar.title.text"]
    assert label.endswith("class 8, others")
    assert "class 6" not in label
    assert np.floor(trace["z"][0, 6]) == np.floor(trace["z"][0, 7]) == 7
    assert trace["text"][0, 7] == 7
    assert trace["zmax"] == 8


def lab(rgb):
    """Return colours (n, 3), from 0 to 255, in CIELAB, where a distance is how unlike they look."""
    shares = rgb / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.transpose(to_xyz) / [0.9505, 1, 1.089]
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116).T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def test_no_shade_of_a_class_looks_like_one_of_another():
    one = np.zeros((1, 1))
    names = [f"class {i}" for i in range(8)]
    chart = cnn.figures.overlay_chart(one.astype(int), one, names, title="x")
    ends = [
        np.array([int(part) for part in colour[4:-1].split(",")])
        for _, colour in chart.traces[0]["colorscale"]
    ]
    bands = [lab(np.linspace(*ends[i : i + 2], 21)) for i in range(0, len(ends), 2)]
    assert len(bands) == 8
    for count, apart in ((6, 30), (8, 15)):
        for first, second in combinations(bands[:count], 2):
            assert np.linalg.norm(first[:, None] - second, axis=-1).min() > apart
