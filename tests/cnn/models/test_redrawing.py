import keras
import numpy as np
import pytest
from keras import layers

from cnn.errors import LayerError
from cnn.models.loading import as_functional
from cnn.models.redrawing import redrawn, weighted_layers


def values(layer, seed):
    found = redrawn(layer, np.random.default_rng(seed))
    return [found[id(weight)] for weight in layer.weights]


def test_layers_with_weights_come_from_the_top_each_once_and_nested_ones_too(second_model):
    assert list(weighted_layers(second_model)) == [
        "classes", "tail/last", "shared:2", "block/depthwise", "block/conv", "norm", "right", "left",
    ]  # fmt: skip


def test_weights_are_those_of_the_layers_own_initialisers(second_model):
    found = weighted_layers(second_model)
    norm = dict(
        zip([one.name for one in found["norm"].weights], values(found["norm"], 0), strict=True)
    )
    assert {name: np.unique(value).tolist() for name, value in norm.items()} == {
        "gamma": [1], "beta": [0], "moving_mean": [0], "moving_variance": [1],
    }  # fmt: skip
    for layer in found.values():
        first, again, other = (values(layer, seed) for seed in (0, 0, 1))
        assert [one.shape for one in first] == [tuple(one.shape) for one in layer.weights]
        for one, same in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, same)
        is_drawn = [one.ndim > 1 for one in first]
        assert [(a != b).any() for a, b in zip(first, other, strict=True)] == is_drawn


def test_an_initialiser_with_a_seed_of_its_own_gets_another():
    draw = keras.initializers.RandomNormal(mean=5, stddev=0.1, seed=1)
    layer = layers.Dense(40, kernel_initializer=draw, bias_initializer="ones")
    layer.build((None, 50))
    kernels = [values(layer, seed)[0] for seed in range(2)]
    assert (kernels[0] != kernels[1]).all()
    for kernel in kernels:
        assert (kernel != layer.kernel.numpy()).all()
        assert kernel.mean() == pytest.approx(5, abs=0.02)
        assert kernel.std() == pytest.approx(0.1, rel=0.1)
    np.testing.assert_array_equal(values(layer, 0)[1], np.ones(40))


def test_weights_inside_a_layer_are_drawn_apart():
    row = keras.Input((6, 8))
    draw = keras.initializers.GlorotNormal(seed=3)
    x = layers.MultiHeadAttention(2, 4, kernel_initializer=draw, name="attention")(row, row)
    x = layers.Bidirectional(layers.LSTM(3), name="both")(x)
    found = weighted_layers(keras.Model(row, x))
    assert list(found) == ["both", "attention"]
    for layer in found.values():
        first, again = values(layer, 0), values(layer, 0)
        for one, same in zip(first, again, strict=True):
            np.testing.assert_array_equal(one, same)
        drawn = [one for one in first if len(np.unique(one)) > 2]
        assert len(drawn) == 4
        for place, one in enumerate(drawn):
            assert not any(np.array_equal(one, other) for other in drawn[:place])


class Unsaid(layers.Layer):
    """A layer that does not say how it is made."""

    def __init__(self, units, **settings):
        super().__init__(**settings)
        self.kernel = self.add_weight(shape=(units,))

    def call(self, inputs):
        return inputs * self.kernel

    def get_config(self):
        raise NotImplementedError("it has none")


def test_of_a_layer_that_cannot_be_made_again_nothing_is_drawn():
    with pytest.raises(LayerError, match=r"unsaid cannot be made again \(it has none\)"):
        redrawn(Unsaid(3, name="unsaid"), np.random.default_rng(0))


def test_the_statistics_of_the_data_are_no_weights():
    scaling = layers.Normalization(name="scaling")
    scaling.adapt(np.random.default_rng(0).random((9, 4, 4, 1)))
    picture = keras.Input((4, 4, 1))
    model = as_functional(keras.Model(picture, layers.Conv2D(2, 3, name="conv")(scaling(picture))))
    assert list(weighted_layers(model)) == ["conv"]
