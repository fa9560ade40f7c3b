"""The same picture at two moments of a training, and what lies between."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, html

import cnn
from cnn.captions import Caption
from cnn.figures import Chart, Pair, nothing
from cnn.figures.bars import BARS_SIZE
from cnn.runs.moments import Moment
from dashboard import ids
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.tabs import register_tabs
from dashboard.state.view import View

if TYPE_CHECKING:
    import pandas as pd

PAGE = "moments"
OTHER = "moments-other"
LEFT = "moments-left"
RIGHT = "moments-right"
CHANGE = "moments-change"
DRIFT = "moments-drift"
NONE = "moments-none"
COMPARISON = "moments-comparison"
_NO_MOMENTS = (
    "Of this model no moments are kept: it came as a file. Choose one that was trained here."
)


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
            *stores(PAGE, name),
            components.tab_bar("moments-tabs", "Layers"),
            components.alert("moments-problem"),
            html.P(id=NONE, hidden=True),
            html.Div(html.Div(_body(), id=COMPARISON), id="moments-body"),
        ]
    )


def _body() -> list[Any]:
    choice = html.Div(
        [
            dbc.Label("Compare", html_for=OTHER, className="mb-0 text-body-secondary"),
            dbc.Select(id=OTHER, size="sm", className="w-auto"),
            html.Span(id=f"{OTHER}-description", className="text-body-secondary"),
        ],
        className="controls",
    )
    both = [components.figure(LEFT, "Left"), components.figure(RIGHT, "Right")]
    return [
        choice,
        html.Div(both, className="even"),
        components.figure(CHANGE, "Right minus left"),
        components.figure(DRIFT, "How far each layer moved"),
    ]


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/moments", path_template="/moments/<layer>", name="Moments",
        title="Moments – CNN Visualizer", layout=layout, order=8, in_header=True,
    )  # fmt: skip
    register_tabs(app, PAGE, lambda layers: list(layers["names"]))
    register_screen(app, PAGE, show, figures=(LEFT, RIGHT, CHANGE, DRIFT), looks=("other",))
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
        State(ids.MOMENTS, "data"),
        prevent_initial_call=True,
    )


def show(request: Request) -> Screen:
    """Return the layer at both moments, the difference, and how far each layer has come.

    On the left is the moment that is chosen on the page, on the right that of the slider, whichever
    is the earlier: what moves stays in its place.
    """
    run = request.runtime.entry(request.view).run
    if run is None or not run.moments:
        return Screen({}, {NONE: _NO_MOMENTS}, {NONE: False, COMPARISON: True})
    info = request.layer_among(cnn.layer_infos(request.model))
    left, right = _both(request.runtime.settled(request.view), run.moments)
    charts = dict(zip((LEFT, RIGHT, CHANGE), _pair(request, info, left, right), strict=True))
    right_in_words = f"with the moment of the slider below the prediction: {right.description}"
    texts = {f"{OTHER}-description": right_in_words}
    hidden = {NONE: True, COMPARISON: False}
    if request.moving:
        return Screen(charts, texts, hidden, later=(DRIFT,))
    return Screen({**charts, DRIFT: _drift(request, run, left, right)}, texts, hidden)


def _pair(
    request: Request, info: cnn.LayerInfo, left: Moment, right: Moment
) -> tuple[Chart, Chart, Chart]:
    now, other = request.passed, request.at(str(left)).passed
    pair = Pair(other.activations[info.name], now.activations[info.name])
    change = components.caption(cnn.captions.change(pair.left, pair.right)) + _in_time(left, right)
    verdicts = (_says(left, other.prediction), _says(right, now.prediction))
    before, at_slider, between = pair.charts(
        (
            f"{info.name}, {left.description}",
            f"{info.name}, {right.description}",
            f"{info.name}: right minus left",
        ),
        (Caption(verdicts[0]), Caption(verdicts[1]), Caption(change)),
    )
    return before, at_slider.of_layer(info.name), between


def _both(view: View, kept: Sequence[Moment]) -> tuple[Moment, Moment]:
    """Return the moment that is chosen on the page, and that of the slider."""
    left = Moment.parse(view.other) if view.other else kept[0]
    return left, Moment.parse(view.epoch) if view.epoch else kept[-1]


def _in_time(left: Moment, right: Moment) -> str:
    """Return what must be known of the order of the moments, where it is not that of reading."""
    if right < left:
        return " The right one is the earlier of the two."
    return " Both are the same moment." if left == right else ""


def _when(moment: Moment) -> str:
    """Return the moment as the beginning of a sentence."""
    return f"{moment.description[0].upper()}{moment.description[1:]}"


def _says(moment: Moment, prediction: cnn.Prediction) -> str:
    return f"{_when(moment)}, the network {cnn.captions.verdict(prediction, others=2)}."


def _drift(request: Request, run: cnn.Run, left: Moment, right: Moment) -> Chart:
    """Return the curve of how far each layer moved, with marks where both moments are."""
    try:
        table = request.runtime.drift(request.trained, run, (left, right))
    except cnn.RunError as error:
        return nothing(str(error))
    first = run.moments[0]
    figure = cnn.figures.distances(
        table, title=f"How far each layer's weights are from {_then(first)}"
    )
    marks = {"left": left, "right": right} if left != right else {"left and right": left}
    for text, moment in marks.items():
        cnn.figures.mark(figure, _place(moment, run), text)
    then = table.set_index("place").loc[_place(right, run)]
    return Chart.whole(figure, size=BARS_SIZE, caption=Caption(_about_drift(first, right, then)))


def _place(moment: Moment, run: cnn.Run) -> float:
    """Return how many epochs were done, as `cnn.runs.drift` counts them."""
    return moment.epoch + moment.batch / max(1, run.status.batches)


def _then(first: Moment) -> str:
    """Return what the weights of a layer are compared with: those at the first kept moment."""
    return "their start" if first == Moment(0) else f"those {first.description}"


def _about_drift(first: Moment, moment: Moment, distances: pd.Series) -> str:
    """Return the caption of the curve of distances, from those of each layer at a moment."""
    kept = "" if first == Moment(0) else ", the first moment that is kept"
    seen = (
        f"The distance of all weights of a layer from {_then(first)}{kept}, as a share of their size "
        "then."
    )
    if not distances.any():
        return f"{seen} {_when(moment)}, all are where they {'were' if kept else 'started'}."
    farthest, nearest = distances.idxmax(), distances.idxmin()
    most = cnn.captions.number(distances.max(), 2)
    sentence = f"{seen} {_when(moment)}, {farthest} is farthest from it ({most})"
    if distances.max() == distances.min():
        return f"{sentence}."
    return f"{sentence}, {nearest} nearest ({cnn.captions.number(distances.min(), 2)})."
