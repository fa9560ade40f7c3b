"""The pictures of a data set for which a channel is highest, in the middle, and lowest.

Of what a channel responds to real pictures tell people more than synthetic ones do: Borowski et al.
2021, arXiv:2010.12606.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.data.datasets import Dataset
from cnn.errors import DatasetError, ImageError, LayerError, ModelError
from cnn.inspection.batches import batch_size, fed, filled, prepared
from cnn.inspection.diagnosis.findings import Selection
from cnn.inspection.diagnosis.selection import affordable
from cnn.models import graph, heads
from cnn.models.card import class_names
from cnn.models.compilation import compiled_once
from cnn.models.fields import receptive_field
from cnn.models.layers import layer_info, layer_infos
from cnn.models.orientation import channels_first, read
from cnn.models.rows import Given, rows_beside
from cnn.models.sizes import Size
from cnn.words import sides

if TYPE_CHECKING:
    import keras

# Stands for the sum that the network computes for each class, before the softmax.
CLASSES = "class logits"
COUNT = 9
_STRONGEST = "_cnn_strongest"
# Of values that are held at once, and of channels that are told of.
_MOST_NUMBERS = 50_000_000
MOST_CHANNELS = 4096
Box = tuple[int, int, int, int]
Cell = tuple[int, ...]
Floats = NDArray[np.float32]


class Picked(NamedTuple):
    """A `picture` by its place in the data set, and the `value` of a channel for it.

    `cell` is where in the channel's map the value stands; () for a unit.
    """

    picture: int
    value: float
    cell: Cell


@dataclass(frozen=True)
class Extremes:
    """The pictures for which a channel is highest (the highest first), around its median, and lowest.

    Of as many pictures as give the channel a finite number `at_lowest` share the lowest one, and those
    that are stored first are shown; `not_finite` counts the others. It `is_dead` where every cell was
    zero for every picture.
    """

    top: tuple[Picked, ...]
    middle: tuple[Picked, ...]
    bottom: tuple[Picked, ...]
    at_lowest: int
    not_finite: int
    is_dead: bool


@dataclass(frozen=True)
class TopPictures:
    """The extremes of every channel of `layer`, by its number, and over which pictures.

    The value of a channel is that of its strongest cell in each picture, or of the same `cell` in all.
    """

    layer: str
    cell: Cell | None
    selection: Selection
    channels: tuple[Extremes, ...]

    @property
    def pictures(self) -> int:
        """How many pictures were looked at."""
        return self.selection.count


def top_pictures(
    model: keras.Model,
    dataset: Dataset | NDArray[Any],
    *,
    layer: str = CLASSES,
    cell: Sequence[int] | None = None,
    count: int = COUNT,
    budget: float | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> TopPictures:
    """Return for which pictures each channel of a layer call is highest, in the middle, and lowest.

    One pass over the data set, an array (n, height, width[, channels]) or one with labels, answers it
    for all channels; `channels[3].top[0]` is the first picture of channel 3. What is `beside` the
    pictures of a data set is given to further inputs that are called so. Without a `layer` the channels
    are the classes, with their logits. The value of a channel is that of its strongest cell, or that of
    the `cell` (row, column). `count` is how many pictures there are of each kind. All pictures are looked
    at, or, with a `budget` of multiply-adds, as many as it allows, evenly chosen; damaged ones are left
    out. `on_progress(done, all)` counts pictures; what it raises ends it. Raises `LayerError` for a layer
    or a cell that the model does not have, and for more than 4,096 channels, `ModelError` where the
    logits are not known, and `DatasetError` where there are no pictures.
    """
    width = _width(model, layer)
    if cell is not None:
        _require_cell(model, layer, cell)
    places = _places(model, dataset, width, budget)
    values = np.empty((len(places), width), np.float32)
    cells = np.zeros((len(places), width), np.int32)
    indices: list[int] = []
    is_dead = np.ones(width, bool)
    shape: Cell | None = None
    for kept, fed_model, chunk in _batches(model, dataset, places):
        found = _strongest(fed_model, layer, cell, chunk, len(kept))
        shape = _same(found.shape, shape)
        rows = slice(len(indices), len(indices) + len(kept))
        values[rows], cells[rows] = found.values, found.cells
        is_dead &= found.is_zero
        indices += kept
        if on_progress:
            on_progress(len(indices), len(places))
    if shape is None:
        raise DatasetError("No picture that was looked at can be read: give others.")
    many = len(indices)
    channels = (
        _extremes(
            values[:many, i], cells[:many, i], indices, shape, count, is_dead=bool(is_dead[i])
        )
        for i in range(width)
    )
    name, split = (dataset.name, dataset.split) if isinstance(dataset, Dataset) else ("", "")
    selection = Selection(
        name, split, many, len(dataset), is_short=len(places) < _most(dataset, width)
    )
    return TopPictures(layer, None if cell is None else tuple(cell), selection, tuple(channels))


def seen_part(model: keras.Model, layer: str, channel: int, cell: Cell, size: Size) -> Box | None:
    """Return the part of a picture of `size` (height, width) that a number reads.

    It is (top, left, bottom, right) in pixels, the last two behind it. None where it is the whole
    picture, or none of it.
    """
    if layer == CLASSES:
        layer = heads.head_of(model).deciding
    named = dict(zip(("row", "column"), cell, strict=False)) if cell else {"channel": channel}
    field = receptive_field(model, layer=layer, size=size, **named)
    bounds = field.picture.bounds if field.picture else None
    if bounds is None or len(bounds) != 2:
        return None
    (top, bottom), (left, right) = bounds
    box = (top, left, bottom + 1, right + 1)
    return None if box == (0, 0, *size) else box


def _width(model: keras.Model, layer: str) -> int:
    """Return how many channels there are."""
    if layer == CLASSES:
        heads.require_classes(model, "What excites a class")
        return len(class_names(model))
    width = layer_info(model, layer).channels
    if width > MOST_CHANNELS:
        raise LayerError(
            f"The layer {layer!r} has {width:,} channels: pictures are told of at most "
            f"{MOST_CHANNELS:,}. Choose the layer before or after it."
        )
    return width


def _places(
    model: keras.Model, dataset: Dataset | NDArray[Any], width: int, budget: float | None
) -> NDArray[np.int64]:
    """Return which pictures are looked at, evenly chosen where they are not all."""
    total = len(dataset)
    if not total:
        raise DatasetError("There are no pictures to look at: give a data set that has some.")
    most = _most(dataset, width)
    if budget is None:
        return np.arange(most) * total // most
    first = dataset.first() if isinstance(dataset, Dataset) else np.asarray(dataset[0])
    return affordable(model, first.shape, total, most, budget)


def _most(dataset: Dataset | NDArray[Any], width: int) -> int:
    """Return how many pictures can be held at once, whatever they cost."""
    return min(len(dataset), _MOST_NUMBERS // width)


def _batches(
    model: keras.Model, dataset: Dataset | NDArray[Any], places: NDArray[np.int64]
) -> Iterator[tuple[list[int], keras.Model, Floats]]:
    """Yield the places of readable pictures, the model, and the pictures, prepared.

    The model's further inputs get what is beside these pictures, in batches filled up to one size.
    """
    size = batch_size(layer_infos(model))
    for start in range(0, len(places), size):
        some = places[start : start + size]
        given: Given = {}
        if isinstance(dataset, Dataset):
            pictures, some = dataset.readable(some)
            given = rows_beside(model, dataset.beside, some.tolist())
        else:
            pictures = [dataset[place] for place in some]
        if len(some):
            chunk = filled(prepared(model, pictures), size)
            yield some.tolist(), fed(model, pictures, given, size=size), chunk


class _Found(NamedTuple):
    """What every channel gives for a batch: values and places of cells (n, channels)."""

    values: Floats
    cells: NDArray[np.int32]
    is_zero: NDArray[np.bool_]
    shape: Cell


def _strongest(
    model: keras.Model, layer: str, cell: Sequence[int] | None, batch: Floats, count: int
) -> _Found:
    """Return what the first `count` pictures of a batch give; a value is NaN where any cell is none."""
    compiled = compiled_once(
        model,
        f"{_STRONGEST} {layer} {cell is None}",
        lambda *given: _reduced(model, layer, *given),
    )
    wanted = [] if cell is None else [np.array(cell, np.int32)]
    values, cells, nonzero, shape = (made.numpy() for made in compiled(batch, *wanted))
    is_zero = ~nonzero[:count].any(axis=0)
    return _Found(values[:count], cells[:count], is_zero, tuple(map(int, shape)))


def _reduced(model: keras.Model, layer: str, batch: Any, *cell: Any) -> tuple[Any, Any, Any, Any]:
    """Return values, places of cells, whether any is not 0, each (n, channels), and the map's shape."""
    import tensorflow as tf

    visits: list[tuple[str, Any, list[Any], Any]] = []
    final = graph.run(model, batch, lambda *visit: visits.append(visit))
    output = tf.cast(_numbers(model, layer, final, visits), tf.float32)
    shape = tf.shape(output)[1:-1]
    flat = tf.reshape(output, (tf.shape(output)[0], -1, output.shape[-1]))
    if cell:
        place = tf.reduce_sum(cell[0] * tf.math.cumprod(shape, exclusive=True, reverse=True))
        values = flat[:, place]
        cells = tf.fill(tf.shape(values), place)
    else:
        values = tf.reduce_max(flat, axis=1)
        cells = tf.argmax(flat, axis=1, output_type=tf.int32)
    nothing = tf.fill(tf.shape(values), np.float32(np.nan))
    is_finite = tf.reduce_all(tf.math.is_finite(flat), axis=1)
    return tf.where(is_finite, values, nothing), cells, tf.reduce_any(flat != 0, axis=1), shape


