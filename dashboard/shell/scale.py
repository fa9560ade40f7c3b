"""The choice of what a figure's colours are relative to."""

from __future__ import annotations

from dash import Dash, html

from cnn.figures import SCALES
from dashboard.shell.components import choices
from dashboard.shell.controls import tie


def scale_choice(identity: str) -> html.Div:
    """Return the radio buttons "channel", "layer", "network"."""
    return choices(identity, "Colour range per", [(name, name) for name in SCALES], "layer")


def register_scale(app: Dash, identity: str) -> None:
    """Tie the radio buttons to the view, both ways."""
    tie(app, identity, choose="chooseScale", chosen="chosenScale")
