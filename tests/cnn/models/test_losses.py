"""The loss in a model's file says whether its last sums are logits; it is read, and never compiled."""

import json

import h5py
import keras
import numpy as np
import pytest
from keras import layers
from keras.losses import BinaryCrossentropy, CategoricalCrossentropy, Huber
from keras.losses import SparseCategoricalCrossentropy as SparseCrossentropy

import cnn
from cnn.models.heads import head_of, heads_of
from cnn.models.losses import Loss, Place, compiled_losses, read_losses

PICTURE = np.random.default_rng(2).integers(0, 256, (6, 6, 1), dtype=np.uint8)


def loaded(path, *units, loss):
    """Return a network with dense outputs named a, b and so on, as its file is opened."""
    picture = keras.Input((6, 6, 1))
    flat = layers.Flatten()(picture)
    outputs = [layers.Dense(n, name=name)(flat) for n, name in zip(units, "abc", strict=False)]
    model = keras.Model(picture, outputs if len(outputs) > 1 else outputs[0])
    if loss is not None:
        model.compile("sgd", loss=loss)
    model.save(path)
    return cnn.load_model(path)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize(
    ("units", "loss", "form", "said"),
    [
        (4, "mse", "numbers", "mean squared error"),
        (4, "mean_absolute_error", "numbers", "mean absolute error"),
        (4, Huber(), "numbers", "huber"),
        (4, keras.losses.mean_squared_error, "numbers", "mean squared error"),
        (4, BinaryCrossentropy(from_logits=True), "scores", "binary crossentropy of sums"),
        (1, keras.losses.BinaryFocalCrossentropy(from_logits=True), "scores",
         "binary focal crossentropy of sums"),
        (4, SparseCrossentropy(from_logits=True), "logits", "sparse categorical crossentropy of sums"),
        (40, CategoricalCrossentropy(from_logits=True), "logits", "categorical crossentropy of sums"),
        (4, "sparse_categorical_crossentropy", "logits", ""),
        (4, "hinge", "numbers", "hinge"),
        (4, "squared_hinge", "numbers", "squared hinge"),
        (4, keras.losses.CategoricalHinge(), "numbers", "categorical hinge"),
        (4, "binary_crossentropy", "numbers", "binary crossentropy"),
        (4, None, "logits", ""),
        (40, None, "numbers", ""),
    ],
)  # fmt: skip
def test_the_loss_tells_sums_of_classes_from_other_numbers(
    tmp_path, suffix, units, loss, form, said
):
    head = head_of(loaded(tmp_path / f"m{suffix}", units, loss=loss))
    assert head.form == form
    expected = f"It was compiled with the loss {said}." if said else ""
    assert head.is_guess == (form == "logits" and loss is None)
    assert head.is_guess or head.trained == expected


def test_what_a_card_says_of_losses_is_kept_and_what_it_cannot_say_is_named(tmp_path):
    path = tmp_path / "m.keras"
    loaded(path, 4, loss=None)
    card = path.with_name("m.card.json")
    for stated in ({"a": "mse"}, {"a": Loss("mean_squared_error").written}):
        card.write_text(json.dumps({"losses": stated}))
        assert head_of(cnn.load_model(path)).form == "numbers"
    model = cnn.load_model(path)
    cnn.save_model(model, tmp_path / "again.keras", card=cnn.models.card_of(model))
    assert head_of(cnn.load_model(tmp_path / "again.keras")).form == "numbers"
    card.write_text(json.dumps({"losses": ["mse"]}))
    with pytest.raises(
        cnn.ModelError, match=r"m\.card\.json gives \"\['mse'\]\" as losses: expected"
    ):
        cnn.load_model(path)


class Own(keras.losses.Loss):
    def call(self, y_true, y_pred):
        return y_pred - y_true

    def get_config(self):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("loss", "known"),
    [
        ("mse", Loss("mean_squared_error")),
        (SparseCrossentropy(from_logits=True), Loss("sparse_categorical_crossentropy", True)),
        (keras.losses.huber, Loss("huber")),
        (None, None),
        (lambda y_true, y_pred: y_pred - y_true, None),
        (Own(), None),
    ],
)
def test_the_loss_of_a_model_in_memory_is_known_if_it_is_one_of_keras(loss, known):
    model = keras.Sequential([keras.Input((6, 6, 1)), layers.Flatten(), layers.Dense(4)])
    if loss is not None:
        model.compile("sgd", loss=loss)
    assert compiled_losses(model) == (known,)


