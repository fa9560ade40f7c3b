"""All layers at once: the digit on its way through the network, of a large one part by part.

Each part has its place on the page, in which its tiles are while it is near the window. Which are, a
script says; the screen is of the figures that are there: no more is computed than what is shown.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import prod
from typing import Any
from urllib.parse import unquote

import dash
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate
from pydantic import BaseModel, ConfigDict

import cnn
from cnn.figures import Mosaic
from cnn.figures.bars import numbers_of_outputs
from cnn.figures.mosaic import MOST_TOGETHER, numbers_per_cell
from cnn.figures.tiling import fair_share
from dashboard import arguments, ids
from dashboard.screens.layers import layer_output
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, element, of_model, register_screen, stores
from dashboard.shell import components
from dashboard.shell.scale import register_scale, scale_choice

PAGE = "layers"
TILES = "layers-tiles"
PARTS = "layers-parts"
PART = "layers-part"
WINDOW = "layers-window"
END = "layers-end"
PROBLEM = "layers-problem"
SCALE = "layers-scale"
_MOST_WHOLE = 24
_IN_A_PART = 12
# What a figure has beside its cells takes as much room as so many numbers.
_NUMBERS_AROUND = 1_200


class Window(BaseModel):
    """The parts that are to be shown, and those whose tiles are there, each by its first layer."""

    model_config = ConfigDict(strict=True)
    shown: list[arguments.Name]
    there: list[arguments.Name]


def _figure(layer: Any) -> dict[str, Any]:
    return {"type": "layers-figure", "layer": layer}


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page without its tiles: they depend on the model.

    Of a large network the part with the layer is shown; without one, the first.
    """
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading(
                "All layers",
                "The picture on its way through the network: what each layer makes of it. Click on "
                "a cell to see how it was made.",
            ),
            html.Div(scale_choice(SCALE), className="controls"),
            *stores(PAGE, name),
            components.tab_bar(PARTS, "Parts of the network"),
            components.alert(PROBLEM),
            dcc.Store(id=WINDOW),
            html.Div(id=TILES),
            html.Div(id=END),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/layers", path_template="/layers/<layer>", name="All layers",
        title="All layers – CNN Visualizer", layout=layout, order=2, in_header=True,
    )  # fmt: skip
    register_scale(app, SCALE)
    app.callback(
        Output(TILES, "children"),
        Output(PARTS, "children"),
        Output(PROBLEM, "children"),
        Output(PROBLEM, "is_open"),
        Input(ids.LAYERS, "data"),
        State(f"{PAGE}-layer", "data"),
    )(of_model(PAGE, tiles))
    app.clientside_callback(ClientsideFunction("cnn", "openParts"), Input(PARTS, "children"))
    app.callback(
        Output({"type": PART, "first": ALL}, "children"),
        Input(WINDOW, "data"),
        State({"type": PART, "first": ALL}, "id"),
        State(ids.LAYERS, "data"),
        prevent_initial_call=True,
    )(bring_parts)
    arguments.accept(app, {WINDOW: Window})
    register_screen(app, PAGE, show, figures=_figure(ALL), looks=("scale",))


def parts(infos: Sequence[cnn.LayerInfo]) -> list[list[cnn.LayerInfo]]:
    """Return the layers that are shown together, in graph order: all where they are few."""
    shown = [info for info in infos if not info.nested]
    size = _IN_A_PART if len(shown) > _MOST_WHOLE else _MOST_WHOLE
    return [shown[start : start + size] for start in range(0, len(shown), size)]


def _part(every: Sequence[list[cnn.LayerInfo]], layer: str | None) -> list[cnn.LayerInfo]:
    """Return the part with the layer, the first without one; `LayerError` where there is none."""
    if layer is None:
        return every[0]
    for part in every:
        if layer in [info.name for info in part]:
            return part
    raise cnn.LayerError(f"The layer “{layer}” is not in this model. Choose a part of the network.")


def _shown(request: Request) -> list[cnn.LayerInfo]:
    """Return the layers of the parts in sight; where none is told, of that which the page opens with."""
    every = parts(cnn.layer_infos(request.model))
    seen = [part for part in every if {info.name for info in part} & {*request.layers}]
    return [info for part in seen or [_part(every, request.layer)] for info in part]


