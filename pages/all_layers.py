"""All layers at once: the digit on its way through the network."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Dash, Input, Output, html

import cnn
from dashboard import ids
from dashboard.screens.layers import layer_outputs
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, element, of_model, register_screen, stores
from dashboard.shell import components
from dashboard.shell.scale import register_scale, scale_choice

PAGE = "layers"
TILES = "layers-tiles"
SCALE = "layers-scale"


def _figure(layer: Any) -> dict[str, Any]:
    return {"type": "layers-figure", "layer": layer}


def layout(**_query: Any) -> html.Div:
    """Return the page without its tiles: they depend on the model."""
    return html.Div(
        [
            components.heading(
                "All layers",
                "The picture on its way through the network: what each layer makes of it. Click on "
                "a cell to see how it was made.",
            ),
            html.Div(scale_choice(SCALE), className="controls"),
            *stores(PAGE),
            html.Div(id=TILES, className="tiles"),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/layers", name="All layers", title="All layers – CNN Visualizer",
        layout=layout, order=2, in_header=True,
    )  # fmt: skip
    register_scale(app, SCALE)
    app.callback(Output(TILES, "children"), Input(ids.LAYERS, "data"))(of_model(PAGE, tiles))
    register_screen(app, PAGE, show, figures=_figure(ALL), looks=("scale",))


def tiles(request: Request) -> list[Any]:
    """Return a tile per layer of the model."""
    return [_tile(info) for info in cnn.layer_infos(request.model) if not info.nested]


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


def show(request: Request) -> Screen:
    """Return the output of every layer."""
    outputs = layer_outputs(request.model, request.passed)
    return Screen(
        {
            element(_figure(name)): output.chart(request.view.scale)
            for name, output in outputs.items()
            if not output.info.nested
        }
    )
