"""What is wrong with a network, or may be: found in its weights, and over a sample of pictures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray

from cnn.data.datasets import Dataset
from cnn.inspection.batches import fitted_pictures
from cnn.inspection.diagnosis import answers, channels, feeding, filters
from cnn.inspection.diagnosis.case import Case
from cnn.inspection.diagnosis.findings import Checked, Diagnosis, Finding, Selection
from cnn.inspection.diagnosis.selection import MOST, select

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


def diagnose(model: keras.Model, dataset: Dataset | NDArray[Any], *, most: int = MOST) -> Diagnosis:
    """Return what is wrong with the model, or may be, over a sample of the pictures.

    `dataset` is a data set, or pictures without labels: an array (n, height, width[, channels]). At most
    `most` pictures are looked at, evenly chosen, and fewer where the network computes much: see
    `Diagnosis.selection`. Nothing that the network computes of them is kept but statistics per channel.
    Raises `DatasetError` where there are no pictures, `ImageError` for what is none, and `ModelError`
    where the network cannot be computed.
    """
    selection, pictures, labels = select(model, dataset, most)
    names = dataset.class_names if isinstance(dataset, Dataset) else ()
    case = Case(model, selection, fitted_pictures(model, pictures), labels, names)
    checked = tuple(
        Checked(name, None if found is None else tuple(found))
        for name, found in ((name, check(case)) for name, check in CHECKS.items())
    )
    return Diagnosis(checked, selection)
