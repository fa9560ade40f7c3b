"""The layer that changes channels of a network that is looked at.

What is compiled gets its numbers as arguments, as it gets the weights. So another factor compiles
nothing anew.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np


class Rescaling(keras.layers.Rescaling):
    """A `Rescaling` of Keras with a factor and an offset for each channel, float32 (channels,).

    They are variables, but no weights: a network with such layers has the weights that it had.
    """

    def __init__(self, scale: Any, offset: Any, **settings: Any) -> None:
        super().__init__(scale, offset, **settings)
        for name in ("scale", "offset"):
            numbers = np.asarray(getattr(self, name), np.float32)
            # Keras counts what is set in the usual way among the weights.
            object.__setattr__(self, name, keras.Variable(numbers, trainable=False, name=name))

    def get_config(self) -> dict[str, Any]:
        """Return the settings, the numbers as lists."""
        numbers = {name: getattr(self, name).numpy().tolist() for name in ("scale", "offset")}
        settings: dict[str, Any] = keras.layers.Layer.get_config(self)
        return {**settings, **numbers}


def factors_of(model: keras.Model) -> list[keras.Variable]:
    """Return the factors and offsets of all such layers of the model and of those inside it."""
    return [number for layer in _layers(model) for number in (layer.scale, layer.offset)]


def _layers(model: Any) -> Iterator[Rescaling]:
    for layer in model.layers:
        if isinstance(layer, Rescaling):
            yield layer
        elif isinstance(layer, keras.Model):
            yield from _layers(layer)
