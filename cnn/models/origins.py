"""Which number of its inputs each number of an output is, where a layer only moves them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.models.graph import Call

Mask = NDArray[np.bool_]


def firsts(sizes: Sequence[int]) -> NDArray[np.int64]:
    """Return the number of the first cell of each input, of so many cells: all are counted from 1."""
    return np.cumsum([1, *sizes[:-1]])


def origins(
    call: Call, shapes: Sequence[tuple[int, ...]], part: int = 0, first: Collection[str] = ()
) -> tuple[NDArray[Any], Mask]:
    """Return which number of its inputs each number of a call's output is, and where it is none.

    Both are of the shape of that output of the layer, the one of number `part`, for a batch of one. The
    numbers of all inputs are counted from 1, in the given shapes, which have channels last where the
    layer takes them first, from the calls named in `first`. Where the second array says so, the layer
    puts a constant, which then stands in the first. Raises `ModelError` as `Call.outputs` does.

    The layer is applied to the numbers of the cells, 1, 2 and so on, and to the same below zero:
    what changes its sign with them comes from the cell of that number.
    """
    import keras
    import tensorflow as tf

    # A layer makes fractions as short as its own precision, an operation may not take whole numbers.
    kind = np.int32 if isinstance(call.layer, keras.Layer) else np.float64
    sizes = [int(np.prod(shape)) for shape in shapes]
    counted = [
        np.arange(start, start + size, dtype=kind).reshape(shape)
        for start, size, shape in zip(firsts(sizes), sizes, shapes, strict=True)
    ]
    given = [
        np.moveaxis(one, -1, 0) if name in first else one
        for one, name in zip(counted, call.inputs, strict=True)
    ]
    # It may be asked while a function is traced, in which there are no numbers.
    with tf.init_scope():
        numbers, opposite = (
            np.asarray(call.units([sign * one[None] for one in given])[part]) for sign in (1, -1)
        )
    return numbers, numbers == opposite
