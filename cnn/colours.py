"""The colours of lines, and the range of those of an array: what is painted, and what captions read."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

BLUE, ORANGE, GREEN, PURPLE, GREY = "#3b82c4", "#e08214", "#1b9e77", "#8073ac", "#8a8f98"


class ColourRange(NamedTuple):
    """The values of the lowest and of the highest colour; below zero they diverge about zero."""

    low: float
    high: float

    @property
    def signed(self) -> bool:
        """Whether the colours diverge about zero: blue below it, white at it, red above."""
        return self.low < 0


def colour_range(*arrays: NDArray[Any]) -> ColourRange:
    """Return one range for the arrays: from zero, or symmetric about it where values are negative.

    Values that are not finite are left out. Zeros alone get the range 0 to 1, so that they look
    like zeros.
    """
    known = [array for array in map(finite, arrays) if array.size]
    low = min((float(array.min()) for array in known), default=0.0)
    high = max((float(array.max()) for array in known), default=0.0)
    most = max(-low, high) or 1.0
    return ColourRange(-most if low < 0 else 0.0, most)


def finite(values: NDArray[Any]) -> NDArray[Any]:
    """Return those of the values that are finite: the array itself where all are, else a row of them.

    That all are is seen from the extremes, which is quicker than to look at each.
    """
    if not values.size or np.isfinite([values.min(), values.max()]).all():
        return values
    known: NDArray[Any] = values[np.isfinite(values)]
    return known


def largest_magnitude(arrays: Iterable[NDArray[np.float32]]) -> float:
    """Return the largest finite magnitude in any of the arrays: the bound of one range for all."""
    return max((float(finite_magnitudes(array).max()) for array in arrays), default=1.0)


def finite_magnitudes(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the magnitudes of values, 0 for those that are not finite."""
    return np.abs(np.nan_to_num(values, posinf=0, neginf=0))


def difference_range(difference: NDArray[Any]) -> ColourRange:
    """Return the range of a difference: symmetric about zero, whatever the signs in it."""
    most = colour_range(difference).high
    return ColourRange(-most, most)
