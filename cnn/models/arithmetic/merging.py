"""Layers and operations that make one number of one number of each of their inputs.

An operation of `keras.ops` may have constants among its arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from cnn.models.arithmetic.cell import (
    Cell,
    Derivation,
    Place,
    Rule,
    across,
    at,
    axes_of,
    no_cells,
    numbers,
    single,
    weighted,
)
from cnn.models.arithmetic.forms import Choice, Form, Indices, Numbers, Product


@dataclass(frozen=True)
class _Marker:
    """The place of an input among the arguments of a call."""

    number: int


@dataclass(frozen=True)
class _Operand:
    """One number that goes in: of the input `number`, at `place`; a constant has neither."""

    value: float
    number: int | None = None
    place: Place = ()


def _rule(form_of: Callable[[Numbers], Form]) -> Rule:
    def rule(cell: Cell) -> Derivation:
        operands = list(_operands(cell))
        form = form_of(np.array([operand.value for operand in operands]))
        return Derivation(form, _reads(cell, operands))

    return rule


added = _rule(lambda values: weighted(values, np.ones(len(values))))
subtracted = _rule(lambda values: weighted(values, [1, -1]))
multiplied = _rule(lambda values: Product(values, np.ones(len(values))))
divided = _rule(lambda values: Product(values, np.array([1.0, -1.0])))
_mean = _rule(lambda values: weighted(values, np.full(len(values), 1 / len(values))))
largest = _rule(lambda values: Choice(values, np.ones(len(values), bool)))
smallest = _rule(lambda values: Choice(values, np.ones(len(values), bool), takes_largest=False))


def averaged(cell: Cell) -> Derivation | None:
    """Return the mean of the inputs of a layer; None for an operation, which may weight them."""
    return _mean(cell) if _is_layer(cell) else None


def raised(cell: Cell) -> Derivation | None:
    """Return the power of a number; None where the exponent is no constant."""
    base, exponent = _operands(cell)
    if exponent.number is not None or base.number is None:
        return None
    form = Product(np.array([base.value]), np.array([exponent.value]))
    return Derivation(form, _reads(cell, [base]))


def largest_along(cell: Cell) -> Derivation | None:
    """Return the choice of the largest along the axes of an operation."""
    return _chosen_along(cell, takes_largest=True)


def smallest_along(cell: Cell) -> Derivation | None:
    """Return the choice of the smallest along the axes of an operation."""
    return _chosen_along(cell, takes_largest=False)


def dot(cell: Cell) -> Derivation | None:
    """Return the sum of products of a line of one input and a line of another.

    None for the operation, which multiplies whole arrays.
    """
    if not _is_layer(cell):
        return None
    first, second = cell.inputs
    axes = cell.layer.axes
    one, other = (axes, axes) if isinstance(axes, int) else axes
    (along,), (beside,) = axes_of(one, first.ndim), axes_of(other, second.ndim)
    rest = first.ndim - 1
    lines = (
        _line(first.shape, cell.place[:rest], along),
        _line(second.shape, cell.place[rest : rest + second.ndim - 1], beside),
    )
    values, weights = (at(x, line) for x, line in zip(cell.inputs, lines, strict=True))
    if cell.layer.normalize:
        values, weights = _normalised(values), _normalised(weights)
    return Derivation(weighted(values, weights), lines)


def _is_layer(cell: Cell) -> bool:
    """Whether it is a layer that is called, not an operation of the same name."""
    import keras

    return isinstance(cell.layer, keras.layers.Layer)


def _line(shape: tuple[int, ...], place: Place, axis: int) -> Indices:
    """Return the cells along an axis; `place` has the index on all other axes."""
    return across(shape, (*place[:axis], 0, *place[axis:]), [axis])


def _normalised(values: Numbers) -> Numbers:
    """Return the line divided by its Euclidean norm."""
    norm = np.linalg.norm(values)
    return values / norm if norm else values


def _chosen_along(cell: Cell, *, takes_largest: bool) -> Derivation | None:
    (values,), layer = cell.inputs, cell.layer
    if getattr(layer, "initial", None) is not None:
        return None
    axes = axes_of(layer.axis, values.ndim)
    rest = [axis for axis in range(values.ndim) if axis not in axes]
    kept = cell.place if layer.keepdims else None
    place = [0] * values.ndim
    for number, axis in enumerate(rest):
        place[axis] = kept[axis] if kept else cell.place[number]
    cells = across(values.shape, tuple(place), axes)
    candidates = at(values, cells)
    form = Choice(candidates, np.ones(len(candidates), bool), takes_largest)
    return Derivation(form, (cells,))


def _operands(cell: Cell) -> Iterator[_Operand]:
    markers = [_Marker(number) for number in range(len(cell.inputs))]
    arguments, keywords = cell.call.arguments(markers)
    for argument in _flat([arguments, list(keywords.values())]):
        if isinstance(argument, _Marker):
            values = cell.inputs[argument.number]
            place = _broadcast(values.shape, cell.place)
            yield _Operand(float(values[place]), argument.number, place)
        else:
            constant = numbers(argument)
            yield _Operand(float(constant[_broadcast(constant.shape, (0, *cell.place))]))


def _flat(arguments: Any) -> Iterator[Any]:
    """Yield the arguments of a call, those in lists one by one; None is none."""
    if isinstance(arguments, list | tuple):
        for argument in arguments:
            yield from _flat(argument)
    elif arguments is not None:
        yield arguments


def _broadcast(shape: tuple[int, ...], place: Place) -> Place:
    """Return the index that a place of the output has in an input of another shape."""
    aligned = place[len(place) - len(shape) :]
    return tuple(0 if side == 1 else index for side, index in zip(shape, aligned, strict=True))


def _reads(cell: Cell, operands: list[_Operand]) -> tuple[Indices, ...]:
    return tuple(
        np.concatenate(
            [no_cells(values.ndim), *[single(o.place) for o in operands if o.number == number]]
        )
        for number, values in enumerate(cell.inputs)
    )
