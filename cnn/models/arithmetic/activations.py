"""Layers that are a function, and the function that a layer applies to its own result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from cnn.models.arithmetic.cell import Cell, Derivation, Place, across, at, axes_of, numbers, single
from cnn.models.arithmetic.forms import Form, Function, Indices, Product, Shares
from cnn.models.arithmetic.functions import Applied, of_activation, of_layer, prelu, sigmoid


def function(cell: Cell) -> Derivation | None:
    """Return the derivation of a layer that is a function."""
    return _of_input(cell, of_layer(cell.layer))


def given_function(cell: Cell) -> Derivation | None:
    """Return the derivation of an `Activation` layer, which is told its function."""
    import keras

    if cell.layer.activation is keras.activations.glu:
        return _gated(cell, -1)
    return _of_input(cell, of_activation(cell.layer.activation))


def gated(cell: Cell) -> Derivation:
    """Return the derivation of a gated linear unit (Dauphin et al. 2017, equation 1)."""
    return _gated(cell, cell.layer.axis)


def learned_slope(cell: Cell) -> Derivation:
    """Return the derivation of a PReLU, whose slope is learned."""
    slopes = np.broadcast_to(numbers(cell.layer.alpha), cell.shape)
    operand = float(cell.inputs[0][cell.place])
    options = {"alpha": float(slopes[cell.place])}
    return Derivation(Function("prelu", operand, prelu, options), (single(cell.place),))


def activated(cell: Cell, derive: Callable[[Cell, Place], Derivation]) -> Derivation | None:
    """Return what the layer's `activation` makes of what `derive` says of a place in its output.

    None where the function is not known and is asked for.
    """
    here = derive(cell, cell.place)
    if cell.before_activation:
        return here
    applied = of_activation(cell.layer.activation)
    if applied is None:
        return None
    if applied.name == "linear":
        return here
    if not applied.takes_several:
        operand, slack = here.form.value, here.form.tolerance
        after = Function(applied.name, operand, applied.function, applied.options, slack)
        return replace(here, activation=after)
    if getattr(cell.layer, "data_format", None) == "channels_first":
        return None
    cells = across(cell.shape, cell.place, axes_of(applied.axis, len(cell.shape)))
    keeping = replace(cell, kept={})
    sums = [derive(keeping, tuple(place)).form for place in cells.tolist()]
    return replace(here, activation=_shares(applied, cells, cell.place, sums))


def _shares(applied: Applied, cells: Indices, place: Place, sums: list[Form]) -> Shares:
    logits = np.array([form.value for form in sums])
    slack = max(form.tolerance for form in sums)
    return Shares(applied.name, logits, _index(cells, place), applied.function, slack)


def _of_input(cell: Cell, applied: Applied | None) -> Derivation | None:
    values = cell.inputs[0]
    if applied is None:
        return None
    if not applied.takes_several:
        operand = float(values[cell.place])
        form = Function(applied.name, operand, applied.function, applied.options)
        return Derivation(form, (single(cell.place),))
    cells = across(cell.shape, cell.place, axes_of(applied.axis, len(cell.shape)))
    logits = at(values, cells)
    return Derivation(
        Shares(applied.name, logits, _index(cells, cell.place), applied.function), (cells,)
    )


def _index(cells: Indices, place: Place) -> int:
    """Return which of the cells is at the place."""
    return int(np.flatnonzero((cells == np.array(place)).all(axis=1))[0])


def _gated(cell: Cell, along: int) -> Derivation:
    """Return the derivation of one half of the input times the sigmoid of the other."""
    values = cell.inputs[0]
    (axis,) = axes_of(along, values.ndim)
    gate = list(cell.place)
    gate[axis] += values.shape[axis] // 2
    opening = Function("sigmoid", float(values[tuple(gate)]), sigmoid)
    passed = float(values[cell.place])
    form = Product(np.array([passed, opening.value]), np.ones(2), (opening,))
    return Derivation(form, (np.array([cell.place, gate], np.int64),))
