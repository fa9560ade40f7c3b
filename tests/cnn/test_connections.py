"""What feeds a channel and what it feeds, against values computed by hand."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.connections import connections, one_to_one


def only(model, layer):
    (connection,) = connections(model, layer)
    return connection


def built(picture, outputs):
    return keras.Model(picture, outputs)


def test_a_convolution_is_as_strong_as_the_norm_over_its_window(classifier):
    connection = only(classifier, "conv2d_1")
    kernel = cnn.kernels(classifier, "conv2d_1")
    assert (connection.source, connection.kind) == ("max_pooling2d", "norm")
    assert connection.matrix.shape == (32, 64)
    by_hand = np.sqrt(sum(kernel[y, x, 3, 5] ** 2 for y in range(3) for x in range(3)))
    np.testing.assert_allclose(connection.between([3], [5]), [[by_hand]], rtol=1e-6)


def test_a_dense_connection_is_the_weight_with_its_sign(classifier):
    connection = only(classifier, "dense")
    kernel = cnn.kernels(classifier, "dense")
    assert (connection.source, connection.kind) == ("flatten", "weight")
    np.testing.assert_array_equal(
        connection.between([0, 25, 1575], [1, 2]), kernel[np.ix_([0, 25, 1575], [1, 2])]
    )
    assert connection.between(range(1600), range(64)).min() < 0


def test_the_strongest_come_first_whatever_their_sign(classifier):
    kernel = cnn.kernels(classifier, "dense_1")
    inputs, strengths = only(classifier, "dense_1").feeding(7)
    assert inputs[0] == np.abs(kernel[:, 7]).argmax()
    assert (np.diff(np.abs(strengths)) <= 0).all()
    np.testing.assert_array_equal(strengths, kernel[inputs, 7])
    outputs, strengths = only(classifier, "dense_1").fed_by(4)
    np.testing.assert_array_equal(strengths, kernel[4, outputs])


def test_pooling_hands_each_channel_on(classifier):
    connection = only(classifier, "max_pooling2d")
    assert connection.kind == "channel"
    found = connection.between([4, 5, 6], [5, 9])
    np.testing.assert_array_equal(np.isnan(found), [[True, True], [False, True], [True, True]])
    assert connection.feeding(5)[0].tolist() == [5]


def test_a_flattened_unit_reads_the_channel_that_it_comes_from(classifier):
    connection = only(classifier, "flatten")
    assert connection.feeding(0)[0].tolist() == [0]
    assert connection.feeding(65)[0].tolist() == [1]
    assert connection.fed_by(63)[0].tolist() == list(range(63, 1600, 64))
    values = np.arange(5 * 5 * 64).reshape(5, 5, 64)
    assert (values[..., 63].ravel() == connection.fed_by(63)[0]).all()


def test_one_to_one_hands_each_channel_on():
    found = one_to_one("sums", 3)
    assert (found.source, found.kind) == ("sums", "channel")
    np.testing.assert_array_equal(
        np.nan_to_num(found.between(range(3), range(3)), nan=0), np.eye(3)
    )


def test_the_input_is_fed_by_nothing(classifier):
    assert connections(classifier, "input") == ()


def test_a_layer_that_does_not_exist_is_named(classifier):
    with pytest.raises(cnn.LayerError, match="conv99"):
        connections(classifier, "conv99")


def test_branches_join_side_by_side(second_model):
    left, right = connections(second_model, "join")
    assert (left.source, right.source) == ("left", "right")
    assert left.feeding(3)[0].tolist() == [3]
    assert left.feeding(8)[0].tolist() == []
    assert right.feeding(8)[0].tolist() == [0]
    assert right.fed_by(7)[0].tolist() == [15]


def test_a_depthwise_kernel_reads_its_own_channel(second_model):
    connection = only(second_model, "block/depthwise")
    kernel = cnn.weights(second_model, "block/depthwise")["kernel"]
    assert (connection.source, connection.kind) == ("block/conv", "norm")
    inputs, strengths = connection.feeding(2)
    assert inputs.tolist() == [2]
    np.testing.assert_allclose(strengths[0], np.linalg.norm(kernel[:, :, 2, 0]), rtol=1e-6)


def test_every_layer_of_a_branched_and_nested_model_is_understood(second_model):
    infos = [info for info in cnn.layer_infos(second_model) if not info.nested]
    found = {info.name: connections(second_model, info.name) for info in infos}
    assert all(one.kind != "unknown" for several in found.values() for one in several)
    sources = {name: [one.source for one in several] for name, several in found.items()}
    assert sources["shared"] == ["block/depthwise"]
    assert sources["shared:2"] == ["shared"]
    assert sources["classes"] == ["tail/gap"]
    assert found["norm"][0].kind == "channel"


def test_sums_hand_on_each_input_and_spread_a_single_channel():
    picture = keras.Input((6, 6, 3), name="picture")
    mask = layers.Conv2D(1, 1, name="mask")(picture)
    added = layers.Add(name="add")([picture, layers.Conv2D(3, 1, name="other")(picture)])
    scaled = layers.Multiply(name="scaled")([added, mask])
    model = built(picture, layers.GlobalAveragePooling2D(name="means")(scaled))
    assert [one.feeding(2)[0].tolist() for one in connections(model, "add")] == [[2], [2]]
    assert [one.feeding(2)[0].tolist() for one in connections(model, "scaled")] == [[2], [0]]


def test_groups_do_not_feed_each_other():
    picture = keras.Input((6, 6, 4), name="picture")
    x = layers.Conv2D(6, 3, groups=2, name="grouped")(picture)
    model = built(picture, layers.GlobalAveragePooling2D(name="means")(x))
    kernel = cnn.kernels(model, "grouped")
    found = only(model, "grouped").between(range(4), range(6))
    assert (found[:2, 3:] == 0).all() and (found[2:, :3] == 0).all()
    by_hand = np.linalg.norm(kernel[:, :, 1, 4])
    np.testing.assert_allclose(found[3, 4], by_hand, rtol=1e-6)


def test_a_separable_convolution_is_one_kernel():
    picture = keras.Input((6, 6, 2), name="picture")
    x = layers.SeparableConv2D(3, 3, depth_multiplier=2, name="both")(picture)
    model = built(picture, layers.GlobalAveragePooling2D(name="means")(x))
    found = cnn.weights(model, "both")
    each, mixed = found["depthwise_kernel"], found["pointwise_kernel"]
    whole = sum(each[:, :, 1, m] * mixed[0, 0, 2 + m, 2] for m in range(2))
    strength = only(model, "both").between([1], [2])[0, 0]
    np.testing.assert_allclose(strength, np.linalg.norm(whole), rtol=1e-5)


def test_a_transposed_convolution_keeps_inputs_and_outputs_apart():
    picture = keras.Input((6, 6, 2), name="picture")
    x = layers.Conv2DTranspose(5, 3, name="up")(picture)
    model = built(picture, layers.GlobalAveragePooling2D(name="means")(x))
    raw = cnn.weights(model, "up")["kernel"]
    strength = only(model, "up").between([1], [4])[0, 0]
    np.testing.assert_allclose(strength, np.linalg.norm(raw[:, :, 4, 1]), rtol=1e-6)


def test_what_mixes_in_other_ways_is_not_known():
    picture = keras.Input((6, 6, 4), name="picture")
    rows = layers.Reshape((36, 4), name="rows")(picture)
    mixed = layers.MultiHeadAttention(2, 2, name="attention")(rows, rows)
    model = built(picture, layers.GlobalAveragePooling1D(name="means")(mixed))
    assert only(model, "rows").feeding(3)[0].tolist() == [3]
    assert {one.kind for one in connections(model, "attention")} == {"unknown"}
    assert np.isnan(connections(model, "attention")[0].between([0], [0])).all()
