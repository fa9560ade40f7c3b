"""Which range of pixels a network was trained on, as far as its predictions tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.batches import batch_probabilities, fitted_pictures
from cnn.models.heads import require_classes
from cnn.models.inputs import in_range, ranges_of
from cnn.models.scales import standardised

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class RangeScores:
    """How well a network does in each range of pixels, over so many `pictures`.

    `scores` are by the name of the range, the share of pictures that are recognised where
    `are_accuracies`, else the mean of the largest probability.
    """

    scores: dict[str, float]
    pictures: int
    are_accuracies: bool

    @property
    def best(self) -> str:
        """The range with the highest score."""
        return max(self.scores, key=lambda name: self.scores[name])


def compare_ranges(
    model: keras.Model,
    pictures: Sequence[Any],
    targets: NDArray[np.int64] | None = None,
    *,
    also: Sequence[str] = (),
) -> RangeScores:
    """Return how well the network does with the pictures in each range that their pixels may be in.

    `also` are ranges beyond those with a name, as mean and deviation. `targets` (n,) are the numbers of
    the outputs that are right, None where they are not known. Raises `ModelError` for a network without
    class probabilities, `ImageError` for what is no picture.
    """
    require_classes(model, "A comparison of ranges")
    names = dict.fromkeys([*ranges_of(model), *also])
    said = {name: batch_probabilities(in_range(model, name), pictures) for name in names}
    if targets is None:
        scores = {name: float(np.mean(given.max(axis=1))) for name, given in said.items()}
    else:
        scores = {
            name: float(np.mean(given.argmax(axis=1) == targets)) for name, given in said.items()
        }
    return RangeScores(scores, len(pictures), targets is not None)


def range_of_pictures(model: keras.Model, pictures: Sequence[Any]) -> str:
    """Return the range in which each channel of the pictures has the mean 0 and the deviation 1.

    It is mean and deviation as text; "" where a channel is the same everywhere.
    """
    fractions = fitted_pictures(model, pictures) / np.float32(255)
    mean, deviation = (of(fractions, axis=(0, 1, 2)).round(4) for of in (np.mean, np.std))
    return standardised(mean.tolist(), deviation.tolist()) if deviation.all() else ""
