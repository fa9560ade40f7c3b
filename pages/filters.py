"""The weights that training found: kernels as pictures, biases, and how weights are spread."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html
from dash.exceptions import PreventUpdate

import cnn
from dashboard import arguments, ids
from dashboard.runtime.runtime import current
from dashboard.screens.values import Asked, register_values
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.panel import layers as layers_of
from dashboard.shell.tabs import default_layer, register_tabs
from dashboard.state.view import parse

LAYER = "filters-layer"
FACTS = "filters-facts"
MAIN = "filters-main"
BIASES = "filters-biases"
SPREAD = "filters-spread"
NUMBERS = "filters-numbers"
SOURCE = "filters-source"
KEY = "filters-key"
_NORM = "norm"


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first layer with weights is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading("Filters", "The weights that training found, layer by layer."),
            dcc.Store(id=LAYER, data=name),
            dcc.Store(id=KEY),
            components.tab_bar("filters-tabs", "Layers with weights"),
            components.alert("filters-problem"),
            html.Div(
                [
                    html.Div(id=FACTS, className="facts"),
                    html.Div(_source_choice(), className="controls", id=f"{SOURCE}-box"),
                    components.figure(MAIN, "Weights of the layer", caption=f"{MAIN}-caption"),
                    html.Div(
                        [
                            components.figure(
                                BIASES,
                                "Biases or other vectors of the layer",
                                caption=f"{BIASES}-caption",
                            ),
                            components.figure(
                                SPREAD, "Histogram of the weights", caption=f"{SPREAD}-caption"
                            ),
                        ],
                        className="even",
                    ),
                    components.table_box(NUMBERS, "Weights in numbers"),
                ],
                id="filters-body",
            ),
        ]
    )


def _source_choice() -> list[Any]:
    return [
        dbc.Label("Input channel", html_for=SOURCE, className="mb-0 text-body-secondary"),
        dbc.Select(id=SOURCE, size="sm", className="w-auto"),
    ]


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/filters", path_template="/filters/<layer>", name="Filters",
        title="Filters – CNN Visualizer", layout=layout, order=4, in_header=True,
    )  # fmt: skip
    arguments.accept(app, {LAYER: arguments.Name, KEY: arguments.Query})
    register_tabs(app, "filters", lambda layers: list(layers["weighted"]))
    app.clientside_callback(
        ClientsideFunction("cnn", "weightsKey"),
        Output(KEY, "data"),
        Input(ids.VIEW, "data"),
        Input(ids.LAYERS, "data"),
        State(KEY, "data"),
    )
    app.callback(
        Output(MAIN, "figure"),
        Output(MAIN, "style"),
        Output(f"{MAIN}-caption", "children"),
        Output(FACTS, "children"),
        Output(BIASES, "figure"),
        Output(f"{BIASES}-caption", "children"),
        Output(SPREAD, "figure"),
        Output(f"{SPREAD}-caption", "children"),
        Output(NUMBERS, "children"),
        Output(SOURCE, "options"),
        Output(f"{SOURCE}-box", "hidden"),
        Input(KEY, "data"),
        State(LAYER, "data"),
        State(ids.LAYERS, "data"),
    )(paint)
    register_values(app.server, "filters", values)
    tie(app, SOURCE, choose="chooseSource", chosen="chosenSource")


def paint(
    key: dict[str, Any] | None, layer: str | None, layers: dict[str, Any] | None
) -> tuple[Any, ...]:
    """Return the figures of the layer's weights; they do not depend on the picture."""
    if not key or not layers:
        raise PreventUpdate
    view, _ = parse(key)
    name = layer or default_layer(layers, layers["weighted"])
    if name is None or name not in layers["weighted"]:
        raise PreventUpdate
    model = current().model(view)
    info, arrays = cnn.layer_info(model, name), cnn.weights(model, name)
    main, style, caption, inputs = _main(model, info, arrays, view.source)
    every = np.concatenate([array.ravel() for array in arrays.values()])
    spread = np.concatenate([a.ravel() for n, a in arrays.items() if a.ndim > 1] or [every])
    return (
        main,
        style,
        components.caption(caption),
        _facts(info),
        *_vector(info, arrays),
        cnn.figures.histogram(spread, title=f"{info.name}: how its weights are spread"),
        components.caption(cnn.captions.spread(spread)),
        _table(arrays),
        _source_options(inputs),
        inputs < 2,
    )


def values(asked: Asked) -> dict[str, Any]:
    """Return what is painted while the epoch moves: the kernels, the vector, what is said of them."""
    known = layers_of(asked.view)
    name = asked.layer or default_layer(known, known["weighted"])
    if asked.moving != "epoch" or name is None or name not in known["weighted"]:
        return {"figures": [], "texts": {}}
    info, arrays = cnn.layer_info(asked.model, name), cnn.weights(asked.model, name)
    main, _, caption, _ = _main(asked.model, info, arrays, asked.view.source)
    figures = [_live(asked, MAIN, main)]
    texts = {f"{MAIN}-caption": components.caption(caption)}
    if _vectors(arrays):
        biases, told = _vector(info, arrays)
        figures.append(_live(asked, BIASES, biases))
        texts[f"{BIASES}-caption"] = told
    return {"figures": figures, "texts": texts}


