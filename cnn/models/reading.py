"""Which cells of its input a layer reads, and which of its output a cell of the input reaches.

A cell is a place in a layer's output, with all channels that it has there: (row, column) of maps, a
number of a vector. Most layers read along each axis by itself (`Along`), some put their numbers
elsewhere (`Moved`), and some read everything (`Everything`). Which channels are read of the cells is
found by itself (`Channels`). Which cells of the output a cell of the input reaches is the same reading,
`turned`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import reduce
from math import prod
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.models.windows import Places, inside

Mask = NDArray[np.bool_]
Sides = tuple[int, ...]
# What stands for the least of no numbers.
NOTHING = 2**31
# A term of no number of an input: whatever is added, it stays below zero.
NOWHERE = -(2**40)
Certainty = Literal["exact", "upper bound", "depends on the data"]


def concrete(shape: Iterable[int | None]) -> Sides:
    """Return the shape of a layer that leaves no size open."""
    return tuple(int(side or 0) for side in shape)


def cells(shape: Iterable[int | None]) -> Sides:
    """Return the shape of the cells of an output: without its channels, or (units,) of a vector."""
    sides = concrete(shape)
    return sides[:-1] or sides


class Marks(NamedTuple):
    """Marked cells of an output, and which of its channels; of a vector both are its numbers.

    Where they are `mixed`, some of the channels are meant at some of the cells only.
    """

    cells: Mask
    channels: Mask
    mixed: bool = False

    @classmethod
    def of_numbers(cls, numbers: Mask, *, mixed: bool) -> Marks:
        """Return the cells and the channels that hold a marked number; `mixed` more than they tell."""
        if numbers.ndim == 1:
            return cls(numbers, numbers)
        of_cells = np.asarray(numbers.any(axis=-1))
        of_channels = np.asarray(numbers.any(axis=tuple(range(numbers.ndim - 1))))
        is_mixed = mixed or numbers.sum() < of_cells.sum() * of_channels.sum()
        return cls(of_cells, of_channels, bool(is_mixed))

    def numbers(self, shape: Sides) -> Mask:
        """Return all numbers of an output of that shape that may be marked."""
        return self.cells if len(shape) == 1 else self.cells[..., None] & self.channels

    def joined(self, other: Marks) -> Marks:
        """Return what is marked here or there."""
        both = Marks(self.cells | other.cells, self.channels | other.channels)
        has_all = any(
            not one.mixed and one.has_cells_of(both) and one.has_channels_of(both)
            for one in (self, other)
        )
        is_apart = self.mixed or other.mixed
        meet = self.has_cells_of(other) or self.has_channels_of(other)
        return both if has_all or (meet and not is_apart) else both._replace(mixed=True)

    def has_cells_of(self, other: Marks) -> bool:
        """Whether the same cells are marked."""
        return np.array_equal(self.cells, other.cells)

    def has_channels_of(self, other: Marks) -> bool:
        """Whether the same channels are marked."""
        return np.array_equal(self.channels, other.channels)


class Span(NamedTuple):
    """As many channels as the `length`, from the `first` on, of those that there are in all."""

    first: int
    length: int
    all: int

    @classmethod
    def of(cls, shape: Iterable[int | None]) -> Span:
        """Return all channels of an output, or numbers of a vector."""
        *_, channels = (1, *concrete(shape))
        return cls(0, channels, channels)


@dataclass(frozen=True)
class Channels:
    """Which channels of the input the channels of the output read.

    Those `before` and those `after` are in as many `groups`, one after the other: each channel reads
    all of its group, and of other channels none.
    """

    before: Span
    after: Span
    groups: int = 1

    def read(self, marked: Mask) -> Mask:
        """Return the channels of the input that the marked ones of the output read."""
        start, width, _ = self.after
        of_groups = marked[start : start + width].reshape(self.groups, -1).any(axis=1)
        first, count, size = self.before
        found = np.zeros(size, bool)
        found[first : first + count] = np.repeat(of_groups, count // self.groups)
        return found

    def leaves_out(self, marked: Mask) -> bool:
        """Whether one of the marked channels of the output reads nothing."""
        start, width, _ = self.after
        return bool(marked[:start].any() or marked[start + width :].any())

    def least(self, numbers: Places) -> Places:
        """Return the least of the numbers (..., channels) that are read; none is the largest."""
        start, width, size = self.after
        if self.groups == 1 or numbers.shape[-1] > 1:
            first, count, depth = self.before
            given = np.broadcast_to(numbers, (*numbers.shape[:-1], depth))[
                ..., first : first + count
            ]
            of_groups = given.reshape(*given.shape[:-1], self.groups, -1).min(
                axis=-1, initial=NOTHING
            )
            numbers = np.repeat(of_groups, 1 if self.groups == 1 else width // self.groups, axis=-1)
        if width == size:
            return numbers
        found = np.full((*numbers.shape[:-1], size), NOTHING)
        found[..., start : start + width] = numbers
        return found

    @property
    def are_apart(self) -> bool:
        """Whether not every channel reads all of them."""
        return self.groups > 1

    @property
    def turned(self) -> Channels:
        """The channels of the output that those of the input reach."""
        return Channels(self.after, self.before, self.groups)


@dataclass(frozen=True, eq=False, kw_only=True)
class Reading:
    """Which cells of its input a layer reads for which cells of its output."""

    certainty: Certainty = "exact"

    def read(self, marks: Marks) -> Marks:
        """Return what the marked cells of the output read of the input."""
        raise NotImplementedError

    def leaves_out(self, marks: Marks) -> bool:
        """Whether it depends on the channels at each cell, as those of mixed marks, what is read.

        So it is where nothing is read of some of the cells or for some of the channels.
        """
        raise NotImplementedError

    def least(self, numbers: Places) -> Places:
        """Return for each number of the output the least of the `numbers` at those that it reads.

        They are for all numbers of the input, of its rank; where nothing is read it is `NOTHING`. An
        axis along which they do not differ has one of them, or all.
        """
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
    channels: Channels

    def read(self, marks: Marks) -> Marks:
        """Return all cells if any is marked."""
        return Marks(np.full(self.before, marks.cells.any()), self.channels.read(marks.channels))

    def leaves_out(self, marks: Marks) -> bool:
        """Whether a marked channel reads nothing."""
        return self.channels.leaves_out(marks.channels)

    def least(self, numbers: Places) -> Places:
        """Return the least of all numbers of each channel's own, (channels,)."""
        return self.channels.least(
            numbers.min(axis=tuple(range(numbers.ndim - 1)), initial=NOTHING)
        )

    @property
    def turned(self) -> Everything:
        """Each cell reaches all cells."""
        return replace(self, before=self.after, after=self.before, channels=self.channels.turned)


