import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.untrained import Redrawing
from cnn.models.loading import as_functional

IMAGE = np.array([[[51], [102], [204]]], np.uint8)  # 0.2, 0.4 and 0.8 for the network
# The sums of the first layer are 1, 0.4, −0.2 and 0.8; those of the second 2.2 and 0.2.
FIRST = np.array([[1, 0, -1, 0], [0, 1, 0, 0], [1, 0, 0, 1]], np.float32)
SECOND = np.array([[1, -1], [1, 1], [4, 1], [1, 1]], np.float32)
LAST = np.array([[2], [-1]], np.float32)


@keras.saving.register_keras_serializable("tests")
class Rectified(layers.Layer):
    """A layer of somebody else, which has a ReLU inside."""

    def call(self, x):
        return 2 * keras.ops.relu(x)


def network(step) -> keras.Model:
    """Three dense layers whose sums go through `step`, made of a number of units and a name."""
    picture = keras.Input((1, 3, 1))
    x = layers.Flatten()(picture)
    x = step(layers.Dense, 4, "first")(x)
    x = step(layers.Dense, 2, "second")(x)
    model = as_functional(keras.Model(picture, layers.Dense(1, use_bias=False, name="last")(x)))
    for name, kernel in (("first", FIRST), ("second", SECOND), ("last", LAST)):
        model.get_layer(name).kernel.assign(kernel)
    return model


def as_argument(dense, units, name):
    return dense(units, activation="relu", name=name)


def as_layer(dense, units, name):
    return lambda x: layers.ReLU()(dense(units, name=name)(x))


def as_activation(dense, units, name):
    return lambda x: layers.Activation("relu")(dense(units, name=name)(x))


def as_operation(dense, units, name):
    return lambda x: keras.ops.relu(dense(units, name=name)(x))


def as_limited(dense, units, name):
    return lambda x: layers.ReLU(max_value=6)(dense(units, name=name)(x))


@pytest.mark.parametrize("step", [as_argument, as_layer, as_activation, as_operation, as_limited])
def test_only_what_is_positive_comes_back_and_only_through_what_was(step):
    model = network(step)
    found = cnn.attribute(model, IMAGE, method="guided_backprop", target=0)
    # From the last layer 2 comes to the first of the second layer's units, and −1 to the other: cut.
    # From that unit 2, 2, 8 and 2 come to the first layer, whose third unit is dead: 2, 2, 0, 2.
    np.testing.assert_allclose(found.map[0, :, 0], [2, 2, 4], rtol=1e-6)
    assert found.note == ""
    assert found.value == pytest.approx(2 * 2.2 - 0.2, rel=1e-6)
    # Without the cut 3, 1, 0 and 1 come to the first layer.
    plain = cnn.attribute(model, IMAGE, method="saliency", target=0)
    np.testing.assert_allclose(plain.map[0], [3, 1, 4], rtol=1e-6)


def test_a_negative_gradient_comes_back_through_no_relu():
    model = network(as_argument)
    model.get_layer("last").kernel.assign(-LAST[::-1] - 1)  # 0 and −3
    found = cnn.attribute(model, IMAGE, method="guided_backprop", target=0)
    np.testing.assert_array_equal(found.map, np.zeros((1, 3, 1)))


def test_a_relu_that_is_out_of_reach_is_named():
    def own(dense, units, name):
        return lambda x: Rectified(name=f"{name}_own")(dense(units, name=name)(x))

    model = network(own)
    found = cnn.attribute(model, IMAGE, method="guided_backprop", target=0)
    assert found.note == (
        "a ReLU inside first_own and second_own is left as it is, with the plain gradient"
    )
    plain = cnn.attribute(model, IMAGE, method="input_x_gradient", target=0)
    np.testing.assert_allclose(found.map * IMAGE / 255, plain.map, rtol=1e-5)


def test_without_a_relu_it_is_the_gradient_and_says_so():
    def leaky(dense, units, name):
        return lambda x: layers.LeakyReLU(0.1)(dense(units, name=name)(x))

    model = network(leaky)
    found = cnn.attribute(model, IMAGE, method="guided_backprop", target=0)
    assert found.note == "the network has no ReLU: this is the plain gradient"
    plain = cnn.attribute(model, IMAGE, method="input_x_gradient", target=0)
    assert plain.map.any()
    np.testing.assert_allclose(found.map * IMAGE / 255, plain.map, rtol=1e-5)


def test_of_the_bundled_classifier_it_is_no_gradient_and_has_both_signs(classifier, seven):
    found = cnn.attribute(classifier, seven, method="guided_backprop")
    assert found.map.shape == (28, 28, 1)
    assert found.map.min() < 0 < found.map.max()
    plain = cnn.attribute(classifier, seven, method="saliency")
    assert not np.allclose(abs(found.map[..., 0]), plain.map, rtol=0.1)


@pytest.mark.parametrize("step", [as_argument, as_layer, as_operation])
def test_of_a_network_that_is_drawn_anew_it_is_that_of_any_other_with_those_weights(step):
    """The cascade of randomisation compares a method with itself, not with the plain gradient."""
    model = network(step)
    trained = cnn.attribute(model, IMAGE, method="guided_backprop", target=0)
    drawing, fresh = Redrawing(model), network(step)
    for seed in range(8):
        for name in drawing.layers:
            drawing.draw(name, seed)
        found = cnn.attribute(drawing.model, IMAGE, method="guided_backprop", target=0)
        fresh.set_weights(drawing.model.get_weights())
        expected = cnn.attribute(fresh, IMAGE, method="guided_backprop", target=0)
        np.testing.assert_allclose(found.map, expected.map, rtol=1e-5, atol=1e-7)
        plain = cnn.attribute(fresh, IMAGE, method="saliency", target=0).map
        is_other = not np.allclose(abs(found.map[..., 0]), plain, rtol=1e-3)
        if is_other and found.map.any():
            break
    else:
        raise AssertionError("no seed gives a map that is not the plain gradient")
    again = cnn.attribute(model, IMAGE, method="guided_backprop", target=0)
    np.testing.assert_array_equal(again.map, trained.map)
