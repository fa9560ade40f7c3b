"""A picture in the colours of its cells' classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import NO_CAPTION, Caption, in_middles
from cnn.figures import style
from cnn.figures.chart import Chart
from cnn.figures.mosaic import (
    MOST_TOGETHER,
    Cells,
    Lay,
    enlargeable,
    heatmap_chart,
    heatmap_size,
    places,
)
from cnn.figures.tiling import Mosaic, middle_of_blocks

# After Okabe and Ito 2008, safe for colour-blind readers, with the indigo of Paul Tol in place of their
# second blue, whose bright shades are those of the first. In the order in which the shades of few classes
# are farthest apart: orange, between yellow and vermilion, is the seventh. Then grey is for all others.
_COLOURS = ("#332288", "#f0e442", "#009e73", "#56b4e9", "#cc79a7", "#d55e00", "#e69f00")
_OTHERS = "#999999"
_DARK, _LIGHT = 0.65, 0.25
_EDGE = 0.01


def overlay_chart(
    winners: NDArray[np.intp],
    brightness: NDArray[np.float32],
    names: Sequence[str],
    *,
    title: str,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return a picture (height, width), from 0 to 1, in the colours of its cells' classes, `winners`.

    Each class has a band of the colour scale, from dark to bright. Of more than seven classes those with
    most cells have one, and all others are grey.
    """
    shown = _shown(winners, len(names))
    has_others = len(shown) < len(names)
    count = len(shown) + has_others
    slots = np.full(len(names), len(shown))
    slots[shown] = np.arange(len(shown))
    coloured = slots[winners] + np.clip(brightness, _EDGE, 1 - _EDGE)
    mosaic = Mosaic.of((*winners.shape, 1), most=MOST_TOGETHER // 4)

    def laid(lay: Lay) -> Cells:
        z, values = (
            lay(of_all[..., None].astype(np.float32), middle_of_blocks)
            for of_all in (coloured, winners)
        )
        return Cells(z, 0.0, float(count), values)

    def hover(block: int) -> str:
        middle = "" if block == 1 else f"middle of {block}×{block} from "
        place = f"{middle}row %{{customdata[1]}}, column %{{customdata[2]}}"
        return f"{place}<br><b>class %{{text}}</b><extra></extra>"

    bands = [names[i] for i in shown] + ["others"] * has_others
    chart = heatmap_chart(
        laid(mosaic.tile),
        title=title,
        label=f"classes from the left: {', '.join(bands)}",
        hover=hover(mosaic.block),
        form=("overlay", winners.shape),
        fixed=lambda: {
            **places(mosaic),
            "colorbar": {**style.colour_bar(), "tickmode": "array", "tickvals": []},
        },
        size=heatmap_size(mosaic.shape),
        caption=caption if mosaic.block == 1 else in_middles(caption, mosaic.block),
    )
    chart.traces[0]["colorscale"] = _bands(len(shown), has_others=has_others)
    return enlargeable(chart, mosaic, (*winners.shape, 1), laid, hover)


def _shown(winners: NDArray[np.intp], count: int) -> NDArray[np.intp]:
    """Return the classes that have a colour: all, or those with most cells, in their order."""
    areas = np.bincount(winners.ravel(), minlength=count)
    return np.sort(np.argsort(-areas, kind="stable")[: len(_COLOURS)])


def _bands(count: int, *, has_others: bool) -> style.ColourScale:
    colours = [*_COLOURS[:count], *[_OTHERS] * has_others]
    stops = []
    for place, colour in enumerate(colours):
        red, green, blue = style.rgb(colour)
        dark = [round(_DARK * part) for part in (red, green, blue)]
        light = [round(part + _LIGHT * (255 - part)) for part in (red, green, blue)]
        for share, shade in ((place, dark), (place + 1, light)):
            stops.append([share / len(colours), f"rgb({shade[0]},{shade[1]},{shade[2]})"])
    return stops
