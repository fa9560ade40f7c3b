"""The way up: the value of a unit by step, for each search."""

from __future__ import annotations

import plotly.graph_objects as go

from cnn.colours import GREY
from cnn.figures import style
from cnn.studies.answers import Raised

_MARGIN = {"l": 44, "r": 8, "t": 28}
# Of the axis, and of a row of the legend, in pixels.
_AXIS, _ROW, _ENTRIES_A_ROW, _ENTRY = 46, 19, 3, 70
_LEGEND = {
    "orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 11},
    "entrywidth": _ENTRY,
}  # fmt: skip
_DASHES = ("solid", "dash", "dot", "dashdot")


def climbs(answer: Raised) -> go.Figure:
    """Return the value of the unit by step, a line a seed, and that of the largest real picture."""
    axis = {**style.VISIBLE_AXIS, "fixedrange": True, "showgrid": True}
    rows = -(-(len(answer.paths) + 1) // _ENTRIES_A_ROW)
    margin = {**_MARGIN, "b": _AXIS + _ROW * rows}
    figure = go.Figure(layout={**style.frame("value by step"), "margin": margin})
    figure.update_layout(showlegend=True, legend=_LEGEND)
    figure.update_xaxes(**axis)
    figure.add_annotation(style.name_across("step"))
    figure.update_yaxes(title={"text": "value of the unit", "standoff": 4}, **axis)
    for place, path in enumerate(answer.paths):
        name = f"seed {answer.settings['seed'] + place}"
        figure.add_scatter(
            x=list(range(len(path))),
            y=path,
            name=name,
            mode="lines",
            line={
                "color": style.COLOURS[place % len(style.COLOURS)],
                "dash": _DASHES[place // len(style.COLOURS) % len(_DASHES)],
            },
            hovertemplate=f"{name}, step %{{x}}<br><b>%{{y:.4~g}}</b><extra></extra>",
        )
    if answer.best.value is not None:
        longest = max(map(len, answer.paths))
        figure.add_scatter(
            x=[0, longest - 1],
            y=[answer.best.value] * 2,
            name="largest real",
            mode="lines",
            line={"color": GREY, "dash": "dash", "width": 1.5},
            hovertemplate="largest real picture<br><b>%{y:.4~g}</b><extra></extra>",
        )
    return figure
