"""Channels as small pictures, in bytes that stand for places in a table of colours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil

import numpy as np
from numpy.typing import NDArray

from cnn.colours import colour_range
from cnn.figures import style
from cnn.figures.mosaic import Scale

MOST_TILES = 64
MOST_SIDE = 32
_HIGHEST = 255
_MIDDLE = 127
SEQUENTIAL_COLOURS = _HIGHEST + 1
DIVERGING_COLOURS = 2 * _MIDDLE + 1


def representative(total: int) -> list[int]:
    """Return the channels that are shown of `total`: all up to 64, else every n-th."""
    return list(range(0, total, max(1, ceil(total / MOST_TILES))))


@dataclass(frozen=True, eq=False)
class Thumbnails:
    """Small pictures of channels: `tiles` uint8 (channels, height, width), at most 32 on a side.

    A byte is a place in `colour_table`: 0 to 255 from zero to `high`, or, where the layer is
    `signed`, 0 to 254 from `-high` to `high`. Without a `high` each channel's own strongest value
    is it. `peaks` float32 (channels,) are the values of the largest magnitude, NaN for
    channels with numbers that are not finite.
    """

    tiles: NDArray[np.uint8]
    peaks: NDArray[np.float32]
    high: float | None
    signed: bool

    @classmethod
    def of(
        cls,
        maps: NDArray[np.float32],
        channels: Sequence[int],
        *,
        scale: Scale,
        bound: float | None = None,
    ) -> Thumbnails:
        """Return those of maps (height, width, channels), coloured as `cnn.figures.cells` does."""
        colours = colour_range(maps)
        high = colours.high
        raw = np.moveaxis(maps[..., channels], -1, 0)
        chosen = np.nan_to_num(raw, posinf=high, neginf=-high)
        peaks = _peaks(chosen)
        if scale == "network" and bound:
            high = bound
        own = np.where(peaks == 0, 1, np.abs(peaks))[:, None, None]
        share = _reduced(chosen) / (own if scale == "channel" else high)
        tiles = _places(share, signed=colours.signed)
        peaks[~np.isfinite(raw).all(axis=(1, 2))] = np.nan
        return cls(tiles, peaks, None if scale == "channel" else high, colours.signed)


def _peaks(chosen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return the value of the largest magnitude in each of the maps (channels, height, width)."""
    flat = chosen.reshape(len(chosen), -1)
    peaks: NDArray[np.float32] = flat[np.arange(len(flat)), np.abs(flat).argmax(axis=1)]
    return peaks


def _reduced(chosen: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return maps (channels, height, width) as means over blocks, at most 32 blocks on a side."""
    for axis in (1, 2):
        side = chosen.shape[axis]
        block = ceil(side / MOST_SIDE)
        if block > 1:
            starts = np.arange(0, side, block)
            sizes = np.diff([*starts, side]).astype(np.float32)
            sums = np.add.reduceat(chosen, starts, axis=axis)
            means = sums / (sizes[:, None] if axis == 1 else sizes)
            chosen = np.asarray(means, np.float32)
    return chosen


def _places(share: NDArray[np.float32], *, signed: bool) -> NDArray[np.uint8]:
    """Return shares of the highest value, -1 to 1, as places in the table of colours."""
    steps = _MIDDLE * (1 + share) if signed else _HIGHEST * share
    highest = 2 * _MIDDLE if signed else _HIGHEST
    places: NDArray[np.uint8] = np.clip(np.rint(steps), 0, highest).astype(np.uint8)
    return places


def colour_table(scale: style.ColourScale, count: int) -> NDArray[np.uint8]:
    """Return `count` colours from the lowest to the highest value, uint8 (count, 3)."""
    stops = [position for position, _ in scale]
    colours = np.array([style.rgb(colour) for _, colour in scale])
    places = np.linspace(0, 1, count)
    channels = [np.interp(places, stops, colours[:, i]) for i in range(3)]
    table: NDArray[np.uint8] = np.rint(np.stack(channels, axis=1)).astype(np.uint8)
    return table
