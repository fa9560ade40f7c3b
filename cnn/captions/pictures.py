"""Sentences on pictures among which one is chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.words import counted

OTHER_CLASSES = (
    "The network has other classes than these pictures, or does not name them, so that none of them is "
    "right or wrong."
)


def asked(count: int, of: int, right: NDArray[np.bool_] | None, damaged: int) -> str:
    """Return of how many pictures the network was asked, and of how many of them it is wrong.

    `right` is (count,), None where it has other classes than the pictures.
    """
    whole = count + damaged == of
    over = (
        f"all {counted(of, 'picture')}"
        if whole
        else f"{count:,} of {counted(of, 'picture')}, spread evenly"
    )
    left_out = f" ({damaged:,} damaged left out)" if damaged else ""
    if right is None:
        return f"The network was asked about {over}{left_out}. {OTHER_CLASSES}"
    return f"The network was asked about {over}{left_out}: {int((~right).sum()):,} wrong."
