"""Where the cells of many small maps stand in one array, and the way back from a place to its cell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, prod, sqrt

import numpy as np
from numpy.typing import NDArray

_ASPECT = 2.0
# What makes a map (height, width, channels) of one in blocks of so many cells on a side.
Reduce = Callable[[NDArray[np.float32], int], NDArray[np.float32]]


def largest_in_blocks(maps: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Return the value of the largest magnitude in each block of maps (height, width, channels).

    Blocks have `block` cells on a side, those at the ends what is left; of a value and its negative
    it is the positive one. A block with a NaN is NaN.
    """
    return largest_in_rectangles(maps, block, block)


def largest_in_rectangles(
    values: NDArray[np.float32], down: int, across: int
) -> NDArray[np.float32]:
    """Return the same of blocks with `down` rows and `across` columns of values (height, width, ...)."""
    if down == across == 1:
        return values
    high, low = values, values
    blocks = down, across
    # First along the axis whose neighbours are far from each other in memory: rows are read whole.
    for axis in sorted((0, 1), key=lambda axis: -values.strides[axis]):
        starts = np.arange(0, values.shape[axis], blocks[axis])
        high = np.maximum.reduceat(high, starts, axis=axis)
        low = np.minimum.reduceat(low, starts, axis=axis)
    largest: NDArray[np.float32] = np.where(low < -high, low, high)
    return largest


