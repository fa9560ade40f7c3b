"""Which pictures are looked at: as many as the cost of the network allows, evenly chosen."""

from __future__ import annotations

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
# Multiply-adds of one pass over the sample.
_BUDGET = 5e10
_MOST_BATCH = 64
_MOST_NUMBERS = 1e8


def select(
    model: keras.Model, dataset: Dataset | NDArray[Any], most: int = MOST
) -> tuple[Selection, list[Any], NDArray[np.int64] | None]:
    """Return what is looked at, the pictures, and their labels (n,) where they have any.

    They are at most `most`, and fewer for a network that computes more: a pass over them takes about
    5·10¹⁰ multiply-adds, or as many as 8 pictures take. Raises `DatasetError` where there are none.
    """
    pictures = dataset.pictures if isinstance(dataset, Dataset) else dataset
    if not len(pictures):
        raise DatasetError("There are no pictures to look at: give a data set that has some.")
    cost = max(1.0, _cost(model, np.asarray(pictures[0]).shape))
    count = min(len(pictures), most, max(LEAST, int(_BUDGET / cost)))
    places = np.arange(count) * len(pictures) // count
    name, split = (dataset.name, dataset.split) if isinstance(dataset, Dataset) else ("", "")
    labels = dataset.labels[places] if isinstance(dataset, Dataset) else None
    selection = Selection(name, split, count, len(pictures))
    return selection, [pictures[int(place)] for place in places], labels


def batch_size(model: keras.Model, picture: tuple[int, ...]) -> int:
    """Return how many pictures of that shape go through the network at once, at least two."""
    cells = _scale(model, picture) * sum(
        np.prod([side or 1 for side in info.output_shape]) for info in layer_infos(model)
    )
    return int(np.clip(_MOST_NUMBERS / cells, 2, _MOST_BATCH))


def _cost(model: keras.Model, picture: tuple[int, ...]) -> float:
    """Return the multiply-adds of one picture; where sizes are open, what they cannot exceed."""
    if None not in input_shape(model):
        return totals(model).multiply_adds
    return totals(model).parameters * _scale(model, picture)


def _scale(model: keras.Model, picture: tuple[int, ...]) -> float:
    """Return how many cells a picture has where the model leaves its size open, else 1."""
    return 1.0 if None not in input_shape(model) else float(np.prod(size_for(model, *picture[:2])))
