"""What a caption is, and how it says what the colours of a figure mean."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnn.colours import ColourRange, finite
from cnn.words import counted, number


@dataclass(frozen=True)
class Caption:
    """`seen` says what the picture is, `notice` what stands out in it; either may be empty."""

    seen: str
    notice: str = ""


NO_CAPTION = Caption("")
_PART = 1 << 20


def reduced(caption: Caption, down: int, across: int) -> Caption:
    """Return the caption of what is too large for a screen and is shown in blocks of cells."""
    return _in_blocks(caption, f"the number farthest from zero among {down}×{across} cells")


def in_middles(caption: Caption, block: int) -> Caption:
    """Return the caption of what is too large for a screen and is shown by a cell of each block."""
    return _in_blocks(caption, f"the cell in the middle of {block}×{block}")


def in_steps(caption: Caption, block: int) -> Caption:
    """Return the caption of an outline with a step for each block of numbers."""
    how = f"Each step is the number farthest from zero among {block}."
    return replace(caption, seen=f"{caption.seen} {how}".strip())


def _in_blocks(caption: Caption, dot: str) -> Caption:
    how = f"Each dot is {dot}; enlarge a part to see them all."
    return replace(caption, seen=f"{caption.seen} {how}".strip())


def legend(colours: ColourRange, values: NDArray[Any]) -> str:
    """Return how the colours of `values` are read: the words for the range that paints them."""
    known = finite(values)
    if known.size and known.min() == known.max():
        return (
            f"one colour, for {'it is' if values.size == 1 else 'all are'} {number(known.flat[0])}"
        )
    if colours.signed:
        return "red is positive, blue negative, white zero"
    return "dark is zero, bright is large"


def largest(noun: str, values: NDArray[Any]) -> tuple[str, tuple[int, ...]]:
    """Return what the value farthest from zero is called, and its place.

    It is "The largest weight", or, where a sign hides its size, "The weight largest in size".
    """
    place = np.unravel_index(_farthest(values.reshape(-1)), values.shape)
    name = f"The {noun} largest in size" if values.min() < 0 else f"The largest {noun}"
    return name, tuple(int(i) for i in place)


def _farthest(values: NDArray[Any]) -> int:
    """Return the first place of the largest magnitude in a row; of NaN where there is one.

    It is looked for in parts: the magnitudes of a large layer would take as much memory as its weights.
    """
    starts = range(0, values.size, _PART)
    places = [start + int(np.abs(values[start : start + _PART]).argmax()) for start in starts]
    return places[int(np.abs(values[places]).argmax())]


def not_finite(noun: str, values: NDArray[Any]) -> str:
    """Return how many of the values are none or infinite, in a sentence; nothing where none is."""
    count = values.size - finite(values).size
    if not count:
        return ""
    is_none, is_infinite = np.isnan(values), np.isinf(values)
    kinds = [name for name, mask in (("NaN", is_none), ("infinite", is_infinite)) if mask.any()]
    verb = "is" if count == 1 else "are"
    which = f"{count:,} of {counted(values.size, noun)}"
    return f"{which} {verb} not finite ({' or '.join(kinds)}) and left blank."
