"""What is said of the pictures that enter a network."""

from __future__ import annotations

from cnn.models.scales import RANGES


def pixel_range(name: str) -> str:
    """Return a range of `cnn.models.scales.RANGES` as a choice in words; "" is what was found."""
    return RANGES[name].reason if name else "as found"
