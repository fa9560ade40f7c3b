"""Many small pictures as one tiled heatmap, and what is in sight of it in smaller blocks."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import asdict, dataclass, replace
from functools import partial
from math import ceil, floor, sqrt
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import NO_CAPTION, Caption, reduced
from cnn.colours import ColourRange, colour_range, finite_magnitudes
from cnn.figures import style
from cnn.figures.chart import Chart, Window, figure_of
from cnn.figures.tiling import Mosaic, first_of_blocks

Lay = Callable[..., NDArray[np.float32]]
Scale = Literal["channel", "layer", "network"]
SCALES: tuple[Scale, ...] = ("channel", "layer", "network")
MOST_NUMBERS = 90_000
MOST_UNITS = 40_000
# In a whole figure a number takes five bytes and a third: those of all figures are less than a megabyte.
MOST_TOGETHER = 160_000
# A cell has one number or two: an answer has less than a megabyte.
_MOST_ENLARGED = 120_000
_TYPE_PIXELS = 16
# How many axes maps have.
_MAPS = 3
# A heatmap that is narrower than that, beside its height, would have no room for its title.
_SLIM = 0.3
WITH_BAR = {**style.MARGIN, "b": style.MARGIN["b"] + style.BAR_PIXELS}


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
    upright = WITH_BAR["t"] + WITH_BAR["b"]
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
    lay: Lay | None = None,
) -> Cells:
    """Return what a mosaic of maps (height, width, channels) shows under the chosen scale.

    "channel" relates each map to its own largest magnitude, "layer" all to the largest of these
    maps, "network" all to `bound`. `limits` are the lowest and the highest colour instead. `lay` lays
    maps out as one array, or a part of it.
    """
    lay = lay or Mosaic.of(maps.shape).tile
    if limits:
        return Cells(lay(maps), *limits)
    if scale == "channel":
        low, high = (-1.0, 1.0) if colour_range(maps).signed else (0.0, 1.0)
        return Cells(lay(relative_to_channel(maps)), low, high, lay(maps))
    low, high = colour_range(maps)
    if scale == "network" and bound:
        low, high = (-bound if low < 0 else 0.0), bound
    return Cells(lay(maps), low, high)


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

    def laid(lay: Lay) -> Cells:
        return cells(maps, scale=scale, bound=bound, limits=limits, lay=lay)

    def hover(block: int) -> str:
        return tile_hover(
            tile_name,
            number,
            relative=tiled.values is not None,
            block=block,
            in_slices=slice_rows is not None,
        )

    tiled = laid(mosaic.tile)
    chart = heatmap_chart(
        tiled,
        title=title,
        label=label or scale_label(scale),
        hover=hover(mosaic.block),
        form=("maps", maps.shape, mosaic.block, slice_rows),
        fixed=lambda: places(mosaic),
        size=heatmap_size(mosaic.shape),
        caption=caption if mosaic.block == 1 else reduced(caption, mosaic.block, mosaic.block),
    )
    return enlargeable(chart, mosaic, maps.shape, laid, hover)


feature_maps = figure_of(maps_chart)


def enlargeable(
    chart: Chart,
    mosaic: Mosaic,
    shape: tuple[int, ...],
    laid: Callable[[Lay], Cells],
    hover: Callable[[int], str],
) -> Chart:
    """Return the chart of a mosaic of maps of that `shape`, which can be enlarged if it is reduced.

    `laid` returns the cells as they are laid out, and `hover` what is said of one in such blocks.
    """
    if mosaic.block == 1:
        return chart
    return replace(chart, enlarged=lambda window: _enlarged(mosaic, shape, window, laid, hover))


def _enlarged(
    mosaic: Mosaic,
    shape: tuple[int, ...],
    window: Window,
    laid: Callable[[Lay], Cells],
    hover: Callable[[int], str],
) -> dict[str, Any] | None:
    """Return the numbers of a trace that shows a window of a reduced mosaic in smaller blocks.

    Of maps of that `shape` they are the smallest with which it is not too large; None if none are
    smaller than those of the mosaic. The trace lies on the axes of the mosaic.
    """
    for block in range(1, mosaic.block):
        times, left = divmod(mosaic.block, block)
        rows, columns = _inside(window, mosaic.shape, times)
        if not left and len(rows) * len(columns) <= _MOST_ENLARGED:
            finer = mosaic.finer(shape, block)
            tiled = laid(partial(finer.part, rows=rows, columns=columns))
            over = {"tiles": asdict(finer), "times": times, "part": _part(rows, columns)}
            return {**numbers_of(tiled, hover(block)), **_axes(rows, columns, times), "meta": over}
    return None


def _axes(rows: range, columns: range, times: int) -> dict[str, float]:
    """Return where cells `times` smaller than those of a mosaic lie on its axes."""
    x0, y0 = ((cells.start + 0.5) / times - 0.5 for cells in (columns, rows))
    return {"x0": x0, "dx": 1 / times, "y0": y0, "dy": 1 / times}


def _part(rows: range, columns: range) -> dict[str, int]:
    return {
        "top": rows.start, "left": columns.start, "rows": len(rows), "columns": len(columns),
    }  # fmt: skip


def _inside(window: Window, shape: tuple[int, int], times: int) -> tuple[range, range]:
    """Return the rows and columns in a window of a mosaic of that shape, in cells `times` smaller."""
    left, top, right, bottom = window
    ends = ((top, bottom, shape[0]), (left, right, shape[1]))
    rows, columns = (
        range(max(0, floor((low + 0.5) * times)), min(size * times, ceil((high + 0.5) * times)))
        for low, high, size in ends
    )
    return rows, columns


def places(mosaic: Mosaic, **more: int) -> dict[str, Any]:
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
        **numbers_of(cells, hover),
        "zmin": cells.low,
        "zmax": cells.high,
        "colorscale": colour_scale(cells),
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
        around = {
            **style.frame(), **style.pixel_axes(), "margin": WITH_BAR, "uirevision": str(form),
            **(layout or {}),
        }  # fmt: skip
        return {"data": [trace], "layout": around}

    return Chart(
        form, frame, (numbers,), {"title.text": style.plain(title)}, "cells", size or {}, caption
    )


def numbers_of(cells: Cells, hover: str) -> dict[str, Any]:
    """Return the numbers of the cells, infinite ones as gaps, and what is said of one."""
    finite = np.where(np.isinf(cells.z), np.float32(np.nan), cells.z)
    return {"z": finite, "text": cells.values, "hovertemplate": hover}


def units_grid(count: int, most: int = MOST_UNITS) -> Mosaic:
    """Return the mosaic that lays a vector of so many units out as a grid of single cells.

    Of more than `most` units it is one tile in blocks of cells.
    """
    across = min(count, max(1, ceil(sqrt(4 * count))))
    if count <= most:
        return Mosaic(count, 1, 1, across, 1, 1)
    one = Mosaic.of((ceil(count / across), across, 1), most=most)
    return replace(one, units_across=across)


def unit_at(values: NDArray[np.float32], x: float, y: float) -> int | None:
    """Return the unit at a click on the grid of a vector (units,), or None beside it.

    Of a block it is the first.
    """
    grid = units_grid(len(values))
    located = grid.locate(x, y)
    if located is None or not grid.units_across:
        return located[0] if located else None
    unit = located[1] * grid.units_across + located[2]
    return unit if unit < len(values) else None


def units_chart(
    values: NDArray[np.float32],
    *,
    title: str,
    limits: tuple[float, float] | None = None,
    label: str = "value",
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return a vector (units,) as a heatmap grid, unit 0 top left, row by row.

    `limits` are the lowest and the highest colour, if not those of the values. Of more units than a
    screen could show the largest of each block is shown, and the caption says so.
    """
    grid, (low, high) = units_grid(len(values)), limits or colour_range(values)
    maps, numbers = _in_rows(values, grid)

    def laid(lay: Lay) -> Cells:
        is_unit = lay(numbers, first_of_blocks) < len(values)
        return Cells(np.where(is_unit, lay(maps), np.float32(np.nan)), low, high)

    def hover(block: int) -> str:
        of_block = "" if block == 1 else f"largest of {block}×{block} from "
        return f"{of_block}unit %{{customdata[0]}}<br><b>%{{z:.4~g}}</b><extra></extra>"

    chart = heatmap_chart(
        laid(grid.tile),
        title=title,
        label=label,
        hover=hover(grid.block),
        form=("units", values.shape),
        fixed=lambda: places(grid, units=len(values)),
        size=heatmap_size(grid.shape),
        caption=caption if grid.block == 1 else reduced(caption, grid.block, grid.block),
    )
    return enlargeable(chart, grid, maps.shape, laid, hover)


units = figure_of(units_chart)


def _in_rows(
    values: NDArray[np.float32], grid: Mosaic
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return the maps of which `grid` is the mosaic, and the numbers of their units, of its shape.

    What is beyond the last unit is 0, which is the largest of nothing else.
    """
    across = grid.units_across
    if across is None:
        return values[None, None], np.arange(len(values), dtype=np.float32)[None, None]
    rows = ceil(len(values) / across)
    filled = np.zeros(rows * across, np.float32)
    filled[: len(values)] = values
    numbers = np.arange(rows * across, dtype=np.float32)
    return filled.reshape(rows, across, 1), numbers.reshape(rows, across, 1)
