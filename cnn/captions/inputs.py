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


def range_hint(found: RangeScores) -> str:
    """Return which range suits the network best, as far as its predictions tell."""
    best, *others = sorted(found.scores, key=lambda name: -found.scores[name])
    shares = {name: percent(share, 0) for name, share in found.scores.items()}
    if found.scores[best] == found.scores[others[0]]:
        return f"{counted(found.pictures, 'picture')} do not tell which range is right."
    rest = listed([f"{shares[name]} with {in_ends(name)}" for name in others])
    if found.are_accuracies:
        return (
            f"Of {counted(found.pictures, 'picture')}, {shares[best]} are recognised with "
            f"{in_ends(best)}, {rest}."
        )
    return (
        f"Surest with {in_ends(best)}: the largest probability is {shares[best]} on average over "
        f"{counted(found.pictures, 'picture')}, {rest}. To be sure is not to be right."
    )
