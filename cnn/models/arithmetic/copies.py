"""Layers and operations that only move numbers: to the same place, or to another."""

from __future__ import annotations

import numpy as np

from cnn.models.arithmetic.cell import Cell, Derivation, no_cells, single
from cnn.models.arithmetic.forms import Copy, Indices
from cnn.models.origins import firsts, origins


def same(cell: Cell) -> Derivation:
    """Return that the number is that of the same place in the input."""
    return Derivation(Copy(float(cell.inputs[0][cell.place])), (single(cell.place),))


def moved(cell: Cell) -> Derivation:
    """Return where the number comes from, or that the layer puts a constant there."""
    shapes = [values.shape for values in cell.inputs]
    numbers, is_constant = origins(cell.call, shapes)
    number = numbers[0][cell.place]
    nowhere = [no_cells(values.ndim) for values in cell.inputs]
    if is_constant[0][cell.place]:
        return Derivation(Copy(float(number), is_constant=True), tuple(nowhere))
    first = firsts([values.size for values in cell.inputs])
    source = int(np.searchsorted(first, int(number), side="right")) - 1
    at = np.unravel_index(int(number) - int(first[source]), shapes[source])
    place = tuple(int(i) for i in at)
    reads: list[Indices] = [*nowhere[:source], single(place), *nowhere[source + 1 :]]
    return Derivation(Copy(float(cell.inputs[source][place])), tuple(reads))
