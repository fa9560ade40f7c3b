"""The same picture at two moments of a training, and what lies between."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

import cnn
from cnn.figures import Pair
from cnn.moments import Moment
from dashboard import components, ids, repaint
from dashboard.panel import layers as layers_of
from dashboard.runtime import current
from dashboard.tabs import default_layer, is_open, register_tabs
from dashboard.values import Asked, register_values
from dashboard.view import View, parse

LAYER = "moments-layer"
OTHER = "moments-other"
BEFORE = "moments-before"
AFTER = "moments-after"
CHANGE = "moments-change"
DRIFT = "moments-drift"
PAINTED = "moments-painted"
DRAWN = "moments-drawn"
NONE = "moments-none"
FIGURES = (BEFORE, AFTER, CHANGE)


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
                            components.figure(BEFORE, "Before", caption=f"{BEFORE}-caption"),
                            components.figure(AFTER, "After", caption=f"{AFTER}-caption"),
                        ],
                        className="even",
                    ),
                    components.figure(CHANGE, "After minus before", caption=f"{CHANGE}-caption"),
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
        title="Moments – CNN Visualizer", layout=layout, order=7, in_header=True,
    )  # fmt: skip
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
    kind = f"{view.model} {name} {shown.pair.after.shape}"
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
    """A layer at both moments of a view, and what is said of it."""

    def __init__(self, view: View, name: str, after: Any) -> None:
        runtime = current()
        view = runtime.settled(view)
        kept = _moments(view)
        earlier = Moment.parse(view.other) if view.other else kept[0]
        later = Moment.parse(view.epoch) if view.epoch else kept[-1]
        before = runtime.forward(replace(view, epoch=str(earlier)))
        info = cnn.layer_info(runtime.model(view), name)
        self.pair = Pair(before.activations[info.name], after.activations[info.name])
        self.shape = self.pair.cells[0].z.shape
        self.titles = (
            f"{info.name}, {earlier.told}", f"{info.name}, {later.told}",
            f"{info.name}: the second minus the first",
        )  # fmt: skip
        self.captions = (
            _says(before.prediction), _says(after.prediction),
            components.caption(cnn.captions.change(self.pair.before, self.pair.after)),
        )  # fmt: skip
        self.told = f"with {later.told}, which the slider below the prediction chooses"


def _shown(view: View, name: str) -> _Shown:
    return _Shown(view, name, current().forward(view))


def _moments(view: View) -> tuple[Moment, ...]:
    run = current().entry(view).run
    return run.moments if run else ()


def _says(prediction: cnn.Prediction) -> str:
    told = [f"{name} ({cnn.captions.percent(share)})" for name, share in prediction.top(3)]
    return f"The network then says {told[0]}, or else {' or '.join(told[1:])}."


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
    if not stored or not moments or moments["model"] != stored["model"] or not moments["values"]:
        raise PreventUpdate
    view, _ = parse(stored)
    key = f"{view.model} {view.epoch} {view.other} {len(moments['values'])}"
    if key == drawn:
        raise PreventUpdate
    runtime = current()
    run = runtime.entry(view).run
    if run is None:
        raise PreventUpdate
    table = cnn.drift(runtime.model(view), run)
    figure = cnn.figures.distances(table, title="How far each layer's weights are from their start")
    for text, moment in (
        ("before", view.other or "0"),
        ("after", view.epoch or str(run.moments[-1])),
    ):
        at = Moment.parse(moment)
        cnn.figures.mark(figure, at.epoch + at.batch / max(1, run.status.batches), text)
    last = table.iloc[-1].drop("place")
    told = (
        "The distance of all weights of a layer from their start, as a share of their size then. "
        f"{last.idxmax()} has moved farthest ({last.max():.2f}), {last.idxmin()} least "
        f"({last.min():.2f})."
    )
    return figure, told, key
