import numpy as np
import pytest

import cnn
from cnn.images.digits import centre_digit
from cnn.models.card import Card
from cnn.models.loading import as_functional
from tests import nets


@pytest.fixture(scope="module")
def model():
    return nets.single_convolution(np.ones((3, 3, 1, 1), np.float32))


def test_a_picture_in_the_models_size_is_only_scaled(model):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12), dtype=np.uint8)
    prepared = cnn.prepare(pixels, model)
    assert prepared.shape == (1, 9, 12, 1)
    np.testing.assert_allclose(prepared[0, ..., 0], pixels / 255, rtol=1e-6)


def test_fractions_and_whole_numbers_give_the_same(model):
    pixels = np.random.default_rng(0).integers(0, 256, (9, 12), dtype=np.uint8)
    np.testing.assert_array_equal(cnn.prepare(pixels / 255, model), cnn.prepare(pixels, model))
    np.testing.assert_array_equal(
        cnn.prepare(pixels.astype(int), model), cnn.prepare(pixels, model)
    )


def test_a_model_that_scales_itself_gets_raw_pixels(second_model):
    pixels = np.full((20, 30, 3), 200, np.uint8)
    assert cnn.prepare(pixels, second_model).max() == 200
    assert "scales its input itself" in cnn.scale_of(second_model).reason


def test_the_cards_scale_wins_over_the_usual_one(tmp_path, model):
    cnn.save_model(model, tmp_path / "m.keras", card=Card(scale=0.5))
    loaded = cnn.load_model(tmp_path / "m.keras")
    assert cnn.prepare(np.full((9, 12), 100, np.uint8), loaded).max() == 50
    assert "card" in cnn.scale_of(loaded).reason
    assert "the model says nothing" in cnn.scale_of(model).reason


def test_grey_pictures_of_another_size_are_fitted_to_a_colour_model(second_model):
    prepared = cnn.prepare(np.full((28, 28), 255, np.uint8), second_model)
    assert prepared.shape == (1, 20, 30, 3)
    assert prepared.min() == 255


@pytest.mark.parametrize(
    ("image", "words"),
    [
        (np.zeros((2, 3, 4, 5)), "shape"),
        (np.zeros((4, 4, 65)), "1 to 64 channels"),
        (np.full((4, 4), 2.5), "not within 0 to 1"),
        (np.full((4, 4), -1), "not within 0 to 255"),
        (np.full((4, 4), np.nan), "not within 0 to 1"),
        (np.array([["a"]]), "not within"),
        (np.zeros((0, 4)), "shape"),
    ],
)
def test_what_is_no_picture_is_refused_with_what_is_accepted(model, image, words):
    with pytest.raises(cnn.ImageError, match=words) as error:
        cnn.prepare(image, model)
    assert "expected" in str(error.value)


def test_ink_is_centred_by_mass_in_a_box_of_twenty():
    ink = np.zeros((200, 300), np.uint8)
    ink[150:190, 5:25] = 255
    centred = centre_digit(ink)[..., 0]
    rows, columns = np.nonzero(centred)
    assert (rows.min(), rows.max()) == (4, 23)
    assert (columns.min(), columns.max()) == (9, 18)


def test_no_ink_is_a_black_picture():
    assert not centre_digit(np.zeros((50, 50), np.uint8)).any()


def test_a_model_of_any_size_takes_the_picture_as_it_is():
    import keras
    from keras import layers

    picture = keras.Input((None, None, 1))
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(2, 3)(picture))
    model = as_functional(keras.Model(picture, layers.Dense(2, activation="softmax")(x)))
    assert cnn.prepare(np.zeros((17, 23), np.uint8), model).shape == (1, 17, 23, 1)
