"""Pictures with their classes, as far as they are known, as every kind of file gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnn.data.beside import NOTHING, Beside
from cnn.data.picture_files import PictureFiles

ALL, TRAIN, TEST = "all", "train", "test"
UNDIVIDED = (ALL, TRAIN, TEST)
_TEST_EVERY = 5
# Instead of the number of a class, where none is known.
NO_LABEL = -1


class Labelled(NamedTuple):
    """n `pictures` uint8 (height, width, channels), their `labels` int64 (n,), a name per class.

    Pictures without labels have `NO_LABEL` each, and no class names. `beside` is what else is there for
    each of them.
    """

    pictures: NDArray[np.uint8] | PictureFiles
    labels: NDArray[np.int64]
    class_names: tuple[str, ...]
    beside: Beside = NOTHING


def without_labels(pictures: NDArray[np.uint8] | PictureFiles) -> Labelled:
    """Return pictures of which nobody says what they are."""
    return Labelled(pictures, np.full(len(pictures), NO_LABEL, np.int64), ())


def numbered(count: int) -> tuple[str, ...]:
    """Return the names of classes that have none: their numbers."""
    return tuple(str(number) for number in range(count))


def named(labels: Sequence[str]) -> tuple[NDArray[np.int64], tuple[str, ...]]:
    """Return the class numbers of labels that are words, and the words, in alphabetical order."""
    names = tuple(sorted(set(labels)))
    numbers = {name: number for number, name in enumerate(names)}
    return np.array([numbers[label] for label in labels], np.int64), names


def part(whole: Labelled, split: str) -> Labelled:
    """Return a part of pictures that nobody has divided.

    "test" is every fifth by its place, from the first; "train" are the others, "all" both.
    """
    if split == ALL:
        return whole
    places = np.arange(len(whole.labels))
    chosen = places[(places % _TEST_EVERY == 0) == (split == TEST)]
    beside = whole.beside.chosen(chosen)
    return Labelled(whole.pictures[chosen], whole.labels[chosen], whole.class_names, beside)
