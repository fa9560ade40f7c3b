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
    if not len(dataset):
        raise DatasetError("There are no pictures to look at: give a data set that has some.")
    if not isinstance(dataset, Dataset):
        places = affordable(model, dataset[0].shape, len(dataset), most)
        chosen = [dataset[int(place)] for place in places]
        return _selection("", "", len(places), len(dataset), most), chosen, None
    places = affordable(model, dataset.first().shape, len(dataset), most)
    chosen, kept = dataset.readable(places)
    if not chosen:
        raise DatasetError(f"No picture of {dataset.name} that was looked at can be read.")
    selection = _selection(dataset.name, dataset.split, len(chosen), len(dataset), most)
    return selection, chosen, dataset.labels[kept]


def _selection(name: str, split: str, count: int, total: int, most: int) -> Selection:
    return Selection(name, split, count, total, is_short=count < min(total, most))


def affordable(
    model: keras.Model, picture: tuple[int, ...], total: int, most: int = MOST
) -> NDArray[np.int64]:
    """Return the places, evenly chosen of `total`, of the pictures that `select` looks at.

    `picture` is the shape of one of them.
    """
    count = min(total, most, max(LEAST, int(_BUDGET / _cost(model, picture))))
    return np.arange(count) * total // count


def batch_size(model: keras.Model, picture: tuple[int, ...]) -> int:
    """Return how many pictures of that shape go through the network at once, at least two."""
    return int(np.clip(_MOST_NUMBERS / _numbers(model, picture), 2, _MOST_BATCH))


def _cost(model: keras.Model, picture: tuple[int, ...]) -> float:
    known = totals(model)
    is_open = None in input_shape(model)
    computed = known.parameters * _open_cells(model, picture) if is_open else known.multiply_adds
    return computed + _OF_A_NUMBER * _numbers(model, picture)


def _numbers(model: keras.Model, picture: tuple[int, ...]) -> float:
    """Return how many numbers all layers give for a picture; where sizes are open, at most."""
    shapes = [[side or 1 for side in info.output_shape] for info in layer_infos(model)]
    return _open_cells(model, picture) * sum(math.prod(shape) for shape in shapes)


def _open_cells(model: keras.Model, picture: tuple[int, ...]) -> float:
    """Return how many cells a picture has where the model leaves its size open, else 1."""
    return 1.0 if None not in input_shape(model) else math.prod(size_for(model, *picture[:2]))
