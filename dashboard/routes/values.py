"""One binary answer with all that the panel and the open page show of a picture.

A whole figure for every move of a pen, or for every digit, is too slow. The browser paints these
numbers at once, and brings the same into its figures when it rests.

    POST /values/<page>[/<layer>]?<view>    a drawing in the body, one byte per pixel
    GET  /values/<page>[/<layer>]?<view>    the picture of the view

With `moving=picture` or `moving=epoch` more is about to come: then nothing is kept. With `rest=1` it is
what the page has left out because it takes long or is much, more of it than the figures that are named
as `had`, or of it the parts with each named `layer`. With `figure` and `window`, four numbers
with commas between them, it is what is in sight of one reduced figure.
"""

from __future__ import annotations

import re
from dataclasses import replace
from math import inf, isfinite
from typing import get_args

import flask
import numpy as np
from flask import Flask, Response, current_app
from numpy.typing import NDArray

import cnn
from cnn.errors import shown
from cnn.figures.chart import Window
from dashboard import bodies
from dashboard.runtime.runtime import current
from dashboard.screens.answer import Answer
from dashboard.screens.request import Moving, Request
from dashboard.screens.screen import facts_of, parts_of_pages
from dashboard.shell import panel
from dashboard.state import pixels
from dashboard.state.view import OF_PICTURE, parse

DRAWING_SIDE = 112
_OPENING = {"layer", "opening"}
_OWN = {
    "fitted",
    "moving",
    "pointed",
    "form",
    "centre",
    "rest",
    "had",
    "figure",
    "window",
    *_OPENING,
}


def serve_values(server: Flask) -> None:
    """Serve the route of the values."""
    rule = "/values/<page>"
    server.add_url_rule(rule, "values", _values, methods=["GET", "POST"])
    server.add_url_rule(f"{rule}/<path:layer>", "layer_values", _values, methods=["GET", "POST"])


def _values(page: str, layer: str | None = None) -> Response:
    runtime = current()
    given = set(flask.request.args)
    is_opening = flask.request.method == "GET" and "opening" in given and given & _OWN <= _OPENING
    if runtime.ready != "ready" and not is_opening:
        return _refusal(runtime.not_ready, 503)
    try:
        request = _request(layer)
        answer = _opening(request, page) if is_opening else _answer(request, page)
    except cnn.CnnError as error:
        return _refusal(str(error), 400)
    if answer is None:
        return _refusal(runtime.not_ready, 503)
    return Response(answer, mimetype="application/octet-stream")


def _opening(request: Request, page: str) -> bytes | None:
    """Return what a page opens with; None while TensorFlow starts, unless that was kept."""
    if request.runtime.ready == "failed":
        return None
    parts = parts_of_pages(current_app).get(page, OF_PICTURE)
    what = ["values", page, request.layer or "", *request.layers]
    return request.runtime.kept(request.view, parts, what, lambda: _answer(request, page))


def _request(layer: str | None) -> Request:
    """Return the request, with the drawing if there is one in the body."""
    given = flask.request.args
    view, _ = parse({name: value for name, value in given.to_dict().items() if name not in _OWN})
    request = Request(
        view,
        layer,
        moving=_moving(given.get("moving", "")),
        form=given.get("form", ""),
        layers=tuple(given.getlist("layer")),
        pointed=_pointed(given.get("pointed", "")),
        rest="rest" in given,
        had=frozenset(given.getlist("had")),
        enlarged=(given["figure"], _window(given.get("window", ""))) if "figure" in given else None,
    )
    if flask.request.method != "POST":
        return request
    drawn = _drawn(bodies.whole(), centred=given.get("centre") != "off")
    view = replace(view, pixels="", upload="", part=None, made="")
    if request.moving:
        return replace(request, view=view, drawn=drawn)
    return replace(request, view=replace(view, pixels=pixels.encode(drawn)))


def _window(given: str) -> Window:
    """Return the window of a figure; `CnnError` if it is none."""
    try:
        left, top, right, bottom = (float(number) for number in given.split(","))
    except ValueError:
        left = top = right = bottom = inf
    if not all(map(isfinite, (left, top, right, bottom))):
        raise cnn.CnnError(
            f"The window {shown(given)} of a figure is none: expected four numbers, its left, upper, "
            "right and lower end."
        )
    return left, top, right, bottom


def _moving(given: str) -> Moving:
    return next((moving for moving in get_args(Moving) if moving == given), "")


def _drawn(body: bytes, *, centred: bool) -> NDArray[np.uint8]:
    """Return the drawing as the model's picture, uint8 (28, 28, 1)."""
    if len(body) != DRAWING_SIDE**2:
        raise cnn.ImageError(
            f"A drawing of {len(body)} bytes was sent: expected {DRAWING_SIDE}×{DRAWING_SIDE} "
            "pixels, one byte each."
        )
    ink = np.frombuffer(body, np.uint8).reshape(DRAWING_SIDE, DRAWING_SIDE)
    return cnn.centre_digit(ink) if centred else cnn.shrink(ink)


def _answer(request: Request, page: str) -> bytes:
    answer = Answer()
    if not (request.rest or request.enlarged):
        _add_panel(request, answer)
    facts = facts_of(current_app, page)
    answer.facts["page"] = facts(request, answer) if facts else None
    return answer.packed()


def _add_panel(request: Request, answer: Answer) -> None:
    look = request.look
    seen = panel.small(look.seen)
    answer.facts = {"pixels": request.view.pixels, "seen": answer.add(_shown(request, seen))}
    answer.facts["panel"] = panel.facts(request.view, request.picture, look)
    if "fitted" in flask.request.args:
        answer.facts["fitted"] = answer.add(_shown(request, look.fitted))


def _shown(request: Request, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return a picture as it is looked at."""
    return np.ascontiguousarray(cnn.images.in_colours(pixels, request.view.red_green_blue))


def _pointed(given: str) -> tuple[str, int] | None:
    """Return (layer, channel) of a part such as 3:conv2d; None for what is no such part."""
    channel, _, layer = given.partition(":")
    is_number = re.fullmatch("[0-9]{1,9}", channel) is not None
    return (layer, int(channel)) if is_number and layer else None


def _refusal(sentence: str, status: int) -> Response:
    return Response(sentence, status, mimetype="text/plain")
