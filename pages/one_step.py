"""One step of learning: the network is taught the picture on the screen, and what that changes."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

import cnn
from cnn.figures import teaching as figures
from cnn.gradients.teaching import MOST_RATE, MOST_STEPS, Teaching, teach, worth_teaching
from cnn.models.heads import require_classes
from dashboard import arguments, ids
from dashboard.runtime.runtime import current
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.tabs import default_layer, is_open, register_tabs
from dashboard.state.view import View, parse

LAYER = "one-step-layer"
LABEL = "one-step-label"
RATE = "one-step-rate"
STEP = "one-step-step"
UNDO = "one-step-undo"
AGAIN = "one-step-again"
RESTART = "one-step-restart"
BUTTONS = (STEP, AGAIN, UNDO, RESTART)
LINE = "one-step-line"
WHY = "one-step-why"
PROBLEM = "one-step-told"
RESULT = "one-step-result"
FACTS = "one-step-facts"
PREDICTION = "one-step-prediction"
GRADIENT = "one-step-gradient"
CHANGE = "one-step-change"
BEFORE = "one-step-before"
AFTER = "one-step-after"
DIFFERENCE = "one-step-difference"
WEIGHTS = "one-step-weights"
SOURCE = "one-step-source"
_GENERAL = {
    PREDICTION: "Prediction before and after",
    GRADIENT: "Gradient of each layer",
    CHANGE: "Change of each layer",
}
_OF_LAYER = {
    BEFORE: "Weights of the layer before",
    AFTER: "Weights of the layer after",
    DIFFERENCE: "Difference of the weights",
}
_FIRST_RATE = "0.002"
_NORM = "norm"


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first layer with weights is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading(
                "One step",
                "Teach the network this one picture, now, and see what the step changes. All other "
                "pages go on with the network as it was.",
            ),
            dcc.Store(id=LAYER, data=name),
            components.tab_bar("one-step-tabs", "Layers with weights"),
            components.alert("one-step-problem"),
            html.Div(
                [
                    html.Div(_controls(), className="controls one-step-controls"),
                    html.P(id=WHY, className="one-step-why"),
                    html.P(id=LINE, className="one-step-line", **components.aria(live="polite")),
                    components.alert(PROBLEM),
                    html.Div(_result(), id=RESULT),
                ],
                id="one-step-body",
            ),
        ]
    )


def _controls() -> list[Any]:
    return [
        _labelled(
            "Teach it that this is a", LABEL, dbc.Select(id=LABEL, size="sm", className="w-auto")
        ),
        number_field(
            RATE,
            "Learning rate",
            "rate",
            is_above=True,
            step="any",
            most=f"{MOST_RATE:g}",
            first=_FIRST_RATE,
        ),
        html.Div(
            [
                _button("Step", STEP, "Make one step more", kind="primary", most=str(MOST_STEPS)),
                _button("Undo", UNDO, "Take the last step back"),
                _button(
                    "Again with this rate",
                    AGAIN,
                    "Make the last step again, with the learning rate in the field",
                ),
                _button("Start again", RESTART, "Take all steps back"),
            ],
            className="one-step-buttons",
        ),
    ]


def _labelled(text: str, identity: str, control: Any) -> html.Div:
    label = dbc.Label(text, html_for=identity, className="mb-0 text-body-secondary")
    return html.Div([label, control], className="one-step-field")


def _button(
    text: str, identity: str, title: str, kind: str = "outline-primary", **facts: str
) -> html.Button:
    className = f"btn btn-sm btn-{kind}"  # noqa: N806
    return html.Button(
        text,
        id=identity,
        type="button",
        className=className,
        title=title,
        **components.data(**facts),
    )


def _result() -> list[Any]:
    choice = _labelled(
        "Input channel", SOURCE, dbc.Select(id=SOURCE, size="sm", className="w-auto")
    )
    return [
        html.Div(id=FACTS, className="facts"),
        html.Div(_places(_GENERAL), className="one-step-row"),
        html.Div(choice, id=f"{SOURCE}-box", className="controls"),
        html.Div(_places(_OF_LAYER), id=WEIGHTS, className="one-step-row"),
    ]


def _places(named: dict[str, str]) -> list[Any]:
    return [
        components.figure(identity, label, caption=f"{identity}-caption")
        for identity, label in named.items()
    ]


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/one-step", path_template="/one-step/<layer>", name="One step",
        title="One step – CNN Visualizer", layout=layout, order=9, in_header=True,
    )  # fmt: skip
    arguments.accept(app, {LAYER: arguments.Name})
    register_tabs(app, "one-step", lambda layers: list(layers["weighted"]))
    register_number(app, RATE)
    app.callback(
        Output(LABEL, "options"),
        Output(LABEL, "value"),
        Output(WHY, "children"),
        Output(LINE, "children"),
        *[Output(button, "disabled") for button in BUTTONS],
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        State(LAYER, "data"),
        State(ids.LOCATION, "pathname"),
    )(control)
    app.callback(
        Output(PROBLEM, "children"),
        Output(PROBLEM, "is_open"),
        Output(RESULT, "hidden"),
        Output(FACTS, "children"),
        *[
            output
            for figure in (*_GENERAL, *_OF_LAYER)
            for output in (
                Output(figure, "figure"),
                Output(figure, "style"),
                Output(f"{figure}-caption", "children"),
            )
        ],
        Output(WEIGHTS, "className"),
        Output(SOURCE, "options"),
        Output(f"{SOURCE}-box", "hidden"),
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        State(LAYER, "data"),
        State(ids.LOCATION, "pathname"),
    )(paint)
    tie(app, SOURCE, choose="chooseSource", chosen="chosenSource")


def control(
    stored: dict[str, Any] | None,
    layers: dict[str, Any] | None,
    layer: str | None,
    pathname: str | None,
) -> tuple[Any, ...]:
    """Return the classes, the one taught and why, the steps in words, and which buttons do nothing."""
    view = _open_view(stored, layers, layer, pathname)
    names = layers["classes"] if layers else ()
    if not names:
        return [], None, "", "", *[True] * len(BUTTONS)
    rates = view.learning_rates
    options = [{"label": name, "value": str(i)} for i, name in enumerate(names)]
    none = not rates
    is_full = len(rates) >= MOST_STEPS
    label = str(_label(view))
    return options, label, _why(view), in_words(rates), is_full, none, none, none


def in_words(rates: Sequence[float]) -> str:
    """Return how many steps were made with which learning rates, in their order."""
    if not rates:
        return "No step made yet."
    runs = [(rate, len(list(same))) for rate, same in groupby(rates)]
    if len(runs) > 1:
        parts = [f"{count} with {rate:g}" for rate, count in runs]
        told = f"{len(rates)} steps made: {', then '.join(parts)}"
    else:
        count = "1 step" if len(rates) == 1 else f"{len(rates)} steps"
        told = f"{count} made with learning rate {rates[0]:g}"
    return f"{told}; more are not made here." if len(rates) >= MOST_STEPS else f"{told}."


def paint(
    stored: dict[str, Any] | None,
    layers: dict[str, Any] | None,
    layer: str | None,
    pathname: str | None,
) -> tuple[Any, ...]:
    """Return what the steps did: all figures, or the sentence that says why there are none."""
    view = _open_view(stored, layers, layer, pathname)
    try:
        return "", False, False, *_shown(view, layer, layers or {})
    except cnn.CnnError as error:
        nothing = (no_update,) * (4 + 3 * len((*_GENERAL, *_OF_LAYER)))
        return str(error), True, True, *nothing


def _shown(view: View, layer: str | None, layers: dict[str, Any]) -> tuple[Any, ...]:
    """Return facts, figures, the class of the layer's row, and the choice of input channels."""
    model = current().model(view)
    require_classes(model, "Teaching a class")
    seen = current().look(view).seen
    teaching = teach(model, seen, label=_label(view), learning_rates=view.learning_rates)
    name = layer or default_layer(layers, layers["weighted"])
    if name is None or name not in teaching.layers:
        raise PreventUpdate
    weights = figures.weights(model, teaching, name, source=view.source)
    general = (
        figures.predictions(teaching, _true(view, model)),
        figures.gradient_norms(teaching),
        figures.relative_changes(teaching),
    )
    return (
        _facts(teaching),
        *[
            part
            for one in (*general, *weights.shown)
            for part in (one.figure, one.size, components.caption(one.caption))
        ],
        "one-step-row wide" if weights.wide else "one-step-row",
        _source_options(weights.inputs),
        weights.inputs < 2,
    )


