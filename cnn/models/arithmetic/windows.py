"""Where a window lies on the maps before it.

Dumoulin & Visin 2016 (arXiv:1603.07285).
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from typing import Any

import numpy as np

from cnn.models import windows
from cnn.models.arithmetic.cell import Floats, Place, grid
from cnn.models.arithmetic.forms import Indices, Mask, Numbers

Taps = list[Indices]


def sliding(layer: Any, place: Place, sizes: Sequence[int]) -> Taps:
    """Return which place of the input each place in the window reads, (window,) per axis; -1: none.

    `layer` has the window's settings. `place` is that of the output, `sizes` are those of the input,
    without channels.
    """
    return [
        windows.taps(layer, axis, np.array([at]), size)[0]
        for axis, (at, size) in enumerate(zip(place, sizes, strict=True))
    ]


def spreading(layer: Any, place: Place, sizes: Sequence[int], lengths: Sequence[int]) -> Taps:
    """Return which place of the input each place in the window spreads to `place`, as `sliding`.

    `lengths` are the sizes of the output.
    """
    return [
        windows.transposed_taps(layer, axis, np.array([at]), size, length)[0]
        for axis, (at, size, length) in enumerate(zip(place, sizes, lengths, strict=True))
    ]


def adaptive(place: Place, sizes: Sequence[int], lengths: Sequence[int]) -> Taps:
    """Return the places of the input that an adaptive pool makes one of, per axis."""
    sides = zip(place, sizes, lengths, strict=True)
    taps = [windows.adaptive_taps(np.array([at]), size, length)[0] for at, size, length in sides]
    return [tap[tap >= 0] for tap in taps]


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
