"""What the network is made of: a diagram, and a table with a row per layer.

The table of many layers is sent with all their names and its first part; the other parts are asked for
as they come into view.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash
from dash import ClientsideFunction, Dash, Input, html

import cnn
from cnn.figures import Chart
from dashboard.screens.request import Request
from dashboard.screens.screen import Screen, register_screen, stores
from dashboard.shell import components
from dashboard.state.view import OF_MODEL_ALONE

PAGE = "architecture"
DIAGRAM = "diagram"
TABLE = "layer-table"
SUMMARY = "architecture-summary"
# A table of more rows comes in parts of so many.
_MOST_ROWS = 80
_IN_A_PART = 40
_COLUMNS = (
    "layer", "kind", "output", "parameters", "= ", "kernel", "stride", "padding", "activation",
    "multiply-adds", "sees",
)  # fmt: skip


def layout(**_query: Any) -> html.Div:
    """Return the page with an empty diagram and table."""
    return html.Div(
        [
            components.heading(
                "Architecture",
                "Layer by layer: what it computes, what it costs, and how much of the picture one "
                "of its cells sees. Click a layer to see its output.",
            ),
            *stores(PAGE),
            html.Div(id=SUMMARY, className="facts"),
            components.figure(
                DIAGRAM, "Diagram of the network, from the input to the output", wide=True,
            ),
            components.table_box(TABLE, "Layers of the network"),
        ]
    )  # fmt: skip


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/architecture", name="Architecture",
        title="Architecture – CNN Visualizer", layout=layout, order=3, in_header=True,
    )  # fmt: skip
    register_screen(app, PAGE, show, figures=(DIAGRAM,), of=(*OF_MODEL_ALONE, "range"))
    app.clientside_callback(
        ClientsideFunction("cnn", "openLayer"),
        Input(DIAGRAM, "clickData"),
        prevent_initial_call=True,
    )


def show(request: Request) -> Screen:
    """Return the diagram, the table of layers and the totals; as the rest, more rows of the table."""
    model = request.model
    infos, totals = cnn.layer_infos(model), cnn.totals(model)
    if request.rest:
        return Screen({}, properties={TABLE: {"more": _more(infos, request.layers)}})
    figure = cnn.figures.diagram(infos, title=f"{model.name}, from left to right")
    size = {"width": f"{figure.layout.width}px", "height": f"{figure.layout.height}px"}
    facts = [
        ("layers", str(totals.layers)),
        ("parameters", f"{totals.parameters:,}"),
        ("multiply-adds per picture", cnn.captions.cost(totals.multiply_adds)),
        ("model", request.runtime.entry(request.view).name),
        ("pixels", cnn.scale_of(model).reason),
    ]
    caption = cnn.captions.architecture(infos, totals)
    return Screen(
        {DIAGRAM: Chart.whole(figure, size=size, caption=caption)},
        texts={SUMMARY: components.facts(facts)},
        properties={TABLE: _table(infos, totals)},
    )


def _parts(infos: Sequence[cnn.LayerInfo]) -> list[Sequence[cnn.LayerInfo]]:
    """Return the layers whose rows come together: all where they are few."""
    size = _IN_A_PART if len(infos) > _MOST_ROWS else _MOST_ROWS
    return [infos[start : start + size] for start in range(0, len(infos), size)]


def _more(infos: Sequence[cnn.LayerInfo], layers: Sequence[str]) -> list[list[str]]:
    """Return the rows of the parts with these layers, all rows where none is named."""
    wanted = [
        part for part in _parts(infos) if not layers or {one.name for one in part} & {*layers}
    ]
    return [_row(info) for part in wanted for info in part]


def _table(infos: Sequence[cnn.LayerInfo], totals: cnn.Totals) -> dict[str, Any]:
    """Return the texts of the table, which a script makes: a component a cell takes minutes.

    `parts` has for each part the name of every layer, the name to read, and the address; `rows` are
    those of the first part. A row's first text is the layer's name.
    """
    totalled = {
        "parameters": f"{totals.parameters:,}",
        "multiply-adds": cnn.captions.cost(totals.multiply_adds),
    }
    parts = _parts(infos)
    return {
        "columns": list(_COLUMNS),
        "numeric": list(totalled),
        "parts": [[_link(info) for info in part] for part in parts],
        "rows": [_row(info) for info in parts[0]],
        "total": ["total", *[totalled.get(column, "") for column in _COLUMNS[1:]]],
    }


def _link(info: cnn.LayerInfo) -> list[str]:
    name = info.name
    return [name, components.cut(name), components.layer_address("activations", name)]


def _row(info: cnn.LayerInfo) -> list[str]:
    sides = cnn.captions.sides
    return [
        info.name,
        info.kind,
        sides(info.output_shape),
        f"{info.parameters:,}" if info.parameters else "",
        info.formula,
        _kernel(info),
        sides(info.strides or ()),
        info.padding or "",
        info.activation or "",
        _cost(info),
        cnn.captions.field(info),
    ]


def _cost(info: cnn.LayerInfo) -> str:
    """Return the multiply-adds of a layer, nothing where it has none or its layers inside have them."""
    has_none = info.nested or info.multiply_adds == 0
    return "" if has_none else cnn.captions.cost(info.multiply_adds)


def _kernel(info: cnn.LayerInfo) -> str:
    size = cnn.captions.sides(info.kernel_size or ())
    apart = cnn.captions.dilation(info)
    return f"{size}, dilation {apart}" if apart else size
