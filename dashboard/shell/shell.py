"""What surrounds every page: the header, the panel, the live state and its mirror, the address."""

from __future__ import annotations

import json
import logging

import dash
import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, dcc, html, set_props

from cnn.captions.glossary import GLOSSARY
from dashboard import arguments, ids
from dashboard.runtime.runtime import Runtime
from dashboard.shell import operating, panel, status
from dashboard.shell.components import aria, data, link
from dashboard.watching.identity import in_log


def layout(runtime: Runtime) -> html.Div:
    """Return the tree around the page container."""
    return html.Div(
        [
            dcc.Store(id=ids.DEFAULTS, data=runtime.default_view().to_query()),
            dcc.Store(id=ids.VIEW),
            dcc.Store(id=ids.REPAIRED),
            dcc.Store(id=ids.READY, data="starting"),
            dcc.Store(id=ids.LAYERS),
            dcc.Store(id=ids.MOMENTS),
            dcc.Store(id=ids.WANTED),
            dcc.Store(id=ids.PANEL),
            dcc.Store(id=ids.NEWS),
            dcc.Store(id=ids.HEARD),
            html.Div(id="glossary-terms", hidden=True, **data(terms=_terms())),
            html.A("Skip to the page", href="#content", className="visually-hidden-focusable"),
            _header(),
            html.P(id=ids.BUSY, className="busy", hidden=True, role="status"),
            html.Div(
                [
                    panel.layout(runtime),
                    html.Main(
                        [
                            _outdated(),
                            dbc.Alert(id=ids.NOTICE, is_open=False, color="warning"),
                            operating.banner(),
                            html.Div(dash.page_container, id=ids.CONTENT, className="waiting"),
                            html.P(link("/glossary", "Glossary"), className="foot"),
                            html.P(id="field-text", className="field-text"),
                        ],
                        id="main",
                        tabIndex="-1",
                    ),
                ],
                className="columns",
            ),
        ]
    )


def _outdated() -> html.Div:
    """Return what is shown once the server turns out to be another than the page is of."""
    told = "The server has been renewed since this page was opened: parts of it may not work. "
    again = html.A("Load the page again", href="", className="alert-link")
    return html.Div(
        [told, again, "; it will show the same."],
        id=ids.OUTDATED, className="alert alert-warning", hidden=True, role="status",
    )  # fmt: skip


def _terms() -> str:
    """Return the glossary as the script reads it that marks its words."""
    return json.dumps(
        [{"key": t.key, "name": t.name, "text": t.text, "forms": t.forms} for t in GLOSSARY]
    )


def _header() -> html.Header:
    pages = sorted(
        (page for page in dash.page_registry.values() if page.get("in_header")),
        key=lambda page: page["order"] or 0,
    )
    return html.Header(
        [
            link(
                "/",
                [html.Span("▣", className="brand-mark"), " CNN Visualizer"],
                className="brand",
            ),
            html.Nav(
                [link(page["path"], page["name"], className="nav-link") for page in pages],
                className="nav pages",
                **aria(label="Pages"),
            ),
            html.Button(
                "Present",
                id=ids.PRESENT,
                type="button",
                className="btn btn-sm btn-outline-secondary theme",
                title="Presentation: large type, the whole width (f)",
                **aria(label="Presentation", pressed="false"),
            ),
            html.Button(
                "?",
                id=ids.KEYS,
                type="button",
                className="btn btn-sm btn-outline-secondary theme",
                title="Keys (?)",
                **aria(label="Keys"),
            ),
            html.Button(
                "◐",
                id=ids.THEME,
                type="button",
                className="btn btn-sm btn-outline-secondary theme",
                title="Light or dark",
                **aria(label="Light or dark"),
            ),
        ],
        className="top",
    )


def register(app: Dash) -> None:
    """Register the callbacks that hold the state together, and those of the panel and the status."""
    arguments.accept(
        app,
        {
            ids.VIEW: arguments.Query,
            ids.REPAIRED: arguments.Repaired,
            ids.LAYERS: arguments.Layers,
            ids.MOMENTS: arguments.Moments,
            ids.READY: arguments.Name,
            ids.NEWS: arguments.Name,
        },
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "read"),
        Output(ids.VIEW, "data"),
        Output(ids.REPAIRED, "data"),
        Input(ids.LOCATION, "search"),
        State(ids.DEFAULTS, "data"),
        State(ids.VIEW, "data"),
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "write"),
        Input(ids.VIEW, "data"),
        Input(ids.LOCATION, "pathname"),
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "markCurrent"), Input(ids.LOCATION, "pathname")
    )
    panel.register(app)
    status.register(app)


def on_error(error: Exception) -> None:
    """Tell the reader that a callback failed; the log has the details."""
    logging.getLogger(__name__).error("A callback failed.", exc_info=error)
    message = (
        f"This view could not be computed ({type(error).__name__}); {in_log()}. "
        "Choose another layer or picture, or reload the page."
    )
    set_props(ids.NOTICE, {"children": message, "is_open": True})
