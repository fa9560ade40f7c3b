"""What depends on a channel: it is switched off, and all behind it answers without it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import dash
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, html
from numpy.typing import NDArray

import cnn
from cnn.figures import Chart, nothing, reason_alone
from cnn.studies import EVALUATE, RANK
from dashboard import ids
from dashboard.screens import guessing
from dashboard.screens.layers import layer_output
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components, operating, studies
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.tabs import register_tabs

PAGE = "surgery"
CHANNEL, STRENGTH = "surgery-channel", "surgery-strength"
NOW, UNCHANGED, GUESS = "surgery-now", "surgery-unchanged", "surgery-guess"
MAPS, PROBABILITIES, LOGITS, REACHED = (
    "surgery-maps", "surgery-probabilities", "surgery-logits", "surgery-reached",
)  # fmt: skip
_EFFECT = "surgery-effect"


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first convolution is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading(
                "Surgery", "Switch a channel off, and see what depends on it: all behind it answers "
                "at once.",
            ),
            *stores(PAGE, name),
            components.tab_bar("surgery-tabs", "Layers"),
            components.alert("surgery-problem"),
            html.Div(
                [
                    _controls(),
                    guessing.box(GUESS),
                    html.Div([*_figures(), _studies()], className="two surgery-parts"),
                ],
                id="surgery-body",
            ),
        ]
    )  # fmt: skip


def _controls() -> html.Div:
    return html.Div(
        [
            number_field(CHANNEL, "Channel", "channel"),
            html.Div(id=STRENGTH, className="strength"),
            operating.buttons(),
            html.P(id=NOW, className="surgery-now", **components.aria(live="polite")),
        ],
        className="controls",
    )


def _figures() -> list[Any]:
    effect = html.Div(
        [
            components.figure(PROBABILITIES, "The answer before and after"),
            html.Div(components.figure(LOGITS, "The logits before and after"), id=f"{LOGITS}-box"),
            components.figure(REACHED, "How far each layer moved"),
        ],
        id=_EFFECT,
    )
    beside = html.Div(
        [html.P(id=UNCHANGED, className="surgery-unchanged"), effect], className="surgery-beside"
    )
    return [components.figure(MAPS, "The channels, as later layers see them"), beside]


def _studies() -> html.Div:
    return html.Div(
        [
            studies.study(EVALUATE, "What the changes cost", "Evaluate on the test split"),
            studies.study(RANK, "What each channel is worth", "Rank the channels of {layer}"),
        ],
        className="even",
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/surgery", path_template="/surgery/<layer>", name="Surgery",
        title="Surgery – CNN Visualizer", layout=layout, order=5.7, in_header=True,
    )  # fmt: skip
    register_tabs(
        app,
        PAGE,
        lambda layers: list(layers["changeable"]),
        lacks="has no channel whose loss another layer would notice",
        without="No layer of this model has a channel whose loss another layer would notice.",
    )
    register_screen(
        app, PAGE, show, figures=(MAPS, PROBABILITIES, LOGITS, REACHED),
        looks=("channel", "scale", "guess"),
    )  # fmt: skip
    register_number(app, CHANNEL)
    studies.register_study(app, EVALUATE)
    studies.register_study(app, RANK)
    guessing.register(app, GUESS)
    app.clientside_callback(
        ClientsideFunction("cnn", "showStrength"),
        Output(STRENGTH, "data-percent"),
        Input(ids.VIEW, "data"),
        Input(STRENGTH, "data-layer"),
        Input(STRENGTH, "data-channels"),
    )


@dataclass(frozen=True, eq=False)
class _Effect:
    """What the network computes of the picture before its channels were changed, and after."""

    before: cnn.ForwardPass
    after: cnn.ForwardPass

    @property
    def names(self) -> list[str]:
        """The layers that were there before, without the input."""
        return list(self.before.activations)[1:]

    @property
    def shares(self) -> NDArray[np.float32]:
        """How far each layer moved, as a share of its size before: ‖after − before‖ / ‖before‖."""
        return np.array([self._share(name) for name in self.names], np.float32)

    def _share(self, name: str) -> float:
        before, after = (one.activations[name] for one in (self.before, self.after))
        size, moved = np.linalg.norm(before), np.linalg.norm(after - before)
        return float(moved / size) if size else float(bool(moved))


def show(request: Request) -> Screen:
    """Return the channels of the layer as later layers see them, and what the changes do."""
    info = request.layer_among(cnn.models.changeable_layers(request.trained))
    changes = request.view.operations
    channel = min(request.view.channel or 0, info.channels - 1)
    change = changes.get(info.name, {}).get(channel)
    charts = {MAPS: _maps(request, info)}
    if changes:
        charts |= _effect(_Effect(request.unoperated.passed, request.passed))
    else:
        charts |= {place: nothing("") for place in (PROBABILITIES, LOGITS, REACHED)}
    done = cnn.captions.operations({info.name: {channel: change}}) if change else ""
    return Screen(
        charts,
        texts={
            NOW: done or f"{info.name}: channel {channel} as it was trained",
            UNCHANGED: ""
            if changes
            else "No channel is changed yet: choose one, and switch it off.",
        },
        hidden={
            _EFFECT: not changes,
            UNCHANGED: bool(changes),
            f"{LOGITS}-box": not charts[LOGITS].traces,
        },
        properties={
            CHANNEL: {"data-most": info.channels - 1},
            STRENGTH: {"data-layer": info.name, "data-channels": str(info.channels)},
            studies.place(RANK): {"data-layer": info.name},
            GUESS: guessing.asked(request, PAGE, lambda: _question(request)),
        },
    )


def _question(request: Request) -> cnn.captions.Question | None:
    if not request.view.operations:
        return None
    before, after = request.unoperated.passed.prediction, request.passed.prediction
    return cnn.captions.class_question(
        before, after, cnn.captions.operations(request.view.operations)
    )


def _maps(request: Request, info: cnn.LayerInfo) -> Chart:
    readers = cnn.models.operated_names(request.model)
    read = cnn.layer_info(request.model, readers.get(info.name, info.name))
    return layer_output(read, request.passed).chart(request.view.scale)


def _effect(effect: _Effect) -> dict[str, Chart]:
    before, after = effect.before.prediction, effect.after.prediction
    caption = cnn.captions.ablation(before, after)
    answer = _answer(before, after, caption)
    return {PROBABILITIES: answer, LOGITS: _logits(before, after), REACHED: _reached(effect)}


def _answer(before: cnn.Prediction, after: cnn.Prediction, caption: cnn.captions.Caption) -> Chart:
    if before.head.form == "maps":
        return reason_alone(caption.seen)
    return cnn.figures.comparison_chart(
        before.probabilities, after.probabilities, before.class_names, title="the answer",
        each="class" if before.has_classes else "output",
        label="probability" if before.has_classes else "value",
        is_share=before.has_classes, caption=caption,
    )  # fmt: skip


def _logits(before: cnn.Prediction, after: cnn.Prediction) -> Chart:
    if before.logits is None or after.logits is None:
        return nothing("")
    caption = cnn.captions.Caption("The sums that the softmax makes the probabilities of.")
    return cnn.figures.comparison_chart(
        before.logits, after.logits, before.class_names, title="the logits", each="class",
        label="logit", caption=caption,
    )  # fmt: skip


def _reached(effect: _Effect) -> Chart:
    return cnn.figures.shares_chart(
        effect.shares, effect.names, title="how far each layer moved", each="layer",
        label="share", caption=cnn.captions.reached(effect.names, effect.shares),
    )  # fmt: skip
