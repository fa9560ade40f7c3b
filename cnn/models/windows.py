"""Which places a sliding window reads along one axis, as TensorFlow counts them.

Dumoulin & Visin 2016 (arXiv:1603.07285), sections 2 and 4. Where "same" adds an odd number of zeros,
the one more stands at the end.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from cnn.models.graph import Call

Places = NDArray[np.int64]


def sides_of(value: Any) -> tuple[int, ...] | None:
    """Return a layer's setting as a number per axis; None where it has none."""
    if value is None:
        return None
    return (value,) if isinstance(value, int) else tuple(int(v) for v in value)


def window_of(layer: Any) -> tuple[int, ...] | None:
    """Return the window that slides over the maps, a kernel's or a pool's; None without one."""
    return sides_of(getattr(layer, "kernel_size", None) or getattr(layer, "pool_size", None))


@dataclass(frozen=True)
class Window:
    """The settings of an operation's window, a number for each axis, named as those of layers are."""

    kernel_size: tuple[int, ...]
    strides: tuple[int, ...]
    dilation_rate: tuple[int, ...]
    padding: str


def sliding(call: Call) -> Any:
    """Return what has the settings of the window that a call slides over its input: its layer, mostly.

    Operations may give one number for all axes, and a convolution has the size in its kernel alone.
    """
    import keras

    layer = call.layer
    if isinstance(layer, keras.Layer) or not hasattr(layer, "strides"):
        return layer
    rank = len(call.output_shape) - 1
    size = window_of(layer) or tuple(int(side or 0) for side in call.operand_shapes[1][:-2])
    apart = getattr(layer, "dilation_rate", 1)
    spread = (sides_of(sides) or size for sides in (size, layer.strides, apart))
    window, strides, dilation = (sides if len(sides) > 1 else sides * rank for sides in spread)
    return Window(window, strides, dilation, layer.padding)


def adaptive_taps(cells: Places, size: int, length: int) -> Places:
    """Return as `taps` does what cells of an adaptive pooling read, whose output has `length`."""
    first, last = cells * size // length, -(-(cells + 1) * size // length)
    places = first[:, None] + np.arange(ceil(size / length) + 1)
    return np.where(places < last[:, None], places, -1)


def taps(layer: Any, axis: int, cells: Places, size: int) -> Places:
    """Return the places among `size` that each cell of the output reads, (n, window); -1: none.

    The layer is a convolution or a pooling; a place is none where its zeros stand.
    """
    reach, step = _window(layer, axis)
    covered = int(reach[-1]) + 1
    return inside(cells[:, None] * step + reach - _before(layer, size, covered, step), size)


def transposed_taps(layer: Any, axis: int, cells: Places, size: int, length: int) -> Places:
    """Return as `taps` does what cells of a transposed convolution read, whose output has `length`."""
    reach, step = _window(layer, axis)
    moved = cells[:, None] + _before(layer, length, int(reach[-1]) + 1, step) - reach
    return inside(np.where(moved % step == 0, moved // step, -1), size)


def inside(places: Places, size: int) -> Places:
    """Return the places, -1 in place of those that are not among `size`."""
    return np.where((places >= 0) & (places < size), places, -1)


def _window(layer: Any, axis: int) -> tuple[Places, int]:
    """Return how far from the first place each place in the window is, and the stride."""
    width, step, apart = (
        1 if sides is None else sides[axis]
        for sides in (
            window_of(layer),
            sides_of(layer.strides),
            sides_of(getattr(layer, "dilation_rate", None)),
        )
    )
    return np.arange(width) * apart, step


def _before(layer: Any, size: int, covered: int, step: int) -> int:
    """Return how many zeros stand before a map of that size."""
    if layer.padding == "causal":
        return covered - 1
    if layer.padding == "valid":
        return 0
    return int(max((-(-size // step) - 1) * step + covered - size, 0) // 2)
