"""Pages of pictures to choose from: which they are, and what the network says of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

import cnn
from cnn.inspection.batches import batch_probabilities
from cnn.inspection.diagnosis.selection import affordable
from cnn.models.card import outputs_of_classes
from cnn.models.heads import head_of
from cnn.models.rows import rows_beside
from dashboard.state.picking import Place

if TYPE_CHECKING:
    import keras

PAGE = 48


@dataclass(frozen=True, eq=False)
class Said:
    """What the network says of the pictures at `places`, of which there were `of`.

    `classes` and `sure` are the likeliest class and its probability (n,); `right` is whether it is that
    of the picture, None where the network has other classes. `damaged` could not be read.
    """

    places: NDArray[np.int64]
    classes: NDArray[np.int64]
    sure: NDArray[np.float32]
    right: NDArray[np.bool_] | None
    damaged: frozenset[int]
    of: int

    def ordered(self, place: Place) -> NDArray[np.int64]:
        """Return the rows of a place: wrong ones first, the surest of them, or as they are stored."""
        rows = np.arange(len(self.places))
        if place.said is not None:
            rows = rows[self.classes == place.said]
        if place.order == "stored" or self.right is None:
            return rows
        right, sure = self.right[rows], self.sure[rows]
        return rows[np.lexsort((np.where(right, sure, -sure), right))]


def asked(model: keras.Model, data: cnn.Dataset, places: NDArray[np.int64], of: int) -> Said:
    """Return what the model says of the pictures at some places, with what is beside each.

    Raises `ModelError` where it does not choose among classes, and `ImageError` where its size is open
    and theirs differ.
    """
    if not head_of(model).has_classes:
        raise cnn.ModelError(
            "This network does not choose among classes: nothing is said of pictures."
        )
    pictures, kept = data.readable(places)
    probabilities = batch_probabilities(
        model, pictures, given=rows_beside(model, data.beside, kept.tolist())
    )
    classes = probabilities.argmax(axis=1) if len(kept) else np.zeros(0, np.int64)
    outputs = outputs_of(model, data)
    right = None if outputs is None else classes == outputs[data.labels[kept]]
    damaged = frozenset(map(int, set(places) - set(kept)))
    return Said(kept, classes, probabilities.max(axis=1, initial=0), right, damaged, of)


def classes_of(model: keras.Model) -> tuple[str, ...]:
    """Return the classes that a model chooses among; none where it gives no probabilities."""
    return cnn.class_names(model) if head_of(model).has_classes else ()


def outputs_of(model: keras.Model, data: cnn.Dataset) -> NDArray[np.int64] | None:
    """Return the output of each class of the data (classes,); None where the names are not the same."""
    if not head_of(model).has_classes:
        return None
    return outputs_of_classes(model, data.class_names, are_own=data.is_own)


def sampled(model: keras.Model, data: cnn.Dataset, label: int | None) -> Said:
    """Return what the model says of pictures of a class (None: of all), evenly chosen.

    They are at most 1,000, and fewer where the network computes much.
    """
    among = of_class(data, label)
    chosen = affordable(model, data.first().shape, len(among))
    return asked(model, data, among[chosen], len(among))


def of_class(data: cnn.Dataset, label: int | None) -> NDArray[np.int64]:
    """Return the places of a class, of all pictures for None."""
    return np.arange(len(data)) if label is None else np.flatnonzero(data.labels == label)
