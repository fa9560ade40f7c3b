"""The weights that training found: kernels as pictures, biases, and how weights are spread."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from urllib.parse import unquote

import dash
import dash_bootstrap_components as dbc
import numpy as np
from dash import Dash, html
from numpy.typing import NDArray

import cnn
from cnn.figures import Chart
from cnn.inspection.kernels import kernel_names
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.shell.controls import tie
from dashboard.shell.tabs import register_tabs
from dashboard.state.view import OF_NETWORK

PAGE = "filters"
FACTS = "filters-facts"
MAIN = "filters-main"
BIASES = "filters-biases"
SPREAD = "filters-spread"
NUMBERS = "filters-numbers"
SOURCE = "filters-source"
WEIGHTS = "filters-weights"
_NORM = "norm"
_COLUMNS = ("weights", "shape", "count", "minimum", "maximum", "mean", "standard deviation")


def layout(layer: Any = None, **_query: Any) -> html.Div:
    """Return the page for a layer; without one, the first layer with weights is shown."""
    name = unquote(layer) if isinstance(layer, str) else None
    return html.Div(
        [
            components.heading("Filters", "The weights that training found, layer by layer."),
            *stores(PAGE, name),
            components.tab_bar("filters-tabs", "Layers with weights"),
            components.alert("filters-problem"),
            html.Div(
                [
                    html.Div(id=FACTS, className="facts"),
                    html.Div(
                        [
                            _choice(WEIGHTS, "Weights"),
                            _choice(SOURCE, "Input channel"),
                        ],
                        className="controls",
                    ),
                    components.figure(MAIN, "Weights of the layer"),
                    html.Div(
                        [
                            components.figure(
                                BIASES,
                                "Biases or other vectors of the layer",
                            ),
                            components.figure(SPREAD, "Histogram of the weights"),
                        ],
                        className="even",
                    ),
                    components.table_box(NUMBERS, "Weights in numbers"),
                ],
                id="filters-body",
            ),
        ]
    )


def _choice(identity: str, label: str) -> html.Div:
    return html.Div(
        [
            dbc.Label(label, html_for=identity, className="mb-0 text-body-secondary"),
            dbc.Select(id=identity, size="sm", className="w-auto"),
        ],
        className="controls",
        id=f"{identity}-box",
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/filters", path_template="/filters/<layer>", name="Filters",
        title="Filters – CNN Visualizer", layout=layout, order=4, in_header=True,
    )  # fmt: skip
    register_tabs(app, PAGE, lambda layers: list(layers["weighted"]))
    register_screen(
        app, PAGE, show, figures=(MAIN, BIASES, SPREAD), of=OF_NETWORK, looks=("source", "weights")
    )
    tie(app, SOURCE, choose="chooseSource", chosen="chosenSource")
    tie(app, WEIGHTS, choose="chooseWeights", chosen="chosenWeights")


def show(request: Request) -> Screen:
    """Return the layer's weights as pictures and in numbers; they do not depend on the picture.

    Of a figure that is enlarged nothing else is wanted, and to go through millions of weights takes long.
    """
    model = request.model
    weighted = [i for i in cnn.layer_infos(model) if i.weight_shapes and not i.nested]
    info = request.layer_among(weighted)
    arrays = cnn.weights(model, info.name)
    names = kernel_names(arrays) or tuple(arrays)
    name = names[request.view.weights if request.view.weights < len(names) else 0]
    main, inputs = _main(model, info, name, request.view.source)
    if request.enlarged:
        return Screen(charts={MAIN: main})
    return Screen(
        charts={MAIN: main, BIASES: _vector(info, arrays, name), SPREAD: _spread(info, arrays)},
        texts={FACTS: _facts(info)},
        hidden={f"{SOURCE}-box": inputs < 2, f"{WEIGHTS}-box": len(names) < 2},
        properties={
            SOURCE: {"options": _source_options(inputs)},
            WEIGHTS: {"options": _numbered(names)},
            NUMBERS: _table(arrays),
        },
    )


def _main(model: Any, info: cnn.LayerInfo, name: str, source: int | None) -> tuple[Chart, int]:
    """Return the chart of the weights called `name`, and how many input channels can be chosen."""
    arrays = cnn.weights(model, info.name)
    names = kernel_names(arrays)
    if name not in names:
        values = arrays[name]
        if values.size > max(values.shape):
            return _matrix(info, name, values), 0
        chart = cnn.figures.outputs_chart(
            values.ravel(),
            title=f"{info.name}: {name}",
            label=name,
            each="channel",
            size={"height": "33cqw"},
            caption=cnn.captions.vector(name, values),
        )
        return chart, 0
    kernel = cnn.kernels(model, info.name, name=name)
    which = f"{info.name}, {name}" if len(names) > 1 else info.name
    if kernel.ndim == 2:
        chart = cnn.figures.matrix_chart(
            kernel.T,
            title=f"{which}: {kernel.shape[0]}×{kernel.shape[1]} weights",
            rows="unit",
            columns="input",
            size={"height": "max(40cqw, 22rem)"},
            caption=cnn.captions.dense_weights(kernel),
        )
        return chart, 0
    return _tiles(which, kernel, source), kernel.shape[-2]


def _matrix(info: cnn.LayerInfo, name: str, values: NDArray[np.float32]) -> Chart:
    """Return weights of several axes that are no kernel, as a matrix: the last axis goes across."""
    return cnn.figures.matrix_chart(
        values.reshape(-1, values.shape[-1]),
        title=f"{info.name}: {name}, {cnn.captions.sides(values.shape)}",
        rows="row",
        columns="column",
        size={"height": "max(40cqw, 22rem)"},
        caption=cnn.captions.weight_matrix(name, values),
    )


def _tiles(name: str, kernel: NDArray[np.float32], source: int | None) -> Chart:
    """Return the kernels (height, width, inputs, outputs) as tiles, of one input channel or as norms."""
    inputs = kernel.shape[-2]
    chosen = source if source is not None and source < inputs else None
    tiles = cnn.kernel_tiles(kernel, chosen)
    norms = chosen is None and inputs > 1
    of = "norm over input channels" if norms else f"input channel {chosen or 0}"
    shape = (*tiles.shape[:2], inputs) if inputs > 1 else tiles.shape[:2]
    kernels = cnn.captions.counted(tiles.shape[-1], "kernel")
    caption = cnn.captions.kernel_tiles(tiles, inputs=inputs, source=chosen)
    if chosen != source:
        missing = f"There is no input channel {source}: choose 0 to {inputs - 1}."
        caption = cnn.captions.Caption(missing, caption.seen)
    return cnn.figures.maps_chart(
        tiles,
        title=f"{name}: {kernels} of {cnn.captions.sides(shape)}, {of}",
        tile_name="kernel",
        label="norm" if norms else "weight",
        caption=caption,
    )


def _vector(info: cnn.LayerInfo, arrays: dict[str, Any], shown: str) -> Chart:
    """Return the biases that go with the weights shown as bars, else the layer's last vector, if any."""
    folder = shown.rpartition("/")[0]
    beside = f"{folder}/bias" if folder else "bias"
    vectors = {name: values for name, values in arrays.items() if values.ndim == 1}
    if beside in arrays:
        vectors[beside] = arrays[beside].ravel()
    if not vectors:
        none = f"{info.name} adds no bias"
        caption = cnn.captions.Caption(f"{none} to its sums.")
        return cnn.figures.outputs_chart(np.zeros(0, np.float32), title=none, caption=caption)
    name = beside if beside in vectors else list(vectors)[-1]
    each = "channel" if info.has_maps else "unit"
    return cnn.figures.outputs_chart(
        vectors[name],
        title=f"{info.name}: {name}",
        label=name,
        each=each,
        caption=cnn.captions.vector(name, vectors[name], each=each),
    )


