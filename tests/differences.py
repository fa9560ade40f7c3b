"""Gradients told by differences, to hold computed ones against."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

_STEP = 4


def by_pixels(value: Callable[[NDArray[Any]], float], image: NDArray[np.uint8]) -> NDArray[Any]:
    """Central differences of `value(image)` by pixels of 0 to 1, eight 8-bit steps wide."""
    slopes = np.zeros(image.shape)
    for place in np.ndindex(image.shape):
        low, high = image.astype(int), image.astype(int)
        low[place] -= _STEP
        high[place] += _STEP
        slopes[place] = (float(value(high)) - float(value(low))) / (2 * _STEP / 255)
    return slopes
