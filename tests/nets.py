"""Small networks for tests."""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

from cnn.models import as_functional


def second() -> keras.Model:
    """Branches, a nested block, a shared layer, batch normalisation, 20x30 RGB, five classes."""
    keras.utils.set_random_seed(1)
    picture = keras.Input((20, 30, 3), name="picture")
    x = layers.Rescaling(1 / 255, name="scale")(picture)
    left = layers.Conv2D(8, 3, padding="same", name="left")(x)
    right = layers.Conv2D(8, (1, 5), padding="same", use_bias=False, name="right")(x)
    x = layers.Concatenate(name="join")([left, right])
    x = layers.BatchNormalization(name="norm")(x)
    x = _block()(layers.ReLU(name="relu")(x))
    shared = layers.Conv2D(6, 1, name="shared")
    x = shared(shared(x))
    tail = [layers.Conv2D(4, 2, name="last"), layers.GlobalAveragePooling2D(name="gap")]
    x = keras.Sequential(tail, name="tail")(x)
    classes = layers.Dense(5, activation="softmax", name="classes")(x)
    return as_functional(keras.Model(picture, classes, name="second"))


def _block() -> keras.Model:
    inside = keras.Input((20, 30, 16))
    x = layers.Conv2D(6, 3, strides=2, activation="relu", name="conv")(inside)
    x = layers.DepthwiseConv2D(3, name="depthwise")(x)
    return keras.Model(inside, x, name="block")


def single_convolution(kernel, bias=0.0, **options) -> keras.Model:
    """A convolution with the given kernel (height, width, in, out), then a sum and a softmax."""
    height, width, channels, filters = kernel.shape
    picture = keras.Input((9, 12, channels), name="picture")
    convolution = layers.Conv2D(filters, (height, width), name="convolution", **options)
    x = convolution(picture)
    x = layers.GlobalAveragePooling2D(name="means")(x)
    outputs = layers.Dense(2, activation="softmax", name="classes")(x)
    model = keras.Model(picture, outputs)
    convolution.set_weights([kernel, np.full(filters, bias, np.float32)])
    return as_functional(model)