def _spread(info: cnn.LayerInfo, arrays: dict[str, Any]) -> Chart:
    """Return how the layer's weights are spread; its vectors count where it has nothing else."""
    matrices = [array for array in arrays.values() if array.ndim > 1]
    spread = np.concatenate([array.ravel() for array in matrices or arrays.values()])
    title = f"{info.name}: how its weights are spread"
    return cnn.figures.histogram_chart(spread, title=title, caption=cnn.captions.spread(spread))


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


def _table(arrays: dict[str, Any]) -> dict[str, Any]:
    """Return the texts of the table, which a script makes: they change while the epoch slider moves."""
    rows = []
    for name, values in arrays.items():
        summary = cnn.summarise(values)
        numbers = (summary.minimum, summary.maximum, summary.mean, summary.deviation)
        broken = f", {summary.not_finite:,} not finite" if summary.not_finite else ""
        texts = [cnn.captions.sides(values.shape), f"{summary.count:,}{broken}"]
        rows.append([name, *texts, *(cnn.captions.finite(one, 4) for one in numbers)])
    return {"columns": list(_COLUMNS), "rows": rows}


def _numbered(names: Sequence[str]) -> list[dict[str, str]]:
    return [{"label": name, "value": str(number)} for number, name in enumerate(names)]


def _source_options(inputs: int) -> list[dict[str, str]]:
    single = [{"label": str(i), "value": str(i)} for i in range(inputs)]
    return [{"label": "all: norm of the weights", "value": _NORM}, *single]
