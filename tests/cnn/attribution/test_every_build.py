"""Every method on every way in which a network is built and ends, beside the same weights put plainly."""

from collections.abc import Callable

import keras
import numpy as np
import pytest
from keras import layers

import cnn
from cnn.attribution.methods import METHODS

SHAPE = (8, 9, 3)
SCENE = np.random.default_rng(2).integers(0, 256, SHAPE, dtype=np.uint8)
OTHERS = np.random.default_rng(0).integers(0, 256, (3, *SHAPE), dtype=np.uint8)


def body() -> list[layers.Layer]:
    return [
        layers.Conv2D(4, 3, activation="relu", name="first"),
        layers.MaxPooling2D(2, name="pool"),
        layers.Conv2D(6, 2, use_bias=False, name="second"),
        layers.BatchNormalization(name="norm"),
        layers.ReLU(name="rectified"),
    ]


def through(steps: list[layers.Layer], x: keras.KerasTensor) -> keras.KerasTensor:
    for step in steps:
        x = step(x)
    return x


def flat(end: list[layers.Layer]) -> keras.Model:
    picture = keras.Input(SHAPE)
    return keras.Model(picture, through([*body(), layers.Flatten(), *end], picture))


def sequential(end: list[layers.Layer]) -> keras.Model:
    return keras.Sequential([keras.Input(SHAPE), *body(), layers.Flatten(), *end])


def called(end: list[layers.Layer]) -> keras.Model:
    """A Sequential without an Input, which knows its shape from what it was called with."""
    model = keras.Sequential([*body(), layers.Flatten(), *end])
    model(np.zeros((1, *SHAPE), np.float32))
    return model


def with_backbone(end: list[layers.Layer]) -> keras.Model:
    inside = keras.Input(SHAPE)
    backbone = keras.Model(inside, through(body(), inside), name="backbone")
    picture = keras.Input(SHAPE)
    return keras.Model(picture, through([backbone, layers.Flatten(), *end], picture))


def nested_twice(end: list[layers.Layer]) -> keras.Model:
    first, pool, *rest = body()
    inner = keras.Sequential([first, pool], name="inner")
    outer = keras.Sequential([inner, *rest], name="outer")
    head = keras.Sequential([layers.Flatten(), *end], name="head")
    return keras.Sequential([keras.Input(SHAPE), outer, head])


BUILDS = [flat, sequential, called, with_backbone, nested_twice]


def ending(units: int, how: str, activation: str) -> list[layers.Layer]:
    if how == "inside":
        return [layers.Dense(units, activation=activation, name="scores")]
    last = {"none": [], "as a layer": [layers.Activation(activation)]}[how]
    return [layers.Dense(units, name="scores"), *last]


HEADS = {
    "logits": (3, "none", "softmax"),
    "softmax inside": (3, "inside", "softmax"),
    "softmax as a layer": (3, "as a layer", "softmax"),
    "sigmoid inside": (1, "inside", "sigmoid"),
    "sigmoid as a layer": (1, "as a layer", "sigmoid"),
}


def weighed(model: keras.Model) -> keras.Model:
    """The model with numbers that depend on nothing but the shapes, the statistics included."""
    random = np.random.default_rng(7)
    model.set_weights([random.uniform(-0.4, 0.6, one.shape) for one in model.get_weights()])
    (norm,) = (one for one in model._flatten_layers() if one.name == "norm")
    norm.set_weights([random.uniform(0.5, 2, one.shape) for one in norm.get_weights()])
    return model


def maps(model: keras.Model, units: int) -> dict[str, cnn.Attribution]:
    found = {}
    for name, method in METHODS.items():
        options = {"baselines": OTHERS} if "baselines" in method.options else {}
        found[name] = cnn.attribute(model, SCENE, method=name, target=units - 1, **options)
    return found


@pytest.fixture(scope="module")
def plainly() -> dict[int, dict[str, cnn.Attribution]]:
    """The maps of a flat functional network that ends in its logits, by their number."""
    return {units: maps(weighed(flat([layers.Dense(units)])), units) for units in (1, 3)}


@pytest.mark.parametrize("head", HEADS)
@pytest.mark.parametrize("build", BUILDS)
def test_it_is_as_of_the_same_weights_in_a_flat_network_of_logits(
    build: Callable, head: str, plainly
):
    units = HEADS[head][0]
    model = weighed(build(ending(*HEADS[head])))
    for name, found in maps(model, units).items():
        expected = plainly[units][name]
        largest = abs(expected.map).max()
        assert largest > 1e-3, name
        np.testing.assert_allclose(
            found.map, expected.map, rtol=0, atol=1e-5 * largest, err_msg=name
        )
        assert found.value == pytest.approx(expected.value, rel=1e-5), name
