"""The page for addresses that do not exist."""

from __future__ import annotations

from typing import Any

import dash
from dash import Dash, html

from dashboard.shell.components import link


def layout(**_query: Any) -> html.Div:
    """Return the message, with the way to every page that exists."""
    pages = [page for page in dash.page_registry.values() if page.get("in_header")]
    return html.Div(
        [
            html.H1("This page does not exist"),
            html.P("The address leads nowhere here. These pages exist:"),
            html.Ul([html.Li(link(page["path"], page["name"])) for page in pages]),
        ]
    )


def register(app: Dash) -> None:
    """Register the page."""
    del app
    dash.register_page(__name__, layout=layout, title="Not found – CNN Visualizer")
