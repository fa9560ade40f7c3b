"""A page as data: its charts and its texts. Figure, repaint and answer to a moving pen follow from it.

A page that opens gets whole figures by a callback of Dash. From then on the browser holds them, and
every change of the view is answered with the numbers alone (`dashboard.routes.values`), as long as
the form of the screen stays the same.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2s
from typing import Any

import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, dcc
from dash.exceptions import PreventUpdate
from flask import Flask

import cnn
from cnn.errors import shown
from cnn.figures import Chart, nothing
from cnn.figures.chart import WHOLE, Window
from dashboard import arguments, ids
from dashboard.screens.answer import Answer
from dashboard.screens.request import Request
from dashboard.shell import components
from dashboard.shell.tabs import is_open
from dashboard.state.view import OF_MODEL_ALONE, OF_PICTURE, parse

Id = str | dict[str, Any]
Show = Callable[[Request], "Screen"]
Whole = Callable[[Request], dict[str, Any] | None]
Facts = Callable[[Request, Answer], dict[str, Any]]
_EXTENSION = "cnn_screens"


@dataclass(frozen=True, eq=False)
class Screen:
    """What a page shows of a request: a chart for each figure, by the id of its graph.

    `texts` are sentences and `hidden` whether parts are hidden, `properties` what other components
    get, each by id. The captions of the charts are texts too. `later` are figures that take long, without
    a frame, for their form is then known: left out while a pen or a slider moves, and else asked for
    as the `rest`, again and again as long as there is more to come. So are those with which the answer
    would be too large.
    """

    charts: Mapping[str, Chart]
    texts: Mapping[str, str] = field(default_factory=dict)
    hidden: Mapping[str, bool] = field(default_factory=dict)
    properties: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    later: tuple[str, ...] = ()

    @property
    def form(self) -> str:
        """What two screens have in common that differ in numbers only."""
        forms = {place: chart.form for place, chart in self.charts.items()}
        forms |= dict.fromkeys(self.later, WHOLE)
        return blake2s(repr(sorted(forms.items())).encode(), digest_size=6).hexdigest()

    def around(self) -> dict[str, Any]:
        """Return all but the charts, as the browser reads it."""
        captions = {
            _caption_of(place): components.caption(chart.caption)
            for place, chart in self.charts.items()
        }
        return {
            "form": self.form,
            "texts": {**captions, **self.texts},
            "hidden": self.hidden,
            "properties": self.properties,
            "later": self.later,
        }


def element(identity: Id) -> str:
    """Return the id that Dash gives the element of a component."""
    if isinstance(identity, str):
        return identity
    return json.dumps(identity, sort_keys=True, separators=(",", ":"))


def _caption_of(place: str) -> str:
    identity = json.loads(place) if place.startswith("{") else place
    return element(components.caption_of(identity))


def stores(page: str, layer: str | None = None) -> list[dcc.Store]:
    """Return what the layout of a page with a screen must have: the stores that the screen uses."""
    data = {"layer": layer, "wanted": None, "screen": None}
    return [dcc.Store(id=f"{page}-{name}", data=value) for name, value in data.items()]


def register_screen(
    app: Dash,
    page: str,
    show: Show,
    *,
    figures: Sequence[str] | dict[str, Any],
    of: Sequence[str] = OF_PICTURE,
    looks: Sequence[str] = (),
    waits: bool = False,
) -> None:
    """Let `show` say what the page `/<page>` shows.

    `figures` are the ids of its graphs, if it has any, or a pattern for as many as there are. Asked
    for anew it is when a part of the view changes that it depends on: what it is `of`, which is the
    picture, the network or the model alone, and those that are named as `looks`. A page that
    `waits` is shown anew only when no pen and no slider moves.
    """
    parts = (*of, *looks)

    def facts(request: Request, answer: Answer) -> dict[str, Any]:
        return {"form": None} if waits and request.moving else _facts(show, request, answer)

    def whole(request: Request) -> dict[str, Any] | None:
        return _whole(show, request, parts, page)

    register_facts(app.server, page, facts, parts)
    arguments.accept(app, {f"{page}-wanted": arguments.Wanted, f"{page}-layer": arguments.Name})
    _bring(app, page, figures, whole)
    _watch(app, page, [figures] if isinstance(figures, dict) else figures)


def _bring(app: Dash, page: str, figures: Sequence[str] | dict[str, Any], whole: Whole) -> None:
    """Let Dash bring the screen whole when it is wanted: figures, their sizes, and all around them."""

    def bring(
        wanted: dict[str, Any] | None, layer: str | None, pathname: str | None, graphs: list[Any]
    ) -> tuple[list[Any], list[Any], dict[str, Any]]:
        if not wanted or not is_open(pathname, page, layer):
            raise PreventUpdate
        in_sight = tuple(one["layer"] for one in graphs if isinstance(one, dict) and "layer" in one)
        content = whole(Request(parse(wanted["view"])[0], layer, layers=in_sight))
        places = [element(identity) for identity in graphs]
        if not content or not set(content["charts"]) <= set(places):
            raise PreventUpdate
        charts = [content["charts"].get(place, _NOTHING) for place in places]
        held = {**content["around"], "page": page, "places": places, **wanted}
        return [c["figure"] for c in charts], [c["size"] for c in charts], held

    def of_all(kind: Any, name: str) -> Any:
        if isinstance(figures, dict):
            return kind(figures, name)
        return [kind(figure, name) for figure in figures]

    app.callback(
        output=(
            of_all(Output, "figure"),
            of_all(Output, "style"),
            Output(f"{page}-screen", "data"),
        ),
        inputs=(
            Input(f"{page}-wanted", "data"),
            State(f"{page}-layer", "data"),
            State(ids.LOCATION, "pathname"),
            of_all(State, "id"),
        ),
    )(bring)


def _watch(app: Dash, page: str, figures: Sequence[Any]) -> None:
    """Let the scripts say when the screen is wanted whole, and hold what came."""
    app.clientside_callback(
        ClientsideFunction("cnn", "wantScreen"),
        Output(f"{page}-wanted", "data"),
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        Input(figures[0] if figures else f"{page}-layer", "id"),
        State(f"{page}-layer", "data"),
        State(f"{page}-screen", "data"),
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "showScreen"),
        Input(f"{page}-screen", "data"),
        *[State(figure, "figure") for figure in figures],
    )


def of_model(page: str, make: Callable[[Request], Any]) -> Callable[..., Any]:
    """Return a callback of the layers that are known: what `make` says of their model alone.

    Where the address of the page has a layer, the callback gets it too.
    """

    def made(layers: dict[str, Any] | None, layer: str | None = None) -> Any:
        if not layers:
            raise PreventUpdate
        view, _ = parse({name: layers[name] for name in OF_MODEL_ALONE if layers.get(name)})
        request, what = Request(view, layer), ["of model", page, *([layer] if layer else [])]
        content = request.runtime.kept_json(view, OF_MODEL_ALONE, what, lambda: make(request))
        if content is None:
            raise PreventUpdate
        return content

    return made


def _whole(show: Show, request: Request, parts: Sequence[str], page: str) -> dict[str, Any] | None:
    """Return what is shown, with whole figures; None where it cannot be.

    Then the panel or the tabs of the page say why.
    """

    def make() -> dict[str, Any]:
        screen = show(request)
        charts = {place: drawn(chart) for place, chart in screen.charts.items()}
        return {"charts": charts, "around": screen.around()}

    runtime, what = request.runtime, ["screen", page, request.layer or "", *request.layers]
    if runtime.ready == "failed":
        return None
    try:
        return runtime.kept_json(request.view, parts, what, make)  # type: ignore[no-any-return]
    except cnn.CnnError:
        return None


def drawn(chart: Chart) -> dict[str, Any]:
    """Return a whole figure and its size."""
    figure = chart.figure()
    for trace in figure.data:
        if _is_mosaic(trace.meta):
            trace.customdata = None
    return {"figure": figure, "size": chart.size}


def _is_mosaic(meta: Any) -> bool:
    """Whether a trace is a mosaic: where its cells stand, three numbers each, the browser works out."""
    return bool(meta) and "tiles" in meta


_NOTHING = drawn(nothing(""))


def _facts(show: Show, request: Request, answer: Answer) -> dict[str, Any]:
    """Return what the browser needs to bring the screen that it has up to date.

    Of a screen of another form only that is said: it must be asked for whole.
    """
    if request.enlarged:
        return _enlarged(show, request, answer, *request.enlarged)
    try:
        screen = show(request)
    except cnn.LayerError:
        return {"form": None}
    if screen.form != request.form and not request.rest:
        return {"form": screen.form}
    charts = {place: _numbers(chart, answer) for place, chart in screen.charts.items()}
    return {**screen.around(), "form": request.form, "charts": charts}


def _enlarged(
    show: Show, request: Request, answer: Answer, place: str, window: Window
) -> dict[str, Any]:
    """Return the trace that shows a window of one figure more finely; None if none does.

    Raises `CnnError` if the page has no such figure.
    """
    screen = show(request)
    if place in screen.later:
        screen = show(replace(request, rest=True, had=frozenset(screen.charts) - {place}))
    chart = screen.charts.get(place)
    if chart is None or chart.enlarged is None:
        raise cnn.CnnError(f"No figure {shown(place)} of this page is reduced.")
    trace = chart.enlarged(window)
    return {"enlarged": trace and _sent(trace, answer)}


def _sent(trace: dict[str, Any], answer: Answer) -> dict[str, Any]:
    """Return the numbers of a trace; {"array": n} stands for an array of the answer."""

    def sent(value: Any) -> Any:
        is_array = isinstance(value, np.ndarray) and value.dtype.kind in "fiu"
        return {"array": answer.add(value)} if is_array else value

    left_out = {"customdata"} if _is_mosaic(trace.get("meta")) else set()
    return {path: sent(value) for path, value in trace.items() if path not in left_out}


def _numbers(chart: Chart, answer: Answer) -> dict[str, Any]:
    return {
        "painted": chart.painted,
        "isWhole": chart.is_whole,
        "isPart": chart.is_part,
        "traces": [_sent(trace, answer) for trace in chart.traces],
        "layout": chart.layout,
        "size": chart.size,
    }


def register_facts(server: Flask, page: str, facts: Facts, parts: Sequence[str]) -> None:
    """Let `facts` say what the page needs that paints itself; `parts` of the view it depends on."""
    server.extensions.setdefault(_EXTENSION, {})[page] = (facts, tuple(parts))


def facts_of(server: Flask, page: str) -> Facts | None:
    """Return what says what a page shows; None for a page that shows nothing of the picture."""
    facts, _ = server.extensions[_EXTENSION].get(page, (None, ()))
    return facts  # type: ignore[no-any-return]


def parts_of_pages(server: Flask) -> dict[str, tuple[str, ...]]:
    """Return the parts of the view that each page depends on, for the scripts."""
    pages = {page: parts for page, (_, parts) in server.extensions[_EXTENSION].items()}
    return {**pages, "panel": OF_PICTURE}
