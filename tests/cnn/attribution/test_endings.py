"""The logit is explained whatever layer the softmax is in, and whatever only hands its answer on."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.target import Target
from cnn.captions.attribution import explained
from cnn.models.heads import head_of

CLASSES = 3
SIDE = 6
CELL = (2, 3)
ENDINGS = {
    "transposed convolution": (layers.Conv2DTranspose(CLASSES, 3, padding="same", activation="softmax"),),
    "separable convolution": (layers.SeparableConv2D(CLASSES, 3, padding="same", activation="softmax"),),
    "einsum": (layers.EinsumDense("abcx,xy->abcy", (SIDE, SIDE, CLASSES), bias_axes="y",
                                  activation="softmax"),),
    "handed on": (layers.Conv2D(CLASSES, 1, activation="softmax"), layers.Activation("linear")),
    "reshaped": (layers.Conv2D(CLASSES, 1, activation="softmax"), layers.Reshape((SIDE * SIDE, CLASSES))),
    "one line": (layers.Reshape((SIDE * SIDE, 2)), layers.Conv1D(CLASSES, 1, activation="softmax")),
    "sigmoids": (layers.Conv2DTranspose(CLASSES, 3, padding="same", activation="sigmoid"),),
}  # fmt: skip


@pytest.fixture(params=ENDINGS)
def model(request) -> keras.Model:
    keras.utils.set_random_seed(3)
    entered = keras.Input((SIDE, SIDE, 1))
    x = layers.Conv2D(2, 3, padding="same", activation="relu")(entered)
    for layer in ENDINGS[request.param]:
        # The same layer would share its weights with another test.
        x = type(layer).from_config(layer.get_config())(x)
    return keras.Model(entered, x)


@pytest.fixture
def picture() -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (SIDE, SIDE, 1), np.uint8)


def cell_of(model: keras.Model) -> tuple[int, ...]:
    return CELL if len(model.output_shape) == 4 else (SIDE * CELL[0] + CELL[1],)


def value(model: keras.Model, picture: np.ndarray, of: int) -> float:
    return cnn.attribute(model, picture, target=Target(of, cell=cell_of(model))).value


def test_what_is_explained_gives_the_answer(model, picture):
    answer = np.asarray(model(cnn.prepare(picture, model)))[0][cell_of(model)]
    sums = np.array([value(model, picture, of) for of in range(CLASSES)], np.float64)
    is_softmax = head_of(model).each == "softmax"
    powers = np.exp(sums - sums.max())
    expected = powers / powers.sum() if is_softmax else 1 / (1 + np.exp(-sums))
    np.testing.assert_allclose(answer, expected, rtol=1e-5)
    words = explained(Target(1, cell=cell_of(model)), head_of(model), ("a", "b", "c"))
    assert words.startswith("the logit of b at row")


def test_a_saturated_answer_gives_the_same_map(model, picture):
    def normalised() -> np.ndarray:
        target = Target(1, cell=cell_of(model))
        found = cnn.attribute(model, picture, method="saliency", target=target).plane
        assert found.max() > 0
        return found / found.max()

    before = normalised()
    last = [layer for layer in model.layers if layer.weights][-1]
    last.set_weights([1000 * weights for weights in last.get_weights()])
    np.testing.assert_allclose(normalised(), before, rtol=1e-5, atol=1e-5)


def test_a_number_that_a_function_squashes_is_said_to_be_the_sum_before_it():
    entered = keras.Input((SIDE, SIDE, 1))
    answer = layers.Dense(2, activation="tanh")(layers.Flatten()(entered))
    head = head_of(keras.Model(entered, answer))
    assert explained(Target(1), head, ("0", "1")) == "the sum before tanh of 1"


def test_where_the_sums_cannot_be_had_the_probability_is_named():
    entered = keras.Input((SIDE, SIDE, 1))
    flat = layers.Flatten()(entered)
    both = [layers.Dense(3, activation="softmax")(flat) for _ in range(2)]
    head = head_of(keras.Model(entered, layers.Average()(both)))
    assert explained(Target(1), head, ("a", "b", "c")) == "the probability of b"
