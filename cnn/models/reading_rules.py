"""The rules by which layers read their inputs: one for each way, named in `cnn.models.kinds`.

A rule gets a call with all sizes known, and the number of one of its inputs.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from functools import partial, reduce
from math import prod
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnn.errors import ModelError
from cnn.models import former, windows
from cnn.models.attending import attended_axes, free_axes
from cnn.models.internals import is_known
from cnn.models.origins import firsts, origins
from cnn.models.reading import (
    NOWHERE,
    Along,
    Channels,
    Everything,
    Moved,
    Reading,
    Sides,
    Span,
    all_of,
    axis_of,
    cells,
    concrete,
)
from cnn.models.windows import Places, window_of

if TYPE_CHECKING:
    from cnn.models.graph import Call

Rule = Callable[["Call", int], Reading]
# Of more numbers it is not tried where they are moved to: their places alone would take much memory.
_MOST_MOVED = 2**25


def unknown(call: Call, number: int) -> Reading:
    """Return the reading of a layer of which nothing is known: it may read everything."""
    return Everything(*_cells(call, number), _mixed(call, number), certainty="upper bound")


def nothing(call: Call, number: int) -> Reading:
    """Stand for the reading of a layer that has its numbers from elsewhere: no step leads to it."""
    raise AssertionError(f"{call.name} reads nothing of its input {number}.")


def attended(call: Call, number: int) -> Reading:
    """Return the reading of attention: how much is read of which other cell, the picture decides."""
    shape = call.input_shapes[number]
    axes = attended_axes(call.layer, shape)
    if len(shape) == len(call.output_shape) and free_axes(axes, shape):
        reading = across(call, number, (*axes, -1))
    else:
        reading = everything(call, number)
    if axes == (len(shape) - 1,):
        return reading
    return replace(reading, certainty="depends on the data")


def everything(call: Call, number: int) -> Reading:
    """Return the reading of a layer each cell of which reads all cells."""
    return Everything(*_cells(call, number), _mixed(call, number))


def normalised_in_groups(call: Call, number: int) -> Reading:
    """Return the reading of a layer that mixes all cells of each group of channels."""
    groups = call.layer.groups if _axes(call) == [len(call.output_shape) - 1] else 1
    return Everything(*_cells(call, number), _in_groups(call, number, groups))


def recurrent(call: Call, number: int) -> Reading:
    """Return the reading of a layer that goes from row to row, and reads at each all before it."""
    layer, (before, after) = call.layer, _cells(call, number)
    goes_both_ways = getattr(layer, "backward_layer", None) is not None
    if goes_both_ways or not layer.return_sequences:
        return everything(call, number)
    if number or len(before) != 1 or before != after:
        return unknown(call, number)
    rows, all_rows = np.arange(after[0])[:, None], np.arange(before[0])[None, :]
    first = after[0] - 1 - rows if layer.go_backwards else 0
    last = rows if not layer.go_backwards else before[0] - 1
    is_read = (all_rows >= first) & (all_rows <= last)
    rows_read = axis_of(np.where(is_read, all_rows, -1), before[0])
    return Along((rows_read,), _mixed(call, number))


def pooled(call: Call, number: int) -> Reading:
    """Return the reading of a pooling over all places, each channel by itself."""
    return Everything(*_cells(call, number), _kept(call, number))


def in_place(call: Call, number: int) -> Reading:
    """Return the reading of a layer that works number by number; a side of one cell is read by all."""
    before, after = _cells(call, number)
    sides = list(zip(before, after, strict=False))
    fits = all(size in (1, length) for size, length in sides)
    if len(call.input_shapes[number]) != len(call.output_shape) or not fits:
        return unknown(call, number)
    axes = tuple(all_of(*side) if side[0] != side[1] else None for side in sides)
    return Along(axes, _kept(call, number))


def across(call: Call, number: int, axes: Collection[int] = (-1,)) -> Reading:
    """Return the reading of a layer that mixes the numbers along some axes, here the last."""
    before, after = _cells(call, number)
    rank = len(call.output_shape)
    mixed = {axis % rank for axis in axes}
    if len(before) != len(after):
        return unknown(call, number)
    if mixed.issuperset(range(len(after))):
        return everything(call, number)
    sides = enumerate(zip(before, after, strict=True))
    read = tuple(all_of(*side) if axis in mixed else None for axis, side in sides)
    return Along(read, (_mixed if rank - 1 in mixed else _kept)(call, number))


def along_axis(call: Call, number: int) -> Reading:
    """Return the reading of a layer that mixes the numbers along its `axis`, one or several."""
    return unknown(call, number) if call.layer.axis is None else across(call, number, _axes(call))


def activated(call: Call, number: int) -> Reading:
    """Return the reading of an activation: number by number, but for those that divide by a sum."""
    name = former.name_of(call.layer.activation)
    if name is None:
        return unknown(call, number)
    divides = name in ("softmax", "log_softmax", "sparsemax")
    return across(call, number) if divides else in_place(call, number)


def windowed(call: Call, number: int) -> Reading:
    """Return the reading of a window that slides over its input, over all channels or in groups."""
    groups = getattr(call.layer, "groups", 1)
    return _slid(call, _window(call), number, _in_groups(call, number, groups))


def windowed_apart(call: Call, number: int) -> Reading:
    """Return the reading of a window that slides over each channel by itself."""
    return _slid(call, _window(call), number, _kept(call, number))


def transposed(call: Call, number: int) -> Reading:
    """Return the reading of a transposed convolution, which spreads each cell over a window."""

    def taps(axis: int, places: Places, size: int) -> Places:
        return windows.transposed_taps(call.layer, axis, places, size, len(places))

    return _slid(call, taps, number, _mixed(call, number))


def by_kernel(slid: Rule) -> Rule:
    """Return the rule of an operation that does with a kernel, its second operand, what `slid` reads."""

    def rule(call: Call, number: int) -> Reading:
        operands = tuple(call.node.arguments.args)
        is_slid_over = bool(operands) and call.node.input_tensors[number] is operands[0]
        return slid(call, number) if is_slid_over else unknown(call, number)

    return rule


def adaptive(call: Call, number: int) -> Reading:
    """Return the reading of a pooling that has as many windows as its output has cells."""
    before, after = _cells(call, number)
    if len(before) != len(after):
        return unknown(call, number)
    axes = tuple(
        axis_of(windows.adaptive_taps(np.arange(length), size, length), size)
        for size, length in zip(before, after, strict=True)
    )
    return Along(axes, _kept(call, number))


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
        return moved(call, number)
    offsets = np.zeros(len(call.output_shape), int)
    offsets[axis] = -sum(lengths[:number])
    reading = _shifted(call, number, offsets)
    if axis < len(offsets) - 1:
        return reading
    depth = lengths[number]
    span = Span(sum(lengths[:number]), depth, sum(lengths))
    return replace(reading, channels=Channels(Span(0, depth, depth), span, depth))


def resampled(call: Call, number: int) -> Reading:
    """Return the reading of a layer that gives its maps another size."""
    layer = call.layer
    taps = _INTERPOLATIONS.get(getattr(layer, "interpolation", "nearest"))
    others = ("crop_to_aspect_ratio", "pad_to_aspect_ratio", "antialias")
    if taps is None or any(getattr(layer, other, False) for other in others):
        return unknown(call, number)
    sides = zip(*_cells(call, number), strict=True)
    axes = tuple(axis_of(taps(size, length), size) for size, length in sides)
    return Along(axes, _kept(call, number))


def rearranged(call: Call, number: int) -> Reading:
    """Return the reading of a layer that writes its numbers, in their order, in another shape."""
    before, after = concrete(call.input_shapes[number]), concrete(call.output_shape)
    if prod(before) != prod(after):
        return unknown(call, number)
    steps = [prod(after[axis + 1 :]) for axis in range(len(after))]
    terms = (step * np.arange(side) for step, side in zip(steps, after, strict=True))
    return Moved(before, after, tuple(terms))


def moved(call: Call, number: int, *, first: Collection[str] = (), part: int = 0) -> Reading:
    """Return the reading of a layer that only moves numbers, found by giving it their places.

    `first` are the calls that compute with channels first, `part` is which of the outputs is asked about.
    It is unknown where what is read at a place does not add up from numbers along the axes, as where maps
    are rolled on as one row.
    """
    shapes = [concrete(shape) for shape in call.input_shapes]
    sizes = [prod(shape) for shape in shapes]
    if sum(sizes) > _MOST_MOVED or not is_known(call.layer):
        return unknown(call, number)
    try:
        (*more, numbers), (*_, is_constant) = origins(call, shapes, part, first)
    except ModelError:
        return unknown(call, number)
    if call.turned:
        numbers, is_constant = np.moveaxis(numbers, 0, -1), np.moveaxis(is_constant, 0, -1)
    if more or numbers.shape != call.output_shape:
        return unknown(call, number)
    places = numbers.astype(np.int64) - firsts(sizes)[number]
    is_of_input = ~is_constant & (places >= 0) & (places < sizes[number])
    terms = _terms(np.where(is_of_input, places, -1))
    if terms is None:
        return unknown(call, number)
    reading = Moved(shapes[number], concrete(call.output_shape), terms)
    return _axis_by_axis(reading, _kept(call, number)) or reading


def centred(call: Call, number: int) -> Reading:
    """Return the reading of a layer that cuts out the middle, unless it is to grow to its size."""
    before, after = _cells(call, number)
    if any(size < length for size, length in zip(before, after, strict=True)):
        return unknown(call, number)
    offsets = [(size - length) // 2 for size, length in zip(before, after, strict=True)]
    return _shifted(call, number, np.array(offsets))


def at_each_step(call: Call, number: int, inner: Reading) -> Reading:
    """Return the reading of a layer that does with each slice along its first axis what `inner` reads."""
    before, after = _cells(call, number)
    if isinstance(inner, Moved):
        steps, size = np.arange(after[0]), prod(inner.before)
        shapes = (before[0], *inner.before), (after[0], *inner.after)
        return Moved(*shapes, (size * steps, *inner.terms))
    if len(before) != len(after) or not isinstance(inner, Along | Everything):
        return unknown(call, number)
    sides = zip(before[1:], after[1:], strict=True)
    axes = inner.axes if isinstance(inner, Along) else tuple(all_of(*side) for side in sides)
    of_step = axes[: len(before) - 1]
    return Along((None, *of_step), inner.channels, certainty=inner.certainty)


def _cells(call: Call, number: int) -> tuple[Sides, Sides]:
    """Return the shapes of the cells of the layer's input `number` and of its output."""
    return cells(call.input_shapes[number]), cells(call.output_shape)


