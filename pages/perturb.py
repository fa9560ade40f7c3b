"""What is done to the picture before the network sees it, and where that changes the prediction."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
import plotly.graph_objects as go
from dash import ClientsideFunction, Dash, Input, Output, html
from numpy.typing import NDArray

import cnn
from cnn.captions.sweep import drawn
from cnn.colours import difference_range
from cnn.figures import EMPTY_FIGURE, Chart, reason_alone
from cnn.figures.mosaic import MOST_TOGETHER
from cnn.inspection.diagnosis.selection import affordable
from cnn.models.heads import Head
from cnn.models.layers import is_large
from dashboard.runtime.pictures import perturbed_in_words
from dashboard.runtime.runtime import Look
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.perturbing import NAMES, PLACE, SWEPT
from dashboard.state.view import View

PAGE = "perturb"
OVER = "perturb-over"
TURN = "perturb-turn"
CURVE = "perturb-curve"
BEFORE = "perturb-before"
AFTER = "perturb-after"
CHANGE = "perturb-change"
ADVERSARIAL = "perturb-adversarial"
_PICTURES = {
    BEFORE: "The picture",
    AFTER: "As the network sees it",
    CHANGE: "What changed",
    ADVERSARIAL: "The adversarial part of it",
}
# Points of the curve over a small network, and the multiply-adds of all of them over any.
_MOST_VALUES, _MOST_STEPS, _BUDGET = 41, 31, 6e10
# Of a large network the curve comes in as many parts.
_PARTS = 6
_CURVE_SIZE = {"height": "clamp(17rem, 44cqw, 26rem)"}
_COMING = cnn.captions.Caption(
    "The curve takes many passes of this large network. It is drawn as they are computed."
)


def layout(**_query: Any) -> html.Div:
    """Return the page; a script brings the sliders here from the panel, and the steps of an upload."""
    choice = html.Div(
        [
            dbc.Label("Curve over", html_for=OVER, className="mb-0 text-body-secondary"),
            dbc.Select(
                id=OVER,
                size="sm",
                className="w-auto",
                options=[{"label": NAMES[name], "value": name} for name in SWEPT],
            ),
        ],
        id=f"{OVER}-box",
        className="controls",
    )
    return html.Div(
        [
            components.heading(
                "Perturb",
                "Change the picture by degrees, and see where along each slider the network changes "
                "its mind.",
            ),
            *stores(PAGE),
            html.Div(
                [
                    html.Div(id=PLACE, className="perturb-place"),
                    html.Div(
                        [
                            choice,
                            components.figure(CURVE, "Prediction along the slider"),
                        ]
                    ),
                ],
                className="perturb-row",
            ),
            html.Div(
                [
                    html.Div(
                        components.figure(figure, name),
                        id=f"{figure}-box",
                    )
                    for figure, name in _PICTURES.items()
                ],
                className="perturb-pictures",
            ),
            html.P(
                components.link("/counterfactual", "The smallest change into another class"),
                id=TURN,
            ),
            html.Section(id="upload-way", **components.aria(label="How the upload was prepared")),
        ],
        id="perturb-body",
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/perturb", name="Perturb", title="Perturb – CNN Visualizer",
        layout=layout, order=6, in_header=True,
    )  # fmt: skip
    register_screen(app, PAGE, show, figures=(CURVE, *_PICTURES), looks=("over",))
    tie(app, OVER, choose="chooseOver", chosen="chosenOver")
    app.clientside_callback(
        ClientsideFunction("cnn", "takePerturbation"),
        Output(PLACE, "data-taken"),
        Input(PLACE, "id"),
    )


def show(request: Request) -> Screen:
    """Return the curve, the picture before and after, and what lies between.

    The curve takes a forward pass for each of its points: it waits until nothing moves, and of a large
    network it is the rest, which comes part by part.
    """
    if request.rest:
        return _more(request)
    charts = {figure: _picture(figure, name, request) for figure, name in _PICTURES.items()}
    head = request.passed.prediction.head
    hidden = {
        f"{ADVERSARIAL}-box": not request.view.epsilon,
        f"{OVER}-box": not _has_scores(head),
        TURN: not head.has_classes,
    }
    if request.moving:
        return Screen(charts, hidden=hidden, later=(CURVE,))
    if is_large(request.model) and not _no_curve(request):
        coming = Chart.whole(go.Figure(EMPTY_FIGURE), size=_CURVE_SIZE, caption=_COMING)
        return Screen({CURVE: coming, **charts}, hidden=hidden, later=(CURVE,))
    return Screen({CURVE: _curve(request), **charts}, hidden=hidden)


def _has_scores(head: Head) -> bool:
    """Whether what the model gives can be drawn over a slider."""
    return head.has_classes or head.form == "scores"


def _no_curve(request: Request) -> str:
    """Return why there is no curve; empty where there is one."""
    head = request.passed.prediction.head
    if not _has_scores(head):
        return f"No curve is drawn: the model gives {head.description}."
    if request.view.over == "epsilon" and not head.has_classes:
        return "No curve is drawn: there is no class to move away from."
    return ""


def _more(request: Request) -> Screen:
    """Return the curve with a part more of its values."""
    if reason := _no_curve(request):
        return Screen({CURVE: reason_alone(reason)})
    sweep = request.runtime.sweep(request.view, lambda: _pictures_along(request))
    count = len(sweep.along)
    sweep.go_on(request.model, -(-count // _PARTS))
    along, shares = sweep.known
    chart = _drawn(request, along, shares, is_short=count < _most(request))
    if sweep.is_whole:
        return Screen({CURVE: chart})
    so_far = f"{len(along)} of {count} values are computed so far."
    return Screen({CURVE: replace(chart, caption=cnn.captions.Caption(so_far))}, later=(CURVE,))


def _curve(request: Request) -> Chart:
    """Return the prediction along the range of the slider of the view, all of it at once."""
    if reason := _no_curve(request):
        return reason_alone(reason)
    along, images = _pictures_along(request)
    shares = cnn.batch_probabilities(request.model, images)
    return _drawn(request, along, shares, is_short=len(along) < _most(request))


def _most(request: Request) -> int:
    """Return how many values the curve has where the network does not compute much."""
    return _MOST_STEPS if request.view.over == "epsilon" else _MOST_VALUES


def _pictures_along(request: Request) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return the values of the slider of the view, and the picture at each of them."""
    view, look, model, most = request.view, request.look, request.model, _most(request)
    count = len(affordable(model, look.fitted.shape, most, most, _BUDGET))
    if view.over == "epsilon":
        return cnn.fgsm_sweep(model, look.plain, target=view.target, count=count)
    return cnn.sweep(look.fitted, view.perturbation, view.over, count=count)


