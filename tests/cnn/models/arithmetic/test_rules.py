"""The arithmetic of each family of layers, against numbers worked out by hand."""

from math import log

import keras
import numpy as np
import pytest
from keras import layers

from cnn.models.arithmetic.cell import Cell
from cnn.models.graph import calls
from cnn.models.kinds import kind_of


def derived(layer, values, place, weights=()):
    """How the number at the place is computed of the values, by the rule of the layer's kind."""
    values = np.asarray(values, np.float32)
    source = keras.Input(values.shape)
    model = keras.Model(source, layer(source))
    layer.set_weights([np.asarray(one, np.float32) for one in weights])
    shape = model(values[None]).shape[1:]
    rule = kind_of(type(layer).__name__).arithmetic
    return rule(Cell(calls(model)[-1], (values,), place, tuple(shape)))


def maps(*rows):
    """One map as (height, width, 1)."""
    return np.array(rows, np.float32)[..., None]


COUNTED = np.arange(25, dtype=np.float32).reshape(5, 5, 1)


def test_a_convolution_is_the_patch_times_the_kernel_and_the_bias():
    layer = layers.Conv2D(1, 2, activation="relu")
    kernel = [[[[1]], [[0]]], [[[0]], [[-1]]]]
    made = derived(layer, maps([1, 2, 3], [4, 5, 6], [7, 8, 9]), (0, 1, 0), [kernel, [0.5]])
    assert made.form.values[..., 0].tolist() == [[2, 3], [5, 6]]
    assert made.form.products[..., 0].tolist() == [[2, 0], [0, -6]]
    assert made.form.subtotals.tolist() == [-4]
    assert (made.form.bias, made.form.value) == (0.5, -3.5)
    assert (made.activation.name, made.activation.value) == ("relu", 0)
    assert made.reads[0].tolist() == [[0, 1, 0], [0, 2, 0], [1, 1, 0], [1, 2, 0]]


def test_a_group_reads_its_own_channels_and_strides_pass_over_cells():
    first = np.arange(16, dtype=np.float32).reshape(4, 4)
    values = np.stack([first, first + 100], axis=-1)
    kernel = np.ones((2, 2, 1, 2)) * [1, 2]
    layer = layers.Conv2D(2, 2, strides=2, groups=2, use_bias=False)
    made = derived(layer, values, (1, 1, 1), [kernel])
    assert made.form.channels.tolist() == [1]
    assert made.form.values[..., 0].tolist() == [[110, 111], [114, 115]]
    assert made.form.value == 2 * (110 + 111 + 114 + 115)


def test_a_dilated_kernel_reads_cells_that_lie_apart():
    layer = layers.Conv2D(1, 2, dilation_rate=2, use_bias=False)
    made = derived(layer, COUNTED, (1, 2, 0), [np.ones((2, 2, 1, 1))])
    assert made.form.values[..., 0].tolist() == [[7, 9], [17, 19]]
    assert made.form.value == 52


def test_outside_the_map_a_window_reads_zeros():
    layer = layers.Conv2D(1, 3, padding="same", use_bias=False)
    made = derived(layer, COUNTED, (0, 0, 0), [np.ones((3, 3, 1, 1))])
    assert made.form.inside.tolist() == [[False] * 3, [False, True, True], [False, True, True]]
    assert made.form.value == 0 + 1 + 5 + 6
    assert len(made.reads[0]) == 4


def test_a_causal_window_ends_at_its_cell():
    layer = layers.Conv1D(1, 2, padding="causal", use_bias=False)
    made = derived(layer, [[1], [2], [3]], (0, 0), [[[[1]], [[10]]]])
    assert made.form.inside.tolist() == [False, True]
    assert made.form.value == 10


def test_a_depthwise_convolution_reads_one_channel():
    layer = layers.DepthwiseConv2D(1, depth_multiplier=2, use_bias=False)
    made = derived(layer, [[[3, 5]]], (0, 0, 3), [[[[[1, 2], [3, 4]]]]])
    assert made.form.channels.tolist() == [1]
    assert made.form.value == 5 * 4


def test_a_separable_convolution_mixes_sums_that_are_shown_too():
    layer = layers.SeparableConv2D(1, 1)
    made = derived(layer, [[[3, 5]]], (0, 0, 0), [[[[[2], [4]]]], [[[[10], [100]]]], [1]])
    assert [part.value for part in made.form.parts] == [6, 20]
    assert made.form.subtotals.tolist() == [60, 2000]
    assert made.form.value == 2061


def test_a_transposed_convolution_adds_what_cells_spread():
    layer = layers.Conv1DTranspose(1, 3, strides=2, use_bias=False)
    made = derived(layer, [[1], [2]], (2, 0), [[[[10]], [[20]], [[30]]]])
    assert made.form.values[:, 0].tolist() == [2, 0, 1]
    assert made.form.inside.tolist() == [True, False, True]
    assert made.form.value == 2 * 10 + 1 * 30


def test_a_unit_is_a_sum_over_the_last_axis():
    layer = layers.Dense(2)
    made = derived(layer, [[1, 2], [3, 4]], (1, 1), [[[1, 10], [1, 100]], [0, 7]])
    assert made.form.value == 3 * 10 + 4 * 100 + 7
    assert made.reads[0].tolist() == [[1, 0], [1, 1]]


