"""Which pixels made the decision: maps of several methods side by side, or of one for every class."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, html

import cnn
from cnn.attribution.methods import METHODS
from cnn.attribution.options import Choice, Number, OfLayer, Option
from cnn.captions import attribution as captions
from cnn.colours import colour_range, difference_range
from cnn.figures import Chart, nothing
from dashboard import ids
from dashboard.screens.classes import ChosenClasses, class_choice, tie_classes
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.numbers import number_field, register_number
from dashboard.state.view import ALL_METHODS, APART, OVER

PAGE = "explain"
METHOD, OVERLAY = "explain-method", "explain-overlay"
MISSING, VARIANT = "explain-missing", "explain-variant"
SIDE_BY_SIDE, BY_CLASS = "explain-side-by-side", "explain-by-class"
MOST_CLASSES = 12
_BY_METHOD = {name: f"explain-of-{name}" for name in METHODS}
_OF_CLASS = tuple(f"explain-class-{place}" for place in range(MOST_CLASSES))


def layout(**_query: Any) -> html.Div:
    """Return the page."""
    methods = [{"label": "all, side by side", "value": ALL_METHODS}]
    methods += [{"label": method.name, "value": name} for name, method in METHODS.items()]
    ways = [(APART, "by itself"), (OVER, "over the picture")]
    return html.Div(
        [
            components.heading(
                "Explain",
                "Which pixels made the decision, as several methods say it. Point at a pixel to read "
                "it in all maps.",
            ),
            *stores(PAGE),
            html.Div(
                [
                    class_choice(PAGE),
                    html.Div(
                        [
                            dbc.Label(
                                "Method", html_for=METHOD, className="mb-0 text-body-secondary"
                            ),
                            dbc.Select(id=METHOD, size="sm", className="w-auto", options=methods),
                        ],
                        className="labelled-select",
                    ),
                    components.choices(OVERLAY, "Map", ways, APART),
                ],
                className="controls",
            ),
            html.P(id=MISSING, className="why-missing"),
            html.P(id=VARIANT),
            html.Div(
                [_of_method(name, figure) for name, figure in _BY_METHOD.items()],
                id=SIDE_BY_SIDE,
                className="explain-maps",
            ),
            html.Div(
                [_card(figure, f"Class {place}") for place, figure in enumerate(_OF_CLASS)],
                id=BY_CLASS,
                className="explain-maps",
                hidden=True,
            ),
        ]
    )


def _of_method(name: str, figure: str) -> html.Section:
    """Return the place for the map of a method, with the fields of its options folded away."""
    method = METHODS[name]
    fields = [_field(_field_id(name, one), option) for one, option in method.options.items()]
    folded = html.Details([html.Summary("Options"), *fields], className="explain-options")
    return _card(figure, method.name, *([folded] if fields else []))


def _field_id(method: str, option: str) -> str:
    return f"explain-option-{method}-{option}"


def _field(identity: str, option: Option) -> Any:
    if isinstance(option, Number):
        limits = option.limits
        return number_field(
            identity, option.label, "options", least=limits.low, most=f"{limits.high:g}",
            is_above=limits.above, step="1" if limits.is_whole else "any", waits=True,
            first=f"{option.default:g}",
        )  # fmt: skip
    return html.Div(
        [
            dbc.Label(option.label, html_for=identity, className="mb-0"),
            dbc.Select(id=identity, size="sm", options=_choices(option, []), value=""),
        ],
        className="number-field",
    )


def _choices(option: Choice | OfLayer, layers: Sequence[str]) -> list[dict[str, str]]:
    """Return what a select offers, the default first."""
    if isinstance(option, Choice):
        others = [one for one in option.choices if one != option.default]
        return [{"label": one, "value": one} for one in (option.default, *others)]
    return [{"label": "the last one with maps", "value": "last"}] + [
        {"label": name, "value": name} for name in layers
    ]


def _card(figure: str, label: str, *more: Any) -> html.Section:
    """Return the place for a map, what is read in it, and the line of Python that computes it."""
    return html.Section(
        [
            components.figure(figure, label, numbers=f"{figure}-read"),
            html.P(id=f"{figure}-variant", className="explain-variant"),
            html.Code(id=f"{figure}-python", className="explain-python"),
            *more,
        ],
        id=f"{figure}-box",
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/explain", name="Explain", title="Explain – CNN Visualizer", layout=layout,
        order=5.7, in_header=True,
    )  # fmt: skip
    register_screen(
        app, PAGE, show, figures=(*_BY_METHOD.values(), *_OF_CLASS),
        looks=("of", "against", "method", "overlay", "options"),
    )  # fmt: skip
    tie_classes(app, PAGE)
    tie(app, METHOD, choose="chooseMethod", chosen="chosenMethod")
    tie(app, OVERLAY, choose="chooseOverlay", chosen="chosenOverlay")
    for name, method in METHODS.items():
        for one, option in method.options.items():
            _tie_option(app, _field_id(name, one), option)


def _tie_option(app: Dash, identity: str, option: Option) -> None:
    if isinstance(option, Number):
        register_number(app, identity)
        return
    app.clientside_callback(
        ClientsideFunction("cnn", "chooseOption"),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(identity, "value"),
        State(ids.VIEW, "data"),
        State(identity, "options"),
        State(identity, "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "chosenOption"),
        Output(identity, "value"),
        Input(ids.VIEW, "data"),
        Input(identity, "options"),
        State(identity, "value"),
        State(identity, "id"),
    )


@dataclass(frozen=True, eq=False)
class _Maps:
    """The maps of a request, and how they are drawn."""

    request: Request
    classes: ChosenClasses

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The names of the outputs."""
        return self.classes.names

    @cached_property
    def beneath(self) -> Any:
        """The picture, where the maps lie over it."""
        look = self.request.look
        return look.seen if self.request.view.overlay == OVER else None

    def made(self, method: str, target: cnn.Target) -> cnn.Attribution | cnn.AttributionError:
        """Return what the method says of the target, or why it says nothing."""
        request = self.request
        try:
            if request.moving:
                seen = request.look.seen
                options = request.view.options_of(method)
                return cnn.attribute(request.model, seen, method=method, target=target, **options)
            return request.runtime.attribution(request.view, method, target)
        except cnn.AttributionError as error:
            return error

    def chart(
        self,
        made: cnn.Attribution | cnn.AttributionError,
        method: str,
        title: str,
        *,
        most: float = 0,
    ) -> Chart:
        """Return the map as a chart; `most` is the end of the range of colours, 0 for that of the map."""
        if isinstance(made, cnn.AttributionError):
            return nothing(captions.refused(method, str(made)))
        plane, is_signed = made.plane, METHODS[method].is_signed
        limits = difference_range(plane) if is_signed else colour_range(plane)
        if most:
            limits = limits._replace(low=-most if is_signed else 0.0, high=most)
        what = captions.explained(made.target, self.request.passed.prediction.head, self.names)
        return cnn.figures.attribution_chart(
            plane,
            title=title,
            limits=limits,
            label="attribution, one range for all" if most else "attribution",
            beneath=self.beneath,
            caption=captions.attribution(made, what),
        )


