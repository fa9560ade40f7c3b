import json
from dataclasses import replace

import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.card import Card, attach_card
from dashboard.runtime.pictures import Picture
from dashboard.shell.prediction import prediction_facts
from tests.nets import ending

PIXELS = np.random.default_rng(2).integers(0, 256, (6, 6, 1), dtype=np.uint8)
DIGITS = tuple("0123456789")
SEVEN = Picture(PIXELS, "7", "", "", DIGITS, is_own=True)
DRAWN = Picture(PIXELS, None, "", "")


def facts(*last: layers.Layer, picture: Picture = SEVEN, names: tuple[str, ...] = ()) -> dict:
    """What the panel says of the picture for a model that ends with the given layers."""
    model = ending(*last)
    if names:
        attach_card(model, Card(names))
    passed, true = cnn.forward(model, picture.pixels), picture.class_in(model)
    found = prediction_facts(passed, picture, picture.pixels, true)
    return json.loads(json.dumps(found, allow_nan=False))


def softmax(units: int) -> layers.Layer:
    return layers.Dense(units, activation="softmax")


def test_classes_are_compared_only_where_model_and_data_have_the_same():
    assert facts(softmax(10))["right"] is not None
    assert facts(softmax(10), names=tuple("9876543210"))["right"] is not None
    for last, names in [
        (softmax(1000), ()),
        (softmax(10), tuple("abcdefghij")),
        (softmax(8), DIGITS[:8]),
    ]:
        told = facts(last, names=names)
        assert (told["right"], told["mark"]) == (None, "")
        assert told["name"]


def test_numbers_of_classes_are_no_digits_of_a_public_data_set():
    model = ending(softmax(10))
    public = replace(SEVEN, is_own=False)
    assert (public.class_in(model), SEVEN.class_in(model)) == (None, 7)
    attach_card(model, Card(DIGITS))
    assert public.class_in(model) == 7


def test_of_a_thousand_classes_the_likeliest_twenty_are_listed():
    told = facts(softmax(1000))
    shares = [share for _, share, _ in told["bars"]]
    assert len(shares) == 20
    assert shares == sorted(shares, reverse=True)
    assert told["bars"][0][0] == told["name"]


def test_one_sigmoid_is_one_number_without_a_winner():
    told = facts(layers.Dense(1, activation="sigmoid", kernel_initializer="zeros"))
    assert (told["name"], told["caption"]) == ("0.5", "a score between 0 and 1")
    assert told["bars"] == []
    assert told["right"] is None
    assert "%" not in json.dumps(told)


def test_one_sigmoid_with_two_class_names_is_the_score_of_the_second():
    last = layers.Dense(1, activation="sigmoid", kernel_initializer="zeros")
    told = facts(last, names=("cat", "dog"))
    assert (told["name"], told["caption"]) == ("0.5", "a score from 0 (cat) to 1 (dog)")
    assert (told["bars"], told["right"], "%" in json.dumps(told)) == ([], None, False)
    told = facts(layers.Dense(1), names=("cat", "dog"))
    assert told["caption"] == "more for dog, less for cat"


def test_several_sigmoids_are_numbers_without_a_winner():
    told = facts(layers.Dense(3, activation="sigmoid"), names=("cat", "dog", "7"))
    assert told["name"] == ""
    assert [label for label, *_ in told["bars"]] == ["cat", "dog", "7"]
    assert "need not add up to 1" in told["note"]
    assert "%" not in json.dumps(told)


def test_sums_are_shown_by_their_softmax_and_it_is_said():
    told = facts(layers.Dense(4))
    assert sum(share for _, share, _ in told["bars"]) == pytest.approx(1, abs=1e-6)
    assert "softmax of the outputs" in told["note"]


@pytest.mark.parametrize(
    "last",
    [
        [layers.Dense(1)],
        [layers.Dense(5), layers.UnitNormalization()],
        [layers.Dense(64), layers.UnitNormalization()],
        [layers.Dense(5, activation="relu")],
    ],
)
def test_numbers_are_no_percentages_and_have_no_bars(last):
    told = facts(*last)
    assert all(share is None for _, share, _ in told["bars"])
    assert "%" not in json.dumps(told)
    assert told["right"] is None


def test_maps_and_numbers_that_are_not_finite_are_a_sentence():
    told = facts(layers.Reshape((6, 6, 1)), layers.Conv2D(3, 1))
    assert told["bars"] == []
    assert told["note"].startswith("The model gives 6×6×3 numbers, and not one per class.")
    broken = facts(layers.Dense(3, bias_initializer=lambda *_, **__: [np.nan, 0, 0]))
    assert broken["name"] == ""
    assert "not finite" in broken["note"]


def test_equal_classes_have_no_winner():
    told = facts(layers.Dense(10, activation="softmax", kernel_initializer="zeros"))
    assert told["name"] == ""
    assert told["caption"] == "no winner: 10 classes share 10.0%"
    assert told["right"] is None


def test_an_empty_picture_has_no_winner_and_is_called_empty():
    empty = Picture(np.zeros((6, 6, 1), np.uint8), None, "", "")
    told = facts(softmax(10), picture=empty)
    assert (told["name"], told["caption"]) == ("", "nothing drawn yet")
    assert len(told["bars"]) == 10
    labelled = Picture(empty.pixels, "7", "", "", DIGITS)
    told = facts(softmax(10), picture=labelled)
    assert (told["name"], told["caption"], told["right"]) == ("", "the picture is empty", None)


@pytest.mark.parametrize("of_set", [True, False])
def test_a_picture_of_one_colour_that_is_not_black_is_something(of_set):
    grey = Picture(np.full((6, 6, 1), 90, np.uint8), None, "", "", of_set=of_set)
    told = facts(softmax(10), picture=grey)
    assert told["name"] in DIGITS
    assert "empty" not in told["caption"] + told["note"]


def test_of_a_picture_without_a_label_it_is_said_that_the_network_must_choose():
    choose = "The network must choose one of its 10 classes, whatever it sees."
    assert facts(softmax(10), picture=DRAWN)["note"] == choose
    assert facts(softmax(10))["note"] == ""
