"""The smallest change that turns the picture into another class: what it is, and the way to it."""

from __future__ import annotations

from typing import Any

import dash
import numpy as np
from dash import Dash, html
from numpy.typing import NDArray

import cnn
from cnn.attribution.counterfactual import WAY, Counterfactual, difference
from cnn.captions import counterfactual as captions
from cnn.colours import difference_range
from cnn.figures import Chart
from cnn.figures.mosaic import MOST_TOGETHER
from cnn.models.layers import is_large
from cnn.studies import TURN
from dashboard.screens.classes import ChosenClasses
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.screens.taking import Taking, register_taking, take_button
from dashboard.screens.turning import change_of
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.studies import register_study, study
from dashboard.state.view import COUNTERFACTUAL

PAGE = "counterfactual"
OF, NORM, STEP = "counterfactual-of", "counterfactual-norm", "counterfactual-step"
PROBLEM, RESULT = "counterfactual-problem", "counterfactual-result"
SEARCH, CONTROLS = "counterfactual-search", "counterfactual-controls"
SAID, SIZES = "counterfactual-said", "counterfactual-sizes"
PATH, BEFORE, AFTER, CHANGE, CONTROL = (
    "counterfactual-path", "counterfactual-before", "counterfactual-after", "counterfactual-change",
    "counterfactual-control",
)  # fmt: skip
_PICTURES = {
    BEFORE: "The picture",
    AFTER: "The picture at this step",
    CHANGE: "What changed",
    CONTROL: "A random change of this size",
}
_FIGURES = (PATH, *_PICTURES)
_CURVE_SIZE = {"height": "clamp(17rem, 40cqw, 24rem)"}
_CLOSED = {"is_open": False}


def layout(**_query: Any) -> html.Div:
    """Return the page."""
    return html.Div(
        [
            components.heading(
                "Counterfactual",
                "The smallest change that was found to turn the picture into another class, and what the "
                "network says on the way.",
            ),
            *stores(PAGE),
            html.Div(
                [
                    components.labelled_select("Turn it into", OF),
                    components.choices(
                        NORM,
                        "Smallest in",
                        [("l2", "L2"), ("l1", "L1")],
                        "l2",
                    ),
                ],
                id=CONTROLS,
                className="controls",
            ),
            components.alert(PROBLEM),
            html.Div(
                study(TURN, "The search", "Search for the change"), id=SEARCH, hidden=True
            ),
            html.Div(_result(), id=RESULT),
        ]
    )  # fmt: skip


def _result() -> list[Any]:
    step = number_field(STEP, "Step", "step", most=str(WAY - 1), now=str(WAY - 1))
    return [
        html.P(id=SAID, **components.aria(live="polite")),
        html.P(id=SIZES, className="numbers"),
        html.Div([step, take_button(PAGE)], className="controls"),
        html.Div(
            [components.figure(figure, name) for figure, name in _PICTURES.items()],
            className="perturb-pictures",
        ),
        components.figure(PATH, "The probabilities along the way"),
        html.P(captions.MEANING, className="hint"),
    ]


def register(app: Dash) -> None:
    """Register the page, which others link to, and its callbacks."""
    dash.register_page(
        __name__, path="/counterfactual", name="Counterfactual",
        title="Counterfactual – CNN Visualizer", layout=layout,
    )  # fmt: skip
    register_screen(app, PAGE, show, figures=_FIGURES, looks=("of", "norm", "step"), waits=True)
    register_study(app, TURN)
    register_taking(app.server, PAGE, Taking(COUNTERFACTUAL, _picture_at_step))
    tie(app, OF, choose="chooseOf", chosen="chosenOf")
    tie(app, NORM, choose="chooseNorm", chosen="chosenNorm")
    register_number(app, STEP)


