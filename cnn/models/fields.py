"""Receptive and projective fields: which cells a cell reads, and which it reaches.

They follow from the layers' shapes and settings alone (`cnn.models.reading`), not from weights or
pictures: Araujo, Norris & Sim 2019 (doi:10.23915/distill.00021) for windows, here for any graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from cnn.errors import LayerError
from cnn.models.layers import layer_info
from cnn.models.reading import Certainty, Marks, Mask, Sides, Span, cells
from cnn.models.sizes import Size
from cnn.models.wiring import Step, Wiring, wiring_of
from cnn.words import counted

if TYPE_CHECKING:
    import keras

Status = Literal["exact", "whole picture", "upper bound", "depends on the data"]
_CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of one layer, and how surely they are those meant.

    `mask` is bool (height, width) where the layer has maps, (units,) for a vector, and the shape
    without channels for others. `channels` is bool (channels,), and true of each that is meant at some
    of the cells; of a vector it is the same as `mask`.
    """

    mask: Mask
    certainty: Certainty
    channels: Mask

    @property
    def bounds(self) -> tuple[tuple[int, int], ...] | None:
        """The first and the last index along each axis, rows and columns of maps; None: no cell."""
        if not self.mask.any():
            return None
        return tuple((int(found.min()), int(found.max())) for found in np.nonzero(self.mask))


@dataclass(frozen=True, eq=False)
class CellField:
    """The cells that some cells of `layer` read, or that they reach, by name of the layer.

    A cell is a place with all its channels, and one number of a vector. `cells` are in graph order:
    those of the layer itself, and of every layer on a way to it or from it. `picture` are the
    pixels, None where the field begins behind the picture, or where nothing of it is read. `status`
    says what marks mean:

    - "exact": each marked cell changes the result for some picture and some weights, and no other
      cell ever does. That a maximum, an activation or a weight of zero hides a cell does not count.
    - "whole picture": exact, and all pixels are read.
    - "upper bound": no other cell changes the result; of the marked ones some may not either, since
      a layer is not known, or channels are read of some cells that are not read of others.
    - "depends on the data": no other cell changes the result; how much each one counts the picture
      decides, as in attention.

    The `certainty` of a single layer may be better than that of the whole.
    """

    layer: str
    cells: Mapping[str, Cells]
    picture: Cells | None
    status: Status


def receptive_field(
    model: keras.Model,
    *,
    layer: str,
    row: int | None = None,
    column: int | None = None,
    channel: int | None = None,
    size: Size | None = None,
) -> CellField:
    """Return which pixels, and which cells of the layers before, a cell of `layer` reads.

    `row` and `column` are those of the cell in the layer's maps, `channel` is the number of a unit in
    a vector; None stands for all. A sequence has rows, a volume rows and columns along its first two
    axes. `size` is the (height, width) of the picture, needed only where the model leaves it open.
    Raises `LayerError` for a layer or a cell that the model does not have, and where a size is missing.
    """
    wiring = wiring_of(model, size)
    index = cell_index(model, layer, size, row=row, column=column, channel=channel)
    found = _follow(wiring, wiring.backwards, layer, index)
    field = _field(wiring, layer, found)
    is_whole = field.picture is not None and field.picture.mask.all()
    return replace(field, status="whole picture") if field.status == "exact" and is_whole else field


def projective_field(
    model: keras.Model,
    *,
    row: int | None = None,
    column: int | None = None,
    layer: str | None = None,
    channel: int | None = None,
    size: Size | None = None,
) -> CellField:
    """Return which cells of all later layers a cell of `layer` reaches, a pixel without a layer.

    A cell of a later layer is reached if the first is in its receptive field. Arguments and errors
    are those of `receptive_field`.
    """
    wiring = wiring_of(model, size)
    layer = wiring.picture if layer is None else layer
    index = cell_index(model, layer, size, row=row, column=column, channel=channel)
    found = _follow(wiring, wiring.forwards, layer, index)
    return _field(wiring, layer, found)


