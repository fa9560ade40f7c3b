"""How far a map can be trusted: its curves beside those of controls, and what is left of it by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from cnn.attribution.trust.cascade import Cascade, band
from cnn.attribution.trust.curves import MAP, Curves, Trial
from cnn.colours import BLUE, GREEN, GREY, ORANGE, PURPLE
from cnn.figures import style
from cnn.words import number

_ORDERS = {
    MAP: (BLUE, "solid", "the map"),
    "random": (GREY, "dot", "by chance"),
    "edges": (ORANGE, "dash", "edges"),
    "intensity": (GREEN, "dashdot", "brightness"),
    "centre": (PURPLE, "longdash", "middle"),
}
_MARGIN = {"l": 44, "r": 8, "t": 28, "b": 96}
_LEGEND = {
    "orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 11},
}  # fmt: skip
_SEE_THROUGH = 0.2


def trial(found: Curves, one: Trial) -> go.Figure:
    """Return the number along the share of pixels taken away, or put back: the map and the controls."""
    what = "taken away" if one.way == "deletion" else "put back"
    figure = _figure(f"{one.way}, {one.fill}", f"share of the pixels {what}", "the number")
    for name, (colour, dash, words) in _ORDERS.items():
        curve = one.curves[name]
        figure.add_scatter(
            x=list(found.fractions),
            y=list(curve.values),
            name=f"{words} ({number(curve.area)})",
            mode="lines",
            line={"color": colour, "dash": dash, "width": 2.5 if name == MAP else 1.5},
            hovertemplate=f"{words}<br>%{{x:.0%}}: <b>%{{y:.3~g}}</b><extra></extra>",
        )
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    return figure


def cascade(found: Cascade) -> go.Figure:
    """Return the rank correlation to the map while layers are drawn anew from the top, over seeds."""
    figure = _figure("weights drawn anew from the top", "down to layer", "rank correlation")
    layers = [style.plain(stage.layer) for stage in found.stages]
    shown = [("magnitudes", ORANGE, [stage.absolute for stage in found.stages])]
    if found.is_signed:
        shown.insert(0, ("with signs", BLUE, [stage.signed for stage in found.stages]))
    for name, colour, numbers in shown:
        for trace in _band(name, colour, layers, numbers):
            figure.add_trace(trace)
    figure.update_xaxes(type="category", tickangle=-45)
    figure.update_yaxes(range=[-1.05, 1.05])
    return figure


def _band(
    name: str, colour: str, layers: Sequence[str], numbers: Sequence[Sequence[float | None]]
) -> list[go.Scatter]:
    """Return the median over seeds as a line, and as a band where eight of ten lie."""
    bands = [band(one) for one in numbers]
    known = [(layer, one) for layer, one in zip(layers, bands, strict=True) if one]
    places = [layer for layer, _ in known]
    red, green, blue = style.rgb(colour)
    edge: dict[str, Any] = {"x": places, "mode": "lines", "hoverinfo": "skip", "showlegend": False}
    return [
        go.Scatter(y=[one.low for _, one in known], line={"width": 0}, **edge),
        go.Scatter(
            y=[one.high for _, one in known], line={"width": 0}, fill="tonexty",
            fillcolor=f"rgba({red},{green},{blue},{_SEE_THROUGH})", **edge,
        ),
        go.Scatter(
            x=places,
            y=[one.middle for _, one in known],
            name=name,
            mode="lines+markers",
            line={"color": colour},
            hovertemplate=f"{name}, down to %{{x}}<br><b>%{{y:.2f}}</b><extra></extra>",
        ),
    ]  # fmt: skip


def _figure(title: str, across: str, up: str) -> go.Figure:
    axis = {**style.VISIBLE_AXIS, "fixedrange": True, "showgrid": True}
    figure = go.Figure(layout={**style.frame(title), "margin": _MARGIN, "showlegend": True})
    figure.update_layout(legend=_LEGEND)
    figure.update_xaxes(title={"text": across, "standoff": 6}, **axis)
    figure.update_yaxes(title={"text": up, "standoff": 4}, **axis)
    return figure
