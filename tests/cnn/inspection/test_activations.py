import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from keras.src.ops.numpy import Split

import cnn
from cnn.models.loading import as_functional
from tests import nets


@pytest.fixture(scope="module")
def picture() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (9, 12, 1), dtype=np.uint8)


def test_a_convolution_equals_one_made_by_hand(picture):
    kernel = np.random.default_rng(1).normal(size=(3, 2, 1, 4)).astype(np.float32)
    found = cnn.activations(nets.single_convolution(kernel, bias=0.5), picture)["convolution"]
    x = picture[..., 0] / 255
    expected = np.zeros((7, 11, 4))
    for row, column, channel in np.ndindex(expected.shape):
        patch = x[row : row + 3, column : column + 2]
        expected[row, column, channel] = (patch * kernel[:, :, 0, channel]).sum() + 0.5
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize(
    "resized",
    [
        lambda x: layers.Resizing(1, 9)(x),
        lambda x: layers.CenterCrop(1, 9)(x),
        lambda x: keras.ops.image.resize(x, (1, 9)),
        lambda x: layers.TimeDistributed(layers.Resizing(1, 9))(x[:, None]),
    ],
)
def test_a_point_that_falls_on_a_cell_is_that_cell(resized):
    row = np.array([18, 86, 187, 102, 102], np.uint8)[None, :, None]
    picture = keras.Input((1, 5, 1))
    model = as_functional(keras.Model(picture, layers.Dense(1)(layers.Flatten()(resized(picture)))))
    flat = next(info.name for info in cnn.layer_infos(model) if info.kind == "Flatten")
    places = np.clip((np.arange(9) + 0.5) * 5 / 9 - 0.5, 0, 4)
    expected = np.interp(places, np.arange(5), row[0, :, 0] / 255)
    np.testing.assert_allclose(cnn.activations(model, row)[flat], expected, atol=1e-5)


def test_every_layer_is_there_in_graph_order_without_the_batch_axis(classifier, seven):
    found = cnn.activations(classifier, seven)
    assert {name: array.shape for name, array in found.items()} == {
        "input": (28, 28, 1),
        "conv2d": (26, 26, 32),
        "max_pooling2d": (13, 13, 32),
        "conv2d_1": (11, 11, 64),
        "max_pooling2d_1": (5, 5, 64),
        "flatten": (1600,),
        "dense": (64,),
        "dense_1": (10,),
    }
    assert all(array.dtype == np.float32 for array in found.values())


def test_the_compiled_pass_agrees_with_keras(classifier, seven):
    batch = cnn.prepare(seven, classifier)
    for name in ("conv2d", "max_pooling2d_1", "dense_1"):
        expected = keras.Model(classifier.inputs[0], classifier.get_layer(name).output)(batch)[0]
        np.testing.assert_allclose(
            cnn.activations(classifier, seven)[name], expected, rtol=1e-4, atol=1e-5
        )


def test_chosen_layers_come_in_the_order_asked_for(classifier, seven):
    assert list(cnn.activations(classifier, seven, layers=["dense", "conv2d"])) == [
        "dense",
        "conv2d",
    ]


def test_an_unknown_layer_is_refused_with_the_names_that_exist(classifier, seven):
    with pytest.raises(cnn.LayerError, match="no layer 'conv9'.*conv2d, max_pooling2d"):
        cnn.activations(classifier, seven, layers=["conv9"])


def test_nested_and_shared_layers_have_an_entry_per_call(second_model):
    picture = np.random.default_rng(2).integers(0, 256, (20, 30, 3), dtype=np.uint8)
    found = cnn.activations(second_model, picture)
    assert found["block/conv"].shape == (9, 14, 6)
    np.testing.assert_array_equal(found["block"], found["block/depthwise"])
    shared = second_model.get_layer("shared")
    again = shared(found["shared"][None]).numpy()[0]
    np.testing.assert_allclose(found["shared:2"], again, rtol=1e-4, atol=1e-5)
    assert not np.allclose(found["shared"], found["shared:2"])


