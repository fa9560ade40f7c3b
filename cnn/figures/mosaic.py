"""Many small pictures as one tiled heatmap, and the way back from a click to its cell."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from math import ceil, prod, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import NO_CAPTION, Caption, reduced
from cnn.colours import ColourRange, colour_range, finite_magnitudes
from cnn.figures import style
from cnn.figures.chart import Chart, figure_of

Scale = Literal["channel", "layer", "network"]
SCALES: tuple[Scale, ...] = ("channel", "layer", "network")
MOST_NUMBERS = 90_000
_ASPECT = 2.0
_TYPE_PIXELS = 16
# How many axes maps have.
_MAPS = 3
# A heatmap that is narrower than that, beside its height, would have no room for its title.
_SLIM = 0.3
_WITH_BAR = {**style.MARGIN, "b": style.MARGIN["b"] + style.BAR_PIXELS}


@dataclass(frozen=True)
class Mosaic:
    """The places of `count` tiles of `height` x `width` cells, row by row, `gap` cells apart.

    A cell stands for `block` x `block` cells of a map, or what is left of them at its end. Of a volume,
    whose slices stand one below the other in each tile, one has `slice_rows` rows of the map.
    """

    count: int
    height: int
    width: int
    columns: int
    gap: int
    block: int = 1
    slice_rows: int | None = None

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
        gap = max(1, round(max(height, width) / 12))
        ideal = sqrt(aspect * count * (height + gap) / (width + gap))
        columns = min(count, max(1, ceil(ideal)))
        rows = ceil(count / columns)
        return cls(count, height, width, ceil(count / rows), gap, block)

    @property
    def rows(self) -> int:
        """How many rows of tiles there are."""
        return ceil(self.count / self.columns)

    @property
    def shape(self) -> tuple[int, int]:
        """(height, width) of the whole, in cells."""
        return (
            self.rows * (self.height + self.gap) - self.gap,
            self.columns * (self.width + self.gap) - self.gap,
        )

    def tile(self, maps: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return maps (height, width, channels) laid out as one array, NaN between the tiles.

        Of the cells of a block it has the one of the largest magnitude.
        """
        rows, columns = self.rows, self.columns
        padded = np.full(
            (rows * columns, self.height + self.gap, self.width + self.gap), np.nan, np.float32
        )
        shown = largest_in_blocks(maps, self.block)
        padded[: self.count, : self.height, : self.width] = np.moveaxis(shown, -1, 0)
        grid = padded.reshape(rows, columns, *padded.shape[1:]).swapaxes(1, 2)
        whole = grid.reshape(rows * padded.shape[1], columns * padded.shape[2])
        return np.ascontiguousarray(whole[: self.shape[0], : self.shape[1]])

    def places(self) -> NDArray[np.int16]:
        """Return (channel, row, column) for every cell of the whole, int32 (height, width, 3).

        Row and column are the first of the block that the cell stands for. Of a volume the row is that
        in its slice, which comes after them: (height, width, 4).
        """
        y, x = np.indices(self.shape)
        tile_row, row = np.divmod(y, self.height + self.gap)
        tile_column, column = np.divmod(x, self.width + self.gap)
        channel = tile_row * self.columns + tile_column
        row, column = self.block * row, self.block * column
        found = [channel, row, column]
        if self.slice_rows:
            found = [channel, row % self.slice_rows, column, row // self.slice_rows]
        return np.stack(found, axis=-1).astype(np.int32)

    def locate(self, x: float, y: float) -> tuple[int, int, int] | None:
        """Return (channel, row, column) of the cell at a click, or None between the tiles.

        Of a block it is the first cell.
        """
        tile_row, row = divmod(round(y), self.height + self.gap)
        tile_column, column = divmod(round(x), self.width + self.gap)
        channel = tile_row * self.columns + tile_column
        inside = row < self.height and column < self.width and tile_column < self.columns
        place = channel, self.block * row, self.block * column
        return place if inside and 0 <= channel < self.count else None


def heatmap_size(cells_shape: tuple[int, int]) -> dict[str, str]:
    """Return the CSS size of a heatmap of (rows, columns), relative to its container's width.

    With it the square pixels fill the frame, the colour bar keeps its size, and nothing is much
    higher than the window. A slim one, such as a sequence, stands in a wider frame,
    which has room for its title.
    """
    rows, columns = cells_shape
    if columns < _SLIM * rows:
        return {"width": "min(100cqw, 12rem)", "height": "max(20rem, 48vh)"}
    across = style.MARGIN["l"] + style.MARGIN["r"]
    upright = _WITH_BAR["t"] + _WITH_BAR["b"]
    width = f"min(100cqw, max(20rem, 48vh) * {columns / rows:.4f})"
    height = f"calc(({width} - {_rem(across)}) * {rows / columns:.4f} + {_rem(upright)})"
    return {"width": width, "height": height}


def _rem(pixels: int) -> str:
    """Return pixels of a figure as a share of the page's type, with which figures grow."""
    return f"{pixels / _TYPE_PIXELS:g}rem"


@dataclass(frozen=True, eq=False)
class Cells:
    """What a heatmap shows: `z` (rows, columns), the range of its colours, and the true values.

    `values` differs from `z` where each channel has its own range: then `z` is relative to it.
    """

    z: NDArray[np.float32]
    low: float
    high: float
    values: NDArray[np.float32] | None = None

    @property
    def colours(self) -> ColourRange:
        """The range of the colours."""
        return ColourRange(self.low, self.high)

    @property
    def signed(self) -> bool:
        """Whether the colours diverge about zero."""
        return self.colours.signed


def largest_in_blocks(maps: NDArray[np.float32], block: int) -> NDArray[np.float32]:
    """Return the value of the largest magnitude in each block of maps (height, width, channels).

    Blocks have `block` cells on a side, those at the ends what is left; of a value and its negative
    it is the positive one. A block with a NaN is NaN.
    """
    if block == 1:
        return maps
    high, low = maps, maps
    for axis in (0, 1):
        starts = np.arange(0, maps.shape[axis], block)
        high = np.maximum.reduceat(high, starts, axis=axis)
        low = np.minimum.reduceat(low, starts, axis=axis)
    largest: NDArray[np.float32] = np.where(low < -high, low, high)
    return largest


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


def as_maps(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return values of any rank from 2 as maps (height, width, channels).

    A sequence (length, channels) becomes a column per channel; a volume (depth, height, width,
    channels) its slices one below the other.
    """
    if values.ndim == 2:
        return values[:, None, :]
    return values.reshape(-1, *values.shape[-2:])


def slice_rows_of(values: NDArray[np.float32]) -> int | None:
    """Return how many rows a slice has in what `as_maps` makes of values; None where there is none."""
    return values.shape[-3] if values.ndim > _MAPS else None


def relative_to_channel(maps: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return maps divided by the largest magnitude of each channel; a silent channel stays zero."""
    axes = tuple(range(maps.ndim - 1))
    largest = finite_magnitudes(maps).max(axis=axes, keepdims=True)
    relative: NDArray[np.float32] = np.where(np.isfinite(maps), np.float32(0), np.float32(np.nan))
    np.divide(maps, largest, out=relative, where=largest > 0)
    return relative


def cells(
    maps: NDArray[np.float32],
    *,
    scale: Scale = "layer",
    bound: float | None = None,
    limits: tuple[float, float] | None = None,
    mosaic: Mosaic | None = None,
) -> Cells:
    """Return what a mosaic of maps (height, width, channels) shows under the chosen scale.

    "channel" relates each map to its own largest magnitude, "layer" all to the largest of these
    maps, "network" all to `bound`. `limits` are the lowest and the highest colour instead.
    """
    mosaic = mosaic or Mosaic.of(maps.shape)
    if limits:
        return Cells(mosaic.tile(maps), *limits)
    if scale == "channel":
        low, high = (-1.0, 1.0) if colour_range(maps).signed else (0.0, 1.0)
        return Cells(mosaic.tile(relative_to_channel(maps)), low, high, mosaic.tile(maps))
    low, high = colour_range(maps)
    if scale == "network" and bound:
        low, high = (-bound if low < 0 else 0.0), bound
    return Cells(mosaic.tile(maps), low, high)


def numbers_per_cell(scale: Scale) -> int:
    """Return how many numbers a cell of a mosaic has: with a range a channel also its share of it."""
    return 2 if scale == "channel" else 1


def scale_label(scale: Scale) -> str:
    """Return what the colour bar says of the range."""
    return {
        "channel": "share of each channel's maximum",
        "layer": "value, one range for the layer",
        "network": "value, one range for the network",
    }[scale]


def maps_chart(
    maps: NDArray[np.float32],
    *,
    title: str = "Feature maps",
    scale: Scale = "layer",
    bound: float | None = None,
    limits: tuple[float, float] | None = None,
    tile_name: str = "channel",
    number: int | None = None,
    label: str | None = None,
    most: int = MOST_NUMBERS,
    slice_rows: int | None = None,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return all channels of maps (height, width, channels) as one tiled heatmap, channel 0 first.

    `scale` chooses the range of the colours (see `cells`), `tile_name` what a tile is called,
    `number` which one it is where one is shown alone, and `label` what the colour bar says instead
    of the range. Of maps with more than `most` numbers, which no screen could show, the largest of
    each block is shown, and the caption says so. Of the slices of a volume, one below the other, each
    has `slice_rows` rows: a cell is named by its slice and the row in it.
    """
    most //= numbers_per_cell(scale if not limits else "layer")
    mosaic = Mosaic.of(maps.shape, most=most, slice_rows=slice_rows)
    tiled = cells(maps, scale=scale, bound=bound, limits=limits, mosaic=mosaic)
    return heatmap_chart(
        tiled,
        title=title,
        label=label or scale_label(scale),
        hover=tile_hover(
            tile_name,
            number,
            relative=tiled.values is not None,
            block=mosaic.block,
            in_slices=slice_rows is not None,
        ),
        form=("maps", maps.shape, mosaic.block, slice_rows),
        fixed=lambda: _places(mosaic),
        size=heatmap_size(mosaic.shape),
        caption=caption if mosaic.block == 1 else reduced(caption, mosaic.block),
    )


feature_maps = figure_of(maps_chart)


def _places(mosaic: Mosaic, **more: int) -> dict[str, Any]:
    """Return what tells of each cell where it stands, for the hover and for the scripts."""
    return {"customdata": mosaic.places(), "meta": {"tiles": asdict(mosaic), **more}}


def tile_hover(
    tile_name: str = "channel",
    number: int | None = None,
    *,
    relative: bool = False,
    block: int = 1,
    in_slices: bool = False,
) -> str:
    """Return what is said of a cell that is pointed at; `number` is that of a tile shown alone.

    Where colours are `relative` to each tile, the true values are the texts of the cells. A `block`
    is named by its first cell.
    """
    which = "%{customdata[0]}" if number is None else str(number)
    tile = f"{tile_name} {which}<br>" if tile_name else ""
    value = "%{text:.4~g}" if relative else "%{z:.4~g}"
    place = "row %{customdata[1]}, column %{customdata[2]}"
    if in_slices:
        place = f"slice %{{customdata[3]}}, {place}"
    if block > 1:
        place = f"largest of {block}×{block} from {place}"
    return f"{tile}{place}<br><b>{value}</b><extra></extra>"


def colour_scale(cells: Cells) -> style.ColourScale:
    """Return the colour scale: diverging for signed values, else sequential."""
    return style.DIVERGING if cells.signed else style.SEQUENTIAL


def heatmap_chart(
    cells: Cells,
    *,
    title: str,
    label: str,
    hover: str,
    form: Hashable,
    fixed: Callable[[], dict[str, Any]] = dict,
    layout: Mapping[str, Any] | None = None,
    size: dict[str, str] | None = None,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return cells as a heatmap with square pixels and a colour bar whose `label` says its range.

    `form`, `fixed` and `layout` are what the form of the chart adds to a heatmap of this kind.
    """
    numbers = {
        "z": np.where(np.isinf(cells.z), np.float32(np.nan), cells.z),
        "zmin": cells.low,
        "zmax": cells.high,
        "text": cells.values,
        "colorscale": colour_scale(cells),
        "hovertemplate": hover,
        "colorbar.title.text": style.plain(label),
    }

    def frame() -> dict[str, Any]:
        trace = {
            "type": "heatmap",
            "texttemplate": "",
            "colorbar": style.colour_bar(),
            "zsmooth": False,
            "hoverongaps": False,
            **fixed(),
        }
        around = {**style.frame(), **style.pixel_axes(), "margin": _WITH_BAR, **(layout or {})}
        return {"data": [trace], "layout": around}

    return Chart(
        form, frame, (numbers,), {"title.text": style.plain(title)}, "cells", size or {}, caption
    )


def vector_grid(values: NDArray[np.float32]) -> Mosaic:
    """Return the mosaic that lays a vector (units,) out as a grid of single cells."""
    columns = min(len(values), max(1, ceil(sqrt(4 * len(values)))))
    return Mosaic(len(values), 1, 1, columns, 0)


def unit_at(values: NDArray[np.float32], x: float, y: float) -> int | None:
    """Return the unit at a click on the grid of a vector (units,), or None beside it."""
    located = vector_grid(values).locate(x, y)
    return located[0] if located else None


def units_chart(
    values: NDArray[np.float32],
    *,
    title: str,
    limits: tuple[float, float] | None = None,
    label: str = "value",
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return a vector (units,) as a heatmap grid, unit 0 top left, row by row.

    `limits` are the lowest and the highest colour, if not those of the values.
    """
    grid = vector_grid(values)
    return heatmap_chart(
        Cells(grid.tile(values[None, None]), *(limits or colour_range(values))),
        title=title,
        label=label,
        hover="unit %{customdata[0]}<br><b>%{z:.4~g}</b><extra></extra>",
        form=("units", values.shape),
        fixed=lambda: _places(grid, units=len(values)),
        size=heatmap_size(grid.shape),
        caption=caption,
    )


units = figure_of(units_chart)


def matrix_chart(
    values: NDArray[np.float32],
    *,
    title: str,
    rows: str,
    columns: str,
    limits: tuple[float, float] | None = None,
    label: str = "weight",
    size: dict[str, str] | None = None,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return a matrix (rows, columns) as a heatmap that fills its frame; axes carry their names.

    `limits` are the lowest and the highest colour, if not those of the values.
    """
    axes = style.pixel_axes()
    return heatmap_chart(
        Cells(values, *(limits or colour_range(values))),
        title=title,
        label=label,
        hover=f"{rows} %{{y}}, {columns} %{{x}}<br><b>%{{z:.4~g}}</b><extra></extra>",
        form=("matrix", values.shape, rows, columns),
        fixed=lambda: {"colorbar": {**style.colour_bar(), "ypad": 40}},
        layout={
            "xaxis": {**axes["xaxis"], **style.VISIBLE_AXIS, "title": {"text": columns, "standoff": 15}},
            "yaxis": {
                **axes["yaxis"], **style.VISIBLE_AXIS, "title": {"text": rows}, "scaleanchor": None,
            },
            "margin": {**_WITH_BAR, "l": 52, "b": 38 + style.BAR_PIXELS},
        },
        size=size,
        caption=caption,
    )  # fmt: skip


matrix = figure_of(matrix_chart)