def test_a_unit_with_softmax_has_the_sums_of_its_neighbours():
    layer = layers.Dense(3, "softmax", use_bias=False)
    made = derived(layer, [1], (2,), [[[log(1), log(2), log(5)]]])
    assert made.form.value == pytest.approx(log(5))
    assert made.activation.shares == pytest.approx([1 / 8, 2 / 8, 5 / 8])
    assert made.activation.value == pytest.approx(5 / 8)


@pytest.mark.parametrize(
    ("place", "mean", "weights"),
    [
        ((0, 0, 0), 3, [[0.25, 0.25], [0.25, 0.25]]),
        ((0, 1, 0), 4.5, [[0.5, 0], [0.5, 0]]),
        ((1, 1, 0), 9, [[1, 0], [0, 0]]),
    ],
)
def test_an_average_counts_cells_of_the_map_only(place, mean, weights):
    layer = layers.AveragePooling2D(2, padding="same")
    made = derived(layer, maps([1, 2, 3], [4, 5, 6], [7, 8, 9]), place)
    assert made.form.weights[..., 0].tolist() == weights
    assert made.form.value == mean


def test_the_largest_of_a_window_may_be_tied():
    layer = layers.MaxPooling2D(2)
    made = derived(layer, maps([3, 1], [3, 2]), (0, 0, 0))
    assert made.form.value == 3
    assert made.form.winners.tolist() == [[0, 0], [1, 0]]
    assert made.form.is_tied


def test_padding_never_wins():
    layer = layers.MaxPooling2D(2, padding="same")
    made = derived(layer, maps([-3, -1, -2]), (0, 1, 0))
    assert made.form.value == -2
    assert made.form.winners.tolist() == [[0, 0]]


def test_an_adaptive_pool_shares_cells_between_windows():
    made = derived(layers.AdaptiveAveragePooling1D(2), [[1], [2], [6]], (1, 0))
    assert made.form.value == 4
    assert made.reads[0].tolist() == [[1, 0], [2, 0]]


def test_batch_normalisation_is_a_scale_and_a_shift():
    layer = layers.BatchNormalization(epsilon=0)
    made = derived(layer, [7], (0,), [[3], [5], [1], [4]])
    assert (made.form.scale, made.form.shift) == (1.5, 3.5)
    assert made.form.value == (7 - 1) / 2 * 3 + 5


def test_other_normalisations_show_what_their_statistics_are_of():
    values = [[[1, 3]], [[5, 7]]]
    rows = derived(layers.LayerNormalization(epsilon=0), values, (1, 0, 0), [[2, 2], [1, 1]])
    assert rows.form.over.tolist() == [5, 7]
    assert (rows.form.mean, rows.form.deviation, rows.form.value) == (6, 1, -1)
    groups = derived(layers.GroupNormalization(2, epsilon=0), values, (1, 0, 1), [[1, 1], [0, 0]])
    assert groups.form.over.tolist() == [3, 7]
    assert (groups.form.mean, groups.form.deviation, groups.form.value) == (5, 2, 1)
    unit = derived(layers.UnitNormalization(), [3, 4], (0,))
    assert unit.form.value == pytest.approx(3 / 5)


def test_a_softmax_is_along_its_axis():
    made = derived(layers.Softmax(axis=1), [[log(1), 0], [log(3), 0]], (1, 0))
    assert made.form.shares == pytest.approx([1 / 4, 3 / 4])
    assert made.reads[0].tolist() == [[0, 0], [1, 0]]


def test_a_gate_lets_a_part_of_a_number_through():
    made = derived(layers.Activation("glu"), [3, 5, 0, 9], (0,))
    assert made.form.factors.tolist() == [3, 0.5]
    assert made.form.parts[0].name == "sigmoid"
    assert made.form.value == 1.5
    assert made.reads[0].tolist() == [[0], [2]]


@pytest.mark.parametrize(
    ("layer", "place", "source"),
    [
        (layers.Flatten(), (7,), (1, 1, 1)),
        (layers.Permute((3, 1, 2)), (1, 0, 1), (0, 1, 1)),
        (layers.Cropping2D(((1, 0), (0, 0))), (0, 1, 0), (1, 1, 0)),
        (layers.ZeroPadding2D(1), (2, 1, 0), (1, 0, 0)),
        (layers.UpSampling2D(2), (3, 0, 1), (1, 0, 1)),
        (layers.Dropout(0.5), (1, 0, 1), (1, 0, 1)),
    ],
)
def test_a_number_that_is_moved_has_a_cell_it_comes_from(layer, place, source):
    values = np.array([[[9, 8], [7, 6]], [[5, 4], [3, 2]]], np.float32)
    made = derived(layer, values, place)
    assert made.reads[0].tolist() == [list(source)]
    assert made.form.value == values[source]
    assert not made.form.is_constant


def test_a_frame_comes_from_nowhere():
    made = derived(layers.ZeroPadding2D(1), maps([5]), (0, 0, 0))
    assert made.form.is_constant
    assert made.form.value == 0
    assert made.reads[0].shape == (0, 3)


def test_interpolation_is_a_weighted_sum():
    made = derived(layers.UpSampling2D(2, interpolation="bilinear"), maps([0, 4]), (0, 1, 0))
    assert made.form.weights == pytest.approx([0.75, 0.25])
    assert made.form.values.tolist() == [0, 4]
    assert made.form.value == pytest.approx(1)