def _axes(call: Call) -> list[int]:
    """Return the layer's `axis` as numbers of axes, as they are read, without that of the batch."""
    rank, axis = len(call.output_shape), call.layer.axis
    several = axis if isinstance(axis, Iterable) else [axis]
    return [(int(one) % (rank + 1) - 1 - call.turned) % rank for one in several]


def _in_groups(call: Call, number: int, groups: int) -> Channels:
    """Return channels that read those of their group; the last axis of a vector is one too."""
    return Channels(Span.of(call.input_shapes[number]), Span.of(call.output_shape), groups)


def _mixed(call: Call, number: int) -> Channels:
    """Return channels each of which reads all."""
    return _in_groups(call, number, 1)


def _kept(call: Call, number: int) -> Channels:
    """Return channels each of which reads the one that it comes from; a single one is read by all."""
    before, after = Span.of(call.input_shapes[number]).all, Span.of(call.output_shape).all
    return _in_groups(call, number, before if before and after % before == 0 else 1)


def _window(call: Call) -> Callable[[int, Places, int], Places]:
    """Return the taps of the window that the call slides."""
    return partial(windows.taps, windows.sliding(call))


def _slid(
    call: Call, taps: Callable[[int, Places, int], Places], number: int, channels: Channels
) -> Reading:
    """Return the reading of a window whose `taps` are given for an axis, its cells and its size."""
    before, after = _cells(call, number)
    window = window_of(windows.sliding(call))
    if len(window or ()) != len(after) or len(before) != len(after):
        return unknown(call, number)
    sides = enumerate(zip(before, after, strict=True))
    axes = tuple(axis_of(taps(i, np.arange(length), size), size) for i, (size, length) in sides)
    return Along(axes, channels)


