"""What one layer makes of the picture: all its channels, and one of them closely."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote

import dash
import numpy as np
from dash import Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate
from numpy.typing import NDArray

import cnn
from cnn.words import number, percent
from dashboard import arguments, ids
from dashboard.runtime.runtime import current
from dashboard.screens import repaint
from dashboard.screens.outputs import LayerOutput, layer_outputs
from dashboard.screens.values import Asked, register_values
from dashboard.shell import components
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.panel import layers as layers_of
from dashboard.shell.scale import register_scale, scale_choice
from dashboard.shell.tabs import default_layer, is_open, register_tabs
from dashboard.state.view import View, parse

LAYER = "activations-layer"
FACTS = "activations-facts"
SCALE = "activations-scale"
MAIN = "activations-main"
DETAIL = "activations-detail"
KERNEL = "activations-kernel"
CHANNEL = "activations-channel"
MAPS_ONLY = "activations-maps-only"
NUMBERS = "activations-numbers"
PAINTED = "activations-painted"


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first layer with maps is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading("Activations", "What each layer makes of the picture."),
            dcc.Store(id=LAYER, data=name),
            dcc.Store(id=PAINTED),
            components.tab_bar("activations-tabs", "Layers"),
            components.alert("activations-problem"),
            html.Div(
                [
                    html.Div(id=FACTS, className="facts"),
                    html.Div(
                        [scale_choice(SCALE), number_field(CHANNEL, "Channel", "channel")],
                        id=MAPS_ONLY,
                        className="controls",
                    ),
                    html.Div(
                        [
                            components.figure(
                                MAIN, "Output of the layer", caption=f"{MAIN}-caption"
                            ),
                            html.Div(
                                [
                                    components.figure(
                                        DETAIL,
                                        "The chosen channel",
                                        caption=f"{DETAIL}-caption",
                                        numbers=NUMBERS,
                                    ),
                                    html.Div(
                                        components.figure(
                                            KERNEL, "Its kernel", caption=f"{KERNEL}-caption"
                                        ),
                                        id=f"{KERNEL}-box",
                                    ),
                                ],
                                className="detail",
                            ),
                        ],
                        className="two",
                    ),
                ],
                id="activations-body",
            ),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/activations", path_template="/activations/<layer>", name="Activations",
        title="Activations – CNN Visualizer", layout=layout, order=5, in_header=True,
    )  # fmt: skip
    arguments.accept(app, {LAYER: arguments.Name, PAINTED: dict[str, arguments.Name]})
    register_tabs(app, "activations", lambda layers: list(layers["names"]))
    register_scale(app, SCALE)
    app.callback(
        Output(MAIN, "figure"),
        Output(MAIN, "style"),
        Output(f"{MAIN}-caption", "children"),
        Output(FACTS, "children"),
        Output(DETAIL, "figure"),
        Output(DETAIL, "style"),
        Output(f"{DETAIL}-caption", "children"),
        Output(KERNEL, "figure"),
        Output(KERNEL, "style"),
        Output(f"{KERNEL}-caption", "children"),
        Output(f"{KERNEL}-box", "hidden"),
        Output(NUMBERS, "children"),
        Output(CHANNEL, "data-most"),
        Output(MAPS_ONLY, "hidden"),
        Output(PAINTED, "data"),
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        State(LAYER, "data"),
        State(PAINTED, "data"),
        State(ids.LOCATION, "pathname"),
    )(paint)
    register_values(app.server, "activations", values)
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(MAIN, "clickData"),
        State(ids.VIEW, "data"),
        State(ids.LAYERS, "data"),
        State(LAYER, "data"),
        prevent_initial_call=True,
    )(look_closely)
    register_number(app, CHANNEL)


def paint(
    stored: dict[str, Any] | None,
    layers: dict[str, Any] | None,
    layer: str | None,
    painted: dict[str, str] | None,
    pathname: str | None,
) -> tuple[Any, ...]:
    """Return everything the page shows of the layer: whole figures at first, then new values."""
    if not stored or not layers or not is_open(pathname, "activations", layer):
        raise PreventUpdate
    view, _ = parse(stored)
    if layers["model"] != view.model:
        raise PreventUpdate
    try:
        output = _output(view, layer or default_layer(layers, layers["names"]))
    except cnn.CnnError as error:
        raise PreventUpdate from error
    before = painted or {}
    channel = _channel(view, output)
    kinds = {
        "main": f"{view.model} {output.info.name} {output.kind(view.scale)}",
        "kernel": f"{view.model} {view.epoch} {output.info.name} {channel}",
    }
    same = before.get("main") == kinds["main"]
    main = output.repaint(view.scale) if same else output.figure(view.scale)
    known_kernel = before.get("kernel") == kinds["kernel"]
    kernel = (no_update,) * 4 if known_kernel else _kernel(view, output, channel)
    return (
        main,
        no_update if same else output.size,
        components.caption(output.caption),
        _facts(output),
        _detail(output, channel, repainted=same),
        no_update if same else _detail_size(output),
        _detail_caption(output, channel, view.channel),
        *kernel,
        _numbers(output, channel),
        no_update if same else output.info.channels - 1,
        no_update if same else output.is_vector,
        no_update if kinds == before else kinds,
    )


def values(asked: Asked) -> dict[str, Any]:
    """Return what is painted while a pen moves: the layer, the channel, and what is said of them."""
    known = layers_of(asked.view)
    layer = asked.layer or default_layer(known, known["names"])
    if layer not in known["names"]:
        return {"figures": [], "texts": {}}
    output = layer_outputs(asked.model, asked.passed)[str(layer)]
    channel = _channel(asked.view, output)
    figures = [output.live(asked, MAIN), asked.cells(DETAIL, _detail_cells(output, channel))]
    texts = {
        f"{MAIN}-caption": components.caption(output.caption),
        FACTS: _facts(output),
        f"{DETAIL}-caption": _detail_caption(output, channel, asked.view.channel),
        NUMBERS: _numbers(output, channel),
    }
    tile = _kernel_tile(asked.model, output, channel) if asked.moving == "epoch" else None
    if tile is not None:
        figures.append(asked.cells(KERNEL, cnn.figures.cells(tile.weights)))
        texts[f"{KERNEL}-caption"] = components.caption(tile.caption(channel))
    return {"figures": figures, "texts": texts}


def look_closely(
    clicked: dict[str, Any] | None,
    stored: dict[str, Any] | None,
    layers: dict[str, Any],
    layer: str | None,
) -> dict[str, str]:
    """Return the view with the channel whose tile was clicked."""
    if not clicked or not stored:
        raise PreventUpdate
    view, _ = parse(stored)
    try:
        output = _output(view, layer or default_layer(layers, layers["names"]))
    except cnn.CnnError as error:
        raise PreventUpdate from error
    place = components.clicked_place(clicked)
    mosaic = cnn.figures.Mosaic.of(output.maps.shape) if not output.is_vector else None
    cell = mosaic.locate(*place) if mosaic and place else None
    if cell is None:
        raise PreventUpdate
    return replace(view, channel=cell[0]).to_query()


def _output(view: View, layer: str | None) -> LayerOutput:
    """Return the output of the layer; `LayerError` if the model has none of that name."""
    runtime = current()
    model = runtime.model(view)
    info = cnn.layer_info(model, layer or "")
    return layer_outputs(model, runtime.forward(view))[info.name]


def _channel(view: View, output: LayerOutput) -> int:
    """Return the channel that is shown: the one asked for, or the last where there are fewer."""
    return min(view.channel or 0, output.info.channels - 1)


def _detail(output: LayerOutput, channel: int, *, repainted: bool) -> Any:
    title = f"{output.info.name}, channel {channel}"
    if output.is_vector:
        title = f"{output.info.name}: as a grid"
    if repainted:
        hover = None if output.is_vector else cnn.figures.tile_hover(number=channel)
        return repaint.heatmap(_detail_cells(output, channel), title=title, hover=hover)
    if output.is_vector:
        return cnn.figures.units(output.values, title=title)
    one = output.maps[..., channel : channel + 1]
    return cnn.figures.feature_maps(one, title=title, number=channel, label="value")


def _detail_cells(output: LayerOutput, channel: int) -> cnn.figures.Cells:
    if output.is_vector:
        return cnn.figures.vector_cells(output.values)
    return cnn.figures.cells(output.maps[..., channel : channel + 1])


def _detail_size(output: LayerOutput) -> dict[str, str]:
    shape = output.maps.shape[:2]
    if output.is_vector:
        shape = cnn.figures.vector_cells(output.values).z.shape
    return cnn.figures.heatmap_size((shape[0], shape[1]))


def _detail_caption(output: LayerOutput, channel: int, asked: int | None) -> str:
    if output.is_vector:
        return components.caption(cnn.captions.grid(output.values))
    told = components.caption(cnn.captions.channel(channel, output.maps[..., channel]))
    if asked is not None and asked != channel:
        return f"There is no channel {asked}: {channel}, the last one, is shown. {told}"
    return told


@dataclass(frozen=True, eq=False)
class _Tile:
    """The kernel of a channel, float32 (height, width, 1): its weights, or norms over its inputs."""

    weights: NDArray[np.float32]
    inputs: int

    @property
    def norms(self) -> bool:
        return self.inputs > 1

    def caption(self, channel: int) -> cnn.captions.Caption:
        return cnn.captions.single_kernel(channel, self.weights[..., 0], inputs=self.inputs)


def _kernel_tile(model: Any, output: LayerOutput, channel: int) -> _Tile | None:
    """Return the kernel that made the channel, None where the layer has none of its own."""
    if output.is_vector or output.info.nested or output.info.kernel_size is None:
        return None
    try:
        kernel = cnn.kernels(model, output.info.name)
    except cnn.LayerError:
        return None
    return _Tile(cnn.kernel_tiles(kernel)[..., channel : channel + 1], kernel.shape[-2])


def _kernel(view: View, output: LayerOutput, channel: int) -> Any:
    """Return the figure of the channel's kernel, its style, its caption, whether it is hidden."""
    tile = _kernel_tile(current().model(view), output, channel)
    if tile is None:
        return components.EMPTY_FIGURE, {}, "", True
    over = ", norm" if tile.norms else ""
    figure = cnn.figures.feature_maps(
        tile.weights,
        title=f"kernel {channel}{over}",
        tile_name="kernel",
        number=channel,
        label="norm" if tile.norms else "weight",
    )
    size = cnn.figures.heatmap_size((tile.weights.shape[0], tile.weights.shape[1]))
    return figure, size, components.caption(tile.caption(channel)), False


def _facts(output: LayerOutput) -> str:
    info = output.info
    silent = [] if output.is_vector else cnn.captions.silent_channels(output.values)
    return components.facts(
        [
            ("", cnn.captions.sides(info.output_shape)),
            ("", info.kind),
            ("activation", info.activation or ""),
            ("dilation", cnn.captions.dilation(info)),
            ("parameters", f"{info.parameters:,} = {info.formula}" if info.parameters else ""),
            ("sees", cnn.captions.field(info)),
            ("silent here", f"{len(silent)} of {info.channels}" if not output.is_vector else ""),
        ]
    )


def _numbers(output: LayerOutput, channel: int) -> str:
    values = output.values if output.is_vector else output.values[..., channel]
    summary = cnn.summarise(values)
    return components.facts(
        [
            ("minimum", number(summary.minimum, 4)),
            ("maximum", number(summary.maximum, 4)),
            ("mean", number(summary.mean, 4)),
            ("zeros", percent(summary.zeros)),
        ]
    )
