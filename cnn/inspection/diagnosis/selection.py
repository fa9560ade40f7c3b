"""Which pictures are looked at: as many as the cost of the network allows, evenly chosen."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from cnn.data.datasets import Dataset
from cnn.errors import DatasetError
from cnn.inspection.diagnosis.findings import Selection
from cnn.models.inputs import input_shape
from cnn.models.layers import layer_infos, totals
from cnn.models.sizes import size_for

if TYPE_CHECKING:
    import keras
    from numpy.typing import NDArray

MOST, LEAST = 1000, 8
# Multiply-adds of a pass over the sample, and how many take as long as looking at a number.
BUDGET, _OF_A_NUMBER = 3e10, 100
_MOST_BATCH = 64
_MOST_NUMBERS = 1e8


def selection_of(
    model: keras.Model, dataset: Dataset | NDArray[Any], most: int = MOST, budget: float = BUDGET
) -> Selection:
    """Return which pictures are looked at.

    They are at most `most`, and fewer for a network that computes more: the multiply-adds of all, and
    100 for each number that a layer gives, are `budget`, or what 8 pictures take. Raises `DatasetError`
    where there are none.
    """
    if not len(dataset):
        raise DatasetError("There are no pictures to look at: give a data set that has some.")
    first = dataset.first() if isinstance(dataset, Dataset) else np.asarray(dataset[0])
    wanted = min(len(dataset), most)
    count = len(affordable(model, first.shape, len(dataset), most, budget))
    name, split = (dataset.name, dataset.split) if isinstance(dataset, Dataset) else ("", "")
    return Selection(name, split, count, len(dataset), is_short=count < wanted)


def selected(
    dataset: Dataset | NDArray[Any], selection: Selection
) -> tuple[list[Any], NDArray[np.int64]]:
    """Return the pictures of a selection, and their places (n,) in the data set.

    Pictures that are damaged are left out. Raises `DatasetError` where all are.
    """
    places = _spread(selection.count, selection.total)
    if not isinstance(dataset, Dataset):
        return [dataset[int(place)] for place in places], places
    chosen, kept = dataset.readable(places)
    if not chosen:
        raise DatasetError(f"No picture of {dataset.name} that was looked at can be read.")
    return chosen, kept


def affordable(
    model: keras.Model,
    picture: tuple[int, ...],
    total: int,
    most: int = MOST,
    budget: float = BUDGET,
) -> NDArray[np.int64]:
    """Return the places of the pictures that are looked at, of `total`, evenly chosen.

    `picture` is the shape of one of them; how many there are `selection_of` tells.
    """
    cost = _cost(model, picture)
    return _spread(min(total, most, max(LEAST, int(budget / cost))), total)


def _spread(count: int, total: int) -> NDArray[np.int64]:
    return np.arange(count) * total // count


def batch_size(model: keras.Model, picture: tuple[int, ...]) -> int:
    """Return how many pictures of that shape go through the network at once, at least two."""
    return int(np.clip(_MOST_NUMBERS / _numbers(model, picture), 2, _MOST_BATCH))


def _cost(model: keras.Model, picture: tuple[int, ...]) -> float:
    known = totals(model)
    computed: float | None = known.multiply_adds
    if computed is None:
        computed = known.parameters * _open_cells(model, picture)
    return computed + _OF_A_NUMBER * _numbers(model, picture)


def _numbers(model: keras.Model, picture: tuple[int, ...]) -> float:
    """Return how many numbers all layers give for a picture; where sizes are open, at most."""
    shapes = [[side or 1 for side in info.output_shape] for info in layer_infos(model)]
    return _open_cells(model, picture) * sum(math.prod(shape) for shape in shapes)


def _open_cells(model: keras.Model, picture: tuple[int, ...]) -> float:
    """Return how many cells a picture has where the model leaves its size open, else 1."""
    return 1.0 if None not in input_shape(model) else math.prod(size_for(model, *picture[:2]))