@dataclass(frozen=True, eq=False)
class Axis:
    """What is read along one axis.

    `taps` are the places that each place of the output reads, int (after, most), `readers` the places
    that read each place of the input, int (before, most); -1: none.
    """

    taps: Places
    readers: Places

    def read(self, mask: Mask, axis: int = 0) -> Mask:
        """Return the mask over the input along its axis `axis`, and over the output along others."""
        marked = np.moveaxis(mask, axis, 0)
        marked = np.concatenate([marked, np.zeros((1, *marked.shape[1:]), bool)])
        found = np.zeros((len(self.readers), *marked.shape[1:]), bool)
        for readers in self.readers.T:
            found |= marked[readers]
        return np.moveaxis(found, 0, axis)

    def least(self, numbers: Places, axis: int = -1) -> Places:
        """Return the least of the numbers that are read along the axis `axis`; none is the largest.

        Numbers that do not differ along it may be one.
        """
        if numbers.shape[axis] == 1 and (self.taps >= 0).any(axis=1).all():
            return numbers
        shape = list(numbers.shape)
        shape[axis] = len(self.readers)
        numbers = np.broadcast_to(numbers, shape)
        given = np.moveaxis(numbers, axis, 0)
        given = np.concatenate([given, np.full((1, *given.shape[1:]), NOTHING)])
        found = given[self.taps[:, 0]]
        for taps in self.taps.T[1:]:
            found = np.minimum(found, given[taps])
        return np.moveaxis(found, 0, axis)

    def leaves_out(self, mask: Mask, axis: int = 0) -> bool:
        """Whether a place of the output that the mask has along its axis `axis` reads nothing."""
        marked = np.moveaxis(mask, axis, 0).reshape(len(self.taps), -1).any(axis=1)
        return bool((marked & (self.taps < 0).all(axis=1)).any())

    @property
    def are_apart(self) -> bool:
        """Whether not every place reads all places."""
        return True

    @property
    def turned(self) -> Axis:
        """The axis with input and output exchanged."""
        return Axis(self.readers, self.taps)