def _facts(teaching: Teaching) -> str:
    name = teaching.before.class_names[teaching.label]
    pairs = [("loss before", cnn.captions.number(teaching.loss_before, 4))]
    if teaching.learning_rates:
        pairs.append(("loss after", cnn.captions.number(teaching.loss_after, 4)))
    pairs.append((f"class {name} before", cnn.captions.percent(_share(teaching.before, teaching))))
    if teaching.learning_rates:
        pairs.append(
            (f"class {name} after", cnn.captions.percent(_share(teaching.after, teaching)))
        )
    return components.facts(pairs)


def _share(prediction: cnn.Prediction, teaching: Teaching) -> float:
    return float(prediction.probabilities[teaching.label])


def _view(stored: dict[str, Any] | None, layers: dict[str, Any] | None) -> View:
    """Return the view; nothing is answered before there is one and its model is known."""
    if not stored or not layers:
        raise PreventUpdate
    view, _ = parse(stored)
    if layers["model"] != view.model:
        raise PreventUpdate
    return view


def _open_view(
    stored: dict[str, Any] | None,
    layers: dict[str, Any] | None,
    layer: str | None,
    pathname: str | None,
) -> View:
    """Return the view of the page that is open, if its picture can be shown at all."""
    if not is_open(pathname, "one-step", layer):
        raise PreventUpdate
    view = _view(stored, layers)
    try:
        current().look(view)
    except cnn.CnnError as error:
        raise PreventUpdate from error
    return view


def _label(view: View) -> int:
    """Return the class that is taught: the one of the view, or the one worth teaching."""
    if view.teach is not None:
        return view.teach
    runtime = current()
    prediction = runtime.look(view).passed.prediction
    return worth_teaching(prediction, _true(view, runtime.model(view)))


def _why(view: View) -> str:
    """Return why the class that suggests itself was chosen, or why teaching the chosen one is idle."""
    prediction = current().look(view).passed.prediction
    if prediction.winner is None:
        return f"The network {cnn.captions.verdict(prediction)}."
    (name, share), *_ = prediction.top(1)
    said = f"The network already says {name} ({cnn.captions.percent(share)})"
    if _label(view) == prediction.label:
        return f"{said}: teaching it that changes little."
    if view.teach is not None:
        return ""
    if _label(view) == _true(view, current().model(view)):
        return (
            f"The network says {name} ({cnn.captions.percent(share)}): it is taught what is true."
        )
    return f"{said}: teaching it that would change little, so the runner-up is chosen."


def _true(view: View, model: Any) -> int | None:
    """Return the class of the picture among the model's, where it is known."""
    return current().picture(view).class_among(cnn.class_names(model))


def _source_options(inputs: int) -> list[dict[str, str]]:
    single = [{"label": str(i), "value": str(i)} for i in range(inputs)]
    return [{"label": "all: norm of the weights", "value": _NORM}, *single]
