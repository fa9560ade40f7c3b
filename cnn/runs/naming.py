"""What a run is called until its reader says otherwise: by its data, optimiser, rate and epochs."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from pathlib import Path

from cnn.data.datasets import DIGITS, MNIST
from cnn.runs.configuration import TrainingConfig

MOST_NAME = 100
_MOST_DATA = 40
_DATA = {MNIST: "MNIST", "fashion_mnist": "Fashion-MNIST", DIGITS: "embedded digits"}
OPTIMIZER_NAMES: dict[str, str] = {
    "adam": "Adam", "adamw": "AdamW", "rmsprop": "RMSprop", "momentum": "SGD with momentum",
    "sgd": "SGD",
}  # fmt: skip


def data_name(dataset: str) -> str:
    """Return what a data set is called; of a folder its own name, without the way there."""
    return _DATA.get(dataset) or _cut(Path(dataset).name or "a folder", _MOST_DATA)


def automatic(config: TrainingConfig) -> str:
    """Return a name for a training, such as "MNIST · Adam 0.001 · 5 epochs"."""
    epochs = "1 epoch" if config.epochs == 1 else f"{config.epochs} epochs"
    optimizer = f"{OPTIMIZER_NAMES[config.optimizer]} {config.learning_rate:g}"
    return f"{data_name(config.dataset)} · {optimizer} · {epochs}"


def unique(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number behind it if it is taken: "… (2)"."""
    if name not in taken:
        return name
    numbered = (f"{_cut(name, MOST_NAME - 8)} ({number})" for number in count(2))
    return next(candidate for candidate in numbered if candidate not in taken)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
