"""Arrays of numbers as pictures: whole numbers up to 255, or fractions, with channels last or first."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.errors import DatasetError
from cnn.images.pixels import MOST_CHANNELS

_USUAL = (1, 3)


def as_levels(called: str, array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return pictures uint8 (n, height, width, channels) of whole numbers to 255 or fractions to 1.

    Raises `DatasetError`, naming what they are `called`, for what are none.
    """
    if array.ndim == 3:
        array = array[..., None]
    if array.ndim == 4 and _has_channels_first(array.shape):
        array = np.moveaxis(array, 1, -1)
    if array.ndim != 4 or array.shape[-1] > MOST_CHANNELS or not array.size:
        raise DatasetError(
            f"{called} holds pictures of shape {array.shape}: expected (n, height, width) or "
            f"(n, height, width, channels) with 1 to {MOST_CHANNELS} channels."
        )
    if array.dtype == np.uint8:
        return array
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        raise DatasetError(
            f"{called} holds {array.dtype} where pictures are expected: give numbers."
        )
    low, high = float(array.min()), float(array.max())
    is_whole = np.issubdtype(array.dtype, np.integer) or (high > 1 and bool((array % 1 == 0).all()))
    limit = 255 if is_whole else 1
    if not 0 <= low <= high <= limit:
        raise DatasetError(
            f"{called} holds {array.dtype} pictures from {low:g} to {high:g}: expected whole "
            "numbers from 0 to 255 or fractions from 0 to 1."
        )
    return np.round(array * (255 / limit)).astype(np.uint8)


def _has_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether pictures (n, ...) have their channels before height and width, as the sizes tell."""
    _, first, second, last = shape
    if last in _USUAL:
        return False
    return first in _USUAL or (first < second == last and first <= MOST_CHANNELS)
