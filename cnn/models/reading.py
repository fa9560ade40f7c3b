"""Which cells of its input a layer reads, by kind of layer.

A cell is a place in a layer's output, with all channels that it has there: (row, column) of maps, a
number of a vector. Most layers read along each axis by itself (`Along`), some write their numbers in
another shape (`Rearranged`), and some read everything (`Everything`). Which cells of the output a cell
of the input reaches is the same reading, `turned`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.models import windows
from cnn.models.receptive import window_of
from cnn.models.windows import Places

if TYPE_CHECKING:
    from cnn.models.graph import Call

Mask = NDArray[np.bool_]
Sides = tuple[int, ...]
Certainty = Literal["exact", "upper bound", "depends on the data"]


def concrete(shape: Iterable[int | None]) -> Sides:
    """Return the shape of a layer that leaves no size open."""
    return tuple(int(side or 0) for side in shape)


def cells(shape: Iterable[int | None]) -> Sides:
    """Return the shape of the cells of an output: without its channels, or (units,) of a vector."""
    sides = concrete(shape)
    return sides[:-1] or sides


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """Which cells of its input a layer reads for which cells of its output.

    `is_parted` says that a cell does not read all channels of another.
    """

    certainty: Certainty = "exact"
    is_parted: bool = False

    def read(self, mask: Mask) -> Mask:
        """Return the cells of the input that the marked cells of the output read."""
        raise NotImplementedError

    @property
    def turned(self) -> Reading:
        """The reading with input and output exchanged."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False)
class Everything(Reading):
    """Each cell reads all cells; `before` and `after` are the shapes of those."""

    before: Sides
    after: Sides

    def read(self, mask: Mask) -> Mask:
        """Return all cells if any is marked."""
        return np.full(self.before, mask.any())

    @property
    def turned(self) -> Everything:
        """Each cell reaches all cells."""
        return replace(self, before=self.after, after=self.before)


@dataclass(frozen=True, eq=False)
class Axis:
    """What is read along one axis.

    `taps` are the places that each place of the output reads, int (after, most), `readers` the places
    that read each place of the input, int (before, most); -1: none.
    """

    taps: Places
    readers: Places

    def read(self, mask: Mask, axis: int) -> Mask:
        """Return the mask over the input along its axis `axis`, and over the output along others."""
        marked = np.moveaxis(mask, axis, 0)
        marked = np.concatenate([marked, np.zeros((1, *marked.shape[1:]), bool)])
        found = np.zeros((len(self.readers), *marked.shape[1:]), bool)
        for readers in self.readers.T:
            found |= marked[readers]
        return np.moveaxis(found, 0, axis)

    @property
    def turned(self) -> Axis:
        """The axis with input and output exchanged."""
        return Axis(self.readers, self.taps)


def axis_of(taps: Places, size: int) -> Axis | None:
    """Return what `taps` read of `size` places; None where each place reads the one in its place."""
    taps = windows.inside(taps, size)
    if np.array_equal(taps, np.arange(size)[:, None]):
        return None
    return Axis(taps, _readers(taps, size))


def _readers(taps: Places, size: int) -> Places:
    """Return for each of `size` places those whose taps name it, (size, most); -1: none."""
    readers, numbers = np.nonzero(taps >= 0)
    read = taps[readers, numbers]
    order = np.argsort(read, kind="stable")
    readers, read = readers[order], read[order]
    rank = np.arange(len(read)) - np.searchsorted(read, read)
    found: Places = np.full((size, int(rank.max(initial=-1)) + 1), -1)
    found[read, rank] = readers
    return found


@dataclass(frozen=True, eq=False)
class Along(Reading):
    """Each axis is read by itself; None: each cell reads the one in its place."""

    axes: tuple[Axis | None, ...]

    def read(self, mask: Mask) -> Mask:
        """Return the cells read, axis by axis."""
        for number, axis in enumerate(self.axes):
            mask = mask if axis is None else axis.read(mask, number)
        return mask

    @property
    def turned(self) -> Along:
        """The same axes, each turned."""
        return replace(self, axes=tuple(axis and axis.turned for axis in self.axes))


