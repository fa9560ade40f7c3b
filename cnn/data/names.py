"""What data sets are called."""

from __future__ import annotations

from pathlib import Path

from cnn.data.datasets import CIFAR10, DIGITS, MNIST

_MOST_LETTERS = 40
_NAMES = {
    MNIST: "MNIST", "fashion_mnist": "Fashion-MNIST", CIFAR10: "CIFAR-10", DIGITS: "embedded digits",
}  # fmt: skip


def data_name(dataset: str) -> str:
    """Return what a data set is called; of a folder its own name, without the way there."""
    name = _NAMES.get(dataset) or Path(dataset).name or "a folder"
    return name if len(name) <= _MOST_LETTERS else f"{name[: _MOST_LETTERS - 1]}…"
