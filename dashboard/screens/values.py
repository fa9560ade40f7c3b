"""One binary answer with all that the open page shows of a picture, and what the panel says of it.

A whole figure for every move of a pen is too slow. The browser paints these values by itself while
a pen or a slider moves; at rest the same values go into the figures.

    POST /values/<page>[/<layer>]?<view>    a drawing in the body, one byte per pixel
    GET  /values/<page>[/<layer>]?<view>    the picture of the view
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, Literal

import numpy as np
from flask import Flask, Response, current_app, request
from numpy.typing import NDArray

import cnn
from cnn.figures import Cells, colour_stops
from dashboard.runtime.runtime import Runtime, current
from dashboard.shell import panel
from dashboard.shell.prediction import said
from dashboard.state import pixels
from dashboard.state.view import View, parse

DRAWING_SIDE = 112
_EXTENSION = "cnn_page_values"
_ALIGNMENT = 4


class Answer:
    """Facts, sent as JSON, and arrays, sent as they are in memory behind it."""

    def __init__(self) -> None:
        self.facts: dict[str, Any] = {}
        self._arrays: list[NDArray[Any]] = []

    def add(self, array: NDArray[Any]) -> int:
        """Append a float32 or uint8 array; return its number, for the facts."""
        self._arrays.append(np.ascontiguousarray(array))
        return len(self._arrays) - 1

    def packed(self) -> bytes:
        """Return the length of the JSON (uint32), the JSON, and the arrays, each from a multiple of 4."""
        described = [{"dtype": str(a.dtype), "shape": a.shape} for a in self._arrays]
        head = json.dumps({**self.facts, "arrays": described}).encode()
        head += b" " * (-len(head) % _ALIGNMENT)
        parts = [len(head).to_bytes(_ALIGNMENT, "little"), head]
        for array in self._arrays:
            data = array.tobytes()
            parts += [data, bytes(-len(data) % _ALIGNMENT)]
        return b"".join(parts)


@dataclass(frozen=True, eq=False)
class Asked:
    """What a page is asked to show: the view, the layer of the address, and all that was computed.

    `layers` are the names given as `?layer=`, for a page that shows only some of its layers;
    `pointed` is the channel that is pointed at, as (layer, channel), given as `?pointed=3:conv2d`;
    `moving` says what moves: the picture, or the epoch and with it the weights.
    """

    view: View
    layer: str | None
    model: Any
    passed: cnn.ForwardPass
    layers: tuple[str, ...] = ()
    pointed: tuple[str, int] | None = None
    moving: Literal["picture", "epoch"] = "picture"
    answer: Answer = field(default_factory=Answer)

    def cells(self, figure: Any, shown: Cells) -> dict[str, Any]:
        """Return what repaints a heatmap, by the id of its graph."""
        return {
            "id": _element(figure),
            "kind": "cells",
            "values": self.answer.add(shown.z),
            "low": shown.low,
            "high": shown.high,
            "stops": colour_stops(shown),
        }

    def bars(self, figure: Any, values: NDArray[np.float32]) -> dict[str, Any]:
        """Return what repaints bars, by the id of their graph."""
        return {"id": _element(figure), "kind": "bars", "values": self.answer.add(values)}


PageValues = Callable[[Asked], dict[str, Any]]


def asked_for() -> dict[str, str]:
    """Return the parameters of the address that is being answered."""
    return request.args.to_dict()


def texts(given: Iterable[tuple[Any, str]]) -> dict[str, str]:
    """Return (id, text) of places in the page as texts by the id of their element."""
    return {_element(identity): text for identity, text in given}


def _element(identity: Any) -> str:
    """Return the id that Dash gives the element of a component."""
    if isinstance(identity, str):
        return identity
    return json.dumps(identity, sort_keys=True, separators=(",", ":"))


def serve_values(server: Flask) -> None:
    """Serve the route of the values; pages add theirs by `register_values`."""
    server.extensions[_EXTENSION] = {}
    rule = "/values/<page>"
    server.add_url_rule(rule, "values", _values, methods=["GET", "POST"])
    server.add_url_rule(f"{rule}/<path:layer>", "layer_values", _values, methods=["GET", "POST"])


def register_values(server: Flask, page: str, values: PageValues) -> None:
    """Let `values` say what the page shows: facts for its painter in the browser."""
    server.extensions[_EXTENSION][page] = values


def _values(page: str, layer: str | None = None) -> Response:
    runtime = current()
    if runtime.ready != "ready":
        return _refusal(runtime.not_ready, 503)
    query = request.args.to_dict()
    for own in ("layer", "source", "moving", "pointed"):
        query.pop(own, None)
    centred = query.pop("centre", "on") != "off"
    view, _ = parse(query)
    try:
        if request.method == "POST":
            view = _drawn(view, request.stream.read(DRAWING_SIDE**2 + 1), centred=centred)
        return Response(_answer(runtime, view, page, layer), mimetype="application/octet-stream")
    except cnn.CnnError as error:
        return _refusal(str(error), 400)


def _drawn(view: View, body: bytes, *, centred: bool) -> View:
    """Return the view with the drawing in the body as its picture."""
    if len(body) != DRAWING_SIDE**2:
        raise cnn.ImageError(
            f"A drawing of {len(body)} bytes was sent: expected {DRAWING_SIDE}×{DRAWING_SIDE} "
            "pixels, one byte each."
        )
    ink = np.frombuffer(body, np.uint8).reshape(DRAWING_SIDE, DRAWING_SIDE)
    seen = cnn.centre_digit(ink) if centred else cnn.shrink(ink)
    return replace(view, pixels=pixels.encode(seen), upload="", part=None)


def _answer(runtime: Runtime, view: View, page: str, layer: str | None) -> bytes:
    model, look, picture = runtime.model(view), runtime.look(view), runtime.picture(view)
    asked = Asked(
        view, layer, model, look.passed, tuple(request.args.getlist("layer")),
        _pointed(request.args.get("pointed", "")),
        "epoch" if request.args.get("moving") == "epoch" else "picture",
    )  # fmt: skip
    asked.answer.facts = {
        "pixels": view.pixels,
        "seen": asked.answer.add(look.seen),
        "told": panel.told(picture, view),
        "prediction": said(look.passed.prediction, picture, look.seen),
    }
    if "source" in request.args:
        asked.answer.facts["source"] = asked.answer.add(runtime.fitted(view))
    values = current_app.extensions[_EXTENSION].get(page)
    asked.answer.facts["page"] = values(asked) if values else None
    return asked.answer.packed()


def _pointed(given: str) -> tuple[str, int] | None:
    """Return (layer, channel) of a part such as 3:conv2d; None for what is no such part."""
    channel, _, layer = given.partition(":")
    is_number = re.fullmatch("[0-9]{1,9}", channel) is not None
    return (layer, int(channel)) if is_number and layer else None


def _refusal(sentence: str, status: int) -> Response:
    return Response(sentence, status, mimetype="text/plain")
