"""Pictures as arrays: read, cut and resized."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError

MOST_CHANNELS = 64
Colours = tuple[int, int, int]
RED_GREEN_BLUE: Colours = (0, 1, 2)
_COLOURS = 3


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
    (height, width, channels) with at most 64 channels. Anything else raises `ImageError`.
    """
    array = np.asarray(image)
    if array.ndim == 2:
        array = array[..., None]
    if array.ndim != 3 or array.shape[-1] > MOST_CHANNELS or not array.size:
        raise ImageError(
            f"A picture of shape {np.shape(image)} was given: expected (height, width) or "
            f"(height, width, channels) with 1 to {MOST_CHANNELS} channels."
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


def fit(
    pixels: NDArray[np.uint8],
    height: int,
    width: int,
    channels: int,
    colours: Colours = RED_GREEN_BLUE,
) -> NDArray[np.uint8]:
    """Return uint8 pixels resized (bilinear) and recoloured to (height, width, channels).

    Of more channels than three, `colours` are those that are red, green and blue in a picture of three:
    the others are then black, and those of a grey picture are all the same.
    """
    if pixels.shape == (height, width, channels):
        return pixels
    if pixels.shape[-1] == channels:
        return _resized(pixels, height, width)
    three = in_colours(pixels, colours)
    if channels in (1, _COLOURS):
        return _recoloured(three, height, width, channels)
    if pixels.shape[-1] == 1 or channels < _COLOURS:
        return np.repeat(_recoloured(three, height, width, 1), channels, axis=-1)
    apart = np.zeros((height, width, channels), np.uint8)
    apart[..., list(colours)] = _recoloured(three, height, width, _COLOURS)
    return apart


def reduced(pixels: NDArray[np.uint8], most: int) -> NDArray[np.uint8]:
    """Return uint8 pixels (height, width, channels) with at most `most` on a side, as they are if so."""
    height, width = pixels.shape[:2]
    share = most / max(height, width)
    if share >= 1:
        return pixels
    return _resized(pixels, max(1, round(share * height)), max(1, round(share * width)))


def in_colours(pixels: NDArray[np.uint8], colours: Colours = RED_GREEN_BLUE) -> NDArray[np.uint8]:
    """Return the picture as it is looked at, uint8 (height, width, 1 or 3).

    Of more channels than three, `colours` are red, green and blue; two are red and both others.
    """
    count = pixels.shape[-1]
    if count in (1, _COLOURS):
        return pixels
    return pixels[..., [0, 1, 1] if count == 2 else list(colours)]


def _resized(pixels: NDArray[np.uint8], height: int, width: int) -> NDArray[np.uint8]:
    """Return pixels of any number of channels in another size."""
    if pixels.shape[-1] in (1, _COLOURS):
        return _recoloured(pixels, height, width, pixels.shape[-1])
    planes = [
        _recoloured(plane[..., None], height, width, 1) for plane in np.moveaxis(pixels, -1, 0)
    ]
    return np.concatenate(planes, axis=-1)


def _recoloured(
    pixels: NDArray[np.uint8], height: int, width: int, channels: int
) -> NDArray[np.uint8]:
    """Return a grey or a colour picture as one of these in another size."""
    mode = "L" if channels == 1 else "RGB"
    plain = np.ascontiguousarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
    picture = Image.fromarray(plain).convert(mode)
    if picture.size != (width, height):
        picture = picture.resize((width, height), Image.Resampling.BILINEAR)
    return np.asarray(picture).reshape(height, width, channels)
