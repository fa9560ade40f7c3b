"""The data sets that a request may name: those that are known, and no folder of the server."""

from __future__ import annotations

from reprlib import repr as short
from typing import Any

import cnn
from cnn.data.datasets import DIGITS, KERAS_DATASETS

NAMES = (*KERAS_DATASETS, DIGITS)
SPLITS = ("train", "test", "all")


def require_known(name: Any, split: Any = "all") -> str:
    """Return the name; `DatasetError` unless it and the split are known, whatever is on the disk."""
    if name not in NAMES:
        raise cnn.DatasetError(
            f"There is no data set {short(name)} here: choose one of {', '.join(NAMES)}."
        )
    if split not in SPLITS:
        raise cnn.DatasetError(
            f"There is no split {short(split)}: choose one of {', '.join(SPLITS)}."
        )
    return str(name)
