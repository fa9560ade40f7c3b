import numpy as np
import pytest

import cnn
from cnn.captions import (
    channel,
    course,
    grid,
    kernel_tiles,
    layer_output,
    percent,
    probabilities,
    single_kernel,
    spread,
)


@pytest.fixture
def convolution(classifier):
    return cnn.layer_info(classifier, "conv2d")


def test_silent_channels_are_named_and_only_then(convolution):
    maps = np.random.default_rng(0).random((26, 26, 32)).astype(np.float32)
    assert "none is silent" in layer_output(convolution, maps).notice
    maps[..., [3, 9]] = 0
    notice = layer_output(convolution, maps).notice
    assert "channels 3, 9 are silent for this picture" in notice


def test_after_relu_is_withheld_where_a_value_is_negative(convolution):
    maps = np.ones((26, 26, 32), np.float32)
    assert "after ReLU: nothing is below zero" in layer_output(convolution, maps).seen
    maps[0, 0, 0] = -1
    assert "nothing is below zero" not in layer_output(convolution, maps).seen


def test_the_strongest_cell_is_where_the_picture_has_it(convolution):
    maps = np.zeros((26, 26, 32), np.float32)
    maps[4, 11, 7] = 2.5
    assert "Channel 7 answers most strongly (2.5 at row 4, column 11)" in (
        layer_output(convolution, maps).notice
    )
    maps[20, 2, 8] = 3.5
    assert "Channel 8" in layer_output(convolution, maps).notice


def test_a_constant_output_says_so(convolution):
    assert layer_output(convolution, np.zeros((26, 26, 32), np.float32)).notice == (
        "Every cell is 0: the picture leaves no trace here."
    )


def test_another_picture_gets_another_sentence(classifier):
    data = cnn.load_dataset("digits")
    told = []
    for label in (1, 8):
        values = cnn.activations(classifier, data.sample(label, seed=0).pixels)
        told.append(layer_output(cnn.layer_info(classifier, "dense"), values["dense"]).notice)
    assert told[0] != told[1]


def test_cross_correlation_is_only_said_of_convolutions(classifier, seven):
    for name, values in cnn.activations(classifier, seven).items():
        info = cnn.layer_info(classifier, name)
        said = "cross-correlation" in layer_output(info, values).seen
        assert said == (info.kind == "Conv2D")


def test_probabilities_name_the_winner_and_the_runner_up(classifier, seven):
    prediction = cnn.predict(classifier, seven)
    told = probabilities(cnn.layer_info(classifier, "dense_1"), prediction)
    assert "add up to 1 (softmax)" in told.seen
    (first, _), (second, _) = prediction.top(2)
    assert told.notice.startswith(f"Class {first} gets")
    assert f"runner-up {second}" in told.notice


def test_equal_kernels_get_no_notice():
    tiles = np.ones((3, 3, 4), np.float32)
    assert kernel_tiles(tiles, norms=False).notice == ""
    tiles[..., 2] *= 3
    assert "Kernel 2 has the largest weights" in kernel_tiles(tiles, norms=False).notice


def test_overfitting_is_said_only_where_the_curves_show_it():
    assert "overfitting" in course([1.0, 0.5, 0.2], [0.9, 0.6, 0.9]).notice
    assert "overfitting" not in course([1.0, 0.5, 0.2], [0.9, 0.6, 0.5]).notice
    assert course([], []).notice == ""


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0%"), (1e-9, "<0.1%"), (0.5, "50.0%"), (0.99999, ">99.9%"), (1, "100.0%")],
)
def test_nothing_is_rounded_to_certainty(share, text):
    assert percent(share) == text


def test_every_layer_of_any_model_gets_both_sentences(second_model):
    picture = np.random.default_rng(0).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    for name, values in cnn.activations(second_model, picture).items():
        told = layer_output(cnn.layer_info(second_model, name), values)
        assert told.seen.endswith(".")
        assert told.notice.endswith(".")


def test_a_channel_is_described_by_its_own_map():
    values = np.zeros((4, 5), np.float32)
    assert "silent for this picture" in channel(3, values).notice
    values[2, 4] = -1.5
    told = channel(3, values).notice
    assert "row 2, column 4 (-1.5)" in told
    assert "95.0% of it is zero" in told
    assert "zero" not in channel(3, values + 1).notice


def test_a_grid_counts_what_is_above_the_mean():
    assert "1 of 4 are above their mean of 1" in grid(np.array([0, 0, 0, 4], np.float32)).notice
    assert "All of them are 2" in grid(np.full(3, 2, np.float32)).notice


def test_a_kernel_names_its_largest_weight_and_its_sum_where_signs_mix():
    weights = np.array([[0.5, -2.0], [0.25, 0.25]], np.float32)
    told = single_kernel(1, weights, norms=False).notice
    assert "-2, at row 0, column 1; all together they add up to -1" in told
    assert "add up" not in single_kernel(1, np.abs(weights), norms=True).notice


def test_the_spread_tells_mean_and_deviation():
    told = spread(np.array([-1, -1, 1, 1], np.float32))
    assert "4 weights" in told.seen
    assert "mean is 0, their standard deviation 1; 100.0%" in told.notice
