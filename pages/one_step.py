"""One step of learning: the network is taught the picture on the screen, and what that changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from typing import Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
from dash import Dash, html

import cnn
from cnn.figures import teaching as figures
from cnn.gradients.once import is_taught_once
from cnn.gradients.teaching import (
    MOST_RATE,
    MOST_STEPS,
    TEACHING,
    Teaching,
    worth_teaching,
)
from cnn.models.heads import require_classes
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.tabs import register_tabs

PAGE = "one-step"
LABEL = "one-step-label"
RATE = "one-step-rate"
STEP = "one-step-step"
UNDO = "one-step-undo"
AGAIN = "one-step-again"
RESTART = "one-step-restart"
LINE = "one-step-line"
WHY = "one-step-why"
PROBLEM = "one-step-message"
RESULT = "one-step-result"
CONTROLS = "one-step-controls"
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
            *stores(PAGE, name),
            components.tab_bar("one-step-tabs", "Layers with weights"),
            components.alert("one-step-problem"),
            html.Div(
                [
                    html.Div(_controls(), id=CONTROLS, className="controls one-step-controls"),
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
    return [components.figure(identity, label) for identity, label in named.items()]


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/one-step", path_template="/one-step/<layer>", name="One step",
        title="One step – CNN Visualizer", layout=layout, order=9, in_header=True,
    )  # fmt: skip
    register_tabs(app, PAGE, lambda layers: list(layers["weighted"]))
    register_number(app, RATE)
    register_screen(
        app, PAGE, show, figures=(*_GENERAL, *_OF_LAYER), looks=("source", "teach", "rates"),
        waits=True,
    )  # fmt: skip
    tie(app, SOURCE, choose="chooseSource", chosen="chosenSource")


def show(request: Request) -> Screen:
    """Return what is taught, the steps made, and what they did; or why nothing can be taught."""
    rates = request.view.learning_rates
    most = 1 if is_taught_once(request.model) else MOST_STEPS
    try:
        require_classes(request.model, TEACHING)
        request.passed.prediction.require_finite(TEACHING)
    except cnn.CnnError as error:
        return _refused(str(error), may_teach=False)
    controls = {
        LABEL: {"options": _classes(request), "value": str(_label(request))},
        **_buttons(len(rates), most=most),
    }
    texts = {WHY: _why(request), LINE: in_words(rates)}
    try:
        teaching = _teaching(request, rates, most)
    except cnn.CnnError as error:
        refused = _refused(str(error), may_teach=True)
        return replace(refused, texts=texts, properties={**refused.properties, **controls})
    taught = _taught(request, teaching)
    return replace(
        taught,
        texts={**texts, **taught.texts},
        properties={**controls, **taught.properties},
    )


def _teaching(request: Request, rates: tuple[float, ...], most: int) -> Teaching:
    """Return what the steps did, with the weights of the layer on the screen in full."""
    if len(rates) > most:
        raise cnn.RunError(
            f"{len(rates)} steps were asked for: of a network of {request.model.count_params():,} "
            "weights one is made, for which a second set of them is kept. Undo the others, or start "
            "again."
        )
    layer = request.layer_among(_weighted(request)).name
    return request.runtime.taught(request.view, label=_label(request), rates=rates, layer=layer)


def _weighted(request: Request) -> list[cnn.LayerInfo]:
    infos = cnn.layer_infos(request.model)
    return [info for info in infos if info.weight_shapes and not info.nested]


def _classes(request: Request) -> list[dict[str, str]]:
    names = cnn.class_names(request.model)
    return [{"label": name, "value": str(i)} for i, name in enumerate(names)]


def _buttons(made: int, *, most: int) -> dict[str, dict[str, Any]]:
    """Return which buttons do nothing when so many of the most steps are made."""
    return {STEP: {"disabled": made >= most}} | {
        button: {"disabled": not made} for button in (AGAIN, UNDO, RESTART)
    }


def _refused(why: str, *, may_teach: bool) -> Screen:
    """Return the page with a message in place of its figures."""
    empty = {LABEL: {"options": [], "value": None}, **_buttons(0, most=int(may_teach))}
    message = {PROBLEM: {"children": why, "is_open": True}}
    hidden = {RESULT: True, CONTROLS: not may_teach}
    return Screen({}, {WHY: "", LINE: ""}, hidden=hidden, properties={**empty, **message})


def _taught(request: Request, teaching: Teaching) -> Screen:
    """Return the figures of what was learnt, and what goes with them."""
    name = request.layer_among(_weighted(request)).name
    weights = figures.weights(request.model, teaching, name, source=request.view.source)
    general = (
        figures.predictions(teaching, _true(request)),
        figures.gradient_norms(teaching),
        figures.relative_changes(teaching),
    )
    charts = dict(zip((*_GENERAL, *_OF_LAYER), (*general, *weights.charts), strict=True))
    return Screen(
        charts,
        texts={FACTS: _facts(teaching), **_kept(request, teaching)},
        hidden={RESULT: False, CONTROLS: False, f"{SOURCE}-box": weights.inputs < 2},
        properties={
            PROBLEM: {"is_open": False},
            WEIGHTS: {"className": "one-step-row wide" if weights.wide else "one-step-row"},
            SOURCE: {"options": _source_options(weights.inputs)},
        },
    )


def _kept(request: Request, teaching: Teaching) -> dict[str, str]:
    """Return how many steps are made of a network that is too large for several, beside those made."""
    if not is_taught_once(request.model):
        return {}
    made, count = in_words(teaching.learning_rates), request.model.count_params()
    return {
        LINE: f"{made} Of a network of {count:,} weights one step is the most; it moves all of them."
    }


def in_words(rates: Sequence[float]) -> str:
    """Return how many steps were made with which learning rates, in their order."""
    if not rates:
        return "No step made yet."
    runs = [(rate, len(list(same))) for rate, same in groupby(rates)]
    if len(runs) > 1:
        parts = [f"{count} with {rate:g}" for rate, count in runs]
        sentence = f"{len(rates)} steps made: {', then '.join(parts)}"
    else:
        count = "1 step" if len(rates) == 1 else f"{len(rates)} steps"
        sentence = f"{count} made with learning rate {rates[0]:g}"
    return f"{sentence}; more are not made here." if len(rates) >= MOST_STEPS else f"{sentence}."


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


def _label(request: Request) -> int:
    """Return the class that is taught: the one of the view, or the one worth teaching."""
    if request.view.teach is not None:
        return request.view.teach
    return worth_teaching(request.passed.prediction, _true(request))


def _why(request: Request) -> str:
    """Return why the class that suggests itself was chosen, or why teaching the chosen one is idle."""
    prediction = request.passed.prediction
    if prediction.winner is None:
        return f"The network {cnn.captions.verdict(prediction)}."
    (name, share), *_ = prediction.top(1)
    sentence = f"The network already says {name} ({cnn.captions.percent(share)})"
    if _label(request) == prediction.label:
        return f"{sentence}: teaching it that changes little."
    if request.view.teach is not None:
        return ""
    if _label(request) == _true(request):
        return (
            f"The network says {name} ({cnn.captions.percent(share)}): it is taught what is true."
        )
    return f"{sentence}: teaching it that would change little, so the runner-up is chosen."


def _true(request: Request) -> int | None:
    """Return the class of the picture among the model's, where it is known."""
    return request.picture.class_in(request.model)


def _source_options(inputs: int) -> list[dict[str, str]]:
    single = [{"label": str(i), "value": str(i)} for i in range(inputs)]
    return [{"label": "all: norm of the weights", "value": _NORM}, *single]
