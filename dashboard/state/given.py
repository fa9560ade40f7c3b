"""What further inputs of a network are given, as text that fits into an address, by their places.

Numbers are "1:42;2:0.1,0.2", pictures are places of samples in the data set, "3:17".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TypeVar

MOST_NUMBERS = 256
_Value = TypeVar("_Value")
_NUMBER = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,9})?(e-?[0-9]{1,2})?")


def decode_numbers(text: str) -> dict[int, tuple[float, ...]]:
    """Return numbers by the place of the input; `ValueError` for what is none, or too many."""
    return _decoded(text, _numbers)


def decode_places(text: str) -> dict[int, int]:
    """Return which sample each input gets, by the place of the input; `ValueError` for what is none."""
    return _decoded(text, _whole)


def _decoded(text: str, read: Callable[[str], _Value]) -> dict[int, _Value]:
    found: dict[int, _Value] = {}
    for entry in text.split(";"):
        place, colon, value = entry.partition(":")
        if not colon or _whole(place) in found or len(place) > 2:
            raise ValueError(f"{entry!r} is nothing that an input is given")
        found[_whole(place)] = read(value)
    return found


def _numbers(text: str) -> tuple[float, ...]:
    numbers = text.split(",")
    if len(numbers) > MOST_NUMBERS or not all(map(_NUMBER.fullmatch, numbers)):
        raise ValueError(f"{text!r} are no numbers")
    return tuple(map(float, numbers))


def _whole(text: str) -> int:
    if not re.fullmatch("[0-9]{1,9}", text):
        raise ValueError(f"{text!r} is no whole number")
    return int(text)
