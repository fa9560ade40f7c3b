"""The choice of what a figure's colours are relative to."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output, State, html

from cnn.figures import SCALES
from dashboard import ids
from dashboard.components import choices


def scale_choice(identity: str) -> html.Div:
    """Return the radio buttons "channel", "layer", "network"."""
    return choices(identity, "Colour range per", [(name, name) for name in SCALES], "layer")


def register_scale(app: Dash, identity: str) -> None:
    """Tie the radio buttons to the view, both ways."""
    app.clientside_callback(
        ClientsideFunction("cnn", "chooseScale"),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(identity, "value"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("cnn", "chosenScale"),
        Output(identity, "value"),
        Input(ids.VIEW, "data"),
        State(identity, "value"),
    )
