"""Layers and operations that only move numbers: to the same place, or to another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.models.arithmetic.cell import Cell, Derivation, no_cells, single
from cnn.models.arithmetic.forms import Copy, Indices, Mask
from cnn.models.graph import Call


def same(cell: Cell) -> Derivation:
    """Return that the number is that of the same place in the input."""
    return Derivation(Copy(float(cell.inputs[0][cell.place])), (single(cell.place),))


def moved(cell: Cell) -> Derivation:
    """Return where the number comes from, or that the layer puts a constant there."""
    return _moved(cell, np.int32)


def framed(cell: Cell) -> Derivation:
    """Return the same of an operation that puts a fraction into a frame."""
    return _moved(cell, np.float64)


def origins(
    call: Call,
    shapes: Sequence[tuple[int, ...]],
    kind: type[np.int32 | np.float64] = np.int32,
) -> tuple[NDArray[Any], Mask]:
    """Return which number of its inputs each number of a call's output is, and where it is none.

    The numbers of all inputs, of the given shapes, are counted from 1. Where the second array says so,
    the layer puts a constant, which then stands in the first.

    The layer is applied to the numbers of the cells, 1, 2 and so on, and to the same below zero:
    what changes its sign with them comes from the cell of that number.
    """
    sizes = [int(np.prod(shape)) for shape in shapes]
    counted = [
        np.arange(first, first + size, dtype=kind).reshape(shape)
        for first, size, shape in zip(_firsts(sizes), sizes, shapes, strict=True)
    ]
    numbers, opposite = (
        np.asarray(call.units([sign * one[None] for one in counted])[0])[0] for sign in (1, -1)
    )
    return numbers, numbers == opposite


def _moved(cell: Cell, kind: type[np.int32 | np.float64]) -> Derivation:
    """Return where the number comes from."""
    shapes = [values.shape for values in cell.inputs]
    numbers, is_constant = origins(cell.call, shapes, kind)
    number = numbers[cell.place]
    nowhere = [no_cells(values.ndim) for values in cell.inputs]
    if is_constant[cell.place]:
        return Derivation(Copy(float(number), is_constant=True), tuple(nowhere))
    firsts = _firsts([values.size for values in cell.inputs])
    source = int(np.searchsorted(firsts, int(number), side="right")) - 1
    at = np.unravel_index(int(number) - int(firsts[source]), shapes[source])
    place = tuple(int(i) for i in at)
    reads: list[Indices] = [*nowhere[:source], single(place), *nowhere[source + 1 :]]
    return Derivation(Copy(float(cell.inputs[source][place])), tuple(reads))


def _firsts(sizes: Sequence[int]) -> Indices:
    """Return the number of the first cell of each input."""
    return np.cumsum([1, *sizes[:-1]])
