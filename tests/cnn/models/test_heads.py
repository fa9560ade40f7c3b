import keras
import numpy as np
import pytest
from keras import layers, ops

import cnn
from cnn import captions
from cnn.captions.sweep import sweep
from cnn.errors import ModelError
from cnn.images.perturbations import RANGES
from cnn.models.card import Card, attach_card
from cnn.models.heads import head_of
from cnn.models.loading import as_functional
from cnn.models.losses import Loss
from tests.nets import ending

GREY = np.full((6, 6), 90, np.uint8)
HALF = layers.Activation("linear", dtype="float16")
MAPS = layers.Reshape((6, 6, 1))
PICTURE = np.random.default_rng(2).integers(0, 256, (6, 6, 1), dtype=np.uint8)


@pytest.mark.parametrize(
    ("last", "form"),
    [
        ([layers.Dense(1000, activation="softmax")], "softmax"),
        ([layers.Dense(4), layers.Softmax()], "softmax"),
        ([layers.Dense(4), layers.Activation("softmax")], "softmax"),
        ([layers.Dense(4, activation="softmax"), layers.Dropout(0.2)], "softmax"),
        ([layers.Reshape((6, 6, 1)), layers.Conv2D(3, 6), layers.Softmax(), layers.Flatten()], "softmax"),
        ([layers.Dense(4)], "logits"),
        ([layers.Dense(4), layers.Activation("linear")], "logits"),
        ([layers.Reshape((6, 6, 1)), layers.Conv2D(4, 3), layers.GlobalAveragePooling2D()], "logits"),
        ([MAPS, layers.Conv2D(4, 3, activation="relu"), layers.GlobalAveragePooling2D()], "numbers"),
        ([layers.Dense(64)], "numbers"),
        ([layers.Dense(4), layers.LeakyReLU()], "numbers"),
        ([layers.Dense(4), layers.Activation("log_softmax")], "logits"),
        ([layers.Dense(1, activation="sigmoid")], "scores"),
        ([layers.Dense(3, activation="sigmoid")], "scores"),
        ([layers.Dense(3), layers.Activation("sigmoid")], "scores"),
        ([layers.Dense(1)], "numbers"),
        ([layers.Dense(1, activation="softmax")], "numbers"),
        ([layers.Dense(4, activation="tanh")], "numbers"),
        ([layers.Dense(8), layers.UnitNormalization()], "numbers"),
        ([layers.Dense(8, activation="softmax"), layers.Rescaling(3.0)], "numbers"),
        ([layers.Dense(3), ops.sigmoid], "scores"),
        ([layers.Dense(3), ops.hard_sigmoid], "scores"),
        ([layers.Dense(4), ops.softmax], "softmax"),
        ([layers.Dense(4), ops.log_softmax], "logits"),
        ([layers.Dense(4, activation="softmax"), HALF, lambda x: ops.cast(x, "float32")], "softmax"),
        ([layers.Dense(4, activation="softmax"), lambda x: layers.average([x, ops.flip(x)])], "numbers"),
        ([layers.Dense(4), lambda x: layers.average([ops.softmax(x), ops.softmax(2 * x)])], "softmax"),
        ([layers.Dense(4), lambda x: layers.average([ops.softmax(x), ops.sigmoid(x)])], "numbers"),
        ([layers.Reshape((6, 6, 1)), layers.Conv2D(3, 1, activation="softmax")], "maps"),
        ([layers.Reshape((6, 6, 1)), layers.Conv2D(3, 1), layers.Softmax(), layers.Flatten()], "numbers"),
    ],
)  # fmt: skip
def test_what_an_output_is_follows_from_the_layers_that_give_it(last, form):
    head = head_of(ending(*last))
    assert head.form == form
    assert head.has_classes == (form in ("softmax", "logits"))


@pytest.mark.parametrize(
    ("axis", "each"), [(-1, "softmax"), (3, "softmax"), (1, "numbers"), ([1, 2], "numbers")]
)
def test_at_each_cell_are_probabilities_where_the_softmax_runs_along_the_channels(axis, each):
    assert head_of(ending(MAPS, layers.Conv2D(3, 1), layers.Softmax(axis=axis))).each == each
    if isinstance(axis, int):
        by_operation = ending(MAPS, layers.Conv2D(3, 1), lambda x: ops.softmax(x, axis=axis))
        assert head_of(by_operation).each == each


