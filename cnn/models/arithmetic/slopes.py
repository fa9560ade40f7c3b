"""What follows from the derivative of one number by the layer's inputs.

Of a layer that is linear the derivative is all: the weights of a sum. Of any other it says how the
number changes, and proves nothing.
"""

from __future__ import annotations

import numpy as np

from cnn.models.arithmetic.cell import Cell, Derivation, Floats, at, first_output, weighted
from cnn.models.arithmetic.copies import moved
from cnn.models.arithmetic.forms import Gradient, Indices, Numbers
from cnn.models.arithmetic.functions import of_activation


def linear(cell: Cell) -> Derivation | None:
    """Return the weighted sum that a layer is which is linear in its one input.

    None for several inputs, which it may multiply.
    """
    if len(cell.inputs) > 1:
        return None
    slopes = _slopes(cell)
    reads = tuple(np.argwhere(slope) for slope in slopes)
    offset = float(first_output(cell, [np.zeros_like(values) for values in cell.inputs]))
    return Derivation(weighted(_read(cell.inputs, reads), _read(slopes, reads), bias=offset), reads)


def linear_unless_activated(cell: Cell) -> Derivation | None:
    """Return the weighted sum that a layer is as long as it has no activation."""
    applied = of_activation(cell.layer.activation)
    return linear(cell) if applied and applied.name == "linear" else None


def interpolated(cell: Cell) -> Derivation | None:
    """Return where a layer that enlarges or shrinks takes a number, or mixes it, from."""
    interpolation = getattr(cell.layer, "interpolation", "nearest")
    return moved(cell) if interpolation == "nearest" else linear(cell)


def cropped(cell: Cell) -> Derivation | None:
    """Return where a layer takes a number from that cuts out its middle, or shrinks to it."""
    before, after = cell.inputs[0].shape, cell.shape
    is_cut = all(size >= side for size, side in zip(before, after, strict=True))
    return moved(cell) if is_cut else linear(cell)


def gradient(cell: Cell) -> Derivation:
    """Return how the number changes with each input that it depends on."""
    slopes = _slopes(cell)
    reads = tuple(np.argwhere(slope) for slope in slopes)
    form = Gradient(_read(cell.inputs, reads), _read(slopes, reads))
    return Derivation(form, reads, status="gradient")


def _slopes(cell: Cell) -> tuple[Floats, ...]:
    """Return the derivatives of the number by each input, in the inputs' shapes.

    They are zero where TensorFlow knows none.
    """
    import tensorflow as tf

    tensors = [tf.constant(values[None]) for values in cell.inputs]
    with tf.GradientTape() as tape:
        tape.watch(tensors)
        number = tf.gather_nd(cell.call.units(tensors)[0], [(0, *cell.place)])
    try:
        slopes = tape.gradient(number, tensors, unconnected_gradients="zero")
    except LookupError:
        return tuple(np.zeros_like(values) for values in cell.inputs)
    return tuple(tf.convert_to_tensor(slope).numpy()[0] for slope in slopes)


def _read(arrays: tuple[Floats, ...], reads: tuple[Indices, ...]) -> Numbers:
    return np.concatenate([at(array, cells) for array, cells in zip(arrays, reads, strict=True)])
