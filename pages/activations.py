"""What one layer makes of the picture: all its channels, and one of them closely."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

import dash
import numpy as np
from dash import Dash, dcc, html
from numpy.typing import NDArray

import cnn
from cnn.figures import Chart, nothing
from cnn.words import finite, number, percent
from dashboard.screens.cell import cell_of
from dashboard.screens.layers import VOLUME, LayerOutput, layer_output
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.numbers import number_field, register_number
from dashboard.shell.scale import register_scale, scale_choice
from dashboard.shell.tabs import register_tabs
from dashboard.state.view import View

PAGE = "activations"
FACTS = "activations-facts"
SCALE = "activations-scale"
MAIN = "activations-main"
DETAIL = "activations-detail"
KERNEL = "activations-kernel"
CHANNEL = "activations-channel"
DEPTH = "activations-depth"
MAPS_ONLY = "activations-maps-only"
NUMBERS = "activations-numbers"
WHY, QUESTION = "activations-why", "activations-question"


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first layer with maps is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    closely = html.Div(
        [
            html.Div(
                components.figure(
                    DETAIL, "The chosen channel", numbers=NUMBERS, cell_told=QUESTION
                ),
                id=f"{DETAIL}-box",
            ),
            html.Div(
                components.figure(KERNEL, "Its kernel, or its scores"),
                id=f"{KERNEL}-box",
            ),
        ],
        className="detail",
    )
    return html.Div(
        [
            components.heading("Activations", "What each layer makes of the picture."),
            *stores(PAGE, name),
            components.tab_bar("activations-tabs", "Layers"),
            components.alert("activations-problem"),
            html.Div(
                [
                    html.Div(id=FACTS, className="facts"),
                    html.Div([_choices(), _way_to_why()], className="controls"),
                    html.Div(
                        [components.figure(MAIN, "Output of the layer"), closely], className="two"
                    ),
                ],
                id="activations-body",
            ),
        ]
    )


def _choices() -> html.Div:
    fields = [
        scale_choice(SCALE),
        number_field(CHANNEL, "Channel", "channel"),
        html.Div(number_field(DEPTH, "Slice", "depth"), id=f"{DEPTH}-box", hidden=True),
    ]
    return html.Div(fields, id=MAPS_ONLY, className="controls")


def _way_to_why() -> dcc.Link:
    question = html.Span("Why?", id=QUESTION, **components.data(quiet=""))
    return components.link("/why", question, identity=WHY)


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/activations", path_template="/activations/<layer>", name="Activations",
        title="Activations – CNN Visualizer", layout=layout, order=5, in_header=True,
    )  # fmt: skip
    register_tabs(app, PAGE, lambda layers: list(layers["names"]))
    register_scale(app, SCALE)
    register_screen(
        app, PAGE, show, figures=(MAIN, DETAIL, KERNEL),
        looks=("scale", "channel", "depth", "row", "column"),
    )  # fmt: skip
    register_number(app, CHANNEL)
    register_number(app, DEPTH)


def show(request: Request) -> Screen:
    """Return the output of the layer, one channel of it closely, and the kernel that made it."""
    output, view = _output(request), request.view
    channel = _channel(view, output)
    beside = _beside(request, output, channel)
    return Screen(
        charts={
            MAIN: output.chart(view.scale),
            DETAIL: _detail(output, channel, view),
            KERNEL: nothing("") if beside is None else beside,
        },
        texts={
            FACTS: _facts(output),
            NUMBERS: _numbers(output, channel),
            QUESTION: _question(output, view),
        },
        hidden={
            MAPS_ONLY: output.is_vector,
            f"{DETAIL}-box": output.values.size == 1,
            f"{KERNEL}-box": beside is None,
            f"{DEPTH}-box": output.depth is None,
        },
        properties={
            CHANNEL: {"data-most": output.info.channels - 1},
            DEPTH: _slices(output),
            WHY: {"href": components.layer_address("why", output.info.name)},
        },
    )


def _slices(output: LayerOutput) -> dict[str, Any]:
    """Return the slice that the field shows and the last one, where there are slices."""
    if output.depth is None:
        return {}
    return {"data-now": str(output.depth), "data-most": len(output.values) - 1}


def _question(output: LayerOutput, view: View) -> str:
    """Return what the link to the arithmetic asks: of the cell of the view, or the strongest."""
    cell = cell_of(view, output.values)
    value = number(float(output.values[cell]), 5)
    return f"Why {value}? ({cnn.captions.place(cell)})"


def _output(request: Request) -> LayerOutput:
    """Return the output of the layer; `LayerError` if the model has none of that name."""
    info = request.layer_among(cnn.layer_infos(request.model))
    values = request.passed.activations[info.name]
    depth = cell_of(request.view, values)[0] if values.ndim == VOLUME else None
    return layer_output(info, request.passed, depth)


def _channel(view: View, output: LayerOutput) -> int:
    """Return the channel that is shown: the one asked for, or the last where there are fewer."""
    return min(view.channel or 0, output.info.channels - 1)


def _detail(output: LayerOutput, channel: int, view: View) -> Chart:
    name, cell = output.info.name, cell_of(view, output.values)
    if output.is_vector:
        caption = cnn.captions.grid(output.values)
        grid = cnn.figures.units_chart(output.values, title=f"{name}: as a grid", caption=caption)
        return grid.of_layer(name, cell=cell)
    caption = cnn.captions.channel(channel, output.maps[..., channel])
    if view.channel is not None and view.channel != channel:
        missing = f"There is no channel {view.channel}: {channel}, the last one, is shown."
        caption = cnn.captions.Caption(missing, components.caption(caption))
    return cnn.figures.maps_chart(
        output.maps[..., channel : channel + 1],
        title=f"{name}, channel {channel}"
        + ("" if output.depth is None else f", slice {output.depth}"),
        number=channel,
        label="value",
        caption=caption,
    ).of_layer(name, channel=channel, cell=cell, slices=output.slices)


def _beside(request: Request, output: LayerOutput, channel: int) -> Chart | None:
    """Return what made the channel: the kernel, or the scores of an attention; None for others."""
    tile = _kernel_tile(request.model, output, channel)
    return _scores(request, output) if tile is None else tile.chart(channel)


def _scores(request: Request, output: LayerOutput) -> Chart | None:
    """Return the scores of all heads of an attention layer, None for another layer."""
    name = output.info.name
    try:
        scores = cnn.attention_scores(
            request.model, None, layer=name, activations=request.passed.activations
        )
    except cnn.LayerError:
        return None
    heads = cnn.captions.counted(len(scores), "head")
    return cnn.figures.maps_chart(
        np.moveaxis(scores, 0, -1),
        title=f"scores of {heads}",
        tile_name="head",
        label="score",
        caption=cnn.captions.attention_scores(scores, output.info),
    )


@dataclass(frozen=True, eq=False)
class _Tile:
    """The kernel of a channel, float32 (height, width, 1): its weights, or norms over its inputs."""

    weights: NDArray[np.float32]
    inputs: int

    def chart(self, channel: int) -> Chart:
        """Return the kernel as a chart."""
        norms = self.inputs > 1
        return cnn.figures.maps_chart(
            self.weights,
            title=f"kernel {channel}{', norm' if norms else ''}",
            tile_name="kernel",
            number=channel,
            label="norm" if norms else "weight",
            caption=cnn.captions.single_kernel(channel, self.weights[..., 0], inputs=self.inputs),
        )


def _kernel_tile(model: Any, output: LayerOutput, channel: int) -> _Tile | None:
    """Return the kernel that made the channel, None where no single one has made it."""
    if output.is_vector or output.info.nested or output.info.kernel_size is None:
        return None
    try:
        kernel = cnn.kernels(model, output.info.name)
    except cnn.LayerError:
        return None
    if kernel.shape[-1] != output.info.channels:
        return None
    return _Tile(cnn.kernel_tiles(kernel)[..., channel : channel + 1], kernel.shape[-2])


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
    values = output.values if output.is_vector else output.maps[..., channel]
    summary = cnn.summarise(values)
    return components.facts(
        [
            ("minimum", finite(summary.minimum, 4)),
            ("maximum", finite(summary.maximum, 4)),
            ("mean", finite(summary.mean, 4)),
            ("zeros", percent(summary.zeros)),
            ("not finite", f"{summary.not_finite:,}" if summary.not_finite else ""),
        ]
    )
