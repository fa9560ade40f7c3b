"""Why the network says what it says: what adds up to an output, and how it becomes a probability."""

from __future__ import annotations

from typing import Any

import dash
import numpy as np
from dash import ClientsideFunction, Dash, Input, html

import cnn
from cnn.captions import outputs as captions
from cnn.figures import Chart, nothing
from cnn.inspection.outputs import Parts
from cnn.models.arithmetic.forms import Function
from dashboard.screens import maps
from dashboard.screens.classes import ChosenClasses, class_choice, classes_box, tie_classes
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.state.view import CHANNELS, INPUTS

PAGE = "output"
BY, RESULT, STEPS = "output-by", "output-result", "output-steps"
PROBLEM, MISSING, FORMULA, PROOF, NOTE = (
    "output-problem", "output-missing", "output-formula", "output-proof", "output-note"
)  # fmt: skip
WATERFALL, WHY, QUESTION = "output-waterfall", "output-why", "output-question"
LOGITS, BELOW, POWERS, SHARES = "output-logits", "output-below", "output-powers", "output-shares"
FUNCTION, MAPS = "output-function", "output-maps"
_STEP_SIZE = {"height": "66cqw"}
# In the order in which a probability comes about.
_STEPS = {
    LOGITS: "The sums of all outputs",
    BELOW: "The logits minus the largest",
    POWERS: "The powers of e",
    SHARES: "The probabilities",
    FUNCTION: "The function of the sum",
}


def layout(**_query: Any) -> html.Div:
    """Return the page."""
    ways = [("inputs", INPUTS), ("channels", CHANNELS)]
    return html.Div(
        [
            components.heading(
                "Output", "What adds up to the output of a class, and how it becomes a probability."
            ),
            *stores(PAGE),
            components.alert(PROBLEM),
            html.Div(
                [
                    html.Div(
                        [
                            class_choice(PAGE),
                            html.Div(components.choices(BY, "By", ways, INPUTS), id=f"{BY}-box"),
                        ],
                        className="controls",
                    ),
                    html.P(id=MISSING, className="why-missing"),
                    html.P(id=FORMULA, className="why-formula", **components.aria(live="polite")),
                    html.P(id=PROOF, className="why-proof"),
                    components.figure(WATERFALL, "What adds up to the output"),
                    html.P(
                        [
                            components.link("/why", html.Span(id=QUESTION), identity=WHY),
                            html.Span(id=NOTE),
                        ],
                        className="output-note",
                    ),
                    html.Div(
                        [_box(figure, name) for figure, name in _STEPS.items()],
                        id=STEPS,
                        className="output-steps",
                    ),
                ],
                id=RESULT,
            ),
            html.Div(
                [_box(figure, name) for figure, name in maps.FIGURES.items()],
                id=MAPS,
                className="output-maps",
                hidden=True,
            ),
        ]
    )


def _box(figure: str, name: str) -> html.Div:
    return html.Div(components.figure(figure, name), id=f"{figure}-box")


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/output", name="Output", title="Output – CNN Visualizer", layout=layout,
        order=5.6, in_header=True,
    )  # fmt: skip
    register_screen(
        app, PAGE, show, figures=(WATERFALL, *_STEPS, *maps.FIGURES), looks=("of", "against", "by")
    )
    tie_classes(app, PAGE)
    tie(app, BY, choose="chooseBy", chosen="chosenBy")
    app.clientside_callback(
        ClientsideFunction("cnn", "openInput"),
        Input(WATERFALL, "clickData"),
        prevent_initial_call=True,
    )


