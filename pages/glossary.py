"""The words of the dashboard, each in a sentence or two."""

from __future__ import annotations

from typing import Any

import dash
from dash import Dash, html

from cnn.captions.glossary import GLOSSARY
from dashboard.shell import components


def layout(**_query: Any) -> html.Div:
    """Return all words, in the order of the alphabet."""
    entries = [
        part
        for term in GLOSSARY
        for part in (html.Dt(term.name, id=f"word-{term.key}"), html.Dd(term.text))
    ]
    return html.Div(
        [
            components.heading("Glossary", "The words of these pages, in plain sentences."),
            html.Dl(entries, className="glossary"),
        ]
    )


def register(app: Dash) -> None:
    """Register the page; it stands at the foot of every other, not in the header."""
    del app
    dash.register_page(
        __name__, path="/glossary", name="Glossary", title="Glossary – CNN Visualizer", layout=layout,
    )  # fmt: skip
