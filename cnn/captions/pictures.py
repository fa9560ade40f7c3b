"""Sentences on pictures among which one is chosen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from cnn.words import counted

OTHER_CLASSES = (
    "The network has other classes than these pictures, or does not name them, so that none of them is "
    "right or wrong."
)
NO_LABELS = "These pictures have no labels, so that none of them is right or wrong."


def assumed(classes: int) -> str:
    """Return what the outputs of a network that does not name them are taken for, and why."""
    return (
        f"The network does not name its classes: they are taken for 0 to {classes - 1}, as these "
        "pictures are labelled, because there are as many. Name them under Choices if they are others."
    )


def unnamed() -> str:
    """Return why nothing is said to be right or wrong where there are as many outputs as classes."""
    return (
        "The network does not name its classes, and so it is not known whether they are those of these "
        "pictures. Name them under Choices, then it is said whether it is right."
    )


def unjudged(*, is_labelled: bool) -> str:
    """Return why nothing is said to be right or wrong of pictures, with labels or without."""
    return OTHER_CLASSES if is_labelled else NO_LABELS


def asked(
    count: int, of: int, right: NDArray[np.bool_] | None, damaged: int, *, is_labelled: bool = True
) -> str:
    """Return of how many pictures the network was asked, and of how many of them it is wrong.

    `right` is (count,), None where they have no labels, or it has other classes than they.
    """
    whole = count + damaged == of
    over = (
        f"all {counted(of, 'picture')}"
        if whole
        else f"{count:,} of {counted(of, 'picture')}, spread evenly"
    )
    left_out = f" ({damaged:,} damaged left out)" if damaged else ""
    if right is None:
        return f"The network was asked about {over}{left_out}. {unjudged(is_labelled=is_labelled)}"
    return f"The network was asked about {over}{left_out}: {int((~right).sum()):,} wrong."