@pytest.mark.parametrize("units", [1, 3])
def test_of_sums_trained_by_their_sigmoids_these_are_shown_and_said_to_be_that(tmp_path, units):
    model = loaded(tmp_path / "m.keras", units, loss=BinaryCrossentropy(from_logits=True))
    passed = cnn.forward(model, PICTURE)
    prediction, head = passed.prediction, passed.prediction.head
    scores = 1 / (1 + np.exp(-prediction.logits))
    np.testing.assert_allclose(prediction.probabilities, scores, rtol=1e-6)
    np.testing.assert_allclose(prediction.logits, passed.activations[head.last], rtol=1e-6)
    words = {
        1: "one sum, whose sigmoid is a score between 0 and 1",
        3: "3 sums, whose sigmoids are separate scores between 0 and 1",
    }
    assert head.description == words[units]
    assert not prediction.has_classes
    made = cnn.explain_output(model, PICTURE, target=units - 1)
    assert made.function.name == "sigmoid"
    assert made.function.gives(made.result)
    assert made.is_proved


@pytest.mark.parametrize(
    ("units", "loss", "form"),
    [
        (1, BinaryCrossentropy(from_logits=True), "scores"),
        (3, BinaryCrossentropy(from_logits=True), "scores"),
        (3, SparseCrossentropy(from_logits=True), "logits"),
        (3, "mse", "numbers"),
        (1, None, "numbers"),
    ],
)
def test_what_several_sums_were_joined_to_is_what_the_loss_says(tmp_path, units, loss, form):
    picture = keras.Input((6, 6, 1))
    flat = layers.Flatten()(picture)
    joined = layers.Average()([layers.Dense(units)(flat), layers.Dense(units)(flat)])
    model = keras.Model(picture, joined)
    model.compile("sgd", loss=loss)
    model.save(tmp_path / "m.keras")
    assert head_of(cnn.load_model(tmp_path / "m.keras")).form == form


def test_numbers_of_a_regression_are_told_as_they_are(tmp_path):
    model = loaded(tmp_path / "m.keras", 3, loss="mae")
    prediction = cnn.predict(model, PICTURE)
    assert not prediction.has_classes
    np.testing.assert_array_equal(prediction.probabilities, prediction.logits)


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("by_name", [True, False])
def test_each_output_has_its_own_loss_whatever_is_looked_at(tmp_path, suffix, by_name):
    each = ["mse", SparseCrossentropy(from_logits=True)]
    loss = dict(zip("ab", each, strict=True)) if by_name else each
    model = loaded(tmp_path / f"m{suffix}", 3, 20, loss=loss)
    assert [head.form for head in heads_of(model)] == ["numbers", "logits"]
    other = cnn.models.choosing.with_output_first(model, 1)
    assert [head.form for head in heads_of(other)] == ["logits", "numbers"]


@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("nested", [False, True])
def test_the_losses_of_outputs_with_names_of_their_own_go_by_these(tmp_path, suffix, nested):
    """The names are those of the other layers, so that no loss comes right by the layer."""
    picture = keras.Input((6, 6, 1))
    flat = layers.Flatten()(picture)
    outputs = {"b": layers.Dense(4, name="a")(flat), "a": layers.Dense(20, name="b")(flat)}
    loss = {"b": "mse", "a": SparseCrossentropy(from_logits=True)}
    if nested:
        outputs, loss = {"c": outputs}, {"c": loss}
    model = keras.Model(picture, outputs)
    model.compile("sgd", loss=loss)
    model.save(tmp_path / f"m{suffix}")
    opened = cnn.load_model(tmp_path / f"m{suffix}")
    expected = {"a": "numbers", "b": "logits"}
    assert {head.last: head.form for head in heads_of(opened)} == expected
    by_layer = dict(zip(model.output_names, compiled_losses(model), strict=True))
    assert by_layer == cnn.models.card_of(opened).losses


@pytest.mark.parametrize(
    "training", ["", "{", "7", "null", json.dumps({"loss": {"a": [1]}}), '{"loss": "own"}']
)
def test_what_says_no_loss_of_keras_changes_nothing(tmp_path, training):
    path = tmp_path / "m.h5"
    loaded(path, 4, loss="mse")
    with h5py.File(path, "a") as file:
        file.attrs["training_config"] = training
    assert head_of(cnn.load_model(path)).form == "logits"


def test_a_loss_that_is_no_word_is_none():
    one = [Place("a")]
    assert read_losses({"loss": [["mse"]]}, one) == (None,)
    assert read_losses({"loss": {"class_name": 5, "config": {}}}, one) == (None,)
    assert read_losses({"loss": ["mse"]}, [*one, Place("b")]) == (None, None)
    assert read_losses({"loss": "MSE"}, one) == (Loss("mean_squared_error"),)
