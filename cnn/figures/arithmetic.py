"""The arithmetic of one number as figures: where it stands, what it reads, and what that adds up to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import NO_CAPTION, Caption
from cnn.colours import BLUE, ORANGE, ColourRange, colour_range
from cnn.figures import style
from cnn.figures.bars import BARS_SIZE, NARROW_SIZE, bars_layout
from cnn.figures.chart import Chart
from cnn.figures.mosaic import (
    MOST_NUMBERS,
    Cells,
    as_maps,
    heatmap_chart,
    heatmap_size,
    maps_chart,
    slice_rows_of,
    units_chart,
    units_grid,
)
from cnn.figures.tiling import Mosaic
from cnn.models.arithmetic.forms import Function

# In a larger window numbers could not be read.
_MOST_CELLS_NUMBERED = 121
# As many numbers beside each other fit into a figure of the usual width.
_MOST_COLUMNS_NUMBERED = 3
_MOST_BARS = 40
_CURVE_POINTS = 201
_REST = "others"
# Light on dark cells, and dark on light ones.
_FRAME = ({"color": "white", "width": 5}, {"color": "black", "width": 2})


def marked_chart(
    values: NDArray[np.float32],
    marked: NDArray[np.int64],
    *,
    title: str,
    channel: int,
    most: int = MOST_NUMBERS,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return the output of a layer, without the batch axis, with a frame around some of its cells.

    Of maps it is one channel, of a vector all units. `marked` (n, axes) are indices in the output; the
    frame is the smallest around all of them. Of a map of more than `most` numbers it is around blocks.
    """
    if values.ndim == 1:
        grid = units_grid(len(values))
        rows, columns = np.divmod(marked[:, 0], grid.units_across or grid.columns)
        rows, columns = rows // grid.block, columns // grid.block
        chart = units_chart(values, title=title, caption=caption)
    else:
        here = marked[:, -1] == channel
        inside = marked[here] if here.any() else marked
        rows, columns = _rows_and_columns(inside[:, :-1], values.shape[:-1])
        maps = as_maps(values)[..., channel : channel + 1]
        block = Mosaic.of(maps.shape, most=most).block
        rows, columns = rows // block, columns // block
        chart = maps_chart(
            maps,
            title=title,
            number=channel,
            label="value",
            most=most,
            slice_rows=slice_rows_of(values),
            caption=caption,
        )
    return _framed(chart, rows, columns)


