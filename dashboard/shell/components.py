"""The pieces that pages are made of."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import dash_bootstrap_components as dbc
from dash import dcc, html

from cnn.captions import Caption
from cnn.figures import EMPTY_FIGURE
from cnn.figures.style import cut_middle
from dashboard.prefix import below

_MOST_LETTERS = 30
GRAPH_CONFIG: dict[str, Any] = {
    "displaylogo": False,
    "showSendToCloud": False,
    "responsive": True,
    "modeBarButtons": [["zoomIn2d", "zoomOut2d", "resetScale2d"], ["toImage"]],
    "toImageButtonOptions": {"format": "png", "scale": 2},
}


def aria(**values: str) -> dict[str, Any]:
    """Return accessibility attributes as properties of a component: `label` is `aria-label`."""
    return {f"aria-{name}": value for name, value in values.items()}


def data(**values: str) -> dict[str, Any]:
    """Return data attributes as properties of a component: `layer` is `data-layer`."""
    return {f"data-{name}": value for name, value in values.items()}


def link(
    path: str,
    children: Any,
    *,
    className: str = "",  # noqa: N803
    title: str | None = None,
    identity: str | None = None,
) -> dcc.Link:
    """Return a link to a page, by its path on the server. The view goes along: it stays in its store,
    and the browser adds it to the address when the link is pointed at, so that a copied one carries it.
    """
    named: dict[str, Any] = {"id": identity} if identity else {}
    return dcc.Link(
        children,
        href=below(path),
        className=f"{className} keeps-view".strip(),
        title=title,
        **named,
    )


def look_link(path: str, text: Any, *, identity: str | None = None, **parts: Any) -> html.A:
    """Return a link to a page that looks at other `parts` of the view; the rest of it goes along.

    Without any it is not seen before the page says which ones.
    """
    named: dict[str, Any] = {"id": identity} if identity else {}
    given = looks(**parts) if parts else {}
    return html.A(text, href=below(path), className="keeps-view looks", **named, **given)


def labelled_select(label: Any, identity: str, **more: Any) -> html.Div:
    """Return a select beside its label."""
    return html.Div(
        [
            dbc.Label(label, html_for=identity, className="mb-0 text-body-secondary"),
            dbc.Select(id=identity, size="sm", className="w-auto", **more),
        ],
        className="labelled-select",
    )


def looks(**parts: Any) -> dict[str, Any]:
    """Return the attribute of a link that says which parts of the view become others."""
    return data(parts=json.dumps({name: str(part) for name, part in parts.items()}))


def layer_path(page: str, layer: str) -> str:
    """Return the path of a layer on a page, of which `link` makes an address."""
    return f"/{page}/{quote(layer, safe='')}"


def layer_address(page: str, layer: str) -> str:
    """Return the address of a layer on a page, for what is no `link`."""
    return below(layer_path(page, layer))


def cut(name: str) -> str:
    """Return a layer's name as it is read, cut in the middle if it is long."""
    return cut_middle(name, _MOST_LETTERS)


def layer_name(name: str) -> Any:
    """Return a layer's name to read, cut in the middle if it is long; who hears it gets the whole."""
    if cut(name) == name:
        return name
    seen = html.Span(cut(name), **aria(hidden="true"))
    return [seen, html.Span(name, className="visually-hidden")]


def table_box(identity: str, label: str, *, kind: str = "") -> html.Div:
    """Return the place for a table that may be wider than the page: a region that the keys scroll."""
    return html.Div(
        id=identity,
        className=f"table-box {kind}".strip(),
        role="region",
        tabIndex="0",
        **aria(label=label),
    )


def tab_bar(identity: str, label: str) -> html.Nav:
    """Return the place for the tabs of a page's layers."""
    return html.Nav(id=identity, className="nav nav-pills layer-tabs mb-3", **aria(label=label))


def caption_of(identity: Any) -> Any:
    """Return the id of the caption of a figure, from that of its graph."""
    if isinstance(identity, str):
        return f"{identity}-caption"
    return {**identity, "type": f"{identity['type']}-caption"}


def figure(
    identity: Any,
    label: str,
    *,
    numbers: str = "",
    has_caption: bool = True,
    wide: bool = False,
    cell_told: str = "",
) -> html.Figure:
    """Return the place for a figure: its graph, a name for screen readers, its caption if it has
    one, and, where they have an id, its numbers.

    It is half as high as wide until its page says otherwise; a `wide` one scrolls sideways instead
    of shrinking. Where the part `cell_told` tells of the cell looked at, keys move that cell.
    """
    graph = dcc.Graph(
        id=identity,
        figure=EMPTY_FIGURE,
        config=GRAPH_CONFIG,  # type: ignore[arg-type]
        responsive=not wide,
        style={"height": "50cqw"},
        className="graph-wide" if wide else "graph",
    )
    waiting = dcc.Loading(
        graph,
        delay_show=250,
        delay_hide=150,
        overlay_style={"visibility": "visible", "opacity": 0.4},
        target_components=None,
        type="dot",
        color="var(--accent)",
        parent_className="plot",
    )
    drawn = _keyed(waiting, label, cell_told) if cell_told else waiting
    below: list[Any] = []
    if has_caption:
        below.append(html.Figcaption(id=caption_of(identity), className="caption"))
    if numbers:
        below.append(html.P(id=numbers, className="numbers"))
    scrolled: dict[str, Any] = {"tabIndex": "0"} if wide else {}
    return html.Figure([drawn, *below], className="figure-box", **scrolled, **aria(label=label))


def _keyed(graph: Any, label: str, told: str) -> html.Div:
    """Return the graph as one stop of the Tab key, whose keys are those of `cell-keys.js`."""
    named = {**aria(label=f"{label}: cells", describedby=told), **data(cells=told)}
    return html.Div(graph, className="cells", role="application", tabIndex="0", **named)


def caption(text: Caption) -> str:
    """Return a caption's two sentences as one text."""
    return f"{text.seen} {text.notice}".strip()


def heading(title: str, text: str) -> html.Header:
    """Return a page's title and what the page is for."""
    return html.Header(
        [html.H1(title), html.P(text, className="text-body-secondary")], className="page-head"
    )


def facts(pairs: Sequence[tuple[str, str]]) -> str:
    """Return facts as one line of terms and values; facts without a value are left out.

    It is one text and not a component per fact: at every change Dash looks at all components.
    """
    return "  ·  ".join(f"{term} {value}".strip() for term, value in pairs if value)


def alert(identity: str) -> dbc.Alert:
    """Return the place for a page's own message, closed."""
    return dbc.Alert(id=identity, is_open=False, color="warning", className="mb-3")


def choices(identity: str, label: str, options: Sequence[tuple[str, str]], value: str) -> html.Div:
    """Return a labelled row of radio buttons."""
    return html.Div(
        [
            html.Span(label, id=f"{identity}-label", className="text-body-secondary me-2"),
            dbc.RadioItems(
                id=identity,
                name=identity,
                options=[{"label": text, "value": name} for name, text in options],
                value=value,
                inline=True,
                className="d-inline-block",
            ),
        ],
        role="radiogroup",
        className="choices",
        **aria(labelledby=f"{identity}-label"),
    )
