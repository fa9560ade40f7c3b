"""The layers that stand between the picture and what a network takes: no part of the network.

Each has the name of the network's input that it makes of the picture, or of a step to it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np


class _Adapter:
    """`place` is which of the network's inputs the layer stands for; None for a step to one.

    `taken` is the shape that this input takes, without the batch axis.
    """

    def __init__(
        self, *given: Any, place: int | None = None, taken: Any = (), **settings: Any
    ) -> None:
        super().__init__(*given, **settings)
        self.place = place
        self.taken = tuple(taken)

    def get_config(self) -> dict[str, Any]:
        """Return the settings."""
        own = {"place": self.place, "taken": self.taken}
        return {**super().get_config(), **own}  # type: ignore[misc]


class Reshape(_Adapter, keras.layers.Reshape):
    """The numbers of the picture in another shape."""


class Permute(_Adapter, keras.layers.Permute):
    """The picture with its channels first."""


class Identity(_Adapter, keras.layers.Identity):
    """The same picture for a further input."""


class Constant(_Adapter, keras.layers.Layer):
    """What a network takes beside the picture: the same numbers (no batch axis) for every one.

    They are a variable, but no weight, so that what was compiled gets others as an argument.
    """

    def __init__(self, numbers: Any, **settings: Any) -> None:
        super().__init__(**settings)
        given = np.asarray(numbers, np.float32)
        # Keras counts what is set in the usual way among the weights.
        object.__setattr__(self, "numbers", keras.Variable(given, trainable=False, name="numbers"))

    def call(self, picture: Any) -> Any:
        """Return (batch, *shape)."""
        given = keras.ops.cast(self.numbers, self.compute_dtype)
        return keras.ops.broadcast_to(given, (keras.ops.shape(picture)[0], *self.numbers.shape))

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        """Return the shape of the output."""
        return (shape[0], *self.numbers.shape)

    def get_config(self) -> dict[str, Any]:
        """Return the settings."""
        return {**super().get_config(), "numbers": self.numbers.numpy().tolist()}


class Rows(Constant):
    """What a network takes beside each picture of a batch: numbers with the batch axis."""

    def call(self, picture: Any) -> Any:  # noqa: ARG002
        """Return (batch, *shape)."""
        return keras.ops.cast(self.numbers, self.compute_dtype)

    def compute_output_shape(self, shape: Any) -> tuple[Any, ...]:
        """Return the shape of the output."""
        return (shape[0], *self.numbers.shape[1:])


def given_numbers(model: keras.Model) -> list[keras.Variable]:
    """Return the numbers that the model's further inputs are given."""
    return [layer.numbers for layer in model.layers if isinstance(layer, Constant)]


def is_adapter(layer: Any) -> bool:
    """Whether the layer is one of these."""
    return isinstance(layer, _Adapter)