def _numbers(model: keras.Model, layer: str, final: Any, visits: heads.Visits) -> Any:
    """Return what the layer call gives for a batch, or the sums of the classes, with channels last."""
    if layer != CLASSES:
        output = next(output for name, _, _, output in visits if name == layer)
        return read(output, layer, channels_first(model))
    sums, are_sums = heads.sums(heads.head_of(model), final, visits)
    if not are_sums:
        raise ModelError(
            "This network does not show the sums of its classes before the softmax: choose its last "
            "layer instead."
        )
    return sums


def _require_cell(model: keras.Model, layer: str, cell: Sequence[int]) -> None:
    """Raise `LayerError` where the maps of the layer have no such cell."""
    shape = () if layer == CLASSES else layer_info(model, layer).output_shape[:-1]
    inside = [i >= 0 and (side is None or i < side) for i, side in zip(cell, shape, strict=False)]
    if len(cell) != len(shape) or not all(inside):
        raise LayerError(
            f"The layer {layer!r} has no cell {tuple(cell)}: it has {sides(shape) or 'no'} cells. Give "
            "one of them, or leave the cell out."
        )


def _same(shape: Cell, before: Cell | None) -> Cell:
    """Return the shape of the maps; `ImageError` where pictures of another size came before."""
    if before not in (None, shape):
        raise ImageError(
            "Pictures of several sizes were given to a model that takes any size: a cell of one is no "
            "cell of another. Resize them to one size."
        )
    return shape


def _extremes(
    values: Floats,
    cells: NDArray[np.int32],
    indices: Sequence[int],
    shape: Cell,
    count: int,
    *,
    is_dead: bool,
) -> Extremes:
    """Return the extremes of a channel, of its values and places of cells (pictures,)."""
    finite = np.flatnonzero(np.isfinite(values))
    falling = finite[np.argsort(-values[finite], kind="stable")]
    rising = finite[np.argsort(values[finite], kind="stable")]
    before = max(0, (len(falling) - count) // 2)

    def picked(rows: NDArray[np.int64]) -> tuple[Picked, ...]:
        return tuple(
            Picked(
                indices[row],
                float(values[row]),
                tuple(int(i) for i in np.unravel_index(cells[row], shape)) if shape else (),
            )
            for row in rows
        )

    return Extremes(
        picked(falling[:count]),
        picked(falling[before : before + count]),
        picked(rising[:count]),
        at_lowest=int((values == values[rising[0]]).sum()) if len(rising) else 0,
        not_finite=len(values) - len(finite),
        is_dead=is_dead,
    )
