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
# Multiply-adds of a pass over the sample, if one looks at a number as long as these take.
_BUDGET, _OF_A_NUMBER = 3e10, 100
_MOST_BATCH = 64
_MOST_NUMBERS = 1e8


def select(
    model: keras.Model, dataset: Dataset | NDArray[Any], most: int = MOST
) -> tuple[Selection, list[Any], NDArray[np.int64] | None]:
    """Return what is looked at, the pictures, and their labels (n,) where they have any.

    They are at most `most`, and fewer for a network that computes more: the multiply-adds of all, and
    100 for each number that a layer gives, are 3·10¹⁰, or what 8 pictures take. Raises `DatasetError`
    where there are none.
    """
    pictures = dataset.pictures if isinstance(dataset, Dataset) else dataset
    if not len(pictures):
        raise DatasetError("There are no pictures to look at: give a data set that has some.")
    cost = _cost(model, np.asarray(pictures[0]).shape)
    wanted = min(len(pictures), most)
    count = min(wanted, max(LEAST, int(_BUDGET / cost)))
    places = np.arange(count) * len(pictures) // count
    name, split = (dataset.name, dataset.split) if isinstance(dataset, Dataset) else ("", "")
    labels = dataset.labels[places] if isinstance(dataset, Dataset) else None
    selection = Selection(name, split, count, len(pictures), is_short=count < wanted)
    return selection, [pictures[int(place)] for place in places], labels


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
