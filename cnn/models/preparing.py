"""Any picture made ready for a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.images.pixels import as_pixels, fit
from cnn.models.card import card_of
from cnn.models.inputs import input_shape, scale_of
from cnn.models.sizes import size_for

if TYPE_CHECKING:
    import keras


def prepare(image: Any, model: keras.Model) -> NDArray[np.float32]:
    """Return the picture as the batch of one that `model` takes: float32 (1, height, width, channels).

    A picture in the model's size is only scaled; another is resized and recoloured first, to the
    size that `size_for` states. The scale is the one that `scale_of` states. Raises `ImageError`
    for what is no picture.
    """
    return scale_of(model).applied(fitted(image, model)[None])


def fitted(image: Any, model: keras.Model) -> NDArray[np.uint8]:
    """Return the pixels of the picture, 0 to 255, in the model's size: (height, width, channels)."""
    pixels = as_pixels(image)
    size, colours = size_for(model, *pixels.shape[:2]), card_of(model).colours
    return fit(pixels, *size, input_shape(model)[2], colours)
