"""A tab per layer, each a link; and the message for a layer that the model does not have."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import unquote

from dash import ClientsideFunction, Dash, Input, Output, State
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components import layer_path, link


def register_tabs(app: Dash, page: str, choose: Callable[[dict[str, Any]], list[str]]) -> None:
    """Fill the tabs of a page, `<page>-tabs`, whenever the model is another.

    `choose` picks from the store of layers those that have a tab. A layer asked for in the store
    `<page>-layer` that has none is explained in `<page>-problem`, and `<page>-body` is hidden.
    """

    def fill(layers: dict[str, Any] | None, asked: str | None) -> tuple[Any, ...]:
        if not layers:
            raise PreventUpdate
        names = choose(layers)
        is_known = asked is None or asked in names
        told = [] if is_known else _unknown(str(asked), page, names, layers["names"])
        tabs = [_tab(page, name, is_default=name == default_layer(layers, names)) for name in names]
        return tabs, told, not is_known, not is_known

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


def default_layer(layers: dict[str, Any], names: list[str]) -> str | None:
    """Return the layer that a page opens with: the first convolution, or the first with a tab."""
    opening = layers["opening"]
    return opening if opening in names else next(iter(names), None)


def is_open(pathname: str | None, page: str, layer: str | None = None) -> bool:
    """Whether the address is that of the page and layer.

    Going back can change the view and the page at once. Then the page that is about to go must not
    answer: its changes would meet figures that are no longer, or not yet, on the screen.
    """
    first, _, rest = unquote(pathname or "").strip("/").partition("/")
    return first == page and (rest or None) == layer


def _tab(page: str, name: str, *, is_default: bool) -> Any:
    kind = "nav-link text-nowrap py-1 px-2" + (" default" if is_default else "")
    return link(layer_path(page, name), name, className=kind)


def _unknown(asked: str, page: str, names: list[str], existing: list[str]) -> list[Any]:
    """Return what to say of a layer that has no tab here, with links to those that have one."""
    cut = asked if len(asked) <= 60 else f"{asked[:60]}…"
    why = "has no weights to show" if asked in existing else "is not in this model"
    told: list[Any] = [f"The layer “{cut}” {why}. Choose one of these: "]
    for name in names:
        told += [link(layer_path(page, name), name, className="alert-link"), " "]
    return told
