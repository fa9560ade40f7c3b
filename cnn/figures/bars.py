"""Values of units and weights as bars."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import plotly.graph_objects as go
from numpy.typing import NDArray

from cnn.colours import BLUE
from cnn.figures import style
from cnn.words import percent

_MOST_BARS = 128
_DIGITS = 4


def outputs(
    values: NDArray[np.float32], *, title: str, label: str = "output", each: str = "unit"
) -> go.Figure:
    """Return a number per unit (units,) as bars; more than 128 as one stepped outline.

    `each` is what has one of the numbers.
    """
    hover = f"{each} %{{x}}<br><b>%{{y:.4~g}}</b><extra></extra>"
    trace: dict[str, Any] = {"x": np.arange(len(values)), "y": values, "hovertemplate": hover}
    if len(values) <= _MOST_BARS:
        trace |= {"type": "bar", "marker": {"color": BLUE, "line": {"width": 0}}}
    else:
        trace |= {
            "type": "scatter",
            "mode": "lines",
            "fill": "tozeroy",
            "line": {"shape": "hvh", "width": 1, "color": BLUE},
        }
    return go.Figure(data=[trace], layout=_layout(title, each, label))


def probabilities(values: NDArray[np.float32], names: Sequence[str], *, title: str) -> go.Figure:
    """Return class probabilities (classes,) as bars from 0 to 1."""
    trace = {
        "type": "bar",
        "x": [style.plain(name) for name in names],
        "y": values,
        "marker": {"color": BLUE, "line": {"width": 0}},
        "customdata": shares_told(values),
        "hovertemplate": "class %{x}<br><b>%{customdata}</b><extra></extra>",
    }
    layout = _layout(title, "class", "probability")
    layout["xaxis"]["type"] = "category"
    layout["yaxis"] |= {"range": [0, 1], "tickformat": ".0%"}
    return go.Figure(data=[trace], layout=layout)


def shares_told(values: NDArray[np.float32]) -> list[str]:
    """Return shares in percent, as they are told of what is pointed at."""
    return [percent(float(value), _DIGITS) for value in values]


def histogram(values: NDArray[np.float32], *, title: str, label: str = "weight") -> go.Figure:
    """Return how often values fall into each of at most 60 equal steps of their range."""
    bins = int(np.clip(np.sqrt(values.size), 8, 60))
    counts, edges = np.histogram(values.ravel(), bins=bins)
    trace = {
        "type": "bar",
        "x": (edges[:-1] + edges[1:]) / 2,
        "y": counts,
        "width": np.diff(edges),
        "marker": {"color": BLUE, "line": {"width": 0}},
        "hovertemplate": "about %{x:.3~g}<br><b>%{y}</b> of " + f"{values.size:,}<extra></extra>",
    }
    return go.Figure(data=[trace], layout=_layout(title, label, "count"))


def _layout(title: str, across: str, up: str) -> dict[str, Any]:
    axis = {"showgrid": True, "zeroline": True, "fixedrange": True, "automargin": True}
    return {
        **style.frame(title),
        "margin": {"l": 52, "r": 8, "t": 28, "b": 38},
        "xaxis": {
            **axis,
            "showgrid": False,
            "zeroline": False,
            "title": {"text": style.plain(across), "standoff": 4},
        },
        "yaxis": {**axis, "title": {"text": style.plain(up), "standoff": 4}},
        "bargap": 0.12,
    }
