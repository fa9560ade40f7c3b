"""Settings that are checked when they are made: numbers, choices, switches and texts."""

from __future__ import annotations

from reprlib import repr as short
from typing import Any

from cnn.errors import RunError


def require_whole(settings: Any, **ranges: tuple[int, int]) -> None:
    """Raise `RunError` unless each named field is a whole number from low to high."""
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if type(value) is not int or not low <= value <= high:
            raise RunError(f"{name} is {short(value)}: give a whole number from {low} to {high}.")


def require_number(settings: Any, *, above: bool = False, **ranges: tuple[float, float]) -> None:
    """Raise `RunError` unless each named field is a number from low (or `above` it) to high."""
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if type(value) not in (int, float) or not low <= value <= high or (above and value == low):
            words = f"above {low:g}, up to" if above else f"from {low:g} to"
            raise RunError(f"{name} is {short(value)}: give a number {words} {high:g}.")


def require_choice(settings: Any, **choices: tuple[str, ...]) -> None:
    """Raise `RunError` unless each named field is one of its choices."""
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if type(value) is not str or value not in allowed:
            raise RunError(f"{name} is {short(value)}: give one of {', '.join(allowed)}.")


def require_switch(settings: Any, *names: str) -> None:
    """Raise `RunError` unless each named field is True or False."""
    for name in names:
        value = getattr(settings, name)
        if type(value) is not bool:
            raise RunError(f"{name} is {short(value)}: give True or False.")


def require_text(settings: Any, **most: int) -> None:
    """Raise `RunError` unless each named field is a text in one line of at most so many characters."""
    for name, longest in most.items():
        value = getattr(settings, name)
        if type(value) is not str or len(value) > longest or not value.isprintable():
            raise RunError(
                f"{name} is {short(value)}: give a text in one line, of at most {longest:,} "
                "characters."
            )
