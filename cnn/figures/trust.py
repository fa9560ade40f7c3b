"""How far a map can be trusted: its curves beside those of controls, and what is left of it by chance."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go
from plotly.subplots import make_subplots

from cnn.attribution.trust.cascade import Cascade, band
from cnn.attribution.trust.curves import MAP, Curve, Curves, Trial
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
_MARGIN = {"l": 44, "r": 8, "t": 44}
# Pixels below the numbers of the axis: of names of layers, and of an entry in the legend.
_NAMES, _ENTRY = 56, 20
_LEGEND = {
    "orientation": "h", "x": 0, "y": 0, "yref": "container", "yanchor": "bottom", "font": {"size": 11},
    "tracegroupgap": 0,
}  # fmt: skip
_SEE_THROUGH = 0.2
_BETWEEN = 0.16
_MOST_LETTERS = 12


def trial(found: Curves, one: Trial) -> go.Figure:
    """Return the number along the share of pixels taken away, or put back: the map and the controls.

    Below it is the probability, where the number has one. The legend has the areas under the curves.
    """
    what = "taken away" if one.way == "deletion" else "put back"
    of = [("the number", [curve.values for curve in one.curves.values()])]
    shares = [curve.shares for curve in one.curves.values() if curve.shares is not None]
    if len(shares) == len(one.curves):
        of.append(("its probability", shares))
    figure = _figure(
        f"{one.way}, {one.fill}",
        f"share of the pixels {what}",
        [up for up, _ in of],
        (2 + len(_ORDERS)) * _ENTRY,
    )
    for row, (_, curves) in enumerate(of, start=1):
        for name, numbers in zip(one.curves, curves, strict=True):
            figure.add_trace(
                _curve(found, name, one.curves[name], numbers, row == 1), row=row, col=1
            )
    figure.update_layout(
        legend_title={"text": "areas below the curves", "side": "top", "font": {"size": 11}}
    )
    figure.update_xaxes(tickformat=".0%", range=[0, 1])
    figure.update_yaxes(row=2, tickformat=".0%", range=[-0.02, 1.02])
    return figure


def _curve(
    found: Curves, name: str, curve: Curve, numbers: Sequence[float], is_named: bool
) -> go.Scatter:
    """Return one line of a panel; that of the first panel names it in the legend, with its areas."""
    colour, dash, words = _ORDERS[name]
    areas = [curve.area] if curve.share_area is None else [curve.area, curve.share_area]
    shown = "%{y:.3~g}" if is_named else "%{y:.1%}"
    return go.Scatter(
        x=list(found.fractions),
        y=list(numbers),
        name=f"{words} ({'; '.join(map(number, areas))})",
        legendgroup=name,
        showlegend=is_named,
        mode="lines",
        line={"color": colour, "dash": dash, "width": 2.5 if name == MAP else 1.5},
        hovertemplate=f"{words}<br>%{{x:.0%}}: <b>{shown}</b><extra></extra>",
    )


def cascade(found: Cascade) -> go.Figure:
    """Return what becomes of the map while layers are drawn anew from the top, over seeds.

    It is the rank correlation to the map, and below it the rise of its entropy.
    """
    up = ["rank correlation", "rise of the entropy"]
    figure = _figure("weights drawn anew, down to a layer", "", up, _NAMES + 3 * _ENTRY)
    layers = [style.plain(stage.layer) for stage in found.stages]
    shown = [("magnitudes", ORANGE, [stage.absolute for stage in found.stages])]
    if found.is_signed:
        shown.insert(0, ("with signs", BLUE, [stage.signed for stage in found.stages]))
    for name, colour, numbers in shown:
        for trace in _band(name, colour, layers, numbers, ".2f"):
            figure.add_trace(trace, row=1, col=1)
    rises = [stage.rises for stage in found.stages]
    for trace in _band("rise of the entropy", PURPLE, layers, rises, "+.1%"):
        figure.add_trace(trace, row=2, col=1)
    figure.update_xaxes(
        type="category", categoryorder="array", categoryarray=layers, tickangle=-45,
        tickvals=layers, ticktext=[style.cut_middle(one, _MOST_LETTERS) for one in layers],
    )  # fmt: skip
    figure.update_yaxes(row=1, range=[-1.05, 1.05])
    figure.update_yaxes(row=2, tickformat="+.0%")
    return figure


def _band(
    name: str,
    colour: str,
    layers: Sequence[str],
    numbers: Sequence[Sequence[float | None]],
    form: str,
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
            customdata=[[one.low, one.high] for _, one in known],
            name=name,
            mode="lines+markers",
            line={"color": colour},
            hovertemplate=(
                f"{name}, down to %{{x}}<br><b>%{{y:{form}}}</b>, eight of ten from "
                f"%{{customdata[0]:{form}}} to %{{customdata[1]:{form}}}<extra></extra>"
            ),
        ),
    ]  # fmt: skip


def _figure(title: str, across: str, up: Sequence[str], below: int) -> go.Figure:
    """Return a figure of panels above each other with one axis across; `up` are their names.

    The names stand above each panel, and that of the axis across below its numbers, in the `below`
    pixels that the legend has too.
    """
    axis = {**style.VISIBLE_AXIS, "fixedrange": True, "showgrid": True}
    figure = make_subplots(
        rows=len(up), cols=1, shared_xaxes=True, vertical_spacing=_BETWEEN, subplot_titles=list(up)
    )
    figure.update_annotations(x=0, xanchor="left", font={"size": 11})
    figure.add_annotation(style.name_across(across))
    margin = {**_MARGIN, "b": style.NUMBERS_PIXELS + below}
    figure.update_layout(
        **style.frame(title) | {"margin": margin, "showlegend": True, "legend": _LEGEND}
    )
    figure.update_xaxes(**axis)
    figure.update_yaxes(**axis)
    return figure
