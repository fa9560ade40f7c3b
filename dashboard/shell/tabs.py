"""A tab per layer, each a link; a list to search where there are many; and the message for a layer
that the model does not have.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import groupby
from typing import Any
from urllib.parse import unquote

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, html
from dash.exceptions import PreventUpdate

from cnn import LayerInfo
from dashboard import ids
from dashboard.prefix import inside
from dashboard.shell.components import aria, layer_name, layer_path, link

MOST_TABS = 20


def register_tabs(
    app: Dash,
    page: str,
    choose: Callable[[dict[str, Any]], list[str]],
    *,
    lacks: str = "has no weights to show",
    without: str = "No layer of this model has weights to show.",
) -> None:
    """Fill the tabs of a page, `<page>-tabs`, whenever the model is another.

    `choose` picks from the store of layers those that have a tab. A layer asked for in the store
    `<page>-layer` that has none is explained in `<page>-problem`, and `<page>-body` is hidden: of a layer
    of the model `lacks` says why, and `without` of all where none has a tab.
    """

    def fill(layers: dict[str, Any] | None, wanted: str | None) -> tuple[Any, ...]:
        if not layers:
            raise PreventUpdate
        names = choose(layers)
        is_known = bool(names) and (wanted is None or wanted in names)
        why = lacks if wanted in layers["names"] else "is not in this model"
        message = (
            [] if is_known else _unknown(str(wanted), page, names, why) if names else [without]
        )
        opening = default_layer(layers, names)
        tabs = [_tab(page, name, is_default=name == opening) for name in names]
        if len(names) > MOST_TABS:
            grouped = _by_block(names, tabs, layers.get("blocks", {}))
            tabs = _list(page, names, wanted if wanted in names else opening, grouped)
        return tabs, message, not is_known, not is_known

    app.callback(
        Output(f"{page}-tabs", "children"),
        Output(f"{page}-problem", "children"),
        Output(f"{page}-problem", "is_open"),
        Output(f"{page}-body", "hidden"),
        Input(ids.LAYERS, "data"),
        State(f"{page}-layer", "data"),
    )(fill)
    app.clientside_callback(
        ClientsideFunction("cnn", "markCurrent"), Input(f"{page}-tabs", "children")
    )


def opening_layer(infos: Sequence[LayerInfo]) -> str:
    """Return the layer that pages open with if they can: the first convolution; "" for none."""
    return next((info.name for info in infos if info.has_maps and info.weight_shapes), "")


def default_layer(layers: dict[str, Any], names: list[str]) -> str | None:
    """Return the layer that a page opens with: the first convolution, or the first with a tab."""
    opening = layers["opening"]
    return opening if opening in names else next(iter(names), None)


def is_open(pathname: str | None, page: str, layer: str | None = None) -> bool:
    """Whether the address is that of the page and layer.

    Going back can change the view and the page at once. Then the page that is about to go must not
    answer: its changes would meet figures that are no longer, or not yet, on the screen.
    """
    first, _, rest = unquote(inside(pathname or "")).strip("/").partition("/")
    return first == page and (rest or None) == layer


def _tab(page: str, name: str, *, is_default: bool) -> Any:
    kind = "nav-link text-nowrap py-1 px-2" + (" default" if is_default else "")
    return link(layer_path(page, name), layer_name(name), className=kind, title=name)


def _by_block(names: list[str], tabs: list[Any], blocks: dict[str, str]) -> list[Any]:
    """Return the tabs with those of layers of one block under its name."""
    runs = groupby(zip(names, tabs, strict=True), lambda pair: blocks.get(pair[0], ""))
    grouped: list[Any] = []
    for block, pairs in runs:
        own = [tab for _, tab in pairs]
        heading = html.Span(block, className="layer-block-name", **aria(hidden="true"))
        named = {"role": "group", "className": "layer-block", **aria(label=block)}
        grouped += [html.Div([heading, *own], **named)] if block else own
    return grouped


def _list(page: str, names: list[str], here: str | None, tabs: list[Any]) -> list[Any]:
    """Return the layer before, a list of all to open and to search, and the layer after."""
    place = names.index(here) if here in names else 0
    field = dbc.Input(
        id=f"{page}-find", type="search", size="sm", className="layer-find",
        placeholder="Find a layer", autocomplete="off",
    )  # fmt: skip
    summary: list[Any] = [html.B(layer_name(names[place])), f" {place + 1} of {len(names)} layers"]
    return [
        _step(page, names, place - 1, "‹", "Layer before"),
        html.Details(
            [
                html.Summary(summary, className="btn btn-sm btn-outline-primary"),
                html.Div(
                    [
                        html.Label(
                            "Find a layer", htmlFor=f"{page}-find", className="visually-hidden"
                        ),
                        field,
                        html.Div(tabs, className="layer-all"),
                        html.P("No layer has such a name.", className="layer-none", hidden=True),
                    ],
                    className="layer-menu",
                ),
            ],
            className="layer-list",
        ),
        _step(page, names, place + 1, "›", "Layer after"),
    ]


def _step(page: str, names: list[str], place: int, sign: str, label: str) -> Any:
    """Return a link to the layer at a place; where there is none, what looks like one."""
    kind = "btn btn-sm btn-outline-primary layer-step"
    if not 0 <= place < len(names):
        return html.Span(sign, className=f"{kind} disabled", **aria(hidden="true"))
    symbol = html.Span(sign, **aria(hidden="true"))
    text = html.Span(f"{label}: {names[place]}", className="visually-hidden")
    return link(
        layer_path(page, names[place]),
        [symbol, text],
        className=kind,
        title=f"{label}: {names[place]}",
    )


def _unknown(wanted: str, page: str, names: list[str], why: str) -> list[Any]:
    """Return what to say of a layer that has no tab here, with links to those that have one."""
    cut = wanted if len(wanted) <= 60 else f"{wanted[:60]}…"
    if len(names) > MOST_TABS:
        return [f"The layer “{cut}” {why}. Choose one of the {len(names)} in the list above."]
    message: list[Any] = [f"The layer “{cut}” {why}. Choose one of these: "]
    for name in names:
        message += [link(layer_path(page, name), name, className="alert-link"), " "]
    return message
