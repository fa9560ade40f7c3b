"""Controls that write a part of the view, and are written by it."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output, State

from dashboard import ids


def tie(app: Dash, identity: str, *, choose: str, chosen: str) -> None:
    """Tie a control to the view, both ways, by the names of two functions in the browser."""
    app.clientside_callback(
        ClientsideFunction("cnn", choose),
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(identity, "value"),
        State(ids.VIEW, "data"),
        prevent_initial_call=True,
    )
    app.clientside_callback(
        ClientsideFunction("cnn", chosen),
        Output(identity, "value"),
        Input(ids.VIEW, "data"),
        State(identity, "value"),
    )
