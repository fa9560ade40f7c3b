"""What goes into a model: the shape of its picture, and how pixels are scaled."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cnn.models.card import card_of
from cnn.models.inserted import is_inserted
from cnn.models.internals import every_layer
from cnn.words import scaled

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Scale:
    """What pixels of 0 to 255 are multiplied with before they enter the model, and why."""

    factor: float
    reason: str


def input_shape(model: keras.Model) -> tuple[int | None, int | None, int]:
    """Return (height, width, channels) of the model's input; None where any size is taken."""
    _, height, width, channels = model.inputs[0].shape
    return height, width, int(channels)


def scale_of(model: keras.Model) -> Scale:
    """Return how pixels are scaled for the model: by its own layers, its card, or 1/255."""
    if any(_scales(layer) for layer in every_layer(model)):
        return Scale(1.0, "not scaled: the model scales its input itself")
    stated = card_of(model).scale
    if stated is not None:
        return Scale(float(stated), f"{scaled(float(stated))}, as the model's card says")
    return Scale(1 / 255, "divided by 255, the usual choice: the model says nothing")


def _scales(layer: Any) -> bool:
    import keras

    scaling = keras.layers.Rescaling | keras.layers.Normalization
    return isinstance(layer, scaling) and not is_inserted(layer)