def test_a_second_use_has_a_name_that_no_layer_has():
    picture = keras.Input((8, 8, 3), name="picture")
    conv = layers.Conv2D(3, 3, padding="same", name="conv")
    outputs = layers.Conv2D(2, 1, name="conv:2")(conv(conv(picture)))
    model = keras.Model(picture, outputs)
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    values = cnn.activations(model, image)
    assert [info.name for info in cnn.layer_infos(model)] == [
        "picture",
        "conv",
        "conv:2'",
        "conv:2",
    ]
    np.testing.assert_allclose(values["conv:2'"], conv(values["conv"][None])[0], atol=1e-5)
    assert cnn.layer_info(model, "conv:2").inputs == ("conv:2'",)


def test_a_further_output_has_a_name_that_no_layer_has():
    picture = keras.Input((8, 8, 3), name="picture")
    upper, lower = Split(2, axis=1, name="cut")(picture)
    kept = layers.Conv2D(2, 3, name="cut.2")(lower)
    model = keras.Model(picture, layers.Add(name="sum")([kept, layers.Conv2D(2, 3)(upper)]))
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), np.uint8)
    values = cnn.activations(model, image)
    assert cnn.layer_info(model, "cut.2").inputs == ("cut.2'",)
    np.testing.assert_allclose(values["cut.2'"], values["picture"][4:])
    assert cnn.explain_unit(model, image, layer="cut.2", row=1, column=2, channel=0).is_proved
    assert cnn.diagnose(model, np.stack([image] * 4)).selection.count == 4


def test_maps_of_a_non_square_picture_are_not_transposed(second_model):
    picture = np.zeros((20, 30, 3), np.uint8)
    picture[2, 25] = 255
    scaled = cnn.activations(second_model, picture)["scale"]
    assert scaled.shape == (20, 30, 3)
    assert np.argwhere(scaled[..., 0]).tolist() == [[2, 25]]


def test_logits_are_the_sums_before_the_softmax(classifier, seven):
    prediction = cnn.predict(classifier, seven)
    exponentials = np.exp(prediction.logits - prediction.logits.max())
    np.testing.assert_allclose(
        prediction.probabilities, exponentials / exponentials.sum(), rtol=1e-4, atol=1e-6
    )


def test_logits_of_a_separate_softmax_layer_are_its_input():
    picture = keras.Input((4, 4, 1))
    sums = layers.Dense(3, name="sums")(layers.Flatten()(picture))
    model = as_functional(keras.Model(picture, layers.Softmax()(sums)))
    image = np.full((4, 4), 200, np.uint8)
    expected = cnn.activations(model, image)["sums"]
    np.testing.assert_allclose(cnn.predict(model, image).logits, expected, rtol=1e-6)


def test_a_model_that_ends_in_logits_gets_probabilities():
    picture = keras.Input((4, 4, 1))
    model = as_functional(keras.Model(picture, layers.Dense(3)(layers.Flatten()(picture))))
    prediction = cnn.predict(model, np.full((4, 4), 200, np.uint8))
    assert prediction.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert prediction.logits.sum() != pytest.approx(1, abs=1e-3)


def test_what_the_compiler_refuses_is_run_all_the_same():
    class Foreign(layers.Layer):
        """Adds the mean, found by a function of numpy, which XLA cannot compile."""

        def call(self, x):
            return x + tf.reshape(tf.numpy_function(np.mean, [x], tf.float32), [])

    picture = keras.Input((2, 2, 1))
    sums = layers.Flatten()(Foreign(name="foreign")(picture))
    model = as_functional(keras.Model(picture, layers.Dense(2)(sums)))
    found = cnn.activations(model, np.array([[51, 51], [102, 102]], np.uint8))["foreign"]
    np.testing.assert_allclose(found.ravel(), [0.5, 0.5, 0.7, 0.7], rtol=1e-6)


def test_the_top_classes_come_likeliest_first(classifier, seven):
    top = cnn.predict(classifier, seven).top(3)
    assert top[0][0] == "7"
    assert [p for _, p in top] == sorted((p for _, p in top), reverse=True)


def test_activation_model_is_a_keras_model_with_the_layers_outputs(classifier, second_model, seven):
    one = cnn.activation_model(classifier, ["conv2d"])
    assert isinstance(one, keras.Model)
    found = one(cnn.prepare(seven, classifier))[0]
    np.testing.assert_allclose(
        found, cnn.activations(classifier, seven)["conv2d"], rtol=1e-4, atol=1e-5
    )
    several = cnn.activation_model(second_model, ["block/conv", "shared:2"])
    assert [tuple(output.shape) for output in several.outputs] == [
        (None, 9, 14, 6),
        (None, 7, 12, 6),
    ]
