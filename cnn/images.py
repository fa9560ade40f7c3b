"""Pictures as arrays: read, cut, resized, and ink centred as MNIST centres it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.errors import ImageError

_BOX = 20
_SIDE = 28
_HALF = 0.5 + 1e-6


def centre_digit(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return white ink on black, uint8 (height, width), as MNIST frames it: uint8 (28, 28, 1).

    The ink is cropped, fitted into 20x20 with its proportions kept, and placed so that its centre
    of mass is within half a pixel of the centre, at row and column 14 as in MNIST (LeCun et al.
    1998, section III.A). No ink gives a black picture.
    """
    rows, columns = np.nonzero(ink.max(axis=1))[0], np.nonzero(ink.max(axis=0))[0]
    if not len(rows):
        return np.zeros((_SIDE, _SIDE, 1), np.uint8)
    cropped = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = _BOX / max(cropped.shape)
    height, width = (max(1, round(side * scale)) for side in cropped.shape)
    resized = Image.fromarray(cropped).resize((width, height), Image.Resampling.BOX)
    canvas = np.zeros((_SIDE, _SIDE), np.float32)
    top, left = (_SIDE - height) // 2, (_SIDE - width) // 2
    canvas[top : top + height, left : left + width] = np.asarray(resized)
    if not canvas.any():
        return np.zeros((_SIDE, _SIDE, 1), np.uint8)
    mass = canvas / canvas.sum()
    centre = [mass.sum(axis=1 - axis) @ np.arange(_SIDE) for axis in (0, 1)]
    shift = np.ceil(_SIDE / 2 - np.array(centre) - _HALF).astype(int)
    row, column = (
        int(np.clip(s, -start, _SIDE - start - size))
        for s, start, size in zip(shift, (top, left), (height, width), strict=True)
    )
    return np.roll(canvas, (row, column), axis=(0, 1)).astype(np.uint8)[..., None]


def shrink(ink: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return uint8 (height, width) reduced to (28, 28, 1) as a whole, where it stands."""
    small = Image.fromarray(ink).resize((_SIDE, _SIDE), Image.Resampling.BOX)
    return np.asarray(small)[..., None]


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
