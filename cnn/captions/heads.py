"""What is said of the output of a network."""

from __future__ import annotations

from cnn.models.losses import Aim

_AS: dict[Aim, str] = {
    "": "as found",
    "classes": "one per class",
    "separate": "separate scores, by their sigmoids",
    "numbers": "numbers by themselves",
}


def sums_as(aim: Aim) -> str:
    """Return what sums are taken for as a choice in words; "" is what was found."""
    return _AS[aim]


def kept_sums(aim: Aim) -> str:
    """Return the choice of what is kept on the card, in words."""
    return f"as kept on the card: {_AS[aim]}"
