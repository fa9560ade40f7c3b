"""Screens of pages as their functions return them, and answers as the browser reads them."""

from __future__ import annotations

import json
import pickle
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import keras
import numpy as np
from dash import Dash
from numpy.typing import NDArray

import cnn
from cnn.figures import Chart
from dashboard.app import create_app, runtime_of
from dashboard.runtime.runtime import Look
from dashboard.screens.request import Moving, Request
from dashboard.screens.screen import Screen
from dashboard.settings import Settings
from dashboard.state.view import parse


def screen(
    page: Any, query: dict[str, str], layer: str | None = None, moving: Moving = ""
) -> Screen:
    """Return what a page shows of a query."""
    shown: Screen = page.show(Request(parse(query)[0], layer, moving=moving))
    return shown


def application_of(
    model: keras.Model, folder: Path, *, card: cnn.models.Card | None = None, data: str = ""
) -> Dash:
    """Return an application that opens the model, kept in a folder of its own, TensorFlow started.

    `data` are pictures of somebody's own, if it shows some.
    """
    path = folder / "own.keras"
    cnn.save_model(model, path, card=card)
    home = folder / "home"
    app = create_app(Settings(home=home, data_dir=folder, model=path, data=data, download=False))
    runtime_of(app).wait()
    assert runtime_of(app).problem == ""
    return app


def looked_at(model: keras.Model, picture: NDArray[np.uint8]) -> Look:
    """Return what is seen of a picture in the model's size, without a server that looks at it."""
    passed = cnn.forward(model, picture)
    return Look(picture, picture, picture, passed, cnn.scale_of(model), (), (), None)


def caption(shown: Screen, figure: str) -> str:
    """Return the caption of a figure as the page says it."""
    text: str = shown.around()["texts"][f"{figure}-caption"]
    return text


def made_of(chart: Chart) -> bytes:
    """Return what tells apart figures of charts: those that are made of the same are the same."""
    return sha256(pickle.dumps((chart.frame(), chart.traces, chart.layout))).digest()


def unpacked(body: bytes) -> tuple[dict[str, Any], list[NDArray[Any]]]:
    """Return (facts, arrays) of a binary answer."""
    length = int.from_bytes(body[:4], "little")
    facts, offset, arrays = json.loads(body[4 : 4 + length]), 4 + length, []
    for described in facts["arrays"]:
        dtype, count = np.dtype(described["dtype"]), int(np.prod(described["shape"]))
        values = np.frombuffer(body, dtype, count, offset).reshape(described["shape"])
        arrays.append(values)
        offset += -(-values.nbytes // 4) * 4
    assert offset == len(body)
    return facts, arrays


def call(
    app: Any, page: Any, query: dict[str, str], layer: str, pathname: str, figures: Sequence[str]
) -> Any:
    """Ask for a whole screen as the browser does; return the answer of the server."""
    body = wanted(page, query, layer, pathname, figures)
    return app.server.test_client().post("/_dash-update-component", json=body, buffered=True)


def wanted(
    page: Any, query: dict[str, str], layer: str | None, pathname: str, figures: Sequence[str]
) -> dict[str, Any]:
    """Return what the browser sends to get a whole screen."""
    outputs = [*[(f, "figure") for f in figures], *[(f, "style") for f in figures]]
    outputs.append((f"{page.PAGE}-screen", "data"))
    given = lambda name, prop, value=None: {"id": name, "property": prop, "value": value}  # noqa: E731
    return {
        "output": "..{}..".format("...".join(f"{name}.{prop}" for name, prop in outputs)),
        "outputs": [{"id": name, "property": prop} for name, prop in outputs],
        "inputs": [given(f"{page.PAGE}-wanted", "data", {"view": query, "number": 3})],
        "state": [
            given(f"{page.PAGE}-layer", "data", layer),
            given("_pages_location", "pathname", pathname),
            *[given(figure, "id", figure) for figure in figures],
        ],
        "changedPropIds": [f"{page.PAGE}-wanted.data"],
    }
