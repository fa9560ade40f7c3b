"""Pictures as arrays: read, cut and resized."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError


def crop(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return the largest part in the middle of the picture that is shaped as height to width."""
    rows, columns = pixels.shape[:2]
    part = min(rows / height, columns / width)
    high, wide = max(1, round(part * height)), max(1, round(part * width))
    top, left = (rows - high) // 2, (columns - wide) // 2
    return pixels[top : top + high, left : left + wide]


def as_pixels(image: Any) -> NDArray[np.uint8]:
    """Return a picture as uint8 (height, width, channels).

    Accepted are whole numbers from 0 to 255 and fractions from 0 to 1, of shape (height, width) or
    (height, width, 1 or 3). Anything else raises `ImageError`.
    """
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] not in (1, 3) or not array.size:
        raise ImageError(
            f"A picture of shape {np.shape(image)} was given: expected (height, width) or "
            "(height, width, channels) with 1 or 3 channels."
        )
    if array.dtype == np.uint8:
        return array
    limit = 255 if np.issubdtype(array.dtype, np.integer) else 1
    if not (np.issubdtype(array.dtype, np.number) and array.min() >= 0 and array.max() <= limit):
        raise ImageError(
            f"A picture of {array.dtype} was given whose values are not within 0 to {limit}: "
            "expected whole numbers from 0 to 255 or fractions from 0 to 1."
        )
    return np.round(array * (255 / limit)).astype(np.uint8)


def fit(pixels: NDArray[np.uint8], height: int, width: int, channels: int) -> NDArray[np.uint8]:
    """Return uint8 pixels resized (bilinear) and recoloured to (height, width, channels)."""
    if pixels.shape == (height, width, channels):
        return pixels
    mode = "L" if channels == 1 else "RGB"
    picture = Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).convert(mode)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(picture).reshape(height, width, channels)