def tiles(request: Request) -> list[Any]:
    """Return a place per part, a link to each, and a message, if there is one.

    The tiles of a network with one part are in their place.
    """
    every = parts(cnn.layer_infos(request.model))
    links = _links(every, request.layer)
    try:
        _part(every, request.layer)
    except cnn.LayerError as error:
        return [[], links, str(error), True]
    if len(every) == 1:
        return [_place(every[0], [_tile(info) for info in every[0]]), [], "", False]
    return [[_place(part, []) for part in every], links, "", False]


def _place(part: Sequence[cnn.LayerInfo], inside: list[Any]) -> html.Div:
    names = [info.name for info in part]
    given: dict[str, Any] = {"data-layers": json.dumps(names)}
    return html.Div(inside, id={"type": PART, "first": names[0]}, className="tiles", **given)


def bring_parts(
    window: dict[str, Any] | None, places: list[dict[str, str]], layers: dict[str, Any] | None
) -> list[Any]:
    """Return the tiles of each part that is shown and not there, none of one that is no more shown."""
    if not window or not layers:
        raise PreventUpdate
    made = of_model(PART, _in_parts)(layers)
    shown, there = set(window["shown"]), set(window["there"])
    return [
        no_update
        if (first in shown) == (first in there)
        else made.get(first, [])
        if first in shown
        else []
        for first in (place["first"] for place in places)
    ]


def _in_parts(request: Request) -> dict[str, Any]:
    """Return what is in each part, by its first layer: where it stands, and its tiles."""
    every = parts(cnn.layer_infos(request.model))
    count, start, made = sum(map(len, every)), 1, {}
    for part in every:
        told = f"Layers {_places(start, part)} of {count}"
        made[part[0].name] = [html.P(told, className="part-head"), *map(_tile, part)]
        start += len(part)
    return made


def _places(start: int, part: Sequence[cnn.LayerInfo]) -> str:
    return f"{start}–{start + len(part) - 1}"


def _links(every: Sequence[Sequence[cnn.LayerInfo]], layer: str | None) -> list[Any]:
    """Return a link to each part, which says the places of its layers; to that of the layer as it is."""
    links, start = [], 1
    for part in every:
        names = [info.name for info in part]
        links.append(
            components.link(
                components.layer_path(PAGE, layer if layer in names else names[0]),
                _places(start, part),
                className="nav-link text-nowrap py-1 px-2" + (" default" if start == 1 else ""),
                title=f"{names[0]} to {names[-1]}",
            )
        )
        start += len(names)
    return links


def show(request: Request) -> Screen:
    """Return the output of every layer of the parts that are shown."""
    scale = request.view.scale
    shown = [layer_output(info, request.passed) for info in _shown(request)]
    cells = [prod(Mosaic.of(one.maps.shape).shape) for one in shown if not one.is_vector]
    # A unit has its number and its place; maps have the rest, and never less than a quarter.
    of_units = sum(numbers_of_outputs(one.values.size) for one in shown if one.is_vector)
    left = MOST_TOGETHER - of_units - _NUMBERS_AROUND * len(shown)
    left = max(MOST_TOGETHER // 4, left)
    most = fair_share([numbers_per_cell(scale) * count for count in cells], left)
    charts = {element(_figure(one.info.name)): one.chart(scale, most=most) for one in shown}
    return Screen(charts, properties={END: {"layers": len(charts)}})


def _tile(info: cnn.LayerInfo) -> html.Section:
    path = components.layer_path("activations", info.name)
    shape = cnn.captions.sides(info.output_shape)
    return html.Section(
        [
            html.Div(
                [
                    html.H2(
                        components.link(path, components.layer_name(info.name), title=info.name)
                    ),
                    html.Span(f"{info.kind} · {shape}", className="text-body-secondary small"),
                ],
                className="tile-head",
            ),
            components.figure(
                _figure(info.name),
                f"Output of {info.name}",
            ),
        ]
    )
