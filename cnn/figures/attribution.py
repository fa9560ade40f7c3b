"""Maps of attribution: by themselves, or over the picture that they are of."""

from __future__ import annotations

import base64
from dataclasses import replace
from io import BytesIO
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from cnn.captions.caption import NO_CAPTION, Caption
from cnn.colours import ColourRange
from cnn.figures import style
from cnn.figures.chart import Chart
from cnn.figures.mosaic import MOST_NUMBERS, maps_chart
from cnn.figures.tiling import Mosaic

# Opposite colours that stand out from a grey picture, transparent where the map is zero.
_RED, _BLUE, _YELLOW = "178,24,43", "33,102,172", "255,190,0"
_OPACITY = 0.9
_DIMMED = 0.7
_LARGE = 10_000


def attribution_chart(
    plane: NDArray[np.float32],
    *,
    title: str,
    limits: ColourRange,
    label: str,
    beneath: NDArray[np.uint8] | None = None,
    most: int = MOST_NUMBERS,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return a map (height, width) as a heatmap; where `limits` are signed they diverge about zero.

    `beneath` is the picture, uint8 (height, width, 1 or 3): then the map lies over it, and lets it
    through where it is near zero. Of more than `most` numbers the largest of each block are shown.
    """
    chart = maps_chart(
        plane[..., None], title=title, limits=limits, tile_name="", label=label, most=most,
        caption=caption,
    )  # fmt: skip
    # Powers of e, in Grad-CAM++, would not stand beside each other.
    ticks = "~s" if limits.high >= _LARGE else "~g"
    trace = {**chart.traces[0], "colorbar.tickformat": ticks}
    chart = replace(chart, traces=(trace,))
    if beneath is None:
        return chart
    block = Mosaic.of((*plane.shape, 1), most=most).block
    cells = (plane.shape[0] / block, plane.shape[1] / block)
    return _over(chart, beneath, cells, is_signed=limits.signed)


def _over(
    chart: Chart, picture: NDArray[np.uint8], cells: tuple[float, float], *, is_signed: bool
) -> Chart:
    """Return the chart with the picture beneath, which is so many cells (high, wide) of the map."""
    (trace,) = chart.traces
    high, wide = cells
    image = {
        "source": _png(picture), "xref": "x", "yref": "y", "x": -0.5, "y": -0.5, "sizex": wide,
        "sizey": high, "sizing": "stretch", "layer": "below",
    }  # fmt: skip
    return replace(
        chart,
        form=("attribution over", chart.form),
        traces=({**trace, "colorscale": _see_through(is_signed=is_signed)},),
        layout={**chart.layout, "images": [image]},
        painted="",
    )


def _see_through(*, is_signed: bool) -> style.ColourScale:
    if is_signed:
        return [
            [0, f"rgba({_BLUE},{_OPACITY})"], [0.5, f"rgba({_BLUE},0)"],
            [0.5, f"rgba({_RED},0)"], [1, f"rgba({_RED},{_OPACITY})"],
        ]  # fmt: skip
    return [[0, f"rgba({_YELLOW},0)"], [1, f"rgba({_YELLOW},{_OPACITY})"]]


def _png(picture: NDArray[np.uint8]) -> str:
    """Return the picture in grey as the address of a PNG, so that only the map has colours."""
    pixels: Any = picture[..., 0] if picture.shape[-1] == 1 else picture[..., :3]
    buffer = BytesIO()
    grey = Image.fromarray(pixels).convert("L")
    grey.point(lambda level: level * _DIMMED).save(buffer, "PNG")
    return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
