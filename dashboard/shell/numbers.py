"""Number fields: one refuses in place what it cannot be, and keeps the last number that could be."""

from __future__ import annotations

from dash import ClientsideFunction, Dash, Input, Output, html

from dashboard import ids
from dashboard.shell.components import data


def number_field(
    identity: str,
    label: str,
    part: str,
    *,
    least: float = 0,
    is_above: bool = False,
    step: str = "1",
    waits: bool = False,
    **more: str,
) -> html.Div:
    """Return the place of a field for the `part` of the view; a script builds it.

    Numbers start with `least`, or above it; one that `waits` is written when it is entered or left,
    and not at every key. `more` are further data attributes: `most`, the largest number, and
    `first`, what is shown before there is any; `now` is what the page shows where the view says
    nothing.
    """
    flags = {name: "" for name, is_on in (("above", is_above), ("waits", waits)) if is_on}
    attributes = data(part=part, label=label, least=f"{least:g}", step=step, **flags, **more)
    return html.Div(id=identity, className="number-field", **attributes)


def register_number(app: Dash, identity: str) -> None:
    """Let the field show what the view says."""
    app.clientside_callback(
        ClientsideFunction("cnn", "showNumber"),
        Output(identity, "data-good"),
        Input(ids.VIEW, "data"),
        Input(identity, "id"),
        Input(identity, "data-now"),
    )
