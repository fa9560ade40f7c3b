"""Which range of pixels a network was trained on, as far as its predictions tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.batches import batch_probabilities
from cnn.models.heads import require_classes
from cnn.models.inputs import in_range, ranges_of

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
    model: keras.Model, pictures: Sequence[Any], targets: NDArray[np.int64] | None = None
) -> RangeScores:
    """Return how well the network does with the pictures in each range that their pixels may be in.

    `targets` (n,) are the numbers of the outputs that are right, None where they are not known. Raises
    `ModelError` for a network without class probabilities, `ImageError` for what is no picture.
    """
    require_classes(model, "A comparison of ranges")
    said = {name: batch_probabilities(in_range(model, name), pictures) for name in ranges_of(model)}
    if targets is None:
        scores = {name: float(np.mean(given.max(axis=1))) for name, given in said.items()}
    else:
        scores = {
            name: float(np.mean(given.argmax(axis=1) == targets)) for name, given in said.items()
        }
    return RangeScores(scores, len(pictures), targets is not None)
