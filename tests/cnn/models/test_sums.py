"""Sums of which no loss says what they are can be taken for something else, by a reader or a card."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.models.card import Card, card_of, card_path, read_card, write_card
from cnn.models.choosing import with_output_first
from cnn.models.heads import head_of
from cnn.models.twins import kept_for_twins, twin

PICTURE = np.random.default_rng(2).integers(0, 256, (6, 6, 1), dtype=np.uint8)


def ending(*ends, loss=None) -> keras.Model:
    keras.utils.set_random_seed(1)
    picture = keras.Input((6, 6, 1))
    maps = layers.Conv2D(3, 3, name="conv")(picture)
    given = [end(layers.Flatten()(maps) if isinstance(end, layers.Dense) else maps) for end in ends]
    model = keras.Model(picture, given if len(given) > 1 else given[0])
    if loss:
        model.compile("sgd", loss=loss)
    return model


def dense(units, name="sums", **how):
    return layers.Dense(units, name=name, **how)


def sums_of(model):
    return np.asarray(model(PICTURE[None] / np.float32(255), training=False))[0]


def softmax(sums):
    shares = np.exp(sums - sums.max())
    return shares / shares.sum()


@pytest.mark.parametrize(
    ("aim", "form", "expected"),
    [
        ("classes", "logits", softmax),
        ("separate", "scores", lambda sums: 1 / (1 + np.exp(-sums))),
        ("numbers", "numbers", lambda sums: sums),
    ],
)
def test_sums_are_shown_as_what_they_are_taken_for(aim, form, expected):
    model = ending(dense(4))
    taken = cnn.models.with_sums_as(model, aim)
    head = head_of(taken)
    assert (head.form, head.is_guess, head.chosen) == (form, False, aim)
    assert head.trained == "What its sums are was chosen: no loss is known."
    found = cnn.predict(taken, PICTURE).probabilities
    np.testing.assert_allclose(found, expected(sums_of(model)), rtol=1e-5, atol=1e-6)
    # The network itself is what it was, guess and all.
    assert (head_of(model).form, head_of(model).is_guess) == ("logits", True)
    np.testing.assert_allclose(
        cnn.predict(model, PICTURE).probabilities, softmax(sums_of(model)), rtol=1e-5
    )


def test_as_many_sums_as_no_screen_shows_can_be_one_per_class():
    model = ending(dense(40))
    assert head_of(model).form == "numbers"
    taken = cnn.models.with_sums_as(model, "classes")
    assert cnn.predict(taken, PICTURE).probabilities.sum() == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("model", "choices"),
    [
        (ending(dense(4)), ("classes", "separate", "numbers")),
        (ending(dense(1)), ("separate", "numbers")),
        (ending(layers.Conv2D(3, 1)), ("classes", "numbers")),
        (ending(layers.Conv2D(1, 1)), ()),
        (ending(dense(4, activation="softmax")), ()),
        (ending(dense(4, activation="sigmoid")), ()),
        (ending(dense(4, activation="tanh")), ()),
        (ending(dense(4, activation="log_softmax")), ()),
    ],
)
def test_what_may_be_chosen_is_what_sums_can_be(model, choices):
    assert head_of(model).choices == choices


def test_what_a_loss_says_is_not_chosen():
    model = ending(dense(4), loss="mse")
    path_losses = {"sums": cnn.models.losses.Loss("mean_squared_error")}
    cnn.models.card.attach_card(model, Card(losses=path_losses))
    assert (head_of(model).form, head_of(model).choices) == ("numbers", ())
    with pytest.raises(
        cnn.ModelError,
        match=r"^What sums gives is known \(it was compiled with the loss mean squared error\): ",
    ):
        cnn.models.with_sums_as(model, "classes")


@pytest.mark.parametrize(
    ("model", "aim", "words"),
    [
        (ending(dense(4)), "loud", "The sums of sums cannot be taken for 'loud': choose classes, sep"),
        (ending(dense(1)), "classes", "cannot be taken for 'classes': choose separate, numbers."),
        (ending(dense(4, activation="softmax")), "numbers", "is known (it gives no plain sums): "),
    ],
)  # fmt: skip
def test_what_sums_cannot_be_is_refused_in_a_sentence(model, aim, words):
    with pytest.raises(cnn.ModelError) as refused:
        cnn.models.with_sums_as(model, aim)
    assert words in str(refused.value)


def test_each_output_is_taken_for_something_of_its_own():
    model = ending(dense(3, "first"), dense(4, "second"))
    chosen = cnn.models.with_sums_as(with_output_first(model, 1), "numbers")
    assert (head_of(chosen).last, head_of(chosen).form) == ("second", "numbers")
    back = with_output_first(chosen, 1)
    assert (head_of(back).last, head_of(back).form) == ("first", "logits")


def test_twins_of_the_network_are_twins_of_each_other_and_not_of_it():
    model = ending(dense(4))
    other = twin(model, [2 * weights for weights in model.get_weights()])
    one, two = (cnn.models.with_sums_as(net, "numbers") for net in (model, other))
    assert kept_for_twins(one) is kept_for_twins(two)
    assert kept_for_twins(one) is not kept_for_twins(model)
    assert kept_for_twins(cnn.models.with_sums_as(model, "separate")) is not kept_for_twins(one)
    for net, plain in ((one, model), (two, other)):
        np.testing.assert_allclose(
            cnn.predict(net, PICTURE).probabilities, sums_of(plain), rtol=1e-5
        )


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
def test_a_card_says_it_for_good_and_a_copy_has_what_was_seen(tmp_path, suffix):
    path = tmp_path / f"own{suffix}"
    ending(dense(4)).save(path)
    write_card(Card(("a", "b", "c", "d"), kept_sums={"sums": "numbers"}), card_path(path))
    model = cnn.load_model(path)
    assert (head_of(model).form, head_of(model).chosen) == ("numbers", "numbers")
    copy = tmp_path / "copy.keras"
    taken = cnn.models.with_sums_as(model, "separate")
    cnn.save_model(taken, copy, card=card_of(taken))
    again = cnn.load_model(copy)
    assert head_of(again).form == "scores"
    assert card_of(again).class_names == ("a", "b", "c", "d")


@pytest.mark.parametrize(
    "stated", ["numbers", ["numbers"], {"sums": "loud"}, {"sums": 3}, {"sums": ["a"]}]
)
def test_a_card_that_says_something_else_is_refused(tmp_path, stated):
    path = tmp_path / "own.card.json"
    path.write_text(json.dumps({"sums": stated}))
    with pytest.raises(cnn.ModelError, match="as sums: expected classes, separate, numbers by the"):
        read_card(path)
