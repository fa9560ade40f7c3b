"""The same picture at two moments of a training, and what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
import pandas as pd
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

import cnn
from cnn.figures import Pair
from cnn.runs.moments import Moment
from dashboard import arguments, ids
from dashboard.runtime.runtime import current
from dashboard.screens import repaint
from dashboard.screens.values import Asked, register_values
from dashboard.shell import components
from dashboard.shell.panel import layers as layers_of
from dashboard.shell.tabs import default_layer, is_open, register_tabs
from dashboard.state.view import View, parse

LAYER = "moments-layer"
OTHER = "moments-other"
LEFT = "moments-left"
RIGHT = "moments-right"
CHANGE = "moments-change"
DRIFT = "moments-drift"
PAINTED = "moments-painted"
DRAWN = "moments-drawn"
NONE = "moments-none"
FIGURES = (LEFT, RIGHT, CHANGE)


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first layer with maps is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading(
                "Moments",
                "The same picture at two moments of the training, in one range of colours, and what "
                "lies between.",
            ),
            dcc.Store(id=LAYER, data=name),
            dcc.Store(id=PAINTED),
            dcc.Store(id=DRAWN),
            components.tab_bar("moments-tabs", "Layers"),
            components.alert("moments-problem"),
            html.P(id=NONE, hidden=True),
            html.Div(
                [
                    html.Div(
                        [
                            dbc.Label(
                                "Compare", html_for=OTHER, className="mb-0 text-body-secondary"
                            ),
                            dbc.Select(id=OTHER, size="sm", className="w-auto"),
                            html.Span(id=f"{OTHER}-told", className="text-body-secondary"),
                        ],
                        className="controls",
                    ),
                    html.Div(
                        [
                            components.figure(LEFT, "Left", caption=f"{LEFT}-caption"),
                            components.figure(RIGHT, "Right", caption=f"{RIGHT}-caption"),
                        ],
                        className="even",
                    ),
                    components.figure(CHANGE, "Right minus left", caption=f"{CHANGE}-caption"),
                    components.figure(
                        DRIFT, "How far each layer moved", caption=f"{DRIFT}-caption"
                    ),
                ],
                id="moments-body",
            ),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/moments", path_template="/moments/<layer>", name="Moments",
        title="Moments – CNN Visualizer", layout=layout, order=8, in_header=True,
    )  # fmt: skip
    arguments.accept(app, dict.fromkeys((LAYER, PAINTED, DRAWN), arguments.Name))
    register_tabs(app, "moments", lambda layers: list(layers["names"]))
    app.callback(
        *[Output(figure, "figure") for figure in FIGURES],
        *[Output(figure, "style") for figure in FIGURES],
        *[Output(f"{figure}-caption", "children") for figure in FIGURES],
        Output(f"{OTHER}-told", "children"),
        Output(PAINTED, "data"),
        Output(NONE, "children"),
        Output(NONE, "hidden"),
        Output("moments-body", "style"),
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        State(LAYER, "data"),
        State(PAINTED, "data"),
        State(ids.LOCATION, "pathname"),
    )(paint)
    app.callback(
        Output(DRIFT, "figure"),
        Output(f"{DRIFT}-caption", "children"),
        Output(DRAWN, "data"),
        Input(ids.VIEW, "data"),
        Input(ids.MOMENTS, "data"),
        State(DRAWN, "data"),
    )(draw)
    app.clientside_callback(
        ClientsideFunction("cnn", "otherMoments"),
        Output(OTHER, "options"),
        Output(OTHER, "value"),
        Input(ids.MOMENTS, "data"),
        Input(ids.VIEW, "data"),
        State(OTHER, "options"),
        State(OTHER, "value"),
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "chooseOther"),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(OTHER, "value"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    register_values(app.server, "moments", values)


def paint(
    stored: dict[str, Any] | None,
    layers: dict[str, Any] | None,
    layer: str | None,
    painted: str | None,
    pathname: str | None,
) -> tuple[Any, ...]:
    """Return the layer at both moments and the difference: whole at first, then new values."""
    if not stored or not layers or not is_open(pathname, "moments", layer):
        raise PreventUpdate
    view, _ = parse(stored)
    if layers["model"] != view.model:
        raise PreventUpdate
    count = 3 * len(FIGURES) + 2
    if not _moments(view):
        none = "Of this model no moments are kept: it came as a file. Choose one that was trained here."
        return *[no_update] * count, none, False, {"display": "none"}
    name = layer or default_layer(layers, layers["names"])
    try:
        shown = _shown(view, name or "")
    except cnn.CnnError as error:
        raise PreventUpdate from error
    kind = f"{view.model} {name} {shown.pair.right.shape}"
    figures = [
        repaint.heatmap(cells, title=title)
        for cells, title in zip(shown.pair.cells, shown.titles, strict=True)
    ] if kind == painted else shown.pair.figures(shown.titles)  # fmt: skip
    style = cnn.figures.heatmap_size(shown.shape)
    return (
        *figures, *[no_update if kind == painted else style] * 3, *shown.captions, shown.told,
        kind, "", True, {},
    )  # fmt: skip


class _Shown:
    """A layer at both moments of a view, and what is said of it.

    On the left is the moment that is chosen on the page, on the right that of the slider, whichever
    is the earlier: what moves stays in its place.
    """

    def __init__(self, view: View, name: str, passed: Any) -> None:
        runtime = current()
        view = runtime.settled(view)
        left, right = _both(view, _moments(view))
        other = runtime.forward(replace(view, epoch=str(left)))
        info = cnn.layer_info(runtime.model(view), name)
        self.pair = Pair(other.activations[info.name], passed.activations[info.name])
        self.shape = self.pair.cells[0].z.shape
        self.titles = (
            f"{info.name}, {left.told}", f"{info.name}, {right.told}",
            f"{info.name}: right minus left",
        )  # fmt: skip
        self.captions = (
            _says(left, other.prediction), _says(right, passed.prediction),
            components.caption(cnn.captions.change(self.pair.left, self.pair.right))
            + _in_time(left, right),
        )  # fmt: skip
        self.told = f"with the moment of the slider below the prediction: {right.told}"


def _both(view: View, kept: Sequence[Moment]) -> tuple[Moment, Moment]:
    """Return the moment that is chosen on the page, and that of the slider."""
    left = Moment.parse(view.other) if view.other else kept[0]
    return left, Moment.parse(view.epoch) if view.epoch else kept[-1]


def _in_time(left: Moment, right: Moment) -> str:
    """Return what must be known of the order of the moments, where it is not that of reading."""
    if right < left:
        return " The right one is the earlier of the two."
    return " Both are the same moment." if left == right else ""


def _shown(view: View, name: str) -> _Shown:
    return _Shown(view, name, current().forward(view))


def _moments(view: View) -> tuple[Moment, ...]:
    run = current().entry(view).run
    return run.moments if run else ()


def _says(moment: Moment, prediction: cnn.Prediction) -> str:
    when = f"{moment.told[0].upper()}{moment.told[1:]}"
    return f"{when}, the network {cnn.captions.verdict(prediction, others=2)}."


def values(asked: Asked) -> dict[str, Any]:
    """Return what is painted while the picture or the epoch moves."""
    known = layers_of(asked.view)
    name = asked.layer or default_layer(known, known["names"])
    if name not in known["names"] or not _moments(asked.view):
        return {"figures": [], "texts": {}}
    shown = _Shown(asked.view, str(name), asked.passed)
    cells = zip(FIGURES, shown.pair.cells, strict=True)
    captions = zip(FIGURES, shown.captions, strict=True)
    return {
        "figures": [asked.cells(figure, one) for figure, one in cells],
        "texts": {
            **{f"{figure}-caption": text for figure, text in captions},
            f"{OTHER}-told": shown.told,
        },
    }


def draw(
    stored: dict[str, Any] | None, moments: dict[str, Any] | None, drawn: str | None
) -> tuple[Any, ...]:
    """Return the curve of how far each layer moved, with marks where both moments are."""
    if (
        not stored
        or not moments
        or moments.get("model") != stored.get("model")
        or not moments["values"]
    ):
        raise PreventUpdate
    view, _ = parse(stored)
    if moments["model"] != view.model:
        raise PreventUpdate
    key = f"{view.model} {view.epoch} {view.other} {len(moments['values'])}"
    if key == drawn:
        raise PreventUpdate
    runtime = current()
    run = runtime.entry(view).run
    if run is None:
        raise PreventUpdate
    try:
        return *_drift(view, run), key
    except cnn.RunError as error:
        return components.EMPTY_FIGURE, str(error), key


def _drift(view: View, run: cnn.Run) -> tuple[Any, str]:
    """Return the curve and its caption."""
    left, right = _both(view, run.moments)
    table = cnn.drift(current().model(view), run, also=(left, right))
    figure = cnn.figures.distances(table, title="How far each layer's weights are from their start")
    marks = {"left": left, "right": right} if left != right else {"left and right": left}
    for text, moment in marks.items():
        cnn.figures.mark(figure, _place(moment, run), text)
    then = table.set_index("place").loc[_place(right, run)]
    return figure, _about_drift(right, then)


def _place(moment: Moment, run: cnn.Run) -> float:
    """Return how many epochs were done, as `cnn.runs.drift` counts them."""
    return moment.epoch + moment.batch / max(1, run.status.batches)


def _about_drift(moment: Moment, distances: pd.Series) -> str:
    """Return the caption of the curve of distances, from those of each layer at a moment."""
    seen = "The distance of all weights of a layer from their start, as a share of their size then."
    if not distances.any():
        return f"{seen} {moment.told[0].upper()}{moment.told[1:]}, all are where they started."
    farthest, nearest = distances.idxmax(), distances.idxmin()
    told = f"{seen} {moment.told[0].upper()}{moment.told[1:]}, {farthest} is farthest from it "
    told += f"({cnn.captions.number(distances.max(), 2)})"
    if distances.max() == distances.min():
        return f"{told}."
    return f"{told}, {nearest} nearest ({cnn.captions.number(distances.min(), 2)})."
