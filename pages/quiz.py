"""A quiz for a class: which of four maps comes from the network without its training?"""

from __future__ import annotations

import time
from collections.abc import Sequence
from hashlib import blake2s
from typing import Any

import dash
import plotly.graph_objects as go
from dash import Dash, html

import cnn
from cnn.attribution.attribution import Map
from cnn.attribution.compiling import is_compiled
from cnn.attribution.methods import METHODS
from cnn.attribution.quiz import MAPS, Quiz, shares
from cnn.captions import quiz as captions
from cnn.captions.attribution import explained, read
from cnn.captions.quiz import LETTERS
from cnn.colours import ColourRange
from cnn.figures import EMPTY_FIGURE, Chart, nothing
from cnn.figures.mosaic import MOST_TOGETHER
from cnn.models.heads import head_of
from cnn.models.layers import is_large
from dashboard.runtime.quizzes import Asked
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.coming import coming, tells
from dashboard.shell.panel import data_uri
from dashboard.state.view import ALL_METHODS, OF_NETWORK

PAGE = "quiz"
METHOD, ANOTHER, PROBLEM = "quiz-method", "quiz-another", "quiz-problem"
ASKED, PICTURES, BODY = "quiz-asked", "quiz-pictures", "quiz-body"
# What the script asks, and where it says whether the answer is right.
QUESTION, VERDICT = "quiz-question", "quiz-verdict"
COMING = "quiz-coming"
UNTRAINED, TRAINED = "quiz-untrained", "quiz-trained"
FIRST_METHOD = "saliency"
_OF = (*OF_NETWORK, "range", "colours", "given", "also", "data", "split")
_LOOKS = ("method", "options", "quiz")
_MAPS = tuple(f"quiz-map-{letter}" for letter in LETTERS)
# Of all maps, in one answer.
_FIGURES = (*_MAPS, UNTRAINED, TRAINED)
_COMING_SIZE = {"height": "100cqw"}
_REST_SECONDS = 0.8
# Of a picture, in pixels: it stands small beside its map.
_SIDE = 128
# The choice of pictures, the network without training, and the maps.
_STEPS = MAPS + 2


def layout(**_query: Any) -> html.Div:
    """Return the page."""
    methods = [{"label": method.name, "value": name} for name, method in METHODS.items()]
    return html.Div(
        [
            components.heading(
                "Quiz",
                "Which map comes from the untrained network? A copied link asks the same question; your "
                "answer is no part of it.",
            ),
            *stores(PAGE),
            components.alert(PROBLEM),
            html.Div(
                [
                    components.labelled_select(
                        "Method", METHOD, options=methods, value=FIRST_METHOD
                    ),
                    html.Button(
                        "Another question",
                        id=ANOTHER,
                        type="button",
                        className="btn btn-sm btn-outline-primary",
                    ),
                    components.link("/explain", "What the methods compute"),
                ],
                className="controls",
            ),
            html.Div(
                [
                    html.P([html.Span(id=ASKED), " ", coming(COMING, "The question")]),
                    html.P(id=PICTURES, className="text-body-secondary"),
                    html.Div([_card(letter) for letter in LETTERS], className="quiz-maps"),
                    html.P(id=VERDICT, className="quiz-verdict", **components.aria(live="polite")),
                    html.Div(
                        [
                            components.figure(UNTRAINED, "The map of the untrained network"),
                            components.figure(TRAINED, "The map of the network on the screen"),
                        ],
                        className="quiz-maps quiz-answer",
                    ),
                ],
                id=BODY,
            ),
        ],
        id=QUESTION,
    )  # fmt: skip


def _card(letter: str) -> html.Section:
    """Return the place for a picture, a map of it, and what is told of the map after the answer."""
    return html.Section(
        [
            html.H2(letter),
            html.Img(id=_picture(letter), className="quiz-picture", alt=""),
            components.figure(f"quiz-map-{letter}", f"Map {letter}"),
            html.Button(
                f"{letter} is untrained",
                type="button",
                className="btn btn-sm btn-outline-primary quiz-choice",
                disabled=True,
            ),
            html.P(id=_told(letter), className="quiz-told quiz-answer"),
        ],
        className="quiz-card",
    )


def _picture(letter: str) -> str:
    return f"quiz-picture-{letter}"


def _told(letter: str) -> str:
    return f"quiz-told-{letter}"


def register(app: Dash) -> None:
    """Register the page; it stands on Explain, not in the header."""
    dash.register_page(
        __name__, path="/quiz", name="Quiz", title="Quiz – CNN Visualizer", layout=layout
    )
    register_screen(app, PAGE, show, figures=_FIGURES, of=_OF, looks=_LOOKS, waits=True)


def show(request: Request) -> Screen:
    """Return four pictures with a map each, and what is told once one of them is chosen.

    What takes many passes, what is not compiled yet, and all of a large network, is the rest.
    """
    try:
        asked = _asked(request)
        if request.rest:
            return _more(request, asked)
        missing = request.runtime.quizzes.missing(asked)
        if _is_quick(asked) or not missing:
            return _whole_question(request, asked)
    except cnn.CnnError as error:
        return _refused(request, str(error))
    waiting = {figure: _coming(asked.method) for figure in _FIGURES}
    told = _progress(len(missing))
    texts = {ASKED: captions.asked(asked.method), PICTURES: "", **told["texts"]}
    screen = Screen(waiting, texts, told["hidden"], told["properties"], later=_FIGURES)
    return _with_controls(request, screen)


def _method(request: Request) -> str:
    return FIRST_METHOD if request.view.method == ALL_METHODS else request.view.method


