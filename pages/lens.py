"""One step under the lens: the network is taught the picture on the screen, and what that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from itertools import groupby
from typing import Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

import cnn
from cnn.figures import lens as figures
from cnn.lens import MOST_STEPS, Teaching, checked_rate, teach
from dashboard import components, ids
from dashboard.controls import tie
from dashboard.runtime import current
from dashboard.tabs import default_layer, is_open, register_tabs
from dashboard.view import View, parse

LAYER = "lens-layer"
MADE = "lens-made"
COUNTED = "lens-counted"
LABEL = "lens-label"
RATE = "lens-rate"
STEP = "lens-step"
UNDO = "lens-undo"
AGAIN = "lens-again"
RESTART = "lens-restart"
BUTTONS = (STEP, AGAIN, UNDO, RESTART)
LINE = "lens-line"
REFUSED = "lens-refused"
PROBLEM = "lens-told"
RESULT = "lens-result"
FACTS = "lens-facts"
PREDICTION = "lens-prediction"
GRADIENT = "lens-gradient"
CHANGE = "lens-change"
BEFORE = "lens-before"
AFTER = "lens-after"
DIFFERENCE = "lens-difference"
WEIGHTS = "lens-weights"
SOURCE = "lens-source"
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
_FIRST_RATE = 0.001
_NORM = "norm"


@dataclass(frozen=True)
class Made:
    """The steps made so far: the picture and model they belong to, the class taught, their rates.

    `of` is the view of that picture as a query.
    """

    of: dict[str, str]
    label: int
    rates: tuple[float, ...] = ()


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
            dcc.Store(id=MADE, storage_type="session"),
            dcc.Store(id=COUNTED),
            components.tab_bar("lens-tabs", "Layers with weights"),
            components.alert("lens-problem"),
            html.Div(
                [
                    html.Div(_controls(), className="controls lens-controls"),
                    html.P(id=LINE, className="lens-line", **components.aria(live="polite")),
                    html.P(id=REFUSED, className="wrong lens-refused", role="alert"),
                    components.alert(PROBLEM),
                    html.Div(_result(), id=RESULT),
                ],
                id="lens-body",
            ),
        ]
    )


def _controls() -> list[Any]:
    return [
        _labelled(
            "Teach it that this is a", LABEL, dbc.Select(id=LABEL, size="sm", className="w-auto")
        ),
        _labelled(
            "Learning rate",
            RATE,
            dbc.Input(
                id=RATE,
                type="number",
                value=_FIRST_RATE,
                step="any",
                size="sm",
                persistence=True,
                persistence_type="session",
            ),
        ),
        html.Div(
            [
                _button("Step", STEP, "Make one step more", kind="primary"),
                _button("Undo", UNDO, "Take the last step back"),
                _button(
                    "Again with this rate",
                    AGAIN,
                    "Make the last step again, with the learning rate in the field",
                ),
                _button("Start again", RESTART, "Take all steps back"),
            ],
            className="lens-buttons",
        ),
    ]


def _labelled(text: str, identity: str, control: Any) -> html.Div:
    label = dbc.Label(text, html_for=identity, className="mb-0 text-body-secondary")
    return html.Div([label, control], className="lens-field")


def _button(text: str, identity: str, title: str, kind: str = "outline-primary") -> html.Button:
    return html.Button(
        text, id=identity, type="button", className=f"btn btn-sm btn-{kind}", title=title
    )


def _result() -> list[Any]:
    choice = _labelled(
        "Input channel", SOURCE, dbc.Select(id=SOURCE, size="sm", className="w-auto")
    )
    return [
        html.Div(id=FACTS, className="facts"),
        html.Div(_places(_GENERAL), className="lens-row"),
        html.Div(choice, id=f"{SOURCE}-box", className="controls"),
        html.Div(_places(_OF_LAYER), id=WEIGHTS, className="lens-row"),
    ]


def _places(named: dict[str, str]) -> list[Any]:
    return [
        components.figure(identity, label, caption=f"{identity}-caption")
        for identity, label in named.items()
    ]


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/lens", path_template="/lens/<layer>", name="One step",
        title="One step – CNN Visualizer", layout=layout, order=8, in_header=True,
    )  # fmt: skip
    register_tabs(app, "lens", lambda layers: list(layers["weighted"]))
    app.callback(
        Output(MADE, "data", allow_duplicate=True),
        Output(COUNTED, "data"),
        Output(REFUSED, "children"),
        *[Input(button, "n_clicks") for button in BUTTONS],
        Input(LABEL, "value"),
        State(RATE, "value"),
        State(COUNTED, "data"),
        State(MADE, "data"),
        State(ids.VIEW, "data"),
        State(ids.LAYERS, "data"),
        prevent_initial_call=True,
    )(change)
    app.callback(
        Output(LABEL, "options"),
        Output(LABEL, "value"),
        Output(LINE, "children"),
        *[Output(button, "disabled") for button in BUTTONS],
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        Input(MADE, "data"),
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
        Input(MADE, "data"),
        State(LAYER, "data"),
        State(ids.LOCATION, "pathname"),
    )(paint)
    tie(app, SOURCE, choose="chooseSource", chosen="chosenSource")


def change(
    step: int | None,
    again: int | None,
    undo: int | None,
    restart: int | None,
    label: str | None,
    rate: Any,
    counted: list[int] | None,
    kept: dict[str, Any] | None,
    stored: dict[str, Any] | None,
    layers: dict[str, Any] | None,
) -> tuple[Any, list[int], str]:
    """Return the steps after buttons were pressed or a class chosen, and why they stay, if so.

    An answer that the next press overtakes is lost. So presses are counted, and this answer stands
    for all since the last that arrived, of each of the `BUTTONS`.
    """
    made = _made(kept, _view(stored, layers))
    counts = [count or 0 for count in (step, again, undo, restart)]
    pressed = _pressed(counts, counted or [0] * len(counts))
    if not pressed and (label is None or int(label) == made.label):
        raise PreventUpdate
    if not pressed:
        return asdict(replace(made, label=int(label or 0), rates=())), counts, ""
    try:
        for button in pressed:
            made = after(made, button, rate)
    except cnn.CnnError as error:
        return no_update, counts, str(error)
    return asdict(made), counts, ""


def _pressed(counts: Sequence[int], counted: Sequence[int]) -> list[str]:
    """Return the buttons pressed since they were counted, as often as each was."""
    times = [max(0, now - before) for now, before in zip(counts, counted, strict=True)]
    return [button for button, often in zip(BUTTONS, times, strict=True) for _ in range(often)]


def after(made: Made, button: str, rate: Any) -> Made:
    """Return the steps after one press; `RunError` for a learning rate that cannot be used."""
    if button == STEP and len(made.rates) < MOST_STEPS:
        return replace(made, rates=(*made.rates, checked_rate(rate)))
    if button == AGAIN and made.rates:
        return replace(made, rates=(*made.rates[:-1], checked_rate(rate)))
    if button == UNDO:
        return replace(made, rates=made.rates[:-1])
    return replace(made, rates=()) if button == RESTART else made


def control(
    stored: dict[str, Any] | None,
    layers: dict[str, Any] | None,
    kept: dict[str, Any] | None,
    layer: str | None,
    pathname: str | None,
) -> tuple[Any, ...]:
    """Return the classes, the one taught, the steps made in words, and which buttons do nothing."""
    view = _open_view(stored, layers, layer, pathname)
    made = _made(kept, view)
    options = [
        {"label": name, "value": str(i)}
        for i, name in enumerate(cnn.class_names(current().model(view)))
    ]
    none = not made.rates
    is_full = len(made.rates) >= MOST_STEPS
    return options, str(made.label), in_words(made.rates), is_full, none, none, none


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
    kept: dict[str, Any] | None,
    layer: str | None,
    pathname: str | None,
) -> tuple[Any, ...]:
    """Return what the steps did: all figures, or the sentence that says why there are none."""
    view = _open_view(stored, layers, layer, pathname)
    try:
        return "", False, False, *_shown(view, _made(kept, view), layer, layers or {})
    except cnn.CnnError as error:
        nothing = (no_update,) * (4 + 3 * len((*_GENERAL, *_OF_LAYER)))
        return str(error), True, True, *nothing


def _shown(view: View, made: Made, layer: str | None, layers: dict[str, Any]) -> tuple[Any, ...]:
    """Return facts, figures, the class of the layer's row, and the choice of input channels."""
    model = current().model(view)
    seen = current().look(view).seen
    teaching = teach(model, seen, label=made.label, learning_rates=made.rates)
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
        "lens-row wide" if weights.wide else "lens-row",
        _source_options(weights.inputs),
        weights.inputs < 2,
    )


