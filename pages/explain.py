"""Which pixels made the decision: maps of several methods side by side, or of one for every class."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import dash
import numpy as np
import plotly.graph_objects as go
from dash import ClientsideFunction, Dash, Input, Output, html

import cnn
from cnn.attribution.methods import METHODS, Method
from cnn.attribution.options import Choice, Number, OfLayer, Pictures
from cnn.attribution.resizing import resized
from cnn.attribution.trust.agreement import agreement
from cnn.attribution.trust.curves import WAYS
from cnn.attribution.trust.fills import FILLS
from cnn.captions import attribution as captions
from cnn.captions import trust
from cnn.colours import ColourRange, colour_range, difference_range
from cnn.figures import EMPTY_FIGURE, Chart, mosaic, nothing, reason_alone
from cnn.models.layers import is_large
from cnn.studies import MAPS, TRUST
from cnn.words import counted
from dashboard import ids
from dashboard.runtime.attributing import Attributed
from dashboard.runtime.studied import are_being_made, take_maps
from dashboard.screens.attributions import BY_METHOD, OF_CLASS, Map, left_out, maps_of
from dashboard.screens.classes import class_choice, tie_classes
from dashboard.screens.explained import Explained
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.coming import coming, tells
from dashboard.shell.controls import tie
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.options import choices, option_field, register_option
from dashboard.shell.studies import CASCADE, TRIAL, register_study, study
from dashboard.state.view import ALL_METHODS, APART, ONE_CELL, OVER, WHOLE_MAP

PAGE = "explain"
METHOD, OVERLAY = "explain-method", "explain-overlay"
MISSING, VARIANT = "explain-missing", "explain-variant"
FAILED, LONG, TURN = "explain-failed", "explain-long", "explain-turn"
COMING, TRYING = "explain-coming", "explain-trying"
UNIT, ROW, COLUMN = "explain-unit", "explain-row", "explain-column"
FOCUS, OF_MAPS = "explain-focus", "explain-of-maps"
CELL, COLUMNS = "explain-cell", "explain-columns"
_FOCUSES = [(WHOLE_MAP, "the mean of its map"), (ONE_CELL, "one cell")]
SIDE_BY_SIDE, BY_CLASS, TRUSTED = "explain-side-by-side", "explain-by-class", "explain-trusted"
_EMPTY_SIZE = {"height": "100cqw"}
_REST_SECONDS = 0.8


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
                    components.labelled_select("A number of", UNIT),
                    class_choice(PAGE),
                    html.Div(components.choices(FOCUS, "Of", _FOCUSES, WHOLE_MAP), id=OF_MAPS),
                    html.Div(
                        [
                            html.Div(number_field(ROW, "Row", "row")),
                            html.Div(number_field(COLUMN, "Column", "column"), id=COLUMNS),
                        ],
                        id=CELL,
                        className="controls",
                        hidden=True,
                    ),
                    components.labelled_select("Method", METHOD, options=methods),
                    components.choices(OVERLAY, "Map", ways, APART),
                ],
                className="controls",
            ),
            html.P(id=MISSING, className="why-missing"),
            html.P(captions.MEANING, className="hint"),
            html.P(
                [
                    html.Span(
                        [
                            components.link(
                                "/counterfactual", "What would turn it into another class?"
                            ),
                            " · ",
                        ],
                        id=TURN,
                    ),
                    components.link("/quiz", "Quiz: which map is of the untrained network?"),
                    " ",
                    coming(COMING, "Maps that are there"),
                ]
            ),
            html.P(id=VARIANT),
            html.P(id=FAILED),
            html.Div(_trying(), id=TRYING, className="trials"),
            html.Div(
                [_of_method(name, figure) for name, figure in BY_METHOD.items()],
                id=SIDE_BY_SIDE,
                className="explain-maps",
            ),
            html.Div(
                study(
                    TRUST,
                    "How far can this map be trusted?",
                    "Try the map",
                    _figures_of_trust(),
                ),
                id=TRUSTED,
                hidden=True,
            ),
            html.Div(
                [_card(figure, f"Class {place}") for place, figure in enumerate(OF_CLASS)],
                id=BY_CLASS,
                className="explain-maps",
                hidden=True,
            ),
            html.Div(
                study(MAPS, "Maps that take many passes", "Compute them"), id=LONG, hidden=True
            ),
        ]
    )


def _trying() -> list[Any]:
    """Return the place where the maps of all methods are tried, one after the other."""
    names = [[name, method.name] for name, method in METHODS.items()]
    return [
        html.Div(
            [
                html.Button(
                    "Try all maps: how far can each be trusted?",
                    type="button",
                    className="btn btn-sm btn-outline-primary trials-start",
                ),
                html.Progress(
                    className="study-bar", max=str(len(names)), value="0", hidden=True,
                    **components.aria(label="Progress: maps that are tried"),
                ),
                html.Span(className="study-progress"),
                html.Button(
                    "Cancel",
                    type="button",
                    className="btn btn-sm btn-outline-secondary trials-cancel",
                    hidden=True,
                ),
            ],
            className="controls study-controls",
            **components.data(methods=json.dumps(names)),
        ),
        html.P(className="study-said", **components.aria(live="polite")),
    ]  # fmt: skip


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
    trying = components.look_link("/explain", "How far can it be trusted?", method=name)
    return _card(
        figure,
        method.name,
        html.P(trying, className="explain-variant"),
        *([folded] if fields else []),
    )


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
            html.P(id=f"{figure}-trust", className="explain-variant"),
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
        app, PAGE, show, figures=(*BY_METHOD.values(), *OF_CLASS),
        looks=("of", "against", "method", "overlay", "options", "unit", "focus", "row", "column"),
    )  # fmt: skip
    app.clientside_callback(
        ClientsideFunction("cnn", "followTrials"),
        Output(TRYING, "data-asked"),
        Input(TRYING, "id"),
        Input(ids.VIEW, "data"),
    )
    register_study(app, TRUST)
    register_study(app, MAPS)
    tie_classes(app, PAGE)
    tie(app, UNIT, choose="chooseUnit", chosen="chosenUnit")
    tie(app, FOCUS, choose="chooseFocus", chosen="chosenFocus")
    for field in (ROW, COLUMN):
        register_number(app, field)
    tie(app, METHOD, choose="chooseMethod", chosen="chosenMethod")
    tie(app, OVERLAY, choose="chooseOverlay", chosen="chosenOverlay")
    for name, method in METHODS.items():
        for one, option in _fields(method).items():
            register_option(app, _field_id(name, one), option)


def show(request: Request) -> Screen:
    """Return the maps of all methods for one target, or those of one method for every class.

    What takes many passes, what is not compiled yet, all of a large network, and what would make the
    answer too large, is the rest.
    """
    explained, method = Explained(request), request.view.method
    maps = maps_of(request)
    if request.rest:
        return _more(request, maps)
    quick = [one for one in maps if one.is_quick][: _most(request)]
    later = [one for one in maps if one not in quick]
    screen = _drawn(request, maps, {one.figure: one.make() for one in quick})
    waiting = {one.figure: _empty(captions.coming(one.method)) for one in later}
    told = _told(maps, [one for one in later if not (one.is_long or one.is_known)])
    return Screen(
        {
            **dict.fromkeys((*BY_METHOD.values(), *OF_CLASS), nothing("")),
            **screen.charts,
            **waiting,
        },
        texts={
            **told["texts"],
            MISSING: explained.missing,
            **explained.label(PAGE),
            VARIANT: _variant(request),
            FAILED: "",
            **{f"{one.figure}-trust": "" for one in maps},
            **screen.texts,
        },
        hidden={
            **told["hidden"],
            SIDE_BY_SIDE: method != ALL_METHODS,
            TRYING: method != ALL_METHODS,
            BY_CLASS: method == ALL_METHODS,
            TRUSTED: method == ALL_METHODS,
            LONG: not any(one.is_long for one in maps),
            OF_MAPS: not explained.sides,
            CELL: explained.cell is None,
            COLUMNS: len(explained.sides) < 2,
            TURN: not request.passed.prediction.head.has_classes,
            **{f"{figure}-box": True for figure in OF_CLASS[len(maps) :]},
            **{f"{one.figure}-box": False for one in maps},
        },
        properties={
            **explained.options(PAGE),
            UNIT: {"options": explained.layers()},
            **{
                field: {"data-now": str(at), "data-most": side - 1}
                for field, side, at in zip(
                    (ROW, COLUMN), explained.sides, explained.cell or (), strict=False
                )
            },
            **_layers(request),
            **told["properties"],
        },
        later=tuple(waiting),
    )


def _variant(request: Request) -> str:
    """Return what exactly is computed of every class, and of which ones where there are many."""
    method = request.view.method
    if method == ALL_METHODS:
        return ""
    return f"{METHODS[method].variant} {left_out(request)}".strip()


def _most(request: Request) -> int:
    """Return how many maps an answer has at most: one at least."""
    numbers = min(prod(request.look.seen.shape[:2]), mosaic.MOST_NUMBERS)
    return max(1, mosaic.MOST_TOGETHER // numbers)


def _more(request: Request, maps: Sequence[Map]) -> Screen:
    """Return known maps that the browser does not have, with as many more as some time allows.

    That is one at least. Those for a worker stay empty until it has made them. Where all have one
    range of colours, the others get that range.
    """
    began = time.monotonic()
    long = [one for one in maps if one.is_long]
    unknown = [one for one in maps if not one.is_known]
    if any(one in unknown for one in long):
        take_maps(request.runtime, request.view, [one.wanted for one in long])
    waiting = [one for one in long if not one.is_known]
    missing = [one for one in unknown if not one.is_long]
    while missing:
        missing.pop(0).make()
        if time.monotonic() - began > _REST_SECONDS:
            break
    known = [one for one in maps if one not in missing and one not in waiting]
    screen = _drawn(request, maps, {one.figure: one.make() for one in known})
    new = [one.figure for one in known if one.figure not in request.had]
    sent, left = new[: _most(request)], new[_most(request) :]
    charts = {figure: _whole(screen.charts[figure]) for figure in sent}
    are_coming = are_being_made(request.runtime, request.view, [one.wanted for one in long])
    words = captions.being_made if are_coming else captions.for_worker
    charts |= {one.figure: _empty(words(one.method)) for one in waiting}
    if request.view.method != ALL_METHODS:
        had = [one.figure for one in known if one.figure not in new]
        charts |= {figure: screen.charts[figure].part("zmin", "zmax") for figure in had}
    told = _told(maps, missing)
    texts = {**screen.texts, **told["texts"], **({} if missing else _trust(maps))}
    later = (*left, *(one.figure for one in missing))
    return Screen(charts, texts, told["hidden"], told["properties"], later=later)


def _told(maps: Sequence[Map], missing: Sequence[Map]) -> dict[str, dict[str, Any]]:
    """Return how many maps of a large network are there, of those that come by themselves."""
    own = [one for one in maps if not one.is_long]
    count = len(own) if any(is_large(one.request.model) for one in own) else 0
    done = count and count - len(missing)
    return tells(COMING, done, count, f"{done} of {counted(count, 'map')} are there.")


def _trust(maps: Sequence[Map]) -> dict[str, str]:
    """Return what is known of the trust in each map, and that none is to be trusted where that is so."""
    known = [(one, found) for one in maps if (found := one.trust)]
    refused = [one.method for one in maps if one.is_known and isinstance(one.make(), cnn.CnnError)]
    is_none = len(refused) == len(maps) or (known and all(found.fails for _, found in known))
    tried = dict.fromkeys(one.method for one, _ in known)
    return {
        FAILED: trust.none_passes([*tried], [*dict.fromkeys(refused)]) if is_none else "",
        **{f"{one.figure}-trust": trust.marks(found) for one, found in known},
    }


def _drawn(request: Request, maps: Sequence[Map], made: Mapping[str, Attributed]) -> Screen:
    """Return the charts of the maps that are there, and the line of Python of each.

    Those of one method have one range of colours.
    """
    known = [one for one in maps if one.figure in made]
    planes = [one.plane for one in made.values() if isinstance(one, cnn.Attribution)]
    is_one_range = request.view.method != ALL_METHODS and bool(planes)
    most = max(float(np.abs(plane).max()) for plane in planes) if is_one_range else 0.0
    charts = {one.figure: _chart(request, one, made[one.figure], most) for one in known}
    texts = {f"{one.figure}-python": _python(one, made[one.figure]) for one in known}
    if request.view.method == ALL_METHODS:
        texts |= {f"{one.figure}-variant": METHODS[one.method].variant for one in known}
        texts |= {} if request.moving else _agreement(maps, made)
    return Screen(charts, texts)


def _agreement(maps: Sequence[Map], made: Mapping[str, Attributed]) -> dict[str, str]:
    """Return how far each map agrees with the others, where all of them are there."""
    known = [one for one in made.values() if isinstance(one, cnn.Attribution)]
    compared = agreement(known) if known and len(made) == len(maps) else None
    return {
        f"{one.figure}-agreement": trust.agreement(compared, one.method) if compared else ""
        for one in maps
        if isinstance(made.get(one.figure), cnn.Attribution)
    }


def _chart(request: Request, one: Map, made: Attributed, most: float) -> Chart:
    """Return the map as a chart; `most` is the end of the range of colours, 0 for that of the map."""
    if not isinstance(made, cnn.Attribution):
        return reason_alone(captions.refused(one.method, str(made)))
    plane, is_signed = made.plane, METHODS[one.method].is_signed
    limits = difference_range(plane) if is_signed else colour_range(plane)
    if most:
        limits = ColourRange(-most if is_signed else 0.0, most)
    look, what = request.look, Explained(request).words(made.target)
    is_over = request.view.overlay == OVER
    return cnn.figures.attribution_chart(
        resized(plane, *look.seen.shape[:2]) if is_over else plane,
        title=one.title,
        limits=limits,
        label="attribution, one range for all" if most else "attribution",
        beneath=look.seen if is_over else None,
        caption=captions.attribution(made, what),
    )


def _empty(words: str) -> Chart:
    """Return what stands for a map that is not there yet."""
    caption = cnn.captions.Caption(words)
    return Chart.whole(go.Figure(EMPTY_FIGURE), size=_EMPTY_SIZE, caption=caption)


def _whole(chart: Chart) -> Chart:
    """Return a chart that takes the place of one of another form."""
    whole = Chart.whole(chart.figure(), size=chart.size, caption=chart.caption)
    return replace(whole, enlarged=chart.enlarged)


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


def _python(one: Map, made: Attributed) -> str:
    chosen = one.request.view.options_of(one.method)
    settings = made.settings if isinstance(made, cnn.Attribution) else chosen
    return captions.python_line(one.method, one.target, settings)
