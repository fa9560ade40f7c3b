"""Receptive and projective fields: which cells a cell reads, and which it reaches.

They follow from the layers' shapes and settings alone (`cnn.models.reading`), not from weights or
pictures: Araujo, Norris & Sim 2019 (doi:10.23915/distill.00021) for windows, here for any graph.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from cnn.errors import LayerError
from cnn.models import graph
from cnn.models.compilation import kept_for_twins
from cnn.models.graph import Call, Shape
from cnn.models.inputs import input_shape
from cnn.models.internals import is_graph
from cnn.models.kinds import kind_of
from cnn.models.layers import layer_info
from cnn.models.reading import Certainty, Mask, Reading, Sides, cells, concrete, in_place, unknown
from cnn.models.sizes import Size, size_for
from cnn.words import counted

if TYPE_CHECKING:
    import keras

Status = Literal["exact", "whole picture", "upper bound", "depends on the data"]
_WIRING = "_cnn_wiring"
_CERTAINTIES: tuple[Certainty, ...] = get_args(Certainty)


@dataclass(frozen=True, eq=False)
class Cells:
    """Cells of one layer, and how surely they are those meant.

    `mask` is bool (height, width) where the layer has maps, (units,) for a vector, and the shape
    without channels for others.
    """

    mask: Mask
    certainty: Certainty

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
    pixels, None where the field begins behind the picture. `status` says what marks mean:

    - "exact": each marked cell can change the result, whichever picture makes it do so, and no other
      can. Maxima and activations do not count as hiding cells, nor do weights that happen to be zero.
    - "whole picture": exact, and these are all pixels.
    - "upper bound": no other cell can; of the marked ones some may not either, since a layer is not
      known, or keeps apart channels that read different cells.
    - "depends on the data": no other cell can; how much each does the picture decides, as in
      attention.

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
    a vector; None stands for all. All channels of a cell are taken to read the same, so `channel`
    picks nothing in maps. `size` is the (height, width) of the picture, needed only where the model
    leaves it open. Raises `LayerError` for a layer or a cell that the model does not have.
    """
    wiring = _wiring_of(model, size)
    found = _follow(wiring.backwards, layer, wiring.start(model, layer, (row, column), channel))
    field = wiring.field(layer, found)
    is_whole = field.status == "exact" and found[wiring.picture].mask.all()
    return replace(field, status="whole picture") if is_whole else field


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
    wiring = _wiring_of(model, size)
    layer = wiring.picture if layer is None else layer
    start = wiring.start(model, layer, (row, column), channel)
    return wiring.field(layer, _follow(wiring.forwards, layer, start))


def cell_index(
    model: keras.Model,
    layer: str,
    place: tuple[int | None, int | None],
    channel: int | None,
    size: Size | None = None,
) -> tuple[int | None, ...]:
    """Return the cell as an index into the layer's output, None for all along an axis.

    `place` is (row, column). Raises `LayerError` for a layer or a cell that the model does not have.
    """
    return _wiring_of(model, size).index(model, layer, place, channel)


@dataclass(frozen=True, eq=False)
class _Step:
    """A reading from the cells of one layer to those of another, back or forth.

    `is_exact_from_all`: from all cells of `origin` it is exact, whatever its certainty.
    """

    origin: str
    end: str
    reading: Reading
    certainty: Certainty
    is_exact_from_all: bool = False

    def follow(self, marked: Cells) -> Cells:
        """Return the cells of `end` that the marked ones of `origin` lead to."""
        mask = self.reading.read(marked.mask)
        is_exact = not mask.any() or (self.is_exact_from_all and marked.mask.all())
        return Cells(mask, _worst(marked.certainty, "exact" if is_exact else self.certainty))


@dataclass(frozen=True, eq=False)
class _Wiring:
    """The shapes of a model's layers, and what each reads, in both directions.

    `picture` is the name of the input layer. The channels of a cell read the same where `alike`.
    """

    picture: str
    shapes: Mapping[str, Sides]
    alike: Mapping[str, bool]
    backwards: tuple[_Step, ...]
    forwards: tuple[_Step, ...]

    def index(
        self,
        model: keras.Model,
        layer: str,
        place: tuple[int | None, int | None],
        channel: int | None,
    ) -> tuple[int | None, ...]:
        """Return the cell as an index into the layer's output; `LayerError` if there is none."""
        shape = self.shapes[layer_info(model, layer).name]
        axes = {"row": 0, "column": 1}
        axes = {name: axis for name, axis in axes.items() if axis < len(shape) - 1}
        axes["channel"] = len(shape) - 1
        index: list[int | None] = [None] * len(shape)
        for name, number in zip(("row", "column", "channel"), (*place, channel), strict=True):
            if number is not None:
                index[axes.get(name, 0)] = _among(number, name, layer, shape, axes.get(name))
        return tuple(index)

    def start(
        self,
        model: keras.Model,
        layer: str,
        place: tuple[int | None, int | None],
        channel: int | None,
    ) -> Cells:
        """Return the cells of a layer at which a field begins."""
        index = self.index(model, layer, place, channel)
        mask = np.zeros(cells(self.shapes[layer]), bool)
        mask[tuple(slice(None) if i is None else i for i in index[: mask.ndim])] = True
        is_part = mask.ndim < len(index) and channel is not None and not self.alike[layer]
        return Cells(mask, "upper bound" if is_part else "exact")

    def field(self, layer: str, found: Mapping[str, Cells]) -> CellField:
        """Return the field of the cells found, in graph order."""
        ordered = {name: found[name] for name in self.shapes if name in found}
        status = _worst(*(marked.certainty for marked in found.values()))
        return CellField(layer, ordered, found.get(self.picture), status)


