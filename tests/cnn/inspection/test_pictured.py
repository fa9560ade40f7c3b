import numpy as np
import pytest

import cnn
from cnn.captions import pictured as captions
from cnn.inspection.pictured import Reconstruction, reconstruction, segments
from cnn.models.card import Card, attach_card
from tests import nets

PICTURE = np.random.default_rng(1).integers(0, 256, (12, 12, 1), dtype=np.uint8)


@pytest.mark.parametrize(
    ("classes", "activation", "each", "wins"),
    [(3, "softmax", "softmax", True), (3, None, "logits", True), (3, "sigmoid", "scores", False),
     (3, "tanh", "numbers", False), (20, None, "numbers", False)],
)  # fmt: skip
def test_a_cell_has_a_winner_where_its_numbers_are_classes_among_which_one_wins(
    classes, activation, each, wins
):
    prediction = cnn.predict(nets.segmenting(classes, activation), PICTURE)
    assert (prediction.head.form, prediction.head.each) == ("maps", each)
    found = segments(prediction)
    assert (found is not None) == wins
    if found:
        np.testing.assert_array_equal(found.winners, prediction.probabilities.argmax(-1))
        assert found.shares.sum() == pytest.approx(1)
        told = captions.overlay(found, ("sky", "road", "car")).notice
        most = ("sky", "road", "car")[int(found.shares.argmax())]
        assert told.startswith(f"The cells by class: {most} (")


def test_a_picture_is_made_where_the_answer_has_its_shape_and_is_no_classes():
    model = nets.autoencoder()
    made = reconstruction(model, PICTURE, cnn.predict(model, PICTURE))
    assert made.scaling == "as the network receives it"
    assert made.error == pytest.approx(np.square(made.made - PICTURE / 255).mean(), rel=1e-5)
    mask = nets.segmenting(1, "sigmoid")
    attach_card(mask, Card(("sky", "road")))
    assert reconstruction(mask, PICTURE, cnn.predict(mask, PICTURE)) is None
    other = nets.segmenting()
    assert reconstruction(other, PICTURE, cnn.predict(other, PICTURE)) is None


@pytest.mark.parametrize(
    ("activation", "told"),
    [("softmax", "A map for each of 3 classes: at each cell they are probabilities, which add up to 1."),
     (None, "A map for each of 3 classes: the largest number of a cell wins it."),
     ("tanh", "A map for each of 3 channels: numbers that are no probabilities.")],
)  # fmt: skip
def test_maps_are_said_to_be_of_classes_where_they_are(activation, told):
    prediction = cnn.predict(nets.segmenting(3, activation), PICTURE)
    assert captions.class_maps(prediction).seen == told
    one = captions.class_maps(cnn.predict(nets.segmenting(1, "tanh"), PICTURE))
    assert one.seen == "One map: numbers that are no probabilities."


def test_the_largest_difference_of_a_picture_in_colour_says_in_which_channel():
    picture = np.zeros((2, 3, 3), np.float32)
    made = picture.copy()
    made[1, 2, 0] = -0.5
    told = captions.difference(Reconstruction(picture, made, "as it is")).notice
    assert told == "It is largest, −0.5, at row 1, column 2 of channel 0."
    grey = Reconstruction(picture[..., :1], made[..., :1], "as it is")
    assert captions.difference(grey).notice == "It is largest, −0.5, at row 1, column 2."


def test_pixels_are_compared_in_the_range_that_is_nearer_to_the_answer():
    model = nets.autoencoder()
    attach_card(model, Card(scale=1.0))
    made = reconstruction(model, PICTURE, cnn.predict(model, PICTURE))
    assert made.scaling == "divided by 255"
    assert made.picture.max() <= 1