@dataclass(frozen=True, eq=False)
class Rearranged(Reading):
    """The numbers of an input (*before) as an output (*after).

    They keep their order, or the axes of the input stand in another: axis `order[i]` as the i-th.
    """

    before: Sides
    after: Sides
    order: Sides | None = None

    def read(self, mask: Mask) -> Mask:
        """Return the cells that hold a number of a marked cell."""
        numbers = np.broadcast_to(mask if len(self.after) == 1 else mask[..., None], self.after)
        if self.order is None:
            numbers = numbers.reshape(self.before)
        else:
            numbers = numbers.transpose(np.argsort(self.order))
        return numbers if len(self.before) == 1 else np.asarray(numbers.any(axis=-1))

    @property
    def turned(self) -> Rearranged:
        """The numbers of the output as the input."""
        order = self.order and tuple(np.argsort(self.order).tolist())
        return replace(self, before=self.after, after=self.before, order=order)


Rule = Callable[["Call", int], Reading]


def unknown(call: Call, number: int) -> Reading:
    """Return the reading of a layer of which nothing is known: it may read everything."""
    return Everything(*_cells(call, number), certainty="upper bound")


def attended(call: Call, number: int) -> Reading:
    """Return the reading of attention: how much is read of which cell, the picture decides."""
    return Everything(*_cells(call, number), certainty="depends on the data")


def everything(call: Call, number: int) -> Reading:
    """Return the reading of a layer each cell of which reads all cells."""
    return Everything(*_cells(call, number))


def pooled(call: Call, number: int) -> Reading:
    """Return the reading of a pooling over all places, each channel by itself."""
    return Everything(*_cells(call, number), is_parted=True)


def in_place(call: Call, number: int) -> Reading:
    """Return the reading of a layer that works cell by cell; a side of one cell is read by all."""
    before, after = _cells(call, number)
    sides = list(zip(before, after, strict=False))
    fits = all(size in (1, length) for size, length in sides)
    if len(call.input_shapes[number]) != len(call.output_shape) or not fits:
        return unknown(call, number)
    return Along(tuple(_all(*side) if side[0] != side[1] else None for side in sides))


def across(call: Call, number: int, axes: Collection[int] = (-1,)) -> Reading:
    """Return the reading of a layer that mixes the numbers along some axes, here the last."""
    before, after = _cells(call, number)
    rank = len(call.output_shape)
    mixed = {axis % rank for axis in axes}
    if len(before) != len(after):
        return unknown(call, number)
    if mixed.issuperset(range(len(after))):
        return everything(call, number)
    sides = zip(before, after, strict=True)
    return Along(tuple(_all(*side) if axis in mixed else None for axis, side in enumerate(sides)))


def along_axis(call: Call, number: int) -> Reading:
    """Return the reading of a layer that mixes the numbers along its `axis`, one or several."""
    return across(call, number, _axes(call))


def activated(call: Call, number: int) -> Reading:
    """Return the reading of an activation: number by number, but for those that divide by a sum."""
    import keras

    function = call.layer.activation
    name = getattr(function, "__name__", "")
    if getattr(keras.activations, name, None) is not function:
        return unknown(call, number)
    divides = name in ("softmax", "log_softmax", "sparsemax")
    return across(call, number) if divides else in_place(call, number)


def windowed(call: Call, number: int) -> Reading:
    """Return the reading of a window that slides over its input."""
    return _slid(call, number, partial(windows.taps, call.layer))


def transposed(call: Call, number: int) -> Reading:
    """Return the reading of a transposed convolution, which spreads each cell over a window."""

    def taps(axis: int, places: Places, size: int) -> Places:
        return windows.transposed_taps(call.layer, axis, places, size, len(places))

    return _slid(call, number, taps)


def padded(call: Call, number: int) -> Reading:
    """Return the reading of a layer that puts a frame around its input."""
    return _shifted(call, number, -np.reshape(call.layer.padding, (-1, 2))[:, 0])


