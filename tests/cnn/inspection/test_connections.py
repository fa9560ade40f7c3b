"""What feeds a channel and what it feeds, against values computed by hand."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.inspection.connections import connections, same_channel, sides
from cnn.inspection.contributions import strengths, strengths_of


def only(model, layer):
    (connection,) = connections(model, layer)
    return connection


def built(picture, outputs):
    return keras.Model(picture, outputs)


def test_a_convolution_is_as_strong_as_the_norm_over_its_window(classifier):
    connection = only(classifier, "conv2d_1")
    kernel = cnn.kernels(classifier, "conv2d_1")
    assert (connection.source, connection.kind) == ("max_pooling2d", "sum")
    by_hand = np.sqrt(sum(kernel[y, x, 3, 5] ** 2 for y in range(3) for x in range(3)))
    assert strengths(classifier, "conv2d_1", 5)[3] == pytest.approx(by_hand)
    assert strengths_of(classifier, "conv2d_1", 3)[5] == pytest.approx(by_hand)


def test_a_dense_connection_is_the_weight_with_its_sign(classifier):
    connection = only(classifier, "dense")
    kernel = cnn.kernels(classifier, "dense")
    assert (connection.source, connection.kind) == ("flatten", "sum")
    np.testing.assert_array_equal(strengths(classifier, "dense", 2), kernel[:, 2])
    np.testing.assert_array_equal(strengths_of(classifier, "dense", 25), kernel[25])


def test_pooling_hands_each_channel_on(classifier):
    connection = only(classifier, "max_pooling2d")
    assert connection.kind == "channel"
    assert connection.feeding(5).tolist() == [5]


def test_a_flattened_unit_reads_the_channel_that_it_comes_from(classifier):
    connection = only(classifier, "flatten")
    assert connection.feeding(0).tolist() == [0]
    assert connection.feeding(65).tolist() == [1]
    assert connection.fed_by(63).tolist() == list(range(63, 1600, 64))
    values = np.arange(5 * 5 * 64).reshape(5, 5, 64)
    assert (values[..., 63].ravel() == connection.fed_by(63)).all()


def test_a_channel_is_connected_to_that_of_the_same_number():
    side = same_channel("sums", 1, 3, is_source=True)
    assert (side.layer, side.is_source, side.kind) == ("sums", True, "channel")
    np.testing.assert_array_equal(side.amounts, [np.nan, 1, np.nan])


def test_the_input_is_fed_by_nothing(classifier):
    assert connections(classifier, "input") == ()


def test_a_layer_that_does_not_exist_is_named(classifier):
    with pytest.raises(cnn.LayerError, match="conv99"):
        connections(classifier, "conv99")


def test_branches_join_side_by_side(second_model):
    left, right = connections(second_model, "join")
    assert (left.source, right.source) == ("left", "right")
    assert left.feeding(3).tolist() == [3]
    assert left.feeding(8).tolist() == []
    assert right.feeding(8).tolist() == [0]
    assert right.fed_by(7).tolist() == [15]


def test_a_depthwise_kernel_reads_its_own_channel(second_model):
    kernel = cnn.weights(second_model, "block/depthwise")["kernel"]
    found = strengths(second_model, "block/depthwise", 2)
    assert np.flatnonzero(~np.isnan(found)).tolist() == [2]
    assert found[2] == pytest.approx(np.linalg.norm(kernel[:, :, 2, 0]))


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
    assert [one.feeding(2).tolist() for one in connections(model, "add")] == [[2], [2]]
    assert [one.feeding(2).tolist() for one in connections(model, "scaled")] == [[2], [0]]


def test_groups_do_not_feed_each_other():
    picture = keras.Input((6, 6, 4), name="picture")
    x = layers.Conv2D(6, 3, groups=2, name="grouped")(picture)
    model = built(picture, layers.GlobalAveragePooling2D(name="means")(x))
    kernel = cnn.kernels(model, "grouped")
    found = np.stack([strengths(model, "grouped", channel) for channel in range(6)], axis=1)
    assert np.isnan(found[:2, 3:]).all() and np.isnan(found[2:, :3]).all()
    assert found[3, 4] == pytest.approx(np.linalg.norm(kernel[:, :, 1, 4]))
    np.testing.assert_allclose(strengths_of(model, "grouped", 3), found[3], rtol=1e-6)


def test_a_separable_convolution_is_one_kernel():
    picture = keras.Input((6, 6, 2), name="picture")
    x = layers.SeparableConv2D(3, 3, depth_multiplier=2, name="both")(picture)
    model = built(picture, layers.GlobalAveragePooling2D(name="means")(x))
    found = cnn.weights(model, "both")
    each, mixed = found["depthwise_kernel"], found["pointwise_kernel"]
    whole = sum(each[:, :, 1, m] * mixed[0, 0, 2 + m, 2] for m in range(2))
    assert strengths(model, "both", 2)[1] == pytest.approx(np.linalg.norm(whole), rel=1e-5)


def test_a_transposed_convolution_keeps_inputs_and_outputs_apart():
    picture = keras.Input((6, 6, 2), name="picture")
    x = layers.Conv2DTranspose(5, 3, name="up")(picture)
    model = built(picture, layers.GlobalAveragePooling2D(name="means")(x))
    raw = cnn.weights(model, "up")["kernel"]
    assert strengths(model, "up", 4)[1] == pytest.approx(np.linalg.norm(raw[:, :, 4, 1]))


def test_what_mixes_in_other_ways_is_not_known():
    picture = keras.Input((6, 6, 4), name="picture")
    rows = layers.Reshape((36, 4), name="rows")(picture)
    mixed = layers.MultiHeadAttention(2, 2, name="attention")(rows, rows)
    model = built(picture, layers.GlobalAveragePooling1D(name="means")(mixed))
    assert only(model, "rows").feeding(3).tolist() == [3]
    assert {one.kind for one in connections(model, "attention")} == {"unknown"}
    (found,) = {side.kind for side in sides(model, "attention", 0) if side.is_source}
    assert found == "unknown"


def test_the_sides_of_a_channel_are_told_with_and_without_a_picture(second_model, seven):
    activations = cnn.activations(second_model, seven)
    before, after = sides(second_model, "left", 3, activations=activations)
    assert (before.layer, before.kind, after.layer, after.kind) == (
        "scale", "contribution", "join", "channel",
    )  # fmt: skip
    assert before.added_up.total == pytest.approx(
        activations["left"][(*before.added_up.cell, 3)], abs=1e-5
    )
    assert np.flatnonzero(after.amounts == 1).tolist() == [3]
    before, _ = sides(second_model, "left", 3)
    np.testing.assert_array_equal(before.amounts, strengths(second_model, "left", 3))
    assert (before.kind, before.added_up) == ("norm", None)
    assert sides(second_model, "tail/gap", 1)[1].kind == "weight"


def test_who_reads_the_second_output_of_a_nested_model_is_fed_by_the_layer_inside():
    inside = keras.Input((6, 6, 1))
    ends = [layers.Conv2D(2, 1, name="first")(inside), layers.Conv2D(3, 1, name="second")(inside)]
    picture = keras.Input((6, 6, 1), name="picture")
    _, second = keras.Model(inside, ends, name="nested")(picture)
    model = keras.Model(picture, layers.Conv2D(2, 1, name="reader")(second))
    assert cnn.layer_info(model, "reader").inputs == ("nested/second",)
    (fed,) = [side for side in sides(model, "reader", 0) if side.is_source]
    assert (fed.layer, fed.kind, len(fed.amounts)) == ("nested/second", "norm", 3)
    assert not [side for side in sides(model, "nested/first", 0) if side.layer == "reader"]


def test_units_side_by_side_are_handed_on():
    picture = keras.Input((2, 2, 1), name="picture")
    row = layers.Flatten()(picture)
    halves = [layers.Dense(2, name=name)(row) for name in "ab"]
    model = keras.Model(picture, layers.Concatenate(name="join")(halves))
    first, second = connections(model, "join")
    assert (first.feeding(1).tolist(), second.feeding(3).tolist()) == ([1], [1])


def test_every_output_of_an_operation_that_is_read_is_shown():
    picture = keras.Input((6, 6, 3), name="picture")
    parts = keras.ops.split(picture, 3, axis=-1)
    split = parts[0]._keras_history.operation.name
    model = keras.Model(picture, layers.Add(name="sum")([parts[0], parts[2]]))
    image = np.random.default_rng(0).integers(0, 255, (6, 6, 3), np.uint8)
    values = cnn.activations(model, image)
    assert set(values) == {"picture", split, f"{split}.3", "sum"}
    np.testing.assert_array_equal(values[f"{split}.3"], values["picture"][..., 2:])
    assert cnn.layer_info(model, "sum").inputs == (split, f"{split}.3")
    unit = cnn.explain_unit(model, image, layer="sum", row=1, column=2, channel=0)
    assert unit.is_proved
    assert [source.layer for source in unit.sources] == [split, f"{split}.3"]