def test_sums_before_an_operation_that_is_an_activation_are_the_logits():
    dense = layers.Dense(3)
    model = ending(dense, ops.sigmoid)
    made = cnn.predict(model, PICTURE)
    flat = cnn.prepare(PICTURE, model).reshape(1, -1)
    sums = (flat @ dense.kernel.numpy() + dense.bias.numpy())[0]
    np.testing.assert_allclose(made.logits, sums, rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(made.probabilities, 1 / (1 + np.exp(-sums)), rtol=1e-5)


def test_that_sums_are_one_per_class_is_said_to_be_a_guess_where_nothing_says_it():
    assert "is a guess" in head_of(ending(layers.Dense(4))).trained
    for told in (
        Card(tuple("abcd")),
        Card(losses={"last": Loss("categorical_crossentropy", True)}),
    ):
        model = ending(layers.Dense(4, name="last"))
        attach_card(model, told)
        assert head_of(model).form == "logits"
        assert "guess" not in head_of(model).trained
    for last in (layers.Dense(4, activation="log_softmax"), layers.Dense(64), layers.Softmax()):
        assert "guess" not in head_of(ending(last)).trained


@pytest.mark.parametrize(
    ("end", "form", "words"),
    [
        (lambda x: keras.ops.squeeze(layers.Dense(1, "sigmoid")(x), -1), "scores", "one score"),
        (lambda x: keras.ops.squeeze(layers.Dense(1)(x), -1), "numbers", "one number"),
        (lambda x: keras.ops.mean(layers.Dense(3)(x), -1), "numbers", "one number"),
        (lambda x: keras.ops.argmax(layers.Dense(3)(x), -1), "numbers", "one number"),
        (lambda x: layers.Reshape(())(layers.Dense(1)(x)), "numbers", "one number"),
    ],
)
def test_a_number_without_an_axis_is_an_output_of_one(end, form, words):
    picture = keras.Input((6, 6, 1), name="picture")
    model = as_functional(keras.Model(picture, end(layers.Flatten()(picture))))
    prediction = cnn.predict(model, GREY)
    assert prediction.head.form == form
    assert captions.verdict(prediction).startswith(f"gives {words}")
    expected = float(np.asarray(model(cnn.prepare(GREY, model)))[0])
    assert prediction.probabilities == pytest.approx([expected], abs=1e-6)
    if prediction.logits is not None:
        sums = prediction.logits
        made = 1 / (1 + np.exp(-sums)) if form == "scores" else sums
        assert made == pytest.approx([expected], abs=1e-5)


def test_many_sums_are_logits_where_the_card_names_as_many_classes():
    model = ending(layers.Dense(20))
    attach_card(model, Card(tuple(f"class {i}" for i in range(20))))
    assert head_of(model).form == "logits"


def test_the_layer_inside_a_nested_model_decides():
    inside = keras.Sequential(
        [layers.Dense(5, activation="softmax", name="classes")], name="inside"
    )
    head = head_of(ending(inside))
    assert (head.form, head.last) == ("softmax", "inside/classes")


def test_of_several_outputs_the_first_is_told():
    picture = keras.Input((6, 6, 1))
    flat = layers.Flatten()(picture)
    outputs = [layers.Dense(1, name="age")(flat), layers.Dense(3, activation="softmax")(flat)]
    model = as_functional(keras.Model(picture, outputs))
    assert (head_of(model).form, head_of(model).outputs, head_of(model).last) == (
        "numbers",
        2,
        "age",
    )
    assert cnn.predict(model, PICTURE).probabilities.shape == (1,)


def test_probabilities_are_taken_from_sums_by_softmax_and_from_nothing_else():
    sums = cnn.predict(ending(layers.Dense(4)), PICTURE)
    assert sums.probabilities.sum() == pytest.approx(1, abs=1e-6)
    embedding = cnn.predict(ending(layers.Dense(4), layers.UnitNormalization()), PICTURE)
    assert np.square(embedding.probabilities).sum() == pytest.approx(1, abs=1e-5)
    assert embedding.logits is None
    assert not embedding.has_classes
    number = cnn.predict(ending(layers.Dense(1)), PICTURE)
    assert number.probabilities == number.logits


def test_equal_classes_have_no_winner():
    model = ending(layers.Dense(10, activation="softmax", kernel_initializer="zeros"))
    prediction = cnn.predict(model, PICTURE)
    assert prediction.winner is None
    assert prediction.tied == 10
    assert captions.verdict(prediction) == "has no winner: 10 classes share 10.0%"
    told = captions.probabilities(cnn.layer_infos(model)[-1], prediction)
    assert told.notice == "There is no winner: 10 classes share 10.0%."


def test_a_winner_by_little_is_a_winner():
    model = ending(layers.Dense(3, activation="softmax", kernel_initializer="zeros"))
    model.layers[-1].bias.assign([0.0, 1e-3, 0.0])
    assert cnn.predict(model, PICTURE).winner == "1"


def test_numbers_that_are_not_finite_have_no_winner():
    model = ending(layers.Dense(3, activation="softmax"))
    model.layers[-1].bias.assign([np.nan, 0, 0])
    assert cnn.predict(model, PICTURE).winner is None


def test_what_is_no_probability_is_told_as_it_is():
    one = ending(layers.Dense(1, activation="sigmoid", kernel_initializer="zeros"))
    assert captions.verdict(cnn.predict(one, GREY)) == "gives one score between 0 and 1 (0.5)"
    three = ending(layers.Dense(3, activation="sigmoid", kernel_initializer="zeros"))
    told = captions.verdict(cnn.predict(three, GREY))
    assert told == "gives 3 separate scores between 0 and 1 (0.5, 0.5, 0.5)"


@pytest.mark.parametrize("units", [1, 3])
def test_classes_are_not_taught_or_attacked_where_there_are_none(units):
    model = ending(layers.Dense(units, activation="sigmoid"))
    for asked in (
        lambda: cnn.teach(model, PICTURE, label=0),
        lambda: cnn.fgsm(model, PICTURE, 0.1),
    ):
        with pytest.raises(ModelError, match="needs class probabilities: this model gives"):
            asked()


def test_along_a_sweep_equal_classes_have_no_winner():
    values = np.linspace(-180, 180, 5).astype(np.float32)
    equal = np.full((5, 4), 0.25, np.float32)
    told = sweep(values, equal, list("abcd"), RANGES["rotate"])
    assert told.notice == "It stays without a winner over the whole range."
    equal[4] = (0.7, 0.1, 0.1, 0.1)
    told = sweep(values, equal, list("abcd"), RANGES["rotate"])
    assert told.notice == "From 180° on it becomes an a."
