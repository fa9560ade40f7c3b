"""What Keras 2 computed and Keras 3 does not, as functions that files can name."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

# How a file names the function below.
HARD_SIGMOID = "cnn>hard_sigmoid_of_keras_2"


@cache
def hard_sigmoid() -> Callable[[Any], Any]:
    """Return the `hard_sigmoid` of Keras 2, x/5 + 1/2 between 0 and 1; that of Keras 3 has x/6.

    It is registered with Keras from the first call on, so that a network with it can be saved and opened.
    """
    import keras

    def hard_sigmoid_of_keras_2(x: Any) -> Any:
        return keras.ops.clip(0.2 * x + 0.5, 0.0, 1.0)

    keras.saving.register_keras_serializable("cnn")(hard_sigmoid_of_keras_2)
    return hard_sigmoid_of_keras_2


def name_of(activation: Any) -> str | None:
    """Return the name of a function that Keras has as an activation, or had; None for any other."""
    import keras

    name = str(getattr(activation, "__name__", ""))
    is_known = activation in (getattr(keras.activations, name, None), hard_sigmoid())
    return name if activation is not None and is_known else None
