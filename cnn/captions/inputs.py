"""What is said of the pictures that enter a network."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnn.models.scales import RANGES, in_ends
from cnn.words import counted, listed, percent

if TYPE_CHECKING:
    from cnn.inspection.pixel_ranges import RangeScores


def pixel_range(name: str) -> str:
    """Return a range of `cnn.models.scales.RANGES` as a choice in words; "" is what was found."""
    return RANGES[name].reason if name else "as found"


def kept_range(name: str) -> str:
    """Return the choice of the range that is kept on the card, in words."""
    return f"as kept on the card: {in_ends(name)}"


def range_hint(found: RangeScores, measured: str = "") -> str:
    """Return how well a network does in each range, the best first; `measured` is the pictures' own."""
    order = sorted(found.scores, key=lambda name: -found.scores[name])
    each = listed(
        [
            f"{percent(found.scores[name], 0)} with {in_ends(name)}"
            + " (of these pictures)" * (name == measured)
            for name in order
        ]
    )
    pictures = counted(found.pictures, "picture")
    if found.measure == "accuracy":
        return f"Recognised of {pictures}: {each}."
    if found.measure == "telling":
        return (
            f"Which output stands for which label is not known. If each answer stood for the label that "
            f"it is given for most often, these would be recognised of {pictures}: {each}."
        )
    surest = f"The largest probability, on average over {pictures}, is {each}."
    return f"{surest} To be sure is not to be right."
