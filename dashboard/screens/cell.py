"""The cell of a layer's output that is looked at closely."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from dash import Dash, Input, Output, State
from dash.exceptions import PreventUpdate
from numpy.typing import NDArray

import cnn
from dashboard import ids
from dashboard.screens.request import Request
from dashboard.shell.components import clicked_place
from dashboard.state.view import View, parse


def cell_of(view: View, values: NDArray[np.float32]) -> tuple[int, ...]:
    """Return the index of the view's cell in the output of a layer, without the batch axis.

    What the view leaves open is the strongest; what the output does not have is its last.
    """
    strength = np.abs(np.nan_to_num(values))
    if values.ndim == 1:
        return (_last(view.channel, values, 0, int(strength.argmax())),)
    channel = _last(view.channel, values, -1, 0)
    of_channel = strength[..., channel]
    cells = [int(i) for i in np.unravel_index(int(of_channel.argmax()), of_channel.shape)]
    axes = {-3: view.row, -2: view.column} if len(cells) > 1 else {-2: view.row}
    for axis, wanted in axes.items():
        cells[axis + 1] = _last(wanted, values, axis, cells[axis + 1])
    return (*cells, channel)


def _last(wanted: int | None, values: NDArray[np.float32], axis: int, otherwise: int) -> int:
    return otherwise if wanted is None else min(wanted, int(values.shape[axis]) - 1)


def register_cell(app: Dash, figure: str, page: str) -> None:
    """Let a click on a figure of one channel, or of all units, choose the cell."""
    app.callback(
        Output(ids.VIEW, "data", allow_duplicate=True),
        Input(figure, "clickData"),
        State(ids.VIEW, "data"),
        State(f"{page}-layer", "data"),
        prevent_initial_call=True,
    )(choose_cell)


def choose_cell(
    clicked: dict[str, Any] | None, stored: dict[str, Any] | None, layer: str | None
) -> dict[str, str]:
    """Return the view with the cell, or the unit, that was clicked."""
    place = clicked_place(clicked) if clicked else None
    if place is None or not stored:
        raise PreventUpdate
    view, _ = parse(stored)
    request = Request(view, layer)
    try:
        info = request.layer_among(cnn.layer_infos(request.model))
        values = request.passed.activations[info.name]
    except cnn.CnnError as error:
        raise PreventUpdate from error
    if values.ndim > 1:
        return replace(view, row=round(place[1]), column=round(place[0])).to_query()
    unit = cnn.figures.unit_at(values, *place)
    if unit is None:
        raise PreventUpdate
    return replace(view, channel=unit).to_query()
