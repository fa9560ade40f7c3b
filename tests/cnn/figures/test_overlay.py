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
