"""Why the network says what it says: what adds up to an output, and how it becomes a probability."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Dash, Input, html

import cnn
from cnn.captions import outputs as captions
from cnn.figures import Chart, nothing
from cnn.inspection.outputs import Parts
from cnn.models.arithmetic.forms import Function
from dashboard.screens import maps
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.state.view import CHANNELS, INPUTS

PAGE = "output"
OF, AGAINST, BY = "output-of", "output-against", "output-by"
CLASSES, RESULT, STEPS = "output-classes", "output-result", "output-steps"
PROBLEM, MISSING, FORMULA, PROOF, NOTE = (
    "output-problem", "output-missing", "output-formula", "output-proof", "output-note"
)  # fmt: skip
WATERFALL, WHY, QUESTION = "output-waterfall", "output-why", "output-question"
LOGITS, BELOW, POWERS, SHARES = "output-logits", "output-below", "output-powers", "output-shares"
FUNCTION, MAPS = "output-function", "output-maps"
PREDICTED, NONE = "predicted", "none"
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
                            html.Div(
                                [_select("Class", OF), _select("Compared with", AGAINST)],
                                id=CLASSES,
                                className="controls",
                            ),
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


def _select(label: str, identity: str) -> html.Div:
    return html.Div(
        [
            dbc.Label(label, html_for=identity, className="mb-0 text-body-secondary"),
            dbc.Select(id=identity, size="sm", className="w-auto"),
        ],
        className="output-select",
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
    tie(app, OF, choose="chooseOf", chosen="chosenOf")
    tie(app, AGAINST, choose="chooseAgainst", chosen="chosenAgainst")
    tie(app, BY, choose="chooseBy", chosen="chosenBy")
    app.clientside_callback(
        ClientsideFunction("cnn", "openInput"),
        Input(WATERFALL, "clickData"),
        prevent_initial_call=True,
    )


@dataclass(frozen=True)
class _Choice:
    """Which output is looked at, and which it is compared with."""

    request: Request

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return self.request.passed.prediction.class_names

    @cached_property
    def ranked(self) -> list[int]:
        """The outputs, the largest first."""
        results = np.nan_to_num(self.request.passed.prediction.probabilities.reshape(-1))
        return [int(i) for i in np.argsort(-results, kind="stable")]

    @property
    def target(self) -> int:
        """The output chosen, or the largest."""
        wanted = self.request.view.of
        return self.ranked[0] if wanted is None or not self._exists(wanted) else wanted

    @property
    def against(self) -> int | None:
        """The other one chosen, if there is one."""
        wanted = self.request.view.against
        is_other = wanted is not None and self._exists(wanted) and wanted != self.target
        return wanted if is_other else None

    @property
    def missing(self) -> str:
        """Return what of the view cannot be shown here, and what is shown instead."""
        of, against = self.request.view.of, self.request.view.against
        told = []
        if of is not None and not self._exists(of):
            told.append(f"There is no class {of} here: {self.names[self.target]} is shown.")
        if against is not None and not self._exists(against):
            told.append(f"There is no class {against} here: it is compared with none.")
        if against == self.target:
            name = self.names[self.target]
            told.append(f"{name} is not compared with itself: choose another class.")
        return " ".join(told)

    @property
    def options(self) -> dict[str, dict[str, Any]]:
        """The classes that can be chosen, and those that it can be compared with."""
        has_classes = self.request.passed.prediction.has_classes
        first = "the one predicted" if has_classes else "the largest"
        marks = dict(zip(self.ranked[:2], (" (the largest)", " (runner-up)"), strict=False))
        chosen = self.request.view.against
        others = [i for i in range(len(self.names)) if i != self.target or i == chosen]
        return {
            OF: {
                "options": [_option(first, PREDICTED)]
                + [_option(name, str(i)) for i, name in enumerate(self.names)]
            },
            AGAINST: {
                "options": [_option("none", NONE)]
                + [_option(f"{self.names[i]}{marks.get(i, '')}", str(i)) for i in others]
            },
        }

    def _exists(self, number: int) -> bool:
        return number < len(self.names)


def _option(label: str, value: str) -> dict[str, str]:
    return {"label": label, "value": value}


def show(request: Request) -> Screen:
    """Return what adds up to the output, the proof, and what is made of the sum; or why it cannot be.

    An answer that is maps is shown as such.
    """
    if maps.are_maps(request.passed.prediction):
        return _maps(request)
    choice = _Choice(request)
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
            FORMULA: captions.output_formula(made, parts, names),
            PROOF: captions.output_proof(made, parts),
            QUESTION: f"How {parts.layer} makes these numbers.",
            NOTE: _note(request, made),
        },
        hidden={
            **hidden,
            RESULT: False,
            MAPS: True,
            CLASSES: len(names) < 2,
            f"{BY}-box": not is_choice,
            STEPS: all(hidden.values()),
        },
        properties={
            **choice.options,
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
