import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.inspection.batches import batch_probabilities, batch_size
from cnn.models.loading import as_functional


def one_by_one(model: keras.Model, pictures) -> np.ndarray:
    return np.stack([cnn.predict(model, picture).probabilities for picture in pictures])


def test_a_batch_says_what_each_picture_says_alone(classifier):
    pictures = cnn.load_dataset("digits").images[:70]
    found = batch_probabilities(classifier, pictures)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, one_by_one(classifier, pictures), atol=1e-5)
    assert len(set(found.argmax(axis=1))) == 10


def test_a_batch_is_prepared_for_a_model_that_takes_colours_and_scales_itself(second_model):
    random = np.random.default_rng(3)
    shapes = [(20, 30, 3), (40, 31, 1), (28, 28)]
    pictures = [random.integers(0, 256, shape, dtype=np.uint8) for shape in shapes]
    found = batch_probabilities(second_model, pictures)
    np.testing.assert_allclose(found, one_by_one(second_model, pictures), atol=1e-5)
    assert np.abs(found[0] - found[1]).max() > 1e-3


def test_of_a_network_with_large_layers_fewer_pictures_are_computed_at_once(
    second_model, monkeypatch
):
    pictures = np.random.default_rng(4).integers(0, 256, (5, 20, 30, 3), dtype=np.uint8)
    whole = batch_probabilities(second_model, pictures)
    assert batch_size(cnn.layer_infos(second_model)) == 64
    monkeypatch.setattr("cnn.inspection.batches._MOST_NUMBERS", 2 * 20 * 30 * 16)
    assert batch_size(cnn.layer_infos(second_model)) == 2
    np.testing.assert_allclose(batch_probabilities(second_model, pictures), whole, atol=1e-6)


def test_no_pictures_have_no_probabilities(classifier):
    assert batch_probabilities(classifier, []).shape == (0, 10)


def test_another_number_of_pictures_is_not_compiled_anew(seven):
    traced: list[int] = []

    class Counting(layers.Layer):
        """Passes its input on and counts how often it is traced."""

        def call(self, x):
            traced.append(1)
            return x

    picture = keras.Input((28, 28, 1))
    classes = layers.Dense(3, activation="softmax")(layers.Flatten()(Counting()(picture)))
    model = as_functional(keras.Model(picture, classes))
    batch_probabilities(model, [seven])
    once = len(traced)
    for count in (2, 41, 64, 65):
        assert batch_probabilities(model, [seven] * count).shape == (count, 3)
    assert len(traced) == once


def test_a_model_that_ends_in_logits_gives_probabilities():
    picture = keras.Input((4, 4, 1))
    model = as_functional(keras.Model(picture, layers.Dense(3)(layers.Flatten()(picture))))
    found = batch_probabilities(model, [np.full((4, 4), 200, np.uint8)])
    np.testing.assert_allclose(found.sum(axis=1), 1, atol=1e-5)


def test_a_model_of_any_size_takes_one_size_a_batch():
    picture = keras.Input((None, None, 1))
    classes = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling2D()(picture))
    model = as_functional(keras.Model(picture, classes))
    wide, high = np.full((5, 9), 200, np.uint8), np.full((9, 5), 100, np.uint8)
    found = batch_probabilities(model, [wide, wide])
    np.testing.assert_allclose(found, one_by_one(model, [wide, wide]), atol=1e-5)
    with pytest.raises(cnn.ImageError, match="2 sizes.*expected one size"):
        batch_probabilities(model, [wide, high])