def show(request: Request) -> Screen:
    """Return what adds up to the output, the proof, and what is made of the sum; or why it cannot be.

    An answer that is maps is shown as such.
    """
    if maps.are_maps(request.passed.prediction):
        return _maps(request)
    choice = ChosenClasses(request)
    try:
        made = cnn.explain_output(
            request.model, request.look.seen, target=choice.target, against=choice.against,
            passed=request.passed,
        )  # fmt: skip
    except cnn.ModelError as error:
        message = {"children": str(error), "is_open": True}
        return Screen({}, hidden={RESULT: True, MAPS: True}, properties={PROBLEM: message})
    names, parts = choice.names, _parts(request, made)
    steps = _steps(made, names)
    hidden = {f"{figure}-box": not chart.traces for figure, chart in steps.items()}
    is_choice = made.channels is not None and made.channels is not made.inputs
    return Screen(
        {WATERFALL: _waterfall(made, parts, names), **steps},
        texts={
            MISSING: choice.missing,
            **choice.label(PAGE),
            FORMULA: captions.output_formula(made, parts, names),
            PROOF: captions.output_proof(made, parts),
            QUESTION: f"How {parts.layer} makes these numbers.",
            NOTE: _note(request, made),
        },
        hidden={
            **hidden,
            RESULT: False,
            MAPS: True,
            classes_box(PAGE): len(names) < 2,
            f"{BY}-box": not is_choice,
            STEPS: all(hidden.values()),
        },
        properties={
            **choice.options(PAGE),
            PROBLEM: {"is_open": False},
            WHY: {"href": components.layer_address("why", parts.layer)},
        },
    )


def _maps(request: Request) -> Screen:
    """Return an answer that is maps, which adds up to no single number."""
    charts = maps.map_charts(request)
    hidden = {f"{figure}-box": not chart.traces for figure, chart in charts.items()}
    return Screen(
        charts,
        hidden={**hidden, RESULT: True, MAPS: False},
        properties={PROBLEM: {"is_open": False}},
    )


def _parts(request: Request, made: cnn.Output) -> Parts:
    wanted = made.channels if request.view.by == CHANNELS else None
    return wanted or made.inputs


def _note(request: Request, made: cnn.Output) -> str:
    if made.channels is not None:
        return ""
    return f" {captions.no_channels(cnn.layer_info(request.model, made.barrier))}"


def _waterfall(made: cnn.Output, parts: Parts, names: tuple[str, ...]) -> Chart:
    what = captions.output(made, names).removeprefix("the ")
    total = "difference" if made.against is not None else what.split()[0]
    return cnn.figures.waterfall_chart(
        parts.form,
        title=f"{made.layer}: {what}",
        each="channel" if parts.are_channels else "input",
        total=total,
        caption=captions.contributions(made, parts, names),
    )


def _steps(made: cnn.Output, names: tuple[str, ...]) -> dict[str, Chart]:
    """Return the steps from the sums of all outputs to what the network gives."""
    charts = dict.fromkeys(_STEPS, nothing(""))
    if len(names) > 1:
        title = "1. logits" if made.softmax else "the sums of all"
        charts[LOGITS] = _bars(made.logits, names, "sum", title, captions.logits(made, names))
    if isinstance(made.function, Function):
        charts[FUNCTION] = cnn.figures.curve_chart(
            made.function, title=made.function.name,
            caption=captions.function(made.function, made.result),
        )  # fmt: skip
    if made.softmax:
        below, powers = captions.below(made.softmax, names), captions.powers(made.softmax, names)
        charts |= {
            BELOW: _bars(made.softmax.below, names, "difference", "2. minus the largest", below),
            POWERS: _bars(made.softmax.powers, names, "power", "3. e to the power of it", powers),
            SHARES: cnn.figures.probabilities_chart(
                made.results, names, title="4. divided by their sum", size=_STEP_SIZE,
                caption=captions.shares(made.softmax, names),
            ),
        }  # fmt: skip
    return charts


def _bars(
    values: Any, names: tuple[str, ...], label: str, title: str, caption: cnn.captions.Caption
) -> Chart:
    return cnn.figures.outputs_chart(
        values.astype(np.float32),
        title=title,
        label=label,
        each="class",
        names=names,
        size=_STEP_SIZE,
        caption=caption,
    )