def _asked(request: Request) -> Asked:
    view, method = request.view, _method(request)
    if METHODS[method].is_slow and is_large(request.model):
        raise cnn.AttributionError(
            f"{METHODS[method].name} takes many passes of so large a network for each of eight maps: "
            "choose a method that takes one."
        )
    options = request.runtime.options_of(view, method)
    model = request.runtime.model_of_many(view)
    return Asked(model, request.runtime.data_of_many(view), view.quiz, method, options)


def _is_quick(asked: Asked) -> bool:
    """Whether the question is there at once."""
    is_slow = METHODS[asked.method].is_slow or is_large(asked.model)
    return is_compiled(asked.model, cnn.Target(), asked.method) and not is_slow


def _more(request: Request, asked: Asked) -> Screen:
    """Return the question when all of it is there; some time is spent on it, for one case at least."""
    began, quizzes = time.monotonic(), request.runtime.quizzes
    for do in quizzes.missing(asked):
        do()
        if time.monotonic() - began > _REST_SECONDS:
            break
    if missing := quizzes.missing(asked):
        told = _progress(len(missing))
        return Screen({}, told["texts"], told["hidden"], told["properties"], later=_FIGURES)
    screen = _whole_question(request, asked)
    charts = {
        figure: Chart.whole(chart.figure(), size=chart.size, caption=chart.caption)
        for figure, chart in screen.charts.items()
    }
    return Screen(charts, screen.texts, screen.hidden, screen.properties)


def _progress(missing: int) -> dict[str, dict[str, Any]]:
    """Return how far the question is of which so many steps are missing."""
    before = {_STEPS: "Choosing pictures.", MAPS + 1: "Drawing the untrained network."}
    said = before.get(missing, f"{MAPS - missing} of {MAPS} maps are there.")
    return tells(COMING, _STEPS - missing, _STEPS, said)


def _whole_question(request: Request, asked: Asked) -> Screen:
    """Return the question, with what belongs to its answer: a script hides that until there is one."""
    quizzes, view = request.runtime.quizzes, request.view
    cases = tuple(quizzes.case(asked, number) for number in range(MAPS))
    question = Quiz(quizzes.choice(asked), cases, quizzes.untrained(asked).kept)
    untrained = question.choice.untrained
    of_untrained = cases[untrained]
    titled = {figure: f"Map {letter}" for figure, letter in zip(_MAPS, LETTERS, strict=True)}
    titled |= {
        UNTRAINED: f"{LETTERS[untrained]}, untrained",
        TRAINED: f"{LETTERS[untrained]}, trained",
    }
    planes = (*question.maps, of_untrained.untrained, of_untrained.trained.plane)
    whats = [_explained(asked, case.trained) for case in (*cases, of_untrained, of_untrained)]
    parts = zip(_FIGURES, planes, whats, strict=True)
    charts = {
        figure: _chart(asked.method, plane, title=titled[figure], what=what)
        for figure, plane, what in parts
    }
    texts = {
        ASKED: captions.asked(asked.method),
        PICTURES: f"{captions.pictures(question.choice, _data(request))} {captions.SCALED}",
    }
    texts |= {
        _told(letter): captions.told(case, is_untrained=place == untrained)
        for place, (letter, case) in enumerate(zip(LETTERS, cases, strict=True))
    }
    pictures = {
        _picture(letter): {
            "src": data_uri(cnn.images.reduced(case.picture, _SIDE), view),
            "alt": f"Picture {letter}",
        }
        for letter, case in zip(LETTERS, cases, strict=True)
    }
    told = {"key": _key(request), "right": [untrained], "reason": captions.reason(question)}
    ready = tells(COMING, _STEPS, _STEPS, "")
    properties = {**pictures, **ready["properties"]}
    screen = Screen(charts, {**texts, **ready["texts"]}, ready["hidden"], properties)
    return _with_controls(request, screen, told)


def _with_controls(
    request: Request, screen: Screen, question: dict[str, Any] | None = None
) -> Screen:
    """Return the screen with the method that is chosen, and the question for the script, if any."""
    properties = {
        **screen.properties,
        METHOD: {"value": _method(request)},
        PROBLEM: {"is_open": False},
        QUESTION: {"question": question},
    }
    hidden = {**screen.hidden, BODY: False}
    return Screen(screen.charts, screen.texts, hidden, properties, screen.later)


def _refused(request: Request, why: str) -> Screen:
    """Return the page with a message in place of the question."""
    properties: dict[str, dict[str, Any]] = {
        METHOD: {"value": _method(request)},
        PROBLEM: {"children": why, "is_open": True},
        QUESTION: {"question": None},
    }
    return Screen(dict.fromkeys(_FIGURES, nothing("")), hidden={BODY: True}, properties=properties)


def _chart(method: str, plane: Map, *, title: str, what: str) -> Chart:
    return cnn.figures.attribution_chart(
        shares(plane),
        title=title,
        limits=ColourRange(-1.0 if METHODS[method].is_signed else 0.0, 1.0),
        label="share of the largest",
        most=MOST_TOGETHER // len(_FIGURES),
        caption=cnn.captions.Caption(read(method, what)),
    )


def _explained(asked: Asked, made: cnn.Attribution) -> str:
    return explained(made.target, head_of(asked.model), cnn.class_names(asked.model))


def _coming(method: str) -> Chart:
    """Return what stands for a map that takes some time."""
    caption = cnn.captions.Caption(f"{METHODS[method].name} takes a while.")
    return Chart.whole(go.Figure(EMPTY_FIGURE), size=_COMING_SIZE, caption=caption)


def _data(request: Request) -> str:
    return request.runtime.sets.called(request.view.data)


def _key(request: Request) -> str:
    """Return what two screens have in common that ask the same question."""
    parts: Sequence[Any] = [getattr(request.view, part) for part in (*_OF, *_LOOKS)]
    return blake2s(repr(parts).encode(), digest_size=8).hexdigest()
