"""Which pixels made the decision: maps of several methods side by side, or of one for every class."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import dash
import dash_bootstrap_components as dbc
import numpy as np
import plotly.graph_objects as go
from dash import Dash, html

import cnn
from cnn.attribution.attributing import is_compiled
from cnn.attribution.methods import METHODS, Method
from cnn.attribution.options import Choice, Number, OfLayer, Pictures
from cnn.attribution.resizing import resized
from cnn.attribution.trust.agreement import agreement
from cnn.attribution.trust.curves import WAYS
from cnn.attribution.trust.fills import FILLS
from cnn.captions import attribution as captions
from cnn.captions import trust
from cnn.colours import ColourRange, colour_range, difference_range
from cnn.figures import EMPTY_FIGURE, Chart, nothing
from cnn.models.layers import is_large
from cnn.studies import TRUST
from dashboard.runtime.attributing import Attributed, attributed
from dashboard.screens.classes import ChosenClasses, class_choice, tie_classes
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.options import choices, option_field, register_option
from dashboard.shell.studies import CASCADE, TRIAL, register_study, study
from dashboard.state.view import ALL_METHODS, APART, OVER

PAGE = "explain"
METHOD, OVERLAY = "explain-method", "explain-overlay"
MISSING, VARIANT = "explain-missing", "explain-variant"
SIDE_BY_SIDE, BY_CLASS, TRUSTED = "explain-side-by-side", "explain-by-class", "explain-trusted"
MOST_CLASSES = 12
_COMING_SIZE = {"height": "100cqw"}
_REST_SECONDS = 0.8
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
            html.P(
                [
                    components.link("/counterfactual", "What would turn it into another class?"),
                    " · ",
                    components.link("/quiz", "Quiz: which map is of the untrained network?"),
                ]
            ),
            html.P(id=VARIANT),
            html.Div(
                [_of_method(name, figure) for name, figure in _BY_METHOD.items()],
                id=SIDE_BY_SIDE,
                className="explain-maps",
            ),
            html.Div(
                study(
                    TRUST,
                    "How far can the map of the class be trusted?",
                    "Try the map",
                    _figures_of_trust(),
                ),
                id=TRUSTED,
                hidden=True,
            ),
            html.Div(
                [_card(figure, f"Class {place}") for place, figure in enumerate(_OF_CLASS)],
                id=BY_CLASS,
                className="explain-maps",
                hidden=True,
            ),
        ]
    )


def _figures_of_trust() -> list[html.Figure]:
    """Return the places of the curves of each way and fill, and of the cascade."""
    trials = [
        components.figure(TRIAL.format(way=way, fill=fill), f"{way.capitalize()} with {fill}")
        for way in WAYS
        for fill in FILLS
    ]
    return [*trials, components.figure(CASCADE, "Weights drawn anew")]


def _of_method(name: str, figure: str) -> html.Section:
    """Return the place for the map of a method, with the fields of its options folded away."""
    method = METHODS[name]
    fields = [option_field(_field_id(name, one), option) for one, option in _fields(method).items()]
    folded = html.Details([html.Summary("Options"), *fields], className="explain-options")
    return _card(figure, method.name, *([folded] if fields else []))


def _fields(method: Method) -> dict[str, Number | Choice | OfLayer]:
    """Return the options that have a field; pictures are those of the data set."""
    return {
        name: option for name, option in method.options.items() if not isinstance(option, Pictures)
    }


def _field_id(method: str, option: str) -> str:
    return f"explain-option-{method}-{option}"


def _card(figure: str, label: str, *more: Any) -> html.Section:
    """Return the place for a map, what is read in it, and the line of Python that computes it."""
    return html.Section(
        [
            components.figure(figure, label, numbers=f"{figure}-read"),
            html.P(id=f"{figure}-variant", className="explain-variant"),
            html.P(id=f"{figure}-agreement", className="explain-variant"),
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
    register_study(app, TRUST)
    tie_classes(app, PAGE)
    tie(app, METHOD, choose="chooseMethod", chosen="chosenMethod")
    tie(app, OVERLAY, choose="chooseOverlay", chosen="chosenOverlay")
    for name, method in METHODS.items():
        for one, option in _fields(method).items():
            register_option(app, _field_id(name, one), option)


@dataclass(frozen=True)
class _Item:
    """A map of the page: its figure, the method and the target, and its title."""

    figure: str
    method: str
    target: cnn.Target
    title: str


def show(request: Request) -> Screen:
    """Return the maps of all methods for one target, or those of one method for every class.

    Of an answer that is maps, a target is the mean of a channel. What takes many passes, what is not
    compiled yet, and all of a large network, is the rest.
    """
    classes = ChosenClasses(request)
    method = request.view.method
    items = _of_methods(classes) if method == ALL_METHODS else _of_classes(classes, method)
    if request.rest:
        return _more(request, items)
    later = [one for one in items if not _is_quick(request, one.method)]
    made = {one.figure: _made(request, one) for one in items if one not in later}
    screen = _drawn(request, items, made)
    coming = {one.figure: _coming(one) for one in later}
    return Screen(
        {
            **dict.fromkeys((*_BY_METHOD.values(), *_OF_CLASS), nothing("")),
            **screen.charts,
            **coming,
        },
        texts={
            MISSING: classes.missing,
            VARIANT: "" if method == ALL_METHODS else METHODS[method].variant,
            **screen.texts,
        },
        hidden={
            SIDE_BY_SIDE: method != ALL_METHODS,
            BY_CLASS: method == ALL_METHODS,
            TRUSTED: method == ALL_METHODS,
            **{f"{figure}-box": True for figure in _OF_CLASS[len(items) :]},
            **{f"{one.figure}-box": False for one in items},
        },
        properties={**classes.options(PAGE), **_layers(request)},
        later=tuple(coming),
    )


def _is_quick(request: Request, method: str) -> bool:
    """Whether a map by the method is there at once."""
    model, known = request.model, METHODS[method]
    return is_compiled(model, method) and not known.is_slow and not is_large(model)


def _more(request: Request, items: Sequence[_Item]) -> Screen:
    """Return the maps that were left out and are known, with as many more as some time allows.

    That is one at least.
    """
    view, runtime, began = request.view, request.runtime, time.monotonic()
    quick = [one for one in items if _is_quick(request, one.method)]
    missing = [one for one in items if not runtime.has_attribution(view, one.method, one.target)]
    left_out = [one for one in items if one in missing or one not in quick]
    while missing:
        _made(request, missing.pop(0))
        if time.monotonic() - began > _REST_SECONDS:
            break
    known = [one for one in items if one not in missing]
    screen = _drawn(request, items, {one.figure: _made(request, one) for one in known})
    charts = {one.figure: _whole(screen.charts[one.figure]) for one in left_out if one in known}
    return Screen(charts, screen.texts, later=tuple(one.figure for one in missing))


def _of_methods(classes: ChosenClasses) -> list[_Item]:
    target = cnn.Target(classes.target, classes.against)
    return [_Item(figure, name, target, METHODS[name].name) for name, figure in _BY_METHOD.items()]


def _of_classes(classes: ChosenClasses, method: str) -> list[_Item]:
    """Return a map of every class, or of those with the largest outputs."""
    names, against = classes.names, classes.against
    numbers = range(len(names)) if len(names) <= MOST_CLASSES else classes.ranked[:MOST_CLASSES]
    return [
        _Item(figure, method, cnn.Target(of, against if against != of else None), names[of])
        for figure, of in zip(_OF_CLASS, numbers, strict=False)
    ]


def _made(request: Request, one: _Item) -> Attributed:
    """Return what the method says of the target, or why it says nothing."""
    if request.moving:
        options = request.runtime.options_of(request.view, one.method)
        return attributed(request.model, request.look.seen, one.method, one.target, options)
    return request.runtime.attribution(request.view, one.method, one.target)


def _drawn(request: Request, items: Sequence[_Item], made: Mapping[str, Attributed]) -> Screen:
    """Return the charts of the maps that are there, and the line of Python of each.

    Those of one method have one range of colours.
    """
    known = [one for one in items if one.figure in made]
    planes = [one.plane for one in made.values() if isinstance(one, cnn.Attribution)]
    is_one_range = request.view.method != ALL_METHODS and bool(planes)
    most = max(float(np.abs(plane).max()) for plane in planes) if is_one_range else 0.0
    charts = {one.figure: _chart(request, one, made[one.figure], most) for one in known}
    texts = {f"{one.figure}-python": _python(one, made[one.figure]) for one in known}
    if request.view.method == ALL_METHODS:
        texts |= {f"{one.figure}-variant": METHODS[one.method].variant for one in known}
        texts |= {} if request.moving else _agreement(items, made)
    return Screen(charts, texts)


def _agreement(items: Sequence[_Item], made: Mapping[str, Attributed]) -> dict[str, str]:
    """Return how far each map agrees with the others, where all of them are there."""
    maps = [one for one in made.values() if isinstance(one, cnn.Attribution)]
    compared = agreement(maps) if maps and len(made) == len(items) else None
    return {
        f"{one.figure}-agreement": trust.agreement(compared, one.method).seen if compared else ""
        for one in items
        if isinstance(made.get(one.figure), cnn.Attribution)
    }


def _chart(request: Request, one: _Item, made: Attributed, most: float) -> Chart:
    """Return the map as a chart; `most` is the end of the range of colours, 0 for that of the map."""
    if not isinstance(made, cnn.Attribution):
        return nothing(captions.refused(one.method, str(made)))
    plane, is_signed = made.plane, METHODS[one.method].is_signed
    limits = difference_range(plane) if is_signed else colour_range(plane)
    if most:
        limits = ColourRange(-most if is_signed else 0.0, most)
    prediction, look = request.passed.prediction, request.look
    what = captions.explained(made.target, prediction.head, ChosenClasses(request).names)
    is_over = request.view.overlay == OVER
    return cnn.figures.attribution_chart(
        resized(plane, *look.seen.shape[:2]) if is_over else plane,
        title=one.title,
        limits=limits,
        label="attribution, one range for all" if most else "attribution",
        beneath=look.seen if is_over else None,
        caption=captions.attribution(made, what),
    )


def _coming(one: _Item) -> Chart:
    """Return what stands for a map that takes longer than the others."""
    words = f"{METHODS[one.method].name} takes longer: it comes when nothing moves."
    caption = cnn.captions.Caption(words)
    return Chart.whole(go.Figure(EMPTY_FIGURE), size=_COMING_SIZE, caption=caption)


def _whole(chart: Chart) -> Chart:
    """Return a chart that takes the place of one of another form."""
    return Chart.whole(chart.figure(), size=chart.size, caption=chart.caption)


def _layers(request: Request) -> dict[str, dict[str, Any]]:
    """Return the layers that options offer: those that give maps."""
    infos = cnn.layer_infos(request.model)
    names = [one.name for one in infos if len(one.output_shape) == 3 and not one.nested]
    return {
        _field_id(name, one): {"options": choices(option, names)}
        for name, method in METHODS.items()
        for one, option in method.options.items()
        if isinstance(option, OfLayer)
    }


def _python(one: _Item, made: Attributed) -> str:
    settings = made.settings if isinstance(made, cnn.Attribution) else {}
    return captions.python_line(one.method, one.target, settings)
