"""The data sets that a request may name: those that are known, and no folder of the server."""

from __future__ import annotations

import re
from reprlib import repr as short
from typing import Any

import cnn
from cnn.data.datasets import NAMES

OWN = "own:"
PATTERN = "|".join([*NAMES, f"{OWN}[0-9a-f]{{12}}"])
WORDS = f"{', '.join(NAMES)}, or {OWN} and 12 hexadecimal digits"
SPLITS = ("train", "test", "all")


def require_known(name: Any, split: Any = "all") -> str:
    """Return the name; `DatasetError` unless it and the split are known, whatever is on the disk."""
    if not isinstance(name, str) or not re.fullmatch(PATTERN, name):
        raise cnn.DatasetError(f"There is no data set {short(name)} here: choose one of {WORDS}.")
    if split not in SPLITS:
        raise cnn.DatasetError(
            f"There is no split {short(split)}: choose one of {', '.join(SPLITS)}."
        )
    return name
