"""Settings that are checked when they are made: numbers, choices, switches and texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from reprlib import repr as short
from typing import Any

from cnn.errors import RunError


@dataclass(frozen=True)
class Limits:
    """The numbers that a setting may be: from `low`, or with `above` more than it, to `high`."""

    low: float
    high: float
    is_whole: bool = True
    above: bool = False

    @property
    def words(self) -> str:
        """What is accepted, for a sentence: "a whole number from 1 to 6"."""
        low, high = _plain(self.low), _plain(self.high)
        kind = "a whole number" if self.is_whole else "a number"
        return f"{kind} above {low}, up to {high}" if self.above else f"{kind} from {low} to {high}"

    def accept(self, value: object) -> bool:
        """Whether the value is a number, and one of these."""
        if type(value) is not int and (self.is_whole or type(value) is not float):
            return False
        return bool(self.low <= value <= self.high) and not (self.above and value == self.low)

    def times(self, factor: float) -> Limits:
        """Return the same limits in a unit that is `factor` times smaller, such as percent."""
        return Limits(factor * self.low, factor * self.high, self.is_whole, self.above)


def _plain(number: float) -> str:
    return f"{number:.0f}" if number == int(number) else f"{number:g}"


def require_numbers(settings: Any, limits: Mapping[str, Limits]) -> None:
    """Raise `RunError` unless each named field is a number within its limits."""
    for name, allowed in limits.items():
        value = getattr(settings, name)
        if not allowed.accept(value):
            raise RunError(f"{name} is {short(value)}: give {allowed.words}.")


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
