"""One number of a layer's output, and where it comes from."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.models.arithmetic.forms import Form, Function, Indices, Numbers, Shares, WeightedSum
from cnn.models.graph import Call

Floats = NDArray[np.float32]
Place = tuple[int, ...]
Status = Literal["exact", "gradient"]


@dataclass(frozen=True, eq=False)
class Cell:
    """One number of a layer's output.

    `inputs` are what Keras computed for the inputs of the call, `shape` is that of its output and
    `place` the index in it; none has a batch axis. Weights that are asked for again and again are
    `kept`, if there is somewhere to keep them. Of a cell that is `before_activation` only the sum is
    derived, without what the layer makes of it.
    """

    call: Call
    inputs: tuple[Floats, ...]
    place: Place
    shape: Place
    kept: dict[str, NDArray[Any]] | None = None
    before_activation: bool = False

    @property
    def layer(self) -> Any:
        """The layer that is called."""
        return self.call.layer

    def weight(self, name: str) -> Any:
        """Return weights of the layer, of which a part can be taken."""
        if self.kept is None:
            return getattr(self.layer, name)
        if name not in self.kept:
            self.kept[name] = np.asarray(getattr(self.layer, name))
        return self.kept[name]


@dataclass(frozen=True, eq=False)
class Derivation:
    """How a cell is computed.

    `reads` has the indices of the cells that are read, (n, axes), of each input of the call, in the
    order of the operands in the form.
    `activation` is what the layer makes of the result of `form`. The status is "gradient" where the
    arithmetic is not known.
    """

    form: Form
    reads: tuple[Indices, ...]
    activation: Function | Shares | None = None
    status: Status = "exact"

    @property
    def last(self) -> Form:
        """The form whose value is the number: that of the activation, if there is one."""
        return self.activation or self.form


Rule = Callable[[Cell], Derivation | None]


def first_output(cell: Cell, inputs: Sequence[Any]) -> Any:
    """Return what stands at the place of the cell if the layer is given other inputs."""
    return np.asarray(cell.call.units([one[None] for one in inputs])[0])[(0, *cell.place)]


def grid(ranges: Iterable[Sequence[int] | Indices]) -> Indices:
    """Return the indices of all cells whose place on each axis is in its range, (n, axes)."""
    axes = np.meshgrid(*[np.asarray(one, np.int64) for one in ranges], indexing="ij")
    return np.stack([axis.reshape(-1) for axis in axes], axis=1)


def across(shape: Sequence[int], place: Place, axes: Iterable[int]) -> Indices:
    """Return the indices of the cells that differ from `place` along `axes` only, (n, axes)."""
    along = set(axes)
    return grid(range(size) if axis in along else (place[axis],) for axis, size in enumerate(shape))


def single(place: Place) -> Indices:
    """Return one place as indices, (1, axes)."""
    return np.array([place], np.int64).reshape(1, -1)


def no_cells(rank: int) -> Indices:
    """Return the indices of no cell."""
    return np.empty((0, rank), np.int64)


def at(values: Floats, cells: Indices) -> Numbers:
    """Return the values of cells, (n,)."""
    found: Numbers = values[tuple(cells.T)].astype(np.float64)
    return found


def numbers(weights: Any) -> Numbers:
    """Return weights of a layer in float64."""
    return np.asarray(weights).astype(np.float64)


def axes_of(axis: Any, rank: int) -> tuple[int, ...]:
    """Return axes that Keras counts with the batch's as those of an array without it; None: all."""
    if axis is None:
        return tuple(range(rank))
    listed = [axis] if isinstance(axis, int) else list(axis)
    return tuple(one % (rank + 1) - 1 for one in listed)


def weighted(values: Any, weights: Any, *, bias: float = 0.0) -> WeightedSum:
    """Return a weighted sum of single numbers: `values` and `weights` are (n,)."""
    values = np.asarray(values, np.float64)
    count = len(values)
    return WeightedSum(
        values, np.asarray(weights, np.float64), np.arange(count), np.array(True), bias
    )


def channels_last(rule: Rule) -> Rule:
    """Return the rule for layers that may have channels on the first axis instead of the last."""

    def either(cell: Cell) -> Derivation | None:
        if getattr(cell.layer, "data_format", None) != "channels_first":
            return rule(cell)
        derivation = rule(_turned(cell))
        return derivation and replace(
            derivation, reads=tuple(np.roll(cells, 1, axis=1) for cells in derivation.reads)
        )

    return either


def _turned(cell: Cell) -> Cell:
    """Return the cell as if its channels stood on the last axis."""
    return replace(
        cell,
        inputs=tuple(np.moveaxis(values, 0, -1) for values in cell.inputs),
        place=(*cell.place[1:], cell.place[0]),
        shape=(*cell.shape[1:], cell.shape[0]),
    )
