"""Fields for the options of a method: the view keeps those that are not at their defaults."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Dash, Input, Output, State, html

from cnn.attribution.options import Choice, Number, OfLayer
from dashboard import ids
from dashboard.shell.numbers import number_field, register_number


def option_field(identity: str, option: Number | Choice | OfLayer) -> Any:
    """Return the place of a field; `identity` ends with "-option-", the method, "-", and the option."""
    if isinstance(option, Number):
        limits = option.limits
        return number_field(
            identity, option.label, "options", least=limits.low, most=f"{limits.high:g}",
            is_above=limits.above, step="1" if limits.is_whole else "any", waits=True,
            first=f"{option.default:g}",
        )  # fmt: skip
    return html.Div(
        [
            dbc.Label(option.label, html_for=identity, className="mb-0"),
            dbc.Select(id=identity, size="sm", options=choices(option, []), value=""),
        ],
        className="number-field",
    )


def choices(option: Choice | OfLayer, layers: Sequence[str]) -> list[dict[str, str]]:
    """Return what a select offers, the default first."""
    if isinstance(option, Choice):
        others = [one for one in option.choices if one != option.default]
        return [{"label": one, "value": one} for one in (option.default, *others)]
    return [{"label": "the last one with maps", "value": "last"}] + [
        {"label": name, "value": name} for name in layers
    ]


def register_option(app: Dash, identity: str, option: Number | Choice | OfLayer) -> None:
    """Let the field write its option, and show what the view says."""
    if isinstance(option, Number):
        register_number(app, identity)
        return
    app.clientside_callback(
        ClientsideFunction("cnn", "chooseOption"),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(identity, "value"),
        State(ids.VIEW, "data"),
        State(identity, "options"),
        State(identity, "id"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "chosenOption"),
        Output(identity, "value"),
        Input(ids.VIEW, "data"),
        Input(identity, "options"),
        State(identity, "value"),
        State(identity, "id"),
    )
