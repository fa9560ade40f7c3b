"""What data sets are called."""

from __future__ import annotations

from pathlib import Path

from cnn.data.datasets import CIFAR10, DIGITS, MNIST
from cnn.data.labelled import ALL
from cnn.words import printable

_MOST_LETTERS = 40
_NAMES = {
    MNIST: "MNIST", "fashion_mnist": "Fashion-MNIST", CIFAR10: "CIFAR-10", DIGITS: "embedded digits",
}  # fmt: skip


def data_name(dataset: str) -> str:
    """Return what a data set is called; of a folder its own name, without the way there."""
    name = _NAMES.get(dataset) or printable(Path(dataset).name) or "a folder"
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"


def part_name(called: str, split: str) -> str:
    """Return what a split of a data set is called, which is called so itself: "MNIST test".

    One that is not divided has no other name.
    """
    return called if split == ALL else f"{called} {split}"