def _drawn(
    request: Request, along: NDArray[np.float32], shares: NDArray[np.float32], *, is_short: bool
) -> Chart:
    """Return the curve through what the network says, (n, classes), at the values (n,)."""
    view, prediction = request.view, request.passed.prediction
    names, head = prediction.class_names, prediction.head
    if not np.isfinite(shares).all():
        return reason_alone("No curve is drawn: it would have NaN or infinity in it.")
    swept = SWEPT[view.over]
    figure = cnn.figures.sweep(
        along,
        shares,
        names,
        current=getattr(view, view.over),
        unit=swept.unit,
        title=f"Prediction over {swept.words}",
        written=cnn.captions.percent if head.has_classes else cnn.captions.number,
    )
    lines = drawn(shares, names, are_probabilities=head.has_classes)
    caption = cnn.captions.Caption(f"{lines} over the {swept.words}.")
    if head.has_classes:
        caption = cnn.captions.sweep(along, shares, names, swept, is_short=is_short)
    return Chart.whole(figure, size=_CURVE_SIZE, caption=caption)


def _picture(figure: str, name: str, request: Request) -> Chart:
    part = _part(figure, request.look)
    is_grey, is_picture = part.shape[-1] == 1, figure in (BEFORE, AFTER)
    return cnn.figures.maps_chart(
        part,
        title=name if is_grey else f"{name}, a tile per colour",
        limits=(0.0, 1.0) if is_picture else difference_range(part),
        tile_name="" if is_grey else "colour",
        label="brightness" if is_picture else "change of brightness",
        most=MOST_TOGETHER // len(_PICTURES),
        caption=cnn.captions.Caption(_caption(figure, request.view, request.look)),
    )


def _part(figure: str, look: Look) -> NDArray[np.float32]:
    """Return what a figure shows, float32 (height, width, channels), as shares of full brightness."""
    before, plain, after = (
        pixels.astype(np.float32) / np.float32(255)
        for pixels in (look.fitted, look.plain, look.seen)
    )
    return {BEFORE: before, AFTER: after, CHANGE: after - before, ADVERSARIAL: after - plain}[
        figure
    ]


def _caption(figure: str, view: View, look: Look) -> str:
    if figure == BEFORE:
        return "The picture in the size that the network takes, before anything is done to it."
    if figure == AFTER:
        return f"The network {cnn.captions.verdict(look.passed.prediction)}."
    if figure == CHANGE:
        done = perturbed_in_words(view)
        return (
            f"Red is brighter, blue is darker than before: {done}."
            if done
            else "Nothing is done yet: move a slider."
        )
    return _adversarial(view, look)


def _adversarial(view: View, look: Look) -> str:
    way = "away from the class predicted before"
    if view.target is not None:
        way = f"towards class {look.passed.prediction.class_names[view.target]}"
    return f"Each pixel moved by at most {view.epsilon:g} of its range, {way}."
