"""What captions are made of: sentences, shapes, shares and counts as people write them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Caption:
    """`seen` says what the picture is, `notice` what stands out in it; either may be empty."""

    seen: str
    notice: str = ""


def sides(shape: Sequence[int | None]) -> str:
    """Return a shape as people write it, 26×26×32; an open side is a question mark."""
    return "×".join("?" if side is None else str(side) for side in shape)


def megabytes(count: int) -> str:
    """Return so many bytes as megabytes, in words."""
    return f"{count / 1e6:.1f} MB"


def percent(share: float) -> str:
    """Return a share in percent with one digit; what would round to 0 or 100 without being it says so."""
    if 0 < share < 0.0005:
        return "<0.1%"
    if 0.9995 <= share < 1:
        return ">99.9%"
    return f"{share:.1%}"


def counted(count: int, word: str) -> str:
    """Return a number of things in words: "1 kernel", "32 kernels"."""
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
