"""What channels contribute to a sum, against the sums that Keras computes."""

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.inspection.contributions import adds_up, contributed, contributions
from cnn.models import graph

MAPS = {
    "valid": layers.Conv2D(6, 3),
    "strides": layers.Conv2D(6, (3, 4), strides=2, padding="same"),
    "dilated": layers.Conv2D(6, 3, dilation_rate=2, padding="same"),
    "groups": layers.Conv2D(6, 3, groups=2, padding="same"),
    "without a bias": layers.Conv2D(6, (1, 5), use_bias=False),
    "depthwise": layers.DepthwiseConv2D(3, strides=2, padding="same", depth_multiplier=2),
    "separable": layers.SeparableConv2D(5, 3, padding="same", depth_multiplier=2),
    "transposed": layers.Conv2DTranspose(5, 3, strides=2, padding="same"),
    "transposed apart": layers.Conv2DTranspose(5, (3, 2), strides=(2, 3)),
    "dense": layers.Dense(5),
}
OTHERS = {
    "causal": (layers.Reshape((27, 4)), layers.Conv1D(5, 3, padding="causal", dilation_rate=2)),
    "volume": (layers.Reshape((3, 6, 3, 2)), layers.Conv3D(5, (2, 3, 3), padding="same")),
}
KINDS = [*MAPS, *OTHERS]


def summed(which):
    """Return a model with one layer that adds up, the layer's name, and its values for a picture."""
    keras.utils.set_random_seed(5)
    picture = keras.Input((9, 12, 1), name="picture")
    before, layer = OTHERS.get(which) or (layers.Conv2D(4, 1), MAPS[which])
    layer = type(layer).from_config(
        {**layer.get_config(), "bias_initializer": "random_normal", "name": "summed"}
    )
    model = keras.Model(picture, layer(type(before).from_config(before.get_config())(picture)))
    values = {}
    batch = np.random.default_rng(2).normal(size=(1, 9, 12, 1)).astype("float32")
    graph.run(
        model, keras.ops.convert_to_tensor(batch),
        lambda name, _layer, _inputs, output: values.update({name: np.asarray(output)[0]}),
    )  # fmt: skip
    return model, values


@pytest.mark.parametrize("which", KINDS)
def test_contributions_and_the_bias_add_up_to_the_sum_that_keras_computes(which):
    model, values = summed(which)
    output = values["summed"]
    assert adds_up(cnn.layer_info(model, "summed").kind)
    for channel in range(output.shape[-1]):
        found = contributions(model, "summed", channel, values)
        assert found.total == pytest.approx(output[(*found.cell, channel)], abs=1e-5)
        assert np.abs(output[..., channel]).max() == np.abs(output[(*found.cell, channel)])


@pytest.mark.parametrize("which", KINDS)
def test_what_a_channel_adds_is_what_the_channels_after_it_receive(which):
    model, values = summed(which)
    outputs = range(values["summed"].shape[-1])
    received = np.stack(
        [contributions(model, "summed", output, values).amounts for output in outputs], axis=1
    )
    for source, row in enumerate(received):
        np.testing.assert_allclose(contributed(model, "summed", source, values), row, atol=1e-6)


def test_a_sum_of_the_bundled_classifier_is_that_before_its_activation(classifier, seven):
    passed = cnn.forward(classifier, seven)
    logits = [contributions(classifier, "dense_1", i, passed.activations).total for i in range(10)]
    np.testing.assert_allclose(logits, passed.prediction.logits, rtol=1e-4)
    for unit, value in enumerate(passed.activations["dense"]):
        total = contributions(classifier, "dense", unit, passed.activations).total
        assert max(total, 0) == pytest.approx(value, abs=1e-4)


def test_weight_times_value_is_nothing_where_the_value_is(classifier, seven):
    activations = cnn.activations(classifier, seven)
    kernel = cnn.kernels(classifier, "dense_1")
    amounts = contributions(classifier, "dense_1", 7, activations).amounts
    np.testing.assert_array_equal(amounts, kernel[:, 7] * activations["dense"])
    silent = np.flatnonzero(activations["dense"] == 0)
    assert len(silent) and not amounts[silent].any()
    assert not contributed(classifier, "dense_1", silent[0], activations).any()


def silenced():
    """Return a convolution whose second channel is silent, and its values for a picture."""
    picture = keras.Input((6, 6, 2), name="picture")
    layer = layers.Conv2D(2, 3, activation="relu", padding="same", name="summed")
    model = keras.Model(picture, layer(picture))
    layer.bias.assign([0.0, -50.0])
    value = np.random.default_rng(4).random((6, 6, 2), dtype=np.float32)
    sums = keras.ops.conv(value[None], layer.kernel, padding="same")[0] + layer.bias
    return model, {"picture": value, "summed": np.maximum(sums, 0)}, np.asarray(sums)


def test_of_a_silent_channel_the_largest_sum_is_looked_at():
    model, values, sums = silenced()
    found = contributions(model, "summed", 1, values)
    assert found.is_silent
    assert found.total == pytest.approx(sums[..., 1].max(), rel=1e-5)
    assert sums[(*found.cell, 1)] == sums[..., 1].max()
    assert not contributions(model, "summed", 0, values).is_silent


def test_a_silent_map_has_no_cell_to_contribute_to():
    model, values, _ = silenced()
    assert np.isnan(contributed(model, "summed", 0, values)).tolist() == [False, True]


def test_a_layer_that_does_not_exist_is_named(classifier, seven):
    with pytest.raises(cnn.LayerError, match="conv99"):
        contributions(classifier, "conv99", 0, cnn.activations(classifier, seven))