def show(request: Request) -> Screen:
    """Return the change, the way to it and a random change of its size; or why there is none.

    Of a large network a worker searches for it.
    """
    try:
        made = change_of(request)
    except (cnn.AttributionError, cnn.ModelError) as error:
        return _refused(request, str(error))
    if made is None:
        hidden = {RESULT: True, SEARCH: False, CONTROLS: False}
        return Screen({}, hidden=hidden, properties={**_classes(request), PROBLEM: _CLOSED})
    return _shown(request, made)


def _step(request: Request) -> int:
    return WAY - 1 if request.view.step is None else request.view.step


def _picture_at_step(request: Request) -> NDArray[np.uint8]:
    """Return the picture that is taken: the one at the step of the view."""
    made = change_of(request)
    if made is None:
        raise cnn.AttributionError("The change is not found yet: let it be searched for first.")
    picture: NDArray[np.uint8] = made.way[_step(request)]
    return picture


def _classes(request: Request) -> dict[str, dict[str, Any]]:
    """Return what the select offers; none where the answer is no class."""
    if not request.passed.prediction.has_classes:
        return {OF: {"options": []}}
    names = ChosenClasses(request).names
    options = [{"label": name, "value": str(i)} for i, name in enumerate(names)]
    return {OF: {"options": [{"label": "the runner-up", "value": "predicted"}, *options]}}


def _refused(request: Request, reason: str) -> Screen:
    message = {"children": reason, "is_open": True}
    has_classes = request.passed.prediction.has_classes
    hidden = {RESULT: True, SEARCH: True, CONTROLS: not has_classes}
    return Screen({}, hidden=hidden, properties={**_classes(request), PROBLEM: message})


def _shown(request: Request, made: Counterfactual) -> Screen:
    names, step = ChosenClasses(request).names, _step(request)
    at_step = made.way[step]
    whole, control = made.difference, difference(made.before, made.controls[0])
    charts = {
        PATH: _path(made, names, step),
        BEFORE: _picture(BEFORE, made.before, cnn.captions.Caption("As the network takes it.")),
        AFTER: _picture(AFTER, at_step, captions.step_of(made, names, step)),
        CHANGE: _change(
            CHANGE, difference(made.before, at_step), whole, captions.change(made, step)
        ),
        CONTROL: _change(CONTROL, control, whole, captions.control(made, names)),
    }
    texts = {SAID: captions.said(made, names), SIZES: components.facts(captions.sizes(made))}
    hidden = {RESULT: False, SEARCH: not is_large(request.model), CONTROLS: False}
    return Screen(charts, texts, hidden, {**_classes(request), PROBLEM: _CLOSED})


def _path(made: Counterfactual, names: tuple[str, ...], step: int) -> Chart:
    shares = np.linspace(0, 100, WAY, dtype=np.float32)
    figure = cnn.figures.sweep(
        shares, made.probabilities, names, current=float(shares[step]), unit="%",
        title="Prediction over the share of the change",
    )  # fmt: skip
    return Chart.whole(figure, size=_CURVE_SIZE, caption=captions.path(made, names, step))


def _picture(figure: str, pixels: NDArray[np.uint8], caption: cnn.captions.Caption) -> Chart:
    shares = pixels.astype(np.float32) / np.float32(255)
    return _maps(figure, shares, (0.0, 1.0), "brightness", caption)


def _change(
    figure: str,
    change: NDArray[np.float32],
    whole: NDArray[np.float32],
    caption: cnn.captions.Caption,
) -> Chart:
    return _maps(figure, change, difference_range(whole), "change of brightness", caption)


def _maps(
    figure: str,
    part: NDArray[np.float32],
    limits: tuple[float, float],
    label: str,
    caption: cnn.captions.Caption,
) -> Chart:
    is_grey, name = part.shape[-1] == 1, _PICTURES[figure]
    return cnn.figures.maps_chart(
        part,
        title=name if is_grey else f"{name}, a tile per colour",
        limits=limits,
        tile_name="" if is_grey else "colour",
        label=label,
        most=MOST_TOGETHER // len(_PICTURES),
        caption=caption,
    )
