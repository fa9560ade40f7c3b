"""Settings that are checked when they are made: whole numbers, numbers, and choices."""

from __future__ import annotations

from numbers import Real
from typing import Any

from cnn.errors import RunError


def require_whole(settings: Any, **ranges: tuple[int, int]) -> None:
    """Raise `RunError` unless each named field is a whole number from low to high."""
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            raise RunError(f"{name} is {value!r}: give a whole number from {low} to {high}.")


def require_number(settings: Any, *, above: bool = False, **ranges: tuple[float, float]) -> None:
    """Raise `RunError` unless each named field is a number from low (or `above` it) to high."""
    for name, (low, high) in ranges.items():
        value = getattr(settings, name)
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if not is_number or not low <= value <= high or (above and value == low):
            words = f"above {low:g}, up to" if above else f"from {low:g} to"
            raise RunError(f"{name} is {value!r}: give a number {words} {high:g}.")


def require_choice(settings: Any, **choices: tuple[str, ...]) -> None:
    """Raise `RunError` unless each named field is one of its choices."""
    for name, allowed in choices.items():
        value = getattr(settings, name)
        if value not in allowed:
            raise RunError(f"{name} is {value!r}: give one of {', '.join(allowed)}.")