def cropped(call: Call, number: int) -> Reading:
    """Return the reading of a layer that cuts a frame off its input."""
    return _shifted(call, number, np.reshape(call.layer.cropping, (-1, 2))[:, 0])


def beside(call: Call, number: int) -> Reading:
    """Return the reading of one of several inputs that are put side by side along the `axis`."""
    (axis,) = _axes(call)
    lengths = [int(shape[axis] or 0) for shape in call.input_shapes]
    if sum(lengths) != call.output_shape[axis]:
        return unknown(call, number)
    offsets = np.zeros(len(call.output_shape), int)
    offsets[axis] = -sum(lengths[:number])
    return _shifted(call, number, offsets)


def resampled(call: Call, number: int) -> Reading:
    """Return the reading of a layer that gives its maps another size."""
    layer = call.layer
    taps = _INTERPOLATIONS.get(getattr(layer, "interpolation", "nearest"))
    others = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    if taps is None or any(getattr(layer, other, False) for other in others):
        return unknown(call, number)
    sides = zip(*_cells(call, number), strict=True)
    return Along(tuple(axis_of(taps(size, length), size) for size, length in sides))


def rearranged(call: Call, number: int) -> Reading:
    """Return the reading of a layer that writes its numbers, in their order, in another shape."""
    return Rearranged(
        concrete(call.input_shapes[number]), concrete(call.output_shape), is_parted=True
    )


def permuted(call: Call, number: int) -> Reading:
    """Return the reading of a layer that puts its axes in another order."""
    order = tuple(axis - 1 for axis in call.layer.dims)
    return Rearranged(
        concrete(call.input_shapes[number]), concrete(call.output_shape), order, is_parted=True
    )


def _cells(call: Call, number: int) -> tuple[Sides, Sides]:
    """Return the shapes of the cells of the layer's input `number` and of its output."""
    return cells(call.input_shapes[number]), cells(call.output_shape)


def _axes(call: Call) -> list[int]:
    """Return the layer's `axis` as numbers of axes without that of the batch."""
    rank, axis = len(call.output_shape), call.layer.axis
    several = axis if isinstance(axis, Iterable) else [axis]
    return [int(one) % (rank + 1) - 1 for one in several]


def _all(size: int, length: int) -> Axis:
    """Return the axis along which each of `length` places reads all of `size`."""
    return Axis(
        np.broadcast_to(np.arange(size), (length, size)),
        np.broadcast_to(np.arange(length), (size, length)),
    )


def _slid(call: Call, number: int, taps: Callable[[int, Places, int], Places]) -> Reading:
    """Return the reading of a window whose `taps` are given for an axis, its cells and its size."""
    before, after = _cells(call, number)
    if len(window_of(call.layer) or ()) != len(after) or len(before) != len(after):
        return unknown(call, number)
    sides = enumerate(zip(before, after, strict=True))
    return Along(
        tuple(axis_of(taps(i, np.arange(length), size), size) for i, (size, length) in sides)
    )


def _shifted(call: Call, number: int, offsets: NDArray[np.int64]) -> Reading:
    """Return the reading of cells that each read the one so many places further on."""
    sides = zip(*_cells(call, number), offsets, strict=False)
    return Along(
        tuple(axis_of(np.arange(length)[:, None] + by, size) for size, length, by in sides)
    )


def _nearest(size: int, length: int) -> Places:
    """Return the place under the middle of each of `length` places that share `size`."""
    return (2 * np.arange(length)[:, None] + 1) * size // (2 * length)


def _bilinear(size: int, length: int) -> Places:
    """Return the two places between whose middles the middle of each of `length` places lies."""
    doubled = (2 * np.arange(length)[:, None] + 1) * size - length
    both = np.concatenate([doubled // (2 * length), -(-doubled // (2 * length))], axis=1)
    return both.clip(0, size - 1)


_INTERPOLATIONS = {"nearest": _nearest, "bilinear": _bilinear}
