"""A matrix of weights as a heatmap, in blocks of cells where it has more than a screen can show."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, floor, isqrt, prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import NO_CAPTION, Caption, reduced
from cnn.colours import colour_range
from cnn.figures import style
from cnn.figures.chart import Chart, Window, figure_of
from cnn.figures.mosaic import (
    MOST_NUMBERS,
    WITH_BAR,
    Cells,
    heatmap_chart,
    numbers_of,
)
from cnn.figures.tiling import largest_in_rectangles


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

    `limits` are the lowest and the highest colour, if not those of the values. Of more numbers than a
    screen could show, the largest of each block is shown, and the caption says so.
    """
    axes = style.pixel_axes()
    low, high = limits or colour_range(values)
    down, across = blocks(values.shape, MOST_NUMBERS)

    def part(top: int, left: int, shown: NDArray[np.float32]) -> dict[str, Any]:
        down, across = blocks(shown.shape, MOST_NUMBERS)
        cells = Cells(largest_in_rectangles(shown, down, across), low, high)
        hover = _hover(rows, columns, down, across)
        return {**numbers_of(cells, hover), **_grid(top, left, down, across)}

    def enlarged(window: Window) -> dict[str, Any] | None:
        left, top, right, bottom = window
        across_it = _cells(left, right, values.shape[1])
        down_it = _cells(top, bottom, values.shape[0])
        shown = values[down_it, across_it]
        is_finer = prod(blocks(shown.shape, MOST_NUMBERS)) < down * across
        return part(down_it.start, across_it.start, shown) if is_finer else None

    is_whole = down == across == 1
    whole = {"meta": {"whole": {"rows": values.shape[0], "columns": values.shape[1]}}}
    chart = heatmap_chart(
        Cells(largest_in_rectangles(values, down, across), low, high),
        title=title,
        label=label,
        hover=_hover(rows, columns, down, across),
        form=("matrix", values.shape, rows, columns),
        fixed=lambda: {
            "colorbar": {**style.colour_bar(), "ypad": 40},
            **({} if is_whole else {**_grid(0, 0, down, across), **whole}),
        },
        layout={
            "xaxis": {**axes["xaxis"], **style.VISIBLE_AXIS, "title": {"text": columns, "standoff": 15}},
            "yaxis": {
                **axes["yaxis"], **style.VISIBLE_AXIS, "title": {"text": rows}, "scaleanchor": None,
            },
            "margin": {**WITH_BAR, "l": 52, "b": 38 + style.BAR_PIXELS},
        },
        size=size,
        caption=caption if is_whole else reduced(caption, down, across),
    )  # fmt: skip
    return chart if is_whole else replace(chart, enlarged=enlarged)


matrix = figure_of(matrix_chart)


def blocks(shape: tuple[int, ...], most: int) -> tuple[int, int]:
    """Return the rows and columns of the blocks that make at most `most` of a matrix of that shape.

    A short side stays whole.
    """
    rows, columns = shape
    if rows * columns <= most:
        return 1, 1
    side = isqrt(most)
    if rows <= side:
        return 1, ceil(columns / (most // rows))
    if columns <= side:
        return ceil(rows / (most // columns)), 1
    return ceil(rows / side), ceil(columns / side)


def _grid(top: int, left: int, down: int, across: int) -> dict[str, float]:
    """Return where the middles of blocks are on the axes, which count the cells of the whole."""
    return {
        "y0": top + (down - 1) / 2, "dy": down, "x0": left + (across - 1) / 2, "dx": across,
    }  # fmt: skip


def _hover(rows: str, columns: str, down: int, across: int) -> str:
    of_block = "" if down == across == 1 else f"largest of {down}×{across} about "
    place = f"{of_block}{rows} %{{y:.0f}}, {columns} %{{x:.0f}}"
    return f"{place}<br><b>%{{z:.4~g}}</b><extra></extra>"


def _cells(low: float, high: float, size: int) -> slice:
    """Return which of the cells of an axis are in sight: one at least."""
    first = min(max(0, floor(low + 0.5)), size - 1)
    return slice(first, max(first + 1, min(size, ceil(high + 0.5))))
