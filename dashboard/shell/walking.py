"""The buttons that walk over the cells of a map, step by step or by themselves; a script does it."""

from __future__ import annotations

from typing import Any

from dash import html

from dashboard.shell.components import aria, data

_BUTTONS = {"back": ("◀", "Cell before"), "play": ("▶", "Play"), "on": ("▶▏", "Next cell")}


def strip(identity: str, *, place: str) -> html.Div:
    """Return the strip of buttons; `place` is the id of the text that says which cell it is."""
    return html.Div(
        [
            html.Div(
                [_button(name, *words) for name, words in _BUTTONS.items()],
                className="btn-group",
                role="group",
                **aria(label="Walk over the map"),
            ),
            html.Div(className="walk-speed"),
            html.Span(id=place, className="walk-place"),
        ],
        id=identity,
        className="controls walk",
    )


def _button(name: str, text: str, label: str) -> html.Button:
    named: dict[str, Any] = {**data(walk=name), **aria(label=label)}
    return html.Button(
        text, type="button", className="btn btn-sm btn-outline-primary", title=label, **named
    )