def first_of_blocks(maps: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Return the first value of each block of maps (height, width, channels)."""
    return maps[::block, ::block]


def middle_of_blocks(maps: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Return the value in the middle of each block of maps (height, width, channels)."""
    rows, columns = (
        np.minimum(np.arange(0, size, block) + block // 2, size - 1) for size in maps.shape[:2]
    )
    middles: NDArray[np.float32] = maps[rows[:, None], columns]
    return middles


@dataclass(frozen=True)
class Mosaic:
    """The places of `count` tiles of `height` x `width` cells, row by row.

    From one tile to the next it is `high` cells down and `wide` cells across. A cell stands for
    `block` x `block` cells of a map, or what is left of them at its end. Of a volume, whose slices stand
    one below the other in each tile, one has `slice_rows` rows of the map. Of a vector whose units stand
    in rows of one tile, a row has `units_across` of them.
    """

    count: int
    height: int
    width: int
    columns: int
    high: int
    wide: int
    block: int = 1
    slice_rows: int | None = None
    units_across: int | None = None

    @classmethod
    def of(
        cls,
        shape: tuple[int, ...],
        *,
        aspect: float = _ASPECT,
        most: int | None = None,
        slice_rows: int | None = None,
    ) -> Mosaic:
        """Return the mosaic for maps (height, width, channels), about `aspect` as wide as high.

        Its blocks are as small as they can be with at most `most` cells in all.
        """
        one = cls._in_blocks(shape, 1, aspect)
        while most is not None and prod(one.shape) > most and one.block < max(shape[:2]):
            one = cls._in_blocks(shape, one.block + 1, aspect)
        return replace(one, slice_rows=slice_rows)

    @classmethod
    def _in_blocks(cls, shape: tuple[int, ...], block: int, aspect: float) -> Mosaic:
        height, width, count = ceil(shape[0] / block), ceil(shape[1] / block), shape[2]
        # Maps of one cell each lie side by side: gaps would be most of what is sent of them.
        gap = max(1, round(max(height, width) / 12)) if block == 1 or max(height, width) > 1 else 0
        ideal = sqrt(aspect * count * (height + gap) / (width + gap))
        columns = min(count, max(1, ceil(ideal)))
        rows = ceil(count / columns)
        columns = ceil(count / rows)
        return cls(count, height, width, columns, height + gap, width + gap, block)

    def finer(self, shape: tuple[int, ...], block: int) -> Mosaic:
        """Return the mosaic of the same maps (height, width, channels) in smaller blocks.

        The blocks are divided evenly, and tiles stand where they stood.
        """
        times = self.block // block
        return replace(
            self,
            height=ceil(shape[0] / block),
            width=ceil(shape[1] / block),
            high=times * self.high,
            wide=times * self.wide,
            block=block,
        )

    @property
    def rows(self) -> int:
        """How many rows of tiles there are."""
        return ceil(self.count / self.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the whole, in cells."""
        return (
            (self.rows - 1) * self.high + self.height,
            (self.columns - 1) * self.wide + self.width,
        )

    def tile(
        self, maps: NDArray[np.float32], reduce: Reduce = largest_in_blocks
    ) -> NDArray[np.float32]:
        """Return maps (height, width, channels) laid out as one array, NaN between the tiles.

        Of the cells of a block it has the one of the largest magnitude, or what `reduce` makes of them.
        """
        rows, columns = self.rows, self.columns
        padded = np.full((rows * columns, self.high, self.wide), np.nan, np.float32)
        shown = reduce(maps, self.block)
        padded[: self.count, : self.height, : self.width] = np.moveaxis(shown, -1, 0)
        grid = padded.reshape(rows, columns, *padded.shape[1:]).swapaxes(1, 2)
        whole = grid.reshape(rows * padded.shape[1], columns * padded.shape[2])
        return np.ascontiguousarray(whole[: self.shape[0], : self.shape[1]])

    def part(
        self,
        maps: NDArray[np.float32],
        reduce: Reduce = largest_in_blocks,
        *,
        rows: range,
        columns: range,
    ) -> NDArray[np.float32]:
        """Return some rows and columns of what `tile` returns, without the rest of it."""
        tile_row, row = np.divmod(np.arange(rows.start, rows.stop), self.high)
        tile_column, column = np.divmod(np.arange(columns.start, columns.stop), self.wide)
        channel = tile_row[:, None] * self.columns + tile_column
        inside = (row < self.height)[:, None] & (column < self.width) & (channel < self.count)
        laid = np.full(inside.shape, np.nan, np.float32)
        channels, one = np.unique(channel[inside], return_inverse=True)
        y, x = np.nonzero(inside)
        shown = reduce(maps[..., channels], self.block)
        laid[inside] = shown[row[y], column[x], one]
        return laid

    def places(self) -> NDArray[np.int16]:
        """Return (channel, row, column) for every cell of the whole, int32 (height, width, 3).

        Row and column are the first of the block that the cell stands for. Of a volume the row is that
        in its slice, which comes after them: (height, width, 4). Of units in rows it is the number of
        the unit: (height, width, 1).
        """
        y, x = np.indices(self.shape)
        tile_row, row = np.divmod(y, self.high)
        tile_column, column = np.divmod(x, self.wide)
        channel = tile_row * self.columns + tile_column
        row, column = self.block * row, self.block * column
        found = [channel, row, column]
        if self.units_across:
            found = [row * self.units_across + column]
        if self.slice_rows:
            found = [channel, row % self.slice_rows, column, row // self.slice_rows]
        return np.stack(found, axis=-1).astype(np.int32)

    def locate(self, x: float, y: float) -> tuple[int, int, int] | None:
        """Return (channel, row, column) of the cell at a click, or None between the tiles.

        Of a block it is the first cell.
        """
        tile_row, row = divmod(round(y), self.high)
        tile_column, column = divmod(round(x), self.wide)
        channel = tile_row * self.columns + tile_column
        inside = row < self.height and column < self.width and tile_column < self.columns
        place = channel, self.block * row, self.block * column
        return place if inside and 0 <= channel < self.count else None


def fair_share(sizes: Sequence[int], total: int) -> int:
    """Return the most that each of some sizes may be, so that together they are at most `total`.

    What the small ones leave is left to the large ones.
    """
    left = total
    for place, size in enumerate(sorted(sizes)):
        share = left // (len(sizes) - place)
        if size > share:
            return share
        left -= size
    return total
