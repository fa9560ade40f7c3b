"""All layers at once: the digit on its way through the network."""

from __future__ import annotations

from typing import Any

import dash
from dash import ALL, Dash, Input, Output, State, dcc, html, no_update
from dash.exceptions import PreventUpdate

import cnn
from dashboard import arguments, ids
from dashboard.runtime.runtime import current
from dashboard.screens.outputs import layer_outputs
from dashboard.screens.values import Asked, register_values, texts
from dashboard.shell import components
from dashboard.shell.scale import register_scale, scale_choice
from dashboard.shell.tabs import is_open
from dashboard.state.view import parse

TILES = "all-layers-tiles"
PAINTED = "all-layers-painted"
SCALE = "all-layers-scale"


def _id(part: str, layer: Any) -> dict[str, Any]:
    return {"type": f"all-layers-{part}", "layer": layer}


ANY_FIGURE = _id("figure", ALL)
ANY_CAPTION = _id("caption", ALL)


def layout(**_query: Any) -> html.Div:
    """Return the page without its tiles: they depend on the model."""
    return html.Div(
        [
            components.heading(
                "All layers",
                "The picture on its way through the network: what each layer makes of it.",
            ),
            html.Div(scale_choice(SCALE), className="controls"),
            dcc.Store(id=PAINTED),
            html.Div(id=TILES, className="tiles"),
        ]
    )


def register(app: Dash) -> None:
    """Register the page and its callbacks."""
    dash.register_page(
        __name__, path="/layers", name="All layers", title="All layers – CNN Visualizer",
        layout=layout, order=2, in_header=True,
    )  # fmt: skip
    arguments.accept(app, {PAINTED: dict[str, arguments.Name]})
    register_scale(app, SCALE)
    app.callback(Output(TILES, "children"), Input(ids.LAYERS, "data"))(tiles)
    app.callback(
        Output(ANY_FIGURE, "figure"),
        Output(ANY_FIGURE, "style"),
        Output(ANY_CAPTION, "children"),
        Output(PAINTED, "data"),
        Input(ids.VIEW, "data"),
        Input(ANY_FIGURE, "id"),
        State(PAINTED, "data"),
        State(ids.LOCATION, "pathname"),
    )(paint)
    register_values(app.server, "layers", values)


def tiles(layers: dict[str, Any] | None) -> list[Any]:
    """Return a tile per layer of the model."""
    if not layers:
        raise PreventUpdate
    view, _ = parse({"model": layers["model"]})
    infos = cnn.layer_infos(current().model(view))
    return [_tile(info) for info in infos if not info.nested]


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
                _id("figure", info.name),
                f"Output of {info.name}",
                caption=_id("caption", info.name),
            ),
        ]
    )


def paint(
    stored: dict[str, Any] | None,
    figures: list[dict[str, str]],
    painted: dict[str, str] | None,
    pathname: str | None,
) -> tuple[Any, ...]:
    """Return all figures with their captions: whole where a tile is new, else their new values."""
    if not stored or not figures or current().ready != "ready" or not is_open(pathname, "layers"):
        raise PreventUpdate
    view, _ = parse(stored)
    runtime, before = current(), painted or {}
    try:
        shown = layer_outputs(runtime.model(view), runtime.forward(view))
        outputs = [shown[figure["layer"]] for figure in figures]
    except (cnn.CnnError, KeyError) as error:
        raise PreventUpdate from error
    kinds = {o.info.name: f"{view.model} {o.kind(view.scale)}" for o in outputs}
    known = [before.get(o.info.name) == kinds[o.info.name] for o in outputs]
    pairs = list(zip(outputs, known, strict=True))
    return (
        [o.repaint(view.scale) if same else o.figure(view.scale) for o, same in pairs],
        [no_update if same else o.size for o, same in pairs],
        [components.caption(o.caption) for o in outputs],
        no_update if kinds == before else kinds,
    )


def values(asked: Asked) -> dict[str, Any]:
    """Return what is painted while a pen moves: every figure, every caption."""
    outputs = layer_outputs(asked.model, asked.passed)
    shown = [output for output in outputs.values() if not output.info.nested]
    return {
        "figures": [o.live(asked, _id("figure", o.info.name)) for o in shown],
        "texts": texts((_id("caption", o.info.name), components.caption(o.caption)) for o in shown),
    }
