"""Ink, framed as MNIST frames its digits."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

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