def _rows_and_columns(
    places: NDArray[np.int64], sides: tuple[int, ...]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return where places in a row, a map or a stack of maps stand in what `as_maps` makes of it."""
    if len(sides) == 1:
        return places[:, 0], np.zeros_like(places[:, 0])
    rows = np.ravel_multi_index(tuple(places[:, :-1].T), sides[:-1])
    return np.asarray(rows), places[:, -1]


def _framed(chart: Chart, rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Chart:
    if not len(rows):
        return chart
    around = {
        "type": "rect",
        "x0": int(columns.min()) - 0.5,
        "x1": int(columns.max()) + 0.5,
        "y0": int(rows.min()) - 0.5,
        "y1": int(rows.max()) + 0.5,
    }
    shapes = [{**around, "line": line} for line in _FRAME]
    return replace(chart, form=("framed", chart.form), layout={**chart.layout, "shapes": shapes})


def effective_chart(
    gradient: NDArray[np.float32],
    field: NDArray[np.bool_],
    *,
    title: str,
    most: int = MOST_NUMBERS,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return how fast a number changes with each pixel (height, width): see `cnn.effective_field`.

    The frame is around the `field`, bool of the same shape: the pixels that the number depends on. Of
    more than `most` pixels the largest of each block is shown.
    """
    chart = maps_chart(
        gradient[..., None], title=title, tile_name="", number=0, label="size of the gradient",
        most=most, caption=caption,
    )  # fmt: skip
    block = Mosaic.of((*gradient.shape, 1), most=most).block
    rows, columns = np.nonzero(field)
    return _framed(chart, rows // block, columns // block)


def window_chart(
    values: NDArray[np.float64],
    inside: NDArray[np.bool_],
    *,
    title: str,
    label: str = "value",
    marked: NDArray[np.int64] | None = None,
    most: int = MOST_NUMBERS,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return the numbers of a window (height, width), each written into its cell if they are few.

    What is not `inside` is left empty. `marked` (n, 2) are cells with a frame. Of more than `most`
    numbers the largest of each block is shown.
    """
    seen = np.where(inside, values, np.nan).astype(np.float32)
    limits = colour_range(values[inside].astype(np.float32))
    block = Mosaic.of((*values.shape, 1), most=most).block
    chart = (
        _numbered(seen, limits, title=title, label=label, caption=caption)
        if block == 1
        else maps_chart(
            seen[..., None], title=title, limits=limits, tile_name="", number=0, label=label,
            most=most, caption=caption,
        )
    )  # fmt: skip
    return chart if marked is None else _framed(chart, marked[:, 0] // block, marked[:, 1] // block)


def _numbered(
    values: NDArray[np.float32], limits: ColourRange, *, title: str, label: str, caption: Caption
) -> Chart:
    """Return the numbers of a window, those of few written into their cells."""
    numbered = {"texttemplate": "%{z:.3~g}", "textfont": {"size": 11}}
    return heatmap_chart(
        Cells(values, *limits),
        title=title,
        label=label,
        hover="row %{y}, column %{x}<br><b>%{z:.6~g}</b><extra></extra>",
        form=("window", values.shape),
        fixed=lambda: numbered if values.size <= _MOST_CELLS_NUMBERED else {},
        size=heatmap_size((values.shape[0], values.shape[1])),
        caption=caption,
    )


def needs_room(window: tuple[int, ...]) -> bool:
    """Whether the numbers in a window (height, width) are read only in a figure twice as wide."""
    return window[1] > _MOST_COLUMNS_NUMBERED and prod(window) <= _MOST_CELLS_NUMBERED


def terms_chart(
    amounts: NDArray[np.float64],
    names: Sequence[int],
    *,
    bias: float | None,
    title: str,
    each: str,
    chosen: int | None = None,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return what each of several terms adds to a sum as bars, the strongest first, and the bias.

    `names` (terms,) number the terms. More than forty are not all shown: what the weaker ones add is
    one bar. The bar of the term named `chosen` has a colour of its own.
    """
    order = np.argsort(-np.abs(amounts), kind="stable")
    strongest, weaker = order[:_MOST_BARS], order[_MOST_BARS:]
    labels = [str(names[i]) for i in strongest]
    heights = [float(amounts[i]) for i in strongest]
    if len(weaker):
        labels.append(_REST)
        with np.errstate(invalid="ignore"):
            heights.append(float(amounts[weaker].sum()))
    if bias is not None:
        labels.append("bias")
        heights.append(bias)
    colours = [ORANGE if label == str(chosen) else BLUE for label in labels]

    def frame() -> dict[str, Any]:
        trace = {
            "type": "bar",
            "hovertemplate": f"{each} %{{x}}<br><b>%{{y:.4~g}}</b><extra></extra>",
        }
        return {"data": [trace], "layout": bars_layout(each, "adds", "category")}

    numbers = {"x": labels, "y": _drawn(heights), "marker.color": colours}
    return Chart(
        ("terms", len(labels), each), frame, (numbers,), {"title.text": style.plain(title)}, "",
        BARS_SIZE, caption,
    )  # fmt: skip


def curve_chart(function: Function, *, title: str, caption: Caption = NO_CAPTION) -> Chart:
    """Return a function of one number as a curve, with the number that it was given as a point."""
    reach = 1.25 * max(abs(function.operand), 1.0)
    operands = np.linspace(-reach, reach, _CURVE_POINTS)

    def frame() -> dict[str, Any]:
        hover = "%{x:.4~g} becomes <b>%{y:.4~g}</b><extra></extra>"
        line = {"type": "scatter", "mode": "lines", "line": {"color": BLUE, "width": 2}}
        point = {"type": "scatter", "mode": "markers", "marker": {"color": ORANGE, "size": 11}}
        layout = {**bars_layout("sum", "value", "linear"), "showlegend": False}
        layout["xaxis"]["zeroline"] = True
        return {"data": [{**line, "hovertemplate": hover}, {**point, "hovertemplate": hover}],
                "layout": layout}  # fmt: skip

    numbers = (
        {"x": _drawn(operands), "y": _drawn(function.curve(operands))},
        {"x": _drawn([function.operand]), "y": _drawn([function.value])},
    )
    return Chart(
        ("curve",), frame, numbers, {"title.text": style.plain(title)}, "", NARROW_SIZE, caption
    )


def _drawn(numbers: Any) -> NDArray[np.float32]:
    """Return numbers as they travel, so that a figure is the same by whichever way they come."""
    return np.asarray(numbers, np.float32)
