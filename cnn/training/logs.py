"""What Keras tells of an epoch or a batch, whatever its metrics are called, as the columns of a run."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any


def measured(logs: Mapping[str, Any]) -> dict[str, float]:
    """Return the loss and the accuracy among the logs, NaN where there is none."""
    numbers = _numbers(logs)
    name = _accuracy_among(numbers)
    return {
        "loss": numbers.get("loss", math.nan),
        "accuracy": numbers[name] if name else math.nan,
    }


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


def _accuracy_among(names: Mapping[str, float]) -> str | None:
    """Return the name of the accuracy: whatever it is called, and not that of the best five."""
    likely = [n for n in names if n.endswith(("accuracy", "acc")) and not n.startswith("val_")]
    return next((n for n in likely if "top" not in n), None)
