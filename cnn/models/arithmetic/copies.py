"""Layers and operations that only move numbers: to the same place, or to another."""

from __future__ import annotations

import numpy as np

from cnn.models.arithmetic.cell import Cell, Derivation, first_output, no_cells, single
from cnn.models.arithmetic.forms import Copy, Indices


def same(cell: Cell) -> Derivation:
    """Return that the number is that of the same place in the input."""
    return Derivation(Copy(float(cell.inputs[0][cell.place])), (single(cell.place),))


def moved(cell: Cell) -> Derivation:
    """Return where the number comes from, or that the layer puts a constant there."""
    return _moved(cell, np.int32)


def framed(cell: Cell) -> Derivation:
    """Return the same of an operation that puts a fraction into a frame."""
    return _moved(cell, np.float64)


def _moved(cell: Cell, kind: type[np.int32 | np.float64]) -> Derivation:
    """Return where the number comes from.

    The layer is applied to the numbers of the cells, 1, 2 and so on, and to the same below zero:
    what changes its sign with them comes from the cell of that number.
    """
    sizes = [values.size for values in cell.inputs]
    firsts = np.cumsum([1, *sizes[:-1]])
    counted = [
        np.arange(first, first + values.size, dtype=kind).reshape(values.shape)
        for first, values in zip(firsts, cell.inputs, strict=True)
    ]
    number = first_output(cell, counted)
    opposite = first_output(cell, [-one for one in counted])
    nowhere = [no_cells(values.ndim) for values in cell.inputs]
    if number == opposite:
        return Derivation(Copy(float(number), is_constant=True), tuple(nowhere))
    source = int(np.searchsorted(firsts, int(number), side="right")) - 1
    shape = cell.inputs[source].shape
    place = tuple(int(i) for i in np.unravel_index(int(number) - int(firsts[source]), shape))
    reads: list[Indices] = [*nowhere[:source], single(place), *nowhere[source + 1 :]]
    return Derivation(Copy(float(cell.inputs[source][place])), tuple(reads))
