"""Layers that make one cell of a window of cells, each channel by itself."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from cnn.models.arithmetic import windows
from cnn.models.arithmetic.cell import Cell, Derivation, Rule, channels_last
from cnn.models.arithmetic.forms import Choice, Form, WeightedSum
from cnn.models.windows import sliding


def _largest(cell: Cell, taps: windows.Taps) -> Form:
    channel = cell.place[-1]
    seen = windows.under(cell.inputs[0][..., channel : channel + 1], taps)
    return Choice(seen[..., 0], windows.inside(taps))


def _mean(cell: Cell, taps: windows.Taps) -> Form:
    """Return the mean of the cells under the window that lie on the map."""
    channel, inside = cell.place[-1], windows.inside(taps)
    seen = windows.under(cell.inputs[0][..., channel : channel + 1], taps)
    return WeightedSum(seen, inside[..., None] / inside.sum(), np.array([channel]), inside)


def _sliding(cell: Cell) -> windows.Taps:
    return windows.sliding(sliding(cell.call), cell.place[:-1], cell.inputs[0].shape[:-1])


def _adaptive(cell: Cell) -> windows.Taps:
    return windows.adaptive(cell.place[:-1], cell.inputs[0].shape[:-1], cell.shape[:-1])


def _everywhere(cell: Cell) -> windows.Taps:
    return windows.everywhere(cell.inputs[0].shape[:-1])


def _rule(
    taps_of: Callable[[Cell], windows.Taps], made: Callable[[Cell, windows.Taps], Form]
) -> Rule:
    @channels_last
    def rule(cell: Cell) -> Derivation:
        taps = taps_of(cell)
        return Derivation(made(cell, taps), (windows.cells(taps, cell.place[-1:]),))

    return rule


max_pool = _rule(_sliding, _largest)
average_pool = _rule(_sliding, _mean)
global_max_pool = _rule(_everywhere, _largest)
global_average_pool = _rule(_everywhere, _mean)
adaptive_max_pool = _rule(_adaptive, _largest)
adaptive_average_pool = _rule(_adaptive, _mean)
