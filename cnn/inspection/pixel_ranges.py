"""Which range of pixels a network was trained on, as far as its predictions tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.batches import batch_probabilities, fitted_pictures
from cnn.models.heads import require_classes
from cnn.models.inputs import in_range, ranges_of
from cnn.models.rows import Given
from cnn.models.scales import standardised

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class RangeScores:
    """How well a network does in each range of pixels, over so many `pictures`.

    `scores` are by the name of the range. Their `measure` is "accuracy", the share of pictures that are
    recognised, "telling", the share that would be if each answer stood for the label that it is given
    for most often, or "sureness", the mean of the largest probability.
    """

    scores: dict[str, float]
    pictures: int
    measure: Literal["accuracy", "telling", "sureness"]

    @property
    def best(self) -> str:
        """The range with the highest score."""
        return max(self.scores, key=lambda name: self.scores[name])


def compare_ranges(
    model: keras.Model,
    pictures: Sequence[Any],
    targets: NDArray[np.int64] | None = None,
    *,
    labels: NDArray[np.int64] | None = None,
    also: Sequence[str] = (),
    given: Given | None = None,
) -> RangeScores:
    """Return how well the network does with the pictures in each range that their pixels may be in.

    `also` are ranges beyond those with a name, as mean and deviation. `targets` (n,) are the numbers of
    the outputs that are right, None where they are not known; then `labels` (n,) are what the pictures
    are called, from 0 on, where they are called anything. A network that is sure of all it sees may be
    so in a wrong range: its sureness counts only where there are neither. `given` is what
    `batch_probabilities` takes. Raises `ModelError` for a
    network without class probabilities, `ImageError` for what is no picture.
    """
    require_classes(model, "A comparison of ranges")
    names = dict.fromkeys([*ranges_of(model), *also])
    said = {
        name: batch_probabilities(in_range(model, name), pictures, given=given) for name in names
    }
    if targets is not None:
        scores = {
            name: float(np.mean(given.argmax(axis=1) == targets)) for name, given in said.items()
        }
        return RangeScores(scores, len(pictures), "accuracy")
    if labels is not None:
        scores = {name: _telling(given.argmax(axis=1), labels) for name, given in said.items()}
        return RangeScores(scores, len(pictures), "telling")
    scores = {name: float(np.mean(given.max(axis=1))) for name, given in said.items()}
    return RangeScores(scores, len(pictures), "sureness")


def _telling(answers: NDArray[np.int64], labels: NDArray[np.int64]) -> float:
    """Return for how many pictures the label is the commonest of those with the same answer."""
    pairs = np.zeros((answers.max() + 1, labels.max() + 1), np.int64)
    np.add.at(pairs, (answers, labels), 1)
    return float(pairs.max(axis=1).sum() / len(labels))


def range_of_pictures(model: keras.Model, pictures: Sequence[Any]) -> str:
    """Return the range in which each channel of the pictures has the mean 0 and the deviation 1.

    It is mean and deviation as text; "" where a channel is the same everywhere.
    """
    fractions = fitted_pictures(model, pictures) / np.float32(255)
    mean, deviation = (of(fractions, axis=(0, 1, 2)).round(4) for of in (np.mean, np.std))
    return standardised(mean.tolist(), deviation.tolist()) if deviation.all() else ""
