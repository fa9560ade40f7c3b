"""Where a window lies on the maps before it.

Dumoulin & Visin 2016 (arXiv:1603.07285).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import ceil
from typing import Any

import numpy as np

from cnn.models.arithmetic.cell import Floats, Place, grid
from cnn.models.arithmetic.forms import Indices, Mask, Numbers
from cnn.models.receptive import sides_of, window_of

Taps = list[Indices]


def sliding(layer: Any, place: Sequence[int | Indices], sizes: Sequence[int]) -> Taps:
    """Return which place of the input each place in the window reads, (window,) per axis; -1: none.

    `place` is that of the output, `sizes` are those of the input, without channels. Of many places,
    (n, 1) on each axis, it is (n, window).
    """
    return [
        _inside(
            at * step + np.arange(width) * apart - _before(layer.padding, size, reach, step), size
        )
        for at, size, (width, step, apart, reach) in zip(
            place, sizes, _settings(layer, len(sizes)), strict=True
        )
    ]


def spreading(
    layer: Any, place: Sequence[int | Indices], sizes: Sequence[int], lengths: Sequence[int]
) -> Taps:
    """Return which place of the input each place in the window spreads to `place`, as `sliding`.

    `lengths` are the sizes of the output.
    """
    taps = []
    for at, size, length, (width, step, apart, reach) in zip(
        place, sizes, lengths, _settings(layer, len(sizes)), strict=True
    ):
        moved = at + _before(layer.padding, length, reach, step) - np.arange(width) * apart
        taps.append(_inside(np.where(moved % step == 0, moved // step, -1), size))
    return taps


def adaptive(place: Place, sizes: Sequence[int], lengths: Sequence[int]) -> Taps:
    """Return the places of the input that an adaptive pool makes one of, per axis."""
    return [
        np.arange(at * size // length, ceil((at + 1) * size / length))
        for at, size, length in zip(place, sizes, lengths, strict=True)
    ]


def everywhere(sizes: Sequence[int]) -> Taps:
    """Return all places of the input, per axis."""
    return [np.arange(size) for size in sizes]


def inside(taps: Taps) -> Mask:
    """Return where the window lies on the map, (*window,)."""
    return reduce(np.logical_and.outer, [tap >= 0 for tap in taps], np.array(True))


def under(values: Floats, taps: Taps) -> Numbers:
    """Return the values (*window, channels) under the window, zero where it lies outside."""
    seen = values[np.ix_(*[np.maximum(tap, 0) for tap in taps])]
    return np.where(inside(taps)[..., None], seen, 0).astype(np.float64)


def cells(taps: Taps, channels: Sequence[int] | Indices) -> Indices:
    """Return the indices of the cells that are read, (n, axes), of the given channels."""
    return grid([*[tap[tap >= 0] for tap in taps], channels])


def _settings(layer: Any, rank: int) -> list[tuple[int, int, int, int]]:
    """Return (width, step, cells apart, cells covered) of the window on each axis."""
    each = (1,) * rank
    widths, steps = window_of(layer) or each, sides_of(layer.strides) or each
    aparts = sides_of(getattr(layer, "dilation_rate", None)) or each
    return [
        (width, step, apart, (width - 1) * apart + 1)
        for width, step, apart in zip(widths, steps, aparts, strict=True)
    ]


def _before(padding: str, size: int, covered: int, step: int) -> int:
    """Return how many zeros stand before a map of that size."""
    if padding == "causal":
        return covered - 1
    if padding == "valid":
        return 0
    return max((-(-size // step) - 1) * step + covered - size, 0) // 2


def _inside(places: Indices, size: int) -> Indices:
    return np.where((places >= 0) & (places < size), places, -1)