def _facts(teaching: Teaching) -> str:
    name = teaching.before.class_names[teaching.label]
    pairs = [("loss before", f"{teaching.loss_before:.4g}")]
    if teaching.learning_rates:
        pairs.append(("loss after", f"{teaching.loss_after:.4g}"))
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
    if not is_open(pathname, "lens", layer):
        raise PreventUpdate
    view = _view(stored, layers)
    try:
        current().look(view)
    except cnn.CnnError as error:
        raise PreventUpdate from error
    return view


def _made(kept: dict[str, Any] | None, view: View) -> Made:
    """Return the steps made on the picture of the view; those made on another count for nothing."""
    of = view.picture.to_query()
    if kept and kept.get("of") == of:
        return Made(of, kept["label"], tuple(kept["rates"]))
    model, look = current().model(view), current().look(view)
    true = _true(view, model)
    return Made(of, look.passed.prediction.label if true is None else true)


def _true(view: View, model: Any) -> int | None:
    """Return the class of the picture among the model's, where it is known."""
    label, names = current().picture(view).label, cnn.class_names(model)
    return names.index(label) if label in names else None


def _source_options(inputs: int) -> list[dict[str, str]]:
    single = [{"label": str(i), "value": str(i)} for i in range(inputs)]
    return [{"label": "all: norm of the weights", "value": _NORM}, *single]
