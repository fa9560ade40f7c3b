"""Sentences on the pictures that excite a channel, or a class, most and least."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from cnn.captions.diagnosis import selection
from cnn.inspection.top_pictures import CLASSES, Cell, Extremes, Picked, TopPictures
from cnn.words import counted, listed, number

_FEW = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")


def of_channel(answer: TopPictures, channel: int, named: str) -> str:
    """Return what a channel, which is `named` so, gives over the pictures, and over which these are."""
    found, over = answer.channels[channel], selection(answer.selection)
    missing = (
        f" For {counted(found.not_finite, 'picture')} it gives no finite number."
        if found.not_finite
        else ""
    )
    if not found.top:
        return f"{named} gives no finite number for any picture. {over}"
    if found.is_dead:
        return f"{named} is dead over these pictures: it is zero in every cell for each of them. {over}"
    highest, lowest = found.top[0].value, found.bottom[0].value
    if highest == lowest:
        return f"{named} is {number(highest, 4)} for every picture: none excites it more.{missing} {over}"
    strongest = _strongest(answer)
    middle = found.middle[len(found.middle) // 2].value
    return (
        f"{named} goes from {number(lowest, 4)} to {number(highest, 4)}{strongest}, and is "
        f"{number(middle, 4)} for the picture in the middle.{missing} {over}"
    )


def _strongest(answer: TopPictures) -> str:
    if answer.cell is not None:
        return f" at {_where(answer.cell)}"
    has_cells = any(found.top and found.top[0].cell for found in answer.channels)
    return " at its strongest cell in each picture" if has_cells else ""


def classes_of(names: Sequence[str | None]) -> str:
    """Return how many pictures are of which class, the most frequent first; empty without classes."""
    counts = Counter(name for name in names if name is not None)
    if not counts:
        return ""
    if len(counts) == 1:
        (name,) = counts
        total = len(names)
        return (
            f"{'All ' + _written(total) if total > 1 else 'It'} {_are(total)} of the class {name}."
        )
    said = [f"{name} ({_written(count)})" for name, count in counts.most_common()]
    return f"By class: {listed(said)}."


def _written(count: int) -> str:
    return _FEW[count] if count < len(_FEW) else f"{count:,}"


def _are(count: int) -> str:
    return "is" if count == 1 else "are"


def lowest(found: Extremes) -> str:
    """Return how many pictures share the lowest value, where they are more than are shown."""
    if found.at_lowest <= len(found.bottom):
        return ""
    value = number(found.bottom[0].value, 4)
    return (
        f"{counted(found.at_lowest, 'picture')} share the lowest value, {value}: those stored first "
        "are shown."
    )


def picture(one: Picked, class_name: str | None) -> str:
    """Return what a picture is called: its place, its class, the value, and where it stands."""
    known = f", {class_name}" if class_name is not None else ""
    where = f" at {_where(one.cell)}" if one.cell else ""
    return f"Picture {one.picture:,}{known}: {number(one.value, 4)}{where}"


def _where(cell: Cell) -> str:
    names = {1: ("row",), 2: ("row", "column"), 3: ("slice", "row", "column")}.get(len(cell), ())
    return ", ".join(f"{name} {at}" for name, at in zip(names, cell, strict=False))


def channel_name(layer: str, channel: int, class_names: Sequence[str]) -> str:
    """Return what a channel of a layer is called, or the logit of a class."""
    if layer == CLASSES:
        return f"The logit of the class {class_names[channel]}"
    return f"Channel {channel} of {layer}"
