"""How much memory a model from a file may take, and sizes in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """What is opened: the bytes of a model's weights, and of the largest output for one picture.

    The same number holds for what an archive unpacks to.
    """

    bytes: int = 2_000_000_000


def in_words(count: float) -> str:
    """Return a number of bytes in the unit that reads best, such as "4.9 GB"."""
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if count < 1000 or unit == "TB":
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