def axis_of(taps: Places, size: int) -> Axis | None:
    """Return what `taps` read of `size` places; None where each place reads the one in its place."""
    taps = inside(taps, size)
    if np.array_equal(taps, np.arange(size)[:, None]):
        return None
    return Axis(taps, _readers(taps, size))


def all_of(size: int, length: int) -> Axis:
    """Return the axis along which each of `length` places reads all of `size`."""
    return Axis(
        np.broadcast_to(np.arange(size), (length, size)),
        np.broadcast_to(np.arange(length), (size, length)),
    )


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
    """Each axis is read by itself; None: each cell reads the one in its place.

    Channels are an `Axis` too where they stand in another order.
    """

    axes: tuple[Axis | None, ...]
    channels: Channels | Axis

    def read(self, marks: Marks) -> Marks:
        """Return the cells read, axis by axis."""
        mask = marks.cells
        for number, axis in enumerate(self.axes):
            mask = mask if axis is None else axis.read(mask, number)
        is_mixed = marks.mixed and self.channels.are_apart
        return Marks(mask, self.channels.read(marks.channels), is_mixed)

    def leaves_out(self, marks: Marks) -> bool:
        """Whether a marked cell or a marked channel reads nothing."""
        sides = enumerate(self.axes)
        idle = any(axis is not None and axis.leaves_out(marks.cells, i) for i, axis in sides)
        return idle or self.channels.leaves_out(marks.channels)

    def least(self, numbers: Places) -> Places:
        """Return the least of the numbers, axis by axis; the one axis of a vector is that of cells."""
        for number, axis in enumerate(self.axes):
            if axis is not None:
                numbers = axis.least(numbers, number)
        return numbers if numbers.ndim == len(self.axes) else self.channels.least(numbers)

    @property
    def turned(self) -> Along:
        """The same axes, each turned."""
        axes = tuple(axis and axis.turned for axis in self.axes)
        return replace(self, axes=axes, channels=self.channels.turned)


@dataclass(frozen=True, eq=False)
class Moved(Reading):
    """Each number of the output (*after) is one of the input (*before), or none of them.

    Numbers of the input are counted from 0, its last axis first. `terms` are int (side,) for each axis
    of the output: added up over the axes they say which number it is. That of no number is `NOWHERE`.
    """

    before: Sides
    after: Sides
    terms: tuple[Places, ...]

    @property
    def origins(self) -> Places:
        """Which number of the input each of the output is, int (*after); below 0: none."""
        found: Places = reduce(np.add.outer, self.terms)
        return found

    def read(self, marks: Marks) -> Marks:
        """Return the cells and the channels that hold a number that is marked in the output."""
        places = np.nonzero(marks.numbers(self.after))
        numbers = np.sum([term[at] for term, at in zip(self.terms, places, strict=True)], axis=0)
        found = np.zeros(prod(self.before), bool)
        found[numbers[numbers >= 0]] = True
        return Marks.of_numbers(found.reshape(self.before), mixed=marks.mixed)

    def leaves_out(self, marks: Marks) -> bool:
        """Whether they are mixed: each number has a place of its own."""
        return marks.mixed

    def least(self, numbers: Places) -> Places:
        """Return the numbers in the places to which they are moved."""
        given = np.append(np.broadcast_to(numbers, self.before), NOTHING)
        found: Places = given[np.maximum(self.origins, -1)]
        for axis in range(found.ndim):
            one = found.take(range(min(1, found.shape[axis])), axis)
            found = one if (found == one).all() else found
        return found

    @property
    def turned(self) -> Handed:
        """Where the numbers of the input come to stand."""
        return Handed(self)


@dataclass(frozen=True, eq=False)
class Handed(Reading):
    """Where a layer puts the numbers of its input: `turned` is the reading of what it moves."""

    moved: Moved

    def read(self, marks: Marks) -> Marks:
        """Return the cells and the channels that hold a number that is marked in the input."""
        origins = self.moved.origins
        found = marks.numbers(self.moved.before).reshape(-1)[np.maximum(origins, -1)] & (
            origins >= 0
        )
        return Marks.of_numbers(found, mixed=marks.mixed)

    def leaves_out(self, marks: Marks) -> bool:
        """Whether they are mixed: each number has places of its own."""
        return marks.mixed

    @property
    def turned(self) -> Moved:
        """The reading of the layer."""
        return self.moved