def _shifted(call: Call, number: int, offsets: NDArray[np.int64]) -> Along:
    """Return the reading of cells that each read the one so many places further on."""
    sides = zip(*_cells(call, number), offsets, strict=False)
    axes = tuple(axis_of(np.arange(length)[:, None] + by, size) for size, length, by in sides)
    return Along(axes, _kept(call, number))


def _terms(places: Places) -> tuple[Places, ...] | None:
    """Return numbers along each axis that add up to the places, -1: none; None where there are none."""
    if not places.size:
        return None
    axes = range(places.ndim)
    is_read = [(places >= 0).any(axis=tuple({*axes} - {axis})) for axis in axes]
    corner = [int(along.argmax()) for along in is_read]
    terms = []
    for axis, read in enumerate(is_read):
        rest = tuple(corner[:axis] + corner[axis + 1 :])
        line = np.moveaxis(places, axis, -1)[rest]
        terms.append(np.where(read, line - (places[tuple(corner)] if axis else 0), NOWHERE))
    added = reduce(np.add.outer, terms)
    return tuple(terms) if np.array_equal(np.maximum(added, -1), places) else None


def _axis_by_axis(moved: Moved, kept: Channels) -> Along | None:
    """Return the reading of numbers that are moved along each axis by itself; None of others."""
    before, is_read = moved.before, [term > NOWHERE for term in moved.terms]
    if len(before) != len(moved.after) or not all(read.any() for read in is_read):
        return None
    first = [int(term[read.argmax()]) for term, read in zip(moved.terms, is_read, strict=True)]
    corner = np.unravel_index(sum(first), before)
    axes = []
    for axis, (term, read, start) in enumerate(zip(moved.terms, is_read, corner, strict=True)):
        further, rest = np.divmod(term - first[axis], prod(before[axis + 1 :]))
        places = np.where(read, start + further, -1)
        if rest[read].any() or not ((places[read] >= 0) & (places[read] < before[axis])).all():
            return None
        axes.append(axis_of(places[:, None], before[axis]))
    return Along(tuple(axes[:-1] or axes), axes[-1] or kept)


def _nearest(size: int, length: int) -> Places:
    """Return the place under the middle of each of `length` places that share `size`."""
    return (2 * np.arange(length)[:, None] + 1) * size // (2 * length)


def _bilinear(size: int, length: int) -> Places:
    """Return the two places between whose middles the middle of each of `length` places lies."""
    doubled = (2 * np.arange(length)[:, None] + 1) * size - length
    both = np.concatenate([doubled // (2 * length), -(-doubled // (2 * length))], axis=1)
    return both.clip(0, size - 1)


_INTERPOLATIONS = {"nearest": _nearest, "bilinear": _bilinear}
