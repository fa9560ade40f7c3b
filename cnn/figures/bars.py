"""Values of units and weights as bars."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.captions.caption import NO_CAPTION, Caption, in_steps
from cnn.colours import BLUE, finite
from cnn.figures import style
from cnn.figures.chart import Chart, figure_of
from cnn.figures.tiling import largest_in_rectangles
from cnn.words import percent

# Of so few units the axis would be told by halves.
_FEW = 5
_MOST_BARS = 128
_MOST_STEPS = 20_000
_DIGITS = 4
# So the name of an axis fits below one of 90 pixels.
_AXIS_TYPE = 11
_BAR = {"color": BLUE, "line": {"width": 0}}
BARS_SIZE = {"height": "50cqw"}
# In a column of a page, where the numbers of the upright axis need room above each other.
NARROW_SIZE = {"height": "max(80cqw, 11rem)"}


def outputs_chart(
    values: NDArray[np.float32],
    *,
    title: str,
    label: str = "output",
    each: str = "unit",
    names: Sequence[str] | None = None,
    size: dict[str, str] | None = None,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return a number per unit (units,) as bars; more than 128 as one stepped outline.

    `each` is what has one of the numbers; they are numbered where they have no `names`. Of more than a
    screen could show the largest of each block is shown, and the caption says so.
    """
    block = ceil(len(values) / _MOST_STEPS) or 1
    shown = largest_in_rectangles(values[:, None], block, 1)[:, 0]

    def frame() -> dict[str, Any]:
        of_block, number = ("", "") if block == 1 else (f"largest of {block} about ", ":.0f")
        hover = f"{of_block}{each} %{{x{number}}}<br><b>%{{y:.4~g}}</b><extra></extra>"
        trace: dict[str, Any] = {"hovertemplate": hover}
        if block > 1:
            trace |= {"x0": (block - 1) / 2, "dx": block}
        else:
            known = [style.plain(name) for name in names or ()]
            trace["x"] = known or np.arange(len(values))
        if names is None:
            trace["meta"] = {"units": len(values)}
        if len(values) <= _MOST_BARS:
            trace |= {"type": "bar", "marker": _BAR}
        else:
            line = {"shape": "hvh", "width": 1, "color": BLUE}
            trace |= {"type": "scatter", "mode": "lines", "fill": "tozeroy", "line": line}
        layout = bars_layout(each, label, None if names is None else "category")
        if names is None and len(values) <= _FEW:
            layout["xaxis"]["dtick"] = 1
        return {"data": [trace], "layout": layout}

    return Chart(
        ("outputs", values.shape, label, each, names and tuple(names)), frame, ({"y": shown},),
        {"title.text": style.plain(title)}, "bars", size or BARS_SIZE,
        caption if block == 1 else in_steps(caption, block),
    )  # fmt: skip


outputs = figure_of(outputs_chart)


def numbers_of_outputs(count: int) -> int:
    """Return how many numbers a chart of so many outputs has at most, with their places."""
    return 2 * count if count <= _MOST_STEPS else _MOST_STEPS


def probabilities_chart(
    values: NDArray[np.float32],
    names: Sequence[str],
    *,
    title: str,
    size: dict[str, str] | None = None,
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return class probabilities (classes,) as bars from 0 to 1."""

    def frame() -> dict[str, Any]:
        trace = {
            "type": "bar",
            "x": [style.plain(name) for name in names],
            "marker": _BAR,
            "meta": {"units": len(values)},
            "hovertemplate": "class %{x}<br><b>%{customdata}</b><extra></extra>",
        }
        layout = bars_layout("class", "probability", "category")
        layout["yaxis"] |= {"range": [0, 1], "tickformat": ".0%"}
        return {"data": [trace], "layout": layout}

    numbers = {"y": values, "customdata": percentages(values)}
    return Chart(
        ("probabilities", tuple(names)), frame, (numbers,),
        {"title.text": style.plain(title)}, "bars", size or BARS_SIZE, caption,
    )  # fmt: skip


probabilities = figure_of(probabilities_chart)


def percentages(values: NDArray[np.float32]) -> list[str]:
    """Return shares in percent, as they are told of what is pointed at."""
    return [percent(float(value), _DIGITS) for value in values]


def histogram_chart(
    values: NDArray[np.float32],
    *,
    title: str,
    label: str = "weight",
    caption: Caption = NO_CAPTION,
) -> Chart:
    """Return how often values fall into each of at most 60 equal steps of their range.

    Those that are not finite fall into none.
    """
    bins = int(np.clip(np.sqrt(values.size), 8, 60))
    counts, edges = np.histogram(finite(values), bins=bins)

    def frame() -> dict[str, Any]:
        of_all = f"of {values.size:,}<extra></extra>"
        hover = "about %{x:.3~g}<br><b>%{y}</b> " + of_all
        trace = {"type": "bar", "marker": _BAR, "hovertemplate": hover}
        return {"data": [trace], "layout": bars_layout(label, "count")}

    numbers = {"x": (edges[:-1] + edges[1:]) / 2, "y": counts, "width": np.diff(edges)}
    return Chart(
        ("histogram", values.size, label), frame, (numbers,),
        {"title.text": style.plain(title)}, "", BARS_SIZE, caption,
    )  # fmt: skip


histogram = figure_of(histogram_chart)


def bars_layout(across: str, up: str, kind: str | None = None) -> dict[str, Any]:
    """Return the layout of bars over an axis of some `kind` (plotly's `type`), both axes named."""
    axis = {"fixedrange": True, "automargin": True}
    named = {"standoff": 6, "font": {"size": _AXIS_TYPE}}
    return {
        **style.frame(),
        "margin": {"l": 52, "r": 8, "t": 28, "b": 38},
        "xaxis": {
            **axis,
            **({"type": kind} if kind else {}),
            "showgrid": False,
            "zeroline": False,
            "title": {"text": style.plain(across), **named},
        },
        "yaxis": {
            **axis,
            "showgrid": True,
            "zeroline": True,
            "title": {"text": style.plain(up), **named},
        },
        "bargap": 0.12,
    }
