"""What Keras tells of an epoch or a batch, whatever its metrics are called, as the columns of a run."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from cnn.runs.recorded import ACCURACY, LOSS
from cnn.words import listed


def measured(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the loss and the accuracy among the logs, NaN where there is none."""
    numbers = _numbers(logs)
    loss, accuracies = loss_among(numbers), _accuracies_among(numbers)
    return {
        "loss": numbers[loss] if loss else math.nan,
        "accuracy": numbers[accuracies[0]] if accuracies else math.nan,
    }


def drawn(logs: Mapping[str, Any]) -> dict[str, str]:
    """Return which numbers are drawn as loss and accuracy, where that is not what they are called."""
    numbers = _numbers(logs)
    loss, accuracies = loss_among(numbers), _accuracies_among(numbers)
    found = {LOSS: loss} if loss and loss != "loss" else {}
    if len(accuracies) > 1 and accuracies[0] not in ("accuracy", "acc"):
        found[ACCURACY] = f"{accuracies[0]}, the first of {listed(accuracies)}"
    return found


def history_row(epoch: int, logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the row of a run's history for the logs of an epoch, 1 being the first.

    It has the columns that the dashboard draws, then all other numbers under their own names.
    """
    known = {"epoch": epoch, **measured(logs)}
    validated = {name[4:]: value for name, value in logs.items() if name.startswith("val_")}
    if validated:
        known |= {f"val_{name}": value for name, value in measured(validated).items()}
    return {**known, **{n: v for n, v in _numbers(logs).items() if n not in known}}


def _numbers(logs: Mapping[str, Any]) -> dict[str, float]:
    numbers = {}
    for name, value in logs.items():
        try:
            numbers[name] = float(value)
        except (TypeError, ValueError):
            continue
    return numbers


def loss_among(names: Iterable[str]) -> str:
    """Return the name of the loss: "loss", or of the only one; "" where there are several, or none."""
    losses = [name for name in names if name.endswith("loss") and not name.startswith("val_")]
    if "loss" in losses:
        return "loss"
    return losses[0] if len(losses) == 1 else ""


def _accuracies_among(names: Iterable[str]) -> list[str]:
    """Return the names of accuracies, not those of the best five; the first is the one that is drawn."""
    likely = [n for n in names if n.endswith(("accuracy", "acc")) and not n.startswith("val_")]
    return sorted((n for n in likely if "top" not in n), key=lambda n: n not in ("accuracy", "acc"))