def cell_index(
    model: keras.Model, layer: str, size: Size | None, **cell: int | None
) -> tuple[int | None, ...]:
    """Return a cell as an index into the layer's output, None for all along an axis.

    The cell's `row`, `column` and `channel` are those of `receptive_field`, as are errors.
    """
    shape = wiring_of(model, size).shapes[layer_info(model, layer).name]
    axes = {name: axis for axis, name in enumerate(("row", "column")[: len(shape) - 1])}
    axes["channel"] = len(shape) - 1
    index: list[int | None] = [None] * len(shape)
    for name, number in cell.items():
        if number is not None:
            _require(layer, shape, axes.get(name), name, number)
            index[axes[name]] = int(number)
    return tuple(index)


def _require(layer: str, shape: Sides, axis: int | None, name: str, number: int) -> None:
    """Raise `LayerError` if the layer has no such row, column or channel."""
    if axis is None:
        raise LayerError(
            f"The layer {layer!r} has no {name} {number}: its output {shape} has no {name}s. Leave "
            f"the {name} out."
        )
    if number not in range(shape[axis]):
        raise LayerError(
            f"The layer {layer!r} has no {name} {number}: it has {counted(shape[axis], name)}. "
            f"Choose a number from 0 to {shape[axis] - 1}."
        )


def _start(wiring: Wiring, layer: str, index: tuple[int | None, ...]) -> Marks:
    """Return the cells of a layer at which a field begins."""
    sides = [slice(None) if i is None else i for i in index]
    mask = np.zeros(cells(wiring.shapes[layer]), bool)
    mask[tuple(sides[: mask.ndim])] = True
    channels = np.zeros(Span.of(wiring.shapes[layer]).all, bool)
    channels[sides[-1] if sides else 0] = True
    return Marks(mask, channels)


def _follow(
    wiring: Wiring, steps: Iterable[Step], layer: str, index: tuple[int | None, ...]
) -> dict[str, Cells]:
    """Return the cells that the steps lead to from those of `layer`, by name of the layer."""
    certain: Certainty = "exact"
    found = {layer: (_start(wiring, layer, index), certain)}
    for step in steps:
        if step.origin not in found:
            continue
        is_vector = len(wiring.shapes[step.end]) == 1
        marks, certainty = _read(step, *found[step.origin], is_vector=is_vector)
        if step.end in found:
            known, its_certainty = found[step.end]
            marks, certainty = known.joined(marks), _worst([its_certainty, certainty])
        found[step.end] = marks._replace(mixed=marks.mixed and not is_vector), certainty
    return {name: Cells(one.cells, sure, one.channels) for name, (one, sure) in found.items()}


def _read(
    step: Step, marked: Marks, certainty: Certainty, *, is_vector: bool
) -> tuple[Marks, Certainty]:
    """Return what a step leads to from the marked cells, of a vector its numbers, and how surely."""
    mask, channels, mixed = step.reading.read(marked)
    # Nothing is read of a cell of which no channel is read, and of a channel none of whose cells is.
    mask, channels = mask & (channels if is_vector else channels.any()), channels & mask.any()
    if not mask.any():
        return Marks(mask, channels), certainty
    is_bound = marked.mixed and step.reading.leaves_out(marked)
    worst = _worst([certainty, step.reading.certainty, "upper bound" if is_bound else "exact"])
    return Marks(mask, mask if is_vector else channels, mixed), worst


def _field(wiring: Wiring, layer: str, found: Mapping[str, Cells]) -> CellField:
    """Return the field of the cells found, in graph order."""
    ordered = {name: found[name] for name in wiring.shapes if name in found}
    status = _worst(marked.certainty for marked in found.values())
    return CellField(layer, ordered, found.get(wiring.picture), status)


def _worst(certainties: Iterable[Certainty]) -> Certainty:
    return max(certainties, key=_CERTAINTIES.index)
