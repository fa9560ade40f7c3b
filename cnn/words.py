"""Numbers, shares, shapes and counts as people write them: one rule each, wherever they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite, isnan
from typing import SupportsFloat
from unicodedata import category

_PLAIN_BELOW = 1e6
_SUPERSCRIPTS = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_NEARLY = 1e-4
# Signs that steer, and bytes that are no text.
_NO_TEXT = ("Cc", "Cs")


def sides(shape: Sequence[int | None]) -> str:
    """Return a shape as people write it, 26×26×32; an open side is a question mark."""
    return "×".join("?" if side is None else str(side) for side in shape)


def megabytes(count: int) -> str:
    """Return so many bytes as megabytes, in words."""
    return f"{count / 1e6:.1f} MB"


def percent(share: float, digits: int = 1) -> str:
    """Return a share in percent; what would round to 0 or 100 without being it says so.

    What is not finite is no share, and is written as `number` does.
    """
    if not isfinite(share):
        return number(share)
    text, step = f"{share:.{digits}%}", 10.0**-digits
    if share > 0 and text == f"{0:.{digits}%}":
        return f"<{step:.{digits}f}%"
    if share < 1 and text == f"{1:.{digits}%}":
        return f">{100 - step:.{digits}f}%"
    return text


def number(value: SupportsFloat, digits: int = 3) -> str:
    """Return a number with so many digits that count, with a minus sign and not a hyphen.

    Whole places are kept up to a million; beyond it, and where it is tiny, it is a power of ten. What
    is none is NaN, and what is beyond all of them ∞.
    """
    known = float(value) + 0.0
    if not isfinite(known):
        return "NaN" if isnan(known) else "∞" if known > 0 else "−∞"
    text = f"{known:.{digits}g}"
    mantissa, _, power = text.partition("e")
    if power and 1 <= abs(known) < _PLAIN_BELOW:
        text = f"{known:,.0f}"
    elif power:
        text = f"{mantissa}×10{str(int(power)).translate(_SUPERSCRIPTS)}"
    return text.replace("-", "−")


def finite(value: SupportsFloat, digits: int = 3) -> str:
    """Return a number as `number` does, and of NaN or infinity that it is not finite."""
    return number(value, digits) if isfinite(value) else "not finite"


def counted(count: int, word: str) -> str:
    """Return a number of things in words: "1 kernel", "32 kernels"."""
    return f"{count:,} {word}" if count == 1 else f"{count:,} {word}s"


def printable(name: str) -> str:
    """Return the name of a file as text in one line: its bytes may be none, or end the line."""
    return "".join("\ufffd" if category(one) in _NO_TEXT else one for one in name)


def listed(things: Sequence[str], joint: str = "and") -> str:
    """Return things as a list in words: "row, column and channel"."""
    *before, last = things or [""]
    return f"{', '.join(before)} {joint} {last}" if before else last


def scaled(scale: float, offset: float = 0) -> str:
    """Return what is done to a number that is multiplied and shifted: "divided by 255"."""
    divisor = 1 / scale if scale else 0.0
    is_division = divisor > 1 and abs(divisor - round(divisor, 1)) < _NEARLY * divisor
    scaling = (
        f"divided by {round(divisor, 1):g}" if is_division else f"multiplied by {number(scale)}"
    )
    if not offset:
        return scaling
    return f"{scaling}, and {number(abs(offset))} is {'taken away' if offset < 0 else 'added'}"
