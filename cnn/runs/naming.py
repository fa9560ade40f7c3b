"""What settings are called, and a run until its reader says otherwise."""

from __future__ import annotations

from collections.abc import Collection
from itertools import count
from typing import Any

from cnn.data.names import data_name
from cnn.runs.configuration import SETTINGS, TrainingConfig

MOST_NAME = 100


def in_words(name: str, value: Any) -> tuple[str, str]:
    """Return a setting of a training as (its label, its value) for the reader."""
    setting = SETTINGS[name]
    words = data_name(value) if name == "dataset" else setting.in_words(value)
    return setting.title.lower(), words


def automatic(config: TrainingConfig) -> str:
    """Return a name for a training, such as "MNIST · Adam 0.001 · 5 epochs"."""
    epochs = "1 epoch" if config.epochs == 1 else f"{config.epochs} epochs"
    optimizer = f"{SETTINGS['optimizer'].in_words(config.optimizer)} {config.learning_rate:g}"
    return f"{data_name(config.dataset)} · {optimizer} · {epochs}"


def unique(name: str, taken: Collection[str]) -> str:
    """Return the name, with a number behind it if it is taken: "… (2)"."""
    if name not in taken:
        return name
    numbered = (f"{_cut(name, MOST_NAME - 8)} ({number})" for number in count(2))
    return next(candidate for candidate in numbered if candidate not in taken)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
