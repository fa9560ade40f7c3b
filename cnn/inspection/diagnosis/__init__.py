"""What is wrong with a network, or may be: found in its weights, and over a sample of pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.data.datasets import Dataset
from cnn.inspection.batches import fitted_pictures
from cnn.inspection.diagnosis import answers, channels, feeding, filters
from cnn.inspection.diagnosis.case import Case
from cnn.inspection.diagnosis.findings import Checked, Diagnosis, Finding, Selection
from cnn.inspection.diagnosis.selection import BUDGET, MOST, selected, selection_of
from cnn.models.rows import Given, rows_beside

if TYPE_CHECKING:
    import keras

__all__ = ["CHECKS", "Checked", "Diagnosis", "Finding", "Selection", "diagnose"]

# A check returns what it finds; None where it has nothing to go by. A new one is an entry here, and its
# sentences are entries in `cnn.captions.diagnosis`.
CHECKS: dict[str, Callable[[Case], list[Finding] | None]] = {
    "dead": channels.dead,
    "constant": channels.constant,
    "saturated": channels.saturated,
    "not finite": channels.not_finite,
    "duplicates": filters.near_duplicates,
    "feeding": feeding.unlike_training,
    "softmax": answers.softmax,
    "statistics": feeding.never_updated,
    "labels": answers.labels,
}


def diagnose(
    model: keras.Model,
    dataset: Dataset | NDArray[Any],
    *,
    most: int = MOST,
    budget: float = BUDGET,
    on_progress: Callable[[int, int], None] | None = None,
) -> Diagnosis:
    """Return what is wrong with the model, or may be, over a sample of the pictures.

    `dataset` is a data set, or pictures without labels: an array (n, height, width[, channels]). What is
    `beside` the pictures of a data set is given to further inputs that are called so. At most
    `most` pictures are looked at, evenly chosen, and fewer where all of them cost more multiply-adds
    than `budget`: see `Diagnosis.selection`. Nothing that the network computes of them is kept but
    statistics per channel. `on_progress(done, all)` counts pictures; what it raises ends the diagnosis.
    Raises `DatasetError` where there are no pictures, `ImageError` for what is none, and `ModelError`
    where the network cannot be computed.
    """
    selection = selection_of(model, dataset, most, budget)
    pictures, places = selected(dataset, selection)
    selection = replace(selection, count=len(pictures))

    def told(done: int) -> None:
        if on_progress:
            on_progress(done, selection.count)

    fitted = fitted_pictures(model, pictures)
    case = Case(model, selection, fitted, *_known(model, dataset, places), told)
    checked = tuple(
        Checked(name, None if found is None else tuple(found))
        for name, found in ((name, check(case)) for name, check in CHECKS.items())
    )
    return Diagnosis(checked, selection)


def _known(
    model: keras.Model, dataset: Dataset | NDArray[Any], places: NDArray[np.int64]
) -> tuple[NDArray[np.int64] | None, tuple[str, ...], bool, Given]:
    """Return what a case knows of pictures: labels, classes, whose they are, and what is beside them."""
    if not isinstance(dataset, Dataset):
        return None, (), False, {}
    labels = dataset.labels[places] if dataset.is_labelled else None
    given = rows_beside(model, dataset.beside, places.tolist())
    return labels, dataset.class_names, dataset.is_own, given
