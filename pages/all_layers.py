"""All layers at once: the digit on its way through the network, of a large one part by part."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any
from urllib.parse import unquote

import dash
from dash import ALL, ClientsideFunction, Dash, Input, Output, State, html

import cnn
from cnn.figures import Mosaic
from cnn.figures.bars import numbers_of_outputs
from cnn.figures.mosaic import MOST_TOGETHER, numbers_per_cell
from cnn.figures.tiling import fair_share
from dashboard import ids
from dashboard.screens.layers import layer_output
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, element, of_model, register_screen, stores
from dashboard.shell import components
from dashboard.shell.scale import register_scale, scale_choice

PAGE = "layers"
TILES = "layers-tiles"
PARTS = "layers-parts"
PROBLEM = "layers-problem"
SCALE = "layers-scale"
_MOST_WHOLE = 24
_IN_A_PART = 12


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
            html.Div(id=TILES, className="tiles"),
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
    app.clientside_callback(ClientsideFunction("cnn", "markCurrent"), Input(PARTS, "children"))
    register_screen(app, PAGE, show, figures=_figure(ALL), looks=("scale",))


def parts(infos: Sequence[cnn.LayerInfo]) -> list[list[cnn.LayerInfo]]:
    """Return the layers that are shown together, in graph order: all where they are few."""
    shown = [info for info in infos if not info.nested]
    size = _IN_A_PART if len(shown) > _MOST_WHOLE else _MOST_WHOLE
    return [shown[start : start + size] for start in range(0, len(shown), size)]


def _part(infos: Sequence[cnn.LayerInfo], layer: str | None) -> list[cnn.LayerInfo]:
    """Return the part with the layer, the first without one; `LayerError` where there is none."""
    every = parts(infos)
    if layer is None:
        return every[0]
    for part in every:
        if layer in [info.name for info in part]:
            return part
    raise cnn.LayerError(f"The layer “{layer}” is not in this model. Choose a part of the network.")


def tiles(request: Request) -> list[Any]:
    """Return a tile per layer of the part, a link per part, and a message, if there is one."""
    infos = cnn.layer_infos(request.model)
    links = _links(parts(infos), request.layer)
    try:
        shown = [_tile(info) for info in _part(infos, request.layer)]
    except cnn.LayerError as error:
        return [[], links, str(error), True]
    return [shown, links if len(links) > 1 else [], "", False]


def _links(every: Sequence[Sequence[cnn.LayerInfo]], layer: str | None) -> list[Any]:
    """Return a link to each part, which says the places of its layers; to that of the layer as it is."""
    links, start = [], 1
    for part in every:
        names = [info.name for info in part]
        links.append(
            components.link(
                components.layer_path(PAGE, layer if layer in names else names[0]),
                f"{start}–{start + len(names) - 1}",
                className="nav-link text-nowrap py-1 px-2" + (" default" if start == 1 else ""),
                title=f"{names[0]} to {names[-1]}",
            )
        )
        start += len(names)
    return links


def show(request: Request) -> Screen:
    """Return the output of every layer of the part."""
    part, scale = _part(cnn.layer_infos(request.model), request.layer), request.view.scale
    shown = [layer_output(info, request.passed) for info in part]
    cells = [prod(Mosaic.of(one.maps.shape).shape) for one in shown if not one.is_vector]
    # A unit has its number and its place; maps have the rest, and never less than a quarter.
    of_units = sum(numbers_of_outputs(one.values.size) for one in shown if one.is_vector)
    left = max(MOST_TOGETHER // 4, MOST_TOGETHER - of_units)
    most = fair_share([numbers_per_cell(scale) * count for count in cells], left)
    return Screen({element(_figure(one.info.name)): one.chart(scale, most=most) for one in shown})


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