def _among(number: int, name: str, layer: str, shape: Sides, axis: int | None) -> int:
    """Return the number of a row, column or channel; `LayerError` if the layer has none such."""
    if axis is None:
        raise LayerError(
            f"The layer {layer!r} has no {name} {number}: its output {shape} has no {name}s. Leave "
            f"the {name} out."
        )
    if number not in range(shape[axis]):
        raise LayerError(
            f"The layer {layer!r} has no {name} {number}: it has "
            f"{counted(shape[axis], name)}. Choose a number from 0 to {shape[axis] - 1}."
        )
    return int(number)


def _worst(*certainties: Certainty) -> Certainty:
    return max(certainties, key=_CERTAINTIES.index)


def _follow(steps: tuple[_Step, ...], layer: str, start: Cells) -> dict[str, Cells]:
    """Return the cells that the steps lead to from those of `layer`, by name of the layer."""
    found = {layer: start}
    for step in steps:
        if step.origin in found:
            new = step.follow(found[step.origin])
            old = found.get(step.end, new)
            certainty = _worst(old.certainty, new.certainty)
            found[step.end] = Cells(old.mask | new.mask, certainty)
    return found


def _wiring_of(model: keras.Model, size: Size | None) -> _Wiring:
    """Return the wiring for a picture of that size, found once for the model and its twins."""
    known: dict[Size, _Wiring] = kept_for_twins(model).setdefault(_WIRING, {})
    height, width, _ = input_shape(model)
    if size is None and not (height and width):
        raise LayerError(
            f"The network {model.name!r} takes pictures of any size, and none was given: say for "
            "which one, size=(height, width) in pixels."
        )
    taken = size_for(model, *(size or (0, 0)))
    if taken not in known:
        known[taken] = _wiring(_sized_calls(model, taken))
    return known[taken]


def _wiring(layer_calls: tuple[Call, ...]) -> _Wiring:
    shapes = {call.name: concrete(call.output_shape) for call in layer_calls}
    alike: dict[str, bool] = {}
    backwards: list[_Step] = []
    forwards: list[_Step] = []
    for call in layer_calls:
        alike[call.name] = _reads_alike(call, all(alike[name] for name in call.inputs))
        for source, reading in _readings(call, shapes):
            is_mixed = reading.is_parted and not alike[source] and reading.certainty == "exact"
            certainty: Certainty = "upper bound" if is_mixed else reading.certainty
            backwards.insert(0, _Step(call.name, source, reading, certainty, is_mixed))
            forwards.append(_Step(source, call.name, reading.turned, certainty))
    return _Wiring(layer_calls[0].name, shapes, alike, tuple(backwards), tuple(forwards))


def _reads_alike(call: Call, before: bool) -> bool:
    """Whether all channels of a cell read the same; `before`: those of all inputs do."""
    kind = kind_of(type(call.layer).__name__)
    if len(call.output_shape) == 1 or not call.inputs:
        return True
    if kind.channels == "summed" and kind.kernel != "depthwise":
        return before or getattr(call.layer, "groups", 1) == 1
    return before and (kind.channels in ("summed", "kept", "merged") or is_graph(call.layer))


def _readings(call: Call, shapes: Mapping[str, Sides]) -> Iterator[tuple[str, Reading]]:
    """Yield the name and the reading of each input of a call.

    What a layer hands out beside its first output, and channels that come first, are not looked into.
    """
    layer = call.layer
    sources: tuple[Shape, ...] = tuple(shapes[name] for name in call.inputs)
    rule = kind_of(type(layer).__name__).reads
    if is_graph(layer):
        rule = in_place if len(sources) == 1 else unknown
    elif sources != call.input_shapes or _has_channels_first(layer):
        rule = unknown
    call = replace(call, input_shapes=sources)
    for number, name in enumerate(call.inputs):
        yield name, rule(call, number)


def _has_channels_first(layer: Any) -> bool:
    return getattr(layer, "data_format", None) == "channels_first"


def _sized_calls(model: keras.Model, size: Size) -> tuple[Call, ...]:
    """Return the model's calls for a picture of that size, with no side left open."""
    import keras

    layer_calls = graph.calls(model)
    if not any(None in call.output_shape for call in layer_calls):
        return layer_calls
    shapes: dict[str, tuple[Shape, tuple[Shape, ...]]] = {}

    def visit(name: str, _layer: Any, entering: list[Any], output: Any) -> None:
        shapes[name] = tuple(output.shape[1:]), tuple(tuple(t.shape[1:]) for t in entering)

    source = keras.Input((*size, input_shape(model)[2]), batch_size=1, dtype=model.inputs[0].dtype)
    graph.run(model, source, visit)
    return tuple(
        replace(call, output_shape=shapes[call.name][0], input_shapes=shapes[call.name][1])
        for call in layer_calls
    )