def _live(asked: Asked, identity: str, figure: Any) -> dict[str, Any]:
    """Return what repaints a figure, of cells or of bars, with what is shown in it."""
    trace = figure.data[0]
    if trace.type == "heatmap":
        return asked.cells(identity, cnn.figures.Cells(trace.z, trace.zmin, trace.zmax))
    return asked.bars(identity, trace.y)


def _main(model: Any, info: cnn.LayerInfo, arrays: dict[str, Any], source: int | None) -> Any:
    """Return (figure, its style, its caption, number of input channels to choose from)."""
    if not any(name.endswith("kernel") for name in arrays):
        name, values = next(iter(arrays.items()))
        figure = cnn.figures.outputs(
            values.ravel(), title=f"{info.name}: {name}", label=name, each="channel"
        )
        return figure, {"height": "33cqw"}, cnn.captions.vector(name, values), 0
    kernel = cnn.kernels(model, info.name)
    if kernel.ndim == 2:
        title = f"{info.name}: {kernel.shape[0]}×{kernel.shape[1]} weights"
        figure = cnn.figures.matrix(kernel.T, title=title, rows="unit", columns="input")
        return figure, {"height": "max(40cqw, 22rem)"}, cnn.captions.dense_weights(kernel), 0
    inputs = kernel.shape[-2]
    chosen = source if source is not None and source < inputs else None
    tiles = cnn.kernel_tiles(kernel, chosen)
    norms = chosen is None and inputs > 1
    of = "norm over input channels" if norms else f"input channel {chosen or 0}"
    shape = (*tiles.shape[:2], inputs) if inputs > 1 else tiles.shape[:2]
    kernels = cnn.captions.counted(tiles.shape[-1], "kernel")
    title = f"{info.name}: {kernels} of {cnn.captions.sides(shape)}, {of}"
    figure = cnn.figures.feature_maps(
        tiles, title=title, tile_name="kernel", label="norm" if norms else "weight"
    )
    style = cnn.figures.heatmap_size(cnn.figures.Mosaic.of(tiles.shape).shape)
    caption = cnn.captions.kernel_tiles(tiles, inputs=inputs, source=chosen)
    if chosen != source:
        told = f"There is no input channel {source}: choose 0 to {inputs - 1}."
        caption = cnn.captions.Caption(told, caption.seen)
    return figure, style, caption, inputs


def _vector(info: cnn.LayerInfo, arrays: dict[str, Any]) -> tuple[Any, str]:
    """Return the biases as bars with their caption, else the layer's last vector, if it has one."""
    vectors = _vectors(arrays)
    if not vectors:
        none = f"{info.name} adds no bias"
        return cnn.figures.outputs(np.zeros(0, np.float32), title=none), f"{none} to its sums."
    name = "bias" if "bias" in vectors else list(vectors)[-1]
    values = vectors[name]
    each = "channel" if info.has_maps else "unit"
    figure = cnn.figures.outputs(values, title=f"{info.name}: {name}", label=name, each=each)
    return figure, components.caption(cnn.captions.vector(name, values, each=each))


def _vectors(arrays: dict[str, Any]) -> dict[str, Any]:
    return {name: values for name, values in arrays.items() if values.ndim == 1}


def _facts(info: cnn.LayerInfo) -> str:
    return components.facts(
        [
            ("", info.kind),
            ("parameters", f"{info.parameters:,} = {info.formula}"),
            ("stride", cnn.captions.sides(info.strides or ())),
            ("padding", info.padding or ""),
            ("dilation", cnn.captions.dilation(info)),
        ]
    )


def _table(arrays: dict[str, Any]) -> dbc.Table:
    columns = ("weights", "shape", "count", "minimum", "maximum", "mean", "standard deviation")
    rows = []
    for name, values in arrays.items():
        summary = cnn.summarise(values)
        numbers = (summary.minimum, summary.maximum, summary.mean, summary.deviation)
        cells = [cnn.captions.sides(values.shape), f"{summary.count:,}"]
        cells += [cnn.captions.number(one, 4) for one in numbers]
        rows.append(html.Tr([html.Th(name, scope="row"), *map(html.Td, cells)]))
    head = html.Thead(html.Tr([html.Th(column, scope="col") for column in columns]))
    return dbc.Table([head, html.Tbody(rows)], size="sm")


def _source_options(inputs: int) -> list[dict[str, str]]:
    single = [{"label": str(i), "value": str(i)} for i in range(inputs)]
    return [{"label": "all: norm of the weights", "value": _NORM}, *single]
