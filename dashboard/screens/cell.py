"""The cell of a layer's output that is looked at closely."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.models.layers import LayerInfo
from dashboard.state.view import ONE_CELL, View

_MOST_AXES = 2


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
    named = {1: (view.row,), 2: (view.row, view.column), 3: (view.depth, view.row, view.column)}
    for axis, wanted in enumerate(named.get(len(cells), ()), -1 - len(cells)):
        cells[axis + 1] = _last(wanted, values, axis, cells[axis + 1])
    return (*cells, channel)


def sought_cell(view: View, info: LayerInfo) -> tuple[int, ...] | None:
    """Return the cell of a layer's maps that pictures are sought for; None for whole maps.

    It is the one in the middle where the view names none, and the last where it names one beyond.
    """
    return sought_place(view, sides_of_maps(info))


def sought_place(view: View, sides: tuple[int, ...]) -> tuple[int, ...] | None:
    """Return the same of maps with so many rows, or rows and columns; None without any."""
    if view.focus != ONE_CELL or not sides:
        return None
    wanted = (view.row, view.column)
    return tuple(
        side // 2 if one is None else min(one, side - 1)
        for side, one in zip(sides, wanted, strict=False)
    )


def sides_of_maps(info: LayerInfo) -> tuple[int, ...]:
    """Return how many rows, or rows and columns, its maps have; none where that is not known."""
    places = tuple(filter(None, info.output_shape[:-1]))
    return places if len(places) == len(info.output_shape) - 1 <= _MOST_AXES else ()


def _last(wanted: int | None, values: NDArray[np.float32], axis: int, otherwise: int) -> int:
    return otherwise if wanted is None else min(wanted, int(values.shape[axis]) - 1)
