"""Small networks whose attributions are known, and what the package `saliency` is asked with."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from saliency import core

from cnn.attribution.relevance.rules import back
from cnn.attribution.relevance.step import Back, Step
from cnn.models.loading import as_functional

Asked = Callable[..., dict[str, np.ndarray]]


@pytest.fixture(scope="session")
def scene() -> np.ndarray:
    """A picture for these networks, uint8 (6, 7, 2)."""
    return np.random.default_rng(1).integers(20, 236, (6, 7, 2), dtype=np.uint8)


@pytest.fixture(scope="session")
def linear() -> keras.Model:
    """Three sums of all numbers of a picture 6x7x2: w·x + b."""
    keras.utils.set_random_seed(3)
    picture = keras.Input((6, 7, 2))
    sums = layers.Dense(3, bias_initializer="normal", name="sums")
    return as_functional(keras.Model(picture, sums(layers.Flatten()(picture))))


@pytest.fixture(scope="session")
def weights(linear) -> np.ndarray:
    """The weights of the second sum, (6, 7, 2)."""
    return linear.get_layer("sums").get_weights()[0][:, 1].reshape(6, 7, 2)


@pytest.fixture(scope="session")
def smooth() -> keras.Model:
    """A network without kinks on 6x7x2, that ends with a softmax of three classes."""
    keras.utils.set_random_seed(4)
    picture = keras.Input((6, 7, 2), name="picture")
    x = layers.Conv2D(4, 3, activation="tanh")(picture)
    sums = layers.Dense(3, name="sums")(layers.Flatten()(x))
    return as_functional(keras.Model(picture, layers.Softmax()(sums)))


def asked(model: keras.Model, name: str, of: int) -> Asked:
    """What `saliency` asks: the number `of` of a layer and its gradients, computed step by step."""
    bare = keras.Model(model.inputs, model.get_layer(name).output)

    def ask(pictures: Any, call_model_args: Any = None, expected_keys: Any = None) -> Any:
        batch = tf.convert_to_tensor(np.asarray(pictures, np.float32))
        with tf.GradientTape() as tape:
            tape.watch(batch)
            values = bare(batch)[:, of]
        gradients = tape.gradient(values, batch)
        return {
            core.OUTPUT_LAYER_VALUES: values.numpy(),
            core.INPUT_OUTPUT_GRADIENTS: gradients.numpy(),
        }

    return ask


@pytest.fixture(scope="session")
def ask_smooth(smooth) -> Asked:
    """What `saliency` asks of the second logit of the smooth network."""
    return asked(smooth, "sums", 1)


def doubled(step: Step) -> Back:
    """A rule of LRP that breaks its law: a layer gives its inputs twice what it has."""
    sent, absorbed = back(step)
    return [2 * one for one in sent], absorbed


def laid_out(**settings: str) -> keras.Model:
    """A small network with its channels last or first, in any precision, always with the same weights."""
    keras.utils.set_random_seed(9)
    picture = keras.Input((3, 8, 9) if "data_format" in settings else (8, 9, 3))
    x = layers.Conv2D(4, 3, activation="relu", **settings)(picture)
    x = layers.MaxPooling2D(2, **settings)(x)
    x = layers.Conv2D(6, 2, activation="relu", name="maps", **settings)(x)
    x = layers.GlobalAveragePooling2D(**settings)(x)
    return as_functional(keras.Model(picture, layers.Dense(3, "softmax", dtype="float32")(x)))


@pytest.fixture(scope="session")
def plain() -> keras.Model:
    return laid_out()


OTHERS = {
    "channels first": ({"data_format": "channels_first"}, 1e-5),
    "half precision": ({"dtype": "mixed_float16"}, 0.03),
}


@pytest.fixture(scope="session", params=OTHERS)
def other(request) -> tuple[keras.Model, float]:
    settings, tolerance = OTHERS[request.param]
    return laid_out(**settings), tolerance
