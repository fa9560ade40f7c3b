"""What is wrong with a network, or may be: found in its weights, and over a sample of pictures."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from cnn.data.datasets import Dataset
from cnn.inspection.batches import fitted_pictures
from cnn.inspection.diagnosis import answers, channels, feeding, filters
from cnn.inspection.diagnosis.case import Case
from cnn.inspection.diagnosis.findings import Checked, Diagnosis, Finding, Selection
from cnn.inspection.diagnosis.selection import BUDGET, MOST, selected, selection_of

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

    `dataset` is a data set, or pictures without labels: an array (n, height, width[, channels]). At most
    `most` pictures are looked at, evenly chosen, and fewer where all of them cost more multiply-adds
    than `budget`: see `Diagnosis.selection`. Nothing that the network computes of them is kept but
    statistics per channel. `on_progress(done, all)` counts pictures; what it raises ends the diagnosis.
    Raises `DatasetError` where there are no pictures, `ImageError` for what is none, and `ModelError`
    where the network cannot be computed.
    """
    selection = selection_of(model, dataset, most, budget)
    pictures, labels = selected(dataset, selection)
    selection = replace(selection, count=len(pictures))
    names, are_own = (
        (dataset.class_names, dataset.is_own) if isinstance(dataset, Dataset) else ((), False)
    )

    def told(done: int) -> None:
        if on_progress:
            on_progress(done, selection.count)

    fitted = fitted_pictures(model, pictures)
    case = Case(model, selection, fitted, labels, names, are_own, told)
    checked = tuple(
        Checked(name, None if found is None else tuple(found))
        for name, found in ((name, check(case)) for name, check in CHECKS.items())
    )
    return Diagnosis(checked, selection)
