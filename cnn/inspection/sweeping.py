"""What a model says along a range of pictures, a few at a time: the coarse course comes first."""

from __future__ import annotations

from collections.abc import Sequence
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from cnn.inspection.activations import predict

if TYPE_CHECKING:
    import keras


class Sweep:
    """Pictures (n) at the values `along` a range (n,), and what a model says of them, as far as known."""

    def __init__(self, along: NDArray[np.float32], pictures: Sequence[NDArray[np.uint8]]) -> None:
        self.along = along
        self._pictures = pictures
        self._known: dict[int, NDArray[np.float32]] = {}
        self._left = coarse_first(len(along))
        self._one_at_a_time = Lock()

    @property
    def is_whole(self) -> bool:
        """Whether everything is known."""
        return not self._left

    @property
    def known(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """The values of which it is known what the model says, float32 (k,), and that (k, classes)."""
        with self._one_at_a_time:
            places = sorted(self._known)
            return self.along[places], np.stack([self._known[place] for place in places])

    def go_on(self, model: keras.Model, count: int) -> None:
        """Ask the model about `count` more pictures, or as many as are left, each by itself.

        The pass of single pictures is compiled already, for the panel; that of a batch takes longer to
        compile than to compute.
        """
        with self._one_at_a_time:
            for place in self._left[:count]:
                self._known[place] = predict(model, self._pictures[place]).probabilities
            self._left = self._left[count:]


def coarse_first(count: int) -> list[int]:
    """Return 0 to `count` - 1: the two ends, then what halves the gaps between those before."""
    ordered, step = [0, count - 1], count - 1
    while step > 1:
        step = (step + 1) // 2
        ordered += range(step, count - 1, step)
    return list(dict.fromkeys(ordered))
