"""Layers that scale and shift each number, by statistics learned or taken of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from cnn.models.arithmetic.cell import (
    Cell,
    Derivation,
    across,
    at,
    axes_of,
    grid,
    numbers,
    single,
    weighted,
)
from cnn.models.arithmetic.forms import Indices, Normalised, Numbers


def batch(cell: Cell) -> Derivation:
    """Return the scale and shift of BatchNormalization (Ioffe & Szegedy 2015, algorithm 2)."""
    layer = cell.layer
    (axis,) = axes_of(layer.axis, len(cell.shape))
    channel = (cell.place[axis],)
    variance = _weight(layer.moving_variance, channel, 1.0)
    form = Normalised(
        _operand(cell),
        _weight(layer.moving_mean, channel, 0.0),
        _root(variance + layer.epsilon),
        _weight(layer.gamma, channel, 1.0),
        _weight(layer.beta, channel, 0.0),
        layer.epsilon,
    )
    return Derivation(form, (single(cell.place),))


def layer(cell: Cell) -> Derivation:
    """Return the scale and shift of LayerNormalization (Ba et al. 2016, equation 4).

    With `rms_scaling` Keras divides by the deviation, and subtracts no mean.
    """
    axes = axes_of(cell.layer.axis, len(cell.shape))
    cells = across(cell.shape, cell.place, axes)
    over = at(cell.inputs[0], cells)
    mean = 0.0 if cell.layer.rms_scaling else float(over.mean())
    return _of_picture(cell, cells, over, mean, tuple(cell.place[axis] for axis in axes))


def group(cell: Cell) -> Derivation:
    """Return the scale and shift of GroupNormalization (Wu & He 2018, equations 1 to 7)."""
    (axis,) = axes_of(cell.layer.axis, len(cell.shape))
    size = cell.shape[axis] // cell.layer.groups
    first = cell.place[axis] // size * size
    ranges = [range(side) for side in cell.shape]
    ranges[axis] = range(first, first + size)
    cells = grid(ranges)
    over = at(cell.inputs[0], cells)
    return _of_picture(cell, cells, over, float(over.mean()), (cell.place[axis],))


def root_mean_square(cell: Cell) -> Derivation:
    """Return the scale of RMSNormalization (Zhang & Sennrich 2019, equation 4)."""
    axes = axes_of(cell.layer.axis, len(cell.shape))
    cells = across(cell.shape, cell.place, axes)
    over = at(cell.inputs[0], cells)
    epsilon = cell.layer.epsilon
    gamma = _weight(cell.layer.scale, tuple(cell.place[axis] for axis in axes), 1.0)
    deviation = _root(float((over**2).mean()) + epsilon)
    form = Normalised(_operand(cell), 0.0, deviation, gamma, epsilon=epsilon, over=over)
    return Derivation(form, (cells,))


def unit(cell: Cell) -> Derivation:
    """Return the scale of UnitNormalization: 1 / the Euclidean norm."""
    cells = across(cell.shape, cell.place, axes_of(cell.layer.axis, len(cell.shape)))
    over = at(cell.inputs[0], cells)
    norm = max(_root(float((over**2).sum())), 1e-12)
    return Derivation(Normalised(_operand(cell), 0.0, norm, over=over), (cells,))


def of_dataset(cell: Cell) -> Derivation:
    """Return the scale and shift of Normalization, by the mean and variance of a data set."""
    import keras

    mean = _spread(cell.layer.mean, cell)
    deviation = max(_root(_spread(cell.layer.variance, cell)), keras.config.epsilon())
    if cell.layer.invert:
        return Derivation(weighted([_operand(cell)], [deviation], bias=mean), (single(cell.place),))
    return Derivation(Normalised(_operand(cell), mean, deviation), (single(cell.place),))


def rescaling(cell: Cell) -> Derivation:
    """Return the scale and shift that a Rescaling states."""
    scale, offset = _spread(cell.layer.scale, cell), _spread(cell.layer.offset, cell)
    return Derivation(weighted([_operand(cell)], [scale], bias=offset), (single(cell.place),))


def _of_picture(
    cell: Cell, cells: Indices, over: Numbers, mean: float, place: tuple[int, ...]
) -> Derivation:
    """Return the scale and shift by the deviation of the numbers `over`, at `cells`.

    `place` is the index of the weights.
    """
    layer = cell.layer
    form = Normalised(
        _operand(cell),
        mean,
        _root(float(over.var()) + layer.epsilon),
        _weight(layer.gamma, place, 1.0),
        _weight(layer.beta, place, 0.0),
        layer.epsilon,
        over,
    )
    return Derivation(form, (cells,))


def _operand(cell: Cell) -> float:
    return float(cell.inputs[0][cell.place])


def _weight(weights: Any, place: tuple[int, ...], missing: float) -> float:
    """Return one weight, or what stands for it where the layer has none."""
    return missing if weights is None else float(numbers(weights)[place])


def _root(square: float) -> float:
    return float(np.sqrt(square))


def _spread(setting: Any, cell: Cell) -> float:
    """Return what a setting, of all cells or of each channel, is for the cell."""
    return float(np.broadcast_to(numbers(setting), (1, *cell.shape))[(0, *cell.place)])