def show(request: Request) -> Screen:
    """Return the maps of all methods for one target, or those of one method for every class.

    Of an answer that is maps, a target is the mean of a channel.
    """
    maps = _Maps(request, ChosenClasses(request))
    is_every = request.view.method == ALL_METHODS
    screen = _side_by_side(maps) if is_every else _by_class(maps, request.view.method)
    return Screen(
        {**dict.fromkeys((*_BY_METHOD.values(), *_OF_CLASS), nothing("")), **screen.charts},
        texts={MISSING: maps.classes.missing, **screen.texts},
        hidden={SIDE_BY_SIDE: not is_every, BY_CLASS: is_every, **screen.hidden},
        properties={**maps.classes.options(PAGE), **_layers(request)},
        later=screen.later,
    )


def _layers(request: Request) -> dict[str, dict[str, Any]]:
    """Return the layers that options offer: those that give maps."""
    infos = cnn.layer_infos(request.model)
    names = [one.name for one in infos if len(one.output_shape) == 3 and not one.nested]
    return {
        _field_id(name, one): {"options": _choices(option, names)}
        for name, method in METHODS.items()
        for one, option in method.options.items()
        if isinstance(option, OfLayer)
    }


def _side_by_side(maps: _Maps) -> Screen:
    """Return a map of each method, each with a range of colours of its own; slow ones wait for rest."""
    classes, moving = maps.classes, maps.request.moving
    target = cnn.Target(classes.target, classes.against)
    charts, texts, later = {}, {VARIANT: ""}, []
    for method, figure in _BY_METHOD.items():
        if moving and METHODS[method].is_slow:
            later.append(figure)
            continue
        made = maps.made(method, target)
        charts[figure] = maps.chart(made, method, METHODS[method].name)
        texts[f"{figure}-variant"] = METHODS[method].variant
        texts[f"{figure}-python"] = _python(method, target, made)
    return Screen(charts, texts, later=tuple(later))


def _by_class(maps: _Maps, method: str) -> Screen:
    """Return a map of each class by one method, all in one raw range of colours."""
    shown = _shown(maps.classes)
    against = maps.classes.against
    targets = [cnn.Target(of, against if against != of else None) for of in shown]
    made = [maps.made(method, target) for target in targets]
    planes = [one.plane for one in made if isinstance(one, cnn.Attribution)]
    most = max((float(np.abs(plane).max()) for plane in planes), default=0.0)
    charts, texts, hidden = {}, {}, {f"{figure}-box": True for figure in _OF_CLASS}
    for figure, target, one in zip(_OF_CLASS, targets, made, strict=False):
        title = maps.names[target.of or 0]
        charts[figure] = maps.chart(one, method, title, most=most)
        texts[f"{figure}-python"] = _python(method, target, one)
        hidden[f"{figure}-box"] = False
    return Screen(charts, {VARIANT: METHODS[method].variant, **texts}, hidden)


def _shown(classes: ChosenClasses) -> list[int]:
    """Return the classes that have a map: all, or those with the largest outputs."""
    if len(classes.names) <= MOST_CLASSES:
        return list(range(len(classes.names)))
    return classes.ranked[:MOST_CLASSES]


def _python(method: str, target: cnn.Target, made: cnn.Attribution | cnn.AttributionError) -> str:
    settings = made.settings if isinstance(made, cnn.Attribution) else {}
    return captions.python_line(method, target, settings)
